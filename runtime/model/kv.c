/*
 * A hash of entries, and per tick a journal of its changes: one record per written key (and level),
 * holding what was there before (for the undo) and the new text (for the store). The records of one
 * entry, of whatever ticks, are a chain by time: a record that is taken out of the middle leaves
 * what it had replaced to the next newer one; the newest one's goes back to the entry.
 */
#include "model/kv.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/limits.h"
#include "model/value.h"

#define SHOWN_BYTES 4096 /* an unpacked value of more text is not kept between ticks */

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
    struct buf scratch;
    json_t *shown;    /* the array or object that was read or written last, unpacked */
    json_t *shown_of; /* the packed value that it belongs to */
};

/*
 * Arrays and objects are kept as text, for in jansson's form an empty one takes a hundred times its
 * two bytes: a script could fill the worker's memory with a state well within its limit. Packed is
 * an array of one string, which no value that is kept as it is can be. Takes `value` over.
 */
static json_t *pack(json_t *value, const char *text, size_t len)
{
    if (!json_is_array(value) && !json_is_object(value))
        return value;
    json_decref(value);
    return json_pack("[o]", json_stringn_nocheck(text, len));
}

/* Takes `value` over. What was written in one tick is mostly read in the next. */
static void show(struct kv *kv, json_t *value, json_t *packed)
{
    json_decref(kv->shown);
    json_decref(kv->shown_of);
    kv->shown = value;
    kv->shown_of = json_incref(packed);
}

static const json_t *unpack(struct kv *kv, json_t *value)
{
    const json_t *text = json_array_get(value, 0);
    size_t len = json_string_length(text);

    if (!json_is_array(value))
        return value;
    if (value != kv->shown_of)
        show(kv, value_parse(json_string_value(text), len, len, NULL), value);
    return kv->shown;
}

struct kv *kv_new(size_t max_value, size_t max_total)
{
    struct kv *kv = mem_zero(1, sizeof *kv);

    kv->max_value = max_value;
    kv->max_total = max_total;
    kv->next_expiry_ms = INT64_MAX;
    kv->tick = mem_zero(1, sizeof *kv->tick);
    buf_init(&kv->scratch, max_value);
    return kv;
}

static void entry_remove(struct kv *kv, struct entry *entry)
{
    kv->total -= entry->size;
    json_decref(entry->value);
    HASH_DEL(kv->entries, entry);
    free(entry);
}

static void free_ticks(struct kv_tick *tick)
{
    while (tick != NULL) {
        struct kv_tick *next = tick->next;
        free(tick->changes);
        free(tick);
        tick = next;
    }
}

void kv_free(struct kv *kv)
{
    struct entry *entry, *next;

    if (kv == NULL)
        return;
    while (kv->aside != NULL) {
        kv_accept(kv);
        free_ticks(kv->tick);
        kv->tick = NULL;
        kv_take_up(kv, kv->aside);
    }
    kv_accept(kv);
    free_ticks(kv->tick);
    free_ticks(kv->spare);
    HASH_ITER(hh, kv->entries, entry, next)
    {
        entry_remove(kv, entry);
    }
    while (kv->spare_changes != NULL) {
        struct change *older = kv->spare_changes->older;
        free(kv->spare_changes);
        kv->spare_changes = older;
    }
    buf_release(&kv->scratch);
    show(kv, NULL, NULL);
    free(kv);
}

static struct entry *entry_find(const struct kv *kv, const char *key, size_t key_len)
{
    struct entry *entry;

    HASH_FIND(hh, kv->entries, key, key_len, entry);
    return entry;
}

static struct entry *entry_add(struct kv *kv, const char *key, size_t key_len)
{
    struct entry *entry = mem_zero(1, sizeof *entry + key_len + 1);

    memcpy(entry->key, key, key_len);
    entry->key_len = (uint32_t)key_len;
    HASH_ADD_KEYPTR(hh, kv->entries, entry->key, key_len, entry);
    return entry;
}

/* Takes `value` over. */
static void entry_assign(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms,
                         size_t size)
{
    json_decref(entry->value);
    entry->value = value;
    entry->expires_ms = expires_ms;
    kv->total = kv->total - entry->size + size;
    entry->size = size;
}

