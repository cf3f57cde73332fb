/* Which endpoint is asked, with a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "rpc/endpoints.h"

#define TESTNET "69WiPg3DAQiwdxfncX6wYQ2siKwAe6L9BZthQea3JNMD" /* 4c78adac… */
#define OTHER   "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S"

static const char *const urls[] = {"https://one.example/graphql", "https://two.example:8443/key/x",
                                   "http://user:secret@127.0.0.1:9/"};

static struct endpoints open_them(size_t count, bool proven)
{
    struct rpc_config config = {.urls = urls, .url_count = count, .chain = "4c78adac"};
    struct endpoints es;
    struct error e = ERROR_INIT;

    if (endpoints_init(&es, &config, &e) != 0)
        fail_msg("%s", e.message);
    for (size_t i = 0; proven && i < count; i++)
        assert_true(endpoint_identified(&es, i, TESTNET));
    return es;
}

static void the_first_is_asked_until_it_fails(void **unused)
{
    struct endpoints es = open_them(3, true);

    (void)unused;
    assert_int_equal(endpoints_pick(&es, 0, 100), 0);
    assert_int_equal(endpoints_pick(&es, 1, 100), 1);
    assert_int_equal(endpoints_pick(&es, 7, 100), -1);
    endpoint_answered(&es.all[0], 100, 150);
    assert_int_equal(endpoints_pick(&es, 0, 200), 0);
    endpoint_failed(&es.all[0], 200, 210, 0, "no answer");
    assert_int_equal(endpoints_pick(&es, 0, 211), 1);
    /* rested, but the second has never failed */
    assert_int_equal(endpoints_pick(&es, 0, 5000), 1);
    endpoint_failed(&es.all[1], 5000, 5010, 0, "no answer");
    assert_int_equal(endpoints_pick(&es, 0, 5020), 2);
    endpoint_failed(&es.all[2], 5020, 5030, 0, "no answer");
    assert_int_equal(endpoints_pick(&es, 0, 5040), 0); /* failed longest ago */
    endpoints_release(&es);
}

static void rests_double_up_to_a_minute(void **unused)
{
    static const int64_t rests[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000};
    struct endpoints es = open_them(1, true);
    int64_t now = 50;

    (void)unused;
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        endpoint_failed(&es.all[0], now, now + 10, 0, "x");
        now += 10;
        assert_int_equal(endpoints_wait(&es, now), rests[i]);
        assert_int_equal(endpoints_pick(&es, 0, now + rests[i] - 1), -1);
        now += rests[i];
        assert_int_equal(endpoints_pick(&es, 0, now), 0);
        assert_int_equal(endpoints_wait(&es, now), 0);
        assert_true(endpoint_identified(&es, 0, TESTNET)); /* ends no series */
    }
    endpoint_answered(&es.all[0], now, now + 5);
    endpoint_failed(&es.all[0], now + 6, now + 7, 0, "x");
    assert_int_equal(endpoints_wait(&es, now + 7), 1000);
    endpoints_release(&es);
}

static void what_fails_together_is_one_failure(void **unused)
{
    struct endpoints es = open_them(1, true);

    (void)unused;
    for (int i = 0; i < 16; i++)
        endpoint_failed(&es.all[0], 100 + i, 600 + i, 0, "x");
    assert_int_equal(endpoints_wait(&es, 616), 1600 - 616);
    endpoint_answered(&es.all[0], 110, 620); /* an old one that went well says nothing new */
    endpoint_failed(&es.all[0], 1700, 1710, 0, "x");
    assert_int_equal(endpoints_wait(&es, 1710), 2000);
    endpoints_release(&es);
}

static void retry_after_is_obeyed_up_to_a_minute(void **unused)
{
    struct endpoints es = open_them(2, true);

    (void)unused;
    endpoint_failed(&es.all[0], 0, 10, 30000, "429");
    assert_int_equal(es.all[0].rest_until_ms, 30010);
    endpoint_failed(&es.all[0], 5, 20, 50000, "429"); /* of the same time */
    assert_int_equal(es.all[0].rest_until_ms, 50020);
    endpoint_failed(&es.all[1], 0, 10, 86400000, "429");
    assert_int_equal(es.all[1].rest_until_ms, 60010);
    assert_int_equal(endpoints_wait(&es, 1010), 49010);
    assert_int_equal(endpoints_pick(&es, 0, 50019), -1);
    assert_int_equal(endpoints_pick(&es, 0, 50020), 0);
    endpoints_release(&es);
}

static void a_failure_takes_the_proof(void **unused)
{
    struct endpoints es = open_them(2, false);

    (void)unused;
    assert_int_equal(es.all[0].trust, ENDPOINT_UNPROVEN);
    assert_true(endpoint_identified(&es, 0, "4C78ADAC"));
    assert_int_equal(es.all[0].trust, ENDPOINT_PROVEN);
    endpoint_failed(&es.all[0], 0, 10, 0, "x");
    assert_int_equal(es.all[0].trust, ENDPOINT_UNPROVEN);
    endpoints_release(&es);
}

static void another_chain_is_never_asked_again(void **unused)
{
    struct endpoints es = open_them(2, true);

    (void)unused;
    assert_false(endpoint_identified(&es, 0, OTHER));
    assert_int_equal(es.all[0].trust, ENDPOINT_FOREIGN);
    assert_int_equal(endpoints_pick(&es, 0, 1000000), 1);
    assert_false(endpoint_identified(&es, 0, TESTNET)); /* nor believed when it says another one */
    endpoint_failed(&es.all[0], 0, 10, 0, "x");
    assert_int_equal(es.all[0].trust, ENDPOINT_FOREIGN);
    assert_false(endpoints_all_foreign(&es));
    assert_false(endpoint_identified(&es, 1, "35834a8a"));
    assert_true(endpoints_all_foreign(&es));
    assert_int_equal(endpoints_pick(&es, 0, 1000000), -1);
    assert_int_equal(endpoints_wait(&es, 1000000), -1);
    endpoints_release(&es);
}

