/* Questions about what a journal holds: pages, runs in full, logs, times, versions, dead letters;
 * and whatever is asked wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/id.h"
#include "core/records.h"
#include "journal/journal.h"

#define T0 1641024000000 /* 2022-01-01 08:00 */

static struct journal *journal;
static const json_t *live_run; /* given with each question; or NULL */

/* ---- what is on record ---- */

static uint64_t id_at(int64_t ms, unsigned n)
{
    return ((uint64_t)ms << 21) + n;
}

static char *id_of(int64_t ms, unsigned n)
{
    static char texts[8][ID_TEXT_SIZE];
    static int next;

    next = (next + 1) % 8;
    return id_format(id_at(ms, n), texts[next]);
}

static void begin(void)
{
    struct error e = ERROR_INIT;

    assert_int_equal(journal_begin(journal, &e), 0);
}

static void commit(void)
{
    struct error e = ERROR_INIT;

    assert_int_equal(journal_commit(journal, &e), 0);
}

static struct run run_at(int64_t ms, unsigned n, const char *plugin, enum run_status status)
{
    struct run run = {.id = id_at(ms, n),
                      .status = status,
                      .scheduled_ms = ms,
                      .started_ms = ms,
                      .finished_ms = ms,
                      .attempts = 1};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    return run;
}

static void put(const struct run *run)
{
    struct error e = ERROR_INIT;

    begin();
    if (journal_put_run(journal, run, &e) < 0)
        fail_msg("%s", e.message);
    commit();
}

static void put_simple(int64_t ms, unsigned n, const char *plugin, enum run_status status)
{
    struct run run = run_at(ms, n, plugin, status);

    put(&run);
}

static int open_journal(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    live_run = NULL;
    return journal_memory_open(&journal, &e);
}

static int close_journal(void **state)
{
    (void)state;
    journal_close(journal);
    return 0;
}

/* ---- asking ---- */

static int try(json_t *request, json_t **data, struct error *e)
{
    struct record_ask ask = {
        .journal = journal, .now_ms = T0 + 86400000, .request = request, .live = live_run};
    int result = records_answer(&ask, data, e);

    json_decref(request);
    return result;
}

static json_t *ask(json_t *request)
{
    struct error e = ERROR_INIT;
    json_t *data = NULL;

    assert_non_null(request);
    if (try(request, &data, &e) < 0)
        fail_msg("%s", e.message);
    return data;
}

static void refused(json_t *request, enum error_code code, const char *message)
{
    struct error e = ERROR_INIT;
    json_t *data = NULL;

    assert_non_null(request);
    assert_int_equal(try(request, &data, &e), -1);
    assert_null(data);
    assert_string_equal(error_name(e.code), error_name(code));
    if (strstr(e.message, message) == NULL)
        fail_msg("expected '%s' in '%s'", message, e.message);
}

static json_t *op(const char *name)
{
    return json_pack("{s:s}", "op", name);
}

static json_t *with(json_t *request, const char *name, const char *value)
{
    json_object_set_new(request, name, json_string(value));
    return request;
}

static json_t *with_number(json_t *request, const char *name, json_int_t value)
{
    json_object_set_new(request, name, json_integer(value));
    return request;
}

static size_t count_of(json_t *request, const char *list)
{
    json_t *data = ask(request);
    size_t count = json_array_size(json_object_get(data, list));

    json_decref(data);
    return count;
}

static const char *text_at(const json_t *list, size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(list, i), name));
}

/* ---- runs_list ---- */

