package node

import (
	"slices"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A Mode is how far a Worker may use Node.js's modules.
type Mode int

// The modes, each of which allows what the one before it does, and more.
const (
	Off Mode = iota
	ALS      // node:async_hooks only
	V1       // modules, with the prefix node: only
	V2       // modules with and without it, and the globals
)

// The compatibility dates from which nodejs_compat means V2, and is on by itself.
// Receipt: https://developers.cloudflare.com/workers/configuration/compatibility-flags/#nodejs-compatibility-flag
const (
	v2Date      = "2024-09-23"
	defaultDate = "2026-08-04"
)

// ModeOf is what the compatibility date and flags ask for.
func ModeOf(c worker.Compat) Mode {
	has := func(flag string) bool { return slices.Contains(c.Flags, flag) }
	byDefault := c.Date >= defaultDate
	v1 := has("nodejs_compat") || byDefault && !has("no_nodejs_compat")
	switch {
	case has("nodejs_compat_v2"), !has("no_nodejs_compat_v2") && (byDefault || v1 && c.Date >= v2Date):
		return V2
	case v1:
		return V1
	case has("nodejs_als"):
		return ALS
	}
	return Off
}

// Resolve returns the name, without "node:", of the module that specifier asks for, when the mode
// allows it.
func (m Mode) Resolve(specifier string) (name string, ok bool) {
	name, prefixed := strings.CutPrefix(specifier, "node:")
	if _, known := modules()[name]; !known || strings.HasPrefix(name, internalPrefix) {
		return name, false
	}
	switch m {
	case V2:
		return name, true
	case V1:
		return name, prefixed
	case ALS:
		return name, prefixed && name == "async_hooks"
	}
	return name, false
}
