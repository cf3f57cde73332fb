/* What can happen on the way: a server that answers anything (a thread of the test), and commits
 * whose answer, or whose last command, is lost or delivered late (a proxy before a real server). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "redis_help.h"

static struct error e;

static int listen_on(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- a server that answers anything ---- */

/* To each connection: after its first bytes `login`, after the next `answer`, then `filler` for
 * ever (NULL: nothing, and the connection stays open unless `hangs_up`). */
struct liar {
    const char *login, *answer, *filler;
    bool hangs_up;
    int listener, port;
    pthread_t thread;
};

static bool wait_bytes(int fd)
{
    char bytes[65536];

    return recv(fd, bytes, sizeof bytes, 0) > 0;
}

static void lie(const struct liar *liar, int fd)
{
    if (!wait_bytes(fd) || !send_all(fd, liar->login, strlen(liar->login)))
        return;
    if (liar->answer != NULL &&
        (!wait_bytes(fd) || !send_all(fd, liar->answer, strlen(liar->answer))))
        return;
    while (liar->filler != NULL && send_all(fd, liar->filler, strlen(liar->filler)))
        continue;
    while (!liar->hangs_up && wait_bytes(fd))
        continue;
}

static void *run_liar(void *arg)
{
    const struct liar *liar = arg;
    int fd;

    while ((fd = accept(liar->listener, NULL, NULL)) >= 0) {
        lie(liar, fd);
        close(fd);
    }
    return NULL;
}

static void liar_start(struct liar *liar)
{
    liar->listener = listen_on(&liar->port);
    if (pthread_create(&liar->thread, NULL, run_liar, liar) != 0)
        abort();
}

static void liar_stop(struct liar *liar)
{
    shutdown(liar->listener, SHUT_RDWR);
    pthread_join(liar->thread, NULL);
    close(liar->listener);
}

/* The answers to INFO, two CONFIG GET, two TYPE and GET schema. */
#define INFO  "$48\r\nredis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\n"
#define LOGIN INFO "*0\r\n*0\r\n+set\r\n+none\r\n$1\r\n1\r\n"

static const char *const options = "?connect_timeout=300ms&timeout=300ms";

/* What becomes of opening a store there. */
static enum error_code opened(const char *login, const char *filler, bool hangs_up)
{
    struct liar liar = {.login = login, .filler = filler, .hangs_up = hangs_up};
    struct state_store *store = NULL;

    liar_start(&liar);
    if (try_open(&store, url_of(liar.port, options), STORE_CREATE, &e) == 0)
        state_close(store);
    liar_stop(&liar);
    return e.code;
}

