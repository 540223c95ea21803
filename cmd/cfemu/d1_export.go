package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newD1Export(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var dump emulator.Dump
	var output string
	c := &cobra.Command{
		Use:   "export DATABASE",
		Short: "Write a database as SQL",
		Example: `  cfemu d1 export DB --output dump.sql
  cfemu d1 export DB --output - --table invoices --no-data`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&output, "output", "", "write to `FILE`; - is the standard output")
	c.Flags().StringArrayVar(&dump.Tables, "table", nil, "write the table `NAME` only (repeatable)")
	c.Flags().BoolVar(&dump.NoSchema, "no-schema", false, "leave out the schema")
	c.Flags().BoolVar(&dump.NoData, "no-data", false, "leave out the rows")
	c.Flags().StringVar(&dump.Compatibility, "compatibility", "", "the `FORM` of the dump: d1, or sqlite3_cli_only for the sqlite3 shell")
	c.Flags().BoolP("skip-confirmation", "y", false, "nothing is asked; the flag is wrangler's")
	v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		db, err := client.FindDatabase(ctx, args[0])
		if err != nil {
			return err
		}
		tell := func(s string) { p.note("%s", s) }
		if output == "-" {
			return client.Export(ctx, db.ID, dump, p.stdout, func(string) {})
		}
		err = writeFile(output, func(w io.Writer) error { return client.Export(ctx, db.ID, dump, w, tell) })
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Exported %s to %s.\n", db.Name, output)
		return nil
	})
	inner := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case output == "":
			return wrongUse("give --output FILE, or --output - for the standard output")
		case dump.NoSchema && dump.NoData:
			return wrongUse("--no-schema and --no-data together leave nothing to export")
		}
		if err := oneOf("--compatibility", dump.Compatibility, []string{"d1", "sqlite3_cli_only"}); err != nil {
			return err
		}
		if info, err := os.Stat(output); err == nil && info.IsDir() {
			return wrongUse("--output %s is a folder: name a file", output)
		}
		return inner(c, args)
	}
	return c
}

// writeFile writes a file that is whole or not there: what it had before stays when write fails. What
// is no regular file, such as /dev/stdout, is written to as it is.
func writeFile(name string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".tmp-*")
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Chmod(0o644), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), name)
}
