package assets

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

// site lays out a folder as an archive has it.
func site(t *testing.T, archive string) string {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range a.Files {
		write(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Read(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is a request as it comes through the door.
func request(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.URL.Scheme, r.URL.Host, r.Host, r.RequestURI = "http", "localhost", "localhost", ""
	return r
}

func ask(t testing.TB, s *Server, r *http.Request) *http.Response {
	t.Helper()
	res, err := s.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return res
}

// TestProduction asks what Cloudflare's own asset worker was asked: testdata/production holds what it
// answered. What it was asked with a Worker behind it is asked in package emulator.
func TestProduction(t *testing.T) {
	files, err := filepath.Glob("testdata/production/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		about, exchanges := testkit.Exchanges(t, file)
		var config struct {
			Worker bool
			Date   string `json:"compatibility_date"`
			Assets struct {
				HTMLHandling     string `json:"html_handling"`
				NotFoundHandling string `json:"not_found_handling"`
				BasePath         string `json:"base_path"`
			}
		}
		if err := json.Unmarshal([]byte(about), &config); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if config.Worker {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			base := config.Assets.BasePath
			if base != "" && !strings.HasSuffix(base, "/") {
				base += "/" // package wrangler does that
			}
			s := read(t, Options{
				Dir: site(t, "testdata/production/site.txtar"), HTMLHandling: config.Assets.HTMLHandling,
				NotFoundHandling: config.Assets.NotFoundHandling, BasePath: base, Compat: worker.Compat{Date: config.Date},
			})
			for _, x := range exchanges {
				r := request(x.Method, x.Target)
				if x.Header != "" {
					if strings.Contains(x.Value, "ETAG") {
						etag := ask(t, s, request(http.MethodGet, x.Target)).Header.Get("Etag")
						x.Value = strings.ReplaceAll(x.Value, "ETAG", etag)
					}
					r.Header.Set(x.Header, x.Value)
				}
				if got := testkit.Describe(t, ask(t, s, r)); got != x.Response {
					t.Errorf("%s %s %s %s\ngot:\n%s\nwant:\n%s", x.Method, x.Target, x.Header, x.Value, got, x.Response)
				}
			}
		})
	}
}
