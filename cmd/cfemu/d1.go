package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newD1(p process) *cobra.Command {
	d1 := &cobra.Command{
		Use:     "d1",
		Short:   "Work with D1 databases",
		Example: "  cfemu d1 migrations list\n  cfemu d1 migrations apply",
	}
	m := &cobra.Command{
		Use:     "migrations",
		Short:   "List and apply the project's migrations",
		Example: "  cfemu d1 migrations list\n  cfemu d1 migrations apply invoice_db",
	}
	m.AddCommand(newMigrations(p, "list", "List migrations and whether they are applied", false),
		newMigrations(p, "apply", "Apply pending migrations to the running cfemu", true))
	d1.AddCommand(m)
	return d1
}

func newMigrations(p process, verb, short string, apply bool) *cobra.Command {
	var o emulator.Options
	c := &cobra.Command{
		Use:     verb + " [DATABASE]",
		Short:   short,
		Long:    short + ". DATABASE is a binding or a name; without it, all databases of the project.",
		Example: "  cfemu d1 migrations " + verb + "\n  cfemu d1 migrations " + verb + " invoice_db",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Getenv = p.getenv
			run, err := findRunning(p, o.Project)
			if err != nil {
				return err
			}
			m, err := emulator.NewMigrator(o, run)
			if err != nil {
				return err
			}
			rows, err := m.Migrations(c.Context(), first(args), apply)
			tw := tabwriter.NewWriter(p.stdout, 2, 0, 2, ' ', 0)
			for _, r := range rows {
				state := "pending"
				if r.Applied {
					state = "applied"
				}
				fmt.Fprintf(tw, "%s\t%s\t%s\n", r.Database, r.File, state)
			}
			tw.Flush()
			if err == nil && len(rows) == 0 {
				fmt.Fprintln(p.stdout, "no migrations")
			}
			return err
		},
	}
	c.Flags().StringVarP(&o.Project, "config", "c", "", "the configuration `FILE` or project folder (default the current folder)")
	c.Flags().StringVarP(&o.Env, "env", "e", "", "the environment `NAME` of the configuration")
	return c
}
