#include "contract/desk_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int desk_store_open(struct desk_store *desk, const char *path, struct error *e)
{
    memset(desk, 0, sizeof *desk);
    if (sqlite_db_open(&desk->db, path, SQLITE_DB_CREATE, e) == 0 &&
        state_sqlite_migrate(desk->db, 1, e) == 0 && journal_sqlite_migrate(desk->db, 1, e) == 0 &&
        state_sqlite_open(&desk->state, desk->db, e) == 0 &&
        journal_sqlite_open(&desk->journal, desk->db, e) == 0)
        return 0;
    desk_store_close(desk);
    return -1;
}

void desk_store_close(struct desk_store *desk)
{
    state_close(desk->state);
    journal_close(desk->journal);
    sqlite_db_close(desk->db);
    memset(desk, 0, sizeof *desk);
}

static int write_state(struct desk_store *desk, uint64_t n, struct error *e)
{
    char key[16], old[16], value[24];
    struct state_row row = {key, 0, value, 0, 0};

    row.value_len = (size_t)snprintf(value, sizeof value, "%llu", (unsigned long long)n);
    row.key_len = (size_t)snprintf(key, sizeof key, "n-%d", (int)(n % 7));
    if (state_put(desk->state, "p", &row, e) != 0)
        return -1;
    row.key_len = (size_t)snprintf(key, sizeof key, "last");
    if (state_put(desk->state, "p", &row, e) != 0)
        return -1;
    if (n <= 3)
        return 0;
    snprintf(old, sizeof old, "n-%d", (int)((n - 3) % 7));
    return state_remove(desk->state, "p", old, strlen(old), e);
}

static struct position position_of(uint64_t n, uint64_t quantity)
{
    return (struct position){.kind = POSITION_BINARY,
                             .market_id = "BTC-1",
                             .strike = n,
                             .is_up = true,
                             .quantity = quantity,
                             .cost = quantity * n,
                             .expiry_ms = 9};
}

static int write_vault(struct desk_store *desk, uint64_t n, struct error *e)
{
    struct position positions[] = {position_of(n, 1), position_of(n - 1, 0)};
    struct ledger_entry entry = {.kind = "mint_binary", .pm_delta = -1, .cost_delta = 1};
    struct ledger_change change = {
        .account = {.id = "v", .pm = 1000000 - n, .deposited = 1000000, .version = n},
        .positions = positions,
        .position_count = n > 1 ? 2 : 1,
        .entries = &entry,
        .entry_count = 1,
        .spend = 1};

    return journal_put_change(desk->journal, n * DESK_RUNS, (int64_t)n, &change, e);
}

static int write_journal(struct desk_store *desk, uint64_t n, struct error *e)
{
    struct pending pending = {.id = n * DESK_RUNS + 1, .plugin = "p", .kind = TRIGGER_MANUAL};
    static char reason[] = "cooling down", payload[] = "{}";

    for (uint64_t i = 0; i < DESK_RUNS; i++) {
        struct run run = {.id = n * DESK_RUNS + i, .status = RUN_NOOP, .reason = reason};
        snprintf(run.plugin, sizeof run.plugin, "p%d", (int)(n % 5));
        if (journal_put_run(desk->journal, &run, e) != 0)
            return -1;
    }
    pending.payload = payload;
    if (journal_put_pending(desk->journal, &pending, e) != 0)
        return -1;
    return journal_remove_pending(desk->journal, (n - 1) * DESK_RUNS + 1, e);
}

