package r2

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/testkit"
)

const day = 24 * time.Hour

func seconds(d time.Duration) *int64 { return new(int64(d / time.Second)) }

func after(d time.Duration) *LifecycleTransition {
	return &LifecycleTransition{LifecycleCondition{Type: ConditionAge, MaxAge: seconds(d)}}
}

func on(date time.Time) *LifecycleTransition {
	return &LifecycleTransition{LifecycleCondition{Type: ConditionDate, Date: date}}
}

// rule makes a rule for a prefix that do fills in.
func rule(id, prefix string, do func(*LifecycleRule)) LifecycleRule {
	r := LifecycleRule{ID: id, Enabled: true}
	r.Conditions.Prefix = prefix
	do(&r)
	return r
}

func deletes(id, prefix string, t *LifecycleTransition) LifecycleRule {
	return rule(id, prefix, func(r *LifecycleRule) { r.DeleteObjects = t })
}

func moves(id, prefix string, t *LifecycleTransition) LifecycleRule {
	return rule(id, prefix, func(r *LifecycleRule) {
		r.StorageClasses = []LifecycleStorageTransition{{t.Condition, InfrequentAccess}}
	})
}

func setLifecycle(t testing.TB, b *Bucket, rules ...LifecycleRule) {
	t.Helper()
	if err := b.SetLifecycle(t.Context(), append([]LifecycleRule{}, rules...)); err != nil {
		t.Fatal(err)
	}
}

