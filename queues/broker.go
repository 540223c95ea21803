package queues

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// A broker delivers one queue to one consumer. One goroutine, run, leases; each delivery has its
// own.
type broker struct {
	q        *Queue
	policy   Policy
	consumer Consumer
	ctx      context.Context // of the deliveries
	cancel   context.CancelCauseFunc

	wake  chan struct{} // holds one: look again
	stop  chan struct{} // closed: lease no more
	once  sync.Once
	ended chan struct{} // closed when run has returned

	busy       int            // deliveries of this broker; guarded by q.mu
	deliveries sync.WaitGroup // the same, to be waited for
}

// Attach begins to deliver a queue, which is created where there is none, as is its dead letter
// queue. A queue has one consumer at most.
//
// stop leases no more and waits for the deliveries that are running. When its ctx ends first, it
// ends theirs and says so; the messages they do not settle come again.
func (s *Service) Attach(queue string, p Policy, c Consumer) (stop func(context.Context) error, err error) {
	if err := p.validate(queue); err != nil {
		return nil, err
	}
	q, err := s.Ensure(context.Background(), queue)
	if err != nil {
		return nil, err
	}
	if p.DeadLetterQueue != "" {
		if _, err := s.Ensure(context.Background(), p.DeadLetterQueue); err != nil {
			return nil, err
		}
	}
	b := &broker{
		q: q, policy: p, consumer: c,
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	b.ctx, b.cancel = context.WithCancelCause(context.Background())
	if err := q.adopt(b); err != nil {
		b.cancel(err)
		return nil, err
	}
	return b.detach, nil
}

// adopt makes b the queue's broker and starts it.
func (q *Queue) adopt(b *broker) error {
	q.mu.Lock()
	taken, alone := q.broker != nil, q.inflight == 0
	q.mu.Unlock()
	if taken {
		return consumerExists(q.Name)
	}
	if alone {
		// A delivery whose settlement could not be written has left its lease behind.
		if err := q.write(voidLeases); err != nil {
			return fmt.Errorf("attach to queue %s: %w", q.Name, err)
		}
	}
	q.s.mu.RLock()
	defer q.s.mu.RUnlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.s.closed {
		return ErrClosed
	}
	if q.broker != nil {
		return consumerExists(q.Name)
	}
	q.broker = b
	go b.run()
	return nil
}

func consumerExists(queue string) error {
	return &Error{Code: CodeConsumerExists, Message: "workers.api.error.consumer_exists", Err: fmt.Errorf("queue %s", queue)}
}

// end lets run return. It does not wait.
func (b *broker) end() { b.once.Do(func() { close(b.stop) }) }

func (b *broker) detach(wait context.Context) error {
	b.end()
	<-b.ended
	b.q.mu.Lock()
	busy := b.busy
	b.q.mu.Unlock()
	if busy == 0 {
		b.cancel(nil)
		return nil
	}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		b.deliveries.Wait()
	}()
	select {
	case <-settled:
		b.cancel(nil)
		return nil
	case <-wait.Done():
		cause := context.Cause(wait)
		b.cancel(cause)
		return fmt.Errorf("queue %s: delivery still running: %w", b.q.Name, cause)
	}
}

