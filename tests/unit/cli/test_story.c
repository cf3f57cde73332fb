/* A run's story, its log lines and its times as bars, as a person sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/log_text.h"
#include "cli/story.h"
#include "cli/trace_text.h"

struct page {
    struct output o;
    char *text;
    size_t len;
};

/* Single quotes stand for double ones. */
static json_t *json(const char *text)
{
    char *copy = strdup(text);
    json_error_t why;
    json_t *value;

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    value = json_loads(copy, JSON_DECODE_ANY, &why);
    if (value == NULL)
        fail_msg("%s: %s", why.text, copy);
    free(copy);
    return value;
}

static void begin(struct page *p, size_t width)
{
    FILE *out = open_memstream(&p->text, &p->len);

    p->o = (struct output){.out = out, .err = out, .width = width};
}

static void end(struct page *p, const char *expected)
{
    fclose(p->o.out);
    assert_string_equal(p->text, expected);
    free(p->text);
}

static void check_story(const char *run, size_t width, const char *expected)
{
    json_t *value = json(run);
    struct page p;

    begin(&p, width);
    story_print(&p.o, value);
    json_decref(value);
    end(&p, expected);
}

static const char whole[] =
    "{'id': '38fw4z60g0001', 'plugin': 'first', 'vault': 'paper', 'status': 'completed',"
    " 'version': '1f9c03aa00000000000000000000beef',"
    " 'code': {'number': 3, 'hash': '1f9c', 'note': 'calmer', 'author': 'kim',"
    "          'created_ms': 1641024000000},"
    " 'trigger': 'event', 'topic': 'price.btc', 'payload': {'x': 1}, 'parent': '38fw4z60g0000',"
    " 'caused_by': {'id': '38fw4z60g0000', 'plugin': 'watcher', 'status': 'completed'},"
    " 'scheduled_ms': 1641024300000, 'started_ms': 1641024300012, 'finished_ms': 1641024300020,"
    " 'attempts': 1, 'cpu_us': 235,"
    " 'seen': {'vault': {'id': 'paper', 'nav': 1000000, 'quote_balance': 900000,"
    "                    'pm_balance': 100000, 'open_positions': 2},"
    "          'market': {'btc': {'spot': 100017.32, 'at': 1641024299762}, 'eth': {'stale': true}},"
    "          'params': {'edge': 0.03}, 'closures': [],"
    "          'last': {'outcome': 'failed', 'run_id': '38fw4z5zg0000',"
    "                   'error': {'code': 'CAP', 'message': 'CAP: too much'}},"
    "          'reads': {'cooldown': null, 'spot': 99997.5},"
    "          'decided': [{'kind': 'mint_binary', 'quantity': 5, 'strike': 100000000000000,"
    "                       'is_up': true}],"
    "          'db': [{'call': {'call': 'select', 'table': 'prices'},"
    "                  'result': {'rows': [{'a': 1}]}},"
    "                 {'call': {'call': 'insert', 'table': 'prices'}, 'result': {'changed': 1}},"
    "                 {'call': {'call': 'query', 'sql': 'SELECT 1'},"
    "                  'error': {'code': 'DB_TIMEOUT', 'message': 'took too long'}}],"
    "          'writes': {'cooldown': 1, 'old': null, 'spot': 100017.32},"
    "          'expires': {'cooldown': 1641024600000}},"
    " 'actions': [{'kind': 'pm_deposit', 'amount': 2579890},"
    "             {'kind': 'mint_binary', 'quantity': 5, 'strike': 100000000000000,"
    "              'is_up': true}],"
    " 'result': {'digest': 'paper-38fw', 'events': [{'kind': 'pm_deposit', 'amount': 2579890,"
    "                                                'auto_fund': true}]},"
    " 'logs': [{'level': 'info', 'message': 'it rises', 'fields': {'by': 20}, 'from': 'script'},"
    "          {'level': 'warn', 'message': 'slow', 'from': 'runtime'}],"
    " 'logs_dropped': 2, 'spans': [{'name': 'queue'}],"
    " 'children': [{'id': '38fw4z60g0002', 'plugin': 'hedge', 'status': 'noop',"
    "               'reason': 'too small'}], 'more_children': true}";

