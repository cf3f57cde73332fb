/*
 * The whole daemon, with a worker process that has been taken over: it answers for the strategy
 * "good" as it should and does something forbidden for "bad". Whatever that is, the daemon lives,
 * good's ticks go on, bad is held to account in the end, and the counters add up.
 *
 * The worker is this program again, in its role; what it does for "bad" is named in a file.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/registry.h"
#include "core/runtime.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "tables/tables.h"
#include "unit/core/fake_worker.h"

#define ENOUGH     30 /* noops of good after bad's end */
#define DEADLINE_S 60

#define CONFIG                                                                                     \
    "{\"journal\":\"memory:\",\"state\":\"memory:\",\"workers\":1,"                                \
    "\"vaults\":{\"v\":{\"executor\":\"paper\",\"quote_balance\":1000000}},"                       \
    "\"limits\":{\"hard_ms\":150,\"soft_ms\":50,\"wall_ms\":1000}}"
#define MANIFEST                                                                                   \
    "{\"name\":\"%s\",\"vault_id\":\"v\",\"triggers\":[{\"kind\":\"cron\",\"every_seconds\":"      \
    "0.02}],\"decide\":{\"$function\":true}%s}"

/* ---- the worker ---- */

struct fake {
    struct status_page *page;
    struct buf out;
    char scenario[SCENARIO_BYTES];
    uint32_t bad; /* slot of strategies/bad.lua */
};

static void say(struct fake *f, const struct message *m)
{
    struct error e = ERROR_INIT;

    if (message_encode(&f->out, m, &e) < 0)
        _exit(9);
    fake_put(f->out.data, f->out.len);
    buf_clear(&f->out);
}

static bool is(const struct fake *f, const char *scenario)
{
    return strcmp(f->scenario, scenario) == 0;
}

static void misbehave(struct fake *f, struct message *m)
{
    struct message_decided *d = &m->as.decided;
    static struct kv_write write = {"k", 1, "not json", 8, 0}, nul = {"a\0b", 3, "1", 1, 0};

    if (is(f, "wrong run")) {
        d->run++;
    } else if (is(f, "wrong type")) {
        uint64_t run = d->run;
        memset(m, 0, sizeof *m);
        m->type = MESSAGE_HOOKED;
        m->as.hooked.run = run;
    } else if (is(f, "garbage")) {
        fake_put("\x08\0\0\0\xc1\xc1\xc1\xc1\xc1\xc1\xc1\xc1", 12);
    } else if (is(f, "giant frame")) {
        fake_put("\xff\xff\xff\x7f", 4);
    } else if (is(f, "impossible actions")) {
        d->outcome = DECIDED_ACTIONS;
        d->reason = NULL;
        d->actions = (struct text){"[{\"kind\":\"steal\"}]", 18};
    } else if (is(f, "impossible state")) {
        d->writes = &write;
        d->write_count = 1;
    } else if (is(f, "impossible key")) {
        d->writes = &nul;
        d->write_count = 1;
    } else if (is(f, "no reason")) {
        d->reason = NULL;
    } else if (is(f, "two answers")) {
        say(f, m);
    } else if (is(f, "exit")) {
        _exit(0);
    } else if (is(f, "exit, named")) {
        f->page->run = d->run;
        _exit(1);
    } else if (is(f, "crash, named")) {
        f->page->run = d->run;
        raise(SIGTRAP);
    } else if (is(f, "crash, a lie on the page")) {
        f->page->run = 12345;
        raise(SIGTRAP);
    } else if (is(f, "burns time")) {
        f->page->run = d->run;
        for (;;)
            f->page->run = d->run;
    } else if (is(f, "is silent")) {
        f->page->run = d->run;
        for (;;)
            pause();
    } else if (is(f, "hangs up")) {
        close(SPAWN_SOCKET_FD);
        for (;;)
            pause();
    }
}

static void db_call(struct fake *f, uint64_t run, uint32_t number, const char *json)
{
    struct message m = {.type = MESSAGE_DB_CALL};

    m.as.db_call = (struct message_db_call){run, number, {json, strlen(json)}};
    say(f, &m);
}

