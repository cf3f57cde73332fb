/* Two daemons at once, each with a thread and a store of its own, on a real server. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/state_rules.h"

#define ROUNDS  40
#define TRIES   200 /* of a call that answers that it is worth a retry */
#define LONG_MS 60000

/* One of the two. It says what broke, and makes no use of the suite's short forms: those remember
 * their errors in one place. */
struct daemon {
    struct state_fixture *fixture;
    struct race *race;
    int index;
    const char *broken;
    bool granted[ROUNDS];
};

struct race {
    struct daemon daemons[2];
    pthread_barrier_t start;
    uint64_t token; /* of the lease that is taken over */
    char seen[64];  /* what the new owner read at once */
};

typedef void *daemon_fn(void *arg);

static const char *run_race(struct state_fixture *f, struct race *race, daemon_fn *first,
                            daemon_fn *second)
{
    struct state_fixture other = state_suite_second(f);
    pthread_t threads[2];

    race->daemons[0] = (struct daemon){.fixture = f, .race = race, .index = 0};
    race->daemons[1] = (struct daemon){.fixture = &other, .race = race, .index = 1};
    pthread_barrier_init(&race->start, NULL, 2);
    if (pthread_create(&threads[0], NULL, first, &race->daemons[0]) != 0 ||
        pthread_create(&threads[1], NULL, second, &race->daemons[1]) != 0)
        abort();
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    pthread_barrier_destroy(&race->start);
    state_suite_leave(&other);
    for (int i = 0; i < 2; i++)
        if (race->daemons[i].broken != NULL)
            return state_suite_broken(__FILE__, __LINE__, race->daemons[i].broken);
    return NULL;
}

static bool is_worth_a_retry(const struct error *e)
{
    return e->code == ERROR_STORE || e->code == ERROR_STORE_LOCKED;
}

/* ---- commits ---- */

/* One row of one plugin, with a stamp unless `number` is 0, with a fence unless `token` is. */
static int commit_row(struct daemon *d, const char *plugin, const char *value, uint64_t number,
                      uint64_t token, struct error *e)
{
    struct state_store *s = d->fixture->store;
    struct state_row row = {"k", 1, value, strlen(value), 0};
    int rc = -1;

    for (int attempt = 0; attempt < TRIES; attempt++) {
        error_clear(e);
        if (state_begin(s, 1, e) == 0 &&
            (number == 0 || state_stamp(s, d->fixture->writer, number, e) == 0) &&
            (token == 0 || state_fence(s, plugin, token, e) == 0) &&
            state_put(s, plugin, &row, e) == 0)
            rc = state_commit(s, e);
        state_rollback(s);
        if (rc == 0 || !is_worth_a_retry(e))
            break;
    }
    return rc;
}

static void *commit_many(void *arg)
{
    struct daemon *d = arg;
    struct error e = ERROR_INIT;
    char plugin[16], value[16];

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(plugin, sizeof plugin, "p%d-%d", d->index, i);
        snprintf(value, sizeof value, "%d", i);
        if (commit_row(d, plugin, value, 0, 0, &e) != 0)
            d->broken = "a commit failed beside another daemon's";
    }
    return NULL;
}

static const char *daemons_commit_at_once(struct state_fixture *f)
{
    struct race race;
    char plugin[16], expected[16];

    PASSES(run_race(f, &race, commit_many, commit_many));
    for (int i = 0; i < 2 * ROUNDS; i++) {
        snprintf(plugin, sizeof plugin, "p%d-%d", i % 2, i / 2);
        snprintf(expected, sizeof expected, "k=%d@0\n", i / 2);
        KEEPS(SAME(suite_dump(f, plugin, 0), expected));
    }
    return NULL;
}

/* The same number from both, as from an old connection and its successor. */
static void *commit_same_numbers(void *arg)
{
    struct daemon *d = arg;
    struct error e = ERROR_INIT;
    char plugin[16];

    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&d->race->start);
        snprintf(plugin, sizeof plugin, "p%d-%d", d->index, i);
        if (commit_row(d, plugin, "1", (uint64_t)i + 1, 0, &e) != 0)
            d->broken = "a commit failed beside the same one";
    }
    return NULL;
}

