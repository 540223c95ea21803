package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// BenchmarkHouse measures the built bin/cfemu as its users meet it, on a copy of the sample project:
// each figure beside a yardstick of the same run, so that a table from a busy machine still says
// something. The yardstick is the bare server of bench_bare_test.go unless the table names another.
// Nothing fails for being slow, but all of it fails when an answer is wrong.
func BenchmarkHouse(b *testing.B) {
	h := newBenchHouse(b)
	b.Cleanup(func() { h.table.print(os.Stdout) })
	b.Run("start", once(h.start))
	b.Run("first-start", once(h.firstStart))
	b.Run("requests", once(h.requests))
	b.Run("d1", once(h.d1))
	b.Run("d1-import", once(h.d1Import))
	b.Run("stores", once(h.stores))
	b.Run("waits", once(h.waits))
	b.Run("bytes", once(h.bytes))
	b.Run("operations", once(h.operations))
	b.Run("weight", once(h.weight))
	b.Run("save", once(h.save))
	b.Run("exec", once(h.exec))
	b.Run("reset", once(h.reset))
	b.Run("tests", once(h.tests))
}

// once makes a benchmark of f that measures once, whatever -benchtime wants: f repeats by itself,
// taking turns with its yardstick.
func once(f func(*testing.B)) func(*testing.B) {
	done := false
	return func(b *testing.B) {
		b.ReportMetric(0, "ns/op") // of a whole series it means nothing
		if !done {
			done = true
			f(b)
		}
	}
}

// A benchHouse is what the measurements share.
type benchHouse struct {
	cfemu    string // the built binary
	project  string // a copy of the sample project
	bare     string // the bare server's folder
	table    *benchTable
	invoices []byte // the right answer to /invoices with the seed loaded
	seeded   bool
}

const healthBody = `{"ok":true,"service":"invoice-api"}`

func newBenchHouse(b *testing.B) *benchHouse {
	repo, err := filepath.Abs("../..")
	if err != nil {
		b.Fatal(err)
	}
	h := &benchHouse{cfemu: filepath.Join(repo, "bin", "cfemu"), project: filepath.Join(b.TempDir(), "invoices"), bare: b.TempDir(), table: &benchTable{}}
	if _, err := os.Stat(h.cfemu); err != nil {
		b.Fatalf("%v: `make build` makes what is measured here", err)
	}
	if err := os.CopyFS(h.project, os.DirFS(filepath.Join(repo, "fixtures", "invoices"))); err != nil {
		b.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(h.project, ".cfemu")); err != nil { // of somebody's `make up`
		b.Fatal(err)
	}
	return h
}

// up starts `cfemu up` on the project, whose state is seeded.
func (h *benchHouse) up(b *testing.B, flags ...string) *benchServer {
	b.Helper()
	if !h.seeded {
		h.seeded = true
		h.launch(b, "--seed").stop(b)
	}
	return h.launch(b, flags...)
}

// launch starts `cfemu up` and returns when it has answered /health rightly; it notes how long that took.
func (h *benchHouse) launch(b *testing.B, flags ...string) *benchServer {
	b.Helper()
	port, control := freePort(b), freePort(b)
	cmd := exec.Command(h.cfemu, append([]string{"up", h.project, "--port", port, "--control-port", control, "--s3-port", "0", "--outbound", "deny"}, flags...)...)
	return startServer(b, cmd, port)
}

// launchBare starts the bare server on the same SQLite file, or, fresh, on an empty folder that it
// fills by itself.
func (h *benchHouse) launchBare(b *testing.B, flags ...string) *benchServer {
	b.Helper()
	port := freePort(b)
	cmd := benchProcess(b, "bare", append([]string{port, h.project, h.bare}, flags...)...)
	return startServer(b, cmd, port)
}

// check asks the two routes that are measured and compares the answers of cfemu and the bare server.
func (h *benchHouse) check(b *testing.B, s *benchServer) {
	b.Helper()
	got := s.get(b, "/invoices")
	var list struct {
		Invoices []struct {
			ID     int    `json:"id"`
			Number string `json:"invoice_number"`
			Amount int    `json:"amount"`
			Status string `json:"status"`
		} `json:"invoices"`
	}
	if err := json.Unmarshal(got, &list); err != nil || len(list.Invoices) != 50 || list.Invoices[0].Number == "" || list.Invoices[0].ID <= list.Invoices[49].ID {
		b.Fatalf("/invoices is not the newest 50 of the seed: %v: %.200s", err, got)
	}
	if h.invoices == nil {
		h.invoices = got
	}
	if !bytes.Equal(got, h.invoices) {
		b.Fatalf("/invoices differs\n got %.200s\nwant %.200s", got, h.invoices)
	}
}

