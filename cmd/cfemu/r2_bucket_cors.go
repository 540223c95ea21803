package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2CORS(p process) *cobra.Command {
	cors := &cobra.Command{
		Use:     "cors",
		Short:   "Which pages may use a bucket from a browser",
		Example: "  cfemu r2 bucket cors list invoices\n  cfemu r2 bucket cors set invoices --file cors.json",
	}
	cors.AddCommand(newR2CORSList(p),
		newSettingVerb(p).newSet("cors", "CORS rules", "  cfemu r2 bucket cors set invoices --file cors.json"), newR2CORSDelete(p))
	return cors
}

func newR2CORSList(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "list BUCKET",
		Short:   "List the CORS rules of a bucket",
		Example: "  cfemu r2 bucket cors list invoices",
		Args:    cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		rules, err := getRules(ctx, client, bucket, "cors")
		if api, ok := errors.AsType[*emulator.APIError](err); ok && api.Code == noCORS {
			err = nil
		}
		if err != nil {
			return err
		}
		if len(rules) == 0 {
			p.note("The bucket %s has no CORS rules: `cfemu r2 bucket cors set` sets some.", bucket)
		}
		var blocks [][][2]string
		for _, raw := range rules {
			var r struct {
				Allowed       struct{ Origins, Methods, Headers []string }
				ExposeHeaders []string
				MaxAgeSeconds int
			}
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			blocks = append(blocks, [][2]string{
				{"allowed_origins", orNone(strings.Join(r.Allowed.Origins, ", "), "(no origins)")},
				{"allowed_methods", orNone(strings.Join(r.Allowed.Methods, ", "), "(no methods)")},
				{"allowed_headers", orNone(strings.Join(r.Allowed.Headers, ", "), "(no headers)")},
				{"exposed_headers", orNone(strings.Join(r.ExposeHeaders, ", "), "(no exposed headers)")},
				{"max_age_seconds", strconv.Itoa(r.MaxAgeSeconds)},
			})
		}
		return labelled(p.stdout, blocks)
	})
}

// noCORS is Cloudflare's number for a bucket without a CORS policy.
const noCORS = 10059

func newR2CORSDelete(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "delete BUCKET",
		Short:   "Delete all CORS rules of a bucket",
		Example: "  cfemu r2 bucket cors delete invoices -y",
		Args:    cobra.ExactArgs(1),
	}
	v.asks(c)
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		if ok, err := v.sure("Delete all CORS rules of the bucket %s?", bucket); err != nil || !ok {
			return err
		}
		if _, err := client.BucketSetting(ctx, http.MethodDelete, bucket, "cors", nil); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The CORS rules of bucket '%s' were deleted.\n", bucket)
		return nil
	})
}
