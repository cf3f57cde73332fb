/* Of which market a call may be: by its id, by its expiry, by its feed's name. */
#include "unit/recipe/support.h"

/* One call of redeem_binary with market ids and expiries; a text is the id's bytes in hex. */
struct said {
    const char *id;
    uint64_t expiry;
    enum recipe_mismatch_code code;
};

#define MARKET_ID "{'param': 'market_id', 'type': 'string'}"
#define EXPIRY    "{'market': 'expiry', 'type': 'u64'}"
#define FEEDS     "'markets': {'btc': {}, 'btc:7': {}, 'eth': {'expiry': 9}},"
#define REDEEM_OF(markets, slots)                                                                  \
    "{" markets "'calls': {'redeem_binary': [{'target': '0x1::a::b', 'arguments': [" slots "]}]}}"

static void expect_said(const char *json, bool id_first, const struct said *cases, size_t count)
{
    struct recipe *r = recipe_of(json);
    const struct recipe *const recipes[] = {r};
    struct sui_address own = filled(OWN);

    for (size_t i = 0; i < count; i++) {
        const struct said *c = &cases[i];
        struct sui_argument list[2];
        struct recipe_mismatch out;
        struct sui_builder b;
        uint64_t split = 1;
        size_t which = 1, given = 0;
        begin(&b);
        if (c->id != NULL && id_first)
            list[given++] = pure_bytes(&b, c->id);
        if (strstr(json, "expiry', 'type'") != NULL)
            list[given++] = pure_u64(&b, c->expiry);
        if (c->id != NULL && !id_first)
            list[given++] = pure_bytes(&b, c->id);
        call_with(&b, small(1), "a", "b", NULL, list, given);
        if (recipe_match(recipes, 1, &b.tx, &own, &which, &split, &out) != c->code)
            fail_msg("%zu: %s %s", i, recipe_mismatch_name(out.code), out.message);
        sui_builder_release(&b);
    }
    recipe_free(r);
}

#define EXPECT_SAID(json, id_first, cases)                                                         \
    expect_said(json, id_first, cases, sizeof(cases) / sizeof((cases)[0]))

/* A feed's market has any expiry; one that is configured has its own. In either order. */
static void expiries_of_feeds(void **state)
{
    static const struct said cases[] = {
        {"056274633a35", 5, RECIPE_MATCHES},  {"056274633a35", 6, RECIPE_ARGUMENT},
        {"056274633a37", 7, RECIPE_MATCHES},  {"056274633a37", 5, RECIPE_ARGUMENT},
        {"03627463", 5, RECIPE_ARGUMENT},     {"03657468", 9, RECIPE_MATCHES},
        {"056574683a39", 9, RECIPE_MATCHES},  {"056574683a38", 8, RECIPE_ARGUMENT},
        {"056574683a38", 9, RECIPE_ARGUMENT}, {"066274633a3035", 5, RECIPE_ARGUMENT},
        {"056274633a30", 0, RECIPE_ARGUMENT}, {"00", 5, RECIPE_ARGUMENT},
    };

    (void)state;
    EXPECT_SAID(REDEEM_OF(FEEDS, MARKET_ID ", " EXPIRY), true, cases);
    EXPECT_SAID(REDEEM_OF(FEEDS, EXPIRY ", " MARKET_ID), false, cases);
}

static void expiries_alone(void **state)
{
    static const struct said feeds[] = {
        {NULL, 1, RECIPE_MATCHES},           {NULL, INT64_MAX, RECIPE_MATCHES},
        {NULL, 0, RECIPE_ARGUMENT},          {NULL, (uint64_t)INT64_MAX + 1, RECIPE_ARGUMENT},
        {NULL, UINT64_MAX, RECIPE_ARGUMENT},
    };
    static const struct said shadowed[] = {{NULL, 5, RECIPE_ARGUMENT}, {NULL, 6, RECIPE_MATCHES}};

    (void)state;
    EXPECT_SAID(REDEEM_OF("'markets': {'btc': {}},", EXPIRY), true, feeds);
    /* "btc:5" is a market of its own, with another expiry: the feed's is never meant by it */
    EXPECT_SAID(REDEEM_OF("'markets': {'btc': {}, 'btc:5': {'expiry': 6}},", EXPIRY), true,
                shadowed);
}

static void market_ids_alone(void **state)
{
    static const struct said known[] = {
        {"056274633a35", 0, RECIPE_MATCHES},  {"056274633a37", 0, RECIPE_MATCHES},
        {"03627463", 0, RECIPE_MATCHES},      {"056574683a39", 0, RECIPE_MATCHES},
        {"056574683a38", 0, RECIPE_ARGUMENT}, {"03646f67", 0, RECIPE_ARGUMENT},
    };
    static const struct said any[] = {
        {"03646f67", 0, RECIPE_MATCHES},      {"00", 0, RECIPE_ARGUMENT},
        {"0161", 0, RECIPE_MATCHES},          {"0107", 0, RECIPE_ARGUMENT},
        {"03610062", 0, RECIPE_ARGUMENT},     {"03e280ae", 0, RECIPE_ARGUMENT},
        {"830061626364", 0, RECIPE_ARGUMENT},
    };
    char longest[2 * 98 + 1] = "60", longer[2 * 99 + 1] = "61";
    const struct said lengths[] = {{longest, 0, RECIPE_MATCHES}, {longer, 0, RECIPE_ARGUMENT}};

    (void)state;
    EXPECT_SAID(REDEEM_OF(FEEDS, MARKET_ID), true, known);
    EXPECT_SAID(REDEEM_OF("", MARKET_ID), true, any);
    for (size_t i = 0; i < 97; i++) {
        memcpy(longer + 2 + 2 * i, "61", 3);
        memcpy(longest + 2 + 2 * i, i < 96 ? "61" : "", i < 96 ? 3 : 1);
    }
    EXPECT_SAID(REDEEM_OF("", MARKET_ID), true, lengths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiries_of_feeds),
        cmocka_unit_test(expiries_alone),
        cmocka_unit_test(market_ids_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
