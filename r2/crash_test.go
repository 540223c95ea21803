package r2

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// The environment variables that make the test binary a writer in a directory, to be killed at a
// point: one of crashPoints, or by its parent when it is empty.
const (
	crashDir   = "CFEMU_R2_CRASH_DIR"
	crashPoint = "CFEMU_R2_CRASH_POINT"
)

const crashWriters = 3

// oldBody is long enough to be a blob.
var oldBody = strings.Repeat("the body that was there before ", maxSmallBytes/16)

// crashPoints do something to the object "k", whose body is oldBody, and are killed meanwhile.
var crashPoints = map[string]struct {
	do   func(context.Context, *Bucket)
	want string // what "k" is afterwards
}{
	"in the middle of a body": {func(ctx context.Context, b *Bucket) {
		half := io.MultiReader(bytes.NewReader(pattern(1<<20)), suicide{})
		b.Put(ctx, "k", half, PutOptions{})
	}, oldBody},
	"with the body in its place and the index not yet written": {func(ctx context.Context, b *Bucket) {
		b.service.index.commit.Pause()
		go b.Put(ctx, "k", bytes.NewReader(pattern(1<<20)), PutOptions{})
		for len(blobFiles(b.service)) < 2 {
			runtime.Gosched()
		}
		die()
	}, oldBody},
	"with the index written and the old body not yet removed": {func(ctx context.Context, b *Bucket) {
		if _, err := b.Get(ctx, "k", GetOptions{}); err != nil { // a reader keeps the old one
			panic(err)
		}
		if _, err := b.Put(ctx, "k", strings.NewReader("new"), PutOptions{}); err != nil {
			panic(err)
		}
		die()
	}, "new"},
	"with a deleted body not yet removed": {func(ctx context.Context, b *Bucket) {
		if _, err := b.Get(ctx, "k", GetOptions{}); err != nil {
			panic(err)
		}
		if err := b.Delete(ctx, "k"); err != nil {
			panic(err)
		}
		die()
	}, "absent"},
	"in the middle of a part": {func(ctx context.Context, b *Bucket) {
		u, err := b.CreateUpload(ctx, "k", PutOptions{})
		if err != nil {
			panic(err)
		}
		b.UploadPart(ctx, *u, 1, io.MultiReader(bytes.NewReader(pattern(1<<20)), suicide{}), PartOptions{})
	}, oldBody},
	"with an upload completed": {func(ctx context.Context, b *Bucket) {
		u, err := b.CreateUpload(ctx, "k", PutOptions{})
		if err != nil {
			panic(err)
		}
		p, err := b.UploadPart(ctx, *u, 1, strings.NewReader("part"), PartOptions{})
		if err != nil {
			panic(err)
		}
		if _, err := b.CompleteUpload(ctx, *u, []Part{*p}); err != nil {
			panic(err)
		}
		die()
	}, "part"},
	"with an event that no queue has yet":               {dieWithEvent, "new"},
	"with an event sent and not taken out of the index": {dieSending, "new"},
}

