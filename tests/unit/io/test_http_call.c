/* One HTTP call at a time: what goes out, what may come back, and what is said when it does not. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "io/http_call.h"
#include "support/scratch.h"
#include "unit/io/post_server.h"

#define TOKEN "s3cr3t-t0ken"

struct fixture {
    struct post_server server;
    struct http_call *call;
    struct buf answer;
    struct error e;
    int status;
    char last_head[8192], last_body[256];
};

static struct http_call_options options(void)
{
    return (struct http_call_options){
        .bearer = TOKEN, .connect_timeout_ms = 2000, .timeout_ms = 4000, .max_bytes = 65536};
}

static void start(struct fixture *f, post_answer_fn *answer, const struct http_call_options *o)
{
    struct http_call_options standard = options();

    memset(f, 0, sizeof *f);
    buf_init(&f->answer, 1 << 20);
    assert_int_equal(post_server_start(&f->server, answer, f), 0);
    assert_int_equal(http_call_open(&f->call, o ? o : &standard, &f->e), 0);
}

static void stop(struct fixture *f)
{
    http_call_close(f->call);
    post_server_stop(&f->server);
    buf_release(&f->answer);
}

static int call(struct fixture *f, const char *body)
{
    char url[64];

    error_clear(&f->e);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v3/pipeline", f->server.port);
    return http_call(f->call, url, body, body ? strlen(body) : 0, &f->status, &f->answer, &f->e);
}

static void assert_failed(const struct fixture *f, enum error_code code, const char *words)
{
    assert_int_equal(f->e.code, code);
    if (strstr(f->e.message, words) == NULL)
        fail_msg("expected '%s' in '%s'", words, f->e.message);
    assert_null(strstr(f->e.message, TOKEN));
    assert_null(strstr(f->e.hint, TOKEN));
}

/* ---- answers ---- */

static bool echo(struct post_server *s, int fd, const struct post_request *r)
{
    struct fixture *f = s->arg;

    snprintf(f->last_head, sizeof f->last_head, "%s", r->head);
    snprintf(f->last_body, sizeof f->last_body, "%.255s", r->body);
    return post_reply(fd, 200, "", r->body);
}

static void a_post_carries_body_and_token_and_the_connection_is_kept(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, echo, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(call(&f, "{\"a\":1}"), 0);
        assert_int_equal(f.status, 200);
        assert_string_equal(buf_text(&f.answer), "{\"a\":1}");
        assert_true(http_call_sent(f.call));
    }
    assert_int_equal(atomic_load(&f.server.connections), 1);
    assert_non_null(strstr(f.last_head, "POST /v3/pipeline HTTP/1.1\r\n"));
    assert_non_null(strstr(f.last_head, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
    assert_non_null(strstr(f.last_head, "\r\nContent-Type: application/json\r\n"));
    assert_null(strcasestr(f.last_head, "expect"));
    assert_null(strcasestr(f.last_head, "transfer-encoding"));
    assert_int_equal(call(&f, NULL), 0);
    assert_non_null(strstr(f.last_head, "GET /v3/pipeline HTTP/1.1\r\n"));
    stop(&f);
}

static void an_empty_and_a_large_body_arrive_whole(void **unused)
{
    struct fixture f;
    char *large = malloc(60001);

    (void)unused;
    assert_non_null(large);
    memset(large, 'x', 60000);
    large[60000] = '\0';
    start(&f, echo, NULL);
    assert_int_equal(call(&f, large), 0);
    assert_int_equal(f.answer.len, 60000);
    assert_int_equal(call(&f, ""), 0);
    assert_int_equal(f.answer.len, 0);
    assert_non_null(strstr(f.last_head, "\r\nContent-Length: 0\r\n"));
    free(large);
    stop(&f);
}

static bool redirect(struct post_server *s, int fd, const struct post_request *r)
{
    char location[128];

    (void)r;
    snprintf(location, sizeof location, "Location: http://127.0.0.1:%d/elsewhere\r\n", s->port);
    return post_reply(fd, 302, location, "gone");
}

static void a_redirect_is_an_answer_and_not_followed(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, redirect, NULL);
    assert_int_equal(call(&f, "{}"), 0);
    assert_int_equal(f.status, 302);
    assert_int_equal(atomic_load(&f.server.requests), 1);
    stop(&f);
}

