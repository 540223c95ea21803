package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
	"github.com/cfemu/cfemu/internal/clock"
)

func newTimeTravelInfo(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var timestamp string
	var asJSON bool
	c := &cobra.Command{
		Use:     "info DATABASE",
		Short:   "Show the bookmark of a database, now or at a time",
		Example: "  cfemu d1 time-travel info DB\n  cfemu d1 time-travel info DB --timestamp 2026-01-31T12:00:00Z",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&timestamp, "timestamp", "", "the bookmark at `TIME`: RFC 3339, or seconds since 1970")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		at, err := parseTimestamp(timestamp)
		if err != nil {
			return err
		}
		db, err := client.FindDatabase(ctx, args[0])
		if err != nil {
			return err
		}
		raw, bookmark, err := bookmarkAt(ctx, client, db, at)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(p.stdout, raw)
		}
		if timestamp == "" {
			fmt.Fprintf(p.stdout, "The current bookmark is '%s'\n", bookmark)
		} else {
			fmt.Fprintf(p.stdout, "Timestamp '%s' corresponds with bookmark '%s'\n", timestamp, bookmark)
		}
		fmt.Fprintf(p.stdout, "To bring it back, run `cfemu d1 time-travel restore %s --bookmark=%s`\n", args[0], bookmark)
		return nil
	})
}

func bookmarkAt(ctx context.Context, client *emulator.Client, db *emulator.DatabaseRef, at time.Time) (raw json.RawMessage, bookmark string, err error) {
	if raw, err = client.Bookmark(ctx, db.ID, at); err != nil {
		return nil, "", err
	}
	var result struct{ Bookmark string }
	if err := json.Unmarshal(raw, &result); err != nil {
		return nil, "", err
	}
	return raw, result.Bookmark, nil
}

func newTimeTravelRestore(p process) *cobra.Command {
	v := &clientVerb{process: p}
	r := &d1Restore{process: p}
	c := &cobra.Command{
		Use:     "restore DATABASE",
		Short:   "Bring a database back to a bookmark or a time",
		Long:    "Bring a database back to a bookmark or a time. All that came later is gone from it; the bookmark that is shown undoes this.",
		Example: "  cfemu d1 time-travel restore DB --timestamp 2026-01-31T12:00:00Z\n  cfemu d1 time-travel restore DB --bookmark 00000002-… -y",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&r.bookmark, "bookmark", "", "back to `BOOKMARK`")
	c.Flags().StringVar(&r.timestamp, "timestamp", "", "back to `TIME`: RFC 3339, or seconds since 1970")
	c.Flags().BoolVar(&r.json, "json", false, "as JSON, without asking")
	c.Flags().BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		db, err := client.FindDatabase(ctx, args[0])
		if err != nil {
			return err
		}
		return r.run(ctx, client, db, args[0])
	})
	inner := c.RunE
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if (r.bookmark == "") == (r.timestamp == "") {
			return wrongUse("give --bookmark BOOKMARK or --timestamp TIME, one of them")
		}
		if r.at, err = parseTimestamp(r.timestamp); err != nil {
			return err
		}
		return inner(c, args)
	}
	return c
}

// A d1Restore is a way back.
type d1Restore struct {
	process
	bookmark, timestamp string
	at                  time.Time
	json, yes           bool
}

func (r *d1Restore) run(ctx context.Context, client *emulator.Client, db *emulator.DatabaseRef, name string) (err error) {
	if r.bookmark == "" {
		if _, r.bookmark, err = bookmarkAt(ctx, client, db, r.at); err != nil {
			return err
		}
	}
	if !r.json && !r.yes {
		r.note("This takes the database %s (%s) back to bookmark %s. Later changes will be gone, and queries that run are ended.", db.Name, db.ID, r.bookmark)
		if ok, err := r.confirmed("Ok to proceed?", "-y"); err != nil || !ok {
			return err
		}
	}
	raw, err := client.Restore(ctx, db.ID, r.bookmark)
	if err != nil {
		return err
	}
	if r.json {
		return writeJSON(r.stdout, raw)
	}
	var result struct {
		Bookmark string `json:"bookmark"`
		Previous string `json:"previous_bookmark"`
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "Database %s restored back to bookmark %s\nTo undo this, run `cfemu d1 time-travel restore %s --bookmark=%s`\n", name, result.Bookmark, name, result.Previous)
	return nil
}

// timestampForms are the forms of RFC 3339 that wrangler takes.
var timestampForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"}

// parseTimestamp reads RFC 3339 or a number: ten digits are seconds since 1970, any other number is
// milliseconds. An empty one is the zero time.
func parseTimestamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range timestampForms {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if len(s) == 10 {
			return time.Unix(n, 0), nil
		}
		return time.UnixMilli(n), nil
	}
	return time.Time{}, wrongUse("--timestamp %q: write it like %s, or as seconds since 1970", s, clock.System.Now().UTC().Format(time.RFC3339))
}
