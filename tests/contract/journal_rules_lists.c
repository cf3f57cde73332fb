/* Filters, pages and cursors. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/id.h"
#include "base/random.h"
#include "contract/journal_rules.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HASH_C "cccccccccccccccccccccccccccccccc"

static uint64_t id_at(int64_t ms, uint64_t counter)
{
    return (uint64_t)ms << 21 | counter;
}

static int put(struct journal *j, uint64_t id, const char *plugin, const char *version,
               uint64_t parent, struct error *e)
{
    struct run run = {.id = id, .status = RUN_NOOP, .parent = parent, .seen = "{\"vault\":\"0\"}"};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    snprintf(run.version, sizeof run.version, "%s", version);
    return journal_put_run(j, &run, e);
}

/* What a filter gives: its status and limit, then the rest of it. */
#define LISTED(expected, state, most, ...)                                                         \
    KEEPS(SAME(                                                                                    \
        suite_filtered(j, &(struct run_filter){.status = (state), .limit = (most), __VA_ARGS__}),  \
        expected))

static const char *children_are_direct_ones(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run open_child = {.id = 40, .plugin = "r", .status = RUN_RUNNING, .parent = 10};

    KEEPS(suite_begin(j));
    DONE(put(j, 10, "p", "", 0, &e));
    DONE(put(j, 20, "q", HASH_A, 10, &e));
    DONE(put(j, 30, "p", "", 10, &e));
    DONE(put(j, 35, "q", "", 20, &e)); /* a grandchild */
    DONE(journal_create_run(j, &open_child, &e));
    KEEPS(suite_commit(j));
    LISTED("40 30 20 ", -1, 100, .parent = 10);
    LISTED("35 ", -1, 100, .parent = 20);
    LISTED("", -1, 100, .parent = 35);
    LISTED("", -1, 100, .parent = 999);
    LISTED("", -1, 100, .parent = UINT64_MAX);
    LISTED("20 ", -1, 100, .parent = 10, .plugin = "q");
    LISTED("20 ", -1, 100, .parent = 10, .version = HASH_A);
    LISTED("30 ", -1, 1, .parent = 10, .before = 40);
    LISTED("20 ", -1, 100, .parent = 10, .offset = 2);
    LISTED("40 ", RUN_RUNNING, 100, .parent = 10);
    LISTED("40 35 30 20 10 ", -1, 100, .parent = 0);
    return NULL;
}

static const char *times_are_half_open(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    char expected[128];
    uint64_t a = id_at(1000, 0), b = id_at(1000, 5), c = id_at(1001, 0), d = id_at(2000, 1);

    KEEPS(suite_begin(j));
    DONE(put(j, a, "p", "", 0, &e));
    DONE(put(j, b, "p", "", 0, &e));
    DONE(put(j, c, "q", "", 0, &e));
    DONE(put(j, d, "p", "", 0, &e));
    KEEPS(suite_commit(j));
    snprintf(expected, sizeof expected, "%llu %llu ", (unsigned long long)b, (unsigned long long)a);
    LISTED(expected, -1, 100, .from_ms = 1000, .to_ms = 1001);
    LISTED(expected, -1, 100, .to_ms = 1001);
    LISTED(expected, -1, 100, .plugin = "p", .to_ms = 2000);
    snprintf(expected, sizeof expected, "%llu %llu ", (unsigned long long)d, (unsigned long long)c);
    LISTED(expected, -1, 100, .from_ms = 1001);
    LISTED(expected, -1, 100, .from_ms = 1001, .to_ms = INT64_MAX);
    LISTED("", -1, 100, .from_ms = 2001);
    LISTED("", -1, 100, .from_ms = INT64_MAX);
    LISTED("", -1, 100, .from_ms = 1500, .to_ms = 1500);
    LISTED("", -1, 100, .from_ms = 1900, .to_ms = 1100);
    LISTED("", -1, 100, .to_ms = -5);
    snprintf(expected, sizeof expected, "%llu ", (unsigned long long)a);
    LISTED(expected, -1, 100, .from_ms = INT64_MIN, .before = b);
    return NULL;
}

static const char *ties_have_an_order(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    char expected[512] = "";
    uint64_t before = 0;

    KEEPS(suite_begin(j)); /* all in one millisecond, in no order */
    for (uint64_t i = 0; i < 12; i++)
        KEEPS(suite_run(j, id_at(5000, i * 5 % 12), i % 2 ? "p" : "q", RUN_NOOP));
    KEEPS(suite_commit(j));
    for (uint64_t i = 12; i-- > 0;)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%llu ",
                 (unsigned long long)id_at(5000, i));
    LISTED(expected, -1, 100, .before = 0);
    for (uint64_t i = 12; i-- > 0; before = id_at(5000, i)) {
        snprintf(expected, sizeof expected, "%llu ", (unsigned long long)id_at(5000, i));
        LISTED(expected, -1, 1, .before = before);
    }
    return NULL;
}

