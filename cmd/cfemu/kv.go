package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newKV(p process) *cobra.Command {
	kv := &cobra.Command{
		Use:   "kv",
		Short: "Work with KV namespaces",
		Long: `Work with KV namespaces, by wrangler's verbs and flags. A running cfemu is asked; when none runs, the state
is opened by the command itself. A namespace is named by --binding or --namespace-id (a title will do); a project
with one namespace needs neither. --local and --remote mean the same here and may be left out.`,
		Example: `  cfemu kv key put user:1 "Ada" --ttl 3600
  cfemu kv key get user:1
  cfemu kv key list --prefix user:
  cfemu kv bulk put users.json --binding USERS`,
	}
	namespace := &cobra.Command{Use: "namespace", Short: "List, make, rename and delete namespaces", Example: "  cfemu kv namespace list"}
	namespace.AddCommand(newKVList(p), newKVCreate(p), newKVRename(p), newKVDelete(p))
	key := &cobra.Command{Use: "key", Short: "Read and write single keys", Example: "  cfemu kv key get user:1"}
	key.AddCommand(newKVPut(p), newKVGet(p), newKVKeys(p), newKVDeleteKey(p))
	bulk := &cobra.Command{Use: "bulk", Short: "Read and write many keys by JSON files", Example: "  cfemu kv bulk put users.json"}
	bulk.AddCommand(newKVBulkPut(p), newKVBulkGet(p), newKVBulkDelete(p))
	kv.AddCommand(namespace, key, bulk)
	return kv
}

// A kvVerb is a clientVerb on one namespace.
type kvVerb struct {
	clientVerb
	binding, id string
	preview     bool
}

func newKVVerb(p process) *kvVerb { return &kvVerb{clientVerb: clientVerb{process: p}} }

// command finishes a verb: do is called with the namespace that the flags name.
func (v *kvVerb) command(c *cobra.Command, do func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error) *cobra.Command {
	v.namespaceFlags(c)
	return v.clientVerb.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		ns, err := v.find(ctx, client)
		if err != nil {
			return err
		}
		return do(ctx, client, ns, args)
	})
}

// namespaceFlags adds the flags that name the namespace.
func (v *kvVerb) namespaceFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&v.binding, "binding", "", "the namespace, by the `NAME` of its binding")
	f.StringVar(&v.id, "namespace-id", "", "the namespace, by its `ID` or its title")
	f.BoolVar(&v.preview, "preview", false, "")
	f.Lookup("preview").Hidden = true // there is one namespace for a binding
}

func (v *kvVerb) find(ctx context.Context, client *emulator.Client) (*emulator.NamespaceRef, error) {
	switch {
	case v.binding != "" && v.id != "":
		return nil, wrongUse("give --binding or --namespace-id, not both")
	case v.binding != "":
		return client.FindNamespace(ctx, v.binding)
	case v.id != "":
		return client.FindNamespace(ctx, v.id)
	}
	if only := client.OnlyNamespace(); only != "" {
		return client.FindNamespace(ctx, only)
	}
	return nil, wrongUse("which namespace? Give --binding NAME or --namespace-id ID; `cfemu kv namespace list` lists them")
}

func newKVList(p process) *cobra.Command {
	v := &clientVerb{process: p}
	c := &cobra.Command{Use: "list", Short: "List the namespaces, as JSON", Example: "  cfemu kv namespace list", Args: cobra.NoArgs}
	return v.command(c, func(ctx context.Context, client *emulator.Client, _ []string) error {
		list, err := client.Namespaces(ctx)
		if err != nil {
			return err
		}
		if list == nil {
			list = []emulator.NamespaceRef{}
		}
		return writeValue(p, list)
	})
}

// writeValue writes a value as JSON.
func writeValue(p process, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeJSON(p.stdout, raw)
}

