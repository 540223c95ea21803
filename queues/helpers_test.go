package queues

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
)

// frozen returns a clock that stands still until it is moved.
func frozen() *clock.Movable {
	c := clock.NewMovable()
	c.Freeze()
	c.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return c
}

// openTest opens a Service in a folder of its own. When the test ends, what is on disk must be
// consistent.
func openTest(t *testing.T, opts Options) *Service {
	t.Helper()
	return openIn(t, t.TempDir(), opts)
}

type failer interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
	Cleanup(func())
}

func openIn(t failer, dir string, opts Options) *Service {
	t.Helper()
	opts.NoSync = true
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.store.isClosed() {
			return
		}
		if err := verify(s.store); err != nil {
			t.Errorf("inconsistent store: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// verify checks that the buckets of every queue tell the same story.
func verify(st *store) error {
	return st.read(func(tx *bolt.Tx) error {
		root := tx.Bucket(rootBucket)
		return root.ForEachBucket(func(id []byte) error {
			b := root.Bucket(id)
			var want stat
			bodies := 0
			err := b.Bucket(waitBucket).ForEach(func(k, v []byte) error {
				var m meta
				if err := json.Unmarshal(v, &m); err != nil {
					return err
				}
				want.Count++
				want.Bytes += int64(m.Size)
				bodies++
				if b.Bucket(dueBucket).Get(dueKey(m.Due, k)) == nil {
					return fmt.Errorf("message %s waits but is not in the index", m.ID)
				}
				if len(b.Bucket(bodyBucket).Get(k)) != m.Size {
					return fmt.Errorf("message %s has another body", m.ID)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if n := b.Bucket(dueBucket).Stats().KeyN; int64(n) != want.Count {
				return fmt.Errorf("index has %d entries for %d messages", n, want.Count)
			}
			want.Leased = int64(b.Bucket(leaseBucket).Stats().KeyN)
			bodies += int(want.Leased)
			if n := b.Bucket(bodyBucket).Stats().KeyN; n != bodies {
				return fmt.Errorf("%d bodies for %d messages", n, bodies)
			}
			got, err := readStat(b)
			if err == nil && got != want {
				err = fmt.Errorf("stat is %+v, the messages give %+v", got, want)
			}
			return err
		})
	})
}

// consumerFunc is a Consumer made of one function.
type consumerFunc func(context.Context, Batch) (Outcome, error)

func (f consumerFunc) Consume(ctx context.Context, b Batch) (Outcome, error) { return f(ctx, b) }

// A recorder is a Consumer that remembers what came and does as it is told.
type recorder struct {
	mu      sync.Mutex
	batches []Batch
	do      func(Batch) (Outcome, error)
}

func (r *recorder) Consume(_ context.Context, b Batch) (Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, b)
	if r.do == nil {
		return Outcome{}, nil
	}
	return r.do(b)
}

// bodies returns the bodies of all batches so far, batch by batch.
func (r *recorder) bodies() [][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all [][]string
	for _, b := range r.batches {
		var one []string
		for _, m := range b.Messages {
			one = append(one, string(m.Body))
		}
		all = append(all, one)
	}
	return all
}

func (r *recorder) count() (n int) {
	for _, b := range r.bodies() {
		n += len(b)
	}
	return n
}

func retryEach(delay *time.Duration) func(Batch) (Outcome, error) {
	return func(b Batch) (out Outcome, err error) {
		for _, m := range b.Messages {
			out.Retries = append(out.Retries, Retry{ID: m.ID, Delay: delay})
		}
		return out, nil
	}
}

func attach(t failer, s *Service, queue string, p Policy, c Consumer) (stop func()) {
	t.Helper()
	end, err := s.Attach(queue, p, c)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := end(context.Background()); err != nil {
			t.Errorf("stop consumer of %s: %v", queue, err)
		}
	}
}

func ensure(t failer, s *Service, name string) *Queue {
	t.Helper()
	q, err := s.Ensure(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func text(body string, delay time.Duration) Outgoing {
	return Outgoing{Body: []byte(body), ContentType: "text", Delay: delay}
}

func send(t failer, q *Queue, msgs ...Outgoing) {
	t.Helper()
	if err := q.Send(context.Background(), msgs); err != nil {
		t.Fatal(err)
	}
}

func drainAll(t failer, s *Service, queue string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Drain(ctx, queue); err != nil {
		t.Fatal(err)
	}
}

func queueMetrics(t failer, q *Queue) Metrics {
	t.Helper()
	m, err := q.Metrics(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}
