// The part of SQLite that this package calls, and a thin layer over it. go-sqlite3 compiles SQLite
// into the program but does not export these functions, so they are declared by the shim and resolved
// when the program is linked.
#ifndef CFEMU_D1_SHIM_H
#define CFEMU_D1_SHIM_H

#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;

// What an instruction does, as far as rows read and written go.
enum {
	D1_OTHER, D1_OPEN, D1_SEEK, D1_NEXT, D1_READ, D1_COUNT, D1_WRITE, D1_DELETE, D1_VUPDATE, D1_CLEAR, D1_TABLE,
	D1_EPHEMERAL, D1_RESULT, D1_COPY, D1_APPEND,
};

// An instruction of a program.
typedef struct d1_op {
	int kind, p1, p2, p3, p5, addr;
} d1_op;

typedef struct d1_meter d1_meter;

// What a connection keeps beside SQLite's own state.
typedef struct d1_conn {
	sqlite3 *db;
	int trusted;       // statements of this package: the authorizer lets them pass
	int refused_tx;    // the last preparation met BEGIN, COMMIT, SAVEPOINT, ...
	int alters;        // the last preparation was of ALTER TABLE
	int needs_writer;  // the last preparation met a function that asks about this connection's writes
	int changed_state; // a PRAGMA has changed how this connection behaves
	int cancelled;     // why to stop; set from other threads, read by the progress handler
	int expired;       // the progress handler met the deadline
	int64_t deadline;  // monotonic nanoseconds; 0: none
	int64_t page_size;
	int64_t max_pages;
	int log_frames; // the writer's: the length of the log after its last commit; 0: none since it was asked
	d1_meter *meter;
	d1_op *ops;          // of d1_read_ops
	int nops, ops_cap;
	int64_t *counts;     // of the run that ended last
	int ncounts, counts_cap;
	sqlite3_stmt *begin, *commit, *rollback, *begin_read, *pages, *free_pages;
} d1_conn;

typedef struct d1_prepared {
	sqlite3_stmt *stmt;
	int tail;     // bytes of the text that were used
	int params;
	int readonly;
	int explain;
	int needs_writer;
	int alters;
	int refused_tx;
} d1_prepared;

enum { D1_DONE, D1_MORE, D1_ERROR };

// What a run of a statement came to.
typedef struct d1_result {
	int state;
	int rc;
	int used;    // bytes written to the buffer
	int rows;    // rows written to the buffer
	int need;    // D1_MORE: the room that the next row takes
	int columns;
	uint32_t plan;  // tells plans apart
	int reprepared; // how often SQLite has compiled the statement anew
	int64_t changes;       // rows changed by the statement itself
	int64_t total_changes; // with triggers and foreign key actions
	int64_t last_rowid;
} d1_result;

int d1_open(const char *path, int writer, int nosync, int64_t max_size, d1_conn **out);
int d1_close(d1_conn *c, int keep_log);
int d1_exec_trusted(d1_conn *c, const char *sql);
int d1_prepare(d1_conn *c, const char *sql, int n, int trusted, int persistent, d1_prepared *out);
void d1_finalize(sqlite3_stmt *s);
void d1_run(d1_conn *c, sqlite3_stmt *s, const char *params, int nparams, int first, char *buf, int cap, d1_result *out);
int d1_skim(d1_conn *c, sqlite3_stmt *s, d1_result *out);
int d1_exec(d1_conn *c, const char *sql, int n, int64_t timeout_ns, d1_prepared *p, d1_result *out);
void d1_reset(sqlite3_stmt *s);
int d1_begin(d1_conn *c, int write);
int d1_commit(d1_conn *c);
int d1_rollback(d1_conn *c);
int64_t d1_size(d1_conn *c);
int64_t d1_last_rowid(d1_conn *c);
void d1_arm(d1_conn *c, int64_t timeout_ns);
void d1_deadline(d1_conn *c, int64_t timeout_ns);
void d1_cancel(d1_conn *c, int why);
int d1_cancelled(d1_conn *c);
int d1_full(d1_conn *c);
int d1_take_log_frames(d1_conn *c);
int d1_log_frames(d1_conn *c, int *frames, int *done);
int d1_checkpoint(d1_conn *c, int *frames, int *done);
int d1_read(d1_conn *c, int log, void *buf, int n, int64_t offset);
const char *d1_errmsg(d1_conn *c);
int d1_errcode(d1_conn *c);
int d1_erroffset(d1_conn *c);
const char *d1_column_name(sqlite3_stmt *s, int i);
int d1_read_ops(d1_conn *c, sqlite3_stmt *s);
int d1_read_counts(d1_conn *c, sqlite3_stmt *s);
int d1_hide_meter(sqlite3 *db);
void d1_close_meter(d1_conn *c);
int d1_compiled(const char *option);
int d1_has_scanstatus(void);
const char *d1_missing(void);

// A copy of a database that is being made.
typedef struct d1_copy d1_copy;
int d1_copy_start(d1_conn *c, const char *path, d1_copy **out);
int d1_copy_step(d1_copy *copy, int pages);
int d1_copy_end(d1_copy *copy);

#endif
