package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/testkit"
)

// An upProcess is a `cfemu up` of its own process.
type upProcess struct {
	*exec.Cmd
	log   *lockedBuffer
	ended chan struct{}
	run   *emulator.Run
}

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

// startUp runs `cfemu up` on dir. The program is this test binary, which TestMain lets be cfemu.
func startUp(t *testing.T, dir string, args ...string) *upProcess {
	t.Helper()
	cmd := exec.Command("cfemu", append([]string{"up", dir, "--port", "0", "--control-port", "0", "--s3-port", "0"}, args...)...)
	c := &upProcess{Cmd: cmd, log: &lockedBuffer{}, ended: make(chan struct{})}
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // ProcessState tells
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-c.ended
	})
	return c
}

// await waits until check is nil, and fails at once when the process ends before.
func (c *upProcess) await(t *testing.T, check func() error) {
	t.Helper()
	testkit.Wait(t, func() error {
		err := check()
		select {
		case <-c.ended:
			if err != nil {
				t.Fatalf("cfemu ended (%v) before: %v\n%s", c.ProcessState, err, c.log)
			}
		default:
		}
		return err
	})
}

func (c *upProcess) ready(t *testing.T, dir string) *upProcess {
	t.Helper()
	c.await(t, func() (err error) {
		if c.run, err = emulator.FindRun(dir); err != nil {
			return err
		}
		if c.run.PID != c.Process.Pid || !strings.Contains(c.log.String(), "Ready on") {
			return fmt.Errorf("not ready:\n%s", c.log)
		}
		return nil
	})
	return c
}

func (c *upProcess) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// exits waits for the end and returns the exit code, or the signal that ended it.
func (c *upProcess) exits(t *testing.T) (code int, by syscall.Signal) {
	t.Helper()
	testkit.Wait(t, func() error {
		select {
		case <-c.ended:
			return nil
		default:
			return fmt.Errorf("it runs on:\n%s", c.log)
		}
	})
	ws := c.ProcessState.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return -1, ws.Signal()
	}
	return ws.ExitStatus(), 0
}

func (c *upProcess) running() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// stopsListening waits until the doors are closed: the signal has been taken.
func (c *upProcess) stopsListening(t *testing.T) {
	t.Helper()
	testkit.Wait(t, func() error {
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.run.WorkerURL, "http://"))
		if err != nil {
			return nil
		}
		conn.Close()
		return errors.New("the door is open")
	})
}

type reply struct {
	text string
	err  error
}

func (c *upProcess) get(path string) <-chan reply {
	out := make(chan reply, 1)
	go func() {
		res, err := http.Get(c.run.WorkerURL + path)
		if err != nil {
			out <- reply{err: err}
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		out <- reply{string(b), err}
	}()
	return out
}

const slowWorker = `
export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url)
    if (pathname === "/slow") await fetch(env.GATE)
    if (pathname === "/put") await env.KEYS.put("k", "kept")
    return new Response("answered " + await env.KEYS.get("k"))
  }
}`

// slowProject is a project whose /slow waits until the test opens the gate.
func slowProject(t *testing.T) (dir string, arrived <-chan struct{}, open func()) {
	t.Helper()
	came, opened := make(chan struct{}), make(chan struct{})
	var once sync.Once
	gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(came) })
		select {
		case <-opened:
		case <-r.Context().Done():
		}
	}))
	open = sync.OnceFunc(func() { close(opened) })
	t.Cleanup(func() {
		open()
		gate.Close()
	})
	dir = t.TempDir()
	for name, content := range map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-20\"\n[vars]\nGATE = \"" + gate.URL + "\"\n[[kv_namespaces]]\nbinding = \"KEYS\"\n",
		"index.js":      slowWorker,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, came, open
}

// nothingIsLeft checks that no cfemu is announced and that another one can take the state.
func nothingIsLeft(t *testing.T, dir string) {
	t.Helper()
	if run, err := emulator.FindRun(dir); !errors.Is(err, emulator.ErrNotRunning) {
		t.Errorf("announced: %+v, %v", run, err)
	}
	c := startUp(t, dir).ready(t, dir)
	if r := <-c.get("/"); r.err != nil || !strings.HasPrefix(r.text, "answered") {
		t.Errorf("the next one answers %q, %v", r.text, r.err)
	}
	c.signal(t, syscall.SIGINT)
	if code, by := c.exits(t); code != 0 {
		t.Errorf("the next one exits with %d (%v):\n%s", code, by, c.log)
	}
	if _, err := os.Stat(filepath.Join(dir, ".cfemu", "run.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run.json is left: %v", err)
	}
}

