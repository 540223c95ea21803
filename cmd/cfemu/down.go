package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

// stopTimeout is how long down waits for requests in flight before it kills.
const stopTimeout = 15 * time.Second

func newDown(p process) *cobra.Command {
	return &cobra.Command{
		Use:     "down [PROJECT]",
		Short:   "Stop the cfemu that serves a project",
		Long:    "Stop the cfemu that serves a project, wherever it was started, and wait until it has ended.",
		Example: "  cfemu down\n  cfemu down fixtures/invoices",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := projectDir(first(args))
			if err != nil {
				return err
			}
			run, err := emulator.FindRun(dir)
			if err != nil {
				return err
			}
			if err := stop(c.Context(), run.PID); err != nil {
				return err
			}
			fmt.Fprintf(p.stdout, "stopped (process %d)\n", run.PID)
			return nil
		},
	}
}

// stop ends a process, politely first.
func stop(ctx context.Context, pid int) error {
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	const pause = 5 * time.Millisecond
	for waited := time.Duration(0); ; waited += pause {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return nil
		}
		if waited >= stopTimeout {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("kill process %d: %w", pid, err)
			}
		}
		if err := clock.Sleep(ctx, clock.System, pause); err != nil {
			return err
		}
	}
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
