#include "shim.h"
#include "sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// The beginning of SQLite's file object: https://www.sqlite.org/c3ref/io_methods.html
typedef struct sqlite3_file {
	const struct {
		int version;
		int (*close)(struct sqlite3_file *);
		int (*read)(struct sqlite3_file *, void *, int, long long);
	} *methods;
} sqlite3_file;

enum {
	OK = 0, INTERRUPT = 9, ROW = 100, DONE = 101,
	OPEN_READWRITE = 0x2, OPEN_NOMUTEX = 0x8000, OPEN_EXRESCODE = 0x02000000,
	PREPARE_PERSISTENT = 1,
	TYPE_INTEGER = 1, TYPE_FLOAT = 2, TYPE_TEXT = 3, TYPE_BLOB = 4,
	STATUS_REPREPARE = 5,
	SCAN_EXPLAIN = 4,
	IOERR_SHORT_READ = 10 | 2 << 8,
	CHECKPOINT_NOOP = -1, CHECKPOINT_PASSIVE = 0,
	FCNTL_FILE_POINTER = 7, FCNTL_JOURNAL_POINTER = 28,
	CONFIG_ENABLE_FKEY = 1002, CONFIG_NO_CKPT_ON_CLOSE = 1006, CONFIG_DEFENSIVE = 1010,
};
#define TRANSIENT ((void (*)(void *))-1)

// Receipt: the limits of Durable Object SQLite, on which D1 runs, with the 2 000 000 bytes that
// https://developers.cloudflare.com/d1/platform/limits/ gives for a string, blob or row.
static const struct { int id, value; } limits[] = {
	{0 /* LENGTH */, 2000000},
	{1 /* SQL_LENGTH */, 100000},
	{2 /* COLUMN */, 100},
	{3 /* EXPR_DEPTH */, 100},
	{4 /* COMPOUND_SELECT */, 5},
	// D1's limit is 25 000, of which SQLite, which doubles its array, makes 21 504; with scan status an
	// instruction is larger, and 25 000 would come to 12 800.
	{5 /* VDBE_OP */, 25600},
	{6 /* FUNCTION_ARG */, 127},
	{7 /* ATTACHED */, 0},
	{8 /* LIKE_PATTERN_LENGTH */, 50},
	{9 /* VARIABLE_NUMBER */, 100},
	{10 /* TRIGGER_DEPTH */, 10},
	{11 /* WORKER_THREADS */, 0},
};

