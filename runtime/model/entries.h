/*
 * entries: the state of one plugin as a document, checked in full, and what has to be written so
 * that a store holds it.
 *
 *     entries_new ── entries_add … ── entries_note … ── entries_plan ── entries_write …
 *
 * An entry is {"key": text, "value": any JSON but null, "expires_at": ms since the epoch or null}.
 * The rules are those of ctx.state: keys of 1 to LIMIT_KEY_BYTES bytes without NUL, each once;
 * values of at most value_bytes as text, nested at most LIMIT_VALUE_DEPTH levels; keys and values
 * together at most state_bytes. An entry whose time has passed is checked, counted and left out.
 *
 * The writes are those that change something: entries that the store has already are none.
 */
#ifndef ORRERY_MODEL_ENTRIES_H
#define ORRERY_MODEL_ENTRIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/kv.h"

struct entries;
struct error;

/* For the number of entries in one document; also of those that have expired. */
#define ENTRIES_MAX 1000000

/* `value_bytes` and `state_bytes`: limits.* of the configuration. */
struct entries *entries_new(size_t value_bytes, size_t state_bytes, int64_t now_ms);
void entries_free(struct entries *entries); /* NULL is legal */

/* One more entry of the document. INVALID or LIMIT, naming the entry by its number from 0. */
int entries_add(struct entries *entries, const json_t *item, struct error *e);

/* A live row that the store has now; after the last entries_add(). */
void entries_note(struct entries *entries, const struct kv_write *row);
void entries_forget(struct entries *entries); /* all that was noted: it is read anew */

/* What is to be written. `replace`: rows that the document does not have are removed, else they
 * stay. LIMIT when the state would then be larger than state_bytes, and larger than it is. */
int entries_plan(struct entries *entries, bool replace, struct error *e);

/* After entries_plan(): the writes in no particular order, borrowed; and how many there are of each
 * kind. */
struct entries_tally {
    uint64_t written; /* entries added or changed */
    uint64_t same;    /* were there already */
    uint64_t removed;
    uint64_t expired; /* left out */
};
const struct kv_write *entries_writes(const struct entries *entries, size_t *count);
const struct entries_tally *entries_tally(const struct entries *entries);
json_t *entries_tally_json(const struct entries *entries); /* {written, same, removed, expired} */

#endif