static void test_the_whole_story(void **state)
{
    (void)state;
    check_story(
        whole, 0,
        "run         38fw4z60g0001\n"
        "status      completed\n"
        "strategy    first\n"
        "code        version 3, deployed 2022-01-01 08:00:00 by kim: calmer\n"
        "trigger     event price.btc, due 2022-01-01T08:05:00.000Z, emitted by the run "
        "38fw4z60g0000 of watcher\n"
        "payload     {\"x\":1}\n"
        "times       started 2022-01-01T08:05:00.012Z, 12 ms after it was due\n"
        "            ended 2022-01-01T08:05:00.020Z, 235 µs of CPU time, 1 attempt\n"
        "saw         vault paper: worth 1,000,000, quote 900,000, PM 100,000, 2 open positions\n"
        "            market btc at 100,017.32, 250 ms old\n"
        "            market eth: no price yet, stale\n"
        "            params {\"edge\":0.03}\n"
        "            last outcome: failed, of the run 38fw4z5zg0000: CAP: too much\n"
        "state read  cooldown was not set\n"
        "            spot = 99997.5\n"
        "tables      select prices: 1 row {\"a\":1}\n"
        "            insert prices: 1 changed\n"
        "            query SELECT 1: took too long\n"
        "decided     mint_binary 5 @100,000 up\n"
        "sent        2 actions to vault paper, as one transaction\n"
        "            1. pm_deposit 2,579,890\n"
        "            2. mint_binary 5 @100,000 up\n"
        "came back   paper-38fw\n"
        "            pm_deposit: amount 2,579,890\n"
        "state left  cooldown = 1, until 2022-01-01 08:10:00\n"
        "            old was removed\n"
        "            spot = 100017.32\n"
        "log         info  it rises  by=20\n"
        "            warn  slow  (orrery)\n"
        "            2 older lines were not kept\n"
        "caused      38fw4z60g0002  hedge  noop  too small\n"
        "            … and more: orrery runs children 38fw4z60g0001\n"
        "\n"
        "orrery runs trace 38fw4z60g0001   where its time went\n"
        "orrery runs verify 38fw4z60g0001  decides again from what it saw, and compares\n");
}

