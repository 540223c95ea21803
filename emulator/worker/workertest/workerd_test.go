//go:build workerd

package workertest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/worker/workertest"
)

// TestWorkerd runs the suite in Cloudflare's own runtime, to check what the suite expects:
//
//	WORKERD=path/to/workerd go test -tags workerd ./emulator/worker/workertest
func TestWorkerd(t *testing.T) {
	binary := os.Getenv("WORKERD")
	if binary == "" {
		t.Fatal("WORKERD must be the path of the workerd binary")
	}
	workertest.Run(t, func(t testing.TB) worker.Engine { return reference{binary, t.TempDir()} }, "workerd")
}

// A reference is as much of an engine as the suite needs: a process for each Worker. A second Worker
// stands in front, which hands on events and tells exceptions.
type reference struct{ binary, dir string }

func (reference) Close() error { return nil }

const front = `
const failure = (e) => new Response(JSON.stringify({ name: e?.name ?? "", message: e?.message ?? String(e), stack: String(e?.stack) }), { status: 599 })
export default { async fetch(request, env) {
  const event = request.headers.get("x-reference-event")
  try {
    if (!event) return await env.MAIN.fetch(request)
    const [kind, ...args] = JSON.parse(event)
    if (kind === "scheduled") return Response.json(await env.MAIN.scheduled({ scheduledTime: new Date(args[0]), cron: args[1] }))
    const [queue, messages, metrics] = args
    return Response.json(await env.MAIN.queue(queue, messages.map(({ body, kind, timestamp, ...m }) => {
      const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0)), text = new TextDecoder().decode(bytes)
      return { ...m, timestamp: new Date(timestamp), body: kind === "json" ? JSON.parse(text) : kind === "text" ? text : bytes }
    }), { metrics: { ...metrics, oldestMessageTimestamp: metrics.oldest && new Date(metrics.oldest) } }))
  } catch (e) { return failure(e) }
} }`

func (e reference) Load(ctx context.Context, spec worker.Spec) (worker.Worker, error) {
	dir, err := os.MkdirTemp(e.dir, "w")
	if err != nil {
		return nil, err
	}
	// The reference has no outbound of ours: a server on the loopback address stands for it.
	outbound := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Scheme, r.URL.Host, r.RequestURI = r.Header.Get("X-Reference-Scheme"), r.Host, ""
		r.Header.Del("X-Reference-Scheme")
		res, err := spec.Outbound.RoundTrip(r)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer res.Body.Close()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_ = http.NewResponseController(w).Flush()
		buf := make([]byte, 1<<15)
		for {
			n, err := res.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			_ = http.NewResponseController(w).Flush()
			if err == io.EOF {
				return
			}
			if err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}))
	config := configure(dir, spec, outbound.Listener.Addr().String())
	if err := os.WriteFile(filepath.Join(dir, "config.capnp"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	w := &process{stop: outbound.Close, console: spec.Console, ended: make(chan struct{})}
	w.cmd = exec.Command(e.binary, "serve", "--experimental", "--control-fd=3", filepath.Join(dir, "config.capnp"))
	control, child, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.cmd.ExtraFiles = []*os.File{child}
	w.cmd.Stderr = &w.log
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	_ = child.Close()
	go w.read(out)
	var listening struct{ Port int }
	if err := json.NewDecoder(control).Decode(&listening); err != nil {
		_ = w.cmd.Wait()
		return nil, fmt.Errorf("workerd: %s", w.log.String())
	}
	w.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(listening.Port))
	w.client = &http.Transport{DisableCompression: true}
	return w, nil
}

func configure(dir string, spec worker.Spec, outbound string) string {
	var b strings.Builder
	quote := func(s string) string { text, _ := json.Marshal(s); return string(text) }
	file := func(content []byte) string {
		f, _ := os.CreateTemp(dir, "m")
		_, _ = f.Write(content)
		_ = f.Close()
		return quote(filepath.Base(f.Name()))
	}
	b.WriteString(`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "front", worker = .front), (name = "main", worker = .main),
    (name = "out", external = (address = "` + outbound + `", http = (forwardedProtoHeader = "X-Reference-Scheme"))) ],
  sockets = [ (name = "http", address = "127.0.0.1:0", service = "front", http = (forwardedProtoHeader = "X-Reference-Scheme", cfBlobHeader = "CF-Blob")) ],
  structuredLogging = true );
const front :Workerd.Worker = ( modules = [ (name = "front.js", esModule = embed ` + file([]byte(front)) + `) ],
  compatibilityDate = "2026-08-01", compatibilityFlags = ["service_binding_extra_handlers"], bindings = [ (name = "MAIN", service = "main") ] );
const main :Workerd.Worker = ( globalOutbound = "out", `)
	if code := string(spec.Modules[0].Content); strings.Contains(code, "addEventListener(") && !strings.Contains(code, "export default") {
		b.WriteString("serviceWorkerScript = embed " + file(spec.Modules[0].Content) + ",\n")
	} else {
		kinds := map[worker.ModuleType]string{worker.ESModule: "esModule", worker.CommonJSModule: "commonJsModule",
			worker.TextModule: "text", worker.DataModule: "data", worker.JSONModule: "json"}
		b.WriteString("modules = [")
		for _, m := range spec.Modules {
			b.WriteString("\n  (name = " + quote(m.Name) + ", " + kinds[m.Type] + " = embed " + file(m.Content) + "),")
		}
		b.WriteString(" ],\n")
	}
	b.WriteString("compatibilityDate = " + quote(spec.Compat.Date) + ", compatibilityFlags = [")
	for _, f := range spec.Compat.Flags {
		b.WriteString(quote(f) + ",")
	}
	b.WriteString("], bindings = [")
	for _, bind := range spec.Bindings {
		value := "text = " + quote(bind.Text)
		switch bind.Type {
		case "json":
			value = "json = " + quote(bind.Text)
		case "service":
			value = `service = "out"`
		}
		b.WriteString("(name = " + quote(bind.Name) + ", " + value + "),")
	}
	b.WriteString("] );\n")
	return b.String()
}