static void test_filters(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        put_simple(T0 + i * 1000, 0, i % 2 ? "odd" : "even", i % 5 ? RUN_NOOP : RUN_FAILED);
    assert_int_equal(count_of(op("runs_list"), "runs"), 10);
    assert_int_equal(count_of(with(op("runs_list"), "plugin", "odd"), "runs"), 5);
    assert_int_equal(count_of(with(op("runs_list"), "status", "failed"), "runs"), 2);
    assert_int_equal(
        count_of(with(with(op("runs_list"), "status", "failed"), "plugin", "odd"), "runs"), 1);
    assert_int_equal(count_of(with_number(op("runs_list"), "since", T0 + 7000), "runs"), 3);
    assert_int_equal(count_of(with_number(op("runs_list"), "until", T0 + 7000), "runs"), 7);
    assert_int_equal(count_of(with_number(op("runs_list"), "since_ago", 86400000 - 8000), "runs"),
                     2);
    assert_int_equal(count_of(with_number(op("runs_list"), "until_ago", 86400000 - 8000), "runs"),
                     8);
    assert_int_equal(count_of(with_number(op("runs_list"), "since_ago", INT64_MAX), "runs"), 10);
    assert_int_equal(count_of(with_number(op("runs_list"), "limit", 3), "runs"), 3);
}

static void test_pages_meet(void **state)
{
    json_t *next = NULL;
    size_t seen = 0;

    (void)state;
    for (unsigned i = 0; i < 25; i++)
        put_simple(T0, i, "p", RUN_NOOP); /* all of one millisecond */
    do {
        json_t *request = with_number(op("runs_list"), "limit", 7), *data;
        if (next != NULL)
            json_object_set_new(request, "after", next);
        data = ask(request);
        for (size_t i = 0; i < json_array_size(json_object_get(data, "runs")); i++, seen++)
            assert_string_equal(text_at(json_object_get(data, "runs"), i, "id"),
                                id_of(T0, (unsigned)(24 - seen)));
        next = json_incref(json_object_get(data, "next"));
        json_decref(data);
    } while (json_is_string(next));
    assert_true(json_is_null(next));
    json_decref(next);
    assert_int_equal(seen, 25);
}

/* A page that would be large ends early, and goes on. */
static void test_large_runs_make_short_pages(void **state)
{
    char *payload = malloc(1000 * 1000 + 3);
    struct run run;
    json_t *data;
    size_t count;

    (void)state;
    memset(payload, 'x', 1000 * 1000 + 2);
    payload[0] = payload[1000 * 1000 + 1] = '"';
    payload[1000 * 1000 + 2] = '\0';
    for (unsigned i = 0; i < 10; i++) {
        run = run_at(T0, i, "p", RUN_NOOP);
        run.payload = payload;
        put(&run);
    }
    data = ask(op("runs_list"));
    count = json_array_size(json_object_get(data, "runs"));
    assert_in_range(count, 4, 6);
    assert_true(json_is_string(json_object_get(data, "next")));
    json_decref(data);
    free(payload);
}

