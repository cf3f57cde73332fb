/* What holds of all of it: hostile texts, stamps, rollback, reopening. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/journal_rules.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const hostile[] = {
    "'; DROP TABLE runs; --",
    "\" OR \"\"=\"",
    "\x1b[2J\x1b]0;title\x07",
    "tab\tnewline\nreturn\r bell\x07 del\x7f",
    "\xf0\x9f\x92\xa3 \xf4\x8f\xbf\xbf \xe2\x80\xae",
    "%s%n{}\\u0000 \\x00 $1 ?1 :a @b",
    "{a,b,\"c\\\"d\\\\\",NULL}",
    "NULL",
    "\\N",
    "\\",
    " leading and trailing ",
};
#define HOSTILE (sizeof hostile / sizeof hostile[0])

static int put_hostile(struct journal *j, uint64_t id, const char *text, struct error *e)
{
    char *own = (char *)(uintptr_t)text;
    struct run run = {.id = id,
                      .status = RUN_FAILED,
                      .topic = own,
                      .payload = own,
                      .reason = own,
                      .error = own,
                      .actions = own,
                      .result = own,
                      .seen = own};
    struct pending pending = {.id = id + 100, .plugin = "p", .topic = own, .payload = own};
    struct dead_letter dead = {
        .run = id, .plugin = "p", .topic = own, .payload = own, .error = own};
    struct run_log log = {.level = LOG_INFO, .from = "script", .message = text};
    struct cursor cursor = {text, text, 1, 1};
    struct strategy_version version = {
        .strategy = text, .hash = HASH, .content = text, .note = text, .author = text};
    uint32_t number;
    bool is_new;

    snprintf(run.plugin, sizeof run.plugin, "%s", text);
    snprintf(run.vault, sizeof run.vault, "%s", text);
    if (journal_put_run(j, &run, e) != 0 || journal_put_pending(j, &pending, e) != 0 ||
        journal_put_dead(j, &dead, e) != 0 || journal_add_log(j, id, &log, e) != 0 ||
        journal_put_cursor(j, &cursor, e) != 0)
        return -1;
    return journal_put_version(j, &version, &number, &is_new, e);
}

static int same_dead(void *arg, const struct dead_letter *d)
{
    const char **text = arg;

    if (SAME(d->topic, *text) && SAME(d->payload, *text) && SAME(d->error, *text))
        *text = NULL;
    return 0;
}

static int same_version(void *arg, const struct strategy_version *v)
{
    const char **text = arg;

    if (SAME(v->strategy, *text) && SAME(v->content, *text) && SAME(v->note, *text) &&
        SAME(v->author, *text))
        *text = NULL;
    return 0;
}

static const char *hostile_texts_are_only_texts(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    char expected[512];

    for (uint64_t i = 0; i < HOSTILE; i++) {
        const char *text = hostile[i], *left = text;
        char *own = (char *)(uintptr_t)text;
        struct run run = {.id = i + 1,
                          .status = RUN_FAILED,
                          .topic = own,
                          .payload = own,
                          .reason = own,
                          .error = own,
                          .actions = own,
                          .result = own,
                          .seen = own};
        struct run_filter filter = {.plugin = text, .status = RUN_FAILED, .limit = 9};

        snprintf(run.plugin, sizeof run.plugin, "%s", text);
        snprintf(run.vault, sizeof run.vault, "%s", text);
        COMMITS(put_hostile(j, i + 1, text, &e));
        KEEPS(SAME(suite_whole_run(j, i + 1), suite_text_of(&run)));
        snprintf(expected, sizeof expected, "%llu ", (unsigned long long)i + 1);
        KEEPS(SAME(suite_filtered(j, &filter), expected));
        snprintf(expected, sizeof expected, "0:info:script:%s:- dropped 0", text);
        KEEPS(SAME(suite_logs(j, i + 1), expected));
        DONE(journal_get_dead(j, i + 1, same_dead, &left, &e));
        KEEPS(left == NULL);
        left = text;
        DONE(journal_get_version(j, text, 0, same_version, &left, &e));
        KEEPS(left == NULL);
        snprintf(expected, sizeof expected, "%s=%s:1:1 ", text, text);
        KEEPS(SAME(suite_cursors(j, text), expected));
        KEEPS(strstr(suite_pendings(j), text) != NULL);
        left = text;
        DONE(journal_find_version(j, text, HASH, same_version, &left, &e));
        KEEPS(left == NULL);
    }
    KEEPS(suite_begin(j) && suite_run(j, 999, "p", RUN_NOOP) && suite_commit(j));
    return NULL;
}

static const char *stamps_repeat_without_effect(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(j));
    DONE(journal_stamp(j, "writer-1", 1, &e));
    KEEPS(suite_run(j, 5, "p", RUN_NOOP) && suite_commit(j));
    KEEPS(suite_begin(j));
    DONE(journal_stamp(j, "writer-1", 2, &e));
    KEEPS(suite_run(j, 6, "p", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_counts(j), "p:noop:2 "));
    if (f->backend->stamps) {
        KEEPS(suite_begin(j)); /* the acknowledgement was lost: once more */
        DONE(journal_stamp(j, "writer-1", 2, &e));
        KEEPS(suite_run(j, 7, "p", RUN_NOOP) && suite_commit(j));
        KEEPS(SAME(suite_counts(j), "p:noop:2 "));
        KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "6:p:noop 5:p:noop "));
    }
    KEEPS(suite_begin(j));
    DONE(journal_stamp(j, "writer-1", 3, &e));
    KEEPS(suite_run(j, 8, "p", RUN_NOOP));
    journal_rollback(j);
    KEEPS(suite_begin(j));
    DONE(journal_stamp(j, "writer-1", 3, &e));
    KEEPS(suite_run(j, 8, "p", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "8:p:noop 6:p:noop 5:p:noop "));
    REFUSES(journal_stamp(j, "writer-1", 0, &e), ERROR_INTERNAL);
    KEEPS(suite_refused(journal_stamp(j, "writer-1", 4, &e), &e, ERROR_INTERNAL));
    return NULL;
}

