#include "model/entries.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/limits.h"
#include "model/value.h"

/* One key, of the document, of the store, or of both. */
struct entry {
    UT_hash_handle hh;
    bool wanted; /* the document has it, and it is live */
    bool same;   /* the store has it just so */
    size_t held; /* bytes of key and value in the store; 0: not there */
    char *value; /* of the document, as text */
    size_t value_len;
    int64_t expires_ms;
    size_t key_len;
    char key[];
};

struct entries {
    struct entry *items;
    size_t value_bytes, state_bytes;
    int64_t now_ms;
    uint64_t added;
    size_t wanted; /* bytes of the document's live keys and values */
    struct kv_write *writes;
    size_t write_count;
    struct entries_tally tally;
};

struct entries *entries_new(size_t value_bytes, size_t state_bytes, int64_t now_ms)
{
    struct entries *es = mem_zero(1, sizeof *es);

    es->value_bytes = value_bytes;
    es->state_bytes = state_bytes;
    es->now_ms = now_ms;
    return es;
}

void entries_free(struct entries *es)
{
    struct entry *entry, *next;

    if (es == NULL)
        return;
    HASH_ITER(hh, es->items, entry, next)
    {
        HASH_DEL(es->items, entry);
        free(entry->value);
        free(entry);
    }
    free(es->writes);
    free(es);
}

static struct entry *find(const struct entries *es, const char *key, size_t key_len)
{
    struct entry *entry;

    HASH_FIND(hh, es->items, key, key_len, entry);
    return entry;
}

static struct entry *insert(struct entries *es, const char *key, size_t key_len)
{
    struct entry *entry = mem_zero(1, sizeof *entry + key_len + 1);

    memcpy(entry->key, key, key_len);
    entry->key_len = key_len;
    HASH_ADD_KEYPTR(hh, es->items, entry->key, key_len, entry);
    return entry;
}

/* ---- the document ---- */

/* The members of one item. */
struct fields {
    const json_t *key, *value, *expires;
};

static int read_fields(const json_t *item, struct fields *out, struct error *e)
{
    const char *name;
    json_t *member;
    char shown[96];

    if (!json_is_object(item))
        return error_set(e, ERROR_INVALID, "expected an object with key and value, got %s",
                         value_describe(item, shown, sizeof shown));
    json_object_foreach((json_t *)item, name, member)
    {
        if (strcmp(name, "key") == 0)
            out->key = member;
        else if (strcmp(name, "value") == 0)
            out->value = member;
        else if (strcmp(name, "expires_at") == 0)
            out->expires = member;
        else
            return error_set(e, ERROR_INVALID,
                             "'%.40s' is no member of an entry: expected key, value, expires_at",
                             name);
    }
    return 0;
}

static int check_key(const struct entries *es, const json_t *key, struct error *e)
{
    const char *text = json_string_value(key);
    size_t len = json_string_length(key);
    char shown[96];

    if (text == NULL)
        return error_set(e, ERROR_INVALID, "key: expected text, got %s",
                         value_describe(key, shown, sizeof shown));
    if (len == 0 || len > LIMIT_KEY_BYTES)
        return error_set(e, ERROR_LIMIT, "key: expected 1 to %d bytes, got %zu", LIMIT_KEY_BYTES,
                         len);
    if (strlen(text) != len)
        return error_set(e, ERROR_INVALID, "key '%.80s': a key may not contain NUL", text);
    if (find(es, text, len) != NULL)
        return error_set(e, ERROR_INVALID, "key '%.80s' is there twice", text);
    return 0;
}

/* The value's text, a new string; NULL on error. */
static char *check_value(const struct entries *es, const struct fields *f, struct error *e)
{
    const char *key = json_string_value(f->key);
    char *text;

    if (f->value == NULL || json_is_null(f->value)) {
        error_set(e, ERROR_INVALID, "key '%.80s': expected a value other than null, got %s", key,
                  f->value == NULL ? "none" : "null");
        return NULL;
    }
    if (value_deeper_than(f->value, LIMIT_VALUE_DEPTH)) {
        error_set(e, ERROR_LIMIT, "key '%.80s': the value is nested more than %d levels", key,
                  LIMIT_VALUE_DEPTH);
        return NULL;
    }
    text = value_text(f->value);
    if (strlen(text) <= es->value_bytes)
        return text;
    error_set(e, ERROR_LIMIT,
              "key '%.80s': the value has %zu bytes as JSON, at most %zu "
              "(limits.value_bytes)",
              key, strlen(text), es->value_bytes);
    free(text);
    return NULL;
}

