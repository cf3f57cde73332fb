/* The tables of a PostgreSQL journal. Times are ms since the epoch, unless they say us. */
#include "db/postgres_migrate.h"
#include "journal/journal_postgres_store.h"

static const char runs_tables[] =
    "CREATE TABLE journal_kinds("
    " id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " plugin text COLLATE \"C\" NOT NULL,"
    " vault text COLLATE \"C\" NOT NULL," /* '': none, as is version */
    " version text COLLATE \"C\" NOT NULL,"
    " status text COLLATE \"C\" NOT NULL,"
    " ended bigint NOT NULL,"                             /* ever, also those trimmed since */
    " first_id bigint NOT NULL, last_id bigint NOT NULL," /* no run of this kind lies outside */
    " UNIQUE (plugin, vault, version, status))"
    " WITH (fillfactor = 50);"
    "CREATE TABLE journal_runs("
    " id bigint PRIMARY KEY,"
    " seed bigint NOT NULL," /* 64 bits; the view shows them unsigned */
    " scheduled_at bigint, started_at bigint, finished_at bigint,"
    " parent bigint, commit_us bigint, deadline_at bigint,"
    " kind integer NOT NULL," /* journal_kinds.id: plugin, vault, version and status */
    " attempts integer NOT NULL, depth integer NOT NULL, cpu_us integer NOT NULL,"
    " trigger smallint NOT NULL," /* 1 cron, 2 event, 3 manual */
    " dry_run boolean NOT NULL, timed_out boolean NOT NULL,"
    " is_open boolean NOT NULL," /* on record before its end */
    " topic text, reason text, payload text, error text, actions text, result text, logs text,"
    " spans text, seen text, metadata text);"
    "CREATE INDEX journal_runs_kind ON journal_runs(kind, id);"
    "CREATE INDEX journal_runs_parent ON journal_runs(parent, id) WHERE parent IS NOT NULL;"
    "CREATE INDEX journal_runs_open ON journal_runs(id) WHERE is_open;"
    "CREATE TABLE journal_totals(" /* one row */
    " one boolean PRIMARY KEY CHECK (one), trimmed bigint NOT NULL);"
    "INSERT INTO journal_totals VALUES(true, 0);"
    "CREATE TABLE journal_pending("
    " id bigint PRIMARY KEY,"
    " plugin text NOT NULL, trigger smallint NOT NULL, topic text, payload text,"
    " scheduled_at bigint NOT NULL, parent bigint, depth integer NOT NULL,"
    " deadline_ms bigint);" /* after scheduled_at */
    "CREATE TABLE journal_writers("
    " writer text COLLATE \"C\" PRIMARY KEY,"
    " number bigint NOT NULL," /* of its last transaction; NOT NULL is the guard */
    " seen_at timestamptz NOT NULL);"
    "CREATE TABLE journal_owner(" /* one row: who wrote last */
    " one boolean PRIMARY KEY CHECK (one), session text NOT NULL, label text NOT NULL,"
    " since timestamptz NOT NULL);";

