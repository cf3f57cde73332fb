/* Parts of a run: results, metadata, logs, spans. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/journal_rules.h"

static bool put_ended(struct journal *j, uint64_t id)
{
    return suite_begin(j) && suite_run(j, id, "p", RUN_COMPLETED) && suite_commit(j);
}

static const uint32_t all[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static const char *results_of_any_kind_survive(struct journal_fixture *f)
{
    static const char *const results[] = {"false", "0",    "\"\"", "null",          "{}",
                                          "[]",    "true", "-1",   "\"a\\u0001b\"", "0.1"};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(put_ended(j, 5) && put_ended(j, 6));
    for (uint32_t i = 0; i < 10; i++)
        COMMITS(journal_put_result(j, 5, 9 - i, results[9 - i], &e));
    KEEPS(SAME(suite_results(j, 5, all, 10),
               "0=false 1=0 2=\"\" 3=null 4={} 5=[] 6=true 7=-1 8=\"a\\u0001b\""
               " 9=0.1 "));
    KEEPS(SAME(suite_results(j, 6, all, 10), ""));
    COMMITS(journal_put_result(j, 5, 0, "{\"n\":9007199254740993}", &e));
    COMMITS(journal_put_result(j, 5, UINT32_MAX, "1", &e));
    KEEPS(SAME(suite_results(j, 5, all, 1), "0={\"n\":9007199254740993} "));
    KEEPS(SAME(suite_results(j, 5, (uint32_t[]){UINT32_MAX, 2, 77, 2}, 4), "2=\"\" 4294967295=1 "));
    KEEPS(SAME(suite_results(j, 5, NULL, 0), ""));
    REFUSES(journal_put_result(j, 5, 0, "nonsense", &e), ERROR_INVALID);
    REFUSES(journal_put_result(j, 5, 0, "", &e), ERROR_INVALID);
    REFUSES(journal_put_result(j, 5, 0, NULL, &e), ERROR_INVALID);
    return NULL;
}

static bool pending_is(struct journal *j, uint64_t run, uint64_t total, uint64_t expected)
{
    struct error e = ERROR_INIT;
    uint64_t out = 777;

    return suite_ok(journal_pending_results(j, run, total, &out, &e), &e) && out == expected;
}

static const char *pending_counts_are_never_negative(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(put_ended(j, 5) && pending_is(j, 5, 3, 3) && pending_is(j, 5, 0, 0));
    COMMITS(journal_put_result(j, 5, 0, "1", &e));
    COMMITS(journal_put_result(j, 5, 0, "2", &e));
    COMMITS(journal_put_result(j, 5, 2, "null", &e));
    KEEPS(pending_is(j, 5, 3, 1) && pending_is(j, 5, 2, 0));
    KEEPS(pending_is(j, 5, 1, 0) && pending_is(j, 5, 0, 0));
    KEEPS(pending_is(j, 5, UINT64_MAX, UINT64_MAX - 2));
    return NULL;
}

static const char *parts_of_unknown_runs_are_refused(struct journal_fixture *f)
{
    static const uint64_t unknown[] = {6, 0, UINT64_MAX, (uint64_t)INT64_MAX + 1, INT64_MAX};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run_log log = {.level = LOG_INFO, .from = "script", .message = "m"};
    struct span span = {.id = "a", .name = "a", .status = "ok"};
    uint64_t out = 0;

    KEEPS(put_ended(j, 5));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        uint64_t id = unknown[i];
        REFUSES(journal_put_result(j, id, 0, "1", &e), ERROR_NOT_FOUND);
        REFUSES(journal_set_metadata(j, id, "{}", &e), ERROR_NOT_FOUND);
        REFUSES(journal_merge_metadata(j, id, "{}", &e), ERROR_NOT_FOUND);
        REFUSES(journal_add_log(j, id, &log, &e), ERROR_NOT_FOUND);
        REFUSES(journal_add_span(j, id, &span, &e), ERROR_NOT_FOUND);
        REFUSES(journal_update_span(j, id, &span, &e), ERROR_NOT_FOUND);
        KEEPS(
            suite_refused(journal_get_results(j, id, all, 1, NULL, NULL, &e), &e, ERROR_NOT_FOUND));
        KEEPS(suite_refused(journal_get_results(j, id, NULL, 0, NULL, NULL, &e), &e,
                            ERROR_NOT_FOUND));
        KEEPS(suite_refused(journal_pending_results(j, id, 3, &out, &e), &e, ERROR_NOT_FOUND));
        KEEPS(suite_refused(journal_list_logs(j, id, NULL, NULL, &out, &e), &e, ERROR_NOT_FOUND));
        KEEPS(suite_refused(journal_get_trace(j, id, NULL, NULL, &e), &e, ERROR_NOT_FOUND));
    }
    KEEPS(out == 0);
    return NULL;
}

static int take_metadata(void *arg, const struct run *run)
{
    snprintf(arg, 256, "%s", run->metadata ? run->metadata : "-");
    return 0;
}

static bool metadata_is(struct journal *j, uint64_t id, const char *expected)
{
    struct run whole = {.id = id};
    struct error e = ERROR_INIT;
    char text[256] = "";

    /* Compared as suite_text_of() writes it, whatever the backend's own form. */
    suite_ok(journal_get_run(j, id, take_metadata, text, &e), &e);
    whole.metadata = text;
    snprintf(text, sizeof text, "%s", strrchr(suite_text_of(&whole), ' ') + 1);
    return SAME(text, expected);
}