static void the_environment_s_proxy_is_not_used(void **unused)
{
    struct fixture f;

    (void)unused;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    start(&f, echo, NULL);
    assert_int_equal(call(&f, "{}"), 0);
    stop(&f);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static bool cookie(struct post_server *s, int fd, const struct post_request *r)
{
    struct fixture *f = s->arg;

    snprintf(f->last_head, sizeof f->last_head, "%s", r->head);
    return post_reply(fd, 200, "Set-Cookie: id=1; Path=/\r\n", "");
}

static void cookies_are_not_kept(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, cookie, NULL);
    assert_int_equal(call(&f, "{}"), 0);
    assert_int_equal(call(&f, "{}"), 0);
    assert_null(strcasestr(f.last_head, "cookie"));
    stop(&f);
}

/* ---- limits ---- */

static bool endless_body(struct post_server *s, int fd, const struct post_request *r)
{
    char piece[4096];

    (void)s;
    (void)r;
    memset(piece, ' ', sizeof piece);
    post_send(fd, "HTTP/1.1 200 X\r\n\r\n", 18);
    while (post_send(fd, piece, sizeof piece))
        ;
    return false;
}

static void an_endless_body_is_a_limit(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, endless_body, NULL);
    assert_int_equal(call(&f, "{}"), -1);
    assert_failed(&f, ERROR_LIMIT, "larger than 65536 bytes");
    assert_true(http_call_sent(f.call));
    stop(&f);
}

static bool endless_headers(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\n", 16);
    while (post_send(fd, "X-Filler: 0123456789012345678901234567890123456789\r\n", 52))
        ;
    return false;
}

static void endless_headers_are_a_limit(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, endless_headers, NULL);
    assert_int_equal(call(&f, "{}"), -1);
    assert_failed(&f, ERROR_LIMIT, "headers");
    stop(&f);
}

/* ---- time ---- */

static bool silent(struct post_server *s, int fd, const struct post_request *r)
{
    char byte;

    (void)s;
    (void)r;
    return recv(fd, &byte, 1, 0) > 0; /* until the client or the test has enough */
}

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_silent_server_is_a_timeout_after_sending(void **unused)
{
    struct http_call_options o = options();
    struct fixture f;
    int64_t before;

    (void)unused;
    o.timeout_ms = 300;
    start(&f, silent, &o);
    before = mono_ms();
    assert_int_equal(call(&f, "{}"), -1);
    assert_failed(&f, ERROR_TIMEOUT, "no answer within 300 ms");
    assert_true(http_call_sent(f.call));
    assert_true(mono_ms() - before >= 290);
    assert_true(mono_ms() - before < 3000);
    stop(&f);
}

static bool trickle(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\nContent-Length: 9999\r\n\r\n", 40);
    for (;;) {
        struct timespec pause = {.tv_nsec = 20000000};
        if (!post_send(fd, " ", 1))
            return false;
        nanosleep(&pause, NULL);
    }
}

static void the_deadline_is_of_the_whole_call(void **unused)
{
    struct http_call_options o = options();
    struct fixture f;

    (void)unused;
    o.timeout_ms = 300;
    start(&f, trickle, &o);
    assert_int_equal(call(&f, "{}"), -1);
    assert_failed(&f, ERROR_TIMEOUT, "no answer within 300 ms");
    stop(&f);
}

/* ---- connections ---- */

static void nobody_listening_means_never_sent(void **unused)
{
    struct fixture f;
    char url[64];

    (void)unused;
    start(&f, echo, NULL);
    assert_int_equal(call(&f, "{}"), 0);
    http_call_drop(f.call);
    post_server_stop(&f.server);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", f.server.port);
    assert_int_equal(http_call(f.call, url, "{}", 2, &f.status, &f.answer, &f.e), -1);
    assert_int_equal(f.e.code, ERROR_NETWORK);
    assert_false(http_call_sent(f.call));
    http_call_close(f.call);
    buf_release(&f.answer);
}

