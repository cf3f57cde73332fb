/* The keys `sui` and a vault's: what is wrong is said at the start, with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "chain/chain.h"
#include "chain/config.h"
#include "model/problem.h"

static json_t *parse(const char *text)
{
    char copy[8192];
    json_error_t why;
    json_t *json;

    snprintf(copy, sizeof copy, "%s", text);
    for (char *c = copy; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    json = json_loads(copy, 0, &why);
    if (json == NULL)
        fail_msg("%s", why.text);
    return json;
}

/* Problems as "line: message (hint)" lines, in order of lines. */
static void expect(const char *text, const char *source, const char *expected)
{
    struct config config;
    struct problems problems = {0};
    char said[8192] = "";
    size_t used = 0;
    json_t *json = parse(text);

    (void)config_parse(json, source, &config, &problems);
    chain_config_check(&config, source, &problems);
    problems_sort(&problems);
    for (size_t i = 0; i < problems.count; i++) {
        const struct problem *p = &problems.items[i];
        used +=
            (size_t)snprintf(said + used, sizeof said - used, "%d: %s%s%s%s\n", p->line, p->message,
                             p->hint ? " (" : "", p->hint ? p->hint : "", p->hint ? ")" : "");
    }
    assert_string_equal(said, expected);
    problems_release(&problems);
    config_release(&config);
    json_decref(json);
}

#define SUI                                                                                        \
    "'sui': {'chain': '4c78adac', 'endpoints': ['https://a.example/graphql'],"                     \
    " 'operators': {'main': {'key': 'file:k'}}}"
#define CALLS                                                                                      \
    "'objects': {'vault': {'id': '0xa1', 'shared': 5, 'mutable': true}},"                          \
    " 'calls': {'refresh_nav_snapshot': [{'target': '0xcc::v::refresh',"                           \
    "   'arguments': [{'object': 'vault'}]}]}"

static void a_right_one(void **state)
{
    (void)state;
    expect("{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'main', " CALLS
           ", 'snapshot': {'every': '1s', 'nav': {'object': 'vault', 'at': '/nav'}}}}}",
           NULL, "");
    expect("{'vaults': {'p': {}}}", NULL, "");
}

static void the_table_of_the_chain(void **state)
{
    (void)state;
    expect(
        "{'sui': {'chian': 'x', 'timeout': '1ms', 'endpoints': ['ftp://x', 'http://10.0.0.1/g',"
        " 'http://127.0.0.1:9/g'], 'operators': {'main': {'gas_coins': 0, 'address': 'zz',"
        " 'recipients': ['0x1', 'q']}, 'Bad': {}}}}",
        "return {\n  sui = {\n    chian = 'x',\n    timeout = '1ms',\n    endpoints = {},\n"
        "    operators = {\n      main = {\n        gas_coins = 0,\n        address = 'zz',\n"
        "        recipients = {} } } } }\n",
        "2: sui.chain: is missing: expected the chain's identifier, like \"4c78adac\"\n"
        "3: unknown key 'sui.chian' (did you mean 'chain'?)\n"
        "4: sui.timeout: expected a duration from 100ms to 5m (seconds, or text like \"90s\" or "
        "\"1h\"), got string \"1ms\"\n"
        "5: sui.endpoints.1: expected a URL, like \"https://host/graphql\", got string "
        "\"ftp://x\"\n"
        "5: sui.endpoints.2: http:// is accepted for this machine only: anybody on the way could "
        "answer (use https://)\n"
        "6: sui.operators.Bad: expected a name of a-z, 0-9, '_', '-' with a table, got object\n"
        "7: sui.operators.main.key: is missing: expected where the key is, like "
        "\"file:keys/operator.key\"\n"
        "8: sui.operators.main.gas_coins: expected an amount (an integer from 1 to 256), got "
        "integer 0\n"
        "9: sui.operators.main.address: an address is 0x and 1 to 64 hex digits, got \"zz\" (2 "
        "characters)\n"
        "10: sui.operators.main.recipients.2: expected an address, 0x and hex digits, got string "
        "\"q\"\n");
}

static void vaults(void **state)
{
    (void)state;
    expect("{'vaults': {'v': {'executor': 'sui', 'operator': 'main', " CALLS "}}}", NULL,
           "0: vaults.v.executor: \"sui\" needs the table `sui`, which is missing (describe the "
           "chain and its operators there)\n");
    expect("{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'mian', " CALLS "}}}", NULL,
           "0: vaults.v.operator: sui.operators has no 'mian' (did you mean 'main'?)\n");
    expect("{" SUI ", 'vaults': {'v': {'executor': 'sui', " CALLS ", 'on_foreign': 'stop'}}}", NULL,
           "0: vaults.v.on_foreign: expected \"halt\" or \"warn\", got string \"stop\"\n"
           "0: vaults.v.operator: is missing: expected the name of one of sui.operators\n");
    expect("{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'main'}}}", NULL,
           "0: vaults.v.calls: expected the commands of at least one kind of action: this vault "
           "could do nothing\n");
    expect("{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'main', " CALLS
           ", 'snapshot': {'nav': {'object': 'valt', 'at': 'nav'}, 'pm': {},"
           " 'pm_balance': {'object': 'valt', 'at': '/x'}}}}}",
           NULL,
           "0: unknown key 'vaults.v.snapshot.pm' (known here: every, quote_balance, pm_balance, "
           "nav, open_positions)\n"
           "0: vaults.v.snapshot.nav.at: expected a JSON pointer, like \"/balance/value\", got "
           "string \"nav\"\n"
           "0: vaults.v.snapshot.pm_balance.object: expected the name of one of the vault's "
           "`objects`, got string \"valt\"\n");
}

static void caps_that_cannot_be_judged(void **state)
{
    (void)state;
    expect(
        "{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'main', " CALLS
        ", 'caps': {'max_exposure_pct': 50}}}}",
        NULL,
        "0: vaults.v.caps.max_exposure_pct: a vault of the sui executor cannot judge it: it does "
        "not know the vault's positions\n");
}

static void what_the_signer_is_told(void **state)
{
    struct config config;
    struct chain_config chain;
    struct problems problems = {0};
    struct error e = ERROR_INIT;
    json_t *json = parse("{" SUI ", 'vaults': {'v': {'executor': 'sui', 'operator': 'main', " CALLS
                         "}, 'p': {}}}"),
           *rules, *one;
    (void)state;

    assert_int_equal(config_parse(json, NULL, &config, &problems), 0);
    assert_int_equal(chain_config_load(&config, &chain, &e), 0);
    rules = chain_rules(&config, &chain, &e);
    one = json_array_get(json_object_get(rules, "operators"), 0);
    assert_int_equal(json_array_size(json_object_get(one, "recipes")), 1);
    assert_string_equal(json_string_value(json_object_get(one, "key")), "file:k");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(one, "gas"), "split_max")),
                     16 * 200000000LL);
    json_decref(rules);
    chain_config_release(&chain);
    config_release(&config);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_one),
        cmocka_unit_test(the_table_of_the_chain),
        cmocka_unit_test(vaults),
        cmocka_unit_test(caps_that_cannot_be_judged),
        cmocka_unit_test(what_the_signer_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
