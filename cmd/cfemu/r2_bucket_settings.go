package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

// newR2BucketSettings are the groups of verbs for what a bucket has beside its objects.
func newR2BucketSettings(p process) []*cobra.Command {
	return []*cobra.Command{newR2CORS(p), newR2Lifecycle(p), newR2Lock(p), newR2Notification(p), newR2DevURL(p), newR2Domain(p)}
}

// A settingVerb is a clientVerb on one bucket.
type settingVerb struct {
	clientVerb
	yes          bool
	jurisdiction string
}

func newSettingVerb(p process) *settingVerb { return &settingVerb{clientVerb: clientVerb{process: p}} }

// command finishes a verb whose first argument is the bucket.
func (v *settingVerb) command(c *cobra.Command, do func(ctx context.Context, client *emulator.Client, bucket string, rest []string) error) *cobra.Command {
	jurisdictionFlag(c, &v.jurisdiction)
	return v.clientVerb.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		client.Jurisdiction = v.jurisdiction
		return do(ctx, client, args[0], args[1:])
	})
}

// asks adds the flag that answers the verb's question.
func (v *settingVerb) asks(c *cobra.Command) {
	c.Flags().BoolVarP(&v.yes, "force", "y", false, "do not ask")
}

// sure asks, unless -y has answered.
func (v *settingVerb) sure(format string, args ...any) (bool, error) {
	if v.yes {
		return true, nil
	}
	ok, err := v.confirmed(fmt.Sprintf(format, args...), "-y")
	if err == nil && !ok {
		v.note("Nothing was changed.")
	}
	return ok, err
}

