package emulatortest_test

import (
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

func TestStart(t *testing.T) {
	h := emulatortest.Start(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"src/index.js\"\ncompatibility_date = \"2026-01-20\"\n",
		"src/index.js":  `export default { fetch: () => new Response("hello") }`,
	}, emulator.Options{})
	if a := h.Get("/"); a.StatusCode != http.StatusOK || a.Text != "hello" {
		t.Errorf("the Worker answers %s %q", a.Status, a.Text)
	}
	var status emulator.Status
	if err := h.Control("GET", "/cfemu/v1/status", nil, &status); err != nil || status.Worker.Name != "w" {
		t.Errorf("the control door answers %+v, %v", status, err)
	}
	h.Await("the request", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventRequest && ev.Status == 200 })
	state := h.StateDir()
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state is left behind: %v", err)
	}
	if _, err := h.Try("GET", "/", ""); err == nil {
		t.Error("it answers after its end")
	}
}

func TestOpenTellsWhyItCannot(t *testing.T) {
	if _, err := emulatortest.Open(t, map[string]string{"wrangler.toml": "name = 5\n"}, emulator.Options{}); err == nil {
		t.Error("a wrong configuration opens")
	}
}
