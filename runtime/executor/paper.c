#include "executor/paper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "model/value.h"

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x100000001b3u

static uint64_t fnv(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    return hash;
}

static void batch_begin(struct batch *b, struct paper *x, int64_t now_ms, struct execution *out)
{
    struct nav nav = paper_nav(x, &x->vault, NULL);

    b->x = x;
    b->vault = &x->working;
    b->now_ms = now_ms;
    b->count = 0;
    b->auto_fund = 0;
    b->nav = nav.total;
    b->unpriced = nav.unpriced;
    b->out = out;
    vault_copy(b->vault, &x->vault);
    if (nav.unpriced == NULL && nav.total > b->vault->account.high_water)
        b->vault->account.high_water = nav.total;
    out->actions = json_array();
    out->events = json_array();
}

/* The positions that the batch traded in, as they are now. One that came and went within the batch
 * is nobody's business. */
static void list_positions(const struct batch *b)
{
    struct ledger_change *change = &b->out->change;

    for (size_t i = 0; i < b->count; i++) {
        const struct item *item = &b->items[i];
        const struct position *held;
        bool listed = false;

        if (!action_mints(item->action) && !action_redeems(item->action))
            continue;
        for (size_t j = 0; j < change->position_count && !listed; j++)
            listed = position_same(&change->positions[j], &item->key);
        if (listed)
            continue;
        held = vault_find(b->vault, &item->key);
        if (held != NULL)
            ledger_change_add_position(change, held);
        else if (vault_find(&b->x->vault, &item->key) != NULL)
            ledger_change_add_position(change, &item->key); /* its quantity is 0 */
    }
}

static void write_digest(const struct batch *b, uint64_t run)
{
    const char *vault = b->x->config.id;
    char *text = value_text(b->out->actions);
    char id[ID_TEXT_SIZE];
    uint64_t hash;

    hash = fnv(FNV_OFFSET, vault, strlen(vault) + 1);
    hash = fnv(hash, text, strlen(text));
    free(text);
    snprintf(b->out->digest, sizeof b->out->digest, "paper-%s-%016" PRIx64, id_format(run, id),
             hash);
}

void paper_commit(struct paper *x, struct ledger_change *change)
{
    struct vault before = x->vault;

    x->working.account.version++;
    change->account = x->working.account;
    x->vault = x->working;
    x->working = before;
}

static void batch_settle(struct batch *b, uint64_t run, bool dry_run)
{
    struct paper *x = b->x;
    struct ledger_change *change = &b->out->change;

    b->out->status = EXECUTION_SETTLED;
    write_digest(b, run);
    change->account = x->vault.account;
    if (b->count == 0)
        return;
    list_positions(b);
    if (dry_run) {
        change->account = b->vault->account;
        change->account.version++;
        return;
    }
    paper_commit(x, change);
    if (change->spend > 0 && x->config.caps.max_spend > 0)
        spend_window_add(&x->spends, b->now_ms, change->spend);
}

static int paper_execute(struct executor *base, const struct action_list *actions, uint64_t run,
                         int64_t now_ms, bool dry_run, struct execution *out, struct error *e)
{
    struct execution result = {.index = 0};
    struct batch b; /* large, and only its used items are ever touched */

    (void)e; /* memory is the only machinery here, and without it the process stops */
    batch_begin(&b, (struct paper *)base, now_ms, &result);
    if (batch_plan(&b, actions) == 0 && batch_apply(&b) == 0 && batch_judge(&b) == 0) {
        batch_settle(&b, run, dry_run);
    } else {
        ledger_change_release(&result.change);
        json_decref(result.actions);
        json_decref(result.events);
        result.actions = result.events = NULL;
    }
    *out = result;
    return 0;
}

/* Feeds of the same name stand together (positions are sorted), so each market is looked up once.
 */
static uint64_t market_print(const struct paper *x)
{
    uint64_t print = FNV_OFFSET;

    for (size_t i = 0; i < x->vault.count; i++) {
        const struct position *p = &x->vault.positions[i];
        const struct market *market;
        uint64_t version;

        if (i > 0 && strcmp(p[-1].market_id, p->market_id) == 0)
            continue;
        market = paper_market(x, p->market_id);
        version = market != NULL ? market->version : UINT64_MAX;
        print = fnv(print, &version, sizeof version);
    }
    return print;
}

static uint64_t paper_version(struct executor *base)
{
    struct paper *x = (struct paper *)base;
    uint64_t print = market_print(x);

    if (print != x->market_print) {
        x->market_print = print;
        x->market_changes++;
    }
    return x->vault.account.version + x->market_changes;
}

static void paper_close(struct executor *base)
{
    struct paper *x = (struct paper *)base;

    vault_release(&x->vault);
    vault_release(&x->working);
    spend_window_release(&x->spends);
    free(x);
}

const struct executor_ops paper_ops = {
    .name = "paper",
    .execute = paper_execute,
    .settle = paper_settle,
    .next_expiry = paper_next_expiry,
    .snapshot = paper_snapshot,
    .version = paper_version,
    .close = paper_close,
};
