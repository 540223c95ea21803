package emulator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// drainTimeout bounds how long an old version of a Worker may take to finish.
const drainTimeout = 10 * time.Second

// A slot holds the live version of a Worker. Events take the version that is live when they begin
// and keep it to their end; a swap lets the old version finish and closes it.
type slot struct {
	mu      sync.Mutex
	live    *version
	failed  error         // why there is no live version, or why the newest change did not become it
	ready   chan struct{} // closed when no reload is under way
	loading int
	over    bool // no reload will come any more
	drains  sync.WaitGroup
}

type version struct {
	worker.Worker
	number int
	users  sync.WaitGroup
}

func newSlot() *slot {
	s := &slot{ready: make(chan struct{})}
	close(s.ready)
	return s
}

// take waits for a reload under way and returns the live version with the func that gives it back.
// The error says why there is none.
func (s *slot) take(ctx context.Context) (*version, func(), error) {
	for {
		s.mu.Lock()
		ready := s.ready
		select {
		case <-ready:
			v, failed := s.live, s.failed
			if v != nil {
				v.users.Add(1)
			}
			s.mu.Unlock()
			if v == nil {
				if failed == nil {
					failed = fmt.Errorf("no Worker is loaded")
				}
				return nil, nil, failed
			}
			return v, v.users.Done, nil
		default:
		}
		s.mu.Unlock()
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
	}
}

// begin makes new events wait: a change has been seen, and the next request shall run the new code.
// It owes an end.
func (s *slot) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	if s.loading++; s.loading == 1 {
		s.ready = make(chan struct{})
	}
}

// end lets waiting events go on, with whatever is live by then.
func (s *slot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loading == 0 {
		return // abandoned
	}
	if s.loading--; s.loading == 0 {
		close(s.ready)
	}
}

// abandon lets all waiting events go on: no reload will come any more.
func (s *slot) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loading > 0 {
		close(s.ready)
	}
	s.loading, s.over = 0, true
}

// swap makes w live and drains the version before it.
func (s *slot) swap(w worker.Worker) {
	s.mu.Lock()
	old := s.live
	n := 1
	if old != nil {
		n = old.number + 1
	}
	s.live, s.failed = &version{Worker: w, number: n}, nil
	s.mu.Unlock()
	if old != nil {
		s.drains.Add(1)
		go func() {
			defer s.drains.Done()
			ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
			defer cancel()
			old.drain(ctx)
		}()
	}
}

// fail records why the newest change did not become live. The version before it keeps serving.
func (s *slot) fail(err error) {
	s.mu.Lock()
	s.failed = err
	s.mu.Unlock()
}

// failure returns why the newest change is not live, or nil.
func (s *slot) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// drain waits for the version's events and frees it. Past ctx it is freed all the same.
func (v *version) drain(ctx context.Context) {
	idle := make(chan struct{})
	go func() {
		v.users.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	// An error here is of code that would not end; the version is gone either way.
	_ = v.Close(ctx)
}

// close drains the live version and waits for those before it.
func (s *slot) close(ctx context.Context) error {
	s.mu.Lock()
	v := s.live
	s.live, s.failed = nil, fmt.Errorf("cfemu is stopping")
	s.mu.Unlock()
	if v != nil {
		v.drain(ctx)
	}
	s.drains.Wait()
	return nil
}

// idle reports whether no version has ever been live.
func (s *slot) idle() bool { return s.number() == 0 }

// number counts the versions that have been live.
func (s *slot) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live == nil {
		return 0
	}
	return s.live.number
}
