/*
 * journal_names: texts that repeat, as small integers. A memory in front of the table `names`,
 * which is filled on demand and forgotten whole after a rollback (numbers given out in a
 * transaction that did not happen must not be used again).
 */
#ifndef ORRERY_JOURNAL_NAMES_H
#define ORRERY_JOURNAL_NAMES_H

#include <stdint.h>

struct error;
struct journal_names;
struct sqlite_db;

struct journal_names *journal_names_new(struct sqlite_db *db); /* borrows db */
void journal_names_free(struct journal_names *names);
void journal_names_forget(struct journal_names *names);

/* The number of `text`, given now if it has none. Inside a transaction. */
int journal_names_need(struct journal_names *names, const char *text, int64_t *id, struct error *e);

/* The number of `text`; 0 when it has none. */
int journal_names_find(struct journal_names *names, const char *text, int64_t *id, struct error *e);

#endif
