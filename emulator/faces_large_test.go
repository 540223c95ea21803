package emulator_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

const blockSize = 1 << 20

// blocks reads as size bytes, none of whose blocks is like another, and looks at the heap at each.
type blocks struct {
	left  int64
	block [blockSize]byte
	rest  []byte
	count uint64
	peak  uint64 // bytes of the heap
}

func (b *blocks) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.left == 0 {
			return 0, io.EOF
		}
		b.next()
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// next makes the next block.
func (b *blocks) next() {
	b.count++
	for i := 0; i < blockSize; i += 4096 {
		binary.LittleEndian.PutUint64(b.block[i:], b.count<<16|uint64(i/4096))
	}
	b.rest = b.block[:min(b.left, blockSize)]
	b.left -= int64(len(b.rest))
	if b.count%8 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.peak = max(b.peak, m.HeapInuse)
	}
}

// same fails unless r reads as b does.
func (b *blocks) same(t *testing.T, r io.Reader) {
	t.Helper()
	got := make([]byte, blockSize)
	for b.left > 0 {
		b.next()
		if _, err := io.ReadFull(r, got[:len(b.rest)]); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[:len(b.rest)], b.rest) {
			t.Fatalf("block %d is another", b.count)
		}
	}
	if n, err := r.Read(got); n != 0 || err != io.EOF {
		t.Errorf("behind the end there are %d bytes, %v", n, err)
	}
}

// An object as large as wrangler puts goes in and out of client/v4 without being held in memory.
func TestLargeObjectsOfClientV4Stream(t *testing.T) {
	const size = 300 << 20
	h := emulatortest.Start(t, storeFaces, emulator.Options{})
	const path = "/r2/buckets/invoices/objects/large"
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	in, out := &blocks{left: size}, &blocks{left: size}
	r, err := http.NewRequestWithContext(t.Context(), "PUT", h.ControlURL+r2Account+path, in)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = size
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text(t, res)
	got := askREST(t, h, "GET", path, nil)
	if got.Header.Get("Content-Length") != fmt.Sprint(size) {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	out.same(t, got.Body)
	const most = 48 << 20
	for what, b := range map[string]*blocks{"PUT": in, "GET": out} {
		if grown := int64(b.peak) - int64(before.HeapInuse); grown > most {
			t.Errorf("%s: the heap has grown by %d MiB", what, grown>>20)
		}
	}
}
