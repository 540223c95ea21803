package d1

import (
	"net/http"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
)

// getBookmark answers with the bookmark of a time, without one with that of the present state.
func (s *Service) getBookmark(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	var result struct {
		Bookmark string `json:"bookmark"`
	}
	if text := r.URL.Query().Get("timestamp"); text != "" {
		at, err := parseTimestamp(text)
		if err != nil {
			return err
		}
		if result.Bookmark, err = db.BookmarkAt(r.Context(), at); err != nil {
			return err
		}
		return cfapi.WriteResult(w, result)
	}
	db.mu.RLock()
	err = db.opened(r.Context(), func(h *history) error {
		result.Bookmark = h.bookmark()
		return nil
	})
	db.mu.RUnlock()
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, result)
}

// postRestore restores a bookmark or the state at a time. The answer names the state that the database
// was restored to, as wrangler says it, and not the new commit that it was restored by.
//
// Receipt: output of wrangler in https://developers.cloudflare.com/d1/reference/time-travel/
func (s *Service) postRestore(w http.ResponseWriter, r *http.Request) error {
	db, err := s.routed(r)
	if err != nil {
		return err
	}
	form := r.URL.Query()
	bookmark, timestamp := form.Get("bookmark"), form.Get("timestamp")
	switch {
	case bookmark == "" && timestamp == "":
		return refuse(textNoMoment)
	case bookmark != "" && timestamp != "":
		return refuse(textTwoMoments)
	case bookmark == "":
		at, err := parseTimestamp(timestamp)
		if err != nil {
			return err
		}
		if bookmark, err = db.BookmarkAt(r.Context(), at); err != nil {
			return err
		}
	}
	restored, err := db.Restore(r.Context(), bookmark)
	if err != nil {
		return err
	}
	return cfapi.WriteResult(w, struct {
		Bookmark string `json:"bookmark"`
		Previous string `json:"previous_bookmark"`
		Message  string `json:"message"`
	}{restored.Bookmark, restored.Previous, "Database restored successfully"})
}

func parseTimestamp(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, refuse(textBadTimestamp, text)
	}
	return at, nil
}