static void note_expiry(struct kv *kv, int64_t expires_ms)
{
    if (expires_ms != 0 && expires_ms < kv->next_expiry_ms)
        kv->next_expiry_ms = expires_ms;
}

static bool is_live(const struct entry *entry, int64_t now_ms)
{
    return entry->value != NULL && (entry->expires_ms == 0 || entry->expires_ms > now_ms);
}

static int check_key(const char *key, size_t len, struct error *e)
{
    if (len == 0)
        return error_set(e, ERROR_INVALID, "expected a non-empty key, got an empty string");
    if (len > LIMIT_KEY_BYTES)
        return error_set(e, ERROR_LIMIT, "expected a key of at most %d bytes, got %zu",
                         LIMIT_KEY_BYTES, len);
    if (memchr(key, '\0', len) != NULL || !text_is_utf8(key, len))
        return error_set(e, ERROR_INVALID, "expected a key in UTF-8 without NUL, got other bytes");
    return 0;
}

int kv_load(struct kv *kv, const char *key, size_t key_len, const char *value, size_t value_len,
            int64_t expires_ms, struct error *e)
{
    struct entry *entry;
    json_t *json;

    if (check_key(key, key_len, e) < 0)
        return -1;
    json = value_parse(value, value_len, value_len, e);
    if (json == NULL)
        return -1;
    entry = entry_find(kv, key, key_len);
    if (entry == NULL)
        entry = entry_add(kv, key, key_len);
    entry_assign(kv, entry, pack(json, value, value_len), expires_ms, key_len + value_len);
    kv->expiring += expires_ms != 0;
    note_expiry(kv, expires_ms);
    return 0;
}

void kv_unload(struct kv *kv, const char *key, size_t key_len)
{
    struct entry *entry = entry_find(kv, key, key_len);

    if (entry != NULL)
        entry_remove(kv, entry);
}

const json_t *kv_get(struct kv *kv, const char *key, size_t key_len, int64_t now_ms)
{
    struct entry *entry = entry_find(kv, key, key_len);

    return entry != NULL && is_live(entry, now_ms) ? unpack(kv, entry->value) : NULL;
}

bool kv_has(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms)
{
    const struct entry *entry = entry_find(kv, key, key_len);

    return entry != NULL && is_live(entry, now_ms);
}

int kv_read_text(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms,
                 struct buf *out)
{
    const struct entry *entry = entry_find(kv, key, key_len);
    const json_t *text;

    if (entry == NULL || !is_live(entry, now_ms))
        return buf_add(out, "null", 4);
    if (!json_is_array(entry->value))
        return value_write(out, entry->value);
    text = json_array_get(entry->value, 0);
    return buf_add(out, json_string_value(text), json_string_length(text));
}

bool kv_expired(const struct kv *kv, const char *key, size_t key_len, int64_t now_ms)
{
    const struct entry *entry = entry_find(kv, key, key_len);

    return entry != NULL && entry->value != NULL && !is_live(entry, now_ms);
}

bool kv_wrote(const struct kv *kv, const char *key, size_t key_len)
{
    const struct entry *entry = kv->tick->count > 0 ? entry_find(kv, key, key_len) : NULL;
    const struct change *change = entry ? entry->newest : NULL;

    while (change != NULL && change->tick != kv->tick)
        change = change->older;
    return change != NULL;
}

/* Expired entries that no tick in progress has touched. */
static void drop_expired(struct kv *kv)
{
    struct entry *entry, *next;

    if (kv->now_ms < kv->next_expiry_ms)
        return;
    kv->next_expiry_ms = INT64_MAX;
    kv->expiring = 0;
    HASH_ITER(hh, kv->entries, entry, next)
    {
        if (entry->newest == NULL && !is_live(entry, kv->now_ms))
            entry_remove(kv, entry);
        else
            note_expiry(kv, entry->expires_ms);
    }
}

void kv_sweep(struct kv *kv, int64_t now_ms)
{
    kv->now_ms = now_ms;
    if (kv->expiring > 64 && kv->expiring > HASH_COUNT(kv->entries) / 2)
        drop_expired(kv);
}

