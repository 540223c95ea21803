package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newStatus(p process) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status [PROJECT]",
		Short:   "Show what runs for a project, and where",
		Long:    "Show the running cfemu of a project: its doors, its bindings, what waits in its queues. Exits with 1 when none runs.",
		Example: "  cfemu status\n  cfemu status --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			run, err := findRunning(p, first(args))
			if errors.Is(err, emulator.ErrNotRunning) && asJSON {
				fmt.Fprintln(p.stdout, `{"running":false}`)
				return &exitError{1, nil}
			}
			if err != nil {
				return err
			}
			var s emulator.Status
			if err := call(c.Context(), run, "GET", "/status", nil, &s); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(p.stdout).Encode(struct {
					Running bool `json:"running"`
					PID     int  `json:"pid,omitempty"`
					emulator.Status
				}{true, run.PID, s})
			}
			showStatus(p, run, &s)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func showStatus(p process, run *emulator.Run, s *emulator.Status) {
	tw := tabwriter.NewWriter(p.stdout, 2, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "Worker\t%s (version %d since start)\n", s.Worker.Name, s.Worker.Version)
	if s.Worker.Error != "" {
		fmt.Fprintf(tw, "Error\t%s\n", s.Worker.Error)
	}
	fmt.Fprintf(tw, "URL\t%s\nControl\t%s\nS3\t%s\nState\t%s\n", s.URLs.Worker, s.URLs.Control, s.URLs.S3, s.State)
	if run.PID != 0 {
		fmt.Fprintf(tw, "Process\t%d\n", run.PID)
	}
	tw.Flush()
	if len(s.Resources) > 0 {
		fmt.Fprintln(tw, "\nBinding\tProduct\tResource\tStored in")
		for _, r := range s.Resources {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.Binding, r.Product, r.Name, r.Where)
		}
		tw.Flush()
	}
	if len(s.Queues) > 0 {
		fmt.Fprintln(tw, "\nQueue\tWaiting\tIn flight\tConsumer")
		for _, name := range sorted(s.Queues) {
			q := s.Queues[name]
			consumer := "none"
			if q.Consumer {
				consumer = s.Worker.Name
			}
			fmt.Fprintf(tw, "%s\t%d\t%d\t%s\n", name, q.Backlog-q.InFlight, q.InFlight, consumer)
		}
		tw.Flush()
	}
}
