package r2

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// A Notifier is the queues that event notifications go to.
type Notifier interface {
	// Queue returns the id and the name of the queue with that id, and false when there is none.
	Queue(ctx context.Context, id string) (QueueRef, bool)
	// Notify puts messages, each JSON, into a queue, all of them or none, and returns once the queue will
	// not lose them. ErrNoQueue says that there is no such queue any more.
	Notify(ctx context.Context, queueID string, messages [][]byte) error
}

// A QueueRef names a queue.
type QueueRef struct{ ID, Name string }

// ErrNoQueue is what a Notifier returns for a queue that does not exist.
var ErrNoQueue = errors.New("r2: no such queue")

// An Action is what happened to an object.
type Action string

// The actions that notifications tell of.
const (
	ActionPutObject               Action = "PutObject"
	ActionCopyObject              Action = "CopyObject"
	ActionCompleteMultipartUpload Action = "CompleteMultipartUpload"
	ActionDeleteObject            Action = "DeleteObject"
	ActionLifecycleDeletion       Action = "LifecycleDeletion"
)

var actions = []Action{ActionPutObject, ActionCopyObject, ActionCompleteMultipartUpload, ActionDeleteObject, ActionLifecycleDeletion}

// A CopySource is what an object was copied from.
type CopySource struct {
	Bucket string `json:"bucket"`
	Object string `json:"object"`
}

// change is why an object is stored, at now.
func (o *PutOptions) change(now time.Time) change {
	if o.source != nil {
		return change{ActionCopyObject, now, o.source}
	}
	return change{ActionPutObject, now, nil}
}

// A NotificationRule sends the events of some objects to a queue.
type NotificationRule struct {
	ID          string    `json:"ruleId"`
	Created     time.Time `json:"createdAt"`
	Prefix      string    `json:"prefix,omitempty"`
	Suffix      string    `json:"suffix,omitempty"`
	Actions     []Action  `json:"actions"`
	Description string    `json:"description,omitempty"`
}

// QueueNotifications are the rules of a bucket that send to one queue.
type QueueNotifications struct {
	QueueID string             `json:"queueId"`
	Rules   []NotificationRule `json:"rules"`
}

// maxNotificationRules is how many rules a bucket can have, for all queues together.
//
// Receipt: https://developers.cloudflare.com/r2/buckets/event-notifications/
const maxNotificationRules = 100

// A NotificationCode is a number of the API of event notifications, which is not R2's own.
type NotificationCode int

// The numbers.
//
// Receipt: as wrangler's users report them (cloudflare/workers-sdk issues 5514 and 6748); 11000 as the API
// of Queues has it. The texts behind the first words are ours.
const (
	CodeNotificationBucket NotificationCode = 10085
	CodeNotificationQueue  NotificationCode = 11000
	CodeNotificationRules  NotificationCode = 11014
)

func notificationError(code NotificationCode, format string, args ...any) error {
	status := http.StatusBadRequest
	if code != CodeNotificationRules {
		status = http.StatusNotFound
	}
	return cfapi.New(status, int(code), fmt.Sprintf(format, args...))
}

func noNotifications(b *Bucket, queueID string) error {
	return notificationError(CodeNotificationQueue, "The bucket %s has no event notification rules for the queue %s", b.Name, queueID)
}

// Notifications returns the notification rules of the bucket by queues, in the order in which these were
// first named.
func (b *Bucket) Notifications(ctx context.Context) ([]QueueNotifications, error) {
	return readSetting(ctx, b, "get_event_notifications", content.notifications)
}

func (c content) notifications() ([]QueueNotifications, error) {
	set, err := getSetting[[]QueueNotifications](c, settingNotifications)
	if err != nil || set == nil {
		return nil, err
	}
	return *set, nil
}

// AddNotifications adds rules for a queue. None is added when one of them is wrong, or would send an event
// that another rule of the queue sends as well.
func (b *Bucket) AddNotifications(ctx context.Context, queueID string, rules []NotificationRule) error {
	if b.service.notifier == nil {
		return notificationError(CodeNotificationQueue, "There are no queues here that event notifications could go to")
	}
	queue, ok := b.service.notifier.Queue(ctx, queueID)
	if !ok {
		return notificationError(CodeNotificationQueue, "Queue not found: there is no queue with the id %s", queueID)
	}
	for i := range rules {
		if err := rules[i].check(i + 1); err != nil {
			return err
		}
		rules[i].ID, rules[i].Created = b.service.ids.uuid(), b.service.clock.Now().UTC().Truncate(time.Millisecond)
	}
	if len(rules) == 0 {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: it has no rules")
	}
	var refusal error
	err := b.changeSetting(ctx, "put_event_notifications", func(c content) error {
		refusal = nil
		all, err := c.notifications()
		if err != nil {
			return err
		}
		if refusal = addRules(&all, queue.ID, rules); refusal != nil {
			return nil
		}
		return putSetting(c, settingNotifications, all)
	})
	return errors.Join(err, refusal)
}

