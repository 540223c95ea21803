package queues

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/probe"
)

// A Queue is one queue of an account.
type Queue struct {
	ID      string // 32 hexadecimal digits
	Name    string
	Created time.Time

	s *Service

	mu       sync.Mutex
	broker   *broker             // nil while nobody consumes
	inflight int                 // leased batches that are not settled yet, of this broker and of former ones
	paused   int                 // while above zero nothing is leased
	drains   map[*drain]struct{} // who waits until nothing is due
	idle     []chan struct{}     // closed when inflight reaches zero
}

// A drain waits for its queue to have nothing due and nothing in flight.
type drain struct{ done chan struct{} }

func newQueue(s *Service, r record) *Queue {
	return &Queue{ID: r.ID, Name: r.Name, Created: r.Created, s: s, drains: map[*drain]struct{}{}}
}

// Outgoing is a message to be sent.
type Outgoing struct {
	Body        []byte
	ContentType string // text, json, bytes or v8
	Delay       time.Duration
}

// Metrics describe the messages that wait in a queue, delayed ones included. Messages in a running
// delivery are counted apart.
type Metrics struct {
	Count    int64
	Bytes    int64     // of their bodies
	Oldest   time.Time // when the one that arrived first was sent; zero when none waits
	InFlight int64
}

// Send puts messages in the queue, all of them or none. It returns when they are on disk. It does
// not end with ctx, since a message whose fate is unknown helps nobody.
func (q *Queue) Send(ctx context.Context, msgs []Outgoing) error {
	_, err := q.send(ctx, msgs, checkBatch)
	return err
}

func (q *Queue) send(ctx context.Context, msgs []Outgoing, check func([]Outgoing) error) (_ Metrics, err error) {
	span, err := q.s.probe.Begin(ctx, probe.Op{Product: "queues", Name: "send", Resource: q.Name})
	if err != nil {
		return Metrics{}, err
	}
	defer func() { span.End(err) }()

	if err := check(msgs); err != nil {
		return Metrics{}, err
	}
	var total int64
	for _, m := range msgs {
		total += int64(len(m.Body))
	}
	now := q.s.clock.Now()
	metas := make([]meta, len(msgs))
	for i, m := range msgs {
		metas[i] = meta{
			ID:          q.s.newID(),
			Timestamp:   timestamp(now),
			Due:         now.Add(m.Delay).UnixNano(),
			ContentType: m.ContentType,
			Size:        len(m.Body),
		}
	}
	var after Metrics
	err = q.write(func(b *bolt.Bucket) error {
		was, err := readStat(b)
		if err != nil {
			return err
		}
		if was.Bytes+total > maxBacklogBytes {
			return &Error{Code: CodeStorageLimit, Message: "Queue storage limit exceeded"}
		}
		for i, m := range metas {
			if err := enqueue(b, now, m, msgs[i].Body); err != nil {
				return err
			}
		}
		after, err = metrics(b)
		return err
	})
	if err != nil {
		return Metrics{}, fmt.Errorf("send to queue %s: %w", q.Name, err)
	}
	for _, m := range metas {
		span.Count("operations", operations(m.Size))
	}
	q.nudge()
	return after, nil
}

// Metrics returns the queue's numbers.
func (q *Queue) Metrics(context.Context) (m Metrics, err error) {
	err = q.readFresh(func(b *bolt.Bucket) (err error) {
		m, err = metrics(b)
		return err
	})
	return m, err
}

func metrics(b *bolt.Bucket) (Metrics, error) {
	s, err := readStat(b)
	if err != nil {
		return Metrics{}, err
	}
	m := Metrics{Count: s.Count, Bytes: s.Bytes, InFlight: s.Leased}
	if _, v := b.Bucket(waitBucket).Cursor().First(); v != nil {
		var oldest meta
		if err := json.Unmarshal(v, &oldest); err != nil {
			return Metrics{}, err
		}
		m.Oldest = time.UnixMilli(oldest.Timestamp).UTC()
	}
	return m, nil
}

// A Stored is a message as the queue holds it.
type Stored struct {
	Message
	Due      time.Time // when it may be delivered
	InFlight bool      // a delivery of it is running
}

