/* Leases: one daemon runs a plugin, and tokens only grow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "contract/state_rules.h"

#define LONG_MS  60000
#define SHORT_MS 30

static bool renew(struct state_fixture *f, const char *plugin, uint64_t token, int64_t ttl_ms,
                  bool *held)
{
    struct state_hold hold = {plugin, token, !*held};
    struct error e = ERROR_INIT;
    int rc = state_lease_renew(f->store, &hold, 1, ttl_ms, &e);

    *held = hold.held;
    return suite_ok(rc, &e);
}

/* Whether a renewal gives this answer. */
static bool renewal_says(struct state_fixture *f, const char *plugin, uint64_t token,
                         int64_t ttl_ms, bool expected)
{
    bool held = expected;

    return renew(f, plugin, token, ttl_ms, &held) && held == expected;
}

static bool release(struct state_fixture *f, const char *plugin, uint64_t token)
{
    struct state_hold hold = {plugin, token, false};
    struct error e = ERROR_INIT;

    return suite_ok(state_lease_release(f->store, &hold, 1, &e), &e);
}

/* ---- taking ---- */

static const char *a_free_lease_is_granted(struct state_fixture *f)
{
    struct state_lease lease;
    bool granted = false;

    memset(&lease, 0x55, sizeof lease);
    KEEPS(suite_take(f, "p", "me", LONG_MS, &granted, &lease));
    KEEPS(granted);
    KEEPS(SAME(lease.plugin, "p") && SAME(lease.owner, "me") && SAME(lease.label, "a test"));
    KEEPS(lease.token > 0);
    KEEPS(lease.left_ms > LONG_MS - 30000 && lease.left_ms <= LONG_MS);
    return NULL;
}

/* By anybody, the owner included (its other process may be alive), and `lease` says who it is. */
static const char *a_held_lease_is_not_granted(struct state_fixture *f)
{
    static const char *const owners[] = {"you", "me", "m", "me%", "ME"};
    struct state_fixture other = state_suite_second(f);
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    struct state_lease lease, listed;
    const char *broken = token > 0 ? NULL : "a free lease is not granted";
    bool granted;

    for (size_t i = 0; i < sizeof owners / sizeof owners[0] && broken == NULL; i++) {
        granted = true;
        memset(&lease, 0x55, sizeof lease);
        if (!suite_take(&other, "p", owners[i], LONG_MS, &granted, &lease) || granted)
            broken = "a held lease is granted";
        else if (!SAME(lease.plugin, "p") || !SAME(lease.owner, "me") ||
                 !SAME(lease.label, "a test") || lease.token != token || lease.left_ms <= 0)
            broken = "a refused take does not say who holds the lease";
        else if (!suite_lease(f, "p", &listed) || listed.token != token)
            broken = "a refused take changed the lease";
    }
    state_suite_leave(&other);
    return broken;
}

/* The same owner, who knows that its process is dead, need not wait. */
static const char *the_owner_retakes(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    struct state_claim claim = {"me", "after a restart", LONG_MS, true};
    struct state_lease lease = {.token = 0};
    struct error e = ERROR_INIT;
    bool granted = false;

    KEEPS(token > 0);
    KEEPS(state_lease_take(f->store, "p", &claim, &granted, &lease, &e) == 0);
    KEEPS(granted && lease.token > token);
    KEEPS(SAME(lease.label, "after a restart"));
    KEEPS(renewal_says(f, "p", token, LONG_MS, false));
    KEEPS(renewal_says(f, "p", lease.token, LONG_MS, true));
    claim.owner = "you";
    granted = true;
    KEEPS(state_lease_take(f->store, "p", &claim, &granted, &lease, &e) == 0);
    KEEPS(!granted && SAME(lease.owner, "me"));
    return NULL;
}

