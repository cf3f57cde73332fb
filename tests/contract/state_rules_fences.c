/* Fences: who lost a plugin's lease writes nothing. */
#include <stdio.h>
#include <string.h>

#include "contract/state_rules.h"

#define LONG_MS  60000
#define SHORT_MS 30

static bool fence(struct state_fixture *f, const char *plugin, uint64_t token)
{
    struct error e = ERROR_INIT;

    return suite_ok(state_fence(f->store, plugin, token, &e), &e);
}

/* Whether the open transaction is refused because of this plugin, and rolled back. */
static bool fenced_by(struct state_fixture *f, const char *plugin)
{
    struct error e = ERROR_INIT;
    int rc = state_commit(f->store, &e);
    bool named = SAME(e.where, plugin);

    state_rollback(f->store);
    return suite_refused(rc, &e, ERROR_STORE_FENCED) && named;
}

static const char *the_right_token_passes(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);

    KEEPS(token > 0);
    for (int i = 0; i < 3; i++) {
        KEEPS(suite_begin(f) && fence(f, "p", token));
        KEEPS(suite_write(f, "p", "k", 1, "1", 0));
        KEEPS(suite_commit(f));
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    KEEPS(suite_begin(f) && fence(f, "p", token)); /* nothing but the fence */
    KEEPS(suite_commit(f));
    return NULL;
}

static const char *a_wrong_token_writes_nothing(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    const uint64_t wrong[] = {token + 1, token - 1, token + 4294967296, INT64_MAX};

    KEEPS(token > 0);
    KEEPS(suite_put(f, "p", "k", "1", 0));
    KEEPS(suite_put(f, "q", "k", "1", 10));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (wrong[i] == 0)
            continue;
        KEEPS(suite_begin(f) && fence(f, "p", wrong[i]));
        KEEPS(suite_write(f, "p", "k", 1, "2", 0));
        KEEPS(suite_write(f, "q", "l", 1, "3", 0)); /* other plugins' neither */
        KEEPS(suite_erase(f, "q", "k", 1));
        KEEPS(fenced_by(f, "p"));
        KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
        KEEPS(SAME(suite_dump(f, "q", 0), "k=1@10\n"));
        KEEPS(suite_begin(f) && fence(f, "p", wrong[i])); /* nothing but the fence */
        KEEPS(fenced_by(f, "p"));
    }
    KEEPS(suite_put(f, "p", "k", "4", 0)); /* the store goes on */
    KEEPS(SAME(suite_dump(f, "p", 0), "k=4@0\n"));
    return NULL;
}

static const char *a_missing_lease_writes_nothing(struct state_fixture *f)
{
    KEEPS(suite_begin(f) && fence(f, "never-taken", 1));
    KEEPS(suite_write(f, "never-taken", "k", 1, "1", 0));
    KEEPS(suite_write(f, "q", "k", 1, "1", 0));
    KEEPS(fenced_by(f, "never-taken"));
    KEEPS(SAME(suite_names(f), ""));
    return NULL;
}

/* Leases of plugins that are prefixes of each other or patterns are not mixed up. */
static const char *one_wrong_token_among_many_is_named(struct state_fixture *f)
{
    static const char *const plugins[] = {"a", "a%", "a:b", "ab", "{a}", "a'"};
    enum { COUNT = sizeof plugins / sizeof plugins[0] };
    uint64_t tokens[COUNT];

    for (int i = 0; i < COUNT; i++)
        for (int grants = 0; grants <= i; grants++) {
            struct state_hold hold = {plugins[i], 0, false};
            struct error e = ERROR_INIT;
            tokens[i] = hold.token = suite_grant(f, plugins[i], "me", LONG_MS);
            KEEPS(tokens[i] > 0);
            KEEPS(grants == i || state_lease_release(f->store, &hold, 1, &e) == 0);
        }
    for (int wrong = 0; wrong <= COUNT; wrong++) {
        KEEPS(suite_begin(f));
        for (int i = 0; i < COUNT; i++) {
            KEEPS(fence(f, plugins[i], tokens[i] + (i == wrong)));
            KEEPS(suite_write(f, plugins[i], "k", 1, "1", 0));
        }
        if (wrong < COUNT) {
            KEEPS(fenced_by(f, plugins[wrong]));
            KEEPS(SAME(suite_names(f), ""));
        } else {
            KEEPS(suite_commit(f));
        }
    }
    KEEPS(SAME(suite_names(f), "a\na%\na'\na:b\nab\n{a}\n"));
    return NULL;
}

