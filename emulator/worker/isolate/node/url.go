package node

import (
	"net/netip"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/net/idna"
)

func urlNatives(r *Registry, n *natives) {
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())
	convert := func(name string, f func(string) (string, error)) {
		n.function(name, func(call goja.FunctionCall) goja.Value {
			text, err := f(call.Argument(0).String())
			if err != nil {
				text = ""
			}
			return r.rt.ToValue(text)
		})
	}
	convert("toASCII", func(s string) (string, error) { return profile.ToASCII(strings.ToLower(s)) })
	convert("toUnicode", profile.ToUnicode)
	n.function("ipVersion", func(call goja.FunctionCall) goja.Value {
		a, err := netip.ParseAddr(call.Argument(0).String())
		switch {
		case err != nil:
			return r.rt.ToValue(0)
		case a.Is4():
			return r.rt.ToValue(4)
		}
		return r.rt.ToValue(6)
	})
	convert("punycodeEncode", punycodeEncode)
	convert("punycodeDecode", punycodeDecode)
}
