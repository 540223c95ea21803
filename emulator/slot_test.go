package emulator

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// A fakeWorker does nothing but remember when it was closed.
type fakeWorker struct {
	worker.Worker // all but Close: not called
	number        int64
	closed        atomic.Bool
	onClose       func(context.Context)
}

func (f *fakeWorker) Close(ctx context.Context) error {
	f.closed.Store(true)
	if f.onClose != nil {
		f.onClose(ctx)
	}
	return nil
}

func TestSlot(t *testing.T) {
	bg := context.Background()
	t.Run("an empty slot says why it is empty", func(t *testing.T) {
		s := newSlot()
		if _, _, err := s.take(bg); err == nil {
			t.Error("it gave a version")
		}
		why := errors.New("index.js:1:1: no")
		s.fail(why)
		if _, _, err := s.take(bg); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a failure leaves the old version live, and the next swap forgets it", func(t *testing.T) {
		s := newSlot()
		s.swap(&fakeWorker{})
		s.fail(errors.New("no"))
		if _, release, err := s.take(bg); err != nil {
			t.Error(err)
		} else {
			release()
		}
		s.swap(&fakeWorker{})
		if err := s.failure(); err != nil {
			t.Errorf("still %v", err)
		}
	})
	t.Run("events wait while any reload is under way", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSlot()
			old, next := &fakeWorker{}, &fakeWorker{}
			s.swap(old)
			s.begin()
			s.begin()
			got := make(chan worker.Worker, 1)
			go func() {
				v, release, err := s.take(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				got <- v.Worker
				release()
			}()
			s.end()
			synctest.Wait()
			select {
			case <-got:
				t.Fatal("it did not wait for the second reload")
			default:
			}
			s.swap(next)
			s.end()
			if v := <-got; v != worker.Worker(next) {
				t.Error("it runs the old version")
			}
			synctest.Wait()
		})
	})
	t.Run("an event that gives up waiting gets its own reason", func(t *testing.T) {
		s := newSlot()
		s.begin()
		ctx, cancel := context.WithCancelCause(bg)
		why := errors.New("the client has gone")
		cancel(why)
		if _, _, err := s.take(ctx); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("when the watcher has ended, nothing waits any more", func(t *testing.T) {
		for name, late := range map[string]func(*slot){
			"a reload that was under way": func(*slot) {},
			"a change seen after it":      func(s *slot) { s.begin() },
			"an end that comes after it":  func(s *slot) { s.end() },
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSlot()
					s.swap(&fakeWorker{})
					s.begin()
					s.abandon()
					late(s)
					ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
					defer cancel()
					_, release, err := s.take(ctx)
					if err != nil {
						t.Fatal(err)
					}
					release()
				})
			})
		}
	})
	t.Run("closing lets go of what waits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSlot()
			s.swap(&fakeWorker{})
			s.begin()
			s.abandon()
			if err := s.close(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.take(context.Background()); err == nil {
				t.Error("a closed slot gives a version")
			}
		})
	})
}

func TestDrain(t *testing.T) {
	t.Run("the old version is closed when its last event ends, not before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSlot()
			old := &fakeWorker{}
			s.swap(old)
			_, first, _ := s.take(t.Context())
			_, second, _ := s.take(t.Context())
			s.swap(&fakeWorker{})
			first()
			synctest.Wait()
			if old.closed.Load() {
				t.Error("closed with an event running")
			}
			second()
			synctest.Wait()
			if !old.closed.Load() {
				t.Error("not closed after its last event")
			}
		})
	})
	t.Run("it is closed all the same when an event does not end in ten seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSlot()
			old := &fakeWorker{}
			s.swap(old)
			_, release, _ := s.take(t.Context())
			defer release()
			s.swap(&fakeWorker{})
			sleep(t, drainTimeout-time.Millisecond)
			if old.closed.Load() {
				t.Error("closed early")
			}
			sleep(t, time.Second)
			if !old.closed.Load() {
				t.Error("not closed")
			}
		})
	})
	t.Run("closing waits for the versions before the live one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSlot()
			old := &fakeWorker{}
			s.swap(old)
			_, release, _ := s.take(t.Context())
			s.swap(&fakeWorker{})
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				if err := s.close(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
			select {
			case <-closed:
				t.Error("it did not wait")
			default:
			}
			release()
			<-closed
			if !old.closed.Load() {
				t.Error("the old version is open")
			}
		})
	})
}

// sleep lets the time of a synctest bubble pass.
func sleep(t *testing.T, d time.Duration) {
	t.Helper()
	if err := clock.Sleep(t.Context(), clock.System, d); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// Swapping under load loses no event and closes no version that one of them holds.
func TestSwapUnderLoad(t *testing.T) {
	s := newSlot()
	s.swap(&fakeWorker{})
	var all sync.WaitGroup
	var done atomic.Bool
	var events atomic.Int64
	for range 8 {
		all.Go(func() {
			for !done.Load() {
				v, release, err := s.take(context.Background())
				if err != nil {
					t.Errorf("lost: %v", err)
					return
				}
				if v.Worker.(*fakeWorker).closed.Load() {
					t.Error("a closed version was given out")
				}
				events.Add(1)
				if v.Worker.(*fakeWorker).closed.Load() {
					t.Error("closed while an event held it")
				}
				release()
			}
		})
	}
	for i := range 500 {
		s.begin()
		if i%3 == 0 {
			s.fail(errors.New("broken"))
		} else {
			s.swap(&fakeWorker{number: int64(i)})
		}
		s.end()
		if i%50 == 0 { // on a busy machine the events may have had no turn yet
			at := events.Load()
			testkit.Wait(t, func() error {
				if events.Load() == at {
					return errors.New("nothing runs")
				}
				return nil
			})
		}
	}
	done.Store(true)
	all.Wait()
	if err := s.close(context.Background()); err != nil {
		t.Error(err)
	}
}

var _ http.RoundTripper = (*fakeWorker)(nil)
