package d1

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// Rows read and written are what D1 bills. workerd counts them in a patched SQLite, at the instructions
// that move a cursor and those that write a row. The SQLite here is not patched, but tells how often
// each instruction of a program has run, and the numbers follow from that.
//
// Receipt: the row counts patch of workerd; fixtures/clients/d1/recorded/counts.json.
//
// Deviation: D1's rows_read is a guess where SQLite does not tell how often a key was found: it is too
// high, by one a row, for a join or a foreign key that looks up NULL as a rowid, and for one that looks
// up an index in which some keys have no row and others several; it is off by a row or two for some
// window functions and for CREATE INDEX.

// A meter is how the rows of a program are counted.
type meter struct {
	terms  []term
	length int     // instructions
	base   []int64 // what the programs of triggers had counted before: they are not reset
}

// A term is an instruction that counts, or a loop.
type term struct {
	kind  termKind
	at    int   // the instruction
	head  int   // of a loop: the instruction to which it goes back
	steps []int // instructions that move the cursor on and do not care whether there is a row
	ends  bool  // the last of the steps leads past the last row
	root  int   // the table or index, by its first page

	// sequence says that the instruction keeps the counter of AUTOINCREMENT. When SQLite compiles a
	// statement anew, it leaves the count of such a one as it found the memory; it runs once.
	sequence bool
}

type termKind int

const (
	readsEach   termKind = iota // a row for each time
	readsFound                  // a row for each time that a key was found
	readsEqual                  // a key, and the rows of an index that have it
	readsNext                   // a row for each time that it did not go on to the instruction behind it
	readsLoop                   // an instruction that finds the first row, and one that finds the next ones
	readsSteps                  // an instruction that finds the first row, and steps
	readsEnd                    // the end of an index is looked for until it stands there
	readsResult                 // Count, whose number is the result
	readsCount                  // Count
	writesEach                  // a row for each time
	writesClear                 // the rows of a table that is emptied
)

type op struct {
	kind, p1, p2, p3, p5, addr int
}

// Flags: https://www.sqlite.org/opcode.html
const (
	flagNChange = 0x01 // Insert, p5, and Delete, p2: counts as a change
	flagSeekEq  = 0x02 // OpenRead, p5: only equal keys are looked for
	flagAppend  = 0x08 // Insert, p5: at the end
)

// keyFound is where a program goes on that looks for an equal key, from there, when it finds one: it
// leaves out the comparison that follows, and that is for the next rows.
const keyFound = 2

// count returns the rows that the run of st that ended last has read and written, as D1 bills them.
func (cn *conn) count(st *stmt, m measure, rows Rows) (read, written int64, err error) {
	if st.meter == nil {
		if st.meter, err = cn.newMeter(st); err != nil {
			return 0, 0, err
		}
	}
	counts := st.meter.since(m.counts)
	if st.anew {
		counts = append([]int64(nil), counts...)
	}
	// Asking how many rows there are makes other counts of counts.
	type table struct {
		root  int
		times int64
	}
	var tables []table
	for _, t := range st.meter.terms {
		if t.at >= len(counts) || counts[t.at] == 0 {
			continue
		}
		if t.sequence && st.anew {
			counts[t.at], counts[t.head] = 1, 1
		}
		switch t.kind {
		case writesEach:
			written += counts[t.at]
		case writesClear:
			written += m.changes
		case readsCount:
			tables = append(tables, table{t.root, counts[t.at]})
		case readsResult:
			if v, _ := unpack(rows.packed); rows.n == 1 && v.kind == packedInteger {
				read += int64(v.bits)
			}
		default:
			read += t.read(counts)
		}
	}
	for _, t := range tables {
		n, err := cn.rowsOf(t.root)
		if err != nil {
			return 0, 0, err
		}
		read += n * t.times
	}
	return read, written, nil
}

// fits reports whether m still is right for a program of that many instructions with the same plan.
func (m *meter) fits(length int) bool {
	return m.length == length && !slices.ContainsFunc(m.terms, func(t term) bool { return t.kind == readsCount })
}

