package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver of database/sql
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"cfemu": main, "ask": ask})
}

// ask is a program for commands under exec: `ask METHOD URL [BODY]` prints the answer's body and
// exits with 9 when its status is 400 or above.
func ask() {
	req, err := http.NewRequest(os.Args[1], os.Args[2], strings.NewReader(strings.Join(os.Args[3:], " ")))
	if err != nil {
		panic(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		panic(err)
	}
	if res.StatusCode >= 400 {
		os.Exit(9)
	}
}

// The scripts are the command's specification. Beside testscript's own commands they have:
//
//	up [DIR] [FLAG...]       start `cfemu up` on free ports in the background and wait for Ready;
//	                         sets $URL, $CONTROL, $TOKEN, $HOST; its output is in up.log
//	up! [DIR] [FLAG...]      the same without waiting for Ready
//	await REGEXP             wait until up.log matches
//	down / kill9             end it with SIGINT and check that it exits with 0 / with SIGKILL
//	code N CMD [ARG...]      run a command and check its exit code
//	http METHOD PATH [Name:Value...] [-- BODY]      ask the Worker's door; stdout is the body
//	control METHOD PATH [Name:Value...] [-- BODY]   ask the control door, with the token
//	status N                 the last answer's status
//	answers PATH REGEXP      ask the Worker until the answer matches
//	busy VAR                 hold a port open until the script ends
//	replace FILE OLD NEW     save a file with OLD replaced
//	stored FILE SQL          make an SQLite database as wrangler dev has one while it runs: open until the
//	                         script ends, with all of it in its log
func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("REPO", repo)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			// testscript puts the folder of the programs that TestMain names first.
			env.Setenv("BIN", filepath.SplitList(env.Getenv("PATH"))[0])
			h := &harness{dir: env.WorkDir}
			env.Values["harness"] = h
			env.Defer(h.cleanup)
			return os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o755)
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "node":
				_, err := exec.LookPath("node")
				return err == nil, nil
			case "long":
				return os.Getenv("CFEMU_LONG") != "", nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"up":      with((*harness).up),
			"up!":     with((*harness).upNoWait),
			"await":   with((*harness).await),
			"down":    with((*harness).down),
			"kill9":   with((*harness).kill9),
			"code":    with((*harness).code),
			"http":    with((*harness).http),
			"control": with((*harness).control),
			"status":  with((*harness).checkStatus),
			"answers": with((*harness).answers),
			"busy":    with((*harness).busy),
			"replace": with((*harness).replace),
			"stored":  with((*harness).stored),
		},
	})
}

// A harness is what one script holds beside its files.
type harness struct {
	dir    string
	cmd    *exec.Cmd
	ended  chan error
	status int
	held   []net.Listener
	open   []*sql.DB
}

func with(f func(*harness, *testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("unsupported: !")
		}
		f(ts.Value("harness").(*harness), ts, args)
	}
}

func (h *harness) cleanup() {
	if h.cmd != nil {
		_ = h.cmd.Process.Kill()
		<-h.ended
	}
	for _, l := range h.held {
		_ = l.Close()
	}
	for _, db := range h.open {
		_ = db.Close()
	}
}

func (h *harness) log() string { return filepath.Join(h.dir, "up.log") }

func (h *harness) up(ts *testscript.TestScript, args []string) {
	h.upNoWait(ts, args)
	dir := "."
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		dir = args[0]
	}
	h.wait(ts, "Ready", func() bool {
		run, err := emulator.FindRun(ts.MkAbs(dir))
		if err != nil || run.PID != h.cmd.Process.Pid {
			return false
		}
		h.adopt(ts, run)
		return true
	})
	h.await(ts, []string{`Ready on|"type":"ready"`})
}

func (h *harness) adopt(ts *testscript.TestScript, run *emulator.Run) {
	ts.Setenv("URL", run.WorkerURL)
	ts.Setenv("CONTROL", run.ControlURL)
	ts.Setenv("TOKEN", run.Token)
	ts.Setenv("HOST", strings.TrimPrefix(run.WorkerURL, "http://"))
}

func (h *harness) upNoWait(ts *testscript.TestScript, args []string) {
	if h.cmd != nil {
		ts.Fatalf("up: it runs already")
	}
	self := filepath.Join(ts.Getenv("BIN"), "cfemu")
	all := append([]string{"up"}, args...)
	if joined := strings.Join(args, " "); !strings.Contains(joined, "--port") && !strings.Contains(joined, "--no-ports") {
		all = append(all, "--port", "0")
	}
	if !strings.Contains(strings.Join(args, " "), "--control-port") {
		all = append(all, "--control-port", "0", "--s3-port", "0")
	}
	log, err := os.Create(h.log())
	ts.Check(err)
	h.cmd = exec.Command(self, all...)
	h.cmd.Dir = ts.MkAbs(".")
	h.cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "CLOUDFLARE_ENV="+ts.Getenv("CLOUDFLARE_ENV"))
	h.cmd.Stdout, h.cmd.Stderr = log, log
	ts.Check(h.cmd.Start())
	ts.Check(log.Close())
	h.ended = make(chan error, 1)
	go func(c *exec.Cmd, ended chan<- error) { ended <- c.Wait() }(h.cmd, h.ended)
}

