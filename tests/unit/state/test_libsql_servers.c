/*
 * libSQL servers of every kind, which the tests start themselves: with tokens, quotas and replicas,
 * behind TLS, killed, stopped.
 *
 * Run through with_servers.py, for ORRERY_LIBSQL_URL's sake, which installs sqld.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "libsql_help.h"

/* ---- what the server allows ---- */

static char admin_address[32];
static int admin_port;

static void start_with_admin(void)
{
    admin_port = help_port();
    snprintf(admin_address, sizeof admin_address, "127.0.0.1:%d", admin_port);
    sqld_start(&server, (const char *const[]){"--admin-listen-addr", admin_address, NULL});
}

static void configure(const char *settings)
{
    char body[512];

    snprintf(body, sizeof body, "{\"block_reads\":false,%s}", settings);
    assert_int_equal(help_http(admin_port, "/v1/namespaces/default/config", body, NULL, NULL), 200);
}

static void quotas_and_full_databases(void **unused)
{
    (void)unused;
    start_with_admin();
    store = must_open(server.port);
    must_put(store, 1, "k", "1");
    configure("\"block_writes\":true,\"block_reason\":\"pay first\"");
    assert_int_equal(put_stamped(store, 2, "k", "2", 1, &e), -1);
    assert_says(ERROR_STORE_FULL, "pay first");
    assert_string_equal(rows_of(store), "k=1;"); /* reads go on */
    configure("\"block_writes\":false,\"max_db_size\":\"100KB\"");
    assert_int_equal(put_many(30, 65536, 'x', 2), -1);
    assert_says(ERROR_STORE_FULL, "full");
    assert_string_equal(rows_of(store), "k=1;");
    configure("\"block_writes\":false,\"max_db_size\":\"100MB\"");
    must_put(store, 2, "k", "2");
    assert_string_equal(rows_of(store), "k=2;");
}

static void relaxed_durability_is_a_warning(void **unused)
{
    (void)unused;
    start_with_admin();
    store = must_open(server.port);
    assert_non_null(strstr(store->warnings, "durability mode is relaxed"));
    configure("\"block_writes\":false,\"durability_mode\":\"strong\"");
    other = must_open(server.port);
    assert_string_equal(other->warnings, "");
}

/* A JSON web token, signed with the key that openssl has made. */
static char *make_token(const char *claims)
{
    char words[2048], token[1024] = "";
    const char *argv[] = {"sh", "-c", words, NULL};
    FILE *file;

    snprintf(words, sizeof words,
             "set -e; b() { base64 -w0 | tr '+/' '-_' | tr -d '='; };"
             " test -f token.key || openssl genpkey -algorithm ed25519 -out token.key;"
             " openssl pkey -in token.key -pubout -out token.pub;"
             " s=$(printf '{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}' | b).$(printf '%s' | b);"
             " printf %%s \"$s\" >signed;"
             " openssl pkeyutl -sign -rawin -inkey token.key -in signed -out signature;"
             " printf '%%s.%%s' \"$s\" \"$(b <signature)\" >token",
             claims);
    if (!help_run(argv, second.scratch.dir))
        fail_msg("openssl has made no token: see %s/output", second.scratch.dir);
    file = fopen(scratch_path(&second.scratch, "token"), "r");
    assert_non_null(file);
    assert_non_null(fgets(token, sizeof token, file));
    fclose(file);
    return mem_strdup(token);
}

static void refuses_token(const char *token, enum store_mode mode)
{
    assert_int_equal(try_open(&other, server.port, token, mode, &e), -1);
    assert_null(other);
    if (e.code != ERROR_STORE_DENIED)
        help_fail("a token", &e);
    assert_true(token == NULL || strstr(e.message, token) == NULL);
}

