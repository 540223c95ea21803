package wrangler

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A decoder walks the tree of values into a Config. It goes on after a mistake, so that all of them
// are told at once.
type decoder struct {
	src      source
	dir      string
	cfg      *Config
	errs     Errors
	warnings []Warning
	bound    []bound
	seen     map[string]bool // what has been told: inherited keys are looked at twice
	secret   map[int]bool    // lines with a value that no message shows
}

// bound is a name of env that is taken.
type bound struct {
	name, what string // what the binding is, as a message names it
	at         int
}

func (d *decoder) fail(at int, message, hint string) {
	e := d.src.at(at, message, d.dialect(hint))
	d.hush(e)
	if d.first(e) {
		d.errs = append(d.errs, e)
	}
}

func (d *decoder) warn(at int, message, hint string) {
	e := d.src.at(at, message, d.dialect(hint))
	d.hush(e)
	if d.first(e) {
		d.warnings = append(d.warnings, Warning(*e))
	}
}

// jsonKey is a key with its colon, as examples in hints are written.
var jsonKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"(\w+)": `)
})

// dialect writes a hint's examples as the file's format has them.
func (d *decoder) dialect(hint string) string {
	if !strings.HasSuffix(d.src.name, ".toml") {
		return hint
	}
	return jsonKey().ReplaceAllString(hint, "$1 = ")
}

func (d *decoder) first(e *Error) bool {
	id := fmt.Sprintf("%d:%d:%s", e.Line, e.Column, e.Message)
	if d.seen[id] {
		return false
	}
	d.seen[id] = true
	return true
}

func (d *decoder) pos(at int) Pos {
	line, column, _ := d.src.position(at)
	return Pos{File: d.src.name, Line: line, Column: column}
}

// expect fails unless v is of kind want.
func (d *decoder) expect(v *value, path string, want kind, example string) bool {
	if v.kind == want {
		return true
	}
	hint := "write " + example
	if fixed := coerced(v, want); fixed != "" && !v.secret {
		hint = "write " + fixed
	}
	if example == "" && hint == "write " {
		hint = ""
	}
	d.fail(v.at, fmt.Sprintf("%q must be %s, but it is %s", path, want, v.describe()), hint)
	return false
}

// coerced is the value as it was probably meant, when only its kind is wrong.
func coerced(v *value, want kind) string {
	switch {
	case want == kindString && (v.kind == kindNumber || v.kind == kindBool):
		return quoteJSON(strings.Trim(v.json(), `"`)) + ", in quotes"
	case want == kindString && v.kind == kindDate:
		return quoteJSON(v.text) + ", in quotes"
	case want == kindNumber && v.kind == kindString && isNumber(v.text):
		return v.text + ", without quotes"
	case want == kindBool && v.kind == kindString && (v.text == "true" || v.text == "false"):
		return v.text + ", without quotes"
	case want == kindArray && v.kind != kindNull:
		return "a list in brackets: [" + short(v) + "]"
	}
	return ""
}

func short(v *value) string {
	const longest = 60
	if text := v.json(); len(text) <= longest {
		return text
	}
	return "…"
}

func isNumber(s string) bool {
	digits := strings.Trim(s, "0123456789")
	return s != "" && (digits == "" || digits == ".")
}

func (d *decoder) stringValue(v *value, path, example string) string {
	if !d.expect(v, path, kindString, example) {
		return ""
	}
	return v.text
}

func (d *decoder) boolValue(v *value, path string) bool {
	return d.expect(v, path, kindBool, "true or false") && v.truth
}

// intValue reads a whole number from least to most.
func (d *decoder) intValue(v *value, path string, least, most int) *int {
	if !d.expect(v, path, kindNumber, fmt.Sprintf("a whole number from %d to %d", least, most)) {
		return nil
	}
	if v.number != math.Trunc(v.number) || v.number < float64(least) || v.number > float64(most) {
		d.fail(v.at, fmt.Sprintf("%q must be a whole number from %d to %d, but it is %s", path, least, most, v.json()), "")
		return nil
	}
	n := int(v.number)
	return &n
}

func (d *decoder) stringList(v *value, path, example string) []string {
	if !d.expect(v, path, kindArray, example) {
		return nil
	}
	out := make([]string, 0, len(v.items))
	for i, item := range v.items {
		if d.expect(item, fmt.Sprintf("%s[%d]", path, i), kindString, "a string in quotes") {
			out = append(out, item.text)
		}
	}
	return out
}

func (d *decoder) stringMap(v *value, path, example string) map[string]string {
	if !d.expect(v, path, kindObject, example) {
		return nil
	}
	out := map[string]string{}
	for _, m := range v.members {
		if d.expect(m.value, path+"."+m.key, kindString, "a string in quotes") {
			out[m.key] = m.value.text
		}
	}
	return out
}

// oneOf reads a string that must be one of few.
func (d *decoder) oneOf(v *value, path string, allowed ...string) string {
	choice := strings.Join(allowed, ", ")
	if !d.expect(v, path, kindString, "one of "+choice) {
		return ""
	}
	if slices.Contains(allowed, v.text) {
		return v.text
	}
	hint := "write one of " + choice
	if near := nearest(v.text, allowed); near != "" {
		hint = fmt.Sprintf("did you mean %q? Allowed are %s", near, choice)
	}
	d.fail(v.at, fmt.Sprintf("%q cannot be %q", path, v.text), hint)
	return ""
}

