package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

// newR2Buckets are the verbs for buckets themselves.
func newR2Buckets(p process) []*cobra.Command {
	update := &cobra.Command{Use: "update", Short: "Change a bucket", Example: "  cfemu r2 bucket update storage-class invoices -s InfrequentAccess"}
	update.AddCommand(newR2StorageClass(p))
	return []*cobra.Command{newR2Create(p), newR2List(p), newR2Info(p), newR2Delete(p), update}
}

// Receipt: wrangler 4.164.0, r2 bucket create --help
var (
	r2Locations      = []string{"weur", "eeur", "apac", "wnam", "enam", "oc"}
	r2StorageClasses = []string{"Standard", "InfrequentAccess"}
)

// jurisdictionFlag adds the flag that says where a bucket is.
func jurisdictionFlag(c *cobra.Command, at *string) {
	c.Flags().StringVarP(at, "jurisdiction", "J", "", "the jurisdiction of the bucket: eu or fedramp (`NAME`)")
}

func newR2Create(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	var class, location, binding string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a bucket, and show what to put into the configuration",
		Example: "  cfemu r2 bucket create invoices", Args: cobra.ExactArgs(1),
	}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().StringVarP(&class, "storage-class", "s", "", "of objects that are put without one: Standard or InfrequentAccess (`CLASS`)")
	c.Flags().StringVar(&location, "location", "", "a hint where production would put it: weur, eeur, apac, wnam, enam, oc (`REGION`)")
	c.Flags().StringVar(&binding, "binding", "", "the `NAME` of the binding in what is shown")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if err := oneOf("--storage-class", class, r2StorageClasses); err != nil {
			return err
		}
		if err := oneOf("--location", location, r2Locations); err != nil {
			return err
		}
		at.Name = args[0]
		made, err := client.CreateBucket(ctx, at, class, location)
		if err != nil {
			return err
		}
		if binding == "" {
			binding = bindingFor(made.Name)
		}
		pairs := []string{"binding", binding, "bucket_name", made.Name}
		if at.Jurisdiction != "" {
			pairs = append(pairs, "jurisdiction", at.Jurisdiction)
		}
		fmt.Fprintf(p.stdout, "Created the bucket %s with the storage class %s.\n\nTo reach it from your Worker, add to %s:\n\n", made.Name, made.StorageClass, client.ConfigName())
		fmt.Fprint(p.stdout, snippet(client.ConfigName(), "r2_buckets", pairs...))
		return nil
	})
}

func newR2List(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var jurisdiction string
	c := &cobra.Command{Use: "list", Short: "List the buckets", Example: "  cfemu r2 bucket list", Args: cobra.NoArgs}
	jurisdictionFlag(c, &jurisdiction)
	return v.command(c, func(ctx context.Context, client *emulator.Client, _ []string) error {
		list, err := client.Buckets(ctx, jurisdiction)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			p.note("There are no buckets: `cfemu r2 bucket create NAME` makes one.")
		}
		t := &table{head: []string{"name", "creation_date", "storage_class"}}
		for _, b := range list {
			t.rows = append(t.rows, []string{b.Name, b.Created, b.StorageClass})
		}
		return t.write(p.stdout)
	})
}

func newR2Info(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	var asJSON bool
	c := &cobra.Command{Use: "info BUCKET", Short: "Describe a bucket, with the number and the size of its objects", Example: "  cfemu r2 bucket info invoices", Args: cobra.ExactArgs(1)}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		at.Name = args[0]
		b, err := client.Bucket(ctx, at)
		if err != nil {
			return err
		}
		objects, bytes, err := client.BucketUsage(ctx, at)
		if err != nil {
			return err
		}
		info := struct {
			Name         string `json:"name"`
			Created      string `json:"created"`
			Location     string `json:"location"`
			StorageClass string `json:"default_storage_class"`
			Objects      string `json:"object_count"`
			Size         string `json:"bucket_size"`
		}{b.Name, b.Created, b.Location, b.StorageClass, strconv.FormatInt(objects, 10), strconv.FormatInt(bytes, 10) + " B"}
		if asJSON {
			return writeValue(p, info)
		}
		t := &table{head: []string{"name", info.Name}, rows: [][]string{
			{"created", info.Created}, {"location", info.Location}, {"default_storage_class", info.StorageClass}, {"object_count", info.Objects}, {"bucket_size", info.Size},
		}}
		return t.write(p.stdout)
	})
}

func newR2Delete(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	c := &cobra.Command{Use: "delete BUCKET", Short: "Delete a bucket, which must be empty", Example: "  cfemu r2 bucket delete invoices", Args: cobra.ExactArgs(1)}
	jurisdictionFlag(c, &at.Jurisdiction)
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		at.Name = args[0]
		if err := client.DeleteBucket(ctx, at); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Deleted the bucket %s.\n", at.Name)
		return nil
	})
}

func newR2StorageClass(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	var class string
	c := &cobra.Command{
		Use: "storage-class BUCKET", Short: "Change the class of objects that are put without one",
		Example: "  cfemu r2 bucket update storage-class invoices -s InfrequentAccess", Args: cobra.ExactArgs(1),
	}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().StringVarP(&class, "storage-class", "s", "", "Standard or InfrequentAccess (`CLASS`)")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if class == "" {
			return wrongUse("give the class: --storage-class Standard, or InfrequentAccess")
		}
		if err := oneOf("--storage-class", class, r2StorageClasses); err != nil {
			return err
		}
		at.Name = args[0]
		if err := client.SetStorageClass(ctx, at, class); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Objects that are put into %s without a storage class are %s now.\n", at.Name, class)
		return nil
	})
}
