package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"

	"github.com/cfemu/cfemu/emulator"
)

func newD1Execute(p process) *cobra.Command {
	v := &clientVerb{process: p}
	e := &d1Execution{process: p}
	c := &cobra.Command{
		Use:   "execute DATABASE",
		Short: "Run SQL",
		Long: `Run SQL: statements given by --command, or a file of any size given by --file. Either is one
transaction: when a statement fails, nothing has been changed. Rows are shown as tables on a
terminal, and as JSON to anything else; --json leaves out all but the JSON.`,
		Example: `  cfemu d1 execute DB --command "SELECT * FROM invoices"
  cfemu d1 execute DB --file dump.sql
  cfemu d1 execute DB --json --command "SELECT count(*) AS n FROM invoices"`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&e.command, "command", "", "the `SQL` to run")
	c.Flags().StringVar(&e.file, "file", "", "the `FILE` of SQL to run")
	c.Flags().BoolVar(&e.json, "json", false, "as JSON")
	c.Flags().BoolP("yes", "y", false, "nothing is asked; the flag is wrangler's")
	v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		return e.run(ctx, client, args[0])
	})
	inner := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case e.command == "" && e.file == "":
			return wrongUse("give --command \"SQL\" or --file FILE\nSee `%s --help`", c.CommandPath())
		case e.command != "" && e.file != "":
			return wrongUse("give --command or --file, not both")
		}
		return e.failed(inner(c, args))
	}
	return c
}

func newD1Import(p process) *cobra.Command {
	v := &clientVerb{process: p}
	e := &d1Execution{process: p}
	c := &cobra.Command{
		Use:     "import DATABASE FILE",
		Short:   "Run a file of SQL, such as an export: the same as execute --file",
		Example: "  cfemu d1 import DB dump.sql",
		Args:    cobra.ExactArgs(2),
	}
	c.Flags().BoolVar(&e.json, "json", false, "as JSON")
	v.command(c, func(ctx context.Context, client *emulator.Client, args []string) error {
		e.file = args[1]
		return e.run(ctx, client, args[0])
	})
	inner := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error { return e.failed(inner(c, args)) }
	return c
}

// A d1Execution is SQL to run, and how to show what it comes to.
type d1Execution struct {
	process
	command, file string
	json          bool
}

func (e *d1Execution) run(ctx context.Context, client *emulator.Client, name string) error {
	var results json.RawMessage
	if e.file != "" {
		f, err := openSQL(e.file)
		if err != nil {
			return err
		}
		defer f.Close()
		db, err := client.FindDatabase(ctx, name)
		if err != nil {
			return err
		}
		if results, err = e.importFile(ctx, client, db, f); err != nil {
			return err
		}
	} else {
		db, err := client.FindDatabase(ctx, name)
		if err != nil {
			return err
		}
		// Receipt: wrangler 4.164.0 sends line feeds, whatever the shell has put into the command.
		if results, err = client.Query(ctx, db.ID, strings.ReplaceAll(e.command, "\r\n", "\n")); err != nil {
			return err
		}
		if err := e.tellExecuted(results); err != nil {
			return err
		}
	}
	if e.json || !isTerminal(e.stdout) {
		return writeJSON(e.stdout, results)
	}
	return showResults(e.stdout, results)
}

func (e *d1Execution) tellExecuted(results json.RawMessage) error {
	if e.json {
		return nil
	}
	var all []struct{ Meta struct{ Duration float64 } }
	if err := json.Unmarshal(results, &all); err != nil {
		return err
	}
	var took float64
	for _, r := range all {
		took += r.Meta.Duration
	}
	e.note("Executed %s in %.2f ms", plural(len(all), "command"), took)
	return nil
}

// showResults draws a table for each statement that returned rows.
func showResults(w io.Writer, results json.RawMessage) error {
	var all []struct{ Results []json.RawMessage }
	if err := json.Unmarshal(results, &all); err != nil {
		return err
	}
	for _, r := range all {
		t, err := tableOf(r.Results, cell)
		if err != nil {
			return err
		}
		if err := t.write(w); err != nil {
			return err
		}
	}
	return nil
}

