/*
 * sqlite_like: LIKE, in place of SQLite's own. That one takes time in proportion to the product of
 * the text's and the pattern's lengths, and nothing can interrupt it: a plugin's statement of a few
 * of them would take minutes. This one ends with the guard's time. Private to tables/.
 */
#ifndef ORRERY_TABLES_SQLITE_LIKE_H
#define ORRERY_TABLES_SQLITE_LIKE_H

#include <sqlite3.h>

struct error;
struct sqlite_guard;

/* As SQLite's: % is any text, _ one character, letters of ASCII are the same in either case; the
 * third argument, of one character, escapes the one after it. `guard` stays as long as `handle`. */
int sqlite_like_replace(sqlite3 *handle, struct sqlite_guard *guard, struct error *e);

#endif
