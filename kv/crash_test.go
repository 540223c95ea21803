package kv

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashDir is the environment variable that makes the test binary a writer in that directory.
const crashDir = "CFEMU_KV_CRASH_DIR"

const crashWriters = 4

// writeUntilKilled overwrites a key for each writer with growing numbers, and says which ones were
// acknowledged. Values are long and short in turn.
func writeUntilKilled(dir string) {
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		panic(err)
	}
	n, err := s.Ensure(ctx, "", "crash")
	if err != nil {
		panic(err)
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := 1; ; i++ {
				if err := n.Put(ctx, fmt.Sprint("w", w), strings.NewReader(crashValue(i)), PutOptions{TTL: time.Hour}); err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Println(w, i)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

func crashValue(i int) string {
	return fmt.Sprint(i, " ") + strings.Repeat("x", (i%3)*3*chunkBytes/2)
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	dir := t.TempDir()
	rounds := []int{1, 2, 3, 5, 17, 40}
	if os.Getenv("CFEMU_LONG") != "" {
		for i := range 200 {
			rounds = append(rounds, 1+i)
		}
	}
	for _, acks := range rounds {
		acked := killedAfter(t, dir, acks)
		s := open(t, dir, Options{})
		n, err := s.Get(t.Context(), "crash")
		if err != nil {
			t.Fatal(err)
		}
		for w, last := range acked {
			got := value(t, n, fmt.Sprint("w", w))
			var i int
			fmt.Sscan(got, &i)
			if i < last || got != crashValue(i) {
				t.Errorf("killed after %d: writer %d was told of %d and finds %.20q of %d bytes", acks, w, last, got, len(got))
			}
		}
		shut(t, s)
	}
}

// killedAfter runs a writer, kills it once it has acknowledged so many writes, and returns the last
// number that each of its writers was told of.
func killedAfter(t *testing.T, dir string, acks int) map[int]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
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
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(last) == 0 {
		t.Fatalf("the writer ended by itself after %v", last)
	}
	return last
}
