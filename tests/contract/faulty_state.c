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

/* Counts the call; true when it is the one that fails before it is passed on. */
static bool fails_before(struct faulty *f, bool always_before)
{
    f->calls++;
    return f->calls == f->nth && (always_before || f->when == FAULT_BEFORE);
}

static int fault(struct faulty *f, struct error *e)
{
    return error_set(e, f->code, "injected fault in call %zu", f->calls);
}

static int after(struct faulty *f, int rc, struct error *e)
{
    return rc == 0 && f->calls == f->nth ? fault(f, e) : rc;
}

static int faulty_begin(struct state_store *store, int64_t now_ms, struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails_before(f, true) ? fault(f, e) : state_begin(f->inner, now_ms, e);
}

static int faulty_commit(struct state_store *store, struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails_before(f, true) ? fault(f, e) : state_commit(f->inner, e);
}

static void faulty_rollback(struct state_store *store)
{
    state_rollback(faulty_of(store)->inner);
}

static int faulty_put(struct state_store *store, const char *plugin, const struct state_row *row,
                      struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails_before(f, false))
        return fault(f, e);
    return after(f, state_put(f->inner, plugin, row, e), e);
}

static int faulty_remove(struct state_store *store, const char *plugin, const char *key,
                         size_t key_len, struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails_before(f, false))
        return fault(f, e);
    return after(f, state_remove(f->inner, plugin, key, key_len, e), e);
}

static int faulty_load(struct state_store *store, const char *plugin, int64_t now_ms,
                       state_row_fn *each, void *arg, struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails_before(f, false))
        return fault(f, e);
    return after(f, state_load(f->inner, plugin, now_ms, each, arg, e), e);
}

static int faulty_list(struct state_store *store, state_name_fn *each, void *arg, struct error *e)
{
    struct faulty *f = faulty_of(store);

    if (fails_before(f, false))
        return fault(f, e);
    return after(f, state_list(f->inner, each, arg, e), e);
}

static int faulty_sweep(struct state_store *store, int64_t now_ms, size_t limit, size_t *removed,
                        struct error *e)
{
    struct faulty *f = faulty_of(store);
    size_t count = 0;

    if (fails_before(f, false))
        return fault(f, e);
    if (after(f, state_sweep(f->inner, now_ms, limit, &count, e), e) != 0)
        return -1;
    *removed = count;
    return 0;
}

static int faulty_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                           struct error *e)
{
    struct faulty *f = faulty_of(store);

    return fails_before(f, false) ? fault(f, e) : state_describe(f->inner, now_ms, facts, e);
}

static void faulty_close(struct state_store *store)
{
    state_close(faulty_of(store)->inner);
    free(store);
}

static const struct state_ops ops = {
    .name = "faulty",
    .begin = faulty_begin,
    .commit = faulty_commit,
    .rollback = faulty_rollback,
    .put = faulty_put,
    .remove = faulty_remove,
    .load = faulty_load,
    .list = faulty_list,
    .sweep = faulty_sweep,
    .describe = faulty_describe,
    .close = faulty_close,
};

struct state_store *faulty_state_new(struct state_store *inner, size_t nth, enum fault_when when,
                                     enum error_code code)
{
    struct faulty *f = mem_zero(1, sizeof *f);

    state_store_init(&f->base, &ops);
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
