package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

// Receipt: client/v4's limits
const (
	maxPairs   = 10_000 // written or deleted at once
	maxGetKeys = 100    // read at once
)

// readList reads a JSON file with a list; - is stdin.
func readList[T any](p process, file, form string) ([]T, error) {
	var b []byte
	var err error
	if file == "-" {
		b, err = io.ReadAll(p.stdin)
	} else {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var list []T
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%s must be a list in JSON, as %s: %w", file, form, err)
	}
	return list, nil
}

func newKVBulkPut(p process) *cobra.Command {
	v := newKVVerb(p)
	var all emulator.Pair
	var metadata string
	c := &cobra.Command{
		Use: "put FILE", Short: "Store the pairs of a JSON file",
		Long: `Store the pairs of a JSON file: a list of objects with "key" and "value", and where they are wanted "expiration",
"expiration_ttl", "metadata" and "base64". Ten thousand pairs at a time are stored all or none.`,
		Example: "  echo '[{\"key\": \"a\", \"value\": \"1\"}]' | cfemu kv bulk put -", Args: cobra.ExactArgs(1),
	}
	c.Flags().Int64Var(&all.ExpirationTTL, "ttl", 0, "let keys that say nothing of it vanish in `SECONDS`")
	c.Flags().Int64Var(&all.Expiration, "expiration", 0, "let keys that say nothing of it vanish at `TIME`, in Unix seconds")
	c.Flags().StringVar(&metadata, "metadata", "", "`JSON` that is kept beside values that say nothing of it")
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		if metadata != "" {
			if all.Metadata = json.RawMessage(metadata); !json.Valid(all.Metadata) {
				return wrongUse("--metadata %s is no JSON: a text needs its quotes, '\"text\"'", metadata)
			}
		}
		pairs, err := readList[emulator.Pair](p, args[0], `[{"key": "a", "value": "1"}]`)
		if err != nil {
			return err
		}
		for i := range pairs {
			if pairs[i].Expiration == 0 && pairs[i].ExpirationTTL == 0 {
				pairs[i].Expiration, pairs[i].ExpirationTTL = all.Expiration, all.ExpirationTTL
			}
			if pairs[i].Metadata == nil {
				pairs[i].Metadata = all.Metadata
			}
		}
		done := 0
		for some := range slices.Chunk(pairs, maxPairs) {
			if err := client.PutPairs(ctx, ns.ID, some); err != nil {
				return partly(err, done, "written")
			}
			done += len(some)
		}
		p.note("Wrote %d keys of the namespace %s.", done, ns.Title)
		return nil
	})
}

// partly says what had been done before an error.
func partly(err error, done int, what string) error {
	if done == 0 {
		return err
	}
	return fmt.Errorf("%w (the first %d keys are %s)", err, done, what)
}

// keysOf reads a list of keys: texts, or objects with a name, as the list of keys has them.
func keysOf(p process, file string) ([]string, error) {
	list, err := readList[json.RawMessage](p, file, `["a", "b"]`)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(list))
	for i, raw := range list {
		var named struct{ Name string }
		if json.Unmarshal(raw, &keys[i]) != nil {
			if err := json.Unmarshal(raw, &named); err != nil || named.Name == "" {
				return nil, fmt.Errorf("%s: entry %d is no key: write \"a\" or {\"name\": \"a\"}", file, i+1)
			}
			keys[i] = named.Name
		}
	}
	return keys, nil
}

func newKVBulkGet(p process) *cobra.Command {
	v := newKVVerb(p)
	c := &cobra.Command{
		Use: "get FILE", Short: "Read the values of the keys in a JSON file",
		Example: "  echo '[\"a\", \"b\"]' | cfemu kv bulk get -", Args: cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		keys, err := keysOf(p, args[0])
		if err != nil {
			return err
		}
		values := map[string]json.RawMessage{}
		for some := range slices.Chunk(keys, maxGetKeys) {
			got, err := client.GetKeys(ctx, ns.ID, some)
			if err != nil {
				return err
			}
			maps.Copy(values, got)
		}
		return writeValue(p, values)
	})
}

func newKVBulkDelete(p process) *cobra.Command {
	v := newKVVerb(p)
	var yes bool
	c := &cobra.Command{
		Use: "delete FILE", Short: "Delete the keys in a JSON file",
		Example: "  echo '[\"a\", \"b\"]' | cfemu kv bulk delete - --force", Args: cobra.ExactArgs(1),
	}
	c.Flags().BoolVarP(&yes, "force", "f", false, "do not ask")
	return v.command(c, func(ctx context.Context, client *emulator.Client, ns *emulator.NamespaceRef, args []string) error {
		keys, err := keysOf(p, args[0])
		if err != nil {
			return err
		}
		if !yes {
			ok, err := p.confirmed(fmt.Sprintf("Delete %d keys of the namespace %s?", len(keys), ns.Title), "--force")
			if err != nil || !ok {
				return err
			}
		}
		done := 0
		for some := range slices.Chunk(keys, maxPairs) {
			if err := client.DeleteKeys(ctx, ns.ID, some); err != nil {
				return partly(err, done, "deleted")
			}
			done += len(some)
		}
		p.note("Deleted %d keys of the namespace %s.", done, ns.Title)
		return nil
	})
}