static void test_what_is_asked_wrongly(void **state)
{
    json_t *data;
    char *cursor;

    (void)state;
    put_simple(T0, 0, "momentum", RUN_NOOP);
    put_simple(T0, 1, "momentum", RUN_NOOP);
    refused(op("nosuch"), ERROR_INVALID, "unknown question 'nosuch'");
    refused(json_object(), ERROR_INVALID, "unknown question");
    refused(with(op("runs_list"), "status", "great"), ERROR_INVALID, "got 'great'");
    refused(with(op("runs_list"), "plugin", "Mom'; --"), ERROR_INVALID, "plugin: expected");
    refused(with_number(op("runs_list"), "plugin", 5), ERROR_INVALID, "plugin: expected");
    refused(with(op("runs_list"), "plugin", "momentun"), ERROR_NOT_FOUND,
            "there is no strategy 'momentun' on record");
    refused(with(op("runs_list"), "parent", id_of(T0, 99)), ERROR_NOT_FOUND, "there is no run");
    refused(with(op("runs_list"), "parent", "\x1b[2J"), ERROR_NOT_FOUND, "there is no run '?[2J'");
    refused(with_number(op("runs_list"), "limit", 0), ERROR_INVALID, "limit: expected");
    refused(with_number(op("runs_list"), "limit", -1), ERROR_INVALID, "limit: expected");
    refused(with_number(op("runs_list"), "limit", 201), ERROR_INVALID, "from 1 to 200");
    refused(with_number(op("runs_list"), "limit", INT64_MAX), ERROR_INVALID, "limit: expected");
    refused(with(op("runs_list"), "limit", "10"), ERROR_INVALID, "limit: expected");
    refused(with(op("runs_list"), "since", "now"), ERROR_INVALID, "since: expected milliseconds");
    refused(with_number(op("runs_list"), "until", -1), ERROR_INVALID, "until: expected");
    refused(with_number(op("runs_list"), "since_ago", -1), ERROR_INVALID, "since_ago: expected");
    refused(with(op("runs_list"), "after", "x"), ERROR_INVALID, "'x' is no cursor");
    refused(with_number(op("runs_list"), "after", 7), ERROR_INVALID, "after: expected a cursor");
    refused(op("run_show"), ERROR_INVALID, "run: expected a run's id");
    refused(with(op("run_show"), "run", "0000000000000"), ERROR_NOT_FOUND, "there is no run");
    refused(with(op("run_logs"), "run", id_of(T0, 5)), ERROR_NOT_FOUND, "there is no run");
    refused(with(op("run_trace"), "run", id_of(T0, 5)), ERROR_NOT_FOUND, "there is no run");
    refused(with(with(op("run_logs"), "run", id_of(T0, 0)), "level", "loud"), ERROR_INVALID,
            "got 'loud'");
    refused(with_number(with(op("run_logs"), "run", id_of(T0, 0)), "after_seq", -1), ERROR_INVALID,
            "after_seq");
    /* a cursor belongs to its filters */
    data = ask(with_number(op("runs_list"), "limit", 1));
    cursor = strdup(json_string_value(json_object_get(data, "next")));
    json_decref(data);
    assert_int_equal(count_of(with(op("runs_list"), "after", cursor), "runs"), 1);
    refused(with(with(op("runs_list"), "after", cursor), "status", "noop"), ERROR_INVALID,
            "is no cursor of this list");
    refused(with(op("logs_page"), "after", cursor), ERROR_INVALID, "is no cursor of this list");
    free(cursor);
}

/* ---- one run ---- */

static void put_family(void)
{
    struct run parent = run_at(T0, 0, "first", RUN_COMPLETED), child;

    parent.actions = (char *)"[{\"kind\":\"emit\",\"topic\":\"a\"}]";
    parent.logs = (char *)"[{\"level\":\"info\",\"message\":\"one\"},{\"level\":\"error\","
                          "\"message\":\"two\",\"from\":\"runtime\"}]";
    parent.spans = (char *)"{\"at\":1000,\"spans\":[[\"queue\",0,5],[\"decide\",5,9,\"failed\"]]}";
    parent.seen = (char *)"{\"vault\":\"00000000000000000000000000000001\",\"market\":{\"btc\":"
                          "\"00000000000000000000000000000002\",\"eth\":"
                          "\"00000000000000000000000000000003\"},\"reads\":{\"k\":null}}";
    put(&parent);
    for (unsigned i = 1; i <= 25; i++) {
        child = run_at(T0, i, "second", RUN_NOOP);
        child.parent = parent.id;
        child.depth = 1;
        put(&child);
    }
}

