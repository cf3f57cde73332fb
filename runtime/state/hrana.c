#include "state/hrana.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/http_call.h"
#include "model/store_url.h"
#include "state/hrana_error.h"

#define REQUEST_BYTES ((size_t)512 * 1024 * 1024)

/* ---- the object ---- */

static char *base_of(const struct store_url *url)
{
    bool v6 = strchr(url->host, ':') != NULL;
    struct buf text;

    buf_init(&text, STORE_URL_BYTES + 64);
    buf_addf(&text, v6 ? "%s://[%s]" : "%s://%s", url->tls ? "https" : "http", url->host);
    if (url->port != 0)
        buf_addf(&text, ":%u", url->port);
    return buf_steal(&text);
}

int hrana_open(struct hrana *h, const struct store_url *url, const char *secret, struct error *e)
{
    const char *verify = store_url_option(url, "tls_verify");
    struct http_call_options options = {
        .bearer = secret,
        .tls_ca = store_url_option(url, "tls_ca"),
        .tls_unverified = verify != NULL && strcmp(verify, "off") == 0,
        .connect_timeout_ms = url->connect_timeout_ms,
        .timeout_ms = url->timeout_ms,
        .max_bytes = HRANA_ANSWER_BYTES,
    };

    *h = (struct hrana){.tls = url->tls};
    if (http_call_open(&h->http, &options, e) < 0)
        return -1;
    h->base = base_of(url);
    h->host = mem_strdup(url->host);
    h->secret = mem_strdup(secret);
    buf_init(&h->request, REQUEST_BYTES);
    buf_init(&h->answer, HRANA_ANSWER_BYTES);
    return 0;
}

static void end_stream(struct hrana *h)
{
    free(h->baton);
    free(h->stream_base);
    h->baton = h->stream_base = NULL;
}

void hrana_close(struct hrana *h)
{
    end_stream(h);
    http_call_close(h->http);
    if (h->secret != NULL)
        explicit_bzero(h->secret, strlen(h->secret));
    free(h->secret);
    free(h->base);
    free(h->host);
    buf_release(&h->request);
    buf_release(&h->answer);
}

/* ---- requests ---- */

/* The connection is given up: whoever answers next may be another server. */
static int no_answer(struct hrana *h, const struct error *why, struct error *e)
{
    http_call_drop(h->http);
    h->version = NULL;
    return hrana_call_error(h, why, http_call_sent(h->http), e);
}

static int get(struct hrana *h, const char *path, int *status, struct error *e)
{
    struct error why = ERROR_INIT;
    struct buf url;
    int rc;

    buf_init(&url, 2 * STORE_URL_BYTES);
    buf_addf(&url, "%s/%s", h->base, path);
    rc = http_call(h->http, buf_text(&url), NULL, 0, status, &h->answer, &why);
    buf_release(&url);
    return rc < 0 ? no_answer(h, &why, e) : 0;
}

static int find_version(struct hrana *h, struct error *e)
{
    int status;

    if (h->version != NULL)
        return 0;
    if (get(h, "v3", &status, e) < 0)
        return -1;
    if (status >= 500 || status == 401 || status == 403)
        return hrana_status_error(h, status, e);
    h->version = status == 200 ? "v3" : "v2";
    return 0;
}

int hrana_server(struct hrana *h, char *out, size_t size, struct error *e)
{
    int status;
    size_t len;

    if (get(h, "version", &status, e) < 0)
        return -1;
    len = strcspn(buf_text(&h->answer), "\r\n");
    if (status != 200 || len >= size || !text_is_printable(buf_text(&h->answer), len))
        len = 0;
    snprintf(out, size, "%.*s", (int)len, buf_text(&h->answer));
    return 0;
}

static int post(struct hrana *h, struct error *e)
{
    struct error why = ERROR_INIT;
    struct buf url;
    int status, rc;

    buf_init(&url, 2 * STORE_URL_BYTES);
    buf_addf(&url, "%s/%s/pipeline", h->stream_base ? h->stream_base : h->base, h->version);
    rc = http_call(h->http, buf_text(&url), buf_text(&h->request), h->request.len, &status,
                   &h->answer, &why);
    buf_release(&url);
    if (rc < 0)
        return no_answer(h, &why, e);
    return status == 200 ? 0 : hrana_status_error(h, status, e);
}

