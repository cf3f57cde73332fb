/*
 * kv_parts: the inside of a kv, shared by kv.c (entries, limits) and kv_tick.c (what ticks change).
 *
 * A hash of entries, and per tick a journal of its changes: one record per written key (and level),
 * holding what was there before (for the undo) and the new text (for the store). The records of one
 * entry, of whatever ticks, are a chain by time: a record that is taken out of the middle leaves
 * what it had replaced to the next newer one; the newest one's goes back to the entry.
 */
#ifndef ORRERY_MODEL_KV_PARTS_H
#define ORRERY_MODEL_KV_PARTS_H

#include <uthash.h>

#include "base/buf.h"
#include "model/kv.h"

struct entry {
    UT_hash_handle hh;
    json_t *value; /* packed; NULL: deleted in this tick, gone when it is accepted */
    int64_t expires_ms;
    size_t size; /* of key and text; 0 when deleted */
    struct change *newest;
    uint32_t key_len;
    char key[];
};

struct change {
    struct entry *entry;
    struct change *older, *newer; /* of the entry */
    struct kv_tick *tick;
    bool is_inner;
    json_t *old_value; /* NULL: there was none */
    int64_t old_expires_ms, expires_ms;
    size_t old_size;
    struct buf text; /* the new value; data == NULL: delete */
};

struct kv_tick {
    struct kv_tick *next;    /* of the kv's spare or put aside ones */
    struct change **changes; /* in the order of their first writes */
    uint32_t count, cap;
    size_t written; /* bytes of the records */
    uint32_t inner; /* index of the inner part's first record */
    bool has_inner;
};

struct kv {
    struct entry *entries;
    size_t max_value, max_total;
    size_t total;         /* sum of the entries' sizes */
    struct kv_tick *tick; /* the current one */
    struct kv_tick *aside, *spare;
    struct change *spare_changes; /* by `older` */
    int64_t now_ms;
    int64_t next_expiry_ms; /* no entry expires before */
    size_t expiring;        /* puts with an expiry since the last sweep */
    bool was_full;          /* kv_was_full() */
    struct buf scratch;
    json_t *shown;    /* the array or object that was read or written last, unpacked */
    json_t *shown_of; /* the packed value that it belongs to */
};

/* kv.c. Assigning takes `value` over; so does showing, which keeps what was read or written last.
 */
void kv_entry_assign(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms,
                     size_t size);
void kv_entry_remove(struct kv *kv, struct entry *entry);
void kv_show(struct kv *kv, json_t *value, json_t *packed);

/* kv_tick.c: the current tick's record of an entry, at its present level; NULL: none. And the one
 * that this level's write goes to, the newest of the entry from now on. */
struct change *kv_own_record(const struct kv *kv, const struct entry *entry);
struct change *kv_record_of(struct kv *kv, struct entry *entry);
void kv_free_ticks(struct kv_tick *tick);

#endif
