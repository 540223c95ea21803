package preview

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The authority's files in its folder.
const (
	CertificateFile = "ca.pem"
	keyFile         = "ca-key.pem"
)

const (
	authorityYears = 10
	leafDays       = 397 // the longest that programs take
)

// Certificate returns a certificate for the loopback addresses, made now and kept nowhere, of the
// authority in dir. The authority is made when there is none or it is about to end; it can vouch for
// loopback only, whatever its key would sign. write puts a file into dir, whole or not at all.
func Certificate(dir string, now time.Time, write func(name string, data []byte, perm os.FileMode) error) (tls.Certificate, error) {
	ca, key, err := readAuthority(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && now.AddDate(0, 0, leafDays).After(ca.NotAfter) {
		ca, key, err = makeAuthority(dir, now, write)
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "cfemu"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, leafDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.IPv6loopback},
	}, ca, leafKey.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: leafKey}, nil
}

func readAuthority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	cert, err := readPEM(dir, CertificateFile)
	if err != nil {
		return nil, nil, err
	}
	key, err := readPEM(dir, keyFile)
	if err != nil {
		return nil, nil, err
	}
	broken := func(err error) error {
		return fmt.Errorf("%s: %w. Delete the folder, and a new one is made", dir, err)
	}
	ca, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, nil, broken(err)
	}
	private, err := x509.ParseECPrivateKey(key)
	if err != nil {
		return nil, nil, broken(err)
	}
	if !private.PublicKey.Equal(ca.PublicKey) {
		return nil, nil, broken(errors.New("the key is not the certificate's"))
	}
	return ca, private, nil
}

func readPEM(dir, name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block. Delete the folder, and a new one is made", filepath.Join(dir, name))
	}
	return block.Bytes, nil
}

func makeAuthority(dir string, now time.Time, write func(string, []byte, os.FileMode) error) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	loopback := []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
	self := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "cfemu, for this machine's loopback"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(authorityYears, 0, 0),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"}, PermittedIPRanges: loopback,
	}
	der, err := x509.CreateCertificate(rand.Reader, self, self, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	// The key first: a certificate without one is made anew.
	if err := write(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return nil, nil, err
	}
	if err := write(filepath.Join(dir, CertificateFile), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:])
	return new(big.Int).Rsh(new(big.Int).SetBytes(b[:]), 1)
}