// nudge makes run look again, now or right after what it is doing.
func (b *broker) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run leases batches as they become ready until end is called.
func (b *broker) run() {
	defer func() {
		b.q.mu.Lock()
		b.q.broker = nil
		b.q.mu.Unlock()
		close(b.ended)
	}()
	for {
		select {
		case <-b.stop:
			return
		default:
		}
		at, again, err := b.step()
		if err != nil {
			if errors.Is(err, ErrClosed) || isNotFound(err) {
				return
			}
			b.q.s.log.Error("queue delivery", "queue", b.q.Name, "err", err)
			at = b.q.s.clock.Now().Add(time.Second)
		}
		if again {
			continue
		}
		timer := b.wakeAt(at)
		select {
		case <-b.wake:
		case <-b.stop:
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

func isNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == CodeQueueNotFound
}

// step begins one delivery if a batch is ready. Otherwise it tells when to look again unless
// nudged; zero means not before a nudge.
func (b *broker) step() (at time.Time, again bool, err error) {
	q := b.q
	q.mu.Lock()
	var waiting []*drain
	for d := range q.drains {
		waiting = append(waiting, d)
	}
	quiet := q.inflight == 0
	q.mu.Unlock()

	now := q.s.clock.Now()
	var n int
	var first, next time.Time
	err = q.readFresh(func(bk *bolt.Bucket) error {
		n, first, next = dueNow(bk, now, b.policy.MaxBatchSize)
		return nil
	})
	if err != nil {
		return at, false, err
	}
	if n == 0 {
		// quiet was read before the queue was: what a delivery gave back by then, the read has seen.
		if quiet {
			for _, d := range waiting {
				q.release(d)
			}
		}
		return next, false, nil
	}
	full := first.Add(b.policy.MaxBatchTimeout)
	if n < b.policy.MaxBatchSize && len(waiting) == 0 && now.Before(full) {
		if !next.IsZero() && next.Before(full) {
			return next, false, nil // one more falls due before the wait is over, and may fill the batch
		}
		return full, false, nil
	}
	if !b.reserve() {
		return time.Time{}, false, nil // the end of a delivery, or resume, nudges
	}
	batch, err := b.lease()
	if err != nil || len(batch.Messages) == 0 {
		b.unreserve()
		return at, err == nil, err
	}
	go b.deliver(batch)
	return at, true, nil
}

// release tells a drain that it is over.
func (q *Queue) release(d *drain) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, ok := q.drains[d]; ok {
		delete(q.drains, d)
		close(d.done)
	}
}

// reserve takes a place for one delivery, if there is one.
func (b *broker) reserve() bool {
	b.q.mu.Lock()
	defer b.q.mu.Unlock()
	if b.q.paused > 0 || b.busy >= b.policy.concurrency() {
		return false
	}
	b.busy++
	b.q.inflight++
	b.deliveries.Add(1)
	return true
}

func (b *broker) unreserve() {
	q := b.q
	q.mu.Lock()
	b.busy--
	q.inflight--
	if q.inflight == 0 {
		for _, c := range q.idle {
			close(c)
		}
		q.idle = nil
	}
	q.mu.Unlock()
	b.deliveries.Done()
	q.nudge()
}

// A leased is a Batch with what it takes to settle it.
type leased struct {
	Batch
	stored []stored
}

func (b *broker) lease() (l leased, err error) {
	err = b.q.write(func(bk *bolt.Bucket) error {
		l = leased{Batch: Batch{Queue: b.q.Name}}
		var err error
		if l.stored, err = lease(bk, b.q.s.clock.Now(), b.policy.MaxBatchSize); err != nil {
			return err
		}
		l.Backlog, err = metrics(bk)
		return err
	})
	for _, s := range l.stored {
		l.Messages = append(l.Messages, s.message())
	}
	return l, err
}

// deliver hands one leased batch to the consumer and settles it.
//
// Deviation: a queue delivery may take as long as it likes; Cloudflare ends one after 15 minutes.
func (b *broker) deliver(l leased) {
	defer b.unreserve()
	q := b.q
	span, err := q.s.probe.Begin(b.ctx, probe.Op{Product: "queues", Name: "deliver", Resource: q.Name})
	var out Outcome
	if err == nil {
		for _, s := range l.stored {
			span.Count("operations", operations(s.meta.Size)) // the read
		}
		out, err = b.consumer.Consume(b.ctx, l.Batch)
	}
	if err != nil {
		q.s.log.Warn("queue delivery failed", "queue", q.Name, "messages", len(l.Messages), "err", err)
		out = retryAll(l.Messages)
	}
	for {
		counts, settleErr := b.settle(l, out)
		if settleErr == nil {
			span.Count("operations", counts)
			break
		}
		if errors.Is(settleErr, ErrClosed) || isNotFound(settleErr) {
			break
		}
		if errors.Is(settleErr, errGone) {
			continue // the dead letter queue was deleted just now; it is made anew
		}
		q.s.log.Error("queue settlement", "queue", q.Name, "err", settleErr)
		if clock.Sleep(b.ctx, q.s.clock, time.Second) != nil {
			break
		}
	}
	span.End(err)
}

func retryAll(msgs []Message) (out Outcome) {
	for _, m := range msgs {
		out.Retries = append(out.Retries, Retry{ID: m.ID})
	}
	return out
}

// settle writes what became of a batch in one transaction, and returns the billed operations.
func (b *broker) settle(l leased, out Outcome) (ops int64, err error) {
	q := b.q
	retries := map[string]Retry{}
	for _, r := range out.Retries {
		retries[r.ID] = r
	}
	var dlq *Queue
	if b.policy.DeadLetterQueue != "" && len(retries) > 0 {
		if dlq, err = q.s.Ensure(context.Background(), b.policy.DeadLetterQueue); err != nil {
			return 0, err
		}
	}
	err = q.s.store.write(func(tx *bolt.Tx) error {
		ops = 0
		own, err := queueBucket(tx, q.ID)
		if err != nil {
			return notFound()
		}
		for _, s := range l.stored {
			n, err := b.settleOne(tx, own, dlq, s, retries)
			if err != nil {
				return err
			}
			ops += n
		}
		return nil
	})
	if err == nil && dlq != nil {
		dlq.nudge()
	}
	return ops, err
}

func (b *broker) settleOne(tx *bolt.Tx, own *bolt.Bucket, dlq *Queue, s stored, retries map[string]Retry) (ops int64, err error) {
	held, err := release(own, s.key)
	if err != nil || !held {
		return 0, err
	}
	r, failed := retries[s.meta.ID]
	now := b.q.s.clock.Now()
	if failed && s.meta.Attempts <= b.policy.MaxRetries {
		m := s.meta
		m.Due = now.Add(b.delay(r)).UnixNano()
		return 0, wait(own, s.key, m)
	}
	if err := own.Bucket(bodyBucket).Delete(s.key); err != nil {
		return 0, err
	}
	if !failed || dlq == nil {
		return operations(s.meta.Size), nil // the delete
	}
	dead, err := queueBucket(tx, dlq.ID)
	if err != nil {
		return 0, err
	}
	m := s.meta
	m.Due, m.Attempts = now.UnixNano(), 0
	return operations(m.Size), enqueue(dead, now, m, s.body) // the write
}

// delay is how long a failed message waits. What is out of bounds is brought within them, since
// there is nobody left to refuse it to.
func (b *broker) delay(r Retry) time.Duration {
	d := b.policy.RetryDelay
	if r.Delay != nil {
		d = *r.Delay
	}
	return min(max(d, 0), maxDelay)
}

// wakeAt nudges at the given time; zero is never. The clock counts from the moment it is asked, not
// from the one at which the caller looked at it, and a user may have moved it in between: so the
// question is put again until the two moments are the same but for a hair.
func (b *broker) wakeAt(at time.Time) clock.Timer {
	if at.IsZero() {
		return nil
	}
	c := b.q.s.clock
	for {
		before := c.Now()
		timer := c.AfterFunc(at.Sub(before), b.nudge)
		if took := c.Now().Sub(before); took >= 0 && took < time.Millisecond {
			return timer
		}
		timer.Stop()
	}
}
