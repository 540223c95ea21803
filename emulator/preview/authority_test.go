package preview

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

func issue(t *testing.T, dir string, now time.Time) *x509.Certificate {
	t.Helper()
	pair, err := Certificate(dir, now, os.WriteFile)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// trusting is what a program believes that trusts the authority in dir.
func trusting(t *testing.T, dir string, now time.Time, name string) x509.VerifyOptions {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(b) {
		t.Fatal("no certificate in the authority's file")
	}
	return x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: name}
}

func TestTheCertificateIsForLoopback(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "tls"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	leaf := issue(t, dir, now)
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		if _, err := leaf.Verify(trusting(t, dir, now, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v %v", info.Mode(), err)
	}
	later := now.AddDate(1, 0, 0)
	if _, err := issue(t, dir, later).Verify(trusting(t, dir, later, "127.0.0.1")); err != nil {
		t.Errorf("a year later: %v", err)
	}
}

// Who steals the authority's key cannot use it against other sites.
func TestTheAuthorityCannotVouchForOthers(t *testing.T) {
	dir, now := filepath.Join(t.TempDir(), "tls"), clock.System.Now()
	issue(t, dir, now)
	ca, key, err := readAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]*x509.Certificate{
		"bank.example": {DNSNames: []string{"bank.example"}},
		"10.0.0.1":     {IPAddresses: []net.IP{net.IPv4(10, 0, 0, 1)}},
	} {
		forged.SerialNumber, forged.NotBefore, forged.NotAfter = serial(), now.Add(-time.Hour), now.Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, forged, ca, mine.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(trusting(t, dir, now, name)); err == nil {
			t.Errorf("a certificate for %s is believed", name)
		}
	}
}

func TestTheAuthorityLasts(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tt := range map[string]struct {
		change func(dir string) error
		later  time.Duration
		same   bool
		err    string
	}{
		"it is used again":               {same: true},
		"it is made anew before it ends": {later: 9 * 365 * 24 * time.Hour},
		"it is made anew when its key is missing": {change: func(dir string) error {
			return os.Remove(filepath.Join(dir, keyFile))
		}},
		"a broken file is named": {err: "holds no PEM block. Delete the folder", change: func(dir string) error {
			return os.WriteFile(filepath.Join(dir, keyFile), []byte("half"), 0o600)
		}},
		"another's key is refused": {err: "the key is not the certificate's. Delete the folder", change: func(dir string) error {
			other := dir + "-other"
			if _, err := Certificate(other, now, os.WriteFile); err != nil {
				return err
			}
			return os.Rename(filepath.Join(other, keyFile), filepath.Join(dir, keyFile))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tls")
			issue(t, dir, now)
			before := trusting(t, dir, now, "")
			if tt.change != nil {
				if err := tt.change(dir); err != nil {
					t.Fatal(err)
				}
			}
			pair, err := Certificate(dir, now.Add(tt.later), os.WriteFile)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(pair.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			before.CurrentTime = now.Add(tt.later)
			if _, err := leaf.Verify(before); (err == nil) != tt.same {
				t.Errorf("the authority that was there believes it: %v", err)
			}
		})
	}
}
