package groupcommit

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/testkit"
)

func open(t *testing.T) *Committer {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "x.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Committer{DB: db}
}

func lastCommit(t *testing.T, c *Committer) (id int) {
	t.Helper()
	if err := c.DB.View(func(tx *bolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestWritersThatWaitShareACommit(t *testing.T) {
	c := open(t)
	before := lastCommit(t, c)
	resume := c.Pause()
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			if err := c.Do(func(*bolt.Tx) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	testkit.Wait(t, func() error {
		if n := c.Waiting(); n != 20 {
			return fmt.Errorf("%d writers wait", n)
		}
		return nil
	})
	resume()
	writers.Wait()
	if commits := lastCommit(t, c) - before; commits != 1 {
		t.Errorf("%d commits for twenty writers", commits)
	}
}

func TestAFailureIsToldToAllThatShareIt(t *testing.T) {
	c, boom := open(t), errors.New("boom")
	resume := c.Pause()
	errs := make(chan error, 2)
	for _, result := range []error{nil, boom} {
		go func() { errs <- c.Do(func(*bolt.Tx) error { return result }) }()
	}
	testkit.Wait(t, func() error {
		if n := c.Waiting(); n != 2 {
			return fmt.Errorf("%d writers wait", n)
		}
		return nil
	})
	resume()
	for range 2 {
		if err := <-errs; !errors.Is(err, boom) {
			t.Errorf("got %v, want the failure", err)
		}
	}
}

func TestAPanicIsToldToAllThatShareIt(t *testing.T) {
	c := open(t)
	resume := c.Pause()
	outcomes := make(chan any, 3)
	for i := range 3 {
		go func() {
			defer func() {
				if p := recover(); p != nil {
					outcomes <- p
				}
			}()
			outcomes <- c.Do(func(tx *bolt.Tx) error {
				if i == 1 {
					panic("boom")
				}
				_, err := tx.CreateBucketIfNotExists([]byte("b"))
				return err
			})
		}()
	}
	testkit.Wait(t, func() error {
		if n := c.Waiting(); n != 3 {
			return fmt.Errorf("%d writers wait", n)
		}
		return nil
	})
	resume()
	panics := 0
	for range 3 {
		switch got := <-outcomes; got {
		case "boom":
			panics++
		case errPanicked:
		default:
			t.Errorf("got %v, want the panic or word of it", got)
		}
	}
	if panics != 1 {
		t.Errorf("%d of them have panicked, want whoever committed", panics)
	}
	err := c.Do(func(tx *bolt.Tx) error {
		if tx.Bucket([]byte("b")) != nil {
			return errors.New("a part of the group is there")
		}
		return nil
	})
	if err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