func TestSignals(t *testing.T) {
	for name, s := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "SIGTERM": syscall.SIGTERM} {
		t.Run(name+" lets running requests finish", func(t *testing.T) {
			t.Parallel()
			dir, arrived, open := slowProject(t)
			c := startUp(t, dir).ready(t, dir)
			got := c.get("/slow")
			<-arrived
			c.signal(t, s)
			c.stopsListening(t)
			if !c.running() {
				t.Fatal("it did not wait")
			}
			open()
			if r := <-got; r.err != nil || r.text != "answered null" {
				t.Errorf("the running request got %q, %v", r.text, r.err)
			}
			if code, by := c.exits(t); code != 0 {
				t.Errorf("exits with %d (%v):\n%s", code, by, c.log)
			}
			nothingIsLeft(t, dir)
		})
	}
	t.Run("a second Ctrl-C exits at once", func(t *testing.T) {
		t.Parallel()
		dir, arrived, _ := slowProject(t)
		c := startUp(t, dir).ready(t, dir)
		got := c.get("/slow")
		<-arrived
		c.signal(t, syscall.SIGINT)
		c.stopsListening(t)
		took := clock.Stopwatch()
		c.signal(t, syscall.SIGINT)
		if code, _ := c.exits(t); code == 0 {
			t.Error("it exits with 0, as if all had gone well")
		}
		if d := took(); d.Seconds() > 3 {
			t.Errorf("it took %v", d)
		}
		if r := <-got; r.err == nil {
			t.Errorf("the running request was answered %q", r.text)
		}
		nothingIsLeft(t, dir)
	})
	t.Run("SIGKILL leaves no lock, and nothing acknowledged is lost", func(t *testing.T) {
		t.Parallel()
		dir, _, _ := slowProject(t)
		c := startUp(t, dir).ready(t, dir)
		if r := <-c.get("/put"); r.text != "answered kept" {
			t.Fatalf("got %q, %v", r.text, r.err)
		}
		c.signal(t, syscall.SIGKILL)
		if _, by := c.exits(t); by != syscall.SIGKILL {
			t.Errorf("ended by %v", by)
		}
		if _, err := emulator.FindRun(dir); !errors.Is(err, emulator.ErrNotRunning) {
			t.Errorf("a killed one counts as running: %v", err)
		}
		c = startUp(t, dir).ready(t, dir)
		if r := <-c.get("/"); r.text != "answered kept" {
			t.Errorf("after the restart it answers %q, %v", r.text, r.err)
		}
		c.signal(t, syscall.SIGTERM)
		if code, by := c.exits(t); code != 0 {
			t.Errorf("exits with %d (%v):\n%s", code, by, c.log)
		}
	})
	t.Run("Ctrl-C while it starts ends it, and what it has started", func(t *testing.T) {
		t.Parallel()
		dir, _, _ := slowProject(t)
		config := filepath.Join(dir, "wrangler.toml")
		b, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, "[build]\ncommand = \"echo $$ > pid && sleep 100\"\n"...)
		if err := os.WriteFile(config, b, 0o644); err != nil {
			t.Fatal(err)
		}
		c := startUp(t, dir)
		var pid int
		c.await(t, func() error {
			b, err := os.ReadFile(filepath.Join(dir, "pid"))
			if err == nil {
				_, err = fmt.Sscan(string(b), &pid)
			}
			return err
		})
		c.signal(t, syscall.SIGINT)
		took := clock.Stopwatch()
		if code, _ := c.exits(t); code == 0 {
			t.Error("it exits with 0 though it never served")
		}
		if d := took(); d.Seconds() > 5 {
			t.Errorf("it took %v", d)
		}
		testkit.Wait(t, func() error {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("the build command runs on (%s)", fmt.Sprint(err))
			}
			return nil
		})
	})
	t.Run("Ctrl-C ends one whose Worker never loaded", func(t *testing.T) {
		t.Parallel()
		dir, _, _ := slowProject(t)
		if err := os.WriteFile(filepath.Join(dir, "index.js"), []byte("export default {"), 0o644); err != nil {
			t.Fatal(err)
		}
		c := startUp(t, dir)
		c.await(t, func() error {
			_, err := emulator.FindRun(dir)
			return err
		})
		if strings.Contains(c.log.String(), "Ready") {
			t.Errorf("it says Ready:\n%s", c.log)
		}
		c.signal(t, syscall.SIGINT)
		if code, by := c.exits(t); code != 0 {
			t.Errorf("exits with %d (%v):\n%s", code, by, c.log)
		}
		if !strings.Contains(c.log.String(), "index.js:1:") {
			t.Errorf("it does not tell where:\n%s", c.log)
		}
	})
}
