package d1

import "strings"

// BuildProblem says what this program's SQLite lacks and how to build one that has it, or is "" when
// nothing is missing. go-sqlite3 takes these as build tags and C flags, which a plain `go build` or
// `go install` does not set.
func BuildProblem() string {
	if name := missingFunction(); name != "" {
		return "this cfemu was built with an SQLite that has no " + name + "; build it with `make install`"
	}
	var missing []string
	if !compiledWith("ENABLE_FTS5") {
		missing = append(missing, "full-text search (tag sqlite_fts5)")
	}
	if !compiledWith("ENABLE_MATH_FUNCTIONS") {
		missing = append(missing, "math functions (tag sqlite_math_functions)")
	}
	if !hasScanStatus() || !compiledWith("ENABLE_BYTECODE_VTAB") {
		missing = append(missing, "row counts (CGO_CFLAGS=-DSQLITE_ENABLE_STMT_SCANSTATUS -DSQLITE_ENABLE_BYTECODE_VTAB)")
	}
	if len(missing) == 0 {
		return ""
	}
	return "this cfemu was built without parts of SQLite that D1 has: " + strings.Join(missing, ", ") +
		"; build it with `make install`"
}
