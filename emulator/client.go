package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/emulator/control"
	"github.com/cfemu/cfemu/emulator/testapi"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/fsx"
)

// A Client asks the control door of one cfemu: client/v4, as wrangler does, and /cfemu/v1. Connect
// makes one. It must be closed.
type Client struct {
	// Jurisdiction is that of the buckets whose settings are asked for; empty: the default one.
	Jurisdiction string

	door  string // the control door's address
	token string
	http  *http.Client
	close func() error
	pid   int // of the cfemu that runs; 0: the house is in this process, or its process is not known

	config  *wrangler.Config // nil: there is none
	project string           // its folder, else the current one
}

// An APIError is an answer of the control door that says no.
type APIError struct {
	Status  int // of HTTP
	Code    int // Cloudflare's
	Message string
}

func (e *APIError) Error() string { return e.Message }

// lockPatience is how long Connect waits for a state that is locked by a process that serves nothing:
// one that is about to, or another verb.
const lockPatience = 5 * time.Second

// Connect returns a client of the cfemu that runs for a project. When none runs, it opens the
// project's state in this process, without its Worker and without doors, under the state's lock;
// the same routes answer. Of opts it uses Project, Env, State, Getenv and Environ. A project without
// a configuration is served when it has state.
func Connect(ctx context.Context, opts Options) (*Client, error) {
	named := opts.Project != ""
	opts.fill()
	c := &Client{close: func() error { return nil }}
	err := c.readProject(opts, named)
	if err != nil {
		return nil, err
	}
	if at := opts.Getenv("CFEMU_CONTROL_URL"); at != "" && opts.State == "" { // under cfemu exec
		c.reach(&Run{ControlURL: at, Token: opts.Getenv("CFEMU_TOKEN")})
		return c, nil
	}
	dir, err := stateDir(opts, c.project)
	if err != nil {
		return nil, err
	}
	took := clock.Stopwatch()
	for {
		run, err := FindRun(c.project)
		if err == nil && (opts.State == "" || run.State == dir) && holdsState(run) {
			c.reach(run)
			return c, nil
		}
		if err != nil && !errors.Is(err, ErrNotRunning) {
			return nil, err
		}
		err = c.openHouse(ctx, opts)
		var locked *fsx.LockedError
		switch {
		case err == nil:
			return c, nil
		case !errors.As(err, &locked):
			return nil, err
		}
		if took() > lockPatience {
			return nil, fmt.Errorf("%w, and %s names no cfemu to ask instead. Stop that process, or use another state with --state DIR", locked, runFile(c.project))
		}
		if err := clock.Sleep(ctx, clock.System, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// readProject finds the configuration. One that was not asked for may be missing, if there is state.
func (c *Client) readProject(opts Options, named bool) error {
	file, err := wrangler.Find(opts.Project)
	if err == nil {
		c.project = filepath.Dir(file)
		c.config, err = wrangler.Load(file, wrangler.LoadOptions{Env: opts.Env, Getenv: opts.Getenv})
		return err
	}
	if named {
		return err
	}
	var absErr error
	if c.project, absErr = filepath.Abs("."); absErr != nil {
		return absErr
	}
	dir, stateErr := stateDir(opts, c.project)
	if stateErr != nil {
		return stateErr
	}
	if opts.Getenv("CFEMU_CONTROL_URL") != "" && opts.State == "" {
		return nil
	}
	if _, stateErr := os.Stat(filepath.Join(dir, "VERSION")); stateErr != nil {
		return err // neither configuration nor state
	}
	return nil
}

// stateDir is the state directory that opts and the project mean, absolute.
func stateDir(opts Options, project string) (string, error) {
	if opts.State == "" {
		return filepath.Join(project, ".cfemu", "state"), nil
	}
	return filepath.Abs(opts.State)
}

// holdsState reports whether the process of a run.json holds the lock of its state. A run.json was left by a
// killed process when nobody holds it, or another does, whatever has the process id now.
func holdsState(run *Run) bool {
	unlock, err := fsx.Lock(run.State)
	if err == nil {
		_ = unlock() // closes a file that was only locked
		return false
	}
	var locked *fsx.LockedError
	return errors.As(err, &locked) && (locked.PID == 0 || locked.PID == run.PID)
}

func (c *Client) reach(run *Run) {
	c.door, c.token, c.pid, c.http = run.ControlURL, run.Token, run.PID, http.DefaultClient
}

// Close lets the state go, when this process had opened it.
func (c *Client) Close() error { return c.close() }

// InProcess reports whether no cfemu runs, so that this process works on the state.
func (c *Client) InProcess() bool { return c.http != http.DefaultClient }

// account is the address of what an account has in client/v4.
func (c *Client) account(path string) string {
	return c.door + control.Prefix + "/accounts/" + AccountID + path
}

// call sends a JSON body, nil for none, and decodes the result of the envelope into out, unless nil.
func (c *Client) call(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	b, err := c.send(ctx, method, address, "application/json", body)
	if err != nil || out == nil {
		return err
	}
	var envelope struct {
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(b, &envelope); err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	return json.Unmarshal(envelope.Result, out)
}

// send sends a body and returns the answer's, or the error that the answer is.
func (c *Client) send(ctx context.Context, method, address, contentType string, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	return c.exchange(req, contentType)
}

// exchange is send for a request that was made by hand.
func (c *Client) exchange(req *http.Request, contentType string) ([]byte, error) {
	req.Header.Set("Authorization", "Bearer "+c.token)
	if c.Jurisdiction != "" {
		req.Header.Set(headerJurisdiction, c.Jurisdiction)
	}
	if req.Body != nil {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		var answer struct {
			Success *bool `json:"success"`
		}
		if json.Unmarshal(b, &answer) != nil || answer.Success == nil || *answer.Success {
			return b, nil
		}
	}
	return nil, asAPIError(res, b)
}

func asAPIError(res *http.Response, body []byte) error {
	e := &APIError{Status: res.StatusCode}
	var answer struct {
		Errors []struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil && len(answer.Errors) > 0 {
		e.Code = answer.Errors[0].Code
		texts := make([]string, len(answer.Errors))
		for i, one := range answer.Errors {
			texts[i] = one.Message
		}
		e.Message = strings.Join(texts, "\n")
		return e
	}
	e.Message = fmt.Sprintf("%s %s answered %s", res.Request.Method, res.Request.URL.Path, res.Status)
	return e
}

// do is http.Client.Do with an error that says what to do when nobody answers.
func (c *Client) do(req *http.Request) (*http.Response, error) {
	res, err := c.http.Do(req)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return res, err
	}
	who := "cfemu"
	if c.pid != 0 {
		who = fmt.Sprintf("cfemu (process %d)", c.pid)
	}
	return nil, fmt.Errorf("%s does not answer at %s: %w. If it has just started, try again; else stop it with `cfemu down`", who, c.door, err)
}

// v1 is the address of a resource of the test API.
func (c *Client) v1(path string, query url.Values) string {
	address := c.door + testapi.Prefix + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// Project is the folder of the configuration or, without one, the current folder.
func (c *Client) Project() string { return c.project }

// ConfigName is the name of the configuration's file, or the one that a new project would have.
func (c *Client) ConfigName() string {
	if c.config == nil {
		return "wrangler.jsonc"
	}
	return filepath.Base(c.config.File)
}
