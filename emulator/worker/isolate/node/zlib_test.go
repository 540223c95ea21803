package node

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
)

// A bomb is refused once its output is as large as a Worker's memory, or larger than maxOutputLength
// in all, even when it is taken away piece by piece.
func TestOutputIsBounded(t *testing.T) {
	b := &limitedBuffer{}
	if _, err := b.Write(make([]byte, maxZipOutput+1)); errorCode(err) != "ERR_BUFFER_TOO_LARGE" {
		t.Errorf("one byte more than the memory: %v", err)
	}
	b = &limitedBuffer{most: 5}
	for _, s := range []string{"abc", "de"} {
		if _, err := b.Write([]byte(s)); err != nil || string(b.take()) != s {
			t.Fatal(err)
		}
	}
	if _, err := b.Write([]byte{0}); errorCode(err) != "ERR_BUFFER_TOO_LARGE" {
		t.Errorf("one byte more than maxOutputLength: %v", err)
	}
}

// What is decompressed in pieces of any size is the same, and what follows it is left over.
func TestInflaterTakesPiecesOfAnySize(t *testing.T) {
	want := strings.Repeat("some text that repeats, ", 5000)
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(want))
	_ = w.Close()
	in := append(deflated.Bytes(), "rest"...)
	for _, size := range []int{1, 2, 7, 100, len(in)} {
		z := newInflater("InflateRaw", zipOptions{})
		var got bytes.Buffer
		left := 0
		for rest := in; len(rest) > 0; {
			piece := rest[:min(size, len(rest))]
			rest = rest[len(piece):]
			out, err := z.process(piece, flushNone)
			if err != nil {
				t.Fatalf("size %d: %v", size, err)
			}
			got.Write(out)
			left += len(piece) - z.taken()
		}
		out, err := z.process(nil, flushFinish)
		got.Write(out)
		z.free()
		if err != nil || got.String() != want || left != len("rest") {
			t.Errorf("size %d: %d bytes, %d left over, %v", size, got.Len(), left, err)
		}
	}
}

// The coroutine of a decoder that nobody ends is ended with the invocation.
func TestInflaterIsFreed(t *testing.T) {
	z := newInflater("Gunzip", zipOptions{})
	if _, err := z.process([]byte{0x1F}, flushNone); err != nil {
		t.Fatal(err)
	}
	z.free()
	if _, ok := z.next(); ok {
		t.Error("the decoder still waits for input")
	}
}
