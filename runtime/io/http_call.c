#include "io/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/curl_api.h"

#define HEADER_BYTES_MAX (256 * 1024)

struct http_call {
    struct curl_api curl;
    CURL *easy; /* NULL: to be made */
    struct curl_slist *headers;
    struct http_call_options options;
    char *tls_ca;
    char trouble[CURL_ERROR_SIZE]; /* libcurl's words about the last failure */
    bool sent;                     /* see http_call_sent() */

    /* the request under way */
    const char *body;
    size_t left; /* of the body, not yet given to libcurl */
    struct buf *answer;
    size_t received, header_bytes;
    bool too_large;
};

/* ---- what libcurl calls ---- */

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *c = arg;
    size_t len = size * count;

    c->received += len;
    if (c->received > c->options.max_bytes || buf_add(c->answer, data, len) < 0) {
        c->too_large = true;
        return 0;
    }
    return len;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_call *c = arg;

    (void)data;
    c->header_bytes += size * count;
    return c->header_bytes > HEADER_BYTES_MAX ? 0 : size * count;
}

/* There is no way back to the begin: so libcurl cannot send a request a second time. */
static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct http_call *c = arg;
    size_t len = size * count < c->left ? size * count : c->left;

    memcpy(out, c->body, len);
    c->body += len;
    c->left -= len;
    return len;
}

/* ---- the object ---- */

static int add_header(struct http_call *c, const char *text, struct error *e)
{
    struct curl_slist *longer = c->curl.slist_append(c->headers, text);

    if (longer == NULL)
        return error_set(e, ERROR_INTERNAL, "libcurl has no memory for a header");
    c->headers = longer;
    return 0;
}

static int check_token(const char *token, struct error *e)
{
    for (const char *c = token; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return error_set(e, ERROR_CONFIG,
                             "the token: expected visible ASCII without spaces, got byte 0x%02x at "
                             "position %td",
                             (unsigned char)*c, c - token + 1);
    return 0;
}

static int add_token(struct http_call *c, const char *token, struct error *e)
{
    size_t size = strlen(token) + 32;
    char *text;
    int result;

    if (check_token(token, e) < 0)
        return -1;
    text = mem_alloc(size);
    snprintf(text, size, "Authorization: Bearer %s", token);
    result = add_header(c, text, e);
    explicit_bzero(text, size);
    free(text);
    return result;
}

int http_call_open(struct http_call **out, const struct http_call_options *options, struct error *e)
{
    struct http_call *c = mem_zero(1, sizeof *c);

    c->options = *options;
    c->options.bearer = NULL;
    c->options.tls_ca = c->tls_ca = mem_strdup(options->tls_ca);
    if (curl_api_open(&c->curl, e) < 0 || add_header(c, "Content-Type: application/json", e) < 0 ||
        add_header(c, "Expect:", e) < 0 ||
        (options->bearer != NULL && add_token(c, options->bearer, e) < 0)) {
        http_call_close(c);
        return -1;
    }
    *out = c;
    return 0;
}

void http_call_drop(struct http_call *c)
{
    if (c->easy != NULL)
        c->curl.easy_cleanup(c->easy);
    c->easy = NULL;
}

void http_call_close(struct http_call *c)
{
    if (c == NULL)
        return;
    http_call_drop(c);
    for (struct curl_slist *h = c->headers; h != NULL; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    if (c->headers != NULL)
        c->curl.slist_free_all(c->headers);
    free(c->tls_ca);
    free(c);
}

/* ---- the handle ---- */

/* A file of authorities replaces the system's, of which libcurl also knows a folder. */
static bool set_tls(struct http_call *c, CURL *easy)
{
    bool ok = true;

#define SET(option, value) ok = ok && c->curl.easy_setopt(easy, option, value) == CURLE_OK
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (c->tls_ca != NULL) {
        SET(CURLOPT_CAINFO, c->tls_ca);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
    SET(CURLOPT_SSL_VERIFYPEER, c->options.tls_unverified ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, c->options.tls_unverified ? 0L : 2L);
    return ok;
}

static bool set_all(struct http_call *c, CURL *easy)
{
    bool ok = true;

    SET(CURLOPT_NOSIGNAL, 1L); /* there are other threads */
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)c->options.connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)c->options.timeout_ms);
    SET(CURLOPT_HTTPHEADER, c->headers);
    SET(CURLOPT_WRITEFUNCTION, on_data);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, c);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, c);
    SET(CURLOPT_ERRORBUFFER, c->trouble);
    return ok && set_tls(c, easy);
}

