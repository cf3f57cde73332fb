/* Mistakes with stamps, fences and leases, made in the shared store of this process. */
#include "contract/wrong_state.h"

#include <stdio.h>
#include <string.h>

/* ---- what the server does with a whole transaction ---- */

static int apply_ignores_stamps(struct remote_store *s, const struct remote_txn *txn,
                                struct error *e)
{
    struct remote_txn bare = *txn;

    bare.writer = NULL;
    return wrong_state_right.remote.apply(s, &bare, e);
}

static int apply_ignores_fences(struct remote_store *s, const struct remote_txn *txn,
                                struct error *e)
{
    struct remote_txn bare = *txn;

    bare.fences = NULL;
    return wrong_state_right.remote.apply(s, &bare, e);
}

/* One counter for everybody. */
static int apply_confuses_writers(struct remote_store *s, const struct remote_txn *txn,
                                  struct error *e)
{
    static char same[] = "everybody";
    struct remote_txn mixed = *txn;

    if (mixed.writer != NULL)
        mixed.writer = same;
    return wrong_state_right.remote.apply(s, &mixed, e);
}

/* The number is recorded first, in a transaction of its own. */
static int apply_stamps_apart(struct remote_store *s, const struct remote_txn *txn, struct error *e)
{
    struct remote_txn stamp = {.now_ms = txn->now_ms, .writer = txn->writer, .number = txn->number};
    struct remote_txn rest = *txn;

    if (txn->writer != NULL && wrong_state_right.remote.apply(s, &stamp, e) != 0)
        return -1;
    rest.writer = NULL;
    return wrong_state_right.remote.apply(s, &rest, e);
}

/* A fence is looked at, but after the writes. */
static int apply_checks_too_late(struct remote_store *s, const struct remote_txn *txn,
                                 struct error *e)
{
    struct remote_txn writes = {.now_ms = txn->now_ms, .writes = txn->writes};

    if (wrong_state_right.remote.apply(s, &writes, e) != 0)
        return -1;
    return wrong_state_right.remote.apply(s, txn, e);
}

static int apply_fails_without_name(struct remote_store *s, const struct remote_txn *txn,
                                    struct error *e)
{
    int rc = wrong_state_right.remote.apply(s, txn, e);

    if (rc != 0)
        e->where[0] = '\0';
    return rc;
}

/* A removal by sweep takes what became live meanwhile. */
static int apply_sweeps_blindly(struct remote_store *s, const struct remote_txn *txn,
                                struct error *e)
{
    for (struct remote_write *w = txn->writes; w != NULL; w = w->hh.next)
        w->expired_by = 0;
    return wrong_state_right.remote.apply(s, txn, e);
}

static int expired_is_blind(struct remote_store *s, int64_t now_ms, size_t limit,
                            remote_expired_fn *each, void *arg, struct error *e)
{
    return wrong_state_right.remote.expired(s, now_ms, limit > 5 ? 5 : limit, each, arg, e);
}

/* ---- leases ---- */

static int take_grants_to_all(struct state_store *s, const char *plugin,
                              const struct state_claim *claim, bool *granted,
                              struct state_lease *lease, struct error *e)
{
    int rc = wrong_state_right.leases.take(s, plugin, claim, granted, lease, e);

    *granted = true;
    return rc;
}

static int take_repeats_tokens(struct state_store *s, const char *plugin,
                               const struct state_claim *claim, bool *granted,
                               struct state_lease *lease, struct error *e)
{
    int rc = wrong_state_right.leases.take(s, plugin, claim, granted, lease, e);

    lease->token = 1;
    return rc;
}

static int take_always_retakes(struct state_store *s, const char *plugin,
                               const struct state_claim *claim, bool *granted,
                               struct state_lease *lease, struct error *e)
{
    struct state_claim greedy = *claim;

    greedy.retake = true;
    return wrong_state_right.leases.take(s, plugin, &greedy, granted, lease, e);
}

static int take_never_retakes(struct state_store *s, const char *plugin,
                              const struct state_claim *claim, bool *granted,
                              struct state_lease *lease, struct error *e)
{
    struct state_claim modest = *claim;

    modest.retake = false;
    return wrong_state_right.leases.take(s, plugin, &modest, granted, lease, e);
}

static int take_names_the_asker(struct state_store *s, const char *plugin,
                                const struct state_claim *claim, bool *granted,
                                struct state_lease *lease, struct error *e)
{
    int rc = wrong_state_right.leases.take(s, plugin, claim, granted, lease, e);

    snprintf(lease->owner, sizeof lease->owner, "%s", claim->owner);
    return rc;
}