// start: existing state, built binary.
func (h *benchHouse) start(b *testing.B) {
	var cfemu, bare, idle, bareIdle series
	for range 15 {
		s := h.up(b)
		cfemu.add(ms(s.took))
		idle.add(s.megabytes(b))
		h.check(b, s)
		s.stop(b)
		y := h.launchBare(b)
		bare.add(ms(y.took))
		bareIdle.add(y.megabytes(b))
		h.check(b, y)
		y.stop(b)
	}
	h.table.add(b, figure{name: "start to first 200", cfemu: cfemu, bare: bare, unit: "ms", aim: 80})
	h.table.add(b, figure{name: "memory idle", cfemu: idle, bare: bareIdle, unit: "MB", aim: 60})
}

// firstStart: no state yet; migrations and seed are applied.
func (h *benchHouse) firstStart(b *testing.B) {
	var cfemu, bare series
	for range 7 {
		if err := os.RemoveAll(filepath.Join(h.project, ".cfemu")); err != nil {
			b.Fatal(err)
		}
		h.seeded = true
		s := h.launch(b, "--seed")
		cfemu.add(ms(s.took))
		h.check(b, s)
		s.stop(b)
		y := h.launchBare(b, "migrations", "seed")
		bare.add(ms(y.took))
		h.check(b, y)
		y.stop(b)
	}
	h.table.add(b, figure{name: "first start, with migrations and seed", cfemu: cfemu, bare: bare, unit: "ms"})
}

const (
	benchClients  = 16
	benchRounds   = 12
	benchRequests = 100_000
)

// requests: how many a second, and the memory after many.
func (h *benchHouse) requests(b *testing.B) {
	s, y := h.up(b), h.launchBare(b)
	defer y.stop(b)
	defer s.stop(b)
	h.check(b, s)
	h.check(b, y)
	sent := map[*benchServer]int{}
	for _, r := range []struct {
		path string
		body []byte
		aim  float64
	}{{"/health", []byte(healthBody), 0.6}, {"/invoices", h.invoices, 0.5}} {
		on := map[*benchServer]*load{}
		slice := map[*benchServer]int{}
		for _, server := range []*benchServer{s, y} {
			l := newLoad(b, server, r.path, r.body, benchClients)
			const warm = 3000
			perSecond := l.run(b, warm)
			on[server], slice[server] = l, max(benchClients, int(perSecond*0.4))
			sent[server] += warm
		}
		f := figure{name: r.path, unit: "req/s", aim: r.aim}
		busy := map[*benchServer]float64{s: s.busy(), y: y.busy()}
		for range benchRounds {
			fast := on[y].run(b, slice[y])
			slow := on[s].run(b, slice[s])
			f.cfemu.add(slow)
			f.bare.add(fast)
			f.ratios.add(slow / fast)
			sent[s] += slice[s]
			sent[y] += slice[y]
		}
		h.table.add(b, f)
		// What others do on this machine changes it least.
		work := figure{name: r.path + ", processor time each", unit: "µs"}
		for server, into := range map[*benchServer]*series{s: &work.cfemu, y: &work.bare} {
			into.add((server.busy() - busy[server]) * 1e6 / float64(benchRounds*slice[server]))
		}
		if work.bare.median() > 0 {
			h.table.add(b, work)
		}
		on[s].close()
		on[y].close()
	}
	f := figure{name: fmt.Sprintf("memory after %d requests", benchRequests), unit: "MB"}
	for server, into := range map[*benchServer]*series{s: &f.cfemu, y: &f.bare} {
		if more := benchRequests - sent[server]; more > 0 {
			l := newLoad(b, server, "/invoices", h.invoices, benchClients)
			l.run(b, more)
			l.close()
		}
		into.add(server.megabytes(b))
	}
	h.table.add(b, f)
}

// save: from the file's being saved to the new code's answer.
func (h *benchHouse) save(b *testing.B) {
	s := h.up(b)
	defer s.stop(b)
	name := filepath.Join(h.project, "src", "index.ts")
	source, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(name, source, 0o644); err != nil {
			b.Fatal(err)
		}
	}()
	var cfemu, bare series
	was := healthBody
	for n := range 15 {
		service := fmt.Sprintf("saved-%d", n)
		text := bytes.Replace(source, []byte(`"invoice-api"`), []byte(`"`+service+`"`), 1)
		want := strings.Replace(healthBody, "invoice-api", service, 1)
		took := clock.Stopwatch()
		if err := os.WriteFile(name, text, 0o644); err != nil {
			b.Fatal(err)
		}
		for got := ""; got != want; {
			if got = string(s.get(b, "/health")); got != was && got != want {
				b.Fatalf("/health is of neither version: %s", got)
			}
			if took() > benchPatience {
				b.Fatalf("the new code does not serve after %v: /health is %s", benchPatience, got)
			}
		}
		cfemu.add(ms(took()))
		was = want

		y := h.launchBare(b)
		took = clock.Stopwatch()
		y.stop(b)
		y = h.launchBare(b)
		bare.add(ms(took()))
		y.stop(b)
	}
	h.table.add(b, figure{name: "save to new code serving", cfemu: cfemu, bare: bare, unit: "ms", aim: 60, yardstick: "the bare server's restart"})
}

