#include "contract/wrong_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "contract/shared_state.h"

/* The operations as they should be, and as they are. A mistake calls the right ones. */
static struct wrong_ops right, wrong;

/* ---- writes ---- */

static int put_keeps_old_expiry(struct state_store *s, const char *plugin,
                                const struct state_row *row, struct error *e)
{
    struct state_row kept = *row;

    kept.expires_ms = row->expires_ms == 0 ? 12345 : row->expires_ms;
    return right.state.put(s, plugin, &kept, e);
}

/* What a server with a careless protocol does to a line feed. */
static int put_cuts_keys_at_lines(struct state_store *s, const char *plugin,
                                  const struct state_row *row, struct error *e)
{
    const char *end = memchr(row->key, '\n', row->key_len);
    struct state_row cut = *row;

    if (end != NULL && end > row->key)
        cut.key_len = (size_t)(end - row->key);
    return right.state.put(s, plugin, &cut, e);
}

static int put_shares_plugins(struct state_store *s, const char *plugin,
                              const struct state_row *row, struct error *e)
{
    (void)plugin;
    return right.state.put(s, "p", row, e);
}

static int put_loses_long_values(struct state_store *s, const char *plugin,
                                 const struct state_row *row, struct error *e)
{
    struct state_row cut = *row;

    if (cut.value_len > 1024 * 1024)
        cut.value_len = 1024 * 1024;
    return right.state.put(s, plugin, &cut, e);
}

/* As a JSON library without integers does. */
static int put_numbers_are_doubles(struct state_store *s, const char *plugin,
                                   const struct state_row *row, struct error *e)
{
    char text[64], *end;
    struct state_row rounded = *row;
    double number;

    if (row->value_len >= sizeof text)
        return right.state.put(s, plugin, row, e);
    memcpy(text, row->value, row->value_len);
    text[row->value_len] = '\0';
    number = strtod(text, &end);
    if (end == text || *end != '\0')
        return right.state.put(s, plugin, row, e);
    rounded.value_len = (size_t)snprintf(text, sizeof text, "%.17g", number);
    rounded.value = text;
    return right.state.put(s, plugin, &rounded, e);
}

/* As a JSON column does with what is between the values. */
static int put_drops_white_space(struct state_store *s, const char *plugin,
                                 const struct state_row *row, struct error *e)
{
    struct state_row bare = *row;

    while (bare.value_len > 0 && bare.value[0] == ' ') {
        bare.value++;
        bare.value_len--;
    }
    return right.state.put(s, plugin, &bare, e);
}

static int put_folds_case(struct state_store *s, const char *plugin, const struct state_row *row,
                          struct error *e)
{
    struct state_row folded = *row;
    char key[LIMIT_KEY_BYTES];

    for (size_t i = 0; i < row->key_len; i++)
        key[i] = row->key[i] >= 'A' && row->key[i] <= 'Z' ? (char)(row->key[i] + 32) : row->key[i];
    folded.key = key;
    return right.state.put(s, plugin, &folded, e);
}

/* The second write of a transaction is lost. */
static size_t writes_of_transaction;

static int begin_counts(struct state_store *s, int64_t now_ms, struct error *e)
{
    writes_of_transaction = 0;
    return right.state.begin(s, now_ms, e);
}

static int put_loses_the_second(struct state_store *s, const char *plugin,
                                const struct state_row *row, struct error *e)
{
    return ++writes_of_transaction == 2 ? 0 : right.state.put(s, plugin, row, e);
}

static int remove_does_nothing(struct state_store *s, const char *plugin, const char *key,
                               size_t key_len, struct error *e)
{
    (void)s;
    (void)plugin;
    (void)key;
    (void)key_len;
    (void)e;
    return 0;
}

/* "a%" as LIKE has it: everything that begins with "a". */
struct like {
    const char *pattern;
    size_t len;
    char keys[256][LIMIT_KEY_BYTES];
    size_t lens[256], count;
};

static int match_like(void *arg, const struct state_row *row)
{
    struct like *like = arg;

    if (row->key_len >= like->len && memcmp(row->key, like->pattern, like->len) == 0 &&
        like->count < 256) {
        memcpy(like->keys[like->count], row->key, row->key_len);
        like->lens[like->count++] = row->key_len;
    }
    return 0;
}

