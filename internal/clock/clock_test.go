package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestMovable(t *testing.T) {
	t.Run("a timer fires when the clock is moved past it", func(t *testing.T) {
		c := NewMovable()
		c.Freeze()
		fired := make(chan struct{})
		c.AfterFunc(24*time.Hour, func() { close(fired) })
		c.Advance(24*time.Hour - 1)
		select {
		case <-fired:
			t.Fatal("fired early")
		default:
		}
		c.Advance(1)
		<-fired
	})
	t.Run("a stopped timer never fires and says so", func(t *testing.T) {
		c := NewMovable()
		c.Freeze()
		tm := c.AfterFunc(time.Hour, func() { t.Error("fired") })
		if !tm.Stop() {
			t.Error("Stop of a pending timer reports false")
		}
		if tm.Stop() {
			t.Error("second Stop reports true")
		}
		c.Advance(2 * time.Hour)
	})
	t.Run("a frozen clock stands still and a resumed one runs on from there", func(t *testing.T) {
		c := NewMovable()
		c.Freeze()
		at := c.Now()
		if !c.Now().Equal(at) {
			t.Error("time passed while frozen")
		}
		c.Set(at.Add(time.Hour))
		c.Resume()
		if got := c.Now(); got.Before(at.Add(time.Hour)) || got.After(at.Add(time.Hour+time.Minute)) {
			t.Errorf("resumed at %v, want shortly after %v", got, at.Add(time.Hour))
		}
	})
	t.Run("a running clock fires by itself", func(t *testing.T) {
		c := NewMovable()
		fired := make(chan struct{})
		c.AfterFunc(time.Millisecond, func() { close(fired) })
		<-fired
	})
}

func TestSleepEndsWithItsContext(t *testing.T) {
	c := NewMovable()
	c.Freeze()
	ctx, cancel := context.WithCancelCause(t.Context())
	boom := errors.New("boom")
	cancel(boom)
	if err := Sleep(ctx, c, time.Hour); !errors.Is(err, boom) {
		t.Errorf("got %v, want the context's cause", err)
	}
}
