#include "state/libsql_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "state/columns.h"
#include "state/hrana.h"

#define STATEMENTS_MAX 6

struct step {
    const char *name;
    const char *sql[STATEMENTS_MAX]; /* a batch has one statement per step */
};

static const struct step steps[] = {
    {"plugin_state",
     {"CREATE TABLE plugin_state("
      " plugin_name TEXT NOT NULL,"
      " key TEXT NOT NULL,"
      " value TEXT NOT NULL,"
      " expires_at INTEGER," /* ms since the epoch; NULL: none */
      " PRIMARY KEY(plugin_name, key)) WITHOUT ROWID",
      "CREATE INDEX plugin_state_expiry ON plugin_state(expires_at) WHERE expires_at IS NOT NULL",
      "CREATE TABLE plugin_state_writer("
      " writer TEXT PRIMARY KEY,"
      " number INTEGER NOT NULL," /* of the last commit; NOT NULL is the guard: see apply */
      " seen_at INTEGER NOT NULL)",
      "CREATE TABLE plugin_lease("
      " plugin_name TEXT PRIMARY KEY,"
      " owner TEXT NOT NULL,"
      " label TEXT NOT NULL,"
      " token INTEGER NOT NULL,"
      " expires_at INTEGER NOT NULL)"}}, /* ms by the server's clock; 0: released */
};
#define STEP_COUNT ((int)(sizeof steps / sizeof steps[0]))

static const struct column_spec columns[] = {
    {"plugin_name", "TEXT", false},
    {"key", "TEXT", false},
    {"value", "TEXT", false},
    {"expires_at", "INTEGER", true},
};

/* Runs a batch whose every step must succeed. */
static int run_all(struct hrana *h, struct hrana_batch *batch, struct hrana_result *r,
                   struct error *e)
{
    const char *code, *message;
    int rc = hrana_run(h, batch, true, r, e);

    hrana_batch_release(batch);
    if (rc < 0)
        return -1;
    if (hrana_failed(r, &code, &message) < 0)
        return 0;
    hrana_error(h, code, message, e);
    hrana_result_release(r);
    return -1;
}

static int query(struct hrana *h, const char *sql, struct hrana_result *r, struct error *e)
{
    struct hrana_batch batch;

    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, false, sql, 0, NULL);
    return run_all(h, &batch, r, e);
}

static int read_version(struct hrana *h, int *version, struct error *e)
{
    struct hrana_result r;
    bool has;

    if (query(h, "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'", &r, e) < 0)
        return -1;
    has = hrana_integer(&r, 0, 0, 0, 0) > 0;
    hrana_result_release(&r);
    *version = 0;
    if (!has)
        return 0;
    if (query(h, "SELECT max(version) FROM schema_migrations WHERE component = 'state'", &r, e) < 0)
        return -1;
    *version = (int)hrana_integer(&r, 0, 0, 0, 0);
    hrana_result_release(&r);
    return 0;
}

static int newer(const struct hrana *h, int version, struct error *e)
{
    error_set(e, ERROR_STORE_NEWER,
              "libSQL at %s: the state schema is version %d, this orrery knows up to %d", h->base,
              version, STEP_COUNT);
    error_hint(e, "it was written by a newer orrery: use that one");
    return -1;
}

/* One migration in one batch. The record comes first: a daemon that was quicker makes it fail, and
 * with it the whole transaction. */
static int apply_step(struct hrana *h, int version, int64_t now_ms, struct error *e)
{
    const struct step *step = &steps[version];
    int64_t number = version + 1;
    struct hrana_value record[] = {HRANA_INTEGER(&number), HRANA_TEXT(step->name),
                                   HRANA_INTEGER(&now_ms)};
    const char *code, *message;
    struct hrana_batch batch;
    struct hrana_result r;
    int at, rc;

    hrana_batch_begin(&batch);
    at = hrana_step(&batch, -1, false, "BEGIN IMMEDIATE", 0, NULL);
    at = hrana_step(&batch, at, false,
                    "CREATE TABLE IF NOT EXISTS schema_migrations("
                    " component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,"
                    " applied_at INTEGER NOT NULL, PRIMARY KEY(component, version)) WITHOUT ROWID",
                    0, NULL);
    at = hrana_step(&batch, at, false, "INSERT INTO schema_migrations VALUES('state', ?1, ?2, ?3)",
                    3, record);
    for (int i = 0; i < STATEMENTS_MAX && step->sql[i] != NULL; i++)
        at = hrana_step(&batch, at, false, step->sql[i], 0, NULL);
    at = hrana_step(&batch, at, false, "COMMIT", 0, NULL);
    hrana_step(&batch, at, true, "ROLLBACK", 0, NULL);
    rc = hrana_run(h, &batch, true, &r, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    rc = hrana_failed(&r, &code, &message);
    if (rc >= 0 && strstr(message, "UNIQUE constraint failed: schema_migrations") == NULL) {
        hrana_error(h, code, message, e);
        error_prefix(e, "migration %d (%s) of the state schema: ", version + 1, step->name);
    } else {
        rc = -1;
    }
    hrana_result_release(&r);
    return rc < 0 ? 0 : -1;
}

static int ensure_version(struct hrana *h, enum store_mode mode, int64_t now_ms, struct error *e)
{
    int version;

    if (read_version(h, &version, e) < 0)
        return -1;
    while (version < STEP_COUNT && (mode == STORE_CREATE || (mode == STORE_OPEN && version > 0)))
        if (apply_step(h, version, now_ms, e) < 0 || read_version(h, &version, e) < 0)
            return -1;
    if (version > STEP_COUNT)
        return newer(h, version, e);
    if (version == STEP_COUNT)
        return 0;
    error_set(e, ERROR_STORE_SCHEMA,
              version == 0 ? "libSQL at %s has no state tables (schema version %d, expected %d)"
                           : "libSQL at %s: the state schema is version %d, expected %d",
              h->base, version, STEP_COUNT);
    error_hint(e, version == 0 ? "run: orrery db init" : "run: orrery db upgrade");
    return -1;
}

static void copy_text(char *out, size_t size, const struct hrana_result *r, size_t row,
                      size_t column)
{
    size_t len;
    const char *text = hrana_text(r, 0, row, column, &len);

    snprintf(out, size, "%s", text ? text : "");
}

static int check_columns(struct hrana *h, struct error *e)
{
    struct column_spec found[COLUMNS_MAX] = {0};
    struct hrana_result r;
    size_t count;

    if (query(h, "SELECT name, type, \"notnull\" FROM pragma_table_info('plugin_state')", &r, e) <
        0)
        return -1;
    count = hrana_rows(&r, 0);
    count = count < COLUMNS_MAX ? count : COLUMNS_MAX;
    for (size_t i = 0; i < count; i++) {
        copy_text(found[i].name, sizeof found[i].name, &r, i, 0);
        copy_text(found[i].type, sizeof found[i].type, &r, i, 1);
        found[i].nullable = hrana_integer(&r, 0, i, 2, 0) == 0;
    }
    hrana_result_release(&r);
    return columns_check("plugin_state", columns, sizeof columns / sizeof columns[0], found, count,
                         e);
}

int libsql_schema_open(struct hrana *h, enum store_mode mode, int64_t now_ms, struct error *e)
{
    return ensure_version(h, mode, now_ms, e) < 0 ? -1 : check_columns(h, e);
}
