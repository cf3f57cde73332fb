/*
 * Connections that break in every place of a commit: all or nothing, and once.
 *
 * A transaction of many writes is committed, under a stamp, through a proxy that cuts the
 * connection after so many bytes of the conversation. Seen directly, the store then holds all of it
 * or nothing; the same transaction is repeated under the same stamp, by the same store object,
 * until it succeeds; then all of it is there, and repeating it once more undoes nobody's later
 * write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/proxy.h"
#include "contract/state_rules.h"

#define WRITES  40
#define SAMPLES 20 /* offsets per direction */

static const char *const plugins[] = {"alpha", "beta", "gamma"};
#define PLUGINS (sizeof plugins / sizeof plugins[0])

/* The place seen directly, and through the proxy. */
struct cutter {
    struct state_fixture *direct;
    struct state_fixture via;
    struct proxy *proxy;
    uint64_t number;      /* of the transaction; its writes depend on it */
    uint64_t token;       /* it is fenced, too */
    size_t padding;       /* bytes of each value, more or less */
    size_t cuts, applied; /* how many happened; how many of them hit an applied transaction */
};

/* ---- the transaction ---- */

static char *value_of(const struct cutter *c, uint64_t number, size_t write)
{
    static char value[256 * 1024];
    size_t size = c->padding + (number + write) % 7;

    memset(value, 'v', size + 40);
    value[0] = '"';
    snprintf(value + size + 1, sizeof value - size - 1, "%llu-%zu\"", (unsigned long long)number,
             write);
    return value;
}

static bool write_all(struct cutter *c)
{
    bool even = c->number % 2 == 0;
    char key[8];

    for (size_t i = 0; i < WRITES; i++) {
        snprintf(key, sizeof key, "k%02zu", i);
        if (!suite_write(&c->via, plugins[i % PLUGINS], key, 3, value_of(c, c->number, i), 0))
            return false;
    }
    return suite_erase(&c->via, "alpha", even ? "even" : "odd", even ? 4 : 3) &&
           suite_write(&c->via, "alpha", even ? "odd" : "even", even ? 3 : 4, "1", 5000);
}

/* Commits the transaction of this number through the proxy. */
static int commit(struct cutter *c, struct error *e)
{
    int rc = -1;

    if (state_begin(c->via.store, suite_now(&c->via, 1), e) == 0 &&
        state_stamp(c->via.store, c->via.writer, c->number, e) == 0 &&
        state_fence(c->via.store, "alpha", c->token, e) == 0 && write_all(c))
        rc = state_commit(c->via.store, e);
    state_rollback(c->via.store);
    return rc;
}

/* What a plugin has to hold after this transaction. */
static bool holds(struct cutter *c, size_t plugin, uint64_t number)
{
    struct buf expected;
    bool same;

    buf_init(&expected, 64 * 1024 * 1024);
    if (plugin == 0)
        buf_addf(&expected, "%s=1@5000\n", number % 2 == 0 ? "odd" : "even");
    for (size_t i = plugin; i < WRITES; i += PLUGINS)
        buf_addf(&expected, "k%02zu=%s@0\n", i, value_of(c, number, i));
    same = strlen(suite_dump(c->direct, plugins[plugin], 0)) == expected.len;
    /* "even" comes before "k…", "odd" behind it */
    if (plugin == 0 && number % 2 == 0) {
        size_t head = strlen("odd=1@5000\n");
        buf_addf(&expected, "%.*s", (int)head, buf_text(&expected));
        buf_drop(&expected, head);
    }
    same = same && SAME(suite_dump(c->direct, plugins[plugin], 0), buf_text(&expected));
    buf_release(&expected);
    return same;
}

static bool holds_all(struct cutter *c, uint64_t number)
{
    for (size_t i = 0; i < PLUGINS; i++)
        if (!holds(c, i, number))
            return false;
    return true;
}

