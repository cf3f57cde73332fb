/* The journal's tables, and the numbers that statuses and triggers have on disk. These numbers
 * never change their meaning; the enums of model/run.h may. */
#include "journal/journal_sqlite.h"

static const char tables[] =
    "CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    /* Small and filtered columns first, long texts last: a scan need not follow overflow pages. */
    "CREATE TABLE runs("
    " id INTEGER PRIMARY KEY,"
    " plugin INTEGER NOT NULL," /* names.id, as are vault and version */
    " status INTEGER NOT NULL," /* status_codes below */
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

static const char first_views[] =
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

/* An index on runs costs every tick, also one that is partial and never gets a row: what only some
 * runs have is in tables of its own. */
static const char store_tables[] =
    "ALTER TABLE runs ADD COLUMN commit_at INTEGER;" /* microseconds, as in commit_times */
    "ALTER TABLE runs ADD COLUMN spans TEXT;"
    "ALTER TABLE runs ADD COLUMN seen TEXT;"
    "ALTER TABLE pending ADD COLUMN deadline INTEGER;" /* milliseconds after scheduled_at */
    "CREATE TABLE run_extras("
    " run INTEGER PRIMARY KEY, deadline INTEGER, timed_out INTEGER, metadata TEXT);"
    "CREATE TABLE open_runs(id INTEGER PRIMARY KEY, deadline INTEGER);"
    "CREATE INDEX open_runs_by_deadline ON open_runs(deadline) WHERE deadline IS NOT NULL;"
    "CREATE TABLE run_children("
    " parent INTEGER NOT NULL, run INTEGER NOT NULL, PRIMARY KEY(parent, run)) WITHOUT ROWID;"
    "INSERT INTO run_children SELECT parent, id FROM runs WHERE parent IS NOT NULL;"
    "CREATE INDEX run_slots_by_age ON run_slots(slot);"
    "CREATE TABLE version_ranges("
    " version INTEGER NOT NULL, plugin INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL," /* ids; last 2^63-1: going on */
    " PRIMARY KEY(version, plugin, first)) WITHOUT ROWID;"
    "CREATE INDEX version_ranges_open ON version_ranges(plugin)"
    " WHERE last = 9223372036854775807;"
    "CREATE INDEX version_ranges_by_age ON version_ranges(last);"
    "INSERT INTO version_ranges SELECT version, plugin, min(id), max(id) FROM runs"
    " WHERE version IS NOT NULL GROUP BY version, plugin;"
    "CREATE TABLE totals(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "INSERT INTO totals VALUES('trimmed', 0), ('snapshots', 0), ('snapshot_bytes', 0);"
    "CREATE TABLE action_results("
    " run INTEGER NOT NULL, action INTEGER NOT NULL, result TEXT NOT NULL,"
    " PRIMARY KEY(run, action)) WITHOUT ROWID;"
    "CREATE TABLE run_logs("
    " run INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " level INTEGER NOT NULL," /* 0 debug, 1 info, 2 warn, 3 error */
    " at INTEGER NOT NULL, origin TEXT NOT NULL, message TEXT NOT NULL, fields TEXT,"
    " PRIMARY KEY(run, seq)) WITHOUT ROWID;"
    "CREATE TABLE run_spans("
    " run INTEGER NOT NULL, seq INTEGER NOT NULL, span TEXT NOT NULL, name TEXT NOT NULL,"
    " began INTEGER NOT NULL, ended INTEGER NOT NULL," /* microseconds; -1: not ended */
    " status TEXT NOT NULL, metadata TEXT,"
    " PRIMARY KEY(run, seq)) WITHOUT ROWID;"
    "CREATE TABLE commit_times(began INTEGER PRIMARY KEY, took INTEGER NOT NULL);";

