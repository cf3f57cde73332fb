#include "rpc/endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "rpc/fault.h"

#define URL_BYTES 2048

/* ---- init ---- */

/* Where the host begins, after a name and a password; NULL: no such URL. */
static const char *host_of(const char *url, size_t *len)
{
    const char *host, *end, *at;

    if (strncasecmp(url, "https://", 8) == 0)
        host = url + 8;
    else if (strncasecmp(url, "http://", 7) == 0)
        host = url + 7;
    else
        return NULL;
    end = host + strcspn(host, "/?#");
    while ((at = memchr(host, '@', (size_t)(end - host))) != NULL)
        host = at + 1;
    *len = (size_t)(end - host);
    return *len > 0 ? host : NULL;
}

static int add(struct endpoints *es, const char *url, struct error *e)
{
    struct endpoint *one = &es->all[es->count];
    size_t len;
    const char *host = host_of(url, &len);

    if (host == NULL || strlen(url) > URL_BYTES)
        return error_set(e, ERROR_INVALID,
                         "endpoint %zu: expected a URL that starts with https:// or http://, of at "
                         "most %d bytes",
                         es->count + 1, URL_BYTES);
    memset(one, 0, sizeof *one);
    one->url = mem_strdup(url);
    fault_say(one->host, sizeof one->host, host, len);
    one->failed_ms = ENDPOINT_NEVER;
    one->answer_ms = -1;
    es->count++;
    return 0;
}

int endpoints_init(struct endpoints *es, const struct rpc_config *config, struct error *e)
{
    es->count = 0;
    if (!chain_id_valid(config->chain))
        return error_set(e, ERROR_INVALID,
                         "the chain: expected 8 hex digits or a digest in Base58, got \"%.80s\"",
                         config->chain);
    if (config->url_count < 1 || config->url_count > RPC_ENDPOINTS)
        return error_set(e, ERROR_LIMIT, "expected 1 to %d endpoints, got %zu", RPC_ENDPOINTS,
                         config->url_count);
    snprintf(es->chain, sizeof es->chain, "%s", config->chain);
    for (size_t i = 0; i < config->url_count; i++)
        if (add(es, config->urls[i], e) != 0) {
            endpoints_release(es);
            return -1;
        }
    return 0;
}

void endpoints_release(struct endpoints *es)
{
    for (size_t i = 0; i < es->count; i++)
        free(es->all[i].url);
    es->count = 0;
}

/* ---- which one ---- */

static bool is_resting(const struct endpoint *e, int64_t now_ms)
{
    return e->failed_ms != ENDPOINT_NEVER && now_ms < e->rest_until_ms;
}

bool endpoint_usable(const struct endpoint *e, int64_t now_ms)
{
    return e->trust != ENDPOINT_FOREIGN && !is_resting(e, now_ms);
}

int endpoints_pick(const struct endpoints *es, uint32_t tried, int64_t now_ms)
{
    int best = -1;

    for (size_t i = 0; i < es->count; i++)
        if ((tried >> i & 1) == 0 && endpoint_usable(&es->all[i], now_ms) &&
            (best < 0 || es->all[i].failed_ms < es->all[best].failed_ms))
            best = (int)i;
    return best;
}

int64_t endpoints_wait(const struct endpoints *es, int64_t now_ms)
{
    int64_t least = -1;

    for (size_t i = 0; i < es->count; i++) {
        const struct endpoint *e = &es->all[i];
        int64_t wait = is_resting(e, now_ms) ? e->rest_until_ms - now_ms : 0;

        if (e->trust != ENDPOINT_FOREIGN && (least < 0 || wait < least))
            least = wait;
    }
    return least;
}

bool endpoints_all_foreign(const struct endpoints *es)
{
    for (size_t i = 0; i < es->count; i++)
        if (es->all[i].trust != ENDPOINT_FOREIGN)
            return false;
    return true;
}

