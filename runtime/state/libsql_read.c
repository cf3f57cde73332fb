/*
 * Reads. sqld refuses to answer with more than its max-response-size, 10 MB by default: so what may
 * be long is read in pages, and a plugin's rows that do not fit into one are read again, page by
 * page, in one transaction over a stream: all as they were at one moment.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "state/libsql_store.h"

#define PAGE_BYTES "2000000" /* of rows before a page's last one */
#define PAGE_ROWS  10000
#define WRITER_MS  "604800000" /* 7 days */

/* A server that goes on and on is not believed. */
#define LOAD_BYTES_MAX ((size_t)512 * 1024 * 1024)
#define NAMES_MAX      1000000

#define LIVE "plugin_name = ?1 AND (expires_at IS NULL OR expires_at > ?2)"

/* The rows behind a key, in order, as long as those before each have less than a page's bytes. */
static const char page_sql[] = "SELECT key, value, expires_at FROM (SELECT key, value, expires_at,"
                               " sum(length(CAST(value AS BLOB)) + 500) OVER (ORDER BY key"
                               " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before"
                               " FROM plugin_state WHERE " LIVE " AND key > ?3)"
                               " WHERE before IS NULL OR before < " PAGE_BYTES " ORDER BY key";

static const char count_sql[] = "SELECT count(*) FROM plugin_state WHERE " LIVE;

/* ---- a plugin's rows ---- */

struct load {
    struct libsql_store *store;
    struct hrana_value values[3]; /* plugin, now, the key behind which the page begins */
    struct buf last;
    size_t bytes;
    state_row_fn *each;
    void *arg;
};

/* Keys come in order, so that every page is a step ahead. */
static int take_key(struct load *l, const struct state_row *row, struct error *e)
{
    size_t common = row->key_len < l->last.len ? row->key_len : l->last.len;
    int order = memcmp(row->key, buf_text(&l->last), common);

    l->bytes += row->key_len + row->value_len;
    if (order < 0 || (order == 0 && row->key_len <= l->last.len) || l->bytes > LOAD_BYTES_MAX)
        return error_set(e, ERROR_STORE_CORRUPT, "libSQL at %s: rows of a plugin %s",
                         l->store->hrana.base,
                         l->bytes > LOAD_BYTES_MAX ? "without end" : "that are not in order");
    buf_clear(&l->last);
    buf_add(&l->last, row->key, row->key_len);
    l->values[2] = HRANA_BYTES(buf_text(&l->last), l->last.len);
    return 0;
}

static int give_rows(struct load *l, const struct hrana_answer *a, int step, struct error *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < hrana_rows(a, step); i++) {
        struct state_row row = {.expires_ms = hrana_integer(a, step, i, 2, 0)};
        row.key = hrana_text(a, step, i, 0, &row.key_len);
        row.value = hrana_text(a, step, i, 1, &row.value_len);
        if (take_key(l, &row, e) < 0)
            return -1;
        rc = l->each(l->arg, &row);
    }
    return rc;
}

/* One request, if that is all there is: then `*whole`. */
static int load_at_once(struct load *l, bool *whole, struct error *e)
{
    struct libsql_store *s = l->store;
    struct hrana_batch batch;
    struct hrana_answer a;
    int begin, page, count, rc;

    begin = libsql_reading(s, &batch);
    page = hrana_step(&batch, begin, page_sql, 3, l->values);
    count = hrana_step(&batch, begin, count_sql, 2, l->values);
    if (hrana_query(&s->hrana, &batch, &a, e) < 0)
        return -1;
    rc = hrana_expect(&a, page, "ttI", e) < 0 || hrana_expect_one(&a, count, "i", e) < 0 ? -1 : 0;
    *whole = rc == 0 && hrana_integer(&a, count, 0, 0, -1) == (int64_t)hrana_rows(&a, page);
    if (*whole)
        rc = give_rows(l, &a, page, e);
    hrana_answer_release(&a);
    return rc;
}

