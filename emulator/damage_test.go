package emulator_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/emulator/emulatortest"
)

// One damaged database is told of at the start and by its queries; everything else runs.
func TestDamagedDatabaseDoesNotKeepOthersFromStarting(t *testing.T) {
	files := project(`export default { async fetch(request, env) {
		const db = env[new URL(request.url).pathname.slice(1)]
		try { return Response.json((await db.prepare("SELECT count(*) AS n FROM t").all()).results[0].n) } catch (e) { return new Response(e.message) }
	} }`,
		"[[d1_databases]]", `binding = "BAD"`, `database_name = "bad"`,
		"[[d1_databases]]", `binding = "GOOD"`, `database_name = "good"`)
	files["migrations/0001_t.sql"] = "CREATE TABLE t (a);"
	state := t.TempDir()
	h := emulatortest.Start(t, files, emulator.Options{State: state})
	if got := h.Get("/BAD").Text; got != "0" {
		t.Fatal(got)
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(state, "d1", "bad-*.sqlite"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	const garbage = "no database, though it has the length of a header of one and more, which is a hundred bytes at least: enough"
	if err := os.WriteFile(found[0], []byte(garbage), 0o644); err != nil {
		t.Fatal(err)
	}
	h = emulatortest.Start(t, files, emulator.Options{State: state})
	told := found[0] + " is no SQLite database. It was left as it is"
	h.Await("a warning of the damaged database", 0, func(ev emulator.Event) bool {
		return ev.Type == emulator.EventWarning && strings.Contains(ev.Message, "database bad: ") && strings.Contains(ev.Message, told)
	})
	if got := h.Get("/GOOD").Text; got != "0" {
		t.Errorf("the other database: %s", got)
	}
	if got := h.Get("/BAD").Text; !strings.HasPrefix(got, "D1_ERROR: file is not a database: SQLITE_NOTADB (cfemu: "+told) {
		t.Errorf("the damaged database: %s", got)
	}
	if b, err := os.ReadFile(found[0]); err != nil || string(b) != garbage {
		t.Errorf("the file is now %.100q, %v", b, err)
	}
}