// steady reports whether a program without loops of its own costs the same each time: it has no triggers,
// and counts no tables.
func (m *meter) steady() bool {
	return len(m.base) == 0 && !slices.ContainsFunc(m.terms, func(t term) bool {
		return t.kind == readsCount || t.kind == readsResult || t.kind == writesClear
	})
}

// since returns what has been counted since the run before. The counts of a statement's own program
// begin anew with each run, those of triggers go on.
func (m *meter) since(counts []int64) []int64 {
	own := len(counts) - len(m.base)
	if len(m.base) == 0 || own < 0 {
		return counts
	}
	out := append([]int64(nil), counts...)
	for i, before := range m.base {
		out[own+i] -= before
		m.base[i] = counts[own+i]
	}
	return out
}

func (t term) read(counts []int64) int64 {
	after := func(n int) int64 { // how often the instruction that far behind ran
		if t.at+n >= len(counts) {
			return 0
		}
		return counts[t.at+n]
	}
	switch t.kind {
	case readsFound:
		return min(counts[t.at], after(keyFound))
	case readsEqual:
		// How often the key was found is not known when it was looked for more than once.
		return min(counts[t.at], after(keyFound)) + after(1)
	case readsNext:
		return max(0, counts[t.at]-after(1))
	case readsLoop:
		// The head of the loop ran for each row. A loop that found none has moved its cursor too.
		return max(counts[t.at], counts[t.head])
	case readsSteps:
		steps := int64(0)
		for _, at := range t.steps {
			steps += counts[at]
		}
		if t.ends {
			return max(counts[t.at], steps)
		}
		return counts[t.at] + steps
	case readsEnd:
		return min(counts[t.at], 2)
	}
	return counts[t.at]
}

func (cn *conn) newMeter(st *stmt) (*meter, error) {
	if rc := C.d1_read_ops(cn.c, st.s); rc != 0 {
		return nil, fmt.Errorf("read program: sqlite error %d", rc)
	}
	m := &meter{}
	var program []op
	first := 0
	listing := unsafe.Slice((*C.d1_op)(cn.c.ops), int(cn.c.nops))
	for i, o := range listing {
		if o.addr == 0 && i > 0 { // the program of a trigger begins
			m.add(program, first)
			program, first = nil, i
		}
		program = append(program, op{int(o.kind), int(o.p1), int(o.p2), int(o.p3), int(o.p5), int(o.addr)})
	}
	m.add(program, first)
	own := 1
	for own < len(listing) && listing[own].addr != 0 {
		own++
	}
	m.base = make([]int64, len(listing)-own)
	m.length = len(listing)
	return m, nil
}

// add adds the terms of a program whose instructions begin at first.
func (m *meter) add(program []op, first int) {
	heads, starts := loops(program)
	steps := stepsOf(program, first)
	targets := jumpTargets(program)
	for at, o := range program {
		table := openerOf(program, at)
		t := term{at: first + at, head: first + at, root: table.p2}
		switch o.kind {
		case C.D1_OPEN, C.D1_SEEK:
			if head, loops := heads[at]; loops {
				t.head = first + head
			}
			t.steps, t.ends = steps[o.p1], !stopsAtEnd(program, o.p1)
			t.kind = kindOfFirst(o, table, t)
		case C.D1_NEXT:
			if _, paired := starts[at]; paired || o.p2 == at+1 {
				continue // counted with the first row
			}
			if t.kind = readsEach; !targets[at+1] {
				t.kind = readsNext
			}
		case C.D1_READ:
		case C.D1_APPEND:
			t.kind = readsEnd
		case C.D1_COUNT:
			if o.p3 != 0 {
				continue // an estimate
			}
			t.kind = readsCount
			if isResult(program, o.p2) {
				t.kind = readsResult
			}
		case C.D1_WRITE, C.D1_DELETE, C.D1_VUPDATE:
			if table.kind == C.D1_EPHEMERAL || (o.kind == C.D1_DELETE && o.p2&flagNChange == 0) {
				continue
			}
			t.kind = writesEach
			t.sequence = o.kind == C.D1_WRITE && o.p5&flagNChange == 0 && o.p5&flagAppend != 0
		case C.D1_CLEAR:
			if o.p3 == 0 {
				continue
			}
			t.kind = writesClear
		default:
			continue
		}
		m.terms = append(m.terms, t)
	}
	for i, t := range m.terms { // the loop that looks for the counter
		for _, other := range m.terms {
			m.terms[i].sequence = t.sequence || (t.kind == readsLoop && other.sequence && other.root == t.root)
		}
	}
}

