package d1

import "time"

// Limits that D1 publishes: https://developers.cloudflare.com/d1/platform/limits/. Those of single
// statements (100 000 bytes, 100 parameters, 100 columns, values and rows of 2 000 000 bytes, LIKE
// patterns of 50 bytes) are SQLite's own limits and set in shim.c.
const (
	maxDatabases     = 50_000
	maxDatabaseBytes = 10 << 30
	queryTimeout     = 30 * time.Second // of a whole batch
	maxImportBytes   = 5 << 30          // of a file
	historyAge       = 30 * 24 * time.Hour
	maxNameLength    = 64 // not published; longer names would make file names that some systems refuse
)

// What is ours to choose.
const (
	maxReaders    = 4    // reading connections of one database
	maxStatements = 200  // prepared statements kept by one connection
	historyFrames = 1000 // pages in the log before it is saved and written back, as SQLite does by itself
	historyBytes  = 1 << 30

	// A query holds its answer in memory; production's memory is that of an isolate.
	maxRequestBytes = 128 << 20
	maxResultBytes  = 128 << 20
)

// How client/v4's imports and exports are polled.
const (
	pollWait     = time.Second      // an answer is held back for so long while nothing is done yet
	pollPatience = 15 * time.Second // what nobody polls is given up; Receipt: "no poll() received in 15000ms"
)
