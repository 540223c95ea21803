package node

import (
	"bytes"
	"hash/crc32"
	"slices"

	"github.com/dop251/goja"
)

// The flush modes that make a difference here, by zlib's numbers.
const (
	flushNone   = 0
	flushFinish = 4
)

// A zipper compresses or decompresses what it is given piece by piece.
type zipper interface {
	// process takes input and returns what has come out. flushFinish ends the stream; other modes
	// than flushNone bring out what is there.
	process(in []byte, flush int) ([]byte, error)
	// taken is how much of the last input has been used: less than all when data follows its end.
	taken() int
	free()
}

// zipOptions are those of zlib's classes that mean something here.
type zipOptions struct {
	level      int
	dictionary []byte
	most       int  // bytes that may come out, 0 for no limit but maxZipOutput
	truncated  bool // the input may end early
	finish     int  // the flush mode at the end of what is compressed
	quality    int  // of Brotli
	window     int  // of Brotli, as a power of two
}

// maxZipOutput bounds what one call may give: a Worker has 128 MB in all.
// Receipt: https://developers.cloudflare.com/workers/platform/limits/#memory
const maxZipOutput = 128 << 20

func zlibFault(code, message string) error {
	return &fault{class: "Error", code: code, message: message}
}

func (r *Registry) zipOptions(v goja.Value) zipOptions {
	o := zipOptions{level: memberNumber(v, "level", -1), dictionary: r.memberBytes(v, "dictionary"), most: memberNumber(v, "maxOutputLength", 0),
		quality: memberNumber(v, "quality", 11), window: memberNumber(v, "window", 22), finish: memberNumber(v, "finish", flushFinish)}
	if m := member(v, "truncated"); m != nil {
		o.truncated = m.ToBoolean()
	}
	return o
}

// newZipper makes one by the name of its class in node:zlib.
func newZipper(class string, o zipOptions) zipper {
	switch class {
	case "Deflate", "DeflateRaw", "Gzip":
		return newDeflater(class, o)
	case "BrotliCompress":
		return newBrotliWriter(o)
	}
	return newInflater(class, o)
}

// zipAll is process for the whole of the input.
func zipAll(class string, o zipOptions, in []byte) ([]byte, error) {
	z := newZipper(class, o)
	defer z.free()
	if _, ok := z.(*deflater); ok {
		return z.process(in, o.finish)
	}
	return z.process(in, flushFinish)
}

func (r *Registry) zlibNatives(n *natives) {
	handle := func(v goja.Value) zipper { return v.Export().(zipper) }
	n.function("open", func(call goja.FunctionCall) goja.Value {
		z := newZipper(call.Argument(0).String(), r.zipOptions(call.Argument(1)))
		if i, ok := z.(*inflater); ok {
			i.freeWith(r.i.Context())
		}
		return r.rt.ToValue(z)
	})
	n.function("process", func(call goja.FunctionCall) goja.Value {
		out, err := handle(call.Argument(0)).process(r.bytes(call.Argument(1)), int(call.Argument(2).ToInteger()))
		r.throw(err)
		return r.buffer(out)
	})
	n.function("taken", func(call goja.FunctionCall) goja.Value { return r.rt.ToValue(handle(call.Argument(0)).taken()) })
	n.function("level", func(call goja.FunctionCall) goja.Value {
		if d, ok := handle(call.Argument(0)).(*deflater); ok {
			r.throw(d.setLevel(int(call.Argument(1).ToInteger())))
		}
		return goja.Undefined()
	})
	n.function("free", func(call goja.FunctionCall) goja.Value {
		handle(call.Argument(0)).free()
		return goja.Undefined()
	})
	n.function("all", func(call goja.FunctionCall) goja.Value {
		class, o, sync := call.Argument(0).String(), r.zipOptions(call.Argument(1)), call.Argument(3).ToBoolean()
		in := r.bytes(call.Argument(2))
		if !sync {
			in = slices.Clone(in)
		}
		return r.bytesLater(sync, func() ([]byte, error) { return zipAll(class, o, in) })
	})
	n.function("crc32", func(call goja.FunctionCall) goja.Value {
		return r.rt.ToValue(crc32.Update(uint32(call.Argument(1).ToInteger()), crc32.IEEETable, r.bytes(call.Argument(0))))
	})
}

// A limitedBuffer holds output up to a limit. It has no method but Write, lest io.Copy goes round it.
type limitedBuffer struct {
	b     bytes.Buffer
	most  int
	total int
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.total += len(p)
	limit := b.most
	if limit == 0 || limit > maxZipOutput {
		limit = maxZipOutput
	}
	if b.most > 0 && b.total > limit || b.b.Len()+len(p) > limit {
		return 0, tooLarge(limit)
	}
	return b.b.Write(p)
}

func (b *limitedBuffer) take() []byte {
	out := bytes.Clone(b.b.Bytes())
	b.b.Reset()
	return out
}
