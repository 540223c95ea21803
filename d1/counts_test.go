package d1

import (
	"context"
	"testing"
)

// The counts are workerd's, on a table of 1000 rows with an index on b; each statement runs after the
// ones before it.
func TestCounts(t *testing.T) {
	db := open(t).create(t, "counts")
	ctx := context.Background()
	if _, err := db.Exec(ctx, `create table t(id integer primary key, a text, b int); create index tb on t(b);
		with recursive n(i) as (select 1 union all select i+1 from n where i<1000) insert into t select i, 'r'||i, i%10 from n;`); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		sql           string
		read, written int64
	}{
		{"select * from t", 1000, 0},
		{"select * from t where id=5", 1, 0},
		{"select * from t where b=3", 101, 0},
		{"select count(*) from t", 1000, 0},
		{"select * from t where a='r7'", 1000, 0},
		{"select * from t order by a limit 5", 2000, 0},
		{"select * from t t1 join t t2 on t1.b=t2.id", 2000, 0},
		{"update t set a='x' where b=1", 101, 100},
		{"update t set b=5 where b=1", 301, 200},
		{"insert into t values (5000,'a',1)", 1, 2},
		{"delete from t where id<10", 10, 9},
		{"insert into t select x.id+10000,x.a,x.b from t x limit 10", 30, 20},
	} {
		results, err := db.Batch(ctx, []Statement{{SQL: tt.sql}})
		if err != nil {
			t.Fatal(err)
		}
		if m := results[0].Meta; m.RowsRead != tt.read || m.RowsWritten != tt.written {
			t.Errorf("%s: read %d, written %d, want %d, %d", tt.sql, m.RowsRead, m.RowsWritten, tt.read, tt.written)
		}
	}
}
