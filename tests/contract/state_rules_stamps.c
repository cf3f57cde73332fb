/* Stamps: a commit that is repeated happens once. */
#include <stdio.h>
#include <string.h>

#include "contract/state_rules.h"

/* One write under a stamp; the result of commit. */
static int stamped(struct state_fixture *f, const char *writer, uint64_t number, const char *key,
                   const char *value, struct error *e)
{
    int rc = -1;

    if (suite_begin(f) && state_stamp(f->store, writer, number, e) == 0 &&
        suite_write(f, "p", key, strlen(key), value, 0))
        rc = state_commit(f->store, e);
    state_rollback(f->store);
    return rc;
}

static bool stamps(struct state_fixture *f, uint64_t number, const char *key, const char *value)
{
    struct error e = ERROR_INIT;

    return suite_ok(stamped(f, f->writer, number, key, value, &e), &e);
}

static const char *a_repeated_commit_does_nothing(struct state_fixture *f)
{
    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(suite_put(f, "p", "k", "2", 0)); /* somebody else, meanwhile */
    for (int i = 0; i < 3; i++) {
        KEEPS(stamps(f, 1, "k", "1"));
        KEEPS(SAME(suite_dump(f, "p", 0), "k=2@0\n"));
    }
    KEEPS(stamps(f, 2, "k", "3"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=3@0\n"));
    return NULL;
}

/* Nothing of it is looked at: neither other writes nor removals nor fences. */
static const char *a_recorded_number_hides_all(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_put(f, "p", "gone?", "1", 0));
    KEEPS(suite_put(f, "p", "dead", "2", 10));
    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(suite_begin(f));
    KEEPS(state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(suite_write(f, "p", "k", 1, "9", 0));
    KEEPS(suite_write(f, "q", "new", 3, "9", 0));
    KEEPS(suite_erase(f, "p", "gone?", 5));
    KEEPS(suite_sweeps(f, 20, 10, 1));
    KEEPS(state_fence(f->store, "nobody-took-it", 12345, &e) == 0);
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "dead=2@10\ngone?=1@0\nk=1@0\n"));
    KEEPS(SAME(suite_names(f), "p\n"));
    return NULL;
}

