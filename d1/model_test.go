package d1

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/mux"
)

// The model is a few accounts. Every write moves money between two of them or adds to one and to the
// total kept beside, in one transaction, and enters a line in the ledger; so any committed state has
// the sum of the balances equal to the total, and the ledger adds up to each balance.
const (
	modelAccounts = 4
	modelWriters  = 6
	modelReaders  = 3 // clients that only look
	modelSteps    = 60
)

const modelSchema = `create table account(id integer primary key, balance integer not null check (balance > -1000000));
	create table total(sum integer not null); insert into total values (0);
	create table ledger(seq integer primary key, client int, step int, account int, amount int, unique (client, step, account));`

// A modelClient is one of the clients that work at the same time, by the binding or by client/v4.
type modelClient struct {
	t     *testing.T
	id    int
	face  http.RoundTripper
	rest  string // the path of client/v4, empty for the binding
	rng   *rand.Rand
	moved [modelAccounts]int64 // by acknowledged writes
	steps int                  // acknowledged writes
	token string
}

// A modelResult is one result as both faces have it.
type modelResult struct {
	Results struct {
		Rows [][]any `json:"rows"`
	} `json:"results"`
}

// ask runs statements as one transaction. Every bookmark is at or behind the one before.
func (c *modelClient) ask(write bool, stmts ...query) ([]modelResult, error) {
	target, body := "http://d1/query?resultsFormat=ROWS_AND_COLUMNS", any(stmts)
	if c.rest != "" {
		target, body = "http://d1"+c.rest, map[string]any{"batch": stmts}
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(c.t.Context(), "POST", target, strings.NewReader(string(b)))
	if err != nil {
		return nil, err
	}
	resp, err := c.face.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var results []modelResult
	if c.rest != "" {
		var envelope struct {
			Result []modelResult
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(answer, &envelope); err != nil {
			return nil, fmt.Errorf("%s: %w", answer, err)
		}
		if len(envelope.Errors) > 0 {
			return nil, fmt.Errorf("%s", envelope.Errors[0].Message)
		}
		return envelope.Result, nil
	}
	if answer[0] == '{' {
		return nil, fmt.Errorf("%s", answer)
	}
	token := resp.Header[sessionHeader][0]
	if token < c.token || write && token == c.token {
		c.t.Errorf("client %d: bookmark %s after %s", c.id, token, c.token)
	}
	c.token = token
	return results, json.Unmarshal(answer, &results)
}

func number(sql string, params ...int64) query {
	q := query{SQL: sql}
	for _, p := range params {
		q.Params = append(q.Params, p)
	}
	return q
}

// step does one thing at random.
func (c *modelClient) step(step int) {
	from, to := c.rng.IntN(modelAccounts), c.rng.IntN(modelAccounts)
	amount := c.rng.Int64N(100) + 1
	enter := func(account int, amount int64) query {
		return number("insert into ledger(client, step, account, amount) values (?, ?, ?, ?)", int64(c.id), int64(step), int64(account), amount)
	}
	add := func(account int, amount int64) query {
		return number("update account set balance = balance + ? where id = ?", amount, int64(account))
	}
	switch kind := c.rng.IntN(6); {
	case kind == 0:
		c.look()
		return
	case kind == 1: // the batch fails at its end, after it has written
		if _, err := c.ask(true, add(from, amount), enter(from, amount), number("insert into ledger(seq) values (1), (1)")); err == nil {
			c.t.Errorf("client %d: a batch that must fail did not", c.id)
		}
		return
	case kind == 2: // fails in the middle, by a constraint
		if _, err := c.ask(true, add(from, amount), add(to, -2_000_000), enter(from, amount)); err == nil {
			c.t.Errorf("client %d: a constraint did not hold", c.id)
		}
		return
	case kind == 3: // one statement adds, a trigger keeps the rest in step
		if _, err := c.ask(true, number("insert into deposit values (?, ?, ?, ?)", int64(c.id), int64(step), int64(to), amount)); err != nil {
			c.t.Errorf("client %d: %v", c.id, err)
			return
		}
		c.moved[to] += amount
	case from == to:
		return
	default:
		if _, err := c.ask(true, add(from, -amount), enter(from, -amount), add(to, amount), enter(to, amount)); err != nil {
			c.t.Errorf("client %d: %v", c.id, err)
			return
		}
		c.moved[from] -= amount
		c.moved[to] += amount
	}
	c.steps++
}

// look reads in one transaction what must agree in any committed state, and what this client has done.
func (c *modelClient) look() {
	results, err := c.ask(false,
		number("select sum(balance), (select sum from total) from account"),
		number("with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) select count(*) from n"), // time for others
		number("select a.id, a.balance, (select coalesce(sum(amount), 0) from ledger where account = a.id) from account a order by id"),
		number("select count(distinct step) from ledger where client = ?", int64(c.id)),
		number("select (select sum from total), max(seq) from ledger"))
	if err != nil {
		c.t.Errorf("client %d: %v", c.id, err)
		return
	}
	if sums := results[0].Results.Rows[0]; sums[0] != sums[1] {
		c.t.Errorf("client %d saw half a write: the balances are %v, the total %v", c.id, sums[0], sums[1])
	}
	if before, after := results[0].Results.Rows[0][1], results[4].Results.Rows[0][0]; before != after {
		c.t.Errorf("client %d saw the total %v, and %v in the same transaction", c.id, before, after)
	}
	for _, row := range results[2].Results.Rows {
		if row[1] != row[2] {
			c.t.Errorf("client %d: account %v has %v, its ledger %v", c.id, row[0], row[1], row[2])
		}
	}
	if n := results[3].Results.Rows[0][0]; n != float64(c.steps) {
		c.t.Errorf("client %d sees %v of its %d writes", c.id, n, c.steps)
	}
}

func (c *modelClient) lookUntil(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
			c.look()
		}
	}
}

