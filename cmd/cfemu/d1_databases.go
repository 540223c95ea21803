package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newD1List(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the databases",
		Example: "  cfemu d1 list\n  cfemu d1 list --json",
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return v.command(c, func(ctx context.Context, client *emulator.Client, _ []string) error {
		list, err := client.Databases(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			raw, err := json.Marshal(list)
			if err != nil {
				return err
			}
			return writeJSON(p.stdout, raw)
		}
		if len(list) == 0 {
			p.note("There are no databases: `cfemu d1 create NAME` makes one.")
		}
		t, err := tableOf(list, func(v json.RawMessage) string {
			if string(v) == "null" {
				return ""
			}
			return cell(v)
		})
		if err != nil {
			return err
		}
		return t.write(p.stdout)
	})
}

// Receipt: wrangler 4.164.0, d1 create --help
var (
	d1Locations     = []string{"weur", "eeur", "apac", "oc", "wnam", "enam"}
	d1Jurisdictions = []string{"eu", "fedramp", "us"}
)

func newD1Create(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var db emulator.NewDatabase
	var binding string
	c := &cobra.Command{
		Use:     "create NAME",
		Short:   "Make a database, and show what to put into the configuration",
		Example: "  cfemu d1 create invoices\n  cfemu d1 create invoices --binding DB",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&db.Location, "location", "", "a hint where production would put it: "+strings.Join(d1Locations, ", ")+" (`REGION`)")
	c.Flags().StringVar(&db.Jurisdiction, "jurisdiction", "", "where production would keep it: "+strings.Join(d1Jurisdictions, ", ")+" (`NAME`)")
	c.Flags().StringVar(&binding, "binding", "", "the `NAME` of the binding in what is shown")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		if err := oneOf("--location", db.Location, d1Locations); err != nil {
			return err
		}
		if err := oneOf("--jurisdiction", db.Jurisdiction, d1Jurisdictions); err != nil {
			return err
		}
		db.Name = args[0]
		made, err := client.CreateDatabase(ctx, db)
		if err != nil {
			return err
		}
		where := ""
		if made.Region != "" {
			where = " in region " + made.Region
		}
		fmt.Fprintf(p.stdout, "Created the database %s%s.\n\nTo reach it from your Worker, add to %s:\n\n", made.Name, where, client.ConfigName())
		if binding == "" {
			binding = bindingFor(made.Name)
		}
		fmt.Fprint(p.stdout, d1Snippet(client.ConfigName(), binding, made))
		return nil
	})
}

func oneOf(flag, value string, choices []string) error {
	if value == "" || slices.Contains(choices, value) {
		return nil
	}
	return wrongUse("%s %q: choose one of %s", flag, value, strings.Join(choices, ", "))
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// bindingFor is the name of a new binding: the database's own where that can be one.
func bindingFor(database string) string {
	name := strings.ReplaceAll(database, "-", "_")
	if identifier.MatchString(name) {
		return name
	}
	return "DB"
}

func d1Snippet(file, binding string, db *emulator.CreatedDatabase) string {
	if strings.HasSuffix(file, ".toml") {
		return fmt.Sprintf("[[d1_databases]]\nbinding = %q\ndatabase_name = %q\ndatabase_id = %q\n", binding, db.Name, db.ID)
	}
	return fmt.Sprintf("{\n  \"d1_databases\": [\n    {\n      \"binding\": %q,\n      \"database_name\": %q,\n      \"database_id\": %q\n    }\n  ]\n}\n",
		binding, db.Name, db.ID)
}

func newD1Info(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var asJSON bool
	c := &cobra.Command{
		Use:     "info NAME",
		Short:   "Describe a database, and what was done to it in the last 24 hours",
		Example: "  cfemu d1 info DB\n  cfemu d1 info DB --json",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		db, err := client.FindDatabase(ctx, args[0])
		if err != nil {
			return err
		}
		info, err := d1Info(ctx, client, db.ID)
		if err != nil {
			return err
		}
		if asJSON {
			raw, err := object(info)
			if err != nil {
				return err
			}
			return writeJSON(p.stdout, raw)
		}
		return infoTable(db, info).write(p.stdout)
	})
}

// d1Info is what client/v4 knows of a database, renamed and completed as wrangler does.
func d1Info(ctx context.Context, client *emulator.Client, id string) ([]member, error) {
	raw, err := client.DatabaseInfo(ctx, id)
	if err != nil {
		return nil, err
	}
	info, err := members(raw)
	if err != nil {
		return nil, err
	}
	for _, m := range info {
		if m.name == "file_size" {
			info = append(info, member{"database_size", m.value})
		}
	}
	info = slices.DeleteFunc(info, func(m member) bool { return m.name == "file_size" || m.name == "version" })
	usage, err := client.DatabaseUsage(ctx, id)
	if api, ok := errors.AsType[*emulator.APIError](err); err != nil && (!ok || api.Status != http.StatusNotFound) {
		return nil, err
	}
	for _, n := range []struct {
		name  string
		value int64
	}{
		{"read_queries_24h", usage.ReadQueries}, {"write_queries_24h", usage.WriteQueries},
		{"rows_read_24h", usage.RowsRead}, {"rows_written_24h", usage.RowsWritten},
	} {
		info = append(info, member{n.name, strconv.AppendInt(nil, n.value, 10)})
	}
	return info, nil
}

func infoTable(db *emulator.DatabaseRef, info []member) *table {
	t := &table{head: []string{db.Binding, db.ID}}
	var last [][]string
	for _, m := range info {
		switch n, numeric := strconv.ParseInt(string(m.value), 10, 64); {
		case m.name == "uuid":
		case m.name == "read_replication":
			var r struct{ Mode string }
			if json.Unmarshal(m.value, &r) == nil {
				last = append(last, []string{"read_replication.mode", r.Mode})
			}
		case numeric != nil:
			t.add(m.name, cell(m.value))
		case m.name == "database_size":
			t.add(m.name, prettyBytes(n))
		case strings.HasSuffix(m.name, "_24h"):
			t.add(m.name, grouped(n))
		default:
			t.add(m.name, string(m.value))
		}
	}
	t.rows = append(t.rows, last...)
	return t
}

// prettyBytes writes a size with three digits: 512 B, 4.1 kB, 12.3 MB.
func prettyBytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	size, unit := float64(n), -1
	for size >= 999.5 && unit < 3 {
		size /= 1000
		unit++
	}
	text := strconv.FormatFloat(size, 'f', max(0, 3-len(strconv.Itoa(int(size)))), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + []string{"kB", "MB", "GB", "TB"}[unit]
}

// grouped writes a number as 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func newD1Delete(p process) *cobra.Command {
	v := &clientVerb{process: p}
	var yes bool
	c := &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a database",
		Example: "  cfemu d1 delete invoices\n  cfemu d1 delete invoices -y",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().BoolVarP(&yes, "skip-confirmation", "y", false, "do not ask")
	return v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		db, err := client.FindDatabase(ctx, args[0])
		if err != nil {
			return err
		}
		p.note("About to delete the database %s (%s) and all that is in it, for good.", db.Name, db.ID)
		if !yes {
			if ok, err := p.confirmed("Ok to proceed?", "-y"); err != nil || !ok {
				if err == nil {
					p.note("Not deleting.")
				}
				return err
			}
		}
		if err := client.DeleteDatabase(ctx, db.ID); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "Deleted '%s' successfully.\n", args[0])
		return nil
	})
}