/* Whether the entry `key` may have `size` bytes from now on. */
static int check_total(struct kv *kv, const char *key, size_t key_len, size_t size, struct error *e)
{
    const struct entry *entry = entry_find(kv, key, key_len);
    size_t old = entry ? entry->size : 0;

    if (size <= old || kv->total - old + size <= kv->max_total)
        return 0;
    drop_expired(kv);
    entry = entry_find(kv, key, key_len);
    old = entry ? entry->size : 0;
    if (kv->total - old + size <= kv->max_total)
        return 0;
    return error_set(e, ERROR_LIMIT,
                     "expected at most %zu bytes of state in all, got %zu with this value",
                     kv->max_total, kv->total - old + size);
}

/* The record of the current tick, at its present level; NULL: none. */
static struct change *own_record(const struct kv *kv, const struct entry *entry)
{
    struct change *change = entry ? entry->newest : NULL;

    while (change != NULL && (change->tick != kv->tick || change->is_inner != kv->tick->has_inner))
        change = change->older;
    return change;
}

/* Whether the tick may record `size` more bytes for this entry. */
static int check_record(const struct kv *kv, const struct entry *entry, size_t key_len, size_t size,
                        struct error *e)
{
    const struct change *own = own_record(kv, entry);
    size_t bytes = kv->tick->written + key_len + size;

    if (own != NULL)
        bytes -= key_len + own->text.len;
    else if (kv->tick->count >= LIMIT_WRITES)
        return error_set(e, ERROR_LIMIT, "expected at most %d keys written in one run, got more",
                         LIMIT_WRITES);
    if (bytes > KV_WRITE_BYTES)
        return error_set(e, ERROR_LIMIT, "expected at most %d bytes written in one run, got %zu",
                         KV_WRITE_BYTES, bytes);
    return 0;
}

/* ---- records ---- */

/* Into the chain, as the newest. What the entry is now becomes what was before. */
static void link_change(struct change *change)
{
    struct entry *entry = change->entry;

    change->old_value = json_incref(entry->value);
    change->old_expires_ms = entry->expires_ms;
    change->old_size = entry->size;
    change->older = entry->newest;
    change->newer = NULL;
    if (entry->newest != NULL)
        entry->newest->newer = change;
    entry->newest = change;
}

static void unlink_change(struct change *change)
{
    if (change->older != NULL)
        change->older->newer = change->newer;
    if (change->newer != NULL)
        change->newer->older = change->older;
    else
        change->entry->newest = change->older;
}

/* What it had replaced is what the next newer one has replaced now. */
static void inherit(struct change *from, struct change *to)
{
    json_decref(to->old_value);
    to->old_value = json_incref(from->old_value);
    to->old_expires_ms = from->old_expires_ms;
    to->old_size = from->old_size;
}

static void free_change(struct kv *kv, struct change *change)
{
    change->tick->written -= change->entry->key_len + change->text.len;
    buf_release(&change->text);
    json_decref(change->old_value);
    change->old_value = NULL;
    change->older = kv->spare_changes;
    kv->spare_changes = change;
}

static void remove_from_tick(struct change *change)
{
    struct kv_tick *tick = change->tick;
    uint32_t at = 0;

    while (tick->changes[at] != change)
        at++;
    tick->count--;
    if (tick->has_inner && at < tick->inner)
        tick->inner--;
    memmove(&tick->changes[at], &tick->changes[at + 1],
            (tick->count - at) * sizeof(struct change *));
}

static void add_to_tick(struct kv_tick *tick, struct change *change)
{
    if (tick->count == tick->cap) {
        tick->cap = tick->cap ? tick->cap * 2 : 4;
        tick->changes = mem_resize(tick->changes, tick->cap * sizeof(struct change *));
    }
    tick->changes[tick->count++] = change;
    tick->written += change->entry->key_len;
}

static struct change *new_change(struct kv *kv)
{
    struct change *change = kv->spare_changes;

    if (change == NULL)
        return mem_alloc(sizeof *change);
    kv->spare_changes = change->older;
    return change;
}

/* The record that this level's write of `entry` goes to, the newest of the entry from now on. */
static struct change *record_of(struct kv *kv, struct entry *entry)
{
    struct change *change = own_record(kv, entry);

