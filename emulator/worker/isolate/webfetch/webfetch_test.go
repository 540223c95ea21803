package webfetch

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker/isolate/host/hosttest"
	"github.com/cfemu/cfemu/emulator/worker/isolate/webcore"
)

// helpers are what the scripts of the tables use.
const helpers = `
globalThis.thrown = (f) => { try { f() } catch (e) { return e.name + ': ' + e.message } return 'nothing thrown' };
globalThis.rejected = async (p) => { try { await (typeof p === 'function' ? p() : p) } catch (e) { return e && e.name ? e.name + ': ' + e.message : String(e) } return 'not rejected' };
globalThis.kind = (f) => { try { f() } catch (e) { return e.name } return 'nothing thrown' };
globalThis.rejectedKind = async (p) => { try { await (typeof p === 'function' ? p() : p) } catch (e) { return e.name } return 'not rejected' };
globalThis.readAll = async (s) => { const r = s.getReader(), out = []; for (;;) { const {value, done} = await r.read(); if (done) return out; out.push(value) } };
globalThis.utf8 = (s) => new TextEncoder().encode(s);
globalThis.string = (b) => new TextDecoder().decode(b);
globalThis.turns = async (n = 8) => { for (let i = 0; i < n; i++) await null };
`

func newHost(t testing.TB) (*hosttest.Host, *API) {
	t.Helper()
	h := hosttest.New(t)
	webcore.Install(h)
	a := Install(h)
	if _, err := h.RT.RunString(helpers); err != nil {
		t.Fatal(err)
	}
	return h, a
}

// A script is a body of an async function and the JSON of what it must return.
type script struct{ code, want string }

func runScripts(t *testing.T, scripts map[string]script, prepare ...func(h *hosttest.Host, a *API)) {
	t.Helper()
	for name, tt := range scripts {
		t.Run(name, func(t *testing.T) {
			h, a := newHost(t)
			for _, p := range prepare {
				p(h, a)
			}
			got, err := h.Try(t, "return JSON.stringify(await (async () => {"+tt.code+"})())")
			if err != nil {
				t.Fatalf("script: %v", err)
			}
			if got == nil {
				got = "undefined"
			}
			if !sameJSON(got.(string), tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// A transport is a RoundTripper from a func.
type transport func(r *http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var errRefused = errors.New("outbound: example.com is not allowed")