static void logins_that_cannot_be(void **unused)
{
    static const struct {
        const char *login;
        enum error_code code;
    } cases[] = {
        {"", ERROR_STORE_DOWN},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", ERROR_STORE_CORRUPT},
        {"220 mail.example.org ESMTP\r\n", ERROR_STORE_CORRUPT},
        {"+OK\r\n", ERROR_STORE_CORRUPT},
        {":1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", ERROR_STORE_CORRUPT},
        {"$-5\r\n", ERROR_STORE_CORRUPT},
        {"*2147483647\r\n", ERROR_STORE},
        {"$2000000000\r\nx", ERROR_STORE_DOWN}, /* never comes */
        {INFO, ERROR_STORE_DOWN},
        {INFO "*-1\r\n", ERROR_STORE_CORRUPT},
        {INFO "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", ERROR_STORE_CORRUPT},
        {INFO "*0\r\n*2\r\n$1\r\na\r\n*0\r\n+set\r\n+set\r\n*0\r\n", ERROR_STORE_CORRUPT},
        {INFO "*0\r\n*0\r\n+set\r\n+list\r\n$1\r\n1\r\n", ERROR_STORE_SCHEMA},
        {INFO "*0\r\n*0\r\n+set\r\n+set\r\n$3\r\n1e9\r\n", ERROR_STORE_CORRUPT},
        {INFO "*0\r\n*0\r\n+set\r\n+set\r\n-MOVED 3999 10.0.0.1:6381\r\n", ERROR_STORE},
        {INFO "*0\r\n*0\r\n+set\r\n+set\r\n-LOADING Redis is loading\r\n", ERROR_STORE_DOWN},
        {"-LOADING Redis is loading the dataset in memory\r\n", ERROR_STORE_DOWN},
        {"-DENIED Redis is running in protected mode\r\n", ERROR_STORE_DENIED},
        {"-ERR max number of clients reached\r\n", ERROR_STORE_DOWN},
        {LOGIN, ERROR_NONE},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (opened(cases[i].login, NULL, false) != cases[i].code)
            help_fail(cases[i].login, &e);
}

static void logins_that_break_off(void **unused)
{
    static const char whole[] = LOGIN;
    char part[sizeof whole];

    (void)unused;
    for (size_t len = 0; len + 1 < sizeof whole; len++) {
        snprintf(part, sizeof part, "%.*s", (int)len, whole);
        assert_int_equal(opened(part, NULL, true), ERROR_STORE_DOWN);
    }
    assert_int_equal(opened(whole, NULL, true), ERROR_NONE);
}

static void answers_without_an_end(void **unused)
{
    static char filler[65536];

    (void)unused;
    memset(filler, 'x', sizeof filler - 1);
    /* Whichever comes first, the limit or the deadline. */
    assert_in_range(opened("$9000000000000000000\r\n", filler, false), ERROR_STORE_DOWN,
                    ERROR_STORE);
    assert_int_equal(opened("+", filler, false), ERROR_STORE_CORRUPT);
    assert_in_range(opened("*2000000000\r\n", ":1\r\n:1\r\n:1\r\n", false), ERROR_STORE_DOWN,
                    ERROR_STORE);
    assert_int_equal(opened("*1\r\n", "*1\r\n*1\r\n", false), ERROR_STORE_CORRUPT);
}

/* ---- and one that lies after the login ---- */

static enum error_code code_of(int rc)
{
    return rc == 0 ? ERROR_NONE : e.code;
}

static enum error_code load_from(const char *answer)
{
    struct liar liar = {.login = LOGIN, .answer = answer};
    struct state_store *store;
    struct buf out;
    int rc;

    buf_init(&out, 1024);
    liar_start(&liar);
    store = open_at(liar.port, options);
    error_clear(&e);
    rc = state_load(store, "p", 0, add_row, &out, &e);
    state_close(store);
    liar_stop(&liar);
    buf_release(&out);
    return code_of(rc);
}

/* MULTI, GET schema, ZRANGE, EXEC; then with HMGET, ahead of time */
#define FIRST(members) "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n1\r\n" members
#define SECOND(row)    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n" row
#define ONE_KEY        FIRST("*1\r\n$1\r\na\r\n")

static void reads_that_cannot_be(void **unused)
{
    static const struct {
        const char *answer;
        enum error_code code;
    } cases[] = {
        {FIRST("*0\r\n"), ERROR_NONE},
        {FIRST("*1\r\n*0\r\n"), ERROR_STORE_CORRUPT},
        {FIRST("*1\r\n$0\r\n\r\n"), ERROR_STORE_CORRUPT},
        {FIRST("*1\r\n:7\r\n"), ERROR_STORE_CORRUPT},
        {FIRST("$1\r\na\r\n"), ERROR_STORE_CORRUPT},
        {"+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n", ERROR_STORE_CORRUPT},
        {"+OK\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n", ERROR_STORE_CORRUPT},
        {"+OK\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n", ERROR_STORE_CORRUPT},
        {"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*0\r\n*0\r\n", ERROR_STORE_CORRUPT},
        {"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n-WRONGTYPE\r\n*0\r\n", ERROR_STORE_CORRUPT},
        {"-ERR no MULTI here\r\n$1\r\n1\r\n*0\r\n-ERR no EXEC\r\n", ERROR_STORE},
        {ONE_KEY SECOND("*2\r\n$1\r\n1\r\n$1\r\n0\r\n"), ERROR_NONE},
        {ONE_KEY SECOND("*2\r\n$-1\r\n$-1\r\n"), ERROR_NONE},
        {ONE_KEY SECOND("*2\r\n$1\r\n1\r\n$-1\r\n"), ERROR_STORE_CORRUPT},
        {ONE_KEY SECOND("*2\r\n$1\r\n1\r\n$2\r\n0x\r\n"), ERROR_STORE_CORRUPT},
        {ONE_KEY SECOND("*1\r\n$1\r\n1\r\n"), ERROR_STORE_CORRUPT},
        {ONE_KEY SECOND(":1\r\n"), ERROR_STORE_CORRUPT},
        {ONE_KEY ONE_KEY, ERROR_STORE_DOWN},
        {ONE_KEY, ERROR_STORE_DOWN},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (load_from(cases[i].answer) != cases[i].code)
            help_fail(cases[i].answer, &e);
}

static enum error_code commit_to(const char *answer)
{
    struct liar liar = {.login = LOGIN, .answer = answer};
    struct state_store *store;
    int rc;

    liar_start(&liar);
    store = open_at(liar.port, options);
    rc = put_stamped(store, "w", 5, "k", "1", &e);
    state_close(store);
    liar_stop(&liar);
    return code_of(rc);
}

/* WATCH, TIME, GET schema, TYPE plugins, GET stamp, TYPE keys, MULTI */
#define READS(time, stamp) "+OK\r\n" time "$1\r\n1\r\n+set\r\n" stamp "+zset\r\n+OK\r\n"
#define NOW                "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n"
/* DEL, SADD, HSET, ZADD, SET */
#define QUEUED "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"

static void commits_that_cannot_be(void **unused)
{
    static const struct {
        const char *answer;
        enum error_code code;
    } cases[] = {
        {READS(NOW, "$-1\r\n") QUEUED "*5\r\n:0\r\n:1\r\n:2\r\n:1\r\n+OK\r\n", ERROR_NONE},
        {READS(NOW, "$1\r\n4\r\n") QUEUED "*5\r\n:0\r\n:1\r\n:2\r\n:1\r\n+OK\r\n", ERROR_NONE},
        {READS(NOW, "$1\r\n5\r\n") "+OK\r\n", ERROR_NONE}, /* done already */
        {READS(NOW, "$1\r\n6\r\n"), ERROR_STORE},
        {READS(NOW, "$2\r\n-1\r\n"), ERROR_STORE_CORRUPT},
        {READS(NOW, "*0\r\n"), ERROR_STORE_CORRUPT},
        {READS("*1\r\n$1\r\n1\r\n", "$-1\r\n"), ERROR_STORE_CORRUPT},
        {READS("*2\r\n$19\r\n9223372036854775807\r\n$1\r\n0\r\n", "$-1\r\n"), ERROR_STORE_CORRUPT},
        {READS("*2\r\n$-1\r\n$-1\r\n", "$-1\r\n"), ERROR_STORE_CORRUPT},
        {READS(NOW, "$-1\r\n") QUEUED, ERROR_STORE_DOWN},
        {READS(NOW, "$-1\r\n") QUEUED "*4\r\n:0\r\n:1\r\n:2\r\n:1\r\n", ERROR_STORE_CORRUPT},
        {READS(NOW, "$-1\r\n") QUEUED "+OK\r\n", ERROR_STORE_CORRUPT},
        {READS(NOW, "$-1\r\n") QUEUED "-LOADING x\r\n", ERROR_STORE_DOWN},
        {READS(NOW, "$-1\r\n") QUEUED "*5\r\n:0\r\n:1\r\n-OOM x\r\n:1\r\n+OK\r\n",
         ERROR_STORE_FULL},
        {READS(NOW, "$-1\r\n") "+QUEUED\r\n-OOM x\r\n-ERR x\r\n+QUEUED\r\n+QUEUED\r\n"
                               "-EXECABORT Transaction discarded\r\n",
         ERROR_STORE_FULL},
        {READS(NOW, "$-1\r\n") QUEUED "-EXECABORT Transaction discarded because of: MISCONF x\r\n",
         ERROR_STORE_FULL},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (commit_to(cases[i].answer) != cases[i].code)
            help_fail(cases[i].answer, &e);
}

/* ---- a proxy that loses things ---- */

enum proxy_mode {
    PROXY_PASS,
    PROXY_HOLD_EXEC,  /* the client is cut off, the server gets its last bytes at proxy_release() */
    PROXY_LOSE_ANSWER /* the server gets all of it, the client is cut off without the answer */
};

struct proxy {
    int listener, port, server_port;
    pthread_t thread;
    atomic_int mode;
    sem_t held, release, delivered;
    char late[4096]; /* what the server answered to what was held */
};

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    return fd;
}

static ssize_t receive_text(int fd, char *out, size_t size)
{
    ssize_t n = recv(fd, out, size - 1, 0);

    out[n > 0 ? n : 0] = '\0';
    return n;
}

static void deliver_late(struct proxy *proxy, int client, int upstream, const char *bytes)
{
    shutdown(client, SHUT_RDWR);
    sem_post(&proxy->held);
    sem_wait(&proxy->release);
    send_all(upstream, bytes, strlen(bytes));
    receive_text(upstream, proxy->late, sizeof proxy->late);
    sem_post(&proxy->delivered);
}

/* From one side to the other. False: this connection is over. */
static bool pass(struct proxy *proxy, int from, int to, bool from_client)
{
    static const char exec[] = "\r\nEXEC\r\n";
    char bytes[65536];
    ssize_t n = receive_text(from, bytes, sizeof bytes);
    int mode = atomic_load(&proxy->mode);
    bool ends;

    if (n <= 0)
        return false;
    ends = from_client && strstr(bytes, exec) != NULL;
    if (ends && mode == PROXY_HOLD_EXEC) {
        deliver_late(proxy, from, to, bytes);
        return false;
    }
    if (!send_all(to, bytes, (size_t)n))
        return false;
    if (ends && mode == PROXY_LOSE_ANSWER) {
        receive_text(to, bytes, sizeof bytes); /* it has been carried out */
        return false;
    }
    return true;
}

static void serve(struct proxy *proxy, int client)
{
    int upstream = connect_to(proxy->server_port);
    struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = upstream, .events = POLLIN}};
    bool goes_on = true;

    while (goes_on && poll(fds, 2, -1) > 0) {
        if (fds[0].revents != 0)
            goes_on = pass(proxy, client, upstream, true);
        else if (fds[1].revents != 0)
            goes_on = pass(proxy, upstream, client, false);
    }
    close(upstream);
}

