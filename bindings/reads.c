#include "bindings/reads.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/kv.h"
#include "model/limits.h"
#include "model/value.h"

#define FIRST_CAP 16  /* keys; a power of two, as every later one */
#define KEEP_CAP  256 /* of more, the memory is given back after the tick */

struct read_key {
    uint64_t hash;
    size_t at, len; /* in names */
};

void reads_init(struct state_reads *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->text, LIMIT_READ_BYTES);
    buf_init(&r->keys, LIMIT_READ_BYTES);
    buf_init(&r->names, LIMIT_READ_BYTES);
}

void reads_release(struct state_reads *r)
{
    buf_release(&r->text);
    buf_release(&r->keys);
    buf_release(&r->names);
    free(r->items);
    free(r->slots);
    memset(r, 0, sizeof *r);
}

void reads_clear(struct state_reads *r)
{
    if (r->cap > KEEP_CAP || r->text.cap > LIMIT_READ_BYTES / 8) {
        reads_release(r);
        reads_init(r);
        return;
    }
    buf_clear(&r->text);
    buf_clear(&r->keys);
    buf_clear(&r->names);
    if (r->count > 0)
        memset(r->slots, 0, r->slot_count * sizeof *r->slots);
    r->count = 0;
    r->wanted = r->truncated = r->full = r->mixed = false;
}

static uint64_t hash_of(const char *key, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *find_slot(const struct state_reads *r, const char *key, size_t len, uint64_t hash)
{
    size_t mask = r->slot_count - 1, at = hash & mask;

    for (; r->slots[at] != 0; at = (at + 1) & mask) {
        const struct read_key *item = &r->items[r->slots[at] - 1];
        if (item->hash == hash && item->len == len &&
            memcmp(r->names.data + item->at, key, len) == 0)
            break;
    }
    return &r->slots[at];
}

static void grow(struct state_reads *r)
{
    r->cap = r->cap > 0 ? 2 * r->cap : FIRST_CAP;
    r->items = mem_resize(r->items, r->cap * sizeof *r->items);
    r->slot_count = 2 * r->cap;
    free(r->slots);
    r->slots = mem_zero(r->slot_count, sizeof *r->slots);
    for (size_t i = 0; i < r->count; i++)
        *find_slot(r, r->names.data + r->items[i].at, r->items[i].len, r->items[i].hash) =
            (uint32_t)i + 1;
}

/* Whether the key was not there yet; it is now. */
static bool add_key(struct state_reads *r, const char *key, size_t len)
{
    uint64_t hash = hash_of(key, len);
    uint32_t *slot;

    if (r->count == r->cap)
        grow(r);
    slot = find_slot(r, key, len, hash);
    if (*slot != 0)
        return false;
    r->items[r->count] = (struct read_key){hash, r->names.len, len};
    if (buf_add(&r->names, key, len) < 0)
        r->truncated = true;
    else
        *slot = (uint32_t)++r->count;
    return !r->truncated;
}

static void drop_all(struct state_reads *r)
{
    r->truncated = true;
    buf_clear(&r->text);
    buf_clear(&r->keys);
}

void reads_note(struct state_reads *r, const struct kv *kv, const char *key, size_t len,
                int64_t now_ms)
{
    if (!r->wanted || r->truncated || kv_wrote(kv, key, len) || !kv_can_hold(key, len) ||
        !add_key(r, key, len))
        return;
    if (r->text.len > 0)
        buf_add_char(&r->text, ',');
    value_write_string(&r->text, key, len);
    buf_add_char(&r->text, ':');
    kv_read_text(kv, key, len, now_ms, &r->text);
    if (r->text.overflow || r->text.len + r->keys.len > LIMIT_READ_BYTES)
        drop_all(r);
}

void reads_note_keys(struct state_reads *r, const json_t *keys)
{
    if (!r->wanted || r->truncated || r->keys.len > 0)
        return;
    if (value_write(&r->keys, keys) < 0 || r->text.len + r->keys.len > LIMIT_READ_BYTES)
        drop_all(r);
}

static void add_flag(struct buf *out, const char *name, bool is_set)
{
    if (is_set)
        buf_addf(out, "%s\"%s\":true", out->len > 1 ? "," : "", name);
}

void reads_write(const struct state_reads *r, struct buf *out)
{
    if (!r->wanted ||
        (r->text.len == 0 && r->keys.len == 0 && !r->truncated && !r->full && !r->mixed))
        return;
    buf_add_char(out, '{');
    if (r->text.len > 0 && !r->truncated) {
        buf_add_str(out, "\"reads\":{");
        buf_add(out, r->text.data, r->text.len);
        buf_add_char(out, '}');
    }
    if (r->keys.len > 0 && !r->truncated) {
        buf_addf(out, "%s\"keys\":", out->len > 1 ? "," : "");
        buf_add(out, r->keys.data, r->keys.len);
    }
    add_flag(out, "truncated", r->truncated);
    add_flag(out, "full", r->full);
    add_flag(out, "mixed", r->mixed);
    buf_add_char(out, '}');
}