const char *journal_write_all(struct journal *j, uint64_t id, int round)
{
    struct error e = ERROR_INIT;
    struct run open_one = {.id = id, .plugin = "p", .status = RUN_RUNNING, .deadline_ms = 50};
    struct run ended = {.id = id + 1,
                        .plugin = "q",
                        .status = RUN_COMPLETED,
                        .version = HASH,
                        .parent = id,
                        .commit_us = 10000 + round,
                        .spans = "{\"at\":5,\"spans\":[[\"commit\",1,null]]}"};
    struct run_log log = {.level = LOG_WARN, .at_ms = round, .from = "runtime", .message = "m"};
    struct span span = {.id = "x", .name = "x", .start_us = 1, .end_us = -1, .status = "running"};
    struct strategy_version version = {
        .strategy = round ? "t" : "s", .hash = HASH, .content = "c", .note = "n", .author = "a"};
    struct cursor cursor = {"src", round ? "2" : "1", (uint64_t)round, round};
    struct dead_letter dead = {.run = id + 1, .plugin = "q", .at_ms = round};
    static const char *const events[] = {"e1", "e2"};
    uint32_t number;
    bool is_new[2];

    DONE(journal_create_run(j, &open_one, &e));
    DONE(journal_put_run(j, &ended, &e));
    DONE(journal_put_result(j, id, 0, round ? "1" : "0", &e));
    DONE(journal_merge_metadata(j, id, "{\"k\":1}", &e));
    DONE(journal_add_log(j, id, &log, &e));
    DONE(journal_add_span(j, id, &span, &e));
    span.end_us = 7;
    DONE(journal_update_span(j, id, &span, &e));
    DONE(journal_put_commit_time(j, 10000 + round, 3, &e));
    DONE(journal_put_version(j, &version, &number, is_new, &e));
    DONE(journal_put_snapshot(j, HASH, "seen", 1, &e));
    DONE(journal_put_cursor(j, &cursor, &e));
    DONE(journal_note_events(j, round ? "s1" : "s0", events, 2, 1, is_new, &e));
    DONE(journal_put_dead(j, &dead, &e));
    KEEPS(suite_submit(j, id, "p") && suite_submit(j, id + 2, ""));
    return NULL;
}

