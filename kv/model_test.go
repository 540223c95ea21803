package kv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A modelEntry is what a map would keep under a key.
type modelEntry struct {
	value, metadata string
	expires         int64
}

// TestBehavesLikeAMap does random operations, with the clock moving on, on a namespace and on a map.
func TestBehavesLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "kv-model-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		c := frozen()
		opts := Options{Clock: c, NoSync: true}
		s := open(t, dir, opts)
		n, err := s.Create(t.Context(), "model")
		if err != nil {
			t.Fatal(err)
		}
		model := map[string]modelEntry{}
		live := func() map[string]modelEntry {
			now := c.Now().Unix()
			maps.DeleteFunc(model, func(_ string, e modelEntry) bool { return e.expires != 0 && e.expires <= now })
			return model
		}
		keys := rapid.SampledFrom([]string{"a", "a/b", "a/b/c", "a/é", "b", "\x00", "a\xf0\x9f\x98\x80"})
		fail := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}

		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				size := rapid.SampledFrom([]int{0, 1, 100, inlineBytes, inlineBytes + 1, chunkBytes, 2*chunkBytes + 7}).Draw(t, "size")
				e := modelEntry{value: strings.Repeat(key+"|", size)[:size]}
				var o PutOptions
				if rapid.Bool().Draw(t, "with metadata") {
					e.metadata = fmt.Sprintf(`{"n":%d}`, size)
					o.Metadata = json.RawMessage(e.metadata)
				}
				if rapid.Bool().Draw(t, "with ttl") {
					o.TTL = time.Duration(rapid.IntRange(60, 200).Draw(t, "ttl")) * time.Second
					e.expires = c.Now().Unix() + int64(o.TTL/time.Second)
				}
				fail(n.Put(t.Context(), key, strings.NewReader(e.value), o))
				model[key] = e
			},
			"delete": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				fail(n.Delete(t.Context(), key))
				delete(model, key)
			},
			"get": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				got, err := n.Get(t.Context(), key)
				want, ok := live()[key]
				if !ok {
					if code(err) != CodeKeyNotFound {
						t.Fatalf("get %q = %v, %v; want none", key, got, err)
					}
					return
				}
				fail(err)
				compare(t, key, got, want)
			},
			"get many": func(t *rapid.T) {
				some := rapid.SliceOfN(keys, 1, 5).Draw(t, "keys")
				got, err := n.GetMany(t.Context(), some)
				fail(err)
				for i, key := range some {
					want, ok := live()[key]
					if !ok && got[i] == nil {
						continue
					}
					if ok != (got[i] != nil) {
						t.Fatalf("get many: %q is %v, want %v", key, got[i], ok)
					}
					compare(t, key, got[i], want)
				}
			},
			"put many": func(t *rapid.T) {
				var pairs []Pair
				for i, key := range rapid.SliceOfN(keys, 0, 5).Draw(t, "keys") {
					value := strings.Repeat("m", i*inlineBytes)
					pairs = append(pairs, Pair{Key: key, Value: []byte(value)})
				}
				if rapid.IntRange(0, 3).Draw(t, "with a bad one") == 0 {
					bad := append(slices.Clone(pairs), Pair{Key: ".."})
					if err := n.PutMany(t.Context(), bad); code(err) != CodeInvalid {
						t.Fatalf("put of a bad key: %v", err)
					}
					return // nothing of it may be there
				}
				fail(n.PutMany(t.Context(), pairs))
				for _, p := range pairs {
					model[p.Key] = modelEntry{value: string(p.Value)}
				}
			},
			"delete many": func(t *rapid.T) {
				some := rapid.SliceOfN(keys, 0, 5).Draw(t, "keys")
				fail(n.DeleteMany(t.Context(), some))
				for _, key := range some {
					delete(model, key)
				}
			},
			"rename": func(t *rapid.T) {
				n, err = s.Rename(t.Context(), n.ID, rapid.SampledFrom([]string{"model", "renamed"}).Draw(t, "title"))
				fail(err)
			},
			"time passes": func(t *rapid.T) {
				c.Advance(time.Duration(rapid.IntRange(0, 90_000).Draw(t, "milliseconds")) * time.Millisecond)
			},
			"sweep": func(t *rapid.T) {
				_, err := s.sweeper.sweep()
				fail(err)
				if got := stored(t, n); got != len(live()) {
					t.Fatalf("%d keys in the file after a sweep, want %d", got, len(live()))
				}
			},
			"reopen": func(t *rapid.T) {
				shut(t, s)
				s, err = Open(dir, opts)
				fail(err)
				n, err = s.Get(t.Context(), n.ID)
				fail(err)
			},
			"reset": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "rarely") == 0 {
					fail(s.Reset(t.Context()))
					clear(model)
				}
			},
			"": func(t *rapid.T) {
				prefix := rapid.SampledFrom([]string{"", "a", "a/", "c"}).Draw(t, "prefix")
				q := ListQuery{Prefix: prefix, Limit: rapid.IntRange(1, 4).Draw(t, "limit")}
				var want []string
				for _, key := range slices.Sorted(maps.Keys(live())) {
					if strings.HasPrefix(key, prefix) {
						want = append(want, key)
					}
				}
				var got []string
				for {
					page, err := n.List(t.Context(), q)
					fail(err)
					for _, k := range page.Keys {
						got = append(got, k.Name)
						if e := model[k.Name]; string(k.Metadata) != e.metadata || !k.Expires.IsZero() != (e.expires != 0) {
							t.Fatalf("listed %+v, want %+v", k, e)
						}
					}
					if q.Cursor = page.Cursor; q.Cursor == "" {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("list %q = %q, want %q", prefix, got, want)
				}
			},
		})
		shut(t, s)
	})
}

func compare(t *rapid.T, key string, got *Entry, want modelEntry) {
	t.Helper()
	b, err := io.ReadAll(got.Value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, []byte(want.value)) || string(got.Metadata) != want.metadata {
		t.Fatalf("%q is %d bytes with %s, want %d with %s", key, len(b), got.Metadata, len(want.value), want.metadata)
	}
	if want.expires != 0 && got.Expires.Unix() != want.expires {
		t.Fatalf("%q expires at %v, want %d", key, got.Expires, want.expires)
	}
}
