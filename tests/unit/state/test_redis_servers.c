/* Redis servers of every kind: with passwords, replicas, full, killed, stopped, over TLS. Each test
 * starts its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis_help.h"

static struct server server, second;
static struct state_store *store;
static struct error e;

static int set_up(void **unused)
{
    (void)unused;
    error_clear(&e);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    state_close(store);
    store = NULL;
    if (server.port != 0)
        server_stop(&server);
    if (second.port != 0)
        server_stop(&second);
    memset(&server, 0, sizeof server);
    memset(&second, 0, sizeof second);
    return 0;
}

#define START(...) server_start(&server, (const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *text, enum error_code code, const char *message)
{
    struct state_store *none = NULL;

    if (try_open(&none, text, STORE_CREATE, &e) == 0)
        fail_msg("%s was opened", text);
    if (e.code != code || strstr(e.message, message) == NULL)
        help_fail(text, &e);
    assert_null(strstr(e.message, "geheim"));
    assert_null(strstr(e.hint, "geheim"));
    assert_null(strstr(e.where, "geheim"));
}

static const char *login_url(const char *login, const char *rest)
{
    static char text[400];

    snprintf(text, sizeof text, "redis://%s@127.0.0.1:%d%s", login, server.port, rest);
    return text;
}

/* ---- logins ---- */

static void a_password_is_asked_for(void **unused)
{
    struct store_url url;

    (void)unused;
    START("--requirepass", "geheim");
    refused(url_of(server.port, ""), ERROR_STORE_DENIED, "asks for a password");
    refused(login_url(":geheimer", ""), ERROR_STORE_DENIED, "refuses the user or the password");
    refused(login_url("nobody:geheim", ""), ERROR_STORE_DENIED, "refuses the user");
    store = open_url(login_url(":geheim", ""), STORE_CREATE);
    put_at(store, "k", "1", 0, 1);
    assert_string_equal(rows(store), "k=1;");
    state_close(store);
    store = NULL;
    error_clear(&e);
    assert_int_equal(store_url_parse(login_url(":geheimer", ""), &url, &e), 0);
    assert_int_equal(state_redis_open(&store, &url, "geheim", STORE_OPEN, 1, &e), 0);
    assert_string_equal(rows(store), "k=1;");
    store_url_release(&url);
}

static void a_password_that_nobody_asked_for(void **unused)
{
    (void)unused;
    START("--appendonly", "no");
    refused(login_url(":geheim", ""), ERROR_STORE_DENIED, "it has no password set");
}

static void a_server_without_auth_does_not_get_the_password_printed(void **unused)
{
    (void)unused;
    START("--rename-command", "AUTH", "");
    refused(login_url("me:geheim", ""), ERROR_STORE_DENIED, "refuses the login");
}

/* The rights that state_redis.c names are enough; the last two may lack. */
static void a_user_with_few_rights(void **unused)
{
    (void)unused;
    START("--appendonly", "yes");
    TELL(server.port, "ACL", "SETUSER", "desk", "on", ">geheim", "~orrery:*", "+@read", "+@write",
         "+@transaction", "+select", "+type", "+time", "+info", "+config|get");
    store = open_url(login_url("desk:geheim", ""), STORE_CREATE);
    put_at(store, "k", "1", 0, 1);
    assert_non_null(strstr(store->warnings, "appendfsync is everysec"));
    assert_null(strstr(store->warnings, "not known"));
    refused(login_url("desk:geheim", "?prefix=other"), ERROR_STORE_DENIED, "lacks a permission");
    TELL(server.port, "ACL", "SETUSER", "desk", "-info", "-config|get");
    state_close(store);
    store = open_url(login_url("desk:geheim", ""), STORE_OPEN);
    assert_string_equal(rows(store), "k=1;");
    assert_non_null(strstr(store->warnings, "is not known"));
}

static void a_user_who_may_not_write(void **unused)
{
    (void)unused;
    START("--appendonly", "yes");
    store = open_at(server.port, "");
    put_at(store, "k", "1", 0, 1);
    state_close(store);
    TELL(server.port, "ACL", "SETUSER", "desk", "on", ">geheim", "~*", "+@all", "-hset");
    store = open_url(login_url("desk:geheim", ""), STORE_OPEN);
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    assert_string_equal(rows(store), "k=1;"); /* not even removed */
    TELL(server.port, "ACL", "SETUSER", "desk", "+hset", "-multi");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    TELL(server.port, "ACL", "SETUSER", "desk", "+multi", "-exec");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    TELL(server.port, "ACL", "SETUSER", "desk", "+exec", "-watch");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DENIED);
    TELL(server.port, "ACL", "SETUSER", "desk", "+watch");
    assert_string_equal(rows(store), "k=1;");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), 0);
    assert_string_equal(rows(store), "k=2;");
}