static const char vault_tables[] =
    "CREATE TABLE journal_vault_accounts("
    " vault text COLLATE \"C\" PRIMARY KEY,"
    " quote numeric(20,0) NOT NULL, pm numeric(20,0) NOT NULL, plp_shares numeric(20,0) NOT NULL,"
    " deposited numeric(20,0) NOT NULL, realised_gain numeric(20,0) NOT NULL,"
    " realised_loss numeric(20,0) NOT NULL, high_water numeric(20,0) NOT NULL,"
    " fees_crystallized numeric(20,0) NOT NULL, plp_cost numeric(20,0) NOT NULL,"
    " version numeric(20,0) NOT NULL) WITH (fillfactor = 50);"
    "CREATE TABLE journal_positions("
    " vault text COLLATE \"C\" NOT NULL, market_id text COLLATE \"C\" NOT NULL,"
    " kind smallint NOT NULL,"                                       /* 0 binary, 1 range */
    " strike numeric(20,0) NOT NULL, higher numeric(20,0) NOT NULL," /* × 1e9 */
    " is_up boolean NOT NULL,"
    " quantity numeric(20,0) NOT NULL, cost numeric(20,0) NOT NULL,"
    " opened_at bigint NOT NULL, expires_at bigint NOT NULL,"
    " PRIMARY KEY (vault, market_id, kind, strike, higher, is_up));"
    "CREATE TABLE journal_ledger("
    " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " run bigint," /* NULL: opening or settlement */
    " vault text NOT NULL, account_version numeric(20,0) NOT NULL,"
    " seq integer NOT NULL," /* within the change, from 0 */
    " at bigint NOT NULL, kind text NOT NULL, market_id text,"
    " quote_delta bigint NOT NULL, pm_delta bigint NOT NULL, cost_delta bigint NOT NULL,"
    " gain_delta bigint NOT NULL);"
    "CREATE TABLE journal_cap_ledger("
    " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " vault text COLLATE \"C\" NOT NULL, at bigint NOT NULL, amount numeric(20,0) NOT NULL,"
    " run bigint);"
    "CREATE INDEX journal_cap_ledger_window ON journal_cap_ledger(vault, at);";

static const char record_tables[] =
    "CREATE TABLE journal_action_results("
    " run bigint NOT NULL, action bigint NOT NULL, result text NOT NULL,"
    " PRIMARY KEY (run, action));"
    "CREATE TABLE journal_run_logs("
    " run bigint NOT NULL, seq bigint NOT NULL, level smallint NOT NULL," /* 0 debug … 3 error */
    " at bigint NOT NULL, source text, message text NOT NULL, fields text,"
    " PRIMARY KEY (run, seq));"
    "CREATE TABLE journal_run_spans("
    " run bigint NOT NULL, seq integer NOT NULL, id text COLLATE \"C\" NOT NULL,"
    " name text NOT NULL, start_us bigint NOT NULL," /* end -1: not ended */
    " end_us bigint NOT NULL, status text NOT NULL, metadata text,"
    " PRIMARY KEY (run, id));"
    "CREATE TABLE journal_commit_times(began_us bigint PRIMARY KEY, took_us bigint NOT NULL);"
    "CREATE TABLE journal_strategies("
    " name text COLLATE \"C\" PRIMARY KEY, is_active boolean NOT NULL, current integer NOT NULL,"
    " versions integer NOT NULL, created_at bigint NOT NULL, changed_at bigint NOT NULL);"
    "CREATE TABLE journal_strategy_versions("
    " strategy text COLLATE \"C\" NOT NULL, number integer NOT NULL,"
    " hash text COLLATE \"C\" NOT NULL, content text, note text NOT NULL, author text NOT NULL,"
    " created_at bigint NOT NULL,"
    " PRIMARY KEY (strategy, number), UNIQUE (strategy, hash));"
    "CREATE TABLE journal_snapshots("
    " digest text COLLATE \"C\" PRIMARY KEY, used_at bigint NOT NULL, content text NOT NULL);"
    "CREATE INDEX journal_snapshots_use ON journal_snapshots(used_at);"
    "CREATE TABLE journal_event_cursors("
    " source text COLLATE \"C\" PRIMARY KEY, value text NOT NULL, events numeric(20,0) NOT NULL,"
    " at bigint NOT NULL);"
    "CREATE TABLE journal_events("
    " source text COLLATE \"C\" NOT NULL, event text COLLATE \"C\" NOT NULL, at bigint NOT NULL,"
    " noted_by bigint," /* the transaction's stamp, so that its repetition gets the same answer */
    " PRIMARY KEY (source, event));"
    "CREATE INDEX journal_events_at ON journal_events(at);"
    "CREATE TABLE journal_dead_letters("
    " run bigint PRIMARY KEY, plugin text COLLATE \"C\" NOT NULL,"
    " state text COLLATE \"C\" NOT NULL, trigger smallint NOT NULL, topic text, payload text,"
    " error text, attempts integer NOT NULL, depth integer NOT NULL, parent bigint,"
    " at bigint NOT NULL, settled_at bigint, retry bigint);"
    "CREATE INDEX journal_dead_letters_plugin ON journal_dead_letters(plugin, state, run);"
    "CREATE INDEX journal_dead_letters_state ON journal_dead_letters(state, run);"
    "CREATE INDEX journal_dead_letters_settled ON journal_dead_letters(settled_at)"
    " WHERE settled_at IS NOT NULL;";

