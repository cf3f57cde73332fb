/* orrery.lua: defaults, every key, and what is said about each mistake. */
#include "unit/model/support.h"

#include "model/config.h"

static void parse_ok(const char *json, struct config *out)
{
    json_t *value = json_of(json);
    struct problems list = {0};

    if (config_parse(value, NULL, out, &list) < 0) {
        char *text = problems_text(&list);
        fail_msg("%s", text);
    }
    json_decref(value);
    problems_release(&list);
}

/* The problems of a config, with the lines of `source` (NULL: line 0). */
static void expect(const char *json, const char *source, const char *problems)
{
    json_t *value = json_of(json);
    struct problems list = {0};
    struct config config;
    int result = config_parse(value, source, &config, &list);

    assert_int_equal(result, list.errors == 0 ? 0 : -1);
    expect_problems(&list, problems);
    config_release(&config);
    json_decref(value);
}

static void defaults(void **state)
{
    struct config c;

    (void)state;
    parse_ok("{}", &c);
    assert_string_equal(c.strategies, "strategies");
    assert_string_equal(c.journal, "sqlite:data/orrery.db");
    assert_string_equal(c.state, "sqlite:data/orrery.db");
    assert_string_equal(c.data, "data");
    assert_false(c.state_is_function);
    assert_in_range(c.workers, 1, 4);
    assert_true(c.health_skip == 3 && c.health_skip_max == 384 && c.seed == 0);
    assert_true(c.limits.memory == LIMIT_SCRIPT_MEMORY && c.limits.soft_ms == 100);
    assert_true(c.limits.hard_ms == 1000 && c.limits.wall_ms == 30000);
    assert_true(c.limits.value_bytes == 65536 && c.limits.state_bytes == 8388608);
    assert_true(c.vault_count == 0 && c.feed_count == 0 && c.plugins == NULL);
    assert_null(config_vault(&c, "x"));
    assert_null(config_feed(&c, "x"));
    config_release(&c);
}

static void every_top_level_key(void **state)
{
    struct config c;

    (void)state;
    parse_ok(
        "{'strategies': 's', 'journal': 'memory:', 'state': {'$function': true}, 'data': 'd',"
        " 'workers': 2.0, 'seed': '18446744073709551615', 'health': {'skip': 1, 'skip_max': 9},"
        " 'limits': {'memory': 1048576, 'soft_ms': 5, 'hard_ms': 50, 'wall_ms': 500,"
        " 'value_bytes': 100, 'state_bytes': 2000},"
        " 'plugins': {'p': {'params': {'x': 1}, 'enabled': false}}}",
        &c);
    assert_string_equal(c.strategies, "s");
    assert_string_equal(c.journal, "memory:");
    assert_string_equal(c.data, "d");
    assert_true(c.state_is_function);
    assert_null(c.state);
    assert_true(c.workers == 2 && c.seed == UINT64_MAX && c.health_skip == 1 &&
                c.health_skip_max == 9);
    assert_true(c.limits.memory == 1048576 && c.limits.soft_ms == 5 && c.limits.hard_ms == 50 &&
                c.limits.wall_ms == 500 && c.limits.value_bytes == 100 &&
                c.limits.state_bytes == 2000);
    assert_true(json_is_object(json_object_get(c.plugins, "p")));
    config_release(&c);
}

