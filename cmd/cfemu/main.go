// Command cfemu runs the Cloudflare developer platform on one machine: a Worker with its D1
// databases, R2 buckets, KV namespaces, queues and AI, offline and without an account. `cfemu help`
// lists its verbs; each is one file here.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // toLocaleString knows all zones, on machines without zone files too
)

func main() {
	time.Local = time.UTC // as a Worker's Date is everywhere; goja goes by the process
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C exits at once
	code := run(ctx, process{os.Args[1:], os.Getenv, os.Environ(), os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// A process is the outside world of one run of the command.
type process struct {
	args    []string
	getenv  func(string) string
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
}
