/*
 * reads: what a decide() has read of ctx.state, as the run found it, so that it can be executed
 * again with the same answers: the first read of each key before the run's own write (get, has, and
 * delete, which finds out whether there is something to delete), and the first answer of keys().
 *
 * Bounded: beyond LIMIT_READ_BYTES nothing of it is kept, and the record says so. It says so, too,
 * when it cannot tell the whole story: the state was full (which depends on keys that nobody read),
 * or another tick has written while this one waited for its tables.
 */
#ifndef ORRERY_BINDINGS_READS_H
#define ORRERY_BINDINGS_READS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct kv;
struct read_key;

struct state_reads {
    bool wanted; /* else nothing is collected */
    bool truncated, full, mixed;
    struct buf text;  /* "key":value,… */
    struct buf keys;  /* JSON array; empty: keys() was not called */
    struct buf names; /* of the keys, one behind the other */
    struct read_key *items;
    uint32_t *slots; /* a hash of the keys: 0, or an index from 1 */
    size_t count, cap, slot_count;
};

void reads_init(struct state_reads *reads);
void reads_clear(struct state_reads *reads); /* keeps the memory, as long as it is little */
void reads_release(struct state_reads *reads);

/* The key is being read: its value goes on record, unless it is there, or the tick's own. */
void reads_note(struct state_reads *reads, const struct kv *kv, const char *key, size_t len,
                int64_t now_ms);
void reads_note_keys(struct state_reads *reads, const json_t *keys);

/* Appends the JSON object of message_decided.reads; nothing when there is nothing to say. */
void reads_write(const struct state_reads *reads, struct buf *out);

#endif
