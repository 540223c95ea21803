// Package hosttest is an event loop just big enough to test a Web API package in.
package hosttest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/internal/clock"
)

// A Host is a host.Host for tests. Set its fields before Run.
type Host struct {
	RT        *goja.Runtime
	Ctx       context.Context
	Clk       clock.Clock
	Transport http.RoundTripper // outbound; nil: fetch panics
	Date      string            // compatibility date; "": the newest
	Caching   http.RoundTripper // behind the Cache API; nil: it panics

	realm   *idl.Realm
	calls   chan func()
	pending int
}

// New returns a host with a fresh runtime.
func New(t testing.TB) *Host {
	rt := goja.New()
	rt.SetMaxCallStackSize(4000)
	return &Host{RT: rt, Ctx: t.Context(), Clk: clock.System, realm: idl.NewRealm(rt), calls: make(chan func(), 1024)}
}

var _ host.Host = (*Host)(nil)

func (h *Host) Runtime() *goja.Runtime      { return h.RT }
func (h *Host) Realm() *idl.Realm           { return h.realm }
func (h *Host) Context() context.Context    { return h.Ctx }
func (h *Host) Clock() clock.Clock          { return h.Clk }
func (h *Host) Now() time.Time              { return h.Clk.Now() }
func (h *Host) NeedEvent()                  {}
func (h *Host) Outbound() http.RoundTripper { return h.Transport }
func (h *Host) Cache() http.RoundTripper    { return h.Caching }

func (h *Host) Enabled(f host.Flag) bool {
	if h.Date == "" {
		return f.EnabledBy("9999-12-31", nil)
	}
	return f.EnabledBy(h.Date, nil)
}

func (h *Host) Hold() func(f func()) {
	h.pending++
	return func(f func()) { h.calls <- f }
}

// Run runs body as the body of an async function and returns what it returns, exported. The test
// fails when it throws, or when it waits for something that nobody will ever do.
func (h *Host) Run(t testing.TB, body string) any {
	t.Helper()
	v, err := h.Try(t, body)
	if err != nil {
		t.Fatalf("script: %v", err)
	}
	return v
}

// Try is Run for scripts that are expected to throw: the error's text is "Name: message".
func (h *Host) Try(t testing.TB, body string) (any, error) {
	t.Helper()
	v, err := h.RT.RunScript("test.js", "(async () => {\n"+body+"\n})()")
	if err != nil {
		return nil, err
	}
	p := v.Export().(*goja.Promise)
	for p.State() == goja.PromiseStatePending {
		if h.pending == 0 {
			t.Fatal("the script waits for something that nobody will ever do")
		}
		select {
		case f := <-h.calls:
			h.pending--
			f()
			h.drainMicrotasks()
		case <-time.After(20 * time.Second):
			t.Fatal("nothing happened for 20 s")
		}
	}
	if p.State() == goja.PromiseStateRejected {
		return nil, host.Throw(p.Result())
	}
	return p.Result().Export(), nil
}

// drainMicrotasks enters and leaves JavaScript once, which runs what is queued.
func (h *Host) drainMicrotasks() {
	if _, err := h.RT.RunString("0"); err != nil {
		panic(err)
	}
}
