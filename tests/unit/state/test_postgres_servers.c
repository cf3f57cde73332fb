/* PostgreSQL servers of every kind: with passwords, away, silent, stopped, killed in mid-commit,
 * behind TLS, replicas, careless ones. They are this test's own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postgres_server.h"

static struct server server;
static struct state_store *store;
static struct error e;

static int make_server(void **unused)
{
    (void)unused;
    server_make(&server);
    return 0;
}

static int remove_server(void **unused)
{
    (void)unused;
    server_kill(&server);
    scratch_remove(&server.scratch);
    return 0;
}

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
    server_kill(&server);
    return 0;
}

static const char *url_of(const char *login, int port, const char *options)
{
    static char texts[4][700];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "postgres://%s@127.0.0.1:%d/postgres%s", login, port, options);
    return text;
}

static const char *with(const char *options)
{
    return url_of("orrery", server.port, options);
}

/* ---- logins ---- */

static void a_password_is_asked_for(void **unused)
{
    struct store_url url;

    (void)unused;
    START(&server, "fsync=off");
    tell(server.url, "CREATE ROLE secret LOGIN SUPERUSER PASSWORD 'geheim'");
    refused(url_of("secret", server.port, ""), STORE_CREATE, ERROR_STORE_DENIED,
            "refuses the password");
    refused(url_of("secret:geheimer", server.port, ""), STORE_CREATE, ERROR_STORE_DENIED,
            "refuses the password: password authentication failed for user \"secret\"");
    refused(url_of("other:geheim", server.port, ""), STORE_CREATE, ERROR_STORE_DENIED,
            "refuses the login");
    store = open_url(url_of("secret:geheim", server.port, ""), STORE_CREATE);
    put(store, "k", "1");
    state_close(store);
    assert_int_equal(store_url_parse(url_of("secret:geheimer", server.port, ""), &url, &e), 0);
    assert_int_equal(state_postgres_open(&store, &url, "geheim", STORE_OPEN, 1, &e), 0);
    store_url_release(&url);
    assert_string_equal(rows(store), "k=1;");
    state_close(store);
    setenv("PGPASSWORD", "geheim", 1);
    store = open_url(url_of("secret", server.port, ""), STORE_OPEN);
    unsetenv("PGPASSWORD");
    assert_string_equal(rows(store), "k=1;");
}

