/* Deadlines by the caller's clock, and sweeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "contract/state_rules.h"

#define YEAR_2200_MS 7258118400000

static const char *a_row_is_gone_at_its_deadline(struct state_fixture *f)
{
    static const int64_t deadlines[] = {1, 2, 1000, 86400000};
    char expected[64];

    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        int64_t at = deadlines[i];
        KEEPS(suite_put(f, "p", "k", "true", at));
        snprintf(expected, sizeof expected, "k=true@%lld\n", (long long)at);
        KEEPS(SAME(suite_dump(f, "p", at - 1), expected));
        KEEPS(SAME(suite_dump(f, "p", at), ""));
        KEEPS(SAME(suite_dump(f, "p", at + 1), ""));
        /* Nothing was thrown away by looking: the clock is the caller's. */
        KEEPS(SAME(suite_dump(f, "p", at - 1), expected));
    }
    return NULL;
}

/* The same inside a transaction, where rows may come from somewhere else. */
static const char *a_written_row_is_gone_at_its_deadline(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "old", "1", 100));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "p", "new", 3, "2", 101));
    KEEPS(SAME(suite_dump(f, "p", 99), "new=2@101\nold=1@100\n"));
    KEEPS(SAME(suite_dump(f, "p", 100), "new=2@101\n"));
    KEEPS(SAME(suite_dump(f, "p", 101), ""));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 100), "new=2@101\n"));
    return NULL;
}

/* Also one that is over already as it is written: it is a row, and nobody sees it. */
static const char *a_deadline_may_lie_in_the_past(struct state_fixture *f)
{
    KEEPS(suite_begin_at(f, 1000));
    KEEPS(suite_write(f, "p", "k", 1, "1", 10));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 1000), ""));
    KEEPS(SAME(suite_dump(f, "p", 9), "k=1@10\n"));
    KEEPS(SAME(suite_names(f), "p\n"));
    KEEPS(suite_sweeps(f, 1000, 10, 1));
    KEEPS(SAME(suite_names(f), ""));
    return NULL;
}

static const char *deadlines_at_the_ends_of_time(struct state_fixture *f)
{
    static const int64_t deadlines[] = {1,        2, 1700000000000, 253402300800000, INT64_MAX - 1,
                                        INT64_MAX};
    char expected[64];

    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        int64_t at = deadlines[i];
        KEEPS(suite_put(f, "p", "k", "true", at));
        snprintf(expected, sizeof expected, "k=true@%lld\n", (long long)at);
        KEEPS(SAME(suite_dump(f, "p", at - 1), expected));
        KEEPS(SAME(suite_dump(f, "p", at), ""));
        KEEPS(suite_sweeps(f, at - 1, 10, 0));
        KEEPS(suite_sweeps(f, at, 10, 1));
        KEEPS(SAME(suite_dump(f, "p", -1), ""));
    }
    return NULL;
}

/* What set() and set_with_ttl() do after each other. */
static const char *the_last_write_says_when(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "k", "1", 100));
    KEEPS(suite_put(f, "p", "k", "2", 0)); /* a plain value over a TTL clears it */
    KEEPS(SAME(suite_dump(f, "p", 1000), "k=2@0\n"));
    KEEPS(suite_sweeps(f, 1000, 10, 0));
    KEEPS(suite_put(f, "p", "k", "3", 100)); /* a TTL over a plain value */
    KEEPS(SAME(suite_dump(f, "p", 100), ""));
    KEEPS(suite_put(f, "p", "k", "4", 200)); /* a later one */
    KEEPS(SAME(suite_dump(f, "p", 199), "k=4@200\n"));
    KEEPS(suite_sweeps(f, 150, 10, 0));
    KEEPS(suite_put(f, "p", "k", "5", 50)); /* an earlier one */
    KEEPS(SAME(suite_dump(f, "p", 60), ""));
    KEEPS(suite_put(f, "p", "k", "6", 0)); /* over an expired row that nobody swept */
    KEEPS(SAME(suite_dump(f, "p", 1000), "k=6@0\n"));
    KEEPS(suite_sweeps(f, 1000, 10, 0));
    KEEPS(SAME(suite_dump(f, "p", 1000), "k=6@0\n"));
    return NULL;
}

