package main

import "github.com/spf13/cobra"

func newR2(p process) *cobra.Command {
	r2 := &cobra.Command{
		Use:   "r2",
		Short: "Work with R2 buckets",
		Long: `Work with R2 buckets, by wrangler's verbs and flags. A running cfemu is asked; when none runs, the state
is opened by the command itself. A bucket is named by its name or its binding; --local and --remote mean the same
here and may be left out.`,
		Example: "  cfemu r2 bucket list\n  cfemu r2 object put invoices/1.pdf --file 1.pdf\n  cfemu r2 bucket dev-url enable invoices",
	}
	bucket := &cobra.Command{
		Use:     "bucket",
		Short:   "Make, describe and delete buckets, and change what they have beside their objects",
		Example: "  cfemu r2 bucket lifecycle list invoices",
	}
	bucket.AddCommand(newR2Buckets(p)...)
	bucket.AddCommand(newR2BucketSettings(p)...)
	r2.AddCommand(bucket, newR2Object(p))
	return r2
}
