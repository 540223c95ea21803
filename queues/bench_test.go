package queues

import (
	"context"
	"strings"
	"testing"
)

func BenchmarkSend(b *testing.B) {
	s, err := Open(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := ensure(b, s, "q")
	msgs := []Outgoing{text(strings.Repeat("x", 200), 0)}
	for b.Loop() {
		if err := q.Send(context.Background(), msgs); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeliverThousand(b *testing.B) {
	s, err := Open(b.TempDir(), Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := ensure(b, s, "q")
	defer attach(b, s, "q", DefaultPolicy(), &recorder{})()
	msgs := make([]Outgoing, 100)
	for i := range msgs {
		msgs[i] = text(strings.Repeat("x", 200), 0)
	}
	for b.Loop() {
		for range 10 {
			send(b, q, msgs...)
		}
		drainAll(b, s, "q")
	}
}