// Clients at the same time are as good as one after the other: nothing acknowledged is lost, nothing
// that failed leaves a trace, every read sees a committed state with the client's own writes in it.
func TestConcurrentClientsAgreeWithTheModel(t *testing.T) {
	ctx := context.Background()
	s := openAt(t, t.TempDir(), Options{NoSync: true})
	db := s.create(t, "model")
	script(t, db, modelSchema+`create view deposit as select client, step, account, amount from ledger;
		create trigger deposited instead of insert on deposit begin
			update account set balance = balance + new.amount where id = new.account;
			update total set sum = sum + new.amount;
			insert into ledger(client, step, account, amount) values (new.client, new.step, new.account, new.amount);
		end;`)
	for id := range modelAccounts {
		script(t, db, fmt.Sprintf("insert into account values (%d, 0)", id))
	}
	r := mux.NewRouter().UseEncodedPath().SkipClean(true)
	s.Routes(r.PathPrefix("/client/v4/accounts/{account}").Subrouter())
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	clients := make([]*modelClient, modelWriters+modelReaders)
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	for id := range clients {
		c := &modelClient{t: t, id: id, face: s.Wire(db.ID), rng: rand.New(rand.NewPCG(seed, uint64(id)))}
		if id%2 == 1 {
			c.face, c.rest = handlerTransport{r}, "/client/v4/accounts/a/d1/database/"+db.ID+"/raw"
		}
		clients[id] = c
		if id >= modelWriters {
			readers.Go(func() { c.lookUntil(written) })
			continue
		}
		writers.Go(func() {
			for step := range modelSteps {
				c.step(step)
			}
			c.look()
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
	results, err := db.Batch(ctx, []Statement{{SQL: "select balance from account order by id"}})
	if err != nil {
		t.Fatal(err)
	}
	for id, row := range results[0].Values() {
		want := int64(0)
		for _, c := range clients {
			want += c.moved[id]
		}
		if row[0] != want {
			t.Errorf("account %d has %v, acknowledged were %d", id, row[0], want)
		}
	}
	if v := cell(t, db, "pragma quick_check"); v != "ok" {
		t.Error(v)
	}
}
