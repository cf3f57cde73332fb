/* Copies between stores in memory, in a file, and ones that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/copy.h"
#include "cli/seeds.h"
#include "db/sqlite_db.h"
#include "shared_store.h"
#include "support/scratch.h"

#define NOW 1790000000000

static const struct claimant command = {.owner = {"us", "here (orrery db copy)"}, .locked = true};

/* A copy with its claims. */
struct fixture {
    struct copy copy;
    struct claims from, to;
};

static int start(struct fixture *f, struct state_store *from, struct state_store *to,
                 struct error *e)
{
    f->copy = (struct copy){.from = from, .to = to, .now_ms = NOW};
    claims_init(&f->from, from, &command);
    claims_init(&f->to, to, &command);
    f->copy.from_claims = &f->from;
    f->copy.to_claims = &f->to;
    if (copy_open(&f->copy, e) < 0 || copy_claim(&f->copy, e) < 0)
        return -1;
    return copy_plan(&f->copy, e);
}

static void end(struct fixture *f)
{
    claims_release(&f->to);
    claims_release(&f->from);
    copy_release(&f->copy);
}

static void put(struct state_store *store, const char *plugin, const char *key, const char *value,
                int64_t expires_ms)
{
    struct state_row row = {key, strlen(key), value, strlen(value), expires_ms};
    struct error e = ERROR_INIT;

    assert_int_equal(state_begin(store, NOW, &e), 0);
    assert_int_equal(state_put(store, plugin, &row, &e), 0);
    assert_int_equal(state_commit(store, &e), 0);
}

static void seed(struct state_store *store)
{
    struct error e = ERROR_INIT;

    assert_int_equal(state_begin(store, NOW, &e), 0);
    for (size_t p = 0; p < SEEDS; p++) {
        for (size_t i = 0; i < seeds[p].count; i++) {
            struct state_row row = seeds_row(p, i, NOW);
            assert_int_equal(state_put(store, seeds[p].name, &row, &e), 0);
        }
    }
    assert_int_equal(state_commit(store, &e), 0);
}

static int expect_same(void *arg, enum row_state state, const struct state_row *row)
{
    (void)row;
    assert_int_equal(state, ROW_EQUAL);
    ++*(uint64_t *)arg;
    return 0;
}

/* Both have the same live rows, so many. */
static void check_same(struct state_store *a, struct state_store *b, uint64_t expected)
{
    struct error e = ERROR_INIT;
    struct names names;
    struct rows x, y;
    uint64_t count = 0;

    rows_init(&x);
    rows_init(&y);
    assert_int_equal(names_load(&names, a, &e), 0);
    for (size_t i = 0; i < names.count; i++) {
        assert_int_equal(rows_load(&x, a, names.items[i], NOW, &e), 0);
        assert_int_equal(rows_load(&y, b, names.items[i], NOW, &e), 0);
        rows_compare(&x, &y, 0, expect_same, &count);
    }
    assert_int_equal(count, expected);
    names_release(&names);
    rows_release(&x);
    rows_release(&y);
}

static struct state_store *memory(void)
{
    struct error e = ERROR_INIT;
    struct state_store *store;

    assert_int_equal(state_memory_open(&store, &e), 0);
    return store;
}

static void test_memory_sqlite_shared_and_back(void **state)
{
    struct state_store *from = memory(), *file, *back = memory();
    struct shared_store *shared = shared_new();
    struct error e = ERROR_INIT;
    struct scratch scratch;
    struct sqlite_db *db;

    (void)state;
    scratch_make(&scratch);
    assert_int_equal(sqlite_db_open(&db, scratch_path(&scratch, "s.db"), SQLITE_DB_CREATE, &e), 0);
    assert_int_equal(state_sqlite_migrate(db, NOW, &e), 0);
    assert_int_equal(state_sqlite_open(&file, db, &e), 0);
    seed(from);
    struct state_store *way[] = {from, file, &shared->base, back};
    for (size_t i = 0; i + 1 < sizeof way / sizeof way[0]; i++) {
        struct fixture f;
        assert_int_equal(start(&f, way[i], way[i + 1], &e), 0);
        assert_int_equal(f.copy.counts.missing, 33);
        assert_int_equal(f.copy.counts.expired, i == 0 ? 2 : 0);
        assert_int_equal(copy_perform(&f.copy, &e), 0);
        assert_int_equal(f.copy.counts.written, 33);
        assert_int_equal(f.copy.counts.done, 33);
        end(&f);
    }
    check_same(from, back, 33);
    assert_true(shared->leases[0].expires_ms <= shared->server_ms); /* given back */
    state_close(back);
    state_close(&shared->base);
    state_close(file);
    sqlite_db_close(db);
    state_close(from);
    scratch_remove(&scratch);
}