// A process is one Worker in workerd.
type process struct {
	cmd     *exec.Cmd
	addr    string
	client  *http.Transport
	console func(worker.Line)
	stop    func()
	log     bytes.Buffer
	ended   chan struct{}
}

// read takes the console lines from workerd's structured log.
func (w *process) read(out io.Reader) {
	defer close(w.ended)
	in := bufio.NewScanner(out)
	in.Buffer(nil, 1<<22)
	for in.Scan() {
		var l struct{ Level, Message string }
		if json.Unmarshal(in.Bytes(), &l) == nil && w.console != nil {
			w.console(worker.Line{Level: l.Level, Message: l.Message})
		}
	}
}

func (w *process) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	r.Header.Set("X-Reference-Scheme", r.URL.Scheme)
	r.URL.Scheme, r.URL.Host = "http", w.addr
	if _, ok := r.Header["User-Agent"]; !ok {
		r.Header["User-Agent"] = nil // or Go would send its own
	}
	res, err := w.client.RoundTrip(r)
	if err != nil || res.StatusCode != 599 {
		return res, err
	}
	defer res.Body.Close()
	ex := &worker.Exception{Outcome: worker.OutcomeException}
	return nil, errors.Join(json.NewDecoder(res.Body).Decode(ex), ex)
}

func (w *process) send(ctx context.Context, result any, event ...any) error {
	text, _ := json.Marshal(event)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://reference.test/", nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-Reference-Event", string(text))
	res, err := w.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(result)
}

func (w *process) Queue(ctx context.Context, b worker.Batch) (worker.Outcome, error) {
	var messages []map[string]any
	for _, m := range b.Messages {
		messages = append(messages, map[string]any{"id": m.ID, "timestamp": m.Timestamp.UnixMilli(), "attempts": m.Attempts,
			"kind": m.ContentType, "body": base64.StdEncoding.EncodeToString(m.Body)})
	}
	metrics := map[string]any{"backlogCount": b.Backlog.Count, "backlogBytes": b.Backlog.Bytes}
	if !b.Backlog.Oldest.IsZero() {
		metrics["oldest"] = b.Backlog.Oldest.UnixMilli()
	}
	type delay struct{ DelaySeconds *int }
	var said struct {
		Outcome    string
		AckAll     bool
		RetryBatch struct {
			Retry bool
			delay
		}
		ExplicitAcks  []string
		RetryMessages []struct {
			MsgID string
			delay
		}
	}
	var out worker.Outcome
	if err := w.send(ctx, &said, "queue", b.Queue, messages, metrics); err != nil {
		return out, err
	}
	seconds := func(d delay) *time.Duration {
		if d.DelaySeconds == nil {
			return nil
		}
		span := time.Duration(*d.DelaySeconds) * time.Second
		return &span
	}
	if said.Outcome != "ok" {
		out.Exception = &worker.Exception{Outcome: said.Outcome}
	}
	decided := map[string]bool{}
	for _, id := range said.ExplicitAcks {
		decided[id] = true
	}
	retries := map[string]*time.Duration{}
	for _, m := range said.RetryMessages {
		decided[m.MsgID] = true
		retries[m.MsgID] = seconds(m.delay)
	}
	for _, m := range b.Messages {
		if !decided[m.ID] && (said.RetryBatch.Retry || out.Exception != nil && !said.AckAll) {
			decided[m.ID], retries[m.ID] = true, seconds(said.RetryBatch.delay)
		}
		if d, ok := retries[m.ID]; ok {
			out.Retries = append(out.Retries, worker.Retry{ID: m.ID, Delay: d})
		}
	}
	return out, nil
}

func (w *process) Scheduled(ctx context.Context, e worker.Scheduled) error {
	var said struct{ Outcome string }
	if err := w.send(ctx, &said, "scheduled", e.Time.UnixMilli(), e.Cron); err != nil {
		return err
	}
	if said.Outcome != "ok" {
		return &worker.Exception{Outcome: said.Outcome}
	}
	return nil
}

func (w *process) Email(context.Context, worker.Email) error {
	return errors.New("the reference has no way to hand in email")
}

func (w *process) Handlers() []string { return nil }

func (w *process) Close(context.Context) error {
	_ = w.cmd.Process.Kill()
	<-w.ended
	_ = w.cmd.Wait()
	w.stop()
	return nil
}
