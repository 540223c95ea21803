package r2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
)

// An eventRow is an event that its queue does not have yet.
type eventRow struct {
	Bucket string      `json:"bucket"`
	Action Action      `json:"action"`
	Key    string      `json:"key"`
	Size   *int64      `json:"size,omitempty"` // nil: the object is gone
	ETag   string      `json:"etag,omitempty"`
	Time   int64       `json:"time"` // Unix milliseconds
	Source *CopySource `json:"source,omitempty"`
}

// A message is the body of an event notification.
//
// Receipt: https://developers.cloudflare.com/r2/buckets/event-notifications/#message-format, August 2026
type message struct {
	Account   string        `json:"account"`
	Action    Action        `json:"action"`
	Bucket    string        `json:"bucket"`
	Object    messageObject `json:"object"`
	EventTime string        `json:"eventTime"`
	Source    *CopySource   `json:"copySource,omitempty"`
}

type messageObject struct {
	Key  string `json:"key"`
	Size *int64 `json:"size,omitempty"`
	ETag string `json:"eTag,omitempty"`
}

// messageTime is how eventTime is written.
const messageTime = "2006-01-02T15:04:05.000Z"

func (e *eventRow) message(account string) ([]byte, error) {
	return json.Marshal(message{
		account, e.Action, e.Bucket, messageObject{e.Key, e.Size, e.ETag},
		time.UnixMilli(e.Time).UTC().Format(messageTime), e.Source,
	})
}

// The outbox keeps events from the change that they tell of until their queue has them. An event that was
// sent is removed after that, so that a crash in between sends it twice and never not at all. Each queue
// gets its events in the order of the changes; one that takes none holds up no other.
type outbox struct {
	woken      chan struct{} // holds a note that there may be events
	delivering sync.Mutex    // held by whoever delivers
}

func (o *outbox) wake() {
	select {
	case o.woken <- struct{}{}:
	default: // it is awake
	}
}

// A queue takes as many messages at once: https://developers.cloudflare.com/queues/platform/limits/
const (
	maxNotifyMessages = 100
	maxNotifyBytes    = 256_000
)

// outboxPrefix begins the keys of a queue's events.
func outboxPrefix(queueID string) []byte { return append([]byte(queueID), 0) }

// How long a queue that took no events is left alone: the first time, and at the most. This is the
// machine's time, since it waits for the machine.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// sendEvents delivers events until ctx ends.
func (s *Service) sendEvents(ctx context.Context) {
	wait := firstRetry
	for {
		err := s.Flush(ctx)
		retry := make(chan struct{})
		var timer clock.Timer
		if err != nil && ctx.Err() == nil {
			s.log.Warn("event notifications wait", "err", err, "again_in", wait)
			timer = clock.System.AfterFunc(wait, func() { close(retry) })
			wait = min(2*wait, lastRetry)
		} else {
			wait = firstRetry
		}
		select {
		case <-ctx.Done():
		case <-retry:
		case <-s.outbox.woken:
		}
		if timer != nil {
			timer.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// Flush delivers all events of changes that were made before it was called. The error is that of the
// queues that did not take theirs.
func (s *Service) Flush(ctx context.Context) error {
	if s.notifier == nil {
		return nil
	}
	s.outbox.delivering.Lock()
	defer s.outbox.delivering.Unlock()
	var errs []error
	for after := []byte(nil); ; {
		queue, err := s.nextQueue(after)
		if err != nil || queue == "" {
			return errors.Join(append(errs, err)...)
		}
		if err := s.flushQueue(ctx, queue); err != nil {
			errs = append(errs, err)
		}
		after = append([]byte(queue), 1)
	}
}

// EventsWait reports whether there are events that their queues do not have yet.
func (s *Service) EventsWait() (bool, error) {
	queue, err := s.nextQueue(nil)
	return queue != "", err
}

// HoldEvents keeps events from being delivered until release is called. It waits for those that are.
func (s *Service) HoldEvents() (release func()) {
	s.outbox.delivering.Lock()
	return s.outbox.delivering.Unlock
}

// nextQueue returns the first queue with events at or behind a key, "" when there is none.
func (s *Service) nextQueue(after []byte) (queue string, err error) {
	err = s.index.db.View(func(tx *bolt.Tx) error {
		k, _ := tx.Bucket(topOutbox).Cursor().Seek(after)
		id, _, _ := bytes.Cut(k, []byte{0})
		queue = string(id)
		return nil
	})
	return queue, err
}

func (s *Service) flushQueue(ctx context.Context, queue string) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		keys, messages, err := s.pending(queue)
		if err != nil || len(keys) == 0 {
			return err
		}
		err = s.notifier.Notify(ctx, queue, messages)
		if errors.Is(err, ErrNoQueue) {
			s.log.Warn("event notifications dropped: their queue is gone", "queue", queue, "events", len(keys))
			err = nil
		}
		if err != nil {
			return fmt.Errorf("notify queue %s: %w", queue, err)
		}
		err = s.index.commit.Do(func(tx *bolt.Tx) error {
			for _, k := range keys {
				if err := tx.Bucket(topOutbox).Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("take events from the outbox: %w", err)
		}
	}
}

// pending returns the oldest events of a queue, as many as it takes at once.
func (s *Service) pending(queue string) (keys [][]byte, messages [][]byte, err error) {
	size := 0
	prefix := outboxPrefix(queue)
	err = s.index.db.View(func(tx *bolt.Tx) error {
		cur := tx.Bucket(topOutbox).Cursor()
		for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix) && len(keys) < maxNotifyMessages; k, v = cur.Next() {
			var e eventRow
			if err := json.Unmarshal(v, &e); err != nil {
				return fmt.Errorf("read event: %w", err)
			}
			m, err := e.message(s.account)
			if err != nil {
				return err
			}
			if size += len(m); size > maxNotifyBytes {
				break
			}
			keys, messages = append(keys, bytes.Clone(k)), append(messages, m)
		}
		return nil
	})
	return keys, messages, err
}

// emptyOutbox forgets all events. Their numbers go on, so that nobody who sends one takes another for it.
func emptyOutbox(tx *bolt.Tx) error {
	last := tx.Bucket(topOutbox).Sequence()
	if err := tx.DeleteBucket(topOutbox); err != nil {
		return err
	}
	out, err := tx.CreateBucket(topOutbox)
	if err != nil {
		return err
	}
	return out.SetSequence(last)
}