// addRules adds rules for a queue to all, unless there would be too many or two for the same event.
func addRules(all *[]QueueNotifications, queueID string, rules []NotificationRule) error {
	at := slices.IndexFunc(*all, func(q QueueNotifications) bool { return q.QueueID == queueID })
	if at < 0 {
		at = len(*all)
		*all = append(*all, QueueNotifications{QueueID: queueID})
	}
	count := len(rules)
	for _, q := range *all {
		count += len(q.Rules)
	}
	if count > maxNotificationRules {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: a bucket can have %d rules at most", maxNotificationRules)
	}
	q := &(*all)[at]
	for _, r := range rules {
		for _, other := range q.Rules {
			if action, ok := r.overlaps(other); ok {
				return notificationError(CodeNotificationRules, "Invalid event notification configuration: "+
					"the rule for %s overlaps the rule %s, and both would send the %s of an object to the queue. Delete that one first, or choose another prefix or suffix",
					r.what(), other.what(), action)
			}
		}
		q.Rules = append(q.Rules, r)
	}
	return nil
}

// check refuses a rule that is not whole; n counts the rules from 1.
func (r *NotificationRule) check(n int) error {
	if len(r.Actions) == 0 {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: rule %d has no actions", n)
	}
	for _, a := range r.Actions {
		if !slices.Contains(actions, a) {
			return notificationError(CodeNotificationRules, "Invalid event notification configuration: rule %d: there is no action %q", n, a)
		}
	}
	if len(r.Prefix)+len(r.Suffix) > maxKeyBytes {
		return notificationError(CodeNotificationRules, "Invalid event notification configuration: rule %d: its prefix and suffix are longer than a key can be", n)
	}
	return nil
}

// what describes a rule by what it selects.
func (r NotificationRule) what() string {
	return fmt.Sprintf("prefix %q and suffix %q", r.Prefix, r.Suffix)
}

// overlaps reports whether both rules would tell of the same event, and of which action.
func (r NotificationRule) overlaps(o NotificationRule) (Action, bool) {
	if !strings.HasPrefix(r.Prefix, o.Prefix) && !strings.HasPrefix(o.Prefix, r.Prefix) ||
		!strings.HasSuffix(r.Suffix, o.Suffix) && !strings.HasSuffix(o.Suffix, r.Suffix) {
		return "", false
	}
	for _, a := range r.Actions {
		if slices.Contains(o.Actions, a) {
			return a, true
		}
	}
	return "", false
}

// DeleteNotifications forgets the rules of a queue: those with the ids, or all when there are none.
func (b *Bucket) DeleteNotifications(ctx context.Context, queueID string, ids []string) error {
	var refusal error
	err := b.changeSetting(ctx, "delete_event_notifications", func(c content) error {
		refusal = nil
		all, err := c.notifications()
		if err != nil {
			return err
		}
		at := slices.IndexFunc(all, func(q QueueNotifications) bool { return q.QueueID == queueID })
		if at < 0 {
			refusal = noNotifications(b, queueID)
			return nil
		}
		for _, id := range ids {
			if !slices.ContainsFunc(all[at].Rules, func(r NotificationRule) bool { return r.ID == id }) {
				refusal = notificationError(CodeNotificationRules, "Invalid event notification configuration: there is no rule %s for the queue %s", id, queueID)
				return nil
			}
		}
		all[at].Rules = slices.DeleteFunc(all[at].Rules, func(r NotificationRule) bool { return len(ids) == 0 || slices.Contains(ids, r.ID) })
		if len(all[at].Rules) == 0 {
			all = slices.Delete(all, at, at+1)
		}
		if len(all) == 0 {
			return putSetting(c, settingNotifications, nil)
		}
		return putSetting(c, settingNotifications, all)
	})
	return errors.Join(err, refusal)
}

// tell puts an event into the outbox for every queue that has a rule for it, in the transaction of the
// change itself. A removed object has no row.
func (c content) tell(key string, row *objectRow, why change) error {
	all, err := c.notifications()
	if err != nil {
		return err
	}
	for _, q := range all {
		if !slices.ContainsFunc(q.Rules, func(r NotificationRule) bool { return r.selects(key, why.action) }) {
			continue
		}
		e := eventRow{Bucket: c.name, Action: why.action, Key: key, Time: why.at.UnixMilli(), Source: why.source}
		if row != nil {
			e.Size, e.ETag = &row.Size, row.ETag
		}
		tx := c.objects.Tx()
		out := tx.Bucket(topOutbox)
		number, err := out.NextSequence()
		if err != nil {
			return err
		}
		if err := putRow(out, binary.BigEndian.AppendUint64(outboxPrefix(q.QueueID), number), e); err != nil {
			return err
		}
		if c.told != nil {
			tx.OnCommit(c.told)
		}
	}
	return nil
}

func (r NotificationRule) selects(key string, a Action) bool {
	return slices.Contains(r.Actions, a) && strings.HasPrefix(key, r.Prefix) && strings.HasSuffix(key, r.Suffix)
}
