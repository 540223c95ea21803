// What the shim calls of SQLite.
#ifndef CFEMU_D1_SQLITE_H
#define CFEMU_D1_SQLITE_H

#include "shim.h"

typedef struct sqlite3_backup sqlite3_backup;

// SQLite's C interface, as https://www.sqlite.org/c3ref/intro.html documents it: result, name, parameters.
#define SQLITE_FUNCTIONS(F) \
	F(int, open_v2, (const char *, sqlite3 **, int, const char *)) \
	F(int, close_v2, (sqlite3 *)) \
	F(int, exec, (sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **)) \
	F(int, prepare_v3, (sqlite3 *, const char *, int, unsigned int, sqlite3_stmt **, const char **)) \
	F(int, finalize, (sqlite3_stmt *)) \
	F(int, step, (sqlite3_stmt *)) \
	F(int, reset, (sqlite3_stmt *)) \
	F(int, clear_bindings, (sqlite3_stmt *)) \
	F(int, bind_parameter_count, (sqlite3_stmt *)) \
	F(int, bind_null, (sqlite3_stmt *, int)) \
	F(int, bind_int64, (sqlite3_stmt *, int, long long)) \
	F(int, bind_double, (sqlite3_stmt *, int, double)) \
	F(int, bind_text, (sqlite3_stmt *, int, const char *, int, void (*)(void *))) \
	F(int, bind_blob, (sqlite3_stmt *, int, const void *, int, void (*)(void *))) \
	F(int, bind_zeroblob, (sqlite3_stmt *, int, int)) \
	F(int, bind_pointer, (sqlite3_stmt *, int, void *, const char *, void (*)(void *))) \
	F(int, column_count, (sqlite3_stmt *)) \
	F(const char *, column_name, (sqlite3_stmt *, int)) \
	F(int, column_type, (sqlite3_stmt *, int)) \
	F(long long, column_int64, (sqlite3_stmt *, int)) \
	F(int, column_int, (sqlite3_stmt *, int)) \
	F(double, column_double, (sqlite3_stmt *, int)) \
	F(const unsigned char *, column_text, (sqlite3_stmt *, int)) \
	F(const void *, column_blob, (sqlite3_stmt *, int)) \
	F(int, column_bytes, (sqlite3_stmt *, int)) \
	F(int, stmt_readonly, (sqlite3_stmt *)) \
	F(int, stmt_isexplain, (sqlite3_stmt *)) \
	F(int, stmt_status, (sqlite3_stmt *, int, int)) \
	F(int, limit, (sqlite3 *, int, int)) \
	F(int, db_config, (sqlite3 *, int, ...)) \
	F(int, busy_handler, (sqlite3 *, int (*)(void *, int), void *)) \
	F(int, get_autocommit, (sqlite3 *)) \
	F(int, extended_result_codes, (sqlite3 *, int)) \
	F(int, extended_errcode, (sqlite3 *)) \
	F(const char *, errmsg, (sqlite3 *)) \
	F(int, error_offset, (sqlite3 *)) \
	F(long long, changes64, (sqlite3 *)) \
	F(long long, total_changes64, (sqlite3 *)) \
	F(long long, last_insert_rowid, (sqlite3 *)) \
	F(int, compileoption_used, (const char *)) \
	F(void, progress_handler, (sqlite3 *, int, int (*)(void *), void *)) \
	F(void *, wal_hook, (sqlite3 *, int (*)(void *, sqlite3 *, const char *, int), void *)) \
	F(int, wal_checkpoint_v2, (sqlite3 *, const char *, int, int *, int *)) \
	F(int, file_control, (sqlite3 *, const char *, int, void *)) \
	F(int, create_module, (sqlite3 *, const char *, const void *, void *)) \
	F(sqlite3_backup *, backup_init, (sqlite3 *, const char *, sqlite3 *, const char *)) \
	F(int, backup_step, (sqlite3_backup *, int)) \
	F(int, backup_finish, (sqlite3_backup *)) \
	F(int, set_authorizer, (sqlite3 *, int (*)(void *, int, const char *, const char *, const char *, const char *), void *))

// Scan status exists only in an SQLite that was compiled with it; BuildProblem tells.
#define SCAN_STATUS_FUNCTIONS(F) \
	F(int, stmt_scanstatus, (sqlite3_stmt *, int, int, void *)) \
	F(void, stmt_scanstatus_reset, (sqlite3_stmt *))

// The declarations are weak because cgo links this package once by itself, without go-sqlite3. A
// function that is missing from the program is null, which d1_missing finds.
#define DECLARE(result, name, parameters) extern result sqlite3_##name parameters __attribute__((weak));
SQLITE_FUNCTIONS(DECLARE)
SCAN_STATUS_FUNCTIONS(DECLARE)

#endif
