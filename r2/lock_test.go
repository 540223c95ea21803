package r2

import (
	"strings"
	"testing"
	"time"
)

func TestLocks(t *testing.T) {
	for name, tt := range map[string]struct {
		rule  LockRule
		key   string
		wait  time.Duration
		locks bool
	}{
		"for an age":                 {LockRule{Enabled: true, Condition: LockCondition{Type: ConditionAge, MaxAgeSeconds: seconds(day)}}, "k", day - time.Second, true},
		"an age ends":                {LockRule{Enabled: true, Condition: LockCondition{Type: ConditionAge, MaxAgeSeconds: seconds(day)}}, "k", day, false},
		"until a date":               {LockRule{Enabled: true, Condition: LockCondition{Type: ConditionDate, Date: epoch.Add(day)}}, "k", day - time.Second, true},
		"a date comes":               {LockRule{Enabled: true, Condition: LockCondition{Type: ConditionDate, Date: epoch.Add(day)}}, "k", day, false},
		"for good":                   {LockRule{Enabled: true, Condition: LockCondition{Type: ConditionIndefinite}}, "k", 9999 * day, true},
		"below a prefix":             {LockRule{Enabled: true, Prefix: "logs/", Condition: LockCondition{Type: ConditionIndefinite}}, "logs/k", 0, true},
		"and not beside it":          {LockRule{Enabled: true, Prefix: "logs/", Condition: LockCondition{Type: ConditionIndefinite}}, "k", 0, false},
		"a disabled rule is no lock": {LockRule{Condition: LockCondition{Type: ConditionIndefinite}}, "k", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			b := openOne(t, Options{Clock: c})
			put(t, b, tt.key, "before", PutOptions{}) // a rule is for what is there, too
			put(t, b, "free", "x", PutOptions{})
			tt.rule.ID = "l"
			if err := b.SetLocks(t.Context(), []LockRule{tt.rule}); err != nil {
				t.Fatal(err)
			}
			c.Advance(tt.wait)
			want := Code(0)
			if tt.locks {
				want = CodeObjectLocked
			}
			_, err := b.Put(t.Context(), tt.key, strings.NewReader("after"), PutOptions{})
			if code(err) != want {
				t.Errorf("overwrite: %v", err)
			}
			if tt.locks && body(t, b, tt.key) != "before" {
				t.Errorf("it was overwritten")
			}
			u, err := b.CreateUpload(t.Context(), tt.key, PutOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.locks {
				if _, err := b.CompleteUpload(t.Context(), *u, parts(t, b, *u, []byte("p"))); code(err) != want {
					t.Errorf("complete: %v", err)
				}
				abort(t, b, *u)
			}
			if err := b.Delete(t.Context(), "free", tt.key); tt.locks && (code(err) != want || body(t, b, "free") != "x") {
				t.Errorf("delete: %v, and beside it there is %q", err, body(t, b, "free"))
			}
			put(t, b, "another", "new", PutOptions{}) // nothing keeps an object from being made
		})
	}
}

func TestLockRulesAreChecked(t *testing.T) {
	b := openOne(t, Options{})
	forGood := LockCondition{Type: ConditionIndefinite}
	for name, rules := range map[string][]LockRule{
		"none at all":            nil,
		"no id":                  {{Condition: forGood}},
		"an id twice":            {{ID: "a", Condition: forGood}, {ID: "a", Condition: forGood}},
		"a type that is none":    {{ID: "a", Condition: LockCondition{Type: "Forever"}}},
		"an age without seconds": {{ID: "a", Condition: LockCondition{Type: ConditionAge}}},
		"a date without one":     {{ID: "a", Condition: LockCondition{Type: ConditionDate}}},
		"too many":               make([]LockRule, maxRules+1),
	} {
		if err := b.SetLocks(t.Context(), rules); code(err) != CodeMalformedJSON {
			t.Errorf("%s: %v", name, err)
		}
	}
	if rules, err := b.Locks(t.Context()); err != nil || rules == nil || len(rules) != 0 {
		t.Errorf("a bucket begins with %v, %v", rules, err)
	}
	for _, n := range []int{1, 0} {
		if err := b.SetLocks(t.Context(), []LockRule{{ID: "a", Condition: forGood}}[:n]); err != nil {
			t.Fatal(err)
		}
		if rules, err := b.Locks(t.Context()); err != nil || len(rules) != n {
			t.Errorf("got %v, %v", rules, err)
		}
	}
}
