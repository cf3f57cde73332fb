/* What a plugin declares of its tables, and what is said about each mistake. */
#include "unit/model/support.h"

#include "model/settings.h"
#include "model/table.h"

static void parse_ok(const char *json, struct table_schema *out)
{
    json_t *value = json_of(json);
    struct problems list = {0};

    if (table_schema_parse(value, out, &list) < 0)
        fail_msg("%s", problems_text(&list));
    json_decref(value);
    problems_release(&list);
}

/* The messages only, with their hints. */
static void expect_of(json_t *value, const char *problems)
{
    struct problems list = {0};
    struct table_schema schema;
    struct scope scope;

    scope_init(&scope, "s.lua", NULL, &list);
    assert_int_equal(table_schema_read(&scope, value, &schema), -1);
    assert_int_equal(schema.count, 0);
    assert_null(schema.tables);
    expect_problems(&list, problems);
    json_decref(value);
}

static void expect(const char *json, const char *problems)
{
    expect_of(json_of(json), problems);
}

/* One column `c` of that text. */
static void expect_column(const char *text, const char *problem)
{
    char line[700];

    snprintf(line, sizeof line, "s.lua:0: schema.t.columns.c: %s\n", problem);
    expect_of(json_pack("{s:{s:{s:s}}}", "t", "columns", "c", text), line);
}

static const struct column *column_of(struct table_schema *schema, const char *text)
{
    json_t *value = json_pack("{s:{s:{s:s}}}", "t", "columns", "c", text);
    struct problems list = {0};

    if (table_schema_parse(value, schema, &list) < 0)
        fail_msg("%s: %s", text, problems_text(&list));
    json_decref(value);
    return &schema->tables[0].columns[0];
}

static void expect_default(const char *text, const char *value)
{
    struct table_schema schema;
    const struct column *column = column_of(&schema, text);
    char *written = column->by_default ? json_dumps(column->by_default, JSON_ENCODE_ANY) : NULL;

    if (value == NULL)
        assert_null(written);
    else
        assert_string_equal(written, value);
    free(written);
    table_schema_release(&schema);
}

static void reads_everything(void **state)
{
    struct table_schema s;
    const struct table *t;

    (void)state;
    parse_ok("{'signals': {'columns': {'id': 'bigint'}}, 'price_history': {'columns': {"
             " 'asset': 'text not null', 'ts_ms': 'bigint', 'spot_usd': 'real default 0.5',"
             " 'note': 'json', 'ok': 'BOOLEAN Default TRUE NOT  NULL'},"
             " 'primary_key': ['ts_ms', 'asset'], 'indexes': {'by_time': ['ts_ms'],"
             " 'by_ok': ['ok', 'spot_usd']}}}",
             &s);
    assert_int_equal(s.count, 2);
    assert_null(table_find(&s, "price"));
    t = table_find(&s, "price_history");
    assert_true(t == &s.tables[0] && t->column_count == 5);
    assert_string_equal(t->columns[0].name, "asset");
    assert_true(table_column(t, "asset")->type == COLUMN_TEXT &&
                table_column(t, "asset")->not_null);
    assert_true(table_column(t, "ts_ms")->type == COLUMN_BIGINT);
    assert_true(table_column(t, "ts_ms")->not_null); /* of the key */
    assert_false(table_column(t, "spot_usd")->not_null);
    assert_true(json_real_value(table_column(t, "spot_usd")->by_default) == 0.5);
    assert_true(table_column(t, "ok")->not_null && json_is_true(table_column(t, "ok")->by_default));
    assert_true(table_column(t, "note")->type == COLUMN_JSON);
    assert_null(table_column(t, "nope"));
    assert_int_equal(t->primary_key.count, 2);
    assert_string_equal(t->columns[t->primary_key.columns[0]].name, "ts_ms");
    assert_string_equal(t->columns[t->primary_key.columns[1]].name, "asset");
    assert_int_equal(t->index_count, 2);
    assert_string_equal(t->indexes[1].name, "by_time");
    assert_int_equal(t->indexes[0].count, 2);
    assert_int_equal(s.tables[1].primary_key.count, 0);
    table_schema_release(&s);
    assert_int_equal(s.count, 0);
}

