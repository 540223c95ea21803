package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

// The exit codes of exec beside CMD's own, as env(1) and docker have them.
const (
	exitOwnFailure = 125
	exitCannotRun  = 126
	exitNotFound   = 127
	exitSignal     = 128
)

func newExec(p process) *cobra.Command {
	h := &houseFlags{}
	c := &cobra.Command{
		Use:   "exec [PROJECT] [flags] -- CMD [ARG...]",
		Short: "Run a command against a fresh emulator",
		Long: `Start an emulator with empty state on free ports, run CMD, stop, and exit with CMD's code.

CMD finds the emulator by CFEMU_URL (the Worker), CFEMU_CONTROL_URL and CFEMU_TOKEN, and Cloudflare's
clients find it by CLOUDFLARE_API_BASE_URL and CLOUDFLARE_BASE_URL, with a dummy token and account.
Inherited Cloudflare credentials are removed. Bindings with "remote": true of a wrangler below CMD come
to the emulator too, by a script that NODE_OPTIONS names or by --remote-bindings tls.

The emulator's log goes to a file, which is named when CMD fails. Exit codes: CMD's own, 128+n when
signal n killed it, 127 when it was not found, 125 when the emulator failed.`,
		Example: `  cfemu exec -- npm test
  cfemu exec fixtures/invoices --seed -- node --test fixtures/invoices/test/
  cfemu exec -- npx wrangler dev        its remote bindings are answered here
  cfemu exec --keep -- pytest           keep the state, and say where it is`,
		Args: func(c *cobra.Command, args []string) error {
			dash := c.ArgsLenAtDash()
			if dash < 0 || dash == len(args) {
				return errors.New("no command: write it after --, as in `cfemu exec -- npm test`")
			}
			if dash > 1 {
				return fmt.Errorf("one PROJECT at the most before --, not %d", dash)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			dash := c.ArgsLenAtDash()
			o, err := h.options(c, p, args[:dash])
			if err != nil {
				return err
			}
			return execute(c.Context(), p, o, args[dash:])
		},
	}
	h.add(c, "local")
	c.Flags().BoolVar(&h.opts.Keep, "keep", false, "keep the state, and print where it is")
	return c
}

func execute(ctx context.Context, p process, o emulator.Options, argv []string) (err error) {
	log, err := newExecLog()
	if err != nil {
		return &exitError{exitOwnFailure, err}
	}
	defer func() { log.finish(p.stderr, err) }()
	zero := 0
	if o.Port == nil {
		o.Port = &zero
	}
	if o.ControlPort == nil {
		o.ControlPort = &zero
	}
	if o.S3Port == nil {
		o.S3Port = &zero
	}
	o.Ephemeral, o.Strict, o.Reporter = o.State == "", true, log
	e, err := emulator.Open(ctx, o)
	if err != nil {
		return &exitError{exitOwnFailure, err}
	}
	if o.Keep {
		fmt.Fprintf(p.stderr, "cfemu: the state is in %s\n", e.StateDir())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- e.Serve(serving) }()
	env, err := commandEnv(p.environ, e.Run())
	code, cmdErr := exitOwnFailure, err
	if err == nil {
		code, cmdErr = runCommand(ctx, p, env, argv)
	}
	stop()
	if err := errors.Join(<-served, e.Close()); err != nil && cmdErr == nil && code == 0 {
		return &exitError{exitOwnFailure, err}
	}
	if code != 0 {
		return &exitError{code, cmdErr}
	}
	return nil
}

// runCommand runs CMD to its end and forwards signals to it. It returns CMD's exit code; the error
// is set when CMD could not be run.
func runCommand(ctx context.Context, p process, env, argv []string) (int, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, p.stdin, p.stdout, p.stderr
	signals := make(chan os.Signal, 8)
	forward := []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}
	if !isTerminal(p.stdin) { // a terminal sends these to CMD itself
		forward = append(forward, syscall.SIGINT, syscall.SIGQUIT)
	} else {
		signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGQUIT)
	}
	signal.Notify(signals, forward...)
	defer signal.Stop(signals)
	if err := ctx.Err(); err != nil {
		return exitSignal + int(syscall.SIGINT), nil
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			return exitNotFound, fmt.Errorf("%s: command not found", argv[0])
		}
		return exitCannotRun, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it has just ended when this fails
		case err := <-ended:
			exit, failed := errors.AsType[*exec.ExitError](err)
			switch {
			case err == nil:
				return 0, nil
			case !failed:
				return exitOwnFailure, err
			}
			if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
				return exitSignal + int(ws.Signal()), nil
			}
			return exit.ExitCode(), nil
		}
	}
}

// maxTold is how many of the Worker's last errors a failed exec shows.
const maxTold = 5

// An execLog keeps the emulator's log in a file, and the Worker's last errors at hand.
type execLog struct {
	*textReporter
	file *os.File

	mu     sync.Mutex
	errors []string
}

func newExecLog() (*execLog, error) {
	f, err := os.CreateTemp("", "cfemu-exec-*.log")
	if err != nil {
		return nil, err
	}
	return &execLog{textReporter: &textReporter{w: f, level: "info"}, file: f}, nil
}

func (l *execLog) Report(ev emulator.Event) {
	l.textReporter.Report(ev)
	if ev.Type != emulator.EventError && ev.Error == "" && (ev.Type != emulator.EventConsole || ev.Level != "error") {
		return
	}
	var b bytes.Buffer
	(&textReporter{w: &b, level: "info"}).Report(ev)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errors = append(l.errors, b.String())
	l.errors = l.errors[max(0, len(l.errors)-maxTold):]
}

// finish removes the log of a run that went well; of another it tells the end, and where it is.
func (l *execLog) finish(stderr io.Writer, err error) {
	l.file.Close() // a log: what could not be written is lost
	if err == nil {
		os.Remove(l.file.Name())
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errors) > 0 {
		fmt.Fprintf(stderr, "\ncfemu: the Worker's last errors:\n%s", strings.Join(l.errors, ""))
	}
	fmt.Fprintf(stderr, "cfemu: its log is in %s\n", l.file.Name())
}
