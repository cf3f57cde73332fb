/* Lists, walks that stop, numbers, and calls that are refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/state_rules.h"

static const char *list_names_plugins_with_rows(struct state_fixture *f)
{
    KEEPS(SAME(suite_names(f), ""));
    KEEPS(suite_put(f, "zeta", "k", "1", 0));
    KEEPS(suite_put(f, "alpha", "k", "1", 5));
    KEEPS(suite_put(f, "alpha", "l", "1", 0));
    KEEPS(suite_put(f, "mid", "k", "1", 5));
    KEEPS(SAME(suite_names(f), "alpha\nmid\nzeta\n"));
    KEEPS(suite_remove(f, "mid", "k"));
    KEEPS(suite_remove(f, "alpha", "k"));
    KEEPS(SAME(suite_names(f), "alpha\nzeta\n"));
    return NULL;
}

static int stop_at_second(void *arg, const struct state_row *row)
{
    (void)row;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static int stop_at_once(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
    return -3;
}

static const char *walks_stop(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    int seen = 0;

    KEEPS(state_load(f->store, "p", suite_now(f, 0), stop_at_second, &seen, &e) == 7 && seen == 2);
    seen = 0;
    KEEPS(state_list(f->store, stop_at_once, &seen, &e) == -3 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    return NULL;
}

static const char *a_walk_stops_when_told(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "a", "1", 0));
    KEEPS(suite_put(f, "p", "b", "2", 0));
    KEEPS(suite_put(f, "q", "c", "3", 0));
    PASSES(walks_stop(f));
    KEEPS(suite_put(f, "p", "a", "4", 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "a=4@0\nb=2@0\n"));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "p", "d", 1, "5", 0));
    PASSES(walks_stop(f));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "a=4@0\nb=2@0\nd=5@0\n"));
    return NULL;
}

/* ---- describe ---- */

static const char *describes(struct state_fixture *f, int64_t now, int64_t plugins, int64_t live,
                             int64_t expired)
{
    struct state_facts facts;
    struct error e = ERROR_INIT;

    memset(&facts, 0x55, sizeof facts);
    KEEPS(state_describe(f->store, suite_now(f, now), &facts, &e) == 0);
    KEEPS(facts.plugins == plugins);
    KEEPS(facts.live == live);
    KEEPS(facts.expired == expired);
    KEEPS(memchr(facts.server, '\0', sizeof facts.server) != NULL);
    KEEPS((f->backend->port != NULL) == (facts.server[0] != '\0'));
    KEEPS(facts.schema_version >= 0 && facts.bytes >= -1);
    return NULL;
}

static const char *describe_counts(struct state_fixture *f)
{
    PASSES(describes(f, 0, 0, 0, 0));
    KEEPS(suite_put(f, "p", "a", "1", 100));
    KEEPS(suite_put(f, "p", "b", "1", 101));
    KEEPS(suite_put(f, "p", "c", "1", 0));
    KEEPS(suite_put(f, "q", "a", "1", 100));
    PASSES(describes(f, 99, 2, 4, 0));
    PASSES(describes(f, 100, 2, 2, 2));
    PASSES(describes(f, 101, 2, 1, 3));
    KEEPS(suite_put(f, "q", "a", "2", 0));
    PASSES(describes(f, 101, 2, 2, 2));
    KEEPS(suite_remove(f, "p", "c"));
    PASSES(describes(f, 101, 2, 1, 2));
    KEEPS(suite_sweeps(f, 100, 10, 1));
    PASSES(describes(f, 101, 2, 1, 1));
    KEEPS(suite_sweeps(f, 101, 10, 1));
    PASSES(describes(f, 101, 1, 1, 0));
    return NULL;
}

/* ---- misuse ---- */

