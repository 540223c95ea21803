package d1

import "strings"

// Rows read and written are what D1 bills. workerd counts them in a patched SQLite, at the opcodes
// that move a cursor and those that write a row. The SQLite here is not patched: the same numbers are
// put together from what it does tell (scan status: how often each loop began and how many rows it
// came by; the update hook: rows inserted, updated, deleted) and from the compiled program, which
// says what happens at each of these.
//
// Receipt: fixtures of TestCounts, numbers of workerd 2026-07-30; the opcodes that count are
// Count, Seek*, SeekRowid, NotExists, Last, Rewind, Sort, Next, Prev, VNext for reading and Insert,
// IdxInsert, Delete, Clear, VUpdate for writing.
//
// Deviation: D1's rows_read and rows_written are estimates for some statements: a sorter behind a
// filter that no index serves, an index range that ends at the end of its index (one too many),
// window functions, recursive queries, partial indexes, triggers and cascades, CREATE INDEX, ALTER
// and DROP. testdata/counts.txtar shows how far they are off.

// A plan is what the compiled program of a statement tells before it runs.
type plan struct {
	blind bool   // there is no program to look at
	scans []scan // in the order of scan status

	counts  bool  // SELECT count(*): the rows are in the answer
	groups  bool  // an aggregate
	sorters int   // rows pass that many sorters
	limited bool  // the sorter keeps only as many rows as LIMIT says
	limit   limit // LIMIT of the outermost loop

	readOnce  int64 // rows read to find the counter of AUTOINCREMENT
	conflict  int64 // rows read for each row that an upsert finds there
	perRow    int64 // rows read for each row changed
	perInsert int64 // rows written for each row inserted
	perUpdate int64 // rows written for each row updated
	once      int64 // rows written once
	virtual   bool  // a virtual table is written to, which writes to tables of its own
	ddl       bool
	ddlReads  int64
}

// A scan is one loop of a program.
type scan struct {
	kind    scanKind
	bounded bool  // it stops at a row that is no longer in range, and that row has been read
	listed  int64 // IN (...): how many values there are, or listUnknown
}

// listUnknown stands for the values of a subquery.
const listUnknown = -1

type scanKind int

const (
	scanNothing scanKind = iota // no cursor moves, such as a co-routine
	scanAll                     // from the first or last row on
	scanRowID                   // one row by its rowid
	scanOne                     // one row of a unique index
	scanEqual                   // rows of an index with one key
	scanRange                   // rows of an index from a key on
	scanVirtual                 // a virtual table
)

// A limit is where the number of a LIMIT comes from.
type limit struct {
	known bool
	param int // from 1; 0: value counts
	value int64
}

// An op is an instruction of a program, as EXPLAIN shows it.
type op struct {
	name       string
	p1, p2, p3 int64
	p4         string
	p5         int64
	ephemeral  bool // p1 is a cursor on a temporary table
	seekEq     bool // p1 is a cursor that looks for equal keys only
}

// Flags in p5: https://www.sqlite.org/opcode.html
const (
	flagNChange = 0x01 // Insert, Delete: counts as a change
	flagSeekEq  = 0x02 // OpenRead: only equal keys are looked for
	flagUpdate  = 0x04 // Insert: the row was there before
)

// planOf returns the plan of st. It must first be asked before st runs: a statement that changes the
// schema cannot be explained afterwards.
func (st *stmt) planOf(cn *conn) *plan {
	if st.plan == nil {
		st.plan = newPlan(cn, st)
	}
	return st.plan
}

func newPlan(cn *conn, st *stmt) *plan {
	p := &plan{}
	if st.explain {
		return p
	}
	program := explain(cn, st)
	if len(program) == 0 {
		p.blind = true
		return p
	}
	p.readScans(program, cn.scanTexts(st))
	p.readSorter(program)
	if !st.readonly {
		p.readWrites(program)
		p.ddl = isDDL(st.text)
		if p.ddl {
			p.readDDL(program)
		}
	}
	return p
}

