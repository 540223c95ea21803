package d1

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDebugPlans(t *testing.T) {
	if os.Getenv("PLANS") == "" {
		t.Skip()
	}
	s, _ := Open(t.TempDir(), Options{NoSync: true})
	defer s.Close()
	db, _ := s.Create(context.Background(), "x")
	if _, err := db.Exec(context.Background(), `create table t(id integer primary key, a text, b int); create index tb on t(b);
	create table u(id integer primary key autoincrement, e text unique, tid int references t(id));
	with recursive n(i) as (select 1 union all select i+1 from n where i<1000) insert into t select i, 'r'||i, i%10 from n;`); err != nil {
		t.Fatal(err)
	}
	for _, sql := range strings.Split(os.Getenv("PLANS"), ";") {
		cn, _ := db.pool.write(context.Background())
		fmt.Println("==", sql)
		rows, err := cn.query("EXPLAIN " + sql)
		if err != nil {
			fmt.Println(err)
		}
		for _, r := range rows.Values() {
			fmt.Println("  ", r)
		}
		st, _ := cn.prepare(sql, false)
		cn.run(st, nil)
		for i := 0; i < int(cn.out.scans); i++ {
			fmt.Println("  scan", cn.scanText(st, i), cn.out.loops[i], cn.out.visits[i])
		}
		cn.release(st)
		db.pool.give(cn)
	}
}
