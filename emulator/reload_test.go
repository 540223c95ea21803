package emulator_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
	"github.com/cfemu/cfemu/internal/testkit"
)

var watching = emulator.Options{Watch: true}

// saying is a Worker that answers s.
func saying(s string) string {
	return fmt.Sprintf("export default {\n  fetch() { return new Response(%q) }\n}\n", s)
}

// answers waits until the Worker answers want.
func answers(t *testing.T, h *emulatortest.House, path, want string) {
	t.Helper()
	testkit.Wait(t, func() error {
		if a, err := h.Try("GET", path, ""); err != nil || a.Text != want {
			return fmt.Errorf("%s answers %q (%s), want %q", path, a.Text, fmt.Sprint(err), want)
		}
		return nil
	})
}

// In a loop of saves, the request right after each runs the new code. Only the time that the kernel
// takes to tell of a change is out of our hands: it may let single ones slip.
func TestRequestAfterSaveRunsTheNewCode(t *testing.T) {
	h := emulatortest.Start(t, project(saying("v0")), watching)
	const saves = 50
	stale := 0
	for i := 1; i <= saves; i++ {
		want := fmt.Sprintf("v%d", i)
		h.Save("index.js", saying(want))
		a := h.Get("/")
		switch a.Text {
		case want:
		case fmt.Sprintf("v%d", i-1):
			stale++
			answers(t, h, "/", want)
		default:
			t.Fatalf("after saving %s it answers %s %q", want, a.Status, a.Text)
		}
	}
	t.Logf("%d of %d requests ran the old code", stale, saves)
	if stale > saves/5 {
		t.Errorf("%d of %d requests right after a save ran the old code", stale, saves)
	}
}

// The ways in which editors and tools save.
func TestWaysToSave(t *testing.T) {
	h := emulatortest.Start(t, project(saying("first")), watching)
	file := filepath.Join(h.Dir, "index.js")
	for name, save := range map[string]func(code string) error{
		"write": func(code string) error { return os.WriteFile(file, []byte(code), 0o644) },
		"rename": func(code string) error {
			if err := os.WriteFile(file+".tmp", []byte(code), 0o644); err != nil {
				return err
			}
			return os.Rename(file+".tmp", file)
		},
		"backup and write": func(code string) error {
			if err := os.Rename(file, file+"~"); err != nil {
				return err
			}
			return os.WriteFile(file, []byte(code), 0o644)
		},
		"remove and write": func(code string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.WriteFile(file, []byte(code), 0o644)
		},
		"in two pieces": func(code string) error {
			f, err := os.Create(file)
			if err != nil {
				return err
			}
			defer f.Close()
			if _, err := f.WriteString(code[:10]); err != nil {
				return err
			}
			if err := f.Sync(); err != nil {
				return err
			}
			_, err = f.WriteString(code[10:])
			return err
		},
		"many times": func(code string) error {
			for i := range 40 {
				if err := os.WriteFile(file, []byte(saying(fmt.Sprint("passing ", i))), 0o644); err != nil {
					return err
				}
			}
			return os.WriteFile(file, []byte(code), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := save(saying(name)); err != nil {
				t.Fatal(err)
			}
			answers(t, h, "/", name)
		})
	}
}

