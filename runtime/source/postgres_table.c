/*
 * Rows of a table, read behind a cursor.
 *
 * The trap: numbers are handed out in order, but transactions commit in any order. A row with a
 * lower number may become visible after one with a higher number has been read, and would stand
 * behind the cursor for ever. (Comparing the rows' xmin with the oldest transaction under way does
 * not close that hole: transaction numbers are handed out in yet another order.)
 *
 * So nothing is read beyond a ceiling, a value below which all is decided:
 *   1. the highest value that is visible, M;
 *   2. then, who holds the lock that every writer of the table has to its end (RowExclusiveLock).
 *      Whoever was given a value below M was given it by an INSERT, under that lock, before M was
 *      given out: it has either ended by now and its row is visible, or it is among these;
 *   3. when all of these have ended, M is the ceiling: everything up to it that will ever be
 *      visible is.
 * Mostly there is no such writer, or it ends within milliseconds. Transactions that write elsewhere
 * hold nothing up; one that has written to this table and stays open does, and the note says who.
 *
 * It follows what those who write must do: let the table fill the column (identity, serial,
 * clock_timestamp()). A value that was fetched before the INSERT, or made by the application, can
 * be passed over.
 *
 * Cursors: "=" and the value as the server writes it; "^" is before all rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "source/payload.h"
#include "source/postgres_source.h"

#define MS             INT64_C(1000000)
#define WRITERS_MIN_MS 2 /* between two looks at writers that have not ended; doubles */
#define WRITERS_MAX_MS 250
#define SAY_AFTER_MS   1000
#define LAG_EVERY_MS   5000
#define LAG_MAX        100000
#define ODD_EVERY_MS   10000
#define SQL_BYTES      8192

void pg_ceiling_forget(struct pg_ceiling *c)
{
    free(c->value);
    free(c->sought);
    free(c->writers);
    *c = (struct pg_ceiling){0};
}

static const char *value_of(const char *cursor)
{
    return cursor[0] == '=' ? cursor + 1 : NULL;
}

/* ---- the ceiling ---- */

struct heights {
    int rows;
    char *highest, *writers; /* NULL: none */
    int writer;
};

static char *take_text(const struct pg_row *row, int column)
{
    size_t len;
    const char *text = pg_text(row, column, &len);

    return len > 0 || !row->session->pq.getisnull(row->result, row->row, column)
               ? mem_strndup(text, len)
               : NULL;
}

/* The first row is the highest value, the last one who writes. */
static int take_height(void *arg, const struct pg_row *row)
{
    struct heights *h = arg;

    if (row->session->pq.nfields(row->result) == 1) {
        h->highest = take_text(row, 0);
    } else {
        h->writers = take_text(row, 0);
        h->writer = (int)pg_integer(row, 1, 0);
    }
    h->rows++;
    return 0;
}

/* `behind` NULL: of all rows. */
static int send_highest(struct pg_source *s, const char *behind, struct error *e)
{
    const char *const values[] = {behind};
    struct buf sql;
    int result;

    buf_init(&sql, SQL_BYTES);
    /* "t.": the bare name would be the output's, a text, whose order is another */
    buf_addf(&sql, "SELECT (SELECT t.%s::text FROM %s t", buf_text(&s->column),
             buf_text(&s->table));
    if (behind != NULL)
        buf_addf(&sql, " WHERE t.%s > $1::text::%s", buf_text(&s->column), s->type);
    buf_addf(&sql, " ORDER BY t.%s DESC LIMIT 1)", buf_text(&s->column));
    result = pg_send(&s->session, PG_NOT_PREPARED, buf_text(&sql), behind != NULL, values, e);
    buf_release(&sql);
    return result;
}

/* All who write now; of `among` (an array's text) those who still do. A prepared transaction goes
 * under another name than before, and has no process: it may be one of them. */
