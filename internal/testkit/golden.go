package testkit

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// Update reports whether golden files are to be rewritten (-update) and not compared.
func Update() bool { return *update }

// Golden plays the txtar files that match pattern, each in a test of its own name. A file holds pairs:
// a "request", which answer turns into text, and the "response" that must come of it, byte for byte.
// An empty answer stands for a request that is none, such as one that moves the clock. With -update
// the responses are rewritten.
func Golden(t *testing.T, pattern string, open func(t *testing.T) (answer func(request []byte) string)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			play(t, archive, open(t))
			if !*update {
				return
			}
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func play(t *testing.T, archive *txtar.Archive, answer func([]byte) string) {
	t.Helper()
	var got string
	for i := range archive.Files {
		f := &archive.Files[i]
		switch {
		case f.Name == "request":
			got = answer(f.Data)
		case f.Name != "response":
			t.Fatalf("file %q in the archive: there are request and response", f.Name)
		case *update:
			f.Data = []byte(got)
		case got != string(f.Data):
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", archive.Files[i-1].Data, got, f.Data)
		}
	}
}
