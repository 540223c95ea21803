package queues

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

func TestBatchLeavesWhen(t *testing.T) {
	policy := Policy{MaxBatchSize: 3, MaxBatchTimeout: 5 * time.Second, MaxRetries: 3, MaxConcurrency: 1}
	for name, tt := range map[string]struct {
		send    []time.Duration // delays
		advance time.Duration
		want    [][]string
	}{
		"it is full, at once":                          {[]time.Duration{0, 0, 0}, 0, [][]string{{"0", "1", "2"}}},
		"its first message has waited long enough":     {[]time.Duration{0, 0}, 5 * time.Second, [][]string{{"0", "1"}}},
		"a delayed message fills it":                   {[]time.Duration{0, 0, 2 * time.Second}, 2 * time.Second, [][]string{{"0", "1", "2"}}},
		"a delay has ended and the wait after it":      {[]time.Duration{time.Hour}, time.Hour + 5*time.Second, [][]string{{"0"}}},
		"several are full":                             {make([]time.Duration, 6), 0, [][]string{{"0", "1", "2"}, {"3", "4", "5"}}},
		"the longest delay has ended, a day after all": {[]time.Duration{maxDelay}, maxDelay + 5*time.Second, [][]string{{"0"}}},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.NoLeaks(t)
			c := frozen()
			s := openTest(t, Options{Clock: c})
			r := &recorder{}
			stop := attach(t, s, "q", policy, r)
			q := ensure(t, s, "q")
			var msgs []Outgoing
			for i, d := range tt.send {
				msgs = append(msgs, text(fmt.Sprint(i), d))
			}
			send(t, q, msgs...)
			if tt.advance > 0 {
				c.Advance(tt.advance - 1)
				settle(t, s)
				if got := r.count(); got != 0 {
					t.Fatalf("%d messages came a nanosecond early", got)
				}
				c.Advance(1)
			}
			testkit.Wait(t, func() error {
				if got := r.bodies(); !reflect.DeepEqual(got, tt.want) {
					return fmt.Errorf("batches %v, want %v", got, tt.want)
				}
				return nil
			})
			stop()
		})
	}
}

func settle(t *testing.T, s *Service) {
	t.Helper()
	for _, q := range s.list() {
		q.mu.Lock()
		b := q.broker
		q.mu.Unlock()
		for range 2 {
			b.nudge()
			testkit.Wait(t, func() error {
				if len(b.wake) > 0 {
					return errors.New("broker has not looked")
				}
				return nil
			})
		}
	}
}