// Reloads under load lose no request, and each answer is whole and of one version.
func TestReloadUnderLoad(t *testing.T) {
	code := func(i int) string {
		return fmt.Sprintf(`
const version = %d
export default {
  async fetch(request, env) {
    await env.DB.prepare("SELECT 1").run()
    return new Response(version + " " + await request.text() + " " + version)
  }
}`, i)
	}
	files := project(code(0), "[[d1_databases]]", `binding = "DB"`, `database_name = "shop"`)
	h := emulatortest.Start(t, files, watching)
	var all sync.WaitGroup
	var done atomic.Bool
	var asked atomic.Int64
	for client := range 6 {
		all.Go(func() {
			for n := 0; !done.Load(); n++ {
				body := fmt.Sprintf("%d.%d", client, n)
				a, err := h.Try("POST", "/", body)
				asked.Add(1)
				var before, text, after string
				if err == nil && a.StatusCode == 200 {
					_, err = fmt.Sscan(a.Text, &before, &text, &after)
				}
				if err != nil || a.StatusCode != 200 || text != body || before != after {
					t.Errorf("%s: %v %d %q", body, err, a.StatusCode, a.Text)
					return
				}
			}
		})
	}
	const reloads = 15
	for i := 1; i <= reloads; i++ {
		seen := len(h.Events())
		h.Save("index.js", code(i))
		h.Await("a reload", seen, func(ev emulator.Event) bool { return ev.Type == emulator.EventReload })
	}
	done.Store(true)
	all.Wait()
	t.Logf("%d requests during %d reloads", asked.Load(), reloads)
	if a := h.Ask("POST", "/", "end"); a.Text != fmt.Sprintf("%d end %d", reloads, reloads) {
		t.Errorf("in the end it answers %q", a.Text)
	}
}

// What began on the old version ends on it, waitUntil included.
func TestOldVersionFinishes(t *testing.T) {
	testkit.NoLeaks(t)
	g := newGate(t)
	code := func(version string) string {
		return fmt.Sprintf(`
const version = %q
export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/slow") return new Response(version)
    ctx.waitUntil(fetch(env.GATE + "/later").then(() => console.log("waitUntil of " + version)))
    await fetch(env.GATE + "/slow")
    return new Response(version)
  }
}`, version)
	}
	opts := g.options()
	opts.Watch = true
	h := emulatortest.Start(t, project(code("one")), opts)
	got := make(chan string, 1)
	go func() {
		a, err := h.Try("GET", "/slow", "")
		if err != nil {
			a.Text = err.Error()
		}
		got <- a.Text
	}()
	g.await(t, "/slow")
	g.await(t, "/later")
	h.Save("index.js", code("two"))
	answers(t, h, "/", "two")
	g.open("/slow")
	if s := <-got; s != "one" {
		t.Errorf("the request that had begun got %q", s)
	}
	g.open("/later")
	h.Await("the old version's waitUntil", 0, isType(emulator.EventConsole, "waitUntil of one"))
}

// A first start that fails stays up, tells, and is Ready when the code is mended, not before.
func TestFirstStartThatFails(t *testing.T) {
	for name, tt := range map[string]struct{ code, want string }{
		"does not parse":    {"export default {\n  fetch() { return new Response('x')) }\n}\n", "index.js:2:"},
		"throws at start":   {"throw new Error('no config here')\nexport default { fetch() {} }\n", "no config here"},
		"imports nothing":   {"import './missing.js'\nexport default { fetch() {} }\n", "missing.js"},
		"exports no Worker": {"export const a = 1\n", "export default"},
	} {
		t.Run(name, func(t *testing.T) {
			h := emulatortest.Start(t, project(tt.code), watching)
			ev := h.Await("the error", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventError })
			if !strings.Contains(ev.Message+ev.Detail+ev.Source, tt.want) {
				t.Errorf("it says %q %q %q, want %q", ev.Message, ev.Detail, ev.Source, tt.want)
			}
			a := h.Get("/")
			if a.StatusCode != 500 || !strings.Contains(a.Text, tt.want) {
				t.Errorf("it answers %s %q, want %q", a.Status, a.Text, tt.want)
			}
			isReady := func(ev emulator.Event) bool { return ev.Type == emulator.EventReady }
			for _, ev := range h.Events() {
				if isReady(ev) {
					t.Error("Ready came before the first request could succeed")
				}
			}
			h.Save("index.js", saying("mended"))
			h.Await("Ready", 0, isReady)
			if a := h.Get("/"); a.Text != "mended" {
				t.Errorf("after Ready it answers %s %q", a.Status, a.Text)
			}
		})
	}
	t.Run("a missing import that comes", func(t *testing.T) {
		h := emulatortest.Start(t, project("import s from './lib/late.js'\nexport default { fetch: () => new Response(s) }\n"), watching)
		h.Await("the error", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventError })
		h.Save("lib/late.js", "export default 'late'\n")
		answers(t, h, "/", "late")
	})
}

