package emulator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

const shopCode = `
export default {
  async fetch(request, env) {
    const [, what, ...rest] = new URL(request.url).pathname.split("/")
    const key = decodeURIComponent(rest.join("/"))
    if (what === "d1") return Response.json((await env.DB.prepare("SELECT name FROM items ORDER BY id").all()).results.map(r => r.name))
    if (what === "add") return Response.json(await env.DB.prepare("INSERT INTO items (name) VALUES (?)").bind(key).run())
    if (what === "kv" && request.method === "PUT") return Response.json(await env.KEYS.put(key, await request.text()) ?? null)
    if (what === "kv") return Response.json(await env.KEYS.getWithMetadata(key))
    if (what === "keys") return Response.json((await env.KEYS.list()).keys)
    if (what === "files") return Response.json((await env.FILES.list()).objects.map(o => o.key))
    const o = await env.FILES.get(key)
    if (!o) return new Response("none", { status: 404 })
    return Response.json({ text: await o.text(), type: o.httpMetadata.contentType, disposition: o.httpMetadata.contentDisposition, custom: o.customMetadata })
  }
}`

// shop is a project with one of each store, and more files.
func shop(more map[string]string) map[string]string {
	files := project(shopCode,
		"[[d1_databases]]", `binding = "DB"`, `database_name = "shop"`,
		"[[kv_namespaces]]", `binding = "KEYS"`,
		"[[r2_buckets]]", `binding = "FILES"`, `bucket_name = "files"`)
	files["migrations/0001_items.sql"] = "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	for name, content := range more {
		files[name] = content
	}
	return files
}

var shopSeed = map[string]string{
	"seed/README.md":                      "what is beside the folders is nobody's business",
	"seed/d1/DB.sql":                      "INSERT INTO items (name) VALUES ('hammer'), ('nail');\n-- a comment; with a semicolon\nINSERT INTO items (name) VALUES ('a;b');\n",
	"seed/kv/KEYS.json":                   `[{"key":"plain","value":"v"},{"key":"b64","value":"aGVsbG8=","base64":true},{"key":"meta","value":"m","metadata":{"a":[1]}},{"key":"ttl","value":"t","expiration_ttl":3600}]`,
	"seed/r2/FILES/a/b.csv":               "x,y\n",
	"seed/r2/FILES/a/b.pdf":               "%PDF",
	"seed/r2/FILES/page.html":             "<p>",
	"seed/r2/FILES/unknown.zzz":           "?",
	"seed/r2/FILES/unknown.zzz.meta.json": `{"httpMetadata":{"contentType":"application/x-z","contentDisposition":"inline"},"customMetadata":{"k":"v"}}`,
	"seed/r2/FILES/.hidden":               "not an object",
}

func TestSeed(t *testing.T) {
	h := emulatortest.Start(t, shop(shopSeed), emulator.Options{Seed: emulator.SeedDefault})
	for path, want := range map[string]string{
		"/d1":             `["hammer","nail","a;b"]`,
		"/kv/plain":       `"value":"v"`,
		"/kv/b64":         `"value":"hello"`,
		"/kv/meta":        `"metadata":{"a":[1]}`,
		"/keys":           `"expiration":`,
		"/files":          `["a/b.csv","a/b.pdf","page.html","unknown.zzz"]`,
		"/r2/a/b.csv":     `{"text":"x,y\n","type":"text/csv","custom":{}}`,
		"/r2/a/b.pdf":     `"type":"application/pdf"`,
		"/r2/page.html":   `"type":"text/html`,
		"/r2/unknown.zzz": `{"text":"?","type":"application/x-z","disposition":"inline","custom":{"k":"v"}}`,
	} {
		if a := h.Get(path); a.StatusCode != 200 || !strings.Contains(a.Text, want) {
			t.Errorf("%s: %s, want %s", path, a.Text, want)
		}
	}
}

// restart opens a project again on the same state and tells what it said.
func restart(t *testing.T, dir string, opts emulator.Options, use func(*emulatortest.House)) string {
	t.Helper()
	opts.Project, opts.State = dir, filepath.Join(dir, "state")
	h := emulatortest.Start(t, nil, opts)
	if use != nil {
		use(h)
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for _, ev := range h.Events() {
		said.WriteString(string(ev.Type) + ": " + ev.Message + "\n")
	}
	return said.String()
}

func save(t *testing.T, dir, name, content string) {
	t.Helper()
	emulatortest.Write(t, filepath.Join(dir, name), content)
}

func writeAll(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		save(t, dir, name, content)
	}
	return dir
}

func expect(t *testing.T, h *emulatortest.House, path, want string) {
	t.Helper()
	if a := h.Get(path); a.Text != want {
		t.Errorf("%s: %s, want %s", path, a.Text, want)
	}
}

func says(t *testing.T, said string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(said, p) {
			t.Errorf("it does not say %q:\n%s", p, said)
		}
	}
}