static const char *is_done_once(struct cutter *c)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_ok(commit(c, &e), &e));
    KEEPS(holds_all(c, c->number));
    KEEPS(suite_put(c->direct, "beta", "k01", "\"later\"", 0));
    KEEPS(suite_put(c->direct, "delta", "only", "\"later\"", 0));
    KEEPS(suite_ok(commit(c, &e), &e)); /* recorded already */
    KEEPS(strstr(suite_dump(c->direct, "beta", 0), "k01=\"later\"@0\n") != NULL);
    KEEPS(SAME(suite_dump(c->direct, "delta", 0), "only=\"later\"@0\n"));
    return NULL;
}

/* ---- the conversation ---- */

static int open_via(struct state_fixture *direct, struct proxy *proxy, int64_t timeout_ms,
                    struct state_fixture *via, struct error *e)
{
    struct state_route route = {
        .port = proxy_port(proxy), .timeout_ms = timeout_ms, .mode = STORE_CREATE};

    *via = *direct;
    via->store = NULL;
    return direct->backend->open_at(direct->where, &route, &via->store, e);
}

/* The next call finds no connection for certain. */
static void forget_connection(struct cutter *c)
{
    struct error e = ERROR_INIT;

    proxy_refuse(c->proxy, true);
    suite_names(&c->via);
    proxy_refuse(c->proxy, false);
    error_clear(&e);
}

/* How many bytes the transaction takes in each direction, on a healthy way. */
static const char *measure(struct cutter *c, bool cold, size_t totals[2])
{
    struct error e = ERROR_INIT;

    c->number++;
    if (cold)
        forget_connection(c);
    proxy_disarm(c->proxy);
    KEEPS(suite_ok(commit(c, &e), &e));
    totals[PROXY_TO_SERVER] = proxy_count(c->proxy, PROXY_TO_SERVER);
    totals[PROXY_TO_CLIENT] = proxy_count(c->proxy, PROXY_TO_CLIENT);
    KEEPS(totals[0] > 0 && totals[1] > 0);
    return is_done_once(c);
}

/* One transaction, cut. */
static const char *cut_once(struct cutter *c, enum proxy_deed deed, enum proxy_side side,
                            size_t after)
{
    struct error e = ERROR_INIT;
    bool before;
    int rc;

    KEEPS(suite_put(c->direct, "beta", "k01", value_of(c, c->number, 1), 0));
    KEEPS(holds_all(c, c->number));
    c->number++;
    proxy_arm(c->proxy, deed, side, after);
    rc = commit(c, &e);
    KEEPS(rc == 0 || suite_refused(rc, &e, ERROR_STORE_DOWN));
    c->cuts += proxy_disarm(c->proxy);
    before = holds_all(c, c->number - 1);
    KEEPS(before || holds_all(c, c->number));
    KEEPS(rc != 0 || !before);
    c->applied += rc != 0 && !before;
    if (rc == 0) /* the cut came behind it: the next call may be the one that notices */
        suite_names(&c->via);
    return is_done_once(c);
}

static const char *cut_everywhere(struct cutter *c, bool cold)
{
    size_t totals[2];

    PASSES(measure(c, cold, totals));
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < SAMPLES; i++) {
            /* the first and the last bytes, and evenly in between */
            size_t after = i < 2              ? i
                           : i >= SAMPLES - 2 ? totals[side] - (SAMPLES - 1 - i)
                                              : totals[side] * i / SAMPLES;
            if (cold)
                forget_connection(c);
            PASSES(cut_once(c, i % 2 ? PROXY_RESET : PROXY_CUT, (enum proxy_side)side, after));
        }
    return NULL;
}