static void test_short_stories(void **state)
{
    (void)state;
    check_story("{'id': '38fw4z60g0001', 'plugin': 'p', 'status': 'noop', 'trigger': 'cron',"
                " 'scheduled_ms': 1641024300000, 'started_ms': 1641024300000,"
                " 'finished_ms': 1641024300001, 'attempts': 2, 'reason': 'too soon',"
                " 'version': '66471f20bd012d62', 'code': null, 'seen': null}",
                0,
                "run         38fw4z60g0001\n"
                "status      noop\n"
                "strategy    p\n"
                "code        66471f20bd01…\n"
                "trigger     cron, due 2022-01-01T08:05:00.000Z\n"
                "times       started 2022-01-01T08:05:00.000Z\n"
                "            ended 2022-01-01T08:05:00.001Z, 0 µs of CPU time, 2 attempts\n"
                "saw         not recorded\n"
                "decided     nothing: too soon\n");
    check_story("{'id': '38fw4z60g0001', 'plugin': 'p', 'status': 'skipped', 'trigger': 'cron',"
                " 'scheduled_ms': 1641024300000, 'finished_ms': 1641024300001,"
                " 'reason': 'queue full'}",
                0,
                "run         38fw4z60g0001\n"
                "status      skipped\n"
                "strategy    p\n"
                "trigger     cron, due 2022-01-01T08:05:00.000Z\n"
                "times       never started, ended 2022-01-01T08:05:00.001Z\n"
                "decided     nothing, it was skipped: queue full\n");
    check_story("{'id': '38fw4z60g0001', 'plugin': 'p', 'status': 'queued', 'trigger': 'manual'}",
                0,
                "run         38fw4z60g0001\n"
                "status      queued\n"
                "strategy    p\n"
                "trigger     manual\n");
    check_story("{'status': 'failed', 'error': {'code': 'SCRIPT', 'message': 'boom',"
                " 'where': 'strategies/p.lua', 'line': 12}, 'started_ms': 1641024300000,"
                " 'seen': {'writes': 'ab', 'truncated': true},"
                " 'dead': {'state': 'open', 'retry': null}, 'id': 'x'}",
                0,
                "run         x\n"
                "status      failed\n"
                "trigger     -\n"
                "times       started 2022-01-01T08:05:00.000Z\n"
                "besides     state: it read more than is kept\n"
                "decided     strategies/p.lua:12: boom (SCRIPT)\n"
                "state left  more than is kept: its digest only\n"
                "afterwards  it is a dead letter: open; orrery dead retry x\n");
    check_story("{'status': 'rejected', 'reason': 'CAP: too much', 'error': {'code': 'CAP',"
                " 'message': 'CAP: too much', 'action': 1}, 'actions': [{'kind': 'noop'}],"
                " 'trigger': 'cron', 'dead': {'state': 'retried', 'retry': '38fw4z60g0009'}}",
                0,
                "status      rejected\n"
                "trigger     cron\n"
                "decided     noop\n"
                "refused     CAP: too much\n"
                "afterwards  it is a dead letter: retried as 38fw4z60g0009\n");
    check_story("{'status': 'completed', 'dry_run': true, 'trigger': 'cron',"
                " 'actions': [{'kind': 'pm_deposit', 'amount': 5}]}",
                0,
                "status      completed\n"
                "trigger     cron\n"
                "decided     pm_deposit 5\n"
                "sent        nothing: a dry run\n");
}

/* Whatever the journal says, nothing breaks, and nothing acts on the terminal. */
static void test_hostile_stories(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{'id': 5, 'status': [], 'seen': [], 'logs': {}, 'actions': 'x'}",
        "{'id': '\\u001b[2J', 'plugin': '\\u001b]0;x\\u0007', 'status': '\\u001b[31m',"
        " 'trigger': '\\r\\u0008', 'topic': '\\u202e', 'reason': '\\u009b2J\\n', 'vault': "
        "'\\u007f',"
        " 'payload': {'\\u001b': '\\u009b'}, 'started_ms': 9223372036854775807,"
        " 'scheduled_ms': -1, 'finished_ms': -9223372036854775808,"
        " 'seen': {'vault': {'id': '\\u001b'}, 'market': {'\\u001b': {'spot': 1}},"
        "          'reads': {'\\u001b[1m': '\\u001b'}, 'db': [{'call': '\\u001b', 'result': "
        "'\\u001b'}],"
        "          'writes': {'\\n': '\\u2028'}},"
        " 'code': {'note': '\\u001b', 'author': '\\u001b'}, 'version': '\\u001b',"
        " 'actions': [{'kind': '\\u001b', 'topic': '\\u001b'}],"
        " 'result': {'digest': '\\u001b', 'events': [{'kind': '\\u001b', '\\u001b': '\\u001b'}]},"
        " 'results': [{'index': 0, 'result': '\\u001b'}],"
        " 'logs': [{'level': '\\u001b', 'message': '\\u001b', 'fields': {'\\u001b': '\\u001b'}}],"
        " 'children': [{'id': '\\u001b', 'plugin': '\\u001b', 'status': '\\u001b'}],"
        " 'dead': {'state': '\\u001b', 'retry': '\\u001b'}, 'metadata': {'\\u001b': 1}}",
        "{'status': 'failed', 'error': '\\u001b', 'seen': {'vault': 5, 'market': 6, 'db': 7}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t width = 0; width < 100; width += 33) {
            json_t *run = json(texts[i]);
            struct page p;
            begin(&p, width);
            story_print(&p.o, run);
            json_decref(run);
            fclose(p.o.out);
            for (const unsigned char *c = (const unsigned char *)p.text; *c != '\0'; c++) {
                assert_true(*c >= 0x20 || *c == '\n');
                assert_int_not_equal(*c, 0x7f);
                assert_false(c[0] == 0xc2 && c[1] < 0xa0);
                assert_false(c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae);
            }
            free(p.text);
        }
    }
}

