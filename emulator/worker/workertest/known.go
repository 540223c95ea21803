package workertest

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"testing"
)

//go:embed known
var knownFiles embed.FS

// known are the failures that an engine is known to have. Its file has a name a line; a line that
// begins with "# " says why those after it fail.
type known struct {
	file    string
	reasons map[string]string

	mu   sync.Mutex
	seen map[string]bool
}

func readKnown(t *testing.T, engine string) *known {
	t.Helper()
	k := &known{file: "known/" + engine + ".txt", reasons: map[string]string{}, seen: map[string]bool{}}
	text, err := knownFiles.ReadFile(k.file)
	if err != nil {
		t.Fatal(err)
	}
	reason := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if said, ok := strings.CutPrefix(line, "# "); ok {
			reason = said
			continue
		}
		switch {
		case line == "":
		case reason == "":
			t.Errorf("%s: no reason for %q", k.file, line)
		case k.reasons[line] != "":
			t.Errorf("%s: %q is listed twice", k.file, line)
		default:
			k.reasons[line] = reason
		}
	}
	return k
}

// see notes that there is a clause of that name; two of one name could hide each other.
func (k *known) see(t testing.TB, name string) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seen[name] {
		t.Errorf("two clauses are called %q", name)
	}
	k.seen[name] = true
}

// check fails the test unless the clause holds or is known to fail. err is nil when it holds.
func (k *known) check(t testing.TB, name string, err error) {
	t.Helper()
	if problem := k.problem(name, err); problem != "" {
		t.Error(problem)
	} else if err != nil {
		t.Logf("known to fail: %s: %v", k.reasons[name], err)
	}
}

// problem says what is wrong with the outcome of a clause; nothing when it is as the file has it.
func (k *known) problem(name string, err error) string {
	_, listed := k.reasons[name]
	switch {
	case listed && err == nil:
		return fmt.Sprintf("%q holds now: take it off %s", name, k.file)
	case !listed && err != nil:
		return fmt.Sprintf("%s\n    %v", name, err)
	}
	return ""
}

// unmet fails the test for names in the file that are no clause. It looks only at cases that ran.
func (k *known) unmet(t testing.TB, cases []testCase) {
	t.Helper()
	exists, ran := map[string]bool{}, map[string]bool{}
	for _, c := range cases {
		exists[c.name] = true
	}
	for _, e := range events {
		exists[e.name] = true
	}
	for name := range k.seen {
		ran[caseOf(name)] = true
	}
	for name := range k.reasons {
		c := caseOf(name)
		if !exists[c] || name != c && ran[c] && !k.seen[name] {
			t.Errorf("%s: there is no clause %q", k.file, name)
		}
	}
}

// caseOf is the case that a clause belongs to.
func caseOf(clause string) string {
	name, _, _ := strings.Cut(clause, ": ")
	return name
}