// openSQL opens a file of SQL. A database file is often given instead.
func openSQL(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	const magic = "SQLite format 3"
	begin := make([]byte, len(magic))
	_, err = io.ReadFull(f, begin)
	switch {
	case err == nil && string(begin) == magic:
		err = fmt.Errorf("%s is an SQLite database, not SQL text. Write it as text first: sqlite3 %s .dump > dump.sql", name, name)
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// importFile sends a file through the import routes. The result is the one row that wrangler makes of it.
func (e *d1Execution) importFile(ctx context.Context, client *emulator.Client, db *emulator.DatabaseRef, f *os.File) (json.RawMessage, error) {
	tell := func(string) {}
	if !e.json {
		tell = func(s string) { e.note("%s", s) }
	}
	done, err := client.Import(ctx, db.ID, f, tell)
	if err != nil {
		return nil, placeInFile(e.file, e.file, err)
	}
	var meta struct {
		Duration    float64 `json:"duration"`
		RowsRead    int64   `json:"rows_read"`
		RowsWritten int64   `json:"rows_written"`
		SizeAfter   float64 `json:"size_after"`
	}
	if err := json.Unmarshal(done.Meta, &meta); err != nil {
		return nil, err
	}
	if !e.json {
		e.note("Executed %d queries in %.2f ms (%d rows read, %d rows written)\nThe database is now at bookmark %s.",
			done.Queries, meta.Duration, meta.RowsRead, meta.RowsWritten, done.Bookmark)
	}
	type totals struct {
		Queries int64  `json:"Total queries executed"`
		Read    int64  `json:"Rows read"`
		Written int64  `json:"Rows written"`
		Size    string `json:"Database size (MB)"`
	}
	return json.Marshal([]any{struct {
		Results  []totals        `json:"results"`
		Success  bool            `json:"success"`
		Bookmark string          `json:"finalBookmark"`
		Meta     json.RawMessage `json:"meta"`
	}{[]totals{{done.Queries, meta.RowsRead, meta.RowsWritten, strconv.FormatFloat(meta.SizeAfter/1e6, 'f', 2, 64)}}, true, done.Bookmark, done.Meta}})
}

// A fileError is an error at a place of a file of SQL.
type fileError struct {
	file         string
	line, column int
	err          string
	source       string // the line; empty: not known
}

func (e *fileError) Error() string {
	text := e.place()
	if e.source != "" {
		before := []rune(e.source)
		before = before[:min(e.column-1, len(before))]
		text += fmt.Sprintf("\n\n> %4d | %s\n       | %s^", e.line, e.source, strings.Repeat(" ", uniseg.StringWidth(string(before))))
	}
	return text + "\n\n  hint: " + hintFor(e.err)
}

func (e *fileError) place() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.file, e.line, e.column, e.err)
}

func hintFor(message string) string {
	const undone = "nothing of the file has been applied"
	switch {
	case strings.Contains(message, "SAVEPOINT"), strings.Contains(message, "cannot start a transaction"):
		return undone + ". Take BEGIN TRANSACTION and COMMIT out of it: it runs in one transaction as it is"
	case strings.Contains(message, "FOREIGN KEY"):
		return undone + ". Put the rows that others refer to first, or begin the file with PRAGMA defer_foreign_keys = ON;"
	case strings.Contains(message, "already exists"):
		return undone + ". The database has this table already: drop it first, or write CREATE TABLE IF NOT EXISTS"
	}
	return undone + ". Mend the statement and run it again"
}

// placeInFile shows the place of an error, when it has one.
func placeInFile(shown, file string, err error) error {
	placed, ok := errors.AsType[*emulator.PlacedError](err)
	if !ok {
		return fmt.Errorf("%s: %w", shown, err)
	}
	return &fileError{filepath.ToSlash(shown), placed.Line, placed.Column, placed.Message, lineOf(file, placed.Line)}
}

// maxSourceLine is how long a line may be that is shown with an error, in bytes.
const maxSourceLine = 300

// lineOf returns a line of a file without reading all of it. Lines of dumps may be long: those are left out.
func lineOf(file string, line int) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	var rest []byte
	buf := make([]byte, 64<<10)
	for n := 1; ; {
		read, err := f.Read(buf)
		chunk := append(rest, buf[:read]...)
		for n < line {
			i := bytes.IndexByte(chunk, '\n')
			if i < 0 {
				chunk = chunk[:0]
				break
			}
			chunk = chunk[i+1:]
			n++
		}
		if n == line {
			text, _, whole := bytes.Cut(chunk, []byte("\n"))
			switch {
			case len(text) > maxSourceLine:
				return ""
			case whole || err != nil:
				return strings.ReplaceAll(printable(strings.TrimRight(string(text), "\r")), `\t`, " ")
			}
		}
		if err != nil {
			return ""
		}
		rest = append([]byte(nil), chunk...)
	}
}

// failed prints an error as JSON when JSON was asked for. What is text in it is SQLite's own.
func (e *d1Execution) failed(err error) error {
	if err == nil || !e.json {
		return err
	}
	type note struct {
		Text string `json:"text"`
	}
	type shown struct {
		Text  string `json:"text"`
		Notes []note `json:"notes,omitempty"`
		Kind  string `json:"kind,omitempty"`
		Name  string `json:"name,omitempty"`
		Code  int    `json:"code,omitempty"`
	}
	s := shown{Text: err.Error()}
	if placed, ok := errors.AsType[*fileError](err); ok {
		s.Text = placed.place()
	}
	if api, ok := errors.AsType[*emulator.APIError](err); ok {
		s = shown{api.Message, []note{{fmt.Sprintf("%s [code: %d]", api.Message, api.Code)}}, "error", "APIError", api.Code}
	}
	raw, marshal := json.Marshal(map[string]shown{"error": s})
	if marshal != nil {
		return errors.Join(err, marshal)
	}
	if write := writeJSON(e.stdout, raw); write != nil {
		return errors.Join(err, write)
	}
	return &exitError{1, nil}
}
