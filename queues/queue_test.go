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
	"github.com/cfemu/cfemu/internal/probe"
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

// settle lets brokers look at the queue as often as they want: it nudges one and waits until it
// has taken the nudge twice.
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

func TestMessageArrivesAsItWasSent(t *testing.T) {
	c := frozen()
	s := openTest(t, Options{Clock: c})
	q := ensure(t, s, "q")
	sentAt := c.Now()
	bodies := map[string]string{"text": "grüße", "json": `{"a":[1]}`, "bytes": "\x00\xff", "v8": "\xff\x0fo"}
	for kind, body := range bodies {
		send(t, q, Outgoing{Body: []byte(body), ContentType: kind, Delay: time.Minute})
	}
	send(t, q, Outgoing{Body: nil, ContentType: "bytes"})
	c.Advance(time.Minute)
	r := &recorder{}
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	seen := map[string]bool{}
	for _, b := range r.batches {
		if b.Queue != "q" {
			t.Errorf("batch of queue %q", b.Queue)
		}
		for _, m := range b.Messages {
			if want := bodies[m.ContentType]; string(m.Body) != want && len(m.Body) > 0 {
				t.Errorf("%s body %q, want %q", m.ContentType, m.Body, want)
			}
			if !m.Timestamp.Equal(sentAt) || m.Attempts != 1 || len(m.ID) != 32 || seen[m.ID] {
				t.Errorf("message %+v, want it sent at %v, attempt 1, a new id", m, sentAt)
			}
			seen[m.ID] = true
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d messages arrived, want 5", len(seen))
	}
}

func TestRetry(t *testing.T) {
	minute := time.Minute
	day := 48 * time.Hour
	for name, tt := range map[string]struct {
		policy Policy
		do     func(Batch) (Outcome, error)
		wait   time.Duration // until the second delivery
	}{
		"comes at once without a delay":             {Policy{}, retryEach(nil), 0},
		"waits for the policy's delay":              {Policy{RetryDelay: time.Hour}, retryEach(nil), time.Hour},
		"waits for its own delay rather":            {Policy{RetryDelay: time.Hour}, retryEach(&minute), minute},
		"of a failed delivery waits for the policy": {Policy{RetryDelay: time.Hour}, func(Batch) (Outcome, error) { return Outcome{}, errors.New("boom") }, time.Hour},
		"waits a day at most":                       {Policy{}, retryEach(&day), maxDelay},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			s := openTest(t, Options{Clock: c})
			q := ensure(t, s, "q")
			p := DefaultPolicy()
			p.RetryDelay = tt.policy.RetryDelay
			r := &recorder{}
			r.do = func(b Batch) (Outcome, error) {
				if b.Messages[0].Attempts > 1 {
					return Outcome{}, nil
				}
				return tt.do(b)
			}
			defer attach(t, s, "q", p, r)()
			send(t, q, text("a", 0))
			drainAll(t, s, "q")
			if tt.wait > 0 {
				c.Advance(tt.wait - 1)
				drainAll(t, s, "q")
				if got := r.count(); got != 1 {
					t.Fatalf("%d deliveries before the delay was over, want 1", got)
				}
				c.Advance(1)
				drainAll(t, s, "q")
			}
			if got := r.count(); got != 2 {
				t.Fatalf("%d deliveries, want 2", got)
			}
			if got := r.batches[1].Messages[0].Attempts; got != 2 {
				t.Errorf("second delivery is attempt %d", got)
			}
			if m := queueMetrics(t, q); m != (Metrics{}) {
				t.Errorf("left in the queue: %+v", m)
			}
		})
	}
}