static void status_shows_hosts_and_no_keys(void **unused)
{
    struct endpoints es = open_them(3, true);
    json_t *status;
    char *text;

    (void)unused;
    endpoint_answered(&es.all[0], 0, 40);
    endpoint_failed(&es.all[1], 0, 10, 0, "no answer\nwithin 5 ms");
    endpoint_identified(&es, 2, OTHER);
    status = endpoints_json(&es, 20);
    text = json_dumps(status, JSON_SORT_KEYS);
    assert_non_null(strstr(text, "\"host\": \"one.example\""));
    assert_non_null(strstr(text, "\"answer_ms\": 40"));
    assert_non_null(strstr(text, "\"host\": \"two.example:8443\""));
    assert_non_null(strstr(text, "\"state\": \"resting\""));
    assert_non_null(strstr(text, "\"rests_ms\": 990"));
    assert_non_null(strstr(text, "\"host\": \"127.0.0.1:9\""));
    assert_non_null(strstr(text, "\"state\": \"other chain\""));
    assert_null(strstr(text, "key"));
    assert_null(strstr(text, "secret"));
    assert_null(strstr(text, "\\n"));
    free(text);
    json_decref(status);
    endpoints_release(&es);
}

static void bad_configurations_are_refused(void **unused)
{
    static const char *const bad[] = {"ftp://x", "", "https://", "one.example", "https:///path"};
    static const char *const chains[] = {"", "4c78ada", "4c78adacf", "4c78adag", "mainnet"};
    const char *many[RPC_ENDPOINTS + 1];
    struct endpoints es;
    struct error e = ERROR_INIT;

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *two[] = {urls[0], bad[i]};
        struct rpc_config config = {.urls = two, .url_count = 2, .chain = TESTNET};

        error_clear(&e);
        assert_int_equal(endpoints_init(&es, &config, &e), -1);
        assert_non_null(strstr(e.message, "endpoint 2"));
    }
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        struct rpc_config config = {.urls = urls, .url_count = 1, .chain = chains[i]};

        assert_int_equal(endpoints_init(&es, &config, NULL), -1);
    }
    for (size_t i = 0; i <= RPC_ENDPOINTS; i++)
        many[i] = urls[0];
    assert_int_equal(
        endpoints_init(
            &es,
            &(struct rpc_config){.urls = many, .url_count = RPC_ENDPOINTS + 1, .chain = TESTNET},
            NULL),
        -1);
}

static void chains_are_equal_in_what_both_tell(void **unused)
{
    (void)unused;
    assert_true(chain_id_equal("4c78adac", TESTNET));
    assert_true(chain_id_equal(TESTNET, "4C78adac"));
    assert_true(chain_id_equal(TESTNET, TESTNET));
    assert_false(chain_id_equal(TESTNET, OTHER));
    assert_false(chain_id_equal("4c78adad", TESTNET));
    assert_false(chain_id_equal("35834a8a", "4c78adac"));
    assert_false(chain_id_equal("nothing", "nothing"));
    assert_false(chain_id_equal("", TESTNET));
}

/* ---- the budget ---- */

static uint64_t budget(uint64_t computation, uint64_t storage, uint64_t rebate, uint64_t price,
                       unsigned margin)
{
    struct rpc_effects fx = {.computation = computation, .storage = storage, .rebate = rebate};

    return rpc_budget(&fx, price, margin);
}

static void the_budget_follows_the_network_s_rule(void **unused)
{
    (void)unused;
    assert_int_equal(budget(1000000, 2000000, 500000, 1000, 0), 1000000 + 1000000 + 1500000);
    assert_int_equal(budget(1000000, 500000, 2000000, 1000, 0), 2000000); /* storage comes back */
    assert_int_equal(budget(0, 0, 0, 1000, 0), 1000000);
    assert_int_equal(budget(1000000, 2000000, 500000, 1000, 20), 3500000 + 700000);
    assert_int_equal(budget(1, 0, 0, 0, 1), 2); /* rounded up */
    assert_true(budget(UINT64_MAX, UINT64_MAX, 0, UINT64_MAX, 100) == UINT64_MAX);
    assert_true(budget(UINT64_MAX - 5, 0, UINT64_MAX, 1, 0) == UINT64_MAX);
    assert_true(budget(UINT64_MAX / 2, 0, 0, 0, 300) == UINT64_MAX);
    assert_true(budget(0, UINT64_MAX, UINT64_MAX, 7, 0) == 7000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_asked_until_it_fails),
        cmocka_unit_test(rests_double_up_to_a_minute),
        cmocka_unit_test(what_fails_together_is_one_failure),
        cmocka_unit_test(retry_after_is_obeyed_up_to_a_minute),
        cmocka_unit_test(a_failure_takes_the_proof),
        cmocka_unit_test(another_chain_is_never_asked_again),
        cmocka_unit_test(status_shows_hosts_and_no_keys),
        cmocka_unit_test(bad_configurations_are_refused),
        cmocka_unit_test(chains_are_equal_in_what_both_tell),
        cmocka_unit_test(the_budget_follows_the_network_s_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