static const char *the_same_number_is_committed_once(struct state_fixture *f)
{
    struct race race;
    char plugins[2][16];

    PASSES(run_race(f, &race, commit_same_numbers, commit_same_numbers));
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(plugins[0], sizeof plugins[0], "p0-%d", i);
        snprintf(plugins[1], sizeof plugins[1], "p1-%d", i);
        KEEPS((suite_dump(f, plugins[0], 0)[0] != '\0') !=
              (suite_dump(f, plugins[1], 0)[0] != '\0'));
    }
    return NULL;
}

/* ---- leases ---- */

static void *take_many(void *arg)
{
    struct daemon *d = arg;
    struct state_claim claim = {d->index ? "b" : "a", "a test", LONG_MS, false};
    struct state_lease lease;
    char plugin[16];

    for (int i = 0; i < ROUNDS; i++) {
        struct error e = ERROR_INIT;
        int rc = -1;
        snprintf(plugin, sizeof plugin, "race-%d", i);
        pthread_barrier_wait(&d->race->start);
        for (int attempt = 0; rc != 0 && attempt < TRIES; attempt++) {
            error_clear(&e);
            rc = state_lease_take(d->fixture->store, plugin, &claim, &d->granted[i], &lease, &e);
            if (rc != 0 && !is_worth_a_retry(&e))
                break;
        }
        if (rc != 0)
            d->broken = "a take failed beside another daemon's";
        else if (strcmp(lease.owner, claim.owner) != 0 && d->granted[i])
            d->broken = "a granted lease has another owner";
    }
    return NULL;
}

static const char *a_lease_has_one_taker(struct state_fixture *f)
{
    struct race race;

    PASSES(run_race(f, &race, take_many, take_many));
    for (int i = 0; i < ROUNDS; i++)
        KEEPS(race.daemons[0].granted[i] != race.daemons[1].granted[i]);
    return NULL;
}

/* ---- a take-over beside commits ---- */

/* The old owner writes until it is fenced. */
static void *write_until_fenced(void *arg)
{
    struct daemon *d = arg;
    struct error e = ERROR_INIT;
    char value[16];

    pthread_barrier_wait(&d->race->start);
    for (int i = 0; i < 100000; i++) {
        snprintf(value, sizeof value, "%d", i);
        if (commit_row(d, "p", value, 0, d->race->token, &e) != 0)
            break;
    }
    if (e.code != ERROR_STORE_FENCED)
        d->broken = "the old owner was never fenced, or failed otherwise";
    return NULL;
}

static int copy_value(void *arg, const struct state_row *row)
{
    snprintf(arg, 64, "%.*s", (int)row->value_len, row->value);
    return 0;
}

/* The new owner takes over, and reads. */
static void *take_over_and_read(void *arg)
{
    struct daemon *d = arg;
    struct state_claim claim = {"me", "a test", LONG_MS, true};
    struct error e = ERROR_INIT;
    struct state_lease lease;
    bool granted = false;
    int rc = -1;

    pthread_barrier_wait(&d->race->start);
    for (int attempt = 0; rc != 0 && attempt < TRIES; attempt++) {
        error_clear(&e);
        rc = state_lease_take(d->fixture->store, "p", &claim, &granted, &lease, &e);
    }
    if (rc != 0 || !granted ||
        state_load(d->fixture->store, "p", 0, copy_value, d->race->seen, &e) != 0)
        d->broken = "a take-over failed";
    return NULL;
}

/* Nothing of the old owner lands after the new one has its lease. */
static const char *a_take_over_is_a_clean_cut(struct state_fixture *f)
{
    for (int round = 0; round < 12; round++) {
        struct state_claim claim = {"me", "a test", LONG_MS, true};
        struct race race = {.seen = ""};
        struct state_lease lease;
        struct error e = ERROR_INIT;
        char expected[96] = "";
        bool granted = false;
        KEEPS(suite_ok(state_lease_take(f->store, "p", &claim, &granted, &lease, &e), &e));
        KEEPS(granted);
        race.token = lease.token;
        PASSES(run_race(f, &race, write_until_fenced, take_over_and_read));
        if (race.seen[0] != '\0')
            snprintf(expected, sizeof expected, "k=%s@0\n", race.seen);
        KEEPS(SAME(suite_dump(f, "p", 0), expected));
    }
    return NULL;
}

static const struct state_rule rules[] = {
    FOR(SERVER, daemons_commit_at_once),
    FOR(SERVER, the_same_number_is_committed_once),
    FOR(SERVER, a_lease_has_one_taker),
    FOR(SERVER, a_take_over_is_a_clean_cut),
};
CHAPTER(races);
