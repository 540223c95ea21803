#include "shim.h"
#include "sqlite.h"

#include <stdlib.h>
#include <string.h>

// How often each instruction of a program has run is kept by an SQLite with scan status, and told by
// its virtual table bytecode: https://www.sqlite.org/bytecodevtab.html. The table takes statements of
// any connection; it is asked on one of our own, so that users' statements do not find it.

enum { ROW = 100, DONE = 101, NOMEM = 7 };

struct d1_meter {
	sqlite3 *db;
	sqlite3_stmt *ops, *counts;
};

static void free_meter(d1_meter *m) {
	if (!m) return;
	sqlite3_finalize(m->ops);
	sqlite3_finalize(m->counts);
	sqlite3_close_v2(m->db);
	free(m);
}

static int open_meter(d1_meter **out) {
	enum { OPEN_READWRITE = 0x2, OPEN_NOMUTEX = 0x8000, PERSISTENT = 1 };
	d1_meter *m = calloc(1, sizeof *m);
	if (!m) return NOMEM;
	int rc = sqlite3_open_v2(":memory:", &m->db, OPEN_READWRITE | OPEN_NOMUTEX, NULL);
	if (!rc) rc = sqlite3_prepare_v3(m->db, "SELECT opcode, p1, p2, p3, p5, addr FROM bytecode(?)", -1, PERSISTENT, &m->ops, NULL);
	if (!rc) rc = sqlite3_prepare_v3(m->db, "SELECT nexec FROM bytecode(?)", -1, PERSISTENT, &m->counts, NULL);
	if (rc) {
		free_meter(m);
		return rc;
	}
	*out = m;
	return 0;
}

// d1_hide_meter takes the tables out of a connection on which users' statements run.
int d1_hide_meter(sqlite3 *db) {
	int rc = sqlite3_create_module(db, "bytecode", NULL, NULL);
	return rc ? rc : sqlite3_create_module(db, "tables_used", NULL, NULL);
}

void d1_close_meter(d1_conn *c) {
	free_meter(c->meter);
	free(c->ops);
	free(c->counts);
}

static int more_ops(d1_conn *c) {
	if (c->nops < c->ops_cap) return 0;
	int cap = c->ops_cap ? 2 * c->ops_cap : 64;
	d1_op *grown = realloc(c->ops, cap * sizeof *grown);
	if (!grown) return NOMEM;
	c->ops = grown;
	c->ops_cap = cap;
	return 0;
}

static int more_counts(d1_conn *c) {
	if (c->ncounts < c->counts_cap) return 0;
	int cap = c->counts_cap ? 2 * c->counts_cap : 64;
	int64_t *grown = realloc(c->counts, cap * sizeof *grown);
	if (!grown) return NOMEM;
	c->counts = grown;
	c->counts_cap = cap;
	return 0;
}

static int kind_of(const char *name) {
	static const struct { const char *name; int kind; } kinds[] = {
		{"Rewind", D1_OPEN}, {"Last", D1_OPEN}, {"Sort", D1_OPEN}, {"SorterSort", D1_OPEN},
		{"SeekGE", D1_SEEK}, {"SeekGT", D1_SEEK}, {"SeekLE", D1_SEEK}, {"SeekLT", D1_SEEK},
		{"Next", D1_NEXT}, {"Prev", D1_NEXT}, {"SorterNext", D1_NEXT}, {"VNext", D1_READ},
		{"SeekRowid", D1_READ}, {"NotExists", D1_READ}, {"Count", D1_COUNT},
		{"Insert", D1_WRITE}, {"IdxInsert", D1_WRITE}, {"Delete", D1_DELETE}, {"VUpdate", D1_VUPDATE}, {"Clear", D1_CLEAR},
		{"OpenRead", D1_TABLE}, {"OpenWrite", D1_TABLE}, {"ReopenIdx", D1_TABLE},
		{"OpenEphemeral", D1_EPHEMERAL}, {"OpenAutoindex", D1_EPHEMERAL}, {"OpenDup", D1_EPHEMERAL}, {"SorterOpen", D1_EPHEMERAL},
		{"OpenPseudo", D1_EPHEMERAL}, {"ResultRow", D1_RESULT}, {"Copy", D1_COPY}, {"SCopy", D1_COPY},
		{"SeekEnd", D1_APPEND},
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strcmp(name, kinds[i].name)) return kinds[i].kind;
	return D1_OTHER;
}

// d1_read_ops reads the program of s, and those of triggers behind it, into c->ops.
int d1_read_ops(d1_conn *c, sqlite3_stmt *s) {
	int rc = c->meter ? 0 : open_meter(&c->meter);
	if (rc) return rc;
	sqlite3_stmt *q = c->meter->ops;
	c->nops = 0;
	rc = sqlite3_bind_pointer(q, 1, s, "stmt-pointer", NULL);
	while (!rc && (rc = sqlite3_step(q)) == ROW && !(rc = more_ops(c))) {
		d1_op *op = &c->ops[c->nops++];
		op->kind = kind_of((const char *)sqlite3_column_text(q, 0));
		op->p1 = sqlite3_column_int(q, 1);
		op->p2 = sqlite3_column_int(q, 2);
		op->p3 = sqlite3_column_int(q, 3);
		op->p5 = sqlite3_column_int(q, 4);
		op->addr = sqlite3_column_int(q, 5);
	}
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return rc == DONE ? 0 : rc;
}

// d1_read_counts reads how often each instruction of s has run into c->counts, in the order of
// d1_read_ops.
int d1_read_counts(d1_conn *c, sqlite3_stmt *s) {
	int rc = c->meter ? 0 : open_meter(&c->meter);
	if (rc) return rc;
	sqlite3_stmt *q = c->meter->counts;
	c->ncounts = 0;
	rc = sqlite3_bind_pointer(q, 1, s, "stmt-pointer", NULL);
	while (!rc && (rc = sqlite3_step(q)) == ROW && !(rc = more_counts(c)))
		c->counts[c->ncounts++] = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return rc == DONE ? 0 : rc;
}
