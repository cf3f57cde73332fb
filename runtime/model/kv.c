/* The entries of a plugin's state: looking up, limits, expiry. */
#include "model/kv_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/limits.h"
#include "model/value.h"

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
void kv_show(struct kv *kv, json_t *value, json_t *packed)
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
        kv_show(kv, value_parse(json_string_value(text), len, len, NULL), value);
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

void kv_entry_remove(struct kv *kv, struct entry *entry)
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
    while (kv->aside != NULL) {
        kv_accept(kv);
        kv_free_ticks(kv->tick);
        kv->tick = NULL;
        kv_take_up(kv, kv->aside);
    }
    kv_accept(kv);
    kv_free_ticks(kv->tick);
    kv_free_ticks(kv->spare);
    HASH_ITER(hh, kv->entries, entry, next)
    {
        kv_entry_remove(kv, entry);
    }
    while (kv->spare_changes != NULL) {
        struct change *older = kv->spare_changes->older;
        free(kv->spare_changes);
        kv->spare_changes = older;
    }
    buf_release(&kv->scratch);
    kv_show(kv, NULL, NULL);
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
void kv_entry_assign(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms,
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

bool kv_can_hold(const char *key, size_t len)
{
    return check_key(key, len, NULL) == 0;
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
    kv_entry_assign(kv, entry, pack(json, value, value_len), expires_ms, key_len + value_len);
    kv->expiring += expires_ms != 0;
    note_expiry(kv, expires_ms);
    return 0;
}

void kv_unload(struct kv *kv, const char *key, size_t key_len)
{
    struct entry *entry = entry_find(kv, key, key_len);

    if (entry != NULL)
        kv_entry_remove(kv, entry);
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
            kv_entry_remove(kv, entry);
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
    kv->was_full = true;
    return error_set(e, ERROR_LIMIT,
                     "expected at most %zu bytes of state in all, got %zu with this value",
                     kv->max_total, kv->total - old + size);
}

/* Whether the tick may record `size` more bytes for this entry. */
static int check_record(const struct kv *kv, const struct entry *entry, size_t key_len, size_t size,
                        struct error *e)
{
    const struct change *own = kv_own_record(kv, entry);
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

/* Takes `value` (NULL: delete) and the text in the scratch buffer over. */
static void write_entry(struct kv *kv, struct entry *entry, json_t *value, int64_t expires_ms)
{
    struct change *change = kv_record_of(kv, entry);
    size_t size = value ? entry->key_len + kv->scratch.len : 0;

    kv->tick->written = kv->tick->written - change->text.len + kv->scratch.len;
    buf_release(&change->text);
    change->text = kv->scratch;
    change->expires_ms = expires_ms;
    buf_init(&kv->scratch, kv->max_value);
    kv_entry_assign(kv, entry, value, expires_ms, size);
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

    kv->was_full = false;
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
        kv_show(kv, value, packed);
    else
        json_decref(value);
    write_entry(kv, entry, packed, expires_ms);
    return 0;
}

bool kv_was_full(const struct kv *kv)
{
    return kv->was_full;
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