/* ---- servers that take no writes ---- */

static void a_replica(void **unused)
{
    char port[8];

    (void)unused;
    START("--appendonly", "yes", "--repl-diskless-sync-delay", "0");
    store = open_at(server.port, "");
    put_at(store, "k", "1", 0, 1);
    snprintf(port, sizeof port, "%d", server.port);
    server_start(&second, (const char *const[]){"--appendonly", "yes", NULL});
    TELL(second.port, "REPLICAOF", "127.0.0.1", port);
    refused(url_of(second.port, ""), ERROR_STORE_READONLY, "is a replica of 127.0.0.1:");
    state_close(store);
    do { /* until the copy has arrived */
        help_pause();
    } while (try_open(&store, url_of(second.port, ""), STORE_INSPECT, &e) != 0);
    assert_string_equal(rows(store), "k=1;");
}

static void a_master_that_becomes_a_replica(void **unused)
{
    (void)unused;
    START("--appendonly", "yes");
    store = open_at(server.port, "");
    assert_int_equal(put_stamped(store, "w", 1, "k", "1", &e), 0);
    TELL(server.port, "REPLICAOF", "127.0.0.1", "1");
    assert_int_equal(put_stamped(store, "w", 2, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    assert_int_equal(put_stamped(store, "w", 2, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    assert_non_null(strstr(e.message, "is a replica of 127.0.0.1:1")); /* it has connected anew */
    TELL(server.port, "REPLICAOF", "NO", "ONE");
    assert_int_equal(put_stamped(store, "w", 2, "k", "2", &e), 0);
    assert_string_equal(rows(store), "k=2;");
}

static void a_server_without_memory(void **unused)
{
    (void)unused;
    START("--appendonly", "yes");
    store = open_at(server.port, "");
    assert_int_equal(put_stamped(store, "w", 1, "k", "1", &e), 0);
    TELL(server.port, "CONFIG", "SET", "maxmemory", "1");
    assert_int_equal(put_stamped(store, "w", 2, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FULL);
    assert_string_equal(rows(store), "k=1;"); /* nothing of it */
    TELL(server.port, "CONFIG", "SET", "maxmemory", "0");
    assert_int_equal(put_stamped(store, "w", 2, "k", "2", &e), 0);
    assert_string_equal(rows(store), "k=2;");
}

static void a_cluster(void **unused)
{
    char bus[8];

    (void)unused;
    snprintf(bus, sizeof bus, "%d", free_port());
    START("--cluster-enabled", "yes", "--cluster-port", bus);
    refused(url_of(server.port, ""), ERROR_STORE, "part of a cluster, which is not supported");
}

/* ---- what the operator should know ---- */

static bool warns(const char *text)
{
    bool yes;

    state_close(store);
    store = open_at(server.port, "");
    yes = strstr(store->warnings, text) != NULL;
    if (!yes)
        print_message("%s\n", store->warnings);
    return yes;
}

static void servers_that_forget_are_told_of(void **unused)
{
    (void)unused;
    START("--appendonly", "no");
    assert_true(warns("keeps NOTHING on disk"));
    TELL(server.port, "CONFIG", "SET", "save", "3600 1");
    assert_true(warns("saves snapshots only (save 3600 1)"));
    TELL(server.port, "CONFIG", "SET", "appendonly", "yes");
    assert_true(warns("appendfsync is everysec: a power failure may lose the last second"));
    TELL(server.port, "CONFIG", "SET", "appendfsync", "no");
    assert_true(warns("half minute"));
    TELL(server.port, "CONFIG", "SET", "appendfsync", "always");
    TELL(server.port, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    assert_true(warns(""));
    assert_string_equal(store->warnings, "");
    TELL(server.port, "CONFIG", "SET", "maxmemory", "100mb");
    assert_true(warns("THROWS STATE AWAY"));
}

/* ---- outages ---- */

static void a_killed_server_has_what_was_committed(void **unused)
{
    static const char *const options[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    char value[16];

    (void)unused;
    server_start(&server, options);
    store = open_at(server.port, "");
    for (int i = 1; i <= 20; i++) {
        snprintf(value, sizeof value, "%d", i);
        assert_int_equal(put_stamped(store, "w", (uint64_t)i, "k", value, &e), 0);
    }
    server_kill(&server);
    assert_int_equal(put_stamped(store, "w", 21, "k", "21", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_string_equal(rows(store), "STORE_DOWN");
    server_run(&server, options);
    while (strcmp(rows(store), "STORE_DOWN") == 0) /* it may still be loading */
        help_pause();
    assert_string_equal(rows(store), "k=20;");
    assert_int_equal(put_stamped(store, "w", 20, "k", "x", &e), 0); /* its stamps too */
    assert_int_equal(put_stamped(store, "w", 21, "k", "21", &e), 0);
    assert_string_equal(rows(store), "k=21;");
}

static void nobody_listens(void **unused)
{
    (void)unused;
    refused(url_of(free_port(), ""), ERROR_STORE_DOWN, "");
    refused("redis+unix:///no/such/socket", ERROR_STORE_DOWN, "");
    refused("redis://no-such-host.invalid", ERROR_STORE_DOWN, "");
}

static void a_stopped_server_holds_nobody(void **unused)
{
    int64_t start;

    (void)unused;
    START("--appendonly", "yes");
    store = open_at(server.port, "?timeout=300ms&connect_timeout=200ms");
    put_at(store, "k", "1", 0, 1);
    kill(server.pid, SIGSTOP);
    start = wall_ms();
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1); /* connecting, this time */
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_in_range(wall_ms() - start, 400, 5000);
    kill(server.pid, SIGCONT);
    while (put_stamped(store, "w", 1, "k", "2", &e) != 0)
        assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_string_equal(rows(store), "k=2;");
}

/* More than the sockets hold, into a server that does not read. */
static void a_stopped_server_holds_no_large_write(void **unused)
{
    char *value = mem_alloc(1024 * 1024 + 1), key[16];
    int rc;

    (void)unused;
    memset(value, '1', 1024 * 1024);
    value[1024 * 1024] = '\0';
    START("--appendonly", "no");
    store = open_at(server.port, "?timeout=500ms");
    assert_int_equal(state_begin(store, 1, &e), 0);
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(write_key(store, "p", key, value, 0, &e), 0);
    }
    kill(server.pid, SIGSTOP);
    rc = state_commit(store, &e);
    state_rollback(store);
    free(value);
    kill(server.pid, SIGCONT);
    assert_int_equal(rc, -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_string_equal(rows(store), "");
}

static void a_unix_socket(void **unused)
{
    char text[400];

    (void)unused;
    START("--unixsocket", "redis.sock", "--appendonly", "yes", "--appendfsync", "always");
    snprintf(text, sizeof text, "redis+unix://%s/redis.sock?db=2", server.scratch.dir);
    store = open_url(text, STORE_CREATE);
    put_at(store, "k", "1", 0, 1);
    assert_string_equal(rows(store), "k=1;");
    assert_string_equal(store->warnings, "");
    state_close(store);
    store = open_at(server.port, "/2");
    assert_string_equal(rows(store), "k=1;");
}

/* ---- TLS ---- */

#define RUN(...)                                                                                   \
    assert_int_equal(help_run((const char *const[]){__VA_ARGS__, NULL}, server.scratch.dir), 0)

/* An authority "NAME.crt", and a server's certificate for localhost by it. */
static void make_authority(const char *name)
{
    char key[40], certificate[40], subject[40];

    snprintf(key, sizeof key, "%s.key", name);
    snprintf(certificate, sizeof certificate, "%s.crt", name);
    snprintf(subject, sizeof subject, "/CN=%s", name);
    RUN("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", key, "-out", certificate, "-subj", subject, "-days", "2");
}

static void make_certificates(void)
{
    FILE *names;

    make_authority("ca");
    make_authority("stranger");
    names = fopen(scratch_path(&server.scratch, "names"), "w");
    assert_non_null(names);
    fputs("subjectAltName=DNS:localhost\n", names);
    fclose(names);
    RUN("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost");
    RUN("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
        "-CAcreateserial", "-out", "server.crt", "-days", "2", "-extfile", "names");
}

static const char *tls_url(const char *host, int port, const char *ca)
{
    static char texts[4][500];
    static unsigned next;
    char *text = texts[next++ % 4];

    if (ca != NULL)
        snprintf(text, sizeof texts[0], "rediss://%s:%d?tls_ca=%s", host, port,
                 scratch_path(&server.scratch, ca));
    else
        snprintf(text, sizeof texts[0], "rediss://%s:%d", host, port);
    return text;
}

static void start_tls(char port[8])
{
    need_program("openssl", "version");
    scratch_make(&server.scratch);
    server.port = free_port();
    make_certificates();
    snprintf(port, 8, "%d", free_port());
    server_run(&server, (const char *const[]){"--tls-port", port, "--tls-cert-file", "server.crt",
                                              "--tls-key-file", "server.key", "--tls-ca-cert-file",
                                              "ca.crt", "--tls-auth-clients", "no", "--appendonly",
                                              "yes", "--appendfsync", "always", NULL});
}

static void tls_is_verified(void **unused)
{
    char text[8], rest[600];
    int port;

    (void)unused;
    start_tls(text);
    port = (int)strtol(text, NULL, 10);
    store = open_url(tls_url("localhost", port, "ca.crt"), STORE_CREATE);
    put_at(store, "k", "1", 0, 1);
    assert_string_equal(rows(store), "k=1;");
    assert_string_equal(store->warnings, "");
    refused(tls_url("127.0.0.1", port, "ca.crt"), ERROR_STORE_DENIED, "is not to be trusted");
    refused(tls_url("localhost", port, "stranger.crt"), ERROR_STORE_DENIED, "is not to be trusted");
    refused(tls_url("localhost", port, NULL), ERROR_STORE_DENIED, "is not to be trusted");
    refused(tls_url("localhost", port, "none.crt"), ERROR_STORE_DENIED, "cannot be read");
    snprintf(rest, sizeof rest, "%s?connect_timeout=200ms",
             tls_url("localhost", server.port, NULL));
    refused(rest, ERROR_STORE_DOWN, "no TLS connection within 200 ms");
    refused(url_of(port, ""), ERROR_STORE_DOWN, "");
    snprintf(rest, sizeof rest, "%s?tls_verify=off", tls_url("127.0.0.1", port, NULL));
    state_close(store);
    store = open_url(rest, STORE_OPEN);
    assert_string_equal(rows(store), "k=1;");
    assert_non_null(strstr(store->warnings, "certificate is NOT checked"));
    refused(url_of(server.port, "?tls_verify=off"), ERROR_CONFIG, "has no TLS");
}

static void tls_carries_large_transactions(void **unused)
{
    char text[8], key[16], value[3001];
    struct buf expected;

    (void)unused;
    start_tls(text);
    store = open_url(tls_url("localhost", (int)strtol(text, NULL, 10), "ca.crt"), STORE_CREATE);
    memset(value, '7', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    buf_init(&expected, 64 * 1024 * 1024);
    assert_int_equal(state_begin(store, 1, &e), 0);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%05d", i);
        assert_int_equal(write_key(store, "p", key, value, 0, &e), 0);
        buf_addf(&expected, "%s=%s;", key, value);
    }
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(rows(store), buf_text(&expected));
    buf_release(&expected);
    kill(server.pid, SIGSTOP);
    state_close(store); /* does not wait for a farewell */
    store = NULL;
    kill(server.pid, SIGCONT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_asked_for),
        TEST(a_password_that_nobody_asked_for),
        TEST(a_server_without_auth_does_not_get_the_password_printed),
        TEST(a_user_with_few_rights),
        TEST(a_user_who_may_not_write),
        TEST(a_replica),
        TEST(a_master_that_becomes_a_replica),
        TEST(a_server_without_memory),
        TEST(a_cluster),
        TEST(servers_that_forget_are_told_of),
        TEST(a_killed_server_has_what_was_committed),
        TEST(nobody_listens),
        TEST(a_stopped_server_holds_nobody),
        TEST(a_stopped_server_holds_no_large_write),
        TEST(a_unix_socket),
        TEST(tls_is_verified),
        TEST(tls_carries_large_transactions),
    };

    int result;

    if (no_server(&result))
        return result;
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    return cmocka_run_group_tests_name("state: redis, servers", tests, NULL, NULL);
}
