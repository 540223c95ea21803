// Package groupcommit lets concurrent writers of a bbolt file share transactions, and so flushes of the
// disk. It is for stores whose changes fail only by their own fault; see Committer.Do.
package groupcommit

import (
	"errors"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/boltfile"
)

// A Committer lets concurrent writers share a transaction, and so a flush of the disk. The writer
// that gets its turn commits everything that is queued by then; the others find their work done. A
// lone writer waits for nobody, which bbolt's own Batch cannot say of itself.
type Committer struct {
	DB *bolt.DB

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

// Do applies the change and returns once it is on disk. An error of apply rolls back all that share
// the transaction, so apply must return none for what a caller can cause: such outcomes it notes
// elsewhere and changes nothing. A damaged file or a full disk is a *boltfile.Trouble to all of them.
func (c *Committer) Do(apply func(*bolt.Tx) error) error {
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

	return c.run(group)
}

// run commits a group. However it ends, also by a panic of apply, each of the group has its outcome: else
// the others would find their turn free and nothing queued, and take that for a success.
func (c *Committer) run(group []*pending) (err error) {
	err = errPanicked
	defer func() {
		for _, p := range group {
			p.err = err
			close(p.done)
		}
	}()
	err = boltfile.Update(c.DB, func(tx *bolt.Tx) error {
		for _, p := range group {
			if err := p.apply(tx); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

var errPanicked = errors.New("the change was rolled back: one that shared its transaction has panicked")

// Pause holds all commits up, as a slow disk does, until resume is called. It is for tests.
func (c *Committer) Pause() (resume func()) {
	c.turn.Lock()
	return c.turn.Unlock
}

// Waiting tells how many writers have queued up for the next commit.
func (c *Committer) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}