/* The reads inside, too, show what will be: until the commit nobody knows that it is recorded. */
static const char *reads_do_not_look_at_stamps(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(suite_begin(f));
    KEEPS(state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(suite_write(f, "p", "k", 1, "9", 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=9@0\n"));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    return NULL;
}

static const char *writers_are_independent(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    char others[4][64];

    snprintf(others[0], sizeof others[0], "%s:", f->writer);
    snprintf(others[1], sizeof others[1], "%s%%", f->writer);
    snprintf(others[2], sizeof others[2], "%s", f->writer + 1);
    snprintf(others[3], sizeof others[3], "W%s", f->writer + 1);
    KEEPS(stamps(f, 5, "k", "1"));
    for (size_t i = 0; i < 4; i++) {
        char key[8], value[8];
        snprintf(key, sizeof key, "k%zu", i);
        snprintf(value, sizeof value, "%zu", i);
        KEEPS(stamped(f, others[i], 5, key, value, &e) == 0);
        KEEPS(stamped(f, others[i], 5, key, "\"again\"", &e) == 0);
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\nk0=0@0\nk1=1@0\nk2=2@0\nk3=3@0\n"));
    KEEPS(stamps(f, 6, "k", "6"));
    KEEPS(stamped(f, others[0], 6, "k0", "6", &e) == 0);
    KEEPS(SAME(suite_dump(f, "p", 0), "k=6@0\nk0=6@0\nk1=1@0\nk2=2@0\nk3=3@0\n"));
    return NULL;
}

static const char *a_rolled_back_stamp_is_free(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(suite_begin(f));
    KEEPS(state_stamp(f->store, f->writer, 2, &e) == 0);
    KEEPS(suite_write(f, "p", "k", 1, "9", 0));
    state_rollback(f->store);
    KEEPS(suite_put(f, "p", "l", "2", 0)); /* carries no stamp: the old one is forgotten */
    KEEPS(stamps(f, 2, "k", "3"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=3@0\nl=2@0\n"));
    KEEPS(stamps(f, 2, "k", "9"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=3@0\nl=2@0\n"));
    return NULL;
}

static const char *unstamped_commits_go_in_between(struct state_fixture *f)
{
    char value[16];

    for (int i = 1; i <= 20; i++) {
        snprintf(value, sizeof value, "%d", i);
        KEEPS(stamps(f, (uint64_t)i, "k", value));
        KEEPS(suite_put(f, "p", "plain", value, 0));
        KEEPS(stamps(f, (uint64_t)i, "plain", "\"repeated\""));
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "k=20@0\nplain=20@0\n"));
    return NULL;
}

/* Nothing but the stamp: it is recorded all the same. */
static const char *an_empty_commit_has_a_stamp(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(f));
    KEEPS(state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(suite_commit(f));
    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(SAME(suite_dump(f, "p", 0), ""));
    KEEPS(stamps(f, 2, "k", "2"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=2@0\n"));
    return NULL;
}

static const char *the_last_stamp_of_a_transaction_counts(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    KEEPS(stamps(f, 1, "k", "1"));
    KEEPS(suite_begin(f));
    KEEPS(state_stamp(f->store, f->writer, 1, &e) == 0);
    KEEPS(state_stamp(f->store, f->writer, 2, &e) == 0);
    KEEPS(suite_write(f, "p", "k", 1, "2", 0));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=2@0\n"));
    return NULL;
}

/* A number below the recorded one comes too late: nothing of it is written. */
static const char *a_late_number_writes_nothing(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    for (uint64_t n = 1; n <= 3; n++)
        KEEPS(stamps(f, n, "k", "1"));
    stamped(f, f->writer, 2, "k", "9", &e);
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\n"));
    KEEPS(stamps(f, 4, "k", "4"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=4@0\n"));
    return NULL;
}

static const char *stamps_are_kept(struct state_fixture *f)
{
    struct state_fixture other;
    bool repeated;

    KEEPS(stamps(f, 1, "k", "1"));
    state_suite_reopen(f);
    KEEPS(stamps(f, 1, "k", "9"));
    other = state_suite_second(f);
    repeated = stamps(&other, 1, "k", "9") && stamps(&other, 2, "l", "2");
    state_suite_leave(&other);
    KEEPS(repeated);
    KEEPS(stamps(f, 2, "l", "9"));
    KEEPS(SAME(suite_dump(f, "p", 0), "k=1@0\nl=2@0\n"));
    return NULL;
}

/* Numbers are 64-bit integers: neighbours that one double cannot tell apart. */
static const char *numbers_are_exact(struct state_fixture *f)
{
    static const uint64_t numbers[] = {4294967296, 9007199254740992, 9007199254740993,
                                       INT64_MAX - 1, INT64_MAX};
    char value[16], expected[24];

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(value, sizeof value, "%zu", i);
        snprintf(expected, sizeof expected, "k=%zu@0\n", i);
        KEEPS(stamps(f, numbers[i], "k", value));
        KEEPS(SAME(suite_dump(f, "p", 0), expected));
        KEEPS(stamps(f, numbers[i], "k", "\"again\""));
        KEEPS(SAME(suite_dump(f, "p", 0), expected));
    }
    return NULL;
}

static const struct state_rule rules[] = {
    FOR(SHARED, a_repeated_commit_does_nothing),
    FOR(SHARED, a_recorded_number_hides_all),
    FOR(SHARED, reads_do_not_look_at_stamps),
    FOR(SHARED, writers_are_independent),
    FOR(SHARED, a_rolled_back_stamp_is_free),
    FOR(SHARED, unstamped_commits_go_in_between),
    FOR(SHARED, an_empty_commit_has_a_stamp),
    FOR(SHARED, the_last_stamp_of_a_transaction_counts),
    FOR(SHARED, a_late_number_writes_nothing),
    FOR(SHARED, stamps_are_kept),
    FOR(SHARED, numbers_are_exact),
};
CHAPTER(stamps);