static void test_a_run_in_full(void **state)
{
    struct error e = ERROR_INIT;
    json_t *data, *seen;

    (void)state;
    begin();
    assert_int_equal(
        journal_put_snapshot(journal, "00000000000000000000000000000001", "{\"nav\":5}", T0, &e),
        0);
    assert_int_equal(
        journal_put_snapshot(journal, "00000000000000000000000000000002", "{\"spot\":7}", T0, &e),
        0);
    commit();
    put_family();
    data = ask(with(op("run_show"), "run", id_of(T0, 0)));
    seen = json_object_get(data, "seen");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(seen, "vault"), "nav")), 5);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_object_get(seen, "market"), "btc"), "spot")),
                     7);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json_object_get(seen, "market"), "eth"),
                                          "missing_snapshot")),
        "00000000000000000000000000000003");
    assert_int_equal(json_array_size(json_object_get(data, "logs")), 2);
    assert_int_equal(json_array_size(json_object_get(data, "spans")), 2);
    assert_int_equal(json_array_size(json_object_get(data, "children")), 20);
    assert_string_equal(text_at(json_object_get(data, "children"), 19, "id"), id_of(T0, 25));
    assert_true(json_is_true(json_object_get(data, "more_children")));
    assert_true(json_is_null(json_object_get(data, "caused_by")));
    assert_true(json_is_null(json_object_get(data, "code")));
    json_decref(data);
    data = ask(with(op("run_show"), "run", id_of(T0, 3)));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(data, "caused_by"), "plugin")), "first");
    json_decref(data);
    assert_int_equal(
        count_of(with_number(with(op("runs_list"), "parent", id_of(T0, 0)), "limit", 200), "runs"),
        25);
}

static void test_lines_of_a_run(void **state)
{
    json_t *data;

    (void)state;
    put_family();
    assert_int_equal(count_of(with(op("run_logs"), "run", id_of(T0, 0)), "lines"), 2);
    assert_int_equal(
        count_of(with(with(op("run_logs"), "run", id_of(T0, 0)), "level", "warn"), "lines"), 1);
    data = ask(with_number(with(op("run_logs"), "run", id_of(T0, 0)), "after_seq", 1));
    assert_int_equal(json_array_size(json_object_get(data, "lines")), 1);
    assert_string_equal(text_at(json_object_get(data, "lines"), 0, "message"), "two");
    assert_string_equal(text_at(json_object_get(data, "lines"), 0, "from"), "runtime");
    assert_int_equal(json_integer_value(json_object_get(data, "last_seq")), 2);
    assert_true(json_is_true(json_object_get(data, "ended")));
    json_decref(data);
}

static void test_times_of_a_run(void **state)
{
    json_t *data, *spans;

    (void)state;
    put_family();
    data = ask(with(op("run_trace"), "run", id_of(T0, 0)));
    spans = json_object_get(data, "spans");
    assert_int_equal(json_array_size(spans), 2);
    assert_string_equal(text_at(spans, 1, "name"), "decide");
    assert_string_equal(text_at(spans, 1, "status"), "failed");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(spans, 1), "end_us")), 1009);
    assert_int_equal(json_array_size(json_object_get(data, "children")), 25);
    assert_true(json_is_false(json_object_get(data, "more_children")));
    json_decref(data);
}

/* Of a family of very many only some are looked at. */
static void test_a_large_family(void **state)
{
    struct run run = run_at(T0, 0, "p", RUN_NOOP);
    json_t *data;

    (void)state;
    put(&run);
    for (unsigned i = 1; i <= 300; i++) {
        run = run_at(T0, i, "p", RUN_NOOP);
        run.parent = id_at(T0, (i - 1) / 3);
        put(&run);
    }
    data = ask(with(op("run_trace"), "run", id_of(T0, 0)));
    assert_true(json_is_true(json_object_get(data, "more_children")));
    json_decref(data);
}

static void test_runs_that_are_not_on_record_yet(void **state)
{
    struct pending pending = {
        .id = id_at(T0, 7), .kind = TRIGGER_EVENT, .topic = (char *)"a", .scheduled_ms = T0};
    struct error e = ERROR_INIT;
    json_t *data, *live = json_pack("{s:s, s:s, s:s}", "id", id_of(T0, 8), "plugin", "p", "status",
                                    "running");

    (void)state;
    memcpy(pending.plugin, "p", 2);
    begin();
    assert_int_equal(journal_put_pending(journal, &pending, &e), 0);
    commit();
    data = ask(with(op("run_show"), "run", id_of(T0, 7)));
    assert_string_equal(json_string_value(json_object_get(data, "status")), "queued");
    json_decref(data);
    data = ask(with(op("run_trace"), "run", id_of(T0, 7)));
    assert_int_equal(json_array_size(json_object_get(data, "spans")), 0);
    json_decref(data);
    live_run = live;
    data = ask(with(op("run_logs"), "run", id_of(T0, 8)));
    assert_string_equal(json_string_value(json_object_get(data, "status")), "running");
    assert_true(json_is_false(json_object_get(data, "ended")));
    json_decref(data);
    json_decref(live);
}

