/* Runs that have not ended. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "contract/journal_rules.h"

struct one {
    bool found;
    enum run_status status;
    int64_t finished_ms;
    bool timed_out;
    char reason[64], error[256], payload[64];
    uint32_t depth;
};

static int take_one(void *arg, const struct run *run)
{
    struct one *one = arg;

    one->found = true;
    one->status = run->status;
    one->finished_ms = run->finished_ms;
    one->timed_out = run->timed_out;
    one->depth = run->depth;
    snprintf(one->reason, sizeof one->reason, "%s", run->reason ? run->reason : "-");
    snprintf(one->error, sizeof one->error, "%s", run->error ? run->error : "-");
    snprintf(one->payload, sizeof one->payload, "%s", run->payload ? run->payload : "-");
    return 0;
}

static struct one read_one(struct journal *j, uint64_t id)
{
    struct one one = {.found = false};
    struct error e = ERROR_INIT;

    suite_ok(journal_get_run(j, id, take_one, &one, &e), &e);
    return one;
}

static const char *open_runs_come_back_whole(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = (uint64_t)1700000000000 << 21,
                      .plugin = "p",
                      .vault = "v",
                      .status = RUN_PREPARED,
                      .trigger = TRIGGER_EVENT,
                      .topic = "t",
                      .payload = "{\"x\":[1]}",
                      .scheduled_ms = 3,
                      .started_ms = 4,
                      .seed = UINT64_MAX,
                      .parent = 7,
                      .depth = LIMIT_DEPTH,
                      .attempts = 2,
                      .dry_run = true,
                      .reason = "r",
                      .actions = "[]",
                      .spans = "{\"at\":1,\"spans\":[]}",
                      .seen = "{}",
                      .metadata = "{\"k\":\"v\"}",
                      .version = "00112233445566778899aabbccddeeff",
                      .cpu_us = 9,
                      .commit_us = 10,
                      .deadline_ms = 11};

    COMMITS(journal_create_run(j, &run, &e));
    KEEPS(SAME(suite_whole_run(j, run.id), suite_text_of(&run)));
    KEEPS(SAME(suite_counts(j), ""));
    KEEPS(SAME(suite_runs(j, "p", RUN_PREPARED, 0, 5), "3565158400000000000:p:prepared "));
    journal_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(SAME(suite_whole_run(f->journal, run.id), suite_text_of(&run)));
    return NULL;
}

static const char *falsy_data_survives(struct journal_fixture *f)
{
    static char *const payloads[] = {"0", "\"\"", "false", "null", "[]", "{}", "0.0", "\"0\""};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (uint64_t i = 0; i < 8; i++) {
        struct run run = {
            .id = i + 1, .plugin = "p", .status = RUN_RUNNING, .payload = payloads[i]};
        COMMITS(journal_create_run(j, &run, &e));
        run.id += 100;
        run.status = RUN_NOOP;
        COMMITS(journal_put_run(j, &run, &e));
        KEEPS(SAME(read_one(j, i + 1).payload, payloads[i]));
        KEEPS(SAME(read_one(j, i + 101).payload, payloads[i]));
    }
    return NULL;
}

static const char *depth_is_checked_before_the_row(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_RUNNING, .depth = LIMIT_DEPTH + 1};

    KEEPS(suite_begin(j));
    KEEPS(suite_refused(journal_create_run(j, &run, &e), &e, ERROR_LIMIT));
    KEEPS(!read_one(j, 5).found);
    journal_rollback(j);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), ""));
    run.depth = UINT32_MAX;
    REFUSES(journal_create_run(j, &run, &e), ERROR_LIMIT);
    run.depth = LIMIT_DEPTH;
    COMMITS(journal_create_run(j, &run, &e));
    KEEPS(read_one(j, 5).depth == LIMIT_DEPTH);
    return NULL;
}

static const char *open_runs_are_opened_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_RUNNING};

    COMMITS(journal_create_run(j, &run, &e));
    REFUSES(journal_create_run(j, &run, &e), ERROR_INTERNAL);
    KEEPS(suite_begin(j) && suite_run(j, 6, "p", RUN_NOOP) && suite_commit(j));
    run.id = 6;
    REFUSES(journal_create_run(j, &run, &e), ERROR_INTERNAL);
    run.id = 7;
    run.status = RUN_FAILED;
    REFUSES(journal_create_run(j, &run, &e), ERROR_INTERNAL);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "6:p:noop 5:p:running "));
    return NULL;
}

static int change(struct journal *j, uint64_t id, enum run_status to, int64_t now, struct error *e)
{
    return journal_set_status(j, id, to, now, NULL, NULL, e);
}

static const char *every_change_is_judged(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    uint64_t id = 1;

    for (int from = 0; from < (int)RUN_NOOP; from++)
        for (int to = 0; to < (int)RUN_STATUS_COUNT; to++, id++) {
            enum run_status next = (enum run_status)to;
            KEEPS(suite_open(j, id, (enum run_status)from));
            if (run_status_may_become((enum run_status)from, next))
                COMMITS(change(j, id, next, 900 + (int64_t)id, &e));
            else
                REFUSES(change(j, id, next, 900 + (int64_t)id, &e), ERROR_CONFLICT);
            KEEPS(read_one(j, id).status == (run_status_may_become((enum run_status)from, next)
                                                 ? next
                                                 : (enum run_status)from));
            KEEPS(read_one(j, id).finished_ms ==
                  (run_status_terminal(read_one(j, id).status) ? 900 + (int64_t)id : 0));
        }
    REFUSES(change(j, 999999, RUN_RUNNING, 1, &e), ERROR_NOT_FOUND);
    REFUSES(change(j, 0, RUN_RUNNING, 1, &e), ERROR_NOT_FOUND);
    REFUSES(change(j, UINT64_MAX, RUN_RUNNING, 1, &e), ERROR_NOT_FOUND);
    REFUSES(change(j, 1, RUN_STATUS_COUNT, 1, &e), ERROR_INVALID);
    return NULL;
}

static const char *paused_runs_resume_and_ended_ones_stay(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_open(j, 5, RUN_RUNNING));
    COMMITS(change(j, 5, RUN_PAUSED, 10, &e));
    KEEPS(read_one(j, 5).finished_ms == 0);
    COMMITS(change(j, 5, RUN_RUNNING, 11, &e));
    COMMITS(change(j, 5, RUN_PAUSED, 12, &e));
    KEEPS(read_one(j, 5).finished_ms == 0 && SAME(suite_counts(j), ""));
    COMMITS(change(j, 5, RUN_CANCELLED, 13, &e));
    KEEPS(read_one(j, 5).finished_ms == 13);
    for (int to = 0; to < (int)RUN_STATUS_COUNT; to++)
        REFUSES(change(j, 5, (enum run_status)to, 14, &e), ERROR_CONFLICT);
    KEEPS(suite_begin(j) && suite_run(j, 6, "p", RUN_COMPLETED) && suite_commit(j));
    REFUSES(change(j, 6, RUN_RUNNING, 14, &e), ERROR_CONFLICT);
    KEEPS(read_one(j, 5).finished_ms == 13 && read_one(j, 5).status == RUN_CANCELLED);
    KEEPS(SAME(suite_counts(j), "p:completed:1 p:cancelled:1 "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), ""));
    return NULL;
}

static const char *reasons_and_errors_are_told(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_open(j, 5, RUN_RUNNING));
    COMMITS(journal_set_status(j, 5, RUN_PAUSED, 1, "by hand", NULL, &e));
    KEEPS(SAME(read_one(j, 5).reason, "by hand") && SAME(read_one(j, 5).error, "-"));
    REFUSES(journal_set_status(j, 5, RUN_FAILED, 2, NULL, "not json", &e), ERROR_INVALID);
    COMMITS(journal_set_status(j, 5, RUN_FAILED, 2, NULL, "\"lost\"", &e));
    KEEPS(SAME(read_one(j, 5).reason, "-") && SAME(read_one(j, 5).error, "\"lost\""));
    return NULL;
}

static const char *an_end_replaces_what_was_open(struct journal_fixture *f)
{
    static const uint32_t first[] = {0};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run end = {.id = 5,
                      .plugin = "p",
                      .status = RUN_COMPLETED,
                      .finished_ms = 70,
                      .payload = "{}",
                      .logs = "[{\"level\":\"info\",\"message\":\"own\"}]"};
    struct run_log log = {.level = LOG_WARN, .at_ms = 50, .from = "runtime", .message = "added"};
    struct span span = {.id = "x", .name = "submit", .start_us = 1, .end_us = 2, .status = "ok"};

    KEEPS(suite_open(j, 5, RUN_SUBMITTED));
    KEEPS(suite_begin(j));
    DONE(journal_put_result(j, 5, 0, "false", &e));
    DONE(journal_set_metadata(j, 5, "{\"a\":1}", &e));
    DONE(journal_add_log(j, 5, &log, &e));
    DONE(journal_add_span(j, 5, &span, &e));
    KEEPS(suite_commit(j));
    COMMITS(journal_put_run(j, &end, &e));
    end.metadata = "{\"a\":1}";
    KEEPS(SAME(suite_whole_run(j, 5), suite_text_of(&end)));
    KEEPS(SAME(suite_results(j, 5, first, 1), "0=false "));
    KEEPS(SAME(suite_logs(j, 5), "0:info:script:own:- 50:warn:runtime:added:- dropped 0"));
    KEEPS(SAME(suite_trace(j, 5), "x:submit:1:2:ok:- "));
    KEEPS(SAME(suite_counts(j), "p:completed:1 "));
    KEEPS(SAME(suite_runs(j, "p", RUN_COMPLETED, 0, 9), "5:p:completed "));
    KEEPS(SAME(suite_runs(j, "p", RUN_SUBMITTED, 0, 9), ""));
    REFUSES(journal_put_run(j, &end, &e), ERROR_INTERNAL);
    return NULL;
}

static int add_expired(void *arg, const struct run *run)
{
    buf_addf(arg, "%llu:%s:%d:%lld ", (unsigned long long)run->id, run_status_name(run->status),
             run->timed_out, (long long)run->finished_ms);
    return 0;
}

static const char *expired(struct journal *j, int64_t now_ms, size_t limit)
{
    static struct buf out;
    struct error e = ERROR_INIT;

    buf_release(&out);
    buf_init(&out, 65536);
    if (!suite_begin(j) ||
        !suite_ok(journal_expire_runs(j, now_ms, limit, add_expired, &out, &e), &e) ||
        !suite_commit(j))
        return "expire_runs failed";
    return buf_text(&out);
}

static const char *deadlines_end_open_runs_only(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(j));
    for (uint64_t id = 1; id <= 6; id++) {
        struct run run = {.id = id,
                          .plugin = "p",
                          .status = id == 3 ? RUN_PAUSED : RUN_RUNNING,
                          .deadline_ms = id == 5 ? 0 : (int64_t)id * 100};
        DONE(journal_create_run(j, &run, &e));
    }
    DONE(change(j, 2, RUN_COMPLETED, 150, &e));
    KEEPS(suite_commit(j));
    KEEPS(SAME(expired(j, 99, 9), "") && SAME(expired(j, 1000, 0), ""));
    KEEPS(SAME(expired(j, 400, 2), "1:failed:1:400 3:failed:1:400 "));
    KEEPS(SAME(expired(j, 400, 9), "4:failed:1:400 "));
    KEEPS(SAME(expired(j, 599, SIZE_MAX), ""));
    KEEPS(SAME(expired(j, 600, SIZE_MAX), "6:failed:1:600 "));
    KEEPS(SAME(expired(j, INT64_MAX, 9), ""));
    KEEPS(read_one(j, 1).timed_out && !read_one(j, 2).timed_out);
    KEEPS(read_one(j, 2).status == RUN_COMPLETED && read_one(j, 5).status == RUN_RUNNING);
    KEEPS(!SAME(read_one(j, 1).error, "-"));
    KEEPS(SAME(suite_counts(j), "p:completed:1 p:failed:4 "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "5:running "));
    return NULL;
}

static const char *what_is_open_for_long_is_listed(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (uint64_t id = 1; id <= 4; id++) {
        struct run run = {.id = id,
                          .plugin = "p",
                          .status = id == 2 ? RUN_QUEUED : RUN_SUBMITTED,
                          .scheduled_ms = (int64_t)id * 10,
                          .started_ms = id == 2 ? 0 : (int64_t)id * 10 + 5};
        COMMITS(journal_create_run(j, &run, &e));
    }
    KEEPS(SAME(suite_open_ones(j, 14, 9), ""));
    KEEPS(SAME(suite_open_ones(j, 15, 9), "1:submitted "));
    KEEPS(SAME(suite_open_ones(j, 20, 9), "1:submitted 2:queued "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 3), "1:submitted 2:queued 3:submitted "));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 0), ""));
    COMMITS(change(j, 1, RUN_COMPLETED, 50, &e));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, SIZE_MAX), "2:queued 3:submitted 4:submitted "));
    return NULL;
}

static const char *open_and_ended_runs_are_one_order(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_open(j, 20, RUN_RUNNING) && suite_open(j, 40, RUN_UNKNOWN));
    KEEPS(suite_begin(j) && suite_run(j, 10, "p", RUN_NOOP) && suite_run(j, 30, "p", RUN_NOOP) &&
          suite_run(j, 50, "q", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9),
               "50:q:noop 40:p:unknown 30:p:noop 20:p:running 10:p:noop "));
    KEEPS(SAME(suite_runs(j, "p", -1, 40, 2), "30:p:noop 20:p:running "));
    KEEPS(SAME(suite_runs(j, "p", RUN_RUNNING, 0, 9), "20:p:running "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_UNKNOWN, 0, 9), "40:p:unknown "));
    COMMITS(change(j, 40, RUN_FAILED, 1, &e));
    KEEPS(SAME(suite_runs(j, NULL, RUN_UNKNOWN, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "p", RUN_FAILED, 0, 9), "40:p:failed "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_FAILED, 0, 9), "40:p:failed "));
    return NULL;
}

static const char *open_runs_are_never_evicted(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_open(j, 1, RUN_SUBMITTED) && suite_open(j, 3, RUN_PAUSED));
    for (uint64_t i = 0; i < JOURNAL_MEMORY_RUNS + 600; i += 100) {
        KEEPS(suite_begin(j));
        for (uint64_t n = i; n < i + 100; n++)
            KEEPS(suite_run(j, 10 + n, "p", RUN_NOOP));
        KEEPS(suite_commit(j));
    }
    KEEPS(read_one(j, 1).status == RUN_SUBMITTED && read_one(j, 3).status == RUN_PAUSED);
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "1:submitted 3:paused "));
    KEEPS(SAME(suite_runs(j, "p", RUN_PAUSED, 0, 9), "3:p:paused "));
    return NULL;
}

/* What a caller does with its memory after a call, or with what it is given, is not on record. */
static int scribble(void *arg, const struct run *run)
{
    struct run *mine = (struct run *)(uintptr_t)run;

    (void)arg;
    mine->status = RUN_FAILED;
    mine->depth = 99;
    mine->finished_ms = 12345;
    return 0;
}

