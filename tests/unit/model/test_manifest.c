/* What a strategy declares, and what is said about each mistake. */
#include "unit/model/support.h"

#include "model/manifest.h"
#include "model/value.h"

#define NAMES  "'name': 'momentum', 'vault_id': 'btc-vault'"
#define MANUAL "'triggers': [{'kind': 'manual'}]"
#define DECIDE "'hooks': ['decide']"

static void parse_ok(const char *json, struct manifest *out)
{
    json_t *value = json_of(json);
    struct problems list = {0};

    if (manifest_parse(value, "s.lua", NULL, out, &list) < 0) {
        char *text = problems_text(&list);
        fail_msg("%s", text);
    }
    json_decref(value);
    problems_release(&list);
}

static void expect(const char *json, const char *source, const char *problems)
{
    json_t *value = json_of(json);
    struct problems list = {0};
    struct manifest manifest;

    assert_int_equal(manifest_parse(value, "s.lua", source, &manifest, &list), -1);
    expect_problems(&list, problems);
    manifest_release(&manifest);
    json_decref(value);
}

static void reads_everything(void **state)
{
    struct manifest m;

    (void)state;
    parse_ok("{" NAMES ", 'description': 'x', 'max_concurrency': 1, 'queue': 5, 'hooks':"
             " ['decide', 'on_error'], 'on_executed': {'$function': true}, 'triggers':"
             " [{'kind': 'cron', 'every_seconds': 0.5}, {'kind': 'cron', 'schedule': '5 4 * * *',"
             " 'catch_up': 'skip'}, {'kind': 'event', 'topic': 'price.btc'}, {'kind': 'manual'}],"
             " 'params': {'n': {'type': 'integer', 'default': 20, 'min': 2, 'max': 500,"
             " 'description': 'd'}}}",
             &m);
    assert_string_equal(m.name, "momentum");
    assert_string_equal(m.vault_id, "btc-vault");
    assert_true(m.max_concurrency == 1 && m.queue == 5 && m.has_on_error && m.has_on_executed);
    assert_int_equal(m.trigger_count, 4);
    assert_true(m.triggers[0].kind == TRIGGER_CRON && m.triggers[0].cron.every_ms == 500 &&
                m.triggers[0].catch_up == CATCH_UP_ONE);
    assert_true(m.triggers[1].cron.minutes == 32 && m.triggers[1].catch_up == CATCH_UP_SKIP);
    assert_int_equal(m.triggers[2].kind, TRIGGER_EVENT);
    assert_string_equal(m.triggers[2].topic, "price.btc");
    assert_int_equal(m.triggers[3].kind, TRIGGER_MANUAL);
    manifest_release(&m);
}

static void defaults(void **state)
{
    struct manifest m;

    (void)state;
    parse_ok("{" NAMES ", " MANUAL ", " DECIDE ", 'params': {}}", &m);
    assert_true(m.max_concurrency == LIMIT_CONCURRENCY && m.queue == LIMIT_QUEUE);
    assert_false(m.has_on_executed || m.has_on_error);
    assert_int_equal(json_object_size(m.params), 0);
    manifest_release(&m);
}

