package isolate

import (
	"container/heap"
	"math"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/internal/clock"
)

// A timer is a pending setTimeout or setInterval.
type timer struct {
	id    int64
	inv   *invocation
	at    time.Time
	seq   uint64
	every time.Duration // of an interval; negative for a timeout
	index int           // in the heap; -1 when out of it
	call  func()
}

// timers fire by deadline, equal deadlines by age. One timer of the emulator's clock is armed for the
// first of them: had each its own, two with the same delay could fire in either order.
type timers struct {
	isolate *isolate
	heap    timerHeap
	byID    map[int64]*timer
	lastID  int64
	lastSeq uint64
	armed   clock.Timer
	armedAt time.Time
}

func (ts *timers) add(inv *invocation, delay, every time.Duration, call func()) *timer {
	ts.lastID++
	t := &timer{id: ts.lastID, inv: inv, every: every, call: call}
	ts.byID[t.id] = t
	if inv.timers == nil {
		inv.timers = map[*timer]struct{}{}
	}
	inv.timers[t] = struct{}{}
	inv.holds++
	ts.schedule(t, delay)
	return t
}

func (ts *timers) schedule(t *timer, delay time.Duration) {
	ts.lastSeq++
	t.at, t.seq = ts.isolate.clock.Now().Add(delay), ts.lastSeq
	heap.Push(&ts.heap, t)
	ts.arm()
}

// remove forgets t and lets go of its invocation.
func (ts *timers) remove(t *timer) {
	if _, ok := ts.byID[t.id]; !ok {
		return
	}
	delete(ts.byID, t.id)
	delete(t.inv.timers, t)
	t.inv.holds--
	if t.index >= 0 {
		heap.Remove(&ts.heap, t.index)
		ts.arm()
	}
}

func (ts *timers) arm() {
	if len(ts.heap) == 0 {
		if ts.armed != nil {
			ts.armed.Stop()
			ts.armed = nil
		}
		return
	}
	first := ts.heap[0].at
	if ts.armed != nil {
		if ts.armedAt.Equal(first) {
			return
		}
		ts.armed.Stop()
	}
	i := ts.isolate
	ts.armedAt = first
	ts.armed = i.clock.AfterFunc(first.Sub(i.clock.Now()), func() { i.queue.post(task{run: ts.fire}) })
}

// fire runs what is due, each in a turn of its own.
func (ts *timers) fire() {
	ts.armed = nil
	now := ts.isolate.clock.Now()
	for len(ts.heap) > 0 && !ts.heap[0].at.After(now) {
		t := heap.Pop(&ts.heap).(*timer)
		if t.every < 0 {
			ts.remove(t)
		}
		ts.isolate.turn(t.inv, t.call)
		if _, on := ts.byID[t.id]; on {
			ts.schedule(t, t.every)
		}
		ts.isolate.reapStalled(t.inv)
	}
	ts.arm()
}

// timerHeap orders timers by deadline, equal deadlines by age.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}

// installTimers defines setTimeout and its family. scheduler.wait and queueMicrotask are in prelude.js.
func (i *isolate) installTimers() {
	i.timers = timers{isolate: i, byID: map[int64]*timer{}}
	i.realm.Global("setTimeout", 1, func(call goja.FunctionCall) goja.Value { return i.setTimer("setTimeout", call, false) })
	i.realm.Global("setInterval", 1, func(call goja.FunctionCall) goja.Value { return i.setTimer("setInterval", call, true) })
	for _, name := range []string{"clearTimeout", "clearInterval"} {
		i.realm.Global(name, 0, func(call goja.FunctionCall) goja.Value {
			if id := call.Argument(0); !goja.IsUndefined(id) && !goja.IsNull(id) {
				if t := i.timers.byID[id.ToInteger()]; t != nil {
					i.timers.remove(t)
				}
			}
			return goja.Undefined()
		})
	}
}

func (i *isolate) setTimer(name string, call goja.FunctionCall, repeat bool) goja.Value {
	fn, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		i.realm.TypeError("Failed to execute '%s' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.", name)
	}
	i.NeedEvent()
	delay, every := timerDelay(call.Argument(1)), time.Duration(-1)
	if repeat {
		// An interval of 0 would never let the loop do anything else.
		every = max(delay, time.Millisecond)
		delay = every
	}
	var args []goja.Value
	if len(call.Arguments) > 2 {
		args = append(args, call.Arguments[2:]...)
	}
	frame := i.frame
	t := i.timers.add(i.current, delay, every, func() {
		i.frame = frame
		if _, err := fn(goja.Undefined(), args...); err != nil {
			i.rethrow(err)
		}
	})
	return i.rt.ToValue(t.id)
}

// maxDelay keeps a delay within what the clock can add.
const maxDelay = 100 * 365 * 24 * time.Hour

func timerDelay(v goja.Value) time.Duration {
	ms := v.ToFloat()
	switch {
	case math.IsNaN(ms) || ms <= 0:
		return 0
	case ms >= float64(maxDelay/time.Millisecond):
		return maxDelay
	}
	return time.Duration(ms) * time.Millisecond
}

// rethrow throws on what a call back into JavaScript from within a turn ended with.
func (i *isolate) rethrow(err error) { panic(err) }