/* ---- what became of it ---- */

/* Whether the request was begun after the last failure was known. */
static bool is_news(const struct endpoint *e, int64_t began_ms)
{
    return e->failed_ms == ENDPOINT_NEVER || began_ms >= e->failed_ms;
}

void endpoint_answered(struct endpoint *e, int64_t began_ms, int64_t now_ms)
{
    int64_t took = now_ms - began_ms;

    e->answers++;
    e->answer_ms = e->answer_ms < 0 ? took : (e->answer_ms * 7 + took) / 8;
    if (is_news(e, began_ms))
        e->series = 0;
}

static int64_t rest_of(unsigned series)
{
    int64_t rest = ENDPOINT_REST_MS;

    while (series-- > 1 && rest < ENDPOINT_REST_MAX_MS)
        rest *= 2;
    return rest < ENDPOINT_REST_MAX_MS ? rest : ENDPOINT_REST_MAX_MS;
}

static void rest_at_least(struct endpoint *e, int64_t until_ms)
{
    if (e->rest_until_ms < until_ms)
        e->rest_until_ms = until_ms;
}

void endpoint_failed(struct endpoint *e, int64_t began_ms, int64_t now_ms, int64_t retry_after_ms,
                     const char *why)
{
    bool news = is_news(e, began_ms);

    if (retry_after_ms > ENDPOINT_REST_MAX_MS)
        retry_after_ms = ENDPOINT_REST_MAX_MS;
    e->failures++;
    fault_say(e->trouble, sizeof e->trouble, why, strlen(why));
    if (e->failed_ms == ENDPOINT_NEVER)
        e->rest_until_ms = now_ms;
    if (news) {
        e->series++;
        e->failed_ms = now_ms;
        rest_at_least(e, now_ms + rest_of(e->series));
    }
    rest_at_least(e, now_ms + retry_after_ms);
    if (e->trust == ENDPOINT_PROVEN)
        e->trust = ENDPOINT_UNPROVEN;
}

bool endpoint_identified(struct endpoints *es, size_t index, const char *chain)
{
    struct endpoint *e = &es->all[index];

    snprintf(e->said, sizeof e->said, "%s", chain);
    if (e->trust == ENDPOINT_FOREIGN)
        return false;
    e->trust = chain_id_equal(es->chain, chain) ? ENDPOINT_PROVEN : ENDPOINT_FOREIGN;
    if (e->trust == ENDPOINT_FOREIGN)
        snprintf(e->trouble, sizeof e->trouble, "it is of chain %s, not %s", chain, es->chain);
    return e->trust == ENDPOINT_PROVEN;
}

/* ---- shown ---- */

static const char *state_of(const struct endpoint *e, int64_t now_ms)
{
    if (e->trust == ENDPOINT_FOREIGN)
        return "other chain";
    if (is_resting(e, now_ms))
        return "resting";
    return e->trust == ENDPOINT_PROVEN ? "ok" : "unproven";
}

json_t *endpoints_json(const struct endpoints *es, int64_t now_ms)
{
    json_t *list = json_array();

    for (size_t i = 0; i < es->count; i++) {
        const struct endpoint *e = &es->all[i];
        json_t *o =
            json_pack("{s:s, s:s, s:I, s:I}", "host", e->host, "state", state_of(e, now_ms),
                      "answers", (json_int_t)e->answers, "failures", (json_int_t)e->failures);

        if (e->said[0] != '\0')
            json_object_set_new(o, "chain", json_string(e->said));
        if (e->answer_ms >= 0)
            json_object_set_new(o, "answer_ms", json_integer(e->answer_ms));
        if (is_resting(e, now_ms))
            json_object_set_new(o, "rests_ms", json_integer(e->rest_until_ms - now_ms));
        if (e->trouble[0] != '\0')
            json_object_set_new(o, "trouble", json_string(e->trouble));
        json_array_append_new(list, o);
    }
    return list;
}
