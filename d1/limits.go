package d1

import "time"

// Limits that D1 publishes: https://developers.cloudflare.com/d1/platform/limits/. Those of single
// statements (100 000 bytes, 100 parameters, 100 columns, values and rows of 2 000 000 bytes, LIKE
// patterns of 50 bytes) are SQLite's own limits and set in shim.c.
const (
	maxDatabases     = 50_000
	maxDatabaseBytes = 10 << 30
	queryTimeout     = 30 * time.Second // of a whole batch
	maxNameLength    = 64               // not published; longer names would make file names that some systems refuse
)

// What is ours to choose.
const (
	maxReaders    = 4   // reading connections of one database
	maxStatements = 200 // prepared statements kept by one connection

	// A query holds its answer in memory; production's memory is that of an isolate.
	maxRequestBytes = 128 << 20
	maxResultBytes  = 128 << 20
)