#define TRIGGER_WORD                                                                               \
    "CASE r.trigger WHEN 1 THEN 'cron' WHEN 2 THEN 'event' WHEN 3 THEN 'manual' END AS trigger"
#define UNSIGNED(column) "CASE WHEN " column " < 0 THEN 18446744073709551616 ELSE 0 END + " column

static const char views[] =
    "CREATE VIEW journal_runs_v AS SELECT r.id, k.plugin, nullif(k.vault, '') AS vault, k.status,"
    " " TRIGGER_WORD ","
    " to_timestamp(r.finished_at / 1000.0) AS finished, r.reason, r.error, r.actions, r.result,"
    " r.logs, r.topic, r.payload, r.parent, r.depth, r.attempts, r.dry_run, r.timed_out,"
    " r.scheduled_at, r.started_at, r.finished_at, r.deadline_at, r.commit_us, r.cpu_us,"
    " " UNSIGNED(
        "r.seed") " AS seed, nullif(k.version, '') AS version, r.spans, r.seen,"
                  " r.metadata, r.is_open"
                  " FROM journal_runs r JOIN journal_kinds k ON k.id = r.kind;"
                  "CREATE VIEW journal_run_counts_v AS SELECT plugin, status, sum(ended) AS count"
                  " FROM journal_kinds WHERE ended > 0 GROUP BY plugin, status;"
                  "CREATE VIEW journal_pending_v AS SELECT r.id, r.plugin, " TRIGGER_WORD
                  ", r.topic, r.payload,"
                  " to_timestamp(r.scheduled_at / 1000.0) AS scheduled, r.parent, r.depth"
                  " FROM journal_pending r;"
                  "CREATE VIEW journal_ledger_v AS SELECT to_timestamp(at / 1000.0) AS time, "
                  "vault, kind,"
                  " market_id, quote_delta, pm_delta, cost_delta, gain_delta, run, "
                  "account_version, seq"
                  " FROM journal_ledger";

static const char outbox_tables[] =
    "CREATE TABLE journal_submissions("
    " id bigint PRIMARY KEY, state text COLLATE \"C\" NOT NULL, success boolean NOT NULL,"
    " plugin text COLLATE \"C\" NOT NULL, vault text COLLATE \"C\" NOT NULL," /* '': upkeep */
    " executor text COLLATE \"C\" NOT NULL, account text COLLATE \"C\" NOT NULL,"
    " digest text COLLATE \"C\" NOT NULL UNIQUE, created_at bigint NOT NULL, settled_at bigint,"
    " outcome text, holds text, signature text, bytes bytea NOT NULL);"
    "CREATE INDEX journal_submissions_open ON journal_submissions(id) WHERE state = 'open';"
    "CREATE INDEX journal_submissions_account ON journal_submissions(account, id);"
    "CREATE VIEW journal_submissions_v AS SELECT id,"
    " CASE WHEN state = 'done' AND NOT success THEN 'done, failed' ELSE state END AS state,"
    " to_timestamp(created_at / 1000.0) AS created, to_timestamp(settled_at / 1000.0) AS settled,"
    " plugin, vault, executor, account, digest, outcome, holds, signature,"
    " octet_length(bytes) AS bytes FROM journal_submissions";

