package r2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/probe"
)

// aging is when lifecycle rules are looked at again.
type aging struct {
	woken    chan struct{} // holds a note that something may be due
	sweeping sync.Mutex    // held by whoever looks

	mu    sync.Mutex // guards the others
	at    time.Time  // when timer fires; zero: there is none
	timer clock.Timer
}

// Between two looks there is a minute at least, and twenty times as long as a look takes.
//
// Deviation: an object whose lifecycle rule has come goes within a minute, and at once when a test moves the
// clock; production takes up to 24 hours.
const (
	agingRest  = time.Minute
	agingShare = 20
)

// A batch bounds a transaction: how many rows are read, or changed, in one.
const agingBatch = 1000

// keepAging applies lifecycle rules as their time comes, until ctx ends.
func (s *Service) keepAging(ctx context.Context) {
	for {
		took := clock.Stopwatch()
		next, err := s.age(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("lifecycle rules", "err", err)
			next = s.clock.Now()
		}
		if !next.IsZero() {
			rest := s.clock.Now().Add(max(agingRest, agingShare*took()))
			s.ageAt(slices.MaxFunc([]time.Time{next, rest}, time.Time.Compare))
		}
		select {
		case <-ctx.Done():
			s.aging.stop()
			return
		case <-s.aging.woken:
		}
	}
}

// ageAt has lifecycle rules looked at when the clock shows at, if not earlier. A zero at is never.
func (s *Service) ageAt(at time.Time) {
	a := &s.aging
	a.mu.Lock()
	defer a.mu.Unlock()
	if at.IsZero() || !a.at.IsZero() && !at.Before(a.at) {
		return
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	a.at = at
	a.timer = s.clock.AfterFunc(at.Sub(s.clock.Now()), func() {
		a.mu.Lock()
		if a.at.Equal(at) {
			a.at, a.timer = time.Time{}, nil
		}
		a.mu.Unlock()
		a.wake()
	})
}

func (a *aging) wake() {
	select {
	case a.woken <- struct{}{}:
	default: // it is awake
	}
}

func (a *aging) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil {
		a.timer.Stop()
	}
	a.at, a.timer = time.Time{}, nil
}

// ApplyLifecycle does what the lifecycle rules of all buckets ask for by now, and returns when it is done.
func (s *Service) ApplyLifecycle(ctx context.Context) error {
	next, err := s.age(ctx)
	s.ageAt(next)
	return err
}

// age does what is due in all buckets and returns when there may be more to do, zero for never.
func (s *Service) age(ctx context.Context) (next time.Time, err error) {
	s.aging.sweeping.Lock()
	defer s.aging.sweeping.Unlock()
	rows, err := s.index.buckets()
	if err != nil {
		return next, err
	}
	for _, row := range rows {
		at, err := s.bucket(row).age(ctx)
		if gone, ok := errors.AsType[*Error](err); ok && gone.Code == CodeNoSuchBucket {
			continue // deleted just now
		}
		if err != nil {
			return next, fmt.Errorf("bucket %s: %w", row.Name, err)
		}
		next = earliest(next, at)
	}
	return next, nil
}

// age does what is due in one bucket.
func (b *Bucket) age(ctx context.Context) (next time.Time, err error) {
	now := b.service.clock.Now()
	if next, err = b.endUploads(now); err != nil {
		return next, err
	}
	var rules []LifecycleRule
	err = b.view(func(c content) error { rules, err = lifecycleOf(c); return err })
	if err != nil {
		return next, err
	}
	var prefixes []string
	for _, r := range rules {
		// What is put from now on is due when something put now would be, or later.
		first := r.DeleteObjects.from(now)
		for _, t := range r.StorageClasses {
			first = earliest(first, t.Condition.from(now))
		}
		if r.Enabled && !first.IsZero() {
			next = earliest(next, first)
			prefixes = append(prefixes, r.Conditions.Prefix)
		}
	}
	for _, prefix := range disjoint(prefixes) {
		at, err := b.ageBelow(ctx, prefix, now)
		if err != nil {
			return next, err
		}
		next = earliest(next, at)
	}
	return next, nil
}

// disjoint returns the prefixes that no other one begins.
func disjoint(prefixes []string) []string {
	slices.Sort(prefixes)
	var kept []string
	for _, p := range prefixes {
		if len(kept) == 0 || !strings.HasPrefix(p, kept[len(kept)-1]) {
			kept = append(kept, p)
		}
	}
	return kept
}

// ageBelow does what is due among the objects below a prefix.
func (b *Bucket) ageBelow(ctx context.Context, prefix string, now time.Time) (next time.Time, err error) {
	for from := []byte(prefix); from != nil; {
		if err := context.Cause(ctx); err != nil {
			return next, err
		}
		var due []string
		var at time.Time
		err := b.view(func(c content) error {
			due, at, from, err = readDue(c, []byte(prefix), from, now)
			return err
		})
		if err != nil {
			return next, err
		}
		next = earliest(next, at)
		if len(due) > 0 {
			if err := b.ageObjects(ctx, due, now); err != nil {
				return next, err
			}
		}
	}
	return next, nil
}

// readDue reads a batch of objects and returns those that something is due for, when the first of the
// others is, and the key to read on from, nil at the end.
func readDue(c content, prefix, from []byte, now time.Time) (due []string, next time.Time, rest []byte, err error) {
	rules, err := readFates(c)
	if err != nil {
		return nil, next, nil, err
	}
	cur := c.objects.Cursor()
	rows := 0
	for k, v := cur.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		if rows++; rows > agingBatch {
			return due, next, bytes.Clone(k), nil
		}
		var row objectRow
		if err := readRow(v, &row); err != nil {
			return nil, next, nil, fmt.Errorf("read object %q: %w", k, err)
		}
		_, at := rules.of(string(k), &row)
		if past(at, now) {
			due = append(due, string(k))
		} else {
			next = earliest(next, at)
		}
	}
	return due, next, nil, nil
}

