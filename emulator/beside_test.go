package emulator_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/emulator/preview"
)

// openSession does what wrangler does with a Worker's remote bindings, and returns the preview token.
func openSession(t *testing.T, h *emulatortest.House, worker, bindings string) string {
	t.Helper()
	api := h.ControlURL + "/client/v4/accounts/any/workers"
	result := func(method, url string, body io.Reader, header ...string) map[string]string {
		t.Helper()
		req, err := http.NewRequest(method, url, body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer any")
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct{ Result map[string]string }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Result == nil {
			t.Fatalf("%s %s: %s %v", method, url, res.Status, err)
		}
		return answer.Result
	}
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	if err := parts.WriteField("metadata", `{"main_module":"proxy-worker.js","cfemu_preload":1,"bindings":`+bindings+`}`); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	token := result("GET", api+"/subdomain/edge-preview", nil)["token"]
	return result("POST", api+"/scripts/"+worker+"/edge-preview", &form,
		"Content-Type", parts.FormDataContentType(), "cf-preview-upload-config-token", token)["preview_token"]
}

// query calls a session's binding as D1's client does.
func query(t *testing.T, c *http.Client, door, token, binding, sql string) string {
	t.Helper()
	req, err := http.NewRequest("POST", door+"/", strings.NewReader(fmt.Sprintf(`{"sql":%q,"params":[]}`, sql)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("cf-workers-preview-token", token)
	req.Header.Set("MF-Binding", binding)
	req.Header.Set("MF-URL", "http://d1/query?resultsFormat=ROWS_AND_COLUMNS")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const sold = `export default { async fetch(request, env) {
  return Response.json((await env.DB.prepare("SELECT item FROM sold").all()).results);
} }`

func shopWith(id string) map[string]string {
	return project(sold, `[[d1_databases]]`, `binding = "DB"`, `database_name = "shop"`, `database_id = "`+id+`"`)
}

// A remote binding reaches what the house's own binding of that id reaches.
func TestRemoteBindingsReachTheHousesOwn(t *testing.T) {
	for name, id := range map[string]string{
		"by an id":                        "11111111-2222-4333-8444-555555555555",
		"by a placeholder for one":        "replace-with-real-id",
		"by a name in the place of an id": "store",
	} {
		t.Run(name, func(t *testing.T) {
			h := emulatortest.Start(t, shopWith(id), emulator.Options{})
			worker := h.Status().(emulator.Status).Worker.Name
			token := openSession(t, h, worker, `[{"name":"DB","type":"d1","id":"`+id+`","raw":true}]`)
			got := query(t, http.DefaultClient, h.ControlURL, token, "DB", "CREATE TABLE sold (item); INSERT INTO sold VALUES ('tea'); SELECT * FROM sold")
			if !strings.Contains(got, `"rows":[["tea"]]`) {
				t.Fatalf("got %s", got)
			}
			answers(t, h, "/", `[{"item":"tea"}]`)
			h.Await("the session on the terminal", 0, isType(emulator.EventInfo, "remote bindings of "+worker+" in wrangler: DB"))
		})
	}
}

func TestWhatIsNotEmulatedIsWarnedOf(t *testing.T) {
	h := emulatortest.Start(t, project(sold), emulator.Options{})
	token := openSession(t, h, "w", `[{"name":"VEC","type":"vectorize"}]`)
	h.Await("a warning", 0, isType(emulator.EventWarning, "the remote binding VEC is of type vectorize, which is not emulated"))
	if got := query(t, http.DefaultClient, h.ControlURL, token, "VEC", "x"); !strings.Contains(got, "vectorize, which is not emulated") {
		t.Errorf("got %s", got)
	}
}

// A token opens nothing to pages of other sites, whatever they know.
func TestCallsOfRemoteBindingsComeFromNoOtherSite(t *testing.T) {
	h := emulatortest.Start(t, shopWith("shop"), emulator.Options{})
	token := openSession(t, h, "w", `[{"name":"DB","type":"d1","id":"shop"}]`)
	own := strings.TrimPrefix(h.ControlURL, "http://")
	call := "cf-workers-preview-token: " + token + "\nMF-Binding: DB\nMF-URL: http://d1/query\nContent-Length: 18\nConnection: close\n\n{\"sql\":\"SELECT 1\"}"
	for _, f := range forgeries {
		_, port, _ := strings.Cut(own, ":")
		a, err := tryRaw(h.ControlURL, fmt.Sprintf(f.head, "POST", "/", own, port)+call)
		if err != nil || a.status != http.StatusBadRequest && a.status != http.StatusForbidden {
			t.Errorf("%s: answered %d %q %v", f.name, a.status, a.body, err)
		}
	}
	for _, header := range []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Origin: null"} {
		if status, _, body := raw(t, h.ControlURL, "POST / HTTP/1.1\nHost: "+own+"\n"+header+"\n"+call); status != http.StatusForbidden {
			t.Errorf("%s: answered %d %s", header, status, body)
		}
	}
	if status, _, body := raw(t, h.ControlURL, "POST / HTTP/1.1\nHost: "+own+"\n"+call); status != http.StatusOK {
		t.Errorf("without any of it: %d %s", status, body)
	}
	if status, _, _ := raw(t, h.URL, "POST / HTTP/1.1\nHost: localhost\n"+call); status == http.StatusOK {
		t.Error("the Worker door answers calls of remote bindings")
	}
}

func TestThePreloadScriptIsInTheProject(t *testing.T) {
	read := func(t *testing.T, path string) os.FileInfo {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(b, preview.Script) {
			t.Fatalf("%s: %v", path, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	t.Run("and stays there", func(t *testing.T) {
		dir := writeAll(t, project(sold))
		path := filepath.Join(dir, ".cfemu", "wrangler-preload.cjs")
		var first os.FileInfo
		restart(t, dir, emulator.Options{}, func(h *emulatortest.House) {
			if got := h.Run().Preload; got != path {
				t.Errorf("it is said to be at %s", got)
			}
			first = read(t, path)
		})
		restart(t, dir, emulator.Options{}, func(*emulatortest.House) {
			if !os.SameFile(first, read(t, path)) {
				t.Error("it was written again, though it was there")
			}
		})
		emulatortest.Write(t, path, "half of it")
		restart(t, dir, emulator.Options{}, func(*emulatortest.House) { read(t, path) })
	})
	t.Run("or in the state, where the project cannot be written", func(t *testing.T) {
		files := project(sold)
		files[".cfemu"] = "not a folder"
		h := emulatortest.Start(t, files, emulator.Options{})
		if got := h.Run().Preload; filepath.Dir(got) != h.StateDir() {
			t.Errorf("it is at %s", got)
		}
		read(t, h.Run().Preload)
	})
	t.Run("but not when it is not wanted", func(t *testing.T) {
		h := emulatortest.Start(t, project(sold), emulator.Options{Beside: preview.Off})
		if r := h.Run(); r.Preload != "" || r.Authority != "" {
			t.Errorf("there is %+v", r)
		}
	})
}

func TestTheTLSDoor(t *testing.T) {
	zero := 0
	files := shopWith("shop")
	h := emulatortest.Start(t, files, emulator.Options{Beside: preview.TLS, TLSPort: &zero})
	b, err := os.ReadFile(h.Run().Authority)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	door := "https://" + h.BesideAddresses()[0]
	token := openSession(t, h, "w", `[{"name":"DB","type":"d1","id":"shop"}]`)
	if got := query(t, &http.Client{Transport: transport}, door, token, "DB", "SELECT 1 AS one"); !strings.Contains(got, `"rows":[[1]]`) {
		t.Errorf("got %s", got)
	}
	if got := query(t, &http.Client{Transport: transport}, door, "", "DB", "SELECT 1"); got != "Invalid Workers Preview configuration" {
		t.Errorf("without a token: %s", got)
	}

	t.Run("that cannot be opened says what else there is", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := l.Addr().(*net.TCPAddr).Port
		_, err = emulatortest.Open(t, files, emulator.Options{Beside: preview.TLS, TLSPort: &port})
		if err == nil {
			t.Fatal("opened")
		}
		says(t, err.Error(), "--remote-bindings tls", fmt.Sprintf("port %d is in use", port), "--remote-bindings preload needs no port")
	})
}
