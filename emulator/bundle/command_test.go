package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/internal/testkit"
)

func TestRunCommand(t *testing.T) {
	for name, tt := range map[string]struct {
		line, dir string
		shown     string
		fails     []string // parts of the error; none: it succeeds
	}{
		"shows what it prints": {line: "echo out; echo err >&2", shown: "out\nerr\n"},
		"runs in its folder":   {line: "basename $PWD", dir: "sub", shown: "sub\n"},
		"has the variables":    {line: "echo $GIVEN", shown: "given\n"},
		"tells code and output when it fails": {
			line: "echo broken; exit 3", shown: "broken\n",
			fails: []string{`build.command "echo broken; exit 3" exited with code 3`, "broken"},
		},
		"tells what is not found":        {line: "no-such-command-here", shown: "", fails: []string{"exited with code 127", "no-such-command-here"}},
		"tells that its folder is not":   {line: "true", dir: "nowhere", fails: []string{"no such folder", "build.cwd"}},
		"keeps the end of a long output": {line: "seq 1 9999; exit 1", fails: []string{"\n9999"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			var shown strings.Builder
			err := RunCommand(t.Context(), Command{Line: tt.line, Dir: filepath.Join(dir, tt.dir), Env: []string{"GIVEN=given"}, Out: &shown})
			if len(tt.fails) == 0 && err != nil {
				t.Fatal(err)
			}
			var e *worker.BuildError
			if len(tt.fails) > 0 && !errors.As(err, &e) {
				t.Fatalf("got %v, want a BuildError", err)
			}
			for _, part := range tt.fails {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if tt.shown != "" && shown.String() != tt.shown {
				t.Errorf("shown %q, want %q", shown.String(), tt.shown)
			}
			if err != nil && len(err.Error()) > 2*keptOutput {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
}

// lockedBuffer may be read while the command writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestRunCommandStopsWhatItStarted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	boom := errors.New("boom")
	var out lockedBuffer
	done := make(chan error, 1)
	go func() {
		done <- RunCommand(ctx, Command{Line: "trap 'echo bye' TERM; sleep 1000 & echo $!; wait", Dir: t.TempDir(), Out: &out})
	}()
	testkit.Wait(t, func() error {
		if !strings.HasSuffix(out.String(), "\n") {
			return errors.New("the command has not told its child's id")
		}
		return nil
	})
	child, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	cancel(boom)
	if err := <-done; !errors.Is(err, boom) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if !strings.HasSuffix(out.String(), "bye\n") {
		t.Error("the command was not given the time to say good bye")
	}
	testkit.Wait(t, func() error {
		if gone(child) {
			return nil
		}
		return fmt.Errorf("process %d still runs", child)
	})
}

// gone reports whether a process has ended, reaped by whoever adopted it or not.
func gone(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