static const char *metadata_is_replaced_or_merged(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(put_ended(j, 5) && metadata_is(j, 5, "-"));
    COMMITS(journal_merge_metadata(j, 5, "{\"a\":0,\"b\":false}", &e));
    KEEPS(metadata_is(j, 5, "{\"a\":0,\"b\":false}"));
    COMMITS(journal_merge_metadata(j, 5, "{\"b\":null,\"c\":\"\",\"d\":{\"x\":1}}", &e));
    KEEPS(metadata_is(j, 5, "{\"a\":0,\"b\":null,\"c\":\"\",\"d\":{\"x\":1}}"));
    COMMITS(journal_merge_metadata(j, 5, "{\"d\":{\"y\":2}}", &e)); /* keys, not trees */
    KEEPS(metadata_is(j, 5, "{\"a\":0,\"b\":null,\"c\":\"\",\"d\":{\"y\":2}}"));
    COMMITS(journal_set_metadata(j, 5, "{\"z\":9007199254740993}", &e));
    KEEPS(metadata_is(j, 5, "{\"z\":9007199254740993}"));
    COMMITS(journal_merge_metadata(j, 5, "{}", &e));
    KEEPS(metadata_is(j, 5, "{\"z\":9007199254740993}"));
    COMMITS(journal_set_metadata(j, 5, "{}", &e));
    KEEPS(metadata_is(j, 5, "{}"));
    return NULL;
}

static const char *metadata_is_an_object(struct journal_fixture *f)
{
    static const char *const wrong[] = {"[]", "1", "\"a\"", "null", "", "{", "{\"a\":1}x", "true"};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    static char huge[RUN_JSON_BYTES + 64];

    KEEPS(put_ended(j, 5));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        REFUSES(journal_set_metadata(j, 5, wrong[i], &e), ERROR_INVALID);
        REFUSES(journal_merge_metadata(j, 5, wrong[i], &e), ERROR_INVALID);
    }
    KEEPS(suite_begin(j) && journal_set_metadata(j, 5, "[1,2]", &e) == -1);
    KEEPS(strstr(e.message, "object") != NULL && strstr(e.message, "array of 2") != NULL);
    error_clear(&e);
    journal_rollback(j);
    snprintf(huge, 16, "{\"a\":\"");
    memset(huge + 6, 'x', RUN_JSON_BYTES);
    snprintf(huge + 6 + RUN_JSON_BYTES, 3, "\"}");
    KEEPS(suite_begin(j));
    KEEPS(suite_refused(journal_set_metadata(j, 5, huge, &e), &e, ERROR_LIMIT));
    journal_rollback(j);
    KEEPS(metadata_is(j, 5, "-"));
    return NULL;
}

static int add_log(struct journal *j, uint64_t run, int64_t at, const char *message,
                   struct error *e)
{
    struct run_log log = {.level = LOG_INFO, .at_ms = at, .from = "script", .message = message};

    return journal_add_log(j, run, &log, e);
}