static void vaults(void **state)
{
    struct config c;
    const struct vault_config *v;

    (void)state;
    parse_ok("{'vaults': {'plain': {}, 'btc-vault': {'executor': 'paper', 'quote_balance': 1e12,"
             " 'pm_balance': '5', 'permissions': ['mint_binary', 'pm_withdraw'], 'is_frozen': true,"
             " 'auto_fund': false, 'spread_pct': 2.5, 'fee_pct': 10, 'caps':"
             " {'max_single_position_pct': 1, 'max_exposure_pct': 2, 'max_drawdown_pct': 3,"
             " 'max_open_positions': 4, 'max_spend': 5, 'spend_window': '90s'}},"
             " 'bits': {'permissions': 5, 'caps': {'spend_window': 60}},"
             " 'none': {'permissions': {}}}}",
             &c);
    assert_int_equal(c.vault_count, 4);
    v = config_vault(&c, "plain");
    assert_true(v->permissions == 255 && v->auto_fund && !v->is_frozen && v->spread_pct == 1 &&
                v->fee_pct == 0);
    assert_true(v->caps.max_single_position_pct == 100 && v->caps.max_open_positions == 64 &&
                v->caps.max_spend == 0 && v->caps.spend_window_ms == 3600000);
    assert_string_equal(v->executor, "paper");
    v = config_vault(&c, "btc-vault");
    assert_true(v->quote_balance == 1000000000000 && v->pm_balance == 5 &&
                v->permissions == (1 | 128));
    assert_true(v->is_frozen && !v->auto_fund && v->spread_pct == 2.5 && v->fee_pct == 10);
    assert_true(v->caps.max_single_position_pct == 1 && v->caps.max_exposure_pct == 2 &&
                v->caps.max_drawdown_pct == 3 && v->caps.max_open_positions == 4 &&
                v->caps.max_spend == 5 && v->caps.spend_window_ms == 90000);
    assert_int_equal(config_vault(&c, "bits")->permissions, 5);
    assert_int_equal(config_vault(&c, "bits")->caps.spend_window_ms, 60000);
    assert_int_equal(config_vault(&c, "none")->permissions, 0);
    config_release(&c);
}

static void feeds(void **state)
{
    struct config c;
    const struct feed_config *f;

    (void)state;
    parse_ok("{'feeds': {'btc': {'kind': 'sim', 'model': 'gbm', 'spot': 100000, 'volatility': 0.5,"
             " 'drift': -0.1, 'seed': 7, 'every_ms': 250, 'expiry_every': '20s',"
             " 'stale_after_ms': 70, 'svi': {'rho': 0.1, 'm': 0.2, 'sigma': 0.3, 'wings': 0.4}},"
             " 'hist': {'kind': 'csv', 'path': 'a.csv', 'path_env': 'FILE', 'time_column': 't',"
             " 'price_column': 'p', 'speed': 60, 'expiry_every': 60},"
             " 'fast': {'kind': 'csv', 'path_env': 'FILE', 'speed': 'max'}}}",
             &c);
    f = config_feed(&c, "btc");
    assert_true(f->kind == FEED_SIM && f->spot == 100000 && f->volatility == 0.5 &&
                f->drift == -0.1 && f->seed == 7 && f->every_ms == 250);
    assert_true(f->expiry_every_ms == 20000 && f->stale_after_ms == 70 && f->rho == 0.1 &&
                f->m == 0.2 && f->sigma == 0.3 && f->wings == 0.4);
    f = config_feed(&c, "hist");
    assert_true(f->kind == FEED_CSV && f->speed == 60 && f->expiry_every_ms == 60000 &&
                f->stale_after_ms == 0);
    assert_string_equal(f->path, "a.csv");
    assert_string_equal(f->path_env, "FILE");
    assert_string_equal(f->time_column, "t");
    assert_string_equal(f->price_column, "p");
    f = config_feed(&c, "fast");
    assert_null(f->path);
    assert_true(f->speed == 0);
    assert_string_equal(f->time_column, "timestamp");
    assert_string_equal(f->price_column, "close");
    config_release(&c);
    parse_ok("{'feeds': {'web': {'kind': 'http', 'url': 'https://x/y', 'price': '/a/0', 'time':"
             " '/t', 'forward': '/f', 'timeout_ms': 100, 'max_bytes': 1000, 'every_ms': 4000},"
             " 'sim': {'kind': 'sim', 'spot': 1}}}",
             &c);
    f = config_feed(&c, "web");
    assert_true(f->kind == FEED_HTTP && f->timeout_ms == 100 && f->max_bytes == 1000 &&
                f->every_ms == 4000 && f->stale_after_ms == 12000);
    assert_string_equal(f->price_pointer, "/a/0");
    assert_string_equal(f->time_pointer, "/t");
    assert_string_equal(f->forward_pointer, "/f");
    assert_int_equal(config_feed(&c, "sim")->stale_after_ms, 5000);
    config_release(&c);
}