static const char kept_tables[] =
    "CREATE TABLE strategies("
    " name TEXT NOT NULL PRIMARY KEY, is_active INTEGER NOT NULL, current INTEGER NOT NULL,"
    " versions INTEGER NOT NULL, created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL);"
    "CREATE TABLE strategy_versions("
    " id INTEGER PRIMARY KEY,"
    " strategy TEXT NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL,"
    " note TEXT NOT NULL, author TEXT NOT NULL, created_at INTEGER NOT NULL,"
    " content TEXT NOT NULL,"
    " UNIQUE(strategy, number), UNIQUE(strategy, hash));"
    "CREATE TABLE snapshots("
    " id INTEGER PRIMARY KEY,"
    " digest BLOB NOT NULL UNIQUE," /* 16 bytes */
    " used_at INTEGER NOT NULL,"    /* renewed once an hour */
    " bytes INTEGER NOT NULL,"
    " text TEXT NOT NULL);"
    "CREATE INDEX snapshots_by_age ON snapshots(used_at);"
    "CREATE TABLE event_cursors("
    " source TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, events INTEGER NOT NULL,"
    " at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE event_ids("
    " source INTEGER NOT NULL," /* names.id */
    " event TEXT NOT NULL, at INTEGER NOT NULL,"
    " PRIMARY KEY(source, event)) WITHOUT ROWID;"
    "CREATE INDEX event_ids_by_age ON event_ids(at);"
    "CREATE TABLE dead_letters("
    " run INTEGER PRIMARY KEY,"
    " plugin TEXT NOT NULL,"
    " state INTEGER NOT NULL," /* 1 open, 2 retried, 3 discarded */
    " \"trigger\" INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, depth INTEGER NOT NULL, parent INTEGER,"
    " at INTEGER NOT NULL, settled_at INTEGER, retry INTEGER,"
    " topic TEXT, payload TEXT, error TEXT);"
    "CREATE INDEX dead_letters_by_plugin ON dead_letters(plugin);"
    "CREATE INDEX dead_letters_open ON dead_letters(run) WHERE state = 1;"
    "CREATE INDEX dead_letters_settled ON dead_letters(settled_at) WHERE settled_at IS NOT NULL;";

/* Open ones are looked for by themselves, an account's in the order of their ids. */
static const char outbox_tables[] =
    "CREATE TABLE submissions("
    " id INTEGER PRIMARY KEY,"
    " state INTEGER NOT NULL," /* 1 open, 2 done, 3 dead */
    " success INTEGER NOT NULL,"
    " plugin TEXT NOT NULL, vault TEXT NOT NULL," /* "": upkeep */
    " executor TEXT NOT NULL, account TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,"
    " created_at INTEGER NOT NULL, settled_at INTEGER,"
    " outcome TEXT, holds TEXT, signature TEXT, bytes BLOB NOT NULL);"
    "CREATE INDEX submissions_open ON submissions(id) WHERE state = 1;"
    "CREATE INDEX submissions_by_account ON submissions(account, id);"
    "CREATE VIEW submissions_v AS SELECT id,"
    " CASE state WHEN 1 THEN 'open' WHEN 2 THEN iif(success, 'done', 'done, failed')"
    "  WHEN 3 THEN 'dead' END AS state,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', settled_at / 1000.0, 'unixepoch') AS settled,"
    " plugin, vault, executor, account, digest, outcome, holds, signature,"
    " length(bytes) AS bytes FROM submissions;";

