/* A vault's account, positions, ledger lines and spends. Of accounts and positions the last one of
 * a transaction counts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "journal/journal_postgres_store.h"

#define ACCOUNT_COLUMNS 11
#define PLACE           "$1::text[], $2::text[], $3::smallint[], $4::numeric[], $5::numeric[], $6::boolean[]"

const char pgj_insert_ledger[] =
    "INSERT INTO journal_ledger(run, vault, account_version, seq, at, kind, market_id,"
    " quote_delta, pm_delta, cost_delta, gain_delta)"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::numeric[], $4::integer[], $5::bigint[],"
    " $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])";

const char pgj_insert_caps[] =
    "INSERT INTO journal_cap_ledger(vault, at, amount, run)"
    " SELECT * FROM unnest($1::text[], $2::bigint[], $3::numeric[], $4::bigint[])";

static const char accounts_sql[] =
    "INSERT INTO journal_vault_accounts(vault, quote, pm, plp_shares, deposited, realised_gain,"
    " realised_loss, high_water, fees_crystallized, plp_cost, version)"
    " SELECT * FROM unnest($1::text[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[],"
    " $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[])"
    " ON CONFLICT (vault) DO UPDATE SET quote = excluded.quote, pm = excluded.pm,"
    " plp_shares = excluded.plp_shares, deposited = excluded.deposited,"
    " realised_gain = excluded.realised_gain, realised_loss = excluded.realised_loss,"
    " high_water = excluded.high_water, fees_crystallized = excluded.fees_crystallized,"
    " plp_cost = excluded.plp_cost, version = excluded.version";

static const char positions_sql[] =
    "INSERT INTO journal_positions(vault, market_id, kind, strike, higher, is_up, quantity, cost,"
    " opened_at, expires_at) SELECT * FROM unnest(" PLACE
    ", $7::numeric[], $8::numeric[], $9::bigint[], $10::bigint[])"
    " ON CONFLICT (vault, market_id, kind, strike, higher, is_up) DO UPDATE SET"
    " quantity = excluded.quantity, cost = excluded.cost, opened_at = excluded.opened_at,"
    " expires_at = excluded.expires_at";

static const char positions_gone_sql[] =
    "DELETE FROM journal_positions WHERE (vault, market_id, kind, strike, higher, is_up) IN"
    " (SELECT * FROM unnest(" PLACE "))";

/* ---- collecting ---- */

static void put_account(struct journal_postgres *p, const struct vault_account *account)
{
    struct pgj_account *a;

    HASH_FIND_STR(p->accounts, account->id, a);
    if (a != NULL) {
        a->account = *account;
        return;
    }
    a = mem_zero(1, sizeof *a);
    a->account = *account;
    HASH_ADD_STR(p->accounts, account.id, a);
}

static void put_position(struct journal_postgres *p, const char *vault,
                         const struct position *position)
{
    struct pgj_position *found, *made = mem_zero(1, sizeof *made);

    snprintf(made->place.vault, sizeof made->place.vault, "%s", vault);
    snprintf(made->place.market_id, sizeof made->place.market_id, "%s", position->market_id);
    made->place.strike = position->strike;
    made->place.higher = position->higher;
    made->place.kind = position->kind;
    made->place.is_up = position->is_up;
    made->position = *position;
    HASH_FIND(hh, p->positions, &made->place, sizeof made->place, found);
    if (found != NULL) {
        found->position = *position;
        free(made);
    } else {
        HASH_ADD(hh, p->positions, place, sizeof made->place, made);
    }
}