/* ---- the desk's lines ---- */

/* Run i says i lines: "i.1", "i.2", … */
static void put_talkers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct run run = run_at(T0 + i, 0, i % 2 ? "odd" : "even", RUN_NOOP);
        struct buf text;
        buf_init(&text, 65536);
        for (unsigned n = 1; n <= i; n++)
            buf_addf(&text, "%s{\"level\":\"%s\",\"message\":\"%u.%u\"}", n > 1 ? "," : "[",
                     n % 2 ? "info" : "warn", i, n);
        buf_add_str(&text, "]");
        run.logs = i > 0 ? text.data : NULL;
        put(&run);
        buf_release(&text);
    }
}

/* The messages of a page, oldest first, each followed by a blank; then `behind`, which is freed. */
static char *page_text(const json_t *lines, char *behind)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < json_array_size(lines); i++)
        buf_addf(&text, "%s ", text_at(lines, i, "message"));
    buf_add_str(&text, behind);
    free(behind);
    return buf_steal(&text);
}

/* All lines, page by page of `limit`. */
static char *all_lines(const char *plugin, const char *level, unsigned limit)
{
    char *whole = strdup("");
    json_t *next = NULL;

    do {
        json_t *request = with_number(op("logs_page"), "limit", limit), *data, *lines;
        if (plugin != NULL)
            with(request, "plugin", plugin);
        if (level != NULL)
            with(request, "level", level);
        if (next != NULL)
            json_object_set_new(request, "after", next);
        data = ask(request);
        lines = json_object_get(data, "lines");
        assert_true(json_array_size(lines) <= limit);
        whole = page_text(lines, whole);
        next = json_incref(json_object_get(data, "next"));
        json_decref(data);
    } while (json_is_string(next));
    json_decref(next);
    return whole;
}

static void check_lines(const char *plugin, const char *level, const char *expected)
{
    for (unsigned limit = 1; limit < 12; limit++) {
        char *lines = all_lines(plugin, level, limit);
        assert_string_equal(lines, expected);
        free(lines);
    }
}

static void test_lines_of_the_desk(void **state)
{
    (void)state;
    put_talkers(6);
    check_lines(NULL, NULL, "1.1 2.1 2.2 3.1 3.2 3.3 4.1 4.2 4.3 4.4 5.1 5.2 5.3 5.4 5.5 ");
    check_lines("odd", NULL, "1.1 3.1 3.2 3.3 5.1 5.2 5.3 5.4 5.5 ");
    check_lines(NULL, "warn", "2.2 3.2 4.2 4.4 5.2 5.4 ");
    check_lines("even", "warn", "2.2 4.2 4.4 ");
    check_lines(NULL, "error", "");
    refused(with(op("logs_page"), "plugin", "evn"), ERROR_NOT_FOUND, "no strategy 'evn'");
}

/* A desk that says little is read in steps. */
static void test_few_lines_in_many_runs(void **state)
{
    struct run run = run_at(T0, 0, "p", RUN_NOOP);
    json_t *data;
    char *lines;

    (void)state;
    run.logs = (char *)"[{\"level\":\"info\",\"message\":\"only\"}]";
    put(&run);
    for (unsigned i = 1; i <= 900; i++)
        put_simple(T0 + i, 0, "p", RUN_NOOP);
    data = ask(op("logs_page"));
    assert_int_equal(json_integer_value(json_object_get(data, "runs")), RECORDS_SCAN);
    assert_int_equal(json_array_size(json_object_get(data, "lines")), 0);
    assert_true(json_is_string(json_object_get(data, "next")));
    json_decref(data);
    lines = all_lines(NULL, NULL, 10);
    assert_string_equal(lines, "only ");
    free(lines);
}