// explain returns the program of st. A statement that cannot be explained has an empty one, and its
// loops are then counted as they are.
func explain(cn *conn, st *stmt) []op {
	rows, err := cn.query("EXPLAIN " + st.text[:st.tail])
	if err != nil {
		return nil
	}
	var program []op
	ephemeral, seekEq := map[int64]bool{}, map[int64]bool{}
	values := rows.Values()
	// Some temporary tables are opened at the end of the program, where it begins to run.
	for _, row := range values {
		if name, _ := row[1].(string); name == "OpenEphemeral" {
			cursor, _ := row[2].(int64)
			ephemeral[cursor] = true
		}
	}
	for i, row := range values {
		if addr, _ := row[0].(int64); addr != int64(i) {
			break // programs of triggers follow
		}
		var o op
		o.name, _ = row[1].(string)
		o.p1, _ = row[2].(int64)
		o.p2, _ = row[3].(int64)
		o.p3, _ = row[4].(int64)
		o.p4, _ = row[5].(string)
		o.p5, _ = row[6].(int64)
		switch o.name {
		case "OpenEphemeral", "OpenAutoindex", "SorterOpen":
			ephemeral[o.p1] = true
		case "OpenRead", "OpenWrite":
			ephemeral[o.p1] = false
			seekEq[o.p1] = o.p5&flagSeekEq != 0
		}
		o.ephemeral, o.seekEq = ephemeral[o.p1], seekEq[o.p1]
		program = append(program, o)
	}
	return program
}

// readScans finds the loop that belongs to each line of the query plan. Scan status does not have all
// lines, and a subquery's before the one that it stands in.
func (p *plan) readScans(program []op, lines []string) {
	taken := make([]bool, len(program))
	for _, line := range lines {
		at := 0
		for at < len(program) && (taken[at] || program[at].name != "Explain" || program[at].p4 != line) {
			at++
		}
		if at < len(program) {
			taken[at] = true
		}
		p.scans = append(p.scans, readScan(program, at+1))
	}
}

func readScan(program []op, at int) scan {
	var s scan
	for ; at < len(program); at++ {
		switch o := program[at]; o.name {
		case "Explain", "Halt", "InitCoroutine", "Yield":
			return s
		case "BeginSubrtn":
			s.listed, at = readList(program, at)
		case "Rewind", "Last":
			if o.ephemeral && loopsInside(program, at) {
				continue // the values of IN (...): the cursor that matters comes next
			}
			s.kind = scanAll
			s.bounded = bounded(program, o.p1)
			return s
		case "SeekRowid":
			s.kind = scanRowID
			return s
		case "VFilter":
			s.kind = scanVirtual
			return s
		case "SeekGE", "SeekGT", "SeekLE", "SeekLT":
			switch {
			case o.seekEq && !hasStep(program, o.p1):
				s.kind = scanOne
			case o.seekEq:
				s.kind = scanEqual
			default:
				s.kind = scanRange
			}
			s.bounded = bounded(program, o.p1)
			return s
		}
	}
	return s
}

// readList reads the subroutine that collects the values of IN (...), and returns how many there are
// and where it ends. A subquery's values have to be counted when it runs.
func readList(program []op, at int) (listed int64, end int) {
	register := program[at].p2
	for at++; at < len(program); at++ {
		switch o := program[at]; o.name {
		case "IdxInsert":
			if o.ephemeral && listed != listUnknown {
				listed++
			}
		case "Explain":
			listed = listUnknown
		case "Return":
			if o.p1 == register {
				return listed, at
			}
		}
	}
	return listed, at
}

// loopsInside reports whether the loop that begins at at holds the seek of the scan: what is looped
// over are the values of IN (...).
func loopsInside(program []op, at int) bool {
	for _, o := range program[at+1:] {
		switch o.name {
		case "SeekRowid", "SeekGE", "SeekGT", "SeekLE", "SeekLT":
			return true
		case "Next", "Prev", "Explain", "ResultRow":
			return false
		}
	}
	return false
}

func hasStep(program []op, cursor int64) bool {
	for _, o := range program {
		if (o.name == "Next" || o.name == "Prev") && o.p1 == cursor {
			return true
		}
	}
	return false
}

