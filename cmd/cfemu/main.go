// Command cfemu runs the Cloudflare developer platform on one machine: a Worker with its D1
// databases, R2 buckets, KV namespaces, queues and AI, offline and without an account. `cfemu help`
// lists its verbs; each is one file here.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	collectLess()
	time.Local = time.UTC // as a Worker's Date is everywhere; goja goes by the process
	os.Exit(run(untilSignal(), process{os.Args[1:], os.Getenv, os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
}

// untilSignal returns a context that ends with the first Ctrl-C or SIGTERM. The second one does what it does to
// any process, and ends it at once, however soon it comes.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		select {
		case second := <-signals: // it came before that
			_ = syscall.Kill(os.Getpid(), second.(syscall.Signal)) // to oneself it never fails
		default:
		}
		cancel()
	}()
	return ctx
}

// collectLess trades memory for speed. What lives here is small, some ten megabytes, and what a
// request leaves is dead at once: by default the collector would run a hundred times a second. Near
// the limit it works as hard as ever. GOGC and GOMEMLIMIT have the last word.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(1 << 30)
	}
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
