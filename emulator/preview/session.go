package preview

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"
)

// maxSessions bounds what is kept. The one that was used longest ago makes room.
const maxSessions = 256

// A session is an uploaded proxy: what its bindings reach.
type session struct {
	bindings map[string]target
	expires  time.Time
	used     time.Time
}

// A target answers a binding's calls, or says why nothing does.
type target struct {
	binding Binding
	service http.RoundTripper
	err     error
}

// open makes a session of a Worker's bindings and returns its token.
func (s *Service) open(ctx context.Context, worker string, bindings []Binding) string {
	now := s.clock.Now()
	n := &session{bindings: map[string]target{}, expires: now.Add(lifetime), used: now}
	var problems []error
	for _, b := range bindings {
		service, err := s.opts.Resolve(ctx, worker, b)
		n.bindings[b.Name] = target{b, service, err}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if s.opts.Opened != nil {
		s.opts.Opened(worker, bindings, problems)
	}
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(now)
	s.sessions[token] = n
	return token
}

func (s *Service) makeRoom(now time.Time) {
	oldest := ""
	for token, n := range s.sessions {
		if !now.Before(n.expires) {
			delete(s.sessions, token)
		} else if oldest == "" || n.used.Before(s.sessions[oldest].used) {
			oldest = token
		}
	}
	if len(s.sessions) >= maxSessions {
		delete(s.sessions, oldest)
	}
}

// session returns the live session with that token, or nil. Tokens have 128 random bits: a map's
// look-up by hash tells nobody how near a guess was.
func (s *Service) session(token string) *session {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sessions[token]
	if n == nil || !now.Before(n.expires) {
		delete(s.sessions, token)
		return nil
	}
	n.used = now
	return n
}