    if (change != NULL && change->newer == NULL)
        return change;
    if (change != NULL) { /* another tick has written since */
        inherit(change, change->newer);
        unlink_change(change);
        json_decref(change->old_value);
    } else {
        change = new_change(kv);
        *change =
            (struct change){.entry = entry, .tick = kv->tick, .is_inner = kv->tick->has_inner};
        buf_init(&change->text, kv->max_value);
        add_to_tick(kv->tick, change);
    }
    link_change(change);
    return change;
}

/* Takes `value` (NULL: delete) and the text in the scratch buffer over. */
static void write_entry(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms)
{
    struct change *change = record_of(kv, entry);
    size_t size = value ? entry->key_len + kv->scratch.len : 0;

    kv->tick->written = kv->tick->written - change->text.len + kv->scratch.len;
    buf_release(&change->text);
    change->text = kv->scratch;
    change->expires_ms = expires_ms;
    buf_init(&kv->scratch, kv->max_value);
    entry_assign(kv, entry, value, expires_ms, size);
}

static int check_put(struct kv *kv, const char *key, size_t key_len, const json_t *value,
                     struct error *e)
{
    if (check_key(key, key_len, e) < 0)
        return -1;
    buf_clear(&kv->scratch);
    if (value_write(&kv->scratch, value) < 0)
        return error_set(e, ERROR_LIMIT, "expected a value of at most %zu bytes as JSON, got more",
                         kv->max_value);
    if (check_total(kv, key, key_len, key_len + kv->scratch.len, e) < 0)
        return -1;
    return check_record(kv, entry_find(kv, key, key_len), key_len, kv->scratch.len, e);
}

int kv_put(struct kv *kv, const char *key, size_t key_len, json_t *value, int64_t expires_ms,
           struct error *e)
{
    struct entry *entry;
    json_t *packed;

    if (check_put(kv, key, key_len, value, e) < 0) {
        json_decref(value);
        return -1;
    }
    entry = entry_find(kv, key, key_len);
    if (entry == NULL)
        entry = entry_add(kv, key, key_len);
    kv->expiring += expires_ms != 0;
    note_expiry(kv, expires_ms);
    packed = pack(json_incref(value), buf_text(&kv->scratch), kv->scratch.len);
    if (packed != value)
        show(kv, value, packed);
    else
        json_decref(value);
    write_entry(kv, entry, packed, expires_ms);
    return 0;
}

int kv_delete(struct kv *kv, const char *key, size_t key_len, struct error *e)
{
    struct entry *entry;

    if (check_key(key, key_len, e) < 0)
        return -1;
    entry = entry_find(kv, key, key_len);
    if (entry == NULL || entry->value == NULL)
        return 0;
    if (check_record(kv, entry, key_len, 0, e) < 0)
        return -1;
    buf_release(&kv->scratch);
    write_entry(kv, entry, NULL, 0);
    return 0;
}

static int by_key(const void *left, const void *right)
{
    const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;
    uint32_t shorter = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, shorter);

    return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

json_t *kv_keys(struct kv *kv, int64_t now_ms)
{
    size_t count = 0;
    struct entry **list = mem_alloc(HASH_COUNT(kv->entries) * sizeof(struct entry *));
    json_t *keys = json_array();

    for (struct entry *entry = kv->entries; entry != NULL; entry = entry->hh.next)
        if (is_live(entry, now_ms))
            list[count++] = entry;
    qsort(list, count, sizeof *list, by_key);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(keys, json_stringn_nocheck(list[i]->key, list[i]->key_len));
    free(list);
    return keys;
}

size_t kv_max_value(const struct kv *kv)
{
    return kv->max_value;
}

size_t kv_count(const struct kv *kv)
{
    return HASH_COUNT(kv->entries);
}

size_t kv_bytes(const struct kv *kv)
{
    return kv->total;
}

void kv_mark(struct kv *kv)
{
    kv->tick->has_inner = kv->tick->count > 0;
    kv->tick->inner = kv->tick->count;
}

static void end_inner(struct kv_tick *tick)
{
    tick->has_inner = false;
    tick->inner = 0;
}

