package isolate_test

import (
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/emulator/worker/workertest"
)

func TestConformance(t *testing.T) {
	workertest.Run(t, func(t testing.TB) worker.Engine {
		e := isolate.New(isolate.Options{})
		t.Cleanup(func() { e.Close() })
		return e
	}, "isolate")
}
