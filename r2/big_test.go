package r2

import (
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
)

// A flood yields so many bytes, each of which tells where it stands, and watches the heap.
type flood struct {
	at, size int64
	heap     *heap
}

const floodPeriod = 251

func (f *flood) Read(p []byte) (int, error) {
	if f.at == f.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), f.size-f.at)]
	for i := range p {
		p[i] = byte((f.at + int64(i)) % floodPeriod)
	}
	f.at += int64(len(p))
	f.heap.look(f.at)
	return len(p), nil
}

// A heap is the most that was in use above what was at first, in bytes.
type heap struct {
	first, peak uint64
	next        int64 // where to look again: it stops the world
}

func newHeap() *heap {
	runtime.GC()
	h := &heap{}
	h.first = h.used()
	return h
}

func (h *heap) used() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func (h *heap) look(at int64) {
	if at >= h.next {
		h.next = at + 8<<20
		if used := h.used(); used > h.first {
			h.peak = max(h.peak, used-h.first)
		}
	}
}

// The largest object passes through put and get in flat memory. Normally it is a twentieth of that.
func TestLargestObjectIsNeverInMemory(t *testing.T) {
	size, bound := int64(maxPutBytes), uint64(64<<20)
	if os.Getenv("CFEMU_LONG") == "" {
		size /= 20
	}
	b := openOne(t, Options{})
	h := newHeap()
	if _, err := b.Put(t.Context(), "big", &flood{size: size, heap: h}, PutOptions{Size: size}); err != nil {
		t.Fatal(err)
	}
	if h.peak >= bound {
		t.Errorf("put took %d MiB", h.peak>>20)
	}

	o, err := b.Get(t.Context(), "big", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h = newHeap()
	sink := &ebb{heap: h}
	_, err = io.CopyBuffer(struct{ io.Writer }{sink}, struct{ io.Reader }{o.Body}, make([]byte, 256<<10))
	if err := errors.Join(err, o.Body.Close()); err != nil || sink.at != size || sink.wrong > 0 {
		t.Errorf("%d bytes of %d came, %d of them wrong (%v)", sink.at, size, sink.wrong, err)
	}
	if h.peak >= bound {
		t.Errorf("get took %d MiB", h.peak>>20)
	}
	if err := b.Delete(t.Context(), "big"); err != nil {
		t.Error(err)
	}
}

// An ebb compares what comes with what a flood yields.
type ebb struct {
	at, wrong int64
	heap      *heap
}

func (d *ebb) Write(p []byte) (int, error) {
	for i := range p {
		if p[i] != byte((d.at+int64(i))%floodPeriod) {
			d.wrong++
		}
	}
	d.at += int64(len(p))
	d.heap.look(d.at)
	return len(p), nil
}