// A change that cannot be built is shown, and the old version serves on.
func TestReloadThatFails(t *testing.T) {
	h := emulatortest.Start(t, project(saying("old"), "[vars]", `A = "1"`), watching)
	for name, tt := range map[string]struct{ file, content, want string }{
		"a syntax error":   {"index.js", "export default {\n  fetch( }\n", "index.js:2:"},
		"a throw at start": {"index.js", "\nundefinedName()\nexport default { fetch() {} }", "undefinedName"},
		"a wrong key type": {"wrangler.toml", config("[vars]", "A = 1", "[[kv_namespaces]]", "binding = 5"), "wrangler.toml:7:"},
		"broken TOML":      {"wrangler.toml", "name = \"w\"\nmain = \n", "wrangler.toml:2:"},
		"a main that goes": {"wrangler.toml", strings.Replace(config(), "index.js", "gone.js", 1), "gone.js"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := len(h.Events())
			h.Save(tt.file, tt.content)
			ev := h.Await("the error", seen, func(ev emulator.Event) bool { return ev.Type == emulator.EventError })
			if text := ev.Message + ev.Detail + ev.Source; !strings.Contains(text, tt.want) {
				t.Errorf("it says %q, want %q", text, tt.want)
			}
			if a := h.Get("/"); a.StatusCode != 200 || a.Text != "old" {
				t.Errorf("a program gets %s %q", a.Status, a.Text)
			}
			if a := h.Get("/", "Accept", "text/html"); a.StatusCode != 500 || !strings.Contains(a.Text, tt.want) {
				t.Errorf("a browser gets %s %q, want %q", a.Status, a.Text, tt.want)
			}
			var status emulator.Status
			if err := h.Control("GET", "/cfemu/v1/status", nil, &status); err != nil || !strings.Contains(status.Worker.Error, tt.want) {
				t.Errorf("status says %q, %v", status.Worker.Error, err)
			}
			h.Save("wrangler.toml", config("[vars]", `A = "1"`))
			h.Save("index.js", saying("old"))
			testkit.Wait(t, func() error {
				if a := h.Get("/", "Accept", "text/html"); a.StatusCode != 200 {
					return fmt.Errorf("a browser still gets %s: %s", a.Status, a.Text)
				}
				return nil
			})
		})
	}
}

// Changes of configuration and variables are taken up like those of code.
func TestConfigurationReloads(t *testing.T) {
	const code = `
export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname === "/kv") return new Response(String(await env.LATE?.get("k")))
    return new Response([env.A, env.SECRET, typeof env.LATE].join(" "))
  }
}`
	h := emulatortest.Start(t, project(code, "[vars]", `A = "one"`), watching)
	expect(t, h, "/", "one  undefined")
	h.Save("wrangler.toml", config("[vars]", `A = "two"`))
	answers(t, h, "/", "two  undefined")
	h.Save(".dev.vars", "SECRET=s3cret\n")
	answers(t, h, "/", "two s3cret undefined")
	h.Save("wrangler.toml", config("[vars]", `A = "two"`, "[[kv_namespaces]]", `binding = "LATE"`))
	answers(t, h, "/", "two s3cret object")
	expect(t, h, "/kv", "null")
	if err := os.Remove(filepath.Join(h.Dir, ".dev.vars")); err != nil {
		t.Fatal(err)
	}
	answers(t, h, "/", "two  object")
	t.Run("a migration is announced, not applied", func(t *testing.T) {
		h.Save("wrangler.toml", config("[[d1_databases]]", `binding = "DB"`, `database_name = "shop"`))
		answers(t, h, "/", "  undefined")
		h.Save("migrations/0001_first.sql", "CREATE TABLE t (a);")
		h.Await("the announcement", 0, isType(emulator.EventInfo, "migrations/0001_first.sql is new and not applied"))
		if a := h.Get("/"); a.Text != "  undefined" {
			t.Errorf("it answers %q", a.Text)
		}
	})
	t.Run("a new route opens the door", func(t *testing.T) {
		h.Save("wrangler.toml", config(`route = "shop.example/*"`))
		testkit.Wait(t, func() error {
			if a, err := h.Try("GET", "/", "", "Host", "shop.example"); err != nil || a.StatusCode != 200 {
				return fmt.Errorf("%s %d", fmt.Sprint(err), a.StatusCode)
			}
			return nil
		})
	})
}