static const char *an_expired_lease_is_free(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", SHORT_MS);
    uint64_t newer;

    KEEPS(token > 0);
    KEEPS(suite_await_expiry(f, "p"));
    newer = suite_grant(f, "p", "you", LONG_MS);
    KEEPS(newer > token);
    KEEPS(renewal_says(f, "p", token, LONG_MS, false));
    KEEPS(renewal_says(f, "p", newer, LONG_MS, true));
    return NULL;
}

/* Whatever happened to the lease in between. */
static const char *tokens_grow_with_every_grant(struct state_fixture *f)
{
    struct state_claim again = {"me", "a test", SHORT_MS, true};
    struct error e = ERROR_INIT;
    uint64_t last = 0;

    for (int i = 0; i < 12; i++) {
        struct state_lease lease = {.token = 0};
        bool granted = false;
        KEEPS(state_lease_take(f->store, "p", &again, &granted, &lease, &e) == 0);
        KEEPS(granted && lease.token > last);
        last = lease.token;
        if (i % 3 == 0)
            KEEPS(release(f, "p", last));
        if (i % 3 == 1)
            KEEPS(suite_await_expiry(f, "p"));
    }
    return NULL;
}

static const char *leases_of_plugins_are_independent(struct state_fixture *f)
{
    static const char *const plugins[] = {"a", "a%", "a:b", "a_", "ab", "lease", "{a}"};
    enum { COUNT = sizeof plugins / sizeof plugins[0] };
    uint64_t tokens[COUNT];

    for (int i = 0; i < COUNT; i++) {
        tokens[i] = suite_grant(f, plugins[i], "me", LONG_MS);
        KEEPS(tokens[i] > 0);
    }
    for (int i = 0; i < COUNT; i++) {
        KEEPS(release(f, plugins[i], tokens[i]));
        for (int j = i + 1; j < COUNT; j++)
            KEEPS(renewal_says(f, plugins[j], tokens[j], LONG_MS, true));
        KEEPS(suite_grant(f, plugins[i], "you", LONG_MS) > tokens[i]);
    }
    return NULL;
}

/* Owners and labels of the greatest length, and odd ones, come back. */
static const char *owners_are_any_text(struct state_fixture *f)
{
    char longest[STATE_OWNER_BYTES];
    const char *owners[] = {"o'neill \"quoted\" \\", "{a,b} %s $1 :x", "\xc3\xa9 \xf0\x9f\x8c\x8d",
                            longest};

    memset(longest, 'o', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++) {
        struct state_claim claim = {owners[i], owners[3 - i], LONG_MS, false};
        struct state_lease lease = {.token = 0};
        struct error e = ERROR_INIT;
        bool granted = false;
        KEEPS(state_lease_take(f->store, "p", &claim, &granted, &lease, &e) == 0 && granted);
        KEEPS(SAME(lease.owner, owners[i]) && SAME(lease.label, owners[3 - i]));
        KEEPS(suite_lease(f, "p", &lease));
        KEEPS(SAME(lease.owner, owners[i]) && SAME(lease.label, owners[3 - i]));
        claim.retake = true;
        KEEPS(state_lease_take(f->store, "p", &claim, &granted, &lease, &e) == 0 && granted);
        KEEPS(release(f, "p", lease.token));
    }
    return NULL;
}

/* ---- renewing and releasing ---- */

static const char *renewal_keeps_a_lease(struct state_fixture *f)
{
    struct state_lease lease;
    uint64_t token = suite_grant(f, "p", "me", 5000);

    KEEPS(token > 0);
    KEEPS(renewal_says(f, "p", token, LONG_MS, true));
    KEEPS(suite_lease(f, "p", &lease));
    KEEPS(lease.left_ms > 5000 && lease.left_ms <= LONG_MS);
    KEEPS(lease.token == token && SAME(lease.owner, "me") && SAME(lease.label, "a test"));
    KEEPS(renewal_says(f, "p", token, SHORT_MS, true)); /* also shorter */
    KEEPS(suite_await_expiry(f, "p"));
    KEEPS(renewal_says(f, "p", token, LONG_MS, true)); /* expired, but nobody took it */
    KEEPS(suite_lease(f, "p", &lease) && lease.left_ms > SHORT_MS);
    KEEPS(renewal_says(f, "p", token + 1, LONG_MS, false));
    KEEPS(renewal_says(f, "nobody-took-it", 1, LONG_MS, false));
    KEEPS(!suite_lease(f, "nobody-took-it", &lease) || lease.left_ms <= 0);
    return NULL;
}