/* Rows of three eras, written by desks of three eras, read by each. */
static const char *clocks_of_all_eras_live_together(struct state_fixture *f)
{
    struct clock real;
    int64_t eras[3] = {1000, 0, YEAR_2200_MS};
    char key[8];

    clock_init_real(&real);
    eras[1] = clock_now_ms(&real);
    for (int desk = 0; desk < 3; desk++) {
        KEEPS(suite_begin_at(f, eras[desk]));
        for (int row = 0; row < 3; row++) {
            snprintf(key, sizeof key, "%d-%d", row, desk);
            KEEPS(suite_write(f, "p", key, 3, "1", eras[row] + 600000));
        }
        KEEPS(suite_commit(f));
    }
    for (int desk = 0; desk < 3; desk++) {
        size_t line = strlen("0-0=1@\n") * 3, before = 0, at = 0;
        for (int row = desk; row < 3; row++) {
            char number[24];
            size_t digits =
                (size_t)snprintf(number, sizeof number, "%lld", (long long)(eras[row] + 600000));
            before += line + 3 * digits;
            at += row == desk ? 0 : line + 3 * digits;
        }
        KEEPS(strlen(suite_dump(f, "p", eras[desk] + 599999)) == before);
        KEEPS(strlen(suite_dump(f, "p", eras[desk] + 600000)) == at);
    }
    KEEPS(suite_sweeps(f, eras[0] + 600000, 100, 3));
    KEEPS(suite_sweeps(f, eras[1] + 600000, 100, 3));
    KEEPS(suite_sweeps(f, eras[2] + 599999, 100, 0));
    KEEPS(suite_sweeps(f, eras[2] + 600000, 100, 3));
    KEEPS(SAME(suite_names(f), ""));
    return NULL;
}

/* The server's clock passes the deadline; a desk whose clock is behind still has the row. */
static const char *the_servers_clock_removes_nothing(struct state_fixture *f)
{
    struct clock real;
    int64_t deadline;
    char expected[64];

    clock_init_real(&real);
    deadline = clock_now_ms(&real) + 40;
    KEEPS(suite_begin_at(f, deadline - 40));
    KEEPS(suite_write(f, "p", "k", 1, "1", deadline));
    KEEPS(suite_commit(f));
    snprintf(expected, sizeof expected, "k=1@%lld\n", (long long)deadline);
    while (clock_now_ms(&real) < deadline + 100)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    KEEPS(SAME(suite_dump(f, "p", deadline), ""));
    KEEPS(SAME(suite_dump(f, "p", deadline - 1), expected));
    KEEPS(suite_sweeps(f, deadline - 1, 10, 0));
    KEEPS(suite_sweeps(f, deadline, 10, 1));
    return NULL;
}

/* ---- sweeps ---- */

static const char *sweep_takes_only_the_dead(struct state_fixture *f)
{
    char key[16];

    KEEPS(suite_begin(f));
    for (int i = 0; i < 25; i++) {
        snprintf(key, sizeof key, "k%02d", i);
        KEEPS(suite_write(f, i % 2 ? "p" : "q", key, 3, "0", 100));
    }
    KEEPS(suite_write(f, "p", "later", 5, "1", 101));
    KEEPS(suite_write(f, "p", "never", 5, "2", 0));
    KEEPS(suite_commit(f));
    KEEPS(suite_sweeps(f, 99, 1000, 0));
    KEEPS(suite_sweeps(f, 100, 0, 0));
    KEEPS(suite_sweeps(f, 100, 10, 10));
    KEEPS(suite_sweeps(f, 100, 10, 10));
    KEEPS(suite_begin(f));
    KEEPS(suite_sweeps(f, 100, SIZE_MAX, 5));
    KEEPS(suite_commit(f));
    KEEPS(suite_sweeps(f, 100, 10, 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "later=1@101\nnever=2@0\n"));
    KEEPS(SAME(suite_names(f), "p\n"));
    return NULL;
}

static bool dead_rows(struct state_fixture *f, int count)
{
    char key[16];

    if (!suite_begin(f))
        return false;
    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof key, "d%d", i);
        if (!suite_write(f, "p", key, strlen(key), "0", 50 + i))
            return false;
    }
    return suite_commit(f);
}