static void test_conflicts_are_found_and_nothing_is_written(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    put(from, "a", "equal", "1", NOW + 1);
    put(from, "a", "value", "1", 0);
    put(from, "a", "deadline", "1", NOW + 5);
    put(from, "a", "missing", "1", 0);
    put(&to->base, "a", "equal", "1", NOW + 1);
    put(&to->base, "a", "value", "2", 0);
    put(&to->base, "a", "deadline", "1", NOW + 6);
    put(&to->base, "a", "extra", "1", 0);
    put(&to->base, "a", "over", "1", NOW); /* dead: no conflict */
    put(&to->base, "other", "x", "1", 0);  /* none of ours */
    to->commits = 0;
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    assert_int_equal(f.copy.counts.equal, 1);
    assert_int_equal(f.copy.counts.missing, 1);
    assert_int_equal(f.copy.counts.differing, 2);
    assert_int_equal(f.copy.counts.extra, 1);
    assert_int_equal(f.copy.conflict_count, 3);
    assert_string_equal(f.copy.conflicts[0].key, "deadline");
    assert_string_equal(f.copy.conflicts[1].key, "extra");
    assert_int_equal(f.copy.conflicts[1].state, ROW_EXTRA);
    assert_int_equal(copy_perform(&f.copy, &e), -1); /* nobody gets past them by accident */
    assert_int_equal(to->commits, 0);
    end(&f);

    e = (struct error)ERROR_INIT;
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    f.copy.overwrite = true;
    assert_int_equal(copy_perform(&f.copy, &e), 0);
    assert_int_equal(f.copy.counts.written, 3);
    assert_int_equal(f.copy.counts.removed, 1);
    end(&f);
    check_same(from, &to->base, 4);
    assert_int_equal(start(&f, &to->base, from, &e), 0);
    assert_int_equal(f.copy.counts.missing, 1); /* the other plugin is still there */
    end(&f);
    state_close(&to->base);
    state_close(from);
}

static void fill(struct state_store *store, const char *plugin, size_t count)
{
    struct error e = ERROR_INIT;
    char key[32];

    assert_int_equal(state_begin(store, NOW, &e), 0);
    for (size_t i = 0; i < count; i++) {
        struct state_row row = {key, 0, "[1,2,3]", 7, i % 3 == 0 ? NOW + (int64_t)i + 1 : 0};
        row.key_len = (size_t)snprintf(key, sizeof key, "key-%zu", i);
        assert_int_equal(state_put(store, plugin, &row, &e), 0);
    }
    assert_int_equal(state_commit(store, &e), 0);
}

static void test_slices_and_an_interruption_at_each_of_them(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    struct error e = ERROR_INIT;
    int failed = 0;

    (void)state;
    fill(from, "a", 2 * COPY_SLICE_ROWS + 1);
    fill(from, "b", COPY_SLICE_ROWS);
    for (;;) {
        struct fixture f;
        int result;
        e = (struct error)ERROR_INIT;
        to->commits = 0;
        to->fail_commit = failed == 3 ? 0 : 2; /* each try gets one slice further */
        assert_int_equal(start(&f, from, &to->base, &e), 0);
        assert_int_equal(f.copy.counts.differing + f.copy.counts.extra, 0);
        result = copy_perform(&f.copy, &e);
        end(&f);
        if (result == 0)
            break;
        assert_int_equal(e.code, ERROR_STORE_DOWN);
        failed++;
    }
    assert_int_equal(failed, 3);
    assert_int_equal(to->largest, COPY_SLICE_ROWS);
    check_same(from, &to->base, 3 * COPY_SLICE_ROWS + 1);
    state_close(&to->base);
    state_close(from);
}

