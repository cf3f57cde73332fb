/*
 * postgres_help: short forms for stores on a PostgreSQL server, and a plain connection to it that
 * does what an administrator, another program or an accident would do.
 */
#ifndef ORRERY_TEST_POSTGRES_HELP_H
#define ORRERY_TEST_POSTGRES_HELP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "db/postgres_session.h"
#include "state/state.h"

static inline void help_fail(const char *what, const struct error *e)
{
    char text[1200];

    fail_msg("%s: %s: %s", what, error_name(e->code), error_format(e, text, sizeof text));
}

static inline void help_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ---- a plain connection ---- */

static inline void raw_open(struct pg_session *raw, const char *text)
{
    struct error e = ERROR_INIT;
    struct store_url url;

    if (store_url_parse(text, &url, &e) != 0 || pg_session_init(raw, &url, NULL, &e) != 0 ||
        pg_connect(raw, &e) != 0)
        help_fail(text, &e);
    store_url_release(&url);
}

static inline int raw_add(void *arg, const struct pg_row *row)
{
    size_t len;
    const char *text = pg_text(row, 0, &len);
    struct buf *out = arg;

    buf_add_str(out, out->len > 0 ? "," : "");
    buf_add(out, text, len);
    return 0;
}

/* Statements on a connection of their own; the first columns, with commas between; valid until the
 * next call but three. */
static inline const char *tell(const char *url, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline const char *tell(const char *url, const char *format, ...)
{
    static struct buf outs[4];
    static unsigned next;
    struct buf *out = &outs[next++ % 4];
    struct error e = ERROR_INIT;
    struct pg_session raw;
    char sql[8192];
    va_list ap;

    va_start(ap, format);
    vsnprintf(sql, sizeof sql, format, ap);
    va_end(ap);
    buf_release(out);
    buf_init(out, 1024 * 1024);
    raw_open(&raw, url);
    if (pg_script(&raw, sql, raw_add, out, &e) != 0)
        help_fail(sql, &e);
    pg_session_release(&raw);
    return buf_text(out);
}

/* Until the query says so: a condition, not a time. */
static inline void await_true(const char *url, const char *sql)
{
    for (int i = 0; i < 5000; i++) {
        if (strcmp(tell(url, "%s", sql), "t") == 0)
            return;
        help_pause();
    }
    fail_msg("never true: %s", sql);
}

/* ---- stores ---- */

/* 0, or -1 with the error. */
static inline int try_open(struct state_store **out, const char *text, enum store_mode mode,
                           struct error *e)
{
    struct store_url url;
    int rc;

    error_clear(e);
    if (store_url_parse(text, &url, e) != 0)
        return -1;
    rc = state_postgres_open(out, &url, NULL, mode, 1700000000000, e);
    store_url_release(&url);
    return rc;
}

static inline struct state_store *open_url(const char *text, enum store_mode mode)
{
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;

    if (try_open(&store, text, mode, &e) != 0)
        help_fail(text, &e);
    return store;
}

/* The store is not opened, for this reason. */
static inline void refused(const char *text, enum store_mode mode, enum error_code code,
                           const char *message)
{
    struct state_store *none = NULL;
    struct error e = ERROR_INIT;

    if (try_open(&none, text, mode, &e) == 0)
        fail_msg("%s was opened", text);
    assert_null(none);
    if (e.code != code || strstr(e.message, message) == NULL)
        help_fail(message, &e);
    assert_null(strstr(e.message, "geheim"));
    assert_null(strstr(e.hint, "geheim"));
}

static inline int write_key(struct state_store *store, const char *plugin, const char *key,
                            const char *value, int64_t expires_ms, struct error *e)
{
    const struct state_row row = {key, strlen(key), value, strlen(value), expires_ms};

    return state_put(store, plugin, &row, e);
}

/* One write of plugin p in a transaction of its own, stamped unless `number` is 0. */
static inline int put_stamped(struct state_store *store, const char *writer, uint64_t number,
                              const char *key, const char *value, struct error *e)
{
    error_clear(e);
    if (state_begin(store, 1, e) != 0)
        return -1;
    if ((number != 0 && state_stamp(store, writer, number, e) != 0) ||
        write_key(store, "p", key, value, 0, e) != 0 || state_commit(store, e) != 0) {
        state_rollback(store);
        return -1;
    }
    return 0;
}

static inline void put(struct state_store *store, const char *key, const char *value)
{
    struct error e = ERROR_INIT;

    if (put_stamped(store, "", 0, key, value, &e) != 0)
        help_fail("a write", &e);
}

/* `count` writes of plugin p, "k0" … with `size` bytes of value each. */
static inline int put_many(struct state_store *store, const char *writer, uint64_t number,
                           int count, size_t size, char fill, struct error *e)
{
    char *value = mem_alloc(size + 1), key[16];
    int rc = 0;

    memset(value, fill, size);
    value[0] = value[size - 1] = '"';
    value[size] = '\0';
    error_clear(e);
    rc = state_begin(store, 1, e);
    rc = rc == 0 && number != 0 ? state_stamp(store, writer, number, e) : rc;
    for (int i = 0; i < count && rc == 0; i++) {
        snprintf(key, sizeof key, "k%d", i);
        rc = write_key(store, "p", key, value, 0, e);
    }
    rc = rc == 0 ? state_commit(store, e) : rc;
    state_rollback(store);
    free(value);
    return rc;
}

static inline int add_row(void *arg, const struct state_row *row)
{
    buf_addf(arg, "%.*s=%.*s;", (int)row->key_len, row->key, (int)row->value_len, row->value);
    return 0;
}

/* "a=1;b=2;" of the plugin p, or the error's code. */
static inline const char *rows(struct state_store *store)
{
    static struct buf out;
    struct error e = ERROR_INIT;

    buf_release(&out);
    buf_init(&out, 64 * 1024 * 1024);
    if (state_load(store, "p", 2, add_row, &out, &e) != 0)
        return error_name(e.code);
    return buf_text(&out);
}

#endif
