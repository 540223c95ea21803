package emulator_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// On an address that others reach, all of the control door asks for the token, and the Worker's stays open.
func TestOpenAddressAsksForTheToken(t *testing.T) {
	for name, opts := range map[string]emulator.Options{
		"an address that others reach": {IP: "0.0.0.0"}, "the flag": {RequireToken: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := emulatortest.Start(t, project(`export default { fetch: () => new Response("hello") }`), opts)
			if a := h.Get("/"); a.Text != "hello" {
				t.Errorf("the Worker's door: %s %s", a.Status, a.Text)
			}
			if !h.Run().TokenAsked {
				t.Error("run.json does not say so")
			}
			warned := false
			for _, ev := range h.Events() {
				warned = warned || ev.Type == emulator.EventWarning && strings.Contains(ev.Message, "cfemu env")
				if strings.Contains(ev.Message, h.Token()) {
					t.Errorf("the token is told: %s", ev.Message)
				}
			}
			if warned != (opts.IP != "") {
				t.Errorf("warned: %v", warned)
			}
			for _, r := range emulator.ControlRoutes(t, h.Emulator) {
				for _, header := range [][]string{nil, {"Authorization", "Bearer wrong"}, {"X-Auth-Key", "wrong"}, {"Authorization", h.Token()}, {"Cookie", "token=" + h.Token()}} {
					a := h.Ask(r.Method, h.ControlURL+fill(r.Path)+"?token="+h.Token(), "", header...)
					if a.StatusCode != 400 && a.StatusCode != 401 && a.StatusCode != 403 {
						t.Errorf("%s %s with %q: %s", r.Method, r.Path, header, a.Status)
					}
				}
			}
			for _, header := range [][]string{{"Authorization", "Bearer " + h.Token()}, {"X-Auth-Key", h.Token(), "X-Auth-Email", "me@example.com"}} {
				if a := h.Ask("GET", h.ControlURL+"/client/v4/accounts", "", header...); a.StatusCode != 200 {
					t.Errorf("with %s: %s", header[0], a.Status)
				}
			}
		})
	}
}

// No route fetches an address that a caller gives it, wherever in the request it stands.
func TestNoRouteFetchesWhatItIsTold(t *testing.T) {
	var mu sync.Mutex
	var visits []string
	canary := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		visits = append(visits, r.Method+" "+r.URL.Path)
	}))
	defer canary.Close()
	h := emulatortest.Start(t, project(`export default { fetch: () => new Response() }`), emulator.Options{})
	names := []string{"url", "upload_url", "signed_url", "source", "endpoint", "webhook", "callback", "template_url", "href", "filename", "sql", "name", "title"}
	fields := make([]string, len(names))
	for i, n := range names {
		fields[i] = fmt.Sprintf("%q:%q", n, canary.URL+"/"+n)
	}
	body := "{" + strings.Join(fields, ",") + "}"
	tried := 0
	for _, r := range emulator.ControlRoutes(t, h.Emulator) {
		for _, m := range []string{r.Method, "POST"} {
			for _, door := range []string{h.ControlURL, h.URL} {
				a := h.Ask(m, door+fill(r.Path)+"?url="+canary.URL+"/query&source="+canary.URL+"/source", body,
					"Authorization", "Bearer "+h.Token(), "Content-Type", "application/json", "Referer", canary.URL+"/referer",
					"X-Forwarded-Host", strings.TrimPrefix(canary.URL, "http://"), "X-Original-URL", canary.URL+"/original", "Forwarded", "host="+canary.URL)
				tried++
				if loc := a.Header.Get("Location"); strings.Contains(loc, canary.URL) {
					t.Errorf("%s %s leads to %s", m, r.Path, loc)
				}
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(visits) > 0 || tried < 50 {
		t.Errorf("%d requests made cfemu fetch %v", tried, visits)
	}
}

// A Worker's fetch does not get to the control door or a metadata address by way of a redirect or a name.
func TestFetchIsRefusedOnTheWay(t *testing.T) {
	var to string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }))
	defer elsewhere.Close()
	h := emulatortest.Start(t, project(`
export default { async fetch(request) {
  try { const r = await fetch(request.headers.get("x-to")); return new Response("reached " + r.status + await r.text()) }
  catch (e) { return new Response(String(e)) }
} }`), emulator.Options{})
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(h.ControlURL, "http://"))
	for name, url := range map[string]string{
		"the control door":               h.ControlURL + "/client/v4/accounts",
		"the control door by a name":     "http://localhost:" + port + "/client/v4/accounts",
		"the control door by an alias":   "http://127.9.9.9:" + port + "/",
		"the control door, one number":   "http://2130706433:" + port + "/",
		"the control door, mapped":       "http://[::ffff:127.0.0.1]:" + port + "/",
		"a metadata address":             "http://169.254.169.254/latest/meta-data",
		"a metadata address, one number": "http://2852039166/",
		"one behind NAT64":               "http://[64:ff9b::169.254.169.254]/",
		"one of IPv6":                    "http://[fd00:ec2::254]/",
	} {
		to = url
		for _, first := range []string{url, elsewhere.URL} {
			if a := h.Get("/", "X-To", first); !strings.Contains(a.Text, "refused") {
				t.Errorf("%s by way of %s: %s", name, first, a.Text)
			}
		}
	}
}