/* One desk with a mistake in every second line: all are reported, each with its place. */
static void all_problems_at_once(void **state)
{
    static const char source[] = "return {\n"                                 /* 1 */
                                 "  strategys = 'x',\n"                       /* 2 */
                                 "  workers = 99,\n"                          /* 3 */
                                 "  journal = 'postgres://x',\n"              /* 4 */
                                 "  vaults = {\n"                             /* 5 */
                                 "    ['btc-vault'] = {\n"                    /* 6 */
                                 "      executor = 'real',\n"                 /* 7 */
                                 "      spread_pct = '1',\n"                  /* 8 */
                                 "      permissions = { 'mint_binary',\n"     /* 9 */
                                 "                      'mint_rnage', 5 },\n" /* 10 */
                                 "      caps = {\n"                           /* 11 */
                                 "        max_spent = 1,\n"                   /* 12 */
                                 "        spend_window = '1 hour' },\n"       /* 13 */
                                 "    },\n"                                   /* 14 */
                                 "    ['Bad Name'] = {},\n"                   /* 15 */
                                 "  },\n"                                     /* 16 */
                                 "  feeds = {\n"                              /* 17 */
                                 "    btc = { kind = 'sim',\n"                /* 18 */
                                 "            model = 'heston',\n"            /* 19 */
                                 "            path = 'x.csv' },\n"            /* 20 */
                                 "    eth = { kind = 'smi' },\n"              /* 21 */
                                 "  },\n"                                     /* 22 */
                                 "  http = {\n"                               /* 23 */
                                 "    listen = 1 },\n"                        /* 24 */
                                 "}\n";

    (void)state;
    expect("{'strategys': 'x', 'workers': 99, 'journal': 'postgres://x', 'vaults': {'btc-vault':"
           " {'executor': 'real', 'spread_pct': '1', 'permissions': ['mint_binary', 'mint_rnage',"
           " 5], 'caps': {'max_spent': 1, 'spend_window': '1 hour'}}, 'Bad Name': {}}, 'feeds':"
           " {'btc': {'kind': 'sim', 'model': 'heston', 'path': 'x.csv'}, 'eth': {'kind': 'smi'}},"
           " 'http': {'listen': 1}}",
           source,
           "orrery.lua:2: unknown key 'strategys' (did you mean 'strategies'?)\n"
           "orrery.lua:3: workers: expected an integer from 1 to 64, got integer 99\n"
           "orrery.lua:4: journal: the store's URL: expected the database's name, as in "
           "postgres://user@host/database\n"
           "orrery.lua:7: vaults.btc-vault.executor: expected \"paper\", \"sui\" or \"webhook\", "
           "got string \"real\"\n"
           "orrery.lua:8: vaults.btc-vault.spread_pct: expected a number from 0 to 50, got string "
           "\"1\"\n"
           "orrery.lua:10: vaults.btc-vault.permissions.2: unknown permission 'mint_rnage' (did "
           "you mean 'mint_range'?)\n"
           "orrery.lua:10: vaults.btc-vault.permissions.3: expected the name of a vault action, "
           "like \"mint_binary\", got integer 5\n"
           "orrery.lua:12: unknown key 'vaults.btc-vault.caps.max_spent' (did you mean "
           "'max_spend'?)\n"
           "orrery.lua:13: vaults.btc-vault.caps.spend_window: expected a duration from 1s to 31d "
           "(seconds, or text like \"90s\" or \"1h\"), got string \"1 hour\"\n"
           "orrery.lua:15: vaults.Bad Name: expected a name of 1 to 64 of a-z, 0-9, '_', '-', "
           "beginning with a letter or digit\n"
           "orrery.lua:18: feeds.btc.spot: is missing: expected the first price, a number\n"
           "orrery.lua:19: feeds.btc.model: expected \"gbm\", got string \"heston\"\n"
           "orrery.lua:20: feeds.btc.path: a sim feed has no such key (it belongs to kind csv)\n"
           "orrery.lua:21: feeds.eth.kind: expected \"sim\", \"csv\" or \"http\", got string "
           "\"smi\"\n"
           "warning: orrery.lua:23: http: the HTTP API is not part of this version: ignored\n");
}

