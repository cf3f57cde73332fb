/* What a trigger says of its source, and orrery.lua of the servers. */
#include "support.h"

#include "base/buf.h"
#include "model/event_source.h"
#include "model/settings.h"

static struct problems problems;

static struct event_source read_source(const char *text)
{
    json_t *json = json_of(text);
    struct event_source source;
    struct scope scope;

    problems = (struct problems){0};
    scope_init(&scope, "s.lua", NULL, &problems);
    event_source_read(&scope, json, &source);
    json_decref(json);
    return source;
}

static void expect_wrong(const char *text, const char *expected)
{
    struct event_source source = read_source(text);

    event_source_release(&source);
    expect_problems(&problems, expected);
}

static void a_table_in_full(void **unused)
{
    struct event_source s =
        read_source("{'kind': 'postgres', 'url': 'indexer', 'topic': 'new_trade',"
                    " 'table': 'public.trades', 'cursor_column': 'id', 'payload_column': 'payload',"
                    " 'id_column': 'event_id', 'from': 'start', 'poll': '250ms', 'overflow':"
                    " 'oldest', 'queue': 65536, 'cursor': 'again'}");

    (void)unused;
    expect_problems(&problems, "");
    assert_int_equal(s.kind, EVENT_SOURCE_POSTGRES_TABLE);
    assert_true(event_source_is_durable(&s));
    assert_string_equal(s.schema, "public");
    assert_string_equal(s.table, "trades");
    assert_string_equal(s.id_column, "event_id");
    assert_true(s.from_start && s.drop_oldest);
    assert_int_equal(s.poll_ms, 250);
    assert_int_equal(s.queue, EVENT_QUEUE_MAX);
    event_source_release(&s);
}

static void defaults(void **unused)
{
    static const struct {
        const char *text;
        enum event_source_kind kind;
        bool durable, drops;
    } cases[] = {
        {"{'kind': 'postgres', 'url': 'u', 'table': 't', 'cursor_column': 'id'}",
         EVENT_SOURCE_POSTGRES_TABLE, true, false},
        {"{'kind': 'postgres', 'url': 'u', 'topic': 'c'}", EVENT_SOURCE_POSTGRES_NOTIFY, false,
         true},
        {"{'kind': 'redis', 'url': 'u', 'topic': 's'}", EVENT_SOURCE_REDIS_STREAM, true, false},
        {"{'kind': 'redis', 'mode': 'pubsub', 'url': 'u', 'topic': 'c', 'id_field': 'id'}",
         EVENT_SOURCE_REDIS_PUBSUB, false, true},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event_source s = read_source(cases[i].text);
        expect_problems(&problems, "");
        assert_int_equal(s.kind, cases[i].kind);
        assert_int_equal(event_source_is_durable(&s), cases[i].durable);
        assert_int_equal(s.drop_oldest, cases[i].drops);
        assert_false(s.from_start);
        assert_int_equal(s.poll_ms, 1000);
        assert_int_equal(s.queue, 256);
        event_source_release(&s);
    }
}

#define PG "{'kind': 'postgres', 'url': 'u', "
#define RD "{'kind': 'redis', 'url': 'u', "

static void what_is_wrong_is_told(void **unused)
{
    (void)unused;
    expect_wrong("7", "s.lua:0: source: expected a table like { kind = \"postgres\", url = "
                      "\"indexer\", table = \"trades\", cursor_column = \"id\" }, got integer 7\n");
    expect_wrong("{}", "s.lua:0: source.kind: is missing: expected \"postgres\" or \"redis\"\n");
    expect_wrong(RD "'mode': 'list', 'topic': 's'}",
                 "s.lua:0: source.mode: expected \"stream\" or \"pubsub\", got string \"list\"\n");
    expect_wrong("{'kind': 'postgres', 'topic': 'c'}",
                 "s.lua:0: source.url: is missing: expected a name of orrery.lua's `sources`\n");
    expect_wrong(PG "'topic': 'c', 'from': 'start'}",
                 "s.lua:0: source.from: a postgres notify source has no such key (it belongs to a "
                 "postgres table or redis stream source)\n");
    expect_wrong(RD "'topic': 's', 'table': 't'}",
                 "s.lua:0: source.table: a redis stream source has no such key (it belongs to a "
                 "postgres table source)\n");
    expect_wrong(PG "'topic': 'c', 'pool': 1}",
                 "s.lua:0: unknown key 'source.pool' (did you mean 'poll'?)\n");
    expect_wrong(PG "'table': 't', 'cursor_column': 'id', 'from': 'then'}",
                 "s.lua:0: source.from: expected \"start\" or \"now\", got string \"then\"\n");
    expect_wrong(PG "'table': 't', 'cursor_column': 'id', 'queue': 65537}",
                 "s.lua:0: source.queue: expected an integer from 1 to 65536, got integer "
                 "65537\n");
}

