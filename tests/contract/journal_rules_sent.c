/* Submissions and their runs: one transaction, one life, one end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "contract/journal_rules.h"

static const enum run_status outside[] = {RUN_PREPARED, RUN_SUBMITTED, RUN_UNKNOWN};
#define OUTSIDE (sizeof outside / sizeof outside[0])

/* A decision that goes outside: its run, its submission, what it costs and its trigger, which need
 * not wait any more. */
static int decide(struct journal *j, uint64_t id, int64_t deadline_ms, struct error *e)
{
    struct run run = {.id = id,
                      .plugin = "p",
                      .vault = "v",
                      .status = RUN_PREPARED,
                      .actions = "[{}]",
                      .deadline_ms = deadline_ms};
    struct submission s = suite_make_submission(id, "p");
    struct ledger_change change = {.account = {.id = "v", .version = id}, .spend = 3};

    if (journal_create_run(j, &run, e) != 0 || journal_put_submission(j, &s, e) != 0 ||
        journal_put_change(j, id, 10, &change, e) != 0)
        return -1;
    return journal_remove_pending(j, id, e);
}

static int end(struct journal *j, uint64_t id, bool success, struct error *e)
{
    struct run run = {.id = id,
                      .plugin = "p",
                      .vault = "v",
                      .status = success ? RUN_COMPLETED : RUN_FAILED,
                      .actions = "[{}]",
                      .result = "{\"digest\":\"d\"}",
                      .finished_ms = 90};

    if (journal_settle_submission(j, id, SUBMISSION_DONE, success, "{}", 90, e) != 0)
        return -1;
    return journal_put_run(j, &run, e);
}

static const char *a_decision_and_what_it_sends_are_one(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    static char before[65536];

    KEEPS(suite_begin(j) && suite_pending(j, 5, "p") && suite_commit(j));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    DONE(decide(j, 5, 0, &e));
    KEEPS(SAME(suite_outbox(j, NULL), "5:open "));
    journal_rollback(j);
    KEEPS(SAME(suite_everything(j), before));
    KEEPS(suite_begin(j)); /* the second of two does not go: nor does the first */
    DONE(decide(j, 5, 0, &e));
    KEEPS(suite_refused(decide(j, 5, 0, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_everything(j), before));
    COMMITS(decide(j, 5, 0, &e));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "5:prepared ") && SAME(suite_pendings(j), ""));
    KEEPS(SAME(suite_outbox(j, NULL), "5:open "));
    KEEPS(strstr(suite_vault(j, "v"), "{10 3}") != NULL);
    KEEPS(suite_begin(j));
    DONE(end(j, 5, true, &e));
    journal_rollback(j);
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "5:prepared "));
    KEEPS(SAME(suite_outbox(j, NULL), "5:open ") && SAME(suite_counts(j), ""));
    COMMITS(end(j, 5, true, &e));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "5:p:completed "));
    KEEPS(SAME(suite_outbox(j, NULL), "5:done ") && SAME(suite_counts(j), "p:completed:1 "));
    return NULL;
}

static const char *what_was_sent_survives_reopening(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    static char before[65536];

    COMMITS(decide(j, 5, 0, &e));
    COMMITS(decide(j, 6, 0, &e));
    COMMITS(end(j, 5, false, &e));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    DONE(decide(j, 7, 0, &e));
    DONE(end(j, 6, true, &e));
    journal_suite_reopen(f); /* in the middle of it */
    if (!f->backend->durable)
        return NULL;
    j = f->journal;
    KEEPS(SAME(suite_everything(j), before));
    KEEPS(SAME(suite_outbox(j, NULL), "6:open 5:done "));
    COMMITS(end(j, 6, true, &e));
    COMMITS(decide(j, 7, 0, &e));
    journal_suite_reopen(f);
    KEEPS(SAME(suite_outbox(f->journal, NULL), "7:open 6:done 5:done "));
    return NULL;
}

