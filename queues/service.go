package queues

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
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// Options are what a Service needs of its house. The zero value works.
type Options struct {
	Clock  clock.Clock  // nil: clock.System
	Probe  *probe.Probe // nil: none
	Logger *slog.Logger // nil: discard
	NoSync bool         // do not fsync; for state that nobody keeps
}

// A Service is the queues of one account.
type Service struct {
	store *store
	clock clock.Clock
	probe *probe.Probe
	log   *slog.Logger
	newID func() string

	mu     sync.RWMutex
	queues map[string]*Queue // by name
	closed bool
}

// Open opens the queues kept in dir, made if need be, which must belong to this process alone. Messages
// that a process which died had leased become deliverable again.
func Open(dir string, opts Options) (*Service, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the queues' directory: %w", err)
	}
	st, err := openStore(dir, opts.NoSync)
	if err != nil {
		return nil, err
	}
	s := &Service{
		store:  st,
		clock:  clock.Or(opts.Clock),
		probe:  opts.Probe,
		log:    opts.Logger,
		newID:  randomID,
		queues: map[string]*Queue{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	records, err := st.queues()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open queues: %w", err), st.close())
	}
	for _, r := range records {
		s.queues[r.Name] = newQueue(s, r)
	}
	return s, nil
}

func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// validName reports whether a name is what Cloudflare's dashboard and wrangler let one create, by its characters.
func validName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// Create makes an empty queue.
func (s *Service) Create(_ context.Context, name string) (*Queue, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[name] != nil {
		return nil, &Error{
			Code:    CodeNameTaken,
			Message: fmt.Sprintf("Queue name '%s' is already taken. Please use a different name and try again.", name),
		}
	}
	return s.create(name)
}

func (s *Service) create(name string) (*Queue, error) {
	if s.closed {
		return nil, ErrClosed
	}
	if !validName(name) {
		return nil, &Error{Code: CodeInvalidName, Message: fmt.Sprintf(
			"invalid queue name %q: it must have 1 to 63 letters, digits, dashes or underscores", name)}
	}
	if len(s.queues) >= maxQueues {
		return nil, &Error{Code: CodeInvalidName, Message: fmt.Sprintf("an account can have %d queues at most", maxQueues)}
	}
	r := record{ID: s.newID(), Name: name, Created: s.clock.Now().UTC()}
	if err := s.store.create(r); err != nil {
		return nil, fmt.Errorf("create queue %s: %w", name, err)
	}
	q := newQueue(s, r)
	s.queues[name] = q
	return q, nil
}

// Ensure returns the queue of that name, and creates it first where there is none.
func (s *Service) Ensure(ctx context.Context, name string) (*Queue, error) {
	if q, err := s.Get(ctx, name); err == nil {
		return q, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.queues[name]; q != nil {
		return q, nil
	}
	return s.create(name)
}

// Get returns the queue with that name or id.
func (s *Service) Get(_ context.Context, nameOrID string) (*Queue, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.queues[nameOrID]; q != nil {
		return q, nil
	}
	for _, q := range s.queues {
		if q.ID == nameOrID {
			return q, nil
		}
	}
	return nil, notFound()
}

// List returns all queues by name.
func (s *Service) List(context.Context) ([]*Queue, error) {
	return s.list(), nil
}

func (s *Service) list() []*Queue {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*Queue, 0, len(s.queues))
	for _, q := range s.queues {
		all = append(all, q)
	}
	slices.SortFunc(all, func(a, b *Queue) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Delete removes a queue and its messages. A consumer that is attached is told to end; Delete does
// not wait for it.
func (s *Service) Delete(_ context.Context, nameOrID string) error {
	q, err := s.Get(context.Background(), nameOrID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues[q.Name] != q {
		return notFound()
	}
	if err := s.store.delete(q.ID); err != nil {
		return fmt.Errorf("delete queue %s: %w", q.Name, err)
	}
	delete(s.queues, q.Name)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broker != nil {
		q.broker.end()
	}
	return nil
}

// Reset empties all queues; the queues and their consumers stay. No delivery begins while it runs.
// It waits for those that are under way, so that none of their effects comes after it; when ctx
// ends first it empties the queues all the same, and says which delivery is still running.
func (s *Service) Reset(ctx context.Context) error {
	all := s.list()
	var late error
	for _, q := range all {
		q.pause()
		defer q.resume()
	}
	for _, q := range all {
		late = errors.Join(late, q.awaitIdle(ctx))
	}
	err := s.store.write(func(tx *bolt.Tx) error {
		root := tx.Bucket(rootBucket)
		return root.ForEachBucket(func(id []byte) error { return empty(root.Bucket(id)) })
	})
	if err != nil {
		return fmt.Errorf("empty queues: %w", err)
	}
	return late
}

// Close ends all consumers and closes the store. It does not wait for deliveries that are under
// way: those who want them settled stop their consumers first. Unsettled messages come again
// after the next Open.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	for _, q := range s.list() {
		q.mu.Lock()
		b := q.broker
		q.mu.Unlock()
		if b != nil {
			b.end()
			<-b.ended
			b.cancel(ErrClosed)
		}
	}
	return s.store.close()
}

// timestamp is a time as messages carry it: whole milliseconds, as a JavaScript Date has.
func timestamp(t time.Time) int64 { return t.UnixMilli() }
