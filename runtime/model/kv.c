/*
 * A hash of entries, and a journal of the tick's changes: one record per written key (and level),
 * holding what was there before (for the undo) and the new text (for the store). An entry knows its
 * newest record.
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
    size_t size;     /* of key and text; 0 when deleted */
    uint32_t change; /* newest record of this tick, counted from 1; 0: none */
    uint32_t key_len;
    char key[];
};

struct change {
    struct entry *entry;
    json_t *old_value; /* NULL: there was none */
    int64_t old_expires_ms;
    size_t old_size;
    struct buf text; /* the new value; data == NULL: delete */
    uint32_t prev;   /* the entry's record of the outer level, counted from 1; 0: none */
};

struct kv {
    struct entry *entries;
    size_t max_value, max_total;
    size_t total;   /* sum of the entries' sizes */
    size_t written; /* bytes of the tick's records */
    struct change *changes;
    uint32_t change_count, change_cap;
    uint32_t inner; /* index of the inner part's first record */
    bool is_inner;
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

void kv_free(struct kv *kv)
{
    struct entry *entry, *next;

    if (kv == NULL)
        return;
    kv_accept(kv);
    HASH_ITER(hh, kv->entries, entry, next)
    {
        entry_remove(kv, entry);
    }
    buf_release(&kv->scratch);
    show(kv, NULL, NULL);
    free(kv->changes);
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

/* Expired entries that this tick has not touched. */
static void drop_expired(struct kv *kv)
{
    struct entry *entry, *next;

    if (kv->now_ms < kv->next_expiry_ms)
        return;
    kv->next_expiry_ms = INT64_MAX;
    kv->expiring = 0;
    HASH_ITER(hh, kv->entries, entry, next)
    {
        if (entry->change == 0 && !is_live(entry, kv->now_ms))
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

static bool has_record(const struct kv *kv, const struct entry *entry)
{
    return entry != NULL && entry->change > (kv->is_inner ? kv->inner : 0);
}

/* Whether the tick may record `size` more bytes for this entry. */
static int check_record(const struct kv *kv, const struct entry *entry, size_t key_len, size_t size,
                        struct error *e)
{
    size_t bytes = kv->written + key_len + size;

    if (has_record(kv, entry))
        bytes -= key_len + kv->changes[entry->change - 1].text.len;
    else if (kv->change_count >= LIMIT_WRITES)
        return error_set(e, ERROR_LIMIT, "expected at most %d keys written in one run, got more",
                         LIMIT_WRITES);
    if (bytes > KV_WRITE_BYTES)
        return error_set(e, ERROR_LIMIT, "expected at most %d bytes written in one run, got %zu",
                         KV_WRITE_BYTES, bytes);
    return 0;
}

/* The record that this level's write of `entry` goes to; what it held before is kept once. */
static struct change *record_of(struct kv *kv, struct entry *entry)
{
    struct change *change;

    if (has_record(kv, entry))
        return &kv->changes[entry->change - 1];
    if (kv->change_count == kv->change_cap) {
        kv->change_cap = kv->change_cap ? kv->change_cap * 2 : 4;
        kv->changes = mem_resize(kv->changes, kv->change_cap * sizeof *kv->changes);
    }
    change = &kv->changes[kv->change_count++];
    *change = (struct change){.entry = entry,
                              .old_value = json_incref(entry->value),
                              .old_expires_ms = entry->expires_ms,
                              .old_size = entry->size,
                              .prev = entry->change};
    buf_init(&change->text, kv->max_value);
    entry->change = kv->change_count;
    kv->written += entry->key_len;
    return change;
}

/* Takes `value` (NULL: delete) and the text in the scratch buffer over. */
static void write_entry(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms)
{
    struct change *change = record_of(kv, entry);
    size_t size = value ? entry->key_len + kv->scratch.len : 0;

    kv->written = kv->written - change->text.len + kv->scratch.len;
    buf_release(&change->text);
    change->text = kv->scratch;
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
    kv->is_inner = kv->change_count > 0;
    kv->inner = kv->change_count;
}

static void forget_text(struct kv *kv, struct change *change)
{
    kv->written -= change->entry->key_len + change->text.len;
    buf_release(&change->text);
}

void kv_merge(struct kv *kv)
{
    uint32_t kept = kv->inner;

    for (uint32_t i = kv->inner; kv->is_inner && i < kv->change_count; i++) {
        struct change *change = &kv->changes[i], *outer;
        if (change->prev == 0) {
            kv->changes[kept++] = *change;
            kv->changes[kept - 1].entry->change = kept;
            continue;
        }
        outer = &kv->changes[change->prev - 1];
        forget_text(kv, outer);
        outer->text = change->text;
        change->entry->change = change->prev;
        json_decref(change->old_value);
    }
    if (kv->is_inner)
        kv->change_count = kept;
    kv->is_inner = false;
    kv->inner = 0;
}

void kv_undo(struct kv *kv)
{
    uint32_t first = kv->is_inner ? kv->inner : 0;

    while (kv->change_count > first) {
        struct change *change = &kv->changes[--kv->change_count];
        struct entry *entry = change->entry;
        forget_text(kv, change);
        entry_assign(kv, entry, change->old_value, change->old_expires_ms, change->old_size);
        entry->change = change->prev;
        if (entry->value == NULL && entry->change == 0)
            entry_remove(kv, entry);
    }
    kv->is_inner = false;
    kv->inner = 0;
}

void kv_accept(struct kv *kv)
{
    buf_release(&kv->scratch);
    if (json_string_length(json_array_get(kv->shown_of, 0)) > SHOWN_BYTES)
        show(kv, NULL, NULL);
    for (uint32_t i = 0; i < kv->change_count; i++) {
        struct change *change = &kv->changes[i];
        struct entry *entry = change->entry;
        json_decref(change->old_value);
        forget_text(kv, change);
        if (entry->change != i + 1) /* an inner record follows */
            continue;
        entry->change = 0;
        if (entry->value == NULL)
            entry_remove(kv, entry);
    }
    kv->change_count = 0;
    kv->is_inner = false;
    kv->inner = 0;
}

size_t kv_write_count(const struct kv *kv)
{
    return kv->change_count;
}

struct kv_write kv_write_at(const struct kv *kv, size_t index)
{
    const struct change *change = &kv->changes[index];
    const struct entry *entry = change->entry;
    bool is_delete = change->text.data == NULL;

    return (struct kv_write){.key = entry->key,
                             .key_len = entry->key_len,
                             .value = is_delete ? NULL : change->text.data,
                             .value_len = change->text.len,
                             .expires_ms = is_delete ? 0 : entry->expires_ms};
}
