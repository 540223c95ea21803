package kv

import (
	"log/slog"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	bolt "go.etcd.io/bbolt"
)

const (
	sweepKeys  = 1000             // removed in one commit, so that writers never wait long
	sweepBytes = 16 << 20         // of their values, but for the last one's
	sweepPause = 10 * time.Second // keys that expire close together share a commit
)

// A sweeper removes expired keys. It has one timer, armed for the first expiration; what it does runs
// in that timer's goroutine, and stop waits for it.
type sweeper struct {
	store *store
	clock clock.Clock
	log   *slog.Logger

	mu      sync.Mutex
	timer   clock.Timer // nil: not armed
	at      int64       // Unix seconds that timer is armed for
	stopped bool
	running sync.WaitGroup
}

func newSweeper(st *store, c clock.Clock, log *slog.Logger) *sweeper {
	return &sweeper{store: st, clock: c, log: log}
}

// expect makes sure that a sweep comes once expires, in Unix seconds, has passed; 0 expects nothing.
func (s *sweeper) expect(expires int64) {
	if expires == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || (s.timer != nil && s.at <= expires) {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.at = expires
	wait := max(time.Unix(expires, 0).Sub(s.clock.Now()), 0) + sweepPause
	s.timer = s.clock.AfterFunc(wait, s.run)
}

func (s *sweeper) run() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	s.timer = nil
	s.running.Add(1)
	s.mu.Unlock()
	defer s.running.Done()

	next, err := s.sweep()
	if err != nil {
		s.log.Error("remove expired keys", "err", err)
		s.expect(s.clock.Now().Unix()) // again, after a pause
		return
	}
	s.expect(next)
}

// sweep removes everything that has expired by now and returns when the next key expires.
func (s *sweeper) sweep() (next int64, err error) {
	for {
		now := s.clock.Now()
		err := s.store.commit.Do(func(tx *bolt.Tx) (err error) {
			next, err = sweep(tx, now, sweepBudget{sweepKeys, sweepBytes})
			return err
		})
		due := record{expires: next}
		if err != nil || !due.expired(now) || s.isStopped() {
			return next, err
		}
	}
}

func (s *sweeper) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// stop ends sweeping and waits for a sweep that is under way.
func (s *sweeper) stop() {
	s.mu.Lock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.running.Wait()
}
