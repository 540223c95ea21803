#include "shim.h"
#include "sqlite.h"

#include <stdlib.h>

struct d1_copy {
	sqlite3 *to;
	sqlite3_backup *backup;
};

// d1_copy_start begins to copy the database of c into the file at path, which is neither journalled nor
// synced: if this fails there is no copy.
int d1_copy_start(d1_conn *c, const char *path, d1_copy **out) {
	enum { OPEN_READWRITE = 0x2, OPEN_NOMUTEX = 0x8000 };
	d1_copy *copy = calloc(1, sizeof *copy);
	if (!copy) return 7;
	*out = copy;
	int rc = sqlite3_open_v2(path, &copy->to, OPEN_READWRITE | OPEN_NOMUTEX, NULL);
	if (rc) return rc;
	if ((rc = sqlite3_exec(copy->to, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL))) return rc;
	copy->backup = sqlite3_backup_init(copy->to, "main", c->db, "main");
	return copy->backup ? 0 : sqlite3_extended_errcode(copy->to);
}

// d1_copy_step copies some pages; it returns 101 when that were the last ones.
int d1_copy_step(d1_copy *copy, int pages) { return sqlite3_backup_step(copy->backup, pages); }

int d1_copy_end(d1_copy *copy) {
	int rc = copy->backup ? sqlite3_backup_finish(copy->backup) : 0;
	int closed = sqlite3_close_v2(copy->to);
	free(copy);
	return rc ? rc : closed;
}
