#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "io/watch.h"

#define QUIET_MS    40
#define DEADLINE_MS 20000

struct fixture {
    uv_loop_t loop;
    struct watch *watch;
    int changes;
    bool free_in_callback;
    char root[64], folder[80];
};

static void on_changed(void *arg)
{
    struct fixture *f = arg;

    f->changes++;
    if (f->free_in_callback) {
        watch_free(f->watch);
        f->watch = NULL;
    }
}

static char *in(const struct fixture *f, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", f->folder, name);
    return out;
}

static void save(const struct fixture *f, const char *name, const char *text)
{
    char path[128];
    FILE *file = fopen(in(f, name, path), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void set_true(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until there are `changes` in all; false when the deadline passed. */
static bool await(struct fixture *f, int changes, uint64_t deadline_ms)
{
    bool late = false;
    uv_timer_t timer;

    uv_timer_init(&f->loop, &timer);
    timer.data = &late;
    uv_update_time(&f->loop);
    uv_timer_start(&timer, set_true, deadline_ms, 0);
    while (f->changes < changes && !late)
        uv_run(&f->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    return f->changes >= changes;
}

/* Exactly one report, and no second one within several quiet periods. */
static void expect_one(struct fixture *f, const char *what)
{
    if (!await(f, 1, DEADLINE_MS))
        fail_msg("%s: no change was reported", what);
    if (await(f, 2, 6 * QUIET_MS))
        fail_msg("%s: reported more than once", what);
    f->changes = 0;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct error e = ERROR_INIT;

    *state = f;
    if (f == NULL || uv_loop_init(&f->loop) != 0)
        return -1;
    snprintf(f->root, sizeof f->root, "/tmp/orrery-test-watch-XXXXXX");
    if (mkdtemp(f->root) == NULL)
        return -1;
    snprintf(f->folder, sizeof f->folder, "%s/strategies", f->root);
    if (mkdir(f->folder, 0700) != 0 ||
        watch_new(&f->watch, &f->loop, QUIET_MS, on_changed, f, &e) != 0)
        return -1;
    return watch_add(f->watch, f->folder, &e);
}

static void remove_files(const struct fixture *f)
{
    static const char *const names[] = {"a.lua", "b.lua", ".a.lua.swp", "4913", "a.lua~"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(in(f, names[i], path));
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    int left;

    watch_free(f->watch);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    left = uv_loop_close(&f->loop);
    remove_files(f);
    rmdir(f->folder);
    left |= rmdir(f->root);
    free(f);
    return left;
}

static void test_create_write_delete(void **state)
{
    struct fixture *f = *state;
    char path[128];

    save(f, "a.lua", "return 1");
    expect_one(f, "new file");
    save(f, "a.lua", "return 2");
    expect_one(f, "truncate and write");
    assert_int_equal(unlink(in(f, "a.lua", path)), 0);
    expect_one(f, "deletion");
}

static void test_rename_over(void **state)
{
    struct fixture *f = *state;
    char from[128], to[128];

    save(f, "a.lua", "return 1");
    expect_one(f, "new file");
    for (int i = 0; i < 3; i++) {
        save(f, "a.lua~", "return 2");
        assert_int_equal(rename(in(f, "a.lua~", from), in(f, "a.lua", to)), 0);
        expect_one(f, "rename over");
    }
}

static void test_only_names_of_one_ending(void **state)
{
    struct fixture *f = *state;
    char from[128], to[128];

    watch_only(f->watch, ".lua");
    save(f, "4913", "a log, say");
    save(f, ".a.lua.swp", "");
    assert_false(await(f, 1, 6 * QUIET_MS));
    save(f, "a.lua", "return 1");
    expect_one(f, "new file");
    save(f, "a.lua~", "return 2");
    assert_false(await(f, 1, 6 * QUIET_MS));
    assert_int_equal(rename(in(f, "a.lua~", from), in(f, "a.lua", to)), 0);
    expect_one(f, "rename over");
    assert_int_equal(unlink(in(f, "a.lua", to)), 0);
    expect_one(f, "deletion");
}

/* What vim does: a probe file, a swap file, the old file moved aside, a new one written. */
static void test_editor(void **state)
{
    struct fixture *f = *state;
    char a[128], b[128];

    save(f, "a.lua", "return 1");
    expect_one(f, "new file");
    save(f, ".a.lua.swp", "swap");
    save(f, "4913", "");
    unlink(in(f, "4913", a));
    assert_int_equal(rename(in(f, "a.lua", a), in(f, "a.lua~", b)), 0);
    save(f, "a.lua", "return 2");
    unlink(in(f, "a.lua~", b));
    unlink(in(f, ".a.lua.swp", b));
    expect_one(f, "editor");
}

/* A writer that never pauses does not put the report off for ever. */
static void test_endless_burst(void **state)
{
    struct fixture *f = *state;
    uint64_t from = uv_hrtime(), took;
    int writes = 0;

    while (f->changes == 0 && uv_hrtime() - from < (uint64_t)DEADLINE_MS * 1000000) {
        save(f, "a.lua", writes++ % 2 == 0 ? "return 1" : "return 2");
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    took = (uv_hrtime() - from) / 1000000;
    assert_int_equal(f->changes, 1);
    assert_true(writes > 10);
    assert_true(took >= 3 * QUIET_MS); /* it did wait for an end that did not come */
}

static void test_folder_deleted_and_back(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        remove_files(f);
        assert_int_equal(rmdir(f->folder), 0);
        expect_one(f, "folder deleted");
        assert_int_equal(mkdir(f->folder, 0700), 0);
        assert_true(await(f, 1, DEADLINE_MS));
        f->changes = 0;
        save(f, "a.lua", "return 1");
        assert_true(await(f, 1, DEADLINE_MS));
        await(f, 99, 6 * QUIET_MS);
        f->changes = 0;
    }
}

/* Deleted and made again at once: the new one may have the old one's inode number. */
static void test_folder_replaced_at_once(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++) {
        remove_files(f);
        await(f, 99, 6 * QUIET_MS);
        f->changes = 0;
        assert_int_equal(rmdir(f->folder), 0);
        assert_int_equal(mkdir(f->folder, 0700), 0);
        assert_true(await(f, 1, DEADLINE_MS));
        await(f, 99, WATCH_RETRY_MS + 6 * QUIET_MS); /* it has looked by then */
        f->changes = 0;
        save(f, "a.lua", "return 1");
        if (!await(f, 1, DEADLINE_MS))
            fail_msg("round %d: the new folder is not watched", i);
    }
}

static void test_folder_renamed_over(void **state)
{
    struct fixture *f = *state;
    char other[128], old[128], path[256];
    FILE *file;

    snprintf(other, sizeof other, "%s/new", f->root);
    snprintf(old, sizeof old, "%s/old", f->root);
    assert_int_equal(mkdir(other, 0700), 0);
    snprintf(path, sizeof path, "%s/a.lua", other);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(rename(f->folder, old), 0);
    assert_int_equal(rename(other, f->folder), 0);
    assert_true(await(f, 1, DEADLINE_MS));
    await(f, 99, WATCH_RETRY_MS + 6 * QUIET_MS);
    f->changes = 0;
    save(f, "a.lua", "return 3");
    expect_one(f, "file in the new folder");
    assert_int_equal(rmdir(old), 0);
}

static void test_folder_not_there_yet(void **state)
{
    struct fixture *f = *state;
    struct error e = ERROR_INIT;
    char path[128];

    snprintf(path, sizeof path, "%s/lib/", f->root);
    assert_int_equal(watch_add(f->watch, path, &e), 0);
    assert_false(await(f, 1, 3 * WATCH_RETRY_MS));
    assert_int_equal(mkdir(path, 0700), 0);
    expect_one(f, "folder appeared");
    assert_int_equal(rmdir(path), 0);
    expect_one(f, "folder gone");
}

static void test_free_in_callback(void **state)
{
    struct fixture *f = *state;

    f->free_in_callback = true;
    save(f, "a.lua", "return 1");
    assert_true(await(f, 1, DEADLINE_MS));
    assert_null(f->watch);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    struct error e = ERROR_INIT;
    struct watch *other = NULL;

    assert_int_equal(watch_new(&other, &f->loop, -1, on_changed, f, &e), -1);
    assert_int_equal(e.code, ERROR_INVALID);
    error_clear(&e);
    for (int i = 1; i < WATCH_FOLDERS; i++)
        assert_int_equal(watch_add(f->watch, f->folder, &e), 0);
    assert_int_equal(watch_add(f->watch, f->folder, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    save(f, "a.lua", "return 1");
    expect_one(f, "one folder added many times");
    watch_free(NULL);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_create_write_delete),
        WITH(test_rename_over),
        WITH(test_only_names_of_one_ending),
        WITH(test_editor),
        WITH(test_endless_burst),
        WITH(test_folder_deleted_and_back),
        WITH(test_folder_replaced_at_once),
        WITH(test_folder_renamed_over),
        WITH(test_folder_not_there_yet),
        WITH(test_free_in_callback),
        WITH(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