// listing is what a bucket has: keys, with a * behind those of infrequent access.
func listing(t testing.TB, b *Bucket) string {
	t.Helper()
	page, err := b.List(t.Context(), ListQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range page.Objects {
		if o.StorageClass == InfrequentAccess {
			o.Key += "*"
		}
		keys = append(keys, o.Key)
	}
	return strings.Join(keys, " ")
}

func TestLifecycle(t *testing.T) {
	disabled := deletes("d", "", after(day))
	disabled.Enabled = false
	for name, tt := range map[string]struct {
		rules []LifecycleRule
		locks []LockRule
		steps map[time.Duration]string // what a/1 and b/1, put at the epoch, have become, by the time
	}{
		"an object goes when its age has come, and not before": {
			[]LifecycleRule{deletes("d", "", after(30*day))}, nil,
			map[time.Duration]string{30*day - time.Millisecond: "a/1 b/1", 30 * day: ""}},
		"a prefix is all that a rule is for": {
			[]LifecycleRule{deletes("d", "b/", after(day))}, nil, map[time.Duration]string{2 * day: "a/1"}},
		"the earliest rule counts": {
			[]LifecycleRule{deletes("d", "", after(9*day)), deletes("e", "a/", after(day))}, nil,
			map[time.Duration]string{day: "b/1", 9 * day: ""}},
		"a date": {
			[]LifecycleRule{deletes("d", "", on(epoch.Add(3*day)))}, nil,
			map[time.Duration]string{3*day - time.Second: "a/1 b/1", 3 * day: ""}},
		"what was put after the date stays for a day": {
			[]LifecycleRule{deletes("d", "", on(epoch.Add(-time.Hour)))}, nil,
			map[time.Duration]string{day - time.Second: "a/1 b/1", day: ""}},
		"a disabled rule does nothing": {
			[]LifecycleRule{disabled}, nil, map[time.Duration]string{9 * day: "a/1 b/1"}},
		"the default rule is not for objects": {nil, nil, map[time.Duration]string{99 * day: "a/1 b/1"}},
		"a storage class, then the end": {
			[]LifecycleRule{moves("m", "a/", after(day)), deletes("d", "", after(30*day))}, nil,
			map[time.Duration]string{day: "a/1* b/1", 29 * day: "a/1* b/1", 30 * day: ""}},
		"a deletion within a day comes before a storage class": {
			[]LifecycleRule{moves("m", "", after(day)), deletes("d", "", after(day+12*time.Hour))}, nil,
			map[time.Duration]string{day: "a/1 b/1", day + 12*time.Hour: ""}},
		"a lock comes before a deletion": {
			[]LifecycleRule{deletes("d", "", after(day))},
			[]LockRule{{ID: "l", Enabled: true, Prefix: "a/", Condition: LockCondition{Type: ConditionAge, MaxAgeSeconds: seconds(3 * day)}}},
			map[time.Duration]string{day: "a/1", 3 * day: ""}},
		"an indefinite one for good": {
			[]LifecycleRule{deletes("d", "", after(day))},
			[]LockRule{{ID: "l", Enabled: true, Condition: LockCondition{Type: ConditionIndefinite}}},
			map[time.Duration]string{999 * day: "a/1 b/1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			b := openOne(t, Options{Clock: c})
			if tt.rules != nil {
				setLifecycle(t, b, tt.rules...)
			}
			if tt.locks != nil {
				if err := b.SetLocks(t.Context(), tt.locks); err != nil {
					t.Fatal(err)
				}
			}
			put(t, b, "a/1", "small", PutOptions{})
			put(t, b, "b/1", string(pattern(10_000)), PutOptions{})
			// Whatever was asked before: time goes on.
			for _, at := range sorted(tt.steps) {
				c.Set(epoch.Truncate(time.Millisecond).Add(at))
				if err := b.service.ApplyLifecycle(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := listing(t, b); got != tt.steps[at] {
					t.Errorf("after %v: %q, want %q", at, got, tt.steps[at])
				}
			}
			if n := len(blobFiles(b.service)); listing(t, b) == "" && n > 0 {
				t.Errorf("%d blobs left", n)
			}
		})
	}
}

func TestAStorageClassChangesNothingElse(t *testing.T) {
	c := frozen()
	b := openOne(t, Options{Clock: c})
	setLifecycle(t, b, moves("m", "", after(day)))
	before := put(t, b, "k", "small", PutOptions{Custom: map[string]string{"a": "b"}})
	c.Advance(2 * day)
	if err := b.service.ApplyLifecycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := b.Head(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	if o.StorageClass != InfrequentAccess || o.Version != before.Version || o.ETag != before.ETag ||
		o.Uploaded.UnixMilli() != before.Uploaded.UnixMilli() || o.Custom["a"] != "b" || body(t, b, "k") != "small" {
		t.Errorf("got %+v", o)
	}
}

// The clock alone lets rules act: moved, or by a timer that it fires, also in a service that was closed
// meanwhile.
func TestLifecycleByItself(t *testing.T) {
	c := frozen()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c, NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	stop := s.Start()
	setLifecycle(t, b, deletes("d", "", after(day)))
	const many = agingBatch + 17
	for i := range many {
		put(t, b, fmt.Sprint("k", i), "v", PutOptions{})
	}
	gone := func(b *Bucket) {
		t.Helper()
		testkit.Wait(t, func() error {
			if got := listing(t, b); got != "" {
				return fmt.Errorf("left: %.40s", got)
			}
			return nil
		})
	}
	c.Advance(day + agingRest)
	gone(b)
	put(t, b, "again", "v", PutOptions{})
	stop()
	shut(t, s)
	c.Advance(9 * day)
	s = open(t, dir, Options{Clock: c, NoSync: true})
	defer s.Start()()
	if b, err = s.Get(t.Context(), "invoices"); err != nil {
		t.Fatal(err)
	}
	gone(b)
	put(t, b, "old", "v", PutOptions{})
	c.Advance(2 * day)
	gone(b)
	put(t, b, "older than the rule", "v", PutOptions{})
	setLifecycle(t, b)
	c.Advance(2 * day)
	setLifecycle(t, b, deletes("d", "", after(day)))
	gone(b)
}

// Uploads end by the bucket's own rules; the default one is tested beside uploads.
func TestUploadsEndByRules(t *testing.T) {
	c := frozen()
	b := openOne(t, Options{Clock: c})
	defer b.service.Start()()
	begin := func(key string) Upload {
		t.Helper()
		u, err := b.CreateUpload(t.Context(), key, PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		parts(t, b, *u, []byte("p"))
		return *u
	}
	aborts := func(id, prefix string, d time.Duration) LifecycleRule {
		return rule(id, prefix, func(r *LifecycleRule) { r.AbortIncomplete = after(d) })
	}
	setLifecycle(t, b, aborts("a", "", 7*day), aborts("b", "fast/", day))
	slow, fast := begin("slow/1"), begin("fast/1")
	c.Advance(day)
	testkit.Wait(t, func() error {
		if n := len(blobFiles(b.service)); n != 1 {
			return fmt.Errorf("%d parts are there", n)
		}
		return nil
	})
	if err := part(t, b, fast, 2); code(err) != CodeNoSuchUpload {
		t.Errorf("the fast one takes a part: %v", err)
	}
	if err := part(t, b, slow, 2); err != nil {
		t.Errorf("the slow one: %v", err)
	}
	setLifecycle(t, b)
	c.Advance(99 * day)
	if err := part(t, b, slow, 3); err != nil {
		t.Errorf("without a rule an upload lasts: %v", err)
	}
	abort(t, b, slow)
}

func TestLifecycleRulesAreChecked(t *testing.T) {
	b := openOne(t, Options{})
	rules, err := b.Lifecycle(t.Context())
	if err != nil || len(rules) != 1 || rules[0].ID != "Default Multipart Abort Rule" || !rules[0].Enabled {
		t.Errorf("a new bucket has %+v, %v", rules, err)
	}
	many := make([]LifecycleRule, maxRules+1)
	for i := range many {
		many[i] = deletes(fmt.Sprint(i), "", after(day))
	}
	for name, rules := range map[string][]LifecycleRule{
		"none at all":            nil,
		"too many":               many,
		"no id":                  {deletes("", "", after(day))},
		"an id twice":            {deletes("a", "", after(day)), deletes("a", "b", after(day))},
		"nothing to do":          {rule("a", "", func(*LifecycleRule) {})},
		"no condition":           {deletes("a", "", &LifecycleTransition{})},
		"an age without seconds": {deletes("a", "", &LifecycleTransition{LifecycleCondition{Type: ConditionAge}})},
		"an age below zero":      {deletes("a", "", after(-day))},
		"a date that is none":    {deletes("a", "", on(time.Time{}))},
		"an upload by a date":    {rule("a", "", func(r *LifecycleRule) { r.AbortIncomplete = on(epoch) })},
		"another storage class": {rule("a", "", func(r *LifecycleRule) {
			r.StorageClasses = []LifecycleStorageTransition{{after(day).Condition, Standard}}
		})},
		"a prefix longer than keys": {deletes("a", strings.Repeat("x", maxKeyBytes+1), after(day))},
	} {
		if err := b.SetLifecycle(t.Context(), rules); code(err) != CodeMalformedJSON {
			t.Errorf("%s: %v", name, err)
		}
	}
	setLifecycle(t, b, many[:maxRules]...)
	if rules, err := b.Lifecycle(t.Context()); err != nil || len(rules) != maxRules {
		t.Errorf("got %d rules, %v", len(rules), err)
	}
}

// sorted returns the times of steps in their order.
func sorted(steps map[time.Duration]string) []time.Duration {
	return slices.Sorted(maps.Keys(steps))
}