func TestDrain(t *testing.T) {
	t.Run("does not wait for a batch to fill", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		r := &recorder{}
		defer attach(t, s, "q", DefaultPolicy(), r)()
		send(t, ensure(t, s, "q"), text("a", 0))
		drainAll(t, s, "q")
		if r.count() != 1 {
			t.Errorf("%d deliveries, want 1", r.count())
		}
	})
	t.Run("leaves what is not due", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		r := &recorder{}
		defer attach(t, s, "q", DefaultPolicy(), r)()
		send(t, ensure(t, s, "q"), text("later", time.Second))
		drainAll(t, s, "q")
		if r.count() != 0 {
			t.Errorf("%d deliveries, want none", r.count())
		}
	})
	t.Run("sees retries through to the dead letter queue", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		p := DefaultPolicy()
		p.DeadLetterQueue = "dead"
		r := &recorder{do: retryEach(nil)}
		defer attach(t, s, "q", p, r)()
		send(t, ensure(t, s, "q"), text("a", 0), text("b", 0))
		drainAll(t, s, "q")
		if got := queueMetrics(t, ensure(t, s, "dead")).Count; got != 2 || r.count() != 8 {
			t.Errorf("%d dead letters after %d deliveries, want 2 after 8", got, r.count())
		}
	})
	t.Run("waits for what is in flight", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		entered, leave := make(chan struct{}), make(chan struct{})
		var done atomic.Bool
		p := DefaultPolicy()
		p.MaxBatchSize = 1
		defer attach(t, s, "q", p, consumerFunc(func(context.Context, Batch) (Outcome, error) {
			close(entered)
			<-leave
			done.Store(true)
			return Outcome{}, nil
		}))()
		send(t, ensure(t, s, "q"), text("a", 0))
		<-entered
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("enough"))
		if err := s.Drain(ctx, "q"); err == nil || !strings.Contains(err.Error(), "enough") {
			t.Errorf("Drain of a busy queue = %v, want its context's cause", err)
		}
		close(leave)
		drainAll(t, s, "q")
		if !done.Load() {
			t.Error("returned while a delivery was running")
		}
	})
	t.Run("of a queue without a consumer fails when something is due", func(t *testing.T) {
		c := frozen()
		s := openTest(t, Options{Clock: c})
		send(t, ensure(t, s, "q"), text("a", time.Hour))
		drainAll(t, s, "q")
		c.Advance(time.Hour)
		if err := s.Drain(t.Context(), "q"); !errors.Is(err, ErrNoConsumer) {
			t.Errorf("got %v, want %v", err, ErrNoConsumer)
		}
	})
	t.Run("of an unknown queue fails", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		var e *Error
		if err := s.Drain(t.Context(), "nope"); !errors.As(err, &e) || e.Code != CodeQueueNotFound {
			t.Errorf("got %v, want code %d", err, CodeQueueNotFound)
		}
	})
	t.Run("fails when the consumer is stopped", func(t *testing.T) {
		testkit.NoLeaks(t)
		s := openTest(t, Options{Clock: frozen()})
		entered, leave := make(chan struct{}), make(chan struct{})
		p := DefaultPolicy()
		p.MaxBatchSize = 1
		stop := attach(t, s, "q", p, consumerFunc(func(context.Context, Batch) (Outcome, error) {
			close(entered)
			<-leave
			return Outcome{}, nil
		}))
		send(t, ensure(t, s, "q"), text("a", 0))
		<-entered
		drained := make(chan error, 1)
		go func() { drained <- s.Drain(context.Background(), "q") }()
		q := ensure(t, s, "q")
		testkit.Wait(t, func() error {
			q.mu.Lock()
			defer q.mu.Unlock()
			if len(q.drains) == 0 {
				return errors.New("drain has not begun")
			}
			return nil
		})
		go func() {
			<-q.brokerEnded()
			close(leave)
		}()
		stop()
		if err := <-drained; err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("got %v, want it to say that the consumer was stopped", err)
		}
	})
}

func (q *Queue) brokerEnded() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broker == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return q.broker.ended
}

func TestAttachRefuses(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	defer attach(t, s, "taken", DefaultPolicy(), &recorder{})()
	for name, tt := range map[string]struct {
		queue string
		edit  func(*Policy)
		text  string
	}{
		"a second consumer":             {"taken", func(*Policy) {}, "workers.api.error.consumer_exists"},
		"a batch of none":               {"q", func(p *Policy) { p.MaxBatchSize = 0 }, "max_batch_size is 0"},
		"a batch of more than 100":      {"q", func(p *Policy) { p.MaxBatchSize = 101 }, "max_batch_size is 101"},
		"a wait of more than a minute":  {"q", func(p *Policy) { p.MaxBatchTimeout = 61 * time.Second }, "max_batch_timeout"},
		"more than a hundred retries":   {"q", func(p *Policy) { p.MaxRetries = 101 }, "max_retries is 101"},
		"a retry delay beyond a day":    {"q", func(p *Policy) { p.RetryDelay = 25 * time.Hour }, "retry_delay"},
		"more than 250 at once":         {"q", func(p *Policy) { p.MaxConcurrency = 251 }, "max_concurrency is 251"},
		"a queue that buries in itself": {"q", func(p *Policy) { p.DeadLetterQueue = "q" }, "dead_letter_queue"},
	} {
		t.Run(name, func(t *testing.T) {
			p := DefaultPolicy()
			tt.edit(&p)
			_, err := s.Attach(tt.queue, p, &recorder{})
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Message, tt.text) {
				t.Errorf("got %v, want an error about %s", err, tt.text)
			}
		})
	}
}

