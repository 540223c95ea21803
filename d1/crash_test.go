package d1

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const crashDir = "CFEMU_D1_CRASH_DIR"

// TestMain lets the test binary be the child of TestKilledProcessLosesNoAcknowledgedWrite and of
// TestKilledProcessLosesNoHistory.
func TestMain(m *testing.M) {
	if dir := os.Getenv(travelDir); dir != "" {
		if err := travelForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeForever inserts pairs of rows and says each number once it is acknowledged.
func writeForever(dir string) error {
	ctx := context.Background()
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	db, err := s.Ensure(ctx, "", "crash")
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, "create table if not exists t(n int, half text)"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		_, err := db.Batch(ctx, []Statement{
			{SQL: "insert into t values (?, 'a')", Params: []any{float64(n)}},
			{SQL: "insert into t values (?, 'b')", Params: []any{float64(n)}},
		})
		if err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestKilledProcessLosesNoAcknowledgedWrite(t *testing.T) {
	for _, rounds := range []int{1, 20, 150} {
		t.Run(fmt.Sprint(rounds), func(t *testing.T) {
			dir := t.TempDir()
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), crashDir+"="+dir)
			child.Stderr = os.Stderr
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			acknowledged := 0
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				n, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
				if err != nil {
					t.Fatal(err)
				}
				if acknowledged = n; n == rounds {
					if err := child.Process.Kill(); err != nil { // SIGKILL; what it still says is read on
						t.Fatal(err)
					}
				}
			}
			if err := child.Wait(); err == nil {
				t.Fatal("the child ended by itself")
			}
			s := openAt(t, dir, Options{})
			db, err := s.Database(context.Background(), "crash")
			if err != nil {
				t.Fatal(err)
			}
			if v := cell(t, db, "pragma quick_check"); v != "ok" {
				t.Error(v)
			}
			n := cell(t, db, "select count(distinct n) from t").(int64)
			if n < int64(acknowledged) {
				t.Errorf("%d writes were acknowledged, %d are there", acknowledged, n)
			}
			if halves := cell(t, db, "select count(*) from t").(int64); halves != 2*n {
				t.Errorf("%d rows for %d batches: one is there by half", halves, n)
			}
		})
	}
}
