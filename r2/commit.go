package r2

import (
	"sync"

	bolt "go.etcd.io/bbolt"
)

// A committer lets concurrent writers share a transaction, and so a flush of the disk. The writer
// that gets its turn commits everything that is queued by then; the others find their work done. A
// lone writer waits for nobody, which bbolt's own Batch cannot say of itself.
type committer struct {
	db *bolt.DB

	turn sync.Mutex // held while committing

	mu    sync.Mutex // guards queue
	queue []*pending
}

// A pending is one writer's part of a transaction. err is written before done is closed.
type pending struct {
	apply func(*bolt.Tx) error
	done  chan struct{}
	err   error
}

// do applies the change and returns once it is on disk. An error of apply rolls back all that share
// the transaction, so apply must return none for what a caller can cause: such outcomes it notes
// elsewhere and changes nothing.
func (c *committer) do(apply func(*bolt.Tx) error) error {
	p := &pending{apply: apply, done: make(chan struct{})}
	c.mu.Lock()
	c.queue = append(c.queue, p)
	c.mu.Unlock()

	c.turn.Lock()
	defer c.turn.Unlock()
	select {
	case <-p.done:
		return p.err
	default:
	}
	c.mu.Lock()
	group := c.queue
	c.queue = nil
	c.mu.Unlock()

	err := c.db.Update(func(tx *bolt.Tx) error {
		for _, p := range group {
			if err := p.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
	for _, p := range group {
		p.err = err
		close(p.done)
	}
	return err
}
