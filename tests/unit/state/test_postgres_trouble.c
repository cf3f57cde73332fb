/* What a PostgreSQL server says in the middle, late deliveries, two daemons at once, abandoned
 * transactions. Runs beside the server of ORRERY_POSTGRES_URL. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "postgres_place.h"

static pid_t writer; /* another daemon, when there is one */

static int end_writer(void **unused)
{
    if (writer > 0) {
        kill(writer, SIGKILL);
        waitpid(writer, NULL, 0);
        writer = 0;
    }
    return tear_down(unused);
}

/* ---- what a server says in the middle ---- */

static void raise_on_write(const char *statement)
{
    SQL(IN_SCHEMA "CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
                  " $$BEGIN %s; RETURN NULL; END$$;"
                  "CREATE TRIGGER trouble AFTER INSERT ON plugin_state EXECUTE FUNCTION trouble()",
        schema, statement);
}

static void raise_nothing(void)
{
    SQL(IN_SCHEMA "DROP FUNCTION trouble CASCADE", schema);
}

static void what_the_server_says_has_a_code(void **unused)
{
    static const struct {
        const char *sqlstate;
        enum error_code code;
        const char *message;
    } cases[] = {
        {"53100", ERROR_STORE_FULL, "no room left"},
        {"25006", ERROR_STORE_READONLY, "no writes"},
        {"42501", ERROR_STORE_DENIED, "permission"},
        {"57P03", ERROR_STORE_DOWN, "starting up"},
        {"40001", ERROR_STORE, "conflicted"},
        {"40P01", ERROR_STORE, "deadlock"},
        {"XX001", ERROR_STORE_CORRUPT, "damaged"},
        {"53300", ERROR_STORE_DOWN, "no connection"},
        {"55P03", ERROR_STORE, "waited too long"},
        {"23502", ERROR_STORE, "23502"},
        {"22012", ERROR_STORE, "22012"},
        {"08006", ERROR_STORE_DOWN, "lost"},
        {"57014", ERROR_STORE, "cancelled"},
    };
    char statement[200];

    (void)unused;
    store = open_url(url, STORE_CREATE);
    put(store, "old", "1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(statement, sizeof statement, "RAISE EXCEPTION 'geht nicht' USING ERRCODE = '%s'",
                 cases[i].sqlstate);
        raise_on_write(statement);
        assert_int_equal(put_stamped(store, "w", i + 1, "k", "2", &e), -1);
        if (e.code != cases[i].code || strstr(e.message, cases[i].message) == NULL)
            help_fail(cases[i].sqlstate, &e);
        assert_non_null(strstr(e.message, "geht nicht"));
        assert_string_equal(rows(store), "old=1;");
        raise_nothing();
    }
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), 0); /* no number was recorded */
    assert_string_equal(rows(store), "k=2;old=1;");
}

/* Large transactions are sent in several pieces; a failure in one of them is one of all. */
static void a_large_transaction_fails_as_a_whole(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    SQL(IN_SCHEMA "ALTER TABLE plugin_state ADD CHECK (key <> 'k2999')", schema);
    assert_int_equal(put_many(store, "w", 1, 4000, 1000, 'x', &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_string_equal(rows(store), "");
    assert_int_equal(put_many(store, "w", 1, 2900, 1000, 'x', &e), 0);
    assert_string_equal(SQL(IN_SCHEMA "SELECT count(*) FROM plugin_state", schema), "2900");
    assert_int_equal(put_many(store, "w", 1, 2900, 1000, 'y', &e), 0); /* recorded */
    assert_string_equal(
        SQL(IN_SCHEMA "SELECT count(*) FROM plugin_state WHERE value LIKE '%%y%%'", schema), "0");
}

static void a_connection_ended_in_the_middle_of_a_commit(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    put(store, "old", "1");
    raise_on_write("PERFORM pg_terminate_backend(pg_backend_pid())");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_DOWN);
    raise_nothing();
    assert_string_equal(rows(store), "old=1;"); /* by a new connection */
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), 0);
    assert_string_equal(rows(store), "k=2;old=1;");
}

static const char pids_sql[] = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                               " AND application_name = 'orrery' ORDER BY backend_start";

/* A restart of the server while nothing is asked is not even noticed. */
static void an_idle_connection_that_was_ended_is_replaced(void **unused)
{
    (void)unused;
    store = open_url(url, STORE_CREATE);
    tell(server, "SELECT pg_terminate_backend(pid, 5000) FROM (%s) p", pids_sql);
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), 0);
    tell(server, "SELECT pg_terminate_backend(pid, 5000) FROM (%s) p", pids_sql);
    assert_string_equal(rows(store), "k=2;");
}

