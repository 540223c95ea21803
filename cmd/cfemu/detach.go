package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// upDetached starts `cfemu up` in a session of its own, with its output in .cfemu/cfemu.log. With
// wait it returns when the first request will succeed, or with the log when it never will.
func upDetached(ctx context.Context, p process, o emulator.Options, wait bool) error {
	dir, err := projectDir(o.Project)
	if err != nil {
		return err
	}
	if run, err := emulator.FindRun(dir); err == nil {
		return fmt.Errorf("cfemu serves this project already, on %s (process %d): `cfemu down` stops it", run.WorkerURL, run.PID)
	}
	logName, err := emulator.LogFile(dir)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(logName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := slices.DeleteFunc(slices.Clone(p.args), func(a string) bool {
		return a == "-d" || a == "--detach" || a == "--detach=true" || a == "--wait" || a == "--wait=true"
	})
	cmd := exec.Command(self, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if !wait {
		fmt.Fprintf(p.stdout, "starting in the background (process %d); its log is in %s\n", cmd.Process.Pid, relativeTo(logName))
		return nil
	}
	return awaitReady(ctx, p, dir, logName, cmd.Process.Pid, ended)
}

// awaitReady polls for the announcement of process pid.
func awaitReady(ctx context.Context, p process, dir, logName string, pid int, ended <-chan error) error {
	for {
		if run, err := emulator.FindRun(dir); err == nil && run.PID == pid {
			fmt.Fprintf(p.stdout, "Ready on %s (process %d; its log is in %s)\n", run.WorkerURL, pid, relativeTo(logName))
			return nil
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(logName)
			return fmt.Errorf("it did not start:\n%s", text)
		default:
		}
		if err := clock.Sleep(ctx, clock.System, 5*time.Millisecond); err != nil {
			return fmt.Errorf("stopped waiting; process %d goes on", pid)
		}
	}
}

func relativeTo(name string) string {
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	if rel, err := filepath.Rel(wd, name); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return name
}