static const char store_views[] =
    "DROP VIEW runs_v;"
    "DROP VIEW run_counts_v;"
    "CREATE VIEW runs_v AS SELECT"
    " r.id,"
    " (SELECT text FROM names WHERE id = r.plugin) AS plugin,"
    " (SELECT text FROM names WHERE id = r.vault) AS vault,"
    " CASE r.status WHEN 1 THEN 'noop' WHEN 2 THEN 'completed' WHEN 3 THEN 'rejected'"
    "  WHEN 4 THEN 'failed' WHEN 5 THEN 'skipped' WHEN 6 THEN 'cancelled' WHEN 7 THEN 'queued'"
    "  WHEN 8 THEN 'running' WHEN 9 THEN 'paused' WHEN 10 THEN 'prepared'"
    "  WHEN 11 THEN 'submitted' WHEN 12 THEN 'unknown' END AS status,"
    " CASE r.\"trigger\" WHEN 1 THEN 'cron' WHEN 2 THEN 'event' WHEN 3 THEN 'manual' END"
    "  AS \"trigger\","
    " strftime('%Y-%m-%dT%H:%M:%fZ', r.finished_at / 1000.0, 'unixepoch') AS finished,"
    " r.reason,"
    " r.error, r.actions, r.result, r.logs, r.topic, r.payload, r.parent, r.depth, r.attempts,"
    " r.dry_run, r.scheduled_at, r.started_at, r.finished_at, r.cpu_us,"
    " printf('%llu', r.seed) AS seed,"
    " (SELECT text FROM names WHERE id = r.version) AS version,"
    " x.deadline, ifnull(x.timed_out, 0) AS timed_out, x.metadata, r.spans, r.seen, r.commit_at"
    " FROM runs r LEFT JOIN run_extras x ON x.run = r.id;"
    "CREATE VIEW run_counts_v AS SELECT"
    " (SELECT text FROM names WHERE id = c.plugin) AS plugin,"
    " CASE c.status WHEN 1 THEN 'noop' WHEN 2 THEN 'completed' WHEN 3 THEN 'rejected'"
    "  WHEN 4 THEN 'failed' WHEN 5 THEN 'skipped' WHEN 6 THEN 'cancelled' WHEN 7 THEN 'queued'"
    "  WHEN 8 THEN 'running' WHEN 9 THEN 'paused' WHEN 10 THEN 'prepared'"
    "  WHEN 11 THEN 'submitted' WHEN 12 THEN 'unknown' END AS status,"
    " c.count FROM run_counts c;"
    "CREATE VIEW run_logs_v AS SELECT run, seq,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS time,"
    " CASE level WHEN 0 THEN 'debug' WHEN 1 THEN 'info' WHEN 2 THEN 'warn' WHEN 3 THEN 'error' END"
    "  AS level,"
    " origin, message, fields FROM run_logs;"
    "CREATE VIEW dead_letters_v AS SELECT run, plugin,"
    " CASE state WHEN 1 THEN 'open' WHEN 2 THEN 'retried' WHEN 3 THEN 'discarded' END AS state,"
    " CASE \"trigger\" WHEN 1 THEN 'cron' WHEN 2 THEN 'event' WHEN 3 THEN 'manual' END"
    "  AS \"trigger\","
    " strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS failed,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', settled_at / 1000.0, 'unixepoch') AS settled,"
    " retry, attempts, topic, payload, error, depth, parent FROM dead_letters;"
    "CREATE VIEW snapshots_v AS SELECT lower(hex(digest)) AS digest,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', used_at / 1000.0, 'unixepoch') AS used,"
    " bytes, text FROM snapshots;";

const struct migration journal_steps[] = {
    {1, "runs", tables},
    {2, "vaults", vault_tables},
    {3, "readable views", first_views},
    {4, "execution store", store_tables},
    {5, "what was seen and kept", kept_tables},
    {6, "readable execution store", store_views},
    {7, "outbox", outbox_tables},
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

static const int dead_codes[DEAD_STATE_COUNT] = {
    [DEAD_OPEN] = 1, [DEAD_RETRIED] = 2, [DEAD_DISCARDED] = 3};

int journal_dead_code(enum dead_state state)
{
    return dead_codes[state];
}

enum dead_state journal_dead_of(int code)
{
    for (int state = 0; state < (int)DEAD_STATE_COUNT; state++)
        if (dead_codes[state] == code)
            return (enum dead_state)state;
    return DEAD_DISCARDED;
}

static const int submission_codes[SUBMISSION_STATE_COUNT] = {
    [SUBMISSION_OPEN] = 1, [SUBMISSION_DONE] = 2, [SUBMISSION_DEAD] = 3};

int journal_submission_code(enum submission_state state)
{
    return submission_codes[state];
}

enum submission_state journal_submission_of(int code)
{
    for (int state = 0; state < (int)SUBMISSION_STATE_COUNT; state++)
        if (submission_codes[state] == code)
            return (enum submission_state)state;
    return SUBMISSION_OPEN;
}
