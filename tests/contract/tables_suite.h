/*
 * tables_suite: the contract of tables/tables.h, for any backend. Calls are written as JSON with '
 * for "; answers are compared as text.
 */
#ifndef ORRERY_TESTS_TABLES_SUITE_H
#define ORRERY_TESTS_TABLES_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "tables/tables.h"

struct tables_backend {
    const char *name;
    bool is_postgres;
    void *(*set_up)(void); /* an empty place */
    int (*open)(void *where, const char *plugin, const struct table_schema *schema,
                const struct tables_limits *limits, struct tables **out, struct error *e);
    void (*tear_down)(void *where);
    /* As the operator: SQL on a plugin's database past orrery; the first column of the first row.
     */
    char *(*by_hand)(void *where, const char *plugin, const char *sql);
};

extern const struct tables_backend tables_sqlite_backend, tables_postgres_backend;

/* What all rules use: set by the suite before each. */
struct tables_fixture {
    const struct tables_backend *backend;
    void *where;
    struct tables *t; /* of plugin "p" with TABLES_DECLARED */
    struct clock clock;
    struct tables_limits limits;
};

extern struct tables_fixture suite;

#define TABLES_DECLARED                                                                            \
    "{'prices': {'columns': {'asset': 'text not null', 'ts_ms': 'bigint not null',"                \
    " 'spot': 'real', 'live': 'boolean default true', 'note': 'json'},"                            \
    " 'primary_key': ['asset', 'ts_ms'], 'indexes': {'by_time': ['ts_ms'], 'by_spot': ['spot']}}," \
    " 'log': {'columns': {'line': 'text', 'n': 'bigint', 'x': 'real', 'b': 'boolean',"             \
    " 'j': 'json'}}}"

/* ---- opening ---- */

struct tables *suite_open(const char *plugin, const char *declared); /* must succeed */
/* "" or "CODE: message (hint)"; valid until the next. */
const char *suite_try_open(const char *plugin, const char *declared, struct tables **out);

/* ---- calls: the answer as text, or "CODE: message (hint)"; free() it ---- */

char *suite_call(struct tables *t, const char *json);
char *suite_query(struct tables *t, const char *sql, const char *params);
char *suite_exec(struct tables *t, const char *sql, const char *params);
char *suite_send(struct tables *t, json_t *call); /* takes it */

json_t *suite_json(const char *text); /* with ' for " */

/* On `suite.t`, with their places. `expect` may end with '*': it begins like that. */
void suite_expect(char *got, const char *expected, const char *file, int line);
#define EXPECT(json, expected) suite_expect(suite_call(suite.t, json), expected, __FILE__, __LINE__)
#define QUERY(sql, params, expected)                                                               \
    suite_expect(suite_query(suite.t, sql, params), expected, __FILE__, __LINE__)
#define EXEC(sql, params, expected)                                                                \
    suite_expect(suite_exec(suite.t, sql, params), expected, __FILE__, __LINE__)

/* ---- chapters ---- */

extern const struct CMUnitTest tables_call_rules[], tables_limit_rules[], tables_plan_rules[],
    tables_hostile_rules[], tables_role_rules[], tables_step_rules[];
extern const size_t tables_call_rule_count, tables_limit_rule_count, tables_plan_rule_count,
    tables_hostile_rule_count, tables_role_rule_count, tables_step_rule_count;

int suite_set_up(void **state);
int suite_tear_down(void **state);
#define RULE(name) cmocka_unit_test_setup_teardown(name, suite_set_up, suite_tear_down)

#endif