// exec: an emulator with fresh state for a command that does nothing.
func (h *benchHouse) exec(b *testing.B) {
	for _, v := range []struct {
		name  string
		flags []string
		fresh []string
	}{
		{"exec start plus stop", nil, []string{"migrations"}},
		{"exec --seed start plus stop", []string{"--seed"}, []string{"migrations", "seed"}},
	} {
		run := func(cmd ...string) error {
			args := append([]string{"exec", h.project}, v.flags...)
			c := exec.Command(h.cfemu, append(append(args, "--"), cmd...)...)
			if out, err := c.CombinedOutput(); err != nil {
				return fmt.Errorf("exec: %w\n%s", err, out)
			}
			return nil
		}
		ask := benchProcess(b, "ask", healthBody)
		if err := run(append([]string{"env", benchRole + "=ask"}, ask.Args...)...); err != nil {
			b.Fatal(err)
		}
		if err := run("false"); err == nil {
			b.Fatal("exec -- false succeeded")
		}
		f := figure{name: v.name, unit: "ms", aim: 150, yardstick: "the bare server's first start plus stop"}
		for range 10 {
			took := clock.Stopwatch()
			if err := run("true"); err != nil {
				b.Fatal(err)
			}
			f.cfemu.add(ms(took()))
			took = clock.Stopwatch()
			h.launchBare(b, v.fresh...).stop(b)
			f.bare.add(ms(took()))
		}
		h.table.add(b, f)
	}
}

// reset: POST /cfemu/v1/reset, as a test suite asks between its tests.
func (h *benchHouse) reset(b *testing.B) {
	for _, v := range []struct {
		name  string
		flags []string
		seed  bool
	}{
		{"reset (ephemeral, as under exec)", []string{"--ephemeral"}, false},
		{"reset --seed (ephemeral, as under exec)", []string{"--ephemeral"}, true},
		{"reset", nil, false},
		{"reset --seed", nil, true},
	} {
		s := h.up(b, append(v.flags, "--seed")...)
		y := h.launchBare(b, "migrations", "seed")
		f := figure{name: v.name, unit: "ms", aim: 20}
		bareReset := "/reset"
		if v.seed {
			bareReset += "?seed=1"
		}
		for range 10 {
			took := clock.Stopwatch()
			h.postReset(b, v.seed)
			f.cfemu.add(ms(took()))
			took = clock.Stopwatch()
			y.get(b, bareReset)
			f.bare.add(ms(took()))
			for _, server := range []*benchServer{s, y} {
				if v.seed {
					h.check(b, server)
				} else if got := server.get(b, "/invoices"); string(got) != `{"invoices":[]}` {
					b.Fatalf("/invoices after a reset: %.200s", got)
				}
			}
		}
		h.seeded = v.seed || v.flags != nil
		s.stop(b)
		y.stop(b)
		h.table.add(b, f)
	}
}

func (h *benchHouse) postReset(b *testing.B, seed bool) {
	b.Helper()
	run, err := emulator.FindRun(h.project)
	if err != nil {
		b.Fatal(err)
	}
	if err := call(b.Context(), run, http.MethodPost, "/reset", map[string]any{"seed": seed}, nil); err != nil {
		b.Fatal(err)
	}
}

// tests: the sample project's own, with Node.
func (h *benchHouse) tests(b *testing.B) {
	node, err := exec.LookPath("node")
	if err != nil {
		h.table.note("left out: the sample project's own tests (they need Node 20 or newer)")
		return
	}
	empty := filepath.Join(b.TempDir(), "empty.test.mjs")
	if err := os.WriteFile(empty, []byte("import \"node:test\";\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	f := figure{name: "the invoice tests", unit: "ms", yardstick: "node --test of an empty file"}
	suite := filepath.Join(h.project, "test")
	for range 3 {
		f.cfemu.add(timeOf(b, exec.Command(h.cfemu, "exec", h.project, "--seed", "--", node, "--test", suite)))
		f.bare.add(timeOf(b, exec.Command(node, "--test", empty)))
	}
	h.table.add(b, f)
}

// timeOf runs cmd to its end, which must be a good one, and returns the milliseconds it took.
func timeOf(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	took := clock.Stopwatch()
	if err := cmd.Run(); err != nil {
		tail := out.Bytes()
		b.Fatalf("%s: %v\n…%s", cmd, err, tail[max(0, len(tail)-2000):])
	}
	return ms(took())
}