static const char *logs_are_in_order(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5,
                      .plugin = "p",
                      .status = RUN_COMPLETED,
                      .started_ms = 20,
                      .logs = "[{\"level\":\"warn\",\"message\":\"own\",\"fields\":{\"k\":1}},"
                              "{\"level\":\"error\",\"message\":\"own2\",\"from\":\"runtime\"}]"};
    struct run_log log = {.level = LOG_DEBUG,
                          .at_ms = 20,
                          .from = "runtime",
                          .message = "same time",
                          .fields = "{\"b\":2,\"a\":[1]}"};

    COMMITS(journal_put_run(j, &run, &e));
    COMMITS(add_log(j, 5, 30, "late", &e));
    COMMITS(add_log(j, 5, 10, "early", &e));
    COMMITS(journal_add_log(j, 5, &log, &e));
    COMMITS(add_log(j, 5, 30, "later", &e));
    KEEPS(SAME(suite_logs(j, 5),
               "10:info:script:early:- 20:warn:script:own:{\"k\":1} 20:error:runtime:own2:- "
               "20:debug:runtime:same time:{\"a\":[1],\"b\":2} 30:info:script:late:- "
               "30:info:script:later:- dropped 0"));
    KEEPS(put_ended(j, 6) && SAME(suite_logs(j, 6), "dropped 0"));
    return NULL;
}

static const char *log_lines_are_checked(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run_log log = {.level = LOG_INFO, .from = "script", .message = "m"};
    static char huge[RUN_LOG_BYTES + 2];
    bool right;

    KEEPS(put_ended(j, 5));
    log.level = (enum log_level)9;
    REFUSES(journal_add_log(j, 5, &log, &e), ERROR_INVALID);
    log.level = LOG_INFO;
    log.fields = "[]";
    REFUSES(journal_add_log(j, 5, &log, &e), ERROR_INVALID);
    log.fields = NULL;
    log.message = "bad \xff utf8";
    REFUSES(journal_add_log(j, 5, &log, &e), ERROR_INVALID);
    memset(huge, 'x', RUN_LOG_BYTES + 1);
    huge[RUN_LOG_BYTES + 1] = '\0';
    log.message = huge;
    right = suite_begin(j) && suite_refused(journal_add_log(j, 5, &log, &e), &e, ERROR_LIMIT);
    journal_rollback(j);
    KEEPS(right && SAME(suite_logs(j, 5), "dropped 0"));
    return NULL;
}

struct tail {
    size_t count;
    uint64_t last_seq;
    bool grows;
    char first[32];
};

static int take_tail(void *arg, const struct run_log *log)
{
    struct tail *tail = arg;

    if (tail->count++ == 0)
        snprintf(tail->first, sizeof tail->first, "%s", log->message);
    else if (log->seq <= tail->last_seq)
        tail->grows = false;
    tail->last_seq = log->seq;
    return 0;
}

static const char *logs_are_bounded_and_drops_counted(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct tail tail = {.grows = true};
    struct error e = ERROR_INIT;
    uint64_t dropped = 0;
    char message[32];

    KEEPS(suite_open(j, 5, RUN_RUNNING));
    for (int part = 0; part < 3; part++) {
        KEEPS(suite_begin(j));
        for (int i = 0; i < 450; i++) {
            snprintf(message, sizeof message, "line %d", part * 450 + i);
            DONE(add_log(j, 5, 7, message, &e));
        }
        KEEPS(suite_commit(j));
    }
    DONE(journal_list_logs(j, 5, take_tail, &tail, &dropped, &e));
    KEEPS(tail.count == RUN_LOGS_MAX && dropped == 1350 - RUN_LOGS_MAX);
    KEEPS(SAME(tail.first, "line 350") && tail.grows);
    KEEPS(suite_begin(j));
    DONE(add_log(j, 5, 7, "undone", &e));
    journal_rollback(j);
    DONE(journal_list_logs(j, 5, take_tail, &tail, &dropped, &e));
    KEEPS(tail.count == 2 * RUN_LOGS_MAX && dropped == 1350 - RUN_LOGS_MAX);
    return NULL;
}