static void test_no_line_is_longer_than_the_terminal(void **state)
{
    json_t *run = json(whole);
    struct page p;

    (void)state;
    begin(&p, 80);
    story_print(&p.o, run);
    json_decref(run);
    fclose(p.o.out);
    for (const char *line = p.text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 82); /* µ and … have more bytes than columns */
    free(p.text);
}

/* ---- log lines ---- */

static void test_log_lines(void **state)
{
    json_t *first = json("{'at_ms': 1641024300000, 'level': 'info', 'plugin': 'first',"
                         " 'run': '38fw4z60g0001', 'message': 'rises\\u001b[1m\\n',"
                         " 'fields': {'a': 1, 'b': 'x\\u001b'}, 'from': 'script'}");
    json_t *second = json("{'at_ms': 1641110700000, 'level': 'odd', 'plugin': 'p',"
                          " 'run': '38fw4z60g0002', 'message': 'late', 'from': 'runtime'}");
    struct page p;
    struct log_printer printer = {.o = &p.o, .desk = true};

    (void)state;
    begin(&p, 0);
    log_printer_line(&printer, first);
    log_printer_line(&printer, second);
    end(&p, "── 2022-01-01 ──\n"
            "08:05:00  info   first         rises\\x1b[1m\\x0a  a=1 b=\"x\\u001b\"  38fw4z60g0001\n"
            "── 2022-01-02 ──\n"
            "08:05:00  info   p             late  (orrery)  38fw4z60g0002\n");
    printer = (struct log_printer){.o = &p.o};
    begin(&p, 40);
    log_printer_line(&printer, first);
    end(&p, "── 2022-01-01 ──\n"
            "08:05:00  info   rises\\x1b[1m\\x0a  a=1\n"
            "                 b=\"x\\u001b\"\n");
    json_decref(first);
    json_decref(second);
}

/* ---- bars ---- */

static void check_bar(bool blocks, size_t width, int64_t total, int64_t from, int64_t to,
                      const char *expected)
{
    struct buf bar;

    buf_init(&bar, 4096);
    trace_text_bar(&bar, blocks, width, total, from, to);
    assert_string_equal(buf_text(&bar), expected);
    buf_release(&bar);
}

static void test_bars(void **state)
{
    (void)state;
    check_bar(true, 10, 100, 0, 100, "██████████");
    check_bar(false, 10, 100, 0, 100, "##########");
    check_bar(true, 10, 100, 0, 55, "█████▌");
    check_bar(false, 10, 100, 0, 55, "######");
    check_bar(false, 10, 100, 0, 53, "#####");
    check_bar(true, 10, 100, 50, 75, "     ██▌");
    check_bar(true, 10, 100, 50, 50, "     ▏"); /* what took no time is seen, too */
    check_bar(false, 10, 100, 50, 50, "     |");
    check_bar(true, 10, 100, 100, 100, "         ▏");
    check_bar(false, 10, 100, 100, 100, "         |");
    check_bar(true, 10, 0, 0, 0, "██████████");        /* all of nothing */
    check_bar(false, 10, 100, -50, 500, "##########"); /* clocks that went back */
    check_bar(false, 10, 100, 70, 20, "       |");
    check_bar(true, 1, 1000000, 999999, 1000000, "█");
    check_bar(false, 10, INT64_MAX, 0, INT64_MAX / 2, "#####");
}