static const char *with_proxy(struct state_fixture *f, size_t padding, int64_t timeout_ms,
                              const char *(*body)(struct cutter *c))
{
    struct cutter c = {.direct = f, .padding = padding};
    struct error e = ERROR_INIT;
    const char *broken;

    c.proxy = proxy_start(f->backend->port(f->where));
    c.token = suite_grant(f, "alpha", "me", 600000);
    broken = c.token > 0 && suite_ok(open_via(f, c.proxy, timeout_ms, &c.via, &e), &e)
                 ? body(&c)
                 : state_suite_broken(__FILE__, __LINE__, "open through the proxy");
    state_close(c.via.store);
    proxy_stop(c.proxy);
    return broken;
}

static const char *cut_warm_body(struct cutter *c)
{
    PASSES(cut_everywhere(c, false));
    KEEPS(c->cuts >= SAMPLES);
    KEEPS(c->applied > 0); /* else the answer was never cut off */
    return NULL;
}

static const char *a_commit_is_cut_everywhere(struct state_fixture *f)
{
    return with_proxy(f, 300, 5000, cut_warm_body);
}

static const char *cut_cold_body(struct cutter *c)
{
    PASSES(cut_everywhere(c, true));
    KEEPS(c->cuts >= SAMPLES);
    return NULL;
}

/* Connecting, login and examination are part of the conversation here. */
static const char *a_commit_is_cut_while_connecting(struct state_fixture *f)
{
    return with_proxy(f, 30, 5000, cut_cold_body);
}

static const char *cut_large_body(struct cutter *c)
{
    size_t totals[2];

    PASSES(measure(c, false, totals));
    for (size_t i = 1; i < 3; i++) /* a server may wait for the rest for seconds */
        PASSES(cut_once(c, PROXY_CUT, PROXY_TO_SERVER, totals[PROXY_TO_SERVER] * i / 3));
    return cut_once(c, PROXY_RESET, PROXY_TO_CLIENT, totals[PROXY_TO_CLIENT] / 2);
}

/* 8 MiB, which no backend sends in one piece. */
static const char *a_large_commit_is_cut(struct state_fixture *f)
{
    return with_proxy(f, 200 * 1024, 10000, cut_large_body);
}

static const char *stall_body(struct cutter *c)
{
    size_t totals[2];

    PASSES(measure(c, false, totals));
    for (size_t i = 0; i < 4; i++)
        PASSES(cut_once(c, PROXY_STALL, PROXY_TO_SERVER, totals[PROXY_TO_SERVER] * i / 4));
    for (size_t i = 0; i < 2; i++)
        PASSES(cut_once(c, PROXY_STALL, PROXY_TO_CLIENT, totals[PROXY_TO_CLIENT] * i / 2));
    return NULL;
}

static const char *a_commit_gets_stuck_everywhere(struct state_fixture *f)
{
    return with_proxy(f, 300, 500, stall_body);
}

/* ---- what arrives late ---- */

/* The client is cut off; its bytes arrive after it has gone on. */
static const char *deliver_late(struct cutter *c, size_t after)
{
    struct error e = ERROR_INIT;
    bool repeated;

    KEEPS(suite_put(c->direct, "beta", "k01", value_of(c, c->number, 1), 0));
    KEEPS(holds_all(c, c->number));
    c->number++;
    proxy_arm(c->proxy, PROXY_HOLD, PROXY_TO_SERVER, after);
    if (commit(c, &e) == 0) { /* nothing was left to be held */
        proxy_disarm(c->proxy);
        proxy_deliver(c->proxy);
        return is_done_once(c);
    }
    KEEPS(suite_refused(-1, &e, ERROR_STORE_DOWN));
    KEEPS(proxy_disarm(c->proxy));
    /* The old connection may hold locks until the server gives it up: then it has to end first. */
    repeated = commit(c, &e) == 0;
    KEEPS(repeated || e.code == ERROR_STORE_DOWN || e.code == ERROR_STORE ||
          suite_refused(-1, &e, ERROR_STORE_LOCKED));
    error_clear(&e);
    if (repeated) {
        c->applied++;
        KEEPS(holds_all(c, c->number));
        KEEPS(suite_put(c->direct, "beta", "k01", "\"later\"", 0));
    }
    c->cuts += proxy_deliver(c->proxy) > 0;
    if (repeated) {
        KEEPS(strstr(suite_dump(c->direct, "beta", 0), "k01=\"later\"@0\n") != NULL);
        KEEPS(suite_put(c->direct, "beta", "k01", value_of(c, c->number, 1), 0));
    }
    return is_done_once(c);
}

