package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2Lock(p process) *cobra.Command {
	lock := &cobra.Command{
		Use:   "lock",
		Short: "Keep objects from being overwritten and deleted",
		Example: `  cfemu r2 bucket lock list invoices
  cfemu r2 bucket lock add invoices paid paid/ --retention-days 3650`,
	}
	lock.AddCommand(newR2LockList(p), newR2LockAdd(p), newSettingVerb(p).newRemove("lock", "lock rule"),
		newSettingVerb(p).newSet("lock", "lock rules", "  cfemu r2 bucket lock set invoices --file locks.json"))
	return lock
}

// A lockRule has the API's form.
type lockRule struct {
	ID        string        `json:"id"`
	Enabled   bool          `json:"enabled"`
	Prefix    string        `json:"prefix,omitempty"`
	Condition ruleCondition `json:"condition"`
}

func newR2LockList(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "list BUCKET",
		Short:   "List the lock rules of a bucket",
		Example: "  cfemu r2 bucket lock list invoices",
		Args:    cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		rules, err := getRules(ctx, client, bucket, "lock")
		if err != nil {
			return err
		}
		if len(rules) == 0 {
			p.note("The bucket %s has no lock rules: `cfemu r2 bucket lock add` makes one.", bucket)
		}
		var blocks [][][2]string
		for _, raw := range rules {
			var r lockRule
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			blocks = append(blocks, [][2]string{
				{"name", r.ID}, {"enabled", yesNo(r.Enabled)}, {"prefix", orNone(r.Prefix, "(all prefixes)")}, {"condition", r.Condition.String()},
			})
		}
		return labelled(p.stdout, blocks)
	})
}

func newR2LockAdd(p process) *cobra.Command {
	v := newSettingVerb(p)
	var rule lockRule
	var days float64
	var date string
	var forGood bool
	c := &cobra.Command{
		Use:   "add BUCKET [NAME [PREFIX]]",
		Short: "Add a lock rule to a bucket",
		Example: `  cfemu r2 bucket lock add invoices paid paid/ --retention-days 3650
  cfemu r2 bucket lock add invoices all --retention-indefinite -y`,
		Args: cobra.RangeArgs(1, 3),
	}
	ruleName(c, &rule.ID)
	f := c.Flags()
	f.StringVar(&rule.Prefix, "prefix", "", "the `PREFIX` of the keys that it is for (default all)")
	f.Float64Var(&days, "retention-days", 0, "for `DAYS` after an object was put")
	f.StringVar(&date, "retention-date", "", "until a day (`YYYY-MM-DD`)")
	f.BoolVar(&forGood, "retention-indefinite", false, "for good")
	v.asks(c)
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, rest []string) error {
		positional(rest, &rule.ID, &rule.Prefix)
		if rule.ID == "" {
			return wrongUse("the rule needs a name: cfemu r2 bucket lock add %s NAME, or --name NAME", bucket)
		}
		condition, err := conditionOf(c, "retention-days", days, "retention-date", date)
		switch {
		case err != nil:
			return err
		case condition == nil && !forGood:
			return wrongUse("for how long? Give one of --retention-days, --retention-date and --retention-indefinite")
		case condition == nil:
			condition = &ruleCondition{Type: "Indefinite"}
		case forGood:
			return wrongUse("--retention-indefinite excludes --retention-days and --retention-date")
		}
		condition.MaxAge, condition.MaxAgeSeconds = nil, condition.MaxAge
		rule.Enabled, rule.Condition = true, *condition
		if rule.Prefix == "" {
			if ok, err := v.sure("The rule %s has no prefix, and locks all objects of the bucket %s. Add it?", rule.ID, bucket); err != nil || !ok {
				return err
			}
		}
		if err := v.addRule(ctx, client, bucket, "lock", rule); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Added the lock rule '%s' to bucket '%s'.\n", rule.ID, bucket)
		return nil
	})
}
