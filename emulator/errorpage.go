package emulator

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"sync"
)

// failPage answers a request that the Worker could not, with the status and code of production: an
// uncaught exception is error 1101, a limit passed is 1102. A browser gets a page with the source,
// a program gets text. It returns the status.
//
// Receipt: https://developers.cloudflare.com/workers/observability/errors/
func (e *Emulator) failPage(w http.ResponseWriter, r *http.Request, ray string, err error) int {
	status, code, title := http.StatusInternalServerError, "1101", "Worker threw exception"
	ex, isException := errors.AsType[*worker.Exception](err)
	switch {
	case isException && ex.Outcome != worker.OutcomeException && ex.Outcome != "":
		status, code, title = http.StatusServiceUnavailable, "1102", "Worker exceeded resource limits"
	case !isException:
		code, title = "", "The Worker cannot run"
		if r.Context().Err() == nil && e.stopping() {
			status, title = http.StatusServiceUnavailable, "cfemu is stopping"
		}
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if !wantsHTML(r) {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		if code != "" {
			fmt.Fprintf(w, "error code: %s\n\n", code)
		}
		fmt.Fprintln(w, errorText(err))
		if detail := e.explain(err); detail != "" {
			fmt.Fprintln(w, detail)
		}
		return status
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.WriteHeader(status)
	page := struct{ Code, Title, Message, Detail, Ray string }{code, title, errorText(err), e.explain(err), ray}
	// The client is gone when this fails.
	_ = errorPage().Execute(w, page)
	return status
}

var errorPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{if .Code}}Error {{.Code}}: {{end}}{{.Title}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:3rem auto;max-width:60rem;padding:0 1.5rem;color:#222;background:#fff}
h1{font-size:1.2rem;color:#666;font-weight:500}
.message{font-size:1.4rem;font-weight:600;overflow-wrap:anywhere}
pre{background:#f5f5f5;padding:1rem;border-radius:6px;overflow:auto;font:14px/1.5 ui-monospace,monospace}
footer{color:#888;font-size:.85rem}
@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}pre{background:#242424}}
</style></head><body>
<h1>{{if .Code}}Error {{.Code}} · {{end}}{{.Title}}</h1>
<p class="message">{{.Message}}</p>
{{if .Detail}}<pre>{{.Detail}}</pre>{{end}}
<footer>Ray ID {{.Ray}} · cfemu · save the file to try again</footer>
</body></html>
`))
})

// errorText is the one line that says what went wrong.
func errorText(err error) string {
	if ex, ok := errors.AsType[*worker.Exception](err); ok {
		if ex.Name == "" {
			return ex.Message
		}
		return strings.TrimSuffix(ex.Name+": "+ex.Message, ": ")
	}
	return err.Error()
}

// explain is what a person needs beside the message: the stack in their own files, the source
// around its first line, the chain of causes, and a hint.
func (e *Emulator) explain(err error) string {
	ex, ok := errors.AsType[*worker.Exception](err)
	if !ok {
		return ""
	}
	var b strings.Builder
	for _, f := range ex.Stack {
		if f.Function != "" {
			fmt.Fprintf(&b, "    at %s (%s)\n", f.Function, f.Position())
		} else {
			fmt.Fprintf(&b, "    at %s\n", f.Position())
		}
	}
	for _, f := range ex.Stack {
		if code := e.codeFrame(f); code != "" {
			b.WriteString("\n" + code)
			break
		}
	}
	for c := ex.Cause; c != nil; c = c.Cause {
		fmt.Fprintf(&b, "caused by %s\n", errorText(c))
		if len(c.Stack) > 0 {
			fmt.Fprintf(&b, "    at %s\n", c.Stack[0].Position())
		}
	}
	if hint := e.hint(ex); hint != "" {
		fmt.Fprintf(&b, "\n  hint: %s\n", hint)
	}
	return strings.TrimRight(b.String(), "\n")
}

// codeFrame shows the lines around a frame of the project's own source, or "".
func (e *Emulator) codeFrame(f worker.Frame) string {
	if f.Line == 0 || strings.Contains(f.File, "node_modules") {
		return ""
	}
	// A root keeps a frame's path, which comes from a source map, inside the project.
	root, err := os.OpenRoot(e.project)
	if err != nil {
		return ""
	}
	defer root.Close()
	src, err := root.ReadFile(f.File)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(src), "\n")
	if f.Line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(1, f.Line-2); n <= min(len(lines), f.Line+2); n++ {
		mark := " "
		if n == f.Line {
			mark = ">"
		}
		fmt.Fprintf(&b, "%s %4d | %s\n", mark, n, strings.ReplaceAll(strings.TrimRight(lines[n-1], "\r"), "\t", " "))
		if n == f.Line && f.Column > 0 {
			fmt.Fprintf(&b, "       | %s^\n", strings.Repeat(" ", f.Column-1))
		}
	}
	return b.String()
}

var noSuchTable = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`D1_ERROR: no such table: ([\w.]+)`)
})

// hint says what to do about errors that beginners meet.
func (e *Emulator) hint(ex *worker.Exception) string {
	for c := ex; c != nil; c = c.Cause {
		m := noSuchTable().FindStringSubmatch(c.Message)
		if m == nil {
			continue
		}
		dir := "migrations"
		if cfg := e.config(); cfg != nil && len(cfg.D1Databases) > 0 {
			dir = e.relative(cfg.D1Databases[0].MigrationsDir)
		}
		return fmt.Sprintf("the database has no table %s. Add a migration, for example %s/0001_%s.sql with CREATE TABLE %s (...), and run `cfemu d1 migrations apply`, or restart cfemu",
			m[1], dir, m[1], m[1])
	}
	return ""
}

// errorEvent is the event for an error that is not of one request: of the configuration, the build,
// a migration, a seed file.
func (e *Emulator) errorEvent(err error) Event {
	ev := Event{Type: EventError, Message: errorText(err), Detail: e.explain(err)}
	if b, ok := errors.AsType[*worker.BuildError](err); ok && b.File != "" {
		ev.Source = fmt.Sprintf("%s:%d:%d", b.File, b.Line, b.Column)
	}
	if c, ok := errors.AsType[*wrangler.Error](err); ok && c.File != "" {
		ev.Source = fmt.Sprintf("%s:%d:%d", c.File, c.Line, c.Column)
	}
	return ev
}
