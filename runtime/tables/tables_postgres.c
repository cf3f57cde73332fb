/* The PostgreSQL backend of tables.h. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "tables/compose.h"
#include "tables/postgres_functions.h"
#include "tables/postgres_store.h"
#include "tables/request.h"
#include "tables/scan.h"
#include "tables/schema_copy.h"

static int compose_sql(const struct request *r, struct statement *s, struct error *e)
{
    static const struct scan_names names = {.is_function = postgres_function_is_allowed};
    size_t length = 0;

    if (scan_sql(r, &names, &length, e) < 0 || compose_params(r, s, e) < 0)
        return -1;
    s->sql.len = length;
    s->sql.data[length] = '\0';
    return 0;
}

static int postgres_call(struct tables *base, const json_t *call, json_t **answer, struct error *e)
{
    struct pg_tables *t = (struct pg_tables *)base;
    struct statement s = {.bind_count = 0};
    struct request r;
    int result;

    if (request_read(call, &t->schema, &t->limits, &r, e) < 0)
        return -1;
    result =
        r.kind == CALL_QUERY || r.kind == CALL_EXEC ? compose_sql(&r, &s, e) : compose(&r, &s, e);
    if (result == 0)
        result = pg_tables_connect(t, e);
    if (result == 0)
        result = pg_tables_run(t, &r, &s, answer, e);
    statement_release(&s);
    return result;
}

static void postgres_close(struct tables *base)
{
    struct pg_tables *t = (struct pg_tables *)base;

    if (t->desk.where != NULL)
        pg_session_release(&t->desk);
    if (t->session.where != NULL)
        pg_session_release(&t->session);
    table_schema_release(&t->schema);
    explicit_bzero(t->secret, sizeof t->secret);
    free(t->relations);
    free(t->settings);
    free(t->plugin);
    free(t);
}

static const struct tables_ops postgres_ops = {
    .name = "postgres",
    .call = postgres_call,
    .close = postgres_close,
};

/* The desk's session is the URL's without its schema, the plugin's has another user, too. */
static int init_sessions(struct pg_tables *t, const struct store_url *url, const char *secret,
                         struct error *e)
{
    struct store_url own = *url;

    if (pg_session_init(&t->desk, url, secret, e) < 0)
        return -1;
    free(t->desk.schema);
    t->desk.schema = NULL;
    own.user = t->role;
    own.password = NULL;
    if (pg_session_init(&t->session, &own, "", e) < 0)
        return -1;
    free(t->session.schema);
    t->session.schema = NULL;
    return 0;
}

int tables_postgres_open(struct tables **out, const struct store_url *url, const char *secret,
                         const char *plugin, const struct table_schema *schema,
                         const struct tables_limits *limits, struct error *e)
{
    struct pg_tables *t;

    if (!text_is_name(plugin))
        return error_set(e, ERROR_INVALID, "expected the name of a plugin, got '%.80s'", plugin);
    t = mem_zero(1, sizeof *t);
    t->base.ops = &postgres_ops;
    t->plugin = mem_strdup(plugin);
    t->limits = *limits;
    schema_copy(&t->schema, schema);
    clock_init_real(&t->own_clock);
    t->clock = limits->clock ? limits->clock : &t->own_clock;
    pg_tables_name(t, url);
    if (init_sessions(t, url, secret, e) < 0 || pg_tables_prepare(t, e) < 0) {
        postgres_close(&t->base);
        return -1;
    }
    *out = &t->base;
    return 0;
}
