package webcore

import (
	"encoding/base64"
	"strings"

	"github.com/dop251/goja"
)

func (c *Core) installBase64() {
	rt := c.rt
	c.realm.Global("btoa", 1, func(call goja.FunctionCall) goja.Value {
		c.needGlobalArgument(call, "btoa")
		s := c.realm.String(call.Argument(0))
		b := make([]byte, 0, len(s))
		for _, r := range s {
			if r > 0xFF {
				c.throw("InvalidCharacterError", "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.")
			}
			b = append(b, byte(r))
		}
		return rt.ToValue(base64.StdEncoding.EncodeToString(b))
	})
	c.realm.Global("atob", 1, func(call goja.FunctionCall) goja.Value {
		c.needGlobalArgument(call, "atob")
		b, ok := forgivingBase64(c.realm.String(call.Argument(0)))
		if !ok {
			c.throw("InvalidCharacterError", "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are allowed.)")
		}
		return rt.ToValue(latin1(b))
	})
}

func (c *Core) needGlobalArgument(call goja.FunctionCall, name string) {
	c.realm.NeedArguments("ServiceWorkerGlobalScope", name, 1, call)
}

// forgivingBase64 decodes as the Infra Standard's forgiving-base64 does: white space is ignored and
// padding optional, and bits that are left over may be anything.
func forgivingBase64(s string) ([]byte, bool) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\n', '\f', '\r':
			return -1
		}
		return r
	}, s)
	if len(s)%4 == 0 {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	}
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

// latin1 is b as a string of one character per byte.
func latin1(b []byte) string {
	var text strings.Builder
	text.Grow(len(b))
	for _, ch := range b {
		text.WriteRune(rune(ch))
	}
	return text.String()
}