static int take_is_for_ever(struct state_store *s, const char *plugin,
                            const struct state_claim *claim, bool *granted,
                            struct state_lease *lease, struct error *e)
{
    struct state_claim endless = *claim;

    endless.ttl_ms += 1000000;
    return wrong_state_right.leases.take(s, plugin, &endless, granted, lease, e);
}

static int renew_says_yes(struct state_store *s, struct state_hold *holds, size_t count,
                          int64_t ttl_ms, struct error *e)
{
    int rc = wrong_state_right.leases.renew(s, holds, count, ttl_ms, e);

    for (size_t i = 0; i < count; i++)
        holds[i].held = true;
    return rc;
}

static int renew_forgets_the_rest(struct state_store *s, struct state_hold *holds, size_t count,
                                  int64_t ttl_ms, struct error *e)
{
    return wrong_state_right.leases.renew(s, holds, count > 0 ? 1 : 0, ttl_ms, e);
}

static int renew_does_nothing(struct state_store *s, struct state_hold *holds, size_t count,
                              int64_t ttl_ms, struct error *e)
{
    (void)s;
    (void)ttl_ms;
    (void)e;
    for (size_t i = 0; i < count; i++)
        holds[i].held = true;
    return 0;
}

struct taking_any {
    const char *plugin;
    uint64_t token;
};

static int find_token(void *arg, const struct state_lease *lease)
{
    struct taking_any *any = arg;

    if (strcmp(lease->plugin, any->plugin) == 0)
        any->token = lease->token;
    return 0;
}

static int release_takes_any_token(struct state_store *s, const struct state_hold *holds,
                                   size_t count, struct error *e)
{
    for (size_t i = 0; i < count; i++) {
        struct taking_any any = {holds[i].plugin, holds[i].token};
        struct state_hold hold = holds[i];
        if (wrong_state_right.leases.list(s, find_token, &any, e) != 0)
            return -1;
        hold.token = any.token;
        if (wrong_state_right.leases.release(s, &hold, 1, e) != 0)
            return -1;
    }
    return 0;
}

static int release_does_nothing(struct state_store *s, const struct state_hold *holds, size_t count,
                                struct error *e)
{
    (void)s;
    (void)holds;
    (void)count;
    (void)e;
    return 0;
}

static int leases_are_not_listed(struct state_store *s, state_lease_fn *each, void *arg,
                                 struct error *e)
{
    (void)s;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static int first_fence_counts(struct state_store *s, const char *plugin, uint64_t token,
                              struct error *e)
{
    struct remote_store *r = (struct remote_store *)s;
    struct remote_fence *fence;

    HASH_FIND_STR(r->txn.fences, plugin, fence);
    return fence != NULL ? 0 : wrong_state_right.leases.fence(s, plugin, token, e);
}

/* ---- the table ---- */

/* X(part, what it replaces, by what) */
#define MISTAKES(X)                                                                                \
    X(remote, expired, expired_is_blind)                                                           \
    X(remote, apply, apply_ignores_stamps)                                                         \
    X(remote, apply, apply_ignores_fences)                                                         \
    X(remote, apply, apply_confuses_writers)                                                       \
    X(remote, apply, apply_stamps_apart)                                                           \
    X(remote, apply, apply_checks_too_late)                                                        \
    X(remote, apply, apply_fails_without_name)                                                     \
    X(remote, apply, apply_sweeps_blindly)                                                         \
    X(leases, take, take_grants_to_all)                                                            \
    X(leases, take, take_repeats_tokens)                                                           \
    X(leases, take, take_always_retakes)                                                           \
    X(leases, take, take_never_retakes)                                                            \
    X(leases, take, take_names_the_asker)                                                          \
    X(leases, take, take_is_for_ever)                                                              \
    X(leases, renew, renew_says_yes)                                                               \
    X(leases, renew, renew_forgets_the_rest)                                                       \
    X(leases, renew, renew_does_nothing)                                                           \
    X(leases, release, release_takes_any_token)                                                    \
    X(leases, release, release_does_nothing)                                                       \
    X(leases, list, leases_are_not_listed)                                                         \
    X(leases, fence, first_fence_counts)

#define X(part, operation, how)                                                                    \
    static void spoil_##how(struct wrong_ops *ops)                                                 \
    {                                                                                              \
        ops->part.operation = how;                                                                 \
    }
MISTAKES(X)
#undef X

static const struct wrong_state mistakes[] = {
#define X(part, operation, how) {#how, spoil_##how},
    MISTAKES(X)
#undef X
};
const struct wrong_table wrong_shared = {mistakes, sizeof mistakes / sizeof mistakes[0]};
