/* Servers that are away or do not answer: STORE_DOWN in good time, and then all is well again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "contract/proxy.h"
#include "contract/state_rules.h"

#define TIMEOUT_MS 400
#define SLACK_MS   3000 /* a slow machine under a sanitizer */
#define LONG_MS    60000

struct outage {
    struct state_fixture *direct;
    struct state_fixture via;
    struct proxy *proxy;
};

static struct state_route route_of(const struct outage *o, enum store_mode mode)
{
    return (struct state_route){
        .port = proxy_port(o->proxy), .timeout_ms = TIMEOUT_MS, .mode = mode};
}

static const char *with_proxy(struct state_fixture *f, const char *(*body)(struct outage *o))
{
    struct outage o = {.direct = f, .via = *f};
    struct state_route route;
    struct error e = ERROR_INIT;
    const char *broken;

    o.via.store = NULL;
    o.proxy = proxy_start(f->backend->port(f->where));
    route = route_of(&o, STORE_CREATE);
    broken = suite_ok(f->backend->open_at(f->where, &route, &o.via.store, &e), &e)
                 ? body(&o)
                 : state_suite_broken(__FILE__, __LINE__, "open through the proxy");
    state_close(o.via.store);
    proxy_stop(o.proxy);
    return broken;
}

/* ---- each call once ---- */

/* Outputs of a call, with values that no call gives. */
struct outputs {
    struct state_facts facts;
    struct state_lease lease;
    struct state_hold holds[2];
    size_t removed;
    bool granted;
    int rows;
};

static struct outputs untouched(void)
{
    struct outputs o;

    memset(&o, 0x55, sizeof o);
    o.holds[0] = (struct state_hold){"p", 1, true};
    o.holds[1] = (struct state_hold){"p", 2, false};
    o.granted = true;
    o.rows = 0;
    return o;
}

static bool are_untouched(const struct outputs *o)
{
    struct outputs clean = untouched();

    return memcmp(&o->facts, &clean.facts, sizeof o->facts) == 0 &&
           memcmp(&o->lease, &clean.lease, sizeof o->lease) == 0 && o->holds[0].held &&
           !o->holds[1].held && o->removed == clean.removed && o->granted && o->rows == 0;
}