static const char *the_last_id_may_be_a_submissions(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    uint64_t last = 7;

    COMMITS(decide(j, 5, 0, &e));
    KEEPS(suite_begin(j) && suite_submit(j, 9, ""));
    DONE(journal_last_id(j, &last, &e));
    KEEPS(last == 9);
    journal_rollback(j);
    DONE(journal_last_id(j, &last, &e));
    KEEPS(last == 5);
    KEEPS(suite_begin(j) && suite_submit(j, 9, "") && suite_commit(j));
    COMMITS(journal_settle_submission(j, 9, SUBMISSION_DONE, true, NULL, 1, &e));
    DONE(journal_last_id(j, &last, &e));
    KEEPS(last == 9);
    journal_suite_reopen(f);
    DONE(journal_last_id(f->journal, &last, &e));
    KEEPS(last == (f->backend->durable ? 9 : 0));
    return NULL;
}

static int note_status(void *arg, const struct run *run)
{
    *(enum run_status *)arg = run->status;
    return 0;
}

static const char *what_is_outside_is_not_cancelled(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    enum run_status status;

    for (uint64_t id = 0; id < OUTSIDE; id++) {
        KEEPS(suite_open(j, id + 1, outside[id]));
        REFUSES(journal_set_status(j, id + 1, RUN_CANCELLED, 9, "by hand", NULL, &e),
                ERROR_CONFLICT);
        REFUSES(journal_set_status(j, id + 1, RUN_PAUSED, 9, "by hand", NULL, &e), ERROR_CONFLICT);
        DONE(journal_get_run(j, id + 1, note_status, &status, &e));
        KEEPS(status == outside[id]);
    }
    KEEPS(suite_open(j, 9, RUN_PREPARED));
    COMMITS(journal_set_status(j, 9, RUN_SUBMITTED, 9, NULL, NULL, &e));
    COMMITS(journal_set_status(j, 9, RUN_UNKNOWN, 9, "no answer", NULL, &e));
    COMMITS(journal_set_status(j, 9, RUN_COMPLETED, 9, NULL, NULL, &e));
    KEEPS(SAME(suite_counts(j), "p:completed:1 "));
    return NULL;
}

/* Who comes too late may go on with what else there is to write. */
static const char *a_refused_end_spoils_nothing(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    COMMITS(decide(j, 5, 0, &e));
    COMMITS(end(j, 5, true, &e));
    KEEPS(suite_begin(j));
    DONE(decide(j, 6, 0, &e));
    KEEPS(suite_refused(journal_settle_submission(j, 5, SUBMISSION_DEAD, false, NULL, 9, &e), &e,
                        ERROR_CONFLICT));
    KEEPS(suite_refused(journal_settle_submission(j, 7, SUBMISSION_DEAD, false, NULL, 9, &e), &e,
                        ERROR_NOT_FOUND));
    KEEPS(suite_refused(journal_set_status(j, 5, RUN_UNKNOWN, 9, NULL, NULL, &e), &e,
                        ERROR_CONFLICT));
    KEEPS(suite_refused(journal_set_status(j, 7, RUN_UNKNOWN, 9, NULL, NULL, &e), &e,
                        ERROR_NOT_FOUND));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_outbox(j, NULL), "6:open 5:done "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "6:p:prepared 5:p:completed "));
    return NULL;
}

/* What is on record already when the end comes. */
static int add_parts(struct journal *j, uint64_t id, struct error *e)
{
    struct run_log log = {.level = LOG_WARN, .at_ms = 50, .from = "runtime", .message = "sent"};
    struct span span = {.id = "x", .name = "submit", .start_us = 1, .end_us = 2, .status = "ok"};

    if (journal_put_result(j, id, 0, "false", e) != 0 ||
        journal_set_metadata(j, id, "{\"a\":1}", e) != 0 || journal_add_log(j, id, &log, e) != 0)
        return -1;
    return journal_add_span(j, id, &span, e);
}

