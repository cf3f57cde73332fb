/*
 * redis_help: a Redis server of the test's own on a free loopback port, a plain connection to it,
 * and short forms for stores on it. Where there is no redis-server the tests are skipped, or fail
 * when CI=true.
 */
#ifndef ORRERY_TEST_REDIS_HELP_H
#define ORRERY_TEST_REDIS_HELP_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/stream.h"
#include "db/redis_link.h"
#include "state/state.h"
#include "support/scratch.h"

#define HELP_TIMEOUT_MS 10000

static inline void help_fail(const char *what, const struct error *e)
{
    char text[1200];

    fail_msg("%s: %s: %s", what, error_name(e->code), error_format(e, text, sizeof text));
}

static inline int free_port(void)
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

static inline void help_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* ---- programs ---- */

static inline pid_t help_spawn(const char *const *argv, const char *dir)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(dir) != 0 || freopen("output", "a", stdout) == NULL ||
        freopen("output", "a", stderr) == NULL)
        _exit(126);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

/* The exit code of a program that was run to its end. */
static inline int help_run(const char *const *argv, const char *dir)
{
    pid_t pid = help_spawn(argv, dir);
    int status;

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static inline bool have_program(const char *name, const char *argument)
{
    const char *const argv[] = {name, argument, NULL};

    return help_run(argv, "/tmp") == 0;
}

static inline bool is_ci(void)
{
    const char *ci = getenv("CI");

    return ci != NULL && strcmp(ci, "true") == 0;
}

/* In a test: skips it when the program is missing, or fails in CI. */
static inline void need_program(const char *name, const char *argument)
{
    if (have_program(name, argument))
        return;
    if (is_ci())
        fail_msg("%s is not installed", name);
    print_message("SKIPPED: %s is not installed\n", name);
    skip();
}

/* The same for a whole group, in main(): true when it cannot be run; `*exit_code` is its result. */
static inline bool no_server(int *exit_code)
{
    if (have_program("redis-server", "--version"))
        return false;
    *exit_code = is_ci();
    print_message("%s: redis-server is not installed\n", is_ci() ? "FAILED" : "SKIPPED");
    return true;
}

/* ---- servers ---- */

struct server {
    struct scratch scratch;
    int port;
    pid_t pid; /* 0: stopped */
};

static inline bool answers(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return yes;
}

/* Starts it (again, on what it has on disk); `extra` are words of its command line, NULL at the
 * end. */
static inline void server_run(struct server *server, const char *const *extra)
{
    char port[8];
    const char *argv[48] = {
        "redis-server", "--port", port,          "--bind", "127.0.0.1", "--dir", ".",
        "--save",       "",       "--daemonize", "no"};
    int n = 11;

    snprintf(port, sizeof port, "%d", server->port);
    while (extra != NULL && *extra != NULL)
        argv[n++] = *extra++;
    server->pid = help_spawn(argv, server->scratch.dir);
    while (!answers(server->port)) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            fail_msg("redis-server has ended, see %s/output", server->scratch.dir);
        help_pause();
    }
}

static inline void server_start(struct server *server, const char *const *extra)
{
    scratch_make(&server->scratch);
    server->port = free_port();
    server_run(server, extra);
}

static inline void server_kill(struct server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

static inline void server_stop(struct server *server)
{
    server_kill(server);
    scratch_remove(&server->scratch);
}

/* ---- a plain connection ---- */

static inline void raw_open(struct redis_link *link, int port)
{
    const struct stream_target target = {.host = "127.0.0.1", .port = (uint16_t)port};
    struct error e = ERROR_INIT;

    if (redis_link_init(link, &e) != 0 || redis_link_open(link, &target, HELP_TIMEOUT_MS, &e) != 0)
        help_fail("a plain connection", &e);
}

static inline void raw_show(struct buf *out, const struct redis_reply *r)
{
    if (r->kind == REPLY_NIL)
        buf_add_str(out, "nil");
    else if (r->kind == REPLY_INTEGER)
        buf_addf(out, "%lld", r->number);
    else if (r->kind != REPLY_ARRAY)
        buf_add(out, r->text, r->count);
    for (size_t i = 0; r->kind == REPLY_ARRAY && i < r->count; i++) {
        buf_add_str(out, i > 0 ? " " : "");
        raw_show(out, &r->items[i]);
    }
}

/* The answer to the words of `command` as text; valid until the next call but three. */
static inline const char *raw(struct redis_link *link, const char *const *command)
{
    static struct buf answers_[4];
    static unsigned next;
    struct buf *out = &answers_[next++ % 4];
    const struct redis_reply *reply;
    struct error e = ERROR_INIT;

    redis_link_limit(link, HELP_TIMEOUT_MS);
    redis_cmd(link, command[0]);
    for (size_t i = 1; command[i] != NULL; i++)
        redis_text(link, command[i]);
    redis_end(link);
    if (redis_send(link, &e) != 0 || redis_get(link, &reply, &e) != 0)
        help_fail(command[0], &e);
    buf_release(out);
    buf_init(out, 1024 * 1024);
    raw_show(out, reply);
    return buf_text(out);
}
#define RAW(link, ...) raw(link, (const char *const[]){__VA_ARGS__, NULL})

/* One command on a connection of its own; to be used as a statement. */
static inline void tell(int port, const char *const *command)
{
    struct redis_link link;
    const char *answer;

    raw_open(&link, port);
    answer = raw(&link, command);
    if (strcmp(answer, "OK") != 0)
        fail_msg("%s: %s", command[0], answer);
    redis_link_release(&link);
}
#define TELL(port, ...) tell(port, (const char *const[]){__VA_ARGS__, NULL})

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
    rc = state_redis_open(out, &url, NULL, mode, 1, e);
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

/* "redis://127.0.0.1:PORT" and what follows it. */
static inline const char *url_of(int port, const char *rest)
{
    static char texts[4][512];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "redis://127.0.0.1:%d%s", port, rest);
    return text;
}

static inline struct state_store *open_at(int port, const char *rest)
{
    return open_url(url_of(port, rest), STORE_CREATE);
}

static inline int write_key(struct state_store *store, const char *plugin, const char *key,
                            const char *value, int64_t expires_ms, struct error *e)
{
    const struct state_row row = {key, strlen(key), value, strlen(value), expires_ms};

    return state_put(store, plugin, &row, e);
}

/* One write in a transaction of its own, stamped unless `number` is 0. */
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

static inline int put_at(struct state_store *store, const char *key, const char *value,
                         int64_t expires_ms, int64_t now_ms)
{
    struct error e = ERROR_INIT;

    if (state_begin(store, now_ms, &e) != 0 || write_key(store, "p", key, value, expires_ms, &e) ||
        state_commit(store, &e) != 0)
        help_fail("a write", &e);
    return 0;
}

static inline int add_row(void *arg, const struct state_row *row)
{
    buf_addf(arg, "%.*s=%.*s;", (int)row->key_len, row->key, (int)row->value_len, row->value);
    return 0;
}

/* "a=1;b=2;" of the plugin p, or the error's code. */
static inline const char *rows_at(struct state_store *store, int64_t now_ms)
{
    static struct buf out;
    struct error e = ERROR_INIT;

    buf_release(&out);
    buf_init(&out, 64 * 1024 * 1024);
    if (state_load(store, "p", now_ms, add_row, &out, &e) != 0)
        return error_name(e.code);
    return buf_text(&out);
}

static inline const char *rows(struct state_store *store)
{
    return rows_at(store, 0);
}

static inline int64_t wall_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