static int count_row(void *arg, const struct state_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int count_name(void *arg, const char *plugin)
{
    (void)plugin;
    ++*(int *)arg;
    return 0;
}

static int count_lease(void *arg, const struct state_lease *lease)
{
    (void)lease;
    ++*(int *)arg;
    return 0;
}

static int call_write(struct state_fixture *f, struct outputs *o, struct error *e)
{
    struct state_row row = {"k", 1, "1", 1, 0};
    int rc = -1;

    (void)o;
    if (state_begin(f->store, suite_now(f, 1), e) == 0 && state_put(f->store, "p", &row, e) == 0)
        rc = state_commit(f->store, e);
    state_rollback(f->store);
    return rc;
}

static int call_load(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_load(f->store, "p", suite_now(f, 0), count_row, &o->rows, e);
}

static int call_list(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_list(f->store, count_name, &o->rows, e);
}

static int call_sweep(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_sweep(f->store, suite_now(f, 50), 10, &o->removed, e);
}

static int call_describe(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_describe(f->store, suite_now(f, 0), &o->facts, e);
}

static int call_take(struct state_fixture *f, struct outputs *o, struct error *e)
{
    struct state_claim claim = {"me", "a test", LONG_MS, true};

    return state_lease_take(f->store, "p", &claim, &o->granted, &o->lease, e);
}

static int call_renew(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_lease_renew(f->store, o->holds, 2, LONG_MS, e);
}

static int call_release(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_lease_release(f->store, o->holds, 2, e);
}

static int call_leases(struct state_fixture *f, struct outputs *o, struct error *e)
{
    return state_lease_list(f->store, count_lease, &o->rows, e);
}

typedef int call_fn(struct state_fixture *f, struct outputs *o, struct error *e);

static const struct {
    const char *name;
    call_fn *call;
} calls[] = {
    {"commit", call_write}, {"load", call_load},         {"list", call_list},
    {"sweep", call_sweep},  {"describe", call_describe}, {"take", call_take},
    {"renew", call_renew},  {"release", call_release},   {"list leases", call_leases},
};
#define CALLS (sizeof calls / sizeof calls[0])

/* In words, because the same lines check all calls. */
static const char *about(size_t call, const char *what)
{
    static char text[96];

    snprintf(text, sizeof text, "%s: %s", calls[call].name, what);
    return state_suite_broken(__FILE__, __LINE__, text);
}

/* The call fails with STORE_DOWN, in good time, and gives nothing. */
static const char *is_down(struct outage *o, size_t call)
{
    struct outputs out = untouched();
    struct error e = ERROR_INIT;
    struct clock clock;
    int64_t begun;
    int rc;

    clock_init_real(&clock);
    begun = clock_mono_ns(&clock);
    rc = calls[call].call(&o->via, &out, &e);
    if (!suite_refused(rc, &e, ERROR_STORE_DOWN))
        return about(call, "is not STORE_DOWN");
    if ((clock_mono_ns(&clock) - begun) / 1000000 > TIMEOUT_MS + SLACK_MS)
        return about(call, "takes longer than its timeout");
    return are_untouched(&out) ? NULL : about(call, "gave something although it failed");
}

static const char *is_up(struct outage *o, size_t call)
{
    struct outputs out = untouched();
    struct error e = ERROR_INIT;

    return suite_ok(calls[call].call(&o->via, &out, &e), &e) ? NULL : about(call, "does not work");
}

/* ---- a server that goes away and comes back ---- */

static const char *away_body(struct outage *o)
{
    KEEPS(suite_put(o->direct, "p", "before", "1", 0));
    for (size_t call = 0; call < CALLS; call++) {
        proxy_refuse(o->proxy, true);
        PASSES(is_down(o, call)); /* the connection breaks */
        PASSES(is_down(o, call)); /* and there is no other one */
        proxy_refuse(o->proxy, false);
        PASSES(is_up(o, call));
    }
    KEEPS(SAME(suite_dump(&o->via, "p", 0), "before=1@0\nk=1@0\n"));
    return NULL;
}

static const char *a_server_goes_away_and_comes_back(struct state_fixture *f)
{
    return with_proxy(f, away_body);
}

/* The transaction was begun before; its writes are there, its commit fails, nothing is written. */
static const char *in_between_body(struct outage *o)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_put(o->direct, "p", "k", "1", 0));
    KEEPS(suite_begin(&o->via));
    KEEPS(suite_write(&o->via, "p", "k", 1, "2", 0));
    proxy_refuse(o->proxy, true);
    KEEPS(suite_refused(state_commit(o->via.store, &e), &e, ERROR_STORE_DOWN));
    state_rollback(o->via.store);
    KEEPS(SAME(suite_dump(o->direct, "p", 0), "k=1@0\n"));
    proxy_refuse(o->proxy, false);
    KEEPS(SAME(suite_dump(&o->via, "p", 0), "k=1@0\n"));
    KEEPS(suite_put(&o->via, "p", "k", "3", 0));
    KEEPS(SAME(suite_dump(o->direct, "p", 0), "k=3@0\n"));
    return NULL;
}

static const char *a_server_goes_away_in_a_transaction(struct state_fixture *f)
{
    return with_proxy(f, in_between_body);
}

/* After a read that failed inside a transaction the rollback leaves nothing of it. */
static const char *failed_read_body(struct outage *o)
{
    struct outputs out = untouched();
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(&o->via));
    KEEPS(suite_write(&o->via, "p", "k", 1, "1", 0));
    proxy_refuse(o->proxy, true);
    KEEPS(suite_refused(call_load(&o->via, &out, &e), &e, ERROR_STORE_DOWN));
    state_rollback(o->via.store);
    proxy_refuse(o->proxy, false);
    KEEPS(suite_put(&o->via, "q", "k", "2", 0));
    KEEPS(SAME(suite_names(o->direct), "q\n"));
    return NULL;
}

static const char *a_read_fails_in_a_transaction(struct state_fixture *f)
{
    return with_proxy(f, failed_read_body);
}

/* ---- a server that does not answer ---- */

static const char *silent_body(struct outage *o)
{
    for (size_t call = 0; call < CALLS; call++) {
        PASSES(is_up(o, call));
        proxy_arm(o->proxy, PROXY_STALL, call == 1 ? PROXY_TO_SERVER : PROXY_TO_CLIENT, 0);
        PASSES(is_down(o, call));
        proxy_disarm(o->proxy);
        PASSES(is_up(o, call));
    }
    return NULL;
}

static const char *a_silent_server_is_given_up(struct state_fixture *f)
{
    return with_proxy(f, silent_body);
}

/* ---- every call, cut ---- */