/* The next page in the stream; `*rows` is how many it has. */
static int load_page(struct load *l, bool first, size_t *rows, struct error *e)
{
    struct hrana *h = &l->store->hrana;
    struct hrana_fault fault;
    struct hrana_batch batch;
    struct hrana_answer a;
    int page = -1, rc;

    hrana_batch_begin(&batch);
    if (first)
        page = hrana_step(&batch, -1, l->store->mode == STORE_INSPECT ? "BEGIN" : "BEGIN IMMEDIATE",
                          0, NULL);
    page = hrana_step(&batch, page, page_sql, 3, l->values);
    rc = hrana_run(h, &batch, false, &a, e);
    hrana_batch_release(&batch);
    if (rc < 0)
        return -1;
    if (hrana_failed(&a, &fault))
        rc = hrana_error(h, &fault, e);
    else
        rc = hrana_expect(&a, page, "ttI", e);
    *rows = hrana_rows(&a, page);
    if (rc == 0)
        rc = give_rows(l, &a, page, e);
    hrana_answer_release(&a);
    return rc;
}

static int load_in_pages(struct load *l, struct error *e)
{
    size_t rows = 1;
    int rc = 0;

    for (bool first = true; rc == 0 && rows > 0; first = false)
        rc = load_page(l, first, &rows, e);
    hrana_abandon(&l->store->hrana); /* nothing was written */
    return rc;
}

int libsql_load(struct remote_store *store, const char *plugin, int64_t now_ms, state_row_fn *each,
                void *arg, struct error *e)
{
    struct load l = {.each = each, .arg = arg};
    bool whole;
    int rc;

    if (libsql_ready(&store->base, &l.store, e) < 0)
        return -1;
    buf_init(&l.last, HRANA_ANSWER_BYTES);
    l.values[0] = HRANA_TEXT(plugin);
    l.values[1] = HRANA_INTEGER(now_ms);
    l.values[2] = HRANA_TEXT("");
    rc = load_at_once(&l, &whole, e);
    if (rc == 0 && !whole)
        rc = load_in_pages(&l, e);
    buf_release(&l.last);
    return rc;
}

/* ---- names ---- */

/* What nobody can have written through this interface is not looked at. */
#define OURS(name)                                                                                 \
    "length(CAST(" name " AS BLOB)) BETWEEN 1 AND 64 AND instr(" name ", char(0)) = 0"

static int read_name(const struct hrana_answer *a, int step, size_t row, size_t column,
                     char out[LIMIT_NAME_BYTES + 1], struct error *e)
{
    size_t len;
    const char *text = hrana_text(a, step, row, column, &len);

    if (len > LIMIT_NAME_BYTES || strlen(text) != len)
        return error_set(e, ERROR_STORE_CORRUPT,
                         "a plugin's name of %zu bytes, which was not "
                         "asked for",
                         len);
    memcpy(out, text, len + 1);
    return 0;
}

/* From name to name by the primary key: the rows in between are not read. */
static int list_page(struct libsql_store *l, struct hrana_answer *a, int *step,
                     const struct hrana_value *after, struct error *e)
{
    const struct hrana_value values[] = {*after, HRANA_INTEGER(PAGE_ROWS)};
    struct hrana_batch batch;

    *step = libsql_reading(l, &batch);
    *step = hrana_step(&batch, *step,
                       "WITH RECURSIVE names(n) AS ("
                       " SELECT min(plugin_name) FROM plugin_state WHERE plugin_name > ?1 UNION ALL"
                       " SELECT (SELECT min(plugin_name) FROM plugin_state WHERE plugin_name > n)"
                       " FROM names WHERE n IS NOT NULL)"
                       " SELECT n FROM names WHERE " OURS("n") " LIMIT ?2",
                       2, values);
    if (hrana_query(&l->hrana, &batch, a, e) < 0)
        return -1;
    if (hrana_expect(a, *step, "t", e) == 0)
        return 0;
    hrana_answer_release(a);
    return -1;
}

