package emulator

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/testapi"
)

// A Route is a method and a path of the control door, with {names} in it.
type Route struct{ Method, Path string }

// ControlRoutes lists the routes of everything that e holds and that mounts routes below an account:
// a product that gets its REST face joins by itself.
func ControlRoutes(t *testing.T, e *Emulator) []Route {
	t.Helper()
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	account := r.PathPrefix(control.Prefix + "/accounts/{account}").Subrouter()
	products := 0
	type face interface{ Routes(*mux.Router) }
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Type().Implements(reflect.TypeFor[face]()) {
			// The fields are not exported: this is the way round that for reading.
			reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface().(face).Routes(account)
			products++
		}
	}
	if products < 3 {
		t.Errorf("only %d products have routes", products)
	}
	var routes []Route
	err := r.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
		path, err := route.GetPathTemplate()
		if err != nil || route.GetHandler() == nil {
			return nil // a group
		}
		methods, err := route.GetMethods()
		if err != nil {
			methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"} // any
		}
		for _, m := range methods {
			routes = append(routes, Route{m, path})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/", "/user", "/user/tokens/verify", "/accounts", "/accounts/{account}", "/memberships", "/zones", "//user"} {
		routes = append(routes, Route{"GET", control.Prefix + path})
	}
	for _, path := range []string{"", "/", "/openapi.json", "/nothing"} {
		routes = append(routes, Route{"GET", testapi.Prefix + path})
	}
	return append(routes, Route{"GET", "/"}, Route{"GET", "/nothing"}, Route{"POST", "/"})
}

func emptyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-20\"\n",
		"index.js":      "export default { fetch: () => new Response() }",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