static const char *cut_call(struct outage *o, size_t call)
{
    struct outputs out = untouched();
    struct error e = ERROR_INIT;
    size_t totals[2];

    proxy_disarm(o->proxy);
    PASSES(is_up(o, call));
    for (int side = 0; side < 2; side++)
        totals[side] = proxy_count(o->proxy, (enum proxy_side)side);
    for (size_t i = 0; i < 8; i++) {
        enum proxy_side side = i % 2 ? PROXY_TO_CLIENT : PROXY_TO_SERVER;
        int rc;
        out = untouched();
        proxy_arm(o->proxy, i % 4 < 2 ? PROXY_CUT : PROXY_RESET, side, totals[side] * (i / 2) / 4);
        rc = calls[call].call(&o->via, &out, &e);
        proxy_disarm(o->proxy);
        if (rc != 0 && !suite_refused(rc, &e, ERROR_STORE_DOWN))
            return about(call, "is not STORE_DOWN when it is cut");
        if (rc != 0 && !are_untouched(&out))
            return about(call, "gave something although it was cut");
        PASSES(is_up(o, call));
    }
    return NULL;
}

static const char *calls_body(struct outage *o)
{
    KEEPS(suite_put(o->direct, "p", "a", "1", 0));
    KEEPS(suite_put(o->direct, "q", "b", "\"quite long a value for a row\"", 0));
    for (size_t call = 0; call < CALLS; call++)
        PASSES(cut_call(o, call));
    KEEPS(SAME(suite_dump(o->direct, "p", 0), "a=1@0\nk=1@0\n"));
    return NULL;
}

static const char *every_call_is_cut(struct state_fixture *f)
{
    return with_proxy(f, calls_body);
}

/* ---- opening ---- */

static const char *opening_fails(struct outage *o, struct state_route route)
{
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;
    struct clock clock;
    char text[1200];
    int64_t begun;
    int rc;

    route.secret = "hunter2-and-more";
    clock_init_real(&clock);
    begun = clock_mono_ns(&clock);
    rc = o->direct->backend->open_at(o->direct->where, &route, &store, &e);
    KEEPS(strstr(error_format(&e, text, sizeof text), "hunter2") == NULL);
    KEEPS(suite_refused(rc, &e, ERROR_STORE_DOWN) && store == NULL);
    KEEPS((clock_mono_ns(&clock) - begun) / 1000000 <= TIMEOUT_MS + SLACK_MS);
    return NULL;
}

static const char *opening_body(struct outage *o)
{
    static const enum store_mode modes[] = {STORE_CREATE, STORE_OPEN, STORE_INSPECT};

    for (size_t i = 0; i < 3; i++) {
        proxy_refuse(o->proxy, true);
        PASSES(opening_fails(o, route_of(o, modes[i])));
        proxy_refuse(o->proxy, false);
        proxy_arm(o->proxy, PROXY_STALL, i == 0 ? PROXY_TO_SERVER : PROXY_TO_CLIENT, 0);
        PASSES(opening_fails(o, route_of(o, modes[i])));
        proxy_disarm(o->proxy);
    }
    return NULL;
}

static const char *opening_a_server_that_is_away(struct state_fixture *f)
{
    return with_proxy(f, opening_body);
}

static const char *opens_in_mode(struct state_fixture *f, enum store_mode mode)
{
    struct state_route route = {.mode = mode};
    struct state_fixture second = *f;
    struct error e = ERROR_INIT;
    bool same, written;

    KEEPS(suite_ok(f->backend->open_at(f->where, &route, &second.store, &e), &e));
    same = SAME(suite_dump(&second, "p", 0), "k=1@0\n") && SAME(suite_names(&second), "p\n");
    written = suite_put(&second, "p", "l", "2", 0);
    state_close(second.store);
    KEEPS(same);
    KEEPS(written == (mode != STORE_INSPECT));
    KEEPS(SAME(suite_dump(f, "p", 0), written ? "k=1@0\nl=2@0\n" : "k=1@0\n"));
    return NULL;
}

/* Who inspects reads, and writes nothing; who opens finds what was created. */
static const char *inspecting_reads_only(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "k", "1", 0));
    PASSES(opens_in_mode(f, STORE_INSPECT));
    PASSES(opens_in_mode(f, STORE_OPEN));
    return NULL;
}

static const struct state_rule rules[] = {
    FOR(SERVER, a_server_goes_away_and_comes_back),
    FOR(SERVER, a_server_goes_away_in_a_transaction),
    FOR(SERVER, a_read_fails_in_a_transaction),
    FOR(SERVER, a_silent_server_is_given_up),
    FOR(SERVER, every_call_is_cut),
    FOR(SERVER, opening_a_server_that_is_away),
    FOR(SERVER, inspecting_reads_only),
};
CHAPTER(outages);