static const struct migration steps[] = {
    {1, "runs", runs_tables},
    {2, "vaults", vault_tables},
    {3, "execution store", record_tables},
    {4, "readable views", views},
    {5, "outbox", outbox_tables},
};

static const struct column_spec kinds[] = {
    {"id", "integer", false},      {"plugin", "text", false},    {"vault", "text", false},
    {"version", "text", false},    {"status", "text", false},    {"ended", "bigint", false},
    {"first_id", "bigint", false}, {"last_id", "bigint", false},
};
static const struct column_spec runs[] = {
    {"id", "bigint", false},          {"seed", "bigint", false},
    {"scheduled_at", "bigint", true}, {"started_at", "bigint", true},
    {"finished_at", "bigint", true},  {"parent", "bigint", true},
    {"commit_us", "bigint", true},    {"deadline_at", "bigint", true},
    {"kind", "integer", false},       {"attempts", "integer", false},
    {"depth", "integer", false},      {"cpu_us", "integer", false},
    {"trigger", "smallint", false},   {"dry_run", "boolean", false},
    {"timed_out", "boolean", false},  {"is_open", "boolean", false},
    {"topic", "text", true},          {"reason", "text", true},
    {"payload", "text", true},        {"error", "text", true},
    {"actions", "text", true},        {"result", "text", true},
    {"logs", "text", true},           {"spans", "text", true},
    {"seen", "text", true},           {"metadata", "text", true},
};
static const struct column_spec totals[] = {{"one", "boolean", false},
                                            {"trimmed", "bigint", false}};
static const struct column_spec pending[] = {
    {"id", "bigint", false},    {"plugin", "text", false},   {"trigger", "smallint", false},
    {"topic", "text", true},    {"payload", "text", true},   {"scheduled_at", "bigint", false},
    {"parent", "bigint", true}, {"depth", "integer", false}, {"deadline_ms", "bigint", true},
};
static const struct column_spec writers[] = {
    {"writer", "text", false},
    {"number", "bigint", false},
    {"seen_at", "timestamp with time zone", false},
};
static const struct column_spec owner[] = {
    {"one", "boolean", false},
    {"session", "text", false},
    {"label", "text", false},
    {"since", "timestamp with time zone", false},
};
#define AMOUNT(name)                                                                               \
    {                                                                                              \
        name, "numeric(20,0)", false                                                               \
    }
static const struct column_spec accounts[] = {
    {"vault", "text", false}, AMOUNT("quote"),      AMOUNT("pm"),
    AMOUNT("plp_shares"),     AMOUNT("deposited"),  AMOUNT("realised_gain"),
    AMOUNT("realised_loss"),  AMOUNT("high_water"), AMOUNT("fees_crystallized"),
    AMOUNT("plp_cost"),       AMOUNT("version"),
};
static const struct column_spec positions[] = {
    {"vault", "text", false},
    {"market_id", "text", false},
    {"kind", "smallint", false},
    AMOUNT("strike"),
    AMOUNT("higher"),
    {"is_up", "boolean", false},
    AMOUNT("quantity"),
    AMOUNT("cost"),
    {"opened_at", "bigint", false},
    {"expires_at", "bigint", false},
};
static const struct column_spec ledger[] = {
    {"id", "bigint", false},          {"run", "bigint", true},
    {"vault", "text", false},         AMOUNT("account_version"),
    {"seq", "integer", false},        {"at", "bigint", false},
    {"kind", "text", false},          {"market_id", "text", true},
    {"quote_delta", "bigint", false}, {"pm_delta", "bigint", false},
    {"cost_delta", "bigint", false},  {"gain_delta", "bigint", false},
};
static const struct column_spec caps[] = {
    {"id", "bigint", false}, {"vault", "text", false}, {"at", "bigint", false},
    AMOUNT("amount"),        {"run", "bigint", true},
};
static const struct column_spec results[] = {
    {"run", "bigint", false}, {"action", "bigint", false}, {"result", "text", false}};
