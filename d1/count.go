package d1

// count returns the rows that a run has read and written, as D1 bills them.
func (p *plan) count(m measure, params []any, rows Rows) (read, written int64) {
	if p.ddl {
		return p.ddlReads, p.once
	}
	if p.blind {
		for _, n := range m.visits {
			read += int64(n)
		}
		return read, m.totalChanges
	}
	innermost := int64(0)
	stopped := p.stoppedByLimit(params, rows)
	for i, s := range p.scans {
		if i == len(m.visits) {
			break
		}
		read += s.read(int64(m.loops[i]), int64(m.visits[i]), stopped && len(p.scans) == 1)
		innermost = int64(m.visits[i])
	}
	read += m.autoindex
	if p.counts && rows.n == 1 {
		if v, _ := unpack(rows.packed); v.kind == packedInteger {
			read += int64(v.bits)
		}
	}
	if p.sorters > 0 {
		read += max(1, p.sorted(innermost, params, rows))
	}
	return read + p.readOnce + p.perRow*m.changes + p.conflict*m.updated, p.written(m)
}

// stoppedByLimit reports whether LIMIT ended the loop, and not the end of its range.
func (p *plan) stoppedByLimit(params []any, rows Rows) bool {
	if p.sorters > 0 {
		return false
	}
	n, known := p.limit.of(params)
	return known && int64(rows.n) == n
}

// read returns the rows that a scan has read: loops times it began, and it came by visits rows.
func (s scan) read(loops, visits int64, stopped bool) int64 {
	listed := int64(0) // values of IN (...), which are read one by one
	if s.listed != 0 {
		listed = loops * s.listed
		if s.listed == listUnknown {
			listed = visits
		}
		loops = listed
	}
	end := int64(0) // the rows that ended the loops
	if s.bounded && !stopped {
		end = loops
	}
	return listed + s.moves(loops, visits, end)
}

func (s scan) moves(loops, visits, end int64) int64 {
	switch s.kind {
	case scanAll:
		return max(visits+end, loops)
	case scanRowID:
		return loops
	case scanOne, scanVirtual:
		return visits
	case scanEqual:
		return visits + min(end, visits)
	case scanRange:
		return max(visits+end, loops)
	}
	return 0
}

// sorted returns how many rows passed the sorter.
func (p *plan) sorted(innermost int64, params []any, rows Rows) int64 {
	if p.groups && p.sorters > 1 { // by group, and then the groups by ORDER BY
		return innermost + p.ordered(innermost, params, rows)
	}
	if p.groups {
		return innermost
	}
	return p.ordered(innermost, params, rows)
}

// ordered returns how many rows passed the sorter of ORDER BY.
func (p *plan) ordered(innermost int64, params []any, rows Rows) int64 {
	if !p.limited {
		return int64(rows.n)
	}
	if n, known := p.limit.of(params); known && int64(rows.n) < n {
		return int64(rows.n) // LIMIT did not cut anything off
	}
	return innermost
}

func (p *plan) written(m measure) int64 {
	if m.totalChanges == 0 {
		return p.once
	}
	if p.virtual {
		return m.changes
	}
	others := m.totalChanges - m.changes // by triggers and foreign keys
	inserted, updated, deleted := m.inserted, m.updated, m.deleted
	if others > 0 || inserted+updated+deleted != m.changes {
		// The hook was called for rows of other tables too, or not at all (WITHOUT ROWID, DELETE
		// without WHERE): all rows had the statement's own fate.
		inserted, updated, deleted = m.changes, 0, 0
		if p.perInsert == 0 {
			inserted, deleted = 0, m.changes
		}
	}
	return inserted*p.perInsert + updated*p.perUpdate + deleted + others + p.once
}