/* What a run may not do while it asks its tables. True: it has not decided. */
static bool misbehave_in_call(struct fake *f, uint64_t run)
{
    static const char query[] = "{\"call\":\"query\",\"sql\":\"x\"}";

    if (is(f, "call: garbage")) {
        db_call(f, run, 1, "not json");
    } else if (is(f, "call: a list")) {
        db_call(f, run, 1, "[]");
    } else if (is(f, "call: too deep")) {
        db_call(f, run, 1,
                "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    } else if (is(f, "call: number 2 first")) {
        db_call(f, run, 2, query);
    } else if (is(f, "call: number 0")) {
        db_call(f, run, 0, query);
    } else if (is(f, "call: two at once")) {
        db_call(f, run, 1, query);
        db_call(f, run, 2, query);
    } else if (is(f, "call: a flood")) {
        for (uint32_t i = 1; i <= 10000; i++)
            db_call(f, run, i, query);
    } else if (is(f, "call: of nobody")) {
        db_call(f, run + 12345, 1, query);
    } else if (is(f, "call: without tables")) {
        db_call(f, run, 1, query);
    } else if (is(f, "call: decided meanwhile")) {
        db_call(f, run, 1, query);
        return false;
    } else {
        return false;
    }
    return true;
}

static void on_tick(struct fake *f, const struct message_tick *tick)
{
    struct message *m = mem_zero(1, sizeof *m);

    m->type = MESSAGE_DECIDED;
    m->as.decided =
        (struct message_decided){.run = tick->run, .outcome = DECIDED_NOOP, .reason = "a test"};
    if (tick->slot == f->bad && !is(f, "hook"))
        misbehave(f, m);
    if (tick->slot != f->bad || !misbehave_in_call(f, tick->run))
        say(f, m);
    free(m);
}

static void on_hook(struct fake *f, const struct message_hook *hook)
{
    struct message *m = mem_zero(1, sizeof *m);

    m->type = MESSAGE_HOOKED;
    m->as.hooked.run = hook->run;
    if (is(f, "hook"))
        m->as.hooked.run++;
    say(f, m);
    free(m);
}

static void on_load(struct fake *f, const struct message_load *load)
{
    struct message *m = mem_zero(1, sizeof *m);
    bool bad = strstr(load->file, "bad") != NULL;
    bool calls = strncmp(f->scenario, "call: ", 6) == 0 && !is(f, "call: without tables");
    char manifest[512];

    if (bad)
        f->bad = load->slot;
    snprintf(manifest, sizeof manifest, MANIFEST, bad ? "bad" : "good",
             bad && is(f, "hook") ? ",\"on_executed\":{\"$function\":true}"
             : bad && calls       ? ",\"schema\":{\"t\":{\"columns\":{\"a\":\"text\"}}}"
                                  : "");
    m->type = MESSAGE_LOADED;
    m->as.loaded.slot = load->slot;
    m->as.loaded.manifest = (struct text){manifest, strlen(manifest)};
    say(f, m);
    free(m);
}

static void on_message(struct fake *f, const struct message *in)
{
    struct message config = {.type = MESSAGE_CONFIG_RESULT};

    switch (in->type) {
    case MESSAGE_CONFIG:
        config.as.config_result.json = (struct text){CONFIG, sizeof CONFIG - 1};
        say(f, &config);
        break;
    case MESSAGE_LOAD:
        on_load(f, &in->as.load);
        break;
    case MESSAGE_TICK:
        on_tick(f, &in->as.tick);
        break;
    case MESSAGE_HOOK:
        on_hook(f, &in->as.hook);
        break;
    default:
        break;
    }
}

static void serve(struct fake *f)
{
    struct message_decoder *decoder = message_decoder_new(SIDE_CORE);
    struct message *m = mem_zero(1, sizeof *m);
    struct error e = ERROR_INIT;
    struct frame_reader in;
    const char *frame;
    size_t len;

    frame_reader_init(&in, LIMIT_FRAME_BYTES);
    for (;;) {
        char *room = frame_reader_room(&in, 65536);
        ssize_t n = read(SPAWN_SOCKET_FD, room, 65536);
        if (n <= 0)
            _exit(0);
        frame_received(&in, (size_t)n);
        while (frame_next(&in, &frame, &len, &e) > 0) {
            if (message_decode(decoder, frame, len, m, &e) < 0)
                _exit(7);
            on_message(f, m);
        }
    }
}

static int worker(void)
{
    struct fake *f = mem_zero(1, sizeof *f);
    struct error e = ERROR_INIT;

    alarm(DEADLINE_S);
    f->page = spawn_map_page(&e);
    if (f->page == NULL || !fake_scenario(f->scenario))
        return 8;
    buf_init(&f->out, LIMIT_FRAME_BYTES + 64);
    say(f, &(struct message){
               .type = MESSAGE_HELLO,
               .as.hello = {.version = PROTOCOL_VERSION, .lua = "Lua 5.4", .measures = "none"}});
    serve(f);
    return 0;
}

/* ---- the daemon ---- */

struct stores {
    int unused;
};

static struct stores *stores_new(const char *desk)
{
    (void)desk;
    return mem_zero(1, sizeof(struct stores));
}

static void stores_close(struct stores *stores)
{
    free(stores);
}

static int open_journal(struct stores *stores, const char *url, enum store_mode mode,
                        int64_t now_ms, struct journal **out, struct error *e)
{
    (void)stores, (void)url, (void)mode, (void)now_ms;
    return journal_memory_open(out, e);
}

static int open_state(struct stores *stores, const char *url, enum store_mode mode, int64_t now_ms,
                      struct state_store **out, bool *joined, struct error *e)
{
    (void)stores, (void)url, (void)mode, (void)now_ms;
    *joined = false;
    return state_memory_open(out, e);
}

static int check_url(const char *url, struct error *e)
{
    (void)url, (void)e;
    return 0;
}

static int answer_nothing(struct tables *t, const json_t *call, json_t **answer, struct error *e)
{
    (void)t, (void)call, (void)e;
    *answer = json_pack("{s:[]}", "rows");
    return 0;
}

static void close_nothing(struct tables *t)
{
    free(t);
}

static int open_tables(const char *desk, const char *url, const char *plugin,
                       const struct table_schema *schema, const struct tables_limits *limits,
                       struct tables **out, struct error *e)
{
    static const struct tables_ops ops = {
        .name = "test", .call = answer_nothing, .close = close_nothing};

    (void)desk, (void)url, (void)plugin, (void)schema, (void)limits, (void)e;
    *out = mem_zero(1, sizeof **out);
    (*out)->ops = &ops;
    return 0;
}

static int open_executor(const struct vault_config *config, const struct vault_record *record,
                         const struct market_source *markets, const struct outside_env *env,
                         struct outsides *outsides, int64_t now_ms, struct ledger_change *opening,
                         struct executor **out, struct error *e)
{
    (void)env, (void)outsides;
    return executor_paper_open(out, config, record, markets, now_ms, opening, e);
}

static int open_feed(const struct feed_config *config, const struct feed_env *env, int64_t start_ms,
                     struct feed **out, struct error *e)
{
    return feed_sim_open(out, config, env, start_ms, e);
}

static const struct registry registry = {.stores_new = stores_new,
                                         .stores_close = stores_close,
                                         .open_journal = open_journal,
                                         .open_state = open_state,
                                         .check_journal_url = check_url,
                                         .check_state_url = check_url,
                                         .open_tables = open_tables,
                                         .check_tables_url = check_url,
                                         .open_executor = open_executor,
                                         .open_feed = open_feed,
                                         .version = "test"};

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_desk(char *dir)
{
    char path[128];

    assert_non_null(mkdtemp(dir));
    write_file(dir, "orrery.lua", "-- the worker makes it up");
    snprintf(path, sizeof path, "%s/strategies", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(path, "bad.lua", "--");
    write_file(path, "good.lua", "--");
}

static void remove_desk(const char *dir)
{
    static const char *const names[] = {"strategies/bad.lua",
                                        "strategies/good.lua",
                                        "strategies",
                                        "orrery.lua",
                                        "data/orrery.lock",
                                        "data",
                                        ""};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (unlink(path) < 0 && rmdir(path) < 0)
            fail_msg("%s is still there", path);
    }
}

struct watcher {
    bool blames;      /* bad can be held to account */
    size_t bad_ended; /* not by a noop: failed or skipped */
    size_t good_since;
    bool told; /* to stop */
};

/* Stops the daemon when good has gone on for long enough after bad was held to account. */
static void run_ended(void *arg, const struct run *run, const char *nav)
{
    struct watcher *w = arg;
    bool good = strcmp(run->plugin, "good") == 0;

    (void)nav;
    w->bad_ended += !good && run->status != RUN_NOOP;
    w->good_since += good && run->status == RUN_NOOP && w->bad_ended > 0;
    if (w->blames && w->good_since == ENOUGH && !w->told) {
        w->told = true; /* a second signal would end the program at once */
        raise(SIGTERM);
    }
}

static json_int_t counter(const json_t *counters, const char *name)
{
    return json_integer_value(json_object_get(counters, name));
}

static void check_counters(const json_t *owner)
{
    const json_t *c = json_object_get(owner, "counters");

    assert_int_equal(counter(c, "received"), counter(c, "noop") + counter(c, "completed") +
                                                 counter(c, "rejected") + counter(c, "failed") +
                                                 counter(c, "skipped") + counter(c, "running") +
                                                 counter(c, "queued"));
    assert_int_equal(counter(c, "running") + counter(c, "queued"), 0);
}

/* What the daemon said is what explains it. */
static void fail_with_log(FILE *log)
{
    char line[400];

    rewind(log);
    while (fgets(line, sizeof line, log) != NULL)
        print_message("%s", line);
    fail_msg("the culprit was not held to account, or its neighbour did not go on");
}

static void run_with(const char *scenario, bool blames)
{
    char dir[] = "hostile_desk.XXXXXX";
    struct runtime_summary summary = {NULL};
    struct watcher watcher = {.blames = blames};
    struct error e = ERROR_INIT;
    struct clock clock;
    struct log log;
    FILE *out = tmpfile();
    json_t *status, *plugin;
    size_t i;

    assert_true(fake_set_scenario(scenario));
    make_desk(dir);
    clock_init_real(&clock);
    log_init(&log, out, &clock);
    struct runtime_options options = {
        .desk = dir, .log = &log, .run_for_ms = (blames ? DEADLINE_S : 3) * 1000};
    options.view.run_ended = run_ended;
    options.view.arg = &watcher;
    print_message("           %s\n", scenario);
    if (runtime_run(&options, &registry, &summary, &e) < 0)
        fail_msg("%s: %s", scenario, e.message);
    if (blames && (watcher.good_since < ENOUGH || watcher.bad_ended == 0))
        fail_with_log(out);
    status = json_loads(summary.json, 0, NULL);
    assert_non_null(status);
    check_counters(status);
    json_array_foreach(json_object_get(status, "plugins"), i, plugin)
    {
        const char *health = json_string_value(json_object_get(plugin, "health"));
        bool good = strcmp(json_string_value(json_object_get(plugin, "name")), "good") == 0;
        check_counters(plugin);
        if (blames)
            assert_string_equal(health, good ? "healthy" : "quarantined");
    }
    json_decref(status);
    free(summary.json);
    fclose(out);
    fake_forget_scenario();
    remove_desk(dir);
}

static void survives(const char *scenario)
{
    run_with(scenario, true);
}

/* An answer too many cannot be traced to anybody (a worker that has been taken over can speak for
 * all of its plugins): it is started again and again, ever more slowly, and the daemon lives. */
static void test_an_answer_too_many(void **state)
{
    (void)state;
    run_with("two answers", false);
}

static void test_answers_that_break_the_rules(void **state)
{
    (void)state;
    survives("wrong run");
    survives("wrong type");
    survives("garbage");
    survives("giant frame");
    survives("impossible actions");
    survives("impossible state");
    survives("impossible key");
    survives("no reason");
}

static void test_ends_of_all_kinds(void **state)
{
    (void)state;
    survives("exit");
    survives("exit, named");
    survives("crash, named");
    survives("crash, a lie on the page");
    survives("hangs up");
}

static void test_no_answer(void **state)
{
    (void)state;
    survives("burns time");
    survives("is silent");
}

static void test_a_hook_that_breaks_the_rules(void **state)
{
    (void)state;
    survives("hook");
}

static void test_calls_that_break_the_rules(void **state)
{
    (void)state;
    survives("call: garbage");
    survives("call: a list");
    survives("call: too deep");
    survives("call: number 2 first");
    survives("call: number 0");
    survives("call: two at once");
    survives("call: a flood");
    survives("call: of nobody");
    survives("call: without tables");
    survives("call: decided meanwhile");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_that_break_the_rules),
        cmocka_unit_test(test_answers_that_break_the_rules),
        cmocka_unit_test(test_an_answer_too_many),
        cmocka_unit_test(test_ends_of_all_kinds),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_a_hook_that_breaks_the_rules),
    };

    if (fake_is_worker(argc, argv))
        return worker();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
