package d1

import (
	"math"
	"slices"
)

// What can be wrong with the state that somebody asks for.
const (
	textBadBookmark     = "Invalid bookmark '%s': it is none of this database's"
	textOldBookmark     = "Invalid bookmark: it is older than the database's history, which goes back %s"
	textMissingBookmark = "Invalid bookmark: the database has no such state"
	textNoMoment        = "Either a bookmark or a timestamp is required"
	textTwoMoments      = "A bookmark and a timestamp exclude each other"
	textBadTimestamp    = "Invalid timestamp '%s': expected an ISO 8601 date and time with an offset, such as 2026-01-02T03:04:05Z"
	textFuture          = "Invalid timestamp '%s': it is in the future"
	textTooOld          = "Invalid timestamp '%s': it is older than %d days"
	textUncreated       = "Invalid timestamp '%s': the database was created at %s"
	textNoHistory       = "No history of the database at '%s': it goes back to %s"
	textBusy            = "The database cannot be restored while another program has its file open"
	textUnrestorable    = "The database cannot be restored to that state: its history is damaged"
)

// find returns the mark of the state that is the same as m, with its time. The caller holds mu.
func (h *history) find(m mark) (mark, error) {
	// A state counts as long as it was the present one at some time that can be asked for.
	horizon, until := h.horizon(), int64(math.MaxInt64)
	check := func(found mark) (mark, error) {
		if until < horizon {
			return mark{}, refuse(textOldBookmark, shownTime(horizon))
		}
		return found, nil
	}
	for _, c := range slices.Backward(h.commits) {
		if c.same(m) {
			return check(c.mark)
		}
		until = c.time
	}
	if h.base.same(m) {
		return check(h.base)
	}
	oldest := h.base
	for i, s := range slices.Backward(h.segments) {
		if err := s.load(); err != nil {
			return mark{}, err
		}
		oldest = s.base
		if i > 0 && !m.after(s.base) {
			until = s.earliest
			continue
		}
		entries, err := s.undos()
		if err != nil {
			return mark{}, err
		}
		for _, u := range slices.Backward(entries) {
			if u.same(m) {
				return check(u.mark)
			}
			until = u.time
		}
		if s.base.same(m) {
			return check(s.base)
		}
		break
	}
	if oldest.after(m) {
		return mark{}, refuse(textOldBookmark, shownTime(max(horizon, oldest.time)))
	}
	return mark{}, refuse(textMissingBookmark)
}

// at returns the mark of the state at a time in Unix nanoseconds: the last commit that was not later.
// The caller holds mu.
func (h *history) at(time int64) (found mark, ok bool, err error) {
	for _, c := range slices.Backward(h.commits) {
		if c.time <= time {
			return c.mark, true, nil
		}
	}
	if h.base.time <= time {
		return h.base, true, nil
	}
	for _, s := range slices.Backward(h.segments) {
		if err := s.load(); err != nil {
			return mark{}, false, err
		}
		if s.earliest <= time {
			entries, err := s.undos()
			if err != nil {
				return mark{}, false, err
			}
			for _, u := range slices.Backward(entries) {
				if u.time <= time {
					return u.mark, true, nil
				}
			}
		}
		if s.base.time <= time {
			return s.base, true, nil
		}
	}
	return mark{}, false, nil
}

// begins is the time of the oldest state that is known. The caller holds mu.
func (h *history) begins() int64 {
	if len(h.segments) == 0 {
		return h.base.time
	}
	if err := h.segments[0].load(); err != nil {
		return h.base.time
	}
	return h.segments[0].base.time
}
