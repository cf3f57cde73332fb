/* The journal's tables, and the numbers that statuses and triggers have on disk. These numbers
 * never change their meaning; the enums of model/run.h may. */
#include "journal/journal_sqlite.h"

static const char tables[] =
    "CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    /* Small and filtered columns first, long texts last: a scan need not follow overflow pages. */
    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY,"
    " plugin INTEGER NOT NULL," /* names.id, as are vault and version */
    " status INTEGER NOT NULL," /* 1 noop, 2 completed, 3 rejected, 4 failed, 5 skipped */
    " vault INTEGER,"
    " \"trigger\" INTEGER NOT NULL," /* 1 cron, 2 event, 3 manual */
    " dry_run INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " depth INTEGER NOT NULL,"
    " version INTEGER,"
    " cpu_us INTEGER,"
    " scheduled_at INTEGER,"
    " started_at INTEGER,"
    " finished_at INTEGER,"
    " seed INTEGER,"
    " parent INTEGER,"
    " topic TEXT,"
    " reason TEXT,"
    " payload TEXT,"
    " error TEXT,"
    " actions TEXT,"
    " result TEXT,"
    " logs TEXT);"
    "CREATE TABLE run_counts("
    " plugin INTEGER NOT NULL, status INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY(plugin, status)) WITHOUT ROWID;"
    "CREATE TABLE run_slots("
    " plugin INTEGER NOT NULL, status INTEGER NOT NULL, slot INTEGER NOT NULL," /* 0: any */
    " PRIMARY KEY(plugin, status, slot)) WITHOUT ROWID;"
    "CREATE TABLE pending("
    " id INTEGER PRIMARY KEY,"
    " plugin TEXT NOT NULL,"
    " \"trigger\" INTEGER NOT NULL,"
    " topic TEXT,"
    " payload TEXT,"
    " scheduled_at INTEGER NOT NULL,"
    " parent INTEGER,"
    " depth INTEGER NOT NULL);";

static const char vault_tables[] =
    "CREATE TABLE vault_accounts("
    " vault TEXT NOT NULL PRIMARY KEY,"
    " quote NOT NULL, pm NOT NULL, plp_shares NOT NULL, deposited NOT NULL,"
    " realised_gain NOT NULL, realised_loss NOT NULL, high_water NOT NULL,"
    " fees_crystallized NOT NULL, plp_cost NOT NULL, version NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE positions("
    " vault TEXT NOT NULL,"
    " market_id TEXT NOT NULL,"
    " kind INTEGER NOT NULL,"            /* 0 binary, 1 range */
    " strike NOT NULL, higher NOT NULL," /* × 1e9 */
    " is_up INTEGER NOT NULL,"
    " quantity NOT NULL, cost NOT NULL,"
    " opened_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " PRIMARY KEY(vault, market_id, kind, strike, higher, is_up)) WITHOUT ROWID;"
    "CREATE TABLE ledger("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER," /* NULL: opening or settlement */
    " vault TEXT NOT NULL,"
    " account_version NOT NULL,"
    " seq INTEGER NOT NULL," /* within the change, from 0 */
    " at INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " market_id TEXT,"
    " quote_delta INTEGER NOT NULL, pm_delta INTEGER NOT NULL,"
    " cost_delta INTEGER NOT NULL, gain_delta INTEGER NOT NULL);"
    "CREATE TABLE cap_ledger("
    " id INTEGER PRIMARY KEY,"
    " vault TEXT NOT NULL, at INTEGER NOT NULL, amount NOT NULL, run INTEGER);"
    "CREATE INDEX cap_ledger_window ON cap_ledger(vault, at);";

static const char views[] =
    "CREATE VIEW runs_v AS SELECT"
    " r.id,"
    " (SELECT text FROM names WHERE id = r.plugin) AS plugin,"
    " (SELECT text FROM names WHERE id = r.vault) AS vault,"
    " CASE r.status WHEN 1 THEN 'noop' WHEN 2 THEN 'completed' WHEN 3 THEN 'rejected'"
    "  WHEN 4 THEN 'failed' WHEN 5 THEN 'skipped' END AS status,"
    " CASE r.\"trigger\" WHEN 1 THEN 'cron' WHEN 2 THEN 'event' WHEN 3 THEN 'manual' END"
    "  AS \"trigger\","
    " strftime('%Y-%m-%dT%H:%M:%fZ', r.finished_at / 1000.0, 'unixepoch') AS finished,"
    " r.reason,"
    " r.error, r.actions, r.result, r.logs, r.topic, r.payload, r.parent, r.depth, r.attempts,"
    " r.dry_run, r.scheduled_at, r.started_at, r.finished_at, r.cpu_us,"
    " printf('%llu', r.seed) AS seed,"
    " (SELECT text FROM names WHERE id = r.version) AS version"
    " FROM runs r;"
    "CREATE VIEW run_counts_v AS SELECT"
    " (SELECT text FROM names WHERE id = c.plugin) AS plugin,"
    " CASE c.status WHEN 1 THEN 'noop' WHEN 2 THEN 'completed' WHEN 3 THEN 'rejected'"
    "  WHEN 4 THEN 'failed' WHEN 5 THEN 'skipped' END AS status,"
    " c.count FROM run_counts c;"
    "CREATE VIEW ledger_v AS SELECT"
    " strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time,"
    " vault, kind, market_id, quote_delta, pm_delta, cost_delta, gain_delta, run,"
    " account_version, seq FROM ledger;";

const struct migration journal_steps[] = {
    {1, "runs", tables},
    {2, "vaults", vault_tables},
    {3, "readable views", views},
};
const int journal_step_count = sizeof journal_steps / sizeof journal_steps[0];

static const int status_codes[RUN_STATUS_COUNT] = {
    [RUN_NOOP] = 1,    [RUN_COMPLETED] = 2, [RUN_REJECTED] = 3,   [RUN_FAILED] = 4,
    [RUN_SKIPPED] = 5, [RUN_CANCELLED] = 6, [RUN_QUEUED] = 7,     [RUN_RUNNING] = 8,
    [RUN_PAUSED] = 9,  [RUN_PREPARED] = 10, [RUN_SUBMITTED] = 11, [RUN_UNKNOWN] = 12,
};

static const int trigger_codes[] = {
    [TRIGGER_CRON] = 1,
    [TRIGGER_EVENT] = 2,
    [TRIGGER_MANUAL] = 3,
};
#define TRIGGER_COUNT ((int)(sizeof trigger_codes / sizeof trigger_codes[0]))

int journal_status_code(enum run_status status)
{
    return status_codes[status];
}

enum run_status journal_status_of(int code)
{
    for (int status = 0; status < (int)RUN_STATUS_COUNT; status++)
        if (code != 0 && status_codes[status] == code)
            return (enum run_status)status;
    return RUN_FAILED;
}

int journal_trigger_code(enum trigger_kind kind)
{
    return trigger_codes[kind];
}

enum trigger_kind journal_trigger_of(int code)
{
    for (int kind = 0; kind < TRIGGER_COUNT; kind++)
        if (trigger_codes[kind] == code)
            return (enum trigger_kind)kind;
    return TRIGGER_MANUAL;
}
