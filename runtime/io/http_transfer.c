#include "io/http_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"

#define CONNECT_TIMEOUT_MS 5000
#define REDIRECTS          3
#define HEADER_BYTES_MAX   (64 * 1024)
#define IDLE_S             30L /* an older connection is not used again: it may be dead unseen */
#define RETRY_AFTER_MAX_S  86400

/* ---- what libcurl calls ---- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;

    return buf_add(&t->answer, data, size * count) == 0 ? size * count : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;

    (void)data;
    t->header_bytes += size * count;
    return t->header_bytes > HEADER_BYTES_MAX ? 0 : size * count;
}

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct http_transfer *t = arg;
    size_t left = t->body_len - t->body_read;
    size_t len = size * count < left ? size * count : left;

    if (len > 0)
        memcpy(out, t->body + t->body_read, len);
    t->body_read += len;
    return len;
}

/* There is a connection (and TLS, where wanted), and nothing of the request has been sent on it. */
static int on_connected(void *arg, char *address, char *own_address, int port, int own_port)
{
    struct http_transfer *t = arg;

    (void)address;
    (void)own_address;
    (void)port;
    (void)own_port;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

/* ---- is it a request? ---- */

static bool has_scheme(const char *url, const char *scheme)
{
    return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static bool is_post(const struct http_request *r)
{
    return strcmp(r->method, "POST") == 0;
}

/* "Name: value" of visible ASCII, so that no header can become two. */
static bool is_header(const char *text)
{
    const char *colon = strchr(text, ':');

    if (colon == NULL || colon == text || colon[1] != ' ' || colon[2] == '\0')
        return false;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < (c < colon ? 0x21 : 0x20) || (unsigned char)*c > 0x7e)
            return false;
    return true;
}

static int check_headers(const struct http_request *r, struct error *e)
{
    size_t count = 0;

    if (r->headers == NULL)
        return 0;
    for (; r->headers[count] != NULL; count++) {
        if (count == HTTP_HEADERS)
            return error_set(e, ERROR_LIMIT, "a request has more than %d headers", HTTP_HEADERS);
        if (!is_header(r->headers[count]))
            return error_set(e, ERROR_INVALID,
                             "header %zu of a request: expected \"Name: value\" of visible ASCII",
                             count + 1);
    }
    return 0;
}

static int check(const struct http_request *r, struct error *e)
{
    if (!is_post(r) && strcmp(r->method, "GET") != 0)
        return error_set(e, ERROR_INVALID, "expected the method GET or POST, got \"%.20s\"",
                         r->method);
    if (!is_post(r) && r->len > 0)
        return error_set(e, ERROR_INVALID, "a GET has no body");
    if (!has_scheme(r->url, "http://") && !has_scheme(r->url, "https://"))
        return error_set(e, ERROR_INVALID, "expected a URL that starts with http:// or https://");
    if (r->timeout_ms < 1 || r->timeout_ms > INT32_MAX || r->max_bytes < 1)
        return error_set(
            e, ERROR_INVALID,
            "the time limit must be between 1 ms and 24 days and the size limit at least "
            "1 byte");
    return check_headers(r, e);
}

/* ---- the handle ---- */

static long connect_timeout(const struct http_transfer *t)
{
    return t->timeout_ms < CONNECT_TIMEOUT_MS ? (long)t->timeout_ms : CONNECT_TIMEOUT_MS;
}

#define SET(option, value)                                                                         \
    code = code != CURLE_OK ? code : t->curl->easy_setopt(t->easy, option, value)

/* A file of authorities replaces the system's, of which libcurl also knows a folder. */
static CURLcode set_tls(struct http_transfer *t, const struct http_request *r)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (r->ca_file != NULL) {
        SET(CURLOPT_CAINFO, r->ca_file);
        SET(CURLOPT_CAPATH, (char *)NULL);
    }
    return code;
}

/* HTTP/1.1: a connection that breaks takes only its own request with it. */
static CURLcode set_limits(struct http_transfer *t, const struct http_request *r)
{
    bool follow = !is_post(r) && t->headers == NULL;
    CURLcode code = CURLE_OK;

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, has_scheme(r->url, "https://") ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, follow ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, (long)REDIRECTS);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout(t));
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->answer.max);
    SET(CURLOPT_MAXAGE_CONN, IDLE_S);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    return code;
}

static CURLcode set_callbacks(struct http_transfer *t)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, t);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_ERRORBUFFER, t->trouble);
    return code;
}

