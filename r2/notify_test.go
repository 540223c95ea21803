package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/testkit"
)

// post is a Notifier whose queues have one letter each.
type post struct {
	mu     sync.Mutex
	queues string // those that there are
	broken string // those that take nothing
	got    map[string][]string
	most   int // messages at once
}

func newPost(queues string) *post { return &post{queues: queues, got: map[string][]string{}} }

func (p *post) Queue(_ context.Context, id string) (QueueRef, bool) {
	return QueueRef{id, "queue-" + id}, len(id) == 1 && strings.Contains(p.queues, id)
}

func (p *post) Notify(_ context.Context, id string, messages [][]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !strings.Contains(p.queues, id) {
		return ErrNoQueue
	}
	if strings.Contains(p.broken, id) {
		return errors.New("broken")
	}
	p.most = max(p.most, len(messages))
	for _, m := range messages {
		p.got[id] = append(p.got[id], string(m))
	}
	return nil
}

// keys are the actions and keys of what a queue got.
func (p *post) keys(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, text := range p.got[id] {
		var m message
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return err.Error()
		}
		all = append(all, string(m.Action)+" "+m.Object.Key)
	}
	return strings.Join(all, ", ")
}

func notifies(t testing.TB, b *Bucket, queue string, rules ...NotificationRule) {
	t.Helper()
	if err := b.AddNotifications(t.Context(), queue, rules); err != nil {
		t.Fatal(err)
	}
}