func die() {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

type suicide struct{}

func (suicide) Read([]byte) (int, error) { die(); return 0, nil }

func crash(dir, point string) {
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		panic(err)
	}
	b, err := s.Ensure(ctx, "crash")
	if err != nil {
		panic(err)
	}
	if point != "" {
		crashPoints[point].do(ctx, b)
		panic("alive")
	}
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range crashWriters {
		wg.Go(func() {
			for i := 1; ; i++ {
				if err := crashStep(ctx, b, w, i); err != nil {
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

// crashStep writes what is acknowledged as one: number i in the writer's object w by one way or another,
// and a second object x that is there when i is odd.
func crashStep(ctx context.Context, b *Bucket, w, i int) error {
	w1, x1, from := fmt.Sprint("w", w), fmt.Sprint("x", w), fmt.Sprint("from", w)
	var err error
	switch i % 4 {
	case 0:
		if _, err = b.Put(ctx, from, strings.NewReader(crashBody(i)), PutOptions{}); err == nil {
			_, err = b.Copy(ctx, w1, Source{Bucket: b, Key: from}, func(*Object) (PutOptions, error) { return PutOptions{}, nil })
		}
	case 1:
		err = crashUpload(ctx, b, w1, i)
	default:
		_, err = b.Put(ctx, w1, strings.NewReader(crashBody(i)), PutOptions{})
	}
	if err != nil {
		return err
	}
	if i%2 == 0 {
		return b.Delete(ctx, x1, from)
	}
	_, err = b.Put(ctx, x1, strings.NewReader(crashBody(i)), PutOptions{})
	return err
}

// crashUpload makes an object of a part that was uploaded twice, beside an upload that is aborted and one
// that is left alone.
func crashUpload(ctx context.Context, b *Bucket, key string, i int) error {
	var made []Upload
	for range 3 {
		u, err := b.CreateUpload(ctx, key, PutOptions{})
		if err != nil {
			return err
		}
		made = append(made, *u)
		if _, err := b.UploadPart(ctx, *u, 1, strings.NewReader("another"), PartOptions{}); err != nil {
			return err
		}
	}
	p, err := b.UploadPart(ctx, made[0], 1, strings.NewReader(crashBody(i)), PartOptions{})
	if err != nil {
		return err
	}
	if err := b.AbortUpload(ctx, made[1]); err != nil {
		return err
	}
	_, err = b.CompleteUpload(ctx, made[0], []Part{*p})
	return err
}

// crashBody is small, and a blob of one or several buffers.
func crashBody(i int) string { return fmt.Sprint(i, " ") + strings.Repeat("x", (i%3)*200_000) }

func TestKilled(t *testing.T) {
	for point, tt := range crashPoints {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			b, err := s.Create(t.Context(), "crash")
			if err != nil {
				t.Fatal(err)
			}
			put(t, b, "k", oldBody, PutOptions{})
			shut(t, s)

			cmd := child(t, dir, point)
			if out, _ := cmd.CombinedOutput(); cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("the writer was not killed but said %s", out)
			}
			s = open(t, dir, Options{}) // whose end checks that there are no orphans
			if b, err = s.Get(t.Context(), "crash"); err != nil {
				t.Fatal(err)
			}
			if got := body(t, b, "k"); got != tt.want {
				t.Errorf("k is %.40q of %d bytes, want %q", got, len(got), tt.want)
			}
		})
	}
}

func TestNothingAcknowledgedIsLostWhenKilled(t *testing.T) {
	dir := t.TempDir()
	rounds := []int{1, 2, 5, 17, 40}
	if os.Getenv("CFEMU_LONG") != "" {
		for i := range 295 {
			rounds = append(rounds, 1+i%40)
		}
	}
	for round, acks := range rounds {
		acked := killedAfter(t, dir, acks)
		s := open(t, dir, Options{})
		b, err := s.Get(t.Context(), "crash")
		if err != nil {
			t.Fatal(err)
		}
		for w, last := range acked {
			checkCrashed(t, b, round, w, last)
		}
		shut(t, s) // checks the files too
		if t.Failed() {
			return
		}
	}
}

// checkCrashed checks what a writer finds that was told of last. The step after it may have been done whole
// or in part.
func checkCrashed(t *testing.T, b *Bucket, round, w, last int) {
	t.Helper()
	number := func(key string) (i int) {
		got := body(t, b, key)
		if got == "absent" {
			return 0
		}
		fmt.Sscan(got, &i)
		if got != crashBody(i) {
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
		t.Errorf("round %d: writer %d was told of %d, and its other object is %d", round, w, last, x)
	}
}

func child(t *testing.T, dir, point string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashPoint+"="+point)
	return cmd
}

// killedAfter runs a writer, kills it once it has acknowledged so many writes, and returns the last
// number that each of its writers was told of. It is killed a little later, at no moment in particular.
func killedAfter(t *testing.T, dir string, acks int) map[int]int {
	t.Helper()
	cmd := child(t, dir, "")
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
