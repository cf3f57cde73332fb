/* The commands as a person or a program meets them: help, suggestions, exit codes, both forms of
 * output. The daemon is a fake one; nothing here opens a store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture.h"
#include "cli/command.h"
#include "fake_daemon.h"

static const char program_help[] =
    "orrery runs trading strategies written in Lua: each in a jailed process, each decision one\n"
    "atomic transaction that happens exactly once. Nothing is sent without --live.\n"
    "\n"
    "Usage\n"
    "  orrery [-C DESK] COMMAND [OPTIONS]\n"
    "\n"
    "Commands\n"
    "  new       make a new desk: configuration, a strategy, a test, a README\n"
    "  check     find everything that is wrong with a desk, without running it\n"
    "  run       run a desk: the daemon, in the foreground\n"
    "  fire      fire a plugin now and show what came of it\n"
    "  emit      send an event to the plugins that listen to its topic\n"
    "  reload    load changed strategies into the running daemon\n"
    "  deploy    load changed strategies, with a note for the record\n"
    "  status    show how the running daemon is doing\n"
    "  runs      what was decided, newest first; one run in full, its logs, its times\n"
    "  logs      what the strategies say: the newest lines, or as they come\n"
    "  versions  the texts that strategies ran as: list, show, compare, deactivate\n"
    "  dead      triggers that failed for good: list, retry once, discard\n"
    "  tx        transactions: on their way, ended, decoded; ask for outcomes now\n"
    "  state     read and change what a plugin keeps in ctx.state\n"
    "  db        make, look at, copy or empty the desk's databases\n"
    "  keys      make, import and list the keys that transactions are signed with\n"
    "  version   say which orrery this is\n"
    "  help      explain the program or a command\n"
    "\n"
    "General options\n"
    "  -C, --desk DIR             the desk's folder (default: the current one)\n"
    "      --json                 print one JSON document instead of text\n"
    "      --timeout TIME         wait this long for the daemon (default 10s)\n"
    "  -h, --help                 show help, of the program or of a command\n"
    "      --version              show the version\n"
    "\n"
    "First steps\n"
    "  orrery new my-desk           makes a working desk\n"
    "  orrery run my-desk --watch   runs it, and reloads what you edit\n"
    "  orrery status -C my-desk     in another terminal: how it is doing\n"
    "\n"
    "Exit codes\n"
    "  0 ok   1 error   2 not found   3 not running   4 configuration   5 timeout\n"
    "\n"
    "`orrery COMMAND --help` explains a command, with examples.\n";

/* Runs the words and compares code, out and err. */
static void check(struct capture c, int code, const char *out, const char *err)
{
    assert_string_equal(c.err, err);
    assert_string_equal(c.out, out);
    assert_int_equal(c.code, code);
    capture_release(&c);
}

static void test_program_help(void **state)
{
    (void)state;
    check(capture("--help", NULL), 0, program_help, "");
    check(capture("help", NULL), 0, program_help, "");
    check(capture("-C", "x", "-h", NULL), 0, program_help, "");
    check(capture(NULL), 1, "", program_help);
    check(capture("--json", NULL), 1,
          "{\"code\":\"INVALID\",\"hint\":\"`orrery help` lists the commands\",\"message\":\"no "
          "command was given\",\"ok\":false}\n",
          "orrery: no command was given\n  hint: `orrery help` lists the commands\n");
}

static void test_every_command_explains_itself(void **state)
{
    (void)state;
    for (size_t i = 0; commands[i] != NULL; i++) {
        struct capture by_option = capture(commands[i]->name, "--help", NULL);
        struct capture before = capture("-h", commands[i]->name, NULL);
        struct capture by_name = capture("help", commands[i]->name, NULL);
        char head[64];
        snprintf(head, sizeof head, "orrery %s: ", commands[i]->name);
        assert_int_equal(by_option.code, 0);
        assert_string_equal(by_option.err, "");
        assert_memory_equal(by_option.out, head, strlen(head));
        assert_non_null(strstr(by_option.out, "\nUsage\n  orrery "));
        assert_non_null(strstr(by_option.out, "\nExamples\n  "));
        assert_non_null(strstr(by_option.out, "\nExit codes\n"));
        assert_string_equal(by_option.out, by_name.out);
        assert_string_equal(by_option.out, before.out);
        capture_release(&by_option);
        capture_release(&by_name);
        capture_release(&before);
    }
}

