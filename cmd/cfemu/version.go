package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newVersion(p process) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  cfemu version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.stdout, "cfemu %s %s %s/%s\n", emulator.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
