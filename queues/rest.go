package queues

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/mux"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// Routes adds what client/v4 offers for queues: to find one. The router is the one of an account.
func (s *Service) Routes(r *mux.Router) {
	const all = "/queues"
	r.Handle(all, cfapi.Handler(s.getQueues)).Methods(http.MethodGet)
	r.Handle(all+"/{queue}", cfapi.Handler(s.getQueue)).Methods(http.MethodGet)
}

type restQueue struct {
	ID             string     `json:"queue_id"`
	Name           string     `json:"queue_name"`
	Created        string     `json:"created_on"`
	Modified       string     `json:"modified_on"`
	Settings       restPolicy `json:"settings"`
	Producers      []any      `json:"producers"`
	ProducersTotal int        `json:"producers_total_count"`
	Consumers      []any      `json:"consumers"`
	ConsumersTotal int        `json:"consumers_total_count"`
}

type restPolicy struct {
	Delay     int  `json:"delivery_delay"` // seconds
	Paused    bool `json:"delivery_paused"`
	Retention int  `json:"message_retention_period"` // seconds
}

func restOf(q *Queue) restQueue {
	created := q.Created.UTC().Format(time.RFC3339Nano)
	return restQueue{
		ID: q.ID, Name: q.Name, Created: created, Modified: created,
		Settings:  restPolicy{Retention: int(retention / time.Second)},
		Producers: []any{}, Consumers: []any{},
	}
}

// queuesPerPage is assumed.
var queuesPerPage = cfapi.Bounds{Default: 100, Min: 1, Max: 1000}

// getQueues lists the queues, or those with the names that are given: so wrangler finds a queue's id.
func (s *Service) getQueues(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	page, err := cfapi.PageOf(q, queuesPerPage)
	if err != nil {
		return err
	}
	all := s.list()
	if names := q["name"]; len(names) > 0 {
		all = slices.DeleteFunc(all, func(q *Queue) bool { return !slices.Contains(names, q.Name) })
	}
	some, info := cfapi.Cut(all, page)
	rows := make([]restQueue, len(some))
	for i, q := range some {
		rows[i] = restOf(q)
	}
	return cfapi.WritePage(w, rows, info)
}

// errNoQueue is what the API says of a queue that there is not; the runtime's wire has another number.
var errNoQueue = cfapi.New(http.StatusNotFound, 11000, "Queue not found")

func (s *Service) getQueue(w http.ResponseWriter, r *http.Request) error {
	id, err := cfapi.Unescape(mux.Vars(r)["queue"])
	if err != nil {
		return err
	}
	q, err := s.Get(r.Context(), id)
	if _, ok := errors.AsType[*Error](err); ok || err == nil && q.ID != id {
		return errNoQueue
	}
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, restOf(q))
}
