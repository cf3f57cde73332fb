#include "io/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/curl_api.h"

struct http_call {
    struct curl_api curl;
    CURL *easy; /* NULL: to be made */
    struct curl_slist *headers;
    struct http_call_options options;
    char *tls_ca;
    struct buf *answer; /* of the request under way */
    size_t received;
    bool too_large;
};

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

static int add_header(struct http_call *c, const char *text, struct error *e)
{
    struct curl_slist *longer = c->curl.slist_append(c->headers, text);

    if (longer == NULL)
        return error_set(e, ERROR_INTERNAL, "libcurl has no memory for a header");
    c->headers = longer;
    return 0;
}

static int add_token(struct http_call *c, const char *token, struct error *e)
{
    size_t size = strlen(token) + 32;
    char *text = mem_alloc(size);
    int result;

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

static int make_easy(struct http_call *c, struct error *e)
{
    CURL *easy = c->curl.easy_init();

    if (easy == NULL)
        return error_set(e, ERROR_INTERNAL, "libcurl gave no handle");
#define SET(option, value) c->curl.easy_setopt(easy, option, value)
    SET(CURLOPT_NOSIGNAL, 1L);
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
    if (c->tls_ca != NULL)
        SET(CURLOPT_CAINFO, c->tls_ca);
    if (c->options.tls_unverified) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
#undef SET
    c->easy = easy;
    return 0;
}

static int failed(struct http_call *c, CURLcode code, struct error *e)
{
    const char *text = c->curl.easy_strerror(code);

    http_call_drop(c);
    if (c->too_large)
        return error_set(e, ERROR_LIMIT, "the answer is larger than %zu bytes",
                         c->options.max_bytes);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return error_set(e, ERROR_TIMEOUT, "no answer within %lld ms",
                         (long long)c->options.timeout_ms);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_SSL_ISSUER_ERROR) {
        error_set(e, ERROR_CONFIG, "the server's certificate is not to be trusted: %s", text);
        error_hint(e, "tls_ca=FILE names its authority; tls_verify=off believes anybody");
        return -1;
    }
    return error_set(e, ERROR_NETWORK, "%s", text);
}

int http_call(struct http_call *c, const char *url, const char *body, size_t len, int *status,
              struct buf *answer, struct error *e)
{
    CURLcode code;
    long got = 0;

    if (c->easy == NULL && make_easy(c, e) < 0)
        return -1;
    buf_clear(answer);
    c->answer = answer;
    c->received = 0;
    c->too_large = false;
    c->curl.easy_setopt(c->easy, CURLOPT_URL, url);
    if (body != NULL) {
        c->curl.easy_setopt(c->easy, CURLOPT_POST, 1L);
        c->curl.easy_setopt(c->easy, CURLOPT_POSTFIELDS, body);
        c->curl.easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    } else {
        c->curl.easy_setopt(c->easy, CURLOPT_HTTPGET, 1L);
    }
    code = c->curl.easy_perform(c->easy);
    if (code != CURLE_OK)
        return failed(c, code, e);
    c->curl.easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &got);
    *status = (int)got;
    return 0;
}
