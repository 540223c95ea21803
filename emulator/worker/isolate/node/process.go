package node

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/dop251/goja"
)

func processNatives(r *Registry, n *natives) {
	n.function("env", func(goja.FunctionCall) goja.Value {
		o := r.rt.NewObject()
		for _, v := range r.variables() {
			must(o.Set(v[0], v[1]))
		}
		return o
	})
	n.function("exit", func(call goja.FunctionCall) goja.Value {
		r.i.Exit(int(call.Argument(0).ToInteger()))
		return goja.Undefined()
	})
}

// variables are the names and values of process.env: the bindings that are text or JSON.
// Receipt: https://developers.cloudflare.com/workers/configuration/environment-variables/#environment-variables-and-nodejs-compatibility
func (r *Registry) variables() [][2]string {
	if !r.flag("nodejs_compat_populate_process_env", "nodejs_compat_do_not_populate_process_env", "2025-04-01") {
		return nil
	}
	var found [][2]string
	for _, b := range r.i.Bindings() {
		switch b.Type {
		case "plain_text", "secret_text":
			found = append(found, [2]string{b.Name, b.Text})
		case "json", "version_metadata":
			found = append(found, [2]string{b.Name, jsonVariable(b.Text)})
		}
	}
	return found
}

// jsonVariable is a JSON value as a variable: a string as it is, all else as JSON.
func jsonVariable(text string) string {
	var s string
	if json.Unmarshal([]byte(text), &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) != nil {
		return text
	}
	return b.String()
}

// flag reports whether a behaviour is on: by its flag, or by date unless the other flag turns it off.
func (r *Registry) flag(on, off, date string) bool {
	c := r.i.Compat()
	return slices.Contains(c.Flags, on) || c.Date >= date && !slices.Contains(c.Flags, off)
}

func timersNatives(r *Registry, n *natives) {
	for name, f := range r.timers {
		n.value(name, f)
	}
}

func moduleNatives(r *Registry, n *natives) {
	n.function("load", func(call goja.FunctionCall) goja.Value {
		name, ok := V2.Resolve(call.Argument(0).String())
		if !ok {
			return goja.Undefined()
		}
		return r.Require(name)
	})
	n.function("has", func(call goja.FunctionCall) goja.Value {
		_, ok := V2.Resolve(call.Argument(0).String())
		return r.rt.ToValue(ok)
	})
	n.function("names", func(goja.FunctionCall) goja.Value { return r.rt.ToValue(publicNames()) })
}
