package control

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

func TestRoutes(t *testing.T) {
	var unknown []string
	h := New(Options{
		Products: []func(*mux.Router){func(r *mux.Router) {
			r.Handle("/things/{key:.+}", cfapi.Handler(func(w http.ResponseWriter, r *http.Request) error {
				key, err := cfapi.Unescape(mux.Vars(r)["key"])
				if err != nil {
					return err
				}
				return cfapi.WriteResult(w, key)
			})).Methods("GET")
		}},
		Unknown: func(method, path string) { unknown = append(unknown, method+" "+path) },
	})
	for name, tt := range map[string]struct {
		method, target string
		status         int
		want           string
	}{
		"a token is valid":                   {"GET", "/client/v4/user/tokens/verify", 200, `"status":"active"`},
		"the account is listed":              {"GET", "/client/v4/accounts?page=1", 200, AccountID},
		"its second page is empty":           {"GET", "/client/v4/accounts?page=2", 200, `"result":[]`},
		"memberships name the same account":  {"GET", "/client/v4/memberships", 200, AccountID},
		"any account id will do":             {"GET", "/client/v4/accounts/y/things/a", 200, `"result":"a"`},
		"keys keep their slashes and dots":   {"GET", "/client/v4/accounts/y/things/a%2F..%2Fb//c", 200, `"result":"a/../b//c"`},
		"a base URL may end with a slash":    {"GET", "/client/v4//accounts/y/things/a//b", 200, `"result":"a//b"`},
		"an unknown route is Cloudflare's":   {"GET", "/client/v4/zones", 404, `"code":7003,"message":"Could not route to /zones`},
		"and so is an unknown method of one": {"PUT", "/client/v4/user", 404, `"code":7003`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.target, nil))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
	if len(unknown) != 2 {
		t.Errorf("told of %v, want the two unknown ones", unknown)
	}
}
