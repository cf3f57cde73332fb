#include "support.h"

/* Never asked: it only has to be well-formed. */
#define URL    "'url':'https://executor.example/batches'"
#define SECRET ",'secret':'file:keys/hook.secret'"

static struct webhook_config accepted(const char *json)
{
    struct problems problems = {.count = 0};
    struct webhook_config config;
    struct vault_config vault;

    default_vault(&vault);
    if (parse_table(json, &vault, &config, &problems) < 0)
        fail_msg("%s: %s", json, problems.items[0].message);
    assert_int_equal(problems.count, 0);
    return config;
}

static void test_defaults(void **state)
{
    struct webhook_config c = accepted("{" URL SECRET "}");

    (void)state;
    assert_string_equal(c.url, "https://executor.example/batches");
    assert_string_equal(c.lookup_url, "https://executor.example/batches/{key}");
    assert_string_equal(c.account, "https://executor.example/batches");
    assert_null(c.simulate_url);
    assert_null(c.ca_file);
    assert_null(c.calls);
    assert_null(c.snapshot_url);
    assert_false(c.estimate_costs);
    assert_int_equal(c.timeout_ms, 10000);
    assert_int_equal(c.secret.kind, KEY_SOURCE_FILE);
    assert_string_equal(c.secret.name, "keys/hook.secret");
    webhook_config_release(&c);
}

static void test_everything(void **state)
{
    struct webhook_config c = accepted(
        "{'url':'https://h/b?token=t','lookup_url':'https://h/b?token=t&key={key}',"
        "'simulate_url':'https://h/s','secret_env':'HOOK','timeout':'3s','ca_file':'ca.pem',"
        "'calls':['a','b'],'estimate_costs':true,'executor':'webhook','permissions':[],'caps':{"
        "'max_open_positions':3},'snapshot':{'url':'http://[::1]/v','every':'2s','values':{'nav':"
        "'/nav','open_positions':'/p','all':''}}}");

    (void)state;
    assert_string_equal(c.account, "https://h/b");
    assert_string_equal(c.lookup_url, "https://h/b?token=t&key={key}");
    assert_string_equal(c.simulate_url, "https://h/s");
    assert_int_equal(c.secret.kind, KEY_SOURCE_ENV);
    assert_string_equal(c.secret.name, "HOOK");
    assert_int_equal(c.timeout_ms, 3000);
    assert_string_equal(c.ca_file, "ca.pem");
    assert_json(c.calls, "['a','b']");
    assert_true(c.estimate_costs);
    assert_string_equal(c.snapshot_url, "http://[::1]/v");
    assert_int_equal(c.snapshot_ms, 2000);
    assert_int_equal(c.value_count, 3);
    webhook_config_release(&c);
}

static void test_a_slash_at_the_end(void **state)
{
    struct webhook_config c = accepted("{'url':'https://h/b/'" SECRET "}");

    (void)state;
    assert_string_equal(c.lookup_url, "https://h/b/{key}");
    webhook_config_release(&c);
}

/* The table has exactly this problem. */
static void refused(const char *json, const struct vault_config *vault, const char *message)
{
    struct problems problems = {.count = 0};
    struct webhook_config config;

    if (parse_table(json, vault, &config, &problems) == 0)
        fail_msg("accepted: %s", json);
    if (problems.count != 1 || strcmp(problems.items[0].message, message) != 0)
        fail_msg("%s: %zu problems, first: %s", json, problems.count, problems.items[0].message);
    problems_release(&problems);
}