static void put_entry(struct pgj_batch *b, uint64_t run, int64_t at_ms,
                      const struct ledger_change *change, size_t index)
{
    const struct ledger_entry *entry = &change->entries[index];

    pgj_add_nonzero(b, (int64_t)run);
    pgj_add_text(b, change->account.id);
    pgj_add_u64(b, change->account.version);
    pgj_add_integer(b, (int64_t)index);
    pgj_add_integer(b, at_ms);
    pgj_add_text(b, entry->kind);
    pgj_add_absent(b, entry->market_id);
    pgj_add_integer(b, entry->quote_delta);
    pgj_add_integer(b, entry->pm_delta);
    pgj_add_integer(b, entry->cost_delta);
    pgj_add_integer(b, entry->gain_delta);
    pgj_row_end(b);
}

int pgj_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                   const struct ledger_change *change, struct error *e)
{
    struct journal_postgres *p = pgj_of(j);
    struct pgj_batch *caps = &p->lists[PGJ_LIST_CAPS];

    put_account(p, &change->account);
    for (size_t i = 0; i < change->position_count; i++)
        put_position(p, change->account.id, &change->positions[i]);
    for (size_t i = 0; i < change->entry_count; i++)
        put_entry(&p->lists[PGJ_LIST_LEDGER], run, at_ms, change, i);
    if (change->spend > 0) {
        pgj_add_text(caps, change->account.id);
        pgj_add_integer(caps, at_ms);
        pgj_add_u64(caps, change->spend);
        pgj_add_nonzero(caps, (int64_t)run);
        pgj_row_end(caps);
    }
    return pgj_collected(p, e);
}

/* ---- sending ---- */

static int send_accounts(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_batch b;
    int result;

    pgj_batch_init(&b, PGJ_ACCOUNTS, accounts_sql, ACCOUNT_COLUMNS);
    for (const struct pgj_account *a = p->accounts; a != NULL; a = a->hh.next) {
        const struct vault_account *v = &a->account;
        const uint64_t amounts[] = {
            v->quote,         v->pm,         v->plp_shares,        v->deposited, v->realised_gain,
            v->realised_loss, v->high_water, v->fees_crystallized, v->plp_cost,  v->version};
        pgj_add_text(&b, v->id);
        for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
            pgj_add_u64(&b, amounts[i]);
        pgj_row_end(&b);
    }
    result = pgj_batch_send(&b, s, e);
    pgj_batch_release(&b);
    return result;
}

static void add_place(struct pgj_batch *b, const struct pgj_position *x)
{
    pgj_add_text(b, x->place.vault);
    pgj_add_text(b, x->place.market_id);
    pgj_add_integer(b, x->place.kind);
    pgj_add_u64(b, x->place.strike);
    pgj_add_u64(b, x->place.higher);
    pgj_add_boolean(b, x->place.is_up != 0);
}

static int send_positions(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    struct pgj_batch kept, gone;
    int result;

    pgj_batch_init(&kept, PGJ_POSITIONS, positions_sql, 10);
    pgj_batch_init(&gone, PGJ_POSITIONS_GONE, positions_gone_sql, 6);
    for (const struct pgj_position *x = p->positions; x != NULL; x = x->hh.next) {
        struct pgj_batch *b = x->position.quantity > 0 ? &kept : &gone;
        add_place(b, x);
        if (x->position.quantity > 0) {
            pgj_add_u64(b, x->position.quantity);
            pgj_add_u64(b, x->position.cost);
            pgj_add_integer(b, x->position.opened_ms);
            pgj_add_integer(b, x->position.expiry_ms);
        }
        pgj_row_end(b);
    }
    result = pgj_batch_send(&kept, s, e);
    result = result < 0 ? result : pgj_batch_send(&gone, s, e);
    pgj_batch_release(&kept);
    pgj_batch_release(&gone);
    return result;
}

int pgj_vaults_send(struct journal_postgres *p, struct pg_session *s, struct error *e)
{
    if ((p->accounts != NULL && send_accounts(p, s, e) < 0) ||
        (p->positions != NULL && send_positions(p, s, e) < 0))
        return -1;
    pgj_vaults_clear(p);
    return 0;
}

