/*
 * kv: one plugin's live ctx.state entries in memory, with the writes of the current tick and their undo.
 *
 * Glossary
 *   entry    key -> immutable JSON value, with an expiry (ms since the epoch; 0: none). Live when
 *            expiry == 0 or expiry > now; at exactly the deadline it is gone.
 *   write    what the store will be told: put (value, expiry) or delete
 *   mark     the beginning of a tick; kv_undo() goes back to it, kv_take_writes() accepts
 *
 * Invariant: writes since the mark, replayed on the entries at the mark, give the entries now. Several writes of
 * one key in a tick are one write, the last.
 * Limits: key 1..LIMIT_KEY_BYTES bytes of UTF-8; value max_value bytes as text; all keys and values together max_total bytes;
 * at most LIMIT_WRITES distinct keys written per tick. Exceeding one is ERROR_LIMIT, and nothing changes.
 */
#ifndef ORRERY_MODEL_KV_H
#define ORRERY_MODEL_KV_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;
struct kv;

struct kv_write {
    const char *key;
    size_t key_len;
    const char *value; /* JSON text; NULL: delete */
    size_t value_len;
    int64_t expires_ms; /* 0: none */
};

struct kv *kv_new(size_t max_value, size_t max_total);
void kv_free(struct kv *kv);

/* Loads an entry as it stands in the store: no write is recorded. `value` is JSON text. */
int kv_load(struct kv *kv, const char *key, size_t key_len, const char *value, size_t value_len, int64_t expires_ms,
            struct error *e);
void kv_unload(struct kv *kv, const char *key, size_t key_len); /* an outside delete */

const json_t *kv_get(struct kv *kv, const char *key, size_t key_len, int64_t now_ms); /* borrowed; NULL: missing */
int kv_put(struct kv *kv, const char *key, size_t key_len, json_t *value, int64_t expires_ms,
           struct error *e); /* steals `value`, also on failure */
int kv_delete(struct kv *kv, const char *key, size_t key_len, struct error *e); /* idempotent */

/* Live keys sorted by bytes; a new json array of strings. */
json_t *kv_keys(struct kv *kv, int64_t now_ms);
size_t kv_bytes(const struct kv *kv);

/* The tick in progress. One at a time per kv. */
void kv_mark(struct kv *kv);
size_t kv_write_count(const struct kv *kv);
struct kv_write kv_write_at(const struct kv *kv, size_t index); /* valid until the next change */
void kv_accept(struct kv *kv); /* forget the undo and the writes */
void kv_undo(struct kv *kv);   /* back to the mark */

#endif