/* ---- streams ---- */

static bool is_address(const char *host)
{
    size_t len = strlen(host);

    return strchr(host, ':') != NULL || (len > 0 && host[len - 1] >= '0' && host[len - 1] <= '9');
}

/* The scheme's end, or NULL when it is not one that may follow ours. */
static const char *skip_scheme(const struct hrana *h, const char *url)
{
    if (strncmp(url, "https://", 8) == 0)
        return url + 8;
    return !h->tls && strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* Where the host of what follows the scheme begins and ends; false: nowhere. */
static bool find_host(const char **host, const char **end)
{
    bool v6 = **host == '[';

    *host += v6;
    *end = *host + strcspn(*host, v6 ? "]" : ":/");
    return !v6 || ((*end)[0] == ']' && strchr(":/", (*end)[1]) != NULL);
}

bool hrana_base_allowed(const struct hrana *h, const char *base_url)
{
    const char *host = skip_scheme(h, base_url), *end;
    size_t own = strlen(h->host), len;

    if (host == NULL || strpbrk(base_url, "@?#\\ ") != NULL ||
        !text_is_printable(base_url, strlen(base_url)) || !find_host(&host, &end))
        return false;
    len = (size_t)(end - host);
    if (len < own || strncasecmp(end - own, h->host, own) != 0)
        return false;
    return len == own || (end[-(ptrdiff_t)own - 1] == '.' && !is_address(h->host));
}

static int keep_stream(struct hrana *h, const struct hrana_answer *a, struct error *e)
{
    size_t len;

    if (a->baton == NULL)
        return error_set(e, ERROR_STORE_DOWN, "libSQL at %s closed the stream of a transaction",
                         h->base);
    if (a->base_url != NULL && !hrana_base_allowed(h, a->base_url))
        return hrana_stray_error(h, a->base_url, e);
    free(h->baton);
    h->baton = mem_strdup(a->baton);
    if (a->base_url != NULL) {
        free(h->stream_base);
        for (len = strlen(a->base_url); a->base_url[len - 1] == '/';)
            len--;
        h->stream_base = mem_strndup(a->base_url, len);
    }
    return 0;
}

static int exchange(struct hrana *h, const struct hrana_batch *batch, bool last,
                    struct hrana_answer *answer, struct error *e)
{
    buf_clear(&h->request);
    if (hrana_request(batch, h->baton, last, &h->request, e) < 0 || post(h, e) < 0)
        return -1;
    if (hrana_parse(answer, buf_text(&h->answer), h->answer.len, batch->count, e) < 0) {
        error_prefix(e, "libSQL at %s: ", h->base);
        return -1;
    }
    if (last || keep_stream(h, answer, e) == 0)
        return 0;
    hrana_answer_release(answer);
    return -1;
}

int hrana_run(struct hrana *h, const struct hrana_batch *batch, bool last,
              struct hrana_answer *answer, struct error *e)
{
    int rc;

    if (find_version(h, e) < 0)
        return -1;
    rc = exchange(h, batch, last, answer, e);
    if (rc < 0 || last)
        end_stream(h);
    return rc;
}

int hrana_query(struct hrana *h, struct hrana_batch *batch, struct hrana_answer *answer,
                struct error *e)
{
    struct hrana_fault fault;
    int rc = hrana_run(h, batch, true, answer, e);

    hrana_batch_release(batch);
    if (rc < 0 || !hrana_failed(answer, &fault))
        return rc;
    hrana_error(h, &fault, e);
    hrana_answer_release(answer);
    return -1;
}

void hrana_abandon(struct hrana *h)
{
    struct error ignored = ERROR_INIT;
    struct hrana_answer answer;
    struct hrana_batch batch;

    if (h->baton == NULL)
        return;
    hrana_batch_begin(&batch);
    hrana_step(&batch, -1, "ROLLBACK", 0, NULL);
    if (hrana_run(h, &batch, true, &answer, &ignored) == 0)
        hrana_answer_release(&answer);
    hrana_batch_release(&batch);
}