static const char *spans_begin_end_and_keep_time_zero(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct span a = {.id = "a", .name = "sign", .start_us = 50, .end_us = -1, .status = "running"};
    struct span b = {.id = "b",
                     .name = "plan",
                     .start_us = -9,
                     .end_us = 0,
                     .status = "ok",
                     .metadata = "{\"n\":0}"};
    struct span c = {.id = "c", .name = "tie", .start_us = 50, .end_us = 60, .status = "ok"};

    KEEPS(suite_open(j, 5, RUN_PREPARED));
    COMMITS(journal_add_span(j, 5, &a, &e));
    COMMITS(journal_add_span(j, 5, &b, &e));
    COMMITS(journal_add_span(j, 5, &c, &e));
    KEEPS(SAME(suite_trace(j, 5),
               "b:plan:-9:0:ok:{\"n\":0} a:sign:50:-1:running:- c:tie:50:60:ok:- "));
    REFUSES(journal_add_span(j, 5, &a, &e), ERROR_CONFLICT);
    a.end_us = 0;
    memcpy(a.status, "failed", sizeof "failed");
    a.metadata = "{\"why\":\"x\"}";
    COMMITS(journal_update_span(j, 5, &a, &e));
    b.end_us = -1;
    b.metadata = NULL; /* stays */
    COMMITS(journal_update_span(j, 5, &b, &e));
    KEEPS(SAME(suite_trace(j, 5), "b:plan:-9:-1:ok:{\"n\":0} a:sign:50:0:failed:{\"why\":\"x\"} "
                                  "c:tie:50:60:ok:- "));
    memcpy(a.id, "zz", sizeof "zz");
    REFUSES(journal_update_span(j, 5, &a, &e), ERROR_NOT_FOUND);
    a.id[0] = '\0';
    REFUSES(journal_add_span(j, 5, &a, &e), ERROR_INVALID);
    memcpy(a.id, "y", sizeof "y");
    a.metadata = "[]";
    REFUSES(journal_add_span(j, 5, &a, &e), ERROR_INVALID);
    return NULL;
}

static const char *spans_are_bounded(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct span span = {.name = "n", .status = "ok"};

    KEEPS(put_ended(j, 5) && put_ended(j, 6) && suite_begin(j));
    for (int i = 0; i < SPANS_MAX; i++) {
        snprintf(span.id, sizeof span.id, "s%d", i);
        span.start_us = i;
        DONE(journal_add_span(j, 5, &span, &e));
    }
    KEEPS(suite_commit(j));
    memcpy(span.id, "more", sizeof "more");
    REFUSES(journal_add_span(j, 5, &span, &e), ERROR_LIMIT);
    COMMITS(journal_add_span(j, 6, &span, &e));
    KEEPS(strstr(suite_trace(j, 5), "s499") != NULL && strstr(suite_trace(j, 5), "more") == NULL);
    return NULL;
}

static const char *the_commit_span_ends_with_the_commit(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5,
                      .plugin = "p",
                      .status = RUN_COMPLETED,
                      .commit_us = 1700000000000300,
                      .spans = "{\"at\":1700000000000000,\"spans\":[[\"queue\",0,10],"
                               "[\"decide\",10,200,\"failed\"],[\"commit\",250,null]]}"};
    struct span late = {.id = "confirm",
                        .name = "confirm",
                        .start_us = 1700000000000100,
                        .end_us = 1700000000000900,
                        .status = "ok"};
    struct span same = {.id = "queue#2",
                        .name = "queue",
                        .start_us = 1700000000000000,
                        .end_us = 1700000000000001,
                        .status = "ok"};

    COMMITS(journal_put_run(j, &run, &e));
    KEEPS(strstr(suite_trace(j, 5), "commit:commit:1700000000000250:-1:") != NULL);
    COMMITS(journal_put_commit_time(j, 1700000000000300, 700, &e));
    COMMITS(journal_put_commit_time(j, 1700000000009999, 1, &e));
    COMMITS(journal_add_span(j, 5, &late, &e));
    COMMITS(journal_add_span(j, 5, &same, &e));
    KEEPS(SAME(suite_trace(j, 5), "queue:queue:1700000000000000:1700000000000010:ok:- "
                                  "queue#2:queue:1700000000000000:1700000000000001:ok:- "
                                  "decide:decide:1700000000000010:1700000000000200:failed:- "
                                  "confirm:confirm:1700000000000100:1700000000000900:ok:- "
                                  "commit:commit:1700000000000250:1700000000001000:ok:- "));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(results_of_any_kind_survive),
    RULE(pending_counts_are_never_negative),
    RULE(parts_of_unknown_runs_are_refused),
    RULE(metadata_is_replaced_or_merged),
    RULE(metadata_is_an_object),
    RULE(logs_are_in_order),
    RULE(log_lines_are_checked),
    RULE(logs_are_bounded_and_drops_counted),
    RULE(spans_begin_end_and_keep_time_zero),
    RULE(spans_are_bounded),
    RULE(the_commit_span_ends_with_the_commit),
};
CHAPTER(parts);