/* The process that serves the only store, on this machine; others may still be ending. */
static pid_t backend_of_store(void)
{
    const char *pids;

    while (strchr(pids = tell(server, "%s", pids_sql), ',') != NULL)
        help_pause();
    return (pid_t)strtol(pids, NULL, 10);
}

static bool may_stop(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* The stopped process has the whole transaction in its socket, and goes on after the same one was
 * repeated, and after the next. */
static void a_late_delivery_is_refused_by_the_server(void **unused)
{
    pid_t pid;

    (void)unused;
    store = open_url(with("&timeout=400ms"), STORE_CREATE);
    pid = backend_of_store();
    if (!may_stop(pid)) {
        print_message("SKIPPED: the server's processes are not ours to stop\n");
        skip();
    }
    for (int later = 0; later < 2; later++) {
        uint64_t number = (uint64_t)later * 2 + 1;
        pid = backend_of_store();
        kill(pid, SIGSTOP);
        assert_int_equal(put_stamped(store, "w", number, "k", "\"late\"", &e), -1);
        assert_int_equal(e.code, ERROR_STORE_DOWN);
        assert_non_null(strstr(e.message, "within 400 ms"));
        assert_int_equal(put_stamped(store, "w", number, "k", "\"late\"", &e), 0);
        if (later)
            assert_int_equal(put_stamped(store, "w", number + 1, "k", "\"next\"", &e), 0);
        kill(pid, SIGCONT);
        while (kill(pid, 0) == 0) /* it executes what it has, and ends */
            help_pause();
        assert_string_equal(rows(store), later ? "k=\"next\";" : "k=\"late\";");
    }
}

/* ---- two at once ---- */

struct racer {
    struct state_store *store;
    struct error e;
    char value[16];
    int rc;
};

static void *race(void *arg)
{
    struct racer *r = arg;

    r->rc = put_stamped(r->store, "w", 1, "k", r->value, &r->e);
    return NULL;
}

/* Both have passed everything but the guard's row lock before one can be first. */
static void of_two_deliveries_of_one_number_one_counts(void **unused)
{
    struct racer racers[2] = {{.value = "1"}, {.value = "2"}};
    struct error ignored = ERROR_INIT;
    struct pg_session gate;
    pthread_t threads[2];
    const char *got;

    (void)unused;
    racers[0].store = store = open_url(url, STORE_CREATE);
    racers[1].store = second = open_url(url, STORE_OPEN);
    raw_open(&gate, url);
    if (pg_script(&gate, "BEGIN; SELECT pg_advisory_xact_lock(1)", NULL, NULL, &ignored) != 0)
        help_fail("the gate", &ignored);
    raise_on_write("PERFORM pg_advisory_xact_lock(1)");
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    await_true(server, "SELECT count(*) = 2 FROM pg_locks WHERE NOT granted");
    pg_script(&gate, "COMMIT", NULL, NULL, &ignored);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    pg_session_release(&gate);
    for (int i = 0; i < 2; i++)
        if (racers[i].rc != 0)
            help_fail("a racer", &racers[i].e);
    got = rows(store);
    assert_true(strcmp(got, "k=1;") == 0 || strcmp(got, "k=2;") == 0);
    assert_string_equal(SQL(IN_SCHEMA "SELECT count(*) FROM plugin_state", schema), "1");
}

static void take(struct state_store *s, const char *owner, int64_t ttl_ms, struct state_lease *out)
{
    struct state_claim claim = {.owner = owner, .label = owner, .ttl_ms = ttl_ms};
    bool granted = false;

    if (state_lease_take(s, "p", &claim, &granted, out, &e) != 0)
        help_fail("a lease", &e);
    assert_true(granted);
}

static int put_fenced(uint64_t number, uint64_t token, const char *value)
{
    int rc;

    error_clear(&e);
    rc = state_begin(store, 1, &e) | state_stamp(store, "w", number, &e) |
         state_fence(store, "p", token, &e) | write_key(store, "p", "k", value, 0, &e);
    rc = rc == 0 ? state_commit(store, &e) : rc;
    state_rollback(store);
    return rc;
}

static void *commit_fenced(void *arg)
{
    uint64_t *token = arg;

    return put_fenced(1, *token, "1") == 0 ? arg : NULL;
}

/* Who takes over waits for a commit that was checked against the old token, and no longer. */
static void a_lease_is_not_taken_over_under_a_commit(void **unused)
{
    struct state_lease old, new;
    struct error ignored = ERROR_INIT;
    struct pg_session gate;
    uint64_t token;
    pthread_t thread;
    void *done;

    (void)unused;
    store = open_url(url, STORE_CREATE);
    second = open_url(with("&timeout=1s"), STORE_OPEN);
    take(store, "one", 1, &old);
    token = old.token;
    raw_open(&gate, url);
    pg_script(&gate, "BEGIN; SELECT pg_advisory_xact_lock(1)", NULL, NULL, &ignored);
    raise_on_write("PERFORM pg_advisory_xact_lock(1)");
    assert_int_equal(pthread_create(&thread, NULL, commit_fenced, &token), 0);
    await_true(server, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
    {
        struct state_claim claim = {.owner = "two", .label = "two", .ttl_ms = 60000};
        bool granted = false;
        struct error why = ERROR_INIT;
        assert_int_equal(state_lease_take(second, "p", &claim, &granted, &new, &why), -1);
        assert_int_equal(why.code, ERROR_STORE);
        assert_non_null(strstr(why.message, "waited too long for a lock"));
    }
    pg_script(&gate, "COMMIT", NULL, NULL, &ignored);
    pthread_join(thread, &done);
    pg_session_release(&gate);
    assert_non_null(done);
    take(second, "two", 60000, &new);
    assert_true(new.token > old.token);
    assert_true(new.left_ms > 50000 && new.left_ms <= 60000);
    assert_int_equal(put_fenced(2, old.token, "2"), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_string_equal(e.where, "p");
    assert_non_null(strstr(e.message, "held by two"));
    assert_string_equal(rows(second), "k=1;");
}

/* ---- the abandoned ---- */

/* Another daemon, with much to write. */
static pid_t fork_writer(void)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (try_open(&second, with("&timeout=2s"), STORE_OPEN, &e) == 0)
        put_many(second, "other", 1, 30000, 1000, 'x', &e);
    _exit(0);
}

/* A daemon that is stopped in the middle of sending, the server in the middle of a message: what it
 * has locked is free again after the URL's timeout. */
static void a_half_sent_transaction_is_let_go(void **unused)
{
    struct error ignored = ERROR_INIT;
    struct pg_session gate;

    (void)unused;
    store = open_url(with("&timeout=1s"), STORE_CREATE);
    raw_open(&gate, url);
    pg_script(&gate, "BEGIN; SELECT pg_advisory_xact_lock(1)", NULL, NULL, &ignored);
    raise_on_write("PERFORM pg_advisory_xact_lock(1)");
    writer = fork_writer();
    await_true(server, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted");
    kill(writer, SIGSTOP);
    pg_script(&gate, "COMMIT", NULL, NULL, &ignored);
    pg_session_release(&gate);
    assert_int_equal(put_stamped(store, "w", 1, "k0", "1", &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_non_null(strstr(e.message, "waited too long"));
    for (int i = 0; put_stamped(store, "w", 1, "k0", "1", &e) != 0; i++)
        assert_true(i < 20);
    assert_string_equal(rows(store), "k0=1;");
}

/* The settings that do it are those of every session. */
static void sessions_have_limits_on_the_servers_side(void **unused)
{
    (void)unused;
    store = open_url(with("&timeout=7s"), STORE_CREATE);
    raise_on_write("RAISE EXCEPTION '% % % % %', current_setting('statement_timeout'),"
                   " current_setting('lock_timeout'),"
                   " current_setting('idle_in_transaction_session_timeout'),"
                   " current_setting('tcp_keepalives_idle'),"
                   " current_setting('transaction_isolation')");
    assert_int_equal(put_stamped(store, "w", 1, "k", "1", &e), -1);
    if (strstr(e.message, "7s 3500ms 7s 10 read committed") == NULL)
        help_fail("settings", &e);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, end_writer)
    const struct CMUnitTest tests[] = {
        TEST(what_the_server_says_has_a_code),
        TEST(a_large_transaction_fails_as_a_whole),
        TEST(a_connection_ended_in_the_middle_of_a_commit),
        TEST(an_idle_connection_that_was_ended_is_replaced),
        TEST(a_late_delivery_is_refused_by_the_server),
        TEST(of_two_deliveries_of_one_number_one_counts),
        TEST(a_lease_is_not_taken_over_under_a_commit),
        TEST(a_half_sent_transaction_is_let_go),
        TEST(sessions_have_limits_on_the_servers_side),
    };

    if (no_server())
        return 77;
    return cmocka_run_group_tests_name("state: postgres trouble", tests, NULL, NULL);
}