/* The record of the outer level that the inner one takes the place of; NULL: none. */
static struct change *outer_record(const struct change *inner)
{
    struct change *change = inner->older;

    while (change != NULL && change->tick != inner->tick)
        change = change->older;
    return change;
}

static void merge_change(struct kv *kv, struct change *inner)
{
    struct change *outer = outer_record(inner);
    struct kv_tick *tick = inner->tick;
    uint32_t at = 0;

    inner->is_inner = false;
    if (outer == NULL)
        return;
    inherit(outer, outer->newer);
    unlink_change(outer);
    remove_from_tick(inner);
    while (tick->changes[at] != outer)
        at++;
    tick->changes[at] = inner;
    free_change(kv, outer);
}

void kv_merge(struct kv *kv)
{
    struct kv_tick *tick = kv->tick;

    for (uint32_t i = tick->has_inner ? tick->inner : tick->count; i < tick->count;) {
        struct change *change = tick->changes[i];
        merge_change(kv, change);
        i += i < tick->count && tick->changes[i] == change;
    }
    end_inner(tick);
}

static void undo_change(struct kv *kv, struct change *change)
{
    struct entry *entry = change->entry;

    unlink_change(change);
    if (change->newer != NULL)
        inherit(change, change->newer);
    else
        entry_assign(kv, entry, json_incref(change->old_value), change->old_expires_ms,
                     change->old_size);
    free_change(kv, change);
    if (entry->value == NULL && entry->newest == NULL)
        entry_remove(kv, entry);
}

void kv_undo(struct kv *kv)
{
    struct kv_tick *tick = kv->tick;
    uint32_t first = tick->has_inner ? tick->inner : 0;

    while (tick->count > first)
        undo_change(kv, tick->changes[--tick->count]);
    end_inner(tick);
}

/* The record is the store's business now. Older ones are no writes any more: what they say would
 * reach the store too late. */
static void accept_change(struct kv *kv, struct change *change)
{
    struct entry *entry = change->entry;

    for (struct change *older = change->older, *next; older != NULL; older = next) {
        next = older->older;
        if (older->tick == change->tick) /* an outer record, whose turn comes or has come */
            continue;
        unlink_change(older);
        remove_from_tick(older);
        free_change(kv, older);
    }
    unlink_change(change);
    free_change(kv, change);
    if (entry->value == NULL && entry->newest == NULL)
        entry_remove(kv, entry);
}

void kv_accept(struct kv *kv)
{
    struct kv_tick *tick = kv->tick;

    buf_release(&kv->scratch);
    if (json_string_length(json_array_get(kv->shown_of, 0)) > SHOWN_BYTES)
        show(kv, NULL, NULL);
    end_inner(tick);
    for (uint32_t i = 0; i < tick->count; i++)
        accept_change(kv, tick->changes[i]);
    tick->count = 0;
}

struct kv_tick *kv_put_aside(struct kv *kv)
{
    struct kv_tick *tick = kv->tick;

    tick->next = kv->aside;
    kv->aside = tick;
    kv->tick = kv->spare;
    if (kv->spare != NULL)
        kv->spare = kv->spare->next;
    else
        kv->tick = mem_zero(1, sizeof *kv->tick);
    kv->tick->next = NULL;
    return tick;
}

void kv_take_up(struct kv *kv, struct kv_tick *tick)
{
    struct kv_tick **place = &kv->aside;

    while (*place != tick)
        place = &(*place)->next;
    *place = tick->next;
    tick->next = NULL;
    if (kv->tick != NULL) {
        kv->tick->next = kv->spare;
        kv->spare = kv->tick;
    }
    kv->tick = tick;
}

size_t kv_write_count(const struct kv *kv)
{
    return kv->tick->count;
}

struct kv_write kv_write_at(const struct kv *kv, size_t index)
{
    const struct change *change = kv->tick->changes[index];
    const struct entry *entry = change->entry;
    bool is_delete = change->text.data == NULL;

    return (struct kv_write){.key = entry->key,
                             .key_len = entry->key_len,
                             .value = is_delete ? NULL : change->text.data,
                             .value_len = change->text.len,
                             .expires_ms = is_delete ? 0 : change->expires_ms};
}
