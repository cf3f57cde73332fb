/*
 * http: one GET every `every_ms`, one at a time. The request goes out from poll(); its answer comes
 * whenever the loop brings it, is put into the market at once and told through `changed`.
 *
 * After a failure the next request waits: every_ms doubled with each failure in a row, at most a
 * minute (or every_ms), half to all of that by chance, so that many daemons do not come back to a
 * server together.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "feed/feed.h"
#include "feed/rules.h"
#include "feed/timestamp.h"
#include "io/http.h"
#include "model/value.h"

#define BACKOFF_MOST_MS 60000
#define STALE_AT_LEAST  5000
#define AHEAD_MOST_MS   86400000 /* a price from further in the future is a wrong unit or field */

struct feed_http {
    struct feed base; /* first */
    struct http_client *client;
    char *url, *price_pointer, *time_pointer, *forward_pointer;
    int64_t every_ms, timeout_ms;
    size_t max_bytes;
    const struct clock *clock;
    feed_changed_fn *changed;
    void *arg;
    struct random jitter;
    int64_t due_ms; /* of the next request */
    unsigned failures_in_row;
    bool busy;  /* a request is under way */
    bool fresh; /* something came in since the last poll */
};

/* What one answer says. */
struct quote {
    double price, forward; /* forward 0: none */
    int64_t at_ms;
};

/* ---- reading an answer ---- */

static int no_number(const char *pointer, const json_t *value, const char *expected,
                     struct error *e)
{
    char what[96];

    if (value == NULL)
        return error_set(e, ERROR_INVALID, "the answer has nothing at %s", pointer);
    return error_set(e, ERROR_INVALID, "expected %s at %s, got %s", expected, pointer,
                     value_describe(value, what, sizeof what));
}

/* A number, or a string that is one (exchanges quote decimals so). */
static int read_price(const json_t *document, const char *pointer, double *out, struct error *e)
{
    const json_t *value = value_at(document, pointer);
    double number = 0;

    if (json_is_number(value))
        number = json_number_value(value);
    else if (!json_is_string(value) || text_to_double(json_string_value(value), &number) != 0)
        number = 0;
    if (!isfinite(number) || number <= 0)
        return no_number(pointer, value, "a price above 0", e);
    *out = number;
    return 0;
}

static int read_time(const json_t *document, const char *pointer, int64_t now_ms, int64_t *out,
                     struct error *e)
{
    const json_t *value = value_at(document, pointer);
    int64_t at_ms;
    int failed = -1;

    if (json_is_number(value))
        failed = timestamp_from_number(json_number_value(value), &at_ms);
    else if (json_is_string(value))
        failed = timestamp_parse(json_string_value(value), &at_ms);
    if (failed != 0)
        return no_number(pointer, value, TIMESTAMP_FORMS, e);
    if (at_ms > now_ms + AHEAD_MOST_MS)
        return error_set(e, ERROR_INVALID, "the time at %s is more than a day ahead", pointer);
    *out = at_ms < now_ms ? at_ms : now_ms; /* a server's clock a little ahead of ours */
    return 0;
}

static int read_document(struct feed_http *http, const json_t *document, int64_t now_ms,
                         struct quote *out, struct error *e)
{
    struct quote q = {.at_ms = now_ms};

    if (read_price(document, http->price_pointer, &q.price, e) != 0)
        return -1;
    if (http->forward_pointer != NULL &&
        read_price(document, http->forward_pointer, &q.forward, e) != 0)
        return -1;
    if (http->time_pointer != NULL &&
        read_time(document, http->time_pointer, now_ms, &q.at_ms, e) != 0)
        return -1;
    *out = q;
    return 0;
}

static int read_answer(struct feed_http *http, const struct http_answer *answer, int64_t now_ms,
                       struct quote *out, struct error *e)
{
    json_t *document;
    int failed;

    if (answer->error != NULL)
        return error_set(e, ERROR_NETWORK, "%s", answer->error);
    if (answer->status < 200 || answer->status > 299)
        return error_set(e, ERROR_NETWORK, "the server answered with status %d", answer->status);
    document = value_parse(answer->body, answer->len, http->max_bytes, e);
    if (document == NULL) {
        error_prefix(e, "the answer is not JSON: ");
        return -1;
    }
    failed = read_document(http, document, now_ms, out, e);
    json_decref(document);
    return failed;
}

/* ---- requests ---- */

static int64_t backoff(struct feed_http *http)
{
    int64_t most = http->every_ms > BACKOFF_MOST_MS ? http->every_ms : BACKOFF_MOST_MS;
    unsigned doublings = http->failures_in_row < 20 ? http->failures_in_row : 20;
    int64_t wait = http->every_ms > most >> doublings ? most : http->every_ms << doublings;

    return wait / 2 + (int64_t)(random_unit(&http->jitter) * (double)(wait - wait / 2));
}

static void failed(struct feed_http *http, int64_t now_ms, const struct error *e)
{
    http->failures_in_row++;
    http->due_ms = now_ms + backoff(http);
    rules_failed(&http->base, "%s", e->message);
}

