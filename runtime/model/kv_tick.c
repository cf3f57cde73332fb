/* What the ticks of a plugin change: their records, and the way back. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/kv_parts.h"

#define SHOWN_BYTES 4096 /* an unpacked value of more text is not kept between ticks */

void kv_free_ticks(struct kv_tick *tick)
{
    while (tick != NULL) {
        struct kv_tick *next = tick->next;
        free(tick->changes);
        free(tick);
        tick = next;
    }
}

/* The record of the current tick, at its present level; NULL: none. */
struct change *kv_own_record(const struct kv *kv, const struct entry *entry)
{
    struct change *change = entry ? entry->newest : NULL;

    while (change != NULL && (change->tick != kv->tick || change->is_inner != kv->tick->has_inner))
        change = change->older;
    return change;
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
struct change *kv_record_of(struct kv *kv, struct entry *entry)
{
    struct change *change = kv_own_record(kv, entry);

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
        kv_entry_assign(kv, entry, json_incref(change->old_value), change->old_expires_ms,
                        change->old_size);
    free_change(kv, change);
    if (entry->value == NULL && entry->newest == NULL)
        kv_entry_remove(kv, entry);
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
        kv_entry_remove(kv, entry);
}

void kv_accept(struct kv *kv)
{
    struct kv_tick *tick = kv->tick;

    buf_release(&kv->scratch);
    if (json_string_length(json_array_get(kv->shown_of, 0)) > SHOWN_BYTES)
        kv_show(kv, NULL, NULL);
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
