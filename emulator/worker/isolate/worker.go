package isolate

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
)

// An entry is what the entry module exports as its default.
type entry struct {
	value goja.Value
	class bool // it is a class that extends WorkerEntrypoint: one instance per event
	// globals are the bindings that were put into the global scope.
	globals []string
}

// handlerNames are the events that the contract knows.
var handlerNames = [...]string{"fetch", "queue", "scheduled", "email"}

// findHandlers runs once, at the end of boot.
func (i *isolate) findHandlers() []string {
	var found []string
	for _, name := range handlerNames {
		if i.listens(name) {
			found = append(found, name)
			continue
		}
		o, ok := i.main.value.(*goja.Object)
		if !ok {
			continue
		}
		if i.main.class {
			o, ok = o.Get("prototype").(*goja.Object)
			if !ok {
				continue
			}
		}
		if _, callable := goja.AssertFunction(o.Get(name)); callable {
			found = append(found, name)
		}
	}
	return found
}

func (i *isolate) has(handler string) bool {
	for _, h := range i.handlers {
		if h == handler {
			return true
		}
	}
	return false
}

// call runs the handler of that name in inv, whose result settles with what it returns.
func (i *isolate) call(inv *invocation, handler string, event goja.Value) {
	var v goja.Value
	ex := i.rt.Try(func() {
		ctx := i.contexts.New(inv)
		if i.main.class {
			instance, err := i.rt.New(i.main.value, ctx, i.env)
			if err != nil {
				i.rethrow(err)
			}
			fn, _ := goja.AssertFunction(instance.Get(handler))
			v = i.must(fn(instance, event))
			return
		}
		o := i.main.value.(*goja.Object)
		fn, ok := goja.AssertFunction(o.Get(handler))
		if !ok {
			i.realm.TypeError("Handler does not export a %s() function.", handler)
		}
		v = i.must(fn(o, event, i.env, ctx))
	})
	if ex != nil {
		inv.fail(i.exceptionAt(ex))
		return
	}
	inv.await(v)
}

// must returns v or throws err.
func (i *isolate) must(v goja.Value, err error) goja.Value {
	if err != nil {
		i.rethrow(err)
	}
	return v
}

type fetched struct {
	res *http.Response
	err error
}

// roundTrip runs the fetch handler.
func (i *isolate) roundTrip(r *http.Request) (*http.Response, error) {
	if !i.has("fetch") {
		return nil, fmt.Errorf("worker %s: fetch: %w", i.spec.Name, worker.ErrNoHandler)
	}
	inv, err := i.begin(r.Context())
	if err != nil {
		return nil, err
	}
	out := make(chan fetched, 1)
	i.queue.post(task{inv: inv, run: func() { i.startFetch(inv, r, out) }})
	select {
	case f := <-out:
		return f.res, f.err
	case <-i.stopped:
		return nil, fmt.Errorf("worker %s: %w", i.spec.Name, errWorkerClosed)
	case <-i.wedged.Done():
		return nil, errWedged()
	case <-r.Context().Done():
		cause := context.Cause(r.Context())
		i.queue.post(task{run: func() {
			select {
			case f := <-out: // it was just being answered
				if f.res != nil {
					f.res.Body.Close()
				}
			default:
			}
			inv.abandon(cause)
		}})
		return nil, cause
	}
}

func (i *isolate) startFetch(inv *invocation, r *http.Request, out chan<- fetched) {
	inv.start()
	client := r.Context()
	inv.settle = func(v goja.Value, ex *Exception) {
		var res *http.Response
		if ex == nil {
			res, ex = i.takeResponse(v)
		}
		if ex != nil {
			out <- fetched{err: ex}
			return
		}
		res.Request = r
		if r.Method == http.MethodHead {
			if n, declared := i.fetch.HeadLength(v); declared {
				res.Header.Set("Content-Length", n)
			}
		}
		if inv.mayFeed(r) {
			inv.body = true
			// Whoever reads the body cannot tell of a client that goes while there is nothing to read.
			watch := context.AfterFunc(client, func() {
				i.queue.post(task{run: func() {
					if inv.body {
						inv.abandon(errClientGone)
					}
				}})
			})
			unwedge := context.AfterFunc(i.wedged, func() { inv.cancel(errWedged()) }) // nothing will feed it any more
			res.Body = &responseBody{ReadCloser: res.Body, inv: inv, unread: r.Method == http.MethodHead,
				unwatch: func() { watch(); unwedge() }}
		}
		out <- fetched{res: res}
	}
	cf := []byte(nil)
	if blob := r.Header["Cf-Blob"]; len(blob) > 0 {
		cf = []byte(blob[0])
		r = r.WithContext(inv.ctx)
		r.Header = maps.Clone(r.Header)
		r.Header.Del("Cf-Blob")
	} else {
		r = r.WithContext(inv.ctx)
	}
	req := i.fetch.NewRequest(r, cf)
	if i.listens("fetch") {
		i.dispatchEvent(inv, "fetch", req)
		return
	}
	i.call(inv, "fetch", req)
}

// mayFeed reports whether a response's body may still need the invocation while it is read: where
// nothing is under way and no stream is open, the body lies in memory.
func (inv *invocation) mayFeed(r *http.Request) bool {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.holds > 0 || inv.waits > 0 || len(inv.closers) > 0 || r.Body != nil && r.Body != http.NoBody
}

// takeResponse turns what a fetch handler returned into a response.
func (i *isolate) takeResponse(v goja.Value) (*http.Response, *Exception) {
	var (
		res *http.Response
		err error
	)
	if ex := i.rt.Try(func() { res, err = i.fetch.TakeResponse(v) }); ex != nil {
		return nil, i.exceptionAt(ex)
	}
	if err != nil {
		return nil, i.exceptionOf(err)
	}
	if res.Body == nil {
		res.Body = http.NoBody
	}
	return res, nil
}

// A responseBody tells the invocation when its response has been read or given up.
type responseBody struct {
	io.ReadCloser
	inv    *invocation
	told   bool
	unread bool // closing it without having read it is no sign that the client has gone
	// unwatch ends the watches for the client's going and the isolate's.
	unwatch func()
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.tell(true)
	}
	return n, err
}

func (b *responseBody) Close() error {
	err := b.ReadCloser.Close()
	b.tell(b.unread)
	return err
}

func (b *responseBody) tell(whole bool) {
	if b.told {
		return
	}
	b.told = true
	b.unwatch()
	inv := b.inv
	inv.isolate.queue.post(task{run: func() {
		if !whole && inv.body {
			inv.abandon(errClientGone)
			return
		}
		inv.body = false
		inv.maybeEnd()
	}})
}
