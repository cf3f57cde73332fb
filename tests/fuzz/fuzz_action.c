/* An action that is accepted is in its normal form; one that is refused says why, in inert text. */
#include "fuzz/fuzz.h"

#include "model/action.h"
#include "model/value.h"

static const char *const seeds[] = {
    "[{\"kind\":\"noop\",\"reason\":\"cooling down\"}]",
    "[{\"kind\":\"mint_binary\",\"market_id\":\"btc:1\",\"strike\":1e14,\"is_up\":true,"
    "\"quantity\":\"5\","
    "\"skip_auto_fund\":false},{\"kind\":\"pm_deposit\",\"amount\":1}]",
    "[{\"kind\":\"mint_range\",\"market_id\":\"btc:1\",\"lower_strike\":1,\"higher_strike\":2,"
    "\"quantity\":3}]",
    "[{\"kind\":\"emit\",\"topic\":\"a.b\",\"payload\":{\"x\":[1,{\"y\":null}]}},{\"kind\":"
    "\"crystallize_fees\"}]",
    "[{\"kind\":\"call\",\"target\":\"0x2::a::b\",\"type_arguments\":[\"t\"],\"arguments\":[1,2]}]",
};

static const char *const words[] = {
    "kind",
    "noop",
    "mint_binary",
    "redeem_binary",
    "redeem_range",
    "supply_plp",
    "withdraw_plp",
    "pm_withdraw",
    "refresh_nav_snapshot",
    "amount",
    "shares_amount",
    "quantity",
    "quantitty",
    "strike",
    "topic",
    "reason",
    "payload",
    "",
    " ",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "$function",
    NULL,
};

static void check_accepted(const struct action_list *list)
{
    FUZZ_CHECK(list->count >= 1 && list->count <= LIMIT_ACTIONS);
    for (size_t i = 0; i < list->count; i++) {
        char *text = value_text(list->items[i].json), *text_again;
        struct action again;
        struct error e = ERROR_INIT;
        FUZZ_CHECK(strlen(text) <= LIMIT_ACTION_BYTES);
        FUZZ_CHECK(action_parse(list->items[i].json, 0, &again, &e) == 0);
        text_again = value_text(again.json);
        FUZZ_CHECK(strcmp(text, text_again) == 0);
        FUZZ_CHECK(again.kind == list->items[i].kind && again.quantity == list->items[i].quantity);
        action_release(&again);
        free(text);
        free(text_again);
    }
}

static void one(struct random *r)
{
    static struct action_list list;
    const char *seed = seeds[fuzz_below(r, sizeof seeds / sizeof seeds[0])];
    struct error e = ERROR_INIT;
    json_t *base = value_parse(seed, strlen(seed), SIZE_MAX, &e);
    json_t *json = fuzz_json(r, base, words, 4 + fuzz_below(r, 40));

    if (action_list_parse(json, &list, &e) == 0) {
        check_accepted(&list);
        action_list_release(&list);
    } else {
        fuzz_check_error(&e);
        FUZZ_CHECK(list.count == 0);
    }
    json_decref(json);
    json_decref(base);
}

int main(void)
{
    return fuzz_run(20000, one);
}
