package d1

import (
	"context"
	"fmt"
	"strings"

	"github.com/cfemu/cfemu/internal/probe"
)

// CreateOptions are what Cloudflare asks about a new database. They are kept and shown, and change
// nothing: there is one place, and there are no replicas.
type CreateOptions struct {
	LocationHint    string // wnam, enam, weur, eeur, apac or oc; empty: weur
	Jurisdiction    string // eu, us or fedramp; empty: none. The hint does not count then
	ReadReplication string // auto or disabled; empty: disabled
}

// Read replication as Cloudflare's API spells it.
const (
	ReplicationAuto     = "auto"
	ReplicationDisabled = "disabled"
)

// regionOf gives the region that the options lead to.
func regionOf(o CreateOptions) string {
	switch {
	case o.Jurisdiction == "eu":
		return region
	case o.Jurisdiction != "":
		return "ENAM"
	case o.LocationHint != "":
		return strings.ToUpper(o.LocationHint)
	}
	return region
}

// check reports what is wrong with o.
//
// Receipt: the enums of https://developers.cloudflare.com/api/resources/d1/ and the text that is known for
// the location hint.
func (o CreateOptions) check() error {
	for _, property := range []struct {
		name, value string
		allowed     []string
	}{
		{"primary_location_hint", strings.ToUpper(o.LocationHint), []string{"WNAM", "ENAM", "WEUR", "EEUR", "APAC", "OC"}},
		{"jurisdiction", o.Jurisdiction, []string{"eu", "us", "fedramp"}},
		{"read_replication.mode", o.ReadReplication, []string{ReplicationAuto, ReplicationDisabled}},
	} {
		if property.value == "" {
			continue
		}
		if err := oneOf(property.name, property.value, property.allowed); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(property, value string, allowed []string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return invalid(property, "Invalid enum value. Expected '"+strings.Join(allowed, "' | '")+"'")
}

// SetReadReplication turns read replication to auto or disabled. That is kept and shown, and changes
// nothing else.
func (s *Service) SetReadReplication(ctx context.Context, db *Database, mode string) (err error) {
	span, err := s.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "update", Resource: db.Name})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	if err := oneOf("read_replication.mode", mode, []string{ReplicationAuto, ReplicationDisabled}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[db.ID] != db {
		return errNotFound(db.ID)
	}
	r := db.rec
	r.ReadReplication = mode
	if err := s.store.put(db.ID, r); err != nil {
		return fmt.Errorf("d1: update %s: %w", db.Name, err)
	}
	db.rec.ReadReplication = mode // and no other field: they are read without mu
	return nil
}

// settings returns what db was made with.
func (s *Service) settings(db *Database) record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := db.rec
	if r.Region == "" {
		r.Region = region
	}
	if r.ReadReplication == "" {
		r.ReadReplication = ReplicationDisabled
	}
	return r
}
