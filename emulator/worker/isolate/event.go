package isolate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/mail"
	"time"

	"github.com/dop251/goja"

	"github.com/cfemu/cfemu/emulator/worker"
)

// dispatch runs a handler on the event that build makes, waits for all its work, waitUntil included,
// and returns the exception that it ended with, if any. read runs on the loop after that.
func (i *isolate) dispatch(ctx context.Context, handler string, build func(inv *invocation) *goja.Object, read func()) (*Exception, error) {
	if !i.has(handler) {
		return nil, fmt.Errorf("worker %s: %s: %w", i.spec.Name, handler, worker.ErrNoHandler)
	}
	inv, err := i.begin(ctx)
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	inv.drained = func() {
		i.ended()
		if read != nil {
			read()
		}
		close(done)
	}
	var thrown *Exception
	i.queue.post(task{inv: inv, run: func() {
		inv.start()
		inv.settle = func(_ goja.Value, ex *Exception) { thrown = ex }
		event := build(inv)
		if i.listens(handler) {
			i.dispatchEvent(inv, handler, event)
			return
		}
		i.call(inv, handler, event)
	}})
	select {
	case <-done:
	case <-i.stopped:
		return nil, fmt.Errorf("worker %s: %w", i.spec.Name, errWorkerClosed)
	case <-i.wedged.Done():
		return nil, errWedged()
	case <-ctx.Done():
		cause := context.Cause(ctx)
		i.queue.post(task{run: func() { inv.abandon(cause) }})
		return nil, cause
	}
	if thrown == nil {
		thrown = inv.failed
	}
	return thrown, nil
}

// runScheduled runs the scheduled handler.
func (i *isolate) runScheduled(ctx context.Context, e worker.Scheduled) error {
	ex, err := i.dispatch(ctx, "scheduled", func(*invocation) *goja.Object {
		o := i.rt.NewObject()
		i.define(o, "scheduledTime", i.rt.ToValue(e.Time.UnixMilli()))
		i.define(o, "cron", i.rt.ToValue(e.Cron))
		i.define(o, "noRetry", i.realm.Function("noRetry", 0, func(goja.FunctionCall) goja.Value { return goja.Undefined() }))
		return o
	}, nil)
	if err != nil {
		return err
	}
	if ex != nil {
		return ex
	}
	return nil
}

// runEmail runs the email handler.
func (i *isolate) runEmail(ctx context.Context, m worker.Email) error {
	var rejected *worker.Rejection
	ex, err := i.dispatch(ctx, "email", func(*invocation) *goja.Object { return i.emailMessage(m, &rejected) }, nil)
	switch {
	case err != nil:
		return err
	case ex != nil:
		return ex
	case rejected != nil:
		return rejected
	}
	return nil
}

func (i *isolate) emailMessage(m worker.Email, rejected **worker.Rejection) *goja.Object {
	o := i.rt.NewObject()
	i.define(o, "from", i.rt.ToValue(m.From))
	i.define(o, "to", i.rt.ToValue(m.To))
	i.define(o, "headers", i.emailHeaders(m.Raw))
	i.define(o, "raw", i.fetch.NewReadableStream(io.NopCloser(bytes.NewReader(m.Raw))))
	i.define(o, "rawSize", i.rt.ToValue(len(m.Raw)))
	i.define(o, "setReject", i.realm.Function("setReject", 1, func(call goja.FunctionCall) goja.Value {
		*rejected = &worker.Rejection{Reason: call.Argument(0).String()}
		return goja.Undefined()
	}))
	for _, name := range []string{"forward", "reply"} {
		i.define(o, name, i.realm.Function(name, 1, func(goja.FunctionCall) goja.Value {
			return i.realm.Rejected(i.newError("Error", "message."+name+"() is not supported by the embedded engine yet."))
		}))
	}
	return o
}

// emailHeaders are the message's header fields as a Headers object; fields that no Headers can hold are left out.
func (i *isolate) emailHeaders(raw []byte) *goja.Object {
	headers, err := i.rt.New(i.rt.Get("Headers"))
	if err != nil {
		i.rethrow(err)
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return headers
	}
	add, _ := goja.AssertFunction(headers.Get("append"))
	for name, values := range message.Header {
		for _, v := range values {
			if _, err := add(headers, i.rt.ToValue(name), i.rt.ToValue(v)); err != nil {
				if _, thrown := err.(*goja.Exception); !thrown {
					i.rethrow(err)
				}
			}
		}
	}
	return headers
}

// runQueue runs the queue handler on a batch.
func (i *isolate) runQueue(ctx context.Context, b worker.Batch) (worker.Outcome, error) {
	v := &verdicts{messages: make([]verdict, len(b.Messages))}
	var out worker.Outcome
	ex, err := i.dispatch(ctx, "queue", func(*invocation) *goja.Object { return i.messageBatch(b, v) }, nil)
	if err != nil {
		return out, err
	}
	return v.outcome(b, ex), nil
}

