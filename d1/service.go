package d1

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// Options says what a Service works with. The zero value works.
type Options struct {
	Clock  clock.Clock  // nil: clock.System
	Probe  *probe.Probe // nil: none
	Logger *slog.Logger // nil: discard
	NoSync bool         // do not wait for the disk: for state that is thrown away

	// How long the earlier states of a database can be restored, and how many bytes what is needed for
	// that may take for each database; the oldest goes first. 0: 30 days, 1 GiB.
	HistoryAge   time.Duration
	HistoryBytes int64
}

// A Service holds an account's databases.
type Service struct {
	dir   string
	opts  Options
	clock clock.Clock
	log   *slog.Logger
	store *store

	newID   func() string               // a seam for tests
	watch   func() func() time.Duration // measures statements; another seam
	timeout time.Duration               // of one request
	maxSize int64                       // of a database
	maxRows int                         // bytes of rows in an answer

	insights  insights
	jobs      jobs
	transfers *transfers
	newToken  func() string // of a signed URL; a seam
	maxImport int64         // bytes of a file

	mu     sync.RWMutex
	byID   map[string]*Database
	byName map[string]*Database
	closed bool
}

// Open opens the databases of dir, which is created when missing. It must be closed.
func Open(dir string, opts Options) (*Service, error) {
	st, records, err := openStore(dir, opts.NoSync)
	if err != nil {
		return nil, fmt.Errorf("d1: %w", err)
	}
	if err := removeIncoming(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("d1: %w", err), st.close())
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Service{
		dir: dir, opts: opts, clock: clock.Or(opts.Clock), log: log, store: st,
		newID: newUUID, watch: clock.Stopwatch, timeout: queryTimeout, maxSize: maxDatabaseBytes, maxRows: maxResultBytes,
		jobs:     jobs{wait: pollWait, patience: pollPatience, byName: map[string]*job{}},
		newToken: rand.Text, maxImport: maxImportBytes,
		byID: map[string]*Database{}, byName: map[string]*Database{},
	}
	s.insights.clock = s.clock
	if s.transfers, err = openTransfers(filepath.Join(dir, "transfers"), s.clock); err != nil {
		return nil, errors.Join(fmt.Errorf("d1: sweep transfers: %w", err), st.close())
	}
	for id, r := range records {
		s.add(id, r)
	}
	for _, path := range st.strays {
		log.Warn("d1: this file belongs to no database and was left alone: move it away, or put it back in the place of a database", "file", path)
	}
	return s, nil
}

func (s *Service) add(id string, r record) *Database {
	db := newDatabase(s, id, r)
	s.byID[id], s.byName[r.Name] = db, db
	return db
}

// Close closes every database. Requests that run are waited for.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	databases := s.all()
	s.mu.Unlock()
	s.jobs.close()
	errs := []error{s.transfers.close()}
	for _, db := range databases {
		errs = append(errs, db.shut(stateClosed))
	}
	return errors.Join(append(errs, s.store.close())...)
}