static void all_problems_at_once(void **state)
{
    static const char source[] = "local action = require 'orrery.action'\n"       /* 1 */
                                 "return {\n"                                     /* 2 */
                                 "  name = 'My Plugin',\n"                        /* 3 */
                                 "  vault = 'btc-vault',\n"                       /* 4 */
                                 "  queue = 0,\n"                                 /* 5 */
                                 "  triggers = {\n"                               /* 6 */
                                 "    { kind = 'cron', every_seconds = 5,\n"      /* 7 */
                                 "      schedule = '* * * * *' },\n"              /* 8 */
                                 "    { kind = 'cron', schedule =\n"              /* 9 */
                                 "      '61 * * * *', catch_up = 'two' },\n"      /* 10 */
                                 "    { kind = 'cron' },\n"                       /* 11 */
                                 "    { kind = 'event', topic = 'a b' },\n"       /* 12 */
                                 "    { kind = 'event',\n"                        /* 13 */
                                 "      evry_seconds = 1 },\n"                    /* 14 */
                                 "    { kind = 'manual', every_seconds = 1,\n"    /* 15 */
                                 "      topic = 'x' },\n"                         /* 16 */
                                 "    'manual',\n"                                /* 17 */
                                 "    { kind = 'corn' },\n"                       /* 18 */
                                 "    { kind = 'cron', every_seconds =\n"         /* 19 */
                                 "      0.001, tz = 'UTC' },\n"                   /* 20 */
                                 "    { kind = 'cron', schedule = '* * * * *',\n" /* 21 */
                                 "      tz = 'Mars/../Olympus' },\n"              /* 22 */
                                 "  },\n"                                         /* 23 */
                                 "  on_exectued = function() end,\n"              /* 24 */
                                 "}\n";

    (void)state;
    expect("{'name': 'My Plugin', 'vault': 'btc-vault', 'queue': 0, 'hooks': ['on_exectued'],"
           " 'triggers': [{'kind': 'cron', 'every_seconds': 5, 'schedule': '* * * * *'}, {'kind':"
           " 'cron', 'schedule': '61 * * * *', 'catch_up': 'two'}, {'kind': 'cron'}, {'kind':"
           " 'event', 'topic': 'a b'}, {'kind': 'event', 'evry_seconds': 1}, {'kind': 'manual',"
           " 'every_seconds': 1, 'topic': 'x'}, 'manual', {'kind': 'corn'}, {'kind': 'cron',"
           " 'every_seconds': 0.001, 'tz': 'UTC'}, {'kind': 'cron', 'schedule': '* * * * *', 'tz':"
           " 'Mars/../Olympus'}]}",
           source,
           "s.lua:2: decide: is missing: expected a function (decide = function(ctx) return "
           "action.noop(\"…\") end)\n"
           "s.lua:2: vault_id: is missing: expected the name of a vault of orrery.lua\n"
           "s.lua:3: name: expected a name (1 to 64 of a-z, 0-9, '_', '-', beginning with a letter "
           "or digit), got string \"My Plugin\"\n"
           "s.lua:4: unknown key 'vault' (did you mean 'vault_id'?)\n"
           "s.lua:5: queue: expected an integer from 1 to 4096, got integer 0\n"
           "s.lua:8: triggers.1.schedule: expected either every_seconds or schedule in a cron "
           "trigger, got both\n"
           "s.lua:9: triggers.2.schedule: schedule, field 1 (minute): expected a minute from 0 to "
           "59, got 61\n"
           "s.lua:10: triggers.2.catch_up: expected \"one\" or \"skip\", got string \"two\"\n"
           "s.lua:11: triggers.3: expected either every_seconds or schedule in a cron trigger, got "
           "neither\n"
           "s.lua:12: triggers.4.topic: expected a topic (1 to 128 letters, digits and '_', '.', "
           "':', '-'), got string \"a b\"\n"
           "s.lua:13: triggers.5.topic: is missing: expected a topic (1 to 128 letters, digits and "
           "'_', '.', ':', '-')\n"
           "s.lua:14: unknown key 'triggers.5.evry_seconds' (did you mean 'every_seconds'?)\n"
           "s.lua:15: triggers.6.every_seconds: belongs to cron triggers, this is a manual "
           "trigger\n"
           "s.lua:16: triggers.6.topic: belongs to event triggers, this is a manual trigger\n"
           "s.lua:17: triggers.7: expected a table like { kind = \"manual\" }, got string "
           "\"manual\"\n"
           "s.lua:18: triggers.8.kind: expected \"cron\", \"event\" or \"manual\", got string "
           "\"corn\"\n"
           "s.lua:19: triggers.9.every_seconds: expected a number of seconds from 0.01 to "
           "31622400, got 0.001\n"
           "s.lua:20: triggers.9.tz: belongs to a schedule, not to every_seconds\n"
           "s.lua:22: triggers.10.tz: expected the name of a time zone (like 'Europe/Berlin'), got "
           "'Mars/../Olympus'\n"
           "s.lua:24: unknown function 'on_exectued' (did you mean 'on_executed'?)\n");
}

