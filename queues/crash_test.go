package queues

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// The crash tests run this test binary again as a process that is killed while it works. The child
// says on stdout what it has been promised ("sent 7") and what it has done ("handled 7").
const crashEnv = "CFEMU_QUEUES_CRASH"

func TestMain(m *testing.M) {
	if task, dir, ok := strings.Cut(os.Getenv(crashEnv), " "); ok {
		if err := crashChild(task, dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// crashChild works until it is killed.
func crashChild(task, dir string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	q, err := s.Ensure(context.Background(), "q")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what string, body string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, body) // unbuffered: a line is out, or was never said
	}
	p := DefaultPolicy()
	p.MaxBatchSize, p.MaxConcurrency, p.MaxBatchTimeout = 1, 4, 0
	switch task {
	case "handle":
		_, err = s.Attach("q", p, consumerFunc(func(_ context.Context, b Batch) (Outcome, error) {
			say("handled", string(b.Messages[0].Body))
			return Outcome{}, nil
		}))
	case "hang":
		_, err = s.Attach("q", p, consumerFunc(func(ctx context.Context, b Batch) (Outcome, error) {
			say("entered", string(b.Messages[0].Body))
			<-ctx.Done()
			return Outcome{}, context.Cause(ctx)
		}))
	}
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for sender := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				body := fmt.Sprintf("%d-%d-%d", os.Getpid(), sender, i)
				if err := q.Send(context.Background(), []Outgoing{text(body, 0)}); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				say("sent", body)
			}
		})
	}
	wg.Wait()
	return nil
}

// crash lets a child work in dir, kills it once it has said enough lines that begin with awaited,
// and returns all it said.
func crash(t *testing.T, task, dir, awaited string, enough int) (said map[string][]string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), crashEnv+"="+task+" "+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said = map[string][]string{}
	lines := bufio.NewScanner(out)
	for killed := false; lines.Scan(); {
		what, body, _ := strings.Cut(lines.Text(), " ")
		said[what] = append(said[what], body)
		if !killed && len(said[awaited]) >= enough {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("child ended by itself: %v\n%s", err, stderr.String())
	}
	return said
}

// deliverAll opens dir and returns what comes out of the queue, with the attempts of each.
func deliverAll(t *testing.T, dir string) map[string]int {
	t.Helper()
	s := openIn(t, dir, Options{})
	if m := queueMetrics(t, ensure(t, s, "q")); m.InFlight != 0 {
		t.Errorf("%d messages are leased to a process that is dead", m.InFlight)
	}
	attempts := map[string]int{}
	r := &recorder{do: func(b Batch) (Outcome, error) {
		for _, m := range b.Messages {
			attempts[string(m.Body)] = m.Attempts
		}
		return Outcome{}, nil
	}}
	p := DefaultPolicy()
	p.MaxBatchSize = 100
	stop := attach(t, s, "q", p, r)
	drainAll(t, s, "q")
	stop()
	if err := verify(s.store); err != nil {
		t.Errorf("inconsistent after the crash: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return attempts
}

func TestKilledBetweenSendAndDelivery(t *testing.T) {
	dir := t.TempDir()
	said := crash(t, "send", dir, "sent", 60)
	came := deliverAll(t, dir)
	for _, body := range said["sent"] {
		if came[body] != 1 {
			t.Errorf("%s was accepted and came at attempt %d, want 1", body, came[body])
		}
	}
	if again := deliverAll(t, dir); len(again) != 0 {
		t.Errorf("came twice: %v", again)
	}
}

func TestKilledDuringDelivery(t *testing.T) {
	dir := t.TempDir()
	said := crash(t, "hang", dir, "entered", 4)
	came := deliverAll(t, dir)
	for _, body := range said["sent"] {
		if came[body] == 0 {
			t.Errorf("%s was accepted and is lost", body)
		}
	}
	for _, body := range said["entered"] {
		if came[body] != 2 {
			t.Errorf("%s was being delivered and came again at attempt %d, want 2", body, came[body])
		}
	}
}

func TestKilledOverAndOver(t *testing.T) {
	dir := t.TempDir()
	for range 5 {
		said := crash(t, "handle", dir, "handled", 40)
		came := deliverAll(t, dir)
		for _, body := range said["handled"] {
			came[body] = 1
		}
		for _, body := range said["sent"] {
			if came[body] == 0 {
				t.Errorf("%s was accepted and is lost", body)
			}
		}
	}
}
