package webfetch

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"iter"
	"sync"

	"github.com/dop251/goja"
)

// A coder is the state of a CompressionStream or DecompressionStream.
type coder interface {
	// write codes b and returns what has come out so far, nil when nothing has.
	write(b []byte) ([]byte, error)
	// end codes what is left.
	end() ([]byte, error)
	// free forgets all.
	free()
}

// defineCodingNatives adds what CompressionStream and DecompressionStream call.
func (a *API) defineCodingNatives(def func(name string, f func(call goja.FunctionCall) goja.Value)) {
	coded := func(out []byte, err error) goja.Value {
		if err != nil {
			a.throw(err)
		}
		if len(out) == 0 {
			return goja.Null()
		}
		return a.realm.Uint8Array(out)
	}
	def("coder", func(call goja.FunctionCall) goja.Value {
		format := call.Argument(0).String()
		if call.Argument(1).ToBoolean() {
			return a.rt.ToValue(newDecompressor(a.h.Context(), format))
		}
		return a.rt.ToValue(newCompressor(format))
	})
	def("code", func(call goja.FunctionCall) goja.Value {
		c := call.Argument(0).Export().(coder)
		data, _ := a.chunkBytes(call.Argument(1))
		return coded(c.write(data))
	})
	def("codeEnd", func(call goja.FunctionCall) goja.Value { return coded(call.Argument(0).Export().(coder).end()) })
	def("codeFree", func(call goja.FunctionCall) goja.Value {
		call.Argument(0).Export().(coder).free()
		return goja.Undefined()
	})
}

type compressor struct {
	out bytes.Buffer
	w   io.WriteCloser
}

func newCompressor(format string) *compressor {
	c := &compressor{}
	switch format {
	case "gzip":
		c.w = gzip.NewWriter(&c.out)
	case "deflate":
		c.w = zlib.NewWriter(&c.out)
	default:
		c.w, _ = flate.NewWriter(&c.out, flate.DefaultCompression) // this level is always right
	}
	return c
}

func (c *compressor) write(b []byte) ([]byte, error) {
	_, err := c.w.Write(b)
	return c.take(), err
}

func (c *compressor) end() ([]byte, error) {
	err := c.w.Close()
	return c.take(), err
}

func (c *compressor) free() {}

func (c *compressor) take() []byte {
	out := bytes.Clone(c.out.Bytes())
	c.out.Reset()
	return out
}

// A decompressor turns Go's decoders, which pull, into one that is pushed: the decoder runs as a
// coroutine that pauses whenever it has used its input up.
type decompressor struct {
	mu    sync.Mutex // next and stop, which the end of the invocation may call
	next  func() (struct{}, bool)
	stop  func()
	off   func() bool
	in    []byte
	ended bool // no more input will come
	out   bytes.Buffer
	err   error
	done  bool
}

var (
	errTruncated = errors.New("Called close() on a decompression stream with incomplete data")
	errTrailing  = errors.New("Trailing bytes after end of compressed data")
	errCorrupt   = errors.New("Decompression failed.")
)

func newDecompressor(ctx context.Context, format string) *decompressor {
	d := &decompressor{}
	d.next, d.stop = iter.Pull(func(yield func(struct{}) bool) {
		d.err = d.decode(format, &feed{d: d, more: func() bool { return yield(struct{}{}) }})
		d.done = true
	})
	d.off = context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stop()
	})
	return d
}

func (d *decompressor) decode(format string, in *feed) error {
	var r io.Reader
	var err error
	switch format {
	case "gzip":
		var z *gzip.Reader
		if z, err = gzip.NewReader(in); err == nil {
			z.Multistream(false)
			r = z
		}
	case "deflate":
		r, err = zlib.NewReader(in)
	default:
		r = flate.NewReader(in)
	}
	if err == nil {
		_, err = io.Copy(&d.out, r)
	}
	switch {
	case err == nil:
		return nil
	case in.ranOut:
		return errTruncated
	}
	return errCorrupt
}

// A feed gives the decoder its input byte by byte, so that what follows the data is left over.
type feed struct {
	d      *decompressor
	more   func() bool
	ranOut bool
}

func (f *feed) wait() error {
	for len(f.d.in) == 0 {
		if f.d.ended || !f.more() {
			f.ranOut = true
			return io.EOF
		}
	}
	return nil
}

func (f *feed) Read(p []byte) (int, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	n := copy(p, f.d.in)
	f.d.in = f.d.in[n:]
	return n, nil
}

func (f *feed) ReadByte() (byte, error) {
	if err := f.wait(); err != nil {
		return 0, err
	}
	b := f.d.in[0]
	f.d.in = f.d.in[1:]
	return b, nil
}

func (d *decompressor) write(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if d.done && d.err == nil {
		return nil, errTrailing
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.in = bytes.Clone(b)
	d.next()
	if d.done && d.err == nil && len(d.in) > 0 {
		return nil, errTrailing
	}
	return d.take()
}

func (d *decompressor) end() ([]byte, error) {
	d.mu.Lock()
	d.ended = true
	if !d.done {
		d.next()
	}
	out, err := d.take()
	d.mu.Unlock()
	d.free()
	return out, err
}

func (d *decompressor) free() {
	d.off()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stop()
}

func (d *decompressor) take() ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	out := bytes.Clone(d.out.Bytes())
	d.out.Reset()
	return out, nil
}
