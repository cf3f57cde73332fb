/*
 * support: a paper vault on a desk of two feeds, for the executor tests.
 *
 * The market of feed `btc` is the one of the golden numbers: spot 100000, forward 100500, one hour
 * to expiry. JSON is written with ' for ", so that it reads well in C.
 */
#ifndef ORRERY_TESTS_EXECUTOR_SUPPORT_H
#define ORRERY_TESTS_EXECUTOR_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/error.h"
#include "base/mem.h"
#include "executor/executor.h"
#include "model/value.h"

#define HOUR   3600000
#define NOW    1641027600000 /* a full hour */
#define EXPIRY 1641031200000
#define BTC    "btc:1641031200000"
#define ETH    "eth:1641031200000"
#define RUN    77

struct desk {
    struct market markets[2];
    struct vault_config config;
    struct executor *x;
    struct ledger_change opening;
    int64_t now;
};

static inline const struct market *desk_find(void *arg, const char *feed)
{
    struct desk *desk = arg;

    for (size_t i = 0; i < 2; i++)
        if (strcmp(desk->markets[i].feed, feed) == 0)
            return &desk->markets[i];
    return NULL;
}

static inline struct market_source desk_source(struct desk *desk)
{
    return (struct market_source){.find = desk_find, .arg = desk};
}

static inline struct market desk_market(const char *feed, double spot, double forward)
{
    struct market m = {.at_ms = NOW,
                       .spot = spot,
                       .forward = forward,
                       .svi = {.a = 0.0001, .b = 0.002, .rho = -0.3, .m = 0.001, .sigma = 0.05},
                       .expiry_ms = EXPIRY,
                       .expiry_every_ms = HOUR,
                       .version = 1};

    snprintf(m.feed, sizeof m.feed, "%s", feed);
    return m;
}

/* A desk without its vault: change the config, then desk_open(). */
static inline void desk_init(struct desk *desk)
{
    memset(desk, 0, sizeof *desk);
    desk->now = NOW;
    desk->markets[0] = desk_market("btc", 100000, 100500);
    desk->markets[1] = desk_market("eth", 3000, 3000);
    desk->config = (struct vault_config){.quote_balance = 1000000000,
                                         .pm_balance = 100000000,
                                         .permissions = PERMISSION_ALL,
                                         .auto_fund = true,
                                         .spread_pct = 1,
                                         .caps = {.max_single_position_pct = 100,
                                                  .max_exposure_pct = 100,
                                                  .max_drawdown_pct = 100,
                                                  .max_open_positions = 64,
                                                  .spend_window_ms = HOUR}};
    snprintf(desk->config.id, sizeof desk->config.id, "v1");
    snprintf(desk->config.executor, sizeof desk->config.executor, "paper");
}

static inline void desk_open(struct desk *desk)
{
    struct market_source source = desk_source(desk);
    struct vault_record record = {.position_count = 0};
    struct error e = ERROR_INIT;

    if (executor_paper_open(&desk->x, &desk->config, &record, &source, desk->now, &desk->opening,
                            &e) < 0)
        fail_msg("open: %s", e.message);
}

static inline void desk_close(struct desk *desk)
{
    executor_close(desk->x);
    ledger_change_release(&desk->opening);
}

static inline json_t *json_of(const char *text)
{
    char *copy = mem_strdup(text);
    json_error_t why;
    json_t *value;

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    value = json_loads(copy, JSON_DECODE_ANY, &why);
    if (value == NULL)
        fail_msg("test JSON: %s in %s", why.text, copy);
    free(copy);
    return value;
}

static inline struct action_list *actions_of(const char *text)
{
    struct action_list *list = mem_zero(1, sizeof *list);
    json_t *json = json_of(text);
    struct error e = ERROR_INIT;

    if (action_list_parse(json, list, &e) < 0)
        fail_msg("actions: %s", e.message);
    json_decref(json);
    return list;
}

static inline void actions_free(struct action_list *list)
{
    action_list_release(list);
    free(list);
}

static inline struct execution run_list(struct desk *desk, const struct action_list *list,
                                        bool dry_run)
{
    struct execution out;
    struct error e = ERROR_INIT;

    if (executor_execute(desk->x, list, RUN, desk->now, dry_run, &out, &e) < 0)
        fail_msg("execute: %s", e.message);
    return out;
}