/* The first request of a connection is answered; at the second one the connection ends without an
 * answer, as when the server dies over it. */
static bool die_at_second(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    if (strcmp(r->body, "second") == 0)
        return false;
    return post_reply(fd, 200, "", "ok");
}

static void a_lost_answer_is_an_error_and_the_request_is_not_repeated(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, die_at_second, NULL);
    assert_int_equal(call(&f, "first"), 0);
    assert_int_equal(call(&f, "second"), -1);
    assert_failed(&f, ERROR_NETWORK, "the connection broke before an answer came");
    assert_true(http_call_sent(f.call));
    assert_int_equal(atomic_load(&f.server.requests), 2);
    assert_int_equal(call(&f, "third"), 0); /* on a new connection */
    assert_int_equal(atomic_load(&f.server.requests), 3);
    stop(&f);
}

static bool close_after(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_reply(fd, 200, "", "ok"); /* without saying "Connection: close" */
    return false;
}

static void a_connection_that_the_server_has_closed_meanwhile_is_replaced(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, close_after, NULL);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(call(&f, "{}"), 0);
        while (atomic_load(&f.server.open_fd) >= 0)
            sched_yield();
    }
    assert_int_equal(atomic_load(&f.server.requests), 5);
    stop(&f);
}

static bool cut_short(struct post_server *s, int fd, const struct post_request *r)
{
    (void)s;
    (void)r;
    post_send(fd, "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"results\"", 49);
    return false;
}

static void a_body_cut_short_is_an_error(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, cut_short, NULL);
    assert_int_equal(call(&f, "{}"), -1);
    assert_int_equal(f.e.code, ERROR_NETWORK);
    assert_true(http_call_sent(f.call));
    stop(&f);
}

/* ---- what is refused before anything is sent ---- */

static void other_schemes_are_refused(void **unused)
{
    struct fixture f;

    (void)unused;
    start(&f, echo, NULL);
    assert_int_equal(http_call(f.call, "file:///etc/hostname", NULL, 0, &f.status, &f.answer, &f.e),
                     -1);
    assert_int_equal(f.e.code, ERROR_NETWORK);
    assert_false(http_call_sent(f.call));
    assert_int_equal(f.answer.len, 0);
    stop(&f);
}

static void a_token_that_would_break_a_header_is_refused(void **unused)
{
    static const char *const tokens[] = {"a\r\nX-Evil: 1", "a b", "a\nb", "\x7f", "gr\xc3\xbcn"};
    struct http_call_options o = options();

    (void)unused;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct error e = ERROR_INIT;
        struct http_call *c = NULL;
        o.bearer = tokens[i];
        assert_int_equal(http_call_open(&c, &o, &e), -1);
        assert_int_equal(e.code, ERROR_CONFIG);
        assert_null(c);
        assert_null(strstr(e.message, "Evil"));
    }
}

/* ---- TLS, against openssl's own server ---- */

struct tls {
    struct scratch scratch;
    pid_t pid;
    int port;
    char ca[512], other[512];
};

