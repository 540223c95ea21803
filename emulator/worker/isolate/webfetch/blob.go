package webfetch

import (
	"bytes"
	"math"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host"
	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

// A blob is the state of a Blob, and of a File when isFile is set. Its data never changes.
type blob struct {
	a            *API // the isolate's
	data         []byte
	contentType  string
	isFile       bool
	name         string
	lastModified float64
}

// Clone makes a Blob or File with the same content, for structuredClone. The bytes are shared.
func (b *blob) Clone(host.Host) goja.Value {
	c := *b
	return b.a.blobObject(&c)
}

// blobObject returns a Blob or File for b.
func (a *API) blobObject(b *blob) *goja.Object {
	b.a = a
	if b.isFile {
		return a.file.New(b)
	}
	return a.blob.New(b)
}

func (a *API) defineBlob() {
	c := idl.Define(a.realm, "Blob", 0, func(call goja.ConstructorCall) *blob {
		return a.makeBlob("Blob", call.Argument(0), call.Argument(1))
	})
	a.blob = c
	c.Getter("size", func(b *blob) goja.Value { return a.rt.ToValue(len(b.data)) })
	c.Getter("type", func(b *blob) goja.Value { return a.rt.ToValue(b.contentType) })
	c.Method("slice", 0, a.sliceBlob)
	c.AsyncMethod("text", 0, func(b *blob, _ goja.FunctionCall) goja.Value {
		return a.realm.Resolved(a.rt.ToValue(decodeKeepBOM(b.data)))
	})
	c.AsyncMethod("arrayBuffer", 0, func(b *blob, _ goja.FunctionCall) goja.Value {
		return a.realm.Resolved(a.realm.ArrayBuffer(bytes.Clone(b.data)))
	})
	c.AsyncMethod("bytes", 0, func(b *blob, _ goja.FunctionCall) goja.Value {
		return a.realm.Resolved(a.realm.Uint8Array(bytes.Clone(b.data)))
	})
	c.Method("stream", 0, func(b *blob, _ goja.FunctionCall) goja.Value {
		return a.loadStreams().native(memorySource(b.data))
	})

	f := idl.Define(a.realm, "File", 2, func(call goja.ConstructorCall) *blob {
		b := a.makeBlob("File", call.Argument(0), call.Argument(2))
		b.isFile, b.name = true, a.realm.String(call.Argument(1))
		b.lastModified = a.now()
		if o, ok := call.Argument(2).(*goja.Object); ok {
			if v := o.Get("lastModified"); !missing(v) {
				b.lastModified = float64(v.ToInteger())
			}
		}
		return b
	})
	f.Extends(c.Constructor)
	a.file = f
	onFile := func(get func(b *blob) goja.Value) func(b *blob) goja.Value {
		return func(b *blob) goja.Value {
			if !b.isFile {
				a.realm.IllegalInvocation()
			}
			return get(b)
		}
	}
	f.Getter("name", onFile(func(b *blob) goja.Value { return a.rt.ToValue(b.name) }))
	f.Getter("lastModified", onFile(func(b *blob) goja.Value { return a.rt.ToValue(b.lastModified) }))
}

func (a *API) now() float64 { return float64(a.h.Now().UnixMilli()) }

// decodeKeepBOM is what Blob.text gives: the File API decodes without taking a byte order mark off.
func decodeKeepBOM(b []byte) string {
	if bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")) {
		return "\ufeff" + decodeUTF8(b)
	}
	return decodeUTF8(b)
}

// makeBlob converts the parts before it looks at the options, and all parts before it reads any.
func (a *API) makeBlob(class string, parts, options goja.Value) *blob {
	b := &blob{a: a}
	items := a.blobParts(class, parts)
	native := a.blobOptions(class, b, options)
	for _, item := range items {
		switch item := item.(type) {
		case string:
			if native {
				item = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(item)
			}
			b.data = append(b.data, item...)
		case []byte:
			b.data = append(b.data, item...)
		}
	}
	return b
}

func (a *API) blobParts(class string, parts goja.Value) (items []any) {
	if goja.IsUndefined(parts) {
		return nil
	}
	o, ok := parts.(*goja.Object)
	if !ok || nullish(o.GetSymbol(goja.SymIterator)) {
		a.realm.TypeError("Failed to construct '%s': constructor parameter 1 is not of type 'Array'.", class)
	}
	a.rt.ForOf(o, func(v goja.Value) bool {
		items = append(items, a.blobPart(v))
		return true
	})
	return items
}

// blobOptions reads the type into b and reports whether line ends shall be the system's own.
func (a *API) blobOptions(class string, b *blob, options goja.Value) (native bool) {
	if nullish(options) {
		return false
	}
	o, ok := options.(*goja.Object)
	if !ok {
		a.realm.TypeError("Failed to construct '%s': the options are not of type 'BlobPropertyBag'.", class)
	}
	if v := o.Get("endings"); !missing(v) {
		switch e := a.realm.String(v); e {
		case "native":
			native = true
		case "transparent":
		default:
			a.realm.TypeError("Failed to construct '%s': the provided value '%s' is not a valid enum value of type EndingType.", class, e)
		}
	}
	if v := o.Get("type"); !missing(v) {
		b.contentType = normalizeType(a.realm.String(v))
	}
	return native
}

// blobPart converts one part to a string or to the bytes that are behind it.
func (a *API) blobPart(v goja.Value) any {
	if o, ok := v.(*goja.Object); ok {
		if part, ok := idl.As[*blob](a.realm, o); ok {
			return part.data
		}
		if data, ok := a.bufferSource(o); ok {
			return data
		}
	}
	return a.realm.String(v)
}

// normalizeType lowers a Blob's type, which is empty when it has a character outside of printable ASCII.
func normalizeType(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7E {
			return ""
		}
	}
	return strings.ToLower(s)
}

func (a *API) sliceBlob(b *blob, call goja.FunctionCall) goja.Value {
	size := len(b.data)
	start, end := relative(call.Argument(0), 0, size), relative(call.Argument(1), size, size)
	part := &blob{}
	if start < end {
		part.data = b.data[start:end:end]
	}
	if v := call.Argument(2); !goja.IsUndefined(v) {
		part.contentType = normalizeType(a.realm.String(v))
	}
	return a.blobObject(part)
}

// relative clamps an index that may count from the end.
func relative(v goja.Value, missing, size int) int {
	if goja.IsUndefined(v) {
		return missing
	}
	f := v.ToFloat()
	switch {
	case math.IsNaN(f):
		return 0
	case f < 0:
		return int(math.Trunc(max(float64(size)+f, 0)))
	}
	return int(math.Trunc(min(f, float64(size))))
}
