package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// stores are where a value is put under a key through client/v4.
var stores = map[string]string{
	"KV": "/client/v4/accounts/a/storage/kv/namespaces/b1f0c6a27d9e4d53a8e2f4190c7b6d35/values/",
	"R2": "/client/v4/accounts/a/r2/buckets/invoice-pdfs/objects/",
}

// storedBody is small, middling or long, and says its number.
func storedBody(n int) string {
	return fmt.Sprint(n, " ") + strings.Repeat("x", []int{0, 20_000, 300_000}[n%3])
}

// A putter overwrites keys of its own, one after the other, and knows what it was told of.
type putter struct {
	name  string
	n     int
	acked map[string]int // by key
	tried map[string]int // by key, what was never answered; deleted once it is known whether it came
}

// put goes on until the connection ends.
func (p *putter) put(t *testing.T, c *child, path string, acks *atomic.Int64) {
	for {
		p.n++
		key := fmt.Sprintf("%s-%d", p.name, rand.IntN(7))
		p.tried[key] = p.n
		status, answer, err := c.ask(http.MethodPut, path+key, "", storedBody(p.n))
		if err != nil {
			return // killed
		}
		if status != http.StatusOK {
			t.Errorf("put %s: %d %s", key, status, answer)
			return
		}
		delete(p.tried, key)
		p.acked[key] = p.n
		acks.Add(1)
	}
}

// check reads what a putter has put. What was never answered may be there, whole, or not.
func (p *putter) check(t *testing.T, c *child, path string) {
	t.Helper()
	for i := range 7 {
		key := fmt.Sprintf("%s-%d", p.name, i)
		acked, tried := p.acked[key], p.tried[key]
		status, answer, err := c.ask(http.MethodGet, path+key, "", nil)
		switch {
		case err == nil && status == http.StatusNotFound && acked == 0:
		case err == nil && status == http.StatusOK && tried > 0 && isStored(answer, tried):
			p.acked[key] = tried
		case err == nil && status == http.StatusOK && acked > 0 && isStored(answer, acked):
		default:
			t.Errorf("%s was acknowledged %d, perhaps got %d, and is %d %.60q of %d bytes (%v)", key, acked, tried, status, answer, len(answer), err)
		}
		delete(p.tried, key)
	}
}

func isStored(answer []byte, n int) bool {
	want, err := json.Marshal(storedBody(n)) // as ask sends it
	return err == nil && string(answer) == string(want)
}

// What KV and R2 acknowledged is there whole after the process was killed while others were writing, however
// often.
func TestStoredSurvivesKills(t *testing.T) {
	kills := 3
	if os.Getenv("CFEMU_LONG") != "" {
		kills = 100
	}
	for name, path := range stores {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "invoices")
			if err := os.CopyFS(dir, os.DirFS("../../fixtures/invoices")); err != nil {
				t.Fatal(err)
			}
			os.RemoveAll(filepath.Join(dir, ".cfemu")) // a developer's own state
			var putters []*putter
			for w := range 4 {
				putters = append(putters, &putter{name: fmt.Sprint("w", w), acked: map[string]int{}, tried: map[string]int{}})
			}
			c := startChild(t, dir)
			for range kills {
				killUnder(t, c, putters, path)
				c = startChild(t, dir)
				for _, p := range putters {
					p.check(t, c, path)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// killUnder kills the process at no moment in particular, once some writes have been acknowledged.
func killUnder(t *testing.T, c *child, putters []*putter, path string) {
	t.Helper()
	var acks atomic.Int64
	var writers sync.WaitGroup
	for _, p := range putters {
		writers.Go(func() { p.put(t, c, path, &acks) })
	}
	enough := int64(1 + rand.IntN(40))
	testkit.Wait(t, func() error {
		if n := acks.Load(); n < enough {
			return fmt.Errorf("%d writes of %d are acknowledged", n, enough)
		}
		return nil
	})
	moment := make(chan struct{})
	clock.System.AfterFunc(time.Duration(rand.IntN(int(20*time.Millisecond))), func() { close(moment) })
	<-moment
	c.kill()
	writers.Wait()
}