static const char *a_released_lease_is_free(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    struct state_lease lease;
    uint64_t newer;

    KEEPS(token > 0);
    KEEPS(release(f, "p", token));
    KEEPS(!suite_lease(f, "p", &lease) || lease.left_ms <= 0);
    newer = suite_grant(f, "p", "you", LONG_MS);
    KEEPS(newer > token);
    KEEPS(release(f, "p", token)); /* not held any more: left alone */
    KEEPS(release(f, "never-taken", 7));
    KEEPS(suite_lease(f, "p", &lease));
    KEEPS(lease.token == newer && lease.left_ms > 0 && SAME(lease.owner, "you"));
    KEEPS(renewal_says(f, "p", newer, LONG_MS, true));
    return NULL;
}

/* A renewal that comes after the release must not make the next daemon wait. */
static const char *a_released_lease_is_not_renewed(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);

    KEEPS(token > 0);
    KEEPS(release(f, "p", token));
    KEEPS(renewal_says(f, "p", token, LONG_MS, false));
    KEEPS(suite_grant(f, "p", "you", LONG_MS) > token);
    return NULL;
}

/* Those that are held are renewed, the others are told, in one call. */
static const char *renewals_answer_for_each(struct state_fixture *f)
{
    struct state_hold holds[] = {{"a", 0, false}, {"b", 0, true}, {"c", 0, false}, {"d", 1, true}};
    struct error e = ERROR_INIT;
    struct state_lease lease;

    holds[0].token = suite_grant(f, "a", "me", 5000);
    holds[1].token = suite_grant(f, "b", "me", 5000) + 1;
    holds[2].token = suite_grant(f, "c", "me", 5000);
    KEEPS(holds[0].token > 0 && holds[1].token > 1 && holds[2].token > 0);
    KEEPS(state_lease_renew(f->store, holds, 4, LONG_MS, &e) == 0);
    KEEPS(holds[0].held && !holds[1].held && holds[2].held && !holds[3].held);
    KEEPS(suite_lease(f, "a", &lease) && lease.left_ms > 5000);
    KEEPS(suite_lease(f, "b", &lease) && lease.left_ms <= 5000);
    KEEPS(suite_lease(f, "c", &lease) && lease.left_ms > 5000);
    KEEPS(state_lease_renew(f->store, holds, 0, LONG_MS, &e) == 0);
    KEEPS(state_lease_release(f->store, holds, 4, &e) == 0);
    KEEPS(suite_grant(f, "a", "you", LONG_MS) > 0 && suite_grant(f, "c", "you", LONG_MS) > 0);
    KEEPS(renewal_says(f, "b", holds[1].token - 1, LONG_MS, true));
    return NULL;
}

/* Two daemons over one plugin, to and fro. */
static const char *two_daemons_take_turns(struct state_fixture *f)
{
    struct state_fixture other = state_suite_second(f);
    struct state_fixture *daemons[] = {f, &other};
    const char *broken = NULL;
    uint64_t token = 0;

    for (int i = 0; i < 10 && broken == NULL; i++) {
        struct state_fixture *taker = daemons[i % 2], *loser = daemons[1 - i % 2];
        uint64_t newer = suite_grant(taker, "p", i % 2 ? "b" : "a", i % 4 < 2 ? SHORT_MS : LONG_MS);
        if (newer <= token)
            broken = "a token did not grow";
        else if (token > 0 && !renewal_says(loser, "p", token, LONG_MS, false))
            broken = "a lost lease was renewed";
        else if (i % 4 < 2 ? !suite_await_expiry(loser, "p") : !release(taker, "p", newer))
            broken = "a lease did not end";
        token = newer;
    }
    state_suite_leave(&other);
    return broken;
}