func TestOnlyTheRetriedComeAgain(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	q := ensure(t, s, "q")
	r := &recorder{do: func(b Batch) (out Outcome, err error) {
		for _, m := range b.Messages {
			if string(m.Body) == "b" && m.Attempts == 1 {
				out.Retries = []Retry{{ID: m.ID}, {ID: "no such message"}}
			}
		}
		return out, nil
	}}
	send(t, q, text("a", 0), text("b", 0), text("c", 0))
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	if got, want := r.bodies(), [][]string{{"a", "b", "c"}, {"b"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("batches %v, want %v", got, want)
	}
}

func TestAfterTheLastRetry(t *testing.T) {
	for name, tt := range map[string]struct {
		retries int
		dlq     string
		dead    int64
	}{
		"a message goes to the dead letter queue":   {2, "dead", 1},
		"with no retries it goes after the first":   {0, "dead", 1},
		"without a dead letter queue it is dropped": {2, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			s := openTest(t, Options{Clock: c})
			q, dead := ensure(t, s, "q"), ensure(t, s, "dead")
			sentAt := c.Now()
			p := DefaultPolicy()
			p.MaxRetries, p.DeadLetterQueue, p.RetryDelay = tt.retries, tt.dlq, time.Minute
			r := &recorder{do: retryEach(nil)}
			defer attach(t, s, "q", p, r)()
			send(t, q, Outgoing{Body: []byte("a"), ContentType: "json"})
			for range tt.retries + 3 {
				drainAll(t, s, "q")
				c.Advance(time.Minute)
			}
			if got := r.count(); got != 1+tt.retries {
				t.Errorf("%d deliveries, want %d", got, 1+tt.retries)
			}
			if m := queueMetrics(t, q); m != (Metrics{}) {
				t.Errorf("left in the queue: %+v", m)
			}
			if m := queueMetrics(t, dead); m.Count != tt.dead {
				t.Fatalf("%d messages in the dead letter queue, want %d", m.Count, tt.dead)
			}
			if tt.dead == 0 {
				return
			}
			grave := &recorder{}
			defer attach(t, s, "dead", DefaultPolicy(), grave)()
			drainAll(t, s, "dead")
			got, want := grave.batches[0].Messages[0], r.batches[0].Messages[0]
			if got.ID != want.ID || !got.Timestamp.Equal(sentAt) || got.Attempts != 1 || string(got.Body) != "a" || got.ContentType != "json" {
				t.Errorf("dead letter %+v, want %+v as first sent", got, want)
			}
		})
	}
}

func TestRetentionEndsAfterFourDays(t *testing.T) {
	c := frozen()
	dir := t.TempDir()
	s := openIn(t, dir, Options{Clock: c})
	q := ensure(t, s, "q")
	send(t, q, text("old", 0))
	c.Advance(time.Hour)
	send(t, q, text("new", 0))
	c.Advance(retention - time.Hour - 1)
	if m := queueMetrics(t, q); m.Count != 2 {
		t.Fatalf("%d messages a nanosecond before the end, want 2", m.Count)
	}
	c.Advance(1)
	if m := queueMetrics(t, q); m.Count != 1 || m.Bytes != 3 || !m.Oldest.Equal(c.Now().Add(time.Hour-retention)) {
		t.Errorf("after the end: %+v, want the newer message only", m)
	}
	r := &recorder{}
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	if got, want := r.bodies(), [][]string{{"new"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("delivered %v, want %v", got, want)
	}
}

func TestMetrics(t *testing.T) {
	c := frozen()
	s := openTest(t, Options{Clock: c})
	q := ensure(t, s, "q")
	if m := queueMetrics(t, q); m != (Metrics{}) {
		t.Errorf("empty queue: %+v", m)
	}
	first := c.Now()
	send(t, q, text("four", 0), text("five!", time.Hour))
	if m, want := queueMetrics(t, q), (Metrics{Count: 2, Bytes: 9, Oldest: first}); m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
	p := DefaultPolicy()
	p.MaxBatchSize = 1
	r := &recorder{}
	var during Metrics
	r.do = func(Batch) (Outcome, error) {
		during, _ = q.Metrics(context.Background())
		return Outcome{}, nil
	}
	defer attach(t, s, "q", p, r)()
	drainAll(t, s, "q")
	want := Metrics{Count: 1, Bytes: 5, Oldest: first, InFlight: 1}
	if during != want || r.batches[0].Backlog != want {
		t.Errorf("while one is delivered: %+v, and the batch says %+v, want %+v", during, r.batches[0].Backlog, want)
	}
}

func TestMessagesLists(t *testing.T) {
	c := frozen()
	s := openTest(t, Options{Clock: c})
	q := ensure(t, s, "q")
	send(t, q, text("a", 0), text("b", time.Hour), text("c", 0))
	p := DefaultPolicy()
	p.MaxBatchSize, p.MaxConcurrency = 1, 1
	enter, leave := make(chan struct{}), make(chan struct{})
	var once sync.Once
	defer attach(t, s, "q", p, consumerFunc(func(context.Context, Batch) (Outcome, error) {
		once.Do(func() { close(enter); <-leave })
		return Outcome{}, nil
	}))()
	<-enter
	all, err := q.Messages(t.Context(), 2)
	close(leave)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d messages, %v; want 2", len(all), err)
	}
	if a := all[0]; string(a.Body) != "a" || !a.InFlight || a.Attempts != 1 {
		t.Errorf("first %+v, want a, in flight", a)
	}
	if b := all[1]; string(b.Body) != "b" || b.InFlight || !b.Due.Equal(c.Now().Add(time.Hour)) {
		t.Errorf("second %+v, want b, due in an hour", b)
	}
}

