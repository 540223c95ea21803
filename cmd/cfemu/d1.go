package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newD1(p process) *cobra.Command {
	d1 := &cobra.Command{
		Use:   "d1",
		Short: "Work with D1 databases",
		Long: `Work with D1 databases, by wrangler's verbs and flags. A running cfemu is asked; when none runs,
the state is opened by the command itself. A database is named by its binding, its name or its id;
--local and --remote mean the same here and may be left out.`,
		Example: `  cfemu d1 list
  cfemu d1 execute DB --command "SELECT * FROM invoices"
  cfemu d1 execute DB --file dump.sql
  cfemu d1 migrations apply DB`,
	}
	migrations := &cobra.Command{
		Use:     "migrations",
		Short:   "Make, list and apply migrations",
		Example: "  cfemu d1 migrations create DB \"add invoices\"\n  cfemu d1 migrations list\n  cfemu d1 migrations apply",
	}
	migrations.AddCommand(newMigrationsList(p), newMigrationsApply(p), newMigrationsCreate(p))
	travel := &cobra.Command{
		Use:     "time-travel",
		Short:   "See and bring back what a database was",
		Example: "  cfemu d1 time-travel info DB\n  cfemu d1 time-travel restore DB --timestamp 2026-01-31T12:00:00Z",
	}
	travel.AddCommand(newTimeTravelInfo(p), newTimeTravelRestore(p))
	d1.AddCommand(newD1List(p), newD1Create(p), newD1Info(p), newD1Delete(p), newD1Execute(p), newD1Import(p), newD1Export(p), migrations, travel)
	return d1
}

// A clientVerb is a command that asks the project's cfemu, or opens its state when none runs.
type clientVerb struct {
	process
	opts emulator.Options
}

// addFlags adds what these verbs have in common: which project, which state.
func (v *clientVerb) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&v.opts.Project, "config", "c", "", "the configuration `FILE` or project folder (default the current folder)")
	f.StringVarP(&v.opts.Env, "env", "e", "", "the environment `NAME` of the configuration (or CLOUDFLARE_ENV)")
	f.StringVar(&v.opts.State, "state", "", "the state is in `DIR` (default .cfemu/state in the project)")
}

// addHabits adds flags of wrangler that have but one meaning here.
func (v *clientVerb) addHabits(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.opts.State, "persist-to", "", "the same as --state `DIR`, by wrangler's name")
	f.Bool("local", false, "")
	f.Bool("remote", false, "")
	for _, name := range []string{"local", "remote"} {
		f.Lookup(name).Hidden = true
	}
}

// command finishes a verb: do is called with a client that is closed behind it.
func (v *clientVerb) command(c *cobra.Command, do func(ctx context.Context, client *emulator.Client, args []string) error) *cobra.Command {
	v.addFlags(c)
	v.addHabits(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return v.connected(c.Context(), func(client *emulator.Client) error { return do(c.Context(), client, args) })
	}
	return c
}

func (v *clientVerb) connected(ctx context.Context, do func(*emulator.Client) error) (err error) {
	v.opts.Getenv, v.opts.Environ = v.getenv, func() []string { return v.environ }
	client, err := emulator.Connect(ctx, v.opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return do(client)
}

// note tells something that is not the result. It goes to stderr: stdout may be read by a program.
func (p process) note(format string, args ...any) { fmt.Fprintf(p.stderr, format+"\n", args...) }

// confirmed asks on a terminal. Without one, the answer has to be given by a flag.
func (p process) confirmed(question, flag string) (bool, error) {
	if !isTerminal(p.stdin) || !isTerminal(p.stderr) {
		return false, &exitError{2, fmt.Errorf("nobody is here to be asked: give %s to go on without", flag)}
	}
	fmt.Fprintf(p.stderr, "%s (y/N) ", question)
	answer, err := readLine(p.stdin)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}

// readLine reads up to the end of a line and not further.
func readLine(r io.Reader) (string, error) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := r.Read(b)
		if n > 0 && b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), err
		}
	}
}

// wrongUse is a wrong call: exit code 2.
func wrongUse(format string, args ...any) error { return &exitError{2, fmt.Errorf(format, args...)} }
