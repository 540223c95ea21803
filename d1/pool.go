package d1

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cfemu/cfemu/internal/clock"
	"github.com/cfemu/cfemu/internal/fsx"
)

// A pool holds the connections of one database: one that writes and a few that read, each opened
// when it is first needed.
type pool struct {
	path    string
	noSync  bool
	wait    time.Duration // how long a request may wait for a connection
	maxSize int64
	size    atomic.Int64 // of the database in bytes, as of the last write
	rowID   atomic.Int64 // last_insert_rowid() of the writer
	history *history
	created time.Time

	// sticky says that a PRAGMA has changed how the writer behaves: reads must go there too.
	sticky atomic.Bool

	writer  chan *conn    // holds the writer while nobody uses it; nil until it is opened
	readers chan struct{} // a token for each reader that may exist and is idle

	mu   sync.Mutex
	idle []*conn
	busy map[*conn]bool
	made atomic.Bool // the file is a database in WAL mode, readers may open it
}

func newPool(path string, noSync bool, wait time.Duration, maxSize int64, h *history, created time.Time) *pool {
	p := &pool{path: path, noSync: noSync, wait: wait, maxSize: maxSize, history: h, created: created, writer: make(chan *conn, 1), readers: make(chan struct{}, maxReaders), busy: map[*conn]bool{}}
	p.writer <- nil
	for range maxReaders {
		p.readers <- struct{}{}
	}
	return p
}

// write takes the writer; give returns it.
func (p *pool) write(ctx context.Context) (*conn, error) {
	var cn *conn
	select {
	case cn = <-p.writer:
	default:
		patient, cancel := p.patience(ctx)
		defer cancel()
		select {
		case cn = <-p.writer:
		case <-patient.Done():
			return nil, context.Cause(patient)
		}
	}
	if cn == nil {
		err := checkLog(p.path)
		if err == nil {
			cn, err = openConn(p.path, true, p.noSync, p.maxSize)
		}
		if err != nil {
			p.writer <- nil
			return nil, err
		}
		p.size.Store(cn.size())
		p.history.open(cn, p.created)
		p.made.Store(true)
	}
	p.use(cn)
	return cn, nil
}

// patience limits ctx to the time that a request may wait for a connection.
func (p *pool) patience(ctx context.Context) (context.Context, func()) {
	patient, cancel := context.WithCancelCause(ctx)
	timer := clock.System.AfterFunc(p.wait, func() { cancel(queryError(textQueued, nil)) })
	return patient, func() {
		timer.Stop()
		cancel(nil)
	}
}

// give returns the writer. Now and then the history is saved first, for which nobody but the next writer
// waits.
func (p *pool) give(cn *conn) {
	p.leave(cn)
	if !p.history.due() {
		p.writer <- cn
		return
	}
	go func() {
		p.save(cn)
		p.writer <- cn
	}()
}

// save writes the log back into the database, and reports whether it could. When not, as on a full disk,
// the log stays: it holds what was acknowledged.
func (p *pool) save(cn *conn) bool {
	err := p.history.save(cn)
	if err != nil {
		p.history.warn("d1: the log of a database cannot be written back", err)
	}
	return err == nil
}

// read takes a reader; giveReader returns it.
func (p *pool) read(ctx context.Context) (*conn, error) {
	if !p.made.Load() {
		cn, err := p.write(ctx)
		if err != nil {
			return nil, err
		}
		p.give(cn)
	}
	select {
	case <-p.readers:
	default:
		patient, cancel := p.patience(ctx)
		defer cancel()
		select {
		case <-p.readers:
		case <-patient.Done():
			return nil, context.Cause(patient)
		}
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		cn := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.busy[cn] = true
		p.mu.Unlock()
		return cn, nil
	}
	p.mu.Unlock()
	cn, err := openConn(p.path, false, p.noSync, p.maxSize)
	if err != nil {
		p.readers <- struct{}{}
		return nil, err
	}
	p.use(cn)
	return cn, nil
}

func (p *pool) giveReader(cn *conn) {
	p.mu.Lock()
	delete(p.busy, cn)
	p.idle = append(p.idle, cn)
	p.mu.Unlock()
	p.readers <- struct{}{}
}

func (p *pool) use(cn *conn) {
	p.mu.Lock()
	p.busy[cn] = true
	p.mu.Unlock()
}

func (p *pool) leave(cn *conn) {
	p.mu.Lock()
	delete(p.busy, cn)
	p.mu.Unlock()
}

// stop ends the statements that run now.
func (p *pool) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for cn := range p.busy {
		cn.cancel(cancelReset)
	}
}

// restore turns the database back to the state of target. Nobody may use a connection.
func (p *pool) restore(ctx context.Context, target mark) error {
	cn, err := p.write(ctx)
	if err != nil {
		return err
	}
	p.leave(cn)
	err = p.closeReaders()
	err = errors.Join(err, p.history.restore(cn, target))
	p.forget()
	return err
}

func (p *pool) closeReaders() error {
	var errs []error
	for _, cn := range p.idle {
		errs = append(errs, cn.close(true))
	}
	p.idle = nil
	return errors.Join(errs...)
}

// forget says that there are no connections any more.
func (p *pool) forget() {
	p.writer <- nil
	p.made.Store(false)
	p.sticky.Store(false)
	p.size.Store(0)
	p.rowID.Store(0)
}

// close closes all connections. Nobody may use one. discard says that the file will go: its log need
// not be written back into it.
func (p *pool) close(discard bool) error {
	errs := []error{p.closeReaders()}
	if cn := <-p.writer; cn != nil {
		keepLog := discard
		if !discard {
			keepLog = !p.save(cn)
		}
		errs = append(errs, cn.close(keepLog), p.history.close())
	}
	p.forget()
	return errors.Join(errs...)
}

// removeFiles deletes the files of a closed database, and its history.
func removeFiles(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.RemoveAll(historyDir(path)))...)
}

// empty makes an empty file, which is an empty database to SQLite. A log beside it goes first, so that
// there is a whole database at any moment.
func empty(path string, sync bool) error {
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if !sync {
		return f.Close()
	}
	return errors.Join(f.Sync(), f.Close(), fsx.SyncDir(filepath.Dir(path)))
}