// all returns the databases in the order of their creation. The caller holds mu.
func (s *Service) all() []*Database {
	databases := make([]*Database, 0, len(s.byID))
	for _, db := range s.byID {
		databases = append(databases, db)
	}
	slices.SortFunc(databases, func(a, b *Database) int {
		if c := a.rec.Created.Compare(b.rec.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return databases
}

// Create makes an empty database. Its name must not be taken.
func (s *Service) Create(ctx context.Context, name string) (*Database, error) {
	return s.CreateWith(ctx, name, CreateOptions{})
}

// CreateWith is Create with options.
func (s *Service) CreateWith(ctx context.Context, name string, opts CreateOptions) (_ *Database, err error) {
	span, err := s.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "create", Resource: name})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()

	if err := opts.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(s.newID(), name, record{Region: regionOf(opts), Jurisdiction: opts.Jurisdiction, ReadReplication: opts.ReadReplication})
}

// create makes a database; r has its settings. The caller holds mu.
func (s *Service) create(id, name string, r record) (*Database, error) {
	if s.closed {
		return nil, errors.New("d1: create after close")
	}
	if name == "" {
		return nil, &Error{Code: CodeInvalid, Message: "Invalid property: name => Required"}
	}
	if len(name) > maxNameLength {
		return nil, &Error{Code: CodeInvalid, Message: fmt.Sprintf("Invalid property: name => String must contain at most %d character(s)", maxNameLength)}
	}
	if _, taken := s.byName[name]; taken {
		return nil, &Error{Code: CodeExists, Message: fmt.Sprintf("Database with name: '%s' already exists", name)}
	}
	if len(s.byID) >= maxDatabases {
		return nil, &Error{Code: CodeLimit, Message: "You have reached the maximum number of databases for this account"}
	}
	r.Name, r.File, r.Created = name, fileName(name, id), s.clock.Now().UTC()
	path := filepath.Join(s.dir, r.File)
	if err := s.makeFile(path); err != nil {
		return nil, fmt.Errorf("d1: create %s: %w", name, err)
	}
	if err := s.store.put(id, r); err != nil {
		return nil, errors.Join(fmt.Errorf("d1: create %s: %w", name, err), removeFiles(path))
	}
	return s.add(id, r), nil
}

// makeFile makes the file of a new database. One that is there already is removed only when it is known
// to be a deleted database's.
func (s *Service) makeFile(path string) error {
	if s.store.wasDeleted(filepath.Base(path)) {
		if err := removeFiles(path); err != nil {
			return err
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		if hasBytes(path + suffix) {
			return fmt.Errorf("%s is there already, and of no database: move it away", path+suffix)
		}
	}
	return empty(path, !s.opts.NoSync)
}

// Ensure returns the database that a configuration means by id and name, and creates it when there is
// none: by id when id is a UUID, else by name. A placeholder such as "replace-with-real-id" is no UUID.
// A database that was made for a placeholder takes the real id once the configuration has one.
func (s *Service) Ensure(ctx context.Context, id, name string) (_ *Database, err error) {
	span, err := s.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "ensure", Resource: name})
	if err != nil {
		return nil, err
	}
	defer func() { span.End(err) }()

	id = strings.ToLower(id)
	if name == "" {
		name = id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isUUID(id) {
		if db, ok := s.byName[name]; ok {
			return db, nil
		}
		return s.create(s.newID(), name, record{Assigned: true})
	}
	if db, ok := s.byID[id]; ok {
		return db, nil
	}
	db, taken := s.byName[name]
	if !taken {
		return s.create(id, name, record{})
	}
	if db.rec.Assigned {
		return s.adopt(db, id)
	}
	// Deviation: two configurations may name different D1 databases alike, as two accounts may in
	// production; the second one is then called <name>-<first 8 digits of its id>.
	return s.create(id, name+"-"+id[:8], record{})
}

// adopt gives db the id that its configuration has now. Wires of the old id end. The caller holds mu.
func (s *Service) adopt(db *Database, id string) (*Database, error) {
	r := db.rec
	r.Assigned = false
	if err := s.store.rename(db.ID, id, r); err != nil {
		return nil, fmt.Errorf("d1: adopt %s: %w", r.Name, err)
	}
	if err := db.shut(stateClosed); err != nil {
		return nil, fmt.Errorf("d1: adopt %s: %w", r.Name, err)
	}
	delete(s.byID, db.ID)
	return s.add(id, r), nil
}

// Database returns the database with that id or, when there is none, with that name.
func (s *Service) Database(ctx context.Context, idOrName string) (*Database, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if db, ok := s.byID[strings.ToLower(idOrName)]; ok {
		return db, nil
	}
	if db, ok := s.byName[idOrName]; ok {
		return db, nil
	}
	return nil, errNotFound(idOrName)
}

func (s *Service) byExactID(id string) (*Database, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if db, ok := s.byID[id]; ok {
		return db, nil
	}
	return nil, errNotFound(id)
}

// A Query selects databases, page by page.
type Query struct {
	Name    string // part of the name; empty: all
	Page    int    // from 1
	PerPage int    // 0: 1000
}

// A Page is a part of a list.
type Page struct {
	Databases     []*Database
	Page, PerPage int
	Total         int // databases that the query selects
}

// Databases lists the databases in the order of their creation.
func (s *Service) Databases(ctx context.Context, q Query) (Page, error) {
	if q.Page < 1 {
		q.Page = 1
	}
	if q.PerPage < 1 {
		q.PerPage = 1000
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := slices.DeleteFunc(s.all(), func(db *Database) bool { return !strings.Contains(db.Name, q.Name) })
	p := Page{Page: q.Page, PerPage: q.PerPage, Total: len(found)}
	from := min((q.Page-1)*q.PerPage, len(found))
	p.Databases = found[from:min(from+q.PerPage, len(found))]
	return p, nil
}

// Delete removes the database with that id and its file.
func (s *Service) Delete(ctx context.Context, id string) (err error) {
	db, err := s.Database(ctx, id)
	if err != nil {
		return err
	}
	span, err := s.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "delete", Resource: db.Name})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	s.mu.Lock()
	if s.byID[db.ID] != db {
		s.mu.Unlock()
		return errNotFound(id)
	}
	err = s.store.delete(db.ID, db.rec)
	if err == nil {
		delete(s.byID, db.ID)
		delete(s.byName, db.Name)
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("d1: delete %s: %w", db.Name, err)
	}
	return db.shut(stateDeleted)
}

// Reset empties every database. Ids and names stay, and so do Wires: a request that runs is stopped,
// the next one finds an empty database.
func (s *Service) Reset(ctx context.Context) (err error) {
	span, err := s.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "reset"})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()

	s.mu.RLock()
	databases := s.all()
	s.mu.RUnlock()
	for _, db := range databases {
		if err := db.shut(stateReset); err != nil {
			return fmt.Errorf("d1: reset %s: %w", db.Name, err)
		}
	}
	return nil
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func isUUID(id string) bool { return uuid.MatchString(strings.ToLower(id)) }

func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// fileName returns a file name that a person recognises and every file system takes.
func fileName(name, id string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	return safe + "-" + id + ".sqlite"
}
