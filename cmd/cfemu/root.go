package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// An exitError ends the command with a code of its own. A nil Err says nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// run executes the command line and returns the exit code: 0, 1 for an error, 2 for a wrong call.
func run(ctx context.Context, p process) int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok {
		exit = &exitError{1, err}
	}
	if exit.err != nil {
		fmt.Fprintf(p.stderr, "cfemu: %v\n", exit.err)
	}
	return exit.code
}

func newRoot(p process) *cobra.Command {
	root := &cobra.Command{
		Use:   "cfemu",
		Short: "The Cloudflare developer platform on one machine, offline",
		Long: `cfemu runs a Worker with its D1 databases, R2 buckets, KV namespaces, queues and AI
on this machine: offline, without an account, without Node. It reads wrangler.jsonc,
wrangler.json or wrangler.toml as they are.`,
		Example: `  cfemu up                              serve the project in this folder
  cfemu exec -- npm test                run tests against a fresh emulator
  cfemu status                          what runs, and where`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &exitError{2, fmt.Errorf("%w\nSee `%s --help`", err, c.CommandPath())}
	})
	root.AddCommand(newUp(p), newExec(p), newDown(p), newStatus(p), newEnv(p), newReset(p), newD1(p), newKV(p), newR2(p), newImport(p), newVersion(p))
	for _, c := range root.Commands() {
		wrongCall(c)
	}
	return root
}

// wrongCall makes wrong arguments exit with 2, and point to the help.
func wrongCall(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &exitError{2, fmt.Errorf("%w\nSee `%s --help`", err, c.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrongCall(sub)
	}
}

// parseVars understands --var K:V, as wrangler writes it.
func parseVars(pairs []string) (map[string]string, error) {
	vars := map[string]string{}
	for _, p := range pairs {
		k, v, ok := strings.Cut(p, ":")
		if !ok || k == "" {
			return nil, &exitError{2, fmt.Errorf("--var %q: write it as --var NAME:VALUE", p)}
		}
		vars[k] = v
	}
	return vars, nil
}
