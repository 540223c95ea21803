package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/testkit"
)

// A child is a `cfemu up` of the sample project in a process of its own, which a test can kill.
type child struct {
	t   *testing.T
	dir string
	cmd *exec.Cmd
	run *emulator.Run
}

func startChild(t *testing.T, dir string, flags ...string) *child {
	t.Helper()
	cfemu, err := exec.LookPath("cfemu")
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, dir: dir}
	c.cmd = exec.Command(cfemu, append([]string{"up", dir, "--port", "0", "--control-port", "0", "--s3-port", "0", "--outbound", "deny"}, flags...)...)
	var log bytes.Buffer
	c.cmd.Stdout, c.cmd.Stderr = &log, &log
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { c.cmd.Wait(); close(ended) }()
	t.Cleanup(func() { c.cmd.Process.Kill(); <-ended })
	testkit.Wait(t, func() error {
		select {
		case <-ended:
			t.Fatalf("cfemu ended:\n%s", &log)
		default:
		}
		run, err := emulator.FindRun(dir)
		if err != nil {
			return err
		}
		if run.PID != c.cmd.Process.Pid {
			return fmt.Errorf("run.json is of process %d", run.PID)
		}
		c.run = run
		return nil
	})
	return c
}

// kill ends the process as a power switch would, and waits until the kernel has freed its lock.
func (c *child) kill() {
	c.t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	testkit.Wait(c.t, func() error {
		if _, err := emulator.FindRun(c.dir); !errors.Is(err, emulator.ErrNotRunning) {
			return errors.New("the process is still there")
		}
		return nil
	})
}

// ask sends JSON to the Worker's door, or the control door for paths under /cfemu. The error is of
// the connection.
func (c *child) ask(method, path, token string, body any) (int, []byte, error) {
	url := c.run.WorkerURL + path
	if strings.HasPrefix(path, "/cfemu/") || strings.HasPrefix(path, "/client/") {
		url, token = c.run.ControlURL+path, c.run.Token
	}
	b, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

func (c *child) must(method, path, token string, body any, want int) []byte {
	c.t.Helper()
	status, answer, err := c.ask(method, path, token, body)
	if err != nil || status != want {
		c.t.Fatalf("%s %s: %d %s %v, want %d", method, path, status, answer, err, want)
	}
	return answer
}

func (c *child) login() string {
	c.t.Helper()
	var session struct{ Token string }
	answer := c.must("POST", "/admin/login", "", map[string]string{"password": "open-sesame-invoices"}, 200)
	if err := json.Unmarshal(answer, &session); err != nil || session.Token == "" {
		c.t.Fatalf("login: %s %v", answer, err)
	}
	return session.Token
}

// What was acknowledged before a SIGKILL is there after it: invoices answered with 201, and a
// delivery answered with 202, which is made after the restart.
func TestAcknowledgedSurvivesKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "invoices")
	if err := os.CopyFS(dir, os.DirFS("../../fixtures/invoices")); err != nil {
		t.Fatal(err)
	}
	os.RemoveAll(filepath.Join(dir, ".cfemu")) // a developer's own state
	c := startChild(t, dir, "--seed")
	token := c.login()

	var mu sync.Mutex
	var created []string
	var writers sync.WaitGroup
	enough := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				number := fmt.Sprintf("KILL-%d-%d", w, n)
				status, _, err := c.ask("POST", "/invoices", token, map[string]any{
					"customer_id": 1, "invoice_number": number, "amount": 100, "currency": "EUR", "due_date": "2030-01-01",
				})
				if err != nil {
					return // killed
				}
				if status != http.StatusCreated {
					t.Errorf("POST /invoices: %d", status)
					return
				}
				mu.Lock()
				if created = append(created, number); len(created) == 40 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	// The clock stands still, so that the batch waits to be filled: the message is accepted and not delivered.
	c.must("POST", "/cfemu/v1/clock", "", map[string]any{"freeze": true}, 200)
	c.must("POST", "/invoices/1/send", token, map[string]string{"channel": "whatsapp"}, http.StatusAccepted)
	c.kill()
	writers.Wait()

	c = startChild(t, dir)
	token = c.login()
	c.must("PUT", "/cfemu/v1/outbound", "", map[string]any{"rules": []any{map[string]any{
		"match":   map[string]string{"host": "graph.whatsapp.example"},
		"respond": map[string]any{"json": map[string]any{"messages": []any{map[string]string{"id": "wamid.1"}}}},
	}}}, 200)
	c.must("POST", "/cfemu/v1/queues/invoice-deliveries/drain", "", nil, 200)
	var sent struct{ Requests []struct{ URL string } }
	if err := json.Unmarshal(c.must("GET", "/cfemu/v1/outbound", "", nil, 200), &sent); err != nil || len(sent.Requests) == 0 {
		t.Errorf("the accepted delivery was not made after the restart (%v)", err)
	}
	have := c.numbers()
	for _, number := range created {
		if !have[number] {
			t.Errorf("invoice %s was answered with 201 and is gone", number)
		}
	}
}

// numbers reads all invoice numbers straight from the database, through the control door.
func (c *child) numbers() map[string]bool {
	c.t.Helper()
	answer := c.must("POST", "/client/v4/accounts/a/d1/database/invoice_db/query", "", map[string]string{"sql": "SELECT invoice_number FROM invoices"}, 200)
	var out struct {
		Result []struct {
			Results []struct {
				Number string `json:"invoice_number"`
			}
		}
	}
	if err := json.Unmarshal(answer, &out); err != nil || len(out.Result) == 0 {
		c.t.Fatalf("query: %s %v", answer, err)
	}
	have := map[string]bool{}
	for _, row := range out.Result[0].Results {
		have[row.Number] = true
	}
	return have
}
