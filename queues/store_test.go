package queues

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/testkit"
)

// commits counts the transactions that were written since it was made.
func commits(st *store) func() int64 {
	id := func() (n int64) {
		_ = st.read(func(tx *bolt.Tx) error { n = int64(tx.ID()); return nil })
		return n
	}
	before := id()
	return func() int64 { return id() - before }
}

func TestSendersShareACommit(t *testing.T) {
	const senders = 50
	s := openTest(t, Options{Clock: frozen()})
	q := ensure(t, s, "q")
	made := commits(s.store)

	// While one transaction is held open, all senders queue up behind it.
	held, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.store.write(func(*bolt.Tx) error { once.Do(func() { close(held); <-leave }); return nil }); err != nil {
			t.Error(err)
		}
	})
	<-held
	for i := range senders {
		wg.Go(func() {
			if err := q.Send(context.Background(), []Outgoing{text(fmt.Sprint(i), 0)}); err != nil {
				t.Error(err)
			}
		})
	}
	awaitPending(t, s.store, senders)
	close(leave)
	wg.Wait()
	if n := made(); n != 2 {
		t.Errorf("%d commits, want 2: the held one and one for all senders", n)
	}
	if n := queueMetrics(t, q).Count; n != senders {
		t.Errorf("%d messages, want %d", n, senders)
	}
}

func TestOneRefusedWriteDoesNotSpoilItsGroup(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	q := ensure(t, s, "q")
	held, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = s.store.write(func(*bolt.Tx) error { once.Do(func() { close(held); <-leave }); return nil })
	})
	<-held
	boom := errors.New("boom")
	results := make([]error, 9)
	for i := range results {
		wg.Go(func() {
			results[i] = q.write(func(b *bolt.Bucket) error {
				now := s.clock.Now()
				m := meta{ID: fmt.Sprint(i), Due: now.UnixNano(), Size: 1}
				if err := enqueue(b, now, m, []byte("x")); err != nil {
					return err
				}
				if i%3 == 0 {
					return boom // after it has written
				}
				return nil
			})
		})
	}
	awaitPending(t, s.store, len(results))
	close(leave)
	wg.Wait()
	for i, err := range results {
		if (i%3 == 0) != errors.Is(err, boom) || i%3 != 0 && err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n := queueMetrics(t, q).Count; n != 6 {
		t.Errorf("%d messages, want the 6 that were accepted", n)
	}
}

func awaitPending(t *testing.T, st *store, n int) {
	t.Helper()
	testkit.Wait(t, func() error {
		st.mu.Lock()
		defer st.mu.Unlock()
		if got := len(st.pending); got != n {
			return fmt.Errorf("%d writes wait, want %d", got, n)
		}
		return nil
	})
}

func TestKeysSortAsTimes(t *testing.T) {
	times := []time.Time{
		time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), // a user may set the clock anywhere
		time.Unix(0, -1), time.Unix(0, 0), time.Unix(0, 1),
		time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i, at := range times {
		k := appendTime(nil, at.UnixNano())
		if keyTime(k) != at.UnixNano() {
			t.Errorf("%v comes back as %d", at, keyTime(k))
		}
		if i > 0 && string(appendTime(nil, times[i-1].UnixNano())) >= string(k) {
			t.Errorf("%v does not sort after %v", at, times[i-1])
		}
	}
}
