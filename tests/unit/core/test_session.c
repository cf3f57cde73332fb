/*
 * Desks evaluated in throw-away workers. In its role this program becomes the real worker: the
 * orrery of the same build, found in the current folder. Without it these tests are skipped.
 */
#include <setjmp.h>
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

#include "base/error.h"
#include "base/mem.h"
#include "core/blueprint.h"
#include "core/registry.h"
#include "core/session.h"

#define PROGRAM "./orrery"
#define GOOD                                                                                       \
    "return { name = \"%s\", vault_id = \"v\", triggers = { { kind = \"manual\" } },\n"            \
    "  decide = function(ctx) return require(\"orrery.action\").noop(\"x\") end }\n"

static bool absent(void)
{
    if (access(PROGRAM, X_OK) == 0)
        return false;
    print_message("skipped: there is no %s\n", PROGRAM);
    return true;
}

struct stores;

static int check_url(const char *url, struct error *e)
{
    if (strncmp(url, "memory:", 7) == 0)
        return 0;
    return error_set(e, ERROR_CONFIG, "'%s': the test knows memory: only", url);
}

static const struct registry registry = {
    .check_journal_url = check_url, .check_state_url = check_url, .version = "test"};

struct desk_dir {
    char dir[32];
    char *names[8];
    size_t count;
};

static void add(struct desk_dir *d, const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", d->dir, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    d->names[d->count++] = mem_strdup(path);
}

static void add_strategy(struct desk_dir *d, const char *file, const char *name)
{
    char path[64], text[512];

    snprintf(path, sizeof path, "strategies/%s.lua", file);
    snprintf(text, sizeof text, GOOD, name);
    add(d, path, text);
}

static struct desk_dir *desk_new(const char *config)
{
    struct desk_dir *d = mem_zero(1, sizeof *d);
    char path[64];

    snprintf(d->dir, sizeof d->dir, "session_desk.XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    snprintf(path, sizeof path, "%s/strategies", d->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    add(d, "orrery.lua", config);
    return d;
}

static void desk_free(struct desk_dir *d)
{
    char path[64];

    for (size_t i = 0; i < d->count; i++) {
        unlink(d->names[i]);
        free(d->names[i]);
    }
    snprintf(path, sizeof path, "%s/strategies", d->dir);
    rmdir(path);
    assert_int_equal(rmdir(d->dir), 0);
    free(d);
}

#define CONFIG                                                                                     \
    "return { journal = \"memory:\", state = %s, vaults = { v = { executor = \"paper\", "          \
    "quote_balance = 1000 } } }"

static struct blueprint *make(struct desk_dir *d)
{
    struct blueprint *b;
    struct error e = ERROR_INIT;

