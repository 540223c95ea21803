package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2DevURL(p process) *cobra.Command {
	dev := &cobra.Command{
		Use:     "dev-url",
		Short:   "Show a bucket's objects to everybody, under its r2.dev name",
		Example: "  cfemu r2 bucket dev-url enable invoices\n  cfemu r2 bucket dev-url get invoices",
	}
	enabled, disabled := true, false
	dev.AddCommand(
		newR2DevURLVerb(p, "get", "Tell whether a bucket is public, and where", nil),
		newR2DevURLVerb(p, "enable", "Make a bucket public", &enabled),
		newR2DevURLVerb(p, "disable", "Make a bucket private", &disabled),
	)
	return dev
}

// newR2DevURLVerb is a verb that sets whether a bucket is public, unless set is nil, and tells what it is.
func newR2DevURLVerb(p process, verb, short string, set *bool) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     verb + " BUCKET",
		Short:   short,
		Example: "  cfemu r2 bucket dev-url " + verb + " invoices",
		Args:    cobra.ExactArgs(1),
	}
	if set != nil {
		v.asks(c)
		// Nothing is shown beyond this machine, and all can be undone: -y is wrangler's habit only.
		c.Flags().Lookup("force").Hidden = true
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		method, body := http.MethodGet, any(nil)
		if set != nil {
			method, body = http.MethodPut, map[string]bool{"enabled": *set}
		}
		raw, err := client.BucketSetting(ctx, method, bucket, "domains/managed", body)
		if err != nil {
			return err
		}
		var d struct {
			Domain  string
			Enabled bool
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		if !d.Enabled {
			fmt.Fprintln(p.stdout, "Public access via the r2.dev URL is disabled.")
			return nil
		}
		tellPublic(p, client, d.Domain)
		return nil
	})
}

// tellPublic tells where a public bucket is found.
func tellPublic(p process, client *emulator.Client, domain string) {
	at := client.PublicURL(domain)
	if at == "" {
		fmt.Fprintf(p.stdout, "Public access is enabled at '%s', which `cfemu up` serves.\n", domain)
		return
	}
	fmt.Fprintf(p.stdout, "Public access is enabled at '%s'.\n", at)
}
