/*
 * State in libSQL (sqld, Turso): Hrana over HTTP.
 *
 *   hrana_batch, hrana_answer   what is asked and what is answered, as texts \
 *   hrana_error                 the server's refusals                         | the protocol
 *   hrana                       requests, streams                            /
 *   libsql_schema               the tables, what the server is like
 *   libsql_apply                a transaction: how it stays whole, and happens once
 *   libsql_read, libsql_lease   the other operations
 *
 * A token needs the right to read and write; to inspect a store, to read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "state/libsql_schema.h"
#include "state/libsql_store.h"

/* ---- what the operations share ---- */

static int open_schema(struct libsql_store *l, enum store_mode mode, int64_t now_ms,
                       struct error *e)
{
    l->checked = false;
    if (libsql_schema_open(l, mode, now_ms, e) < 0)
        return -1;
    l->checked = true;
    return 0;
}

int libsql_ready(struct state_store *store, struct libsql_store **out, struct error *e)
{
    struct libsql_store *l = libsql_of(store);

    if ((l->hrana.version == NULL || !l->checked) &&
        open_schema(l, l->mode == STORE_CREATE ? STORE_OPEN : l->mode, 0, e) < 0)
        return -1;
    *out = l;
    return 0;
}

int libsql_writable(struct state_store *store, struct libsql_store **out, struct error *e)
{
    if (libsql_of(store)->mode == STORE_INSPECT)
        return error_set(e, ERROR_STORE_READONLY, "the store was opened for reading only");
    return libsql_ready(store, out, e);
}

int libsql_reading(const struct libsql_store *l, struct hrana_batch *batch)
{
    hrana_batch_begin(batch);
    return l->mode == STORE_INSPECT ? -1 : hrana_step(batch, -1, "BEGIN IMMEDIATE", 0, NULL);
}

int libsql_writing(struct hrana_batch *batch)
{
    hrana_batch_begin(batch);
    return hrana_step(batch, -1, "BEGIN IMMEDIATE", 0, NULL);
}

int libsql_commit(struct hrana_batch *batch, int at)
{
    int commit = hrana_step(batch, at, "COMMIT", 0, NULL);

    hrana_step_unless(batch, commit, "ROLLBACK");
    return commit;
}

/* A commit that failed for a reason that is not known to be before its effect. */
static bool is_unclear(const struct hrana_fault *fault, int commit, enum error_code code)
{
    return code == ERROR_STORE && commit >= 0 && (fault->step < 0 || fault->step == commit);
}

int libsql_judge(const struct libsql_store *l, const struct hrana_answer *answer, int commit,
                 struct error *e)
{
    struct error why = ERROR_INIT;
    struct hrana_fault fault;

    if (hrana_failed(answer, &fault)) {
        hrana_error(&l->hrana, &fault, &why);
        if (is_unclear(&fault, commit, why.code))
            why.code = ERROR_STORE_DOWN;
        *e = why;
        return -1;
    }
    if (hrana_executed(answer, commit))
        return 0;
    return error_set(e, ERROR_STORE_DOWN,
                     "libSQL at %s neither executed nor refused to commit a transaction",
                     l->hrana.base);
}

char *libsql_tokens(const struct state_hold *holds, size_t count, struct error *e)
{
    struct buf text;
    int bad = 0;

    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < count; i++) {
        buf_add_str(&text, i == 0 ? "[[" : ",[");
        bad |= hrana_add_string(&text, holds[i].plugin, strlen(holds[i].plugin));
        buf_addf(&text, ",%" PRId64 "]", (int64_t)holds[i].token);
    }
    buf_add_str(&text, count == 0 ? "[]" : "]");
    if (bad == 0)
        return buf_steal(&text);
    buf_release(&text);
    error_set(e, ERROR_INVALID, "a plugin's name that is not UTF-8");
    return NULL;
}

/* ---- the store ---- */

static char *url_warnings(const struct store_url *url)
{
    const char *verify = store_url_option(url, "tls_verify");

    if (!url->tls && !url->local)
        return mem_strdup(
            "the connection is not encrypted (libsql+http): whoever is on the way can read and "
            "change state, and learn the token");
    if (url->tls && verify != NULL && strcmp(verify, "off") == 0)
        return mem_strdup(
            "THE SERVER'S CERTIFICATE IS NOT VERIFIED (tls_verify=off): whoever is on the way can "
            "pretend to be the server, read and change state, and learn the token");
    return mem_strdup("");
}

static int check_url(const struct store_url *url, struct error *e)
{
    const char *ca = store_url_option(url, "tls_ca"), *verify = store_url_option(url, "tls_verify");

    if (url->tls || (ca == NULL && verify == NULL))
        return 0;
    error_set(e, ERROR_CONFIG, "the store's URL: %s:// has no TLS, but the URL has %s", url->scheme,
              ca != NULL ? "tls_ca" : "tls_verify");
    error_hint(e, "libsql+https:// is libSQL over TLS");
    return -1;
}

static void libsql_close(struct state_store *store)
{
    struct libsql_store *l = libsql_of(store);

    remote_release(&l->remote);
    hrana_close(&l->hrana);
    free(l->url_warnings);
    free(l);
}

static const struct state_ops ops = {
    REMOTE_STATE_OPS,
    .name = "libsql",
    .describe = libsql_describe,
    .close = libsql_close,
    .leases = &libsql_lease_ops,
};

static const struct remote_ops remote = {
    .apply = libsql_apply,
    .load = libsql_load,
    .list = libsql_list,
    .expired = libsql_expired,
};

int state_libsql_open(struct state_store **out, const struct store_url *url, const char *secret,
                      enum store_mode mode, int64_t now_ms, struct error *e)
{
    struct libsql_store *l;

    if (check_url(url, e) < 0)
        return -1;
    l = mem_zero(1, sizeof *l);
    remote_init(&l->remote, &ops, &remote);
    l->mode = mode;
    if (hrana_open(&l->hrana, url, secret, e) < 0) {
        free(l);
        return -1;
    }
    l->url_warnings = url_warnings(url);
    if (open_schema(l, mode, now_ms, e) < 0) {
        libsql_close(&l->remote.base);
        return -1;
    }
    *out = &l->remote.base;
    return 0;
}
