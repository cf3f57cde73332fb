/*
 * State beside a journal in the same database: on its connection and in its transaction.
 *
 * What a transaction of state has collected is handed over at its commit, behind what the journal
 * has put so far; it becomes durable with the outermost commit, which is where a fence or a stamp
 * that does not hold is heard of. What these were is kept until then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/postgres_apply.h"
#include "state/postgres_schema.h"
#include "state/postgres_store.h"

static void forget_sent(struct state_postgres *p)
{
    struct remote_fence *f, *next;

    HASH_ITER(hh, p->sent.fences, f, next)
    {
        HASH_DEL(p->sent.fences, f);
        free(f);
    }
    free(p->sent.writer);
    p->sent = (struct remote_txn){0};
}

/* Several transactions of state may be part of one: all of their fences. */
static void keep_sent(struct state_postgres *p, const struct remote_txn *txn)
{
    for (const struct remote_fence *f = txn->fences; f != NULL; f = f->hh.next) {
        struct remote_fence *kept;
        HASH_FIND_STR(p->sent.fences, f->plugin, kept);
        if (kept == NULL) {
            kept = mem_zero(1, sizeof *kept);
            memcpy(kept->plugin, f->plugin, sizeof kept->plugin);
            HASH_ADD_STR(p->sent.fences, plugin, kept);
        }
        kept->token = f->token;
    }
    if (txn->writer != NULL) {
        free(p->sent.writer);
        p->sent.writer = mem_strdup(txn->writer);
        p->sent.number = txn->number;
    }
}

static int joined_apply(struct remote_store *store, const struct remote_txn *txn, struct error *e)
{
    struct state_postgres *p = pg_store_of(&store->base);
    struct pg_session *s;

    if (pg_joint_send(p->joint, &s, e) < 0)
        return -1;
    keep_sent(p, txn);
    return s == NULL ? 0 : pg_apply_send(s, txn, e);
}

/* ---- as a member of the connection ---- */

static struct state_postgres *of_member(struct pg_member *m)
{
    return (struct state_postgres *)((char *)m - offsetof(struct state_postgres, member));
}

static int on_connected(struct pg_member *m, struct pg_session *s, enum store_mode mode,
                        struct error *e)
{
    struct state_postgres *p = of_member(m);

    memcpy(p->remote.base.warnings, pg_joint_warnings(p->joint), sizeof p->remote.base.warnings);
    return pg_schema_open(s, mode, p->opened_ms, e);
}

static int on_flush(struct pg_member *m, struct pg_session *s, struct error *e)
{
    (void)m, (void)s, (void)e;
    return 0;
}

static enum pg_verdict on_refused(struct pg_member *m, struct pg_session *s,
                                  const struct pg_failure *failure, struct error *e)
{
    struct state_postgres *p = of_member(m);
    int verdict = pg_apply_judge(&p->remote, s, &p->sent, failure, e);

    return verdict > 0 ? PG_REPEATED : verdict < 0 ? PG_REFUSED : PG_NOT_MINE;
}

static void on_ended(struct pg_member *m, bool committed)
{
    (void)committed;
    forget_sent(of_member(m));
}

/* ---- the store ---- */

static int joined_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    if (pg_joint_begin(pg_store_of(store)->joint, e) < 0)
        return -1;
    return remote_begin(store, now_ms, e);
}

static int joined_commit(struct state_store *store, struct error *e)
{
    if (remote_commit(store, e) < 0)
        return -1;
    return pg_joint_commit(pg_store_of(store)->joint, e);
}

static void joined_rollback(struct state_store *store)
{
    remote_rollback(store);
    pg_joint_rollback(pg_store_of(store)->joint);
}

static void joined_close(struct state_store *store)
{
    struct state_postgres *p = pg_store_of(store);

    pg_joint_remove(p->joint, &p->member);
    remote_release(&p->remote);
    forget_sent(p);
    free(p);
}

static const struct state_ops ops = {
    .name = "postgres",
    .begin = joined_begin,
    .commit = joined_commit,
    .rollback = joined_rollback,
    .put = remote_put,
    .remove = remote_remove,
    .load = remote_load,
    .list = remote_list,
    .sweep = remote_sweep,
    .describe = pg_store_describe,
    .close = joined_close,
    .leases = &pg_store_leases,
};

static const struct remote_ops remote = {
    .apply = joined_apply,
    .load = pg_store_load,
    .list = pg_store_list,
    .expired = pg_store_expired,
};

int state_postgres_join(struct state_store **out, struct pg_joint *joint, int64_t now_ms,
                        struct error *e)
{
    struct state_postgres *p = mem_zero(1, sizeof *p);

    remote_init(&p->remote, &ops, &remote);
    p->joint = joint;
    p->mode = pg_joint_mode(joint);
    p->opened_ms = now_ms;
    p->member = (struct pg_member){
        .connected = on_connected, .flush = on_flush, .refused = on_refused, .ended = on_ended};
    if (pg_joint_add(joint, &p->member, e) < 0) {
        joined_close(&p->remote.base);
        return -1;
    }
    *out = &p->remote.base;
    return 0;
}