static void test_suggestions(void **state)
{
    (void)state;
    check(capture("stauts", NULL), 1, "",
          "orrery: unknown command 'stauts'\n  hint: did you mean `orrery status`?\n");
    check(capture("qqqqqqq", NULL), 1, "",
          "orrery: unknown command 'qqqqqqq'\n  hint: `orrery help` lists the commands\n");
    check(capture("help", "statsu", NULL), 1, "",
          "orrery: unknown command 'statsu'\n  hint: did you mean `orrery status`?\n");
    check(capture("status", "--jsn", NULL), 1, "",
          "orrery: unknown option '--jsn'\n  hint: did you mean --json?\n");
    check(capture("state", "gte", "first", "k", NULL), 1, "",
          "orrery: state: unknown action 'gte'\n"
          "  hint: did you mean `orrery state get`?\n");
    check(capture("runs", "--status", "compelted", NULL), 1, "",
          "orrery: --status: unknown status 'compelted'\n  hint: did you mean completed?\n");
    check(capture("run", "--log-level", "wran", NULL), 1, "",
          "orrery: --log-level: unknown level 'wran'\n"
          "  hint: expected debug, info, warn or error; did you mean warn?\n");
}

static void test_wrong_use(void **state)
{
    (void)state;
    check(capture("new", NULL), 1, "",
          "orrery: new: an argument is missing\n  hint: usage: orrery new DIR\n");
    check(capture("status", "x", NULL), 1, "",
          "orrery: status: unexpected argument 'x'\n  hint: usage: orrery status\n");
    check(capture("check", "a", "-C", "b", NULL), 1, "",
          "orrery: check: two desks are named: 'b' and 'a'\n"
          "  hint: see `orrery check --help`\n");
    check(capture("state", "set", "first", "k", NULL), 1, "",
          "orrery: state: expected `orrery state set PLUGIN KEY JSON`\n"
          "  hint: see `orrery state --help`\n");
    check(capture("state", "get", "first", "k", "--ttl", "5m", NULL), 1, "",
          "orrery: state: --ttl does not belong to `orrery state get`\n"
          "  hint: see `orrery state --help`\n");
    check(capture("state", "keys", "First", NULL), 1, "",
          "orrery: 'First' cannot be a plugin's name: expected [a-z0-9][a-z0-9_-]{0,63}\n");
    check(capture("state", "get", "first", "", NULL), 1, "",
          "orrery: a key has 1 to 256 bytes, got 0\n");
    check(capture("runs", "-n", "0", NULL), 1, "",
          "orrery: --limit: expected a whole number from 1 to 100000, got '0'\n");
}

static void test_errors_as_json(void **state)
{
    (void)state;
    check(capture("status", "--jsno", "--json", NULL), 1,
          "{\"code\":\"INVALID\",\"hint\":\"did you mean --json?\",\"message\":\"unknown option "
          "'--jsno'\",\"ok\":false}\n",
          "orrery: unknown option '--jsno'\n  hint: did you mean --json?\n");
    check(capture("--json", "nwe", NULL), 1,
          "{\"code\":\"INVALID\",\"hint\":\"did you mean `orrery new`?\",\"message\":\"unknown "
          "command 'nwe'\",\"ok\":false}\n",
          "orrery: unknown command 'nwe'\n  hint: did you mean `orrery new`?\n");
}

static void test_version(void **state)
{
    struct capture c = capture("version", "--json", NULL);
    json_t *answer = json_loads(c.out, 0, NULL);

    (void)state;
    assert_int_equal(c.code, 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(answer, "data"), "version")), "9.8.7");
    json_decref(answer);
    capture_release(&c);
    c = capture("--version", NULL);
    assert_memory_equal(c.out, "orrery 9.8.7 (", 14);
    capture_release(&c);
}

static void expect_file(const char *dir, const char *name, const char *text)
{
    char path[256], found[4096] = "";
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(found, 1, sizeof found - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(found, text));
}