static void tokens_are_needed_and_have_rights(void **unused)
{
    char *writer, *reader, *old;

    (void)unused;
    scratch_make(&second.scratch);
    writer = make_token("{\"a\":\"rw\"}");
    reader = make_token("{\"a\":\"ro\"}");
    old = make_token("{\"a\":\"rw\",\"exp\":1000}");
    sqld_start(&server, (const char *const[]){"--auth-jwt-key-file",
                                              scratch_path(&second.scratch, "token.pub"), NULL});
    refuses_token(NULL, STORE_CREATE);
    refuses_token("garbage", STORE_CREATE);
    refuses_token(old, STORE_CREATE);
    refuses_token(reader, STORE_CREATE);
    if (try_open(&store, server.port, writer, STORE_CREATE, &e) != 0)
        help_fail("the right token", &e);
    must_put(store, 1, "k", "1");
    refuses_token(reader, STORE_OPEN);
    if (try_open(&other, server.port, reader, STORE_INSPECT, &e) != 0)
        help_fail("reading is enough to inspect", &e);
    assert_string_equal(rows_of(other), "k=1;");
    assert_int_equal(put_stamped(other, 2, "k", "2", 1, &e), -1);
    assert_says(ERROR_STORE_READONLY, "for reading only");
    assert_int_equal(try_open(&other, server.port, "a\r\nX: y", STORE_OPEN, &e), -1);
    free(writer);
    free(reader);
    free(old);
    scratch_remove(&second.scratch);
}

/* ---- replicas ---- */

static void a_replica_reads_what_was_just_written_elsewhere(void **unused)
{
    char grpc[32], primary[48];

    (void)unused;
    snprintf(grpc, sizeof grpc, "127.0.0.1:%d", help_port());
    snprintf(primary, sizeof primary, "http://%s", grpc);
    sqld_start(&server, (const char *const[]){"--grpc-listen-addr", grpc, NULL});
    store = must_open(server.port);
    sqld_start(&second, (const char *const[]){"--primary-grpc-url", primary, NULL});
    other = must_open(second.port);
    for (uint64_t i = 1; i <= 60; i += 2) {
        char value[24], expected[32];
        snprintf(value, sizeof value, "%d", (int)i);
        snprintf(expected, sizeof expected, "k=%s;", value);
        must_put(store, i, "k", value);
        assert_string_equal(rows_of(other), expected);
        must_put(other, i + 1, "k", "0"); /* written through the replica */
        assert_string_equal(rows_of(store), "k=0;");
        assert_string_equal(rows_of(other), "k=0;");
        assert_int_equal(put_stamped(other, i, "k", "1", 1, &e), -1);
        assert_says(ERROR_STORE, "came after its number"); /* the guard's words come through */
    }
}

/* ---- TLS ---- */

static const char proxy_script[] =
    "import socket, ssl, sys, threading\n"
    "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
    "context.load_cert_chain('server.crt', 'server.key')\n"
    "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "def pump(a, b):\n"
    "    try:\n"
    "        while data := a.recv(65536):\n"
    "            b.sendall(data)\n"
    "    except OSError:\n"
    "        pass\n"
    "    for s in (a, b):\n"
    "        try:\n"
    "            s.shutdown(socket.SHUT_RDWR)\n"
    "        except OSError:\n"
    "            pass\n"
    "def serve(client):\n"
    "    try:\n"
    "        client = context.wrap_socket(client, server_side=True)\n"
    "    except OSError:\n"
    "        return\n"
    "    server = socket.create_connection(('127.0.0.1', int(sys.argv[2])))\n"
    "    threading.Thread(target=pump, args=(client, server), daemon=True).start()\n"
    "    pump(server, client)\n"
    "while True:\n"
    "    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()\n";