// kindOfFirst tells what an instruction reads that finds the first row.
func kindOfFirst(o, table op, t term) termKind {
	equal := o.kind == C.D1_SEEK && table.kind == C.D1_TABLE && table.p5&flagSeekEq != 0
	switch loops := t.head != t.at; {
	case t.steps != nil:
		return readsSteps
	case equal && t.head == t.at+1:
		return readsEqual
	case equal:
		return readsFound
	case loops:
		return readsLoop
	}
	return readsEach
}

// loops finds the loops of a program: for an instruction that finds the first row, the one to which the
// loop goes back; and for one that finds the next row, the one that found the first.
func loops(program []op) (heads, starts map[int]int) {
	heads, starts = map[int]int{}, map[int]int{}
	for at, o := range program {
		if o.kind != C.D1_NEXT || o.p2 < 1 || o.p2 > at {
			continue
		}
		start := o.p2 - 1
		for start > 0 && program[start].kind == C.D1_OTHER { // the end of a range is put together there
			start--
		}
		if first := program[start]; (first.kind == C.D1_OPEN || first.kind == C.D1_SEEK) && first.p1 == o.p1 {
			heads[start], starts[at] = o.p2, start
		}
	}
	return heads, starts
}

// stepsOf are the instructions, by cursor, that go on at the same place whether or not there is a next
// row, as window functions have them.
func stepsOf(program []op, first int) map[int][]int {
	steps := map[int][]int{}
	for at, o := range program {
		if o.kind == C.D1_NEXT && o.p2 == at+1 {
			steps[o.p1] = append(steps[o.p1], first+at)
		}
	}
	return steps
}

// stopsAtEnd reports whether the program looks whether the cursor has come to its end.
func stopsAtEnd(program []op, cursor int) bool {
	return slices.ContainsFunc(program, func(o op) bool { return o.kind == C.D1_NEXT && o.p1 == cursor && o.p2 != o.addr+1 })
}

// jumpTargets are the instructions to which another one may jump. What p2 means is not asked: it may
// name more than there are.
func jumpTargets(program []op) map[int]bool {
	targets := map[int]bool{}
	for _, o := range program {
		targets[o.p2] = true
	}
	return targets
}

// openerOf returns the instruction that has opened the cursor of the one at at: the last one before it,
// or one at the end of the program, where some temporary tables are opened first of all.
func openerOf(program []op, at int) op {
	opens := func(o op) bool { return (o.kind == C.D1_TABLE || o.kind == C.D1_EPHEMERAL) && o.p1 == program[at].p1 }
	for i := at - 1; i >= 0; i-- {
		if opens(program[i]) {
			return program[i]
		}
	}
	for _, o := range program[at:] {
		if opens(o) {
			return o
		}
	}
	return op{}
}

// isResult reports whether the number in a register is the first column of the result.
func isResult(program []op, register int) bool {
	result := -1
	for _, o := range program {
		if o.kind == C.D1_RESULT {
			if result >= 0 {
				return false
			}
			result = o.p1
		}
	}
	for _, o := range program {
		if o.kind == C.D1_COPY && o.p1 == register {
			return o.p2 == result
		}
	}
	return register == result
}

// rowsOf counts the rows of a table, or of an index, by its first page.
func (cn *conn) rowsOf(root int) (int64, error) {
	found, err := cn.query("SELECT tbl_name FROM sqlite_schema WHERE rootpage=?", int64(root))
	if err != nil || found.n == 0 {
		return 0, err
	}
	name, _ := found.Values()[0][0].(string)
	rows, err := cn.query("SELECT count(*) FROM " + quoteName(name))
	if err != nil {
		return 0, err
	}
	n, _ := rows.Values()[0][0].(int64)
	return n, nil
}
