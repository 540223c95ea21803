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
		Long: `Take over what wrangler dev has stored for a project in .wrangler/state: the D1 databases, KV namespaces
and R2 buckets that the configuration names. wrangler's files are only read, and wrangler dev may be
running. Each is replaced in one change; one that has data already is left alone without --force.`,
		Example: `  cfemu import wrangler --dry-run
  cfemu import wrangler
  cfemu import wrangler --from ../shared-state --force`,
		Args: cobra.MaximumNArgs(1),
	}
	v.addFlags(c)
	c.Flags().StringVar(&i.from, "from", "", "wrangler's data is in `DIR` (default .wrangler/state in the project)")
	c.Flags().StringVar(&i.from, "persist-to", "", "the same as --from `DIR`, by wrangler's name")
	c.Flags().BoolVar(&i.force, "force", false, "replace what has data already, too")
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

	kept int // bindings that were left alone
	errs []error
}

func (i *wranglerImport) run(ctx context.Context, client *emulator.Client) error {
	found, err := client.WranglerState(i.from)
	if err != nil {
		return err
	}
	fmt.Fprintf(i.stdout, "wrangler's data: %s\n", found.Dir)
	for _, db := range found.Databases {
		done, err := client.ImportDatabase(ctx, db, i.force, i.dryRun)
		if i.done(db.Binding, db.File, err) {
			i.show(db.Binding, client.DatabaseName(db), done)
		}
	}
	for _, ns := range found.Namespaces {
		done, err := client.ImportNamespace(ctx, ns, i.force, i.dryRun)
		if i.done(ns.Binding, ns.File, err) {
			i.showKeys(ns, done)
		}
	}
	for _, bucket := range found.Buckets {
		done, left, err := client.ImportBucket(ctx, bucket, i.force, i.dryRun)
		if i.done(bucket.Binding, bucket.File, err) {
			i.showObjects(bucket, done, left)
		}
	}
	i.showLeft(found, client.ConfigName())
	if i.kept > 0 {
		i.errs = append(i.errs, fmt.Errorf("%s left alone, for the data that would be lost: give --force to replace it", plural(i.kept, "binding")))
	}
	return errors.Join(i.errs...)
}

// done reports whether an import succeeded, and notes it when not.
func (i *wranglerImport) done(binding, file string, err error) bool {
	if full, ok := errors.AsType[*emulator.HasDataError](err); ok {
		i.kept++
		fmt.Fprintf(i.stdout, "%s: left alone: %s\n", binding, full.Message)
		return false
	}
	if err != nil {
		i.errs = append(i.errs, fmt.Errorf("%s (%s): %w. What %s had before was not changed", binding, file, err, binding))
	}
	return err == nil
}

// showLeft names all that is not taken over.
func (i *wranglerImport) showLeft(found *emulator.WranglerState, config string) {
	for _, binding := range found.Missing {
		fmt.Fprintf(i.stdout, "%s: wrangler has stored nothing for it\n", binding)
	}
	for _, u := range found.Unclaimed {
		fmt.Fprintf(i.stdout, "left: %s, which no %s binding of %s means\n", u.File, u.Product, config)
	}
	for _, folder := range found.Old {
		fmt.Fprintf(i.stdout, "left: %s, which is of an older wrangler, in a layout that cfemu does not read\n", folder)
	}
	if len(found.Left) > 0 {
		fmt.Fprintf(i.stdout, "left: %s, which cfemu does not import yet\n", strings.Join(found.Left, ", "))
	}
}

func (i *wranglerImport) verb() string {
	if i.dryRun {
		return "would be imported into"
	}
	return "imported into"
}

func (i *wranglerImport) showKeys(ns emulator.WranglerStore, done *emulator.ReplacedNamespace) {
	line := fmt.Sprintf("%s: %s %s: %s, %s", ns.Binding, i.verb(), ns.Name, plural(done.Keys, "key"), plural(int(done.Bytes), "byte"))
	if done.Expired > 0 {
		line += fmt.Sprintf("; left: %s that had expired", plural(done.Expired, "key"))
	}
	fmt.Fprintln(i.stdout, line)
}

func (i *wranglerImport) showObjects(bucket emulator.WranglerStore, done *emulator.ReplacedBucket, left []string) {
	fmt.Fprintf(i.stdout, "%s: %s %s: %s, %s\n", bucket.Binding, i.verb(), bucket.Name, plural(done.Objects, "object"), plural(int(done.Bytes), "byte"))
	for _, key := range left {
		fmt.Fprintf(i.stdout, "%s: left: an unfinished upload of %s\n", bucket.Binding, key)
	}
}

func (i *wranglerImport) show(binding, name string, done *emulator.Replaced) {
	var rows int64
	tables := make([]string, len(done.Tables))
	for n, t := range done.Tables {
		rows += t.Rows
		tables[n] = fmt.Sprintf("%s %d", t.Name, t.Rows)
	}
	line := fmt.Sprintf("%s: %s %s: %s, %s", binding, i.verb(), name, plural(len(tables), "table"), plural(int(rows), "row"))
	if len(tables) > 0 {
		line += " (" + strings.Join(tables, ", ") + ")"
	}
	fmt.Fprintln(i.stdout, line)
	for _, what := range done.Left {
		fmt.Fprintf(i.stdout, "%s: left: %s\n", binding, what)
	}
}
