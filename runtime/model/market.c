#include "model/market.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int market_id_parse(const char *id, char feed[LIMIT_NAME_BYTES + 1], int64_t *expiry_ms)
{
    const char *colon = strchr(id, ':');
    char name[LIMIT_NAME_BYTES + 1];
    char canonical[LIMIT_NAME_BYTES + 24];
    int64_t expiry;

    if (colon == NULL || (size_t)(colon - id) >= sizeof name)
        return -1;
    memcpy(name, id, (size_t)(colon - id));
    name[colon - id] = '\0';
    if (!text_is_name(name) || text_to_i64(colon + 1, &expiry) < 0 || expiry <= 0)
        return -1;
    /* One market has one id: "btc:0100" would be a second name of "btc:100". */
    market_id_format(name, expiry, canonical);
    if (strcmp(canonical, id) != 0)
        return -1;
    memcpy(feed, name, sizeof name);
    *expiry_ms = expiry;
    return 0;
}

void market_id_format(const char *feed, int64_t expiry_ms, char out[LIMIT_NAME_BYTES + 24])
{
    snprintf(out, LIMIT_NAME_BYTES + 24, "%.*s:%" PRId64, LIMIT_NAME_BYTES, feed, expiry_ms);
}

static json_t *svi_to_json(const struct svi *svi)
{
    json_t *out = json_object();

    json_object_set_new(out, "a", json_real(svi->a));
    json_object_set_new(out, "b", json_real(svi->b));
    json_object_set_new(out, "rho", json_real(svi->rho));
    json_object_set_new(out, "m", json_real(svi->m));
    json_object_set_new(out, "sigma", json_real(svi->sigma));
    return out;
}

static void add_prices(json_t *out, const struct market *market)
{
    json_object_set_new(out, "at", json_integer(market->at_ms));
    json_object_set_new(out, "spot", json_real(market->spot));
    json_object_set_new(out, "forward", json_real(market->forward));
    json_object_set_new(out, "svi", svi_to_json(&market->svi));
    json_object_set_new(out, "open", json_real(market->open));
    json_object_set_new(out, "high", json_real(market->high));
    json_object_set_new(out, "low", json_real(market->low));
    json_object_set_new(out, "close", json_real(market->close));
    json_object_set_new(out, "volume", json_real(market->volume));
}

json_t *market_to_json(const struct market *market)
{
    bool priced = market->at_ms != 0;
    json_t *out = json_object();
    char id[LIMIT_NAME_BYTES + 24];

    json_object_set_new(out, "stale", json_boolean(market->stale || !priced));
    if (market->expiry_ms != 0) {
        market_id_format(market->feed, market->expiry_ms, id);
        json_object_set_new(out, "market_id", json_string(id));
        json_object_set_new(out, "expiry", json_integer(market->expiry_ms));
    }
    if (priced)
        add_prices(out, market);
    return out;
}