static bool listens(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    rc = connect(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    return rc == 0;
}

static pid_t start_proxy(const char *folder, int port)
{
    static const char *const certificate[] = {"openssl",
                                              "req",
                                              "-x509",
                                              "-newkey",
                                              "ec",
                                              "-pkeyopt",
                                              "ec_paramgen_curve:P-256",
                                              "-nodes",
                                              "-keyout",
                                              "server.key",
                                              "-out",
                                              "server.crt",
                                              "-days",
                                              "2",
                                              "-subj",
                                              "/CN=localhost",
                                              "-addext",
                                              "subjectAltName=DNS:localhost",
                                              NULL};
    char listen_port[16], target[16];
    const char *argv[] = {"python3", "-c", proxy_script, listen_port, target, NULL};
    int64_t deadline = help_ms() + HELP_TIMEOUT_MS;
    pid_t pid;

    if (!help_run(certificate, folder))
        fail_msg("openssl has made no certificate: see %s/output", folder);
    snprintf(listen_port, sizeof listen_port, "%d", port);
    snprintf(target, sizeof target, "%d", server.port);
    pid = help_spawn(argv, folder);
    while (!listens(port) && help_ms() < deadline)
        help_pause();
    return pid;
}

static int open_tls(struct state_store **out, const char *host, int port, const char *options)
{
    char text[700];

    snprintf(text, sizeof text, "libsql+https://%s:%d%s", host, port, options);
    return try_open_url(out, text, "t0ken", STORE_CREATE, &e);
}

static void certificates_are_verified(void **unused)
{
    struct scratch scratch;
    char options[300];
    int port = help_port();
    pid_t proxy;

    (void)unused;
    sqld_start(&server, NULL);
    scratch_make(&scratch);
    proxy = start_proxy(scratch.dir, port);
    snprintf(options, sizeof options, "?tls_ca=%s/server.crt", scratch.dir);
    if (open_tls(&store, "localhost", port, options) != 0)
        help_fail("TLS", &e);
    must_put(store, 1, "k", "1");
    assert_int_equal(put_many(100, 65536, 'x', 2), 0);
    assert_null(strstr(store->warnings, "NOT VERIFIED"));
    assert_int_equal(open_tls(&other, "localhost", port, ""), -1);
    assert_says(ERROR_STORE_DENIED, "not to be trusted");
    assert_int_equal(open_tls(&other, "127.0.0.1", port, options), -1);
    assert_says(ERROR_STORE_DENIED, "not to be trusted");
    if (open_tls(&other, "127.0.0.1", port, "?tls_verify=off") != 0)
        help_fail("TLS that is not verified", &e);
    assert_non_null(strstr(other->warnings, "NOT VERIFIED"));
    state_close(other);
    other = NULL;
    assert_int_equal(
        try_open_url(&other, "libsql+http://127.0.0.1:1?tls_ca=x", NULL, STORE_OPEN, &e), -1);
    assert_says(ERROR_CONFIG, "has no TLS");
    kill(proxy, SIGKILL);
    waitpid(proxy, NULL, 0);
    scratch_remove(&scratch);
}

static void clear_text_to_another_machine_is_a_warning(void **unused)
{
    struct store_url url;

    (void)unused;
    sqld_start(&server, NULL);
    assert_int_equal(store_url_parse("libsql+http://127.0.0.1:1", &url, &e), 0);
    url.port = (uint16_t)server.port;
    url.local = false;
    assert_int_equal(state_libsql_open(&store, &url, "t0ken", STORE_CREATE, 1, &e), 0);
    assert_non_null(strstr(store->warnings, "not encrypted"));
    store_url_release(&url);
}

/* ---- servers that die ---- */

struct killer {
    pid_t pid;
    long after_us;
};

static void *kill_later(void *arg)
{
    struct killer *k = arg;

    nanosleep(&(struct timespec){.tv_nsec = k->after_us * 1000}, NULL);
    kill(k->pid, SIGKILL);
    return NULL;
}

/* The same stamp again: whatever happened, it has happened once when this returns. */
static void settle(size_t count, uint64_t number, char fill)
{
    int64_t deadline = help_ms() + HELP_TIMEOUT_MS;

    while (put_many(count, 2000, fill, number) != 0)
        if (help_ms() > deadline)
            help_fail("after the server came back", &e);
}

/* Whether plugin p has exactly `count` rows of this content. */
static bool is_whole(struct state_store *s, size_t count, char fill)
{
    struct sum sum = {.fill = fill, .ordered = true};
    struct error why = ERROR_INIT;

    return state_load(s, "p", 1, add_up, &sum, &why) == 0 && sum.rows == count;
}

static int commit_while_killed(size_t count, uint64_t number, char fill)
{
    struct killer k = {server.pid, (long)(number - 1) * 6000};
    pthread_t thread;
    int rc;

    assert_int_equal(pthread_create(&thread, NULL, kill_later, &k), 0);
    rc = put_many(count, 2000, fill, number);
    pthread_join(thread, NULL);
    waitpid(server.pid, NULL, 0);
    return rc;
}

static void a_server_killed_in_mid_commit_loses_and_repeats_nothing(void **unused)
{
    const size_t count = 2000;
    int interrupted = 0;

    (void)unused;
    sqld_start(&server, NULL);
    store = must_open(server.port);
    settle(count, 1, 'b');
    for (uint64_t number = 2; number < 14; number++) {
        char fill = (char)('a' + (int)number);
        int rc = commit_while_killed(count, number, fill);
        if (rc != 0 && e.code != ERROR_STORE_DOWN)
            help_fail("killed", &e);
        interrupted += rc != 0;
        sqld_run(&server);
        other = must_open(server.port);
        assert_true(is_whole(other, count, fill) ||
                    (rc != 0 && is_whole(other, count, (char)(fill - 1))));
        state_close(other);
        other = NULL;
        settle(count, number, fill);
        assert_holds(count, 2000, fill);
    }
    assert_true(interrupted > 0);
}

static void a_stopped_server_is_down_and_its_late_work_harmless(void **unused)
{
    char text[128];
    int64_t before;

    (void)unused;
    sqld_start(&server, NULL);
    snprintf(text, sizeof text, "libsql+http://127.0.0.1:%d?timeout=300ms", server.port);
    assert_int_equal(try_open_url(&store, text, NULL, STORE_CREATE, &e), 0);
    other = must_open(server.port);
    must_put(store, 1, "k", "1");
    kill(server.pid, SIGSTOP);
    before = help_ms();
    assert_int_equal(put_stamped(store, 2, "k", "2", 1, &e), -1);
    assert_says(ERROR_STORE_DOWN, "no answer within 300 ms");
    assert_true(help_ms() - before < 2000);
    kill(server.pid, SIGCONT);
    must_put(other, 2, "k", "2"); /* the same transaction, repeated */
    must_put(other, 3, "k", "3");
    for (int i = 0; i < 40; i++) { /* what was waiting in the server has had its time */
        must_put(other, (uint64_t)(4 + i), "x", "1");
        assert_string_equal(rows_of(other), "k=3;x=1;");
    }
}

static void nobody_there_is_down(void **unused)
{
    (void)unused;
    assert_int_equal(try_open(&store, help_port(), NULL, STORE_OPEN, &e), -1);
    assert_says(ERROR_STORE_DOWN, "127.0.0.1");
    assert_null(strstr(e.message, "is not known"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(quotas_and_full_databases),
        WITH_SERVER(relaxed_durability_is_a_warning),
        WITH_SERVER(tokens_are_needed_and_have_rights),
        WITH_SERVER(a_replica_reads_what_was_just_written_elsewhere),
        WITH_SERVER(certificates_are_verified),
        WITH_SERVER(clear_text_to_another_machine_is_a_warning),
        WITH_SERVER(a_server_killed_in_mid_commit_loses_and_repeats_nothing),
        WITH_SERVER(a_stopped_server_is_down_and_its_late_work_harmless),
        WITH_SERVER(nobody_there_is_down),
    };
    int exit_code;

    signal(SIGPIPE, SIG_IGN);
    if (no_sqld(&exit_code))
        return exit_code;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
