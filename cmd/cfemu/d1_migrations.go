package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

const whichDatabase = " DATABASE is a binding, a name or an id; without it, all databases of the project."

func newMigrationsList(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var all bool
	c := &cobra.Command{
		Use:     "list [DATABASE]",
		Short:   "List the migrations that have not been applied",
		Long:    "List the migrations that have not been applied." + whichDatabase,
		Example: "  cfemu d1 migrations list\n  cfemu d1 migrations list DB --all",
		Args:    cobra.MaximumNArgs(1),
	}
	c.Flags().BoolVar(&all, "all", false, "list those that have been applied too")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		rows, err := client.Migrations(ctx, first(args), false)
		if err != nil {
			return err
		}
		if all {
			return p.showMigrations(rows, "Migrations of %s:", true)
		}
		return p.showMigrations(pending(rows), "Migrations to be applied to %s:", false)
	})
}

func newMigrationsApply(p process) *cobra.Command {
	v := &clientVerb{process: p}
	c := &cobra.Command{
		Use:     "apply [DATABASE]",
		Short:   "Apply the migrations that have not been applied",
		Long:    "Apply the migrations that have not been applied. One that fails is rolled back whole, and those behind it stay pending." + whichDatabase,
		Example: "  cfemu d1 migrations apply\n  cfemu d1 migrations apply DB",
		Args:    cobra.MaximumNArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		before, err := client.Migrations(ctx, first(args), false)
		if err != nil {
			return err
		}
		if len(pending(before)) == 0 {
			return p.showMigrations(nil, "", false)
		}
		after, err := client.Migrations(ctx, first(args), true)
		var news []emulator.MigrationStatus
		for i, m := range after { // the same files in the same order, unless one was added just now
			if i >= len(before) || !before[i].Applied {
				news = append(news, m)
			}
		}
		if failed, ok := errors.AsType[*emulator.MigrationError](err); ok {
			if _, placed := errors.AsType[*emulator.PlacedError](failed); placed {
				err = placeInFile(failed.File, filepath.Join(client.Project(), failed.File), failed)
			}
		}
		return errors.Join(p.showMigrations(news, "Migrations of %s:", true), err)
	})
}

func pending(rows []emulator.MigrationStatus) []emulator.MigrationStatus {
	var out []emulator.MigrationStatus
	for _, r := range rows {
		if !r.Applied {
			out = append(out, r)
		}
	}
	return out
}

// showMigrations draws a table for each database.
func (p process) showMigrations(rows []emulator.MigrationStatus, title string, status bool) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(p.stdout, "No migrations to apply!")
		return err
	}
	for len(rows) > 0 {
		database := rows[0].Database
		t := &table{head: []string{"Name"}}
		if status {
			t.head = []string{"Name", "Status"}
		}
		for len(rows) > 0 && rows[0].Database == database {
			state := "pending"
			if rows[0].Applied {
				state = "applied"
			}
			t.add(rows[0].Name, state)
			rows = rows[1:]
		}
		fmt.Fprintf(p.stdout, title+"\n", database)
		if err := t.write(p.stdout); err != nil {
			return err
		}
	}
	return nil
}

func newMigrationsCreate(p process) *cobra.Command {
	v := &clientVerb{process: p}
	c := &cobra.Command{
		Use:     "create DATABASE MESSAGE",
		Short:   "Make the next migration file, to be filled with SQL",
		Example: "  cfemu d1 migrations create DB \"add invoices\"",
		Args:    cobra.ExactArgs(2),
	}
	v.addFlags(c)
	v.addHabits(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		v.opts.Getenv = p.getenv
		path, err := emulator.NewMigration(v.opts, args[0], args[1])
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Created the migration %s\n", path)
		return nil
	}
	return c
}