static int remove_takes_patterns(struct state_store *s, const char *plugin, const char *key,
                                 size_t key_len, struct error *e)
{
    static struct like like;

    if (key[key_len - 1] != '%')
        return right.state.remove(s, plugin, key, key_len, e);
    like.pattern = key;
    like.len = key_len - 1;
    like.count = 0;
    if (right.state.load(s, plugin, INT64_MIN, match_like, &like, e) != 0)
        return -1;
    for (size_t i = 0; i < like.count; i++)
        if (right.state.remove(s, plugin, like.keys[i], like.lens[i], e) != 0)
            return -1;
    return 0;
}

/* ---- transactions ---- */

static void rollback_commits(struct state_store *s)
{
    struct error e = ERROR_INIT;

    right.state.commit(s, &e);
}

static int commit_rolls_back(struct state_store *s, struct error *e)
{
    (void)e;
    right.state.rollback(s);
    return 0;
}

/* ---- reads ---- */

static int load_is_late(struct state_store *s, const char *plugin, int64_t now_ms,
                        state_row_fn *each, void *arg, struct error *e)
{
    return right.state.load(s, plugin, now_ms - 1, each, arg, e);
}

static int load_goes_by_the_real_clock(struct state_store *s, const char *plugin, int64_t now_ms,
                                       state_row_fn *each, void *arg, struct error *e)
{
    struct clock clock;

    clock_init_real(&clock);
    now_ms = clock_now_ms(&clock);
    return right.state.load(s, plugin, now_ms, each, arg, e);
}

struct deaf {
    state_row_fn *each;
    void *arg;
};

static int deaf_row(void *arg, const struct state_row *row)
{
    struct deaf *deaf = arg;

    deaf->each(deaf->arg, row);
    return 0;
}

static int load_does_not_stop(struct state_store *s, const char *plugin, int64_t now_ms,
                              state_row_fn *each, void *arg, struct error *e)
{
    struct deaf deaf = {each, arg};

    return right.state.load(s, plugin, now_ms, deaf_row, &deaf, e);
}

