#include "db/redis_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/redis_error.h"
#include "db/redis_link.h"
#include "model/store_url.h"

#define DEFAULT_PORT 6379

/* ---- the URL ---- */

static int read_number(const char *text, const char *what, int64_t *out, struct error *e)
{
    uint64_t value;

    if (text_to_u64(text, &value) != 0 || value > INT32_MAX) {
        error_set(e, ERROR_CONFIG, "the store's URL: %s: expected a database's number, got '%.40s'",
                  what, text);
        error_hint(e, "as in redis://host:6379/2 or ?db=2");
        return -1;
    }
    *out = (int64_t)value;
    return 0;
}

static int read_db(struct redis_address *a, const struct store_url *url, struct error *e)
{
    const char *option = store_url_option(url, "db");
    const char *path = a->socket == NULL ? url->path : NULL;
    int64_t by_path = 0;

    if (path != NULL && read_number(path, "path", &by_path, e) != 0)
        return -1;
    a->db = by_path;
    if (option == NULL)
        return 0;
    if (read_number(option, "db", &a->db, e) != 0)
        return -1;
    if (path != NULL && by_path != a->db)
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: the path says database %lld, db says %lld",
                         (long long)by_path, (long long)a->db);
    return 0;
}

int redis_address_init(struct redis_address *a, const struct store_url *url, const char *secret,
                       struct error *e)
{
    const char *verify = store_url_option(url, "tls_verify");

    *a = (struct redis_address){
        .label = mem_strdup(url->label),
        .user = mem_strdup(url->user),
        .secret = mem_strdup(secret != NULL ? secret : url->password),
        .tls_ca = mem_strdup(store_url_option(url, "tls_ca")),
        .socket = url->host == NULL ? mem_strdup(url->path) : NULL,
        .host = mem_strdup(url->host),
        .connect_ms = url->connect_timeout_ms,
        .request_ms = url->timeout_ms,
        .is_local = url->local,
    };
    a->target = (struct stream_target){
        .host = a->host,
        .port = url->port != 0 ? url->port : DEFAULT_PORT,
        .socket_path = a->socket,
        .tls = url->tls,
        .tls_ca = a->tls_ca,
        .tls_unverified = verify != NULL && strcmp(verify, "off") == 0,
    };
    if (!url->tls && (a->tls_ca != NULL || verify != NULL)) {
        error_set(e, ERROR_CONFIG, "the store's URL: %s:// has no TLS, but the URL has %s",
                  url->scheme, a->tls_ca != NULL ? "tls_ca" : "tls_verify");
        error_hint(e, "rediss:// is Redis over TLS");
        return -1;
    }
    return read_db(a, url, e);
}

void redis_address_release(struct redis_address *a)
{
    if (a->secret != NULL)
        explicit_bzero(a->secret, strlen(a->secret));
    free(a->secret);
    free(a->user);
    free(a->host);
    free(a->socket);
    free(a->tls_ca);
    free(a->label);
    *a = (struct redis_address){0};
}

/* ---- the login ---- */

static bool has_login(const struct redis_address *a)
{
    return a->user != NULL || a->secret != NULL;
}

void redis_ask_login(struct redis_link *link, const struct redis_address *a)
{
    if (has_login(a)) {
        redis_cmd(link, "AUTH");
        if (a->user != NULL)
            redis_text(link, a->user);
        redis_text(link, a->secret != NULL ? a->secret : "");
        redis_end(link);
    }
    if (a->db != 0) {
        redis_cmd(link, "SELECT");
        redis_number(link, a->db);
        redis_end(link);
    }
}

static int hear_auth(struct redis_link *link, struct error *e)
{
    const struct redis_reply *reply;

    if (redis_get(link, &reply, e) != 0)
        return -1;
    return reply_is_status(reply, "OK") ? 0 : redis_fail_login(reply, e);
}

static int hear_select(struct redis_link *link, int64_t db, struct error *e)
{
    const struct redis_reply *reply;
    char doing[40];

    snprintf(doing, sizeof doing, "choosing database %lld", (long long)db);
    if (redis_get(link, &reply, e) != 0)
        return -1;
    return reply_is_status(reply, "OK") ? 0 : redis_fail(reply, doing, e);
}

int redis_hear_login(struct redis_link *link, const struct redis_address *a, struct error *e)
{
    if (has_login(a) && hear_auth(link, e) != 0)
        return -1;
    return a->db != 0 ? hear_select(link, a->db, e) : 0;
}