static const char *an_end_keeps_what_was_added_outside(struct journal_fixture *f)
{
    static const uint32_t first[] = {0};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (uint64_t id = 1; id <= OUTSIDE; id++) {
        struct submission s = suite_make_submission(id, "p");
        COMMITS(decide(j, id, 0, &e));
        for (uint64_t i = 1; i < id; i++)
            COMMITS(journal_set_status(j, id, outside[i], 7, NULL, NULL, &e));
        COMMITS(add_parts(j, id, &e));
        COMMITS(end(j, id, id != 2, &e));
        KEEPS(SAME(suite_results(j, id, first, 1), "0=false "));
        KEEPS(SAME(suite_logs(j, id), "50:warn:runtime:sent:- dropped 0"));
        KEEPS(SAME(suite_trace(j, id), "x:submit:1:2:ok:- "));
        KEEPS(strstr(suite_whole_run(j, id), "{\"a\":1}") != NULL);
        s.state = SUBMISSION_DONE;
        s.success = id != 2;
        s.settled_ms = 90;
        s.outcome = "{}";
        KEEPS(SAME(suite_submission(j, id, NULL), suite_text_of_submission(&s)));
        KEEPS(suite_begin(j)); /* the end has been */
        KEEPS(suite_refused(end(j, id, true, &e), &e, ERROR_CONFLICT));
        journal_rollback(j);
    }
    KEEPS(SAME(suite_counts(j), "p:completed:2 p:failed:1 "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), ""));
    return NULL;
}

/* ---- deadlines ---- */

static int add_expired(void *arg, const struct run *run)
{
    buf_addf(arg, "%llu ", (unsigned long long)run->id);
    return 0;
}

static const char *expired(struct journal *j)
{
    static struct buf out;
    struct error e = ERROR_INIT;

    buf_release(&out);
    buf_init(&out, 65536);
    if (!suite_begin(j) || !suite_ok(journal_expire_runs(j, 1000, 99, add_expired, &out, &e), &e) ||
        !suite_commit(j))
        return "expire_runs failed";
    return buf_text(&out);
}

static const char *no_deadline_ends_what_is_outside(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (int status = 0; status < (int)RUN_NOOP; status++) {
        struct run run = {.id = (uint64_t)status + 1,
                          .plugin = "p",
                          .status = (enum run_status)status,
                          .deadline_ms = 100 + status};
        COMMITS(journal_create_run(j, &run, &e));
    }
    KEEPS(suite_begin(j) && suite_submit(j, 1, "p") && suite_commit(j)); /* queued or not */
    KEEPS(SAME(expired(j), "2 3 "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "1:queued 4:prepared 5:submitted 6:unknown "));
    KEEPS(SAME(expired(j), ""));
    COMMITS(journal_settle_submission(j, 1, SUBMISSION_DEAD, false, NULL, 5, &e));
    KEEPS(SAME(expired(j), "1 "));
    COMMITS(decide(j, 20, 50, &e));
    KEEPS(SAME(expired(j), ""));
    COMMITS(end(j, 20, true, &e));
    KEEPS(SAME(expired(j), "") && SAME(suite_counts(j), "p:completed:1 p:failed:3 "));
    return NULL;
}

/* ---- what is thrown away ---- */

/* One slice, as "runs submissions" and "more" or "done". */
static const char *trimmed(struct journal *j, struct trim trim)
{
    static char text[2][128];
    static unsigned next;
    char *out = text[next++ % 2];
    struct error e = ERROR_INIT;
    struct trimmed got = {.runs = 99};

    if (!suite_begin(j) || !suite_ok(journal_trim(j, &trim, &got, &e), &e) || !suite_commit(j))
        return "trim failed";
    snprintf(out, sizeof text[0], "%llu %llu %s", (unsigned long long)got.runs,
             (unsigned long long)got.submissions, got.more ? "more" : "done");
    return out;
}