/* Ten dead ones; of those, three removed and two written anew; two more dead ones. */
static const char *sweep_sees_the_transaction(struct state_fixture *f)
{
    KEEPS(dead_rows(f, 10));
    KEEPS(suite_begin_at(f, 100));
    KEEPS(suite_erase(f, "p", "d0", 2) && suite_erase(f, "p", "d4", 2));
    KEEPS(suite_erase(f, "p", "d9", 2));
    KEEPS(suite_write(f, "p", "d1", 2, "1", 0));
    KEEPS(suite_write(f, "p", "d5", 2, "2", 101));
    KEEPS(suite_write(f, "q", "new", 3, "3", 60));
    KEEPS(suite_write(f, "q", "newer", 5, "4", 100));
    KEEPS(suite_write(f, "q", "live", 4, "5", 101));
    KEEPS(suite_sweeps(f, 100, 4, 4));
    KEEPS(suite_sweeps(f, 100, 4, 3));
    KEEPS(suite_sweeps(f, 100, 4, 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "d1=1@0\nd5=2@101\n"));
    KEEPS(SAME(suite_dump(f, "q", 0), "live=5@101\n"));
    KEEPS(suite_write(f, "q", "new", 3, "6", 0)); /* what was swept may be written again */
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "d1=1@0\nd5=2@101\n"));
    KEEPS(SAME(suite_dump(f, "q", 0), "live=5@101\nnew=6@0\n"));
    KEEPS(suite_sweeps(f, 100, 10, 0));
    return NULL;
}

static const char *a_sweep_rolls_back(struct state_fixture *f)
{
    const char *before;

    KEEPS(dead_rows(f, 10));
    before = suite_dump(f, "p", 0);
    KEEPS(suite_begin_at(f, 100));
    KEEPS(suite_sweeps(f, 100, 7, 7));
    KEEPS(suite_write(f, "p", "x", 1, "1", 10));
    KEEPS(suite_sweeps(f, 100, 100, 4));
    KEEPS(SAME(suite_names(f), ""));
    state_rollback(f->store);
    KEEPS(SAME(suite_dump(f, "p", 0), before));
    KEEPS(suite_sweeps(f, 100, 100, 10));
    return NULL;
}

/* Of many plugins, in pieces, each counted once. */
static const char *long_sweeps_are_counted_exactly(struct state_fixture *f)
{
    char plugin[16], key[16];
    size_t left = 1500;

    KEEPS(suite_begin(f));
    for (int i = 0; i < 1500; i++) {
        snprintf(plugin, sizeof plugin, "p%d", i % 7);
        snprintf(key, sizeof key, "k%d", i);
        KEEPS(suite_write(f, plugin, key, strlen(key), "0", 1 + i % 50));
        KEEPS(i % 3 || suite_write(f, plugin, "live", 4, "1", 0));
    }
    KEEPS(suite_commit(f));
    KEEPS(suite_sweeps(f, 25, SIZE_MAX, 750));
    left -= 750;
    for (size_t piece = 1; left > 0; piece *= 3) {
        KEEPS(suite_sweeps(f, 50, piece, piece < left ? piece : left));
        left -= piece < left ? piece : left;
    }
    KEEPS(suite_sweeps(f, 1000, SIZE_MAX, 0));
    KEEPS(SAME(suite_dump(f, "p0", 0), "live=1@0\n"));
    return NULL;
}

/* What another daemon wrote anew between the look and the commit stays. */
static const char *a_sweep_spares_what_became_live(struct state_fixture *f)
{
    struct state_fixture other = state_suite_second(f);
    bool written;

    KEEPS(dead_rows(f, 3));
    KEEPS(suite_begin_at(f, 100));
    KEEPS(suite_sweeps(f, 100, 10, 3));
    written = suite_put(&other, "p", "d1", "9", 0) && suite_put(&other, "p", "d2", "8", 101);
    state_suite_leave(&other);
    KEEPS(written);
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "d1=9@0\nd2=8@101\n"));
    return NULL;
}

static const struct state_rule rules[] = {
    ERAS(a_row_is_gone_at_its_deadline),     ERAS(a_written_row_is_gone_at_its_deadline),
    ERAS(a_deadline_may_lie_in_the_past),    RULE(deadlines_at_the_ends_of_time),
    ERAS(the_last_write_says_when),          RULE(clocks_of_all_eras_live_together),
    RULE(the_servers_clock_removes_nothing), ERAS(sweep_takes_only_the_dead),
    ERAS(sweep_sees_the_transaction),        ERAS(a_sweep_rolls_back),
    ERAS(long_sweeps_are_counted_exactly),   FOR(SHARED, a_sweep_spares_what_became_live),
};
CHAPTER(expiry);
