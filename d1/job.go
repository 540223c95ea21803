package d1

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cfemu/cfemu/internal/cfapi"
	"github.com/cfemu/cfemu/internal/clock"
)

// A job is an import or export that client/v4 has started and polls.
type job struct {
	kind     string // import, export
	bookmark string // names it
	cancel   context.CancelCauseFunc
	done     chan struct{}
	result   any   // valid once done is closed
	err      error // as is this

	mu       sync.Mutex
	messages []string // since the last poll
	last     string
	idle     clock.Timer // ends the job
}

// A transfer is what client/v4 answers about a job.
type transfer struct {
	Success    bool     `json:"success"`
	Type       string   `json:"type,omitempty"`
	Status     string   `json:"status,omitempty"`
	AtBookmark string   `json:"at_bookmark,omitempty"`
	Messages   []string `json:"messages"`
	Filename   string   `json:"filename,omitempty"`
	UploadURL  string   `json:"upload_url,omitempty"`
	Error      string   `json:"error,omitempty"`
	Errors     []string `json:"errors,omitempty"`
	Result     any      `json:"result,omitempty"`
}

// refused is the answer for a job that there is not, or not yet. It goes out as a successful response.
//
// Receipt: D1's answers to polls, as clients of the API report them.
func refused(text string) transfer { return transfer{Error: text, Messages: []string{}} }

// say adds a message for the next poll.
func (j *job) say(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if text != j.last {
		j.messages, j.last = append(j.messages, text), text
	}
}

// progress replaces the message that nobody has fetched yet: only the newest count is of interest.
func (j *job) progress(text string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if text == j.last {
		return
	}
	if n := len(j.messages); n > 0 && j.messages[n-1] == j.last && strings.HasPrefix(j.last, "Processed ") {
		j.messages = j.messages[:n-1]
	}
	j.messages, j.last = append(j.messages, text), text
}

func (j *job) finished() bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

// A jobs holds what runs. There is one import and one export of a database at a time.
type jobs struct {
	wait     time.Duration // how long an answer may be held back for a job to end
	patience time.Duration // how long a job goes on when nobody polls

	mu     sync.Mutex
	byName map[string]*job // by kind and database
	closed bool
	all    sync.WaitGroup
}

func jobName(kind string, db *Database) string { return kind + " " + db.ID }

// busy reports whether a job of that kind runs on db.
func (js *jobs) busy(kind string, db *Database) bool {
	js.mu.Lock()
	defer js.mu.Unlock()
	j := js.byName[jobName(kind, db)]
	return j != nil && !j.finished()
}

// start runs work as a job of db, unless one of that kind runs.
func (js *jobs) start(kind string, db *Database, work func(context.Context, *job) (any, error)) (*job, bool) {
	js.mu.Lock()
	defer js.mu.Unlock()
	name := jobName(kind, db)
	if old := js.byName[name]; js.closed || old != nil && !old.finished() {
		return nil, false
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	j := &job{kind: kind, bookmark: db.Bookmark(), cancel: cancel, done: make(chan struct{})}
	js.byName[name] = j
	js.all.Add(1)
	go func() {
		defer js.all.Done()
		defer cancel(nil)
		defer close(j.done)
		j.result, j.err = work(ctx, j)
		if cause := context.Cause(ctx); j.err != nil && cause != nil {
			j.err = cause
		}
	}()
	return j, true
}

// find returns the job that a poll means.
func (js *jobs) find(kind string, db *Database, bookmark string) *job {
	js.mu.Lock()
	defer js.mu.Unlock()
	j := js.byName[jobName(kind, db)]
	if j == nil || j.bookmark != bookmark {
		return nil
	}
	return j
}

// forget ends the life of a job whose end has been told: a later poll finds none.
func (js *jobs) forget(db *Database, j *job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if name := jobName(j.kind, db); js.byName[name] == j {
		delete(js.byName, name)
	}
}

// close ends all jobs and waits for them.
func (js *jobs) close() {
	js.mu.Lock()
	js.closed = true
	for _, j := range js.byName {
		j.cancel(queryError(textReset, errors.New("d1: closed")))
	}
	js.mu.Unlock()
	js.all.Wait()
}

// errUnpolled is why a job was given up. Time is the machine's here: a client polls in its own time,
// whatever the user does with the clock.
func (js *jobs) errUnpolled(j *job) error {
	text := fmt.Sprintf("Cancelled due to no poll() received in %dms.", js.patience.Milliseconds())
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.messages) > 0 {
		text += " Latest messages:\n    " + strings.Join(j.messages, "\n    ")
	}
	return queryError(text, nil)
}

// poll waits a while for j to end and tells how it stands.
func (s *Service) poll(ctx context.Context, db *Database, j *job) transfer {
	js := &s.jobs
	j.mu.Lock()
	if j.idle != nil {
		j.idle.Stop()
		j.idle = nil
	}
	j.mu.Unlock()

	enough := make(chan struct{})
	timer := clock.System.AfterFunc(js.wait, func() { close(enough) })
	select {
	case <-j.done:
	case <-enough:
	case <-ctx.Done():
	}
	timer.Stop()

	done := j.finished()
	j.mu.Lock()
	t := transfer{Success: true, Type: j.kind, Status: "active", AtBookmark: j.bookmark, Messages: append([]string{}, j.messages...)}
	if ctx.Err() == nil {
		j.messages = slices.Delete(j.messages, 0, len(j.messages))
	}
	if !done && j.idle == nil {
		j.idle = clock.System.AfterFunc(js.patience, func() { j.cancel(js.errUnpolled(j)) })
	}
	j.mu.Unlock()
	if !done {
		return t
	}
	if ctx.Err() == nil {
		js.forget(db, j)
	}
	if j.err != nil {
		t.Success, t.Status, t.Error = false, "error", s.jobError(db, j)
		t.Errors = []string{t.Error}
		return t
	}
	t.Status, t.Result = "complete", j.result
	return t
}

// jobError is the error of a job as its client may see it.
func (s *Service) jobError(db *Database, j *job) string {
	var fault cfapi.Faulter
	if !errors.As(j.err, &fault) {
		s.log.Error("d1 "+j.kind, "database", db.ID, "err", j.err)
		return textReset
	}
	text := fault.Fault().Message
	if failed, ok := errors.AsType[*ScriptError](j.err); ok {
		text += fmt.Sprintf("\nat line %d, column %d: %s", failed.Line, failed.Column, shorten(failed.Statement))
	}
	return text
}

// shorten cuts a statement to what fits into a message.
func shorten(statement string) string {
	const most = 200
	if len(statement) <= most {
		return statement
	}
	return strings.ToValidUTF8(statement[:most], "") + "..."
}