static int give_names(const struct hrana_answer *a, int step, char last[LIMIT_NAME_BYTES + 1],
                      state_name_fn *each, void *arg, struct error *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < hrana_rows(a, step); i++) {
        char name[LIMIT_NAME_BYTES + 1];
        if (read_name(a, step, i, 0, name, e) < 0)
            return -1;
        if (strcmp(name, last) <= 0)
            return error_set(e, ERROR_STORE_CORRUPT, "plugins' names that are not in order");
        memcpy(last, name, sizeof name);
        rc = each(arg, name);
    }
    return rc;
}

int libsql_list(struct remote_store *store, state_name_fn *each, void *arg, struct error *e)
{
    char last[LIMIT_NAME_BYTES + 1] = "";
    size_t rows = PAGE_ROWS, total = 0;
    struct libsql_store *l;
    int rc = 0;

    if (libsql_ready(&store->base, &l, e) < 0)
        return -1;
    for (; rc == 0 && rows == PAGE_ROWS; total += rows) {
        struct hrana_value after = HRANA_TEXT(last);
        struct hrana_answer a;
        int step;
        if (list_page(l, &a, &step, &after, e) < 0)
            return -1;
        rows = hrana_rows(&a, step);
        rc = give_names(&a, step, last, each, arg, e);
        hrana_answer_release(&a);
        if (rc == 0 && total > NAMES_MAX)
            rc = error_set(e, ERROR_STORE_CORRUPT, "plugins' names without end");
    }
    return rc;
}

/* ---- expired rows ---- */

struct expired {
    int64_t expires_ms;
    char plugin[LIMIT_NAME_BYTES + 1], key[LIMIT_KEY_BYTES + 1];
    size_t key_len;
};

static int read_expired(const struct hrana_answer *a, int step, size_t row, struct expired *out,
                        struct error *e)
{
    const char *key = hrana_text(a, step, row, 2, &out->key_len);

    if (read_name(a, step, row, 1, out->plugin, e) < 0)
        return -1;
    if (out->key_len > LIMIT_KEY_BYTES)
        return error_set(e, ERROR_STORE_CORRUPT, "a key of %zu bytes, which was not asked for",
                         out->key_len);
    memcpy(out->key, key, out->key_len);
    out->expires_ms = hrana_integer(a, step, row, 0, 0);
    return 0;
}

/* In the order of the index, each behind the one before. */
static bool is_behind(const struct expired *a, const struct expired *b)
{
    size_t common = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = strcmp(a->plugin, b->plugin);

    if (a->expires_ms != b->expires_ms)
        return a->expires_ms > b->expires_ms;
    order = order != 0 ? order : memcmp(a->key, b->key, common);
    return order > 0 || (order == 0 && a->key_len > b->key_len);
}

static int give_expired(const struct hrana_answer *a, int step, struct expired *last,
                        remote_expired_fn *each, void *arg, struct error *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < hrana_rows(a, step); i++) {
        struct expired row;
        if (read_expired(a, step, i, &row, e) < 0)
            return -1;
        if (!is_behind(&row, last))
            return error_set(e, ERROR_STORE_CORRUPT, "expired rows that are not in order");
        *last = row;
        rc = each(arg, row.plugin, row.key, row.key_len);
    }
    return rc;
}

/* The rows behind `last`, in the order of the index. Writers that have not been seen for long are
 * forgotten by the way: their requests cannot be under way any more. */
