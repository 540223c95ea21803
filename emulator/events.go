package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cfemu/cfemu/emulator/worker"
	"github.com/cfemu/cfemu/emulator/wrangler"
	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
	"github.com/cfemu/cfemu/queues"
)

// A consumer delivers the batches of one queue to whichever version of the Worker is live.
type consumer struct {
	e     *Emulator
	queue string
}

// Consume runs the queue handler on b.
func (c *consumer) Consume(ctx context.Context, b queues.Batch) (queues.Outcome, error) {
	took := clock.Stopwatch()
	ray := newRay()
	c.e.ops.begin(ray)
	ev := Event{Type: EventQueue, Worker: c.e.name(), Queue: c.queue, Messages: len(b.Messages), Ray: ray}
	out, err := c.run(probe.WithRay(ctx, ray), b)
	ev.Took, ev.Ops = took(), c.e.ops.end(ray)
	if err == nil && out.Exception != nil {
		ev.Error, ev.Detail = errorText(out.Exception), c.e.explain(out.Exception)
	}
	if err != nil {
		ev.Error, ev.Retried = err.Error(), len(b.Messages)
		c.e.report(ev)
		return queues.Outcome{}, err
	}
	ev.Retried = len(out.Retries)
	c.e.report(ev)
	settled := queues.Outcome{Retries: make([]queues.Retry, len(out.Retries))}
	for i, r := range out.Retries {
		settled.Retries[i] = queues.Retry{ID: r.ID, Delay: r.Delay}
	}
	return settled, nil
}

func (c *consumer) run(ctx context.Context, b queues.Batch) (worker.Outcome, error) {
	v, release, err := c.e.slot.take(ctx)
	if err != nil {
		return worker.Outcome{}, err
	}
	defer release()
	batch := worker.Batch{
		Queue:    b.Queue,
		Messages: make([]worker.Message, len(b.Messages)),
		Backlog:  worker.Backlog{Count: b.Backlog.Count, Bytes: b.Backlog.Bytes, Oldest: b.Backlog.Oldest},
	}
	for i, m := range b.Messages {
		batch.Messages[i] = worker.Message{ID: m.ID, Timestamp: m.Timestamp, Attempts: m.Attempts, ContentType: m.ContentType, Body: m.Body}
	}
	return v.Queue(ctx, batch)
}

// An attachment is a consumer at work.
type attachment struct {
	policy queues.Policy
	stop   func(context.Context) error
}

// attach makes the queues' consumers those of cfg. A consumer whose policy stays the same goes on.
func (e *Emulator) attach(ctx context.Context, cfg *wrangler.Config, handlers []string) error {
	e.consuming.Lock()
	defer e.consuming.Unlock()
	if e.config() != cfg {
		return nil // a later one will
	}
	wanted := map[string]queues.Policy{}
	for _, c := range cfg.Queues.Consumers {
		wanted[c.Queue] = policy(c)
	}
	if len(wanted) > 0 && !slices.Contains(handlers, "queue") {
		e.warn(fmt.Sprintf("%s consumes %s, but its code exports no queue handler: messages wait. Add `async queue(batch, env, ctx) {…}` to the default export",
			cfg.Name, strings.Join(sortedKeys(wanted), ", ")))
		wanted = nil
	}
	for queue, a := range e.consumers {
		if p, ok := wanted[queue]; ok && p == a.policy {
			delete(wanted, queue)
			continue
		}
		delete(e.consumers, queue)
		if err := a.stop(ctx); err != nil {
			return err
		}
	}
	for _, queue := range sortedKeys(wanted) {
		p := wanted[queue]
		for _, name := range []string{queue, p.DeadLetterQueue} {
			if name == "" {
				continue
			}
			if _, err := e.queues.Ensure(ctx, name); err != nil {
				return err
			}
		}
		stop, err := e.queues.Attach(queue, p, &consumer{e, queue})
		if err != nil {
			return err
		}
		e.consumers[queue] = attachment{p, stop}
	}
	return nil
}

