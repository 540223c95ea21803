package d1

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// travelForever writes and restores, and says each bookmark with the content that it stands for once
// the write is acknowledged.
func travelForever(dir string) error {
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	db, err := s.Ensure(ctx, "", "crash")
	if err != nil {
		return err
	}
	db.pool.history.every = 15
	if _, err := db.Exec(ctx, "create table if not exists t(n integer primary key, text)"); err != nil {
		return err
	}
	var bookmarks []string
	for {
		if len(bookmarks) > 0 && rand.IntN(20) == 0 {
			_, err = db.Restore(ctx, bookmarks[rand.IntN(len(bookmarks))])
		} else {
			_, err = db.Exec(ctx, fmt.Sprintf("insert into t(text) values ('%s'); update t set text = text || 'z' where n %% 7 = %d; delete from t where n %% 40 = %d",
				strings.Repeat("x", rand.IntN(6000)), rand.IntN(7), rand.IntN(40)))
		}
		if err != nil {
			return err
		}
		content, err := contentOf(db)
		if err != nil {
			return err
		}
		bookmarks = append(bookmarks, db.Bookmark())
		fmt.Println(db.Bookmark() + " " + content)
	}
}

// untilKilled runs the child until it has said lines lines, and returns what it has said.
func untilKilled(t *testing.T, dir string, lines int, said map[string]string) (last string) {
	t.Helper()
	child := childProcess("traveller", dir)
	var failure strings.Builder
	child.Stderr = &failure
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	heard := bufio.NewScanner(out)
	for n := 0; heard.Scan(); n++ {
		bookmark, content, whole := strings.Cut(heard.Text(), " ")
		if !whole || !strings.Contains(content, " tables ") {
			break
		}
		if bookmark <= last {
			t.Errorf("bookmark %s after %s", bookmark, last)
		}
		said[bookmark], last = content, bookmark
		if n == lines {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || failure.Len() > 0 {
		t.Fatalf("the child ended by itself: %v, %s", err, failure.String())
	}
	return last
}

func TestKilledProcessLosesNoHistory(t *testing.T) {
	dir := t.TempDir()
	said := map[string]string{}
	for round := range 8 {
		last := untilKilled(t, dir, rand.IntN(60), said)
		s, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		db, err := s.Database(context.Background(), "crash")
		if err != nil {
			t.Fatal(err)
		}
		content, err := contentOf(db)
		if err != nil {
			t.Fatal(err)
		}
		now := db.Bookmark()
		if now < last || now == last && content != said[last] {
			t.Errorf("round %d: at %s with %s, acknowledged was %s with %s", round, now, content, last, said[last])
		}
		checked := 0
		for bookmark, want := range said {
			if checked++; checked > 6 {
				break
			}
			restore(t, db, bookmark)
			if got, err := contentOf(db); err != nil || got != want {
				t.Fatalf("round %d: restore of %s: %s, %v; want %s", round, bookmark, got, err, want)
			}
		}
		restore(t, db, now)
		if got, err := contentOf(db); err != nil || got != content {
			t.Fatalf("round %d: undone: %s, %v; want %s", round, got, err, content)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d states", len(said))
}
