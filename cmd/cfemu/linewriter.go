package main

import (
	"io"
	"sync"
)

// A lineWriter writes in a goroutine of its own, so that no request waits for a terminal, and what
// comes while it writes goes out in one piece.
type lineWriter struct {
	w io.Writer

	mu      sync.Mutex
	changed *sync.Cond
	pending []byte
	writing bool
}

// maxPending is how much may wait for a slow terminal before who reports waits too.
const maxPending = 1 << 20

func newLineWriter(w io.Writer) *lineWriter {
	l := &lineWriter{w: w}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Write never fails: when nobody can read the log there is nobody to tell.
func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) > maxPending {
		l.changed.Wait()
	}
	l.pending = append(l.pending, p...)
	if !l.writing {
		l.writing = true
		go l.drain()
	}
	return len(p), nil
}

// drain writes until nothing is left.
func (l *lineWriter) drain() {
	var spare []byte
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) > 0 {
		text := l.pending
		l.pending = spare[:0]
		l.mu.Unlock()
		l.w.Write(text)
		l.mu.Lock()
		spare = text
		l.changed.Broadcast()
	}
	l.writing = false
	l.changed.Broadcast()
}

// flush returns when all is written.
func (l *lineWriter) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.writing {
		l.changed.Wait()
	}
}