/* ---- listing ---- */

static int stop_now(void *arg, const struct state_lease *lease)
{
    (void)lease;
    ++*(int *)arg;
    return 5;
}

static const char *all_leases_are_listed(struct state_fixture *f)
{
    struct state_lease a, b;
    struct error e = ERROR_INIT;
    int seen = 0;

    KEEPS(suite_grant(f, "alpha", "me", LONG_MS) > 0);
    KEEPS(suite_grant(f, "beta", "you", SHORT_MS) > 0);
    KEEPS(suite_lease(f, "alpha", &a) && suite_lease(f, "beta", &b));
    KEEPS(SAME(a.owner, "me") && SAME(a.label, "a test") && a.token > 0);
    KEEPS(a.left_ms > 0 && a.left_ms <= LONG_MS);
    KEEPS(SAME(b.owner, "you") && b.left_ms <= SHORT_MS);
    KEEPS(suite_await_expiry(f, "beta")); /* it is still listed, as expired */
    KEEPS(state_lease_list(f->store, stop_now, &seen, &e) == 5 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    KEEPS(SAME(suite_names(f), "")); /* leases are no rows */
    return NULL;
}

#define MANY 1000

static void name_many(char names[][16], struct state_hold *holds)
{
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], 16, "many-%d", i);
        holds[i] = (struct state_hold){names[i], 0, false};
    }
}

static int count_live(void *arg, const struct state_lease *lease)
{
    *(int *)arg += strncmp(lease->plugin, "many-", 5) == 0 && lease->left_ms > 0;
    return 0;
}

static bool many_listed(struct state_fixture *f, int expected)
{
    struct error e = ERROR_INIT;
    int live = 0;

    return state_lease_list(f->store, count_live, &live, &e) == 0 && live == expected;
}

static const char *many_leases(struct state_fixture *f, struct state_hold *holds)
{
    struct error e = ERROR_INIT;

    for (int i = 0; i < MANY; i++) {
        holds[i].token = suite_grant(f, holds[i].plugin, "me", LONG_MS);
        KEEPS(holds[i].token > 0);
    }
    KEEPS(many_listed(f, MANY));
    holds[MANY / 2].token++;
    KEEPS(state_lease_renew(f->store, holds, MANY, 2 * LONG_MS, &e) == 0);
    for (int i = 0; i < MANY; i++)
        KEEPS(holds[i].held == (i != MANY / 2));
    KEEPS(state_lease_release(f->store, holds, MANY, &e) == 0);
    KEEPS(many_listed(f, 1));
    return NULL;
}

static const char *a_thousand_leases(struct state_fixture *f)
{
    struct state_hold *holds = mem_zero(MANY, sizeof *holds);
    char(*names)[16] = mem_zero(MANY, sizeof *names);
    const char *broken;

    name_many(names, holds);
    broken = many_leases(f, holds);
    free(names);
    free(holds);
    return broken;
}

static const struct state_rule rules[] = {
    FOR(SHARED, a_free_lease_is_granted),
    FOR(SHARED, a_held_lease_is_not_granted),
    FOR(SHARED, the_owner_retakes),
    FOR(SHARED, an_expired_lease_is_free),
    FOR(SHARED, tokens_grow_with_every_grant),
    FOR(SHARED, leases_of_plugins_are_independent),
    FOR(SHARED, owners_are_any_text),
    FOR(SHARED, renewal_keeps_a_lease),
    FOR(SHARED, a_released_lease_is_free),
    FOR(SHARED, a_released_lease_is_not_renewed),
    FOR(SHARED, renewals_answer_for_each),
    FOR(SHARED, two_daemons_take_turns),
    FOR(SHARED, all_leases_are_listed),
    FOR(SHARED, a_thousand_leases),
};
CHAPTER(leases);
