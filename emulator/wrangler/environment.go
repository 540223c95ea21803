package wrangler

import (
	"fmt"
	"slices"
	"strings"
)

// An entry is a key as it counts for the chosen environment.
type entry struct {
	key  *key
	at   int // of the key
	v    *value
	path string // as messages name it
}

// topLevel makes the entries of the top level and warns of keys nobody knows.
func (d *decoder) topLevel(root *value) []entry {
	var out []entry
	for _, m := range root.members {
		if k := findKey(m.key); k != nil {
			out = append(out, entry{k, m.at, m.value, m.key})
			continue
		}
		d.unknown(m, "", keyNames(false))
	}
	return sorted(out)
}

// unknown warns of a key, or refuses one that wrangler refuses.
func (d *decoder) unknown(m *member, block string, known []string) {
	path := block + m.key
	old, isOld := removed[m.key]
	near := nearest(m.key, known)
	switch {
	case isOld && old.fatal:
		d.fail(m.at, fmt.Sprintf("the key %q is no longer supported", path), old.hint)
	case isOld && (near == "" || !strings.HasPrefix(old.hint, "did you mean")):
		d.warn(m.at, fmt.Sprintf("unknown key %q is ignored", path), old.hint)
	case near != "":
		d.warn(m.at, fmt.Sprintf("unknown key %q is ignored", path), fmt.Sprintf("did you mean %q?", near))
	default:
		d.warn(m.at, fmt.Sprintf("unknown key %q is ignored", path),
			"see https://developers.cloudflare.com/workers/wrangler/configuration/ for the keys there are")
	}
}

// sorted puts entries into the order of the table, so that what they set does not depend on the file.
func sorted(entries []entry) []entry {
	order := map[string]int{}
	for i, k := range keys {
		order[k.name] = i
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return order[a.key.name] - order[b.key.name] })
	return entries
}

// environment makes the entries that count for the environment env: its own, and those of the top
// level that are inherited. top are the top level's.
func (d *decoder) environment(root *value, top []entry, env string) []entry {
	block := d.envBlock(root, env)
	if block == nil {
		return top
	}
	prefix := "env." + env + "."
	own := map[string]bool{}
	var out []entry
	for _, m := range block.value.members {
		k := findKey(m.key)
		switch {
		case k == nil:
			d.unknown(m, prefix, keyNames(true))
		case k.top:
			d.warn(m.at, fmt.Sprintf("%q is ignored", prefix+m.key), fmt.Sprintf("%q belongs to the top level only", m.key))
		case m.value.kind == kindNull && k.inherit: // as if it were not there
		default:
			own[m.key] = true
			out = append(out, entry{k, m.at, m.value, prefix + m.key})
		}
	}
	var lost []string
	for _, e := range top {
		switch {
		case own[e.key.name]:
			d.compareWithTop(e, block.value.member(e.key.name), env)
		case e.key.inherit:
			out = append(out, e)
		case !e.key.top && !empty(e.v):
			lost = append(lost, e.key.name)
		}
	}
	if len(lost) > 0 {
		d.warn(block.at, fmt.Sprintf("\"env.%s\" lacks keys of the top level that no environment inherits: %s", env, strings.Join(lost, ", ")),
			fmt.Sprintf("add them to \"env.%s\", empty where the environment shall have none", env))
	}
	return sorted(out)
}

// envBlock finds an environment's block. Without any environments in the file the top level serves
// for all, as in wrangler, with a warning.
func (d *decoder) envBlock(root *value, env string) *member {
	envs := root.member("env")
	if envs == nil {
		d.warn(-1, fmt.Sprintf("there is no environment %q: the configuration has no \"env\", so the top level is used", env),
			fmt.Sprintf(`add "env": {%q: {…}}, or choose no environment`, env))
		return nil
	}
	if envs.value.kind != kindObject {
		return nil // told by the check of the top level
	}
	if block := envs.value.member(env); block != nil {
		if !d.expect(block.value, "env."+env, kindObject, "an object with the environment's keys") {
			return nil
		}
		return block
	}
	var names []string
	for _, m := range envs.value.members {
		names = append(names, m.key)
	}
	hint := "there are " + strings.Join(names, ", ")
	if len(names) == 0 {
		hint = `"env" is empty`
	}
	if near := nearest(env, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? There are %s", near, strings.Join(names, ", "))
	}
	d.fail(envs.at, fmt.Sprintf("there is no environment %q", env), hint)
	return nil
}

func empty(v *value) bool {
	switch v.kind {
	case kindArray:
		return len(v.items) == 0
	case kindObject:
		return len(v.members) == 0
	}
	return v.kind == kindNull
}

// compareWithTop warns of what the top level has and an environment, which sets the same key, has not.
// Receipt: wrangler 4.164.0, validateVars, validateDefines and validateBindingArray
func (d *decoder) compareWithTop(top entry, own *member, env string) {
	if top.key.inherit || own == nil {
		return
	}
	path := "env." + env + "." + top.key.name
	switch {
	case top.key.name == "vars" || top.key.name == "define":
		var missing []string
		for _, m := range top.v.members {
			if own.value.member(m.key) == nil {
				missing = append(missing, m.key)
			}
		}
		if len(missing) > 0 && own.value.kind == kindObject {
			d.warn(own.at, fmt.Sprintf("%q lacks what the top level has: %s", path, strings.Join(missing, ", ")),
				fmt.Sprintf("%q is not inherited: add them to %q", top.key.name, path))
		}
	case top.v.kind == kindArray && own.value.kind == kindArray:
		have := bindingsOf(own.value)
		for _, name := range bindingsOf(top.v) {
			if !slices.Contains(have, name) {
				d.warn(own.at, fmt.Sprintf("%q lacks the binding %q, which the top level has", path, name),
					fmt.Sprintf("%q is not inherited: add a binding %q to %q", top.key.name, name, path))
			}
		}
	}
}

func bindingsOf(list *value) []string {
	var out []string
	for _, item := range list.items {
		if m := item.member("binding"); m != nil && m.value.kind == kindString {
			out = append(out, m.value.text)
		}
	}
	return out
}

// decode reads entries into cfg.
func (d *decoder) decode(entries []entry, cfg *Config) {
	d.cfg = cfg
	d.bound = nil
	for _, e := range entries {
		if e.key.missing && !empty(e.v) {
			cfg.NotEmulated = append(cfg.NotEmulated, e.key.name)
		}
		if e.key.decode != nil {
			e.key.decode(d, e.v, e.path)
		} else {
			d.foreign(e.key, e.v, e.path)
		}
	}
}
