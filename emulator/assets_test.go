package emulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/testkit"
)

// TestAssetsInProduction asks a whole house what wrangler's was asked: the door, the front, the
// Worker and env.ASSETS take part.
func TestAssetsInProduction(t *testing.T) {
	site, err := txtar.ParseFile("assets/testdata/production/site.txtar")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("assets/testdata/production/worker.js")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("assets/testdata/production/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			about, exchanges := testkit.Exchanges(t, file)
			var recorded struct {
				Worker bool
				Date   string `json:"compatibility_date"`
				Assets map[string]any
			}
			if err := json.Unmarshal([]byte(about), &recorded); err != nil {
				t.Fatal(err)
			}
			config := map[string]any{"name": "w", "compatibility_date": "2026-01-01", "assets": recorded.Assets}
			if recorded.Date != "" {
				config["compatibility_date"] = recorded.Date
			}
			if recorded.Assets == nil {
				recorded.Assets = map[string]any{}
			}
			recorded.Assets["directory"] = "site"
			if recorded.Worker {
				config["main"], recorded.Assets["binding"] = "worker.js", "ASSETS"
			}
			config["assets"] = recorded.Assets
			text, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			project := map[string]string{"wrangler.json": string(text), "worker.js": string(code)}
			for _, f := range site.Files {
				project["site/"+f.Name] = string(f.Data)
			}
			h := emulatortest.Start(t, project, emulator.Options{Strict: true})
			for _, x := range exchanges {
				header := []string{"Host", "localhost"}
				if strings.Contains(x.Value, "ETAG") {
					x.Value = strings.ReplaceAll(x.Value, "ETAG", h.Get(h.URL+x.Target).Header.Get("Etag"))
				}
				if x.Header != "" {
					header = append(header, x.Header, x.Value)
				}
				a := h.Ask(x.Method, h.URL+x.Target, "", header...)
				a.Body = http.NoBody
				if a.Text != "" {
					a.Body = readCloser(a.Text)
				}
				if a.StatusCode == http.StatusNotModified { // net/http sends no type with it
					x.Response = contentType.ReplaceAllString(x.Response, "")
				}
				if got := testkit.Describe(t, a.Response); got != x.Response {
					t.Errorf("%s %s %s %s\ngot:\n%s\nwant:\n%s", x.Method, x.Target, x.Header, x.Value, got, x.Response)
				}
			}
		})
	}
}

var contentType = regexp.MustCompile(`\ncontent-type: .*`)

const countingCode = `let calls = 0
export default {
  async fetch(request, env) {
    calls++
    const { pathname } = new URL(request.url)
    if (pathname === "/follow") return env.ASSETS.fetch(new URL("/page.html", request.url))
    if (pathname === "/exact") return env.ASSETS.fetch(new URL("/page.html", request.url), { redirect: "manual" })
    if (pathname === "/changed") {
      const res = await env.ASSETS.fetch("http://any.example/page")
      return new Response("<" + (await res.text()) + ">", res)
    }
    return Response.json({ calls })
  },
}`

func counting(more map[string]string) map[string]string {
	files := map[string]string{
		"wrangler.json":    `{"name": "w", "main": "index.js", "compatibility_date": "2026-01-20", "assets": {"directory": "public", "binding": "ASSETS"}}`,
		"index.js":         countingCode,
		"public/page.html": "page", "public/app.js": "app",
		"public/_headers": "/*\n  X-Rule: yes\n",
	}
	for name, text := range more {
		files[name] = text
	}
	return files
}