static pid_t run(const char *const *words, const char *folder)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (chdir(folder) != 0 || freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL)
        _exit(126);
    execvp(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

static bool make_certificate(const char *folder, const char *name)
{
    char key[64], crt[64];
    const char *words[] = {"openssl",
                           "req",
                           "-x509",
                           "-newkey",
                           "ec",
                           "-pkeyopt",
                           "ec_paramgen_curve:P-256",
                           "-nodes",
                           "-keyout",
                           key,
                           "-out",
                           crt,
                           "-days",
                           "2",
                           "-subj",
                           "/CN=localhost",
                           "-addext",
                           "subjectAltName=DNS:localhost",
                           NULL};
    int status = -1;

    snprintf(key, sizeof key, "%s.key", name);
    snprintf(crt, sizeof crt, "%s.crt", name);
    waitpid(run(words, folder), &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static bool listens(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    rc = connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return rc == 0;
}

static bool tls_start(struct tls *t)
{
    char accept[32];
    const char *words[] = {"openssl",    "s_server", "-accept",    accept, "-cert",
                           "server.crt", "-key",     "server.key", "-www", NULL};
    const char *folder;
    int64_t deadline = mono_ms() + 10000;

    scratch_make(&t->scratch);
    folder = scratch_path(&t->scratch, ".");
    if (!make_certificate(folder, "server") || !make_certificate(folder, "other")) {
        scratch_remove(&t->scratch);
        return false;
    }
    t->port = free_port();
    snprintf(accept, sizeof accept, "127.0.0.1:%d", t->port);
    t->pid = run(words, folder);
    while (!listens(t->port) && mono_ms() < deadline)
        sched_yield();
    snprintf(t->ca, sizeof t->ca, "%s", scratch_path(&t->scratch, "server.crt"));
    snprintf(t->other, sizeof t->other, "%s", scratch_path(&t->scratch, "other.crt"));
    return true;
}

static void tls_stop(struct tls *t)
{
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    scratch_remove(&t->scratch);
}

static int tls_get(const struct tls *t, const char *host, const char *ca, bool unverified,
                   struct error *e)
{
    struct http_call_options o = options();
    struct http_call *c = NULL;
    struct buf answer;
    char url[128];
    int status = 0, rc;

    o.tls_ca = ca;
    o.tls_unverified = unverified;
    buf_init(&answer, 1 << 20);
    assert_int_equal(http_call_open(&c, &o, e), 0);
    snprintf(url, sizeof url, "https://%s:%d/", host, t->port);
    rc = http_call(c, url, NULL, 0, &status, &answer, e);
    assert_true(rc != 0 || status == 200);
    assert_true(rc == 0 || !http_call_sent(c)); /* distrust comes before the token is sent */
    http_call_close(c);
    buf_release(&answer);
    return rc;
}

static void assert_distrusted(const struct tls *t, const char *host, const char *ca)
{
    struct error e = ERROR_INIT;

    assert_int_equal(tls_get(t, host, ca, false, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_non_null(strstr(e.message, "not to be trusted"));
    assert_non_null(strstr(e.hint, "tls_ca"));
}

static void certificates_are_verified_unless_told_otherwise(void **unused)
{
    struct error e = ERROR_INIT;
    struct tls t;

    (void)unused;
    if (!tls_start(&t)) {
        print_message("SKIPPED: openssl is not installed\n");
        skip();
    }
    assert_int_equal(tls_get(&t, "localhost", t.ca, false, &e), 0);
    assert_distrusted(&t, "127.0.0.1", t.ca); /* the certificate names localhost only */
    assert_distrusted(&t, "localhost", t.other);
    assert_distrusted(&t, "localhost", NULL);
    assert_int_equal(tls_get(&t, "127.0.0.1", NULL, true, &e), 0);
    assert_int_equal(tls_get(&t, "localhost", "/nonexistent/ca.crt", false, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_non_null(strstr(e.message, "cannot be read"));
    tls_stop(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_carries_body_and_token_and_the_connection_is_kept),
        cmocka_unit_test(an_empty_and_a_large_body_arrive_whole),
        cmocka_unit_test(a_redirect_is_an_answer_and_not_followed),
        cmocka_unit_test(the_environment_s_proxy_is_not_used),
        cmocka_unit_test(cookies_are_not_kept),
        cmocka_unit_test(an_endless_body_is_a_limit),
        cmocka_unit_test(endless_headers_are_a_limit),
        cmocka_unit_test(a_silent_server_is_a_timeout_after_sending),
        cmocka_unit_test(the_deadline_is_of_the_whole_call),
        cmocka_unit_test(nobody_listening_means_never_sent),
        cmocka_unit_test(a_lost_answer_is_an_error_and_the_request_is_not_repeated),
        cmocka_unit_test(a_connection_that_the_server_has_closed_meanwhile_is_replaced),
        cmocka_unit_test(a_body_cut_short_is_an_error),
        cmocka_unit_test(other_schemes_are_refused),
        cmocka_unit_test(a_token_that_would_break_a_header_is_refused),
        cmocka_unit_test(certificates_are_verified_unless_told_otherwise),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
