// Package d1 is Cloudflare D1: SQL databases, each an SQLite file that the sqlite3 shell can open.
//
// Service holds an account's databases; Database has the verbs: Batch runs statements in one
// transaction, Exec and Import run scripts, Migrate applies one migration file with its row in
// d1_migrations. What a query means is written there once; two faces translate. Wire is what env.DB
// speaks (POST /query and /execute, as workerd sends them), Routes what wrangler, the SDKs and the
// dashboard speak (client/v4).
//
// On disk a directory holds index.db (bbolt: which id and name belongs to which file) and for each
// database <name>-<uuid>.sqlite in WAL mode with its -wal and -shm files. A write that was answered
// is in the WAL and synced (unless Options.NoSync).
//
// Beside it <name>-<uuid>.history keeps what leads back to the database's earlier states: <number>.undo
// files, each what undoes some commits, oldest first, and the journal, which has the times of the commits
// that are still in the WAL and tells whether another program has changed the database in between. All
// of it may be removed while no cfemu runs; then only Time Travel is lost. A database is restored by a
// WAL that is made aside and renamed into its place, so it is there as a whole or not at all.
//
// In transfers/ are the files of imports and exports through client/v4, which Open removes.
//
// SQLite itself is go-sqlite3's copy, called through a shim of our own: D1's rules need what
// database/sql hides, namely error offsets, limits, an authorizer, counts of what a program did, and rows
// in bulk. sqlite.h declares what is called of SQLite's C interface, shim.c calls it, with meter.c for the
// counts behind rows_read and rows_written and dump.c for copies; authorize.c holds D1's rules of what SQL
// may touch. Only databases that are not D1's own, which Replace reads, go through go-sqlite3's driver.
//
// Concurrency: each open database has one writing connection and up to maxReaders reading ones; a
// connection serves one request at a time. Locks are taken in this order: Service.mu, Database.mu,
// then a connection out of the pool, then history.mu. Nothing that waits for a connection holds
// Service.mu. A history is changed only by who holds the writing connection; the goroutine that saves it
// holds that connection until it is done, and closing the database waits for it.
package d1