// ageObjects does what is due for the objects, of which some may have changed since they were looked at.
func (b *Bucket) ageObjects(ctx context.Context, keys []string, now time.Time) (err error) {
	span, err := b.service.probe.Begin(ctx, probe.Op{Product: "r2", Name: "lifecycle", Resource: b.Name})
	if err != nil {
		return err
	}
	defer func() { span.End(err) }()
	var gone []blobRef
	moved := int64(0)
	err = b.update(func(c content) error {
		gone, moved = nil, 0
		rules, err := readFates(c)
		if err != nil {
			return err
		}
		for _, key := range keys {
			row, err := getRow[objectRow](c.objects, []byte(key))
			if err != nil {
				return err
			}
			if row == nil {
				continue
			}
			class, at := rules.of(key, row)
			switch {
			case !past(at, now):
			case class == "":
				old, err := c.delete(key, change{action: ActionLifecycleDeletion, at: now})
				if err != nil {
					return err
				}
				gone = append(gone, old...)
			default:
				moved++
				row.StorageClass = class
				if err := putRow(c.objects, []byte(key), row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		span.Count(classA, moved)
		b.service.blobs.remove(gone)
	}
	return err
}

// fates are the rules that decide what becomes of an object.
type fates struct {
	lifecycle []LifecycleRule
	locks     []LockRule
}

func readFates(c content) (f fates, err error) {
	if f.lifecycle, err = lifecycleOf(c); err != nil {
		return f, err
	}
	f.locks, err = c.locks()
	return f, err
}

// of returns when the next thing happens to an object, zero for never, and the storage class that it gets
// then; an empty one is that it is deleted. A lock comes before a deletion, a deletion before a class.
func (f fates) of(key string, row *objectRow) (class string, at time.Time) {
	made := time.UnixMilli(row.Uploaded)
	var end time.Time
	for _, r := range f.lifecycle {
		if !r.covers(key) {
			continue
		}
		end = earliest(end, r.DeleteObjects.from(made))
		for _, t := range r.StorageClasses {
			if row.StorageClass != t.StorageClass {
				class, at = t.StorageClass, earliest(at, t.Condition.from(made))
			}
		}
	}
	if until := lockedUntil(f.locks, key, row); !end.IsZero() && until.After(end) {
		end = until
	}
	if !end.IsZero() && end.Before(forever) && (at.IsZero() || !end.After(at.Add(lateDelay))) {
		return "", end
	}
	return class, at
}

// past reports whether at has come; a zero at never does.
func past(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// uploadEnds returns when the upload is aborted, zero for never.
func (c content) uploadEnds(up *uploadRow) (time.Time, error) {
	rules, err := lifecycleOf(c)
	return up.ends(rules), err
}

func (r *uploadRow) ends(rules []LifecycleRule) (at time.Time) {
	for _, rule := range rules {
		if rule.covers(r.Key) {
			at = earliest(at, rule.AbortIncomplete.from(time.UnixMilli(r.Created)))
		}
	}
	return at
}

// endOldUploads ends what is due among the uploads of all buckets.
func (s *Service) endOldUploads() error {
	rows, err := s.index.buckets()
	for _, row := range rows {
		_, endErr := s.bucket(row).endUploads(s.clock.Now())
		err = errors.Join(err, endErr)
	}
	return err
}

// endedFor is how long, from its beginning on, an upload that has ended is known as one that was.
const endedFor = 2 * uploadDays * 24 * time.Hour

// endUploads aborts the uploads that are due and returns when the next one is. It forgets those that ended
// long ago.
func (b *Bucket) endUploads(now time.Time) (next time.Time, err error) {
	var due [][]byte
	err = b.view(func(c content) error {
		rules, err := lifecycleOf(c)
		if err != nil {
			return err
		}
		return c.uploads.ForEach(func(id, v []byte) error {
			var up uploadRow
			if err := json.Unmarshal(v, &up); err != nil {
				return fmt.Errorf("read upload: %w", err)
			}
			at := up.leaves(rules)
			switch {
			case past(at, now):
				due = append(due, bytes.Clone(id))
			case !up.Ended:
				next = earliest(next, at)
			}
			return nil
		})
	})
	for batch := range slices.Chunk(due, agingBatch) {
		if err := b.endThese(batch, now); err != nil {
			return next, err
		}
	}
	return next, err
}

// leaves returns when there is something to do about an upload: to abort it, or to forget it.
func (r *uploadRow) leaves(rules []LifecycleRule) time.Time {
	if r.Ended {
		return time.UnixMilli(r.Created).Add(endedFor)
	}
	return r.ends(rules)
}

func (b *Bucket) endThese(ids [][]byte, now time.Time) error {
	var gone []blobRef
	err := b.update(func(c content) error {
		gone = nil
		rules, err := lifecycleOf(c)
		if err != nil {
			return err
		}
		for _, id := range ids {
			up, err := getRow[uploadRow](c.uploads, id)
			if err != nil {
				return err
			}
			if up == nil || !past(up.leaves(rules), now) {
				continue // it has ended meanwhile
			}
			if up.Ended {
				if err := c.uploads.Delete(id); err != nil {
					return err
				}
				continue
			}
			refs, err := endUpload(c, string(id), up)
			if err != nil {
				return err
			}
			gone = append(gone, refs...)
		}
		return nil
	})
	if err == nil {
		b.service.blobs.remove(gone)
	}
	return err
}
