package webcore

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
	"github.com/cfemu/cfemu/emulator/worker/isolate/urlpattern"
)

// components are the members of a URLPattern and of what it takes and gives, in the order of a URL.
var components = [...]string{"protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"}

// installURLPattern defines URLPattern for when code first names it.
func (c *Core) installURLPattern() {
	c.realm.Lazy("URLPattern", goja.FLAG_FALSE, func() goja.Value { return c.defineURLPattern().Constructor })
}

func (c *Core) defineURLPattern() *idl.Class[*urlpattern.Pattern] {
	class := idl.Define(c.realm, "URLPattern", 0, c.newURLPattern)
	for n, get := range [len(components)]func(p *urlpattern.Pattern) string{
		func(p *urlpattern.Pattern) string { return p.Protocol.Pattern },
		func(p *urlpattern.Pattern) string { return p.Username.Pattern },
		func(p *urlpattern.Pattern) string { return p.Password.Pattern },
		func(p *urlpattern.Pattern) string { return p.Hostname.Pattern },
		func(p *urlpattern.Pattern) string { return p.Port.Pattern },
		func(p *urlpattern.Pattern) string { return p.Pathname.Pattern },
		func(p *urlpattern.Pattern) string { return p.Search.Pattern },
		func(p *urlpattern.Pattern) string { return p.Hash.Pattern },
	} {
		class.Getter(components[n], func(p *urlpattern.Pattern) goja.Value { return c.rt.ToValue(get(p)) })
	}
	class.Getter("hasRegExpGroups", func(p *urlpattern.Pattern) goja.Value { return c.rt.ToValue(p.HasRegExpGroups()) })
	class.Method("test", 0, func(p *urlpattern.Pattern, call goja.FunctionCall) goja.Value {
		_, ok := c.matchPattern(p, "test", call)
		return c.rt.ToValue(ok)
	})
	class.Method("exec", 0, func(p *urlpattern.Pattern, call goja.FunctionCall) goja.Value {
		results, ok := c.matchPattern(p, "exec", call)
		if !ok {
			return goja.Null()
		}
		return c.patternResult(call, results)
	})
	return class
}

// newURLPattern is the constructor: (input, baseURL, options) or (input, options).
func (c *Core) newURLPattern(call goja.ConstructorCall) *urlpattern.Pattern {
	const context = "Failed to construct 'URLPattern'"
	var base *string
	second, options := call.Argument(1), call.Argument(1)
	if _, isObject := second.(*goja.Object); !isObject && !goja.IsUndefined(second) && !goja.IsNull(second) || len(call.Arguments) > 2 {
		text := c.realm.String(second)
		base, options = &text, call.Argument(2)
	}
	input, init := c.patternInput(call.Argument(0))
	ignoreCase := false
	if o := c.dictionary(options, context); o != nil {
		ignoreCase = truthy(o, "ignoreCase")
	}
	var (
		p   *urlpattern.Pattern
		err error
	)
	switch {
	case input != nil:
		p, err = urlpattern.Parse(*input, base, ignoreCase, c.compileRegExp)
	case base != nil:
		c.typeError("%s: a base URL goes with a string only.", context)
	default:
		p, err = urlpattern.New(init, ignoreCase, c.compileRegExp)
	}
	if err != nil {
		c.typeError("%s: %s.", context, err)
	}
	return p
}

// patternInput is v as a URLPatternInput: a string, or else a dictionary.
func (c *Core) patternInput(v goja.Value) (*string, urlpattern.Init) {
	var in urlpattern.Init
	o, isObject := v.(*goja.Object)
	if !isObject && !goja.IsUndefined(v) && !goja.IsNull(v) {
		text := c.realm.String(v)
		return &text, in
	}
	if !isObject {
		return nil, in
	}
	// A dictionary's members are read in the order of their names.
	for _, m := range [...]struct {
		name string
		to   **string
	}{
		{"baseURL", &in.BaseURL}, {"hash", &in.Hash}, {"hostname", &in.Hostname}, {"password", &in.Password}, {"pathname", &in.Pathname},
		{"port", &in.Port}, {"protocol", &in.Protocol}, {"search", &in.Search}, {"username", &in.Username},
	} {
		if v := o.Get(m.name); v != nil && !goja.IsUndefined(v) {
			text := c.realm.String(v)
			*m.to = &text
		}
	}
	return nil, in
}

