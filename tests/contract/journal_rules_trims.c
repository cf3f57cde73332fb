/* What is thrown away, and what is told of what is there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "contract/journal_rules.h"

#define HOUR   3600000LL
#define DIGEST "000102030405060708090a0b0c0d0e0f"
#define OTHER  "ffffffffffffffffffffffffffffffff"

/* One slice, as "runs snapshots events dead" and "more" or "done". */
static const char *trimmed(struct journal *j, struct trim trim)
{
    static char text[2][128];
    static unsigned next;
    char *out = text[next++ % 2];
    struct error e = ERROR_INIT;
    struct trimmed got = {.runs = 99};

    if (!suite_begin(j) || !suite_ok(journal_trim(j, &trim, &got, &e), &e) || !suite_commit(j))
        return "trim failed";
    snprintf(out, sizeof text[0], "%llu %llu %llu %llu %s", (unsigned long long)got.runs,
             (unsigned long long)got.snapshots, (unsigned long long)got.events,
             (unsigned long long)got.dead, got.more ? "more" : "done");
    return out;
}

static bool put_ended(struct journal *j, uint64_t first, uint64_t last)
{
    bool done = suite_begin(j);

    for (uint64_t id = first; id <= last; id++)
        done = done && suite_run(j, id, id % 2 ? "odd" : "even", RUN_NOOP);
    return done && suite_commit(j);
}

static const char *slices_are_bounded_oldest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(put_ended(j, 1, 10));
    KEEPS(SAME(trimmed(j, (struct trim){.max = 5}), "0 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 8, .max = 0}), "0 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 8, .max = 3}), "3 0 0 0 more"));
    KEEPS(SAME(suite_runs(j, NULL, -1, 6, 9), "5:odd:noop 4:even:noop "));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 8, .max = 5}), "4 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 8, .max = 4}), "0 0 0 0 done"));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 99), "10:even:noop 9:odd:noop 8:even:noop "));
    KEEPS(SAME(suite_runs(j, "odd", RUN_NOOP, 0, 99), "9:odd:noop "));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 2, .max = 9}), "1 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 5, .max = 9}), "0 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .max = UINT32_MAX}), "2 0 0 0 done"));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 99), ""));
    return NULL;
}

static const char *age_and_count_both_hold(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(put_ended(j, 1, 10));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 3, .keep_runs = 6, .max = 99}), "4 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 8, .keep_runs = 6, .max = 99}), "3 0 0 0 done"));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 99), "10:even:noop 9:odd:noop 8:even:noop "));
    return NULL;
}

static const char *counts_stay_complete(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(put_ended(j, 1, 10));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 9, .max = 99}), "8 0 0 0 done"));
    KEEPS(SAME(suite_counts(j), "even:noop:5 odd:noop:5 "));
    KEEPS(put_ended(j, 11, 12));
    KEEPS(SAME(suite_counts(j), "even:noop:6 odd:noop:6 "));
    KEEPS(strstr(suite_stats(j), "runs 4 open 0 oldest 9 ") != NULL);
    KEEPS(SAME(suite_runs(j, "even", -1, 0, 9), "12:even:noop 10:even:noop "));
    return NULL;
}

static const char *what_has_not_ended_stays(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    uint64_t id = 1;

    for (int status = 0; status < (int)RUN_NOOP; status++, id += 2)
        KEEPS(suite_open(j, id, (enum run_status)status));
    for (id = 2; id <= 14; id += 2)
        KEEPS(put_ended(j, id, id));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .keep_runs = 1, .max = 4}),
               "4 0 0 0 more"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .max = 99}), "3 0 0 0 done"));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 99), "11:p:unknown 9:p:submitted 7:p:prepared "
                                               "5:p:paused 3:p:running 1:p:queued "));
    KEEPS(SAME(suite_runs(j, "p", -1, 6, 99), "5:p:paused 3:p:running 1:p:queued "));
    COMMITS(journal_set_status(j, 5, RUN_FAILED, 1, NULL, NULL, &e));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .max = 99}), "1 0 0 0 done"));
    KEEPS(strstr(suite_stats(j), "runs 0 open 5 oldest 0 ") != NULL);
    return NULL;
}