static int64_t monotonic(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// on_progress stops a statement that was cancelled or has run out of time. A flag of our own is
// used, and not sqlite3_interrupt, because that could hit the next statement instead.
static int on_progress(void *arg) {
	d1_conn *c = arg;
	if (__atomic_load_n(&c->cancelled, __ATOMIC_RELAXED)) return 1;
	if (c->deadline && monotonic() > c->deadline) {
		c->expired = 1;
		return 1;
	}
	return 0;
}

// on_busy waits for another process's lock: five seconds, or as long as the statement may run.
static int on_busy(void *arg, int tries) {
	if (tries == 500 || on_progress(arg)) return 0;
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	return 1;
}

// on_log notes a commit of the writer. SQLite's own hook, whose place it takes, would write the log back
// into the database before the history has been saved (history.go).
static int on_log(void *arg, sqlite3 *db, const char *name, int frames) {
	d1_conn *c = arg;
	(void)db, (void)name;
	c->log_frames = frames;
	return OK;
}

int d1_authorize(void *arg, int action, const char *p1, const char *p2, const char *db, const char *trigger);

static int trusted_prepare(d1_conn *c, const char *sql, sqlite3_stmt **out) {
	c->trusted = 1;
	int rc = sqlite3_prepare_v3(c->db, sql, -1, PREPARE_PERSISTENT, out, NULL);
	c->trusted = 0;
	return rc;
}

int d1_exec_trusted(d1_conn *c, const char *sql) {
	c->trusted = 1;
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	c->trusted = 0;
	return rc;
}

int d1_open(const char *path, int writer, int nosync, int64_t max_size, d1_conn **out) {
	d1_conn *c = calloc(1, sizeof *c);
	if (!c) return 7;
	*out = c;
	// Not OPEN_CREATE: a file that has gone shall not come back empty.
	int rc = sqlite3_open_v2(path, &c->db, OPEN_READWRITE | OPEN_NOMUTEX | OPEN_EXRESCODE, NULL);
	if (rc) return rc;
	sqlite3_busy_handler(c->db, on_busy, c);
	if (writer && (rc = d1_exec_trusted(c, "PRAGMA journal_mode=WAL"))) return rc;
	if ((rc = d1_exec_trusted(c, nosync ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL"))) return rc;
	if ((rc = sqlite3_db_config(c->db, CONFIG_ENABLE_FKEY, 1, (int *)0))) return rc;
	if ((rc = sqlite3_db_config(c->db, CONFIG_DEFENSIVE, 1, (int *)0))) return rc;
	if ((rc = d1_hide_meter(c->db))) return rc;
	if ((rc = sqlite3_set_authorizer(c->db, d1_authorize, c))) return rc;
	if ((rc = trusted_prepare(c, "BEGIN IMMEDIATE", &c->begin))) return rc;
	if ((rc = trusted_prepare(c, "BEGIN", &c->begin_read))) return rc;
	if ((rc = trusted_prepare(c, "COMMIT", &c->commit))) return rc;
	if ((rc = trusted_prepare(c, "ROLLBACK", &c->rollback))) return rc;
	if ((rc = trusted_prepare(c, "PRAGMA page_size", &c->pages))) return rc;
	c->page_size = sqlite3_step(c->pages) == ROW ? sqlite3_column_int64(c->pages, 0) : 0;
	sqlite3_finalize(c->pages);
	if ((rc = trusted_prepare(c, "PRAGMA page_count", &c->pages))) return rc;
	if ((rc = trusted_prepare(c, "PRAGMA freelist_count", &c->free_pages))) return rc;
	if (c->page_size > 0) c->max_pages = max_size / c->page_size;
	char max[64];
	snprintf(max, sizeof max, "PRAGMA max_page_count=%lld", (long long)c->max_pages);
	if ((rc = d1_exec_trusted(c, max))) return rc;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) sqlite3_limit(c->db, limits[i].id, limits[i].value);
	sqlite3_progress_handler(c->db, 2000, on_progress, c);
	if (writer) sqlite3_wal_hook(c->db, on_log, c);
	return OK;
}

int d1_close(d1_conn *c, int keep_log) {
	int rc = OK;
	if (c->db) {
		sqlite3_finalize(c->begin);
		sqlite3_finalize(c->begin_read);
		sqlite3_finalize(c->commit);
		sqlite3_finalize(c->rollback);
		sqlite3_finalize(c->pages);
		sqlite3_finalize(c->free_pages);
		sqlite3_db_config(c->db, CONFIG_NO_CKPT_ON_CLOSE, keep_log, (int *)0);
		rc = sqlite3_close_v2(c->db);
	}
	d1_close_meter(c);
	free(c);
	return rc;
}

int d1_prepare(d1_conn *c, const char *sql, int n, int trusted, int persistent, d1_prepared *out) {
	const char *tail = sql;
	memset(out, 0, sizeof *out);
	c->trusted = trusted;
	c->refused_tx = c->needs_writer = c->alters = 0;
	int rc = sqlite3_prepare_v3(c->db, sql, n, persistent ? PREPARE_PERSISTENT : 0, &out->stmt, &tail);
	c->trusted = 0;
	out->refused_tx = c->refused_tx;
	out->needs_writer = c->needs_writer;
	out->alters = c->alters;
	if (rc) return rc;
	out->tail = (int)(tail - sql);
	if (out->stmt) {
		// SQLite leaves the counts of some instructions as it found the memory.
		if (sqlite3_stmt_scanstatus_reset) sqlite3_stmt_scanstatus_reset(out->stmt);
		out->params = sqlite3_bind_parameter_count(out->stmt);
		out->readonly = sqlite3_stmt_readonly(out->stmt);
		out->explain = sqlite3_stmt_isexplain(out->stmt);
	}
	return OK;
}

void d1_finalize(sqlite3_stmt *s) { sqlite3_finalize(s); }

void d1_reset(sqlite3_stmt *s) {
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

static int get_int(const char *p) {
	int32_t n;
	memcpy(&n, p, 4);
	return n;
}

// Values travel between Go and C packed one after another: a type byte, then 8 bytes for a number,
// or a 4-byte length and the bytes for text and blobs.
static int bind(sqlite3_stmt *s, const char *p, int n) {
	const char *end = p + n;
	for (int i = 1, rc; p < end; i++) {
		long long integer;
		double real;
		int size;
		switch (*p++) {
		case TYPE_INTEGER:
			memcpy(&integer, p, 8);
			rc = sqlite3_bind_int64(s, i, integer);
			p += 8;
			break;
		case TYPE_FLOAT:
			memcpy(&real, p, 8);
			rc = sqlite3_bind_double(s, i, real);
			p += 8;
			break;
		case TYPE_TEXT:
			size = get_int(p);
			rc = sqlite3_bind_text(s, i, p + 4, size, TRANSIENT);
			p += 4 + size;
			break;
		case TYPE_BLOB:
			size = get_int(p);
			rc = size ? sqlite3_bind_blob(s, i, p + 4, size, TRANSIENT) : sqlite3_bind_zeroblob(s, i, 0);
			p += 4 + size;
			break;
		default:
			rc = sqlite3_bind_null(s, i);
		}
		if (rc) return rc;
	}
	return OK;
}

// pack writes the present row and returns its size; when it does not fit, nothing is written that
// counts.
static int pack(sqlite3_stmt *s, int columns, char *buf, int cap) {
	int used = 0;
	for (int i = 0; i < columns; i++) {
		int type = sqlite3_column_type(s, i);
		const void *bytes;
		int32_t size;
		switch (type) {
		case TYPE_INTEGER: {
			long long v = sqlite3_column_int64(s, i);
			if (used + 9 <= cap) {
				buf[used] = (char)type;
				memcpy(buf + used + 1, &v, 8);
			}
			used += 9;
			break;
		}
		case TYPE_FLOAT: {
			double v = sqlite3_column_double(s, i);
			if (used + 9 <= cap) {
				buf[used] = (char)type;
				memcpy(buf + used + 1, &v, 8);
			}
			used += 9;
			break;
		}
		case TYPE_TEXT:
		case TYPE_BLOB:
			bytes = type == TYPE_TEXT ? (const void *)sqlite3_column_text(s, i) : sqlite3_column_blob(s, i);
			size = sqlite3_column_bytes(s, i);
			if (used + 5 + size <= cap) {
				buf[used] = (char)type;
				memcpy(buf + used + 1, &size, 4);
				if (size) memcpy(buf + used + 5, bytes, size);
			}
			used += 5 + size;
			break;
		default:
			if (used + 1 <= cap) buf[used] = 5;
			used++;
		}
	}
	return used;
}

static void start(d1_conn *c, d1_result *o) { o->total_changes = sqlite3_total_changes64(c->db); }

// hash_plan tells plans of a statement apart by the lines of the query plan.
static uint32_t hash_plan(sqlite3_stmt *s) {
	uint32_t hash = 2166136261u;
	const char *text = NULL;
	for (int i = 0; !sqlite3_stmt_scanstatus(s, i, SCAN_EXPLAIN, &text); i++)
		for (; text && *text; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

static void tally(d1_conn *c, d1_result *o) {
	o->last_rowid = sqlite3_last_insert_rowid(c->db);
	int64_t total = sqlite3_total_changes64(c->db);
	o->changes = total == o->total_changes ? 0 : sqlite3_changes64(c->db);
	o->total_changes = total - o->total_changes;
}

static int measure(d1_conn *c, sqlite3_stmt *s, d1_result *o) {
	tally(c, o);
	o->reprepared = sqlite3_stmt_status(s, STATUS_REPREPARE, 0);
	if (!sqlite3_stmt_scanstatus_reset) return OK;
	int rc = d1_read_counts(c, s);
	o->plan = hash_plan(s);
	sqlite3_stmt_scanstatus_reset(s);
	return rc;
}

// d1_run steps through s and packs rows into buf until they end or buf is full. first binds params
// and starts; later calls go on with the row that did not fit. When the rows have ended, the
// statement is reset and out holds its counters.
void d1_run(d1_conn *c, sqlite3_stmt *s, const char *params, int nparams, int first, char *buf, int cap, d1_result *o) {
	o->used = o->rows = 0;
	if (first) {
		start(c, o);
		o->rc = bind(s, params, nparams);
		if (o->rc) {
			o->state = D1_ERROR;
			return;
		}
		o->rc = sqlite3_step(s);
		o->columns = sqlite3_column_count(s);
	}
	while (o->rc == ROW) {
		int size = pack(s, o->columns, buf + o->used, cap - o->used);
		if (o->used + size > cap) {
			o->need = size;
			o->state = D1_MORE;
			return;
		}
		o->used += size;
		o->rows++;
		o->rc = sqlite3_step(s);
	}
	if (o->rc != DONE) {
		o->state = D1_ERROR;
		return;
	}
	o->rc = measure(c, s, o);
	o->state = o->rc ? D1_ERROR : D1_DONE;
	d1_reset(s);
}

// d1_skim starts s and does not look at its rows, as D1 treats all statements of a text but the last.
int d1_skim(d1_conn *c, sqlite3_stmt *s, d1_result *o) {
	memset(o, 0, sizeof *o);
	start(c, o);
	o->rc = sqlite3_step(s);
	o->columns = sqlite3_column_count(s);
	if (o->rc != ROW && o->rc != DONE) {
		o->state = D1_ERROR;
		return o->rc;
	}
	return measure(c, s, o);
}

// d1_exec compiles, runs and drops a statement whose rows nobody wants, and counts its changes only: one
// call for each statement of a long script. A cancellation between two statements counts for the next one.
int d1_exec(d1_conn *c, const char *sql, int n, int64_t timeout_ns, d1_prepared *p, d1_result *o) {
	if (d1_cancelled(c)) return INTERRUPT;
	if (timeout_ns) d1_deadline(c, timeout_ns);
	int rc = d1_prepare(c, sql, n, 0, 0, p);
	if (rc || !p->stmt) return rc;
	start(c, o);
	do rc = sqlite3_step(p->stmt);
	while (rc == ROW);
	if (rc == DONE) {
		tally(c, o);
		rc = OK;
	}
	sqlite3_finalize(p->stmt); // leaves the error, if there is one, with the connection
	return rc;
}

// step_trusted steps through a statement of this package. SQLite may have to compile it anew, which
// asks the authorizer again.
static int step_trusted(d1_conn *c, sqlite3_stmt *s) {
	c->trusted = 1;
	int rc = sqlite3_step(s);
	c->trusted = 0;
	return rc;
}

static int once(d1_conn *c, sqlite3_stmt *s) {
	int rc = step_trusted(c, s);
	sqlite3_reset(s);
	return rc == DONE ? OK : rc;
}

int d1_begin(d1_conn *c, int write) { return once(c, write ? c->begin : c->begin_read); }
int d1_commit(d1_conn *c) { return once(c, c->commit); }

int d1_rollback(d1_conn *c) {
	// SQLite ends the transaction by itself after some errors (disk full, out of memory).
	if (sqlite3_get_autocommit(c->db)) return OK;
	c->deadline = 0;
	__atomic_store_n(&c->cancelled, 0, __ATOMIC_RELAXED);
	return once(c, c->rollback);
}

static int64_t number(d1_conn *c, sqlite3_stmt *s) {
	int64_t n = -1;
	if (step_trusted(c, s) == ROW) n = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return n;
}

// d1_size is the size of a database as D1 tells it: pages that are free do not count.
int64_t d1_size(d1_conn *c) {
	int64_t pages = number(c, c->pages), unused = number(c, c->free_pages);
	return pages < 0 || unused < 0 ? -1 : (pages - unused) * c->page_size;
}

int64_t d1_last_rowid(d1_conn *c) { return sqlite3_last_insert_rowid(c->db); }

void d1_arm(d1_conn *c, int64_t timeout_ns) {
	c->expired = 0;
	c->deadline = timeout_ns ? monotonic() + timeout_ns : 0;
	__atomic_store_n(&c->cancelled, 0, __ATOMIC_RELAXED);
}

// d1_deadline gives a part of the work a deadline of its own. Unlike d1_arm it keeps a cancellation.
void d1_deadline(d1_conn *c, int64_t timeout_ns) {
	c->expired = 0;
	c->deadline = timeout_ns ? monotonic() + timeout_ns : 0;
}

void d1_cancel(d1_conn *c, int why) { __atomic_store_n(&c->cancelled, why, __ATOMIC_RELAXED); }
int d1_cancelled(d1_conn *c) { return __atomic_load_n(&c->cancelled, __ATOMIC_RELAXED); }

// d1_full tells a database at its maximal size from a full disk. SQLite has one code for both, and has
// undone the statement by now: a database that is more than half full was hardly stopped by the disk.
int d1_full(d1_conn *c) { return d1_size(c) > c->max_pages * c->page_size / 2; }

int d1_take_log_frames(d1_conn *c) {
	int n = c->log_frames;
	c->log_frames = 0;
	return n;
}

// d1_log_frames tells how many committed frames are in the log and how many of them have been written
// back into the database.
int d1_log_frames(d1_conn *c, int *frames, int *done) {
	*frames = *done = 0;
	return sqlite3_wal_checkpoint_v2(c->db, "main", CHECKPOINT_NOOP, frames, done);
}

// d1_checkpoint writes the log back into the database as far as no reader needs the older pages, and
// tells the same as d1_log_frames.
int d1_checkpoint(d1_conn *c, int *frames, int *done) {
	*frames = *done = 0;
	return sqlite3_wal_checkpoint_v2(c->db, "main", CHECKPOINT_PASSIVE, frames, done);
}

// d1_read reads from the database file or its log; what lies behind the end is zeros. It goes through
// SQLite's own file handle: closing another one would free SQLite's locks, as POSIX has it.
int d1_read(d1_conn *c, int log, void *buf, int n, int64_t offset) {
	sqlite3_file *f = NULL;
	int rc = sqlite3_file_control(c->db, "main", log ? FCNTL_JOURNAL_POINTER : FCNTL_FILE_POINTER, &f);
	if (rc) return rc;
	if (!f || !f->methods) {
		memset(buf, 0, n);
		return OK;
	}
	rc = f->methods->read(f, buf, n, offset);
	return rc == IOERR_SHORT_READ ? OK : rc;
}

const char *d1_errmsg(d1_conn *c) { return sqlite3_errmsg(c->db); }
int d1_errcode(d1_conn *c) { return sqlite3_extended_errcode(c->db); }
int d1_erroffset(d1_conn *c) { return sqlite3_error_offset(c->db); }
const char *d1_column_name(sqlite3_stmt *s, int i) { return sqlite3_column_name(s, i); }
int d1_compiled(const char *option) { return sqlite3_compileoption_used(option); }
int d1_has_scanstatus(void) { return sqlite3_stmt_scanstatus_reset != NULL; }

// d1_missing names a function of SQLite's that the program lacks, or is NULL.
const char *d1_missing(void) {
#define CHECK(result, name, parameters) if (!sqlite3_##name) return "sqlite3_" #name;
	SQLITE_FUNCTIONS(CHECK)
	return NULL;
}