static const struct column_spec logs[] = {
    {"run", "bigint", false}, {"seq", "bigint", false}, {"level", "smallint", false},
    {"at", "bigint", false},  {"source", "text", true}, {"message", "text", false},
    {"fields", "text", true},
};
static const struct column_spec spans[] = {
    {"run", "bigint", false},  {"seq", "integer", false},     {"id", "text", false},
    {"name", "text", false},   {"start_us", "bigint", false}, {"end_us", "bigint", false},
    {"status", "text", false}, {"metadata", "text", true},
};
static const struct column_spec commit_times[] = {{"began_us", "bigint", false},
                                                  {"took_us", "bigint", false}};
static const struct column_spec strategies[] = {
    {"name", "text", false},         {"is_active", "boolean", false},
    {"current", "integer", false},   {"versions", "integer", false},
    {"created_at", "bigint", false}, {"changed_at", "bigint", false},
};
static const struct column_spec versions[] = {
    {"strategy", "text", false},     {"number", "integer", false}, {"hash", "text", false},
    {"content", "text", true},       {"note", "text", false},      {"author", "text", false},
    {"created_at", "bigint", false},
};
static const struct column_spec snapshots[] = {
    {"digest", "text", false}, {"used_at", "bigint", false}, {"content", "text", false}};
static const struct column_spec cursors[] = {
    {"source", "text", false}, {"value", "text", false}, AMOUNT("events"), {"at", "bigint", false}};
static const struct column_spec events[] = {{"source", "text", false},
                                            {"event", "text", false},
                                            {"at", "bigint", false},
                                            {"noted_by", "bigint", true}};
static const struct column_spec dead[] = {
    {"run", "bigint", false},       {"plugin", "text", false},      {"state", "text", false},
    {"trigger", "smallint", false}, {"topic", "text", true},        {"payload", "text", true},
    {"error", "text", true},        {"attempts", "integer", false}, {"depth", "integer", false},
    {"parent", "bigint", true},     {"at", "bigint", false},        {"settled_at", "bigint", true},
    {"retry", "bigint", true},
};

static const struct column_spec submissions[] = {
    {"id", "bigint", false},        {"state", "text", false},  {"success", "boolean", false},
    {"plugin", "text", false},      {"vault", "text", false},  {"executor", "text", false},
    {"account", "text", false},     {"digest", "text", false}, {"created_at", "bigint", false},
    {"settled_at", "bigint", true}, {"outcome", "text", true}, {"holds", "text", true},
    {"signature", "text", true},    {"bytes", "bytea", false},
};

static const struct pg_table tables[] = {
    PG_TABLE("journal_kinds", kinds),
    PG_TABLE("journal_runs", runs),
    PG_TABLE("journal_totals", totals),
    PG_TABLE("journal_pending", pending),
    PG_TABLE("journal_writers", writers),
    PG_TABLE("journal_owner", owner),
    PG_TABLE("journal_vault_accounts", accounts),
    PG_TABLE("journal_positions", positions),
    PG_TABLE("journal_ledger", ledger),
    PG_TABLE("journal_cap_ledger", caps),
    PG_TABLE("journal_action_results", results),
    PG_TABLE("journal_run_logs", logs),
    PG_TABLE("journal_run_spans", spans),
    PG_TABLE("journal_commit_times", commit_times),
    PG_TABLE("journal_strategies", strategies),
    PG_TABLE("journal_strategy_versions", versions),
    PG_TABLE("journal_snapshots", snapshots),
    PG_TABLE("journal_event_cursors", cursors),
    PG_TABLE("journal_events", events),
    PG_TABLE("journal_dead_letters", dead),
    PG_TABLE("journal_submissions", submissions),
};

const struct pg_component journal_postgres_component = {
    "journal", steps, sizeof steps / sizeof steps[0], tables, sizeof tables / sizeof tables[0],
};
