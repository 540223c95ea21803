package d1

import (
	"net/http"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A databaseBody is what requests that make or change a database say.
type databaseBody struct {
	Name            string           `json:"name"`
	LocationHint    string           `json:"primary_location_hint"`
	Jurisdiction    string           `json:"jurisdiction"`
	ReadReplication *readReplication `json:"read_replication"`
}

func (b databaseBody) options() (CreateOptions, error) {
	o := CreateOptions{LocationHint: b.LocationHint, Jurisdiction: b.Jurisdiction}
	if b.ReadReplication != nil {
		if o.ReadReplication = b.ReadReplication.Mode; o.ReadReplication == "" {
			return o, required("read_replication.mode")
		}
	}
	return o, nil
}

func (s *Service) postDatabase(w http.ResponseWriter, r *http.Request) error {
	var body databaseBody
	if err := decode(r, &body); err != nil {
		return err
	}
	opts, err := body.options()
	if err != nil {
		return err
	}
	db, err := s.CreateWith(r.Context(), body.Name, opts)
	if err != nil {
		return err
	}
	info, err := s.info(r, db)
	if err != nil {
		return err
	}
	info.CreatedInRegion = info.RunningInRegion
	return cfapi.WriteResult(w, info)
}

// patchDatabase changes what the request names, putDatabase wants all of it: there is one property.
func (s *Service) patchDatabase(w http.ResponseWriter, r *http.Request) error {
	return s.update(w, r, false)
}

func (s *Service) putDatabase(w http.ResponseWriter, r *http.Request) error {
	return s.update(w, r, true)
}

func (s *Service) update(w http.ResponseWriter, r *http.Request, whole bool) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	var body databaseBody
	if err := decode(r, &body); err != nil {
		return err
	}
	opts, err := body.options()
	if err != nil {
		return err
	}
	switch {
	case opts.ReadReplication != "":
		if err := s.SetReadReplication(r.Context(), db, opts.ReadReplication); err != nil {
			return err
		}
	case whole:
		return required("read_replication")
	}
	info, err := s.info(r, db)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, info)
}
