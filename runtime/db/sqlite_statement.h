/*
 * sqlite_statement: the cache behind sqlite_db_prepare(). Used inside db/ only.
 */
#ifndef ORRERY_DB_SQLITE_STATEMENT_H
#define ORRERY_DB_SQLITE_STATEMENT_H

struct sqlite_stmt_cache;

struct sqlite_stmt_cache *sqlite_stmt_cache_new(void);
void sqlite_stmt_cache_free(struct sqlite_stmt_cache *cache); /* finalises; NULL is legal */

#endif
