/* Pending triggers: few rows, deleted by the commit that ends their run. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_postgres_store.h"

const char pgj_insert_pending[] =
    "INSERT INTO journal_pending(id, plugin, trigger, topic, payload, scheduled_at, parent, depth,"
    " deadline_ms) SELECT * FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], "
    "$5::text[],"
    " $6::bigint[], $7::bigint[], $8::integer[], $9::bigint[])";

const char pgj_delete_pending[] = "DELETE FROM journal_pending WHERE id = ANY($1::bigint[])";

static int take_id(void *arg, const struct pg_row *row)
{
    pgj_ids_add(arg, (uint64_t)pg_integer(row, 0, 0));
    return 0;
}

/* Which there are is known by heart, from the first one that is put. */
static int learn_pending(struct journal_postgres *p, struct error *e)
{
    if (p->knows_pending)
        return 0;
    pgj_ids_clear(&p->pending);
    if (pgj_ask(p, "SELECT id FROM journal_pending", 0, NULL, take_id, &p->pending, e) < 0)
        return -1;
    p->knows_pending = true;
    return 0;
}

int pgj_put_pending(struct journal *j, const struct pending *pending, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_batch *b = &p->lists[PGJ_LIST_PENDING];
    struct pg_session *s;
    char id[ID_TEXT_SIZE];

    if (learn_pending(p, e) < 0)
        return -1;
    if (pg_joint_is_repeated(p->joint))
        return 0;
    if (pgj_ids_has(&p->pending, pending->id))
        return error_set(e, ERROR_INTERNAL, "pending %s is on record already",
                         id_format(pending->id, id));
    /* Removals are sent behind what is put. */
    if (pgj_ids_has(&p->txn_gone, pending->id) && pg_joint_send(p->joint, &s, e) < 0)
        return -1;
    pgj_add_integer(b, (int64_t)pending->id);
    pgj_add_text(b, pending->plugin);
    pgj_add_text(b, pgj_trigger_name(pending->kind));
    pgj_add_absent(b, pending->topic);
    pgj_add_absent(b, pending->payload);
    pgj_add_integer(b, pending->scheduled_ms);
    pgj_add_nonzero(b, (int64_t)pending->parent);
    pgj_add_integer(b, (int32_t)pending->depth);
    pgj_add_nonzero(b, pending->deadline_ms);
    pgj_row_end(b);
    pgj_ids_add(&p->pending, pending->id);
    return pgj_collected(p, e);
}

int pgj_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_batch *b = &p->lists[PGJ_LIST_GONE];

    if (id == 0 || id > INT64_MAX)
        return 0;
    pgj_add_integer(b, (int64_t)id);
    pgj_row_end(b);
    pgj_ids_remove(&p->pending, id);
    pgj_ids_add(&p->txn_gone, id);
    return pgj_collected(p, e);
}

struct pendings {
    pending_fn *each;
    void *arg;
    int result;
};

static int give_pending(void *arg, const struct pg_row *row)
{
    struct pendings *walk = arg;
    struct pending pending = {.id = (uint64_t)pg_integer(row, 0, 0)};
    int64_t trigger = pg_integer(row, 2, 0);

    pg_copy(row, 1, pending.plugin, sizeof pending.plugin);
    pending.kind = trigger == 1 ? TRIGGER_CRON : trigger == 2 ? TRIGGER_EVENT : TRIGGER_MANUAL;
    pending.topic = pgj_text_at(row, 3);
    pending.payload = pgj_text_at(row, 4);
    pending.scheduled_ms = pg_integer(row, 5, 0);
    pending.parent = (uint64_t)pg_integer(row, 6, 0);
    pending.depth = (uint32_t)pg_integer(row, 7, 0);
    pending.deadline_ms = pg_integer(row, 8, 0);
    walk->result = walk->each(walk->arg, &pending);
    return walk->result;
}

int pgj_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    struct pendings walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT id, plugin, trigger, topic, payload, scheduled_at, parent, depth,"
                " deadline_ms FROM journal_pending ORDER BY id",
                0, NULL, give_pending, &walk, e) < 0)
        return -1;
    return walk.result;
}
