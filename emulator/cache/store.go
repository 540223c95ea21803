// Package cache is the store behind the Cache API, caches.default and caches.open(name): one for all
// versions of a Worker. Its face is the wire on which workerd speaks to Cloudflare's cache (wire.go).
//
// It is ephemeral, as the cache of a data centre is. Small bodies lie in memory and others in files of
// a folder that is emptied when the store opens, resets and closes; nothing is fsynced. What was used
// longest ago makes room for what is new. How long a response stays is decided by its headers, on the
// emulator's clock (freshness.go).
//
// One mutex guards the index; bodies are read and written outside of it. A body that is being read
// stays whole when its entry goes.
package cache

import (
	"bytes"
	"container/list"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

const (
	// maxEntryBytes is the largest body that is cached.
	// Receipt: https://developers.cloudflare.com/workers/platform/limits/#cache-api-limits
	maxEntryBytes = 512 << 20
	// inMemory is the largest body that is kept in memory.
	inMemory = 16 << 10
	// memoryBudget and defaultBudget bound what all entries take, in memory and in all.
	memoryBudget  = 32 << 20
	defaultBudget = 1 << 30
)

// Options configure a Store.
type Options struct {
	Clock    clock.Clock  // nil: clock.System
	Probe    *probe.Probe // nil: none
	MaxBytes int64        // what all bodies may take; zero: 1 GiB
}

// A Store holds cached responses by namespace and URL. All methods may be called at the same time.
type Store struct {
	dir   string
	clock clock.Clock
	probe *probe.Probe
	limit int64

	mu     sync.Mutex
	byKey  map[string]*list.Element
	recent *list.List // of *entry, the last used first
	total  int64
	memory int64
}

// An entry is one cached response. It does not change.
type entry struct {
	key     string
	status  int
	reason  string
	header  http.Header
	stored  time.Time
	expires time.Time
	size    int64
	head    int64  // what the header takes
	data    []byte // the body when it is small
	file    string // else the file that holds it
}

// Open returns an empty store that keeps large bodies in dir. What dir holds is deleted; it is made
// when it is first needed.
func Open(dir string, opts Options) (*Store, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("empty the cache: %w", err)
	}
	s := &Store{dir: dir, clock: clock.Or(opts.Clock), probe: opts.Probe, limit: opts.MaxBytes,
		byKey: map[string]*list.Element{}, recent: list.New()}
	if s.limit <= 0 {
		s.limit = defaultBudget
	}
	return s, nil
}

// Reset forgets everything.
func (s *Store) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.byKey {
		s.drop(e)
	}
}

// Close forgets everything and removes the folder.
func (s *Store) Close() error {
	s.Reset()
	return os.RemoveAll(s.dir)
}

// find returns the fresh entry of that key.
func (s *Store) find(key string) (*entry, bool) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	el, ok := s.byKey[key]
	if !ok {
		return nil, false
	}
	e := el.Value.(*entry)
	if !now.Before(e.expires) {
		s.drop(el)
		return nil, false
	}
	s.recent.MoveToFront(el)
	return e, true
}

// add takes e in, in the place of an older one, and drops what no longer fits.
func (s *Store) add(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.byKey[e.key]; ok {
		s.drop(old)
	}
	s.byKey[e.key] = s.recent.PushFront(e)
	s.total += e.size
	s.memory += e.head + int64(len(e.data))
	for s.total > s.limit || s.memory > memoryBudget {
		s.drop(s.recent.Back())
	}
}

// remove drops the entry of that key and reports whether there was one.
func (s *Store) remove(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	el, ok := s.byKey[key]
	if ok {
		fresh := s.clock.Now().Before(el.Value.(*entry).expires)
		s.drop(el)
		return fresh
	}
	return false
}

func (s *Store) drop(el *list.Element) {
	e := s.recent.Remove(el).(*entry)
	delete(s.byKey, e.key)
	s.total -= e.size
	s.memory -= e.head + int64(len(e.data))
	e.discard()
}

// discard deletes the body's file.
func (e *entry) discard() {
	if e.file != "" {
		_ = os.Remove(e.file) // it stays in the folder at worst, until that is emptied
	}
}

// open returns the body.
func (e *entry) open() (readSeekCloser, error) {
	if e.file == "" {
		return struct {
			io.ReadSeeker
			io.Closer
		}{bytes.NewReader(e.data), io.NopCloser(nil)}, nil
	}
	return os.Open(e.file)
}

type readSeekCloser interface {
	io.ReadSeeker
	io.Closer
}

var errTooLarge = errors.New("the body is too large to be cached")

// spool reads a body into memory, or into a file when it is large.
func (s *Store) spool(e *entry, body io.Reader) (err error) {
	limit := min(s.limit, maxEntryBytes)
	var small bytes.Buffer
	e.size, err = small.ReadFrom(io.LimitReader(body, inMemory+1))
	if err != nil || e.size <= inMemory {
		e.data = small.Bytes()
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, "body-")
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	e.file = f.Name()
	e.size, err = io.Copy(f, io.MultiReader(&small, io.LimitReader(body, limit+1-e.size)))
	if err == nil && e.size > limit {
		err = errTooLarge
	}
	return err
}