/* A password that is changed while the store is open counts at the next connection. */
static void a_password_that_is_changed(void **unused)
{
    (void)unused;
    START(&server, "fsync=off");
    store = open_url(url_of("secret:geheim", server.port, ""), STORE_CREATE);
    tell(server.url, "ALTER ROLE secret PASSWORD 'anders';"
                     "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                     " WHERE usename = 'secret'");
    assert_string_equal(rows(store), "STORE_DENIED");
    tell(server.url, "ALTER ROLE secret PASSWORD 'geheim'");
    assert_string_equal(rows(store), "k=1;");
}

/* ---- away ---- */

static int64_t elapsed_ms(int64_t since)
{
    return pg_clock_ms() - since;
}

static void nobody_listens(void **unused)
{
    int port = free_port();

    (void)unused;
    refused(url_of("orrery", port, ""), STORE_CREATE, ERROR_STORE_DOWN,
            "cannot be reached: Connection refused");
}

static void a_server_that_says_nothing(void **unused)
{
    int64_t start = pg_clock_ms();
    int port, fd = listen_anywhere(&port);

    (void)unused;
    refused(url_of("orrery", port, "?connect_timeout=300ms"), STORE_CREATE, ERROR_STORE_DOWN,
            "does not answer a connection within 300 ms");
    assert_in_range(elapsed_ms(start), 290, 5000);
    close(fd);
}

struct voice {
    int fd;
    const char *text;
    size_t len;
};

/* Answers a connection's first message, and hangs up. */
static void *speak(void *arg)
{
    struct voice *voice = arg;
    int fd = accept(voice->fd, NULL, NULL);
    char request[1024];

    if (read(fd, request, sizeof request) > 0 && write(fd, voice->text, voice->len) < 0)
        abort();
    close(fd);
    return NULL;
}

static void answered(const char *text, size_t len, enum error_code code, const char *message)
{
    struct voice voice = {.text = text, .len = len};
    pthread_t thread;
    int port;

    voice.fd = listen_anywhere(&port);
    assert_int_equal(pthread_create(&thread, NULL, speak, &voice), 0);
    refused(url_of("orrery", port, ""), STORE_CREATE, code, message);
    pthread_join(thread, NULL);
    close(voice.fd);
}

/* A FATAL error message of the protocol. */
static void answered_error(const char *severity, const char *sqlstate, const char *message,
                           enum error_code code, const char *expected)
{
    char text[300] = "E\0\0";
    size_t len = 5;

    len += (size_t)snprintf(text + len, 100, "S%s", severity) + 1;
    len += (size_t)snprintf(text + len, 40, "VFATAL") + 1;
    len += (size_t)snprintf(text + len, 40, "C%s", sqlstate) + 1;
    len += (size_t)snprintf(text + len, 100, "M%s", message) + 2;
    text[4] = (char)(len - 1);
    answered(text, len, code, expected);
}

static void servers_that_speak_otherwise(void **unused)
{
    (void)unused;
    answered_error("SCHWERWIEGEND", "28P01", "Passwort-Authentifizierung!", ERROR_STORE_DENIED,
                   "refuses the password: Passwort");
    answered_error("FATAL", "57P03", "Le serveur se lance.", ERROR_STORE_DOWN,
                   "starting up or shutting down: Le serveur");
    answered_error("FATAL", "3D000", "geht nicht", ERROR_STORE_MISSING, "no such database");
    answered("HTTP/1.1 400 Bad Request\r\n\r\n", 28, ERROR_STORE_DOWN, "cannot be reached");
    answered("", 0, ERROR_STORE_DOWN, "cannot be reached");
}

/* ---- stopped and killed ---- */

static void a_stopped_server_is_an_error_and_not_a_wait(void **unused)
{
    int64_t start;

    (void)unused;
    START(&server, "fsync=off");
    store = open_url(with("?timeout=400ms&connect_timeout=300ms"), STORE_CREATE);
    assert_int_equal(put_stamped(store, "stop", 1, "k", "1", &e), 0);
    server_signal(&server, SIGSTOP);
    start = pg_clock_ms();
    assert_string_equal(rows(store), "STORE_DOWN");
    assert_int_equal(put_stamped(store, "stop", 2, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_int_equal(put_many(store, "stop", 2, 9000, 1000, '2', &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    assert_in_range(elapsed_ms(start), 900, 6000);
    server_signal(&server, SIGCONT);
    assert_int_equal(put_stamped(store, "stop", 2, "k", "3", &e), 0);
    assert_string_equal(rows(store), "k=3;");
}

/* More than the sockets hold is on its way when the server stops. */
static void a_server_that_stops_in_a_large_commit(void **unused)
{
    int64_t start;

    (void)unused;
    START(&server, "fsync=off");
    store = open_url(with("?timeout=500ms"), STORE_CREATE);
    tell(server.url, "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS"
                     " $$BEGIN PERFORM pg_sleep(60); RETURN NULL; END$$;"
                     "CREATE TRIGGER halt AFTER INSERT ON plugin_state"
                     " EXECUTE FUNCTION halt()");
    start = pg_clock_ms();
    assert_int_equal(put_many(store, "large", 1, 30000, 1000, '2', &e), -1);
    assert_true(e.code == ERROR_STORE_DOWN || e.code == ERROR_STORE);
    assert_in_range(elapsed_ms(start), 400, 6000);
    tell(server.url, "DROP FUNCTION halt CASCADE");
    assert_int_equal(put_many(store, "large", 1, 100, 1000, '2', &e), 0);
    tell(server.url, "TRUNCATE plugin_state");
}

struct writer {
    struct state_store *store;
    struct error e;
    int rc;
};

static void *write_once(void *arg)
{
    struct writer *w = arg;

    w->rc = put_stamped(w->store, "kill", 1, "k", "\"new\"", &w->e);
    return NULL;
}

/* The COMMIT itself waits, in a trigger that is due then, when the machine goes. */
static void a_server_that_is_killed_in_mid_commit(void **unused)
{
    struct writer w = {0};
    pthread_t thread;

    (void)unused;
    START(&server, "fsync=off");
    w.store = store = open_url(with(""), STORE_CREATE);
    put(store, "k", "\"old\"");
    tell(server.url, "CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql AS"
                     " $$BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END$$;"
                     "CREATE CONSTRAINT TRIGGER halt AFTER INSERT OR UPDATE ON plugin_state"
                     " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION halt()");
    {
        struct pg_session gate;
        raw_open(&gate, server.url);
        pg_script(&gate, "SELECT pg_advisory_lock(7)", NULL, NULL, &e);
        assert_int_equal(pthread_create(&thread, NULL, write_once, &w), 0);
        await_true(server.url, "SELECT count(*) = 1 FROM pg_stat_activity"
                               " WHERE query = 'COMMIT' AND wait_event = 'advisory'");
        server_kill(&server);
        pthread_join(thread, NULL);
        pg_session_release(&gate);
    }
    assert_int_equal(w.rc, -1);
    assert_int_equal(w.e.code, ERROR_STORE_DOWN);
    assert_string_equal(rows(store), "STORE_DOWN");
    START(&server, "fsync=off");
    assert_string_equal(rows(store), "k=\"old\";");
    tell(server.url, "DROP FUNCTION halt CASCADE");
    assert_int_equal(put_stamped(store, "kill", 1, "k", "\"new\"", &e), 0);
    assert_int_equal(put_stamped(store, "kill", 1, "k", "\"again\"", &e), 0);
    assert_string_equal(rows(store), "k=\"new\";");
}

/* ---- kinds ---- */

static void careless_servers_are_warned_of(void **unused)
{
    (void)unused;
    START(&server, "fsync=on");
    store = open_url(with(""), STORE_CREATE);
    assert_string_equal(store->warnings, "");
    state_close(store);
    server_stop(&server);
    START(&server, "fsync=off", "synchronous_commit=off");
    store = open_url(with(""), STORE_OPEN);
    assert_non_null(strstr(store->warnings, "fsync=off: a crash of its machine may destroy all"));
    assert_non_null(strstr(store->warnings, "\nthe server has synchronous_commit=off"));
}

static void a_replica_is_read_only(void **unused)
{
    char signal_file[300];

    (void)unused;
    snprintf(signal_file, sizeof signal_file, "%s/data/standby.signal", server.scratch.dir);
    START(&server, "fsync=off");
    store = open_url(with("?schema=replica"), STORE_CREATE);
    put(store, "k", "1");
    server_stop(&server);
    write_file(signal_file, "w", "");
    START(&server, "fsync=off");
    refused(with("?schema=replica"), STORE_CREATE, ERROR_STORE_READONLY, "it is a replica");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    state_close(store);
    store = open_url(with("?schema=replica"), STORE_INSPECT);
    assert_string_equal(rows(store), "k=1;");
    tell(server.url, "SELECT pg_promote()");
    state_close(store);
    store = open_url(with("?schema=replica"), STORE_OPEN);
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), 0);
}

/* Turned read-only under an open connection, and back. */
static void a_server_that_turns_read_only(void **unused)
{
    (void)unused;
    START(&server, "fsync=off");
    store = open_url(with("?schema=replica"), STORE_OPEN);
    tell(server.url, "ALTER SYSTEM SET default_transaction_read_only = on");
    tell(server.url, "SELECT pg_reload_conf()");
    await_true(server.url, "SELECT current_setting('default_transaction_read_only') = 'on'");
    assert_int_equal(put_stamped(store, "w", 9, "k", "3", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    tell(server.url, "ALTER SYSTEM RESET default_transaction_read_only");
    tell(server.url, "SELECT pg_reload_conf()");
    await_true(server.url, "SELECT current_setting('default_transaction_read_only') = 'off'");
    assert_int_equal(put_stamped(store, "w", 9, "k", "3", &e), 0);
}

static void a_socket_instead_of_a_port(void **unused)
{
    char text[600];

    (void)unused;
    START(&server, "fsync=off");
    snprintf(text, sizeof text, "postgres://orrery@:%d/postgres?host=%s", server.port,
             server.scratch.dir);
    store = open_url(text, STORE_CREATE);
    put(store, "s", "1");
    assert_string_equal(tell(server.url, "SELECT count(*) FROM pg_stat_activity WHERE"
                                         " client_port = -1 AND application_name = 'orrery'"),
                        "1");
}

/* ---- TLS ---- */

static void certify(const char *name, const char *host)
{
    char subject[100], extension[120], crt[40], key[40], path[400];

    snprintf(subject, sizeof subject, "/CN=%s", host);
    snprintf(extension, sizeof extension, "subjectAltName=%s:%s", host[0] == '1' ? "IP" : "DNS",
             host);
    snprintf(crt, sizeof crt, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    if (RUN(&server, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", subject, "-addext", extension, "-keyout", key, "-out", crt) != 0) {
        if (is_ci())
            fail_msg("openssl is not installed, or see %s/output", server.scratch.dir);
        print_message("SKIPPED: openssl is not installed\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/%s", server.scratch.dir, key);
    chmod(path, 0600);
}

static const char *tls(const char *mode, const char *ca)
{
    static char texts[4][400];
    static unsigned next;
    char *text = texts[next++ % 4];

    snprintf(text, sizeof texts[0], "?sslmode=%s%s%s%s%s", mode, ca ? "&sslrootcert=" : "",
             ca ? server.scratch.dir : "", ca ? "/" : "", ca ? ca : "");
    return with(text);
}

/* As if 127.0.0.1 were far away. */
static const char *warnings_from_afar(const char *text)
{
    struct store_url url;

    state_close(store);
    store = NULL;
    error_clear(&e);
    assert_int_equal(store_url_parse(text, &url, &e), 0);
    url.local = false;
    if (state_postgres_open(&store, &url, NULL, STORE_CREATE, 1, &e) != 0)
        store = NULL;
    store_url_release(&url);
    return store ? store->warnings : e.message;
}

static void certificates_are_verified(void **unused)
{
    char crt[300], key[300];

    (void)unused;
    certify("good", "127.0.0.1");
    certify("other", "db.example.com");
    snprintf(crt, sizeof crt, "ssl_cert_file=%s/good.crt", server.scratch.dir);
    snprintf(key, sizeof key, "ssl_key_file=%s/good.key", server.scratch.dir);
    START(&server, "ssl=on", crt, key);
    store = open_url(tls("verify-full", "good.crt"), STORE_CREATE);
    put(store, "tls", "1");
    assert_string_equal(tell(server.url, "SELECT count(*) FROM pg_stat_ssl WHERE ssl"), "1");
    refused(tls("verify-full", NULL), STORE_OPEN, ERROR_STORE_DENIED, "no trusted TLS connection");
    refused(tls("verify-full", "other.crt"), STORE_OPEN, ERROR_STORE_DENIED, "certificate");
    refused(tls("verify-full", "missing.crt"), STORE_OPEN, ERROR_STORE_DENIED, "missing.crt");
    refused(tls("prefer", NULL), STORE_OPEN, ERROR_CONFIG, "sslmode: expected disable, require");
    assert_non_null(strstr(warnings_from_afar(tls("disable", NULL)), "not encrypted"));
    assert_non_null(
        strstr(warnings_from_afar(tls("require", NULL)), "certificate is not verified"));
    assert_non_null(strstr(warnings_from_afar(tls("verify-ca", "good.crt")), "name is not"));
    assert_string_equal(warnings_from_afar(tls("verify-full", "good.crt")), "");
    assert_non_null(strstr(warnings_from_afar(with("")), "no trusted TLS connection"));
}

static void another_servers_certificate(void **unused)
{
    char crt[300], key[300];

    (void)unused;
    certify("other", "db.example.com");
    snprintf(crt, sizeof crt, "ssl_cert_file=%s/other.crt", server.scratch.dir);
    snprintf(key, sizeof key, "ssl_key_file=%s/other.key", server.scratch.dir);
    START(&server, "ssl=on", crt, key);
    refused(tls("verify-full", "other.crt"), STORE_CREATE, ERROR_STORE_DENIED, "db.example.com");
    store = open_url(tls("verify-ca", "other.crt"), STORE_CREATE);
    server_stop(&server);
    START(&server, "ssl=off");
    refused(tls("require", NULL), STORE_OPEN, ERROR_STORE_DENIED, "does not support SSL");
    assert_string_equal(rows(store), "STORE_DENIED");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_asked_for),
        TEST(a_password_that_is_changed),
        TEST(nobody_listens),
        TEST(a_server_that_says_nothing),
        TEST(servers_that_speak_otherwise),
        TEST(a_stopped_server_is_an_error_and_not_a_wait),
        TEST(a_server_that_stops_in_a_large_commit),
        TEST(a_server_that_is_killed_in_mid_commit),
        TEST(careless_servers_are_warned_of),
        TEST(a_replica_is_read_only),
        TEST(a_server_that_turns_read_only),
        TEST(a_socket_instead_of_a_port),
        TEST(certificates_are_verified),
        TEST(another_servers_certificate),
    };
    int exit_code;

    if (no_server(&server, &exit_code))
        return exit_code;
    return cmocka_run_group_tests_name("state: postgres servers", tests, make_server,
                                       remove_server);
}