static void wrong_shapes(void **state)
{
    (void)state;
    expect("{'$function': true}", NULL,
           "s.lua:0: expected the strategy's table to be returned, got function\n");
    expect("{" NAMES ", " DECIDE ", 'triggers': {'kind': 'manual'}}", NULL,
           "s.lua:0: triggers: expected an array of triggers, got object\n");
    expect(
        "{" NAMES ", " DECIDE ", 'triggers': {}}", NULL,
        "s.lua:0: triggers: expected 1 to 16 triggers, got 0 (for example: triggers = { { kind = "
        "\"cron\", every_seconds = 5 } })\n");
    expect("{" NAMES ", " MANUAL ", 'decide': 5, 'on_error': 'x', 'description': 7}", NULL,
           "s.lua:0: decide: expected a function, got integer 5\n"
           "s.lua:0: description: expected text, got integer 7\n"
           "s.lua:0: on_error: expected a function, got string \"x\"\n");
}

static void parameter_mistakes(void **state)
{
    (void)state;
    expect("{" NAMES ", " MANUAL ", " DECIDE ", 'params': {'a b': {'type': 'string'}, 'b': 5, 'c':"
           " {}, 'd': {'type': 'int'}, 'e': {'type': 'integer', 'default': 1.5}, 'f': {'type':"
           " 'string', 'min': 1}, 'g': {'type': 'number', 'min': 2, 'max': 1}, 'h': {'type':"
           " 'integer', 'min': 2, 'max': 5, 'default': 7}, 'i': {'type': 'string', 'enum': []},"
           " 'j': {'type': 'string', 'enum': ['x', 5]}, 'k': {'type': 'string', 'enum': ['x',"
           " 'y'], 'default': 'z'}, 'l': {'type': 'boolean', 'defualt': true}, 'm': {'type':"
           " 'integer', 'min': 'x'}, 'n': {'type': 'number', 'min': 0, 'default': -1}}}",
           NULL,
           "s.lua:0: params.a b: expected a name of 1 to 64 letters, digits and '_'\n"
           "s.lua:0: params.b: expected a table like { type = \"integer\", default = 20 }, got "
           "integer 5\n"
           "s.lua:0: params.c.type: is missing: expected \"integer\", \"number\", \"boolean\" or "
           "\"string\"\n"
           "s.lua:0: params.d.type: expected \"integer\", \"number\", \"boolean\" or \"string\", "
           "got string \"int\"\n"
           "s.lua:0: params.e.default: expected an integer, got number 1.5\n"
           "s.lua:0: params.f.min: belongs to integers and numbers, this is a string\n"
           "s.lua:0: params.g.max: expected at least min\n"
           "s.lua:0: params.h.default: expected an integer from 2 to 5, got integer 7\n"
           "s.lua:0: params.i.enum: expected an array of at least one string, got array of 0\n"
           "s.lua:0: params.j.enum: expected an array of at least one string, got integer 5\n"
           "s.lua:0: params.k.default: expected a string, one of [\"x\",\"y\"], got string \"z\"\n"
           "s.lua:0: params.m.min: expected an integer, got string \"x\"\n"
           "s.lua:0: params.n.default: expected a number of at least 0, got integer -1\n"
           "s.lua:0: unknown key 'params.l.defualt' (did you mean 'default'?)\n");
}

#define PARAMS                                                                                     \
    "{" NAMES ", " MANUAL ", " DECIDE                                                              \
    ", 'params': {'n': {'type': 'integer', 'default': 20, 'min':"                                  \
    " 2}, 'speed': {'type': 'number'}, 'mode': {'type': 'string', 'enum': ['a', 'b'], 'default':"  \
    " 'a'}, 'on': {'type': 'boolean', 'default': false}}}"

static void expect_params(const char *overrides, const char *source, const char *values,
                          const char *problems)
{
    struct manifest m;
    struct problems list = {0};
    json_t *json = overrides ? json_of(overrides) : NULL, *params;

    parse_ok(PARAMS, &m);
    params = manifest_params_in(&m, json, "orrery.lua", source, &list);
    expect_problems(&list, problems);
    if (values == NULL) {
        assert_null(params);
    } else {
        char *text = value_text(params);
        assert_string_equal(text, values);
        free(text);
    }
    json_decref(params);
    json_decref(json);
    manifest_release(&m);
}