// readRules reads a file with {"rules": […]}, the form of the API; - is stdin.
func (v *settingVerb) readRules(file string) ([]json.RawMessage, error) {
	var b []byte
	var err error
	if file == "-" {
		b, err = io.ReadAll(v.stdin)
	} else {
		b, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var in struct {
		Rules     []json.RawMessage `json:"rules"`
		CORSRules json.RawMessage   `json:"CORSRules"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	switch {
	case in.CORSRules != nil:
		return nil, fmt.Errorf("%s has the CORSRules of S3: R2 takes {\"rules\": [{\"allowed\": {\"origins\": [\"*\"], \"methods\": [\"GET\"]}}]}", file)
	case in.Rules == nil:
		return nil, fmt.Errorf("%s must be an object with a list of rules: {\"rules\": […]}", file)
	}
	return in.Rules, nil
}

// rulesBody is the body that replaces rules.
type rulesBody struct {
	Rules []json.RawMessage `json:"rules"`
}

// getRules reads the rules of a setting.
func getRules(ctx context.Context, client *emulator.Client, bucket, setting string) ([]json.RawMessage, error) {
	raw, err := client.BucketSetting(ctx, http.MethodGet, bucket, setting, nil)
	if err != nil {
		return nil, err
	}
	var out rulesBody
	err = json.Unmarshal(raw, &out)
	return out.Rules, err
}

func putRules(ctx context.Context, client *emulator.Client, bucket, setting string, rules []json.RawMessage) error {
	if rules == nil {
		rules = []json.RawMessage{}
	}
	_, err := client.BucketSetting(ctx, http.MethodPut, bucket, setting, rulesBody{rules})
	return err
}

// newSet is the verb that replaces all rules of a setting by those of a file.
func (v *settingVerb) newSet(setting, what, example string) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:     "set BUCKET",
		Short:   "Replace the " + what + " by those of a JSON file",
		Example: example,
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&file, "file", "", "the JSON `FILE`, in the form of the API; - for stdin")
	v.asks(c)
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		if file == "" {
			return wrongUse("give --file, a JSON file with the %s", what)
		}
		rules, err := v.readRules(file)
		if err != nil {
			return err
		}
		if ok, err := v.sure("Replace all %s of the bucket %s?", what, bucket); err != nil || !ok {
			return err
		}
		if err := putRules(ctx, client, bucket, setting, rules); err != nil {
			return err
		}
		fmt.Fprintf(v.stdout, "Set %d %s for bucket '%s'.\n", len(rules), what, bucket)
		return nil
	})
}

// addRule appends a rule to those of a setting.
func (v *settingVerb) addRule(ctx context.Context, client *emulator.Client, bucket, setting string, rule any) error {
	rules, err := getRules(ctx, client, bucket, setting)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(rule)
	if err != nil {
		return err
	}
	return putRules(ctx, client, bucket, setting, append(rules, raw))
}

// newRemove is the verb that takes one rule out of those of a setting.
func (v *settingVerb) newRemove(setting, what string) *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:     "remove BUCKET",
		Short:   "Remove a " + what,
		Example: fmt.Sprintf("  cfemu r2 bucket %s remove invoices --name old", setting),
		Args:    cobra.ExactArgs(1),
	}
	ruleName(c, &name)
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		if name == "" {
			return wrongUse("give --name, the name of the %s", what)
		}
		rules, err := getRules(ctx, client, bucket, setting)
		if err != nil {
			return err
		}
		var names []string
		left := []json.RawMessage{}
		for _, raw := range rules {
			var r struct{ ID string }
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			if names = append(names, r.ID); r.ID != name {
				left = append(left, raw)
			}
		}
		if len(left) == len(rules) {
			return fmt.Errorf("the bucket %s has no %s %q. It has: %s", bucket, what, name, orNone(strings.Join(names, ", "), "none"))
		}
		if err := putRules(ctx, client, bucket, setting, left); err != nil {
			return err
		}
		fmt.Fprintf(v.stdout, "The %s '%s' was removed from bucket '%s'.\n", what, name, bucket)
		return nil
	})
}

// ruleName adds the flag that names a rule, by both of its names.
func ruleName(c *cobra.Command, name *string) {
	c.Flags().StringVar(name, "name", "", "the `NAME` of the rule")
	c.Flags().StringVar(name, "id", "", "")
	c.Flags().Lookup("id").Hidden = true
}

// labelled prints blocks of names and values, as wrangler does.
func labelled(w io.Writer, blocks [][][2]string) error {
	var b strings.Builder
	for i, block := range blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		width := 0
		for _, line := range block {
			width = max(width, len(line[0]))
		}
		for _, line := range block {
			fmt.Fprintf(&b, "%-*s  %s\n", width+1, line[0]+":", printable(line[1]))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func yesNo(yes bool) string {
	if yes {
		return "Yes"
	}
	return "No"
}

// orNone is s, or what stands for an empty one.
func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

// A ruleCondition is the condition of a lifecycle rule or of a lock.
type ruleCondition struct {
	Type          string   `json:"type"`
	MaxAge        *float64 `json:"maxAge,omitempty"`
	MaxAgeSeconds *float64 `json:"maxAgeSeconds,omitempty"`
	Date          string   `json:"date,omitempty"`
}

const secondsPerDay = 24 * 60 * 60

// String says when the condition holds: after 30 days, on 2027-01-31.
func (c ruleCondition) String() string {
	age := c.MaxAge
	if age == nil {
		age = c.MaxAgeSeconds
	}
	switch {
	case age != nil && *age == secondsPerDay:
		return "after 1 day"
	case age != nil:
		return fmt.Sprintf("after %v days", *age/secondsPerDay)
	case c.Date != "":
		day, _, _ := strings.Cut(c.Date, "T")
		return "on " + day
	}
	return "indefinitely"
}

var isDay = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// dayFlag reads the day that a flag gives.
func dayFlag(flag, day string) (string, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil || !isDay.MatchString(day) {
		return "", wrongUse("%s %q: write a day as 2027-01-31", flag, day)
	}
	return day + "T00:00:00Z", nil
}

// daysFlag reads the number of days that a flag gives.
func daysFlag(flag string, days float64) (*float64, error) {
	seconds := days * secondsPerDay
	if days < 0 || seconds != float64(int64(seconds)) {
		return nil, wrongUse("%s %v: give a number of days, 0 or more", flag, days)
	}
	return &seconds, nil
}

// given reports whether any of the flags was.
func given(c *cobra.Command, flags ...string) bool {
	return slices.ContainsFunc(flags, c.Flags().Changed)
}
