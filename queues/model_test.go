package queues

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cfemu/cfemu/internal/clock"
)

// expected is what the model knows of one message.
type expected struct {
	plan     string    // what its consumer does at each attempt: a(cknowledge), r(etry), d(elay)
	due      time.Time // not to be delivered before
	arrived  time.Time
	attempts int
	state    string // waiting, acked, dead, gone
}

// A model is a consumer that holds what it gets against what it should.
type model struct {
	clock  *clock.Movable
	policy Policy

	mu       sync.Mutex
	messages map[string]*expected // by body
	broken   []string
}

func (m *model) fail(format string, args ...any) {
	m.broken = append(m.broken, fmt.Sprintf(format, args...))
}

const ownDelay = 7 * time.Second

func (m *model) Consume(_ context.Context, b Batch) (out Outcome, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(b.Messages); n == 0 || n > m.policy.MaxBatchSize {
		m.fail("a batch of %d, the policy has %d", n, m.policy.MaxBatchSize)
	}
	now := m.clock.Now()
	for _, msg := range b.Messages {
		e := m.messages[string(msg.Body)]
		if e == nil {
			m.fail("%s was never sent", msg.Body)
			continue
		}
		e.attempts++
		switch {
		case e.state != "waiting":
			m.fail("%s is %s and came again", msg.Body, e.state)
		case now.Before(e.due):
			m.fail("%s came %v early", msg.Body, e.due.Sub(now))
		case msg.Attempts != e.attempts:
			m.fail("%s says attempt %d, it is %d", msg.Body, msg.Attempts, e.attempts)
		case e.attempts > 1+m.policy.MaxRetries:
			m.fail("%s came %d times, the policy has %d retries", msg.Body, e.attempts, m.policy.MaxRetries)
		}
		if err == nil && e.plan[(e.attempts-1)%len(e.plan)] == 'e' {
			err = errors.New("planned")
		}
	}
	for _, msg := range b.Messages {
		e := m.messages[string(msg.Body)]
		if e == nil {
			continue
		}
		act := e.plan[(e.attempts-1)%len(e.plan)]
		if err != nil {
			act = 'r' // the delivery fails, and all of it with it
		}
		if act == 'a' {
			e.state = "acked"
			continue
		}
		r := Retry{ID: msg.ID}
		delay := m.policy.RetryDelay
		if act == 'd' {
			delay = ownDelay
			r.Delay = &delay
		}
		out.Retries = append(out.Retries, r)
		e.due = now.Add(delay)
		if e.attempts == 1+m.policy.MaxRetries {
			e.state = "dead"
		}
	}
	return out, err
}

// TestAgainstModel plays random use of a queue, with a clock that jumps and restarts in between.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		c := frozen()
		policy := Policy{
			MaxBatchSize:    rapid.IntRange(1, 5).Draw(rt, "batch size"),
			MaxBatchTimeout: time.Duration(rapid.IntRange(0, 10).Draw(rt, "timeout")) * time.Second,
			MaxRetries:      rapid.IntRange(0, 3).Draw(rt, "retries"),
			RetryDelay:      time.Duration(rapid.SampledFrom([]int{0, 1, 60}).Draw(rt, "retry delay")) * time.Second,
			MaxConcurrency:  rapid.IntRange(0, 3).Draw(rt, "concurrency"),
			DeadLetterQueue: "dead",
		}
		m := &model{clock: c, policy: policy, messages: map[string]*expected{}}
		s := openIn(rt, dir, Options{Clock: c})
		stop := attach(rt, s, "q", policy, m)
		sent := 0
		check := func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.broken) > 0 {
				rt.Fatalf("promises broken: %q", m.broken)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) { check() },
			"send": func(rt *rapid.T) {
				var msgs []Outgoing
				m.mu.Lock()
				for range rapid.IntRange(1, 6).Draw(rt, "messages") {
					sent++
					body := fmt.Sprint("m", sent)
					delay := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 5, 3600, 86400}).Draw(rt, "delay")) * time.Second
					plan := rapid.SampledFrom([]string{"a", "a", "ra", "da", "rrd", "ea", "rda", "r"}).Draw(rt, "plan")
					msgs = append(msgs, text(body, delay))
					m.messages[body] = &expected{plan: plan, due: c.Now().Add(delay), arrived: c.Now(), state: "waiting"}
				}
				m.mu.Unlock()
				send(rt, ensure(rt, s, "q"), msgs...)
			},
			"advance": func(rt *rapid.T) {
				c.Advance(time.Duration(rapid.SampledFrom([]int64{1, 1e9, 5e9, 60e9, 3600e9, 86400e9}).Draw(rt, "by")))
			},
			"drain": func(rt *rapid.T) {
				drainAll(rt, s, "q")
				m.mu.Lock()
				defer m.mu.Unlock()
				for body, e := range m.messages {
					// Of a message that was retried we know the earliest time only: the clock may have
					// moved between its consumer and its settlement.
					if e.state == "waiting" && e.attempts == 0 && !e.due.After(c.Now()) && e.arrived.After(c.Now().Add(-retention)) {
						rt.Fatalf("%s is due since %v and did not come", body, e.due)
					}
				}
			},
			"restart": func(rt *rapid.T) {
				stop()
				if err := errors.Join(verify(s.store), s.Close()); err != nil {
					rt.Fatal(err)
				}
				s = openIn(rt, dir, Options{Clock: c})
				stop = attach(rt, s, "q", policy, m)
			},
		})
		// In the end every message has met its fate, and the dead are where they belong. A day at a
		// time, since no delay is longer and retention is.
		for range 3 {
			drainAll(rt, s, "q")
			c.Advance(time.Second)
			for range policy.MaxRetries + 1 {
				drainAll(rt, s, "q")
				c.Advance(time.Minute)
			}
			c.Advance(24 * time.Hour)
		}
		drainAll(rt, s, "q")
		stop()
		check()
		dead := map[string]int{}
		letters, err := ensure(rt, s, "dead").Messages(context.Background(), 1<<20)
		if err != nil {
			rt.Fatal(err)
		}
		for _, l := range letters {
			dead[string(l.Body)]++
		}
		for body, e := range m.messages {
			// Letters and messages of old have run out of retention by now.
			if e.arrived.Before(c.Now().Add(-retention)) {
				delete(dead, body)
				continue
			}
			want := 0
			if e.state == "dead" {
				want = 1
			}
			if e.state == "waiting" || dead[body] != want {
				rt.Fatalf("%s is %s after %d attempts and %d times in the dead letter queue", body, e.state, e.attempts, dead[body])
			}
			delete(dead, body)
		}
		if len(dead) > 0 {
			rt.Fatalf("dead letters that nobody sent: %v", dead)
		}
	})
}