static int expired_page(struct libsql_store *l, const struct expired *last, int64_t now_ms,
                        size_t count, struct hrana_answer *a, int *step, struct error *e)
{
    const struct hrana_value values[] = {HRANA_INTEGER(now_ms), HRANA_INTEGER(count),
                                         HRANA_INTEGER(last->expires_ms), HRANA_TEXT(last->plugin),
                                         HRANA_BYTES(last->key, last->key_len)};
    struct hrana_batch batch;
    int forget;

    hrana_batch_begin(&batch);
    forget = hrana_step(
        &batch, -1, "DELETE FROM plugin_state_writer WHERE seen_at < " LIBSQL_NOW " - " WRITER_MS,
        0, NULL);
    *step =
        hrana_step(&batch, forget,
                   "SELECT expires_at, plugin_name, key FROM plugin_state"
                   " WHERE expires_at IS NOT NULL AND expires_at <= ?1 AND expires_at >= ?3"
                   " AND (expires_at, plugin_name, key) > (?3, ?4, ?5)"
                   " AND " OURS("plugin_name") " AND length(CAST(key AS BLOB)) <= 256"
                                               " ORDER BY expires_at, plugin_name, key LIMIT ?2",
                   5, values);
    if (hrana_query(&l->hrana, &batch, a, e) < 0)
        return -1;
    if (hrana_expect(a, *step, "itt", e) == 0)
        return 0;
    hrana_answer_release(a);
    return -1;
}

int libsql_expired(struct remote_store *store, int64_t now_ms, size_t limit,
                   remote_expired_fn *each, void *arg, struct error *e)
{
    struct expired last = {.expires_ms = INT64_MIN};
    size_t rows = PAGE_ROWS;
    struct libsql_store *l;
    int rc = 0;

    if (libsql_writable(&store->base, &l, e) < 0)
        return -1;
    while (rc == 0 && rows == PAGE_ROWS && limit > 0) {
        size_t asked = limit < PAGE_ROWS ? limit : PAGE_ROWS;
        struct hrana_answer a;
        int step;
        if (expired_page(l, &last, now_ms, asked, &a, &step, e) < 0)
            return -1;
        rows = hrana_rows(&a, step);
        limit -= rows < limit ? rows : limit;
        rc = give_expired(&a, step, &last, each, arg, e);
        hrana_answer_release(&a);
    }
    return rc;
}

/* ---- facts ---- */

static void read_facts(const struct hrana_answer *a, int step, const char *version,
                       struct state_facts *f)
{
    size_t len;
    const char *sqlite = hrana_text(a, step, 0, 5, &len);

    f->expired = hrana_integer(a, step, 0, 1, 0);
    f->live = hrana_integer(a, step, 0, 0, 0) - f->expired;
    f->plugins = hrana_integer(a, step, 0, 2, 0);
    f->bytes = hrana_integer(a, step, 0, 3, -1);
    f->schema_version = (int)hrana_integer(a, step, 0, 4, 0);
    snprintf(f->server, sizeof f->server, "libSQL%s%.40s (SQLite %.16s)", version[0] ? " " : "",
             version, sqlite);
}

int libsql_describe(struct state_store *store, int64_t now_ms, struct state_facts *facts,
                    struct error *e)
{
    const struct hrana_value now = HRANA_INTEGER(now_ms);
    struct state_facts f = {.bytes = -1};
    struct libsql_store *l;
    struct hrana_batch batch;
    struct hrana_answer a;
    char version[64];
    int step, rc;

    if (libsql_ready(store, &l, e) < 0 || hrana_server(&l->hrana, version, sizeof version, e) < 0)
        return -1;
    step = libsql_reading(l, &batch);
    step = hrana_step(&batch, step,
                      "SELECT count(*), count(*) FILTER (WHERE expires_at <= ?1),"
                      " count(DISTINCT plugin_name),"
                      " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size),"
                      " (SELECT max(version) FROM schema_migrations WHERE component = 'state'),"
                      " sqlite_version() FROM plugin_state",
                      1, &now);
    if (hrana_query(&l->hrana, &batch, &a, e) < 0)
        return -1;
    rc = hrana_expect_one(&a, step, "iiiiit", e);
    if (rc == 0)
        read_facts(&a, step, version, &f);
    hrana_answer_release(&a);
    if (rc == 0)
        *facts = f;
    return rc;
}
