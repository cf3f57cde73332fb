/* A vault's account, positions, ledger lines and spends. */
#include <stdio.h>
#include <string.h>

#include "journal/journal_sqlite.h"

static int put_account(struct sqlite_db *db, const struct vault_account *a, struct error *e)
{
    const uint64_t amounts[] = {
        a->quote,         a->pm,         a->plp_shares,        a->deposited, a->realised_gain,
        a->realised_loss, a->high_water, a->fees_crystallized, a->plp_cost,  a->version};
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db,
        "INSERT OR REPLACE INTO vault_accounts(vault, quote, pm, plp_shares, deposited,"
        " realised_gain, realised_loss, high_water, fees_crystallized, plp_cost, version)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, a->id, -1, SQLITE_STATIC);
    for (int i = 0; i < (int)(sizeof amounts / sizeof amounts[0]); i++)
        journal_bind_u64(stmt, i + 2, amounts[i]);
    return sqlite_db_run(db, stmt, e);
}

/* What identifies a position, as parameters 1 … 6. */
static void bind_identity(sqlite3_stmt *stmt, const char *vault, const struct position *p)
{
    sqlite3_bind_text(stmt, 1, vault, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, p->market_id, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 3, p->kind);
    journal_bind_u64(stmt, 4, p->strike);
    journal_bind_u64(stmt, 5, p->higher);
    sqlite3_bind_int(stmt, 6, p->is_up);
}

static int remove_position(struct sqlite_db *db, const char *vault, const struct position *p,
                           struct error *e)
{
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "DELETE FROM positions WHERE vault = ?1 AND market_id = ?2 AND kind = ?3"
                          " AND strike = ?4 AND higher = ?5 AND is_up = ?6",
                          e);

    if (stmt == NULL)
        return -1;
    bind_identity(stmt, vault, p);
    return sqlite_db_run(db, stmt, e);
}

static int put_position(struct sqlite_db *db, const char *vault, const struct position *p,
                        struct error *e)
{
    sqlite3_stmt *stmt;

    if (p->quantity == 0)
        return remove_position(db, vault, p, e);
    stmt = sqlite_db_prepare(db,
                             "INSERT OR REPLACE INTO positions(vault, market_id, kind, strike,"
                             " higher, is_up, quantity, cost, opened_at, expires_at)"
                             " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                             e);
    if (stmt == NULL)
        return -1;
    bind_identity(stmt, vault, p);
    journal_bind_u64(stmt, 7, p->quantity);
    journal_bind_u64(stmt, 8, p->cost);
    sqlite3_bind_int64(stmt, 9, p->opened_ms);
    sqlite3_bind_int64(stmt, 10, p->expiry_ms);
    return sqlite_db_run(db, stmt, e);
}

static int put_entry(struct sqlite_db *db, uint64_t run, int64_t at_ms,
                     const struct ledger_change *change, size_t index, struct error *e)
{
    const struct ledger_entry *entry = &change->entries[index];
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "INSERT INTO ledger(run, vault, account_version, seq, at, kind,"
                          " market_id, quote_delta, pm_delta, cost_delta, gain_delta)"
                          " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                          e);

    if (stmt == NULL)
        return -1;
    journal_bind_nonzero(stmt, 1, (int64_t)run);
    sqlite3_bind_text(stmt, 2, change->account.id, -1, SQLITE_STATIC);
    journal_bind_u64(stmt, 3, change->account.version);
    sqlite3_bind_int64(stmt, 4, (int64_t)index);
    sqlite3_bind_int64(stmt, 5, at_ms);
    sqlite3_bind_text(stmt, 6, entry->kind, -1, SQLITE_STATIC);
    journal_bind_text(stmt, 7, entry->market_id);
    sqlite3_bind_int64(stmt, 8, entry->quote_delta);
    sqlite3_bind_int64(stmt, 9, entry->pm_delta);
    sqlite3_bind_int64(stmt, 10, entry->cost_delta);
    sqlite3_bind_int64(stmt, 11, entry->gain_delta);
    return sqlite_db_run(db, stmt, e);
}

static int put_spend(struct sqlite_db *db, uint64_t run, int64_t at_ms,
                     const struct ledger_change *change, struct error *e)
{
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, "INSERT INTO cap_ledger(vault, at, amount, run) VALUES(?1, ?2, ?3, ?4)", e);

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, change->account.id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, at_ms);
    journal_bind_u64(stmt, 3, change->spend);
    journal_bind_nonzero(stmt, 4, (int64_t)run);
    return sqlite_db_run(db, stmt, e);
}

