package emulator

import (
	"crypto/rand"
	"encoding/hex"
	"sync"

	"github.com/cfemu/cfemu/internal/probe"
)

// operations counts what each running invocation does, for its line on the terminal.
type operations struct {
	mu    sync.Mutex
	byRay map[string][]OpCount
}

func newOperations() *operations { return &operations{byRay: map[string][]OpCount{}} }

// begin makes room for an invocation; operations of others are not kept.
func (o *operations) begin(ray string) {
	o.mu.Lock()
	o.byRay[ray] = nil
	o.mu.Unlock()
}

// end returns what the invocation did and forgets it.
func (o *operations) end(ray string) []OpCount {
	o.mu.Lock()
	defer o.mu.Unlock()
	ops := o.byRay[ray]
	delete(o.byRay, ray)
	return ops
}

func (o *operations) observe(ev probe.Event) {
	if ev.Ray == "" {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	ops, running := o.byRay[ev.Ray]
	if !running {
		return
	}
	for i := range ops {
		if ops[i].Product == ev.Product && ops[i].Name == ev.Name {
			ops[i].Count++
			return
		}
	}
	o.byRay[ev.Ray] = append(ops, OpCount{ev.Product, ev.Name, 1})
}

// newRay returns a Ray ID as Cloudflare writes it in the CF-Ray header: sixteen hexadecimal digits
// and the data centre.
func newRay() string {
	var b [8]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process rather than return an error
	return hex.EncodeToString(b[:]) + "-" + colo
}