static const char *the_last_fence_of_a_plugin_counts(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);

    KEEPS(token > 0);
    KEEPS(suite_begin(f) && fence(f, "p", token + 1) && fence(f, "p", token));
    KEEPS(suite_write(f, "p", "k", 1, "1", 0));
    KEEPS(suite_commit(f));
    KEEPS(suite_begin(f) && fence(f, "p", token) && fence(f, "p", token + 1));
    KEEPS(suite_write(f, "p", "k", 1, "2", 0));
    KEEPS(fenced_by(f, "p"));
    KEEPS(suite_begin(f) && fence(f, "p", token + 1));
    state_rollback(f->store); /* and is forgotten with its transaction */
    KEEPS(suite_put(f, "p", "k", "3", 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=3@0\n"));
    return NULL;
}

static const char *an_expired_lease_passes_until_it_is_taken(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", SHORT_MS);
    struct state_fixture other = state_suite_second(f);
    uint64_t newer = 0;
    bool passed;

    passed = token > 0 && suite_await_expiry(f, "p") && suite_begin(f) && fence(f, "p", token) &&
             suite_write(f, "p", "k", 1, "1", 0) && suite_commit(f);
    if (passed)
        newer = suite_grant(&other, "p", "you", LONG_MS);
    state_suite_leave(&other);
    KEEPS(passed);
    KEEPS(newer > token);
    KEEPS(suite_begin(f) && fence(f, "p", token));
    KEEPS(suite_write(f, "p", "k", 1, "2", 0));
    KEEPS(fenced_by(f, "p"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    return NULL;
}

/* The take-over comes between the writes and the commit. */
static const char *a_take_over_in_between_is_noticed(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", SHORT_MS);
    struct state_fixture other = state_suite_second(f);
    bool begun, written;

    begun = token > 0 && suite_begin(f) && fence(f, "p", token) &&
            suite_write(f, "p", "k", 1, "\"old\"", 0);
    written = begun && suite_await_expiry(&other, "p") &&
              suite_grant(&other, "p", "you", LONG_MS) > token &&
              suite_put(&other, "p", "k", "\"new\"", 0);
    state_suite_leave(&other);
    KEEPS(begun && written);
    KEEPS(fenced_by(f, "p"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=\"new\"@0\n"));
    return NULL;
}

/* A refused commit records no number: the next one may use it. */
static const char *a_fenced_commit_leaves_its_stamp_free(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    struct error e = ERROR_INIT;

    KEEPS(token > 0);
    KEEPS(suite_begin(f) && state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(fence(f, "p", token + 1) && suite_write(f, "p", "k", 1, "1", 0));
    KEEPS(fenced_by(f, "p"));
    KEEPS(suite_begin(f) && state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(fence(f, "p", token) && suite_write(f, "p", "k", 1, "2", 0));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=2@0\n"));
    return NULL;
}

/* What was committed before the lease was lost stays so: its repetition succeeds. */
static const char *a_recorded_commit_passes_a_lost_lease(struct state_fixture *f)
{
    uint64_t token = suite_grant(f, "p", "me", LONG_MS);
    struct state_hold hold = {"p", token, false};
    struct error e = ERROR_INIT;

    KEEPS(token > 0);
    for (int i = 0; i < 2; i++) {
        KEEPS(suite_begin(f) && state_stamp(f->store, f->writer, 1, &e) == 0);
        KEEPS(fence(f, "p", token) && suite_write(f, "p", "k", 1, "1", 0));
        KEEPS(suite_commit(f));
        KEEPS(state_lease_release(f->store, &hold, 1, &e) == 0);
        KEEPS(i == 1 || suite_grant(f, "p", "you", LONG_MS) > token);
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    return NULL;
}

static const struct state_rule rules[] = {
    FOR(SHARED, the_right_token_passes),
    FOR(SHARED, a_wrong_token_writes_nothing),
    FOR(SHARED, a_missing_lease_writes_nothing),
    FOR(SHARED, one_wrong_token_among_many_is_named),
    FOR(SHARED, the_last_fence_of_a_plugin_counts),
    FOR(SHARED, an_expired_lease_passes_until_it_is_taken),
    FOR(SHARED, a_take_over_in_between_is_noticed),
    FOR(SHARED, a_fenced_commit_leaves_its_stamp_free),
    FOR(SHARED, a_recorded_commit_passes_a_lost_lease),
};
CHAPTER(fences);