static void parameter_values(void **state)
{
    static const char source[] = "return { plugins = {\n  momentum = { params = {\n    n = 1,\n"
                                 "    sped = 2 } } } }\n";

    (void)state;
    expect_params("{'speed': 1.5}", NULL, "{\"mode\":\"a\",\"n\":20,\"on\":false,\"speed\":1.5}",
                  "");
    expect_params("{'speed': 2, 'n': 30.0, 'mode': 'b', 'on': true}", NULL,
                  "{\"mode\":\"b\",\"n\":30,\"on\":true,\"speed\":2}", "");
    expect_params(NULL, NULL, NULL,
                  "orrery.lua:0: plugins.momentum.params.speed: is missing: expected a number\n");
    expect_params("{'n': 1, 'sped': 2, 'mode': 'c', 'on': 1}", source, NULL,
                  "orrery.lua:2: plugins.momentum.params.mode: expected a string, one of "
                  "[\"a\",\"b\"], got string \"c\"\n"
                  "orrery.lua:2: plugins.momentum.params.on: expected a boolean, got integer 1\n"
                  "orrery.lua:2: plugins.momentum.params.speed: is missing: expected a number\n"
                  "orrery.lua:3: plugins.momentum.params.n: expected an integer of at least 2, got "
                  "integer 1\n"
                  "orrery.lua:4: unknown parameter 'plugins.momentum.params.sped' (did you mean "
                  "'speed'?)\n");
}

static void overrides_of_a_strategy_without_parameters(void **state)
{
    struct manifest m;
    struct problems list = {0};
    json_t *overrides = json_of("{'x': 1}");

    (void)state;
    parse_ok("{" NAMES ", " MANUAL ", " DECIDE "}", &m);
    assert_null(manifest_params(&m, overrides, "orrery.lua", &list));
    expect_problems(&list, "orrery.lua:0: plugins.momentum.params.x: the strategy declares no "
                           "parameters\n");
    json_decref(overrides);
    manifest_release(&m);
}

static void too_many_triggers(void **state)
{
    json_t *triggers = json_array(), *json;
    struct problems list = {0};
    struct manifest m;

    (void)state;
    for (int i = 0; i < LIMIT_TRIGGERS + 1; i++)
        json_array_append_new(triggers, json_of("{'kind': 'manual'}"));
    json = json_pack("{s:s, s:s, s:[s], s:o}", "name", "a", "vault_id", "b", "hooks", "decide",
                     "triggers", triggers);
    assert_int_equal(manifest_parse(json, "s.lua", NULL, &m, &list), -1);
    expect_problems(&list, "s.lua:0: triggers: expected 1 to 16 triggers, got 17\n");
    manifest_release(&m);
    json_decref(json);
}

static void deadlines(void **state)
{
    struct manifest m;

    (void)state;
    parse_ok("{" NAMES ", " DECIDE ", 'triggers': [{'kind': 'cron', 'every_seconds': 5,"
             " 'deadline': '2s'}, {'kind': 'event', 'topic': 'a', 'deadline': 0.25},"
             " {'kind': 'event', 'topic': 'b'}, {'kind': 'manual', 'deadline': '1m'},"
             " {'kind': 'cron', 'schedule': '* * * * *', 'deadline': '3s'}]}",
             &m);
    assert_true(manifest_deadline(&m, TRIGGER_CRON, NULL) == 3000); /* the longest of the two */
    assert_true(manifest_deadline(&m, TRIGGER_EVENT, "a") == 250);
    assert_true(manifest_deadline(&m, TRIGGER_EVENT, "b") == 0);
    assert_true(manifest_deadline(&m, TRIGGER_EVENT, "c") == 0);
    assert_true(manifest_deadline(&m, TRIGGER_EVENT, NULL) == 0);
    assert_true(manifest_deadline(&m, TRIGGER_MANUAL, NULL) == 60000);
    manifest_release(&m);
    expect("{" NAMES ", " DECIDE ", 'triggers': [{'kind': 'manual', 'deadline': 0},"
           " {'kind': 'manual', 'deadline': 'soon'}]}",
           NULL,
           "s.lua:0: triggers.1.deadline: expected a duration from 1ms to 31d (seconds, or text "
           "like \"90s\" or \"1h\"), got integer 0\n"
           "s.lua:0: triggers.2.deadline: expected a duration from 1ms to 31d (seconds, or text "
           "like \"90s\" or \"1h\"), got string \"soon\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(defaults),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(all_problems_at_once),
        cmocka_unit_test(wrong_shapes),
        cmocka_unit_test(parameter_mistakes),
        cmocka_unit_test(parameter_values),
        cmocka_unit_test(overrides_of_a_strategy_without_parameters),
        cmocka_unit_test(too_many_triggers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