static void wrong_shapes(void **state)
{
    (void)state;
    expect("5", NULL, "orrery.lua:0: expected a table of settings to be returned, got integer 5\n");
    expect("{'$function': true}", NULL,
           "orrery.lua:0: expected a table of settings to be returned, got function\n");
    expect("[1]", NULL,
           "orrery.lua:0: expected a table of settings to be returned, got array of 1\n");
    expect("{'vaults': [{}], 'feeds': {'$function': true}, 'limits': 5, 'plugins': 'x'}", NULL,
           "orrery.lua:0: feeds: expected a table with names as keys, got function\n"
           "orrery.lua:0: limits: expected a table with names as keys, got integer 5\n"
           "orrery.lua:0: plugins: expected a table with names as keys, got string \"x\"\n"
           "orrery.lua:0: vaults: expected a table with names as keys, got array of 1\n");
    expect("{'vaults': {'a': 5}, 'feeds': {'b': [1]}, 'plugins': {'c': true}}", NULL,
           "orrery.lua:0: feeds.b: expected a table, got array of 1\n"
           "orrery.lua:0: plugins.c: expected a table, got true\n"
           "orrery.lua:0: vaults.a: expected a table, got integer 5\n");
    expect("{'workers': {'$function': true}, 'strategies': '', 'data': 5}", NULL,
           "orrery.lua:0: data: expected a string of 1 to 1024 printable bytes, got integer 5\n"
           "orrery.lua:0: strategies: expected a string of 1 to 1024 printable bytes, got string "
           "\"\"\n"
           "orrery.lua:0: workers: expected an integer from 1 to 64, got function\n");
}

static void keys_of_other_executors(void **state)
{
    struct config c;
    struct problems problems = {0};
    json_t *json = json_pack("{s:{s:s}, s:{s:{s:s, s:s, s:{}}, s:{s:s, s:s}}}", "sui", "chain",
                             "4c78adac", "vaults", "a", "executor", "sui", "operator", "main",
                             "calls", "b", "executor", "webhook", "url", "https://example.com");
    (void)state;
    assert_int_equal(config_parse(json, NULL, &c, &problems), 0);
    assert_string_equal(c.vaults[0].executor, "sui");
    assert_string_equal(json_string_value(json_object_get(c.vaults[0].table, "operator")), "main");
    assert_string_equal(c.vaults[1].executor, "webhook");
    assert_string_equal(json_string_value(json_object_get(c.sui, "chain")), "4c78adac");
    config_release(&c);
    problems_release(&problems);
    json_decref(json);
    expect("{'vaults': {'a': {'executor': 'sui', 'spread_pct': 1}, 'b': {'operator': 'main'},"
           " 'c': {'executor': 'sul'}}, 'sui': 5}",
           NULL,
           "orrery.lua:0: sui: expected a table with names as keys, got integer 5\n"
           "orrery.lua:0: vaults.a.spread_pct: a vault with executor 'sui' has no such key (it "
           "belongs to paper or webhook)\n"
           "orrery.lua:0: vaults.b.operator: a vault with executor 'paper' has no such key (it "
           "belongs to sui)\n"
           "orrery.lua:0: vaults.c.executor: unknown executor 'sul' (did you mean 'sui'?)\n");
}

