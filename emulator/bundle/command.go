package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
)

// A Command is the user's own build: build.command of the configuration.
type Command struct {
	Line string    // for sh -c
	Dir  string    // where it runs
	Env  []string  // KEY=VALUE beside the process's own environment
	Out  io.Writer // shows what it prints, as it prints it; nil: nobody
}

// keptOutput is how much of a failed command's output its error repeats.
const keptOutput = 8 << 10

// RunCommand runs c and waits for it and what it started. When ctx ends it stops them all. A failure
// is a *worker.BuildError with the end of the output.
func RunCommand(ctx context.Context, c Command) error {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return &worker.BuildError{
			Message: fmt.Sprintf("build.command cannot run in %s: there is no such folder", c.Dir),
			Hint:    `let "build.cwd" name a folder, relative to the configuration`,
		}
	}
	var tail tailBuffer
	var out io.Writer = &tail
	if c.Out != nil {
		out = io.MultiWriter(c.Out, &tail)
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", c.Line)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Stdout, cmd.Stderr = out, out // the same writer: one goroutine, no interleaving
	// Its own group, so that stopping it stops what it has started too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		if cmd.Process != nil {
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whoever has not obeyed
		}
		return context.Cause(ctx)
	}
	if err == nil {
		return nil
	}
	how := err.Error()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		how = "exited with " + exit.ProcessState.String()
		if code := exit.ExitCode(); code >= 0 {
			how = fmt.Sprintf("exited with code %d", code)
		}
	}
	message := fmt.Sprintf("build.command %q %s", c.Line, how)
	if text := strings.TrimSpace(tail.String()); text != "" {
		message += ":\n" + text
	}
	return &worker.BuildError{Message: message, Hint: fmt.Sprintf("it runs as sh -c in %s", c.Dir)}
}

// A tailBuffer keeps the end of what is written to it.
type tailBuffer struct {
	b   bytes.Buffer
	cut bool
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	n := len(p)
	if t.b.Len()+n > keptOutput {
		t.cut = true
		if n >= keptOutput {
			t.b.Reset()
			p = p[n-keptOutput:]
		} else {
			t.b.Next(t.b.Len() + n - keptOutput)
		}
	}
	t.b.Write(p)
	return n, nil
}

func (t *tailBuffer) String() string {
	if t.cut {
		return "…" + t.b.String()
	}
	return t.b.String()
}
