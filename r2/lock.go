package r2

import (
	"context"
	"strings"
	"time"
)

// A LockRule keeps the objects below a prefix from being overwritten and deleted.
type LockRule struct {
	ID        string        `json:"id"`
	Enabled   bool          `json:"enabled"`
	Prefix    string        `json:"prefix,omitempty"` // empty: all
	Condition LockCondition `json:"condition"`
}

// A LockCondition says for how long. Its types are ConditionAge, ConditionDate and ConditionIndefinite.
type LockCondition struct {
	Type          string    `json:"type"`
	MaxAgeSeconds *int64    `json:"maxAgeSeconds,omitempty"` // from the upload on; of ConditionAge
	Date          time.Time `json:"date,omitzero"`           // of ConditionDate
}

// ConditionIndefinite is the type of a LockCondition that never ends.
const ConditionIndefinite = "Indefinite"

// Locks returns the lock rules of the bucket.
func (b *Bucket) Locks(ctx context.Context) ([]LockRule, error) {
	return readSetting(ctx, b, "get_bucket_lock", func(c content) ([]LockRule, error) {
		rules, err := c.locks()
		if rules == nil {
			rules = []LockRule{}
		}
		return rules, err
	})
}

// SetLocks replaces the lock rules of the bucket. They hold for what is stored already, too.
func (b *Bucket) SetLocks(ctx context.Context, rules []LockRule) error {
	return b.changeSetting(ctx, "put_bucket_lock", func(c content) error {
		if err := checkLockRules(rules); err != nil {
			return err
		}
		if len(rules) == 0 {
			return putSetting(c, settingLock, nil)
		}
		return putSetting(c, settingLock, rules)
	})
}

func checkLockRules(rules []LockRule) error {
	if rules == nil {
		return malformed("the body must be an object with a list of rules")
	}
	if len(rules) > maxRules {
		return malformed("%d rules are more than the %d that a bucket can have", len(rules), maxRules)
	}
	seen := map[string]bool{}
	for i, r := range rules {
		switch c := r.Condition; {
		case r.ID == "":
			return malformed("rule %d has no id", i+1)
		case seen[r.ID]:
			return malformed("there are two rules with the id %q", r.ID)
		case c.Type == ConditionAge && (c.MaxAgeSeconds == nil || *c.MaxAgeSeconds < 0 || *c.MaxAgeSeconds > maxLifecycleAge):
			return malformed("rule %q: its condition needs maxAgeSeconds, a number of seconds", r.ID)
		case c.Type == ConditionDate && c.Date.IsZero():
			return malformed("rule %q: its condition needs a date, such as 2027-01-31T00:00:00Z", r.ID)
		case c.Type != ConditionAge && c.Type != ConditionDate && c.Type != ConditionIndefinite:
			return malformed("rule %q: its condition is of the type %q, which is none of Age, Date and Indefinite", r.ID, c.Type)
		}
		seen[r.ID] = true
	}
	return nil
}

func (c content) locks() ([]LockRule, error) {
	rules, err := getSetting[[]LockRule](c, settingLock)
	if err != nil || rules == nil {
		return nil, err
	}
	return *rules, nil
}

// checkLock refuses a change of what is stored under key while a rule locks it.
func (c content) checkLock(key string, row *objectRow, now time.Time) error {
	rules, err := c.locks()
	if err != nil {
		return err
	}
	if now.Before(lockedUntil(rules, key, row)) {
		return newError(CodeObjectLocked)
	}
	return nil
}

// checkLocks is checkLock for keys, of which any may have no object.
func (c content) checkLocks(keys []string, now time.Time) error {
	rules, err := c.locks()
	if err != nil || len(rules) == 0 {
		return err
	}
	for _, key := range keys {
		row, err := getRow[objectRow](c.objects, []byte(key))
		if err != nil {
			return err
		}
		if row != nil && now.Before(lockedUntil(rules, key, row)) {
			return newError(CodeObjectLocked)
		}
	}
	return nil
}

// forever is when an indefinite lock ends.
var forever = time.Unix(1<<40, 0)

// lockedUntil returns until when an object is locked, zero when it is not. The strictest rule decides.
func lockedUntil(rules []LockRule, key string, row *objectRow) (until time.Time) {
	for _, r := range rules {
		if !r.Enabled || !strings.HasPrefix(key, r.Prefix) {
			continue
		}
		end := forever
		switch r.Condition.Type {
		case ConditionDate:
			end = r.Condition.Date
		case ConditionAge:
			end = time.UnixMilli(row.Uploaded).Add(time.Duration(*r.Condition.MaxAgeSeconds) * time.Second)
		}
		if end.After(until) {
			until = end
		}
	}
	return until
}
