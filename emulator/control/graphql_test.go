package control

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGraphQL(t *testing.T) {
	h := New(Options{GraphQL: map[string]Operation{
		"echo": func(query string, variables json.RawMessage) (any, error) {
			return map[string]any{"query": query, "variables": variables}, nil
		},
		"fail": func(string, json.RawMessage) (any, error) { return nil, errors.New("limit must be positive") },
	}})
	for name, tt := range map[string]struct {
		method, body string
		status       int
		want         string
	}{
		"an operation answers with data":    {"POST", `{"operationName":"echo","query":"query echo { a }","variables":{"n":1}}`, 200, `{"data":{"query":"query echo { a }","variables":{"n":1}},"errors":null}`},
		"its name may stand in its text":    {"POST", `{"query":"query echo($a: string) { a }","variables":{}}`, 200, `{"data":{"query":"query echo($a: string) { a }","variables":{}},"errors":null}`},
		"its error is one of GraphQL":       {"POST", `{"operationName":"fail"}`, 200, `{"data":null,"errors":[{"message":"limit must be positive","path":null,"extensions":{"code":"validation"}}]}`},
		"an unknown one is named":           {"POST", `{"operationName":"other"}`, 200, `cfemu does not know the GraphQL operation \"other\"; it answers echo, fail`},
		"what is no JSON is told":           {"POST", `{`, 400, `{"data":null,"errors":[{"message":"malformed request: unexpected end of JSON input"`},
		"it can be asked by POST only":      {"GET", ``, 405, `"code":7001`},
		"a text without a name has no name": {"POST", `{"query":"{ viewer }"}`, 200, `operation \"\"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, "/client/v4/graphql", strings.NewReader(tt.body)))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}