func TestSendRefuses(t *testing.T) {
	long := strings.Repeat("x", maxMessageBytes)
	for name, tt := range map[string]struct {
		msgs []Outgoing
		code Code
		text string
	}{
		"a message that is too long":   {[]Outgoing{text(long+"x", 0)}, CodeMessageSize, "message in batch has length 128001 bytes which exceeds single message size limit of 128000"},
		"more than a hundred":          {make([]Outgoing, 101), CodeBatchCount, "batch message count of 101 exceeds limit of 100"},
		"a batch that is too big":      {[]Outgoing{text(long, 0), text(long, 0), text("x", 0)}, CodeBatchSize, "batch size of 256001 bytes exceeds limit of 256000 bytes"},
		"an unknown content type":      {[]Outgoing{{ContentType: "xml"}}, CodeMessageMetadata, "message content type xml is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8'"},
		"a delay of more than a day":   {[]Outgoing{text("a", maxDelay+time.Second)}, CodeMessageMetadata, "message delay 86401 is invalid: must be a whole number of seconds from 0 to 86400"},
		"a delay before now":           {[]Outgoing{text("a", -time.Second)}, CodeMessageMetadata, "message delay -1 is invalid: must be a whole number of seconds from 0 to 86400"},
		"all, when one of them is bad": {[]Outgoing{text("fine", 0), {ContentType: "xml"}}, CodeMessageMetadata, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTest(t, Options{Clock: frozen()})
			q := ensure(t, s, "q")
			err := q.Send(t.Context(), tt.msgs)
			var e *Error
			if !errors.As(err, &e) || e.Code != tt.code || tt.text != "" && e.Message != tt.text {
				t.Errorf("got %v, want %d %s", err, tt.code, tt.text)
			}
			if m := queueMetrics(t, q); m.Count != 0 {
				t.Errorf("%d messages were kept", m.Count)
			}
		})
	}
	t.Run("what passes the backlog's limit, and nothing less", func(t *testing.T) {
		s := openTest(t, Options{Clock: frozen()})
		q := ensure(t, s, "q")
		nearly := func(b *bolt.Bucket) error { return putJSON(b, statKey, stat{Bytes: maxBacklogBytes - 1}) }
		if err := q.write(nearly); err != nil {
			t.Fatal(err)
		}
		var e *Error
		if err := q.Send(t.Context(), []Outgoing{text("ab", 0)}); !errors.As(err, &e) || e.Code != CodeStorageLimit {
			t.Errorf("got %v, want code %d", err, CodeStorageLimit)
		}
		send(t, q, text("a", 0))
		if err := q.write(func(b *bolt.Bucket) error { return addStat(b, stat{Bytes: 1 - maxBacklogBytes}) }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestServiceKeepsItsQueues(t *testing.T) {
	c := frozen()
	dir := t.TempDir()
	s := openIn(t, dir, Options{Clock: c})
	made, err := s.Create(t.Context(), "b-queue")
	if err != nil {
		t.Fatal(err)
	}
	ensure(t, s, "a_queue")
	var e *Error
	if _, err := s.Create(t.Context(), "b-queue"); !errors.As(err, &e) || e.Code != CodeNameTaken ||
		e.Message != "Queue name 'b-queue' is already taken. Please use a different name and try again." {
		t.Errorf("second Create: %v", err)
	}
	for _, bad := range []string{"", "a b", "a/b", strings.Repeat("q", 64)} {
		if _, err := s.Create(t.Context(), bad); !errors.As(err, &e) || e.Code != CodeInvalidName {
			t.Errorf("Create(%q) = %v, want code %d", bad, err, CodeInvalidName)
		}
	}
	send(t, made, text("kept", time.Hour))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := made.Send(t.Context(), []Outgoing{text("late", 0)}); !errors.Is(err, ErrClosed) {
		t.Errorf("Send after Close: %v", err)
	}

	s = openIn(t, dir, Options{Clock: c})
	all, err := s.List(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "a_queue" || all[1].ID != made.ID || !all[1].Created.Equal(made.Created) {
		t.Fatalf("List after reopening: %v, %v", all, err)
	}
	byID, err := s.Get(t.Context(), made.ID)
	if err != nil || byID.Name != "b-queue" || queueMetrics(t, byID).Count != 1 {
		t.Errorf("Get by id: %+v, %v; want b-queue with one message", byID, err)
	}
	if err := s.Delete(t.Context(), "b-queue"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"Get":    func() error { _, err := s.Get(t.Context(), "b-queue"); return err }(),
		"Delete": s.Delete(t.Context(), "b-queue"),
		"Send":   byID.Send(t.Context(), []Outgoing{text("x", 0)}),
		"Drain":  s.Drain(t.Context(), "b-queue"),
	} {
		if !errors.As(err, &e) || e.Code != CodeQueueNotFound {
			t.Errorf("%s of a deleted queue: %v, want code %d", what, err, CodeQueueNotFound)
		}
	}
	again := ensure(t, s, "b-queue")
	if again.ID == made.ID || queueMetrics(t, again).Count != 0 {
		t.Errorf("a queue of the same name is the deleted one: %+v", again)
	}
}

func TestOpenRefusesAnotherFormat(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, Options{})
	err := s.store.write(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(versionKey, []byte("99")) })
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "format 99") {
		t.Errorf("Open = %v, want it to name the format", err)
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

func TestProbeSeesEveryOperation(t *testing.T) {
	type op struct {
		name string
		ops  int64
		fail bool
	}
	var mu sync.Mutex
	var seen []op
	fault := errors.New("fault")
	var failing atomic.Value
	failing.Store("")
	p := &probe.Probe{
		Observe: func(e probe.Event) {
			mu.Lock()
			defer mu.Unlock()
			if e.Product != "queues" || e.Resource != "q" {
				t.Errorf("event of %s %s", e.Product, e.Resource)
			}
			seen = append(seen, op{e.Name, e.Counts["operations"], e.Err != nil})
		},
		Intercept: func(_ context.Context, o probe.Op) error {
			if failing.CompareAndSwap(o.Name, "") {
				return fault
			}
			return nil
		},
	}
	s := openTest(t, Options{Clock: frozen(), Probe: p})
	q := ensure(t, s, "q")
	big := strings.Repeat("x", chunkBytes-metadataBytes+1) // two chunks
	send(t, q, text(big, 0), text("small", 0))

	failing.Store("send")
	if err := q.Send(t.Context(), []Outgoing{text("x", 0)}); !errors.Is(err, fault) {
		t.Errorf("Send = %v, want the fault", err)
	}
	failing.Store("deliver")
	r := &recorder{}
	defer attach(t, s, "q", DefaultPolicy(), r)()
	drainAll(t, s, "q")
	if r.count() != 2 || r.batches[0].Messages[0].Attempts != 2 {
		t.Errorf("after a fault: %d deliveries, want 2 at attempt 2", r.count())
	}
	mu.Lock()
	defer mu.Unlock()
	// The failed delivery ends twice at most: Begin ends its own span.
	want := []op{{"send", 3, false}, {"send", 0, true}, {"deliver", 0, true}, {"deliver", 6, false}}
	if !reflect.DeepEqual(seen, want) {
		t.Errorf("events %+v, want %+v", seen, want)
	}
}

func TestDeadLetterReachesItsConsumerByItself(t *testing.T) {
	s := openTest(t, Options{Clock: frozen()})
	one := DefaultPolicy()
	one.MaxBatchSize = 1
	grave := &recorder{}
	defer attach(t, s, "dead", one, grave)()
	settle(t, s)
	p := one
	p.MaxRetries, p.DeadLetterQueue = 0, "dead"
	defer attach(t, s, "q", p, &recorder{do: retryEach(nil)})()
	send(t, ensure(t, s, "q"), text("a", 0))
	testkit.Wait(t, func() error {
		if grave.count() != 1 {
			return errors.New("dead letter was not delivered")
		}
		return nil
	})
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

// A restless clock is moved by its user whenever somebody is about to ask it for a timer.
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

// Everything at once, on the machine's clock: senders, consumers that fail now and then, observers.
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
	entered := make(chan struct{})
	p := DefaultPolicy()
	p.MaxBatchSize = 1
	if _, err := s.Attach("q", p, consumerFunc(func(ctx context.Context, _ Batch) (Outcome, error) {
		close(entered)
		<-ctx.Done()
		return Outcome{}, nil // acknowledged, but too late to be written
	})); err != nil {
		t.Fatal(err)
	}
	send(t, ensure(t, s, "q"), text("a", 0))
	<-entered
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
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

func BenchmarkSend(b *testing.B) {
	s, err := Open(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := ensure(b, s, "q")
	msgs := []Outgoing{text(strings.Repeat("x", 200), 0)}
	for b.Loop() {
		if err := q.Send(context.Background(), msgs); err != nil {
			b.Fatal(err)
		}
	}
}

// A thousand messages through a consumer, in batches of ten.
func BenchmarkDeliverThousand(b *testing.B) {
	s, err := Open(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := ensure(b, s, "q")
	defer attach(b, s, "q", DefaultPolicy(), &recorder{})()
	msgs := make([]Outgoing, 100)
	for i := range msgs {
		msgs[i] = text(strings.Repeat("x", 200), 0)
	}
	for b.Loop() {
		for range 10 {
			send(b, q, msgs...)
		}
		drainAll(b, s, "q")
	}
}