static int check_expiry(const struct fields *f, struct error *e)
{
    char shown[96];

    if (f->expires == NULL || json_is_null(f->expires) ||
        (json_is_integer(f->expires) && json_integer_value(f->expires) > 0))
        return 0;
    return error_set(e, ERROR_INVALID,
                     "key '%.80s': expires_at: expected ms since the epoch, or null, got %s",
                     json_string_value(f->key), value_describe(f->expires, shown, sizeof shown));
}

static int add_fields(struct entries *es, const struct fields *f, struct error *e)
{
    int64_t expires = json_integer_value(f->expires);
    struct entry *entry;
    char *text;

    if (check_key(es, f->key, e) < 0 || check_expiry(f, e) < 0)
        return -1;
    text = check_value(es, f, e);
    if (text == NULL)
        return -1;
    entry = insert(es, json_string_value(f->key), json_string_length(f->key));
    if (expires != 0 && expires <= es->now_ms) {
        es->tally.expired++;
        free(text);
        return 0;
    }
    entry->wanted = true;
    entry->value = text;
    entry->value_len = strlen(text);
    entry->expires_ms = expires;
    es->wanted += entry->key_len + entry->value_len;
    return 0;
}

int entries_add(struct entries *es, const json_t *item, struct error *e)
{
    struct fields fields = {0};

    if (es->added == ENTRIES_MAX)
        return error_set(e, ERROR_LIMIT, "expected at most %d entries, got more", ENTRIES_MAX);
    if (read_fields(item, &fields, e) < 0 || add_fields(es, &fields, e) < 0) {
        error_prefix(e, "entries[%llu]: ", (unsigned long long)es->added);
        return -1;
    }
    es->added++;
    if (es->wanted <= es->state_bytes)
        return 0;
    return error_set(e, ERROR_LIMIT,
                     "the entries up to entries[%llu] have %zu bytes, at most %zu "
                     "(limits.state_bytes)",
                     (unsigned long long)es->added - 1, es->wanted, es->state_bytes);
}

/* ---- the store ---- */

void entries_note(struct entries *es, const struct kv_write *row)
{
    struct entry *entry = find(es, row->key, row->key_len);

    if (entry == NULL)
        entry = insert(es, row->key, row->key_len);
    entry->held = row->key_len + row->value_len;
    entry->same = entry->wanted && entry->value_len == row->value_len &&
                  entry->expires_ms == row->expires_ms &&
                  memcmp(entry->value, row->value, row->value_len) == 0;
}

void entries_forget(struct entries *es)
{
    struct entry *entry, *next;

    HASH_ITER(hh, es->items, entry, next)
    {
        entry->held = 0;
        entry->same = false;
    }
}

static void add_write(struct entries *es, const struct entry *entry)
{
    es->writes[es->write_count++] = (struct kv_write){.key = entry->key,
                                                      .key_len = entry->key_len,
                                                      .value = entry->value,
                                                      .value_len = entry->value_len,
                                                      .expires_ms = entry->expires_ms};
}

int entries_plan(struct entries *es, bool replace, struct error *e)
{
    size_t before = 0, after = es->wanted;
    struct entry *entry, *next;

    es->writes = mem_alloc((HASH_COUNT(es->items) + 1) * sizeof *es->writes);
    HASH_ITER(hh, es->items, entry, next)
    {
        before += entry->held;
        if (entry->same) {
            es->tally.same++;
        } else if (entry->wanted) {
            es->tally.written++;
            add_write(es, entry);
        } else if (entry->held > 0 && replace) {
            es->tally.removed++;
            add_write(es, entry);
        } else {
            after += entry->held;
        }
    }
    if (after <= es->state_bytes || after <= before)
        return 0;
    return error_set(e, ERROR_LIMIT,
                     "the plugin's state would have %zu bytes, at most %zu (limits.state_bytes)",
                     after, es->state_bytes);
}

const struct kv_write *entries_writes(const struct entries *es, size_t *count)
{
    *count = es->write_count;
    return es->writes;
}

const struct entries_tally *entries_tally(const struct entries *es)
{
    return &es->tally;
}

json_t *entries_tally_json(const struct entries *es)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "written", (json_int_t)es->tally.written, "same",
                     (json_int_t)es->tally.same, "removed", (json_int_t)es->tally.removed,
                     "expired", (json_int_t)es->tally.expired);
}