static int make_easy(struct http_call *c, struct error *e)
{
    CURL *easy = c->curl.easy_init();

    if (easy == NULL)
        return error_set(e, ERROR_INTERNAL, "libcurl gave no handle");
    if (!set_all(c, easy)) {
        c->curl.easy_cleanup(easy);
        return error_set(e, ERROR_UNSUPPORTED,
                         "libcurl lacks an option: 7.85 or later is needed, with TLS");
    }
    c->easy = easy;
    return 0;
}

static bool set_request(struct http_call *c, const char *url, size_t len)
{
    CURL *easy = c->easy;
    bool ok = true;

    SET(CURLOPT_URL, url);
    if (c->body == NULL) {
        SET(CURLOPT_HTTPGET, 1L);
        return ok;
    }
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
#undef SET
    return ok;
}

/* ---- one call ---- */

static int distrusted(CURLcode code, const char *text, struct error *e)
{
    if (code == CURLE_SSL_CACERT_BADFILE) {
        error_set(e, ERROR_CONFIG, "the file of authorities cannot be read: %s", text);
        error_hint(e, "tls_ca=FILE names a file of certificates in PEM");
        return -1;
    }
    error_set(e, ERROR_CONFIG, "the server's certificate is not to be trusted: %s", text);
    error_hint(e, "tls_ca=FILE names its authority; tls_verify=off believes anybody");
    return -1;
}

static int timed_out(const struct http_call *c, struct error *e)
{
    if (!c->sent)
        return error_set(e, ERROR_TIMEOUT, "no connection within %lld ms",
                         (long long)c->options.connect_timeout_ms);
    return error_set(e, ERROR_TIMEOUT, "no answer within %lld ms",
                     (long long)c->options.timeout_ms);
}

static int failed(struct http_call *c, CURLcode code, struct error *e)
{
    const char *text = c->trouble[0] != '\0' ? c->trouble : c->curl.easy_strerror(code);
    long request_bytes = 0;

    c->curl.easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    c->sent = request_bytes > 0;
    http_call_drop(c);
    if (c->too_large)
        return error_set(e, ERROR_LIMIT, "the answer is larger than %zu bytes",
                         c->options.max_bytes);
    if (c->header_bytes > HEADER_BYTES_MAX)
        return error_set(e, ERROR_LIMIT, "the answer's headers are larger than %d bytes",
                         HEADER_BYTES_MAX);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return timed_out(c, e);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR ||
        code == CURLE_SSL_CACERT_BADFILE)
        return distrusted(code, text, e);
    if (code == CURLE_SEND_FAIL_REWIND)
        text = "the connection broke before an answer came";
    return error_set(e, ERROR_NETWORK, "%.300s", text);
}

int http_call(struct http_call *c, const char *url, const char *body, size_t len, int *status,
              struct buf *answer, struct error *e)
{
    CURLcode code;
    long got = 0;

    c->sent = false;
    if (c->easy == NULL && make_easy(c, e) < 0)
        return -1;
    buf_clear(answer);
    c->body = body;
    c->left = len;
    c->answer = answer;
    c->received = c->header_bytes = 0;
    c->too_large = false;
    c->trouble[0] = '\0';
    if (!set_request(c, url, len))
        return error_set(e, ERROR_INTERNAL, "libcurl does not take the request");
    code = c->curl.easy_perform(c->easy);
    if (code != CURLE_OK)
        return failed(c, code, e);
    c->sent = true;
    c->curl.easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &got);
    *status = (int)got;
    return 0;
}

bool http_call_sent(const struct http_call *c)
{
    return c->sent;
}