static void test_refused(void **state)
{
    static const struct {
        const char *json, *message;
    } cases[] = {
        {"{'secret':'env:X'}", "vaults.hook.url: is missing: expected the address that batches are "
                               "POSTed to"},
        {"{'url':'http://h/b'" SECRET "}",
         "vaults.hook.url: http:// is for this machine only (127.0.0.1, [::1], localhost): over a "
         "network use https://"},
        {"{'url':'https://h/b?x'" SECRET "}",
         "vaults.hook.lookup_url: is missing: the url has a query, so where to put {key} must be "
         "said"},
        {"{" URL SECRET ",'lookup_url':'https://h/x'}",
         "vaults.hook.lookup_url: expected {key} exactly once: the batch's idempotency key is put "
         "there"},
        {"{" URL SECRET ",'lookup_url':'https://h/{key}{key}'}",
         "vaults.hook.lookup_url: expected {key} exactly once: the batch's idempotency key is put "
         "there"},
        {"{" URL SECRET ",'simulate_url':'https://executor.example/batches'}",
         "vaults.hook.simulate_url: is the url itself: what only asks must not go where batches "
         "are executed"},
        {"{" URL SECRET ",'simulate_url':'ftp://h'}",
         "vaults.hook.simulate_url: expected an address like https://executor.example/batches"},
        {"{" URL "}", "vaults.hook.secret: is missing: expected \"file:PATH\", "
                      "\"credential:NAME\" or \"env:NAME\""},
        {"{" URL SECRET ",'secret_env':'X'}",
         "vaults.hook.secret: expected either secret or secret_env, got both"},
        {"{" URL ",'secret_env':'A B'}",
         "vaults.hook.secret_env: 'A B' cannot be a variable's name: expected "
         "[A-Za-z_][A-Za-z0-9_]*"},
        {"{" URL SECRET ",'timeout':0.5}",
         "vaults.hook.timeout: expected a duration from 1s to 5m (seconds, or text like \"90s\" or "
         "\"1h\"), got number 0.5"},
        {"{" URL SECRET ",'calls':'a'}",
         "vaults.hook.calls: expected an array of at most 256 targets, got string \"a\""},
        {"{" URL SECRET ",'calls':['a',5]}",
         "vaults.hook.calls: expected an array of targets, each a string, got integer 5"},
        {"{" URL SECRET ",'snapshot':{'values':{}}}",
         "vaults.hook.snapshot.url: is missing: expected the address that is asked for the vault"},
        {"{" URL SECRET ",'snapshot':{'url':'https://h/v'}}",
         "vaults.hook.snapshot.values: is missing: expected a table of names and JSON pointers"},
        {"{" URL SECRET ",'snapshot':{'url':'https://h/v','values':{'nav':'nav'}}}",
         "vaults.hook.snapshot.values.nav: expected a JSON pointer, like \"/balances/quote\", got "
         "string \"nav\""},
        {"{" URL SECRET ",'snapshot':{'url':'https://h/v','values':{'stale':'/x'}}}",
         "vaults.hook.snapshot.values.stale: expected a name of a-z, 0-9, '_' that is not one of "
         "ctx.vault's own"},
        {"{" URL SECRET ",'snapshot':{'url':'https://h/v','values':{},'evry':1}}",
         "unknown key 'vaults.hook.snapshot.evry'"},
        {"{" URL SECRET ",'caps':{'max_open_positions':3}}",
         "vaults.hook.caps.max_open_positions: cannot be judged without "
         "snapshot.values.open_positions"},
    };
    struct vault_config vault;

    (void)state;
    default_vault(&vault);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].json, &vault, cases[i].message);
}

/* What stands where a source was expected may be the secret itself. */
static void test_a_secret_is_not_repeated(void **state)
{
    struct problems problems = {.count = 0};
    struct webhook_config config;
    struct vault_config vault;

    (void)state;
    default_vault(&vault);
    assert_int_equal(
        parse_table("{" URL ",'secret':'hunter2-hunter2-hunter2'}", &vault, &config, &problems),
        -1);
    for (size_t i = 0; i < problems.count; i++) {
        assert_null(strstr(problems.items[i].message, "hunter2"));
        assert_true(problems.items[i].hint == NULL ||
                    strstr(problems.items[i].hint, "hunter2") == NULL);
    }
    problems_release(&problems);
}

static void test_caps_that_cannot_be_judged(void **state)
{
    struct vault_config vault;

    (void)state;
    default_vault(&vault);
    vault.caps.max_exposure_pct = 50;
    refused("{" URL SECRET "}", &vault,
            "vaults.hook.caps.max_exposure_pct: a vault of the webhook executor cannot judge it: "
            "it does not know the vault's positions");
    default_vault(&vault);
    vault.caps.max_single_position_pct = 50;
    refused("{" URL SECRET "}", &vault,
            "vaults.hook.caps.max_single_position_pct: is a part of the NAV, which is not known: "
            "expected snapshot.values.nav");
}

static void test_a_url_that_is_too_long(void **state)
{
    struct vault_config vault;
    char json[400];

    (void)state;
    default_vault(&vault);
    snprintf(json, sizeof json, "{'url':'https://h/%0100d'" SECRET "}", 0);
    refused(json, &vault, "vaults.hook.url: expected at most 96 bytes before a '?', got 110");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_a_slash_at_the_end),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a_secret_is_not_repeated),
        cmocka_unit_test(test_caps_that_cannot_be_judged),
        cmocka_unit_test(test_a_url_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
