package webcore

import (
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

type textEncoder struct{}

// textDecoder is the state behind a TextDecoder.
type textDecoder struct {
	encoding         string
	fatal, ignoreBOM bool

	decoder decoder
	open    bool // in the middle of a stream
	bomSeen bool
}

// A decoder appends the text of b to dst. With flush, b is the end of the input. It reports false
// when the input was not valid.
type decoder interface {
	decode(dst, b []byte, flush bool) ([]byte, bool)
}

func (c *Core) installEncoding() {
	c.installTextEncoder()
	c.installTextDecoder()
}

func (c *Core) installTextEncoder() {
	rt := c.rt
	class := idl.Define(c.realm, "TextEncoder", 0, func(goja.ConstructorCall) *textEncoder { return &textEncoder{} })
	class.Getter("encoding", func(*textEncoder) goja.Value { return rt.ToValue("utf-8") })
	class.Method("encode", 0, func(_ *textEncoder, call goja.FunctionCall) goja.Value {
		text := ""
		if v := call.Argument(0); !goja.IsUndefined(v) {
			text = c.realm.String(v)
		}
		return c.realm.Uint8Array([]byte(text))
	})
	class.Method("encodeInto", 2, func(_ *textEncoder, call goja.FunctionCall) goja.Value {
		text := c.realm.String(call.Argument(0))
		o, ok := call.Argument(1).(*goja.Object)
		if ok {
			ok = c.isUint8Array(o)
		}
		if !ok {
			c.typeError("Failed to execute 'encodeInto' on 'TextEncoder': parameter 2 is not of type 'Uint8Array'.")
		}
		into, _ := c.realm.Bytes(o)
		read, written := encodeInto(into, text)
		result := rt.NewObject()
		must(result.Set("read", read))
		must(result.Set("written", written))
		return result
	})
}

// isUint8Array tells a Uint8Array from the other views of bytes.
func (c *Core) isUint8Array(o *goja.Object) bool {
	if o.ExportType() != reflect.TypeFor[[]byte]() { // of an empty view Export may make a wild pointer
		return false
	}
	if c.typedArrayName == nil {
		c.typedArrayName = c.typedArrayTag()
	}
	name, err := c.typedArrayName(o)
	return err == nil && name.String() == "Uint8Array"
}

// encodeInto copies as many whole characters of text as fit into b; read counts UTF-16 units.
func encodeInto(b []byte, text string) (read, written int) {
	for _, r := range text {
		n := utf8.RuneLen(r)
		if written+n > len(b) {
			break
		}
		utf8.EncodeRune(b[written:], r)
		written += n
		read++
		if r > 0xFFFF {
			read++
		}
	}
	return read, written
}

func (c *Core) installTextDecoder() {
	rt := c.rt
	class := idl.Define(c.realm, "TextDecoder", 0, func(call goja.ConstructorCall) *textDecoder {
		label := "utf-8"
		if v := call.Argument(0); !goja.IsUndefined(v) {
			label = c.realm.String(v)
		}
		d := &textDecoder{}
		if options := c.dictionary(call.Argument(1), "Failed to construct 'TextDecoder'"); options != nil {
			d.fatal = truthy(options, "fatal")
			d.ignoreBOM = truthy(options, "ignoreBOM")
		}
		name, ok := encodingName(label)
		if !ok {
			c.rangeError("\"" + label + "\" is not a valid encoding.")
		}
		d.encoding = name
		return d
	})
	class.Getter("encoding", func(d *textDecoder) goja.Value { return rt.ToValue(d.encoding) })
	class.Getter("fatal", func(d *textDecoder) goja.Value { return rt.ToValue(d.fatal) })
	class.Getter("ignoreBOM", func(d *textDecoder) goja.Value { return rt.ToValue(d.ignoreBOM) })
	class.Method("decode", 0, func(d *textDecoder, call goja.FunctionCall) goja.Value {
		var input []byte
		if v := call.Argument(0); !goja.IsUndefined(v) {
			b, ok := c.realm.Bytes(v)
			if !ok {
				c.typeError("Failed to execute 'decode' on 'TextDecoder': parameter 1 is not of type 'ArrayBuffer or ArrayBufferView'.")
			}
			input = b
		}
		stream := false
		if options := c.dictionary(call.Argument(1), "Failed to execute 'decode' on 'TextDecoder'"); options != nil {
			stream = truthy(options, "stream")
		}
		text, ok := d.decode(input, stream)
		if !ok {
			c.typeError("Failed to decode input.")
		}
		return rt.ToValue(text)
	})
}

// decode decodes the next piece of a stream, or the last one. It reports false when the decoder is
// fatal and the input invalid; it then begins anew.
func (d *textDecoder) decode(b []byte, stream bool) (string, bool) {
	if !d.open {
		d.decoder, d.bomSeen = newDecoder(d.encoding), false
	}
	d.open = stream
	if d.encoding == "utf-8" && !stream && !d.bomSeen && d.decoder.(*utf8Decoder).n == 0 && utf8.Valid(b) {
		return d.withoutBOM(string(b)), true
	}
	text, valid := d.decoder.decode(make([]byte, 0, len(b)+len(b)/2), b, !stream)
	if !valid && d.fatal {
		d.open = false
		return "", false
	}
	return d.withoutBOM(string(text)), true
}

// withoutBOM removes a byte order mark from the beginning of the stream.
func (d *textDecoder) withoutBOM(text string) string {
	if d.bomSeen || text == "" {
		return text
	}
	d.bomSeen = true
	if d.ignoreBOM || !strings.HasPrefix(d.encoding, "utf-") {
		return text
	}
	return strings.TrimPrefix(text, "\uFEFF")
}

func (c *Core) rangeError(message string) {
	o, err := c.rt.New(c.rt.Get("RangeError"), c.rt.ToValue(message))
	must(err)
	panic(o)
}