// Each file is loaded once per state, whatever happens to it afterwards.
func TestSeedOncePerState(t *testing.T) {
	dir := writeAll(t, shop(shopSeed))
	seeded := emulator.Options{Seed: emulator.SeedDefault}
	said := restart(t, dir, seeded, func(h *emulatortest.House) { expect(t, h, "/d1", `["hammer","nail","a;b"]`) })
	says(t, said, "seeded d1/DB (1 file), kv/KEYS (1 file), r2/FILES (4 files)", "applied 1 migration to shop: 0001_items.sql")

	said = restart(t, dir, seeded, func(h *emulatortest.House) { expect(t, h, "/d1", `["hammer","nail","a;b"]`) })
	says(t, said, "6 files loaded before, skipped")
	if strings.Contains(said, "seeded ") || strings.Contains(said, "changed") {
		t.Errorf("it says more:\n%s", said)
	}

	save(t, dir, "seed/d1/DB.sql", "INSERT INTO items (name) VALUES ('saw');")
	save(t, dir, "seed/r2/FILES/new.txt", "new")
	save(t, dir, "seed/r2/FILES/a/b.csv.meta.json", `{"customMetadata":{"late":"yes"}}`)
	said = restart(t, dir, seeded, func(h *emulatortest.House) {
		expect(t, h, "/d1", `["hammer","nail","a;b"]`)
		expect(t, h, "/r2/new.txt", `{"text":"new","type":"text/plain","custom":{}}`)
	})
	says(t, said, "seed/d1/DB.sql has changed", "seed/r2/FILES/a/b.csv has changed", "seeded r2/FILES (1 file)")

	said = restart(t, dir, emulator.Options{Seed: emulator.SeedDefault, Reseed: true}, func(h *emulatortest.House) {
		expect(t, h, "/d1", `["saw"]`)
		expect(t, h, "/files", `["a/b.csv","a/b.pdf","new.txt","page.html","unknown.zzz"]`)
	})
	says(t, said, "seeded d1/DB (1 file)")
	if strings.Contains(said, "changed") {
		t.Errorf("after --reseed:\n%s", said)
	}
}

// A file that cannot be loaded does not make those before it be loaded again.
func TestSeedThatFailsHalfWay(t *testing.T) {
	dir := writeAll(t, shop(map[string]string{
		"seed/d1/DB.sql":    "INSERT INTO items (name) VALUES ('once');",
		"seed/kv/KEYS.json": `[{"key":"a","value":1}]`,
	}))
	seeded := emulator.Options{Seed: emulator.SeedDefault}
	said := restart(t, dir, seeded, func(h *emulatortest.House) { expect(t, h, "/d1", `["once"]`) })
	says(t, said, "error: seed file seed/kv/KEYS.json: ")
	save(t, dir, "seed/kv/KEYS.json", `[{"key":"a","value":"1"}]`)
	said = restart(t, dir, seeded, func(h *emulatortest.House) {
		expect(t, h, "/d1", `["once"]`)
		expect(t, h, "/kv/a", `{"value":"1","metadata":null,"cacheStatus":null}`)
	})
	says(t, said, "seeded kv/KEYS (1 file)", "1 file loaded before, skipped")
	if strings.Contains(said, "error:") {
		t.Errorf("it says:\n%s", said)
	}
}