func TestStop(t *testing.T) {
	t.Run("waits for the delivery, and leaves the rest for the next consumer", func(t *testing.T) {
		testkit.NoLeaks(t)
		s := openTest(t, Options{Clock: frozen()})
		q := ensure(t, s, "q")
		entered, leave := make(chan struct{}), make(chan struct{})
		p := DefaultPolicy()
		p.MaxBatchSize, p.MaxConcurrency = 1, 1
		stop := attach(t, s, "q", p, consumerFunc(func(context.Context, Batch) (Outcome, error) {
			close(entered)
			<-leave
			return Outcome{}, nil
		}))
		send(t, q, text("a", 0), text("b", 0))
		<-entered
		ended := q.brokerEnded()
		go func() { <-ended; close(leave) }()
		stop()
		if m := queueMetrics(t, q); m.Count != 1 || m.InFlight != 0 {
			t.Fatalf("after stop: %+v, want one message waiting", m)
		}
		r := &recorder{}
		defer attach(t, s, "q", p, r)()
		drainAll(t, s, "q")
		if got, want := r.bodies(), [][]string{{"b"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("next consumer got %v, want %v", got, want)
		}
	})
	t.Run("ends a delivery that takes too long, whose messages come again", func(t *testing.T) {
		testkit.NoLeaks(t)
		s := openTest(t, Options{Clock: frozen()})
		q := ensure(t, s, "q")
		entered := make(chan struct{})
		p := DefaultPolicy()
		p.MaxBatchSize = 1
		end, err := s.Attach("q", p, consumerFunc(func(ctx context.Context, _ Batch) (Outcome, error) {
			close(entered)
			<-ctx.Done()
			return Outcome{}, context.Cause(ctx)
		}))
		if err != nil {
			t.Fatal(err)
		}
		send(t, q, text("a", 0))
		<-entered
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("no time"))
		if err := end(ctx); err == nil || !strings.Contains(err.Error(), "no time") {
			t.Errorf("stop = %v, want its context's cause", err)
		}
		if err := end(t.Context()); err != nil {
			t.Errorf("second stop = %v", err)
		}
		r := &recorder{}
		defer attach(t, s, "q", p, r)()
		drainAll(t, s, "q")
		if r.count() != 1 || r.batches[0].Messages[0].Attempts != 2 {
			t.Errorf("then got %+v, want the message at attempt 2", r.batches)
		}
	})
}

func TestConcurrency(t *testing.T) {
	for name, tt := range map[string]struct{ limit, want int }{
		"one at a time":        {1, 1},
		"as many as allowed":   {3, 3},
		"a few when unlimited": {0, autoConcurrency},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.NoLeaks(t)
			s := openTest(t, Options{Clock: frozen()})
			p := DefaultPolicy()
			p.MaxBatchSize, p.MaxConcurrency = 1, tt.limit
			var running, most atomic.Int64
			gate := make(chan struct{})
			stop := attach(t, s, "q", p, consumerFunc(func(context.Context, Batch) (Outcome, error) {
				n := running.Add(1)
				defer running.Add(-1)
				for {
					seen := most.Load()
					if n <= seen || most.CompareAndSwap(seen, n) {
						break
					}
				}
				<-gate
				return Outcome{}, nil
			}))
			q := ensure(t, s, "q")
			for range 20 {
				send(t, q, text("x", 0))
			}
			testkit.Wait(t, func() error {
				if n := running.Load(); n != int64(tt.want) {
					return fmt.Errorf("%d running, want %d", n, tt.want)
				}
				return nil
			})
			settle(t, s)
			close(gate)
			drainAll(t, s, "q")
			stop()
			if most.Load() != int64(tt.want) {
				t.Errorf("%d ran at once, want %d", most.Load(), tt.want)
			}
		})
	}
}