static const char *nothing_on_record_is_the_callers(struct journal_fixture *f)
{
    char payload[] = "{\"a\":1}", version[] = "[1]", snapshot[] = "seen";
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_RUNNING, .payload = payload};
    static const uint32_t first[] = {0};
    static const char digest[] = "00112233445566778899aabbccddeeff";

    KEEPS(suite_begin(j));
    DONE(journal_create_run(j, &run, &e));
    run.id = 6;
    run.status = RUN_NOOP;
    DONE(journal_put_run(j, &run, &e));
    DONE(journal_put_result(j, 5, 0, version, &e));
    DONE(journal_put_snapshot(j, digest, snapshot, 1, &e));
    memset(payload, 'x', sizeof payload - 1);
    memset(version, '7', sizeof version - 1);
    memset(snapshot, 'x', sizeof snapshot - 1);
    KEEPS(suite_commit(j));
    KEEPS(SAME(read_one(j, 5).payload, "{\"a\":1}") && SAME(read_one(j, 6).payload, "{\"a\":1}"));
    KEEPS(SAME(suite_results(j, 5, first, 1), "0=[1] "));
    KEEPS(SAME(suite_snapshot(j, digest), "seen"));
    DONE(journal_get_run(j, 5, scribble, NULL, &e));
    KEEPS(read_one(j, 5).status == RUN_RUNNING && read_one(j, 5).depth == 0 &&
          read_one(j, 5).finished_ms == 0);
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(open_runs_come_back_whole),
    RULE(falsy_data_survives),
    RULE(depth_is_checked_before_the_row),
    RULE(open_runs_are_opened_once),
    RULE(every_change_is_judged),
    RULE(paused_runs_resume_and_ended_ones_stay),
    RULE(reasons_and_errors_are_told),
    RULE(an_end_replaces_what_was_open),
    RULE(deadlines_end_open_runs_only),
    RULE(what_is_open_for_long_is_listed),
    RULE(open_and_ended_runs_are_one_order),
    RULE(open_runs_are_never_evicted),
    RULE(nothing_on_record_is_the_callers),
};
CHAPTER(open);
