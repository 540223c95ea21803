package d1

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cfemu/cfemu/internal/probe"
)

// Time Travel: https://developers.cloudflare.com/d1/reference/time-travel/. How the states are kept is
// in history.go.

// Bookmark names the database's present state. Later ones sort behind earlier ones. It is empty when
// the database cannot be opened.
func (db *Database) Bookmark() string {
	if text := db.pool.history.bookmark(); text != "" {
		return text
	}
	db.mu.RLock()
	defer db.mu.RUnlock()
	var text string
	_ = db.opened(context.Background(), func(h *history) error {
		text = h.bookmark()
		return nil
	})
	return text
}

// opened calls do with the history of a database that is open. The caller holds mu.
func (db *Database) opened(ctx context.Context, do func(*history) error) error {
	if err := db.usable(); err != nil {
		return err
	}
	h := db.pool.history
	if h.newest.Load() == nil {
		cn, err := db.acquire(ctx, db.pool.write)
		if err != nil {
			return err
		}
		db.pool.give(cn)
	}
	return do(h)
}

// BookmarkAt names the state that the database had at a time. It fails with an *Error for one that is
// in the future, before the database was created, or longer ago than the history is kept.
func (db *Database) BookmarkAt(ctx context.Context, at time.Time) (string, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	var text string
	err := db.opened(ctx, func(h *history) error {
		shown, now := shownTime(at.UnixNano()), h.clock.Now()
		switch {
		case at.After(now):
			return refuse(textFuture, shown)
		case at.Before(now.Add(-h.keepFor())):
			return refuse(textTooOld, shown, int(h.keepFor().Hours()/24))
		case at.Before(db.Created().Truncate(time.Millisecond)):
			return refuse(textUncreated, shown, shownTime(db.Created().UnixNano()))
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		m, ok, err := h.at(max(at.UnixNano(), db.Created().UnixNano()))
		if err != nil {
			return h.broken(err)
		}
		if !ok {
			return queryError(fmt.Sprintf(textNoHistory, shown, shownTime(h.begins())), nil)
		}
		text = m.bookmark(h.owner)
		return nil
	})
	return text, err
}

// A Restored is what a Restore has done.
type Restored struct {
	Bookmark string // of the state that the database was restored to
	Previous string // of the state before; restoring that undoes it
}

// Restore turns the database back to the state that a bookmark names, as a new commit: what was there
// can be restored in turn. Queries that run are stopped. It fails with an *Error when there is no such
// state (any more).
func (db *Database) Restore(ctx context.Context, bookmark string) (_ Restored, err error) {
	span, err := db.svc.opts.Probe.Begin(ctx, probe.Op{Product: "d1", Name: "restore", Resource: db.Name})
	if err != nil {
		return Restored{}, err
	}
	defer func() { span.End(err) }()

	target, ok := parseBookmark(bookmark, db.pool.history.owner)
	if !ok {
		return Restored{}, refuse(textBadBookmark, bookmark)
	}
	db.mu.RLock()
	err = db.opened(ctx, func(h *history) (err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		target, err = h.find(target)
		return h.broken(err)
	})
	db.mu.RUnlock()
	if err != nil {
		return Restored{}, err
	}

	db.pool.stop()
	db.mu.Lock()
	defer db.mu.Unlock()
	r := Restored{Bookmark: target.bookmark(db.pool.history.owner)}
	err = db.opened(ctx, func(h *history) error {
		r.Previous = h.bookmark()
		return h.broken(db.pool.restore(ctx, target))
	})
	if err != nil {
		return Restored{}, err
	}
	// Opening it shows that the restored state is the present one.
	return r, db.opened(ctx, func(h *history) error {
		if h.bookmark() == r.Previous {
			return queryError(textBusy, nil)
		}
		return nil
	})
}

// broken turns an error of the history into one that the caller may see.
func (h *history) broken(err error) error {
	var known *Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, errBusy):
		return queryError(textBusy, err)
	case errors.Is(err, errDamaged):
		h.warn("d1: the history of a database cannot be used", err)
		return queryError(textUnrestorable, err)
	}
	return err
}

func shownTime(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format("2006-01-02T15:04:05.000Z")
}