static void remove_desk(const char *dir)
{
    static const char *const names[] = {
        "orrery.lua",     "strategies/first.lua",
        "lib/sizing.lua", "tests/smoke.sh",
        "README.md",      ".gitignore",
        "strategies",     "lib",
        "tests",          "",
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        assert_int_equal(remove(path), 0);
    }
}

static void test_new(void **state)
{
    char folder[] = "/tmp/orrery-new-XXXXXX", expected[256];
    struct capture c;

    (void)state;
    assert_non_null(mkdtemp(folder));
    c = capture("new", folder, "--json", NULL);
    snprintf(expected, sizeof expected,
             "{\"data\":{\"desk\":\"%s\",\"files\":[\"orrery.lua\",\"strategies/first.lua\",\"lib/"
             "sizing.lua\",\"tests/smoke.sh\",\"README.md\",\".gitignore\"]},\"ok\":true}\n",
             folder);
    check(c, 0, expected, "");
    expect_file(folder, "orrery.lua", "feeds = {");
    expect_file(folder, "strategies/first.lua", "decide = function(ctx)");
    expect_file(folder, "tests/smoke.sh", "#!/bin/sh\n");

    expect_file(folder, "README.md", "# A desk");
    snprintf(expected, sizeof expected,
             "orrery: %s is not empty (it has 6 entries): nothing was written\n"
             "  hint: name a folder that does not exist yet\n",
             folder);
    check(capture("new", folder, NULL), 1, "", expected);
    remove_desk(folder);

    c = capture("new", folder, NULL); /* does not exist any more: made */
    assert_int_equal(c.code, 0);
    assert_non_null(strstr(c.out, "orrery run --watch"));
    capture_release(&c);
    remove_desk(folder);
    c = capture("new", "/dev/null/x", NULL);
    assert_int_equal(c.code, 1);
    capture_release(&c);
}

static const char status_answer[] =
    "{\"ok\":true,\"data\":{\"version\":\"0.1.0\",\"desk\":\"my-desk\",\"pid\":77,\"now\":"
    "1641024300000,\"uptime_ms\":7800000,\"dry_run\":false,\"clock\":\"data\",\"state\":"
    "\"running\",\"stall\":null,\"counters\":{\"received\":7800,\"noop\":7759,\"completed\":41,"
    "\"rejected\":0,\"failed\":0,\"skipped\":0,\"running\":0,\"queued\":0},\"plugins\":[{\"name\":"
    "\"first\",\"health\":\"unhealthy\",\"skip_left\":2,\"vault\":\"paper\",\"triggers\":[\"every "
    "1s\",\"manual\"],\"next_due\":1641024305000,\"counters\":{\"completed\":41,\"noop\":7759,"
    "\"failed\":1},\"state_keys\":2,\"memory\":31949,\"last_error\":\"bad\\u001b[2J\"}],"
    "\"vaults\":[{\"id\":\"paper\",\"nav\":\"18446744073709551615\",\"quote_balance\":5,\"pm_"
    "balance\":6,\"exposure\":7,\"open_positions\":1,\"is_frozen\":true}],\"feeds\":[{\"name\":"
    "\"btc\",\"kind\":\"csv\",\"spot\":47000.5,\"at\":1641024200000,\"stale\":true,\"updates\":9,"
    "\"failures\":0,\"last_error\":\"\"}],\"stores\":[{\"url\":\"sqlite:data/"
    "orrery.db\",\"role\":\"journal\",\"state\":\"ok\",\"latency_us\":1540,\"depth\":0,"
    "\"commits\":12,\"ticks\":7800}],\"workers\":[{"
    "\"index\":0,\"pid\":78,\"plugins\":1,\"restarts\":0,\"cpu_ms\":1200}]}}\n";