    if (blueprint_make(d->dir, &registry, &b, &e) < 0)
        fail_msg("%s", e.message);
    return b;
}

/* The first problem that contains `word`. */
static const struct problem *problem_with(const struct blueprint *b, const char *word)
{
    for (size_t i = 0; i < b->problems.count; i++)
        if (strstr(b->problems.items[i].message, word) != NULL)
            return &b->problems.items[i];
    for (size_t i = 0; i < b->problems.count; i++)
        print_message("  %s\n", b->problems.items[i].message);
    fail_msg("no problem says '%s'", word);
    return NULL;
}

static void test_a_good_desk(void **state)
{
    char config[512];
    struct desk_dir *d;
    struct blueprint *b;

    (void)state;
    if (absent())
        skip();
    snprintf(config, sizeof config, CONFIG,
             "function(name) return name == \"b\" and \"memory:b\" or \"memory:\" end");
    d = desk_new(config);
    add_strategy(d, "a", "a");
    add_strategy(d, "b", "b");
    b = make(d);
    assert_true(b->config_ok);
    assert_int_equal(b->problems.errors, 0);
    assert_int_equal(b->plugin_count, 2);
    assert_true(b->plugins[0].ok && b->plugins[1].ok);
    assert_string_equal(b->plugins[0].state_url, "memory:");
    assert_string_equal(b->plugins[1].state_url, "memory:b");
    assert_int_equal(strlen(b->plugins[0].version), DIGEST_TEXT_SIZE - 1);
    assert_string_not_equal(b->plugins[0].version, b->plugins[1].version);
    assert_int_equal(strncmp(b->lua, "Lua 5.4", 7), 0);
    blueprint_free(b);
    desk_free(d);
}

/* One file after the other: what kills its worker costs the others nothing, and all problems are
 * told at once. */
static void test_every_problem_at_once(void **state)
{
    char config[512];
    struct desk_dir *d;
    struct blueprint *b;

    (void)state;
    if (absent())
        skip();
    snprintf(config, sizeof config, CONFIG, "\"memory:\"");
    d = desk_new(config);
    add_strategy(d, "a", "a");
    add(d, "strategies/b.lua", "return {");
    add(d, "strategies/c.lua", "local x = (\"a\"):rep(30000):find((\".-\"):rep(40) .. \"b\")\n");
    add_strategy(d, "d", "a");
    add_strategy(d, "e", "e");
    b = make(d);
    assert_int_equal(b->plugin_count, 5);
    assert_true(b->plugins[0].ok);
    assert_string_equal(problem_with(b, "expected")->file, "strategies/b.lua");
    assert_string_equal(problem_with(b, "the worker was killed")->file, "strategies/c.lua");
    assert_string_equal(problem_with(b, "is taken by strategies/a.lua")->file, "strategies/d.lua");
    assert_false(b->plugins[1].ok || b->plugins[2].ok || b->plugins[3].ok);
    assert_true(b->plugins[4].ok); /* behind the one that took the worker with it */
    blueprint_free(b);
    desk_free(d);
}

static void test_a_version_is_what_it_depends_on(void **state)
{
    char config[512], first[DIGEST_TEXT_SIZE];
    struct desk_dir *d;
    struct blueprint *b;

    (void)state;
    if (absent())
        skip();
    snprintf(config, sizeof config, CONFIG, "\"memory:\"");
    d = desk_new(config);
    add_strategy(d, "a", "a");
    b = make(d);
    memcpy(first, b->plugins[0].version, sizeof first);
    blueprint_free(b);
    b = make(d);
    assert_string_equal(b->plugins[0].version, first);
    blueprint_free(b);
    add(d, "strategies/a.lua", "-- a comment\n");
    add_strategy(d, "a", "a");
    b = make(d);
    assert_string_equal(b->plugins[0].version, first);
    blueprint_free(b);
    desk_free(d);
}

static void test_a_session_outlives_nothing(void **state)
{
    struct session *session;
    struct message probe = {.type = MESSAGE_PROBE}, *answer;
    struct error e = ERROR_INIT;

    (void)state;
    if (absent())
        skip();
    assert_int_equal(session_open(&session, 1000, &e), 0);
    assert_int_equal(session_hello(session)->version, PROTOCOL_VERSION);
    probe.as.probe.what = "exec";
    if (session_ask(session, &probe, MESSAGE_PROBED, &answer, &e) < 0)
        assert_true(session_death_signal(session) != 0); /* killed by the jail */
    else
        assert_int_not_equal(answer->as.probed.result, 0); /* or refused */
    session_close(session);
    session_close(NULL);
}

static void test_no_desk(void **state)
{
    struct blueprint *b;
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(blueprint_make("no_such_folder", &registry, &b, &e), -1);
    assert_int_equal(e.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(e.message, "not a desk"));
    assert_non_null(strstr(e.hint, "orrery new"));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_desk),
        cmocka_unit_test(test_every_problem_at_once),
        cmocka_unit_test(test_a_version_is_what_it_depends_on),
        cmocka_unit_test(test_a_session_outlives_nothing),
        cmocka_unit_test(test_no_desk),
    };

    if (argc == 2 && strncmp(argv[1], "--role=", 7) == 0)
        return execl(PROGRAM, "orrery", argv[1], (char *)NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