static int load_is_empty(struct state_store *s, const char *plugin, int64_t now_ms,
                         state_row_fn *each, void *arg, struct error *e)
{
    (void)s;
    (void)plugin;
    (void)now_ms;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static int list_knows_nothing(struct state_store *s, state_name_fn *each, void *arg,
                              struct error *e)
{
    (void)s;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static int list_repeats(struct state_store *s, state_name_fn *each, void *arg, struct error *e)
{
    int rc = right.state.list(s, each, arg, e);

    return rc != 0 ? rc : right.state.list(s, each, arg, e);
}

static int describe_counts_all_as_live(struct state_store *s, int64_t now_ms,
                                       struct state_facts *facts, struct error *e)
{
    if (right.state.describe(s, now_ms, facts, e) != 0)
        return -1;
    facts->live += facts->expired;
    facts->expired = 0;
    return 0;
}

/* ---- sweeps ---- */

static int sweep_ignores_its_limit(struct state_store *s, int64_t now_ms, size_t limit,
                                   size_t *removed, struct error *e)
{
    (void)limit;
    return right.state.sweep(s, now_ms, SIZE_MAX, removed, e);
}

static int sweep_is_early(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                          struct error *e)
{
    return right.state.sweep(s, now_ms + 1, limit, removed, e);
}

static int sweep_is_late(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                         struct error *e)
{
    return right.state.sweep(s, now_ms - 1, limit, removed, e);
}

static int sweep_miscounts(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                           struct error *e)
{
    if (right.state.sweep(s, now_ms, limit, removed, e) != 0)
        return -1;
    *removed = limit; /* as one who trusts that there were as many */
    return 0;
}

static int expired_is_blind(struct remote_store *s, int64_t now_ms, size_t limit,
                            remote_expired_fn *each, void *arg, struct error *e)
{
    return right.remote.expired(s, now_ms, limit > 5 ? 5 : limit, each, arg, e);
}

/* ---- what the server does with a whole transaction ---- */

static int apply_ignores_stamps(struct remote_store *s, const struct remote_txn *txn,
                                struct error *e)
{
    struct remote_txn bare = *txn;

    bare.writer = NULL;
    return right.remote.apply(s, &bare, e);
}

static int apply_ignores_fences(struct remote_store *s, const struct remote_txn *txn,
                                struct error *e)
{
    struct remote_txn bare = *txn;

    bare.fences = NULL;
    return right.remote.apply(s, &bare, e);
}

/* One counter for everybody. */
static int apply_confuses_writers(struct remote_store *s, const struct remote_txn *txn,
                                  struct error *e)
{
    static char same[] = "everybody";
    struct remote_txn mixed = *txn;

    if (mixed.writer != NULL)
        mixed.writer = same;
    return right.remote.apply(s, &mixed, e);
}

/* The number is recorded first, in a transaction of its own. */
static int apply_stamps_apart(struct remote_store *s, const struct remote_txn *txn, struct error *e)
{
    struct remote_txn stamp = {.now_ms = txn->now_ms, .writer = txn->writer, .number = txn->number};
    struct remote_txn rest = *txn;

    if (txn->writer != NULL && right.remote.apply(s, &stamp, e) != 0)
        return -1;
    rest.writer = NULL;
    return right.remote.apply(s, &rest, e);
}

/* A fence is looked at, but after the writes. */
static int apply_checks_too_late(struct remote_store *s, const struct remote_txn *txn,
                                 struct error *e)
{
    struct remote_txn writes = {.now_ms = txn->now_ms, .writes = txn->writes};

    if (right.remote.apply(s, &writes, e) != 0)
        return -1;
    return right.remote.apply(s, txn, e);
}

static int apply_fails_without_name(struct remote_store *s, const struct remote_txn *txn,
                                    struct error *e)
{
    int rc = right.remote.apply(s, txn, e);

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
    return right.remote.apply(s, txn, e);
}

/* ---- leases ---- */

static int take_grants_to_all(struct state_store *s, const char *plugin,
                              const struct state_claim *claim, bool *granted,
                              struct state_lease *lease, struct error *e)
{
    int rc = right.leases.take(s, plugin, claim, granted, lease, e);

    *granted = true;
    return rc;
}

static int take_repeats_tokens(struct state_store *s, const char *plugin,
                               const struct state_claim *claim, bool *granted,
                               struct state_lease *lease, struct error *e)
{
    int rc = right.leases.take(s, plugin, claim, granted, lease, e);

    lease->token = 1;
    return rc;
}

static int take_always_retakes(struct state_store *s, const char *plugin,
                               const struct state_claim *claim, bool *granted,
                               struct state_lease *lease, struct error *e)
{
    struct state_claim greedy = *claim;

    greedy.retake = true;
    return right.leases.take(s, plugin, &greedy, granted, lease, e);
}

static int take_never_retakes(struct state_store *s, const char *plugin,
                              const struct state_claim *claim, bool *granted,
                              struct state_lease *lease, struct error *e)
{
    struct state_claim modest = *claim;

    modest.retake = false;
    return right.leases.take(s, plugin, &modest, granted, lease, e);
}

static int take_names_the_asker(struct state_store *s, const char *plugin,
                                const struct state_claim *claim, bool *granted,
                                struct state_lease *lease, struct error *e)
{
    int rc = right.leases.take(s, plugin, claim, granted, lease, e);

    snprintf(lease->owner, sizeof lease->owner, "%s", claim->owner);
    return rc;
}

static int take_is_for_ever(struct state_store *s, const char *plugin,
                            const struct state_claim *claim, bool *granted,
                            struct state_lease *lease, struct error *e)
{
    struct state_claim endless = *claim;

    endless.ttl_ms += 1000000;
    return right.leases.take(s, plugin, &endless, granted, lease, e);
}

static int renew_says_yes(struct state_store *s, struct state_hold *holds, size_t count,
                          int64_t ttl_ms, struct error *e)
{
    int rc = right.leases.renew(s, holds, count, ttl_ms, e);

    for (size_t i = 0; i < count; i++)
        holds[i].held = true;
    return rc;
}

static int renew_forgets_the_rest(struct state_store *s, struct state_hold *holds, size_t count,
                                  int64_t ttl_ms, struct error *e)
{
    return right.leases.renew(s, holds, count > 0 ? 1 : 0, ttl_ms, e);
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
        if (right.leases.list(s, find_token, &any, e) != 0)
            return -1;
        hold.token = any.token;
        if (right.leases.release(s, &hold, 1, e) != 0)
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
    return fence != NULL ? 0 : right.leases.fence(s, plugin, token, e);
}

/* ---- the table ---- */

/* X(shared, what it replaces, by what) */
#define MISTAKES(X)                                                                                \
    X(false, state, put, put_keeps_old_expiry)                                                     \
    X(false, state, put, put_cuts_keys_at_lines)                                                   \
    X(false, state, put, put_shares_plugins)                                                       \
    X(false, state, put, put_loses_long_values)                                                    \
    X(false, state, put, put_numbers_are_doubles)                                                  \
    X(false, state, put, put_drops_white_space)                                                    \
    X(false, state, put, put_folds_case)                                                           \
    X(false, state, put, put_loses_the_second)                                                     \
    X(false, state, remove, remove_does_nothing)                                                   \
    X(false, state, remove, remove_takes_patterns)                                                 \
    X(false, state, rollback, rollback_commits)                                                    \
    X(false, state, commit, commit_rolls_back)                                                     \
    X(false, state, load, load_is_late)                                                            \
    X(false, state, load, load_goes_by_the_real_clock)                                             \
    X(false, state, load, load_does_not_stop)                                                      \
    X(false, state, load, load_is_empty)                                                           \
    X(false, state, list, list_knows_nothing)                                                      \
    X(false, state, list, list_repeats)                                                            \
    X(false, state, describe, describe_counts_all_as_live)                                         \
    X(false, state, sweep, sweep_ignores_its_limit)                                                \
    X(false, state, sweep, sweep_is_early)                                                         \
    X(false, state, sweep, sweep_is_late)                                                          \
    X(false, state, sweep, sweep_miscounts)                                                        \
    X(true, remote, expired, expired_is_blind)                                                     \
    X(true, remote, apply, apply_ignores_stamps)                                                   \
    X(true, remote, apply, apply_ignores_fences)                                                   \
    X(true, remote, apply, apply_confuses_writers)                                                 \
    X(true, remote, apply, apply_stamps_apart)                                                     \
    X(true, remote, apply, apply_checks_too_late)                                                  \
    X(true, remote, apply, apply_fails_without_name)                                               \
    X(true, remote, apply, apply_sweeps_blindly)                                                   \
    X(true, leases, take, take_grants_to_all)                                                      \
    X(true, leases, take, take_repeats_tokens)                                                     \
    X(true, leases, take, take_always_retakes)                                                     \
    X(true, leases, take, take_never_retakes)                                                      \
    X(true, leases, take, take_names_the_asker)                                                    \
    X(true, leases, take, take_is_for_ever)                                                        \
    X(true, leases, renew, renew_says_yes)                                                         \
    X(true, leases, renew, renew_forgets_the_rest)                                                 \
    X(true, leases, renew, renew_does_nothing)                                                     \
    X(true, leases, release, release_takes_any_token)                                              \
    X(true, leases, release, release_does_nothing)                                                 \
    X(true, leases, list, leases_are_not_listed)                                                   \
    X(true, leases, fence, first_fence_counts)

#define X(shared, part, operation, how)                                                            \
    static void spoil_##how(struct wrong_ops *ops)                                                 \
    {                                                                                              \
        ops->part.operation = how;                                                                 \
    }
MISTAKES(X)
#undef X

const struct wrong_state wrong_states[] = {
#define X(shared, part, operation, how) {#how, shared, spoil_##how},
    MISTAKES(X)
#undef X
};
const size_t wrong_state_count = sizeof wrong_states / sizeof wrong_states[0];

/* ---- the backend ---- */

static const struct state_backend *find_backend(const char *name)
{
    for (size_t i = 0; i < state_backend_count; i++)
        if (strcmp(state_backends[i].name, name) == 0)
            return &state_backends[i];
    abort();
}

static const struct state_backend *base;

/* The store that the right one opened, with other ops. */
static struct state_store *open_wrong(void *where)
{
    struct state_store *store = base->open(where);

    wrong.state.leases = store->ops->leases == NULL ? NULL : &wrong.leases;
    store->ops = &wrong.state;
    if (wrong.state.leases != NULL)
        ((struct remote_store *)store)->remote = &wrong.remote;
    return store;
}

static void learn(void)
{
    void *where = base->set_up();
    struct state_store *store = base->open(where);

    right.state = *store->ops;
    if (store->ops->leases != NULL) {
        right.leases = *store->ops->leases;
        right.remote = *((struct remote_store *)store)->remote;
    }
    base->close(store, where);
    base->tear_down(where);
}

const struct state_backend *wrong_state_backend(const struct wrong_state *mistake, bool is_shared)
{
    static struct state_backend backend;

    base = find_backend(is_shared ? "shared" : "memory");
    learn();
    wrong = right;
    wrong.state.begin = begin_counts;
    if (mistake != NULL)
        mistake->spoil(&wrong);
    backend = *base;
    backend.name = mistake != NULL ? mistake->mistake : "right";
    backend.open = open_wrong;
    return &backend;
}