static const char *offsets_and_limits_of_any_size(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    for (uint64_t id = 1; id <= 6; id++)
        KEEPS(suite_run(j, id, id % 2 ? "p" : "q", id == 4 ? RUN_FAILED : RUN_NOOP));
    KEEPS(suite_commit(j));
    LISTED("4 3 2 1 ", -1, 100, .offset = 2);
    LISTED("4 3 ", -1, 2, .offset = 2);
    LISTED("3 1 ", -1, SIZE_MAX, .plugin = "p", .offset = 1);
    LISTED("2 ", RUN_NOOP, 100, .plugin = "q", .offset = 1);
    LISTED("3 ", -1, 1, .plugin = "p", .before = 5, .offset = 0);
    LISTED("1 ", -1, 1, .plugin = "p", .before = 5, .offset = 1);
    LISTED("", -1, 100, .offset = 6);
    LISTED("", -1, 100, .offset = UINT64_MAX);
    LISTED("", -1, SIZE_MAX, .plugin = "p", .offset = UINT64_MAX);
    LISTED("", -1, 0, .before = 0);
    LISTED("", -1, 0, .plugin = "p", .offset = 1);
    LISTED("6 5 4 3 2 1 ", -1, SIZE_MAX, .before = 0);
    return NULL;
}

/* A page's cursor is an id: any number is one, also of a run that is gone or never was. */
static const char *any_cursor_is_a_place(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j) && suite_run(j, 10, "p", RUN_NOOP) && suite_run(j, 20, "p", RUN_NOOP));
    KEEPS(suite_commit(j));
    LISTED("20 10 ", -1, 100, .before = 21);
    LISTED("10 ", -1, 100, .before = 15);
    LISTED("", -1, 100, .before = 10);
    LISTED("", -1, 100, .before = 1);
    LISTED("20 10 ", -1, 100, .before = UINT64_MAX);
    LISTED("20 10 ", -1, 100, .before = (uint64_t)INT64_MAX + 1, .plugin = "p");
    LISTED("20 10 ", RUN_NOOP, 100, .before = INT64_MAX);
    return NULL;
}

static const char *pages_hold_while_runs_arrive(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    for (uint64_t id = 100; id < 110; id++)
        KEEPS(suite_run(j, id, "p", RUN_NOOP));
    KEEPS(suite_commit(j));
    LISTED("109 108 107 ", -1, 3, .plugin = "p");
    KEEPS(suite_begin(j) && suite_run(j, 200, "p", RUN_NOOP) && suite_run(j, 50, "p", RUN_NOOP));
    LISTED("106 105 104 ", -1, 3, .plugin = "p", .before = 107);
    KEEPS(suite_commit(j));
    LISTED("103 102 101 ", -1, 3, .plugin = "p", .before = 104);
    LISTED("100 50 ", -1, 3, .plugin = "p", .before = 101);
    LISTED("", -1, 3, .plugin = "p", .before = 50);
    return NULL;
}

static int look_for_seen(void *arg, const struct run *run)
{
    *(int *)arg += run->seen != NULL;
    return 0;
}

static const char *lists_leave_out_what_was_seen(struct journal_fixture *f)
{
    struct run_filter filter = {.status = -1, .limit = 9};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    int seen = 0;

    COMMITS(put(j, 5, "p", "", 0, &e));
    DONE(journal_list_runs(j, &filter, look_for_seen, &seen, &e));
    KEEPS(seen == 0);
    DONE(journal_get_run(j, 5, look_for_seen, &seen, &e));
    KEEPS(seen == 1);
    return NULL;
}

static const char *names_are_taken_literally(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    COMMITS(put(j, 5, "p", HASH_A, 0, &e));
    LISTED("", -1, 100, .plugin = "");
    LISTED("", -1, 100, .plugin = "%");
    LISTED("", -1, 100, .plugin = "P");
    LISTED("", -1, 100, .plugin = "p' OR '1'='1");
    LISTED("", -1, 100, .plugin = "p\"; DROP TABLE runs; --");
    LISTED("", -1, 100, .version = "");
    LISTED("", -1, 100, .version = "p");
    LISTED("", -1, 100, .plugin = HASH_A);
    LISTED("", -1, 100, .version = HASH_B);
    LISTED("5 ", -1, 100, .plugin = "p", .version = HASH_A);
    return NULL;
}

/* ---- every combination, against a table that is filtered by hand ---- */

#define MANY 500
struct sample {
    uint64_t id, parent;
    int plugin, version; /* -1: none */
    enum run_status status;
};

static const char *const versions[] = {HASH_A, HASH_B, HASH_C};

static int descending(const void *a, const void *b)
{
    uint64_t x = ((const struct sample *)a)->id, y = ((const struct sample *)b)->id;

    return x > y ? -1 : x < y;
}