static const char *parts_go_with_their_run_alone(struct journal_fixture *f)
{
    static const uint32_t first[] = {0};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run_log log = {.level = LOG_INFO, .at_ms = 1, .from = "script", .message = "m"};
    struct span span = {.id = "a", .name = "a", .start_us = 1, .end_us = 2, .status = "ok"};

    KEEPS(put_ended(j, 1, 1) && suite_open(j, 2, RUN_RUNNING) && put_ended(j, 3, 4));
    for (uint64_t id = 1; id <= 4; id++) {
        COMMITS(journal_put_result(j, id, 0, "1", &e));
        COMMITS(journal_add_log(j, id, &log, &e));
        COMMITS(journal_add_span(j, id, &span, &e));
        COMMITS(journal_set_metadata(j, id, "{}", &e));
    }
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .max = 99}), "2 0 0 0 done"));
    for (uint64_t id = 2; id <= 4; id += 2) {
        KEEPS(SAME(suite_results(j, id, first, 1), "0=1 "));
        KEEPS(SAME(suite_logs(j, id), "1:info:script:m:- dropped 0"));
        KEEPS(SAME(suite_trace(j, id), "a:a:1:2:ok:- "));
    }
    KEEPS(suite_refused(journal_list_logs(j, 3, NULL, NULL, NULL, &e), &e, ERROR_NOT_FOUND));
    KEEPS(put_ended(j, 5, 5)); /* what comes later finds nothing of those */
    KEEPS(SAME(suite_results(j, 5, first, 1), "") && SAME(suite_trace(j, 5), ""));
    return NULL;
}

static const char *snapshots_go_by_their_last_use(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    int64_t t = 1700000000000;
    struct trim none = {.before = 1, .max = 99};

    KEEPS(put_ended(j, (uint64_t)t << 21, (uint64_t)t << 21));
    COMMITS(journal_put_snapshot(j, DIGEST, "used again", t - 24 * HOUR, &e));
    COMMITS(journal_put_snapshot(j, OTHER, "not", t - 24 * HOUR, &e));
    COMMITS(journal_put_snapshot(j, DIGEST, "used again", t, &e));
    KEEPS(SAME(trimmed(j, none), "0 1 0 0 done"));
    KEEPS(SAME(suite_snapshot(j, DIGEST), "used again") && SAME(suite_snapshot(j, OTHER), "-"));
    KEEPS(strstr(suite_stats(j), "snapshots 1 of 10 ") != NULL);
    COMMITS(journal_put_snapshot(j, OTHER, "is back", t, &e)); /* what is gone can come again */
    KEEPS(SAME(suite_snapshot(j, OTHER), "is back"));
    KEEPS(put_ended(j, (uint64_t)(t + 24 * HOUR) << 21, (uint64_t)(t + 24 * HOUR) << 21));
    KEEPS(SAME(trimmed(j, none), "0 0 0 0 done"));
    COMMITS(journal_put_snapshot(j, OTHER, "is back", t + 24 * HOUR, &e));
    KEEPS(SAME(trimmed(j, (struct trim){.before = (uint64_t)(t + HOUR) << 21, .max = 99}),
               "1 1 0 0 done"));
    KEEPS(SAME(suite_snapshot(j, DIGEST), "-") && SAME(suite_snapshot(j, OTHER), "is back"));
    return NULL;
}

static const char *an_open_run_keeps_what_it_saw(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    int64_t t = 1700000000000;

    KEEPS(suite_open(j, (uint64_t)t << 21, RUN_SUBMITTED));
    COMMITS(journal_put_snapshot(j, DIGEST, "x", t, &e));
    KEEPS(put_ended(j, (uint64_t)(t + 48 * HOUR) << 21, (uint64_t)(t + 48 * HOUR) << 21));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .max = 99}), "1 0 0 0 done"));
    KEEPS(SAME(suite_snapshot(j, DIGEST), "x"));
    return NULL;
}

static const char *events_and_settled_letters_go_by_age(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(SAME(suite_note(j, "s", "a b", 10), "11") && SAME(suite_note(j, "s", "c", 20), "1"));
    for (uint64_t run = 1; run <= 4; run++) {
        struct dead_letter dead = {.run = run, .plugin = "p", .at_ms = 1};
        COMMITS(journal_put_dead(j, &dead, &e));
        if (run != 2)
            COMMITS(journal_settle_dead(j, run, DEAD_DISCARDED, 0, (int64_t)run * 10, &e));
    }
    KEEPS(SAME(trimmed(j, (struct trim){.events_before_ms = 10, .dead_before_ms = 10, .max = 9}),
               "0 0 0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.events_before_ms = 20, .dead_before_ms = 40, .max = 1}),
               "0 0 1 1 more"));
    KEEPS(SAME(trimmed(j, (struct trim){.events_before_ms = 20, .dead_before_ms = 40, .max = 9}),
               "0 0 1 1 done"));
    KEEPS(SAME(suite_note(j, "s", "c a", 30), "01"));
    KEEPS(SAME(suite_dead(j, NULL, -1, 0, 9), "4:p:discarded:0 2:p:open:0 "));
    return NULL;
}

