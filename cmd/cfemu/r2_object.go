package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2Object(p process) *cobra.Command {
	object := &cobra.Command{
		Use: "object", Short: "Read and write objects",
		Example: "  cfemu r2 object put invoices/2026/1.pdf --file 1.pdf\n  cfemu r2 object get invoices/2026/1.pdf --pipe | less\n  cfemu r2 object list invoices/2026/",
	}
	object.AddCommand(newR2Get(p), newR2Put(p), newR2DeleteObject(p), newR2Objects(p))
	return object
}

// objectPath takes BUCKET/KEY apart.
func objectPath(arg string) (bucket, key string, err error) {
	bucket, key, ok := strings.Cut(arg, "/")
	if !ok || bucket == "" || key == "" {
		return "", "", wrongUse("%q must be a bucket and a key: BUCKET/KEY", arg)
	}
	return bucket, key, nil
}

func newR2Get(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	var file string
	var pipe bool
	c := &cobra.Command{
		Use: "get BUCKET/KEY", Short: "Fetch an object into a file, named as the key's last part unless --file names it",
		Example: "  cfemu r2 object get invoices/1.pdf\n  cfemu r2 object get invoices/1.pdf --pipe > 1.pdf", Args: cobra.ExactArgs(1),
	}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().StringVarP(&file, "file", "f", "", "write it to `FILE`")
	c.Flags().BoolVarP(&pipe, "pipe", "p", false, "write it to stdout")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if file != "" && pipe {
			return wrongUse("give --file or --pipe, not both")
		}
		var key string
		var err error
		if at.Name, key, err = objectPath(args[0]); err != nil {
			return err
		}
		if pipe {
			return client.GetObject(ctx, at, key, p.stdout)
		}
		if file == "" {
			if file = filepath.Base(key); strings.HasSuffix(key, "/") || file == ".." || file == "." {
				return wrongUse("the key %q ends with no file's name: give --file FILE or --pipe", key)
			}
		}
		if err := writeWhole(file, func(w io.Writer) error { return client.GetObject(ctx, at, key, w) }); err != nil {
			return err
		}
		p.note("Wrote %s.", file)
		return nil
	})
}

// writeWhole makes a file whole or not at all.
func writeWhole(file string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".cfemu-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

func newR2Put(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	var file string
	var pipe bool
	values := map[string]*string{}
	c := &cobra.Command{
		Use: "put BUCKET/KEY", Short: "Store an object",
		Example: "  cfemu r2 object put invoices/1.pdf --file 1.pdf --content-type application/pdf", Args: cobra.ExactArgs(1),
	}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().StringVarP(&file, "file", "f", "", "the object is the content of `FILE`")
	c.Flags().BoolVarP(&pipe, "pipe", "p", false, "the object is what comes on stdin")
	for _, f := range []struct{ name, short, header, use string }{
		{"content-type", "ct", "Content-Type", "the object's media type (`TYPE`)"},
		{"content-disposition", "cd", "Content-Disposition", "how browsers are to show it (`TEXT`)"},
		{"content-encoding", "ce", "Content-Encoding", "how its content is encoded (`NAME`)"},
		{"content-language", "cl", "Content-Language", "the language of its content (`NAME`)"},
		{"cache-control", "cc", "Cache-Control", "how long it may be kept (`TEXT`)"},
		{"expires", "", "Expires", "until when it may be kept (`DATE`)"},
		{"storage-class", "", "Cf-R2-Storage-Class", "Standard or InfrequentAccess (`CLASS`)"},
	} {
		value := new(string)
		values[f.header] = value
		if f.name == "storage-class" {
			c.Flags().StringVarP(value, f.name, "s", "", f.use)
		} else {
			c.Flags().StringVar(value, f.name, "", f.use)
		}
		if f.short != "" {
			c.Flags().StringVar(value, f.short, "", "")
			c.Flags().Lookup(f.short).Hidden = true
		}
	}
	c.Flags().BoolP("force", "y", false, "")
	c.Flags().Lookup("force").Hidden = true
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		var key string
		var err error
		if at.Name, key, err = objectPath(args[0]); err != nil {
			return err
		}
		if (file != "") == pipe {
			return wrongUse("give the object: --file FILE, or --pipe and it on stdin")
		}
		h := http.Header{}
		for header, value := range values {
			if *value != "" {
				h.Set(header, *value)
			}
		}
		body := p.stdin
		if file != "" {
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer f.Close() // only read
			body = f
		}
		if err := client.PutObject(ctx, at, key, body, h); err != nil {
			return err
		}
		p.note("Stored %s in the bucket %s.", key, at.Name)
		return nil
	})
}

func newR2DeleteObject(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	c := &cobra.Command{Use: "delete BUCKET/KEY", Short: "Delete an object", Example: "  cfemu r2 object delete invoices/1.pdf", Args: cobra.ExactArgs(1)}
	jurisdictionFlag(c, &at.Jurisdiction)
	c.Flags().BoolP("force", "y", false, "")
	c.Flags().Lookup("force").Hidden = true
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		var key string
		var err error
		if at.Name, key, err = objectPath(args[0]); err != nil {
			return err
		}
		if err := client.DeleteObject(ctx, at, key); err != nil {
			return err
		}
		p.note("Deleted %s of the bucket %s.", key, at.Name)
		return nil
	})
}

func newR2Objects(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var at emulator.BucketAt
	c := &cobra.Command{
		Use: "list BUCKET[/PREFIX]", Short: "List objects: size, time, key", Example: "  cfemu r2 object list invoices/2026/", Args: cobra.ExactArgs(1),
	}
	jurisdictionFlag(c, &at.Jurisdiction)
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		var prefix string
		at.Name, prefix, _ = strings.Cut(args[0], "/")
		return client.Objects(ctx, at, prefix, func(o emulator.ObjectRow) error {
			_, err := fmt.Fprintf(p.stdout, "%12d  %s  %s\n", o.Size, o.LastModified, o.Key)
			return err
		})
	})
}