static const char *late_body(struct cutter *c)
{
    size_t totals[2];

    PASSES(measure(c, false, totals));
    for (size_t i = 0; i < 12; i++)
        PASSES(deliver_late(c, totals[PROXY_TO_SERVER] * i / 12));
    KEEPS(c->cuts > 0);
    KEEPS(c->applied > 0); /* else nobody ever went on before it arrived */
    return NULL;
}

static const char *a_late_delivery_undoes_nothing(struct state_fixture *f)
{
    return with_proxy(f, 300, 1000, late_body);
}

/* The plugin's lease, taken over by a daemon that does not wait for long. */
static bool take_over(struct cutter *c)
{
    struct state_route route = {.timeout_ms = 700, .mode = STORE_OPEN};
    struct state_claim claim = {"me", "a test", 600000, true};
    struct state_store *store;
    struct state_lease lease;
    struct error e = ERROR_INIT;
    bool granted = false;

    if (!suite_ok(c->direct->backend->open_at(c->direct->where, &route, &store, &e), &e))
        return false;
    if (suite_ok(state_lease_take(store, "alpha", &claim, &granted, &lease, &e), &e) && granted)
        c->token = lease.token;
    state_close(store);
    return granted;
}

/* The client is cut off, and loses the lease; then its bytes arrive. */
static const char *deliver_to_another_owner(struct cutter *c, size_t after)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_put(c->direct, "beta", "k01", value_of(c, c->number, 1), 0));
    c->number++;
    proxy_arm(c->proxy, PROXY_HOLD, PROXY_TO_SERVER, after);
    KEEPS(suite_refused(commit(c, &e), &e, ERROR_STORE_DOWN));
    KEEPS(proxy_disarm(c->proxy));
    if (take_over(c)) {
        c->applied++;
        KEEPS(holds_all(c, c->number - 1));
        KEEPS(suite_put(c->direct, "beta", "k01", "\"the new owner's\"", 0));
        c->cuts += proxy_deliver(c->proxy) > 0;
        KEEPS(holds(c, 0, c->number - 1) && holds(c, 2, c->number - 1));
        KEEPS(strstr(suite_dump(c->direct, "beta", 0), "k01=\"the new owner's\"@0\n") != NULL);
    } else { /* the old commit holds the lease: it ends first */
        c->cuts += proxy_deliver(c->proxy) > 0;
        KEEPS(take_over(c));
    }
    return is_done_once(c);
}

static const char *fence_body(struct cutter *c)
{
    size_t totals[2];

    PASSES(measure(c, false, totals));
    for (size_t i = 0; i < 8; i++)
        PASSES(deliver_to_another_owner(c, totals[PROXY_TO_SERVER] * i / 8));
    KEEPS(c->cuts == 8 && c->applied > 0);
    return NULL;
}

static const char *a_late_delivery_passes_no_fence(struct state_fixture *f)
{
    return with_proxy(f, 300, 1000, fence_body);
}

static const struct state_rule rules[] = {
    FOR(SERVER, a_commit_is_cut_everywhere),     FOR(SERVER, a_commit_is_cut_while_connecting),
    FOR(SERVER, a_large_commit_is_cut),          FOR(SERVER, a_commit_gets_stuck_everywhere),
    FOR(SERVER, a_late_delivery_undoes_nothing), FOR(SERVER, a_late_delivery_passes_no_fence),
};
CHAPTER(cuts);
