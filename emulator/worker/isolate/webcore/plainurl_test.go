package webcore

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

func TestAPlainURLHasThePartsThatTheParserFinds(t *testing.T) {
	texts := []string{
		"http://localhost:8787/", "https://a.test/", "https://api.example.com/v1/x.json?a=b&c=%20d/?", "http://127.0.0.1:8787/health",
		"https://a.test:80/", "http://a.test/~u/(x)'*!$&,;=:@+", "https://a.test/x?y", "https://a-b.c-d.test/a//b",
	}
	for _, text := range texts {
		if _, ok := plain(text); !ok {
			t.Errorf("%s is not plain", text)
		}
	}
	pieces := []string{"http://", "https://", "ftp://", "HTTP://", "localhost", "a.test", "A.test", "127.0.0.1", "127.1", "1.2.3.256", "01.2.3.4",
		"0x7f.1", "a.0x1", "a.1", "xn--a", "ü.test", "-a", "a_b", "a..b", ".", "..", "/", "//", "/.", "/..", "/./x", "/%2e/", "%2E", "/x", "/X.y", "?", "?a=b",
		"'", "\"", "#", "#h", ":", ":80", ":443", ":8787", ":0", ":080", ":65536", ":+1", "@", "u:p@", "\\", " ", "\t", "\n", "é", "%", "{", "|", "^", "`",
		"~", "!", "$", "&", "(", ")", "*", "+", ",", ";", "=", "-", "_", "[::1]", "\x00", "<", ">", "\xff"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		var b strings.Builder
		b.WriteString(pieces[random.IntN(3)])
		b.WriteString(pieces[4+random.IntN(16)])
		if random.IntN(3) == 0 {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		if random.IntN(5) > 0 {
			b.WriteByte('/')
		}
		for range random.IntN(4) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		texts = append(texts, b.String())
	}
	found := 0
	for _, text := range texts {
		p, ok := plain(text)
		if !ok {
			continue
		}
		found++
		u, err := weburl.Parse(text)
		if err != nil {
			t.Fatalf("%q is no URL: %v", text, err)
		}
		got := [...]string{p.text, p.origin(), p.protocol(), p.authority(), p.hostname(), p.portText(), p.pathname(), p.search()}
		want := [...]string{u.Href(false), origin(u), u.Protocol(), u.Host(), u.Hostname(), u.Port(), u.Pathname(), u.Search()}
		if got != want || u.Username()+u.Password()+u.Hash() != "" {
			t.Fatalf("%q\n got %q\nwant %q", text, got, want)
		}
	}
	if found < 1000 {
		t.Errorf("only %d plain URLs among %d", found, len(texts))
	}
}