static const char *writes_outside_are_refused(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    struct state_row row = {"k", 1, "1", 1, 0};

    KEEPS(suite_refused(state_put(f->store, "p", &row, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_remove(f->store, "p", "k", 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_commit(f->store, &e), &e, ERROR_INTERNAL));
    state_rollback(f->store);
    KEEPS(suite_begin(f));
    KEEPS(suite_refused(state_begin(f->store, 1, &e), &e, ERROR_INTERNAL));
    state_rollback(f->store);
    KEEPS(SAME(suite_names(f), ""));
    return NULL;
}

static const char *bad_names_are_refused(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    struct state_row row = {"k", 1, "1", 1, 0};
    char name[LIMIT_NAME_BYTES + 2];
    int seen = 0;

    memset(name, 'n', sizeof name);
    name[LIMIT_NAME_BYTES + 1] = '\0';
    KEEPS(suite_begin(f));
    KEEPS(suite_refused(state_put(f->store, "", &row, &e), &e, ERROR_INVALID));
    KEEPS(suite_refused(state_put(f->store, name, &row, &e), &e, ERROR_LIMIT));
    KEEPS(suite_refused(state_remove(f->store, "", "k", 1, &e), &e, ERROR_INVALID));
    KEEPS(suite_refused(state_remove(f->store, name, "k", 1, &e), &e, ERROR_LIMIT));
    KEEPS(suite_refused(state_load(f->store, "", 0, stop_at_second, &seen, &e), &e, ERROR_INVALID));
    KEEPS(suite_refused(state_load(f->store, name, 0, stop_at_second, &seen, &e), &e, ERROR_LIMIT));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_names(f), ""));
    return NULL;
}

static const char *bad_keys_are_refused(struct state_fixture *f)
{
    static const struct {
        const char *key;
        size_t len;
    } bad[] = {{"", 0},      {"a\0b", 3},     {"\0", 1},           {"\xff", 1},
               {"a\xc3", 2}, {"\xc0\x80", 2}, {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4}};
    struct error e = ERROR_INIT;
    char longest[LIMIT_KEY_BYTES + 1];
    struct state_row row = {longest, sizeof longest, "1", 1, 0};

    memset(longest, 'k', sizeof longest);
    KEEPS(suite_begin(f));
    KEEPS(suite_refused(state_put(f->store, "p", &row, &e), &e, ERROR_LIMIT));
    KEEPS(suite_refused(state_remove(f->store, "p", longest, sizeof longest, &e), &e, ERROR_LIMIT));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        row.key = bad[i].key;
        row.key_len = bad[i].len;
        KEEPS(suite_refused(state_put(f->store, "p", &row, &e), &e, ERROR_INVALID));
        KEEPS(suite_refused(state_remove(f->store, "p", bad[i].key, bad[i].len, &e), &e,
                            ERROR_INVALID));
    }
    row = (struct state_row){"k", 1, "1", 1, -1};
    KEEPS(suite_refused(state_put(f->store, "p", &row, &e), &e, ERROR_INVALID));
    KEEPS(suite_write(f, "p", "good", 4, "1", 0)); /* a refusal spoils nothing */
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "good=1@0\n"));
    return NULL;
}

static int no_lease(void *arg, const struct state_lease *lease)
{
    (void)arg;
    (void)lease;
    return 1;
}

static const char *lease_calls_refused(struct state_fixture *f)
{
    struct state_claim claim = {"o", "l", 1000, false};
    struct state_hold hold = {"p", 1, true};
    struct state_lease lease = {.token = 99};
    struct error e = ERROR_INIT;
    struct state_store *s = f->store;
    bool granted = true;

    KEEPS(
        suite_refused(state_lease_take(s, "p", &claim, &granted, &lease, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_lease_renew(s, &hold, 1, 1000, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_lease_release(s, &hold, 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_lease_list(s, no_lease, NULL, &e), &e, ERROR_INTERNAL));
    KEEPS(granted && lease.token == 99 && hold.held);
    return NULL;
}

static const char *stores_of_ones_own_have_no_leases(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    PASSES(lease_calls_refused(f));
    KEEPS(suite_begin(f));
    KEEPS(suite_refused(state_stamp(f->store, "w", 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_fence(f->store, "p", 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_write(f, "p", "k", 1, "1", 0));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    return NULL;
}

static const char *leases_and_transactions_do_not_mix(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_refused(state_stamp(f->store, f->writer, 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(state_fence(f->store, "p", 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_begin(f));
    PASSES(lease_calls_refused(f));
    KEEPS(suite_refused(state_fence(f->store, "", 1, &e), &e, ERROR_INVALID));
    KEEPS(suite_commit(f));
    return NULL;
}

static const struct state_rule rules[] = {
    ERAS(list_names_plugins_with_rows),
    ERAS(a_walk_stops_when_told),
    ERAS(describe_counts),
    RULE(writes_outside_are_refused),
    RULE(bad_names_are_refused),
    RULE(bad_keys_are_refused),
    FOR(OWN, stores_of_ones_own_have_no_leases),
    FOR(SHARED, leases_and_transactions_do_not_mix),
};
CHAPTER(facts);
