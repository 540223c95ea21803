package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
)

// benchPatience is how long a benchmark waits for what is broken when it takes that long.
const benchPatience = 20 * time.Second

// benchRole names, in the environment, what a process made by benchProcess is.
const benchRole = "CFEMU_BENCH_ROLE"

// benchProcess is this test binary again, in a process of its own and in another role.
func benchProcess(b *testing.B, role string, args ...string) *exec.Cmd {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"-test.run=^TestBenchProcess$", "--"}, args...)...)
	cmd.Env = append(os.Environ(), benchRole+"="+role)
	return cmd
}

// TestBenchProcess is no test but the entry of what benchProcess starts.
func TestBenchProcess(t *testing.T) {
	role := os.Getenv(benchRole)
	var args []string
	for n, a := range os.Args {
		if a == "--" {
			args = os.Args[n+1:]
		}
	}
	switch role {
	case "bare":
		if err := serveBare(args); err != nil {
			t.Fatal(err)
		}
	case "bare-d1":
		if err := serveBareD1(args); err != nil {
			t.Fatal(err)
		}
	case "bare-store":
		if err := serveBareStore(args); err != nil {
			t.Fatal(err)
		}
	case "ask":
		if err := askHealth(args[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// A benchServer is a server in a process of its own: cfemu, or the bare one.
type benchServer struct {
	cmd   *exec.Cmd
	addr  string
	log   string // the file that holds its output
	ended chan struct{}
	exit  error // valid when ended is closed
	took  time.Duration
}

// startServer starts cmd, which is to listen on port, and returns when /health is answered. Its
// output goes to a file, as that of `cfemu up -d` does.
func startServer(b *testing.B, cmd *exec.Cmd, port string) *benchServer {
	b.Helper()
	log, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	s := &benchServer{cmd: cmd, addr: net.JoinHostPort("127.0.0.1", port), log: log.Name(), ended: make(chan struct{})}
	took := clock.Stopwatch()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	go func() {
		s.exit = cmd.Wait()
		close(s.ended)
	}()
	b.Cleanup(func() {
		select {
		case <-s.ended:
		default:
			cmd.Process.Kill()
			<-s.ended
		}
	})
	c := s.dial(b)
	defer c.close()
	body, err := c.get("/health")
	if err != nil {
		b.Fatalf("the first request: %v\n%s", err, s.output())
	}
	s.took = took()
	if string(body) != healthBody {
		b.Fatalf("/health is %s", body)
	}
	return s
}

// dial connects as soon as the server listens.
func (s *benchServer) dial(b *testing.B) *benchConn {
	b.Helper()
	took := clock.Stopwatch()
	for {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			return newBenchConn(c)
		}
		select {
		case <-s.ended:
			b.Fatalf("%s ended: %v\n%s", s.cmd, s.exit, s.output())
		default:
		}
		if took() > benchPatience {
			b.Fatalf("%s: %v\n%s", s.cmd, err, s.output())
		}
		if err := clock.Sleep(context.Background(), clock.System, 200*time.Microsecond); err != nil {
			b.Fatal(err)
		}
	}
}

// get asks once, on a connection of its own; the answer must be a 200.
func (s *benchServer) get(b *testing.B, path string) []byte {
	b.Helper()
	c := s.dial(b)
	defer c.close()
	body, err := c.get(path)
	if err != nil {
		b.Fatalf("%s: %v\n%s", path, err, s.output())
	}
	return bytes.Clone(body)
}

// stop ends the server as Ctrl-C does. It must go with exit code 0.
func (s *benchServer) stop(b *testing.B) {
	b.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatalf("%s: %v\n%s", s.cmd, err, s.output())
	}
	late := make(chan struct{})
	timer := clock.System.AfterFunc(benchPatience, func() { close(late) })
	defer timer.Stop()
	select {
	case <-s.ended:
		if s.exit != nil {
			b.Fatalf("%s: %v\n%s", s.cmd, s.exit, s.output())
		}
	case <-late:
		b.Fatalf("%s does not stop\n%s", s.cmd, s.output())
	}
}

// output is the end of what the server has printed.
func (s *benchServer) output() []byte {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-2000):]
}

// megabytes is the memory that the server holds now: its resident set.
func (s *benchServer) megabytes(b *testing.B) float64 {
	b.Helper()
	kib, err := residentKiB(s.cmd.Process.Pid)
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}

func residentKiB(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err == nil {
		_, rest, _ := strings.Cut(string(status), "VmRSS:")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0, errors.New("no VmRSS in /proc")
		}
		return strconv.Atoi(fields[0])
	}
	out, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output() // where there is no /proc
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// busy is the processor time in seconds that the server has used so far, 0 where there is no /proc.
func (s *benchServer) busy() float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// Behind the name, which may hold anything: the state is field 3 of proc(5), the times 14 and 15.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system, ticksPerSecond = 14 - 3, 15 - 3, 100
	var ticks int
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return float64(ticks) / ticksPerSecond
}

func freePort(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return port
}

// askHealth is a command under exec: the Worker must answer /health with want.
func askHealth(want string) error {
	addr := strings.TrimPrefix(os.Getenv("CFEMU_URL"), "http://")
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	c := newBenchConn(nc)
	defer c.close()
	got, err := c.get("/health")
	if err != nil {
		return err
	}
	if string(got) != want {
		return fmt.Errorf("/health is %s, want %s", got, want)
	}
	return nil
}
