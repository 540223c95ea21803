package queues

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/probe"
)

// settle lets brokers look at the queue as often as they want: it nudges one and waits until it
// has taken the nudge twice.
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

// A restless clock is moved by its user whenever somebody is about to ask it for a timer.
// Everything at once, on the machine's clock: senders, consumers that fail now and then, observers.
// A thousand messages through a consumer, in batches of ten.