// bounded reports whether the loop of cursor looks at each row's key to see whether it has to stop.
func bounded(program []op, cursor int64) bool {
	for _, o := range program {
		if (o.name != "Next" && o.name != "Prev") || o.p1 != cursor || o.p2 >= int64(len(program)) {
			continue
		}
		switch head := program[o.p2]; head.name {
		case "IdxGT", "IdxGE", "IdxLT", "IdxLE":
			return head.p1 == cursor
		case "Rowid":
			switch program[o.p2+1].name {
			case "Gt", "Ge", "Lt", "Le":
				return head.p1 == cursor
			}
		}
	}
	return false
}

func (p *plan) readSorter(program []op) {
	for _, o := range program {
		switch o.name {
		case "Count":
			p.counts = o.p3 == 0
		case "AggStep":
			p.groups = true
		case "SorterSort":
			p.sorters++
		case "Sort":
			p.sorters++
			p.limited = true
		case "DecrJumpZero":
			p.limit = readLimit(program, o.p1)
		}
	}
}

// readLimit finds what is put into the register that counts down to the end.
func readLimit(program []op, register int64) limit {
	for _, o := range program {
		switch {
		case o.name == "Integer" && o.p2 == register:
			return limit{known: true, value: o.p1}
		case o.name == "Variable" && o.p2 == register:
			return limit{known: true, param: int(o.p1)}
		}
	}
	return limit{}
}

func (l limit) of(params []any) (int64, bool) {
	if l.param == 0 {
		return l.value, l.known
	}
	if l.param > len(params) {
		return 0, false
	}
	switch v := params[l.param-1].(type) {
	case float64:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

func (p *plan) readWrites(program []op) {
	written := map[int64]bool{} // cursors of indexes
	indexes, again := int64(0), int64(0)
	updates := false
	for at, o := range program {
		switch o.name {
		case "NotExists":
			p.perRow++
		case "VUpdate":
			p.virtual = true
		case "Rewind":
			switch {
			case o.ephemeral && !loopsInside(program, at):
				p.perRow++ // rows that were collected first
			case !o.ephemeral && at > 0 && program[at-1].name == "Null":
				p.readOnce++
			}
		case "Insert":
			if o.ephemeral {
				break
			}
			if o.p5&flagNChange == 0 {
				p.once++ // the counter of AUTOINCREMENT
				break
			}
			p.perInsert, p.perUpdate = 1, 1
			updates = updates || o.p5&flagUpdate != 0
		case "IdxInsert":
			if o.ephemeral {
				break
			}
			if written[o.p1] {
				again++ // the other branch of an upsert
				break
			}
			written[o.p1] = true
			indexes++
		}
	}
	p.perInsert += indexes
	p.perUpdate += indexes
	if updates && p.hasConflictBranch(program) {
		p.perUpdate = 1 + again
		p.conflict = 1
	}
}

// hasConflictBranch reports whether program inserts and, on conflict, updates instead.
func (p *plan) hasConflictBranch(program []op) bool {
	inserts, updates := false, false
	for _, o := range program {
		if o.name == "Insert" && !o.ephemeral && o.p5&flagNChange != 0 {
			updates = updates || o.p5&flagUpdate != 0
			inserts = inserts || o.p5&flagUpdate == 0
		}
	}
	return inserts && updates
}

// readDDL counts a program that runs straight through.
func (p *plan) readDDL(program []op) {
	p.once = 0
	for _, o := range program {
		if o.ephemeral {
			continue
		}
		switch o.name {
		case "Insert", "IdxInsert":
			p.once++
		case "SeekRowid", "NotExists", "Rewind", "Last":
			p.ddlReads++
		}
	}
}

func isDDL(text string) bool {
	start, end := statement(text, 0)
	if start == end {
		return false
	}
	token, _ := nextToken(text, start)
	switch strings.ToUpper(token) {
	case "CREATE", "DROP", "ALTER", "REINDEX", "ANALYZE":
		return true
	}
	return false
}