/* Each transaction sends something, and hears of what the one before it has sent. */
static int write_outbox(struct desk_store *desk, uint64_t n, struct error *e)
{
    static uint8_t bytes[3000] = {0, 1, 0};
    struct submission s = {.id = n * DESK_RUNS,
                           .plugin = "p",
                           .vault = "v",
                           .executor = "sui",
                           .account = "0xab",
                           .bytes = bytes,
                           .len = sizeof bytes,
                           .created_ms = (int64_t)n};

    snprintf(s.digest, sizeof s.digest, "%llu", (unsigned long long)n);
    if (journal_put_submission(desk->journal, &s, e) != 0)
        return -1;
    return n == 1 ? 0
                  : journal_settle_submission(desk->journal, (n - 1) * DESK_RUNS, SUBMISSION_DONE,
                                              n % 2 == 0, "{}", (int64_t)n, e);
}

int desk_store_transact(struct desk_store *desk, uint64_t n, struct error *e)
{
    if (journal_begin(desk->journal, e) != 0)
        return -1;
    if (state_begin(desk->state, 1, e) == 0 && write_state(desk, n, e) == 0 &&
        write_journal(desk, n, e) == 0 && write_outbox(desk, n, e) == 0 &&
        write_vault(desk, n, e) == 0 && state_commit(desk->state, e) == 0 &&
        journal_commit(desk->journal, e) == 0)
        return 0;
    state_rollback(desk->state);
    journal_rollback(desk->journal);
    return -1;
}

static int64_t number(struct desk_store *desk, const char *sql)
{
    sqlite3_stmt *stmt;
    int64_t value = -1;

    if (sqlite3_prepare_v2(desk->db->handle, sql, -1, &stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(desk->db->handle));
        return -1;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

struct fact {
    const char *sql;
    int64_t expected;
};

static int keys_expected(int64_t n)
{
    return n == 0 ? 0 : n < 3 ? (int)n + 1 : 4; /* n, n-1, n-2 and "last" */
}

int64_t desk_store_verify(struct desk_store *desk)
{
    int64_t n = number(desk, "SELECT ifnull(max(id), 2) / 3 FROM runs");
    const struct fact facts[] = {
        {"SELECT count(*) FROM runs", n * DESK_RUNS},
        {"SELECT count(*) FROM runs_v WHERE plugin <> printf('p%d', id / 3 % 5)", 0},
        {"SELECT ifnull(sum(count), 0) FROM run_counts", n * DESK_RUNS},
        {"SELECT count(*) FROM run_counts c WHERE count <>"
         " (SELECT count(*) FROM runs r WHERE r.plugin = c.plugin AND r.status = c.status)",
         0},
        {"SELECT ifnull(max(CAST(value AS INTEGER)), 0) FROM plugin_state WHERE key = 'last'", n},
        {"SELECT count(*) FROM plugin_state", keys_expected(n)},
        {"SELECT ifnull(max(version), 0) FROM vault_accounts", n},
        {"SELECT count(*) FROM ledger", n},
        {"SELECT count(*) FROM ledger WHERE run <> account_version * 3", 0},
        {"SELECT 1000000 + ifnull(sum(pm_delta), 0) FROM ledger", 1000000 - n},
        {"SELECT count(*) FROM cap_ledger", n},
        {"SELECT count(*) FROM positions", n > 0},
        {"SELECT ifnull(max(strike), 0) FROM positions", n},
        {"SELECT count(*) FROM pending", n > 0},
        {"SELECT count(*) FROM submissions", n},
        {"SELECT ifnull(max(id), 0) FROM submissions WHERE state = 1", n * DESK_RUNS},
        {"SELECT count(*) FROM submissions WHERE state = 2", n > 0 ? n - 1 : 0},
        {"SELECT count(*) FROM submissions WHERE length(bytes) <> 3000 OR digest <> id / 3"
         " OR success <> (state = 2 AND id / 3 % 2)",
         0},
        {"SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'", 1},
    };

    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        int64_t found = number(desk, facts[i].sql);
        if (found == facts[i].expected)
            continue;
        fprintf(stderr, "after transaction %lld: %s is %lld, expected %lld\n", (long long)n,
                facts[i].sql, (long long)found, (long long)facts[i].expected);
        return -1;
    }
    return n;
}