static void nothing_is_no_tables(void **state)
{
    struct problems list = {0};
    struct table_schema s;
    json_t *empty = json_array();

    (void)state;
    assert_int_equal(table_schema_parse(NULL, &s, &list), 0);
    assert_int_equal(s.count, 0);
    assert_int_equal(table_schema_parse(empty, &s, &list), 0);
    json_decref(empty);
    parse_ok("{}", &s);
    assert_int_equal(s.count, 0);
    table_schema_release(&s);
}

static void defaults_have_the_columns_type(void **state)
{
    (void)state;
    expect_default("text", NULL);
    expect_default("text default null", NULL);
    expect_default("text default ''", "\"\"");
    expect_default("text default 'it''s -- not null' not null", "\"it's -- not null\"");
    expect_default("text default 'é'", "\"é\"");
    expect_default("bigint default -9223372036854775808", "-9223372036854775808");
    expect_default("bigint default 9223372036854775807", "9223372036854775807");
    expect_default("real default 5", "5.0");
    expect_default("real default 1e308", "1e308");
    expect_default("boolean default False", "false");
    expect_default("json default '{\"a\": [1, \"b''s\"]}'", "{\"a\": [1, \"b's\"]}");
    expect_default("  json   default   'null'  ", NULL);
}

static void a_wrong_column_says_what_is_wrong(void **state)
{
    static const char types[] = "expected a type (text, bigint, real, boolean or json), got ";
    static const char rest[] = "expected \"not null\", \"default …\" or nothing more, got ";
    static const char keys[] = " (keys and indexes have places of their own: primary_key, indexes)";
    char text[400];

    (void)state;
#define EXPECT(column, ...)                                                                        \
    do {                                                                                           \
        snprintf(text, sizeof text, __VA_ARGS__);                                                  \
        expect_column(column, text);                                                               \
    } while (0)
    EXPECT("", "%s'its end'", types);
    EXPECT("integer", "%s'integer' (did you mean 'bigint'?)", types);
    EXPECT("varchar(20)", "%s'varchar(20)' (did you mean 'text'?)", types);
    EXPECT("bolean", "%s'bolean' (did you mean 'boolean'?)", types);
    EXPECT("'text'", "%s''text''", types);
    EXPECT("text primary key", "%s'primary key'%s", rest, keys);
    EXPECT("text not null not null", "%s'not null'%s", rest, keys);
    EXPECT("text default 'a' default 'b'", "%s'default 'b''%s", rest, keys);
    EXPECT("text; drop table x", "%s'; drop table x'%s", rest, keys);
    EXPECT("text -- x", "%s'-- x'%s", rest, keys);
    EXPECT("text references other", "%s'references other'%s", rest, keys);
    EXPECT("text default 'a' || 'b'", "%s'|| 'b''%s", rest, keys);
    EXPECT("bigint default 1.5",
           "expected a default like 5 or null: an integer of 64 bits, got '1.5'");
    EXPECT("bigint default 9223372036854775808",
           "expected a default like 5 or null: an integer of 64 bits, got '9223372036854775808'");
    EXPECT("bigint default '5'",
           "expected a default like 5 or null: an integer of 64 bits, got ''5''");
    EXPECT("real default nan", "expected a default like 0.5 or null: a finite number, got 'nan'");
    EXPECT("real default 1e999",
           "expected a default like 0.5 or null: a finite number, got '1e999'");
    EXPECT("boolean default 1", "expected a default of true, false or null, got '1'");
    EXPECT("text default 5", "expected a default like 'abc' or null, got '5'");
    EXPECT("text default 'open", "expected a default like 'abc' or null, got ''open'");
    EXPECT("text default", "expected a default like 'abc' or null, got 'its end'");
    EXPECT("text default now()", "expected a default like 'abc' or null, got 'now()'");
    EXPECT("json default '{'",
           "expected a default like '{\"a\": 1}' or null: JSON in quotes, got ''{''");
    EXPECT("text not null default null",
           "expected a default of a column that is not null, got null");
    EXPECT("text\nnot null", "expected text of at most 1024 bytes without control characters");
#undef EXPECT
}