static int send_writers(struct pg_source *s, const char *among, struct error *e)
{
    static const char sql[] =
        "WITH RECURSIVE tree(oid) AS (SELECT to_regclass($1::text)::oid"
        "  UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid)"
        " SELECT array_agg(DISTINCT l.virtualtransaction)::text, min(l.pid)"
        " FROM pg_locks l JOIN tree t ON l.relation = t.oid"
        " WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'RowExclusiveLock'"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND ($2::text IS NULL OR l.pid IS NULL"
        "  OR l.virtualtransaction = ANY ($2::text::text[]))";
    const char *const values[] = {buf_text(&s->table), among};

    return pg_send(&s->session, 0, sql, 2, values, e);
}

static void release_heights(struct heights *h)
{
    free(h->highest);
    free(h->writers);
}

/* Looks for a new one; none when nothing is behind the cursor. */
static int seek(struct pg_source *s, const char *cursor, struct error *e)
{
    struct pg_ceiling *c = &s->ceiling;
    struct heights h = {0};

    if (send_highest(s, value_of(cursor), e) < 0 || send_writers(s, NULL, e) < 0 ||
        pg_collect(&s->session, take_height, &h, NULL, e) < 0) {
        release_heights(&h);
        return -1;
    }
    pg_ceiling_forget(c);
    c->is_empty = h.highest == NULL;
    if (h.highest == NULL || h.writers == NULL) {
        c->value = h.highest;
        free(h.writers);
        return 0;
    }
    c->sought = h.highest;
    c->writers = h.writers;
    c->writer = h.writer;
    c->since_ns = source_now_ns();
    c->wait_ms = WRITERS_MIN_MS;
    return 0;
}

/* Whether those who wrote when the value was sought have ended: then it is the ceiling. */
static int settle(struct pg_source *s, struct error *e)
{
    struct pg_ceiling *c = &s->ceiling;
    struct heights h = {0};

    if (send_writers(s, c->writers, e) < 0 ||
        pg_collect(&s->session, take_height, &h, NULL, e) < 0) {
        release_heights(&h);
        return -1;
    }
    free(c->writers);
    c->writers = h.writers;
    c->writer = h.writer;
    if (c->writers == NULL) {
        c->value = c->sought;
        c->sought = NULL;
    } else {
        c->wait_ms = c->wait_ms * 2 > WRITERS_MAX_MS ? WRITERS_MAX_MS : c->wait_ms * 2;
    }
    return 0;
}

static int find_ceiling(struct pg_source *s, const char *cursor, struct error *e)
{
    if (s->ceiling.value != NULL)
        return 0;
    return s->ceiling.sought != NULL ? settle(s, e) : seek(s, cursor, e);
}

/* ---- rows ---- */

struct reading {
    struct pg_source *source;
    source_event_fn *each;
    void *arg;
    size_t given;
    bool too_long; /* a value that is no cursor */
};

enum { ROW_CURSOR, ROW_BYTES, ROW_PAYLOAD, ROW_ID };

static int take_row(void *arg, const struct pg_row *row)
{
    struct reading *r = arg;
    const struct pq_api *pq = &row->session->pq;
    char cursor[SOURCE_CURSOR_BYTES + 2];
    struct payload payload;
    struct source_event event;
    const char *text;
    size_t len;

    text = pg_text(row, ROW_CURSOR, &len);
    if (len + 1 > SOURCE_CURSOR_BYTES) {
        r->too_long = true;
        return 1;
    }
    snprintf(cursor, sizeof cursor, "=%s", text);
    text = pg_text(row, ROW_PAYLOAD, &len);
    if (!pq->getisnull(row->result, row->row, ROW_PAYLOAD))
        payload_json(&payload, text, len, NULL);
    else if (pg_integer(row, ROW_BYTES, 0) > SOURCE_PAYLOAD_BYTES)
        payload_too_large(&payload, (uint64_t)pg_integer(row, ROW_BYTES, 0));
    else
        payload_json(&payload, NULL, 0, NULL);
    text = pg_text(row, ROW_ID, &len);
    if (len > 0)
        payload_set_id(&payload, text, len);
    event = payload_event(&payload, cursor);
    r->each(r->arg, &event);
    payload_release(&payload);
    r->given++;
    return 0;
}

static void add_rows_sql(const struct pg_source *s, bool bounded, struct buf *sql)
{
    const struct event_source *c = &s->config;
    const char *column = buf_text(&s->column);

    buf_addf(sql,
             "SELECT c, octet_length(p), CASE WHEN octet_length(p) <= %d THEN p END,"
             " CASE WHEN octet_length(i) <= %d THEN i ELSE 'md5:' || md5(i) END FROM (SELECT"
             " t.%s::text AS c, ",
             SOURCE_PAYLOAD_BYTES, SOURCE_ID_BYTES, column);
    if (c->payload_column != NULL)
        buf_addf(sql, "t.\"%s\"::text AS p, ", c->payload_column);
    else
        buf_add_str(sql, "row_to_json(t)::text AS p, ");
    if (c->id_column != NULL)
        buf_addf(sql, "t.\"%s\"::text AS i", c->id_column);
    else
        buf_add_str(sql, "NULL::text AS i");
    buf_addf(sql, " FROM %s t WHERE t.%s <= $2::text::%s", buf_text(&s->table), column, s->type);
    if (bounded)
        buf_addf(sql, " AND t.%s > $1::text::%s", column, s->type);
    else
        buf_add_str(sql, " AND $1::text IS NULL");
    buf_addf(sql, " ORDER BY t.%s LIMIT $3::bigint) r", column);
}

/* Up to the ceiling, which is used up when fewer come than were wanted. */
static int read_rows(struct pg_source *s, const char *cursor, size_t max, struct reading *r,
                     struct error *e)
{
    char limit[24];
    const char *const values[] = {value_of(cursor), s->ceiling.value, limit};
    struct buf sql;
    int result;

    snprintf(limit, sizeof limit, "%zu", max);
    buf_init(&sql, SQL_BYTES);
    add_rows_sql(s, value_of(cursor) != NULL, &sql);
    result = pg_query(&s->session, value_of(cursor) != NULL ? 1 : 2, buf_text(&sql), 3, values,
                      take_row, r, e);
    buf_release(&sql);
    if (result < 0)
        return -1;
    if (r->too_long)
        return error_set(e, ERROR_LIMIT,
                         "a row of %s has a cursor of more than %d bytes: it cannot be passed",
                         buf_text(&s->table), SOURCE_CURSOR_BYTES - 1);
    if (r->given < max)
        pg_ceiling_forget(&s->ceiling);
    return 0;
}

/* ---- the beginning ---- */

static void give_position(struct reading *r, const char *cursor)
{
    struct source_event event = {.is_position = true, .cursor = cursor};

    r->each(r->arg, &event);
    r->given++;
}

/* `from = "now"`: behind everything that is decided now. */
static int begin_now(struct pg_source *s, struct reading *r, struct error *e)
{
    struct buf cursor;

    if (find_ceiling(s, "", e) < 0)
        return -1;
    if (s->ceiling.value == NULL && !s->ceiling.is_empty)
        return 0;
    buf_init(&cursor, SOURCE_CURSOR_BYTES);
    buf_addf(&cursor, "%s%s", s->ceiling.value ? "=" : "^",
             s->ceiling.value ? s->ceiling.value : "");
    if (cursor.overflow) {
        buf_release(&cursor);
        return error_set(e, ERROR_LIMIT, "a row of %s has a cursor of more than %d bytes",
                         buf_text(&s->table), SOURCE_CURSOR_BYTES - 1);
    }
    give_position(r, buf_text(&cursor));
    buf_release(&cursor);
    pg_ceiling_forget(&s->ceiling);
    return 0;
}

static int step(struct pg_source *s, const char *cursor, size_t max, struct reading *r,
                struct error *e)
{
    if (s->type == NULL && pg_table_examine(s, e) < 0)
        return -1;
    if (cursor[0] == '\0' && s->config.from_start) {
        give_position(r, "^");
        return 0;
    }
    if (cursor[0] == '\0')
        return begin_now(s, r, e);
    if (find_ceiling(s, cursor, e) < 0)
        return -1;
    return s->ceiling.value != NULL ? read_rows(s, cursor, max, r, e) : 0;
}

/* ---- what else there is to know ---- */

static int take_count(void *arg, const struct pg_row *row)
{
    *(int64_t *)arg = pg_integer(row, 0, -1);
    return 0;
}

/* How many rows are behind the cursor, up to a bound: now and then, while there are many. */
static int count_lag(struct pg_source *s, const char *cursor, struct error *e)
{
    const char *const values[] = {value_of(cursor)};
    struct buf sql;
    int result;

    if (source_now_ns() < s->lag_ns)
        return 0;
    buf_init(&sql, SQL_BYTES);
    buf_addf(&sql,
             "SELECT count(*) FROM (SELECT 1 FROM %s WHERE $1::text IS NULL OR %s > $1::text::%s"
             " LIMIT %d) r",
             buf_text(&s->table), buf_text(&s->column), s->type, LAG_MAX);
    result =
        pg_query(&s->session, PG_NOT_PREPARED, buf_text(&sql), 1, values, take_count, &s->lag, e);
    buf_release(&sql);
    s->lag_ns = source_now_ns() + LAG_EVERY_MS * MS;
    return result;
}

/* Nothing is behind the cursor: it should then be the newest row, or there are none. */
static int look_for_odd(struct pg_source *s, const char *cursor, struct error *e)
{
    struct heights h = {0};
    int result;

    if (value_of(cursor) == NULL || source_now_ns() < s->odd_ns)
        return 0;
    s->odd_ns = source_now_ns() + ODD_EVERY_MS * MS;
    result = send_highest(s, NULL, e) < 0 ? -1 : pg_collect(&s->session, take_height, &h, NULL, e);
    if (result == 0 && h.highest != NULL && strcmp(h.highest, value_of(cursor)) != 0)
        snprintf(
            s->odd, sizeof s->odd,
            "the table's newest row, %.60s, is before the cursor, %.60s: if the table was made "
            "anew, give the source another `cursor` name",
            h.highest, value_of(cursor));
    else if (result == 0)
        s->odd[0] = '\0';
    release_heights(&h);
    return result;
}

/* How long rows have been waiting for those who write. */
static int64_t held_ms(const struct pg_ceiling *c)
{
    return c->writers != NULL ? (source_now_ns() - c->since_ns) / MS : 0;
}

static void say_who_writes(const struct pg_source *s, struct source_news *news)
{
    const struct pg_ceiling *c = &s->ceiling;
    int64_t ms = held_ms(c);

    if (ms < SAY_AFTER_MS)
        return;
    if (c->writer != 0)
        snprintf(news->note, sizeof news->note,
                 "held back for %lld s: a transaction that has written to the table is still open "
                 "(server process %d)",
                 (long long)(ms / 1000), c->writer);
    else
        snprintf(news->note, sizeof news->note,
                 "held back for %lld s: a prepared transaction has written to the table",
                 (long long)(ms / 1000));
}

static int tell(struct pg_source *s, const char *cursor, const struct reading *r, size_t max,
                struct source_news *news, struct error *e)
{
    if (cursor[0] == '\0') { /* it was only decided where to begin */
        s->lag = -1;
    } else if (r->given == max && max > 1) {
        if (count_lag(s, cursor, e) < 0)
            return -1;
    } else if (s->ceiling.sought != NULL) {
        if (held_ms(&s->ceiling) >= SAY_AFTER_MS && count_lag(s, cursor, e) < 0)
            return -1;
    } else if (s->ceiling.value == NULL) {
        s->lag = 0;
        s->lag_ns = 0;
    }
    if (r->given == 0 && s->ceiling.is_empty && look_for_odd(s, cursor, e) < 0)
        return -1;
    news->lag = s->lag;
    if (s->odd[0] != '\0')
        snprintf(news->note, sizeof news->note, "%s", s->odd);
    say_who_writes(s, news);
    return 0;
}

/* ---- waiting ---- */

static bool take_wake_ups(struct pg_source *s)
{
    struct pq_api *pq = &s->session.pq;
    PGnotify *n;
    bool any = false;

    while ((n = pq->notifies(s->session.conn)) != NULL) {
        pq->freemem(n);
        any = true;
    }
    return any;
}

/* Until it is worth looking again: 1; 0 at the deadline or when interrupted. */
static int await_look(struct pg_source *s, int64_t deadline_ns, struct error *e)
{
    int64_t look_ns = source_now_ns() +
                      (s->ceiling.writers != NULL ? s->ceiling.wait_ms : s->config.poll_ms) * MS;

    for (;;) {
        int64_t until = look_ns < deadline_ns ? look_ns : deadline_ns;
        if (pg_source_take_in(s, e) < 0)
            return -1;
        if (take_wake_ups(s) && s->ceiling.writers == NULL)
            return 1;
        if (source_wait(&s->base, s->session.pq.socket(s->session.conn), until) == 0)
            return until == look_ns && !source_is_interrupted(&s->base);
    }
}

/* The connection's hints are about stores, whose tables are ours: orrery db init. -1. */
static int refused(const struct pg_source *s, struct error *e)
{
    if (strstr(e->hint, "orrery db init") == NULL)
        return -1;
    e->hint[0] = '\0';
    if (e->code == ERROR_STORE_DENIED)
        error_hint(
            e, "the URL's user needs USAGE on the schema and no more than: GRANT SELECT ON %.130s",
            buf_text(&s->table));
    else
        error_hint(e, "reading goes on when it is back");
    return -1;
}

int pg_table_poll(struct source *base, const char *cursor, size_t max, int64_t wait_ms,
                  source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    struct pg_source *s = (struct pg_source *)base;
    struct reading r = {.source = s, .each = each, .arg = arg};
    int64_t deadline_ns = source_now_ns() + wait_ms * MS;
    int more;

    if (pg_source_connect(s, e) < 0)
        return -1;
    for (;;) {
        if (step(s, cursor, max, &r, e) < 0 || tell(s, cursor, &r, max, news, e) < 0)
            return refused(s, e);
        if (r.given > 0)
            return 0;
        more = await_look(s, deadline_ns, e);
        if (more <= 0)
            return more;
    }
}