static void test_spans_as_text(void **state)
{
    char out[48];

    (void)state;
    assert_string_equal(trace_text_span(0, out), "0 µs");
    assert_string_equal(trace_text_span(999, out), "999 µs");
    assert_string_equal(trace_text_span(1000, out), "1.0 ms");
    assert_string_equal(trace_text_span(99999, out), "99.9 ms");
    assert_string_equal(trace_text_span(100000, out), "100 ms");
    assert_string_equal(trace_text_span(1234567, out), "1.23 s");
    assert_string_equal(trace_text_span(65000000, out), "1 min 05 s");
    assert_string_equal(trace_text_span(-5, out), "0 µs");
}

static void check_trace(const char *trace, bool blocks, size_t width, const char *expected)
{
    json_t *value = json(trace);
    struct page p;

    begin(&p, width);
    trace_text_print(&p.o, blocks, value);
    json_decref(value);
    end(&p, expected);
}

static const char trace[] =
    "{'id': '38fw4z60g0001', 'plugin': 'first', 'status': 'completed', 'topic': null, 'spans': ["
    "  {'name': 'queue', 'start_us': 1000, 'end_us': 1250, 'status': 'ok'},"
    "  {'name': 'decide', 'start_us': 1250, 'end_us': 3000, 'status': 'failed'},"
    "  {'name': 'commit', 'start_us': 3000, 'end_us': null, 'status': 'running'}],"
    " 'children': [{'id': '38fw4z60g0002', 'plugin': 'hedge', 'topic': 'poke', 'status': 'noop',"
    "   'spans': [{'name': 'queue', 'start_us': 3500, 'end_us': 5000, 'status': 'ok'}],"
    "   'children': []}]}";

static void test_trace(void **state)
{
    (void)state;
    check_trace(trace, false, 60,
                "38fw4z60g0001  first  completed\n"
                "  queue    ##                               250 µs\n"
                "  decide    #############                   1.7 ms  failed\n"
                "  commit                 ##############     2.0 ms  running\n"
                "  38fw4z60g0002  hedge  poke  noop\n"
                "    queue                   ###########     1.5 ms\n"
                "in all                                      4.0 ms\n");
    check_trace(trace, true, 60,
                "38fw4z60g0001  first  completed\n"
                "  queue    █▊                               250 µs\n"
                "  decide    █████████████                   1.7 ms  failed\n"
                "  commit                 ██████████████     2.0 ms  running\n"
                "  38fw4z60g0002  hedge  poke  noop\n"
                "    queue                   ███████████     1.5 ms\n"
                "in all                                      4.0 ms\n");
    check_trace("{'id': '38fw4z60g0001', 'plugin': 'p', 'status': 'queued', 'spans': []}", true, 0,
                "38fw4z60g0001  p  queued\n  no spans are on record\n");
    check_trace("{'id': '\\u001b', 'plugin': '\\n', 'status': '\\u001b[1m', 'more_children': true,"
                " 'spans': [{'name': '\\u001b', 'start_us': 1, 'end_us': 1, 'status': '\\u009b'}]}",
                false, 30,
                "\\x1b  \\x0a  \\x1b[1m\n"
                "  \\x1b  ##########       0 µs  \\xc2\\x9b\n"
                "in all                   0 µs\n"
                "… and more runs that it caused: they are left out\n");
}

/* The stages of a batch that went outside: a wait for an outcome dwarfs the rest. */
static void test_trace_of_a_transaction(void **state)
{
    (void)state;
    check_trace("{'id': '38fw4z60g0001', 'plugin': 'first', 'status': 'completed', 'spans': ["
                " {'name': 'decide', 'start_us': 0, 'end_us': 300},"
                " {'name': 'simulate', 'start_us': 300, 'end_us': 40300},"
                " {'name': 'sign', 'start_us': 40300, 'end_us': 40500},"
                " {'name': 'submit', 'start_us': 41000, 'end_us': 90000},"
                " {'name': 'confirm', 'start_us': 90000, 'end_us': 2090000}]}",
                false, 60,
                "38fw4z60g0001  first  completed\n"
                "  decide    |                               300 µs\n"
                "  simulate  |                              40.0 ms\n"
                "  sign      |                               200 µs\n"
                "  submit    #                              49.0 ms\n"
                "  confirm    ##########################     2.00 s\n"
                "in all                                      2.09 s\n");
}

