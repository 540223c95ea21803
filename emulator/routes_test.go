package emulator

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/emulator/control"
)

// A Route is a method and a path of the control door, with {names} in it.
type Route struct{ Method, Path string }

// ControlRoutes lists the routes of everything that is mounted on the control door, with what is below
// each mount and no route: what joins the door joins the probes by itself. A product of e's that has
// routes and is not mounted fails the test.
func ControlRoutes(t *testing.T, e *Emulator) []Route {
	t.Helper()
	routes := []Route{{"GET", "/"}, {"GET", "/nothing"}, {"POST", "/"}}
	for _, m := range e.mounts() {
		for _, below := range []string{"", "/", "/nothing", "//nothing"} {
			routes = append(routes, Route{"GET", m.prefix + below}, Route{"POST", m.prefix + below})
		}
		walker, ok := m.handler.(interface{ Walk(mux.WalkFunc) error })
		if !ok {
			t.Errorf("the routes of %s cannot be walked", m.prefix)
			continue
		}
		routes = append(routes, walk(t, walker.Walk)...)
	}
	listed := map[Route]bool{}
	for _, r := range routes {
		listed[r] = true
	}
	products := 0
	type face interface{ Routes(*mux.Router) }
	v := reflect.ValueOf(e).Elem()
	for i := range v.NumField() {
		f := v.Field(i)
		if !f.Type().Implements(reflect.TypeFor[face]()) {
			continue
		}
		products++
		own := mux.NewRouter()
		// The fields are not exported: this is the way round that for reading.
		reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface().(face).Routes(own.PathPrefix(control.Prefix + "/accounts/{account}").Subrouter())
		for _, r := range walk(t, own.Walk) {
			if !listed[r] {
				t.Errorf("%s is a route of %s and not on the control door", r, f.Type())
			}
		}
	}
	if products < 3 {
		t.Errorf("only %d products have routes", products)
	}
	return routes
}

func walk(t *testing.T, over func(mux.WalkFunc) error) (routes []Route) {
	t.Helper()
	err := over(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
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
	return routes
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