static void names_are_the_same_on_both_engines(void **state)
{
    (void)state;
    expect(
        "{'Prices': {'columns': {'a': 'text'}}, 'select': {'columns': {'a': 'text'}},"
        " 'pg_class': {'columns': {'a': 'text'}}, 'sqlite_x': {}, 'orrery_key': {},"
        " 'a b': {}, '': {}, '1a': {}, 'ok': {'columns': {'A': 'text', 'ctid': 'text',"
        " 'rowid': 'bigint', 'from': 'text', 'x\\\"': 'text', 'ok': 'text'}}}",
        "s.lua:0: schema.1a: expected a table's name of 1 to 48 small letters, digits and '_', no "
        "digit first\n"
        "s.lua:0: schema.: expected a table's name of 1 to 48 small letters, digits and '_', no "
        "digit first\n"
        "s.lua:0: schema.Prices: expected a table's name of 1 to 48 small letters, digits and "
        "'_', no digit first\n"
        "s.lua:0: schema.a b: expected a table's name of 1 to 48 small letters, digits and '_', "
        "no digit first\n"
        "s.lua:0: schema.ok.columns.A: expected a column's name of 1 to 48 small letters, digits "
        "and '_', no digit first\n"
        "s.lua:0: schema.ok.columns.ctid: expected a column's name, got one that every table of "
        "SQLite or PostgreSQL has already (add a letter or '_' to it)\n"
        "s.lua:0: schema.ok.columns.from: expected a column's name, got a word that SQL reserves "
        "(add a letter or '_' to it)\n"
        "s.lua:0: schema.ok.columns.rowid: expected a column's name, got one that every table of "
        "SQLite or PostgreSQL has already (add a letter or '_' to it)\n"
        "s.lua:0: schema.ok.columns.x\": expected a column's name of 1 to 48 small letters, digits "
        "and '_', no digit first\n"
        "s.lua:0: schema.orrery_key: expected a table's name that does not begin with orrery_\n"
        "s.lua:0: schema.pg_class: expected a table's name that does not begin with pg_\n"
        "s.lua:0: schema.select: expected a table's name, got a word that SQL reserves (add a "
        "letter or '_' to it)\n"
        "s.lua:0: schema.sqlite_x: expected a table's name that does not begin with sqlite_\n");
}

static void all_problems_at_once(void **state)
{
    (void)state;
    expect(
        "{'a': 5, 'b': {'colums': {}}, 'c': {'columns': {'x': 'text', 'j': 'json', 'y': 7},"
        " 'primary_key': ['x', 'z', 'x', 5, 'y', 'j'], 'indexes': {'i': [], 'k': 'x',"
        " 'order': ['x'], 'n': ['X']}}, 'd': {'columns': []}}",
        "s.lua:0: schema.a: expected a table like { columns = { … }, primary_key = { … } }, got "
        "integer 5\n"
        "s.lua:0: schema.b.columns: expected 1 to 64 columns, got 0 (for example: columns = { "
        "asset = \"text not null\" })\n"
        "s.lua:0: schema.c.columns.y: expected text like \"bigint not null\", got integer 7\n"
        "s.lua:0: schema.c.indexes.i: expected 1 to 16 names of columns, got 0\n"
        "s.lua:0: schema.c.indexes.k: expected an array of names of columns, got string \"x\"\n"
        "s.lua:0: schema.c.indexes.n: expected a column of the table, got 'X'\n"
        "s.lua:0: schema.c.indexes.order: expected an index's name, got a word that SQL reserves "
        "(add a letter or '_' to it)\n"
        "s.lua:0: schema.c.primary_key: expected a column of the table, got 'z'\n"
        "s.lua:0: schema.c.primary_key: expected columns that can be compared, 'j' is json\n"
        "s.lua:0: schema.c.primary_key: expected each column once, got 'x' twice\n"
        "s.lua:0: schema.c.primary_key: expected names of columns, got integer 5\n"
        "s.lua:0: schema.d.columns: expected a table with names as keys, got array of 0\n"
        "s.lua:0: unknown key 'schema.b.colums' (did you mean 'columns'?)\n");
    expect("[1]", "s.lua:0: schema: expected a table with names of tables as keys, got array of "
                  "1\n");
    expect("{'$function': true}",
           "s.lua:0: schema: expected a table with names of tables as keys, got function\n");
}