const char *journal_change_all(struct journal *j, uint64_t id)
{
    struct error e = ERROR_INIT;
    struct run end = {.id = id, .plugin = "p", .status = RUN_NOOP};
    struct run_log log = {.level = LOG_WARN, .at_ms = 9, .from = "runtime", .message = "more"};
    struct span span = {.id = "x", .name = "x", .start_us = 1, .end_us = 99, .status = "failed"};
    struct strategy_version version = {
        .strategy = "s", .hash = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", .content = "d"};
    struct trim trim = {.before = id + 1, .max = 9};
    struct trimmed got;
    uint32_t number;
    bool is_new;

    DONE(journal_put_result(j, id, 0, "\"other\"", &e));
    DONE(journal_put_result(j, id, 1, "null", &e));
    DONE(journal_set_metadata(j, id, "{\"z\":1}", &e));
    DONE(journal_add_log(j, id, &log, &e));
    DONE(journal_update_span(j, id, &span, &e));
    DONE(journal_put_commit_time(j, 10000, 77, &e));
    DONE(journal_put_version(j, &version, &number, &is_new, &e));
    DONE(journal_set_active(j, "s", false, &e));
    DONE(journal_settle_dead(j, id + 1, DEAD_DISCARDED, 0, 5, &e));
    DONE(journal_set_status(j, id, RUN_PAUSED, 5, "why", NULL, &e));
    DONE(journal_settle_submission(j, id, SUBMISSION_DONE, true, "{}", 6, &e));
    DONE(journal_settle_submission(j, id + 2, SUBMISSION_DEAD, false, NULL, 6, &e));
    DONE(journal_put_run(j, &end, &e));
    DONE(journal_trim(j, &trim, &got, &e));
    return got.runs == 1 && got.submissions == 1 ? NULL
                                                 : "one run was to be trimmed, with what it sent";
}

#define PASSES(part)                                                                               \
    do {                                                                                           \
        const char *part_broken = (part);                                                          \
        if (part_broken != NULL)                                                                   \
            return part_broken;                                                                    \
    } while (0)

static const char *rollback_undoes_every_write(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    static char before[65536];

    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 10, 0));
    journal_rollback(j);
    KEEPS(SAME(suite_everything(j), before) && SAME(suite_snapshot(j, HASH), "-"));
    KEEPS(SAME(suite_note(j, "s9", "x", 1), "1"));
    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 10, 0));
    KEEPS(suite_commit(j));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    for (int i = 0; i < 2; i++) {
        KEEPS(suite_begin(j));
        PASSES(journal_write_all(j, 20, 1));
        PASSES(journal_change_all(j, 10));
        journal_rollback(j);
        KEEPS(SAME(suite_everything(j), before) && SAME(suite_snapshot(j, HASH), "seen"));
    }
    KEEPS(SAME(suite_note(j, "s0", "e1 e3", 1), "01") && SAME(suite_note(j, "s1", "e1", 1), "1"));
    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 20, 1));
    PASSES(journal_change_all(j, 10));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "21:q:completed 20:p:running 11:q:completed "));
    return NULL;
}

static const char *expiry_is_undone_too(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_SUBMITTED, .deadline_ms = 50};
    static char before[65536];

    COMMITS(journal_create_run(j, &run, &e));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    DONE(journal_set_status(j, 5, RUN_UNKNOWN, 60, NULL, NULL, &e));
    DONE(journal_set_status(j, 5, RUN_FAILED, 60, NULL, NULL, &e));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "") && SAME(suite_counts(j), "p:failed:1 "));
    journal_rollback(j);
    KEEPS(SAME(suite_everything(j), before));
    KEEPS(SAME(suite_open_ones(j, INT64_MAX, 9), "5:submitted "));
    return NULL;
}

static const char *everything_survives_reopening(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    static char before[65536];

    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 10, 0));
    KEEPS(suite_commit(j));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 20, 1));
    PASSES(journal_change_all(j, 10));
    journal_suite_reopen(f); /* in the middle of it */
    if (f->backend->durable) {
        KEEPS(SAME(suite_everything(f->journal), before));
        KEEPS(SAME(suite_snapshot(f->journal, HASH), "seen"));
        KEEPS(suite_begin(f->journal));
        PASSES(journal_change_all(f->journal, 10));
        KEEPS(suite_commit(f->journal));
    }
    return NULL;
}