/* Runs of these ids that have ended, with what they sent. */
static bool sent(struct journal *j, uint64_t first, uint64_t last)
{
    struct error e = ERROR_INIT;
    bool done = suite_begin(j);

    for (uint64_t id = first; id <= last; id++)
        done = done && suite_ok(decide(j, id, 0, &e), &e) && suite_ok(end(j, id, true, &e), &e);
    return done && suite_commit(j);
}

/* Upkeep that has ended. */
static bool upkeep(struct journal *j, uint64_t id)
{
    struct error e = ERROR_INIT;

    return suite_begin(j) && suite_submit(j, id, "") &&
           suite_ok(journal_settle_submission(j, id, SUBMISSION_DONE, true, NULL, 5, &e), &e) &&
           suite_commit(j);
}

static const char *what_was_sent_goes_with_its_run(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(sent(j, 1, 6));
    KEEPS(suite_begin(j) && suite_run(j, 7, "p", RUN_NOOP) && suite_commit(j) && sent(j, 8, 9));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .max = 2}), "2 2 more"));
    KEEPS(SAME(suite_outbox(j, NULL), "9:done 8:done 6:done 5:done 4:done 3:done "));
    KEEPS(SAME(suite_submission(j, 2, NULL), "") && SAME(suite_submission(j, 0, "digest-2"), ""));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .max = 9}), "1 1 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 3, .max = 9}), "3 3 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "9:done 8:done "));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 2, .max = 9}), "1 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = UINT64_MAX, .max = UINT32_MAX}), "2 2 done"));
    KEEPS(SAME(suite_outbox(j, NULL), ""));
    return NULL;
}

static const char *open_submissions_are_never_trimmed(struct journal_fixture *f)
{
    struct trim most = {.before = UINT64_MAX, .keep_runs = 1, .max = 99};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    COMMITS(decide(j, 1, 0, &e));
    KEEPS(suite_begin(j) && suite_submit(j, 2, "") && suite_commit(j) && sent(j, 3, 4));
    KEEPS(SAME(trimmed(j, most), "2 2 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "2:open 1:open "));
    KEEPS(strstr(suite_stats(j), "sending 2") != NULL);
    COMMITS(journal_set_status(j, 1, RUN_FAILED, 5, NULL, NULL, &e)); /* its run is gone first */
    KEEPS(SAME(trimmed(j, most), "1 0 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "2:open 1:open "));
    COMMITS(journal_settle_submission(j, 1, SUBMISSION_DEAD, false, NULL, 5, &e));
    KEEPS(SAME(trimmed(j, most), "0 1 done"));
    COMMITS(journal_settle_submission(j, 2, SUBMISSION_DONE, true, NULL, 5, &e));
    KEEPS(strstr(suite_stats(j), "sending 0") != NULL);
    KEEPS(SAME(trimmed(j, most), "0 1 done"));
    KEEPS(SAME(suite_outbox(j, NULL), ""));
    return NULL;
}

static const char *what_an_open_run_has_sent_stays(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    COMMITS(decide(j, 1, 0, &e));
    COMMITS(journal_settle_submission(j, 1, SUBMISSION_DONE, true, NULL, 5, &e));
    KEEPS(sent(j, 2, 5));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .keep_runs = 1, .max = 9}), "3 3 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "5:done 1:done "));
    COMMITS(journal_set_status(j, 1, RUN_COMPLETED, 5, NULL, NULL, &e));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .max = 9}), "1 1 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "5:done "));
    return NULL;
}

