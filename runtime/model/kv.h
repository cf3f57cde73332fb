/*
 * kv: one plugin's live ctx.state entries in memory, with the writes of the current tick and their
 * undo.
 *
 * Glossary
 *   entry    key -> immutable JSON value, with an expiry (ms since the epoch; 0: none). Live when
 *            expiry == 0 or expiry > now; at exactly the deadline it is gone.
 *   write    what the store will be told: put (value, expiry) or delete
 *   mark     the beginning of a tick, or of a part of it; kv_undo() goes back to the newest one
 *   current  the tick that reads and writes now; others may have been put aside (kv_put_aside())
 *
 * Invariants: what a tick writes is seen by all of them at once, and belongs to it alone: undoing
 * one tick leaves what others wrote since. The writes of all ticks, handed over in the order of
 * their ends, give the entries now: a write that was overwritten by a tick which ended before its
 * own is no write any more. Several writes of one key in a tick are one write, the last. Limits:
 * key 1..LIMIT_KEY_BYTES bytes of UTF-8 without NUL; value max_value bytes as text; all keys and
 * values together max_total bytes (a change that makes the whole smaller is always fine); at most
 * LIMIT_WRITES keys and KV_WRITE_BYTES bytes written per tick, so that a tick's writes fit in one
 * message. Exceeding one is ERROR_LIMIT, a wrong key ERROR_INVALID; either way nothing changes.
 * Arrays and objects are kept as text and parsed by kv_get(): what an entry takes of the memory is
 * near what the limits count.
 * Entries past their expiry leave the memory now and then (kv_sweep, or when room is short); the
 * store sweeps its own.
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

#define KV_WRITE_BYTES (8 * 1024 * 1024) /* keys and values written by one tick */

struct kv_write {
    const char *key;
    size_t key_len;
    const char *value; /* JSON text; NULL: delete */
    size_t value_len;
    int64_t expires_ms; /* 0: none */
};

struct kv *kv_new(size_t max_value, size_t max_total);
void kv_free(struct kv *kv);

/* Loads an entry as it stands in the store: no write is recorded and no size limit applies (a limit
 * may have been lowered since). `value` is JSON text. Between ticks only. */
int kv_load(struct kv *kv, const char *key, size_t key_len, const char *value, size_t value_len,
            int64_t expires_ms, struct error *e);
void kv_unload(struct kv *kv, const char *key, size_t key_len); /* an outside delete */

/* Borrowed until the next kv_get(), kv_undo() or change of the key; NULL: missing. */
const json_t *kv_get(struct kv *kv, const char *key, size_t key_len, int64_t now_ms);
bool kv_has(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms);
/* Appends the JSON text of a key's value, "null" when it is missing. 0, or -1 when the buffer's
 * maximum was passed. */
int kv_read_text(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms,
                 struct buf *out);
/* Whether it is in memory only because nobody has swept it yet. */
bool kv_expired(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms);
/* Whether it can be a key at all: 1 to LIMIT_KEY_BYTES bytes of UTF-8 without NUL. What cannot is
 * always missing. */
bool kv_can_hold(const char *key, size_t key_len);
/* Whether the current tick has written the key. */
bool kv_wrote(const struct kv *kv, const char *key, size_t key_len);
int kv_put(struct kv *kv, const char *key, size_t key_len, json_t *value, int64_t expires_ms,
           struct error *e); /* steals `value`, also on failure */
/* Whether the last kv_put() was refused for the size of the whole, which depends on all keys. */
bool kv_was_full(const struct kv *kv);
int kv_delete(struct kv *kv, const char *key, size_t key_len, struct error *e); /* idempotent */

/* Live keys sorted by bytes; a new json array of strings. */
json_t *kv_keys(struct kv *kv, int64_t now_ms);
size_t kv_max_value(const struct kv *kv);
size_t kv_count(const struct kv *kv); /* entries in memory */
size_t kv_bytes(const struct kv *kv); /* keys and values in memory */

/* Tells the time, and drops expired entries when enough may have gathered. Between ticks. */
void kv_sweep(struct kv *kv, int64_t now_ms);

/*
 * The current tick.
 *
 *   kv_mark ── put, delete … ── kv_accept          the writes were handed over
 *      └── kv_mark ── put … ── kv_undo | kv_merge   a part of it that may fail alone (one level)
 *
 * kv_put_aside() leaves it as it is, with its marks, and lets another begin; kv_take_up() makes it
 * the current one again. Both when there is (take up: no) current one. What is aside when the kv is
 * freed goes with it.
 */
struct kv_tick;
struct kv_tick *kv_put_aside(struct kv *kv);
void kv_take_up(struct kv *kv, struct kv_tick *tick);
void kv_mark(struct kv *kv);
void kv_merge(struct kv *kv);               /* ends the inner part, keeping its changes */
void kv_undo(struct kv *kv);                /* back to the newest mark, which is gone then */
void kv_accept(struct kv *kv);              /* forgets the marks, the undo and the writes */
size_t kv_write_count(const struct kv *kv); /* not inside an inner part */
struct kv_write kv_write_at(const struct kv *kv, size_t index); /* valid until the next change */

#endif
