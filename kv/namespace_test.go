package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
	"github.com/cfemu/cfemu/internal/testkit"
)

func TestTimeToLive(t *testing.T) {
	for name, tt := range map[string]struct {
		put  PutOptions
		wait time.Duration
		want string
	}{
		"a key lives until its ttl":              {PutOptions{TTL: time.Minute}, 59 * time.Second, "v"},
		"it is gone when the ttl ends":           {PutOptions{TTL: time.Minute}, time.Minute, "absent"},
		"it lives until its expiration":          {PutOptions{Expiration: epoch.Add(time.Hour)}, time.Hour - time.Second, "v"},
		"it is gone at its expiration":           {PutOptions{Expiration: epoch.Add(time.Hour)}, time.Hour, "absent"},
		"the ttl wins over the expiration":       {PutOptions{TTL: 2 * time.Minute, Expiration: epoch.Add(time.Hour)}, 3 * time.Minute, "absent"},
		"without either it lives on":             {PutOptions{}, 100 * 365 * 24 * time.Hour, "v"},
		"a ttl of ninety years is a ttl as well": {PutOptions{TTL: 90 * 365 * 24 * time.Hour}, 91 * 365 * 24 * time.Hour, "absent"},
	} {
		t.Run(name, func(t *testing.T) {
			c := frozen()
			n := openOne(t, Options{Clock: c})
			put(t, n, "k", "v", tt.put)
			c.Advance(tt.wait)
			if got := value(t, n, "k"); got != tt.want {
				t.Errorf("after %v: %q, want %q", tt.wait, got, tt.want)
			}
			page, err := n.List(t.Context(), ListQuery{})
			if err != nil {
				t.Fatal(err)
			}
			if listed := len(page.Keys) == 1; listed != (tt.want == "v") {
				t.Errorf("listed: %v", page.Keys)
			}
		})
	}
}

func TestAKeyIsGoneAtItsSecondExactly(t *testing.T) {
	c := frozen()
	c.Set(epoch.Truncate(time.Second))
	n := openOne(t, Options{Clock: c})
	put(t, n, "k", "v", PutOptions{TTL: time.Minute})
	c.Advance(time.Minute - 1)
	if got := value(t, n, "k"); got != "v" {
		t.Errorf("a nanosecond before: %q", got)
	}
	c.Advance(1)
	if got := value(t, n, "k"); got != "absent" {
		t.Errorf("at its second: %q", got)
	}
}

func TestPutReplacesTheTimeToLive(t *testing.T) {
	c := frozen()
	n := openOne(t, Options{Clock: c})
	put(t, n, "k", "old", PutOptions{TTL: time.Minute, Metadata: json.RawMessage("{\n\t\"a\": 1}")})
	if e, err := n.Get(t.Context(), "k"); err != nil || string(e.Metadata) != `{"a":1}` {
		t.Fatalf("got %+v, %v; want metadata on one line", e, err)
	}
	put(t, n, "k", "new", PutOptions{Metadata: json.RawMessage("null")})
	c.Advance(time.Hour)
	e, err := n.Get(t.Context(), "k")
	if err != nil || e.Metadata != nil || !e.Expires.IsZero() {
		t.Errorf("got %+v, %v; want the new value without metadata or expiration", e, err)
	}
}

