package queues

import (
	"context"
	"fmt"
	"time"
)

// A Consumer takes the batches of a queue. Its calls may overlap, as the Policy allows.
//
// Consume returns what became of the batch. An error says that the delivery itself failed: all of
// the batch is retried, whatever the Outcome says. When ctx ends the queue is being shut down.
type Consumer interface {
	Consume(ctx context.Context, b Batch) (Outcome, error)
}

// A Batch is what is delivered at a time.
type Batch struct {
	Queue    string
	Messages []Message
	Backlog  Metrics // what waits in the queue with the batch taken out
}

// A Message is one message of a Batch.
type Message struct {
	ID          string    // 32 hexadecimal digits; the same in every attempt and in the dead letter queue
	Timestamp   time.Time // when it was sent, in whole milliseconds
	Attempts    int       // this delivery included, so 1 at first
	ContentType string    // text, json, bytes or v8
	Body        []byte    // as it was sent; v8 is opaque
}

// An Outcome lists the messages that shall come again. All else is done.
type Outcome struct {
	Retries []Retry
}

// A Retry names a message. Delay is nil when the consumer gave none, and then the policy's holds.
type Retry struct {
	ID    string
	Delay *time.Duration
}

// A Policy is how a queue is delivered to its consumer. MaxConcurrency 0 leaves it to us.
type Policy struct {
	MaxBatchSize    int
	MaxBatchTimeout time.Duration // how long a batch that is not full waits for more
	MaxRetries      int           // deliveries after the first
	RetryDelay      time.Duration
	MaxConcurrency  int    // deliveries that may run at the same time
	DeadLetterQueue string // where messages go that failed too often; empty: dropped
}

// DefaultPolicy is what a consumer gets that sets nothing.
//
// Receipt: https://developers.cloudflare.com/queues/configuration/batching-retries/
func DefaultPolicy() Policy {
	return Policy{MaxBatchSize: 10, MaxBatchTimeout: 5 * time.Second, MaxRetries: 3}
}

// autoConcurrency is what MaxConcurrency 0 comes to.
//
// Deviation: without max_concurrency 10 deliveries run at once; Cloudflare scales from 1 to 250 by backlog and errors.
const autoConcurrency = 10

func (p Policy) concurrency() int {
	if p.MaxConcurrency == 0 {
		return autoConcurrency
	}
	return p.MaxConcurrency
}

func (p Policy) validate(queue string) error {
	bad := func(format string, args ...any) error {
		return &Error{Code: CodeConsumerSettings, Message: fmt.Sprintf("consumer of queue %s: ", queue) + fmt.Sprintf(format, args...)}
	}
	switch {
	case p.MaxBatchSize < 1 || p.MaxBatchSize > maxConsumerBatch:
		return bad("max_batch_size is %d, it must be 1 to %d", p.MaxBatchSize, maxConsumerBatch)
	case p.MaxBatchTimeout < 0 || p.MaxBatchTimeout > maxConsumerTimeout:
		return bad("max_batch_timeout is %v, it must be 0 to %v", p.MaxBatchTimeout, maxConsumerTimeout)
	case p.MaxRetries < 0 || p.MaxRetries > maxConsumerRetries:
		return bad("max_retries is %d, it must be 0 to %d", p.MaxRetries, maxConsumerRetries)
	case p.RetryDelay < 0 || p.RetryDelay > maxDelay:
		return bad("retry_delay is %v, it must be 0 to %v", p.RetryDelay, maxDelay)
	case p.MaxConcurrency < 0 || p.MaxConcurrency > maxConcurrency:
		return bad("max_concurrency is %d, it must be 1 to %d", p.MaxConcurrency, maxConcurrency)
	case p.DeadLetterQueue == queue:
		return bad("the queue cannot be its own dead_letter_queue")
	}
	return nil
}