// A verdict is what the handler has said of a message, or of all. The first word counts.
type verdict struct {
	said  bool
	retry bool
	delay *time.Duration
}

func (v *verdict) say(retry bool, delay *time.Duration) {
	if !v.said {
		*v = verdict{said: true, retry: retry, delay: delay}
	}
}

type verdicts struct {
	messages []verdict
	batch    verdict
}

// outcome applies the platform's rules: a word on a message beats one on the batch, and a handler
// that threw has acknowledged nothing by keeping silent.
func (v *verdicts) outcome(b worker.Batch, ex *Exception) worker.Outcome {
	out := worker.Outcome{Exception: ex}
	for n, m := range b.Messages {
		said := v.messages[n]
		if !said.said {
			said = v.batch
		}
		if said.retry || !said.said && ex != nil {
			out.Retries = append(out.Retries, worker.Retry{ID: m.ID, Delay: said.delay})
		}
	}
	return out
}

func (i *isolate) messageBatch(b worker.Batch, v *verdicts) *goja.Object {
	messages := make([]any, len(b.Messages))
	for n, m := range b.Messages {
		messages[n] = i.queueMessage(m, &v.messages[n])
	}
	o := i.rt.NewObject()
	i.define(o, "messages", i.rt.NewArray(messages...))
	i.define(o, "queue", i.rt.ToValue(b.Queue))
	metrics := i.rt.NewObject()
	i.define(metrics, "backlogCount", i.rt.ToValue(b.Backlog.Count))
	i.define(metrics, "backlogBytes", i.rt.ToValue(b.Backlog.Bytes))
	if !b.Backlog.Oldest.IsZero() {
		i.define(metrics, "oldestMessageTimestamp", i.date(b.Backlog.Oldest))
	}
	metadata := i.rt.NewObject()
	i.define(metadata, "metrics", metrics)
	i.define(o, "metadata", metadata)
	i.verdictMethods(o, "ackAll", "retryAll", &v.batch)
	return o
}

func (i *isolate) queueMessage(m worker.Message, v *verdict) *goja.Object {
	o := i.rt.NewObject()
	i.define(o, "id", i.rt.ToValue(m.ID))
	i.define(o, "timestamp", i.date(m.Timestamp))
	i.define(o, "attempts", i.rt.ToValue(m.Attempts))
	switch m.ContentType {
	case "text":
		i.define(o, "body", i.rt.ToValue(string(m.Body)))
	case "bytes":
		i.define(o, "body", i.realm.Uint8Array(append([]byte(nil), m.Body...)))
	case "json":
		i.define(o, "body", i.must(i.parseJSON(string(m.Body))))
	default:
		refuse := i.rt.ToValue(func(goja.FunctionCall) goja.Value {
			panic(i.newError("Error", fmt.Sprintf("The embedded engine cannot read queue messages of content type %q yet; "+
				"send them as json, text or bytes.", m.ContentType)))
		})
		if err := o.DefineAccessorProperty("body", refuse, nil, goja.FLAG_TRUE, goja.FLAG_TRUE); err != nil {
			panic(err)
		}
	}
	i.verdictMethods(o, "ack", "retry", v)
	return o
}

func (i *isolate) verdictMethods(o *goja.Object, ack, retry string, v *verdict) {
	i.define(o, ack, i.realm.Function(ack, 0, func(goja.FunctionCall) goja.Value {
		v.say(false, nil)
		return goja.Undefined()
	}))
	i.define(o, retry, i.realm.Function(retry, 0, func(call goja.FunctionCall) goja.Value {
		v.say(true, retryDelay(call.Argument(0)))
		return goja.Undefined()
	}))
}

// retryDelay is the delaySeconds of the options, nil when they have none.
func retryDelay(options goja.Value) *time.Duration {
	o, ok := options.(*goja.Object)
	if !ok {
		return nil
	}
	seconds := property(o, "delaySeconds")
	if seconds == nil || goja.IsNull(seconds) {
		return nil
	}
	d := time.Duration(seconds.ToInteger()) * time.Second
	return &d
}

func (i *isolate) date(t time.Time) *goja.Object {
	o, err := i.rt.New(i.rt.Get("Date"), i.rt.ToValue(t.UnixMilli()))
	if err != nil {
		i.rethrow(err)
	}
	return o
}

func (i *isolate) parseJSON(text string) (goja.Value, error) {
	parse, _ := goja.AssertFunction(i.rt.Get("JSON").(*goja.Object).Get("parse"))
	return parse(goja.Undefined(), i.rt.ToValue(text))
}
