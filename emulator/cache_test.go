package emulator_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

const cachingWorker = `export default { async fetch(request, env, ctx) {
	const cache = caches.default, hit = await cache.match(request)
	if (hit) return hit
	const made = new Response(new URL(request.url).searchParams.has('large') ? 'x'.repeat(1 << 20) : VERSION, { headers: { 'cache-control': 'max-age=60', 'x-made': 'now' } })
	await cache.put(request, made.clone())
	return made
} }`

// The cache lives across versions of a Worker, on the emulator's clock, and a reset empties it.
func TestTheCacheLivesAcrossVersions(t *testing.T) {
	files := project(strings.ReplaceAll(cachingWorker, "VERSION", "'one'"))
	h := emulatortest.Start(t, files, emulator.Options{Watch: true})
	get := func(path string) (string, string) {
		t.Helper()
		res := h.Get(path)
		return res.Header.Get("CF-Cache-Status"), res.Text
	}
	expect := func(what, path, status, body string) {
		t.Helper()
		if s, b := get(path); s != status || b != body {
			t.Errorf("%s: %q %.20q, want %q %.20q", what, s, b, status, body)
		}
	}
	expect("first", "/", "", "one")
	expect("second", "/", "HIT", "one")
	expect("a large one", "/?large", "", strings.Repeat("x", 1<<20))
	expect("a large one again", "/?large", "HIT", strings.Repeat("x", 1<<20))
	h.Save("index.js", strings.ReplaceAll(cachingWorker, "VERSION", "'two'"))
	expect("another version", "/", "HIT", "one")
	if err := h.Control("POST", "/cfemu/v1/clock", map[string]any{"advance": "1m"}, nil); err != nil {
		t.Fatal(err)
	}
	expect("when it is stale", "/", "", "two")
	expect("then", "/", "HIT", "two")
	if err := h.Reset(context.Background(), nil, false); err != nil {
		t.Fatal(err)
	}
	expect("after a reset", "/", "", "two")
}
