package isolate

import (
	"runtime"
	"runtime/metrics"
	"sync"
)

const (
	// memoryLimit is what an isolate may use in production.
	// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
	memoryLimit = 128 << 20
	// memoryFactor is how much more a Worker may use here, since objects of this engine are several
	// times as large as V8's. A single allocation is held to memoryLimit itself.
	memoryFactor = 4
)

// A heapGuard tells when Workers have used up their memory. Go counts by process and not by isolate,
// so whoever runs when the limit is passed is taken for the one who passed it.
type heapGuard struct {
	limit uint64

	mu     sync.Mutex
	base   uint64 // the heap before any Worker was loaded
	swept  uint64 // the heap after the last collection that was asked for
	sample []metrics.Sample
}

func newHeapGuard(limit uint64) *heapGuard {
	if limit == 0 {
		limit = memoryLimit * memoryFactor
	}
	g := &heapGuard{limit: limit, sample: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}}
	g.base = g.size()
	return g
}

func (g *heapGuard) size() uint64 {
	metrics.Read(g.sample)
	return g.sample[0].Value.Uint64()
}

// full reports whether what is in use, without garbage, has passed the limit. It collects garbage only
// when there may be enough of it to matter.
func (g *heapGuard) full() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	top := g.base + g.limit
	if size := g.size(); size < top || size < g.swept+g.limit/4 {
		return false
	}
	runtime.GC()
	g.swept = g.size()
	return g.swept >= top
}
