package kv

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
	bolt "go.etcd.io/bbolt"
)

// Options are what a Service needs of the world around it. The zero value works.
type Options struct {
	Clock  clock.Clock  // nil: clock.System
	Probe  *probe.Probe // nil: none
	Logger *slog.Logger // nil: discard
	NoSync bool         // commits are not flushed: for state that nobody will miss after a power cut
}

// A Service holds the namespaces of one account.
type Service struct {
	store   *store
	clock   clock.Clock
	probe   *probe.Probe
	log     *slog.Logger
	sweeper *sweeper
}

// Open opens the namespaces kept in dir, which is made when it is missing.
func Open(dir string, opts Options) (*Service, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	st, err := openStore(dir, opts.NoSync)
	if err != nil {
		return nil, err
	}
	s := &Service{store: st, clock: clock.Or(opts.Clock), probe: opts.Probe, log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.sweeper = newSweeper(st, s.clock, s.log)
	if err := st.dropIncoming(); err != nil {
		return nil, errors.Join(err, st.close())
	}
	s.sweeper.expect(st.first)
	return s, nil
}

// Close waits for what is running and closes the store. Nothing may be called after it.
func (s *Service) Close() error {
	s.sweeper.stop()
	return s.store.close()
}

// Create makes a namespace. Titles are unique.
func (s *Service) Create(ctx context.Context, title string) (_ *Namespace, err error) {
	span, err := s.probe.Begin(ctx, probe.Op{Product: "kv", Name: "create_namespace", Resource: title})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()
	return s.create("", title, false)
}

// Ensure returns the namespace with the id, else the one with the title, else a new one. The new one
// has the given id when that has the form of a namespace's id, and a random one otherwise.
func (s *Service) Ensure(ctx context.Context, id, title string) (*Namespace, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return s.create(id, title, true)
}

// create makes a namespace, or returns the one that is there already when that is allowed.
func (s *Service) create(id, title string, existing bool) (*Namespace, error) {
	if existing {
		rows, err := s.store.namespaces()
		if err != nil {
			return nil, err
		}
		if row, ok := pick(rows, id, title); ok {
			return s.namespace(row), nil
		}
	}
	if err := checkTitle(title); err != nil {
		return nil, err
	}
	if !isID(id) {
		id = newID()
	}
	made := namespaceRow{ID: id, Title: title}
	var refusal error
	err := s.store.commit.Do(func(tx *bolt.Tx) error {
		rows, err := namespacesIn(tx)
		if err != nil {
			return err
		}
		row, taken := pick(rows, id, title)
		switch {
		case taken && existing:
			made = row
		case taken:
			refusal = titleTaken()
		case len(rows) >= maxNamespaces:
			refusal = newError(CodeTooManyNamespaces, "an account can have at most %d namespaces", maxNamespaces)
		default:
			return putNamespace(tx, made)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("create namespace: %w", err)
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.namespace(made), nil
}

func checkTitle(title string) error {
	if title == "" || len(title) > maxTitleBytes {
		return newError(CodeTitleInvalid, "namespace title must have between 1 and %d characters", maxTitleBytes)
	}
	return nil
}

func titleTaken() *Error {
	return newError(CodeTitleTaken, "a namespace with this account ID and title already exists")
}

// List returns all namespaces in the order of their titles.
func (s *Service) List(ctx context.Context) ([]*Namespace, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	rows, err := s.store.namespaces()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b namespaceRow) int { return strings.Compare(a.Title, b.Title) })
	all := make([]*Namespace, len(rows))
	for i, row := range rows {
		all[i] = s.namespace(row)
	}
	return all, nil
}

// Get returns a namespace by its id or its title.
func (s *Service) Get(ctx context.Context, idOrTitle string) (*Namespace, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	row, ok, err := s.store.namespace(idOrTitle)
	if err != nil {
		return nil, err
	}
	if !ok {
		rows, err := s.store.namespaces()
		if err != nil {
			return nil, err
		}
		if row, ok = pick(rows, idOrTitle, idOrTitle); !ok {
			return nil, namespaceNotFound()
		}
	}
	return s.namespace(row), nil
}

// Delete removes a namespace with all its keys.
func (s *Service) Delete(ctx context.Context, id string) (err error) {
	span, err := s.probe.Begin(ctx, probe.Op{Product: "kv", Name: "delete_namespace", Resource: id})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	var refusal error
	err = s.store.commit.Do(func(tx *bolt.Tx) error {
		if _, ok := dataIn(tx, id); !ok {
			refusal = namespaceNotFound()
			return nil
		}
		return deleteNamespace(tx, id)
	})
	if err != nil {
		return fmt.Errorf("delete namespace: %w", err)
	}
	return refusal
}

// Reset removes every key. The namespaces stay, and so do their wires.
func (s *Service) Reset(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := s.store.commit.Do(reset); err != nil {
		return fmt.Errorf("reset kv: %w", err)
	}
	return nil
}

func (s *Service) namespace(row namespaceRow) *Namespace {
	return &Namespace{ID: row.ID, Title: row.Title, service: s}
}

// pick finds the namespace with the id, or else the one with the title.
func pick(rows []namespaceRow, id, title string) (namespaceRow, bool) {
	for _, row := range rows {
		if row.ID == id {
			return row, true
		}
	}
	for _, row := range rows {
		if row.Title == title {
			return row, true
		}
	}
	return namespaceRow{}, false
}

func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16
}

func newID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}
