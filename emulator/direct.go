package emulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/cfemu/cfemu/d1"
	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// openHouse opens the project's state in this process and lets the client ask it directly. Databases
// of the configuration are made, as they are when it is served.
func (c *Client) openHouse(ctx context.Context, opts Options) error {
	e, err := openStores(opts, c.project)
	if err != nil {
		return err
	}
	if c.config != nil {
		for _, b := range c.config.D1Databases {
			id, name := identify(b.DatabaseID, b.DatabaseName, c.config.Name, b.Binding, isUUID)
			if _, err := e.d1.Ensure(ctx, id, name); err != nil {
				return errors.Join(fmt.Errorf("binding %s: %w", b.Binding, err), e.Close())
			}
		}
		for _, b := range c.config.KVNamespaces {
			id, title := identify(b.ID, "", c.config.Name, b.Binding, isHexID)
			if _, err := e.kv.Ensure(ctx, id, title); err != nil {
				return errors.Join(fmt.Errorf("binding %s: %w", b.Binding, err), e.Close())
			}
		}
		for _, b := range c.config.R2Buckets {
			_, name := identify("", b.BucketName, c.config.Name, b.Binding, isUUID)
			if _, err := e.r2.Ensure(ctx, name); err != nil {
				return errors.Join(fmt.Errorf("binding %s: %w", b.Binding, err), e.Close())
			}
		}
	}
	direct := &direct{handler: e.controlHandler()}
	c.door, c.token, c.http = "http://localhost", e.token, &http.Client{Transport: direct}
	c.close = func() error {
		direct.running.Wait()
		return e.Close()
	}
	return nil
}

// openStores opens a house without a Worker: the products and no doors.
func openStores(opts Options, project string) (_ *Emulator, err error) {
	e := &Emulator{
		opts: opts, project: project, clock: clock.NewMovable(), ops: newOperations(), slot: newSlot(),
		consumers: map[string]attachment{}, token: rand.Text(), begun: clock.System.Now(),
	}
	if problem := d1.BuildProblem(); problem != "" {
		return nil, errors.New(problem)
	}
	e.probe = &probe.Probe{Clock: e.clock, Observe: e.ops.observe}
	if err := e.openProducts(); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// direct is a RoundTripper that calls a handler: a door without a port. Answers are streamed.
type direct struct {
	handler http.Handler
	running sync.WaitGroup
}

func (d *direct) RoundTrip(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI = req.URL.RequestURI()
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, w := io.Pipe()
	answer := &directAnswer{header: http.Header{}, body: w, begun: make(chan struct{})}
	d.running.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				answer.WriteHeader(http.StatusInternalServerError)
				w.CloseWithError(fmt.Errorf("%s %s: %v", in.Method, in.URL.Path, p))
				return
			}
			answer.WriteHeader(http.StatusOK)
			w.Close()
		}()
		d.handler.ServeHTTP(answer, in)
		in.Body.Close()
	})
	select {
	case <-answer.begun:
	case <-req.Context().Done():
		body.CloseWithError(context.Cause(req.Context()))
		return nil, context.Cause(req.Context())
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: answer.sent, Body: body, ContentLength: -1, Request: req,
	}, nil
}

type directAnswer struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	begun        chan struct{} // closed when status and sent are set
}

func (a *directAnswer) Header() http.Header { return a.header }

// WriteHeader is called by the handler's goroutine only; a second call does nothing.
func (a *directAnswer) WriteHeader(status int) {
	if a.sent != nil || status < 200 {
		return
	}
	a.status, a.sent = status, a.header.Clone()
	close(a.begun)
}

func (a *directAnswer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *directAnswer) Flush() { a.WriteHeader(http.StatusOK) }