func newKVCreate(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var binding string
	c := &cobra.Command{
		Use: "create NAME", Short: "Make a namespace, and show what to put into the configuration",
		Example: "  cfemu kv namespace create users", Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&binding, "binding", "", "the `NAME` of the binding in what is shown")
	for _, name := range []string{"preview", "use-remote", "update-config"} {
		c.Flags().Bool(name, false, "")
		c.Flags().Lookup(name).Hidden = true
	}
	c.Flags().String("jurisdiction", "", "")
	c.Flags().Lookup("jurisdiction").Hidden = true
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		made, err := client.CreateNamespace(ctx, args[0])
		if err != nil {
			return err
		}
		if binding == "" {
			binding = bindingFor(made.Title)
		}
		fmt.Fprintf(p.stdout, "Created the namespace %s.\n\nTo reach it from your Worker, add to %s:\n\n", made.Title, client.ConfigName())
		fmt.Fprint(p.stdout, snippet(client.ConfigName(), "kv_namespaces", "binding", binding, "id", made.ID))
		return nil
	})
}

// snippet is an entry of a list of the configuration: names and values by turns.
func snippet(file, list string, pairs ...string) string {
	var b strings.Builder
	if strings.HasSuffix(file, ".toml") {
		fmt.Fprintf(&b, "[[%s]]\n", list)
		for i := 0; i < len(pairs); i += 2 {
			fmt.Fprintf(&b, "%s = %q\n", pairs[i], pairs[i+1])
		}
		return b.String()
	}
	fmt.Fprintf(&b, "{\n  %q: [\n    {\n", list)
	for i := 0; i < len(pairs); i += 2 {
		comma := ","
		if i+2 == len(pairs) {
			comma = ""
		}
		fmt.Fprintf(&b, "      %q: %q%s\n", pairs[i], pairs[i+1], comma)
	}
	b.WriteString("    }\n  ]\n}\n")
	return b.String()
}

func newKVRename(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var id, title string
	c := &cobra.Command{
		Use: "rename [NAME]", Short: "Give a namespace another name",
		Example: "  cfemu kv namespace rename users --new-name accounts", Args: cobra.MaximumNArgs(1),
	}
	c.Flags().StringVar(&id, "namespace-id", "", "the namespace, by its `ID`")
	c.Flags().StringVar(&title, "new-name", "", "the new `NAME`")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if title == "" {
			return wrongUse("give the new name: --new-name NAME")
		}
		if (id == "") == (len(args) == 0) {
			return wrongUse("give the namespace: its name, or --namespace-id ID")
		}
		if id == "" {
			id = args[0]
		}
		ns, err := client.FindNamespace(ctx, id)
		if err != nil {
			return err
		}
		if ns, err = client.RenameNamespace(ctx, ns.ID, title); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Renamed the namespace %s to %s.\n", ns.ID, ns.Title)
		return nil
	})
}

func newKVDelete(p process) *cobra.Command {
	v := newKVVerb(p)
	var yes bool
	c := &cobra.Command{
		Use: "delete [NAME]", Short: "Delete a namespace with all its keys",
		Example: "  cfemu kv namespace delete users -y", Args: cobra.MaximumNArgs(1),
	}
	c.Flags().BoolVarP(&yes, "skip-confirmation", "y", false, "do not ask")
	v.namespaceFlags(c)
	return v.clientVerb.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if len(args) > 0 {
			v.id = args[0]
		}
		ns, err := v.find(ctx, client)
		if err != nil {
			return err
		}
		if !yes {
			ok, err := p.confirmed(fmt.Sprintf("Delete the namespace %s with all its keys?", ns.Title), "-y")
			if err != nil || !ok {
				return err
			}
		}
		if err := client.DeleteNamespace(ctx, ns.ID); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Deleted the namespace %s (%s).\n", ns.Title, ns.ID)
		return nil
	})
}

// missing says that an API error is of something that is not there.
func missing(err error) bool {
	api, ok := errors.AsType[*emulator.APIError](err)
	return ok && api.Status == http.StatusNotFound
}
