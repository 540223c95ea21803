package d1

import "strings"

// shell writes what .dump of the sqlite3 shell writes.
//
// Receipt: https://www.sqlite.org/cli.html#converting_an_entire_database_to_a_text_file and dumps of the
// shell 3.40 with FTS5 tables.
func (x *exporter) shell() error {
	tables, err := x.schema("type = 'table' ORDER BY tbl_name = 'sqlite_sequence', rowid")
	if err != nil {
		return err
	}
	x.put("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n")
	writable := false
	for _, t := range tables {
		if strings.HasPrefix(t.name, "_cf_") {
			continue
		}
		if t.isVirtual() {
			if !writable {
				x.put("PRAGMA writable_schema=ON;\n")
				writable = true
			}
			name, sql := string(appendShellText(nil, t.name)), string(appendShellText(nil, t.sql))
			x.put("INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table',", name, ",", name, ",0,", sql, ");\n")
			continue
		}
		if err := x.shellTable(t); err != nil {
			return err
		}
	}
	rest, err := x.schema("type IN ('index', 'trigger', 'view') ORDER BY type COLLATE NOCASE DESC")
	if err != nil {
		return err
	}
	for _, o := range rest {
		x.put(o.sql, ";\n")
	}
	if writable {
		x.put("PRAGMA writable_schema=OFF;\n")
	}
	x.put("COMMIT;\n")
	return nil
}

func (x *exporter) shellTable(t schemaObject) error {
	switch {
	case t.name == "sqlite_sequence":
		x.put("DELETE FROM sqlite_sequence;\n")
	case strings.HasPrefix(t.name, "sqlite_stat"):
		x.put("ANALYZE sqlite_schema;\n")
	case strings.HasPrefix(t.name, "sqlite_"):
		return nil
	case strings.HasPrefix(t.sql, "CREATE TABLE '"), strings.HasPrefix(t.sql, `CREATE TABLE "`):
		x.put("CREATE TABLE IF NOT EXISTS ", t.sql[len("CREATE TABLE "):], ";\n")
	default:
		x.put(t.sql, ";\n")
	}
	columns, err := x.columns(t.name)
	if err != nil {
		return err
	}
	for i := range columns {
		columns[i].real = false // the shell does not look at types: 2.0, never 2
	}
	return x.inserts(t.name, "INSERT INTO "+shellName(t.name)+" VALUES(", columns)
}

// shellName quotes a name where it needs quotes.
func shellName(name string) string {
	for i := range len(name) {
		if c := name[i]; !isWordByte(c) || c >= 0x80 || c == '$' || i == 0 && '0' <= c && c <= '9' {
			return quoteName(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

func appendShellText(b []byte, s string) []byte {
	return append(append(append(b, '\''), strings.ReplaceAll(s, "'", "''")...), '\'')
}