static CURLcode set_request(struct http_transfer *t, const struct http_request *r)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_USERAGENT, "orrery");
    if (t->headers != NULL)
        SET(CURLOPT_HTTPHEADER, t->headers);
    if (is_post(r)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
    }
    return code;
}
#undef SET

static int add_header(struct http_transfer *t, const char *text, struct error *e)
{
    struct curl_slist *longer = t->curl->slist_append(t->headers, text);

    if (longer == NULL)
        return error_set(e, ERROR_INTERNAL, "libcurl has no memory for a header");
    t->headers = longer;
    return 0;
}

static int add_headers(struct http_transfer *t, const struct http_request *r, struct error *e)
{
    for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
        if (add_header(t, r->headers[i], e) != 0)
            return -1;
    return is_post(r) ? add_header(t, "Expect:", e) : 0; /* do not wait for "100 Continue" */
}

/* To give up a transfer while its name is being resolved, libcurl waits for the resolver's thread,
 * which may take as long as a dead name server lets it: the loop would stand still. Told to be
 * quick, it leaves the thread to end by itself. Older ones than 7.87 do not know this. */
static void do_not_wait_for_names(struct http_transfer *t)
{
    t->curl->easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
}

static int set_up(struct http_transfer *t, const struct http_request *r, struct error *e)
{
    CURLcode code;

    t->easy = t->curl->easy_init();
    if (t->easy == NULL)
        return error_set(e, ERROR_NETWORK, "libcurl gave no handle");
    if (add_headers(t, r, e) != 0)
        return -1;
    code = set_limits(t, r);
    code = code != CURLE_OK ? code : set_tls(t, r);
    code = code != CURLE_OK ? code : set_callbacks(t);
    code = code != CURLE_OK ? code : set_request(t, r);
    do_not_wait_for_names(t);
    if (code != CURLE_OK)
        return error_set(e, ERROR_NETWORK, "the request could not be started: %s",
                         t->curl->easy_strerror(code));
    return 0;
}

int http_transfer_open(struct http_transfer *t, const struct curl_api *curl,
                       const struct http_request *request, struct error *e)
{
    struct http_transfer fresh = {.curl = curl, .timeout_ms = request->timeout_ms};

    if (check(request, e) != 0)
        return -1;
    *t = fresh;
    buf_init(&t->answer, request->max_bytes);
    if (is_post(request)) {
        t->body = mem_alloc(request->len + 1);
        t->body_len = request->len;
        if (request->len > 0)
            memcpy(t->body, request->body, request->len);
    }
    if (set_up(t, request, e) == 0)
        return 0;
    http_transfer_close(t);
    return -1;
}

void http_transfer_close(struct http_transfer *t)
{
    if (t->easy != NULL)
        t->curl->easy_cleanup(t->easy);
    if (t->headers != NULL)
        t->curl->slist_free_all(t->headers);
    free(t->body);
    buf_release(&t->answer);
}

/* ---- its end ---- */

static const char *explain(struct http_transfer *t, CURLcode code)
{
    size_t size = sizeof t->reason;

    if (t->answer.overflow || code == CURLE_FILESIZE_EXCEEDED)
        snprintf(t->reason, size, "answer larger than %zu bytes", t->answer.max);
    else if (t->header_bytes > HEADER_BYTES_MAX)
        snprintf(t->reason, size, "answer with more than %d bytes of headers", HEADER_BYTES_MAX);
    else if (code == CURLE_OPERATION_TIMEDOUT && !t->sent)
        snprintf(t->reason, size, "no connection within %ld ms", connect_timeout(t));
    else if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(t->reason, size, "no answer within %lld ms", (long long)t->timeout_ms);
    else if (code == CURLE_SEND_FAIL_REWIND)
        snprintf(t->reason, size, "the connection broke before an answer came");
    else
        snprintf(t->reason, size, "%s",
                 t->trouble[0] != '\0' ? t->trouble : t->curl->easy_strerror(code));
    return t->reason;
}

static int64_t retry_after_ms(const struct http_transfer *t)
{
    curl_off_t seconds = 0;

    if (t->curl->easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0)
        return 0;
    return (seconds < RETRY_AFTER_MAX_S ? (int64_t)seconds : RETRY_AFTER_MAX_S) * 1000;
}

void http_transfer_answer(struct http_transfer *t, CURLcode code, struct http_answer *out)
{
    struct http_answer answer = {.body = "", .sent = t->sent};
    long status = 0;

    if (code == CURLE_OK) {
        t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = (int)status;
        answer.body = buf_text(&t->answer);
        answer.len = t->answer.len;
        answer.retry_after_ms = retry_after_ms(t);
    } else {
        answer.error = explain(t, code);
    }
    *out = answer;
}
