package webcrypto

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"hash/crc32"
	"math/big"
	"testing"
)

// A key of Go's signs in JavaScript what Go verifies, and the other way round.
func TestRSAWithGo(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("message"))
	verify := map[string]func(signature []byte) error{
		`{name: "RSASSA-PKCS1-v1_5", hash: "SHA-256"}`: func(s []byte) error { return rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, sum[:], s) },
		`{name: "RSA-PSS", hash: "SHA-256", saltLength: 20}`: func(s []byte) error {
			return rsa.VerifyPSS(&k.PublicKey, crypto.SHA256, sum[:], s, &rsa.PSSOptions{SaltLength: 20})
		},
		// Go cannot be told to want no salt, but it does tell what is no signature at all.
		`{name: "RSA-PSS", hash: "SHA-256", saltLength: 0}`: func(s []byte) error {
			return rsa.VerifyPSS(&k.PublicKey, crypto.SHA256, sum[:], s, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto})
		},
	}
	for alg, check := range verify {
		t.Run(alg, func(t *testing.T) {
			h := newHost(t)
			s := h.Run(t, helpers+`const a = `+alg+`; const k = await S.importKey("pkcs8", unhex("`+hex.EncodeToString(pkcs8)+`"), a, false, ["sign"]); return hex(await S.sign(a, k, text("message")))`).(string)
			signature, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(signature); err != nil {
				t.Error(err)
			}
			got := result(t, h, `const a = `+alg+`; const p = await S.importKey("spki", unhex("`+hex.EncodeToString(spki)+`"), a, false, ["verify"]); return [await S.verify(a, p, unhex("`+s+`"), text("message")), await S.verify(a, p, unhex("`+s+`"), text("massage")), await S.verify(a, p, new Uint8Array(256).fill(255), text("message"))]`)
			if got != "[true,false,false]" {
				t.Errorf("JavaScript verifies %s", got)
			}
		})
	}
}

func TestOAEPWithGo(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &k.PublicKey, []byte("secret"), []byte("label"))
	if err != nil {
		t.Fatal(err)
	}
	got := result(t, newHost(t), `const k = await S.importKey("pkcs8", unhex("`+hex.EncodeToString(pkcs8)+`"), {name: "RSA-OAEP", hash: "SHA-256"}, false, ["decrypt"]);
		return new TextDecoder().decode(await S.decrypt({name: "RSA-OAEP", label: text("label")}, k, unhex("`+hex.EncodeToString(c)+`")))`)
	if got != "secret" {
		t.Errorf("got %s", got)
	}
}

func TestECDSAWithGo(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		t.Run(curve.Params().Name, func(t *testing.T) {
			k, err := ecdsa.GenerateKey(curve, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
			if err != nil {
				t.Fatal(err)
			}
			s := newHost(t).Run(t, helpers+`const a = {name: "ECDSA", namedCurve: "`+curve.Params().Name+`", hash: "SHA-256"}; const k = await S.importKey("pkcs8", unhex("`+hex.EncodeToString(pkcs8)+`"), a, false, ["sign"]); return hex(await S.sign(a, k, text("message")))`).(string)
			b, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte("message"))
			n := len(b) / 2
			if !ecdsa.Verify(&k.PublicKey, sum[:], new(big.Int).SetBytes(b[:n]), new(big.Int).SetBytes(b[n:])) {
				t.Error("Go does not verify it")
			}
		})
	}
}

// The stream API belongs to another package; what DigestStream does of itself is shown on a
// WritableStream that only hands chunks on.
func TestDigestStream(t *testing.T) {
	const sink = `globalThis.WritableStream = class { constructor(s) { this.s = s } write(c) { return this.s.write(c) } close() { this.s.close() } abort(r) { this.s.abort(r) } };`
	crc := crc32.ChecksumIEEE([]byte("123456789"))
	run(t, map[string]script{
		"digests chunks and text": {sink + `const d = new DigestStream("SHA-1"); d.write(text("a")); d.write("b"); d.write(text("c").buffer); d.close(); return [hex(await d.digest), String(d.bytesWritten), d instanceof WritableStream, crypto.DigestStream === DigestStream]`,
			`["a9993e364706816aba3e25717850c26c9cd0d89d","3",true,true]`},
		"checksums":           {sink + `const of = async (n) => { const d = new DigestStream(n); d.write("123456789"); d.close(); return hex(await d.digest) }; return [await of("crc32"), await of("crc32c"), await of("crc64nvme")]`, `["` + hex.EncodeToString(big.NewInt(int64(crc)).Bytes()) + `","e3069283","ae8b14860a799888"]`},
		"abort rejects":       {sink + `const d = new DigestStream("MD5"); d.abort(new Error("no")); return await d.digest.catch(e => e.message)`, "no"},
		"refuses other types": {sink + `const d = new DigestStream("MD5"); try { d.write(5) } catch (e) {} return await d.digest.catch(e => e.name)`, "TypeError"},
		"unknown digests":     {sink + `new DigestStream("SHA-9")`, "NotSupportedError: Unrecognized or unimplemented digest algorithm requested."},
	})
}