// What is wrong with a seed file is told with the place where it is wrong.
func TestSeedMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		file, content string
		want          []string
	}{
		"a database that is not bound":     {"seed/d1/OTHER.sql", "SELECT 1", []string{"seed/d1/OTHER.sql", `"OTHER"`, "DB"}},
		"a namespace that is not bound":    {"seed/kv/OTHER.json", "[]", []string{`"OTHER"`, "KEYS"}},
		"a bucket that is not bound":       {"seed/r2/OTHER/a.txt", "", []string{`"OTHER"`, "FILES"}},
		"a file in no place":               {"seed/d1/DB.txt", "", []string{"d1/DB.txt", "expected d1/<binding>.sql"}},
		"a product that is none":           {"seed/sql/DB.sql", "", []string{"sql/DB.sql", "expected d1/<binding>.sql"}},
		"SQL with a mistake on line 3":     {"seed/d1/DB.sql", "INSERT INTO items (name)\nVALUES ('a');\nINSERT INTO itemz (name) VALUES ('b');\n", []string{"seed/d1/DB.sql: 3:1: ", "itemz"}},
		"SQL that breaks a constraint":     {"seed/d1/DB.sql", "INSERT INTO items (name) VALUES ('a');\n\nINSERT INTO items (name) VALUES ('a');\n", []string{"seed/d1/DB.sql: 3:1: ", "UNIQUE constraint failed"}},
		"JSON that does not parse":         {"seed/kv/KEYS.json", "[\n  {\"key\": \"a\", \"value\": \"b\"},\n  {\"key\": \"c\" \"value\": \"d\"}\n]", []string{"line 3, column 15"}},
		"a value that is no string":        {"seed/kv/KEYS.json", "[\n  {\"key\": \"a\", \"value\": 5}\n]", []string{"line 2", "wrangler kv bulk put"}},
		"not a list":                       {"seed/kv/KEYS.json", `{"key":"a","value":"b"}`, []string{"line 1", "wrangler kv bulk put"}},
		"a value that is no base64":        {"seed/kv/KEYS.json", `[{"key":"a","value":"ok"},{"key":"b","value":"***","base64":true}]`, []string{"entry 2", `"b"`, "base64"}},
		"a key that is too long":           {"seed/kv/KEYS.json", `[{"key":"` + strings.Repeat("k", 600) + `","value":""}]`, []string{"entry 1", "512"}},
		"a time to live that is too short": {"seed/kv/KEYS.json", `[{"key":"a","value":"","expiration_ttl":5}]`, []string{"entry 1", "60"}},
		"no key at all":                    {"seed/kv/KEYS.json", `[{"value":"a"}]`, []string{"entry 1"}},
		"metadata with a misspelt field":   {"seed/r2/FILES/a.txt.meta.json", `{"httpMetadatas":{}}`, []string{"a.txt.meta.json", "httpMetadatas"}},
		"metadata of no object":            {"seed/r2/FILES/b.txt.meta.json", `{}`, []string{"b.txt.meta.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := shop(map[string]string{"seed/r2/FILES/a.txt": "a", tt.file: tt.content})
			_, err := emulatortest.Open(t, files, emulator.Options{Seed: emulator.SeedDefault, Strict: true})
			if err == nil {
				t.Fatal("it was loaded")
			}
			says(t, err.Error(), tt.want...)
			// Without Strict the house stands and tells.
			h := emulatortest.Start(t, files, emulator.Options{Seed: emulator.SeedDefault})
			h.Await("the error", 0, isType(emulator.EventError, err.Error()))
			if a := h.Get("/files"); a.StatusCode != 200 {
				t.Errorf("the Worker answers %s", a.Status)
			}
		})
	}
	t.Run("a file that fails is rolled back whole", func(t *testing.T) {
		h := emulatortest.Start(t, shop(map[string]string{"seed/d1/DB.sql": "INSERT INTO items (name) VALUES ('a'); INSERT INTO nowhere VALUES (1);"}),
			emulator.Options{Seed: emulator.SeedDefault})
		expect(t, h, "/d1", "[]")
	})
	t.Run("a folder that does not exist", func(t *testing.T) {
		_, err := emulatortest.Open(t, shop(nil), emulator.Options{Seed: "nowhere"})
		if err == nil || !strings.Contains(err.Error(), "there is no seed folder") {
			t.Errorf("got %v", err)
		}
	})
}

// Reset empties what it is told to, and the stores are as at a first start.
func TestReset(t *testing.T) {
	h := emulatortest.Start(t, shop(shopSeed), emulator.Options{Seed: emulator.SeedDefault})
	reset := func(body map[string]any) {
		t.Helper()
		if err := h.Control("POST", "/cfemu/v1/reset", body, nil); err != nil {
			t.Fatal(err)
		}
	}
	h.Ask("PUT", "/kv/mine", "mine")
	h.Get("/add/mine")
	reset(map[string]any{"products": []string{"kv"}})
	expect(t, h, "/keys", "[]")
	expect(t, h, "/d1", `["hammer","nail","a;b","mine"]`)
	reset(map[string]any{"products": []string{"kv"}, "seed": true})
	expect(t, h, "/kv/plain", `{"value":"v","metadata":null,"cacheStatus":null}`)
	expect(t, h, "/d1", `["hammer","nail","a;b","mine"]`)
	reset(nil)
	expect(t, h, "/d1", "[]")
	expect(t, h, "/files", "[]")
	reset(map[string]any{"seed": true})
	expect(t, h, "/d1", `["hammer","nail","a;b"]`)
	expect(t, h, "/files", `["a/b.csv","a/b.pdf","page.html","unknown.zzz"]`)
	if err := h.Control("POST", "/cfemu/v1/reset", map[string]any{"products": []string{"d2"}}, nil); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("a product that is none: %v", err)
	}
	t.Run("a seed that cannot be loaded takes nothing away", func(t *testing.T) {
		if err := os.RemoveAll(filepath.Join(h.Dir, "seed")); err != nil {
			t.Fatal(err)
		}
		err := h.Control("POST", "/cfemu/v1/reset", map[string]any{"seed": true}, nil)
		if err == nil || !strings.Contains(err.Error(), "there is no seed folder") {
			t.Errorf("got %v", err)
		}
		expect(t, h, "/d1", `["hammer","nail","a;b"]`)
	})
}
