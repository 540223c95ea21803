package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newKVPut(p process) *cobra.Command {
	v := newKVVerb(p)
	var path string
	var o emulator.PutKey
	c := &cobra.Command{
		Use: "put KEY [VALUE]", Short: "Store a value, given or of a file",
		Example: "  cfemu kv key put greeting hello --ttl 3600\n  cfemu kv key put logo --path logo.png --metadata '{\"type\": \"image/png\"}'",
		Args:    cobra.RangeArgs(1, 2),
	}
	c.Flags().StringVar(&path, "path", "", "read the value from `FILE`; - for stdin")
	c.Flags().Int64Var(&o.TTL, "ttl", 0, "let the key vanish in `SECONDS`, 60 or more")
	c.Flags().Int64Var(&o.Expiration, "expiration", 0, "let the key vanish at `TIME`, in Unix seconds")
	c.Flags().StringVar(&o.Metadata, "metadata", "", "`JSON` that is kept beside the value")
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		if (len(args) == 2) == (path != "") {
			return wrongUse("give the value: VALUE, or --path FILE")
		}
		if o.Metadata != "" && !json.Valid([]byte(o.Metadata)) {
			return wrongUse("--metadata %s is no JSON: a text needs its quotes, '\"text\"'", o.Metadata)
		}
		value, done, err := p.valueOf(args[1:], path)
		if err != nil {
			return err
		}
		defer done()
		if err := client.PutKey(ctx, ns.ID, args[0], value, o); err != nil {
			return err
		}
		p.note("Wrote the key %q of the namespace %s.", args[0], ns.Title)
		return nil
	})
}

// valueOf is a value given as an argument, or in a file; - is stdin.
func (p process) valueOf(arg []string, path string) (value io.Reader, done func(), err error) {
	switch {
	case len(arg) > 0:
		return strings.NewReader(arg[0]), func() {}, nil
	case path == "-":
		return p.stdin, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil // only read
}

func newKVGet(p process) *cobra.Command {
	v := newKVVerb(p)
	var text bool
	c := &cobra.Command{
		Use: "get KEY", Short: "Write a value to stdout, byte by byte",
		Example: "  cfemu kv key get greeting\n  cfemu kv key get logo > logo.png", Args: cobra.ExactArgs(1),
	}
	c.Flags().BoolVar(&text, "text", false, "the value is text: end it with a line break, and show what is no UTF-8 as U+FFFD")
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		out := p.stdout
		var buffered bytes.Buffer
		if text {
			out = &buffered
		}
		err := client.GetKey(ctx, ns.ID, args[0], out)
		if missing(err) {
			return fmt.Errorf("the namespace %s has no key %q", ns.Title, args[0])
		}
		if err != nil || !text {
			return err
		}
		s := buffered.String()
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
		fmt.Fprintln(p.stdout, s)
		return nil
	})
}

func newKVKeys(p process) *cobra.Command {
	v := newKVVerb(p)
	var prefix string
	c := &cobra.Command{Use: "list", Short: "List the keys, as JSON", Example: "  cfemu kv key list --prefix user:", Args: cobra.NoArgs}
	c.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with `TEXT`")
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, _ []string) error {
		keys, err := client.Keys(ctx, ns.ID, prefix)
		if err != nil {
			return err
		}
		if keys == nil {
			keys = []json.RawMessage{}
		}
		return writeValue(p, keys)
	})
}

func newKVDeleteKey(p process) *cobra.Command {
	v := newKVVerb(p)
	c := &cobra.Command{Use: "delete KEY", Short: "Delete a key", Example: "  cfemu kv key delete greeting", Args: cobra.ExactArgs(1)}
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		if err := client.DeleteKey(ctx, ns.ID, args[0]); err != nil {
			return err
		}
		p.note("Deleted the key %q of the namespace %s.", args[0], ns.Title)
		return nil
	})
}