const queueCode = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === "/held") await fetch(env.GATE + "/held")
    if (pathname !== "/") await env.Q.send(pathname)
    return new Response("answered")
  },
  async queue(batch, env) {
    for (const m of batch.messages) {
      if (m.body === "/direct") {
        await fetch(env.GATE + "/batch")
        await env.SELF.fetch("http://self/")
      }
      console.log("delivered " + m.body)
    }
  }
}`

func queueConfig(retries int, more ...string) string {
	return config(append([]string{
		"[[queues.producers]]", `queue = "q"`, `binding = "Q"`,
		"[[queues.consumers]]", `queue = "q"`, "max_batch_size = 1", fmt.Sprintf("max_retries = %d", retries),
		"[[services]]", `binding = "SELF"`, `service = "w"`}, more...)...)
}

// holdCommand is a build command that a test can make wait: it reads a named pipe to its end.
const holdCommand = "[build]\ncommand = \"test ! -p hold || cat hold\"\nwatch_dir = \"sources\""

// holdReload begins a reload of h that does not go on before it is released.
func holdReload(t *testing.T, h *emulatortest.House) (release func()) {
	t.Helper()
	pipe := filepath.Join(h.Dir, "hold")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	h.Save("sources/changed", "")
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the reader
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := errors.Join(os.Remove(pipe), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// A consumer's new settings are taken up though a batch is being delivered: neither waits for the other.
func TestConsumerSettingsReload(t *testing.T) {
	delivered := func(h *emulatortest.House, body string) {
		t.Helper()
		h.Await("the delivery", 0, isType(emulator.EventConsole, "delivered "+body))
		answers(t, h, "/", "answered")
	}
	start := func(t *testing.T) (*gate, *emulatortest.House) {
		g := newGate(t)
		opts := g.options()
		opts.Watch = true
		return g, emulatortest.Start(t, map[string]string{
			"wrangler.toml": queueConfig(3, holdCommand), "index.js": queueCode, "sources/changed": "",
		}, opts)
	}
	t.Run("while a batch calls the Worker itself", func(t *testing.T) {
		g, h := start(t)
		h.Get("/direct")
		g.await(t, "/batch")
		release := holdReload(t, h)
		h.Save("wrangler.toml", queueConfig(4, holdCommand))
		g.open("/batch")
		release()
		delivered(h, "/direct")
	})
	t.Run("while a batch waits for the reload", func(t *testing.T) {
		g, h := start(t)
		held := make(chan struct{})
		go func() {
			defer close(held)
			h.Try("GET", "/held", "")
		}()
		g.await(t, "/held")
		release := holdReload(t, h)
		h.Save("wrangler.toml", queueConfig(4, holdCommand))
		g.open("/held")
		<-held
		release()
		delivered(h, "/held")
	})
}

// A client that does not wait for a reload has gone like any other: that is no error of the Worker's.
func TestClientThatGoesAwayDuringReload(t *testing.T) {
	h := emulatortest.Start(t, project(saying("x"), holdCommand), watching)
	h.Save("sources/first", "")
	h.Await("a reload", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventReload })
	release := holdReload(t, h)
	c := dial(t, h.URL)
	if _, err := io.WriteString(c, "GET /gone HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if ev := h.Await("the request", 0, isRequest("/gone")); ev.Status != 499 || ev.Error != "" {
		t.Errorf("reported %d %q", ev.Status, ev.Error)
	}
	release()
	answers(t, h, "/", "x")
}

// build.command runs at the start and when its folder changes; what it says is shown.
func TestBuildCommand(t *testing.T) {
	const command = `command = "sh build.sh"`
	files := map[string]string{
		"wrangler.toml": strings.Replace(config("[build]", command, `watch_dir = "sources"`), "index.js", "dist/index.js", 1),
		"build.sh":      "echo building $(cat sources/word)\ntest ! -f broken || { echo 'sources/word:1: no such word' >&2; exit 3; }\nmkdir -p dist && echo \"export default { fetch: () => new Response('$(cat sources/word)') }\" > dist/index.js\n",
		"sources/word":  "one",
	}
	isError := func(ev emulator.Event) bool { return ev.Type == emulator.EventError }
	h := emulatortest.Start(t, files, watching)
	expect(t, h, "/", "one")
	h.Await("the command's output", 0, isType(emulator.EventInfo, "building one"))
	h.Save("sources/word", "two")
	answers(t, h, "/", "two")

	t.Run("its failure is shown and the old version serves", func(t *testing.T) {
		seen := len(h.Events())
		h.Save("broken", "")
		h.Save("sources/word", "three")
		ev := h.Await("the failure", seen, isError)
		for _, part := range []string{"sh build.sh", "exited with code 3", "no such word"} {
			if !strings.Contains(ev.Message, part) {
				t.Errorf("%q lacks %q", ev.Message, part)
			}
		}
		expect(t, h, "/", "two")
		if a := h.Get("/", "Accept", "text/html"); a.StatusCode != 500 || !strings.Contains(a.Text, "no such word") {
			t.Errorf("a browser gets %s %q", a.Status, a.Text)
		}
		if err := os.Remove(filepath.Join(h.Dir, "broken")); err != nil {
			t.Fatal(err)
		}
		h.Save("sources/word", "four")
		answers(t, h, "/", "four")
	})
	t.Run("a failure is not forgotten by a change of something else", func(t *testing.T) {
		seen := len(h.Events())
		h.Save("broken", "")
		h.Save("sources/word", "five")
		h.Await("the failure", seen, isError)
		seen = len(h.Events())
		h.Save(".dev.vars", "A=1\n")
		h.Await("the failure again", seen, isError)
		if err := os.Remove(filepath.Join(h.Dir, "broken")); err != nil {
			t.Fatal(err)
		}
		h.Save(".dev.vars", "A=2\n")
		answers(t, h, "/", "five")
	})
	t.Run("another command is run at once", func(t *testing.T) {
		h.Save("other.sh", "echo \"export default { fetch: () => new Response('six') }\" > dist/index.js\n")
		h.Save("wrangler.toml", strings.Replace(files["wrangler.toml"], "sh build.sh", "sh other.sh", 1))
		answers(t, h, "/", "six")
	})
	t.Run("one that fails at the first start keeps the house waiting for a better one", func(t *testing.T) {
		files["broken"] = ""
		h := emulatortest.Start(t, files, watching)
		h.Await("the failure", 0, isError)
		if a := h.Get("/"); a.StatusCode != 500 || !strings.Contains(a.Text, "no such word") {
			t.Errorf("it answers %s %q", a.Status, a.Text)
		}
		if err := os.Remove(filepath.Join(h.Dir, "broken")); err != nil {
			t.Fatal(err)
		}
		h.Save("sources/word", "seven")
		h.Await("Ready", 0, func(ev emulator.Event) bool { return ev.Type == emulator.EventReady })
		expect(t, h, "/", "seven")
	})
}

// What wrangler's bundler takes, through the whole house, and changes of every kind of file.
func TestKindsOfModules(t *testing.T) {
	t.Run("tsconfig paths, rules, text, data, alias, define and JSX", func(t *testing.T) {
		h := emulatortest.Start(t, map[string]string{
			"wrangler.jsonc": `{
  // comments and trailing commas
  "name": "w", "main": "src/index.ts", "compatibility_date": "2026-01-20",
  "rules": [{ "type": "Text", "globs": ["**/*.sql"], "fallthrough": true }, { "type": "Data", "globs": ["**/*.dat"] }],
  "alias": { "left-pad": "./src/pad.ts" },
  "define": { "STAGE": "\"test\"" },
}`,
			"tsconfig.json":                   `{ "compilerOptions": { "paths": { "@lib/*": ["./src/lib/*"] }, "jsx": "react", "jsxFactory": "h" } }`,
			"src/index.ts":                    "import { name } from '@lib/name'\nimport sql from './q.sql'\nimport text from './t.txt'\nimport data from './d.dat'\nimport pad from 'left-pad'\nimport npm from 'thing'\nimport { page } from './page'\ndeclare const STAGE: string\nenum E { A = 1 }\nexport default {\n  fetch(): Response { return new Response([name, sql.trim(), text.trim(), data.byteLength, pad('x'), npm, STAGE, E.A, page()].join('|')) }\n} satisfies ExportedHandler\n",
			"src/lib/name.ts":                 "export const name: string = 'lib'\n",
			"src/q.sql":                       "SELECT 1\n",
			"src/t.txt":                       "text\n",
			"src/d.dat":                       "12345",
			"src/pad.ts":                      "export default (s: string) => '  ' + s\n",
			"src/page.tsx":                    "const h = (tag: string, _: unknown, ...c: string[]) => `<${tag}>${c}</${tag}>`\nexport const page = () => <b>bold</b>\n",
			"node_modules/thing/package.json": `{ "name": "thing", "exports": { "workerd": "./worker.js", "default": "./node.js" } }`,
			"node_modules/thing/worker.js":    "export default 'npm'\n",
			"node_modules/thing/node.js":      "export default 'wrong condition'\n",
		}, watching)
		expect(t, h, "/", "lib|SELECT 1|text|5|  x|npm|test|1|<b>bold</b>")
		h.Save("src/q.sql", "SELECT 2\n")
		answers(t, h, "/", "lib|SELECT 2|text|5|  x|npm|test|1|<b>bold</b>")
		h.Save("src/lib/name.ts", "export const name = 'new'\n")
		answers(t, h, "/", "new|SELECT 2|text|5|  x|npm|test|1|<b>bold</b>")
		h.Save("tsconfig.json", `{ "compilerOptions": { "paths": { "@lib/*": ["./src/other/*"] }, "jsx": "react", "jsxFactory": "h" } }`)
		h.Save("src/other/name.ts", "export const name = 'other'\n")
		answers(t, h, "/", "other|SELECT 2|text|5|  x|npm|test|1|<b>bold</b>")
		h.Save("node_modules/thing/worker.js", "export default 'updated'\n")
		answers(t, h, "/", "other|SELECT 2|text|5|  x|updated|test|1|<b>bold</b>")
	})
	t.Run("no_bundle takes the files as they are", func(t *testing.T) {
		h := emulatortest.Start(t, map[string]string{
			"wrangler.toml": config("no_bundle = true", "[[rules]]", `type = "ESModule"`, `globs = ["**/*.js"]`, "[[rules]]", `type = "Text"`, `globs = ["**/*.txt"]`),
			"index.js":      "import { a } from './lib/a.js'\nimport text from './t.txt'\nexport default { fetch: () => new Response(a + text) }\n",
			"lib/a.js":      "export const a = 'a'\n",
			"t.txt":         "text",
		}, watching)
		expect(t, h, "/", "atext")
		h.Save("lib/a.js", "export const a = 'b'\n")
		answers(t, h, "/", "btext")
		h.Save("t.txt", "more")
		answers(t, h, "/", "bmore")
	})
}
