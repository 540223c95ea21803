package emulator

import (
	"context"
	"errors"

	"github.com/cfemu/cfemu/queues"
	"github.com/cfemu/cfemu/r2"
)

// A notifier puts R2's event notifications into queues.
type notifier struct{ e *Emulator }

// Queue finds a queue by its id.
func (n notifier) Queue(ctx context.Context, id string) (r2.QueueRef, bool) {
	q, err := n.e.queues.Get(ctx, id)
	if err != nil || q.ID != id {
		return r2.QueueRef{}, false
	}
	return r2.QueueRef{ID: q.ID, Name: q.Name}, true
}

// Notify sends messages to a queue.
func (n notifier) Notify(ctx context.Context, queueID string, messages [][]byte) error {
	q, err := n.e.queues.Get(ctx, queueID)
	if err == nil {
		out := make([]queues.Outgoing, len(messages))
		for i, m := range messages {
			out[i] = queues.Outgoing{Body: m, ContentType: "json"}
		}
		err = q.Send(ctx, out)
	}
	if known, ok := errors.AsType[*queues.Error](err); ok && known.Code == queues.CodeQueueNotFound {
		return r2.ErrNoQueue
	}
	return err
}
