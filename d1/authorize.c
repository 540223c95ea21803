#include "shim.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ALLOW = 0, DENY = 1 };

// SQLite's action codes: https://www.sqlite.org/c3ref/c_alter_table.html
enum {
	CREATE_INDEX = 1, CREATE_TABLE = 2, CREATE_TRIGGER = 7, CREATE_VIEW = 8, DELETE = 9,
	DROP_INDEX = 10, DROP_TABLE = 11, DROP_TRIGGER = 16, DROP_VIEW = 17, INSERT = 18, PRAGMA = 19,
	READ = 20, SELECT = 21, TRANSACTION = 22, UPDATE = 23, ATTACH = 24, DETACH = 25, ALTER_TABLE = 26,
	REINDEX = 27, ANALYZE = 28, CREATE_VTABLE = 29, DROP_VTABLE = 30, FUNCTION = 31, SAVEPOINT = 32,
	RECURSIVE = 33,
};

// Receipt: workerd's SQLite authorizer, which D1 inherits. Sorted, for bsearch.
static const char *const functions[] = {
	"->", "->>", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "avg", "bm25", "ceil",
	"changes", "char", "coalesce", "concat", "concat_ws", "cos", "cosh", "count", "cume_dist",
	"current_date", "current_time", "current_timestamp", "date", "datetime", "degrees", "dense_rank",
	"exp", "first_value", "floor", "format", "glob", "group_concat", "hex", "highlight", "ifnull", "iif",
	"instr", "json", "json_array", "json_array_length", "json_each", "json_extract", "json_group_array",
	"json_group_object", "json_insert", "json_object", "json_patch", "json_quote", "json_remove",
	"json_replace", "json_set", "json_tree", "json_type", "json_valid", "jsonb", "jsonb_array",
	"jsonb_extract", "jsonb_group_array", "jsonb_group_object", "jsonb_insert", "jsonb_object",
	"jsonb_patch", "jsonb_remove", "jsonb_replace", "jsonb_set", "julianday", "lag", "last_insert_rowid",
	"last_value", "lead", "length", "like", "likelihood", "likely", "ln", "load_extension", "log", "log2",
	"lower", "ltrim", "match", "max", "min", "mod", "nth_value", "ntile", "nullif", "octet_length",
	"percent_rank", "pi", "pow", "printf", "quote", "radians", "random", "randomblob", "rank", "replace",
	"round", "row_number", "rtreecheck", "rtrim", "sign", "sin", "sinh", "snippet", "soundex",
	"sqlite_drop_column", "sqlite_rename_column", "sqlite_rename_quotefix", "sqlite_rename_table",
	"sqlite_rename_test", "sqrt", "strftime", "string_agg", "substr", "substring", "sum", "tan", "tanh",
	"time", "timediff", "total", "total_changes", "trim", "trunc", "typeof", "unhex", "unicode",
	"unixepoch", "unlikely", "upper", "zeroblob",
};

static const char *const modules[] = {"fts5", "fts5vocab", "rtree", "rtree_i32"};

enum signature { NO_ARGUMENT, BOOLEAN, OBJECT, MAYBE_OBJECT, MAYBE_NUMBER, MAYBE_NUMBER_OR_OBJECT, ANYTHING };

// Receipt: as above. keeps says that setting it changes later statements on the connection.
static const struct { const char *name; enum signature signature; int keeps; } pragmas[] = {
	{"data_version", NO_ARGUMENT, 0}, {"page_size", NO_ARGUMENT, 0},
	{"case_sensitive_like", BOOLEAN, 1}, {"foreign_keys", BOOLEAN, 0}, {"defer_foreign_keys", BOOLEAN, 0},
	{"ignore_check_constraints", BOOLEAN, 1}, {"legacy_alter_table", BOOLEAN, 1},
	{"recursive_triggers", BOOLEAN, 1}, {"reverse_unordered_selects", BOOLEAN, 1},
	{"foreign_key_check", MAYBE_OBJECT, 0}, {"foreign_key_list", OBJECT, 0}, {"index_info", OBJECT, 0},
	{"index_list", OBJECT, 0}, {"index_xinfo", OBJECT, 0}, {"table_info", OBJECT, 0},
	{"table_xinfo", OBJECT, 0}, {"quick_check", MAYBE_NUMBER_OR_OBJECT, 0}, {"optimize", MAYBE_NUMBER, 0},
	{"table_list", ANYTHING, 0},
};