/* ---- versions ---- */

static void put_versions(const char *strategy, unsigned count)
{
    struct error e = ERROR_INIT;
    uint32_t number;
    bool is_new;

    for (unsigned i = 1; i <= count; i++) {
        struct strategy_version v = {.strategy = strategy,
                                     .content = "{\"source\":\"x\"}",
                                     .note = "n",
                                     .author = "a",
                                     .created_ms = T0 + i};
        snprintf(v.hash, sizeof v.hash, "%04xffffffffffffffffffffffffffff", i);
        begin();
        if (journal_put_version(journal, &v, &number, &is_new, &e) < 0)
            fail_msg("%s", e.message);
        commit();
    }
}

static void test_versions(void **state)
{
    json_t *data;
    struct run run = run_at(T0, 0, "first", RUN_NOOP);

    (void)state;
    put_versions("first", 23);
    put_versions("second", 1);
    memcpy(run.version, "0003ffffffffffffffffffffffffffff", DIGEST_TEXT_SIZE);
    put(&run);
    put_simple(T0, 1, "first", RUN_NOOP);
    put_simple(T0, 2, "old", RUN_NOOP);
    assert_int_equal(count_of(op("strategies_list"), "strategies"), 2);
    assert_int_equal(count_of(with(op("versions_list"), "plugin", "first"), "versions"), 20);
    assert_int_equal(count_of(with(op("versions_list"), "plugin", "old"), "versions"), 0);
    data = ask(with(op("version_show"), "plugin", "first"));
    assert_int_equal(json_integer_value(json_object_get(data, "number")), 23);
    assert_true(json_is_true(json_object_get(data, "active")));
    assert_null(json_object_get(data, "content"));
    json_decref(data);
    data = ask(with(with(op("version_show"), "plugin", "first"), "version", "7"));
    assert_int_equal(json_integer_value(json_object_get(data, "number")), 7);
    json_decref(data);
    data = ask(with(with(op("version_show"), "plugin", "first"), "version", "000f"));
    assert_int_equal(json_integer_value(json_object_get(data, "number")), 15);
    json_decref(data);
    data = ask(with(op("run_show"), "run", id_of(T0, 0)));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(data, "code"), "number")),
                     3);
    json_decref(data);
    assert_int_equal(
        count_of(with(with(op("runs_list"), "plugin", "first"), "version", "3"), "runs"), 1);
    assert_int_equal(
        count_of(with(with(op("runs_list"), "plugin", "first"), "version", "4"), "runs"), 0);
    assert_int_equal(
        count_of(with(op("runs_list"), "version", "0003ffffffffffffffffffffffffffff"), "runs"), 1);
    refused(with(op("runs_list"), "version", "3"), ERROR_INVALID, "'3' of which strategy?");
    refused(with(with(op("runs_list"), "plugin", "first"), "version", "24"), ERROR_NOT_FOUND,
            "strategy 'first' has no version '24'");
    refused(with(with(op("version_show"), "plugin", "first"), "version", "0"), ERROR_NOT_FOUND,
            "has no version '0'");
    refused(with(with(op("version_show"), "plugin", "first"), "version", "99999999999"),
            ERROR_NOT_FOUND, "has no version");
    refused(with(with(op("version_show"), "plugin", "first"), "version", "000"), ERROR_NOT_FOUND,
            "has no version '000'");
    refused(with(with(op("version_show"), "plugin", "first"), "version", "zz"), ERROR_INVALID,
            "version: expected a number");
    refused(with(with(op("version_show"), "plugin", "first"), "version", ""), ERROR_INVALID,
            "version: expected a number");
    refused(with(with(op("version_show"), "plugin", "firts"), "version", "1"), ERROR_NOT_FOUND,
            "there is no strategy 'firts'");
    refused(with(op("version_show"), "plugin", "old"), ERROR_NOT_FOUND,
            "no version of 'old' is on record");
    refused(op("versions_list"), ERROR_INVALID, "plugin: expected a strategy's name");
}

