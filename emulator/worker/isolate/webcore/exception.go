package webcore

import (
	"bytes"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker/isolate/idl"
)

type domException struct{ name, message string }

// codes are the names that had a number before names replaced numbers, in WebIDL's order: the
// number of a name is its index, and the constant is what the web has always called it.
var codes = []struct{ name, constant string }{
	1:  {"IndexSizeError", "INDEX_SIZE_ERR"},
	2:  {"", "DOMSTRING_SIZE_ERR"},
	3:  {"HierarchyRequestError", "HIERARCHY_REQUEST_ERR"},
	4:  {"WrongDocumentError", "WRONG_DOCUMENT_ERR"},
	5:  {"InvalidCharacterError", "INVALID_CHARACTER_ERR"},
	6:  {"", "NO_DATA_ALLOWED_ERR"},
	7:  {"NoModificationAllowedError", "NO_MODIFICATION_ALLOWED_ERR"},
	8:  {"NotFoundError", "NOT_FOUND_ERR"},
	9:  {"NotSupportedError", "NOT_SUPPORTED_ERR"},
	10: {"InUseAttributeError", "INUSE_ATTRIBUTE_ERR"},
	11: {"InvalidStateError", "INVALID_STATE_ERR"},
	12: {"SyntaxError", "SYNTAX_ERR"},
	13: {"InvalidModificationError", "INVALID_MODIFICATION_ERR"},
	14: {"NamespaceError", "NAMESPACE_ERR"},
	15: {"InvalidAccessError", "INVALID_ACCESS_ERR"},
	16: {"", "VALIDATION_ERR"},
	17: {"TypeMismatchError", "TYPE_MISMATCH_ERR"},
	18: {"SecurityError", "SECURITY_ERR"},
	19: {"NetworkError", "NETWORK_ERR"},
	20: {"AbortError", "ABORT_ERR"},
	21: {"URLMismatchError", "URL_MISMATCH_ERR"},
	22: {"QuotaExceededError", "QUOTA_EXCEEDED_ERR"},
	23: {"TimeoutError", "TIMEOUT_ERR"},
	24: {"InvalidNodeTypeError", "INVALID_NODE_TYPE_ERR"},
	25: {"DataCloneError", "DATA_CLONE_ERR"},
}

func (e *domException) code() int {
	for i, c := range codes {
		if c.name != "" && c.name == e.name {
			return i
		}
	}
	return 0
}

func (c *Core) installException() {
	rt := c.rt
	class := idl.Define(c.realm, "DOMException", 0, func(call goja.ConstructorCall) *domException {
		e := &domException{name: "Error"}
		if v := call.Argument(0); !goja.IsUndefined(v) {
			e.message = c.realm.String(v)
		}
		switch v := call.Argument(1).(type) {
		case *goja.Object: // an options object with a cause, as workerd and Node take it
			if n := v.Get("name"); n != nil && !goja.IsUndefined(n) {
				e.name = c.realm.String(n)
			}
			if cause := v.Get("cause"); cause != nil {
				must(call.This.DefineDataProperty("cause", cause, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
			}
		default:
			if !goja.IsUndefined(v) {
				e.name = c.realm.String(v)
			}
		}
		c.defineStack(call.This, e)
		return e
	})
	errorClass := rt.Get("Error").(*goja.Object)
	must(class.Prototype.SetPrototype(errorClass.Get("prototype").(*goja.Object)))
	class.Getter("name", func(e *domException) goja.Value { return rt.ToValue(e.name) })
	class.Getter("message", func(e *domException) goja.Value { return rt.ToValue(e.message) })
	class.Getter("code", func(e *domException) goja.Value { return rt.ToValue(e.code()) })
	for i, code := range codes {
		if code.constant == "" {
			continue
		}
		for _, o := range []*goja.Object{class.Constructor, class.Prototype} {
			must(o.DefineDataProperty(code.constant, rt.ToValue(i), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE))
		}
	}
	c.exception = class
}

// NewException returns a new DOMException. Panicking with it throws it.
func (c *Core) NewException(name, message string) *goja.Object {
	e := &domException{name, message}
	o := c.exception.New(e)
	c.defineStack(o, e)
	return o
}

// defineStack gives o the stack property that errors have, in the form goja gives to errors of its
// own, so that whoever maps positions to sources need know only one.
func (c *Core) defineStack(o *goja.Object, e *domException) {
	var b bytes.Buffer
	b.WriteString(e.name)
	if e.message != "" {
		b.WriteString(": " + e.message)
	}
	b.WriteByte('\n')
	for _, f := range c.rt.CaptureCallStack(stackDepth, nil) {
		if f.SrcName() == "<native>" {
			continue // our own constructor and dispatch
		}
		b.WriteString("\tat ")
		f.Write(&b)
		b.WriteByte('\n')
	}
	must(o.DefineDataProperty("stack", c.rt.ToValue(b.String()), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

// stackDepth is as many frames as V8 records.
const stackDepth = 10
