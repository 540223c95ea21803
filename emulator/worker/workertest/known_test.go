package workertest

import (
	"errors"
	"testing"
)

func TestKnownFailuresCanOnlyShrink(t *testing.T) {
	k := &known{file: "known/x.txt", reasons: map[string]string{"a/b: listed": "why"}}
	for name, tt := range map[string]struct {
		clause string
		err    error
		want   string
	}{
		"a clause that holds is fine":        {"a/b: other", nil, ""},
		"a listed one that fails is fine":    {"a/b: listed", errors.New("no"), ""},
		"a listed one that holds is a fault": {"a/b: listed", nil, `"a/b: listed" holds now: take it off known/x.txt`},
		"another that fails is a fault":      {"a/b: other", errors.New("no"), "a/b: other\n    no"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := k.problem(tt.clause, tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEveryCaseIsReadable(t *testing.T) {
	cases, err := readCases()
	if err != nil || len(cases) < 30 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		if _, err := c.spec(nil); err != nil {
			t.Error(err)
		}
	}
}