func TestReset(t *testing.T) {
	t.Run("empties waiting, delayed and dead messages, and keeps the consumers", func(t *testing.T) {
		c := frozen()
		s := openTest(t, Options{Clock: c})
		q, other := ensure(t, s, "q"), ensure(t, s, "other")
		r := &recorder{}
		defer attach(t, s, "q", DefaultPolicy(), r)()
		send(t, q, text("a", time.Hour))
		send(t, other, text("b", 0))
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, q := range []*Queue{q, other} {
			if m := queueMetrics(t, q); m != (Metrics{}) {
				t.Errorf("%s after Reset: %+v", q.Name, m)
			}
		}
		c.Advance(2 * time.Hour)
		send(t, q, text("new", 0))
		drainAll(t, s, "q")
		if got, want := r.bodies(), [][]string{{"new"}}; !reflect.DeepEqual(got, want) {
			t.Errorf("delivered %v, want %v", got, want)
		}
	})
	t.Run("waits for a delivery, and its retry stays gone", func(t *testing.T) {
		testkit.NoLeaks(t)
		s := openTest(t, Options{Clock: frozen()})
		q := ensure(t, s, "q")
		entered, leave := make(chan struct{}), make(chan struct{})
		var deliveries atomic.Int64
		p := DefaultPolicy()
		p.MaxBatchSize = 1
		defer attach(t, s, "q", p, consumerFunc(func(_ context.Context, b Batch) (Outcome, error) {
			deliveries.Add(1)
			close(entered)
			<-leave
			return retryEach(nil)(b)
		}))()
		send(t, q, text("a", 0))
		<-entered
		reset := make(chan error, 1)
		go func() { reset <- s.Reset(context.Background()) }()
		testkit.Wait(t, func() error {
			q.mu.Lock()
			defer q.mu.Unlock()
			if len(q.idle) == 0 {
				return errors.New("reset does not wait yet")
			}
			return nil
		})
		close(leave)
		if err := <-reset; err != nil {
			t.Fatal(err)
		}
		drainAll(t, s, "q")
		if n := deliveries.Load(); n != 1 {
			t.Errorf("%d deliveries, want 1: nothing comes back after Reset", n)
		}
	})
	t.Run("that cannot wait empties all the same, and a late outcome changes nothing", func(t *testing.T) {
		testkit.NoLeaks(t)
		c := frozen()
		s := openTest(t, Options{Clock: c})
		q := ensure(t, s, "q")
		entered, leave := make(chan struct{}), make(chan struct{})
		p := DefaultPolicy()
		p.MaxBatchSize = 1
		p.MaxConcurrency = 1
		stop := attach(t, s, "q", p, consumerFunc(func(_ context.Context, b Batch) (Outcome, error) {
			if string(b.Messages[0].Body) == "old" {
				close(entered)
				<-leave
			}
			return retryEach(nil)(b)
		}))
		send(t, q, text("old", 0))
		<-entered
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("no time"))
		if err := s.Reset(ctx); err == nil || !strings.Contains(err.Error(), "queue q: delivery still running: no time") {
			t.Errorf("Reset = %v, want it to name the queue", err)
		}
		send(t, q, text("new", time.Hour))
		close(leave)
		drainAll(t, s, "q")
		stop()
		all, err := q.Messages(t.Context(), 10)
		if err != nil || len(all) != 1 || string(all[0].Body) != "new" || all[0].Attempts != 0 {
			t.Errorf("in the queue: %+v, %v; want the new message untouched", all, err)
		}
	})
}

func TestDeadLetterReachesItsConsumerByItself(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	one := DefaultPolicy()
	one.MaxBatchSize = 1
	grave := &recorder{}
	defer attach(t, s, "dead", one, grave)()
	p := one
	p.MaxRetries, p.DeadLetterQueue = 0, "dead"
	defer attach(t, s, "q", p, &recorder{do: retryEach(nil)})()
	for n := range 20 { // one alone might meet a broker that is just looking anyway
		send(t, ensure(t, s, "q"), text("a", 0))
		testkit.Wait(t, func() error {
			if grave.count() != n+1 {
				return fmt.Errorf("dead letter %d was not delivered", n)
			}
			return nil
		})
	}
}

func TestDeadLetterQueueThatWasDeletedIsMadeAnew(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	p := DefaultPolicy()
	p.MaxRetries, p.DeadLetterQueue = 0, "dead"
	defer attach(t, s, "q", p, &recorder{do: retryEach(nil)})()
	if err := s.Delete(t.Context(), "dead"); err != nil {
		t.Fatal(err)
	}
	send(t, ensure(t, s, "q"), text("a", 0))
	drainAll(t, s, "q")
	if m := queueMetrics(t, ensure(t, s, "dead")); m.Count != 1 {
		t.Errorf("%d dead letters, want 1", m.Count)
	}
}