func TestAssetNeverEntersTheWorker(t *testing.T) {
	h := emulatortest.Start(t, counting(nil), emulator.Options{})
	for range 3 {
		if a := h.Get("/app.js"); a.Text != "app" || a.Header.Get("X-Rule") != "yes" {
			t.Fatalf("app.js: %s %q %v", a.Status, a.Text, a.Header)
		}
	}
	a := h.Get("/count")
	if want := `{"calls":1}`; a.Text != want {
		t.Errorf("the Worker answers %s, want %s", a.Text, want)
	}
	if a.Header.Get("X-Rule") != "" {
		t.Error("a rule of _headers changed the Worker's own response")
	}
	ev := h.Await("the request", 0, func(ev emulator.Event) bool { return ev.Path == "/app.js" })
	if fmt.Sprint(ev.Ops) != "[{assets fetch 1}]" {
		t.Errorf("the request's operations are %v", ev.Ops)
	}
	h.Await("the Worker's request", 0, func(ev emulator.Event) bool { return ev.Path == "/count" && len(ev.Ops) == 0 })
}

func TestAssetsBinding(t *testing.T) {
	h := emulatortest.Start(t, counting(nil), emulator.Options{})
	for name, tt := range map[string]struct {
		path   string
		status int
		text   string
	}{
		"follows redirects":                     {"/follow", 200, "page"},
		"gives the redirect when asked to":      {"/exact", 307, ""},
		"answers whatever the host":             {"/changed", 200, "<page>"},
		"is not what a path without asset gets": {"/other", 200, `{"calls":`},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.Get(tt.path)
			if a.StatusCode != tt.status || !strings.HasPrefix(a.Text, tt.text) {
				t.Errorf("%d %q, want %d %q", a.StatusCode, a.Text, tt.status, tt.text)
			}
		})
	}
	if rows := h.Resources(); fmt.Sprint(rows) != "[{ASSETS Assets / public}]" {
		t.Errorf("the start table has %v", rows)
	}
}

func TestAssetsChangeAtOnce(t *testing.T) {
	h := emulatortest.Start(t, counting(nil), watching)
	is := func(path string, status int, text string) {
		t.Helper()
		if a := h.Get(path); a.StatusCode != status || status == 200 && a.Text != text {
			t.Fatalf("%s: %d %q, want %d %q", path, a.StatusCode, a.Text, status, text)
		}
	}
	public := func(name string) string { return filepath.Join(h.Dir, "public", name) }
	is("/app.js", 200, "app")
	old := h.Get("/app.js").Header.Get("Etag")
	for i := range 20 { // of one length, within one tick of the file system's clock
		text := fmt.Sprintf("a%02d", i)
		h.Save("public/app.js", text)
		is("/app.js", 200, text)
	}
	if a := h.Get("/app.js", "If-None-Match", old); a.StatusCode != 200 {
		t.Errorf("the ETag of what the file held before gives %s", a.Status)
	}
	h.Save("public/new/deep.txt", "deep")
	answers(t, h, "/new/deep.txt", "deep")
	if err := os.Remove(public("new/deep.txt")); err != nil {
		t.Fatal(err)
	}
	is("/app.js", 200, "a19")
	testkit.Wait(t, func() error {
		if a, err := h.Try("GET", "/new/deep.txt", ""); err != nil || !strings.HasPrefix(a.Text, `{"calls":`) {
			return fmt.Errorf("a removed file: %q (%s), want the Worker's answer", a.Text, fmt.Sprint(err))
		}
		return nil
	})
}

func TestAssetRulesReload(t *testing.T) {
	h := emulatortest.Start(t, counting(nil), watching)
	h.Save("public/_headers", "/app.js\n  X-Rule: new\n")
	h.Save("public/_redirects", "/old /page 301\n/bad\n")
	testkit.Wait(t, func() error {
		a, err := h.Try("GET", "/app.js", "")
		if err != nil || a.Header.Get("X-Rule") != "new" {
			return fmt.Errorf("X-Rule is %q (%s)", a.Header.Get("X-Rule"), fmt.Sprint(err))
		}
		if a, err = h.Try("GET", "/old", ""); err != nil || a.StatusCode != 301 {
			return fmt.Errorf("/old answers %d (%s)", a.StatusCode, fmt.Sprint(err))
		}
		return nil
	})
	ev := h.Await("the warning", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventWarning })
	if !strings.HasPrefix(ev.Message, "public/_redirects:2: ") || !strings.HasSuffix(ev.Message, "\n    /bad") {
		t.Errorf("the warning is %q", ev.Message)
	}
	h.Save("public/.assetsignore", "app.js\n")
	testkit.Wait(t, func() error {
		if a, err := h.Try("GET", "/app.js", ""); err != nil || !strings.HasPrefix(a.Text, `{"calls":`) {
			return fmt.Errorf("an ignored file: %q (%s), want the Worker's answer", a.Text, fmt.Sprint(err))
		}
		return nil
	})
}

