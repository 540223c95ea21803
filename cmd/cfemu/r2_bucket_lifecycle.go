package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2Lifecycle(p process) *cobra.Command {
	lifecycle := &cobra.Command{
		Use:   "lifecycle",
		Short: "What becomes of objects as they grow old",
		Example: `  cfemu r2 bucket lifecycle list invoices
  cfemu r2 bucket lifecycle add invoices drafts drafts/ --expire-days 30`,
	}
	lifecycle.AddCommand(newR2LifecycleList(p), newR2LifecycleAdd(p), newSettingVerb(p).newRemove("lifecycle", "lifecycle rule"),
		newSettingVerb(p).newSet("lifecycle", "lifecycle rules", "  cfemu r2 bucket lifecycle set invoices --file lifecycle.json"))
	return lifecycle
}

// A lifecycleRule has the API's form.
type lifecycleRule struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"enabled"`
	Conditions struct {
		Prefix string `json:"prefix,omitempty"`
	} `json:"conditions"`
	Delete  *lifecycleStep  `json:"deleteObjectsTransition,omitempty"`
	Storage []lifecycleStep `json:"storageClassTransitions,omitempty"`
	Abort   *lifecycleStep  `json:"abortMultipartUploadsTransition,omitempty"`
}

type lifecycleStep struct {
	Condition    ruleCondition `json:"condition"`
	StorageClass string        `json:"storageClass,omitempty"`
}

func newR2LifecycleList(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "list BUCKET",
		Short:   "List the lifecycle rules of a bucket",
		Example: "  cfemu r2 bucket lifecycle list invoices",
		Args:    cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		rules, err := getRules(ctx, client, bucket, "lifecycle")
		if err != nil {
			return err
		}
		if len(rules) == 0 {
			p.note("The bucket %s has no lifecycle rules: `cfemu r2 bucket lifecycle add` makes one.", bucket)
		}
		var blocks [][][2]string
		for _, raw := range rules {
			var r lifecycleRule
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			blocks = append(blocks, [][2]string{
				{"name", r.ID}, {"enabled", yesNo(r.Enabled)},
				{"prefix", orNone(r.Conditions.Prefix, "(all prefixes)")}, {"action", orNone(r.actions(), "(none)")},
			})
		}
		return labelled(p.stdout, blocks)
	})
}

// actions says what a rule does.
func (r lifecycleRule) actions() string {
	var all []string
	if r.Delete != nil {
		all = append(all, "Expire objects "+r.Delete.Condition.String())
	}
	for _, s := range r.Storage {
		all = append(all, "Transition to Infrequent Access "+s.Condition.String())
	}
	if r.Abort != nil {
		all = append(all, "Abort incomplete multipart uploads "+r.Abort.Condition.String())
	}
	return strings.Join(all, ", ")
}

func newR2LifecycleAdd(p process) *cobra.Command {
	v := newSettingVerb(p)
	var rule lifecycleRule
	var days struct{ expire, move, abort float64 }
	var dates struct{ expire, move string }
	c := &cobra.Command{
		Use:   "add BUCKET [NAME [PREFIX]]",
		Short: "Add a lifecycle rule to a bucket",
		Example: `  cfemu r2 bucket lifecycle add invoices drafts drafts/ --expire-days 30
  cfemu r2 bucket lifecycle add invoices --name uploads --abort-multipart-days 1 -y`,
		Args: cobra.RangeArgs(1, 3),
	}
	ruleName(c, &rule.ID)
	f := c.Flags()
	f.StringVar(&rule.Conditions.Prefix, "prefix", "", "the `PREFIX` of the keys that it is for (default all)")
	f.Float64Var(&days.expire, "expire-days", 0, "delete objects `DAYS` after they were put")
	f.StringVar(&dates.expire, "expire-date", "", "delete objects on a day (`YYYY-MM-DD`)")
	f.Float64Var(&days.move, "ia-transition-days", 0, "move objects to Infrequent Access `DAYS` after they were put")
	f.StringVar(&dates.move, "ia-transition-date", "", "move objects to Infrequent Access on a day (`YYYY-MM-DD`)")
	f.Float64Var(&days.abort, "abort-multipart-days", 0, "abort multipart uploads `DAYS` after they began")
	v.asks(c)
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, rest []string) error {
		positional(rest, &rule.ID, &rule.Conditions.Prefix)
		if rule.ID == "" {
			return wrongUse("the rule needs a name: cfemu r2 bucket lifecycle add %s NAME, or --name NAME", bucket)
		}
		rule.Enabled = true
		step := func(daysName string, days float64, dateName, date string) (*lifecycleStep, error) {
			s, err := conditionOf(c, daysName, days, dateName, date)
			if s == nil || err != nil {
				return nil, err
			}
			return &lifecycleStep{Condition: *s}, nil
		}
		var err error
		if rule.Delete, err = step("expire-days", days.expire, "expire-date", dates.expire); err != nil {
			return err
		}
		moved, err := step("ia-transition-days", days.move, "ia-transition-date", dates.move)
		if err != nil {
			return err
		}
		if moved != nil {
			moved.StorageClass = "InfrequentAccess"
			rule.Storage = []lifecycleStep{*moved}
		}
		if rule.Abort, err = step("abort-multipart-days", days.abort, "", ""); err != nil {
			return err
		}
		if rule.actions() == "" {
			return wrongUse("the rule does nothing: give one of --expire-days, --expire-date, --ia-transition-days, --ia-transition-date and --abort-multipart-days")
		}
		if rule.Conditions.Prefix == "" {
			if ok, err := v.sure("The rule %s has no prefix, and is for all objects of the bucket %s. Add it?", rule.ID, bucket); err != nil || !ok {
				return err
			}
		}
		if err := v.addRule(ctx, client, bucket, "lifecycle", rule); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Added the lifecycle rule '%s' to bucket '%s': %s.\n", rule.ID, bucket, rule.actions())
		return nil
	})
}

// positional fills what flags have left empty from the arguments behind the bucket.
func positional(args []string, to ...*string) {
	for i, arg := range args {
		if *to[i] == "" {
			*to[i] = arg
		}
	}
}

// conditionOf is the condition that one of two flags gives, nil when neither was given.
func conditionOf(c *cobra.Command, daysName string, days float64, dateName, date string) (*ruleCondition, error) {
	byDays, byDate := given(c, daysName), dateName != "" && given(c, dateName)
	switch {
	case byDays && byDate:
		return nil, wrongUse("--%s and --%s exclude each other", daysName, dateName)
	case byDays:
		seconds, err := daysFlag("--"+daysName, days)
		return &ruleCondition{Type: "Age", MaxAge: seconds}, err
	case byDate:
		day, err := dayFlag("--"+dateName, date)
		return &ruleCondition{Type: "Date", Date: day}, err
	}
	return nil, nil
}