// What cfemu is told in confidence is in no line of its log and on no page.
func TestSecretsAreNotTold(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	files := project(`
export default {
  async fetch(request, env) {
    if (request.url.includes("/throw")) throw new Error("broken")
    if (request.url.includes("/away")) await fetch("http://169.254.169.254/x?X-Amz-Signature=" + request.headers.get("x-signature"), { headers: { authorization: request.headers.get("x-away") } })
    if (request.url.includes("/sql")) await env.DB.prepare("SELECT nothing FROM nowhere WHERE a = ?").bind(request.headers.get("x-bound")).run()
    return new Response("ok " + env.API_KEY.length)
  },
  scheduled() { throw new Error("broken too") }
}`, `[[d1_databases]]`, `binding = "DB"`, `database_name = "db"`)
	files[".dev.vars"] = "API_KEY=DEV-VARS-VALUE\n"
	h := emulatortest.Start(t, files, emulator.Options{Vars: map[string]string{"FLAG": "VAR-FLAG-VALUE"}})
	secret := []string{"Authorization", "Bearer REQUEST-HEADER", "Cookie", "session=REQUEST-COOKIE", "X-Auth-Key", "GLOBAL-KEY",
		"X-Signature", "SIGNED-AWAY", "X-Away", "Bearer AWAY-HEADER", "X-Bound", "BOUND-VALUE"}
	var pages strings.Builder
	for _, accept := range []string{"text/html", "*/*"} {
		for _, path := range []string{"/", "/throw", "/away", "/sql", "/file.pdf?X-Amz-Credential=SIGNED-CREDENTIAL&X-Amz-Signature=SIGNED-URL&part=2", "/cb?code=OAUTH-CODE&access_token=ACCESS-TOKEN",
			"/cdn-cgi/handler/scheduled?token=HANDLER-TOKEN"} {
			pages.WriteString(h.Get(path, append(secret, "Accept", accept)...).Text)
		}
	}
	for _, path := range []string{"/client/v4/nowhere?token=CONTROL-TOKEN", "/client/v4/accounts/a/d1/database/none", "/cfemu/v1/status?x=CONTROL-TOKEN", "/nowhere"} {
		pages.WriteString(h.Ask("POST", h.ControlURL+path, `{"password":"CONTROL-BODY"}`, append(secret, "Content-Type", "application/json")...).Text)
	}
	h.Save("index.js", "export default {{")
	h.Get("/")
	var told strings.Builder
	for _, ev := range h.Events() {
		fmt.Fprintf(&told, "%+v\n", ev)
	}
	if err := h.Stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(told.String(), "/file.pdf?X-Amz-Credential=") || !strings.Contains(told.String(), "part=2") {
		t.Errorf("the log does not tell what was asked for:\n%s", told.String())
	}
	for _, s := range []string{"DEV-VARS-VALUE", "VAR-FLAG-VALUE", "REQUEST-HEADER", "REQUEST-COOKIE", "GLOBAL-KEY", "AWAY-HEADER", "SIGNED-AWAY", "BOUND-VALUE",
		"SIGNED-CREDENTIAL", "SIGNED-URL", "OAUTH-CODE", "ACCESS-TOKEN", "HANDLER-TOKEN", "CONTROL-TOKEN", "CONTROL-BODY", h.Token()} {
		for where, text := range map[string]string{"the log": told.String() + log.String(), "an answer": pages.String()} {
			if at := strings.Index(text, s); at >= 0 {
				t.Errorf("%s is in %s: …%s…", s, where, text[max(0, at-80):min(len(text), at+80)])
			}
		}
	}
}

// Nobody else on the machine reads what a project keeps.
func TestFilesAreTheUsersOwn(t *testing.T) {
	dir := t.TempDir()
	emulatortest.Start(t, project(`export default { fetch: () => new Response() }`, `[[d1_databases]]`, `binding = "DB"`, `database_name = "db"`),
		emulator.Options{Project: dir, State: filepath.Join(dir, ".cfemu", "state"), Announce: true}).Await("it runs", 0, isType(emulator.EventReady, ""))
	seen := 0
	err := filepath.WalkDir(filepath.Join(dir, ".cfemu"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		seen++
		switch mode, name := info.Mode().Perm(), d.Name(); {
		case (name == ".cfemu" || name == "state") && mode != 0o700, name == "run.json" && mode != 0o600:
			t.Errorf("%s has mode %o", path, mode)
		}
		return nil
	})
	if err != nil || seen < 8 {
		t.Errorf("%d files, %v", seen, err)
	}
}