static int compare(const void *key, const void *element) { return strcasecmp(key, *(const char *const *)element); }

static int one_of(const char *name, const char *const *names, size_t n) {
	return bsearch(name, names, n, sizeof *names, compare) != NULL;
}

// Names that begin with _cf_ are the platform's own.
//
// Deviation: D1's sqlite_master does not list the platform's own _cf_ tables, for there are none.
static int open_name(const char *name) { return !name || strncasecmp(name, "_cf_", 4) != 0; }

static int is_number(const char *s) {
	if (*s == '-' || *s == '+') s++;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) return s[2] && strspn(s + 2, "0123456789abcdefABCDEF") == strlen(s + 2);
	if (!*s) return 0;
	for (; *s; s++)
		if (*s < '0' || *s > '9') return 0;
	return 1;
}

static int is_boolean(const char *s) {
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
	size_t n = strlen(s);
	if (n >= 2 && (*s == '\'' || *s == '"') && s[n - 1] == *s) s++, n -= 2;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (n >= strlen(words[i]) && strncasecmp(s, words[i], strlen(words[i])) == 0) return 1;
	return 0;
}

static int authorize_pragma(d1_conn *c, const char *name, const char *arg) {
	for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
		if (strcasecmp(name, pragmas[i].name)) continue;
		int ok = 0;
		switch (pragmas[i].signature) {
		case NO_ARGUMENT: ok = !arg; break;
		case BOOLEAN: ok = !arg || is_boolean(arg); break;
		case OBJECT: ok = arg && open_name(arg); break;
		case MAYBE_OBJECT: ok = open_name(arg); break;
		case MAYBE_NUMBER: ok = !arg || is_number(arg); break;
		case MAYBE_NUMBER_OR_OBJECT: ok = !arg || is_number(arg) || open_name(arg); break;
		case ANYTHING: ok = 1; break;
		}
		if (ok && arg && pragmas[i].keeps) c->changed_state = 1;
		return ok;
	}
	return 0;
}

static int authorize_function(d1_conn *c, const char *name) {
	// These ask about writes of their own connection, and reads have connections of their own.
	if (!strcasecmp(name, "last_insert_rowid") || !strcasecmp(name, "changes") || !strcasecmp(name, "total_changes"))
		c->needs_writer = 1;
	return one_of(name, functions, sizeof functions / sizeof *functions);
}

static int allowed(d1_conn *c, int action, const char *p1, const char *p2, const char *db) {
	if (action == ALTER_TABLE || action == DETACH) { // SQLite gives these two their names the other way round
		const char *name = p2;
		db = p1;
		p1 = name;
		p2 = NULL;
		c->alters = action == ALTER_TABLE;
	}
	if (db && strcmp(db, "main")) // temporary tables exist for SQLite's own use only
		return !strcmp(db, "temp") && (action == READ || action == UPDATE) && open_name(p1);
	switch (action) {
	case SELECT: case RECURSIVE: case ANALYZE:
		return 1;
	case CREATE_TABLE: case DELETE: case DROP_TABLE: case INSERT: case CREATE_VIEW: case DROP_VIEW:
	case REINDEX: case ALTER_TABLE: case READ: case UPDATE:
		return open_name(p1);
	case CREATE_INDEX: case DROP_INDEX: case CREATE_TRIGGER: case DROP_TRIGGER:
		return open_name(p1) && open_name(p2);
	case TRANSACTION: case SAVEPOINT:
		c->refused_tx = 1;
		return 0;
	case PRAGMA:
		return authorize_pragma(c, p1, p2);
	case FUNCTION:
		return authorize_function(c, p2);
	case CREATE_VTABLE: case DROP_VTABLE:
		return open_name(p1) && p2 && one_of(p2, modules, sizeof modules / sizeof *modules);
	}
	return 0; // ATTACH, DETACH, everything temporary, and what SQLite may learn yet
}

// d1_authorize is SQLite's authorizer on every connection.
int d1_authorize(void *arg, int action, const char *p1, const char *p2, const char *db, const char *trigger) {
	d1_conn *c = arg;
	(void)trigger;
	return c->trusted || allowed(c, action, p1, p2, db) ? ALLOW : DENY;
}