static const char *writes_need_a_transaction(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_RUNNING};
    struct run_log log = {.level = LOG_INFO, .from = "script", .message = "m"};
    struct span span = {.id = "x", .name = "x", .status = "ok"};
    struct strategy_version version = {.strategy = "s", .hash = HASH, .content = "c"};
    struct cursor cursor = {"s", "1", 1, 1};
    struct dead_letter dead = {.run = 5, .plugin = "p"};
    struct submission sent = suite_make_submission(5, "p");
    const char *event = "e";
    struct trimmed got;
    uint32_t number;
    bool is_new;
    const int answers[] = {
        journal_create_run(j, &run, &e),
        journal_set_status(j, 5, RUN_PAUSED, 1, NULL, NULL, &e),
        journal_expire_runs(j, 1, 1, NULL, NULL, &e),
        journal_put_result(j, 5, 0, "1", &e),
        journal_set_metadata(j, 5, "{}", &e),
        journal_merge_metadata(j, 5, "{}", &e),
        journal_add_log(j, 5, &log, &e),
        journal_add_span(j, 5, &span, &e),
        journal_update_span(j, 5, &span, &e),
        journal_put_commit_time(j, 1, 1, &e),
        journal_put_version(j, &version, &number, &is_new, &e),
        journal_set_active(j, "s", true, &e),
        journal_put_snapshot(j, HASH, "x", 1, &e),
        journal_put_cursor(j, &cursor, &e),
        journal_note_events(j, "s", &event, 1, 1, &is_new, &e),
        journal_put_dead(j, &dead, &e),
        journal_settle_dead(j, 5, DEAD_DISCARDED, 0, 1, &e),
        journal_put_submission(j, &sent, &e),
        journal_settle_submission(j, 5, SUBMISSION_DONE, true, NULL, 1, &e),
        journal_trim(j, &(struct trim){.max = 1}, &got, &e),
    };

    KEEPS(e.code == ERROR_INTERNAL);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        KEEPS(answers[i] == -1);
    return NULL;
}

static int stop(void *arg, const struct run *run)
{
    (void)run;
    return ++*(int *)arg == 1 ? 6 : 0;
}

static int stop_log(void *arg, const struct run_log *log)
{
    (void)log;
    return ++*(int *)arg == 1 ? 7 : 0;
}

static int stop_version(void *arg, const struct strategy_version *v)
{
    (void)v;
    return ++*(int *)arg == 1 ? -8 : 0;
}

static int stop_dead(void *arg, const struct dead_letter *d)
{
    (void)d;
    return ++*(int *)arg == 1 ? 9 : 0;
}

static const char *walks_stop_when_told(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run_filter children = {.status = -1, .parent = 10, .limit = 9};
    struct run_filter version = {.status = -1, .version = HASH, .limit = 9};
    int seen = 0;

    KEEPS(suite_begin(j));
    PASSES(journal_write_all(j, 10, 0));
    PASSES(journal_write_all(j, 20, 1));
    KEEPS(suite_commit(j));
    KEEPS(journal_list_open(j, INT64_MAX, 9, stop, &seen, &e) == 6 && seen == 1);
    seen = 0;
    KEEPS(journal_list_runs(j, &children, stop, &seen, &e) == 6 && seen == 1);
    seen = 0;
    KEEPS(journal_list_runs(j, &version, stop, &seen, &e) == 6 && seen == 1);
    seen = 0;
    KEEPS(journal_list_logs(j, 10, stop_log, &seen, NULL, &e) == 7 && seen == 1);
    seen = 0;
    KEEPS(journal_list_versions(j, "s", 0, 9, stop_version, &seen, &e) == -8 && seen == 1);
    seen = 0;
    KEEPS(journal_list_dead(j, NULL, -1, 0, 9, stop_dead, &seen, &e) == 9 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    KEEPS(suite_begin(j) && suite_run(j, 900, "p", RUN_NOOP) && suite_commit(j));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(hostile_texts_are_only_texts),  RULE(stamps_repeat_without_effect),
    RULE(rollback_undoes_every_write),   RULE(expiry_is_undone_too),
    RULE(everything_survives_reopening), RULE(writes_need_a_transaction),
    RULE(walks_stop_when_told),
};
CHAPTER(whole);
