package webcore

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/weburl"
)

// A URL is the state behind a JavaScript URL.
type URL struct {
	plain        plainURL      // what it was made of, until it changes
	url          *weburl.URL   // nil while plain says it all
	params       *searchParams // nil until code asks for them
	paramsObject *goja.Object
}

// String returns the URL's href.
func (u *URL) String() string {
	if u.url == nil {
		return u.plain.text
	}
	return u.url.Href(false)
}

// parsed is the URL by the standard's parser.
func (u *URL) parsed() *weburl.URL {
	if u.url == nil {
		var err error
		u.url, err = weburl.Parse(u.plain.text)
		must(err)
	}
	return u.url
}

func (c *Core) installURL() {
	rt := c.rt
	class := idl.Define(c.realm, "URL", 1, func(call goja.ConstructorCall) *URL {
		u, problem := c.parseURL(call.Argument(0), call.Argument(1))
		if u == nil {
			c.typeError("%s", problem)
		}
		return u
	})
	c.url = class
	class.Static("canParse", 1, func(call goja.FunctionCall) goja.Value {
		c.realm.NeedArguments("URL", "canParse", 1, call)
		u, _ := c.parseURL(call.Argument(0), call.Argument(1))
		return rt.ToValue(u != nil)
	})
	class.Static("parse", 1, func(call goja.FunctionCall) goja.Value {
		c.realm.NeedArguments("URL", "parse", 1, call)
		u, _ := c.parseURL(call.Argument(0), call.Argument(1))
		if u == nil {
			return goja.Null()
		}
		return class.New(u)
	})
	part := func(name string, plain func(*plainURL) string, get func(*weburl.URL) string, set func(u *URL, v string)) {
		var setter func(u *URL, v goja.Value)
		if set != nil {
			setter = func(u *URL, v goja.Value) { set(u, c.realm.String(v)) }
		}
		class.Attribute(name, func(u *URL) goja.Value {
			if u.url == nil {
				return rt.ToValue(plain(&u.plain))
			}
			return rt.ToValue(get(u.url))
		}, setter)
	}
	empty := func(*plainURL) string { return "" }
	part("href", func(u *plainURL) string { return u.text }, func(u *weburl.URL) string { return u.Href(false) }, c.setHref)
	part("origin", (*plainURL).origin, origin, nil)
	part("protocol", (*plainURL).protocol, (*weburl.URL).Protocol, func(u *URL, v string) { u.parsed().SetProtocol(v) })
	part("username", empty, (*weburl.URL).Username, func(u *URL, v string) { u.parsed().SetUsername(v) })
	part("password", empty, (*weburl.URL).Password, func(u *URL, v string) { u.parsed().SetPassword(v) })
	part("host", (*plainURL).authority, (*weburl.URL).Host, func(u *URL, v string) { u.parsed().SetHost(v) })
	part("hostname", (*plainURL).hostname, (*weburl.URL).Hostname, func(u *URL, v string) { u.parsed().SetHostname(v) })
	part("port", (*plainURL).portText, (*weburl.URL).Port, func(u *URL, v string) { u.parsed().SetPort(v) })
	part("pathname", (*plainURL).pathname, (*weburl.URL).Pathname, func(u *URL, v string) { u.parsed().SetPathname(v) })
	part("search", (*plainURL).search, (*weburl.URL).Search, func(u *URL, v string) {
		u.parsed().SetSearch(v)
		u.refreshParams()
	})
	class.Getter("searchParams", func(u *URL) goja.Value {
		if u.paramsObject == nil {
			u.params = &searchParams{url: u}
			u.refreshParams()
			u.paramsObject = c.params.New(u.params)
		}
		return u.paramsObject
	})
	part("hash", empty, (*weburl.URL).Hash, func(u *URL, v string) { u.parsed().SetHash(v) })
	text := func(u *URL, _ goja.FunctionCall) goja.Value { return rt.ToValue(u.String()) }
	class.Method("toString", 0, text)
	class.Method("toJSON", 0, text)
}

// parseURL parses url against base, which may be undefined. On failure it returns nil and what is
// wrong, in Workers' words.
// Receipt: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/url-standard.c++
func (c *Core) parseURL(url, base goja.Value) (*URL, string) {
	raw := c.realm.String(url)
	if goja.IsUndefined(base) {
		if u, ok := plain(raw); ok {
			return &URL{plain: u}, ""
		}
		u, err := weburl.Parse(raw)
		if err != nil {
			return nil, "Invalid URL string."
		}
		return &URL{url: u}, ""
	}
	b, err := weburl.Parse(c.realm.String(base))
	if err != nil {
		return nil, "Invalid base URL string."
	}
	u, err := b.Parse(raw)
	if err != nil {
		return nil, "Invalid URL string."
	}
	return &URL{url: u}, ""
}

func (c *Core) setHref(u *URL, v string) {
	parsed, err := weburl.Parse(v)
	if err != nil {
		c.typeError("Invalid URL string.")
	}
	u.url = parsed
	u.refreshParams()
}

// refreshParams makes the URLSearchParams follow the URL's query.
func (u *URL) refreshParams() {
	if u.params != nil {
		u.params.list = parseForm(u.query())
	}
}

func (u *URL) query() string {
	if u.url == nil {
		return strings.TrimPrefix(u.plain.search(), "?")
	}
	return u.url.Query()
}

// origin is the URL's origin, serialized; opaque ones are "null".
func origin(u *weburl.URL) string {
	switch u.Scheme() {
	case "http", "https", "ws", "wss", "ftp":
		return u.Protocol() + "//" + u.Host()
	case "blob":
		inner, err := weburl.Parse(u.Pathname())
		if err == nil && (inner.Scheme() == "http" || inner.Scheme() == "https") {
			return origin(inner)
		}
	}
	return "null"
}

// NewURL returns a new URL object for a string, and false when it does not parse.
func (c *Core) NewURL(raw string) (*goja.Object, bool) {
	u, err := weburl.Parse(raw)
	if err != nil {
		return nil, false
	}
	return c.url.New(&URL{url: u}), true
}

// URLOf returns the state of v when it is a URL.
func (c *Core) URLOf(v goja.Value) (*URL, bool) { return idl.As[*URL](c.realm, v) }