static void test_large_rows_make_small_slices(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    size_t len = COPY_SLICE_BYTES / 2;
    char *value = mem_alloc(len + 1);
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    memset(value, '7', len);
    value[len] = '\0';
    for (int i = 0; i < 4; i++)
        put(from, "a", (const char *[]){"k0", "k1", "k2", "k3"}[i], value, 0);
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    assert_int_equal(copy_perform(&f.copy, &e), 0);
    end(&f);
    assert_int_equal(to->commits, 4);
    check_same(from, &to->base, 4);
    free(value);
    state_close(&to->base);
    state_close(from);
}

static void test_a_row_that_was_not_kept_is_noticed(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    seed(from);
    to->lose_key = "beyond-double";
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    assert_int_equal(copy_perform(&f.copy, &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_non_null(strstr(e.message, "TO, read again: the key 'beyond-double' is not there"));
    assert_string_equal(e.where, "example-numbers");
    end(&f);
    state_close(&to->base);
    state_close(from);
}

/* Changes FROM in the middle of the copy. */
static void meddle(void *arg, const struct copy_counts *counts)
{
    (void)counts;
    put(arg, "a", "k", "2", 0);
}

static void test_a_source_that_changes_is_noticed(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    put(from, "a", "k", "1", 0);
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    f.copy.progress = meddle;
    f.copy.arg = from;
    assert_int_equal(copy_perform(&f.copy, &e), -1);
    assert_int_equal(e.code, ERROR_STORE);
    assert_non_null(strstr(e.message, "FROM, read again: the key 'k' has another value"));
    end(&f);
    state_close(&to->base);
    state_close(from);
}

/* A row whose time comes while the copy goes on may be gone at TO already. */
static int64_t later(void *arg)
{
    (void)arg;
    return NOW + 100;
}

static void test_a_row_that_expires_meanwhile(void **state)
{
    struct state_store *from = memory();
    struct shared_store *to = shared_new();
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    put(from, "a", "soon", "1", NOW + 100);
    put(from, "a", "later", "1", NOW + 101);
    to->lose_key = "soon";
    assert_int_equal(start(&f, from, &to->base, &e), 0);
    f.copy.clock = later;
    assert_int_equal(copy_perform(&f.copy, &e), 0);
    end(&f);
    state_close(&to->base);
    state_close(from);
}

static void test_one_store_under_two_names(void **state)
{
    struct shared_store *store = shared_new();
    struct error e = ERROR_INIT;
    struct fixture f;

    (void)state;
    put(&store->base, "a", "k", "1", 0);
    store->commits = 0;
    assert_int_equal(start(&f, &store->base, &store->base, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    assert_non_null(strstr(e.message, "the same store"));
    assert_int_equal(store->commits, 0);
    end(&f);
    state_close(&store->base);
}

static void test_a_plugin_that_runs_elsewhere(void **state)
{
    struct state_claim claim = {"them", "there (pid 9)", 60000, false};
    struct shared_store *to = shared_new();
    struct state_store *from = memory();
    struct error e = ERROR_INIT;
    struct state_lease lease;
    struct fixture f;
    bool granted;

    (void)state;
    put(from, "a", "k", "1", 0);
    put(from, "b", "k", "1", 0);
    assert_int_equal(state_lease_take(&to->base, "b", &claim, &granted, &lease, &e), 0);
    assert_int_equal(start(&f, from, &to->base, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_non_null(strstr(e.message, "'b' is run by there (pid 9)"));
    assert_int_equal(to->commits, 0);
    end(&f);
    assert_true(shared_find(to, "a")->expires_ms <= to->server_ms); /* given back */
    state_close(&to->base);
    state_close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_sqlite_shared_and_back),
        cmocka_unit_test(test_conflicts_are_found_and_nothing_is_written),
        cmocka_unit_test(test_slices_and_an_interruption_at_each_of_them),
        cmocka_unit_test(test_large_rows_make_small_slices),
        cmocka_unit_test(test_a_row_that_was_not_kept_is_noticed),
        cmocka_unit_test(test_a_source_that_changes_is_noticed),
        cmocka_unit_test(test_a_row_that_expires_meanwhile),
        cmocka_unit_test(test_one_store_under_two_names),
        cmocka_unit_test(test_a_plugin_that_runs_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