int journal_sqlite_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                              const struct ledger_change *change, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;

    if (put_account(db, &change->account, e) != 0)
        return -1;
    for (size_t i = 0; i < change->position_count; i++)
        if (put_position(db, change->account.id, &change->positions[i], e) != 0)
            return -1;
    for (size_t i = 0; i < change->entry_count; i++)
        if (put_entry(db, run, at_ms, change, i, e) != 0)
            return -1;
    return change->spend == 0 ? 0 : put_spend(db, run, at_ms, change, e);
}

int journal_sqlite_load_account(struct journal *j, const char *vault, bool *found,
                                struct vault_account *out, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "SELECT quote, pm, plp_shares, deposited, realised_gain, realised_loss,"
                          " high_water, fees_crystallized, plp_cost, version"
                          " FROM vault_accounts WHERE vault = ?1",
                          e);
    struct vault_account a = {0};
    uint64_t *amounts[] = {
        &a.quote,         &a.pm,         &a.plp_shares,        &a.deposited, &a.realised_gain,
        &a.realised_loss, &a.high_water, &a.fees_crystallized, &a.plp_cost,  &a.version};
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, vault, -1, SQLITE_STATIC);
    rc = sqlite_db_step(db, stmt, e);
    if (rc < 0)
        return -1;
    *found = rc == 1;
    if (rc == 0)
        return 0;
    snprintf(a.id, sizeof a.id, "%s", vault);
    for (int i = 0; i < (int)(sizeof amounts / sizeof amounts[0]); i++)
        *amounts[i] = journal_u64_at(stmt, i);
    sqlite3_reset(stmt);
    *out = a;
    return 0;
}

static void read_position(sqlite3_stmt *stmt, struct position *p)
{
    memset(p, 0, sizeof *p);
    journal_copy_at(stmt, 0, p->market_id, sizeof p->market_id);
    p->kind = sqlite3_column_int(stmt, 1) == POSITION_RANGE ? POSITION_RANGE : POSITION_BINARY;
    p->strike = journal_u64_at(stmt, 2);
    p->higher = journal_u64_at(stmt, 3);
    p->is_up = sqlite3_column_int(stmt, 4) != 0;
    p->quantity = journal_u64_at(stmt, 5);
    p->cost = journal_u64_at(stmt, 6);
    p->opened_ms = sqlite3_column_int64(stmt, 7);
    p->expiry_ms = sqlite3_column_int64(stmt, 8);
}

int journal_sqlite_load_positions(struct journal *j, const char *vault, position_fn *each,
                                  void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt =
        sqlite_db_prepare(db,
                          "SELECT market_id, kind, strike, higher, is_up, quantity, cost,"
                          " opened_at, expires_at FROM positions WHERE vault = ?1"
                          " ORDER BY market_id, kind, strike, higher, is_up",
                          e);
    struct position position;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, vault, -1, SQLITE_STATIC);
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        read_position(stmt, &position);
        rc = each(arg, &position);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}

int journal_sqlite_load_spend(struct journal *j, const char *vault, int64_t since_ms,
                              spend_fn *each, void *arg, struct error *e)
{
    struct sqlite_db *db = journal_sqlite_of(j)->db;
    sqlite3_stmt *stmt = sqlite_db_prepare(
        db, "SELECT at, amount FROM cap_ledger WHERE vault = ?1 AND at >= ?2 ORDER BY at, id", e);
    struct spend spend;
    int rc;

    if (stmt == NULL)
        return -1;
    sqlite3_bind_text(stmt, 1, vault, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, since_ms);
    while ((rc = sqlite_db_step(db, stmt, e)) == 1) {
        spend.at_ms = sqlite3_column_int64(stmt, 0);
        spend.amount = journal_u64_at(stmt, 1);
        rc = each(arg, &spend);
        if (rc != 0) {
            sqlite3_reset(stmt);
            return rc;
        }
    }
    return rc;
}
