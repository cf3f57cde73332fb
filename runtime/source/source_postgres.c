/* The connection of a PostgreSQL source, and NOTIFY as a source of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_error.h"
#include "db/postgres_server.h"
#include "model/store_url.h"
#include "source/payload.h"
#include "source/postgres_source.h"

/* ---- connecting ---- */

static int take_recovery(void *arg, const struct pg_row *row)
{
    *(bool *)arg = pg_boolean(row, 0);
    return 0;
}

/* On a replica rows become visible in another order than their writers' locks show, and nobody can
 * listen. */
static int refuse_replica(struct pg_source *s, struct error *e)
{
    bool is_replica = false;

    if (pg_script(&s->session,
                  "SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SELECT pg_is_in_recovery()",
                  take_recovery, &is_replica, e) < 0)
        return -1;
    if (!is_replica)
        return 0;
    error_set(e, ERROR_STORE_READONLY,
              "PostgreSQL at %s is a replica: events cannot be read from there", s->session.where);
    error_hint(e, "use the primary");
    return -1;
}

static int listen(struct pg_source *s, struct error *e)
{
    struct buf sql;
    int result;

    if (s->config.topic == NULL)
        return 0;
    buf_init(&sql, 200);
    buf_addf(&sql, "LISTEN \"%s\"", s->config.topic);
    result = pg_script(&s->session, buf_text(&sql), NULL, NULL, e);
    buf_release(&sql);
    return result;
}

int pg_source_connect(struct pg_source *s, struct error *e)
{
    char warnings[1024];

    if (s->session.conn != NULL)
        return 0;
    s->type = NULL;
    pg_ceiling_forget(&s->ceiling);
    snprintf(s->session.application, sizeof s->session.application, "orrery events");
    if (pg_connect(&s->session, e) < 0 ||
        pg_server_open(&s->session, STORE_INSPECT, warnings, sizeof warnings, e) < 0 ||
        refuse_replica(s, e) < 0 || listen(s, e) < 0)
        return -1;
    return pg_pipeline(&s->session, e);
}

int pg_source_take_in(struct pg_source *s, struct error *e)
{
    char text[400];

    if (s->session.pq.consumeInput(s->session.conn) != 0 &&
        s->session.pq.status(s->session.conn) == CONNECTION_OK)
        return 0;
    snprintf(text, sizeof text, "%s", s->session.pq.errorMessage(s->session.conn));
    pg_drop(&s->session);
    return pg_broken_error(s->session.where, text, e);
}

/* ---- NOTIFY ---- */

static void give(const struct pg_source *s, const PGnotify *n, source_event_fn *each, void *arg)
{
    struct payload payload;
    struct source_event event;

    payload_loose(&payload, n->extra, strlen(n->extra), s->config.id_field);
    event = payload_event(&payload, NULL);
    each(arg, &event);
    payload_release(&payload);
}

static size_t give_all(struct pg_source *s, size_t max, source_event_fn *each, void *arg)
{
    struct pq_api *pq = &s->session.pq;
    PGnotify *n;
    size_t given = 0;

    while (given < max && (n = pq->notifies(s->session.conn)) != NULL) {
        give(s, n, each, arg);
        pq->freemem(n);
        given++;
    }
    return given;
}

static int notify_poll(struct source *base, const char *cursor, size_t max, int64_t wait_ms,
                       source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    struct pg_source *s = (struct pg_source *)base;
    int64_t deadline_ns = source_now_ns() + wait_ms * 1000000;

    (void)cursor;
    (void)news;
    if (pg_source_connect(s, e) < 0)
        return -1;
    for (;;) {
        if (pg_source_take_in(s, e) < 0)
            return -1;
        if (give_all(s, max, each, arg) > 0 ||
            source_wait(base, s->session.pq.socket(s->session.conn), deadline_ns) == 0)
            return 0;
    }
}

/* ---- life ---- */

static void close_source(struct source *base)
{
    struct pg_source *s = (struct pg_source *)base;

    pg_ceiling_forget(&s->ceiling);
    pg_session_release(&s->session);
    buf_release(&s->table);
    buf_release(&s->column);
    event_source_release(&s->config);
    source_release(base);
    free(s);
}

static const struct source_ops table_ops = {
    .name = "postgres table", .poll = pg_table_poll, .close = close_source};
static const struct source_ops notify_ops = {
    .name = "postgres notify", .poll = notify_poll, .close = close_source};

static void quote_names(struct pg_source *s)
{
    const struct event_source *c = &s->config;

    buf_init(&s->table, 300);
    buf_init(&s->column, 100);
    if (c->table == NULL)
        return;
    if (c->schema != NULL)
        buf_addf(&s->table, "\"%s\".", c->schema);
    buf_addf(&s->table, "\"%s\"", c->table);
    buf_addf(&s->column, "\"%s\"", c->cursor_column);
}

int source_postgres_open(struct source **out, const struct event_source *config,
                         const struct store_url *url, const char *secret, struct error *e)
{
    struct pg_source *s = mem_zero(1, sizeof *s);
    bool is_table = config->kind == EVENT_SOURCE_POSTGRES_TABLE;

    if (source_init(&s->base, is_table ? &table_ops : &notify_ops, e) < 0 ||
        pg_session_init(&s->session, url, secret, e) < 0) {
        source_release(&s->base);
        free(s);
        return -1;
    }
    event_source_copy(config, &s->config);
    quote_names(s);
    s->lag = -1;
    *out = &s->base;
    return 0;
}