// Messages lists up to limit messages without taking them: those in flight, then those that wait
// in the order they arrived.
func (q *Queue) Messages(_ context.Context, limit int) (all []Stored, err error) {
	err = q.readFresh(func(b *bolt.Bucket) error {
		all = nil
		for _, name := range [][]byte{leaseBucket, waitBucket} {
			c := b.Bucket(name).Cursor()
			for k, v := c.First(); k != nil && len(all) < limit; k, v = c.Next() {
				s := stored{body: append([]byte{}, b.Bucket(bodyBucket).Get(k)...)}
				if err := json.Unmarshal(v, &s.meta); err != nil {
					return fmt.Errorf("message %x: %w", k, err)
				}
				all = append(all, Stored{
					Message:  s.message(),
					Due:      time.Unix(0, s.meta.Due).UTC(),
					InFlight: &name[0] == &leaseBucket[0],
				})
			}
		}
		return nil
	})
	return all, err
}

func (s stored) message() Message {
	return Message{
		ID:          s.meta.ID,
		Timestamp:   time.UnixMilli(s.meta.Timestamp).UTC(),
		Attempts:    s.meta.Attempts,
		ContentType: s.meta.ContentType,
		Body:        s.body,
	}
}

// Drain returns when nothing in the queue is due or in flight. While it runs, batches that are not
// full do not wait for more. Messages whose delay ends in the clock's future are not due: to see
// them through, move the clock and drain again. A consumer that sends to its own queue can keep a
// Drain busy until ctx ends. A queue with messages due and no consumer is ErrNoConsumer.
func (s *Service) Drain(ctx context.Context, queue string) error {
	q, err := s.Get(ctx, queue)
	if err != nil {
		return err
	}
	q.mu.Lock()
	b := q.broker
	if b == nil {
		q.mu.Unlock()
		return q.drainWithout(ctx)
	}
	d := &drain{done: make(chan struct{})}
	q.drains[d] = struct{}{}
	q.mu.Unlock()
	b.nudge()
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.drains, d)
	}()
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain queue %s: %w", q.Name, context.Cause(ctx))
	case <-b.ended:
		return fmt.Errorf("drain queue %s: its consumer was stopped", q.Name)
	}
}

// drainWithout drains a queue that nobody consumes: it has nothing due, or never will.
func (q *Queue) drainWithout(ctx context.Context) error {
	if err := q.awaitIdle(ctx); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	var n int
	err := q.readFresh(func(b *bolt.Bucket) error {
		n, _, _ = dueNow(b, q.s.clock.Now(), 1)
		return nil
	})
	if err != nil {
		return fmt.Errorf("drain queue %s: %w", q.Name, err)
	}
	if n > 0 {
		return fmt.Errorf("drain queue %s: %w", q.Name, ErrNoConsumer)
	}
	return nil
}

// write runs fn in a transaction on the queue's bucket.
func (q *Queue) write(fn func(*bolt.Bucket) error) error {
	err := q.s.store.write(func(tx *bolt.Tx) error {
		b, err := queueBucket(tx, q.ID)
		if err != nil {
			return err
		}
		return fn(b)
	})
	if errors.Is(err, errGone) {
		return notFound()
	}
	return err
}

// readFresh runs fn on the queue's bucket without the messages whose retention has ended. Nothing
// drops those at the moment it ends, since nobody can tell: whoever looks, drops them first.
func (q *Queue) readFresh(fn func(*bolt.Bucket) error) error {
	for {
		stale := false
		err := q.s.store.read(func(tx *bolt.Tx) error {
			b, err := queueBucket(tx, q.ID)
			if err != nil {
				return err
			}
			if stale = expired(b, q.horizon()); stale {
				return nil
			}
			return fn(b)
		})
		if errors.Is(err, errGone) {
			return notFound()
		}
		if err != nil || !stale {
			return err
		}
		if err := q.write(func(b *bolt.Bucket) error { return expire(b, q.horizon()) }); err != nil {
			return err
		}
	}
}

// horizon is the time of arrival whose retention ends now.
func (q *Queue) horizon() time.Time { return q.s.clock.Now().Add(-retention) }

// nudge tells the consumer, if any, to look again.
func (q *Queue) nudge() {
	q.mu.Lock()
	b := q.broker
	q.mu.Unlock()
	if b != nil {
		b.nudge()
	}
}

// pause keeps further deliveries from beginning until resume.
func (q *Queue) pause() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.paused++
}

func (q *Queue) resume() {
	q.mu.Lock()
	q.paused--
	q.mu.Unlock()
	q.nudge()
}

// awaitIdle waits until no delivery is running.
func (q *Queue) awaitIdle(ctx context.Context) error {
	q.mu.Lock()
	if q.inflight == 0 {
		q.mu.Unlock()
		return nil
	}
	idle := make(chan struct{})
	q.idle = append(q.idle, idle)
	q.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("queue %s: delivery still running: %w", q.Name, context.Cause(ctx))
	}
}