static void test_a_digest_that_is_not_clear(void **state)
{
    struct strategy_version v = {.strategy = "p", .content = "{\"source\":\"x\"}"};
    struct error e = ERROR_INIT;
    uint32_t number;
    bool is_new;

    (void)state;
    begin();
    memcpy(v.hash, "abcdef00000000000000000000000000", DIGEST_TEXT_SIZE);
    assert_int_equal(journal_put_version(journal, &v, &number, &is_new, &e), 0);
    memcpy(v.hash, "abcdef11111111111111111111111111", DIGEST_TEXT_SIZE);
    v.content = "{\"source\":\"y\"}";
    assert_int_equal(journal_put_version(journal, &v, &number, &is_new, &e), 0);
    commit();
    refused(with(with(op("version_show"), "plugin", "p"), "version", "abcd"), ERROR_INVALID,
            "2 versions of 'p' begin with 'abcd'");
    json_decref(ask(with(with(op("version_show"), "plugin", "p"), "version", "abcdef1")));
}

/* ---- dead letters ---- */

static void test_dead_letters(void **state)
{
    struct error e = ERROR_INIT;
    json_t *data;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        struct dead_letter d = {.run = id_at(T0, i),
                                .trigger = TRIGGER_EVENT,
                                .at_ms = T0,
                                .error = (char *)"{\"message\":\"m\"}",
                                .attempts = 1};
        memcpy(d.plugin, i % 2 ? "odd" : "eve", 4);
        put_simple(T0, i, d.plugin, RUN_FAILED);
        begin();
        assert_int_equal(journal_put_dead(journal, &d, &e), 0);
        commit();
    }
    begin();
    assert_int_equal(journal_settle_dead(journal, id_at(T0, 2), DEAD_RETRIED, id_at(T0, 9), T0, &e),
                     0);
    commit();
    assert_int_equal(count_of(op("dead_page"), "letters"), 5);
    assert_int_equal(count_of(with(op("dead_page"), "plugin", "odd"), "letters"), 2);
    assert_int_equal(count_of(with(op("dead_page"), "state", "retried"), "letters"), 1);
    data = ask(with_number(op("dead_page"), "limit", 3));
    assert_int_equal(json_array_size(json_object_get(data, "letters")), 3);
    assert_int_equal(
        count_of(with(op("dead_page"), "after", json_string_value(json_object_get(data, "next"))),
                 "letters"),
        2);
    json_decref(data);
    data = ask(with(op("dead_show"), "run", id_of(T0, 2)));
    assert_string_equal(json_string_value(json_object_get(data, "retry")), id_of(T0, 9));
    json_decref(data);
    data = ask(with(op("run_show"), "run", id_of(T0, 2)));
    assert_string_equal(json_string_value(json_object_get(json_object_get(data, "dead"), "state")),
                        "retried");
    json_decref(data);
    refused(with(op("dead_show"), "run", id_of(T0, 50)), ERROR_NOT_FOUND,
            "there is no dead letter");
    refused(with(op("dead_show"), "run", "x"), ERROR_NOT_FOUND, "there is no dead letter 'x'");
    refused(op("dead_show"), ERROR_INVALID, "run: expected");
    refused(with(op("dead_page"), "state", "gone"), ERROR_INVALID, "got 'gone'");
    refused(with(op("dead_page"), "plugin", "evn"), ERROR_NOT_FOUND, "no strategy 'evn'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_journal, close_journal)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_filters),
        TEST(test_pages_meet),
        TEST(test_large_runs_make_short_pages),
        TEST(test_what_is_asked_wrongly),
        TEST(test_a_run_in_full),
        TEST(test_lines_of_a_run),
        TEST(test_times_of_a_run),
        TEST(test_a_large_family),
        TEST(test_runs_that_are_not_on_record_yet),
        TEST(test_lines_of_the_desk),
        TEST(test_few_lines_in_many_runs),
        TEST(test_versions),
        TEST(test_a_digest_that_is_not_clear),
        TEST(test_dead_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
