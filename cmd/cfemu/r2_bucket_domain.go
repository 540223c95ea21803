package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2Domain(p process) *cobra.Command {
	domain := &cobra.Command{
		Use:   "domain",
		Short: "Show a bucket's objects to everybody, under a name of your own",
		Example: `  cfemu r2 bucket domain add invoices --domain files.example.com --zone-id any
  cfemu r2 bucket domain list invoices`,
	}
	domain.AddCommand(newR2DomainList(p), newR2DomainGet(p), newR2DomainAdd(p), newR2DomainUpdate(p), newR2DomainRemove(p))
	return domain
}

type customDomain struct {
	Domain   string
	Enabled  bool
	MinTLS   string
	ZoneID   string
	ZoneName string
	Status   struct{ Ownership, SSL string }
}

// block describes a domain, and where it is found on this machine.
func (d customDomain) block(client *emulator.Client) [][2]string {
	return [][2]string{
		{"domain", d.Domain}, {"enabled", yesNo(d.Enabled)}, {"ownership_status", d.Status.Ownership}, {"ssl_status", d.Status.SSL},
		{"min_tls_version", orNone(d.MinTLS, "1.0")}, {"zone_id", orNone(d.ZoneID, "(none)")}, {"zone_name", orNone(d.ZoneName, "(none)")},
		{"served_at", orNone(client.PublicURL(d.Domain), "(by `cfemu up`)")},
	}
}

func newR2DomainList(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "list BUCKET",
		Short:   "List the custom domains of a bucket",
		Example: "  cfemu r2 bucket domain list invoices",
		Args:    cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		raw, err := client.BucketSetting(ctx, http.MethodGet, bucket, "domains/custom", nil)
		if err != nil {
			return err
		}
		var all struct{ Domains []customDomain }
		if err := json.Unmarshal(raw, &all); err != nil {
			return err
		}
		if len(all.Domains) == 0 {
			p.note("The bucket %s has no custom domains: `cfemu r2 bucket domain add` adds one.", bucket)
		}
		var blocks [][][2]string
		for _, d := range all.Domains {
			blocks = append(blocks, d.block(client))
		}
		return labelled(p.stdout, blocks)
	})
}

// onDomain finishes a verb about one domain.
func (v *settingVerb) onDomain(c *cobra.Command, name *string, do func(ctx context.Context, client *emulator.Client, bucket string) error) *cobra.Command {
	c.Flags().StringVar(name, "domain", "", "the `NAME` of the domain")
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		if *name == "" {
			return wrongUse("give --domain, the name of the domain")
		}
		return do(ctx, client, bucket)
	})
}

func customPath(domain string) string { return "domains/custom/" + url.PathEscape(domain) }

func newR2DomainGet(p process) *cobra.Command {
	v := newSettingVerb(p)
	var name string
	c := &cobra.Command{
		Use:     "get BUCKET",
		Short:   "Describe a custom domain of a bucket",
		Example: "  cfemu r2 bucket domain get invoices --domain files.example.com",
		Args:    cobra.ExactArgs(1),
	}
	return v.onDomain(c, &name, func(ctx context.Context, client *emulator.Client, bucket string) error {
		raw, err := client.BucketSetting(ctx, http.MethodGet, bucket, customPath(name), nil)
		if err != nil {
			return err
		}
		var d customDomain
		if err := json.Unmarshal(raw, &d); err != nil {
			return err
		}
		return labelled(p.stdout, [][][2]string{d.block(client)})
	})
}

// Receipt: wrangler 4.164.0, r2 bucket domain add --help
var tlsVersions = []string{"1.0", "1.1", "1.2", "1.3"}

func newR2DomainAdd(p process) *cobra.Command {
	v := newSettingVerb(p)
	in := struct {
		Domain  string `json:"domain"`
		ZoneID  string `json:"zoneId"`
		MinTLS  string `json:"minTLS"`
		Enabled bool   `json:"enabled"`
	}{Enabled: true}
	c := &cobra.Command{
		Use:     "add BUCKET",
		Short:   "Attach a custom domain to a bucket",
		Example: "  cfemu r2 bucket domain add invoices --domain files.example.com --zone-id any",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&in.ZoneID, "zone-id", "", "the `ID` of its zone; here any will do")
	c.Flags().StringVar(&in.MinTLS, "min-tls", "1.0", "the least `VERSION` of TLS: 1.0, 1.1, 1.2, 1.3")
	v.asks(c)
	c.Flags().Lookup("force").Hidden = true // as for dev-url
	return v.onDomain(c, &in.Domain, func(ctx context.Context, client *emulator.Client, bucket string) error {
		if err := oneOf("--min-tls", in.MinTLS, tlsVersions); err != nil {
			return err
		}
		if _, err := client.BucketSetting(ctx, http.MethodPost, bucket, "domains/custom", in); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Attached the domain '%s' to bucket '%s'.\n", in.Domain, bucket)
		tellPublic(p, client, in.Domain)
		return nil
	})
}

func newR2DomainUpdate(p process) *cobra.Command {
	v := newSettingVerb(p)
	var name, minTLS string
	c := &cobra.Command{
		Use:     "update BUCKET",
		Short:   "Change a custom domain of a bucket",
		Example: "  cfemu r2 bucket domain update invoices --domain files.example.com --min-tls 1.2",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&minTLS, "min-tls", "", "the least `VERSION` of TLS: 1.0, 1.1, 1.2, 1.3")
	return v.onDomain(c, &name, func(ctx context.Context, client *emulator.Client, bucket string) error {
		if minTLS == "" {
			return wrongUse("nothing to change: give --min-tls")
		}
		if err := oneOf("--min-tls", minTLS, tlsVersions); err != nil {
			return err
		}
		if _, err := client.BucketSetting(ctx, http.MethodPut, bucket, customPath(name), map[string]string{"minTLS": minTLS}); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Changed the domain '%s' of bucket '%s'.\n", name, bucket)
		return nil
	})
}

func newR2DomainRemove(p process) *cobra.Command {
	v := newSettingVerb(p)
	var name string
	c := &cobra.Command{
		Use:     "remove BUCKET",
		Short:   "Detach a custom domain from a bucket",
		Example: "  cfemu r2 bucket domain remove invoices --domain files.example.com",
		Args:    cobra.ExactArgs(1),
	}
	v.asks(c)
	c.Flags().Lookup("force").Hidden = true // as for dev-url
	return v.onDomain(c, &name, func(ctx context.Context, client *emulator.Client, bucket string) error {
		if _, err := client.BucketSetting(ctx, http.MethodDelete, bucket, customPath(name), nil); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Detached the domain '%s' from bucket '%s'.\n", name, bucket)
		return nil
	})
}
