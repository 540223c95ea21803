package d1

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cfemu/cfemu/internal/clock"
)

// contentOf is a fingerprint of all that a query can see of a database.
func contentOf(db *Database) (string, error) {
	ctx := context.Background()
	tables, err := db.batch(ctx, []Statement{{SQL: "select name, sql from sqlite_master order by 1, 2"}})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, table := range tables[0].Values() {
		fmt.Fprintln(h, table...)
		name, _ := table[0].(string)
		if strings.HasPrefix(name, "i") {
			continue // an index
		}
		rows, err := db.batch(ctx, []Statement{{SQL: "select rowid, * from " + name + " order by rowid"}})
		if err != nil {
			return "", err
		}
		for _, row := range rows[0].Values() {
			fmt.Fprintln(h, row...)
		}
	}
	check, err := db.batch(ctx, []Statement{{SQL: "pragma quick_check"}})
	if err != nil {
		return "", err
	}
	if v := check[0].Values()[0][0]; v != "ok" {
		return "", fmt.Errorf("quick_check: %v", v)
	}
	return fmt.Sprintf("%d tables %x", len(tables[0].Values()), h.Sum(nil)[:8]), nil
}

// A travelModel is a database with what its content was at each bookmark.
type travelModel struct {
	*rapid.T
	dir     string
	opts    Options
	clock   *clock.Movable
	svc     *Service
	db      *Database
	order   []string // bookmarks, oldest first
	content map[string]string
	moments map[string]time.Time
	reader  *conn // holds an old view open; nil: none
}

func (m *travelModel) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *travelModel) open() {
	s, err := Open(m.dir, m.opts)
	m.must(err)
	m.svc = s
	m.db, err = s.Ensure(context.Background(), "", "db")
	m.must(err)
	m.db.pool.history.every = 20
}

// note remembers what is there now.
func (m *travelModel) note() {
	content, err := contentOf(m.db)
	m.must(err)
	bookmark := m.db.Bookmark()
	if known, ok := m.content[bookmark]; ok {
		if known != content {
			m.Fatalf("%s is %s, was %s", bookmark, content, known)
		}
		return
	}
	if n := len(m.order); n > 0 && bookmark <= m.order[n-1] {
		m.Fatalf("bookmark %s after %s", bookmark, m.order[n-1])
	}
	m.order = append(m.order, bookmark)
	m.content[bookmark] = content
	m.moments[bookmark] = m.clock.Now()
	m.clock.Advance(time.Second)
}

func (m *travelModel) write(rt *rapid.T) {
	table := rapid.SampledFrom([]string{"ta", "tb", "tc"}).Draw(rt, "table")
	var sql []string
	for range rapid.IntRange(1, 4).Draw(rt, "statements") {
		n := rapid.IntRange(1, 40).Draw(rt, "n")
		sql = append(sql, rapid.SampledFrom([]string{
			fmt.Sprintf("insert into %s with recursive n(i) as (select 1 union all select i+1 from n where i<%d) select i, printf('%%.*c', i*%d, 'x') from n", table, n, n*5),
			fmt.Sprintf("update %s set b = b || 'y' where rowid %% %d = 0", table, n),
			fmt.Sprintf("delete from %s where rowid %% %d < 3", table, n),
			fmt.Sprintf("create index if not exists i%s%d on %s(a)", table, n%3, table),
			fmt.Sprintf("drop table %s; create table %s(a, b)", table, table),
			"select 1",
		}).Draw(rt, "sql"))
	}
	_, err := m.db.Exec(context.Background(), "create table if not exists "+table+"(a, b);"+strings.Join(sql, ";"))
	m.must(err)
	m.note()
}

func (m *travelModel) restore(rt *rapid.T) {
	target := rapid.SampledFrom(m.order).Draw(rt, "bookmark")
	before := m.db.Bookmark()
	m.release()
	r, err := m.db.Restore(context.Background(), target)
	m.must(err)
	if r.Previous != before || r.Bookmark != target {
		m.Fatalf("restored %+v, from %s to %s", r, before, target)
	}
	content, err := contentOf(m.db)
	m.must(err)
	if content != m.content[target] {
		m.Fatalf("restore of %s: %s, want %s", target, content, m.content[target])
	}
	m.note()
}

// hold keeps a reader's view, so that the log cannot be begun anew.
func (m *travelModel) hold() {
	if m.reader != nil {
		return
	}
	cn, err := m.db.pool.read(context.Background())
	m.must(err)
	m.must(cn.begin(false))
	_, err = cn.query("select count(*) from sqlite_master")
	m.must(err)
	m.reader = cn
}

func (m *travelModel) release() {
	if m.reader != nil {
		m.must(m.reader.rollback())
		m.db.pool.giveReader(m.reader)
		m.reader = nil
	}
}

func (m *travelModel) lookUp(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.order)-1).Draw(rt, "state")
	ago := time.Duration(rapid.IntRange(0, 999).Draw(rt, "later")) * time.Millisecond
	found, err := m.db.BookmarkAt(context.Background(), m.moments[m.order[i]].Add(ago))
	m.must(err)
	if found != m.order[i] {
		m.Fatalf("found %s, want %s", found, m.order[i])
	}
}

// copyWhileOpen goes on with a copy of the files, as they are when a process is killed.
func (m *travelModel) copyWhileOpen(t *testing.T) {
	m.release()
	copied := t.TempDir()
	cn, err := m.db.pool.write(context.Background()) // nothing is half-written while it is held
	m.must(err)
	m.must(copyFiles(m.dir, copied))
	m.db.pool.give(cn)
	m.must(m.svc.Close())
	m.dir = copied
	m.open()
	m.note()
}

func TestEveryBookmarkCanBeRestored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := clock.NewMovable()
		c.Freeze()
		m := &travelModel{
			T: rt, dir: t.TempDir(), clock: c, content: map[string]string{}, moments: map[string]time.Time{},
			opts: Options{Clock: c, NoSync: rapid.SampledFrom([]bool{true, true, false}).Draw(rt, "nosync")},
		}
		m.open()
		defer func() { m.must(m.svc.Close()) }()
		defer m.release()
		m.note()
		rt.Repeat(map[string]func(*rapid.T){
			"write":   m.write,
			"restore": m.restore,
			"look up": m.lookUp,
			"hold":    func(*rapid.T) { m.hold() },
			"release": func(*rapid.T) { m.release() },
			"save":    func(*rapid.T) { saveNow(t, m.db) },
			"fail": func(*rapid.T) {
				before := m.db.Bookmark()
				_, err := m.db.Exec(context.Background(), "create table gone(a); insert into gone values (1); select nothing from nowhere")
				if err == nil || m.db.Bookmark() != before {
					rt.Fatalf("%v, bookmark %s after %s", err, m.db.Bookmark(), before)
				}
			},
			"reopen": func(*rapid.T) {
				m.release()
				m.must(m.svc.Close())
				m.open()
				m.note()
			},
			"crash": func(rt *rapid.T) {
				if m.opts.NoSync {
					rt.Skip("a process that does not wait for the disk may forget")
				}
				m.copyWhileOpen(t)
			},
		})
	})
}