static const char *upkeep_goes_as_a_run_of_its_id_would(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    for (uint64_t id = 1; id <= 11; id += 2)
        KEEPS(upkeep(j, id));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 1, .keep_runs = 9, .max = 9}), "0 0 done"));
    KEEPS(sent(j, 2, 2) && sent(j, 4, 4) && sent(j, 6, 6) && sent(j, 8, 8) && sent(j, 10, 10));
    KEEPS(SAME(trimmed(j, (struct trim){.max = 9}), "0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 6, .max = 9}), "0 0 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.keep_runs = 5, .max = 9}), "0 1 done")); /* 1 */
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .max = 9}), "1 2 done"));    /* 2, 3 */
    KEEPS(SAME(trimmed(j, (struct trim){.before = 4, .keep_runs = 3, .max = 9}), "1 2 done"));
    KEEPS(SAME(suite_outbox(j, NULL), "11:done 10:done 9:done 8:done 7:done 6:done "));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 12, .max = 9}), "3 6 done"));
    KEEPS(SAME(suite_outbox(j, NULL), ""));
    return NULL;
}

static const char *slices_of_the_outbox_are_bounded(struct journal_fixture *f)
{
    struct trim trim = {.before = 15, .max = 3};
    struct journal *j = f->journal;

    for (uint64_t id = 1; id <= 8; id++)
        KEEPS(upkeep(j, id));
    KEEPS(SAME(trimmed(j, trim), "0 3 more"));
    KEEPS(SAME(suite_outbox(j, NULL), "8:done 7:done 6:done 5:done 4:done "));
    KEEPS(SAME(trimmed(j, trim), "0 3 more"));
    KEEPS(SAME(trimmed(j, trim), "0 2 done"));
    KEEPS(sent(j, 10, 17));
    KEEPS(SAME(trimmed(j, trim), "3 3 more"));
    KEEPS(SAME(suite_outbox(j, NULL), "17:done 16:done 15:done 14:done 13:done "));
    KEEPS(SAME(trimmed(j, trim), "2 2 done"));
    KEEPS(SAME(trimmed(j, (struct trim){.before = 99, .max = 0}), "0 0 done"));
    return NULL;
}

static const char *open_submissions_outlive_many_runs(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    uint64_t first = 10, last = first + JOURNAL_MEMORY_RUNS + 600;
    char digest[32];

    COMMITS(decide(j, 1, 0, &e));
    KEEPS(suite_begin(j) && suite_submit(j, 2, "") && suite_commit(j));
    KEEPS(upkeep(j, 3) && sent(j, 4, 4));
    for (uint64_t id = first; id < last; id += 100)
        KEEPS(sent(j, id, id + 99));
    snprintf(digest, sizeof digest, "digest-%llu", (unsigned long long)last - 1);
    KEEPS(!SAME(suite_submission(j, 0, digest), ""));
    KEEPS(strstr(suite_stats(j), "sending 2") != NULL);
    KEEPS(SAME(suite_outbox(j, &(struct submission_filter){.state = SUBMISSION_OPEN, .limit = 9}),
               "2:open 1:open "));
    if (f->backend->keeps == SIZE_MAX) {
        KEEPS(!SAME(suite_submission(j, 3, NULL), "") && !SAME(suite_submission(j, 4, NULL), ""));
        return NULL;
    }
    KEEPS(SAME(suite_submission(j, 3, NULL), "") && SAME(suite_submission(j, 4, NULL), ""));
    KEEPS(SAME(suite_submission(j, first, NULL), ""));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(a_decision_and_what_it_sends_are_one), RULE(what_was_sent_survives_reopening),
    RULE(the_last_id_may_be_a_submissions),     RULE(what_is_outside_is_not_cancelled),
    RULE(a_refused_end_spoils_nothing),         RULE(an_end_keeps_what_was_added_outside),
    RULE(no_deadline_ends_what_is_outside),     RULE(what_was_sent_goes_with_its_run),
    RULE(open_submissions_are_never_trimmed),   RULE(what_an_open_run_has_sent_stays),
    RULE(upkeep_goes_as_a_run_of_its_id_would), RULE(slices_of_the_outbox_are_bounded),
    RULE(open_submissions_outlive_many_runs),
};
CHAPTER(sent);
