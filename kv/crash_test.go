package kv

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// crashDir is the environment variable that makes the test binary a writer in that directory, crashRound
// tells it apart from the ones before.
const (
	crashDir   = "CFEMU_KV_CRASH_DIR"
	crashRound = "CFEMU_KV_CRASH_ROUND"
)

const crashWriters = 4

// writeUntilKilled has each writer overwrite a key of its own with growing numbers, delete and make another
// one in turn, and leave behind keys that expire, which a clock that runs ahead has swept meanwhile. What
// was acknowledged is printed: the writer, the number, and the number of the last deletion.
func writeUntilKilled(dir string) {
	ctx := context.Background()
	c := clock.NewMovable()
	s, err := Open(dir, Options{Clock: c})
	if err != nil {
		panic(err)
	}
	n, err := s.Ensure(ctx, "", "crash")
	if err != nil {
		panic(err)
	}
	round := os.Getenv(crashRound)
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := 1; ; i++ {
				if err := crashStep(ctx, n, round, w, i); err != nil {
					panic(err)
				}
				if i%5 == 0 {
					c.Advance(time.Minute) // the sweeper has something to do
				}
				out.Lock()
				fmt.Println(w, i)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// crashStep writes what is acknowledged as one: w holds number i, and x is there when i is odd.
func crashStep(ctx context.Context, n *Namespace, round string, w, i int) error {
	if err := n.Put(ctx, fmt.Sprint("w", w), strings.NewReader(crashValue(i)), PutOptions{Metadata: fmt.Appendf(nil, `{"i":%d}`, i)}); err != nil {
		return err
	}
	expiring := fmt.Sprint("e", round, "-", w, "-", i)
	if err := n.Put(ctx, expiring, strings.NewReader(crashValue(i)), PutOptions{TTL: time.Minute}); err != nil {
		return err
	}
	if i%2 == 0 {
		return n.Delete(ctx, fmt.Sprint("x", w))
	}
	return n.Put(ctx, fmt.Sprint("x", w), strings.NewReader(crashValue(i)), PutOptions{})
}

// crashValue is short and of several chunks in turn.
func crashValue(i int) string {
	return fmt.Sprint(i, " ") + strings.Repeat("x", (i%3)*3*chunkBytes/2)
}

// crashRounds says after how many acknowledgements each writer is killed.
func crashRounds() []int {
	rounds := []int{1, 2, 3, 5, 17, 40}
	if os.Getenv("CFEMU_LONG") != "" {
		for i := range 294 {
			rounds = append(rounds, 1+i%60)
		}
	}
	return rounds
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	dir := t.TempDir()
	for round, acks := range crashRounds() {
		acked := killedAfter(t, dir, round, acks)
		c := clock.NewMovable()
		s := open(t, dir, Options{Clock: c})
		n, err := s.Get(t.Context(), "crash")
		if err != nil {
			t.Fatal(err)
		}
		for w, last := range acked {
			checkCrashed(t, n, round, w, last)
		}
		c.Advance(24 * time.Hour)
		if _, err := s.sweeper.sweep(); err != nil {
			t.Fatal(err)
		}
		if left := stored(t, n); left > 2*crashWriters {
			t.Errorf("round %d: %d keys are left, of which %d do not expire", round, left, 2*crashWriters)
		}
		shut(t, s) // checks the file too
		if t.Failed() {
			return
		}
	}
}

// checkCrashed checks what a writer finds that was told of last. The step after it may have been done whole
// or in part.
func checkCrashed(t *testing.T, n *Namespace, round, w, last int) {
	t.Helper()
	number := func(key string) (i int) {
		got := value(t, n, key)
		if got == "absent" {
			return 0
		}
		fmt.Sscan(got, &i)
		if got != crashValue(i) {
			t.Errorf("round %d: %s is %.20q of %d bytes, which nobody wrote", round, key, got, len(got))
		}
		return i
	}
	if i := number(fmt.Sprint("w", w)); i != last && i != last+1 {
		t.Errorf("round %d: writer %d was told of %d and finds %d", round, w, last, i)
	}
	x := number(fmt.Sprint("x", w))
	there := map[bool]int{true: last, false: 0}[last%2 == 1]
	next := map[bool]int{true: last + 1, false: 0}[(last+1)%2 == 1]
	if x != there && x != next {
		t.Errorf("round %d: writer %d was told of %d, and its other key is %d", round, w, last, x)
	}
}

// killedAfter runs a writer, kills it once it has acknowledged so many writes, and returns the last
// number that each of its writers was told of. It is killed a little later, at no moment in particular.
func killedAfter(t *testing.T, dir string, round, acks int) map[int]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprint(crashRound, "=", round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := map[int]int{}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		var w, i int
		if _, err := fmt.Sscan(lines.Text(), &w, &i); err != nil {
			t.Fatalf("writer said %q: %v", lines.Text(), err)
		}
		last[w] = i
		if n+1 == acks {
			after := time.Duration(rand.IntN(int(5 * time.Millisecond)))
			clock.System.AfterFunc(after, func() { cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || len(last) == 0 {
		t.Fatalf("the writer ended by itself after %v", last)
	}
	return last
}