func TestLeaseThatNobodyHoldsIsVoidForTheNextConsumer(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	q := ensure(t, s, "q")
	send(t, q, text("a", 0))
	err := q.write(func(b *bolt.Bucket) error { _, err := lease(b, s.clock.Now(), 1); return err })
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	if r.count() != 1 {
		t.Errorf("%d deliveries, want 1", r.count())
	}
}

type restless struct {
	*clock.Movable
	steps []time.Duration
}

func (r *restless) AfterFunc(d time.Duration, f func()) clock.Timer {
	if len(r.steps) > 0 {
		r.Advance(r.steps[0])
		r.steps = r.steps[1:]
	}
	return r.Movable.AfterFunc(d, f)
}

func TestTimerIsRightThoughTheClockMovesWhileItIsSet(t *testing.T) {
	c := &restless{Movable: frozen(), steps: []time.Duration{4 * time.Second, time.Second}}
	s := openTest(t, Options{Clock: c})
	b := &broker{q: ensure(t, s, "q"), wake: make(chan struct{}, 1)}
	timer := b.wakeAt(c.Now().Add(10 * time.Second))
	defer timer.Stop()
	c.Advance(5*time.Second - 1)
	select {
	case <-b.wake:
		t.Fatal("woken early")
	default:
	}
	c.Advance(1)
	testkit.Wait(t, func() error {
		if len(b.wake) == 0 {
			return errors.New("not woken at the time")
		}
		return nil
	})
}

func TestManyAtOnce(t *testing.T) {
	testkit.NoLeaks(t)
	const senders, each = 8, 40
	s, err := Open(t.TempDir(), Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	q := ensure(t, s, "q")
	var mu sync.Mutex
	acked := map[string]int{}
	p := Policy{MaxBatchSize: 7, MaxRetries: 3, MaxConcurrency: 5, DeadLetterQueue: "dead"}
	stop := attach(t, s, "q", p, consumerFunc(func(_ context.Context, b Batch) (out Outcome, err error) {
		mu.Lock()
		defer mu.Unlock()
		for i, m := range b.Messages {
			if m.Attempts == 1 && i%3 == 0 {
				out.Retries = append(out.Retries, Retry{ID: m.ID})
				continue
			}
			acked[string(m.Body)]++
		}
		return out, nil
	}))
	var wg sync.WaitGroup
	for n := range senders {
		wg.Go(func() {
			for i := range each {
				if err := q.Send(context.Background(), []Outgoing{text(fmt.Sprintf("%d-%d", n, i), 0)}); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					queueMetrics(t, q)
					drainAll(t, s, "q")
				}
			}
		})
	}
	wg.Wait()
	drainAll(t, s, "q")
	stop()
	if err := verify(s.store); err != nil {
		t.Error(err)
	}
	if m := queueMetrics(t, q); m != (Metrics{}) {
		t.Errorf("left: %+v", m)
	}
	if len(acked) != senders*each {
		t.Errorf("%d messages were acknowledged, want %d", len(acked), senders*each)
	}
	for body, n := range acked {
		if n != 1 {
			t.Errorf("%s was acknowledged %d times", body, n)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCloseEndsConsumersAndKeepsTheirMessages(t *testing.T) {
	testkit.NoLeaks(t)
	dir := t.TempDir()
	s := openIn(t, dir, Options{Clock: frozen()})
	entered, closed := make(chan struct{}), make(chan struct{})
	p := DefaultPolicy()
	p.MaxBatchSize = 1
	if _, err := s.Attach("q", p, consumerFunc(func(ctx context.Context, _ Batch) (Outcome, error) {
		close(entered)
		<-ctx.Done()
		<-closed
		return Outcome{}, nil // acknowledged, but too late to be written
	})); err != nil {
		t.Fatal(err)
	}
	send(t, ensure(t, s, "q"), text("a", 0))
	<-entered
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	close(closed)
	if _, err := s.Attach("q", p, &recorder{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Attach after Close: %v", err)
	}
	s = openIn(t, dir, Options{Clock: frozen()})
	r := &recorder{}
	defer attach(t, s, "q", p, r)()
	drainAll(t, s, "q")
	if r.count() != 1 {
		t.Errorf("%d deliveries after reopening, want 1", r.count())
	}
}
