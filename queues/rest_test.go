package queues

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/mux"
)

func TestFindingQueues(t *testing.T) {
	s, err := Open(t.TempDir(), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ids := map[string]string{}
	for _, name := range []string{"mail", "log"} {
		q, err := s.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = q.ID
	}
	r := mux.NewRouter()
	s.Routes(r)
	for name, tt := range map[string]struct {
		path   string
		status int
		want   []string
	}{
		"all, by name":               {"/queues", 200, []string{`"queue_name":"log"`, `"queue_name":"mail"`, `"total_count":2`}},
		"one by its name":            {"/queues?page=1&name=mail", 200, []string{`"queue_id":"` + ids["mail"] + `"`, `"total_count":1`}},
		"a name that there is not":   {"/queues?name=nope", 200, []string{`"result":[]`}},
		"one by its id":              {"/queues/" + ids["log"], 200, []string{`"queue_name":"log"`, `"message_retention_period":345600`}},
		"an id that there is not":    {"/queues/" + strings.Repeat("0", 32), 404, []string{`"code":11000`}},
		"a name where an id belongs": {"/queues/log", 404, []string{`"code":11000`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r.ServeHTTP(w, httptest.NewRequest("GET", tt.path, nil))
			if w.Code != tt.status {
				t.Errorf("got %d", w.Code)
			}
			for _, want := range tt.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("%s lacks %s", fmt.Sprint(w.Body), want)
				}
			}
		})
	}
}