static inline struct execution run_batch(struct desk *desk, const char *text, bool dry_run)
{
    struct action_list *list = actions_of(text);
    struct execution out = run_list(desk, list, dry_run);

    actions_free(list);
    return out;
}

/* Executes a batch that must settle; execution_release() the answer. */
static inline struct execution settled(struct desk *desk, const char *text)
{
    struct execution out = run_batch(desk, text, false);

    if (out.status != EXECUTION_SETTLED)
        fail_msg("rejected: %s", out.message);
    return out;
}

static inline void settles(struct desk *desk, const char *text)
{
    struct execution out = settled(desk, text);

    execution_release(&out);
}

/* ctx.vault as text; free(). */
static inline char *snapshot_text(struct desk *desk)
{
    json_t *json = executor_snapshot(desk->x, desk->now);
    char *text = value_text(json);

    json_decref(json);
    return text;
}

/* Executes a batch that must be rejected with this message and change nothing, dry run or not. */
static inline void rejects_list(struct desk *desk, const struct action_list *list,
                                const char *message)
{
    char *before = snapshot_text(desk);
    uint64_t version = executor_version(desk->x);
    size_t code = strcspn(message, ":");

    for (int dry = 0; dry < 2; dry++) {
        struct execution out = run_list(desk, list, dry != 0);
        char *after = snapshot_text(desk);

        if (out.status != EXECUTION_REJECTED)
            fail_msg("settled, but expected %s", message);
        assert_string_equal(out.message, message);
        assert_int_equal(strlen(out.code), code);
        assert_memory_equal(out.code, message, code);
        assert_non_null(strstr(message, "action="));
        assert_int_equal(out.index, strtoul(strstr(message, "action=") + 7, NULL, 10));
        assert_string_equal(after, before);
        assert_null(out.actions);
        assert_null(out.events);
        assert_int_equal(out.change.entry_count, 0);
        assert_int_equal(out.change.position_count, 0);
        free(after);
        execution_release(&out);
    }
    assert_int_equal(executor_version(desk->x), version);
    free(before);
}

static inline void rejects(struct desk *desk, const char *text, const char *message)
{
    struct action_list *list = actions_of(text);

    rejects_list(desk, list, message);
    actions_free(list);
}

/* A field of ctx.vault. */
static inline uint64_t vault_amount(struct desk *desk, const char *field)
{
    json_t *json = executor_snapshot(desk->x, desk->now);
    uint64_t amount = UINT64_MAX;

    assert_int_equal(value_to_u64(json_object_get(json, field), &amount), 0);
    json_decref(json);
    return amount;
}

static inline void assert_json(const json_t *value, const char *expected)
{
    json_t *json = json_of(expected);
    char *got = value_text(value);
    char *want = value_text(json);

    assert_string_equal(got, want);
    free(got);
    free(want);
    json_decref(json);
}

/* The account of `change` balances with the positions' cost. */
static inline void assert_balanced(const struct vault_account *a, uint64_t position_cost)
{
    assert_int_equal(a->quote + a->pm + position_cost + a->plp_cost,
                     a->deposited + a->realised_gain - a->realised_loss);
}

static inline void assert_entry(const struct ledger_entry *entry, const char *kind,
                                const char *market, int64_t quote, int64_t pm, int64_t cost,
                                int64_t gain)
{
    assert_string_equal(entry->kind, kind);
    assert_string_equal(entry->market_id, market);
    assert_int_equal(entry->quote_delta, quote);
    assert_int_equal(entry->pm_delta, pm);
    assert_int_equal(entry->cost_delta, cost);
    assert_int_equal(entry->gain_delta, gain);
    assert_int_equal(quote + pm + cost, gain);
}

/* Lets time go to `at_ms`, with a price of `spot` at that moment and the market rolled on. */
static inline void desk_price(struct desk *desk, size_t feed, int64_t at_ms, double spot)
{
    struct market *m = &desk->markets[feed];

    desk->now = at_ms;
    m->at_ms = at_ms;
    m->spot = spot;
    m->forward = spot;
    m->expiry_ms = (at_ms / m->expiry_every_ms + 1) * m->expiry_every_ms;
    m->version++;
}

#endif