#define SENT                                                                                       \
    "'id': '38fw4z60g0001', 'plugin': 'first', 'vault': 'main', 'trigger': 'cron',"                \
    " 'actions': [{'kind': 'pm_deposit', 'amount': 5}]"

static void test_a_run_with_a_transaction(void **state)
{
    (void)state;
    check_story("{" SENT ", 'status': 'completed', 'spans': [{'name': 'queue'}],"
                " 'result': {'digest': 'DX3r', 'gas_used': 7, 'epoch': 500},"
                " 'transaction': {'digest': 'DX3r', 'state': 'done', 'success': true}}",
                0,
                "run         38fw4z60g0001\n"
                "status      completed\n"
                "strategy    first\n"
                "trigger     cron\n"
                "decided     pm_deposit 5\n"
                "sent        1 action to vault main, as one transaction\n"
                "transaction DX3r, executed\n"
                "came back   {\"epoch\":500,\"gas_used\":7}\n"
                "\n"
                "orrery runs trace 38fw4z60g0001   where its time went\n"
                "orrery tx show 38fw4z60g0001      its transaction, and what came of it\n");
    check_story("{" SENT ", 'status': 'unknown',"
                " 'transaction': {'digest': '\\u001b[2J', 'state': 'open'}}",
                0,
                "run         38fw4z60g0001\n"
                "status      unknown\n"
                "strategy    first\n"
                "trigger     cron\n"
                "decided     pm_deposit 5\n"
                "transaction \\x1b[2J, open: its outcome is not known yet\n"
                "\n"
                "orrery tx show 38fw4z60g0001      its transaction, and what came of it\n");
    check_story("{" SENT ", 'status': 'failed', 'error': {'code': 'ABORTED', 'message': 'full'},"
                " 'transaction': {'digest': 'DX3r', 'state': 'done', 'success': false}}",
                0,
                "run         38fw4z60g0001\n"
                "status      failed\n"
                "strategy    first\n"
                "trigger     cron\n"
                "decided     pm_deposit 5\n"
                "failed      full (ABORTED)\n"
                "transaction DX3r, failed\n"
                "\n"
                "orrery tx show 38fw4z60g0001      its transaction, and what came of it\n");
}

static const char *all, *ctype, *lang;

static char *environment(const char *name)
{
    const char *value = strcmp(name, "LC_ALL") == 0     ? all
                        : strcmp(name, "LC_CTYPE") == 0 ? ctype
                                                        : lang;

    return (char *)(uintptr_t)value;
}

static void test_locales(void **state)
{
    (void)state;
    assert_false(trace_text_is_utf8(environment));
    lang = "en_US.UTF-8";
    assert_true(trace_text_is_utf8(environment));
    ctype = "C";
    assert_false(trace_text_is_utf8(environment));
    all = "";
    assert_false(trace_text_is_utf8(environment));
    all = "C.utf8";
    assert_true(trace_text_is_utf8(environment));
    all = "de_DE.ISO-8859-1";
    assert_false(trace_text_is_utf8(environment));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_story),
        cmocka_unit_test(test_short_stories),
        cmocka_unit_test(test_hostile_stories),
        cmocka_unit_test(test_no_line_is_longer_than_the_terminal),
        cmocka_unit_test(test_log_lines),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_spans_as_text),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_trace_of_a_transaction),
        cmocka_unit_test(test_a_run_with_a_transaction),
        cmocka_unit_test(test_locales),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