func (c *Core) matchPattern(p *urlpattern.Pattern, method string, call goja.FunctionCall) ([]urlpattern.Result, bool) {
	context := "Failed to execute '" + method + "' on 'URLPattern'"
	input, init := c.patternInput(call.Argument(0))
	var base *string
	if v := call.Argument(1); !goja.IsUndefined(v) {
		text := c.realm.String(v)
		base = &text
	}
	if input != nil {
		return p.Match(*input, base)
	}
	if base != nil {
		c.typeError("%s: a base URL goes with a string only.", context)
	}
	return p.MatchInit(init)
}

// patternResult makes the URLPatternResult of a match.
func (c *Core) patternResult(call goja.FunctionCall, results []urlpattern.Result) *goja.Object {
	o := c.rt.NewObject()
	var inputs []any
	for n, v := range call.Arguments[:min(2, len(call.Arguments))] {
		if n == 0 || !goja.IsUndefined(v) {
			inputs = append(inputs, c.echoInput(v))
		}
	}
	if len(inputs) == 0 {
		inputs = append(inputs, c.rt.NewObject())
	}
	must(o.Set("inputs", c.rt.NewArray(inputs...)))
	for n, r := range results {
		groups := c.rt.NewObject()
		for k, g := range r.Groups {
			v := goja.Undefined()
			if g.Set {
				v = c.rt.ToValue(g.Text)
			}
			must(groups.DefineDataProperty(r.Names[k], v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE))
		}
		component := c.rt.NewObject()
		must(component.Set("input", r.Input))
		must(component.Set("groups", groups))
		must(o.Set(components[n], component))
	}
	return o
}

// echoInput is an input as a result shows it: a string, or a dictionary with what it was given.
func (c *Core) echoInput(v goja.Value) goja.Value {
	from, isObject := v.(*goja.Object)
	if !isObject {
		if goja.IsUndefined(v) || goja.IsNull(v) {
			return c.rt.NewObject()
		}
		return c.rt.ToValue(c.realm.String(v))
	}
	o := c.rt.NewObject()
	for _, name := range append([]string{"baseURL"}, components[:]...) {
		if v := from.Get(name); v != nil && !goja.IsUndefined(v) {
			must(o.Set(name, c.realm.String(v)))
		}
	}
	return o
}

// compileRegExp compiles a pattern that holds regular expressions of the user's own.
//
// Deviation: regular expressions in a URLPattern are compiled with the flag u, not v.
func (c *Core) compileRegExp(source string, ignoreCase bool) (urlpattern.Matcher, error) {
	if letter := strayEscape(source); letter != "" {
		return nil, fmt.Errorf("invalid escape \\%s in a regular expression", letter)
	}
	flags := "u"
	if ignoreCase {
		flags = "ui"
	}
	re, err := c.rt.New(c.rt.Get("RegExp"), c.rt.ToValue(source), c.rt.ToValue(flags))
	if err != nil {
		return nil, err
	}
	exec, _ := goja.AssertFunction(re.Get("exec"))
	return func(input string) ([]urlpattern.Group, bool) {
		v, err := exec(re, c.rt.ToValue(input))
		if err != nil {
			panic(err)
		}
		found, ok := v.(*goja.Object)
		if !ok {
			return nil, false
		}
		groups := make([]urlpattern.Group, max(found.Get("length").ToInteger()-1, 0))
		for n := range groups {
			if g := found.Get(fmt.Sprint(n + 1)); !goja.IsUndefined(g) {
				groups[n] = urlpattern.Group{Text: g.String(), Set: true}
			}
		}
		return groups, true
	}, nil
}

// strayEscape finds a letter that is escaped for no reason, which the engine lets pass and the flag u forbids.
func strayEscape(source string) string {
	for i := 0; i+1 < len(source); i++ {
		if source[i] != '\\' {
			continue
		}
		i++
		letter := source[i]
		if ('a' <= letter && letter <= 'z' || 'A' <= letter && letter <= 'Z') && !strings.ContainsRune("dDwWsSbBfnrtvcxupPk", rune(letter)) {
			return string(letter)
		}
	}
	return ""
}