// An object is one object of the file while its keys are read. A key that is asked for is known.
type object struct {
	d     *decoder
	path  string
	v     *value
	known []string
}

// object begins reading v; nil when it is none.
func (d *decoder) object(v *value, path, example string) *object {
	if !d.expect(v, path, kindObject, example) {
		return nil
	}
	return &object{d: d, path: path, v: v}
}

// each reads the objects of a list.
func (d *decoder) each(v *value, path, example string, read func(o *object)) {
	if !d.expect(v, path, kindArray, "["+example+"]") {
		return
	}
	for i, item := range v.items {
		if o := d.object(item, fmt.Sprintf("%s[%d]", path, i), example); o != nil {
			read(o)
			o.end()
		}
	}
}

// get finds a key, which is known from now on.
func (o *object) get(key string) (v *value, path string) {
	o.known = append(o.known, key)
	if m := o.v.member(key); m != nil {
		return m.value, o.path + "." + key
	}
	return nil, o.path + "." + key
}

func (o *object) str(key string) string {
	if v, path := o.get(key); v != nil {
		return o.d.stringValue(v, path, "a string in quotes")
	}
	return ""
}

// nonEmpty is a string that may be missing but not "".
func (o *object) nonEmpty(key, hint string) string {
	v, path := o.get(key)
	if v == nil {
		return ""
	}
	s := o.d.stringValue(v, path, "a string in quotes")
	if v.kind == kindString && s == "" {
		o.d.fail(v.at, fmt.Sprintf("%q is empty", path), hint)
	}
	return s
}

// required is a string that must be there.
func (o *object) required(key, example string) string {
	v, path := o.get(key)
	if v == nil {
		hint := fmt.Sprintf(`add %q: %q`, key, example)
		if near := nearest(key, o.unread()); near != "" {
			hint = fmt.Sprintf("did you mean %q where it says %q?", key, near)
		}
		o.d.fail(o.v.at, fmt.Sprintf("%q needs a %q", o.path, key), hint)
		return ""
	}
	s := o.d.stringValue(v, path, fmt.Sprintf("a string such as %q", example))
	if v.kind == kindString && s == "" {
		o.d.fail(v.at, fmt.Sprintf("%q is empty", path), fmt.Sprintf("write a name such as %q", example))
	}
	return s
}

func (o *object) boolean(key string) bool {
	v, path := o.get(key)
	return v != nil && o.d.boolValue(v, path)
}

func (o *object) integer(key string, least, most int) *int {
	if v, path := o.get(key); v != nil {
		return o.d.intValue(v, path, least, most)
	}
	return nil
}

func (o *object) strings(key, example string) []string {
	if v, path := o.get(key); v != nil {
		return o.d.stringList(v, path, example)
	}
	return nil
}

// binding reads the name that a binding has in env.
func (o *object) binding(key, what, example string) string {
	name := o.required(key, example)
	if m := o.v.member(key); m != nil && name != "" {
		o.d.bind(name, what, m.value.at)
	}
	return name
}

// remote reads a binding's remote key, which asks for the resource at Cloudflare.
func (o *object) remote() bool {
	remote := o.boolean("remote")
	if remote {
		o.d.warn(o.v.member("remote").at, fmt.Sprintf("%q is true, but cfemu is offline: the binding is local", o.path+".remote"), "")
	}
	return remote
}

// ignore makes keys known that mean nothing here.
func (o *object) ignore(keys ...string) { o.known = append(o.known, keys...) }

func (o *object) unread() []string {
	var out []string
	for _, m := range o.v.members {
		if !slices.Contains(o.known, m.key) {
			out = append(out, m.key)
		}
	}
	return out
}

// end warns of the keys that nobody has asked for.
func (o *object) end() {
	for _, m := range o.v.members {
		if slices.Contains(o.known, m.key) {
			continue
		}
		hint := "known here are " + strings.Join(o.known, ", ")
		if near := nearest(m.key, o.known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		o.d.warn(m.at, fmt.Sprintf("unknown key %q in %q is ignored", m.key, o.path), hint)
	}
}

// bind takes a name of env.
func (d *decoder) bind(name, what string, at int) {
	if !isIdentifier(name) {
		d.warn(at, fmt.Sprintf("the binding name %q is no JavaScript identifier", name),
			fmt.Sprintf("code can reach it only as env[%q]; Cloudflare wants letters, digits and underscores, such as %q", name, identifierOf(name)))
	}
	d.bound = append(d.bound, bound{name, what, at})
}

// checkUnique fails for each name of env that is taken twice.
func (d *decoder) checkUnique() {
	first := map[string]bound{}
	for _, b := range d.bound {
		other, taken := first[b.name]
		if !taken {
			first[b.name] = b
			continue
		}
		line, _, _ := d.src.position(other.at)
		d.fail(b.at, fmt.Sprintf("two bindings are named %q: this %s and the %s in line %d", b.name, b.what, other.what, line),
			"each binding needs a name of its own, since code reaches it as env."+b.name)
	}
}

func isIdentifier(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWordByte(c) || i == 0 && c >= '0' && c <= '9' {
			return false
		}
	}
	return s != ""
}

func identifierOf(s string) string {
	out := []byte(s)
	for i, c := range out {
		if !isWordByte(c) {
			out[i] = '_'
		}
	}
	if len(out) == 0 || out[0] >= '0' && out[0] <= '9' {
		out = append([]byte{'_'}, out...)
	}
	return string(out)
}