static void *run_proxy(void *arg)
{
    struct proxy *proxy = arg;
    int client;

    while ((client = accept(proxy->listener, NULL, NULL)) >= 0) {
        serve(proxy, client);
        close(client);
    }
    return NULL;
}

static struct server server;
static struct proxy proxy;
static struct state_store *through, *direct;

static int set_up(void **unused)
{
    (void)unused;
    error_clear(&e);
    server_start(&server, (const char *const[]){"--appendonly", "yes", NULL});
    memset(&proxy, 0, sizeof proxy);
    proxy.server_port = server.port;
    proxy.listener = listen_on(&proxy.port);
    sem_init(&proxy.held, 0, 0);
    sem_init(&proxy.release, 0, 0);
    sem_init(&proxy.delivered, 0, 0);
    if (pthread_create(&proxy.thread, NULL, run_proxy, &proxy) != 0)
        return -1;
    through = open_at(proxy.port, "");
    direct = open_at(server.port, "");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    state_close(through);
    state_close(direct);
    shutdown(proxy.listener, SHUT_RDWR);
    pthread_join(proxy.thread, NULL);
    close(proxy.listener);
    server_stop(&server);
    return 0;
}

static void a_lost_answer_is_found_again(void **unused)
{
    (void)unused;
    atomic_store(&proxy.mode, PROXY_LOSE_ANSWER);
    assert_int_equal(put_stamped(through, "w", 1, "k", "first", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_string_equal(rows(direct), "k=first;");
    atomic_store(&proxy.mode, PROXY_PASS);
    /* Another value than before only to see that it is not written. */
    assert_int_equal(put_stamped(through, "w", 1, "k", "second", &e), 0);
    assert_string_equal(rows(direct), "k=first;");
    assert_int_equal(put_stamped(through, "w", 2, "k", "third", &e), 0);
    assert_string_equal(rows(direct), "k=third;");
}

static void a_late_delivery_does_nothing(void **unused)
{
    (void)unused;
    atomic_store(&proxy.mode, PROXY_HOLD_EXEC);
    assert_int_equal(put_stamped(through, "w", 1, "k", "late", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    sem_wait(&proxy.held);
    assert_string_equal(rows(direct), "");
    assert_int_equal(put_stamped(direct, "w", 1, "k", "first", &e), 0);
    assert_int_equal(put_stamped(direct, "w", 2, "k", "second", &e), 0);
    sem_post(&proxy.release);
    sem_wait(&proxy.delivered);
    assert_non_null(strstr(proxy.late, "*-1\r\n")); /* EXEC has done nothing */
    assert_string_equal(rows(direct), "k=second;");
}

static void a_late_delivery_that_comes_first_is_found(void **unused)
{
    (void)unused;
    atomic_store(&proxy.mode, PROXY_HOLD_EXEC);
    assert_int_equal(put_stamped(through, "w", 1, "k", "late", &e), -1);
    sem_wait(&proxy.held);
    sem_post(&proxy.release);
    sem_wait(&proxy.delivered);
    assert_string_equal(rows(direct), "k=late;");
    assert_int_equal(put_stamped(direct, "w", 1, "k", "again", &e), 0);
    assert_string_equal(rows(direct), "k=late;");
}

static void a_late_delivery_does_nothing_after_a_take_over(void **unused)
{
    const struct state_claim one = {"one", "l", 60000, false}, two = {"two", "l", 60000, false};
    struct state_hold hold = {.plugin = "p"};
    struct state_lease lease;
    bool granted;

    (void)unused;
    assert_int_equal(state_lease_take(direct, "p", &one, &granted, &lease, &e), 0);
    hold.token = lease.token;
    atomic_store(&proxy.mode, PROXY_HOLD_EXEC);
    assert_int_equal(state_begin(through, 1, &e), 0);
    assert_int_equal(state_fence(through, "p", hold.token, &e), 0);
    assert_int_equal(write_key(through, "p", "k", "late", 0, &e), 0);
    assert_int_equal(state_commit(through, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    state_rollback(through);
    sem_wait(&proxy.held);
    error_clear(&e);
    assert_int_equal(state_lease_release(direct, &hold, 1, &e), 0);
    assert_int_equal(state_lease_take(direct, "p", &two, &granted, &lease, &e), 0);
    assert_true(granted);
    sem_post(&proxy.release);
    sem_wait(&proxy.delivered);
    assert_non_null(strstr(proxy.late, "*-1\r\n"));
    assert_string_equal(rows(direct), "");
}

/* ---- many at once ---- */

#define THREADS 4
#define COMMITS 150

struct crowd {
    pthread_t thread;
    struct state_store *store;
    int number;
    bool failed;
};

/* Each writes all of "a", "b" and "c" with one value; sweeps and loads in between. */
static void *run_one(void *arg)
{
    struct crowd *me = arg;
    struct state_store *store = me->store;
    struct error why = ERROR_INIT;
    char writer[16], value[32];
    size_t removed;

    snprintf(writer, sizeof writer, "w%d", me->number);
    for (int i = 1; i <= COMMITS && !me->failed; i++) {
        snprintf(value, sizeof value, "%d", me->number * 1000 + i);
        me->failed = state_begin(store, 1, &why) != 0 ||
                     state_stamp(store, writer, (uint64_t)i, &why) != 0 ||
                     write_key(store, "p", "a", value, 0, &why) != 0 ||
                     write_key(store, "p", "b", value, 5, &why) != 0 ||
                     write_key(store, "p", "c", value, i % 2 ? 5 : 0, &why) != 0 ||
                     state_commit(store, &why) != 0 ||
                     (i % 10 == 0 && state_sweep(store, 4, 10, &removed, &why) != 0);
    }
    if (me->failed)
        print_error("%s: %s\n", error_name(why.code), why.message);
    return NULL;
}

static int same_value(void *arg, const struct state_row *row)
{
    char *value = arg;

    if (value[0] == '\0')
        snprintf(value, 32, "%.*s", (int)row->value_len, row->value);
    return strlen(value) == row->value_len && memcmp(value, row->value, row->value_len) == 0 ? 0
                                                                                             : 7;
}

static void others_transactions_are_seen_whole(void **unused)
{
    struct crowd crowd[THREADS];

    (void)unused;
    assert_int_equal(state_begin(direct, 1, &e), 0);
    for (int k = 0; k < 3; k++)
        assert_int_equal(write_key(direct, "p", (char[]){(char)('a' + k), '\0'}, "0", 0, &e), 0);
    assert_int_equal(state_commit(direct, &e), 0);
    for (int i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){.number = i + 1, .store = open_at(server.port, "")};
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, run_one, &crowd[i]), 0);
    }
    for (int i = 0; i < 200; i++) {
        char value[32] = "";
        int rc = state_load(direct, "p", 0, same_value, value, &e);
        if (rc != 0)
            fail_msg("load: %d %s", rc, e.message);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(crowd[i].thread, NULL);
        state_close(crowd[i].store);
        assert_false(crowd[i].failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logins_that_cannot_be),  cmocka_unit_test(logins_that_break_off),
        cmocka_unit_test(answers_without_an_end), cmocka_unit_test(reads_that_cannot_be),
        cmocka_unit_test(commits_that_cannot_be),
    };
    const struct CMUnitTest real[] = {
        TEST(a_lost_answer_is_found_again),
        TEST(a_late_delivery_does_nothing),
        TEST(a_late_delivery_that_comes_first_is_found),
        TEST(a_late_delivery_does_nothing_after_a_take_over),
        TEST(others_transactions_are_seen_whole),
    };

    int lies = cmocka_run_group_tests_name("state: redis, lies", tests, NULL, NULL), result;

    if (no_server(&result))
        return lies != 0 ? lies : result;
    result = cmocka_run_group_tests_name("state: redis, losses", real, NULL, NULL);
    return lies != 0 ? lies : result;
}