func flush(t testing.TB, s *Service) {
	t.Helper()
	if err := s.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestNotifications(t *testing.T) {
	c, p := frozen(), newPost("abcd")
	b := openOne(t, Options{Clock: c, Notifier: p, Account: "me"})
	notifies(t, b, "a", NotificationRule{Actions: actions})
	notifies(t, b, "b", NotificationRule{Actions: []Action{ActionPutObject, ActionDeleteObject}, Prefix: "in/", Suffix: ".txt"})
	notifies(t, b, "c", NotificationRule{Actions: []Action{ActionLifecycleDeletion}})
	notifies(t, b, "d", NotificationRule{Actions: []Action{ActionPutObject}, Prefix: "x"}, NotificationRule{Actions: []Action{ActionDeleteObject}, Suffix: "t"})

	put(t, b, "in/1.txt", "12345", PutOptions{})
	put(t, b, "in/2.bin", "", PutOptions{})
	if _, err := b.Put(t.Context(), "no", strings.NewReader("x"), PutOptions{OnlyIf: &Conditions{ETagMatches: []ETag{{Value: "y"}}}}); err == nil {
		t.Fatal("put")
	}
	upload(t, b, "in/parts.txt", []byte("p"))
	put(t, b, "copy", "x", PutOptions{source: &CopySource{"other", "from"}})
	if err := b.Delete(t.Context(), "in/1.txt", "never was", "in/2.bin"); err != nil {
		t.Fatal(err)
	}
	setLifecycle(t, b, deletes("d", "in/", after(day)))
	c.Advance(day)
	if err := b.service.ApplyLifecycle(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, b.service)
	flush(t, b.service) // what was sent is not sent again
	for queue, want := range map[string]string{
		"a": "PutObject in/1.txt, PutObject in/2.bin, CompleteMultipartUpload in/parts.txt, CopyObject copy, DeleteObject in/1.txt, DeleteObject in/2.bin, LifecycleDeletion in/parts.txt",
		"b": "PutObject in/1.txt, DeleteObject in/1.txt",
		"c": "LifecycleDeletion in/parts.txt",
		"d": "DeleteObject in/1.txt",
	} {
		if got := p.keys(queue); got != want {
			t.Errorf("%s got  %s\n  want %s", queue, got, want)
		}
	}
	for i, want := range map[int]string{
		0: `{"account":"me","action":"PutObject","bucket":"invoices","object":{"key":"in/1.txt","size":5,"eTag":"827ccb0eea8a706c4c34a16891f84e7b"},"eventTime":"2026-01-02T03:04:05.600Z"}`,
		3: `{"account":"me","action":"CopyObject","bucket":"invoices","object":{"key":"copy","size":1,"eTag":"9dd4e461268c8034f5c8564e155c67a6"},"eventTime":"2026-01-02T03:04:05.600Z","copySource":{"bucket":"other","object":"from"}}`,
		6: `{"account":"me","action":"LifecycleDeletion","bucket":"invoices","object":{"key":"in/parts.txt"},"eventTime":"2026-01-03T03:04:05.600Z"}`,
	} {
		if got := p.got["a"][i]; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestNotificationRulesAreChecked(t *testing.T) {
	b := openOne(t, Options{Notifier: newPost("ab")})
	puts := []Action{ActionPutObject}
	notifies(t, b, "a", NotificationRule{Actions: puts, Prefix: "in/", Suffix: ".txt"})
	many := slices.Repeat([]NotificationRule{{Actions: puts}}, maxNotificationRules)
	for i := range many {
		many[i].Prefix = fmt.Sprintf("%03d", i)
	}
	for name, tt := range map[string]struct {
		queue string
		rules []NotificationRule
		code  NotificationCode // 0: it is taken
	}{
		"a queue that there is not":                {"x", []NotificationRule{{Actions: puts}}, CodeNotificationQueue},
		"no rules":                                 {"a", nil, CodeNotificationRules},
		"no actions":                               {"a", []NotificationRule{{Prefix: "z"}}, CodeNotificationRules},
		"an action that there is not":              {"a", []NotificationRule{{Actions: []Action{"GetObject"}, Prefix: "z"}}, CodeNotificationRules},
		"the same again":                           {"a", []NotificationRule{{Actions: puts, Prefix: "in/", Suffix: ".txt"}}, CodeNotificationRules},
		"a rule within another":                    {"a", []NotificationRule{{Actions: puts, Prefix: "in/a", Suffix: "x.txt"}}, CodeNotificationRules},
		"a rule around another":                    {"a", []NotificationRule{{Actions: puts}}, CodeNotificationRules},
		"two that cross":                           {"a", []NotificationRule{{Actions: puts, Prefix: "i", Suffix: "x.txt"}}, CodeNotificationRules},
		"two of the same call":                     {"a", []NotificationRule{{Actions: puts, Prefix: "y"}, {Actions: puts, Prefix: "yy"}}, CodeNotificationRules},
		"more than a bucket can have":              {"b", many, CodeNotificationRules},
		"the same for another queue":               {"b", []NotificationRule{{Actions: puts, Prefix: "in/", Suffix: ".txt"}}, 0},
		"the same for another action":              {"a", []NotificationRule{{Actions: []Action{ActionCopyObject}, Prefix: "in/", Suffix: ".txt"}}, 0},
		"another suffix, which no key has as well": {"a", []NotificationRule{{Actions: puts, Prefix: "in/", Suffix: ".png"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			err := b.AddNotifications(t.Context(), tt.queue, tt.rules)
			got := NotificationCode(0)
			if f, ok := errors.AsType[cfapi.Faulter](err); ok {
				got = NotificationCode(f.Fault().Code)
			}
			if got != tt.code {
				t.Errorf("got %v", err)
			}
		})
	}
	all, err := b.Notifications(t.Context())
	if err != nil || len(all) != 2 || len(all[0].Rules) != 3 || all[0].QueueID != "a" {
		t.Fatalf("got %+v, %v", all, err)
	}
	if err := b.DeleteNotifications(t.Context(), "a", []string{all[0].Rules[0].ID, "nope"}); err == nil {
		t.Error("a rule that there is not was deleted")
	}
	if err := b.DeleteNotifications(t.Context(), "a", []string{all[0].Rules[0].ID}); err != nil {
		t.Error(err)
	}
	if err := b.DeleteNotifications(t.Context(), "b", nil); err != nil {
		t.Error(err)
	}
	if err := b.DeleteNotifications(t.Context(), "b", nil); err == nil {
		t.Error("rules were deleted twice")
	}
	if all, err = b.Notifications(t.Context()); err != nil || len(all) != 1 || len(all[0].Rules) != 2 {
		t.Errorf("left are %+v, %v", all, err)
	}
}

// Events wait for a queue that takes none, in their order, and hold up no other queue.
func TestEventsWait(t *testing.T) {
	p := newPost("abc")
	dir := t.TempDir()
	s := open(t, dir, Options{Notifier: p, NoSync: true})
	b, err := s.Create(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	for _, queue := range []string{"a", "b", "c"} {
		notifies(t, b, queue, NotificationRule{Actions: actions})
	}
	p.broken, p.queues = "a", "ab"
	stop := s.Start()
	var want []string
	for i := range 250 {
		key := fmt.Sprintf("k%03d", i)
		put(t, b, key, "v", PutOptions{})
		want = append(want, "PutObject "+key)
	}
	all := strings.Join(want, ", ")
	testkit.Wait(t, func() error {
		if got := p.keys("b"); got != all {
			return fmt.Errorf("b got %d messages", strings.Count(got, ",")+1)
		}
		return nil
	})
	if got := p.keys("a"); got != "" {
		t.Errorf("a got %s", got)
	}
	stop()
	if err := s.Delete(t.Context(), "invoices"); code(err) != CodeBucketNotEmpty {
		t.Fatal(err)
	}
	shut(t, s)

	p.broken = ""
	s = open(t, dir, Options{Notifier: p, NoSync: true})
	stop = s.Start()
	testkit.Wait(t, func() error {
		if got := p.keys("a"); got != all {
			return fmt.Errorf("a got %.100s", got)
		}
		return nil
	})
	stop()
	if p.most != maxNotifyMessages {
		t.Errorf("%d messages at once", p.most)
	}
	if queue, err := s.nextQueue(nil); err != nil || queue != "" {
		t.Errorf("events are left for %q, %v", queue, err) // c is gone, and its events with it
	}
}

func TestResetForgetsEventsAndKeepsRules(t *testing.T) {
	p := newPost("a")
	b := openOne(t, Options{Notifier: p})
	notifies(t, b, "a", NotificationRule{Actions: actions})
	put(t, b, "k", "v", PutOptions{})
	if err := b.service.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	flush(t, b.service)
	put(t, b, "after", "v", PutOptions{})
	flush(t, b.service)
	if got := p.keys("a"); got != "PutObject after" {
		t.Errorf("got %s", got)
	}
}

// While events are held, none is delivered; those that a reset forgets meanwhile never are.
func TestHeldEvents(t *testing.T) {
	p := newPost("a")
	b := openOne(t, Options{Notifier: p})
	defer b.service.Start()()
	notifies(t, b, "a", NotificationRule{Actions: actions})
	release := b.service.HoldEvents()
	put(t, b, "before", "v", PutOptions{})
	if wait, err := b.service.EventsWait(); err != nil || !wait {
		t.Errorf("events wait: %v, %v", wait, err)
	}
	if err := b.service.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, b, "after", "v", PutOptions{})
	if got := p.keys("a"); got != "" {
		t.Errorf("got %s", got)
	}
	release()
	flush(t, b.service)
	if got := p.keys("a"); got != "PutObject after" {
		t.Errorf("got %s", got)
	}
	if wait, err := b.service.EventsWait(); err != nil || wait {
		t.Errorf("events wait: %v, %v", wait, err)
	}
}

// An index that was made before there were settings gets what it lacks.
func TestAnOlderIndex(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{NoSync: true})
	if _, err := s.Create(t.Context(), "invoices"); err != nil {
		t.Fatal(err)
	}
	err := s.index.db.Update(func(tx *bolt.Tx) error {
		return errors.Join(tx.DeleteBucket(topSettings), tx.DeleteBucket(topDomains), tx.DeleteBucket(topOutbox))
	})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, s)
	s = open(t, dir, Options{NoSync: true, Notifier: newPost("a")})
	b, err := s.Get(t.Context(), "invoices")
	if err != nil {
		t.Fatal(err)
	}
	notifies(t, b, "a", NotificationRule{Actions: actions})
	put(t, b, "k", "v", PutOptions{})
	flush(t, s)
}

func TestABucketTakesItsSettingsWithIt(t *testing.T) {
	b := openOne(t, Options{Notifier: newPost("a")})
	notifies(t, b, "a", NotificationRule{Actions: actions})
	setLifecycle(t, b)
	if _, err := b.SetManagedDomain(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s := b.service
	if err := s.Delete(t.Context(), b.Name); err != nil {
		t.Fatal(err)
	}
	b, err := s.Create(t.Context(), b.Name)
	if err != nil {
		t.Fatal(err)
	}
	rules, err1 := b.Notifications(t.Context())
	lifecycle, err2 := b.Lifecycle(t.Context())
	domain, err3 := b.ManagedDomain(t.Context())
	if err := errors.Join(err1, err2, err3); err != nil || len(rules) != 0 || len(lifecycle) != 1 || domain.Enabled {
		t.Errorf("a new bucket of the name has %v, %v, %v, %v", rules, lifecycle, domain, err)
	}
	if p, err := s.PublicBucket(domain.Domain); err != nil || p != nil {
		t.Errorf("its old name means %v, %v", p, err)
	}
}

// The rest is about processes that are killed: these run in a child.

func withRule(b *Bucket, n Notifier) {
	b.service.notifier = n
	if err := b.AddNotifications(context.Background(), "a", []NotificationRule{{Actions: actions}}); err != nil {
		panic(err)
	}
}

func dieWithEvent(ctx context.Context, b *Bucket) {
	withRule(b, newPost("a"))
	if _, err := b.Put(ctx, "k", strings.NewReader("new"), PutOptions{}); err != nil {
		panic(err)
	}
	die()
}

func dieSending(ctx context.Context, b *Bucket) {
	withRule(b, dying{newPost("a"), filepath.Join(b.service.blobs.dir, "sent")})
	if _, err := b.Put(ctx, "k", strings.NewReader("new"), PutOptions{}); err != nil {
		panic(err)
	}
	panic(b.service.Flush(ctx))
}

// dying is a queue that keeps messages in a file, and dies of that.
type dying struct {
	*post
	file string
}

func (d dying) Notify(_ context.Context, _ string, messages [][]byte) error {
	if err := os.WriteFile(d.file, messages[0], 0o600); err != nil {
		panic(err)
	}
	die()
	return nil
}

func TestAKilledProcessLosesNoEvent(t *testing.T) {
	for point, sent := range map[string]bool{"with an event that no queue has yet": false, "with an event sent and not taken out of the index": true} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			if out, err := child(t, dir, point).CombinedOutput(); err == nil {
				t.Fatalf("it lives: %s", out)
			}
			p := newPost("a")
			s := open(t, dir, Options{Notifier: p})
			flush(t, s)
			if got := p.keys("a"); got != "PutObject k" {
				t.Errorf("got %q", got)
			}
			before, err := os.ReadFile(filepath.Join(dir, "sent"))
			if sent && string(before) != p.got["a"][0] || !sent && err == nil {
				t.Errorf("it had sent %q", before)
			}
			flush(t, s)
			if got := p.keys("a"); got != "PutObject k" {
				t.Errorf("then got %q", got)
			}
		})
	}
}

