package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newImport(p process) *cobra.Command {
	c := &cobra.Command{
		Use:     "import",
		Short:   "Take over data from elsewhere",
		Example: "  cfemu import wrangler",
	}
	c.AddCommand(newImportWrangler(p))
	return c
}

func newImportWrangler(p process) *cobra.Command {
	v := &clientVerb{process: p}
	i := &wranglerImport{process: p}
	c := &cobra.Command{
		Use:   "wrangler [PROJECT]",
		Short: "Take over what wrangler dev has stored for a project",
		Long: `Take over what wrangler dev has stored for a project in .wrangler/state: the D1 databases that the
configuration names. wrangler's files are only read, and wrangler dev may be running. Each database
is replaced in one transaction; one that has rows already is left alone without --force.`,
		Example: `  cfemu import wrangler --dry-run
  cfemu import wrangler
  cfemu import wrangler --from ../shared-state --force`,
		Args: cobra.MaximumNArgs(1),
	}
	v.addFlags(c)
	c.Flags().StringVar(&i.from, "from", "", "wrangler's data is in `DIR` (default .wrangler/state in the project)")
	c.Flags().StringVar(&i.from, "persist-to", "", "the same as --from `DIR`, by wrangler's name")
	c.Flags().BoolVar(&i.force, "force", false, "replace databases that have rows, too")
	c.Flags().BoolVar(&i.dryRun, "dry-run", false, "show what would happen, and change nothing")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			if v.opts.Project != "" {
				return wrongUse("give PROJECT or --config, not both")
			}
			v.opts.Project = args[0]
		}
		return v.connected(c.Context(), func(client *emulator.Client) error { return i.run(c.Context(), client) })
	}
	return c
}

// A wranglerImport takes over what wrangler stored.
type wranglerImport struct {
	process
	from          string
	force, dryRun bool
}

func (i *wranglerImport) run(ctx context.Context, client *emulator.Client) error {
	found, err := client.WranglerState(i.from)
	if err != nil {
		return err
	}
	fmt.Fprintf(i.stdout, "wrangler's data: %s\n", found.Dir)
	kept := 0
	var errs []error
	for _, db := range found.Databases {
		done, err := client.ImportDatabase(ctx, db, i.force, i.dryRun)
		if full, ok := errors.AsType[*emulator.HasRowsError](err); ok {
			kept++
			fmt.Fprintf(i.stdout, "%s: left alone: %s\n", db.Binding, full.Message)
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s (%s): %w. The database was not changed", db.Binding, db.File, err))
			continue
		}
		i.show(db.Binding, client.DatabaseName(db), done)
	}
	for _, binding := range found.Missing {
		fmt.Fprintf(i.stdout, "%s: wrangler has stored nothing for it\n", binding)
	}
	for _, file := range found.Unclaimed {
		fmt.Fprintf(i.stdout, "left: %s, which no D1 binding of %s means\n", file, client.ConfigName())
	}
	if len(found.Left) > 0 {
		fmt.Fprintf(i.stdout, "left: %s, which cfemu does not import yet\n", strings.Join(found.Left, ", "))
	}
	if kept > 0 {
		errs = append(errs, fmt.Errorf("%s left alone, for the rows that would be lost: give --force to replace them", plural(kept, "database")))
	}
	return errors.Join(errs...)
}

func (i *wranglerImport) show(binding, name string, done *emulator.Replaced) {
	verb := "imported into"
	if i.dryRun {
		verb = "would be imported into"
	}
	var rows int64
	tables := make([]string, len(done.Tables))
	for n, t := range done.Tables {
		rows += t.Rows
		tables[n] = fmt.Sprintf("%s %d", t.Name, t.Rows)
	}
	line := fmt.Sprintf("%s: %s %s: %s, %s", binding, verb, name, plural(len(tables), "table"), plural(int(rows), "row"))
	if len(tables) > 0 {
		line += " (" + strings.Join(tables, ", ") + ")"
	}
	fmt.Fprintln(i.stdout, line)
	for _, what := range done.Left {
		fmt.Fprintf(i.stdout, "%s: left: %s\n", binding, what)
	}
}
