/* Pendings, snapshots, cursors, events and dead letters in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"
#include "base/mem.h"
#include "journal/journal_memory.h"

/* ---- pendings ---- */

void memory_pending_release(void *item)
{
    pending_release(item);
    free(item);
}

int journal_memory_put_pending(struct journal *j, const struct pending *pending, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct pending *copy;
    char id[ID_TEXT_SIZE];

    if (memory_list_find(&m->pendings, pending->id) != NULL)
        return error_set(e, ERROR_INTERNAL, "pending %s is recorded already",
                         id_format(pending->id, id));
    copy = mem_alloc(sizeof *copy);
    *copy = *pending;
    copy->topic = memory_text(pending->topic);
    copy->payload = memory_text(pending->payload);
    memory_set(m, &m->pendings, pending->id, copy);
    return 0;
}

int journal_memory_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);

    (void)e;
    if (memory_list_find(&m->pendings, id) != NULL)
        memory_set(m, &m->pendings, id, NULL);
    return 0;
}

int journal_memory_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    const struct memory_list *pendings = &journal_memory_of(j)->pendings;
    int rc = 0;

    (void)e;
    for (size_t i = 0; i < pendings->count && rc == 0; i++)
        rc = each(arg, (const struct pending *)pendings->items[i]);
    return rc;
}

/* ---- snapshots ---- */

struct kept_snapshot {
    int64_t used_ms;
    char *text;
};

void memory_snapshot_release(void *value)
{
    struct kept_snapshot *snapshot = value;

    free(snapshot->text);
    free(snapshot);
}

int64_t memory_snapshot_used(const void *value)
{
    return ((const struct kept_snapshot *)value)->used_ms;
}

int journal_memory_put_snapshot(struct journal *j, const char *digest, const char *text,
                                int64_t now_ms, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct kept_snapshot *old = memory_table_find(&m->snapshots, digest);
    struct kept_snapshot *snapshot;

    (void)e;
    if (old != NULL && now_ms - old->used_ms < SNAPSHOT_RENEW_MS)
        return 0;
    snapshot = mem_alloc(sizeof *snapshot);
    *snapshot = (struct kept_snapshot){now_ms, mem_strdup(text)};
    memory_put(m, &m->snapshots, digest, snapshot);
    return 0;
}

int journal_memory_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e)
{
    const struct kept_snapshot *found = memory_table_find(&journal_memory_of(j)->snapshots, digest);

    (void)e;
    *text = found != NULL ? mem_strdup(found->text) : NULL;
    return 0;
}

uint64_t memory_snapshot_bytes(const void *value)
{
    return strlen(((const struct kept_snapshot *)value)->text);
}

/* ---- cursors ---- */

struct kept_cursor {
    char *value;
    uint64_t events;
    int64_t at_ms;
};

void memory_cursor_release(void *value)
{
    struct kept_cursor *cursor = value;

    free(cursor->value);
    free(cursor);
}

int journal_memory_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct kept_cursor *kept = mem_alloc(sizeof *kept);

    (void)e;
    *kept = (struct kept_cursor){mem_strdup(cursor->value), cursor->events, cursor->at_ms};
    memory_put(m, &m->cursors, cursor->source, kept);
    return 0;
}

static int by_key(struct memory_item *a, struct memory_item *b)
{
    return strcmp(a->key, b->key);
}

int journal_memory_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                                struct error *e)
{
    struct memory_table *table = &journal_memory_of(j)->cursors;
    int rc = 0;

    (void)e;
    HASH_SORT(table->items, by_key);
    for (struct memory_item *i = table->items; rc == 0 && i != NULL; i = i->hh.next) {
        const struct kept_cursor *kept = i->value;
        struct cursor cursor = {i->key, kept->value, kept->events, kept->at_ms};
        if (source == NULL || strcmp(source, i->key) == 0)
            rc = each(arg, &cursor);
    }
    return rc;
}

/* ---- events ---- */

int journal_memory_note_events(struct journal *j, const char *source, const char *const *events,
                               size_t count, int64_t at_ms, bool *is_new, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct buf key;

    (void)e;
    buf_init(&key, CURSOR_SOURCE_BYTES + CURSOR_VALUE_BYTES + 32);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&key);
        buf_addf(&key, "%zu:%s:%s", strlen(source), source, events[i]);
        is_new[i] = memory_table_find(&m->events, buf_text(&key)) == NULL;
        if (is_new[i]) {
            int64_t *at = mem_alloc(sizeof *at);
            *at = at_ms;
            memory_put(m, &m->events, buf_text(&key), at);
        }
    }
    buf_release(&key);
    return 0;
}

/* ---- dead letters ---- */

void memory_dead_release(void *item)
{
    dead_letter_release(item);
    free(item);
}

static struct dead_letter *dead_copy(const struct dead_letter *dead)
{
    struct dead_letter *copy = mem_alloc(sizeof *copy);

    *copy = *dead;
    copy->topic = memory_text(dead->topic);
    copy->payload = memory_text(dead->payload);
    copy->error = memory_text(dead->error);
    return copy;
}

int journal_memory_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct dead_letter *copy;
    char id[ID_TEXT_SIZE];

    if (memory_list_find(&m->dead, dead->run) != NULL)
        return error_set(e, ERROR_INTERNAL, "run %s has a dead letter already",
                         id_format(dead->run, id));
    copy = dead_copy(dead);
    copy->settled_ms = 0;
    copy->retry = 0;
    memory_set(m, &m->dead, dead->run, copy);
    return 0;
}

int journal_memory_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg,
                            struct error *e)
{
    const struct dead_letter *dead = memory_list_find(&journal_memory_of(j)->dead, run);

    (void)e;
    return dead != NULL ? each(arg, dead) : 0;
}

int journal_memory_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                             size_t limit, dead_fn *each, void *arg, struct error *e)
{
    const struct memory_list *list = &journal_memory_of(j)->dead;
    size_t at = before == 0 ? list->count : memory_list_place(list, before);
    size_t given = 0;
    int rc = 0;

    (void)e;
    while (at-- > 0 && given < limit && rc == 0) {
        const struct dead_letter *dead = (const struct dead_letter *)list->items[at];
        if ((plugin != NULL && strcmp(plugin, dead->plugin) != 0) ||
            (state >= 0 && (int)dead->state != state))
            continue;
        rc = each(arg, dead);
        given++;
    }
    return rc;
}

int journal_memory_settle_dead(struct journal *j, uint64_t run, enum dead_state state,
                               uint64_t retry, int64_t now_ms, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct dead_letter *dead = memory_list_find(&m->dead, run);
    struct dead_letter *settled;

    if (dead == NULL)
        return journal_no_dead(run, e);
    if (dead->state != DEAD_OPEN)
        return journal_dead_is_settled(run, dead->state, e);
    settled = dead_copy(dead);
    settled->state = state;
    settled->retry = retry;
    settled->settled_ms = now_ms;
    memory_set(m, &m->dead, run, settled);
    return 0;
}