/* {"x0": text, …} */
static json_t *many(size_t count, const char *prefix, json_t *value)
{
    json_t *object = json_object();
    char name[32];

    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%zu", prefix, i);
        json_object_set(object, name, value);
    }
    json_decref(value);
    return object;
}

static void too_many_are_refused(void **state)
{
    json_t *key = json_array();

    (void)state;
    expect_of(many(33, "t", json_pack("{s:{s:s}}", "columns", "a", "text")),
              "s.lua:0: schema: expected at most 32 tables, got 33\n");
    expect_of(json_pack("{s:{s:o}}", "t", "columns", many(65, "c", json_string("text"))),
              "s.lua:0: schema.t.columns: expected 1 to 64 columns, got 65\n");
    expect_of(json_pack("{s:{s:{s:s},s:o}}", "t", "columns", "a", "text", "indexes",
                        many(17, "i", json_pack("[s]", "a"))),
              "s.lua:0: schema.t.indexes: expected at most 16 indexes, got 17\n");
    for (int i = 0; i < 17; i++)
        json_array_append_new(key, json_string("a"));
    expect_of(json_pack("{s:{s:{s:s},s:o}}", "t", "columns", "a", "text", "primary_key", key),
              "s.lua:0: schema.t.primary_key: expected 1 to 16 names of columns, got 17\n");
}

static void as_many_as_allowed_are_taken(void **state)
{
    json_t *table = json_pack("{s:o,s:o}", "columns", many(64, "c", json_string("real")), "indexes",
                              many(16, "i", json_pack("[s]", "c63")));
    json_t *schema = many(32, "t", table);
    struct problems list = {0};
    struct table_schema s;

    (void)state;
    assert_int_equal(table_schema_parse(schema, &s, &list), 0);
    assert_true(s.count == 32 && s.tables[31].column_count == 64 && s.tables[31].index_count == 16);
    table_schema_release(&s);
    json_decref(schema);
}

static void problems_have_their_lines(void **state)
{
    static const char source[] = "return {\n  name = 'p',\n  schema = {\n    prices = {\n"
                                 "      columns = {\n        asset = 'texd',\n"
                                 "      },\n    },\n  },\n}\n";
    json_t *value = json_of("{'prices': {'columns': {'asset': 'texd'}}}");
    struct problems list = {0};
    struct table_schema s;
    struct scope scope;

    (void)state;
    scope_init(&scope, "s.lua", source, &list);
    assert_int_equal(table_schema_read(&scope, value, &s), -1);
    expect_problems(&list, "s.lua:6: schema.prices.columns.asset: expected a type (text, bigint, "
                           "real, boolean or json), got 'texd' (did you mean 'text'?)\n");
    json_decref(value);
}

static void names_alone(void **state)
{
    (void)state;
    assert_true(table_name_valid("a") && table_name_valid("_x9"));
    assert_true(table_name_valid("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_false(table_name_valid("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_false(table_name_valid("") || table_name_valid("9a") || table_name_valid("a\"b"));
    assert_false(table_name_valid("user") || table_name_valid("naïve"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(nothing_is_no_tables),
        cmocka_unit_test(defaults_have_the_columns_type),
        cmocka_unit_test(a_wrong_column_says_what_is_wrong),
        cmocka_unit_test(names_are_the_same_on_both_engines),
        cmocka_unit_test(all_problems_at_once),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(as_many_as_allowed_are_taken),
        cmocka_unit_test(problems_have_their_lines),
        cmocka_unit_test(names_alone),
    };

    return cmocka_run_group_tests_name("model: tables", tests, NULL, NULL);
}