static const char *everything_else_outlives_runs(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct strategy_version version = {
        .strategy = "s", .hash = DIGEST, .content = "{}", .note = "n", .author = "a"};
    struct ledger_change change = {.account = {.id = "v", .quote = 5}, .spend = 3};
    struct cursor cursor = {"c", "1", 1, 1};
    uint32_t number;
    bool is_new;

    KEEPS(suite_begin(j) && suite_run(j, 5, "p", RUN_NOOP) && suite_pending(j, 6, "p"));
    KEEPS(suite_change(j, 5, 10, &change));
    DONE(journal_put_version(j, &version, &number, &is_new, &e));
    DONE(journal_put_cursor(j, &cursor, &e));
    KEEPS(suite_commit(j));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX,
                                        .keep_runs = 1,
                                        .max = 99,
                                        .events_before_ms = INT64_MAX,
                                        .dead_before_ms = INT64_MAX}),
               "1 0 0 0 done"));
    KEEPS(SAME(suite_pendings(j), "6:p:manual:-:-:6:0:0 "));
    KEEPS(strstr(suite_vault(j, "v"), "{10 3}") != NULL);
    KEEPS(SAME(suite_versions(j, "s", 0, 9), "s#1:0001:-:n:a:0:current "));
    KEEPS(SAME(suite_cursors(j, NULL), "c=1:1:1 ") && SAME(suite_counts(j), "p:noop:1 "));
    KEEPS(SAME(suite_stats(j),
               "runs 0 open 0 oldest 0 versions 1 snapshots 0 of 0 pending 1 dead 0 sending 0"));
    return NULL;
}

static const char *a_trim_that_is_undone_did_nothing(struct journal_fixture *f)
{
    uint64_t t = 1700000000000;
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct trim most = {
        .before = (t << 21) + 6, .events_before_ms = 999, .dead_before_ms = 999, .max = 99};
    struct trimmed got;
    static char before[65536];

    KEEPS(put_ended(j, (t << 21) + 1, (t << 21) + 6) && SAME(suite_note(j, "s", "a", 5), "1"));
    COMMITS(journal_put_snapshot(j, DIGEST, "x", (int64_t)t - 9 * HOUR, &e));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    DONE(journal_trim(j, &most, &got, &e));
    KEEPS(got.runs == 5 && got.events == 1 && got.snapshots == 1);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "3565158400000000006:even:noop "));
    KEEPS(SAME(suite_snapshot(j, DIGEST), "-"));
    journal_rollback(j);
    KEEPS(SAME(suite_everything(j), before) && SAME(suite_snapshot(j, DIGEST), "x"));
    KEEPS(SAME(suite_runs(j, "odd", RUN_NOOP, 0, 1), "3565158400000000005:odd:noop "));
    KEEPS(SAME(suite_note(j, "s", "a", 5), "0"));
    return NULL;
}

/* Runs that come into a time of which everything was thrown away. */
static const char *late_runs_after_a_trim_are_listed(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    uint64_t t = (uint64_t)1700000000000 << 21;

    KEEPS(put_ended(j, t + 10, t + 15));
    KEEPS(SAME(trimmed(j, (struct trim){.before = t + 16, .max = 99}), "6 0 0 0 done"));
    KEEPS(put_ended(j, t + 16, t + 16) && put_ended(j, t + 1, t + 1));
    KEEPS(SAME(suite_runs(j, "odd", RUN_NOOP, 0, 9), "3565158400000000001:odd:noop "));
    KEEPS(SAME(suite_runs(j, "even", -1, 0, 9), "3565158400000000016:even:noop "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_NOOP, 0, 9),
               "3565158400000000016:even:noop 3565158400000000001:odd:noop "));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(slices_are_bounded_oldest_first),
    RULE(age_and_count_both_hold),
    RULE(counts_stay_complete),
    RULE(what_has_not_ended_stays),
    RULE(parts_go_with_their_run_alone),
    RULE(snapshots_go_by_their_last_use),
    RULE(an_open_run_keeps_what_it_saw),
    RULE(events_and_settled_letters_go_by_age),
    RULE(everything_else_outlives_runs),
    RULE(a_trim_that_is_undone_did_nothing),
    RULE(late_runs_after_a_trim_are_listed),
};
CHAPTER(trims);