void pgj_vaults_clear(struct journal_postgres *p)
{
    struct pgj_account *a, *next_account;
    struct pgj_position *x, *next;

    HASH_ITER(hh, p->accounts, a, next_account)
    {
        HASH_DEL(p->accounts, a);
        free(a);
    }
    HASH_ITER(hh, p->positions, x, next)
    {
        HASH_DEL(p->positions, x);
        free(x);
    }
}

/* ---- reading ---- */

struct account_walk {
    struct vault_account account;
    bool found;
};

static int take_account(void *arg, const struct pg_row *row)
{
    struct account_walk *walk = arg;
    struct vault_account *a = &walk->account;
    uint64_t *amounts[] = {
        &a->quote,         &a->pm,         &a->plp_shares,        &a->deposited, &a->realised_gain,
        &a->realised_loss, &a->high_water, &a->fees_crystallized, &a->plp_cost,  &a->version};

    for (int i = 0; i < (int)(sizeof amounts / sizeof amounts[0]); i++)
        *amounts[i] = pgj_u64_at(row, i);
    walk->found = true;
    return 0;
}

int pgj_load_account(struct journal *j, const char *vault, bool *found, struct vault_account *out,
                     struct error *e)
{
    struct account_walk walk = {.found = false};

    if (pgj_ask(
            pgj_of(j),
            "SELECT quote, pm, plp_shares, deposited, realised_gain, realised_loss, high_water,"
            " fees_crystallized, plp_cost, version FROM journal_vault_accounts WHERE vault = $1",
            1, (const char *[]){vault}, take_account, &walk, e) < 0)
        return -1;
    *found = walk.found;
    if (walk.found) {
        snprintf(walk.account.id, sizeof walk.account.id, "%s", vault);
        *out = walk.account;
    }
    return 0;
}

struct positions {
    position_fn *each;
    void *arg;
    int result;
};

static int give_position(void *arg, const struct pg_row *row)
{
    struct positions *walk = arg;
    struct position p = {.kind = POSITION_BINARY};

    pg_copy(row, 0, p.market_id, sizeof p.market_id);
    if (pg_integer(row, 1, 0) == POSITION_RANGE)
        p.kind = POSITION_RANGE;
    p.strike = pgj_u64_at(row, 2);
    p.higher = pgj_u64_at(row, 3);
    p.is_up = pg_boolean(row, 4);
    p.quantity = pgj_u64_at(row, 5);
    p.cost = pgj_u64_at(row, 6);
    p.opened_ms = pg_integer(row, 7, 0);
    p.expiry_ms = pg_integer(row, 8, 0);
    walk->result = walk->each(walk->arg, &p);
    return walk->result;
}

int pgj_load_positions(struct journal *j, const char *vault, position_fn *each, void *arg,
                       struct error *e)
{
    struct positions walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT market_id, kind, strike, higher, is_up, quantity, cost, opened_at,"
                " expires_at FROM journal_positions WHERE vault = $1"
                " ORDER BY market_id, kind, strike, higher, is_up",
                1, (const char *[]){vault}, give_position, &walk, e) < 0)
        return -1;
    return walk.result;
}

struct spends {
    spend_fn *each;
    void *arg;
    int result;
};

static int give_spend(void *arg, const struct pg_row *row)
{
    struct spends *walk = arg;
    struct spend spend = {pg_integer(row, 0, 0), pgj_u64_at(row, 1)};

    walk->result = walk->each(walk->arg, &spend);
    return walk->result;
}

int pgj_load_spend(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each,
                   void *arg, struct error *e)
{
    struct pgj_numbers n = {.count = 0};
    struct spends walk = {each, arg, 0};

    if (pgj_ask(pgj_of(j),
                "SELECT at, amount FROM journal_cap_ledger WHERE vault = $1 AND at >= $2"
                " ORDER BY at, id",
                2, (const char *[]){vault, pgj_number(&n, since_ms)}, give_spend, &walk, e) < 0)
        return -1;
    return walk.result;
}
