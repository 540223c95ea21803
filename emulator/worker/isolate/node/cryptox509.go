package node

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"net"
	"strings"
	"time"

	"github.com/dop251/goja"
)

var errNoCertificate = opensslFault("ERR_OSSL_PEM_NO_START_LINE", "0480006C", "PEM routines", "no start line")

func parseCertificate(data []byte) (*x509.Certificate, error) {
	if block := findPEM(data, "CERTIFICATE"); block != nil {
		data = block.Bytes
	}
	c, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, errNoCertificate
	}
	return c, nil
}

// distinguished writes a name as Node.js does: a line for each attribute, in the order of the certificate.
func distinguished(name pkix.Name) string {
	short := map[string]string{"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
		"2.5.4.5": "serialNumber", "2.5.4.9": "street", "1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.25": "DC"}
	var lines []string
	for _, a := range name.Names {
		label, ok := short[a.Type.String()]
		if !ok {
			label = a.Type.String()
		}
		value, _ := a.Value.(string)
		lines = append(lines, label+"="+value)
	}
	return strings.Join(lines, "\n")
}

// alternativeNames writes the names in the order of the certificate, which Go's lists have lost.
// Receipt: https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6
func alternativeNames(c *x509.Certificate) string {
	var names []string
	for _, extension := range c.Extensions {
		var list []asn1.RawValue
		if !extension.Id.Equal(oid(2, 5, 29, 17)) {
			continue
		}
		if _, err := asn1.Unmarshal(extension.Value, &list); err != nil {
			return ""
		}
		for _, n := range list {
			switch n.Tag {
			case 1:
				names = append(names, "email:"+string(n.Bytes))
			case 2:
				names = append(names, "DNS:"+string(n.Bytes))
			case 6:
				names = append(names, "URI:"+string(n.Bytes))
			case 7:
				names = append(names, "IP Address:"+net.IP(n.Bytes).String())
			}
		}
	}
	return strings.Join(names, ", ")
}

// hostPattern is the name in the certificate that is host's.
func hostPattern(c *x509.Certificate, host string) string {
	for _, pattern := range c.DNSNames {
		if (&x509.Certificate{DNSNames: []string{pattern}}).VerifyHostname(host) == nil {
			return pattern
		}
	}
	return ""
}

func fingerprint(sum []byte) string {
	s := strings.ToUpper(hex.EncodeToString(sum))
	parts := make([]string, 0, len(sum))
	for ; len(s) > 0; s = s[2:] {
		parts = append(parts, s[:2])
	}
	return strings.Join(parts, ":")
}

// certificateTime is how OpenSSL writes a time.
func certificateTime(t time.Time) string { return t.UTC().Format("Jan _2 15:04:05 2006") + " GMT" }

func (r *Registry) x509Natives(n *natives) {
	handle := func(v goja.Value) *x509.Certificate { return v.Export().(*x509.Certificate) }
	n.function("certificate", func(call goja.FunctionCall) goja.Value {
		c, err := parseCertificate(r.bytes(call.Argument(0)))
		r.throw(err)
		return r.rt.ToValue(c)
	})
	n.function("certificateInfo", func(call goja.FunctionCall) goja.Value { return r.certificateInfo(handle(call.Argument(0))) })
	n.function("certificateKey", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(&keyHandle{"public", handle(call.Argument(0)).PublicKey})
	})
	n.function("certificateSignedBy", func(call goja.FunctionCall) goja.Value {
		c := handle(call.Argument(0))
		issuer := &x509.Certificate{PublicKey: handleOf(call.Argument(1)).material}
		return r.rt.ToValue(issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil)
	})
	n.function("certificateIssuedBy", func(call goja.FunctionCall) goja.Value {
		c, issuer := handle(call.Argument(0)), handle(call.Argument(1))
		return r.rt.ToValue(string(c.RawIssuer) == string(issuer.RawSubject))
	})
	n.function("certificateMatches", func(call goja.FunctionCall) goja.Value {
		c, kind, name := handle(call.Argument(0)), call.Argument(1).String(), call.Argument(2).String()
		switch kind {
		case "ip":
			for _, ip := range c.IPAddresses {
				if ip.Equal(net.ParseIP(name)) {
					return r.rt.ToValue(true)
				}
			}
			return r.rt.ToValue(false)
		case "email":
			for _, e := range c.EmailAddresses {
				if strings.EqualFold(e, name) {
					return r.rt.ToValue(true)
				}
			}
			return r.rt.ToValue(false)
		}
		return r.rt.ToValue(hostPattern(c, name))
	})
}

func (r *Registry) certificateInfo(c *x509.Certificate) goja.Value {
	one, two, three := sha1.Sum(c.Raw), sha256.Sum256(c.Raw), sha512.Sum512(c.Raw)
	o := r.rt.NewObject()
	for name, value := range map[string]any{
		"subject": distinguished(c.Subject), "issuer": distinguished(c.Issuer), "subjectAltName": alternativeNames(c),
		"validFrom": certificateTime(c.NotBefore), "validTo": certificateTime(c.NotAfter),
		"fingerprint": fingerprint(one[:]), "fingerprint256": fingerprint(two[:]), "fingerprint512": fingerprint(three[:]),
		"serialNumber": strings.ToUpper(hex.EncodeToString(c.SerialNumber.Bytes())), "ca": c.IsCA,
		"pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
	} {
		must(o.Set(name, value))
	}
	must(o.Set("raw", r.buffer(append([]byte{}, c.Raw...))))
	var usages []any
	for _, u := range c.ExtKeyUsage {
		if id, ok := map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: "1.3.6.1.5.5.7.3.1", x509.ExtKeyUsageClientAuth: "1.3.6.1.5.5.7.3.2",
			x509.ExtKeyUsageCodeSigning: "1.3.6.1.5.5.7.3.3", x509.ExtKeyUsageEmailProtection: "1.3.6.1.5.5.7.3.4",
			x509.ExtKeyUsageTimeStamping: "1.3.6.1.5.5.7.3.8", x509.ExtKeyUsageOCSPSigning: "1.3.6.1.5.5.7.3.9"}[u]; ok {
			usages = append(usages, id)
		}
	}
	if usages != nil {
		must(o.Set("keyUsage", r.rt.NewArray(usages...)))
	}
	return o
}
