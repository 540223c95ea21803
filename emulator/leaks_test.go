package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/internal/testkit"
)

const busyCode = `
export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    await env.DB.prepare("INSERT INTO items (name) VALUES (?)").bind(crypto.randomUUID()).run()
    await env.KEYS.put("k" + pathname, "v")
    await env.FILES.put("f" + pathname, "content")
    await env.Q.send({ pathname })
    const [row, value, object] = await Promise.all([
      env.DB.prepare("SELECT count(*) AS n FROM items").first("n"), env.KEYS.get("k" + pathname), env.FILES.get("f" + pathname)])
    ctx.waitUntil(env.KEYS.put("late" + pathname, "v"))
    return new Response([row > 0, value, await object.text()].join(" "))
  },
  async queue(batch, env) { for (const m of batch.messages) await env.KEYS.put("got" + m.body.pathname, "v") },
  scheduled() {}
}`

func busy() map[string]string {
	files := project(busyCode,
		"[[d1_databases]]", `binding = "DB"`, "[[kv_namespaces]]", `binding = "KEYS"`, "[[r2_buckets]]", `binding = "FILES"`, `bucket_name = "files"`,
		"[[queues.producers]]", `queue = "q"`, `binding = "Q"`, "[[queues.consumers]]", `queue = "q"`, "max_batch_size = 10", "max_batch_timeout = 1")
	files["migrations/0001_items.sql"] = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	return files
}

// A house that is opened, used and closed, again and again as `cfemu exec` does it in a test suite,
// leaves nothing: no goroutine, no file descriptor, no directory.
func TestNothingIsLeft(t *testing.T) {
	testkit.NoLeaks(t)
	t.Setenv("TMPDIR", t.TempDir())
	dir := writeAll(t, busy())
	once := func(opts emulator.Options) {
		t.Helper()
		opts.Project = dir
		h := emulatortest.Start(t, nil, opts)
		if a := h.Get("/a"); a.Text != "true v content" {
			t.Fatalf("it answers %s %q", a.Status, a.Text)
		}
		if err := h.Control("POST", "/cfemu/v1/queues/q/drain", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := h.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	once(emulator.Options{}) // what is made once for a process
	before := openFiles(t)
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	for i := range rounds {
		once(emulator.Options{Watch: i%5 == 0, Announce: i%5 == 1})
	}
	testkit.Wait(t, func() error {
		if after := openFiles(t); len(after) > len(before) {
			return fmt.Errorf("%d files open before, %d after: %v", len(before), len(after), after)
		}
		return nil
	})
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".cfemu", "run.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run.json is left: %v", err)
	}
}

// An Open that fails leaves nothing either, wherever it fails.
func TestNothingIsLeftOfAnOpenThatFails(t *testing.T) {
	testkit.NoLeaks(t)
	t.Setenv("TMPDIR", t.TempDir())
	files := func(change func(map[string]string)) map[string]string {
		f := busy()
		change(f)
		return f
	}
	port := 1
	for name, tt := range map[string]struct {
		files map[string]string
		opts  emulator.Options
	}{
		"configuration": {files(func(f map[string]string) { f["wrangler.toml"] = "route = 5\n" + f["wrangler.toml"] }), emulator.Options{}},
		"door":          {busy(), emulator.Options{IP: "203.0.113.1", Port: &port}},
		"migration":     {files(func(f map[string]string) { f["migrations/0001_items.sql"] = "CREATE" }), emulator.Options{}},
		"seed":          {files(func(f map[string]string) { f["seed/d1/DB.sql"] = "INSERT" }), emulator.Options{Seed: "seed"}},
		"code":          {files(func(f map[string]string) { f["index.js"] = "export default {" }), emulator.Options{}},
		"start-up":      {files(func(f map[string]string) { f["index.js"] = "throw new Error('x')" }), emulator.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			before := openFiles(t)
			tt.opts.Strict = true
			if h, err := emulatortest.Open(t, tt.files, tt.opts); err == nil {
				t.Fatalf("it opened: %s", h.URL)
			}
			testkit.Wait(t, func() error {
				if after := openFiles(t); len(after) > len(before) {
					return fmt.Errorf("%d files open before, %d after: %v", len(before), len(after), after)
				}
				return nil
			})
		})
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

// A start that is interrupted is over at once, and leaves nothing.
func TestOpenCanBeInterrupted(t *testing.T) {
	testkit.NoLeaks(t)
	files := busy()
	files["wrangler.toml"] += "[build]\ncommand = \"touch begun; sleep 60\"\n"
	dir := writeAll(t, files)
	zero := 0
	ctx, cancel := context.WithCancel(context.Background())
	opened := make(chan error, 1)
	go func() {
		e, err := emulator.Open(ctx, emulator.Options{Project: dir, Ephemeral: true, Port: &zero, ControlPort: &zero, S3Port: &zero})
		if err == nil {
			err = errors.Join(errors.New("it opened"), e.Close())
		}
		opened <- err
	}()
	testkit.Wait(t, func() error { _, err := os.Stat(filepath.Join(dir, "begun")); return err })
	cancel()
	took := watch()
	if err := <-opened; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if d := took(); d.Seconds() > 5 {
		t.Errorf("it took %v", d)
	}
}

// openFiles lists what this process has open, sockets aside that are closing.
func openFiles(t *testing.T) []string {
	t.Helper()
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil // not Linux: the goroutines have to do
	}
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && !strings.HasPrefix(target, "/proc/") {
			open = append(open, target)
		}
	}
	slices.Sort(open)
	return open
}

// Reset while requests run: they may see empty stores, but nothing breaks, and afterwards all is as new.
func TestResetUnderLoad(t *testing.T) {
	h := emulatortest.Start(t, busy(), emulator.Options{})
	var all sync.WaitGroup
	var done atomic.Bool
	var well atomic.Int64
	for client := range 4 {
		all.Go(func() {
			for !done.Load() {
				a, err := h.Try("GET", fmt.Sprint("/c", client), "")
				switch {
				case err != nil:
					t.Errorf("a request is lost: %v", err)
					return
				case a.StatusCode == 200:
					well.Add(1)
				// The object or the table of the request may just have been taken away from under it.
				case !strings.Contains(a.Text, "error code: 1101") || strings.Contains(a.Text, "internal error"):
					t.Errorf("%s %q", a.Status, a.Text)
				case !strings.Contains(a.Text, "null") && !strings.Contains(a.Text, "no such table"):
					t.Errorf("an answer that no empty store explains: %q", a.Text)
				}
			}
		})
	}
	const resets = 12
	for i := range resets {
		at := well.Load()
		testkit.Wait(t, func() error { // something runs between two resets
			if well.Load() == at {
				return errors.New("no request has succeeded")
			}
			return nil
		})
		body := map[string]any{}
		if i%3 == 2 {
			body["products"] = []string{"d1", "queues"}
		}
		if err := h.Control("POST", "/cfemu/v1/reset", body, nil); err != nil {
			t.Errorf("reset %d: %v", i, err)
		}
	}
	done.Store(true)
	all.Wait()
	if err := h.Control("POST", "/cfemu/v1/reset", nil, nil); err != nil {
		t.Fatal(err)
	}
	if a := h.Get("/after"); a.Text != "true v content" {
		t.Errorf("after a reset it answers %s %q", a.Status, a.Text)
	}
}
