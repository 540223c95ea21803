package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"
)

func newReset(p process) *cobra.Command {
	var seed bool
	var project string
	c := &cobra.Command{
		Use:   "reset [PRODUCT...]",
		Short: "Empty the running emulator",
		Long: `Empty the running emulator: all of it, or the products named (d1, kv, r2, queues). D1 migrations
are applied again. Without PRODUCT, declared outbound answers are forgotten and the clock returns
to the machine's time.`,
		Example: "  cfemu reset\n  cfemu reset --seed\n  cfemu reset kv queues",
		RunE: func(c *cobra.Command, args []string) error {
			run, err := findRunning(p, project)
			if err != nil {
				return err
			}
			in := map[string]any{"products": args, "seed": seed}
			if err := call(c.Context(), run, "POST", "/reset", in, nil); err != nil {
				return err
			}
			fmt.Fprintln(p.stdout, "reset")
			return nil
		},
	}
	c.Flags().BoolVar(&seed, "seed", false, "load the seed again")
	c.Flags().StringVar(&project, "project", "", "the `PROJECT` whose cfemu is meant (default the current folder)")
	return c
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
