/* The SQLite backend of tables.h. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "tables/compose.h"
#include "tables/request.h"
#include "tables/scan.h"
#include "tables/schema_copy.h"
#include "tables/sqlite_store.h"

static int run_sql(struct sqlite_tables *t, const struct request *r, struct statement *s,
                   struct error *e)
{
    size_t length = 0;

    (void)t;
    if (scan_sql(r, NULL, &length, e) < 0 || compose_params(r, s, e) < 0)
        return -1;
    s->sql.len = length;
    return 0;
}

static int sqlite_call(struct tables *base, const json_t *call, json_t **answer, struct error *e)
{
    struct sqlite_tables *t = (struct sqlite_tables *)base;
    bool has_sql;
    struct request r;
    struct statement s = {.bind_count = 0};
    int result;

    if (request_read(call, &t->schema, &t->limits, &r, e) < 0)
        return -1;
    has_sql = r.kind == CALL_QUERY || r.kind == CALL_EXEC;
    result = has_sql ? run_sql(t, &r, &s, e) : compose(&r, &s, e);
    if (result == 0)
        result = call_writes(r.kind) ? sqlite_tables_write(t, &r, &s, answer, e)
                                     : sqlite_tables_read(t, &r, &s, answer, e);
    statement_release(&s);
    return result;
}

static void sqlite_close(struct tables *base)
{
    struct sqlite_tables *t = (struct sqlite_tables *)base;

    sqlite_db_close(t->db);
    sqlite_guard_release(&t->guard);
    table_schema_release(&t->schema);
    free(t->plugin);
    free(t);
}

static const struct tables_ops sqlite_ops = {
    .name = "sqlite",
    .call = sqlite_call,
    .close = sqlite_close,
};

int tables_sqlite_open(struct tables **out, const char *folder, const char *plugin,
                       const struct table_schema *schema, const struct tables_limits *limits,
                       struct error *e)
{
    struct sqlite_tables *t = mem_zero(1, sizeof *t);

    t->base.ops = &sqlite_ops;
    t->plugin = mem_strdup(plugin);
    t->limits = *limits;
    schema_copy(&t->schema, schema);
    clock_init_real(&t->own_clock);
    t->clock = limits->clock ? limits->clock : &t->own_clock;
    t->guard =
        (struct sqlite_guard){.schema = &t->schema, .clock = t->clock, .time_ms = limits->time_ms};
    if (sqlite_tables_prepare(t, folder, e) < 0) {
        sqlite_close(&t->base);
        return -1;
    }
    *out = &t->base;
    return 0;
}
