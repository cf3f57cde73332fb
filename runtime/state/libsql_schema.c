#include "state/libsql_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "db/columns.h"
#include "state/libsql_store.h"

#define STATEMENTS_MAX 6
#define FULL_SYNC      2 /* PRAGMA synchronous */

/* ---- what is made ---- */

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

#define COLUMNS_OF_A_TABLE 5

/* A key that is TEXT PRIMARY KEY may be NULL by SQLite's rules. */
static const struct table {
    const char *name;
    size_t count;
    struct column_spec columns[COLUMNS_OF_A_TABLE];
} tables[] = {
    {"plugin_state",
     4,
     {{"plugin_name", "TEXT", false},
      {"key", "TEXT", false},
      {"value", "TEXT", false},
      {"expires_at", "INTEGER", true}}},
    {"plugin_state_writer",
     3,
     {{"writer", "TEXT", true}, {"number", "INTEGER", false}, {"seen_at", "INTEGER", false}}},
    {"plugin_lease",
     5,
     {{"plugin_name", "TEXT", true},
      {"owner", "TEXT", false},
      {"label", "TEXT", false},
      {"token", "INTEGER", false},
      {"expires_at", "INTEGER", false}}},
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

/* ---- what is there ---- */

static bool is_allowed(enum store_mode mode, int version)
{
    return mode == STORE_CREATE || (mode == STORE_OPEN && version > 0);
}

/* The recorded version; 0 when there is no record. */
static int read_version(struct libsql_store *l, const struct hrana_answer *a, int step,
                        int *version, struct error *e)
{
    struct hrana_fault fault;
    int64_t number;

    if (hrana_failed(a, &fault)) {
        if (fault.step != step || strstr(fault.message, "no such table") == NULL)
            return hrana_error(&l->hrana, &fault, e);
        *version = 0;
        return 0;
    }
    if (hrana_expect_one(a, step, "I", e) < 0)
        return -1;
    number = hrana_integer(a, step, 0, 0, 0);
    if (number < 0 || number > INT32_MAX)
        return error_set(e, ERROR_STORE_CORRUPT, "schema_migrations: version %lld",
                         (long long)number);
    *version = (int)number;
    return 0;
}

static int ask_version(struct libsql_store *l, int *version, struct error *e)
{
    struct hrana_batch batch;
    struct hrana_answer a;
    int step, rc;

    step = libsql_reading(l, &batch);
    step =
        hrana_step(&batch, step,
                   "SELECT max(version) FROM schema_migrations WHERE component = 'state'", 0, NULL);
    rc = hrana_run(&l->hrana, &batch, true, &a, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    rc = read_version(l, &a, step, version, e);
    hrana_answer_release(&a);
    return rc;
}

static int newer(const struct libsql_store *l, int version, struct error *e)
{
    error_set(e, ERROR_STORE_NEWER,
              "libSQL at %s: the state schema is version %d, this orrery knows up to %d",
              l->hrana.base, version, STEP_COUNT);
    error_hint(e, "it was written by a newer orrery: use that one");
    return -1;
}

/* ---- migrations ---- */

static int add_migration(struct hrana_batch *batch, int version, int64_t now_ms)
{
    const struct step *step = &steps[version];
    const struct hrana_value record[] = {HRANA_INTEGER(version + 1), HRANA_TEXT(step->name),
                                         HRANA_INTEGER(now_ms)};
    int at = libsql_writing(batch);

    at = hrana_step(batch, at,
                    "CREATE TABLE IF NOT EXISTS schema_migrations("
                    " component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,"
                    " applied_at INTEGER NOT NULL, PRIMARY KEY(component, version)) WITHOUT ROWID",
                    0, NULL);
    at = hrana_step(batch, at, "INSERT INTO schema_migrations VALUES('state', ?1, ?2, ?3)", 3,
                    record);
    for (int i = 0; i < STATEMENTS_MAX && step->sql[i] != NULL; i++)
        at = hrana_step(batch, at, step->sql[i], 0, NULL);
    return libsql_commit(batch, at);
}

/* In one batch. The record comes first: a daemon that was quicker makes it fail, and with it the
 * whole transaction; that is no error. */
static int migrate(struct libsql_store *l, int version, int64_t now_ms, struct error *e)
{
    struct hrana_fault fault;
    struct hrana_batch batch;
    struct hrana_answer a;
    int commit, rc;

    commit = add_migration(&batch, version, now_ms);
    rc = hrana_run(&l->hrana, &batch, true, &a, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    if (!hrana_failed(&a, &fault) ||
        strstr(fault.message, "UNIQUE constraint failed: schema_migrations") == NULL)
        rc = libsql_judge(l, &a, commit, e);
    hrana_answer_release(&a);
    if (rc < 0)
        error_prefix(e, "migration %d (%s) of the state schema: ", version + 1,
                     steps[version].name);
    return rc;
}

/* ---- columns ---- */

static void copy_text(char *out, size_t size, const struct hrana_answer *a, int step, size_t row,
                      size_t column)
{
    size_t len;

    snprintf(out, size, "%s", hrana_text(a, step, row, column, &len));
}

static int check_table(const struct table *table, const struct hrana_answer *a, int step,
                       struct error *e)
{
    struct column_spec found[COLUMNS_MAX] = {0};
    size_t count;

    if (hrana_expect(a, step, "tti", e) < 0)
        return -1;
    count = hrana_rows(a, step) < COLUMNS_MAX ? hrana_rows(a, step) : COLUMNS_MAX;
    for (size_t i = 0; i < count; i++) {
        copy_text(found[i].name, sizeof found[i].name, a, step, i, 0);
        copy_text(found[i].type, sizeof found[i].type, a, step, i, 1);
        found[i].nullable = hrana_integer(a, step, i, 2, 0) == 0;
    }
    return columns_check(table->name, table->columns, table->count, found, count, e);
}

/* ---- the server ---- */

static void warn(struct libsql_store *l, bool relaxed)
{
    snprintf(l->remote.base.warnings, sizeof l->remote.base.warnings, "%s%s%s", l->url_warnings,
             relaxed && l->url_warnings[0] ? "\n" : "",
             relaxed ? "the server's durability mode is relaxed: a crash of its machine (not of "
                       "the server alone) may lose the last commits, whose actions were executed "
                       "already"
                     : "");
}

/* Step -1: nobody asked. A server that does not tell is not warned about. */
static bool is_relaxed(const struct hrana_answer *a, int step)
{
    struct error ignored = ERROR_INIT;

    return step >= 0 && hrana_expect_one(a, step, "i", &ignored) == 0 &&
           hrana_integer(a, step, 0, 0, FULL_SYNC) < FULL_SYNC;
}

static int check_tables(const struct libsql_store *l, const struct hrana_answer *a, int first,
                        bool must_exist, struct error *e)
{
    struct error why = ERROR_INIT;
    int rc = 0;

    for (size_t i = 0; i < TABLE_COUNT && rc == 0; i++)
        if (must_exist || hrana_rows(a, first + (int)i) > 0)
            rc = check_table(&tables[i], a, first + (int)i, &why);
    if (rc < 0) {
        error_prefix(&why, "libSQL at %s: ", l->hrana.base);
        *e = why;
    }
    return rc;
}

static int examine(struct libsql_store *l, const struct hrana_answer *a, int first, int pragma,
                   bool must_exist, struct error *e)
{
    struct hrana_fault fault;

    if (hrana_failed(a, &fault) && (fault.step != pragma || pragma < 0))
        return hrana_error(&l->hrana, &fault, e);
    if (check_tables(l, a, first, must_exist, e) < 0)
        return -1;
    warn(l, is_relaxed(a, pragma));
    return 0;
}

/* Before they are made (not `must_exist`), somebody else's tables of these names are looked for. */
static int check_server(struct libsql_store *l, bool must_exist, struct error *e)
{
    struct hrana_batch batch;
    struct hrana_answer a;
    int first, pragma = -1, rc;

    first = libsql_reading(l, &batch) + 1;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const struct hrana_value name = HRANA_TEXT(tables[i].name);
        hrana_step(&batch, first - 1, "SELECT name, type, \"notnull\" FROM pragma_table_info(?1)",
                   1, &name);
    }
    if (l->mode != STORE_INSPECT) /* sqld lets only those ask who may write */
        pragma = hrana_step(&batch, -1, "PRAGMA synchronous", 0, NULL);
    rc = hrana_run(&l->hrana, &batch, true, &a, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    rc = examine(l, &a, first, pragma, must_exist, e);
    hrana_answer_release(&a);
    return rc;
}

static int ensure_version(struct libsql_store *l, enum store_mode mode, int64_t now_ms,
                          struct error *e)
{
    int version;

    if (ask_version(l, &version, e) < 0 ||
        (version == 0 && mode == STORE_CREATE && check_server(l, false, e) < 0))
        return -1;
    while (version < STEP_COUNT && is_allowed(mode, version)) {
        int before = version;
        if (migrate(l, version, now_ms, e) < 0 || ask_version(l, &version, e) < 0)
            return -1;
        if (version <= before)
            return error_set(e, ERROR_STORE, "libSQL at %s: a migration left no trace",
                             l->hrana.base);
    }
    if (version > STEP_COUNT)
        return newer(l, version, e);
    if (version == STEP_COUNT)
        return 0;
    error_set(e, ERROR_STORE_SCHEMA,
              version == 0 ? "libSQL at %s has no state tables (schema version %d, expected %d)"
                           : "libSQL at %s: the state schema is version %d, expected %d",
              l->hrana.base, version, STEP_COUNT);
    error_hint(e, version == 0 ? "run: orrery db init" : "run: orrery db upgrade");
    return -1;
}

int libsql_schema_open(struct libsql_store *l, enum store_mode mode, int64_t now_ms,
                       struct error *e)
{
    return ensure_version(l, mode, now_ms, e) < 0 ? -1 : check_server(l, true, e);
}
