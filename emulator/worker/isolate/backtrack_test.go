package isolate_test

import (
	"errors"
	"testing"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/isolate"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

func TestAMatchThatBacktracksForEverExceedsTheCPULimit(t *testing.T) {
	testkit.NoLeaks(t)
	t.Cleanup(regexp2.StopTimeoutClock)
	const evil = `"a".repeat(40) + "b"`
	for name, code := range map[string]string{
		"test":             `/(?=a)(a+)+$/.test(` + evil + `)`,
		"exec, in a catch": `try { /(?=a)(a+)+$/.exec(` + evil + `) } catch {}`,
		"match":            `(` + evil + `).match(/(?=a)(a+)+$/g)`,
		"replace":          `(` + evil + `).replace(/(?=a)(a+)+$/g, "")`,
		"split":            `(` + evil + `).split(/(?=a)(a+)+$/)`,
		"from the middle on, where goja gives up linear time": `const r = /(a+)+$/g; r.lastIndex = 1; r.test(` + evil + `)`,
		"in a text that is not ASCII":                         `("é" + ` + evil + `).replace(/(a+)+$/g, "")`,
		"made at run time":                                    `new RegExp("(?=a)(a+)+$").test(` + evil + `)`,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(handler(`
				if (new URL(request.url).pathname === "/") { ` + code + `; return new Response("done") }
				return new Response("alive " + /(?<=a)b/.test("ab"))`))
			b.spec.Limits.CPU = 40 * time.Millisecond
			b.options.CPUFactor = 1
			w := b.load(t)
			took := clock.Stopwatch()
			text, err := tryGet(t, w, "/")
			var ex *isolate.Exception
			if !errors.As(err, &ex) || ex.Outcome != worker.OutcomeExceededCPU {
				t.Errorf("got %q, %v", text, err)
			}
			if d := took(); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
			if got := get(t, w, "/next"); got != "alive true" {
				t.Errorf("then got %q", got)
			}
		})
	}
}
