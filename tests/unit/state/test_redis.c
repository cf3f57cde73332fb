/* What the state contract does not say about Redis: the layout that users see, its own expiry,
 * keys that others have touched, stamps, leases. On a server of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis_help.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static struct server server;
static struct redis_link cli;
static struct state_store *store;
static struct error e;

static const char *const with_file[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

static int set_up(void **unused)
{
    (void)unused;
    error_clear(&e);
    if (server.pid == 0)
        server_start(&server, with_file);
    raw_open(&cli, server.port);
    assert_string_equal(RAW(&cli, "FLUSHALL"), "OK");
    store = open_at(server.port, "");
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    state_close(store);
    store = NULL;
    redis_link_release(&cli);
    return 0;
}

/* ---- the layout ---- */

static void entries_are_readable(void **unused)
{
    (void)unused;
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(write_key(store, "rsi", "last:price", "{\"x\":1}", 0, &e), 0);
    assert_int_equal(write_key(store, "rsi", "mood", "\"up\"", 12345, &e), 0);
    assert_int_equal(write_key(store, "a:b", "k", "2", 0, &e), 0);
    assert_int_equal(state_stamp(store, "w:1", 7, &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(RAW(&cli, "GET", "orrery:schema"), "1");
    assert_string_equal(RAW(&cli, "HGETALL", "orrery:state:rsi:last:price"),
                        "value {\"x\":1} expires_at 0");
    assert_string_equal(RAW(&cli, "HGETALL", "orrery:state:rsi:mood"),
                        "value \"up\" expires_at 12345");
    assert_string_equal(RAW(&cli, "HGET", "orrery:state:a%3Ab:k", "value"), "2");
    assert_string_equal(RAW(&cli, "SORT", "orrery:plugins", "ALPHA"), "a:b rsi");
    assert_string_equal(RAW(&cli, "ZRANGE", "orrery:keys:rsi", "0", "-1", "WITHSCORES"),
                        "mood 12345 last:price inf");
    assert_string_equal(RAW(&cli, "GET", "orrery:stamp:w%3A1"), "7");
    assert_string_equal(RAW(&cli, "DBSIZE"), "8");
}

static void nothing_is_left_of_what_was_removed(void **unused)
{
    (void)unused;
    put_at(store, "k", "1", 500, 1);
    put_at(store, "k", "2", 0, 1);
    assert_string_equal(RAW(&cli, "ZSCORE", "orrery:keys:p", "k"), "inf");
    put_at(store, "k", "3", 500, 1);
    assert_string_equal(RAW(&cli, "ZSCORE", "orrery:keys:p", "k"), "500");
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_remove(store, "p", "k", 1, &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(RAW(&cli, "KEYS", "orrery:keys*"), "");
    assert_string_equal(RAW(&cli, "KEYS", "orrery:state*"), "");
}

static void prefixes_share_nothing(void **unused)
{
    struct state_store *other = open_at(server.port, "?prefix=app:two");

    (void)unused;
    put_at(store, "k", "1", 0, 1);
    put_at(other, "k", "2", 0, 1);
    assert_string_equal(rows(store), "k=1;");
    assert_string_equal(rows(other), "k=2;");
    assert_string_equal(RAW(&cli, "HGET", "app:two:state:p:k", "value"), "2");
    state_close(other);
}

static void databases_share_nothing(void **unused)
{
    struct state_store *by_path = open_at(server.port, "/3");
    struct state_store *by_option = open_at(server.port, "?db=3");

    (void)unused;
    put_at(by_path, "k", "1", 0, 1);
    assert_string_equal(rows(by_option), "k=1;");
    assert_string_equal(rows(store), "");
    state_close(by_path);
    state_close(by_option);
    assert_int_equal(try_open(&by_path, url_of(server.port, "/3?db=4"), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_int_equal(try_open(&by_path, url_of(server.port, "/three"), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_int_equal(try_open(&by_path, url_of(server.port, "/99"), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_MISSING);
}

/* ---- expiry ---- */

static void the_server_collects_long_after_the_deadline(void **unused)
{
    int64_t now = wall_ms(), deadline = now + 5000, left;

    (void)unused;
    put_at(store, "k", "1", deadline, now);
    assert_int_equal(text_to_i64(RAW(&cli, "PTTL", "orrery:state:p:k"), &left), 0);
    assert_in_range(left, DAY_MS, DAY_MS + 5000);
    put_at(store, "k", "1", 0, now);
    assert_string_equal(RAW(&cli, "PTTL", "orrery:state:p:k"), "-1");
    put_at(store, "k", "1", now - 2 * DAY_MS, now); /* dead already: the sweep's business */
    assert_string_equal(RAW(&cli, "PTTL", "orrery:state:p:k"), "-1");
    put_at(store, "k", "1", INT64_MAX, now);
    assert_string_equal(RAW(&cli, "PTTL", "orrery:state:p:k"), "-1");
    assert_string_equal(rows_at(store, INT64_MAX - 1), "k=1;");
    assert_string_equal(rows_at(store, INT64_MAX), "");
}

static void the_server_never_collects_for_a_desk_in_another_year(void **unused)
{
    int64_t now = wall_ms();

    (void)unused;
    put_at(store, "old", "1", now - 365 * DAY_MS + 1000, now - 365 * DAY_MS);
    put_at(store, "new", "2", now + 365 * DAY_MS + 1000, now + 365 * DAY_MS);
    assert_string_equal(RAW(&cli, "PTTL", "orrery:state:p:old"), "-1");
    assert_string_equal(RAW(&cli, "PTTL", "orrery:state:p:new"), "-1");
    assert_string_equal(rows_at(store, now - 365 * DAY_MS), "new=2;old=1;");
}

static void an_entry_that_the_server_collected_is_gone(void **unused)
{
    size_t removed = 99;
    struct state_facts facts;

    (void)unused;
    put_at(store, "k", "1", 500, 1);
    put_at(store, "l", "2", 0, 1);
    assert_string_equal(RAW(&cli, "DEL", "orrery:state:p:k"), "1");
    assert_string_equal(rows(store), "l=2;");
    assert_int_equal(state_sweep(store, 499, 10, &removed, &e), 0);
    assert_int_equal(removed, 0);
    assert_int_equal(state_describe(store, 600, &facts, &e), 0);
    assert_int_equal(facts.expired, 1);
    assert_int_equal(state_sweep(store, 500, 10, &removed, &e), 0);
    assert_int_equal(removed, 1);
    assert_string_equal(RAW(&cli, "ZRANGE", "orrery:keys:p", "0", "-1"), "l");
    assert_int_equal(state_describe(store, 600, &facts, &e), 0);
    assert_int_equal(facts.expired, 0);
    assert_int_equal(facts.live, 1);
    assert_int_equal(facts.schema_version, 1);
    assert_int_equal(facts.bytes, -1);
    assert_memory_equal(facts.server, "Redis ", 6);
}

static void deadlines_beyond_doubles_are_exact(void **unused)
{
    int64_t at = ((int64_t)1 << 60) + 1;
    size_t removed = 99;

    (void)unused;
    for (int i = 0; i < 5; i++)
        put_at(store, (char[]){(char)('a' + i), '\0'}, "1", at + i, 1);
    /* All have the same score. */
    assert_int_equal(state_sweep(store, at + 1, 10, &removed, &e), 0);
    assert_int_equal(removed, 2);
    assert_string_equal(rows_at(store, at + 1), "c=1;d=1;e=1;");
    assert_int_equal(state_sweep(store, at + 4, 1, &removed, &e), 0);
    assert_int_equal(removed, 1);
}

static void a_sweep_spares_what_was_written_meanwhile(void **unused)
{
    struct state_store *other = open_at(server.port, "");
    size_t removed = 99;

    (void)unused;
    put_at(store, "k", "1", 100, 1);
    put_at(store, "l", "1", 100, 1);
    put_at(store, "m", "1", 100, 1);
    assert_int_equal(state_begin(store, 200, &e), 0);
    assert_int_equal(state_sweep(store, 200, 10, &removed, &e), 0);
    assert_int_equal(removed, 3);
    put_at(other, "k", "2", 300, 200);
    put_at(other, "l", "2", 0, 200);
    assert_int_equal(state_commit(store, &e), 0);
    assert_string_equal(rows(store), "k=2;l=2;");
    assert_string_equal(RAW(&cli, "ZRANGE", "orrery:keys:p", "0", "-1", "WITHSCORES"),
                        "k 300 l inf");
    state_close(other);
}

/* ---- keys that others have touched ---- */

static void a_key_of_another_type_is_named(void **unused)
{
    static const struct {
        const char *key, *expected;
    } cases[] = {
        {"orrery:plugins", "expected a set, found a string"},
        {"orrery:keys:p", "expected a zset, found a string"},
        {"orrery:stamp:w", "expected a string, found a hash"},
        {"orrery:lease:p", "expected a hash, found a string"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RAW(&cli, "FLUSHALL");
        state_close(store);
        store = open_at(server.port, "");
        if (strstr(cases[i].expected, "found a hash") != NULL)
            RAW(&cli, "HSET", cases[i].key, "mine", "1");
        else
            RAW(&cli, "SET", cases[i].key, "mine");
        error_clear(&e);
        assert_int_equal(state_begin(store, 1, &e), 0);
        assert_int_equal(state_fence(store, "p", 0, &e), 0);
        assert_int_equal(state_stamp(store, "w", 1, &e), 0);
        assert_int_equal(write_key(store, "p", "k", "1", 5, &e), 0);
        assert_int_equal(state_commit(store, &e), -1);
        state_rollback(store);
        assert_int_equal(e.code, ERROR_STORE_SCHEMA);
        assert_non_null(strstr(e.message, cases[i].expected));
        assert_non_null(strstr(e.message, cases[i].key));
        assert_string_equal(RAW(&cli, "DBSIZE"), "2"); /* nothing was written */
    }
}

/* Redis does not undo. What was done of a commit is done again, and the rest with it. */
static void a_commit_that_failed_in_part_can_be_repeated(void **unused)
{
    (void)unused;
    assert_int_equal(put_stamped(store, "w", 1, "k", "1", &e), 0);
    RAW(&cli, "DEL", "orrery:keys:p"); /* behind the back of a connection that knows it */
    RAW(&cli, "SET", "orrery:keys:p", "mine");
    assert_int_equal(put_stamped(store, "w", 2, "l", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.message, "in part"));
    assert_int_equal(put_stamped(store, "w", 2, "l", "2", &e), -1);
    assert_non_null(strstr(e.message, "expected a zset, found a string"));
    RAW(&cli, "DEL", "orrery:keys:p");
    assert_int_equal(put_stamped(store, "w", 2, "l", "2", &e), 0);
    assert_string_equal(rows(store), "l=2;");
}

static void reading_names_a_key_of_another_type_too(void **unused)
{
    struct state_facts facts;

    (void)unused;
    put_at(store, "k", "1", 0, 1);
    RAW(&cli, "DEL", "orrery:state:p:k");
    RAW(&cli, "RPUSH", "orrery:state:p:k", "mine");
    assert_int_equal(state_load(store, "p", 0, add_row, NULL, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.message, "'orrery:state:p:k': expected a hash, found a list"));
    put_at(store, "k", "2", 0, 1); /* a write makes it right */
    assert_string_equal(rows(store), "k=2;");
    RAW(&cli, "DEL", "orrery:keys:p");
    RAW(&cli, "SET", "orrery:keys:p", "x");
    error_clear(&e);
    assert_int_equal(state_describe(store, 1, &facts, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.message, "'orrery:keys:p': expected a zset, found a string"));
    error_clear(&e);
    assert_int_equal(state_load(store, "p", 0, add_row, NULL, &e), -1);
    assert_non_null(strstr(e.message, "'orrery:keys:p': expected a zset, found a string"));
}

static void damaged_entries_are_refused(void **unused)
{
    (void)unused;
    put_at(store, "k", "1", 0, 1);
    RAW(&cli, "HSET", "orrery:state:p:k", "expires_at", "soon");
    assert_string_equal(rows(store), "STORE_CORRUPT");
    RAW(&cli, "HDEL", "orrery:state:p:k", "expires_at");
    assert_string_equal(rows(store), "STORE_CORRUPT");
    RAW(&cli, "HSET", "orrery:state:p:k", "expires_at", "-5");
    assert_string_equal(rows(store), "STORE_CORRUPT");
    RAW(&cli, "HSET", "orrery:state:p:k", "expires_at", "0");
    assert_string_equal(rows(store), "k=1;");
    RAW(&cli, "ZADD", "orrery:keys:p", "+inf", "\xff\xfe");
    assert_string_equal(rows(store), "STORE_CORRUPT");
}

static void the_schema_is_judged(void **unused)
{
    struct state_store *other = NULL;

    (void)unused;
    assert_int_equal(try_open(&other, url_of(server.port, "?prefix=new"), STORE_OPEN, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.hint, "orrery db init"));
    assert_int_equal(try_open(&other, url_of(server.port, "?prefix=new"), STORE_INSPECT, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_string_equal(RAW(&cli, "KEYS", "new:*"), "");
    RAW(&cli, "SET", "orrery:schema", "2");
    assert_int_equal(try_open(&other, url_of(server.port, ""), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_NEWER);
    assert_int_equal(put_stamped(store, "w", 1, "k", "1", &e), -1); /* also while running */
    assert_int_equal(e.code, ERROR_STORE_NEWER);
    RAW(&cli, "SET", "orrery:schema", "one");
    assert_int_equal(try_open(&other, url_of(server.port, ""), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_CORRUPT);
    RAW(&cli, "DEL", "orrery:schema");
    RAW(&cli, "HSET", "orrery:schema", "a", "b");
    assert_int_equal(try_open(&other, url_of(server.port, ""), STORE_CREATE, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.message, "expected a string, found a hash"));
}

static void a_server_that_lost_everything_is_noticed(void **unused)
{
    struct state_lease lease;
    bool granted;
    const struct state_claim claim = {"me", "me", 1000, false};

    (void)unused;
    put_at(store, "k", "1", 0, 1);
    RAW(&cli, "FLUSHALL");
    assert_int_equal(put_stamped(store, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_non_null(strstr(e.message, "has the server lost its data"));
    assert_string_equal(rows(store), "STORE_SCHEMA");
    error_clear(&e);
    assert_int_equal(state_lease_take(store, "p", &claim, &granted, &lease, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_SCHEMA);
    assert_string_equal(RAW(&cli, "DBSIZE"), "0");
}

static void inspecting_writes_nothing(void **unused)
{
    struct state_store *reader = open_url(url_of(server.port, ""), STORE_INSPECT);
    struct state_hold hold = {"p", 1, false};

    (void)unused;
    put_at(store, "k", "1", 0, 1);
    assert_string_equal(rows(reader), "k=1;");
    assert_int_equal(put_stamped(reader, "w", 1, "k", "2", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    error_clear(&e);
    assert_int_equal(state_lease_renew(reader, &hold, 1, 1000, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_READONLY);
    assert_string_equal(rows(reader), "k=1;");
    state_close(reader);
}

/* ---- stamps ---- */

static void a_stamp_is_done_once(void **unused)
{
    int64_t left;

    (void)unused;
    assert_int_equal(put_stamped(store, "w", 1, "a", "1", &e), 0);
    assert_int_equal(put_stamped(store, "w", 1, "a", "2", &e), 0);
    assert_string_equal(rows(store), "a=1;");
    assert_int_equal(put_stamped(store, "w", 2, "a", "3", &e), 0);
    assert_int_equal(put_stamped(store, "v", 1, "b", "4", &e), 0);
    assert_string_equal(rows(store), "a=3;b=4;");
    assert_int_equal(put_stamped(store, "w", 1, "a", "5", &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_string_equal(rows(store), "a=3;b=4;");
    assert_int_equal(text_to_i64(RAW(&cli, "TTL", "orrery:stamp:w"), &left), 0);
    assert_in_range(left, 7 * 24 * 3600 - 60, 7 * 24 * 3600);
}

/* ---- leases ---- */

static bool take(struct state_store *from, const char *owner, int64_t ttl_ms, bool retake,
                 struct state_lease *lease)
{
    const struct state_claim claim = {owner, "a label", ttl_ms, retake};
    bool granted = false;

    if (state_lease_take(from, "p", &claim, &granted, lease, &e) != 0)
        help_fail("taking a lease", &e);
    return granted;
}

static void a_lease_has_one_holder(void **unused)
{
    struct state_store *other = open_at(server.port, "");
    struct state_lease lease;
    uint64_t token;

    (void)unused;
    assert_true(take(store, "one", 60000, false, &lease));
    token = lease.token;
    assert_string_equal(lease.plugin, "p");
    assert_string_equal(lease.owner, "one");
    assert_string_equal(lease.label, "a label");
    assert_in_range(lease.left_ms, 1, 60000);
    assert_false(take(other, "two", 60000, true, &lease));
    assert_string_equal(lease.owner, "one");
    assert_true(lease.token == token);
    assert_false(take(store, "one", 60000, false, &lease));
    assert_true(take(store, "one", 60000, true, &lease));
    assert_true(lease.token > token);
    state_close(other);
}

static void a_released_lease_is_free_and_its_token_grows(void **unused)
{
    struct state_hold hold = {"p", 0, false}, stale = {"p", 7, true};
    struct state_lease lease;

    (void)unused;
    assert_true(take(store, "one", 60000, false, &lease));
    hold.token = lease.token;
    assert_int_equal(state_lease_release(store, &stale, 1, &e), 0);
    assert_false(take(store, "two", 60000, false, &lease));
    assert_int_equal(state_lease_release(store, &hold, 1, &e), 0);
    assert_int_equal(state_lease_renew(store, &hold, 1, 60000, &e), 0);
    assert_false(hold.held);
    assert_true(take(store, "two", 60000, false, &lease));
    assert_true(lease.token > hold.token);
}

/* The owner whose grant the server has lost may still be there. */
static void tokens_are_not_below_the_clock(void **unused)
{
    struct state_lease lease;
    uint64_t token;

    (void)unused;
    assert_true(take(store, "one", 60000, false, &lease));
    token = lease.token;
    assert_true(token > 1600000000000);
    RAW(&cli, "HSET", "orrery:lease:p", "token", "7", "expires_at", "0");
    assert_true(take(store, "two", 60000, false, &lease));
    assert_true(lease.token >= token);
    RAW(&cli, "HSET", "orrery:lease:p", "token", "9000000000000", "expires_at", "0");
    assert_true(take(store, "one", 60000, false, &lease));
    assert_true(lease.token == 9000000000001);
}

static void an_expired_lease_can_be_taken_or_renewed(void **unused)
{
    struct state_hold holds[] = {{"p", 0, false}, {"never", 1, true}};
    struct state_lease lease;

    (void)unused;
    assert_true(take(store, "one", 60000, false, &lease));
    holds[0].token = lease.token;
    RAW(&cli, "HSET", "orrery:lease:p", "expires_at", "1000");
    assert_int_equal(state_lease_renew(store, holds, 2, 60000, &e), 0);
    assert_true(holds[0].held);
    assert_false(holds[1].held);
    assert_false(take(store, "two", 60000, false, &lease));
    assert_in_range(lease.left_ms, 1, 60000);
    RAW(&cli, "HSET", "orrery:lease:p", "expires_at", "1000");
    assert_true(take(store, "two", 60000, false, &lease));
    assert_true(lease.token > holds[0].token);
    assert_int_equal(state_lease_renew(store, holds, 1, 60000, &e), 0);
    assert_false(holds[0].held);
}

static int count_lease(void *arg, const struct state_lease *lease)
{
    buf_addf(arg, "%s:%s:%s:%s;", lease->plugin, lease->owner, lease->token > 0 ? "granted" : "",
             lease->left_ms > 0 ? "held" : "free");
    return 0;
}

static void leases_are_listed(void **unused)
{
    const struct state_claim claim = {"one", "l", 60000, false};
    struct state_hold hold = {"c:d", 0, false};
    struct state_lease lease;
    struct buf out;
    bool granted;

    (void)unused;
    buf_init(&out, 10000);
    assert_int_equal(state_lease_list(store, count_lease, &out, &e), 0);
    assert_string_equal(buf_text(&out), "");
    assert_int_equal(state_lease_take(store, "c:d", &claim, &granted, &lease, &e), 0);
    hold.token = lease.token;
    assert_int_equal(state_lease_take(store, "a", &claim, &granted, &lease, &e), 0);
    assert_int_equal(state_lease_release(store, &hold, 1, &e), 0);
    assert_int_equal(state_lease_list(store, count_lease, &out, &e), 0);
    assert_string_equal(buf_text(&out), "a:one:granted:held;c:d:one:granted:free;");
    assert_string_equal(RAW(&cli, "HMGET", "orrery:lease:a", "owner", "label"), "one l");
    buf_release(&out);
}

static void a_stale_owner_is_fenced(void **unused)
{
    struct state_store *other = open_at(server.port, "");
    struct state_lease lease;
    uint64_t token;

    (void)unused;
    assert_true(take(store, "one", 60000, false, &lease));
    token = lease.token;
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_fence(store, "p", token, &e), 0);
    assert_int_equal(write_key(store, "p", "k", "1", 0, &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
    RAW(&cli, "HSET", "orrery:lease:p", "expires_at", "1000");
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_fence(store, "p", token, &e), 0);
    assert_int_equal(write_key(store, "p", "k", "2", 0, &e), 0);
    assert_int_equal(state_commit(store, &e), 0); /* expired, but not taken */
    assert_true(take(other, "two", 60000, false, &lease));
    assert_int_equal(state_begin(store, 1, &e), 0);
    assert_int_equal(state_fence(store, "p", token, &e), 0);
    assert_int_equal(state_stamp(store, "w", 1, &e), 0);
    assert_int_equal(write_key(store, "p", "k", "3", 0, &e), 0);
    assert_int_equal(write_key(store, "q", "k", "3", 0, &e), 0);
    assert_int_equal(state_commit(store, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_string_equal(e.where, "p");
    state_rollback(store);
    assert_string_equal(rows(store), "k=2;");
    assert_string_equal(RAW(&cli, "EXISTS", "orrery:stamp:w", "orrery:keys:q"), "0");
    state_close(other);
}

static int put_fenced(struct state_store *to, const char *plugin, uint64_t token, const char *value)
{
    error_clear(&e);
    if (state_begin(to, 1, &e) != 0)
        return -1;
    if (state_fence(to, plugin, token, &e) != 0 || write_key(to, plugin, "k", value, 0, &e) != 0 ||
        state_commit(to, &e) != 0) {
        state_rollback(to);
        return -1;
    }
    return 0;
}

/* A connection remembers tokens; no take-over may slip through. */
static void remembered_tokens_are_forgotten_in_time(void **unused)
{
    const struct state_claim one = {"one", "l", 60000, true}, two = {"two", "l", 60000, true};
    struct state_store *other = open_at(server.port, "");
    struct state_hold hold = {"p", 0, false};
    struct state_lease lease;
    bool granted;

    (void)unused;
    for (int round = 0; round < 20; round++) {
        uint64_t token;
        assert_int_equal(state_lease_take(store, "p", &one, &granted, &lease, &e), 0);
        token = lease.token;
        for (int i = 0; i < 3; i++)
            assert_int_equal(put_fenced(store, "p", token, "1"), 0);
        assert_int_equal(state_lease_take(other, "q", &two, &granted, &lease, &e), 0);
        assert_int_equal(put_fenced(store, "p", token, "2"), 0); /* no matter of p's */
        assert_int_equal(put_fenced(store, "p", token, "2"), 0);
        hold.token = token;
        assert_int_equal(state_lease_release(store, &hold, 1, &e), 0);
        assert_int_equal(put_fenced(store, "p", token, "3"), 0);
        assert_int_equal(state_lease_take(other, "p", &two, &granted, &lease, &e), 0);
        assert_true(granted);
        assert_int_equal(put_fenced(store, "p", token, "4"), -1);
        assert_int_equal(e.code, ERROR_STORE_FENCED);
        assert_int_equal(put_fenced(store, "p", token, "4"), -1);
        assert_int_equal(e.code, ERROR_STORE_FENCED);
        assert_string_equal(rows(store), "k=3;");
        hold.token = lease.token;
        error_clear(&e);
        assert_int_equal(state_lease_release(other, &hold, 1, &e), 0);
    }
    state_close(other);
}

/* ---- size ---- */

static void ten_thousand_writes_are_one_transaction(void **unused)
{
    char key[16], value[2000];
    size_t removed;
    struct buf expected;

    (void)unused;
    memset(value, '7', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    assert_int_equal(state_begin(store, 1, &e), 0);
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "k%05d", i);
        assert_int_equal(write_key(store, "p", key, value, i % 2 ? 100 : 0, &e), 0);
    }
    assert_int_equal(state_commit(store, &e), 0);
    buf_init(&expected, 64 * 1024 * 1024);
    for (int i = 0; i < 10000; i++)
        buf_addf(&expected, "k%05d=%s;", i, value);
    assert_string_equal(rows(store), buf_text(&expected));
    assert_int_equal(state_sweep(store, 100, 3000, &removed, &e), 0);
    assert_int_equal(removed, 3000);
    assert_int_equal(state_sweep(store, 100, 3000, &removed, &e), 0);
    assert_int_equal(removed, 2000);
    assert_string_equal(RAW(&cli, "ZCARD", "orrery:keys:p"), "5000");
    buf_release(&expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int stop_server(void **unused)
{
    (void)unused;
    server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_are_readable),
        TEST(nothing_is_left_of_what_was_removed),
        TEST(prefixes_share_nothing),
        TEST(databases_share_nothing),
        TEST(the_server_collects_long_after_the_deadline),
        TEST(the_server_never_collects_for_a_desk_in_another_year),
        TEST(an_entry_that_the_server_collected_is_gone),
        TEST(deadlines_beyond_doubles_are_exact),
        TEST(a_sweep_spares_what_was_written_meanwhile),
        TEST(a_key_of_another_type_is_named),
        TEST(a_commit_that_failed_in_part_can_be_repeated),
        TEST(reading_names_a_key_of_another_type_too),
        TEST(damaged_entries_are_refused),
        TEST(the_schema_is_judged),
        TEST(a_server_that_lost_everything_is_noticed),
        TEST(inspecting_writes_nothing),
        TEST(a_stamp_is_done_once),
        TEST(a_lease_has_one_holder),
        TEST(a_released_lease_is_free_and_its_token_grows),
        TEST(tokens_are_not_below_the_clock),
        TEST(an_expired_lease_can_be_taken_or_renewed),
        TEST(leases_are_listed),
        TEST(a_stale_owner_is_fenced),
        TEST(remembered_tokens_are_forgotten_in_time),
        TEST(ten_thousand_writes_are_one_transaction),
    };

    int result;

    if (no_server(&result))
        return result;
    return cmocka_run_group_tests_name("state: redis", tests, NULL, stop_server);
}