static void accept_quote(struct feed_http *http, int64_t now_ms, const struct quote *q)
{
    struct feed *feed = &http->base;
    struct market before = feed->market;

    http->failures_in_row = 0;
    feed->last_error[0] = '\0';
    /* Out of order: a cache in between may answer with something older than what we know. */
    if (q->at_ms < feed->market.at_ms)
        return;
    feed->quoted_forward = q->forward;
    rules_price(feed, q->at_ms, q->price);
    if (!rules_apply(feed, now_ms, &before))
        return;
    http->fresh = true;
    if (http->changed != NULL)
        http->changed(http->arg, feed);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct feed_http *http = arg;
    int64_t now_ms = clock_now_ms(http->clock);
    struct error e = ERROR_INIT;
    struct quote q = {.price = 0};

    http->busy = false;
    if (read_answer(http, answer, now_ms, &q, &e) != 0)
        failed(http, now_ms, &e);
    else
        accept_quote(http, now_ms, &q);
}

static void request(struct feed_http *http, int64_t now_ms)
{
    struct error e = ERROR_INIT;

    http->due_ms = now_ms + http->every_ms;
    if (http_get(http->client, http->url, http->timeout_ms, http->max_bytes, on_answer, http, &e) !=
        0)
        failed(http, now_ms, &e);
    else
        http->busy = true;
}

/* ---- the feed ---- */

static int64_t http_next_due(struct feed *feed)
{
    return ((struct feed_http *)feed)->due_ms;
}

static int http_poll(struct feed *feed, int64_t now_ms, struct error *e)
{
    struct feed_http *http = (struct feed_http *)feed;
    bool fresh = http->fresh;

    (void)e;
    http->fresh = false;
    if (now_ms >= http->due_ms && http->busy)
        http->due_ms = now_ms + http->every_ms; /* never two at a time: this one is left out */
    else if (now_ms >= http->due_ms)
        request(http, now_ms);
    return fresh;
}

static bool http_ended(struct feed *feed)
{
    (void)feed;
    return false;
}

static void http_close(struct feed *feed)
{
    struct feed_http *http = (struct feed_http *)feed;

    http_client_free(http->client);
    free(http->url);
    free(http->price_pointer);
    free(http->time_pointer);
    free(http->forward_pointer);
    free(http);
}

static const struct feed_ops http_ops = {
    .name = "http",
    .next_due = http_next_due,
    .poll = http_poll,
    .ended = http_ended,
    .close = http_close,
};

/* ---- opening ---- */

static bool is_pointer(const char *text)
{
    return text[0] == '\0' || text[0] == '/'; /* RFC 6901; "" is the whole document */
}

static int check(const struct feed_config *config, struct error *e)
{
    const char *const pointers[] = {config->price_pointer, config->time_pointer,
                                    config->forward_pointer};

    if (config->url == NULL ||
        (strncmp(config->url, "http://", 7) != 0 && strncmp(config->url, "https://", 8) != 0))
        return error_set(e, ERROR_CONFIG, "url must start with http:// or https://");
    if (config->price_pointer == NULL)
        return error_set(e, ERROR_CONFIG,
                         "a JSON pointer to the price is needed, such as \"/result/price\"");
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        if (pointers[i] != NULL && !is_pointer(pointers[i]))
            return error_set(e, ERROR_CONFIG,
                             "a JSON pointer starts with /, such as \"/result/price\"; got \"%s\"",
                             pointers[i]);
    if (config->every_ms < 1 || config->timeout_ms < 1 || config->max_bytes < 1)
        return error_set(e, ERROR_CONFIG, "every, timeout and max_bytes must be above 0");
    return 0;
}

static void copy_config(struct feed_http *http, const struct feed_config *config,
                        const struct feed_env *env)
{
    int64_t *stale_ms = &http->base.rules.stale_after_ms;

    http->url = mem_strdup(config->url);
    http->price_pointer = mem_strdup(config->price_pointer);
    http->time_pointer = mem_strdup(config->time_pointer);
    http->forward_pointer = mem_strdup(config->forward_pointer);
    http->every_ms = config->every_ms;
    http->timeout_ms = config->timeout_ms;
    http->max_bytes = config->max_bytes;
    if (*stale_ms <= 0)
        *stale_ms = 3 * config->every_ms > STALE_AT_LEAST ? 3 * config->every_ms : STALE_AT_LEAST;
    http->clock = env->clock;
    http->changed = env->changed;
    http->arg = env->arg;
    random_init(&http->jitter, env->seed);
    http->due_ms = clock_now_ms(env->clock);
}

int feed_http_open(struct feed **out, const struct feed_config *config, const struct feed_env *env,
                   struct error *e)
{
    struct feed_http *http = mem_zero(1, sizeof *http);

    if (check(config, e) != 0 || rules_init(&http->base, &http_ops, config, e) != 0 ||
        http_client_new(&http->client, env->loop, e) != 0) {
        free(http);
        return -1;
    }
    copy_config(http, config, env);
    *out = &http->base;
    return 0;
}