static const char status_text[] =
    "orrery 0.1.0  running, pid 77, up 2 h 10 min, my-desk\n"
    "the desk's clock is the data's: 2022-01-01 08:05:00\n"
    "runs  7,800 received: 41 completed, 7,759 noop, 0 rejected, 0 failed, 0 skipped\n"
    "      0 running, 0 queued\n"
    "\n"
    "PLUGIN  HEALTH              VAULT  TRIGGERS          NEXT    DONE   NOOP  FAILED   STATE    "
    "MEMORY  LAST ERROR\n"
    "first   unhealthy, skips 2  paper  every 1s, manual  in 5 s    41  7,759       1  2 keys  "
    "31.2 "
    "KiB  bad\\x1b[2J\n"
    "\n"
    "VAULT                         NAV  QUOTE  POSITION MANAGER  EXPOSURE  OPEN  NOTE\n"
    "paper  18,446,744,073,709,551,615      5                 6         7     1  frozen\n"
    "\n"
    "FEED  KIND       SPOT  PRICE             UPDATES  FAILURES  LAST ERROR\n"
    "btc   csv   47,000.50  100 s ago, stale        9         0  -\n"
    "\n"
    "STORE                  ROLE     IS  COMMITS  TICKS  QUEUE  LATENCY  TROUBLE\n"
    "sqlite:data/orrery.db  journal  ok       12  7,800      0   1.5 ms  -\n"
    "\n"
    "WORKER  PID  PLUGINS  RESTARTS  CPU\n"
    "     0   78        1         0  1.2 s\n";

static void test_status(void **state)
{
    const char *script[] = {status_answer, status_answer, "{\"ok\":true,\"data\":{}}\n", NULL};
    struct fake_daemon d;
    struct capture c;

    (void)state;
    fake_start(&d, script);
    check(capture("status", "-C", d.desk, NULL), 0, status_text, "");
    c = capture("-C", d.desk, "--json", "status", NULL);
    assert_int_equal(c.code, 0);
    assert_non_null(strstr(c.out, "\"last_error\":\"bad\\u001b[2J\""));
    assert_int_equal(strchr(c.out, '\n') - c.out, (long)c.out_len - 1); /* one line, one document */
    capture_release(&c);
    c = capture("status", "-C", d.desk, NULL); /* members that are absent do no harm */
    assert_int_equal(c.code, 0);
    capture_release(&c);
    fake_stop(&d);
}

static void test_fire(void **state)
{
    const char *script[] = {
        "{\"ok\":true,\"data\":{\"run\":\"0000000000001\",\"status\":\"completed\",\"actions\":[{"
        "\"kind\":\"pm_deposit\",\"amount\":1000}]}}\n",
        "{\"ok\":true,\"data\":{\"run\":\"0000000000002\",\"status\":\"failed\",\"error\":{"
        "\"message\":\"boom\"}}}\n",
        "{\"ok\":true,\"data\":{\"run\":\"0000000000003\"}}\n",
        "{\"ok\":false,\"code\":\"NOT_FOUND\",\"message\":\"no plugin 'frist'\",\"hint\":\"did you "
        "mean first?\"}\n",
        "",
        NULL,
    };
    struct fake_daemon d;

    (void)state;
    fake_start(&d, script);
    check(capture("fire", "first", "{\"a\": 1}", "-C", d.desk, NULL), 0,
          "0000000000001  completed  pm_deposit 1,000\n", "");
    check(capture("fire", "first", "-C", d.desk, NULL), 1, "0000000000002  failed  boom\n", "");
    check(capture("fire", "first", "--no-wait", "-C", d.desk, NULL), 0, "0000000000003  queued\n",
          "");
    check(capture("fire", "frist", "-C", d.desk, NULL), 2, "",
          "orrery: no plugin 'frist'\n  hint: did you mean first?\n");
    check(capture("fire", "first", "--timeout", "100ms", "-C", d.desk, NULL), 5, "",
          "orrery: the run has not ended within 100 ms\n"
          "  hint: it goes on: see `orrery runs`; wait longer with --timeout 60s\n");
    fake_stop(&d);
    assert_non_null(strstr(
        d.heard, "{\"op\":\"fire\",\"payload\":{\"a\":1},\"plugin\":\"first\",\"wait\":true}\n"));
    assert_non_null(strstr(d.heard, "{\"op\":\"fire\",\"plugin\":\"first\",\"wait\":false}\n"));
}

