package kv

import (
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/clock"
)

// BenchmarkList measures a page of 1000 keys in the midst of a million, beside the same of ten thousand:
// flat, whatever else there is. The ratio is that of the medians, which were taken by turns.
func BenchmarkList(b *testing.B) {
	few, many := filled(b, 10_000), filled(b, 1_000_000)
	page := func(n *Namespace) float64 {
		after := base64.StdEncoding.EncodeToString([]byte("key 0005000"))
		took := clock.Stopwatch()
		p, err := n.List(b.Context(), ListQuery{Cursor: after})
		if err != nil || len(p.Keys) != maxListKeys || p.Keys[0].Name != "key 0005001" {
			b.Fatalf("%d keys, %v", len(p.Keys), err)
		}
		return took().Seconds()
	}
	var ofFew, ofMany []float64
	for b.Loop() {
		ofFew, ofMany = append(ofFew, page(few)), append(ofMany, page(many))
	}
	report(b, "list-of-1000000", ofMany, ofFew)
}

// report tells the median of some times, and how many times that of others it is.
func report(b *testing.B, name string, times, others []float64) {
	median := func(s []float64) float64 { slices.Sort(s); return s[len(s)/2] }
	b.ReportMetric(median(times)*1e6, name+"-µs")
	b.ReportMetric(median(times)/median(others), name+"-ratio")
}

// filled returns a namespace with so many keys, put in large transactions.
func filled(b *testing.B, keys int) *Namespace {
	b.Helper()
	dir := b.TempDir()
	s, err := Open(dir, Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
		os.RemoveAll(dir)
	})
	n, err := s.Create(b.Context(), "many")
	if err != nil {
		b.Fatal(err)
	}
	const batch = 50_000
	for from := 0; from < keys; from += batch {
		err := s.store.db.Update(func(tx *bolt.Tx) error {
			d, _ := dataIn(tx, n.ID)
			for i := from; i < min(from+batch, keys); i++ {
				if err := d.put(fmt.Appendf(nil, "key %07d", i), record{}, []byte("value")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// BenchmarkWriters measures durable puts by 64 writers beside those of one: they share commits. The ratio is
// that of puts a second, of turns taken by both.
func BenchmarkWriters(b *testing.B) {
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n, err := s.Create(b.Context(), "writers")
	if err != nil {
		b.Fatal(err)
	}
	run := func(writers int) float64 {
		const turn = 300 * time.Millisecond
		took := clock.Stopwatch()
		counts := make([]int, writers)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for took() < turn {
					put(b, n, fmt.Sprint("k", w), "value", PutOptions{})
					counts[w]++
				}
			})
		}
		all.Wait()
		sum := 0
		for _, c := range counts {
			sum += c
		}
		return float64(sum) / took().Seconds()
	}
	var one, many []float64
	for b.Loop() {
		one, many = append(one, run(1)), append(many, run(64))
	}
	slices.Sort(one)
	slices.Sort(many)
	b.ReportMetric(many[len(many)/2], "64-writers-puts/s")
	b.ReportMetric(many[len(many)/2]/one[len(one)/2], "64-writers-ratio")
}

// Writers go on while very many keys are removed: a sweep commits by parts.
func TestSweepOfManyLetsWritersIn(t *testing.T) {
	c := frozen()
	n := openOne(t, Options{Clock: c})
	const keys = 100_000
	for from := 0; from < keys; from += maxBulkPairs {
		pairs := make([]Pair, maxBulkPairs)
		for i := range pairs {
			pairs[i] = Pair{Key: fmt.Sprint(from + i), PutOptions: PutOptions{TTL: time.Minute}}
		}
		if err := n.PutMany(t.Context(), pairs); err != nil {
			t.Fatal(err)
		}
	}
	c.Advance(time.Minute)
	swept := make(chan error, 1)
	go func() { _, err := n.service.sweeper.sweep(); swept <- err }()
	between := 0
	for done := false; !done; {
		put(t, n, "written meanwhile", "v", PutOptions{})
		if left := stored(t, n); left > 1 && left < keys {
			between++
		}
		select {
		case err := <-swept:
			if done = true; err != nil {
				t.Fatal(err)
			}
		default:
		}
	}
	if between == 0 {
		t.Error("nothing was written before all were removed")
	}
	if left := stored(t, n); left != 1 {
		t.Errorf("%d keys are left", left)
	}
}

// What a sweep removes in one commit is bounded in bytes too, and an entry that no key knows of goes alone.
func TestSweepIsBounded(t *testing.T) {
	c := frozen()
	n := openOne(t, Options{Clock: c})
	for i := range 5 {
		put(t, n, fmt.Sprint("large ", i), strings.Repeat("v", 10<<20), PutOptions{TTL: time.Minute})
	}
	put(t, n, "kept", "v", PutOptions{})
	stale := expiryKey(c.Now().Unix()+60, []byte("kept"))
	if err := n.service.store.db.Update(func(tx *bolt.Tx) error { d, _ := dataIn(tx, n.ID); return d.expiry.Put(stale, nil) }); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Minute)
	err := n.service.store.db.Update(func(tx *bolt.Tx) error {
		_, err := sweep(tx, c.Now(), sweepBudget{sweepKeys, sweepBytes})
		return err
	})
	if left := stored(t, n); err != nil || left != 4 {
		t.Errorf("%d keys are left of 6, %v", left, err)
	}
	if _, err := n.service.sweeper.sweep(); err != nil {
		t.Fatal(err)
	}
	if left := stored(t, n); left != 1 || value(t, n, "kept") != "v" {
		t.Errorf("%d keys are left", left)
	}
}