static void names_are_bounded_and_cannot_be_quoted(void **unused)
{
    static const char *const tables[] = {"a.b.c", ".t", "t.", "t\\u0022x", "t\\n", ""};
    char text[300];

    (void)unused;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct event_source s;
        snprintf(text, sizeof text, PG "'table': '%s', 'cursor_column': 'id'}", tables[i]);
        s = read_source(text);
        assert_int_equal(problems.errors, 1);
        assert_null(s.table);
        event_source_release(&s);
        problems_release(&problems);
    }
    snprintf(text, sizeof text, PG "'table': 't', 'cursor_column': 'a\\u0022b'}");
    expect_wrong(text, "s.lua:0: source.cursor_column: expected a name of 1 to 63 bytes without "
                       "quotes and control characters\n");
}

static void keys_name_what_a_cursor_is_of(void **unused)
{
    static const struct {
        const char *text, *key;
    } cases[] = {
        {PG "'table': 'a.t', 'cursor_column': 'id'}", "p postgres table s a.t id"},
        {PG "'table': 't', 'cursor_column': 'id', 'cursor': 'v2', 'topic': 'x'}",
         "p postgres table s t id v2"},
        {RD "'topic': 'st'}", "p redis stream s st"},
    };
    char name[64];

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event_source s = read_source(cases[i].text);
        char *key = event_source_key(&s, "p", "s");
        assert_string_equal(key, cases[i].key);
        free(key);
        event_source_release(&s);
    }
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char text[1000];
    snprintf(text, sizeof text, PG "'table': '%s.%s', 'cursor_column': '%s', 'cursor': '%s'}", name,
             name, name, name);
    struct event_source s = read_source(text);
    char *key = event_source_key(&s, name, name);
    expect_problems(&problems, "");
    assert_true(strlen(key) <= EVENT_KEY_BYTES);
    free(key);
    event_source_release(&s);
}

static void copies_are_the_same(void **unused)
{
    struct event_source a = read_source(PG "'table': 'a.t', 'cursor_column': 'id'}"), b;
    char *first = event_source_text(&a), *second;

    (void)unused;
    event_source_copy(&a, &b);
    second = event_source_text(&b);
    assert_string_equal(first, second);
    free(second);
    b.queue++;
    second = event_source_text(&b);
    assert_string_not_equal(first, second);
    free(first);
    free(second);
    event_source_release(&a);
    event_source_release(&b);
}

static struct event_servers read_servers(const char *text)
{
    json_t *json = json_of(text);
    struct event_servers servers;
    struct scope scope;

    problems = (struct problems){0};
    scope_init(&scope, "o.lua", NULL, &problems);
    event_servers_read(&scope, json, &servers);
    json_decref(json);
    return servers;
}

static void servers_are_found_by_name_or_by_url(void **unused)
{
    struct event_servers servers =
        read_servers("{'sources': {'b': 'redis://h/1', 'a': 'postgres://u:pw@h/db'}}");
    struct event_source s = read_source(RD "'topic': 'x'}");

    (void)unused;
    expect_problems(&problems, "");
    assert_int_equal(servers.count, 2);
    assert_null(event_server_of(&servers, &s));
    free(s.url);
    s.url = mem_strdup("b");
    assert_string_equal(event_server_of(&servers, &s)->name, "b");
    free(s.url);
    s.url = mem_strdup("postgres://u:pw@h/db");
    assert_string_equal(event_server_of(&servers, &s)->name, "a");
    assert_null(strstr(event_server_of(&servers, &s)->label, "pw"));
    event_source_release(&s);
    event_servers_release(&servers);
}

static void wrong_servers_are_told(void **unused)
{
    struct event_servers servers = read_servers(
        "{'sources': {'A b': 'redis://h', 'f': 'sqlite:x', 'n': 5, 'p': 'postgres://u:geheim@'}}");

    (void)unused;
    assert_int_equal(problems.errors, 4);
    for (size_t i = 0; i < problems.count; i++)
        assert_null(strstr(problems.items[i].message, "geheim"));
    problems_release(&problems);
    assert_int_equal(servers.count, 0);
    event_servers_release(&servers);
    servers = read_servers("{'sources': 'redis://h'}");
    assert_int_equal(problems.errors, 1);
    problems_release(&problems);
    event_servers_release(&servers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_in_full),
        cmocka_unit_test(defaults),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(names_are_bounded_and_cannot_be_quoted),
        cmocka_unit_test(keys_name_what_a_cursor_is_of),
        cmocka_unit_test(copies_are_the_same),
        cmocka_unit_test(servers_are_found_by_name_or_by_url),
        cmocka_unit_test(wrong_servers_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