static void ranges(void **state)
{
    (void)state;
    expect("{'workers': 0, 'seed': -1, 'health': {'skip': 0}, 'limits': {'memory': 1.5}}", NULL,
           "orrery.lua:0: health.skip: expected an integer from 1 to 1000000, got integer 0\n"
           "orrery.lua:0: limits.memory: expected an integer from 262144 to 1073741824, got number "
           "1.5\n"
           "orrery.lua:0: seed: expected an integer of 0 or more, got integer -1\n"
           "orrery.lua:0: workers: expected an integer from 1 to 64, got integer 0\n");
    expect("{'health': {'skip': 9, 'skip_max': 8}, 'limits': {'soft_ms': 50, 'hard_ms': 40,"
           " 'wall_ms': 100, 'value_bytes': 5000, 'state_bytes': 4000}}",
           NULL,
           "orrery.lua:0: health.skip_max: expected at least skip (9), got 8\n"
           "orrery.lua:0: limits.hard_ms: expected at least soft_ms (50), got 40\n"
           "orrery.lua:0: limits.state_bytes: expected at least value_bytes (5000), got 4000\n");
    expect("{'vaults': {'v': {'quote_balance': 5e18, 'pm_balance': -1, 'fee_pct': 101,"
           " 'permissions': 256, 'auto_fund': 1, 'caps': {'max_exposure_pct': -0.5}}}}",
           NULL,
           "orrery.lua:0: vaults.v.auto_fund: expected true or false, got integer 1\n"
           "orrery.lua:0: vaults.v.caps.max_exposure_pct: expected a number from 0 to 100, got "
           "number -0.5\n"
           "orrery.lua:0: vaults.v.fee_pct: expected a number from 0 to 100, got integer 101\n"
           "orrery.lua:0: vaults.v.permissions: expected an array of names of vault actions, or "
           "their bits as an integer from 0 to 255, got integer 256\n"
           "orrery.lua:0: vaults.v.pm_balance: expected an amount (an integer from 0 to "
           "4000000000000000000), got integer -1\n"
           "orrery.lua:0: vaults.v.quote_balance: expected an amount (an integer from 0 to "
           "4000000000000000000), got number 5e+18\n");
}

static void feed_mistakes(void **state)
{
    (void)state;
    expect("{'feeds': {'a': {}, 'b': {'kind': 'csv', 'speed': 'fast'}, 'c': {'kind': 'sim', 'spot':"
           " 0, 'expiry_every': '10ms', 'svi': {'roh': 1, 'rho': 1}}, 'd': {'kind': 'sim', 'spot':"
           " 1, 'volatilty': 1, 'svi': 3}}}",
           NULL,
           "orrery.lua:0: feeds.a.kind: is missing: expected \"sim\", \"csv\" or \"http\"\n"
           "orrery.lua:0: feeds.b.path: is missing: expected a file, relative to the desk\n"
           "orrery.lua:0: feeds.b.speed: expected \"max\", or the seconds of data per second as a "
           "number from 0.001 to 1000000000, got string \"fast\"\n"
           "orrery.lua:0: feeds.c.expiry_every: expected a duration from 1s to 366d (seconds, or "
           "text like \"90s\" or \"1h\"), got string \"10ms\"\n"
           "orrery.lua:0: feeds.c.spot: expected a number from 1e-09 to 1000000000000, got integer "
           "0\n"
           "orrery.lua:0: feeds.c.svi.rho: expected a number from -0.999 to 0.999, got integer 1\n"
           "orrery.lua:0: feeds.d.svi: expected a table with names as keys, got integer 3\n"
           "orrery.lua:0: unknown key 'feeds.c.svi.roh' (did you mean 'rho'?)\n"
           "orrery.lua:0: unknown key 'feeds.d.volatilty' (did you mean 'volatility'?)\n");
    expect("{'feeds': {'a': {'kind': 'http', 'url': 'ftp://x', 'price': 'a.b', 'spot': 1,"
           " 'every_ms': 1}, 'b': {'kind': 'http'}}}",
           NULL,
           "orrery.lua:0: feeds.a.every_ms: expected an integer from 10 to 86400000, got integer "
           "1\n"
           "orrery.lua:0: feeds.a.price: expected a JSON pointer like \"/data/price\", got string "
           "\"a.b\"\n"
           "orrery.lua:0: feeds.a.spot: a http feed has no such key (it belongs to kind sim)\n"
           "orrery.lua:0: feeds.a.url: expected an http:// or https:// address, got string "
           "\"ftp://x\"\n"
           "orrery.lua:0: feeds.b.price: is missing: expected the JSON pointer of the price, like "
           "\"/data/price\"\n"
           "orrery.lua:0: feeds.b.url: is missing: expected an http:// or https:// address\n");
    expect("{'feeds': {'a': {'kind': 'http', 'url': 'http://x', 'price': '/p'}, 'b': {'kind':"
           " 'csv', 'path': 'x'}, 'c': {'kind': 'sim', 'spot': 1}}}",
           NULL,
           "orrery.lua:0: feeds.a: an http feed lives in real time, but csv feed 'b' makes the "
           "desk's clock the data's: use one kind\n");
}