func TestExpiredKeysAreRemoved(t *testing.T) {
	c := frozen()
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: c, NoSync: true})
	n, err := s.Create(t.Context(), "SESSIONS")
	if err != nil {
		t.Fatal(err)
	}
	const many = 2*sweepKeys + 1
	err = n.update(func(d data) error {
		for i := range many {
			r := record{expires: epoch.Unix() + 60}
			if err := d.put(fmt.Appendf(nil, "short-%d", i), r, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	put(t, n, "long", strings.Repeat("x", 200_000), PutOptions{TTL: time.Hour})
	left := func(want int) func() error {
		return func() error {
			if got := stored(t, n); got != want {
				return fmt.Errorf("%d keys in the file, want %d", got, want)
			}
			return nil
		}
	}
	put(t, n, "short", "x", PutOptions{TTL: time.Minute})
	put(t, n, "middle", "x", PutOptions{TTL: 10 * time.Minute})
	c.Advance(2 * time.Minute)
	testkit.Wait(t, left(2))

	// A sweep arms the timer for the next one.
	testkit.Wait(t, func() error {
		n.service.sweeper.mu.Lock()
		defer n.service.sweeper.mu.Unlock()
		if n.service.sweeper.timer == nil {
			return errors.New("no timer")
		}
		return nil
	})
	c.Advance(10 * time.Minute)
	testkit.Wait(t, left(1))

	// The timer is armed anew by what is in the file.
	shut(t, s)
	s = open(t, dir, Options{Clock: c, NoSync: true})
	n = s.namespace(namespaceRow{n.ID, n.Title})
	c.Advance(2 * time.Hour)
	testkit.Wait(t, left(0))
}

func TestNothingRunsAfterClose(t *testing.T) {
	testkit.NoLeaks(t)
	c := frozen()
	n := openOne(t, Options{Clock: c})
	put(t, n, "k", "v", PutOptions{TTL: time.Minute})
	shut(t, n.service)
	c.Advance(time.Hour)
	n.service.sweeper.run() // a timer that had fired just before
}

func TestValuesOfAllSizes(t *testing.T) {
	n := openOne(t, Options{})
	for _, size := range []int{0, 1, inlineBytes, inlineBytes + 1, chunkBytes, chunkBytes + 1, 3*chunkBytes - 1, maxValueBytes} {
		want := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		if err := n.Put(t.Context(), "k", bytes.NewReader(want), PutOptions{}); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got := value(t, n, "k"); got != string(want) {
			t.Errorf("%d bytes came back as %d others", size, len(got))
		}
	}
}

func TestALargeValueIsNotRewrittenWithItsNeighbour(t *testing.T) {
	n := openOne(t, Options{})
	put(t, n, "large", strings.Repeat("x", 1<<20), PutOptions{})
	put(t, n, "small", "x", PutOptions{})
	err := n.view(func(d data) error {
		if size := d.keys.Stats().LeafInuse; size > 4*inlineBytes {
			return fmt.Errorf("keys and small values take %d bytes", size)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	n := openOne(t, Options{Clock: frozen()})
	key := func(size int) string { return strings.Repeat("é", size/2) + strings.Repeat("e", size%2) }
	at := func(after int64) PutOptions { return PutOptions{Expiration: time.Unix(epoch.Unix()+after, 0)} }
	now := epoch.Unix()
	for name, tt := range map[string]struct {
		key   string
		size  int64
		o     PutOptions
		want  string // empty: no error
		state int
	}{
		"a key of 512 bytes":           {key: key(512)},
		"a key of 513 bytes":           {key: key(513), want: "UTF-8 encoded length of 513 exceeds key length limit of 512.", state: 414},
		"no key":                       {key: "", want: "Key names must not be empty", state: 400},
		"the key .":                    {key: ".", want: `Illegal key name ".". Please use a different name.`, state: 400},
		"the key ..":                   {key: "..", want: `Illegal key name "..". Please use a different name.`, state: 400},
		"the key ...":                  {key: "..."},
		"metadata of 1024 bytes":       {key: "k", o: PutOptions{Metadata: json.RawMessage(`"` + strings.Repeat("m", 1022) + `"`)}},
		"metadata of 1025 bytes":       {key: "k", o: PutOptions{Metadata: json.RawMessage(`"` + strings.Repeat("m", 1023) + `"`)}, want: "Metadata length of 1025 exceeds limit of 1024.", state: 413},
		"metadata that is no JSON":     {key: "k", o: PutOptions{Metadata: json.RawMessage(`{`)}, want: "metadata must be valid json", state: 400},
		"a value of 25 MiB":            {key: "k", size: 25 << 20},
		"a value of 25 MiB and a byte": {key: "k", size: 25<<20 + 1, want: "Value length of 26214401 exceeds limit of 26214400.", state: 413},
		"a ttl of 60 s":                {key: "k", o: PutOptions{TTL: time.Minute}},
		"a ttl of 59 s":                {key: "k", o: PutOptions{TTL: 59 * time.Second}, want: "Invalid expiration_ttl of 59. Expiration TTL must be at least 60.", state: 400},
		"a ttl below zero":             {key: "k", o: PutOptions{TTL: -time.Second}, want: "Invalid expiration_ttl of -1. Please specify integer greater than 0.", state: 400},
		"an expiration in 60 s":        {key: "k", o: at(60)},
		"an expiration in 59 s":        {key: "k", o: at(59), want: fmt.Sprintf("Invalid expiration of %d. Expiration times must be at least 60 seconds in the future.", now+59), state: 400},
		"an expiration that has been":  {key: "k", o: at(0), want: fmt.Sprintf("Invalid expiration of %d. Please specify integer greater than the current number of seconds since the UNIX epoch.", now), state: 400},
	} {
		t.Run(name, func(t *testing.T) {
			err := n.Put(t.Context(), tt.key, io.LimitReader(zeros{}, tt.size), tt.o)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Message != tt.want || e.Fault().Status != tt.state {
				t.Errorf("got  %v\nwant %d %s", err, tt.state, tt.want)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestList(t *testing.T) {
	n := openOne(t, Options{})
	for _, key := range []string{"b", "a/2", "a/1", "a", "a/", "é", "\x00", "a/10"} {
		put(t, n, key, "v", PutOptions{})
	}
	for name, tt := range map[string]struct {
		q    ListQuery
		want string
	}{
		"keys come in the order of their bytes": {ListQuery{}, "\x00 a a/ a/1 a/10 a/2 b é"},
		"a prefix selects":                      {ListQuery{Prefix: "a/"}, "a/ a/1 a/10 a/2"},
		"a prefix may be a key":                 {ListQuery{Prefix: "b"}, "b"},
		"a prefix may be of none":               {ListQuery{Prefix: "c"}, ""},
	} {
		for _, limit := range []int{0, 1, 2, 3, 1000} {
			t.Run(fmt.Sprintf("%s, pages of %d", name, limit), func(t *testing.T) {
				var got []string
				tt.q.Limit, tt.q.Cursor = limit, ""
				for {
					page, err := n.List(t.Context(), tt.q)
					if err != nil {
						t.Fatal(err)
					}
					for _, k := range page.Keys {
						got = append(got, k.Name)
					}
					if tt.q.Cursor = page.Cursor; page.Cursor == "" {
						break
					}
					if len(page.Keys) != limit {
						t.Fatalf("a page of %d before the last", len(page.Keys))
					}
				}
				if s := strings.Join(got, " "); s != tt.want {
					t.Errorf("got %q, want %q", s, tt.want)
				}
			})
		}
	}
}

func TestGetMany(t *testing.T) {
	n := openOne(t, Options{})
	big := strings.Repeat("x", 13<<20)
	put(t, n, "a", big, PutOptions{})
	put(t, n, "b", big, PutOptions{})
	put(t, n, "c", "v", PutOptions{})
	for name, tt := range map[string]struct {
		keys []string
		want string
	}{
		"a hundred keys":     {slicesRepeat("c", 100), ""},
		"a hundred and one":  {slicesRepeat("c", 101), "You can request a maximum of 100 keys"},
		"none":               {nil, "You must request a minimum of 1 key"},
		"more than 25 MiB":   {[]string{"a", "b"}, "Total size of request exceeds the limit of 25MB"},
		"less than that":     {[]string{"a", "c", "none"}, ""},
		"a key that is long": {[]string{strings.Repeat("k", 513)}, "UTF-8 encoded length of 513 exceeds key length limit of 512."},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := n.GetMany(t.Context(), tt.keys)
			if err == nil && tt.want == "" {
				if len(entries) != len(tt.keys) {
					t.Errorf("%d entries for %d keys", len(entries), len(tt.keys))
				}
				return
			}
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func slicesRepeat(s string, n int) []string {
	return strings.Fields(strings.Repeat(s+" ", n))
}

func TestConcurrentWritersShareCommits(t *testing.T) {
	n := openOne(t, Options{})
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				key := fmt.Sprintf("w%d-%d", w, i)
				if err := n.Put(t.Context(), key, strings.NewReader(key), PutOptions{}); err != nil {
					t.Error(err)
				}
				if got := value(t, n, key); got != key {
					t.Errorf("own write of %s read back as %q", key, got)
				}
			}
		})
	}
	wg.Wait()
	if got := stored(t, n); got != writers*each {
		t.Errorf("%d keys, want %d", got, writers*each)
	}
}

func TestWritersThatWaitShareOneCommit(t *testing.T) {
	n := openOne(t, Options{})
	before := txid(t, n)
	const writers = 8
	var all []func()
	for i := range writers {
		all = append(all, func() { put(t, n, fmt.Sprint(i), "v", PutOptions{}) })
	}
	together(t, n.service, all...)
	if got := txid(t, n) - before; got != 1 {
		t.Errorf("%d commits for %d writers that waited, want 1", got, writers)
	}
}

// together lets writers share a commit, as if another had been under way when they came.
func together(t testing.TB, s *Service, writers ...func()) {
	t.Helper()
	c := &s.store.commit
	resume := c.Pause()
	var wg sync.WaitGroup
	for _, w := range writers {
		wg.Go(w)
	}
	testkit.Wait(t, func() error {
		if n := c.Waiting(); n < len(writers) {
			return fmt.Errorf("%d writers wait", n)
		}
		return nil
	})
	resume()
	wg.Wait()
}

func txid(t testing.TB, n *Namespace) int {
	t.Helper()
	tx, err := n.service.store.db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	return tx.ID()
}

func TestOneWritersFailureIsNotTheOthers(t *testing.T) {
	s := open(t, t.TempDir(), Options{NoSync: true})
	kept, err := s.Create(t.Context(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := s.Create(t.Context(), "gone")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	good := func() { put(t, kept, "k", "v", PutOptions{}) }
	bad := func() {
		err := gone.Put(t.Context(), "k", strings.NewReader("v"), PutOptions{})
		if code(err) != CodeNamespaceNotFound {
			t.Errorf("put into a deleted namespace: %v", err)
		}
	}
	together(t, s, bad, good, bad)
	if got := value(t, kept, "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

func TestEveryVerbPassesTheProbe(t *testing.T) {
	var events []probe.Event
	fault := errors.New("fault")
	var failing string
	n := openOne(t, Options{Probe: &probe.Probe{
		Observe: func(e probe.Event) { events = append(events, e) },
		Intercept: func(_ context.Context, op probe.Op) error {
			if op.Name == failing {
				return fault
			}
			return nil
		},
	}})
	for verb, tt := range map[string]struct {
		do   func() error
		unit string
		want int64
	}{
		"put":      {func() error { return n.Put(t.Context(), "k", strings.NewReader("v"), PutOptions{}) }, unitWrites, 1},
		"get":      {func() error { _, err := n.Get(t.Context(), "none"); return ignore(err, CodeKeyNotFound) }, unitReads, 1},
		"get_bulk": {func() error { _, err := n.GetMany(t.Context(), []string{"a", "b"}); return err }, unitReads, 2},
		"list":     {func() error { _, err := n.List(t.Context(), ListQuery{}); return err }, unitLists, 1},
		"delete":   {func() error { return n.Delete(t.Context(), "k") }, unitDeletes, 1},
	} {
		t.Run(verb, func(t *testing.T) {
			events, failing = nil, ""
			if err := tt.do(); err != nil {
				t.Fatal(err)
			}
			if len(events) != 1 || events[0].Name != verb || events[0].Resource != n.Title || events[0].Counts[tt.unit] != tt.want {
				t.Errorf("observed %+v, want one %s with %d %s", events, verb, tt.want, tt.unit)
			}
			failing = verb
			if err := tt.do(); !errors.Is(err, fault) {
				t.Errorf("an injected fault came back as %v", err)
			}
		})
	}
}

func ignore(err error, c Code) error {
	if code(err) == c {
		return nil
	}
	return err
}
