package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/internal/fsx"
)

// A Run describes a running cfemu: the content of .cfemu/run.json, mode 0600, which exists while it
// runs. Every verb finds the running cfemu by it.
type Run struct {
	PID        int       `json:"pid"`
	Version    string    `json:"version"`
	WorkerURL  string    `json:"worker_url"`
	ControlURL string    `json:"control_url"`
	S3URL      string    `json:"s3_url"`
	S3         S3Access  `json:"s3"`
	Token      string    `json:"token"`
	TokenAsked bool      `json:"token_asked"` // by all of the control door, and not only by /cfemu/v1
	Project    string    `json:"project"`
	State      string    `json:"state"`
	Started    time.Time `json:"started"`
	// How wrangler's remote bindings find their way here: a script for NODE_OPTIONS, or a certificate for
	// NODE_EXTRA_CA_CERTS. At the most one of them is set.
	Preload   string `json:"preload,omitempty"`
	Authority string `json:"authority,omitempty"`
}

// ErrNotRunning says that no cfemu runs for a project.
var ErrNotRunning = errors.New("no cfemu is running for this project: start one with `cfemu up`")

func runFile(project string) string { return filepath.Join(project, ".cfemu", "run.json") }

// FindRun returns the cfemu that runs for the project folder, or ErrNotRunning. A file left by a
// killed process counts as none.
func FindRun(project string) (*Run, error) {
	b, err := os.ReadFile(runFile(project))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, err
	}
	var run Run
	if err := json.Unmarshal(b, &run); err != nil {
		return nil, fmt.Errorf("%s: %w", runFile(project), err)
	}
	if run.PID <= 0 || errors.Is(syscall.Kill(run.PID, 0), syscall.ESRCH) {
		return nil, ErrNotRunning
	}
	return &run, nil
}

// writeRun announces the running cfemu. The returned func takes the announcement back, if it is
// still ours.
func (e *Emulator) writeRun() (remove func() error, err error) {
	if _, err := ignoreDotDir(e.project); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(e.Run(), "", "  ")
	if err != nil {
		return nil, err
	}
	if err := fsx.WriteFile(runFile(e.project), append(b, '\n'), 0o600); err != nil {
		return nil, err
	}
	return func() error {
		if run, err := FindRun(e.project); err != nil || run.PID != os.Getpid() {
			return nil
		}
		return os.Remove(runFile(e.project))
	}, nil
}