func TestEveryAcknowledgedChangeHasItsEvent(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{Notifier: newPost("a")})
	b, err := s.Create(t.Context(), "crash")
	if err != nil {
		t.Fatal(err)
	}
	notifies(t, b, "a", NotificationRule{Actions: actions})
	shut(t, s)
	acked := killedAfter(t, dir, 50)
	p := newPost("a")
	s = open(t, dir, Options{Notifier: p})
	if b, err = s.Get(t.Context(), "crash"); err != nil {
		t.Fatal(err)
	}
	flush(t, s)
	events := strings.Split(p.keys("a"), ", ")
	for w, last := range acked {
		n := 0
		for _, e := range events {
			switch e { // the ways by which a writer makes its object, in turn
			case fmt.Sprint("PutObject w", w), fmt.Sprint("CopyObject w", w), fmt.Sprint("CompleteMultipartUpload w", w):
				n++
			}
		}
		var stored int
		fmt.Sscan(body(t, b, fmt.Sprint("w", w)), &stored)
		if n != stored || n < last {
			t.Errorf("writer %d: %d events, told of %d, stored is %d", w, n, last, stored)
		}
	}
}

func TestOutboxTimes(t *testing.T) {
	e := eventRow{Action: ActionPutObject, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()}
	if m, err := e.message(""); err != nil || !strings.Contains(string(m), `"eventTime":"2026-01-01T00:00:00.000Z"`) {
		t.Errorf("got %s, %v", m, err)
	}
}
