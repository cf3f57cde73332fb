/* libcurl with CURLOPT_CONNECT_ONLY: it makes the connection and then leaves it to us, through
 * curl_easy_send() and curl_easy_recv(), which never wait. The URL's scheme only says whether there
 * is TLS; no HTTP is spoken. */
#include "io/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "io/curl_api.h"

#define TLS_HINT "does the server speak TLS on this port?"

struct stream {
    struct curl_api curl;
    CURL *easy;
    curl_socket_t fd;
    char reason[CURL_ERROR_SIZE];
};

int64_t stream_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void stream_close(struct stream *s)
{
    if (s == NULL)
        return;
    if (s->easy != NULL)
        s->curl.easy_cleanup(s->easy);
    s->curl.global_cleanup();
    free(s);
}

/* ---- opening ---- */

#define SET(option, value)                                                                         \
    code = code != CURLE_OK ? code : s->curl.easy_setopt(s->easy, option, value)

static CURLcode set_tls(struct stream *s, const struct stream_target *t)
{
    CURLcode code = CURLE_OK;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, t->tls_unverified ? 0L : 1L);
    SET(CURLOPT_SSL_VERIFYHOST, t->tls_unverified ? 0L : 2L);
    if (t->tls_ca != NULL) {
        SET(CURLOPT_CAINFO, t->tls_ca);
        SET(CURLOPT_CAPATH, NULL); /* else the system's would be trusted besides */
    }
    return code;
}

static CURLcode set_up(struct stream *s, const struct stream_target *t, int64_t timeout_ms)
{
    bool bare = t->host != NULL && strchr(t->host, ':') != NULL; /* an IPv6 address */
    char url[512];
    CURLcode code = CURLE_OK;

    if (t->socket_path != NULL)
        snprintf(url, sizeof url, "http://localhost/");
    else
        snprintf(url, sizeof url, "%s://%s%.300s%s:%u/", t->tls ? "https" : "http", bare ? "[" : "",
                 t->host, bare ? "]" : "", (unsigned)t->port);
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_CONNECT_ONLY, 1L);
    SET(CURLOPT_ERRORBUFFER, s->reason);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a timeout does not wait for the thread that looks up the name */
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    if (t->socket_path != NULL)
        SET(CURLOPT_UNIX_SOCKET_PATH, t->socket_path);
    return code == CURLE_OK && t->tls ? set_tls(s, t) : code;
}
#undef SET

static const char *reason(const struct stream *s, CURLcode code)
{
    return s->reason[0] != '\0' ? s->reason : s->curl.easy_strerror(code);
}

static int too_late(const struct stream_target *t, int64_t timeout_ms, struct error *e)
{
    error_set(e, ERROR_TIMEOUT, "no %sconnection within %lld ms", t->tls ? "TLS " : "",
              (long long)timeout_ms);
    if (t->tls) /* one without waits for what it takes to be a command to end */
        error_hint(e, TLS_HINT);
    return -1;
}

static int refuse(const struct stream *s, CURLcode code, const struct stream_target *t,
                  int64_t timeout_ms, struct error *e)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return too_late(t, timeout_ms, e);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(e, ERROR_CONFIG, "the certificates of '%.200s' cannot be read",
                         t->tls_ca != NULL ? t->tls_ca : "the system");
    case CURLE_PEER_FAILED_VERIFICATION:
        error_set(e, ERROR_CONFIG, "the server's certificate is not to be trusted: %s",
                  reason(s, code));
        error_hint(e, "the host must be named as in the certificate, and its authority be known to "
                      "the system or given as a file");
        return -1;
    case CURLE_SSL_CONNECT_ERROR:
        error_set(e, ERROR_NETWORK, "the TLS handshake failed: %s", reason(s, code));
        error_hint(e, TLS_HINT);
        return -1;
    default:
        return error_set(e, ERROR_NETWORK, "%s", reason(s, code));
    }
}

static int connect_to(struct stream *s, const struct stream_target *t, int64_t timeout_ms,
                      struct error *e)
{
    CURLcode code;

    s->easy = s->curl.easy_init();
    if (s->easy == NULL)
        return error_set(e, ERROR_NETWORK, "libcurl could not make a handle");
    code = set_up(s, t, timeout_ms);
    if (code == CURLE_OK)
        code = s->curl.easy_perform(s->easy);
    if (code == CURLE_OK)
        code = s->curl.easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &s->fd);
    if (code != CURLE_OK)
        return refuse(s, code, t, timeout_ms, e);
    return 0;
}

int stream_open(struct stream **out, const struct stream_target *target, int64_t timeout_ms,
                struct error *e)
{
    struct stream *s = mem_zero(1, sizeof *s);

    if (curl_api_open(&s->curl, e) != 0) {
        free(s);
        return -1;
    }
    if (connect_to(s, target, timeout_ms, e) != 0) {
        stream_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

/* ---- use ---- */

int stream_send(struct stream *s, const void *data, size_t len, size_t *sent, struct error *e)
{
    CURLcode code;

    *sent = 0;
    s->reason[0] = '\0';
    code = s->curl.easy_send(s->easy, data, len, sent);
    if (code == CURLE_OK || code == CURLE_AGAIN)
        return 0;
    return error_set(e, ERROR_NETWORK, "the connection broke: %s", reason(s, code));
}

int stream_receive(struct stream *s, void *data, size_t size, size_t *got, struct error *e)
{
    CURLcode code;

    *got = 0;
    s->reason[0] = '\0';
    code = s->curl.easy_recv(s->easy, data, size, got);
    if (code == CURLE_AGAIN)
        return 0;
    if (code != CURLE_OK)
        return error_set(e, ERROR_NETWORK, "the connection broke: %s", reason(s, code));
    if (*got == 0)
        return error_set(e, ERROR_NETWORK, "the server closed the connection");
    return 0;
}

int stream_wait(struct stream *s, int what, int64_t deadline_ns, struct error *e)
{
    short events = (short)((what & STREAM_READ ? POLLIN : 0) | (what & STREAM_WRITE ? POLLOUT : 0));
    struct pollfd fd = {.fd = s->fd, .events = events};

    for (;;) {
        int64_t left_ns = deadline_ns - stream_now_ns();
        struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
        int ready;
        if (left_ns <= 0)
            return error_set(e, ERROR_TIMEOUT, "no answer in the time allowed");
        ready = ppoll(&fd, 1, &left, NULL);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return error_set(e, ERROR_NETWORK, "cannot wait for the server: %s", strerror(errno));
    }
}

int stream_descriptor(const struct stream *s)
{
    return s->fd;
}