// wait polls until done, and fails with up.log when that takes too long or cfemu ends.
func (h *harness) wait(ts *testscript.TestScript, what string, done func() bool) {
	for range 4000 {
		if done() {
			return
		}
		select {
		case err := <-h.ended:
			h.ended <- err
			if done() {
				return
			}
			text, _ := os.ReadFile(h.log())
			ts.Fatalf("%s: cfemu ended (%v):\n%s", what, err, text)
		default:
		}
		ts.Check(clock.Sleep(context.Background(), clock.System, 5*time.Millisecond))
	}
	text, _ := os.ReadFile(h.log())
	ts.Fatalf("%s: not within 20 s:\n%s", what, text)
}

func (h *harness) await(ts *testscript.TestScript, args []string) {
	re := regexp.MustCompile("(?m)" + strings.Join(args, " "))
	h.wait(ts, "await "+re.String(), func() bool {
		text, err := os.ReadFile(h.log())
		return err == nil && re.Match(text)
	})
}

func (h *harness) down(ts *testscript.TestScript, _ []string) {
	ts.Check(h.cmd.Process.Signal(os.Interrupt))
	err := <-h.ended
	h.cmd = nil
	if err != nil {
		text, _ := os.ReadFile(h.log())
		ts.Fatalf("down: %v\n%s", err, text)
	}
}

func (h *harness) kill9(ts *testscript.TestScript, _ []string) {
	ts.Check(h.cmd.Process.Signal(syscall.SIGKILL))
	<-h.ended
	h.cmd = nil
}

func (h *harness) http(ts *testscript.TestScript, args []string) {
	h.ask(ts, ts.Getenv("URL"), nil, args)
}

func (h *harness) control(ts *testscript.TestScript, args []string) {
	h.ask(ts, ts.Getenv("CONTROL"), map[string]string{"Authorization": "Bearer " + ts.Getenv("TOKEN"), "Content-Type": "application/json"}, args)
}

func (h *harness) ask(ts *testscript.TestScript, base string, headers map[string]string, args []string) {
	method, path := args[0], args[1]
	req, err := http.NewRequest(method, base+path, nil)
	ts.Check(err)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	for i, a := range args[2:] {
		if a == "--" {
			req.Body = io.NopCloser(strings.NewReader(strings.Join(args[2+i+1:], " ")))
			break
		}
		name, value, ok := strings.Cut(a, ":")
		if !ok {
			ts.Fatalf("header %q: want Name:Value", a)
		}
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	h.status = res.StatusCode
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	ts.Logf("%d %s", res.StatusCode, body)
}

func (h *harness) checkStatus(ts *testscript.TestScript, args []string) {
	if want, _ := strconv.Atoi(args[0]); h.status != want {
		ts.Fatalf("status %d, want %s", h.status, args[0])
	}
}

func (h *harness) answers(ts *testscript.TestScript, args []string) {
	re := regexp.MustCompile(strings.Join(args[1:], " "))
	var last string
	h.wait(ts, "answers "+re.String(), func() bool {
		res, err := http.Get(ts.Getenv("URL") + args[0])
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		last = string(body)
		return err == nil && re.MatchString(last)
	})
}

func (h *harness) busy(ts *testscript.TestScript, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	h.held = append(h.held, l)
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func (h *harness) replace(ts *testscript.TestScript, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	if !strings.Contains(string(b), args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(name, []byte(strings.ReplaceAll(string(b), args[1], args[2])), 0o644))
}

func (h *harness) stored(ts *testscript.TestScript, args []string) {
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
	db, err := sql.Open("sqlite3", "file:"+name+"?_journal_mode=WAL")
	ts.Check(err)
	h.open = append(h.open, db)
	db.SetMaxOpenConns(1)
	_, err = db.Exec("PRAGMA wal_autocheckpoint = 0; " + args[1])
	ts.Check(err)
}

func (h *harness) code(ts *testscript.TestScript, args []string) {
	cmd := exec.Command(ts.Getenv("BIN")+"/"+args[1], args[2:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), ts.Stdout(), ts.Stderr()
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "PATH="+ts.Getenv("PATH"))
	err := cmd.Run()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		ts.Fatalf("code: %v", err)
	}
	got := 0
	if failed {
		got = exit.ExitCode()
	}
	if want, _ := strconv.Atoi(args[0]); got != want {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}