/* Plugins go from one version to another and back; some runs end late, as what they began with. */
static void make_sample(struct sample *s, int i, int64_t *ms, struct random *random)
{
    bool late = i % 40 == 39;

    *ms += random_below(random, 5) ? (int64_t)random_below(random, 3000)
                                   : (int64_t)random_below(random, 90000);
    s->id = id_at(*ms - (late ? 1800000 : 0), (uint64_t)i);
    s->plugin = random_below(random, 60) == 0 ? 9 : (int)random_below(random, 3);
    s->version = s->plugin == 9 ? 2 : i / 70 % 3 - (i / 70 % 3 == 2 ? 3 : 0);
    if (late && s->version >= 0)
        s->version = 1 - s->version;
    s->status = (enum run_status)(RUN_NOOP + (int)random_below(random, 6));
    if (random_below(random, 25) == 0)
        s->status = RUN_SUBMITTED;
    s->parent = random_below(random, 20) == 0 ? 77 : 0;
}

static bool put_samples(struct journal *j, struct sample *samples)
{
    int64_t ms = 1700000000000;
    struct error e = ERROR_INIT;
    struct random random;

    random_init(&random, 11);
    for (int i = 0; i < MANY; i++) {
        struct sample *s = &samples[i];
        make_sample(s, i, &ms, &random);
        struct run run = {.id = s->id, .status = s->status, .parent = s->parent};
        snprintf(run.plugin, sizeof run.plugin, "p%d", s->plugin);
        if (s->version >= 0)
            snprintf(run.version, sizeof run.version, "%s", versions[s->version]);
        if ((i % 50 == 0 && !suite_begin(j)) ||
            !suite_ok(s->status == RUN_SUBMITTED ? journal_create_run(j, &run, &e)
                                                 : journal_put_run(j, &run, &e),
                      &e) ||
            (i % 50 == 49 && !suite_commit(j)))
            return false;
    }
    qsort(samples, MANY, sizeof *samples, descending);
    return true;
}

static bool matches(const struct sample *s, const struct run_filter *f)
{
    char plugin[8];

    snprintf(plugin, sizeof plugin, "p%d", s->plugin);
    return (f->plugin == NULL || SAME(f->plugin, plugin)) &&
           (f->status < 0 || (int)s->status == f->status) &&
           (f->version == NULL || (s->version >= 0 && SAME(f->version, versions[s->version]))) &&
           (f->parent == 0 || f->parent == s->parent) && (f->before == 0 || s->id < f->before) &&
           id_time_ms(s->id) >= f->from_ms && (f->to_ms == 0 || id_time_ms(s->id) < f->to_ms);
}

static const char *by_hand(const struct sample *samples, const struct run_filter *f)
{
    static char text[MANY * 24];
    uint64_t skipped = 0;
    size_t at = 0, given = 0;

    text[0] = '\0';
    for (size_t i = 0; i < MANY && given < f->limit; i++) {
        if (!matches(&samples[i], f) || skipped++ < f->offset)
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%llu ",
                               (unsigned long long)samples[i].id);
        given++;
    }
    return text;
}

static const char *every_combination_is_right(struct journal_fixture *f)
{
    static const char *const plugins[] = {NULL, "p0", "p2", "p9"};
    static const int statuses[] = {-1, RUN_NOOP, RUN_FAILED, RUN_SUBMITTED};
    static struct sample samples[MANY];
    struct random random;

    KEEPS(put_samples(f->journal, samples));
    random_init(&random, 5);
    for (int i = 0; i < 1200; i++) {
        const struct sample *some = &samples[random_below(&random, MANY)];
        const struct sample *other = &samples[random_below(&random, MANY)];
        struct run_filter filter = {
            .plugin = plugins[i % 4],
            .status = statuses[i / 4 % 4],
            .version = i / 16 % 4 == 3 ? NULL : versions[i / 16 % 4],
            .parent = random_below(&random, 4) == 0 ? 77 : 0,
            .before = random_below(&random, 2) ? some->id : 0,
            .from_ms = random_below(&random, 3) == 0 ? id_time_ms(other->id) : 0,
            .to_ms = random_below(&random, 3) == 0 ? id_time_ms(other->id) + 600000 : 0,
            .offset = random_below(&random, 3) == 0 ? random_below(&random, 12) : 0,
            .limit = 1 + random_below(&random, 15)};
        KEEPS(SAME(suite_filtered(f->journal, &filter), by_hand(samples, &filter)));
    }
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(children_are_direct_ones),
    RULE(times_are_half_open),
    RULE(ties_have_an_order),
    RULE(offsets_and_limits_of_any_size),
    RULE(any_cursor_is_a_place),
    RULE(pages_hold_while_runs_arrive),
    RULE(lists_leave_out_what_was_seen),
    RULE(names_are_taken_literally),
    RULE(every_combination_is_right),
};
CHAPTER(lists);
