package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newR2Notification(p process) *cobra.Command {
	notification := &cobra.Command{
		Use:   "notification",
		Short: "Tell a queue of what happens to objects",
		Example: `  cfemu r2 bucket notification list invoices
  cfemu r2 bucket notification create invoices --event-type object-create --queue uploads`,
	}
	notification.AddCommand(newR2NotificationList(p), newR2NotificationCreate(p), newR2NotificationDelete(p))
	return notification
}

func newR2NotificationList(p process) *cobra.Command {
	v := newSettingVerb(p)
	c := &cobra.Command{
		Use:     "list BUCKET",
		Aliases: []string{"get"},
		Short:   "List the event notification rules of a bucket",
		Example: "  cfemu r2 bucket notification list invoices",
		Args:    cobra.ExactArgs(1),
	}
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		raw, err := client.BucketNotifications(ctx, bucket)
		if err != nil {
			return err
		}
		var all struct {
			Queues []struct {
				QueueName string
				Rules     []struct {
					RuleID, CreatedAt, Prefix, Suffix string
					Actions                           []string
				}
			}
		}
		if err := json.Unmarshal(raw, &all); err != nil {
			return err
		}
		var blocks [][][2]string
		for _, q := range all.Queues {
			for _, r := range q.Rules {
				blocks = append(blocks, [][2]string{
					{"rule_id", r.RuleID}, {"created_at", r.CreatedAt}, {"queue_name", q.QueueName},
					{"prefix", orNone(r.Prefix, "(all prefixes)")}, {"suffix", orNone(r.Suffix, "(all suffixes)")},
					{"event_type", strings.Join(r.Actions, ",")},
				})
			}
		}
		if len(blocks) == 0 {
			p.note("The bucket %s tells no queue: `cfemu r2 bucket notification create` makes a rule.", bucket)
		}
		return labelled(p.stdout, blocks)
	})
}

// eventTypes are the actions of each type of event.
//
// Receipt: wrangler 4.164.0
var eventTypes = map[string][]string{
	"object-create": {"PutObject", "CompleteMultipartUpload", "CopyObject"},
	"object-delete": {"DeleteObject", "LifecycleDeletion"},
}

func newR2NotificationCreate(p process) *cobra.Command {
	v := newSettingVerb(p)
	var types []string
	var queue string
	var rule struct {
		Prefix      string   `json:"prefix,omitempty"`
		Suffix      string   `json:"suffix,omitempty"`
		Actions     []string `json:"actions"`
		Description string   `json:"description,omitempty"`
	}
	c := &cobra.Command{
		Use:   "create BUCKET",
		Short: "Make an event notification rule",
		Example: `  cfemu r2 bucket notification create invoices --event-type object-create --queue uploads
  cfemu r2 bucket notification create invoices --event-type object-create,object-delete --queue uploads --suffix .pdf`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.StringSliceVar(&types, "event-type", nil, "what to tell of: object-create, object-delete (`TYPE`)")
	f.StringSliceVar(&types, "event-types", nil, "")
	f.Lookup("event-types").Hidden = true
	f.StringVar(&queue, "queue", "", "the `NAME` of the queue that is told")
	f.StringVar(&rule.Prefix, "prefix", "", "of objects whose keys begin with `PREFIX` only")
	f.StringVar(&rule.Suffix, "suffix", "", "of objects whose keys end with `SUFFIX` only")
	f.StringVar(&rule.Description, "description", "", "a `TEXT` by which to know the rule")
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, rest []string) error {
		if len(types) == 0 || queue == "" {
			return wrongUse("give --event-type, object-create or object-delete, and --queue, the name of a queue")
		}
		for _, t := range append(types, rest...) { // wrangler takes more of them behind a blank
			actions, ok := eventTypes[t]
			if !ok {
				return wrongUse("--event-type %q: choose from %s", t, strings.Join(slices.Sorted(maps.Keys(eventTypes)), ", "))
			}
			if !slices.Contains(rule.Actions, actions[0]) {
				rule.Actions = append(rule.Actions, actions...)
			}
		}
		if err := client.ChangeNotifications(ctx, http.MethodPut, bucket, queue, map[string]any{"rules": []any{rule}}); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The queue '%s' is told of %s in bucket '%s'.\n", queue, strings.Join(rule.Actions, ", "), bucket)
		return nil
	})
}

func newR2NotificationDelete(p process) *cobra.Command {
	v := newSettingVerb(p)
	var queue, id string
	c := &cobra.Command{
		Use:     "delete BUCKET",
		Short:   "Delete event notification rules of a queue",
		Example: "  cfemu r2 bucket notification delete invoices --queue uploads",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&queue, "queue", "", "the `NAME` of the queue")
	c.Flags().StringVar(&id, "rule", "", "the `ID` of the one rule to delete (default all of the queue)")
	return v.command(c, func(ctx context.Context, client *emulator.Client, bucket string, _ []string) error {
		if queue == "" {
			return wrongUse("give --queue, the name of the queue")
		}
		var in any
		what := "All event notification rules"
		if id != "" {
			in, what = map[string]any{"ruleIds": []string{id}}, "The event notification rule "+id
		}
		if err := client.ChangeNotifications(ctx, http.MethodDelete, bucket, queue, in); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s for the queue '%s' deleted from bucket '%s'.\n", what, queue, bucket)
		return nil
	})
}
