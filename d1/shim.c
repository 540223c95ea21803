#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

// SQLite's C interface, as https://www.sqlite.org/c3ref/intro.html documents it.
extern int sqlite3_open_v2(const char *, sqlite3 **, int, const char *);
extern int sqlite3_close_v2(sqlite3 *);
extern int sqlite3_exec(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
extern int sqlite3_prepare_v3(sqlite3 *, const char *, int, unsigned int, sqlite3_stmt **, const char **);
extern int sqlite3_finalize(sqlite3_stmt *);
extern int sqlite3_step(sqlite3_stmt *);
extern int sqlite3_reset(sqlite3_stmt *);
extern int sqlite3_clear_bindings(sqlite3_stmt *);
extern int sqlite3_bind_parameter_count(sqlite3_stmt *);
extern int sqlite3_bind_null(sqlite3_stmt *, int);
extern int sqlite3_bind_int64(sqlite3_stmt *, int, long long);
extern int sqlite3_bind_double(sqlite3_stmt *, int, double);
extern int sqlite3_bind_text(sqlite3_stmt *, int, const char *, int, void (*)(void *));
extern int sqlite3_bind_blob(sqlite3_stmt *, int, const void *, int, void (*)(void *));
extern int sqlite3_bind_zeroblob(sqlite3_stmt *, int, int);
extern int sqlite3_column_count(sqlite3_stmt *);
extern const char *sqlite3_column_name(sqlite3_stmt *, int);
extern int sqlite3_column_type(sqlite3_stmt *, int);
extern long long sqlite3_column_int64(sqlite3_stmt *, int);
extern double sqlite3_column_double(sqlite3_stmt *, int);
extern const unsigned char *sqlite3_column_text(sqlite3_stmt *, int);
extern const void *sqlite3_column_blob(sqlite3_stmt *, int);
extern int sqlite3_column_bytes(sqlite3_stmt *, int);
extern int sqlite3_stmt_readonly(sqlite3_stmt *);
extern int sqlite3_stmt_isexplain(sqlite3_stmt *);
extern int sqlite3_stmt_status(sqlite3_stmt *, int, int);
extern int sqlite3_limit(sqlite3 *, int, int);
extern int sqlite3_db_config(sqlite3 *, int, ...);
extern int sqlite3_busy_timeout(sqlite3 *, int);
extern int sqlite3_get_autocommit(sqlite3 *);
extern int sqlite3_extended_result_codes(sqlite3 *, int);
extern int sqlite3_extended_errcode(sqlite3 *);
extern const char *sqlite3_errmsg(sqlite3 *);
extern int sqlite3_error_offset(sqlite3 *);
extern long long sqlite3_changes64(sqlite3 *);
extern long long sqlite3_total_changes64(sqlite3 *);
extern long long sqlite3_last_insert_rowid(sqlite3 *);
extern int sqlite3_compileoption_used(const char *);
extern void sqlite3_progress_handler(sqlite3 *, int, int (*)(void *), void *);
extern int sqlite3_set_authorizer(sqlite3 *, int (*)(void *, int, const char *, const char *, const char *, const char *), void *);

// Scan status exists only in an SQLite that was compiled with it; BuildProblem tells.
extern int sqlite3_stmt_scanstatus(sqlite3_stmt *, int, int, void *) __attribute__((weak));
extern void sqlite3_stmt_scanstatus_reset(sqlite3_stmt *) __attribute__((weak));

enum {
	OK = 0, INTERRUPT = 9, ROW = 100, DONE = 101,
	OPEN_READWRITE = 0x2, OPEN_CREATE = 0x4, OPEN_NOMUTEX = 0x8000, OPEN_EXRESCODE = 0x02000000,
	PREPARE_PERSISTENT = 1,
	TYPE_INTEGER = 1, TYPE_FLOAT = 2, TYPE_TEXT = 3, TYPE_BLOB = 4,
	STATUS_REPREPARE = 5,
	SCAN_EXPLAIN = 4,
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

int d1_open(const char *path, int create, int nosync, int64_t max_size, d1_conn **out) {
	d1_conn *c = calloc(1, sizeof *c);
	if (!c) return 7;
	*out = c;
	int rc = sqlite3_open_v2(path, &c->db, OPEN_READWRITE | (create ? OPEN_CREATE : 0) | OPEN_NOMUTEX | OPEN_EXRESCODE, NULL);
	if (rc) return rc;
	sqlite3_busy_timeout(c->db, 5000);
	if (create && (rc = d1_exec_trusted(c, "PRAGMA journal_mode=WAL"))) return rc;
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
	return OK;
}

int d1_close(d1_conn *c, int discard) {
	int rc = OK;
	if (c->db) {
		sqlite3_finalize(c->begin);
		sqlite3_finalize(c->begin_read);
		sqlite3_finalize(c->commit);
		sqlite3_finalize(c->rollback);
		sqlite3_finalize(c->pages);
		sqlite3_finalize(c->free_pages);
		if (discard) sqlite3_db_config(c->db, CONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
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

static int measure(d1_conn *c, sqlite3_stmt *s, d1_result *o) {
	o->reprepared = sqlite3_stmt_status(s, STATUS_REPREPARE, 0);
	o->last_rowid = sqlite3_last_insert_rowid(c->db);
	int64_t total = sqlite3_total_changes64(c->db);
	o->changes = total == o->total_changes ? 0 : sqlite3_changes64(c->db);
	o->total_changes = total - o->total_changes;
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

void d1_cancel(d1_conn *c, int why) { __atomic_store_n(&c->cancelled, why, __ATOMIC_RELAXED); }
int d1_cancelled(d1_conn *c) { return __atomic_load_n(&c->cancelled, __ATOMIC_RELAXED); }

// d1_full tells a database at its maximal size from a full disk. SQLite has one code for both, and has
// undone the statement by now: a database that is more than half full was hardly stopped by the disk.
int d1_full(d1_conn *c) { return d1_size(c) > c->max_pages * c->page_size / 2; }

const char *d1_errmsg(d1_conn *c) { return sqlite3_errmsg(c->db); }
int d1_errcode(d1_conn *c) { return sqlite3_extended_errcode(c->db); }
int d1_erroffset(d1_conn *c) { return sqlite3_error_offset(c->db); }
const char *d1_column_name(sqlite3_stmt *s, int i) { return sqlite3_column_name(s, i); }
int d1_compiled(const char *option) { return sqlite3_compileoption_used(option); }
int d1_has_scanstatus(void) { return sqlite3_stmt_scanstatus_reset != NULL; }
