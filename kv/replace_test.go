package kv

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/testkit"
	bolt "go.etcd.io/bbolt"
)

// arriving yields keys, and then an error unless that is nil.
func arriving(keys []Incoming, err error) iter.Seq2[Incoming, error] {
	return func(yield func(Incoming, error) bool) {
		for _, k := range keys {
			if !yield(k, nil) {
				return
			}
		}
		if err != nil {
			yield(Incoming{}, err)
		}
	}
}

func incoming(key, value string) Incoming { return Incoming{Key: key, Value: strings.NewReader(value)} }

// unfinished counts what Replace has left aside.
func unfinished(t *testing.T, n *Namespace) (left int) {
	t.Helper()
	err := n.service.store.db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketIncoming); b != nil {
			left = count(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

func TestReplaceTakesKeysWhole(t *testing.T) {
	c := frozen()
	n := openOne(t, Options{Clock: c})
	put(t, n, "old", "gone", PutOptions{TTL: time.Minute})
	long := strings.Repeat("long", 100_000)
	keys := []Incoming{
		{Key: "é/1", Value: strings.NewReader("v"), Metadata: json.RawMessage(`{ "a": 1 }`), Expires: epoch.Add(30 * time.Second)},
		{Key: "gone", Value: strings.NewReader("v"), Expires: epoch},
		incoming("empty", ""), incoming("long", long),
	}
	done, err := n.Replace(t.Context(), arriving(keys, nil), ReplaceOptions{Force: true})
	if want := (Replaced{Keys: 3, Bytes: int64(1 + len(long)), Expired: 1}); err != nil || done != want {
		t.Fatalf("got %+v, %v, want %+v", done, err, want)
	}
	e, err := n.Get(t.Context(), "é/1")
	if err != nil || string(e.Metadata) != `{"a":1}` || e.Expires.Unix() != epoch.Add(30*time.Second).Unix() {
		t.Errorf("got %+v, %v", e, err)
	}
	for key, want := range map[string]string{"é/1": "v", "empty": "", "long": long, "old": "absent", "gone": "absent"} {
		if got := value(t, n, key); got != want {
			t.Errorf("%s has %d bytes, want %d", key, len(got), len(want))
		}
	}
	put(t, n, "later", long, PutOptions{}) // finds its own place among the values that have come
	c.Advance(time.Minute)
	if got := value(t, n, "é/1"); got != "absent" {
		t.Errorf("after its time: %q", got)
	}
	testkit.Wait(t, func() error {
		if got := stored(t, n); got != 3 { // empty, long and later
			return fmt.Errorf("%d keys are stored", got)
		}
		return nil
	})
	if got := value(t, n, "long"); got != long {
		t.Error("a later value lies where one that has come did")
	}
}

func TestReplaceIsOneChange(t *testing.T) {
	many := make([]Incoming, 2500) // more than one commit's
	for i := range many {
		many[i] = incoming(fmt.Sprint("k", i), "v")
	}
	lost := errors.New("the sender has gone")
	for name, tt := range map[string]struct {
		keys []Incoming
		err  error
		o    ReplaceOptions
		want string // of the error
	}{
		"a sender that fails":             {many, lost, ReplaceOptions{Force: true}, lost.Error()},
		"a key that is too long":          {append(many[:len(many):len(many)], incoming(strings.Repeat("k", 513), "v")), nil, ReplaceOptions{Force: true}, "exceeds key length limit"},
		"a value that cannot be read":     {[]Incoming{{Key: "k", Value: io.MultiReader(strings.NewReader("v"), failing{lost})}}, nil, ReplaceOptions{Force: true}, lost.Error()},
		"metadata that is not JSON":       {[]Incoming{{Key: "k", Value: strings.NewReader("v"), Metadata: json.RawMessage("{")}}, nil, ReplaceOptions{Force: true}, "valid json"},
		"a namespace that has keys":       {many, nil, ReplaceOptions{}, "the namespace SESSIONS has keys already"},
		"a dry run":                       {many, nil, ReplaceOptions{Force: true, DryRun: true}, ""},
		"a dry run of what has keys":      {many, nil, ReplaceOptions{DryRun: true}, "has keys already"},
		"a dry run of a key without name": {[]Incoming{incoming("", "v")}, nil, ReplaceOptions{Force: true, DryRun: true}, "must not be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			n := openOne(t, Options{Clock: frozen()})
			put(t, n, "old", "stays", PutOptions{})
			for _, k := range tt.keys {
				if s, ok := k.Value.(io.Seeker); ok {
					if _, err := s.Seek(0, io.SeekStart); err != nil {
						t.Fatal(err)
					}
				}
			}
			_, err := n.Replace(t.Context(), arriving(tt.keys, tt.err), tt.o)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			page, err := n.List(t.Context(), ListQuery{})
			if err != nil || len(page.Keys) != 1 || value(t, n, "old") != "stays" {
				t.Errorf("there is %v, %v", page.Keys, err)
			}
			if left := unfinished(t, n); left != 0 {
				t.Errorf("%d unfinished", left)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestReplaceTakesWhatHasExpiredForNothing(t *testing.T) {
	c := frozen()
	n := openOne(t, Options{Clock: c})
	put(t, n, "old", "v", PutOptions{TTL: time.Minute})
	c.Advance(time.Minute)
	if _, err := n.Replace(t.Context(), arriving([]Incoming{incoming("new", "v")}, nil), ReplaceOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := n.Replace(t.Context(), arriving(nil, nil), ReplaceOptions{Force: true}); err != nil || value(t, n, "new") != "absent" {
		t.Errorf("nothing is what it becomes when nothing comes: %v", err)
	}
}

func TestAKeyThatComesDuringReplaceIsNotLost(t *testing.T) {
	n := openOne(t, Options{Clock: frozen()})
	keys := func(yield func(Incoming, error) bool) {
		put(t, n, "meanwhile", "v", PutOptions{})
		yield(incoming("new", "v"), nil)
	}
	_, err := n.Replace(t.Context(), keys, ReplaceOptions{})
	if _, ok := errors.AsType[*NotEmptyError](err); !ok || value(t, n, "meanwhile") != "v" || unfinished(t, n) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestWhatAKilledReplaceLeftIsDropped(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Clock: frozen()})
	n, err := s.Create(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	r := &replacement{n: n, name: newID()}
	if err := r.collect(t.Context(), arriving([]Incoming{incoming("k", "v")}, nil)); err != nil {
		t.Fatal(err)
	}
	if unfinished(t, n) == 0 {
		t.Fatal("nothing lies aside")
	}
	shut(t, s)
	n.service = open(t, dir, Options{Clock: frozen()})
	if left := unfinished(t, n); left != 0 || value(t, n, "k") != "absent" {
		t.Errorf("%d left", left)
	}
}
