/*
 * journal_check: what the wrappers ask of arguments before any backend sees them. Used inside
 * journal/ only. All return 0, or -1 with an error that says what was expected and what came.
 */
#ifndef ORRERY_JOURNAL_JOURNAL_CHECK_H
#define ORRERY_JOURNAL_JOURNAL_CHECK_H

#include "journal/journal.h"

/* A write needs a transaction: INTERNAL. */
int journal_check_open(const struct journal *j, struct error *e);
/* The id of a run to be recorded (INTERNAL), or asked about (NOT_FOUND when there can be none). */
int journal_check_id(uint64_t id, const char *plugin, struct error *e);
int journal_check_known(uint64_t id, struct error *e);
/* A text that is there, UTF-8 (INVALID) and at most `max` bytes (LIMIT). `what` names it. */
int journal_check_text(const char *what, const char *text, size_t max, struct error *e);
/* JSON of any kind, or an object: INVALID; at most RUN_JSON_BYTES and LIMIT_VALUE_DEPTH: LIMIT. */
enum json_wanted { JSON_ANY, JSON_OBJECT_WANTED };
int journal_check_json(const char *what, const char *text, enum json_wanted wanted,
                       struct error *e);
/* 32 hex digits: INVALID. */
int journal_check_digest(const char *what, const char *digest, struct error *e);

#endif
