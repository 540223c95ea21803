package isolate

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

// goja carries the async context through promise reactions, but not into the call of a foreign
// object's then method, as `await query` makes it: most query builders do all of their work in there.
// Such calls wait in the runtime's queue of jobs, and nothing in goja's API tells of them. So, once an
// AsyncLocalStorage is in use, those that code has queued are put into its context before any other
// code runs.

// A jobQueue is a runtime's queue of promise jobs, and how far it has been looked through.
type jobQueue struct {
	jobs *[]func()
	used bool // an AsyncLocalStorage is in use
	base *func()
	seen int
}

// jobsOf finds the queue of a runtime. Its error says that goja has changed.
func jobsOf(rt *goja.Runtime) (*[]func(), error) {
	f := reflect.ValueOf(rt).Elem().FieldByName("jobQueue")
	if !f.IsValid() || f.Type() != reflect.TypeFor[[]func()]() {
		return nil, fmt.Errorf("goja's runtime has no jobQueue")
	}
	return (*[]func())(unsafe.Pointer(f.UnsafeAddr())), nil
}

// thenableJob is the code of jobs that call a then method.
var thenableJob = sync.OnceValue(func() uintptr {
	rt := goja.New()
	jobs, err := jobsOf(rt)
	if err != nil {
		panic(err) // installLoop has found the queue of another runtime
	}
	var code uintptr
	look := func(goja.FunctionCall) goja.Value {
		code = reflect.ValueOf((*jobs)[0]).Pointer()
		return goja.Undefined()
	}
	if err := rt.Set("look", look); err != nil {
		panic(err)
	}
	if _, err := rt.RunString("Promise.resolve({ then() {} }); look()"); err != nil {
		panic(err)
	}
	return code
})

// claim puts the calls of then methods that have been queued since the last claim into the context
// that is current.
func (i *isolate) claim() {
	q := &i.jobs
	if !q.used {
		return
	}
	jobs := *q.jobs
	if len(jobs) == 0 {
		q.base, q.seen = nil, 0
		return
	}
	if &jobs[0] != q.base || q.seen > len(jobs) {
		q.base, q.seen = &jobs[0], 0
	}
	for ; q.seen < len(jobs); q.seen++ {
		if job := jobs[q.seen]; reflect.ValueOf(job).Pointer() == thenableJob() {
			jobs[q.seen] = i.within(job)
		}
	}
}

// within is a job that runs in the context that is current now.
func (i *isolate) within(job func()) func() {
	inv, frame, env := i.current, i.frame, i.scoped
	return func() {
		i.current, i.frame, i.scoped = inv, frame, env
		job()
		i.Exited()
	}
}