func policy(c wrangler.QueueConsumer) queues.Policy {
	p := queues.DefaultPolicy()
	set := func(to *int, from *int) {
		if from != nil {
			*to = *from
		}
	}
	set(&p.MaxBatchSize, c.MaxBatchSize)
	set(&p.MaxRetries, c.MaxRetries)
	set(&p.MaxConcurrency, c.MaxConcurrency)
	if c.MaxBatchTimeout != nil {
		p.MaxBatchTimeout = time.Duration(*c.MaxBatchTimeout) * time.Second
	}
	if c.RetryDelay != nil {
		p.RetryDelay = time.Duration(*c.RetryDelay) * time.Second
	}
	p.DeadLetterQueue = c.DeadLetterQueue
	return p
}

// detach stops all consumers; batches in flight finish.
func (e *Emulator) detach(ctx context.Context) error {
	e.attaching.Wait()
	var errs []error
	for _, queue := range sortedKeys(e.consumers) {
		errs = append(errs, e.consumers[queue].stop(ctx))
	}
	clear(e.consumers)
	return errors.Join(errs...)
}

// Cron runs the scheduled handler as the cron trigger would, and waits for it. A zero at is now.
func (e *Emulator) Cron(ctx context.Context, cron string, at time.Time) error {
	if at.IsZero() {
		at = e.clock.Now()
	}
	took := clock.Stopwatch()
	ray := newRay()
	e.ops.begin(ray)
	ctx = probe.WithRay(ctx, ray)
	err := func() error {
		v, release, err := e.slot.take(ctx)
		if err != nil {
			return err
		}
		defer release()
		return v.Scheduled(ctx, worker.Scheduled{Cron: cron, Time: at})
	}()
	ev := Event{Type: EventScheduled, Worker: e.name(), Cron: cron, Took: took(), Ops: e.ops.end(ray), Ray: ray}
	if err != nil {
		ev.Error, ev.Detail = errorText(err), e.explain(err)
	}
	e.report(ev)
	if errors.Is(err, worker.ErrNoHandler) {
		return cfapi.New(http.StatusBadRequest, 10068, e.name()+" exports no scheduled handler: add `async scheduled(controller, env, ctx) {…}` to the default export")
	}
	if err != nil {
		return cfapi.New(http.StatusInternalServerError, 10021, "the scheduled handler threw "+errorText(err))
	}
	return nil
}

// handlerPrefix is where `wrangler dev` lets one trigger events by hand; so does cfemu.
const handlerPrefix = "/cdn-cgi/handler/"

// serveHandler answers the paths under handlerPrefix.
func (e *Emulator) serveHandler(w http.ResponseWriter, r *http.Request) {
	if otherSite(r) != "" { // a GET too: it runs the handler
		http.Error(w, "cfemu: an event may not be triggered from a page of another site", http.StatusForbidden)
		return
	}
	q := r.URL.Query()
	switch strings.TrimPrefix(r.URL.Path, handlerPrefix) {
	case "scheduled":
		at := time.Time{}
		if ms := q.Get("time"); ms != "" {
			n, err := strconv.ParseInt(ms, 10, 64)
			if err != nil {
				http.Error(w, "time must be milliseconds since 1970", http.StatusBadRequest)
				return
			}
			at = time.UnixMilli(n)
		}
		status, outcome := http.StatusOK, "ok"
		if err := e.Cron(r.Context(), q.Get("cron"), at); err != nil {
			status, outcome = http.StatusInternalServerError, "exception"
		}
		writeOutcome(w, status, outcome, q.Get("format") == "json")
	case "email":
		http.Error(w, "cfemu: incoming email is not emulated yet (docs/COMPATIBILITY.md)", http.StatusNotImplemented)
	default:
		http.Error(w, "cfemu: no such handler; there is "+handlerPrefix+"scheduled?cron=…", http.StatusNotFound)
	}
}

func writeOutcome(w http.ResponseWriter, status int, outcome string, asJSON bool) {
	if !asJSON {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, outcome) // the client is gone when this fails
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"outcome":%q,"noRetry":false}`, outcome)
}
