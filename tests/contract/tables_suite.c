#include "contract/tables_suite.h"

#include <jansson.h>

#include "base/mem.h"
#include "model/problem.h"
#include "model/value.h"

struct tables_fixture suite;

json_t *suite_json(const char *text)
{
    char *copy = mem_strdup(text);
    json_error_t why;
    json_t *value;

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    value = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (value == NULL)
        fail_msg("test JSON: %s in %s", why.text, copy);
    free(copy);
    return value;
}

const char *suite_try_open(const char *plugin, const char *declared, struct tables **out)
{
    static char text[1200];
    json_t *value = suite_json(declared);
    struct problems problems = {0};
    struct table_schema schema;
    struct error e = ERROR_INIT;

    if (table_schema_parse(value, &schema, &problems) < 0)
        fail_msg("declaration: %s", problems.items[0].message);
    text[0] = '\0';
    if (suite.backend->open(suite.where, plugin, &schema, &suite.limits, out, &e) < 0)
        snprintf(text, sizeof text, "%s: %s%s%s%s", error_name(e.code), e.message,
                 e.hint[0] ? " (" : "", e.hint, e.hint[0] ? ")" : "");
    table_schema_release(&schema);
    json_decref(value);
    return text;
}

struct tables *suite_open(const char *plugin, const char *declared)
{
    struct tables *t = NULL;
    const char *why = suite_try_open(plugin, declared, &t);

    if (why[0] != '\0')
        fail_msg("%s: %s", plugin, why);
    return t;
}

char *suite_send(struct tables *t, json_t *call)
{
    json_t *answer = NULL;
    struct error e = ERROR_INIT;
    char *text;

    if (tables_call(t, call, &answer, &e) == 0) {
        assert_int_equal(e.code, ERROR_NONE);
        text = value_text(answer);
        json_decref(answer);
    } else {
        assert_null(answer);
        text = mem_alloc(1200);
        snprintf(text, 1200, "%s: %s%s%s%s", error_name(e.code), e.message, e.hint[0] ? " (" : "",
                 e.hint, e.hint[0] ? ")" : "");
    }
    json_decref(call);
    return text;
}

char *suite_call(struct tables *t, const char *json)
{
    return suite_send(t, suite_json(json));
}

static char *send_sql(struct tables *t, const char *call, const char *sql, const char *params)
{
    json_t *request = json_pack("{s:s,s:s}", "call", call, "sql", sql);

    assert_non_null(request);
    if (params != NULL)
        json_object_set_new(request, "params", suite_json(params));
    return suite_send(t, request);
}

char *suite_query(struct tables *t, const char *sql, const char *params)
{
    return send_sql(t, "query", sql, params);
}

char *suite_exec(struct tables *t, const char *sql, const char *params)
{
    return send_sql(t, "exec", sql, params);
}

void suite_expect(char *got, const char *expected, const char *file, int line)
{
    size_t len = strlen(expected);
    bool open = len > 0 && expected[len - 1] == '*';

    if (open ? strncmp(got, expected, len - 1) != 0 : strcmp(got, expected) != 0) {
        print_error("expected %s\ngot      %s\n", expected, got);
        _fail(file, line);
    }
    free(got);
}

int suite_set_up(void **state)
{
    (void)state;
    suite.limits = (struct tables_limits){.time_ms = 10000,
                                          .rows = 1000,
                                          .answer_bytes = 100000,
                                          .size_bytes = 64 * 1024 * 1024,
                                          .clock = &suite.clock};
    clock_init_manual(&suite.clock, 1700000000000);
    suite.where = suite.backend->set_up();
    suite.t = suite_open("p", TABLES_DECLARED);
    return 0;
}

int suite_tear_down(void **state)
{
    (void)state;
    tables_close(suite.t);
    suite.t = NULL;
    suite.backend->tear_down(suite.where);
    return 0;
}
