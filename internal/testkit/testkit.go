// Package testkit is what tests of several packages need: waiting without sleeping, and a check that
// no goroutine is left behind.
package testkit

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// Wait calls check until it returns nil, and fails the test with its last error when that takes
// longer than twenty seconds. It is the only way tests here wait.
func Wait(t testing.TB, check func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	pause := time.Millisecond
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not so after 20 s: %v", err)
		}
		time.Sleep(pause)
		pause = min(2*pause, 50*time.Millisecond)
	}
}

// NoLeaks fails the test when, at its end, goroutines run that did not run now.
func NoLeaks(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		buf := make([]byte, 1<<20)
		buf = buf[:runtime.Stack(buf, true)]
		t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), strings.TrimSpace(string(buf)))
	})
}
