package control

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// An Operation answers one operation of the GraphQL API with its data. query is its text.
type Operation func(query string, variables json.RawMessage) (data any, err error)

// A graphAnswer is what the GraphQL API answers: it has no envelope.
type graphAnswer struct {
	Data   any          `json:"data"`
	Errors []graphError `json:"errors"`
}

type graphError struct {
	Message    string         `json:"message"`
	Path       []string       `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

var operationName = regexp.MustCompile(`\bquery\s+(\w+)`)

// graphql answers POST /graphql. There is no engine for the language behind it: an operation is known by
// its name, or it is refused.
func graphql(operations map[string]Operation) cfapi.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var body struct {
			Query     string          `json:"query"`
			Name      string          `json:"operationName"`
			Variables json.RawMessage `json:"variables"`
		}
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(b, &body)
		}
		if err != nil {
			return writeGraph(w, http.StatusBadRequest, nil, fmt.Errorf("malformed request: %w", err))
		}
		if m := operationName.FindStringSubmatch(body.Query); body.Name == "" && m != nil {
			body.Name = m[1]
		}
		answer, known := operations[body.Name]
		if !known {
			names := slices.Sorted(maps.Keys(operations))
			return writeGraph(w, http.StatusOK, nil, fmt.Errorf("cfemu does not know the GraphQL operation %q; it answers %s", body.Name, strings.Join(names, ", ")))
		}
		data, err := answer(body.Query, body.Variables)
		return writeGraph(w, http.StatusOK, data, err)
	}
}

func writeGraph(w http.ResponseWriter, status int, data any, err error) error {
	a := graphAnswer{Data: data}
	if err != nil {
		a = graphAnswer{Errors: []graphError{{Message: err.Error(), Extensions: map[string]any{"code": "validation"}}}}
	}
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client is gone when this fails
	return nil
}
