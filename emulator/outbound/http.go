package outbound

import (
	"encoding/json"
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// maxRulesBody bounds a declaration, in bytes.
const maxRulesBody = 16 << 20

// ServeHTTP is the resource that a test uses: PUT declares rules, GET lists rules and what was
// sent, DELETE forgets both.
func (c *Client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	cfapi.Handler(c.serve).ServeHTTP(w, r)
}

func (c *Client) serve(w http.ResponseWriter, r *http.Request) error {
	switch r.Method {
	case http.MethodPut:
		var in struct {
			Rules []Rule `json:"rules"`
		}
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRulesBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return cfapi.New(http.StatusBadRequest, 10001, `the body must be {"rules":[{"match":{…},"respond":{…}}]}: `+err.Error())
		}
		if err := c.SetRules(in.Rules); err != nil {
			return cfapi.New(http.StatusBadRequest, 10001, err.Error())
		}
	case http.MethodDelete:
		c.Reset()
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(struct {
		Mode     Mode     `json:"mode"`
		Rules    []Rule   `json:"rules"`
		Requests []Record `json:"requests"`
	}{c.mode, c.Rules(), c.Records()})
}
