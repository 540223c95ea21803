package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
)

func TestAsync(t *testing.T) {
	for name, tt := range map[string]struct {
		work func(context.Context) func() (any, error)
		want string
	}{
		"settles with what the work made": {func(context.Context) func() (any, error) {
			return func() (any, error) { return "made", nil }
		}, "made"},
		"rejects with what it threw": {func(context.Context) func() (any, error) {
			return func() (any, error) { return nil, host.Throw(goja.New().ToValue("thrown")) }
		}, "caught thrown"},
		"rejects when it panics": {func(context.Context) func() (any, error) { panic("boom") }, "caught Error: internal error: boom"},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.New(t)
			h.Realm().Global("work", 0, func(goja.FunctionCall) goja.Value { return host.Async(h, tt.work) })
			got := h.Run(t, `try { return await work() } catch (e) { return "caught " + e }`)
			if s, _ := got.(string); !strings.Contains(s, tt.want) {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}
