#include "state/postgres_schema.h"

#include "db/postgres_migrate.h"

static const struct migration steps[] = {
    {1, "plugin_state",
     "CREATE TABLE plugin_state("
     " plugin_name text COLLATE \"C\" NOT NULL,"
     " key text COLLATE \"C\" NOT NULL,"
     " value text NOT NULL,"
     " expires_at bigint," /* ms since the epoch; NULL: none */
     " PRIMARY KEY (plugin_name, key));"
     "CREATE INDEX plugin_state_expiry ON plugin_state(expires_at) WHERE expires_at IS NOT NULL;"
     "CREATE TABLE plugin_state_writer("
     " writer text COLLATE \"C\" PRIMARY KEY,"
     " number bigint NOT NULL," /* of the last commit; NOT NULL is the guard: see apply */
     " seen_at timestamptz NOT NULL);"
     "CREATE TABLE plugin_lease("
     " plugin_name text COLLATE \"C\" PRIMARY KEY,"
     " owner text NOT NULL,"
     " label text NOT NULL,"
     " token bigint NOT NULL,"
     " expires_at bigint NOT NULL)"}, /* ms since the epoch by the server's clock; 0: released */
};

static const struct column_spec state_columns[] = {
    {"plugin_name", "text", false},
    {"key", "text", false},
    {"value", "text", false},
    {"expires_at", "bigint", true},
};
static const struct column_spec writer_columns[] = {
    {"writer", "text", false},
    {"number", "bigint", false},
    {"seen_at", "timestamp with time zone", false},
};
static const struct column_spec lease_columns[] = {
    {"plugin_name", "text", false}, {"owner", "text", false},        {"label", "text", false},
    {"token", "bigint", false},     {"expires_at", "bigint", false},
};

static const struct pg_table tables[] = {
    PG_TABLE("plugin_state", state_columns),
    PG_TABLE("plugin_state_writer", writer_columns),
    PG_TABLE("plugin_lease", lease_columns),
};

static const struct pg_component component = {
    "state", steps, sizeof steps / sizeof steps[0], tables, sizeof tables / sizeof tables[0],
};

int pg_schema_open(struct pg_session *s, enum store_mode mode, int64_t now_ms, struct error *e)
{
    return pg_component_open(s, &component, mode, now_ms, e);
}