func TestAssetsDirectoryMissing(t *testing.T) {
	files := counting(nil)
	for _, name := range []string{"page.html", "app.js", "_headers"} {
		delete(files, "public/"+name)
	}
	_, err := emulatortest.Open(t, files, emulator.Options{Strict: true})
	wrong, ok := errors.AsType[*wrangler.Error](err)
	if !ok || wrong.Line != 1 || !strings.Contains(err.Error(), "does not exist") || !strings.Contains(err.Error(), "/public") {
		t.Fatalf("Open: %v", err)
	}
	h := emulatortest.Start(t, files, watching)
	if a := h.Get("/count"); a.StatusCode != 500 || !strings.Contains(a.Text, "does not exist") {
		t.Errorf("without the directory: %s %q", a.Status, a.Text)
	}
	h.Save("public/app.js", "app")
	answers(t, h, "/app.js", "app")
}

func TestAssetsMadeByTheBuildCommand(t *testing.T) {
	h := emulatortest.Start(t, map[string]string{
		"wrangler.json": `{"name": "w", "compatibility_date": "2026-01-20", "assets": {"directory": "dist"},
			"build": {"command": "mkdir -p dist && echo made > dist/index.html && printf '/*\\n  X-Made: yes\\n' > dist/_headers"}}`,
	}, emulator.Options{Strict: true})
	if a := h.Get("/"); a.Text != "made\n" || a.Header.Get("X-Made") != "yes" {
		t.Errorf("%s %q %v", a.Status, a.Text, a.Header)
	}
}

func TestAssetsWithoutAWorker(t *testing.T) {
	h := emulatortest.Start(t, map[string]string{
		"wrangler.toml":     "name = \"w\"\ncompatibility_date = \"2026-01-20\"\n[assets]\ndirectory = \"public\"\nnot_found_handling = \"single-page-application\"\n",
		"public/index.html": "home",
	}, watching)
	for _, path := range []string{"/", "/any/route"} {
		if a := h.Get(path); a.StatusCode != 200 || a.Text != "home" {
			t.Errorf("%s: %s %q", path, a.Status, a.Text)
		}
	}
	if a := h.Ask("POST", "/any/route", "body"); a.StatusCode != 405 {
		t.Errorf("POST: %s", a.Status)
	}
	h.Save("index.js", saying("code"))
	h.Save("wrangler.toml", "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-20\"\n[assets]\ndirectory = \"public\"\n")
	answers(t, h, "/any/route", "code")
	answers(t, h, "/", "home")
}

func TestAssetTooLarge(t *testing.T) {
	h := emulatortest.Start(t, counting(nil), emulator.Options{})
	name := filepath.Join(h.Dir, "public", "big.bin")
	emulatortest.Write(t, name, "")
	if err := os.Truncate(name, 25<<20+1); err != nil {
		t.Fatal(err)
	}
	if a := h.Get("/big.bin"); a.StatusCode != 500 || !strings.Contains(a.Text, "/big.bin is too large") {
		t.Errorf("%s %q", a.Status, a.Text)
	}
	_, err := emulatortest.Open(t, nil, emulator.Options{Project: h.Dir, Strict: true})
	if err == nil || !strings.Contains(err.Error(), "/big.bin is too large: it has 25.0 MiB") {
		t.Errorf("Open: %v", err)
	}
}

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }
