#include "contract/faulty_state.h"

#include <stdlib.h>

#include "base/mem.h"

struct faulty {
    struct state_store base;
    struct state_store *inner;
    size_t nth;
    size_t calls;
    enum fault_when when;
    enum error_code code;
};

static struct faulty *faulty_of(struct state_store *store)
{
    return (struct faulty *)store;
}

static int fault(struct faulty *f, struct error *e)
{
    return error_set(e, f->code, "injected fault in call %zu", f->calls);
}

/* Counts the call; true, with the error, when it fails before it is passed on. */
static bool fails(struct faulty *f, struct error *e)
{
    if (++f->calls != f->nth || f->when == FAULT_AFTER)
        return false;
    fault(f, e);
    return true;
}

/* What the caller hears of a call that was passed on. */
static int heard(struct faulty *f, int rc, struct error *e)
{
    return rc == 0 && f->calls == f->nth ? fault(f, e) : rc;
}

/* ---- transactions ---- */

static int faulty_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails(f, e))
        return -1;
    if (heard(f, state_begin(f->inner, now_ms, e), e) == 0)
        return 0;
    state_rollback(f->inner); /* nobody will */
    return -1;
}

static int faulty_commit(struct state_store *store, struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails(f, e))
        return -1;
    if (f->calls == f->nth && f->code != ERROR_STORE_DOWN)
        return fault(f, e);
    return heard(f, state_commit(f->inner, e), e);
}

static void faulty_rollback(struct state_store *store)
{
    state_rollback(faulty_of(store)->inner);
}

static int faulty_put(struct state_store *store, const char *plugin, const struct state_row *row,
                      struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_put(f->inner, plugin, row, e), e);
}

static int faulty_remove(struct state_store *store, const char *plugin, const char *key,
                         size_t key_len, struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_remove(f->inner, plugin, key, key_len, e), e);
}

static int faulty_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                        struct error *e)
{
    struct faulty *f = faulty_of(store);
    size_t count = 0;

    if (fails(f, e) || heard(f, state_sweep(f->inner, now_ms, limit, &count, e), e) != 0)
        return -1;
    *removed = count;
    return 0;
}

/* ---- reads ---- */

static int faulty_load(struct state_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_load(f->inner, plugin, now_ms, each, arg, e), e);
}

static int faulty_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_list(f->inner, each, arg, e), e);
}

static int faulty_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    struct faulty *f = faulty_of(store);
    struct state_facts found;

    if (fails(f, e) || heard(f, state_describe(f->inner, now_ms, &found, e), e) != 0)
        return -1;
    *facts = found;
    return 0;
}

static void faulty_close(struct state_store *store)
{
    state_close(faulty_of(store)->inner);
    free(store);
}

/* ---- leases ---- */

static int faulty_take(struct state_store *store, const char *plugin,
                       const struct state_claim *claim, bool *granted, struct state_lease *lease,
                       struct error *e)
{
    struct faulty *f = faulty_of(store);
    struct state_lease found;
    bool given;

    if (fails(f, e) ||
        heard(f, state_lease_take(f->inner, plugin, claim, &given, &found, e), e) != 0)
        return -1;
    *granted = given;
    *lease = found;
    return 0;
}

static int faulty_renew(struct state_store *store, struct state_hold *holds, size_t count,
                        int64_t ttl_ms, struct error *e)
{
    struct faulty *f = faulty_of(store);
    struct state_hold *copy;
    int rc;

    if (fails(f, e))
        return -1;
    copy = mem_alloc(count * sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = holds[i];
    rc = heard(f, state_lease_renew(f->inner, copy, count, ttl_ms, e), e);
    for (size_t i = 0; i < count && rc == 0; i++)
        holds[i] = copy[i];
    free(copy);
    return rc;
}

static int faulty_release(struct state_store *store, const struct state_hold *holds, size_t count,
                          struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_lease_release(f->inner, holds, count, e), e);
}

static int faulty_lease_list(struct state_store *store, state_lease_fn *each, void *arg,
                             struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_lease_list(f->inner, each, arg, e), e);
}

static int faulty_fence(struct state_store *store, const char *plugin, uint64_t token,
                        struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_fence(f->inner, plugin, token, e), e);
}

static int faulty_stamp(struct state_store *store, const char *writer, uint64_t number,
                        struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails(f, e) ? -1 : heard(f, state_stamp(f->inner, writer, number, e), e);
}

/* ---- the wrapper ---- */

#define FAULTY_OPS                                                                                 \
    .name = "faulty", .begin = faulty_begin, .commit = faulty_commit, .rollback = faulty_rollback, \
    .put = faulty_put, .remove = faulty_remove, .load = faulty_load, .list = faulty_list,          \
    .sweep = faulty_sweep, .describe = faulty_describe, .close = faulty_close

static const struct state_lease_ops leases = {
    .take = faulty_take,
    .renew = faulty_renew,
    .release = faulty_release,
    .list = faulty_lease_list,
    .fence = faulty_fence,
    .stamp = faulty_stamp,
};

static const struct state_ops own_ops = {FAULTY_OPS};
static const struct state_ops shared_ops = {FAULTY_OPS, .leases = &leases};

struct state_store *faulty_state_new(struct state_store *inner, size_t nth, enum fault_when when,
                                     enum error_code code)
{
    struct faulty *f = mem_zero(1, sizeof *f);

    state_store_init(&f->base, state_is_shared(inner) ? &shared_ops : &own_ops);
    f->inner = inner;
    f->nth = nth;
    f->when = when;
    f->code = code;
    return &f->base;
}

void faulty_state_arm(struct state_store *faulty, size_t nth)
{
    faulty_of(faulty)->nth = nth;
    faulty_of(faulty)->calls = 0;
}

struct state_store *faulty_state_unwrap(struct state_store *faulty)
{
    struct state_store *inner = faulty_of(faulty)->inner;

    state_rollback(faulty);
    free(faulty);
    return inner;
}