static void test_emit_and_reload(void **state)
{
    const char *script[] = {
        "{\"ok\":true,\"data\":{\"subscribers\":2,\"runs\":[\"0000000000001\",\"0000000000002\"]}}"
        "\n",
        "{\"ok\":true,\"data\":{\"subscribers\":0,\"runs\":[]}}\n",
        "{\"ok\":true,\"data\":{\"reloaded\":[{\"plugin\":\"first\",\"version\":\"3f0c\","
        "\"changed\":true},{\"plugin\":\"b\",\"version\":\"90b1\",\"changed\":false}]}}\n",
        "{\"ok\":false,\"code\":\"CONFIG\",\"message\":\"strategies/first.lua:3: bad\"}\n",
        NULL,
    };
    struct fake_daemon d;

    (void)state;
    fake_start(&d, script);
    check(capture("emit", "price.btc", "5", "-C", d.desk, NULL), 0,
          "2 subscribers\n  run 0000000000001\n  run 0000000000002\n", "");
    check(capture("emit", "x", "-C", d.desk, NULL), 0,
          "0 subscribers: nobody listens to this topic\n", "");
    check(capture("reload", "-C", d.desk, NULL), 0,
          "PLUGIN  VERSION  CODE\nfirst   3f0c     changed\nb       90b1     as before\n", "");
    check(capture("reload", "first", "-C", d.desk, NULL), 4, "",
          "orrery: strategies/first.lua:3: bad\n");
    fake_stop(&d);
    assert_string_equal(d.heard, "{\"op\":\"emit\",\"payload\":5,\"topic\":\"price.btc\"}\n"
                                 "{\"op\":\"emit\",\"topic\":\"x\"}\n"
                                 "{\"op\":\"reload\"}\n"
                                 "{\"op\":\"reload\",\"plugin\":\"first\"}\n");
}

static void test_state_through_the_daemon(void **state)
{
    const char *script[] = {
        "{\"ok\":true,\"data\":{\"key\":\"k\",\"value\":[1.0,\"x\"],\"expires_at\":null}}\n",
        "{\"ok\":false,\"code\":\"NOT_FOUND\",\"message\":\"no key\"}\n",
        "{\"ok\":true,\"data\":{}}\n",
        "{\"ok\":true,\"data\":{\"existed\":false}}\n",
        "{\"ok\":true,\"data\":[{\"key\":\"a\",\"expires_at\":1641024300000},{\"key\":\"b\","
        "\"expires_at\":null}]}\n",
        "{\"ok\":true,\"data\":[]}\n",
        NULL,
    };
    struct fake_daemon d;

    (void)state;
    fake_start(&d, script);
    check(capture("state", "get", "first", "k", "-C", d.desk, NULL), 0, "[1.0,\"x\"]\n", "");
    check(capture("state", "get", "first", "k", "-C", d.desk, NULL), 2, "", "orrery: no key\n");
    check(capture("state", "set", "first", "k", "-5", "--ttl", "5m", "-C", d.desk, NULL), 0,
          "set, for 5 min 00 s\n", "");
    check(capture("state", "delete", "first", "k", "-C", d.desk, NULL), 0,
          "there was no such key\n", "");
    check(capture("state", "keys", "first", "-C", d.desk, NULL), 0,
          "KEY  EXPIRES (UTC)\na    2022-01-01 08:05:00\nb    -\n", "");
    check(capture("state", "keys", "first", "-C", d.desk, NULL), 0,
          "no keys: first keeps nothing now\n", "");
    fake_stop(&d);
    assert_non_null(strstr(d.heard, "{\"key\":\"k\",\"op\":\"state_set\",\"plugin\":\"first\","
                                    "\"ttl_ms\":300000,\"value\":-5}\n"));
}

static void test_not_json(void **state)
{
    struct capture c = capture("state", "set", "first", "k", "hello", NULL);

    (void)state;
    assert_int_equal(c.code, 1);
    assert_non_null(strstr(c.err, "the value is not JSON: "));
    assert_non_null(strstr(c.err, "hint: text needs its own quotes"));
    capture_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_help),
        cmocka_unit_test(test_every_command_explains_itself),
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_errors_as_json),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_fire),
        cmocka_unit_test(test_emit_and_reload),
        cmocka_unit_test(test_state_through_the_daemon),
        cmocka_unit_test(test_not_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
