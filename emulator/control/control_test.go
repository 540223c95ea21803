package control

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/testkit"
)

// things is a product with a route of every kind.
func things(r *mux.Router) {
	r.Handle("/things/{key:.+}", cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
		key, err := cfapi.Unescape(mux.Vars(r)["key"])
		if err != nil {
			return err
		}
		return cfapi.WriteResult(w, key)
	})).Methods("GET")
	r.Handle("/things", cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
		var in struct{ Name string }
		if err := cfapi.DecodeJSON(r, &in, 1<<10); err != nil {
			return cfapi.New(http.StatusBadRequest, 7400, err.Error())
		}
		if in.Name == "taken" {
			return cfapi.New(http.StatusConflict, 7502, "A thing with that name already exists")
		}
		return cfapi.WriteResult(w, in.Name)
	})).Methods("POST", "PUT")
	r.Handle("/uploads/{name}", cfapi.Endpoint{MaxBody: 4, Signed: true, Handler: func(w http.ResponseWriter, r *http.Request) error {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		return cfapi.WriteResult(w, len(b))
	}}).Methods("PUT")
}

// Each archive is a desk: token-*.txtar are one that asks for the token "secret".
func TestGolden(t *testing.T) {
	for pattern, token := range map[string]string{"testdata/free-*.txtar": "", "testdata/token-*.txtar": "secret"} {
		testkit.Golden(t, pattern, func(t *testing.T) func([]byte) string {
			desk := New(Options{Products: []func(*mux.Router){things}, Token: token, Ray: func() string { return "8f00000000000000-DFW" }})
			srv := httptest.NewServer(desk)
			t.Cleanup(srv.Close)
			return func(request []byte) string { return exchange(t, srv.URL, string(request)) }
		})
	}
}

// exchange sends a request as the archives have it, method and target, headers, an empty line, a body,
// and renders the answer.
func exchange(t *testing.T, base, request string) string {
	t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	req, err := http.NewRequest(method, base+target, strings.NewReader(strings.TrimSpace(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, res.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		if name != "Date" && name != "Content-Length" {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(res.Header[name], ", "))
		}
	}
	fmt.Fprintf(&out, "\n%s\n", bytes.TrimSuffix(b, []byte("\n")))
	return out.String()
}

func TestUnansweredRequestsAreReported(t *testing.T) {
	var told []string
	desk := New(Options{Products: []func(*mux.Router){things}, Unknown: func(method, path string) { told = append(told, method+" "+path) }})
	for _, target := range []string{"GET /client/v4/zones?secret=1", "PUT /client/v4/user", "GET /client/v4/user", "OPTIONS /client/v4/a%2Fb"} {
		method, path, _ := strings.Cut(target, " ")
		desk.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	if want := []string{"GET /client/v4/zones", "PUT /client/v4/user", "OPTIONS /client/v4/a%2Fb"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

// Every route that there is asks for the token, but for those whose URL is signed.
func TestEveryRouteAsksForTheToken(t *testing.T) {
	desk := New(Options{Products: []func(*mux.Router){things}, Token: "secret"})
	tried := 0
	err := desk.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		h := route.GetHandler()
		if h == nil {
			return nil // a group
		}
		path, _ := route.GetPathTemplate()
		methods, _ := route.GetMethods()
		for _, m := range methods {
			w := httptest.NewRecorder()
			target := strings.NewReplacer("{", "", "}", "", ":.+", "").Replace(path)
			desk.ServeHTTP(w, httptest.NewRequest(m, target, nil))
			e, _ := h.(cfapi.Endpoint)
			if refused := w.Code == http.StatusBadRequest && strings.Contains(w.Body.String(), "9106"); refused == e.Signed {
				t.Errorf("%s %s: %d %s", m, target, w.Code, w.Body)
			}
			tried++
		}
		return nil
	})
	if err != nil || tried < 10 {
		t.Errorf("%d routes, %v", tried, err)
	}
}