static void plugin_mistakes(void **state)
{
    (void)state;
    expect("{'plugins': {'a': {'enabeld': true, 'params': [1]}, 'b': {'enabled': 1}}}", NULL,
           "orrery.lua:0: plugins.a.params: expected a table with names as keys, got array of 1\n"
           "orrery.lua:0: plugins.b.enabled: expected true or false, got integer 1\n"
           "orrery.lua:0: unknown key 'plugins.a.enabeld' (did you mean 'enabled'?)\n");
}

static void unknown_key_without_a_likely_one_lists_all(void **state)
{
    (void)state;
    expect("{'health': {'zzzzzzzzz': 1}}", NULL,
           "orrery.lua:0: unknown key 'health.zzzzzzzzz' (known here: skip, skip_max)\n");
}

static void too_many(void **state)
{
    json_t *vaults = json_object(), *json = json_pack("{s:o}", "vaults", vaults);
    struct problems list = {0};
    struct config config;
    char name[16];

    (void)state;
    for (int i = 0; i <= LIMIT_VAULTS; i++) {
        snprintf(name, sizeof name, "v%d", i);
        json_object_set_new(vaults, name, json_object());
    }
    assert_int_equal(config_parse(json, NULL, &config, &list), -1);
    expect_problems(&list, "orrery.lua:0: vaults: expected at most 256 entries, got 257\n");
    config_release(&config);
    json_decref(json);
}

static void retention_and_summaries(void **state)
{
    struct config c;

    (void)state;
    parse_ok("{}", &c);
    assert_true(c.retention.age_ms == 0 && c.retention.runs == 10000000);
    assert_true(c.retention.dead_ms == 90 * 86400000LL && c.retention.events_ms == 7 * 86400000LL);
    assert_true(c.retention.every_ms == 60000 && c.summary_ms == 600000);
    config_release(&c);
    parse_ok("{'retention': {'age': '30d', 'runs': 1000000, 'dead': 0, 'events': '1h',"
             " 'every': '5s'}, 'summary_every': 0}",
             &c);
    assert_true(c.retention.age_ms == 30 * 86400000LL && c.retention.runs == 1000000);
    assert_true(c.retention.dead_ms == 0 && c.retention.events_ms == 3600000);
    assert_true(c.retention.every_ms == 5000 && c.summary_ms == 0);
    config_release(&c);
    expect("{'retention': {'age': -1, 'runs': -5, 'evry': 1}, 'summary_every': 'often'}", NULL,
           "orrery.lua:0: retention.age: expected a duration from 0ms to 3660d (seconds, or text "
           "like \"90s\" or \"1h\"), got integer -1\n"
           "orrery.lua:0: retention.runs: expected a number of runs from 0 (any number) to 10^15, "
           "got integer -5\n"
           "orrery.lua:0: summary_every: expected a duration from 0ms to 31d (seconds, or text "
           "like \"90s\" or \"1h\"), got string \"often\"\n"
           "orrery.lua:0: unknown key 'retention.evry' (did you mean 'every'?)\n");
    expect("{'retention': 5}", NULL,
           "orrery.lua:0: retention: expected a table with names as keys, got integer 5\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_top_level_key),
        cmocka_unit_test(retention_and_summaries),
        cmocka_unit_test(vaults),
        cmocka_unit_test(feeds),
        cmocka_unit_test(all_problems_at_once),
        cmocka_unit_test(wrong_shapes),
        cmocka_unit_test(keys_of_other_executors),
        cmocka_unit_test(ranges),
        cmocka_unit_test(feed_mistakes),
        cmocka_unit_test(plugin_mistakes),
        cmocka_unit_test(unknown_key_without_a_likely_one_lists_all),
        cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
