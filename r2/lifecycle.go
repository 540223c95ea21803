package r2

import (
	"context"
	"strings"
	"time"
)

// A LifecycleRule says what happens to the objects and uploads below a prefix as they grow old.
type LifecycleRule struct {
	ID         string `json:"id"`
	Enabled    bool   `json:"enabled"`
	Conditions struct {
		Prefix string `json:"prefix,omitempty"` // empty: all
	} `json:"conditions"`
	DeleteObjects   *LifecycleTransition         `json:"deleteObjectsTransition,omitempty"`
	StorageClasses  []LifecycleStorageTransition `json:"storageClassTransitions,omitempty"`
	AbortIncomplete *LifecycleTransition         `json:"abortMultipartUploadsTransition,omitempty"`
}

// A LifecycleTransition happens when its condition holds.
type LifecycleTransition struct {
	Condition LifecycleCondition `json:"condition"`
}

// A LifecycleStorageTransition gives objects another storage class.
type LifecycleStorageTransition struct {
	Condition    LifecycleCondition `json:"condition"`
	StorageClass string             `json:"storageClass"` // InfrequentAccess
}

// The types of a LifecycleCondition.
const (
	ConditionAge  = "Age"
	ConditionDate = "Date"
)

// A LifecycleCondition holds from an age or from a date on.
type LifecycleCondition struct {
	Type   string    `json:"type"`
	MaxAge *int64    `json:"maxAge,omitempty"` // seconds; of ConditionAge
	Date   time.Time `json:"date,omitzero"`    // of ConditionDate
}

// Lifecycle returns the lifecycle rules of the bucket: production's default rule until others are set.
func (b *Bucket) Lifecycle(ctx context.Context) ([]LifecycleRule, error) {
	return readSetting(ctx, b, "get_bucket_lifecycle", lifecycleOf)
}

// SetLifecycle replaces all lifecycle rules of the bucket, the default one among them.
func (b *Bucket) SetLifecycle(ctx context.Context, rules []LifecycleRule) error {
	err := b.changeSetting(ctx, "put_bucket_lifecycle", func(c content) error {
		if err := checkLifecycle(rules); err != nil {
			return err
		}
		return putSetting(c, settingLifecycle, rules)
	})
	if err == nil {
		b.service.aging.wake() // they hold for what is stored already, too
	}
	return err
}

// lifecycleOf returns the rules that are in force.
func lifecycleOf(c content) ([]LifecycleRule, error) {
	set, err := getSetting[[]LifecycleRule](c, settingLifecycle)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return []LifecycleRule{defaultLifecycle()}, nil
	}
	return *set, nil
}

// defaultLifecycle is the rule that every new bucket has.
//
// Receipt: https://developers.cloudflare.com/r2/buckets/object-lifecycles/; its id and form are those that
// users of `wrangler r2 bucket lifecycle list` and of the API show of a new bucket.
func defaultLifecycle() LifecycleRule {
	age := int64(uploadDays * 24 * 60 * 60)
	return LifecycleRule{
		ID: "Default Multipart Abort Rule", Enabled: true,
		AbortIncomplete: &LifecycleTransition{LifecycleCondition{Type: ConditionAge, MaxAge: &age}},
	}
}

// maxRules bounds the lifecycle rules, and the lock rules, of a bucket.
//
// Receipt: https://developers.cloudflare.com/r2/buckets/object-lifecycles/ and …/bucket-locks/
const maxRules = 1000

func checkLifecycle(rules []LifecycleRule) error {
	if rules == nil {
		return malformed("the body must be an object with a list of rules")
	}
	if len(rules) > maxRules {
		return malformed("%d rules are more than the %d that a bucket can have", len(rules), maxRules)
	}
	seen := map[string]bool{}
	for i, r := range rules {
		switch {
		case r.ID == "":
			return malformed("rule %d has no id", i+1)
		case seen[r.ID]:
			return malformed("there are two rules with the id %q", r.ID)
		case r.DeleteObjects == nil && r.AbortIncomplete == nil && len(r.StorageClasses) == 0:
			return malformed("rule %q does nothing: give deleteObjectsTransition, storageClassTransitions or abortMultipartUploadsTransition", r.ID)
		case len(r.Conditions.Prefix) > maxKeyBytes:
			return malformed("the prefix of rule %q is longer than a key can be", r.ID)
		}
		seen[r.ID] = true
		if err := r.checkTransitions(); err != nil {
			return err
		}
	}
	return nil
}

func (r LifecycleRule) checkTransitions() error {
	if t := r.DeleteObjects; t != nil {
		if err := t.Condition.check(r.ID, "deleteObjectsTransition"); err != nil {
			return err
		}
	}
	for _, t := range r.StorageClasses {
		if t.StorageClass != InfrequentAccess {
			return malformed("rule %q: objects cannot be moved to the storage class %q, only to %s", r.ID, t.StorageClass, InfrequentAccess)
		}
		if err := t.Condition.check(r.ID, "storageClassTransitions"); err != nil {
			return err
		}
	}
	if t := r.AbortIncomplete; t != nil {
		if t.Condition.Type != ConditionAge {
			return malformed("rule %q: the condition of abortMultipartUploadsTransition must be of the type Age", r.ID)
		}
		return t.Condition.check(r.ID, "abortMultipartUploadsTransition")
	}
	return nil
}

// maxLifecycleAge is about 290 years: more seconds are no duration.
const maxLifecycleAge = 9e9

func (c LifecycleCondition) check(rule, of string) error {
	switch {
	case c.Type == ConditionAge && c.MaxAge != nil && *c.MaxAge >= 0 && *c.MaxAge <= maxLifecycleAge:
		return nil
	case c.Type == ConditionAge:
		return malformed("rule %q: the condition of %s needs maxAge, a number of seconds", rule, of)
	case c.Type == ConditionDate && !c.Date.IsZero():
		return nil
	case c.Type == ConditionDate:
		return malformed("rule %q: the condition of %s needs a date, such as 2027-01-31T00:00:00Z", rule, of)
	}
	return malformed("rule %q: the condition of %s is of the type %q, which is neither Age nor Date", rule, of, c.Type)
}

// covers reports whether the rule is in force for a key.
func (r LifecycleRule) covers(key string) bool {
	return r.Enabled && strings.HasPrefix(key, r.Conditions.Prefix)
}

// lateDelay is how long an object stays that was put after the date of a rule had come.
const lateDelay = 24 * time.Hour

// from returns when the condition begins to hold for what was made at a time.
//
// Deviation: an object that is put after the date of a lifecycle rule stays for 24 hours.
func (c LifecycleCondition) from(made time.Time) time.Time {
	if c.Type == ConditionAge {
		return made.Add(time.Duration(*c.MaxAge) * time.Second)
	}
	if made.Before(c.Date) {
		return c.Date
	}
	return made.Add(lateDelay)
}

// earliest returns the earlier of two times; a zero one is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// from returns when the transition happens to what was made at a time, zero for never: when there is none.
func (t *LifecycleTransition) from(made time.Time) (at time.Time) {
	if t != nil {
		at = t.Condition.from(made)
	}
	return at
}
