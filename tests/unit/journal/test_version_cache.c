/* The cache of strategy versions by itself, and in front of a journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "journal/version_cache.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A clock whose monotonic time the test moves. */
static int64_t now_ns;
static struct version_cache *cache;
static struct clock test_clock;

static int64_t shown_ns(const struct clock *c)
{
    (void)c;
    return now_ns;
}

static int set_up(void **unused)
{
    (void)unused;
    now_ns = 5;
    clock_init_manual(&test_clock, 0);
    test_clock.mono_ns = shown_ns;
    cache = version_cache_new(&test_clock);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    version_cache_free(cache);
    return 0;
}

static void later(int64_t ms)
{
    now_ns += ms * 1000000;
}

static void put(const char *strategy, uint32_t number)
{
    struct strategy_version version = {
        .strategy = strategy, .number = number, .content = "c", .note = "n", .author = "a"};

    snprintf(version.hash, sizeof version.hash, "%032x", number);
    version_cache_put(cache, &version);
}

static bool has(const char *strategy, uint32_t number)
{
    const struct strategy_version *found = version_cache_by_number(cache, strategy, number);

    return found != NULL && found->number == number && strcmp(found->strategy, strategy) == 0;
}

static void found_by_number_and_hash(void **unused)
{
    char hash[DIGEST_TEXT_SIZE], long_name[LIMIT_NAME_BYTES + 2];

    (void)unused;
    put("s", 7);
    snprintf(hash, sizeof hash, "%032x", 7);
    assert_true(has("s", 7));
    assert_false(has("s", 8) || has("t", 7) || has("", 7));
    assert_string_equal(version_cache_by_hash(cache, "s", hash)->content, "c");
    assert_null(version_cache_by_hash(cache, "t", hash));
    assert_null(version_cache_by_hash(cache, "s", HASH_A "x"));
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    put(long_name, 1);
    assert_null(version_cache_by_number(cache, long_name, 1));
    assert_int_equal(version_cache_count(cache), 1);
}

static void what_was_not_used_for_longest_gives_way(void **unused)
{
    (void)unused;
    for (uint32_t i = 1; i <= VERSION_CACHE_MAX; i++)
        put("s", i);
    assert_true(has("s", 1)); /* used: so 2 is the next to go */
    put("s", 5000);
    assert_int_equal(version_cache_count(cache), VERSION_CACHE_MAX);
    assert_true(has("s", 1) && has("s", 5000) && has("s", 3));
    assert_false(has("s", 2));
    put("s", 3); /* there already: nobody has to go */
    assert_true(has("s", 4));
    assert_int_equal(version_cache_count(cache), VERSION_CACHE_MAX);
}

static void use_does_not_make_it_live_longer(void **unused)
{
    (void)unused;
    put("s", 1);
    for (int i = 0; i < 3; i++) {
        later(VERSION_CACHE_TTL_MS / 4);
        assert_true(has("s", 1));
    }
    later(VERSION_CACHE_TTL_MS / 4 - 1);
    assert_true(has("s", 1));
    later(1);
    assert_false(has("s", 1));
    assert_int_equal(version_cache_count(cache), 0);
    put("s", 1); /* read again: a new life */
    later(VERSION_CACHE_TTL_MS - 1);
    assert_true(has("s", 1));
}

static void large_ones_and_lists_are_not_kept(void **unused)
{
    char *large = mem_alloc(VERSION_CACHE_BYTES + 2);
    struct strategy_version version = {
        .strategy = "s", .number = 1, .hash = HASH_A, .note = "", .author = ""};

    (void)unused;
    version_cache_put(cache, &version); /* without content */
    memset(large, 'x', VERSION_CACHE_BYTES + 1);
    large[VERSION_CACHE_BYTES + 1] = '\0';
    version.content = large;
    version_cache_put(cache, &version);
    assert_int_equal(version_cache_count(cache), 0);
    large[VERSION_CACHE_BYTES] = '\0';
    version_cache_put(cache, &version);
    assert_int_equal(version_cache_count(cache), 1);
    version_cache_clear(cache);
    assert_false(has("s", 1));
    free(large);
}

/* ---- in front of a journal ---- */

static struct journal_ops counting;
static const struct journal_ops *right;
static int asked;

static int find_counts(struct journal *j, const char *strategy, const char *hash, version_fn *each,
                       void *arg, struct error *e)
{
    asked++;
    return right->find_version(j, strategy, hash, each, arg, e);
}

static int get_counts(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                      void *arg, struct error *e)
{
    asked++;
    return right->get_version(j, strategy, number, each, arg, e);
}

static int take(void *arg, const struct strategy_version *version)
{
    *(int *)arg = (int)version->number * 10 + version->is_current;
    return 0;
}

static void save(struct journal *j, const char *hash, bool commit)
{
    struct strategy_version version = {.strategy = "s", .content = "c"};
    struct error e = ERROR_INIT;
    uint32_t number;
    bool is_new;

    snprintf(version.hash, sizeof version.hash, "%s", hash);
    assert_int_equal(journal_begin(j, &e), 0);
    assert_int_equal(journal_put_version(j, &version, &number, &is_new, &e), 0);
    if (commit)
        assert_int_equal(journal_commit(j, &e), 0);
    else
        journal_rollback(j);
}

static int find(struct journal *j, const char *hash)
{
    struct error e = ERROR_INIT;
    int seen = 0;

    assert_int_equal(journal_find_version(j, "s", hash, take, &seen, &e), 0);
    return seen;
}

static int get(struct journal *j, uint32_t number)
{
    struct error e = ERROR_INIT;
    int seen = 0;

    assert_int_equal(journal_get_version(j, "s", number, take, &seen, &e), 0);
    return seen;
}

static void a_journal_is_asked_once(void **unused)
{
    struct error e = ERROR_INIT;
    struct journal *j = NULL;

    (void)unused;
    assert_int_equal(journal_memory_open(&j, &e), 0);
    right = j->ops;
    counting = *right;
    counting.find_version = find_counts;
    counting.get_version = get_counts;
    j->ops = &counting;
    journal_cache_versions(j, &test_clock);
    save(j, HASH_A, true);
    asked = 0;
    assert_true(find(j, HASH_A) == 11 && find(j, HASH_A) == 11 && get(j, 1) == 11);
    assert_int_equal(asked, 1);
    assert_true(find(j, HASH_B) == 0 && find(j, HASH_B) == 0 && get(j, 0) == 11); /* not kept */
    assert_int_equal(asked, 4);
    save(j, HASH_B, true); /* another one is current */
    assert_true(get(j, 1) == 10 && get(j, 0) == 21 && get(j, 1) == 10);
    assert_int_equal(asked, 6);
    save(j, "cccccccccccccccccccccccccccccccc", false);
    assert_true(get(j, 3) == 0 && get(j, 2) == 21);
    later(VERSION_CACHE_TTL_MS);
    asked = 0;
    assert_true(get(j, 2) == 21 && asked == 1);
    journal_close(j);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(found_by_number_and_hash),         TEST(what_was_not_used_for_longest_gives_way),
        TEST(use_does_not_make_it_live_longer), TEST(large_ones_and_lists_are_not_kept),
        TEST(a_journal_is_asked_once),
    };

    return cmocka_run_group_tests_name("journal: versions in memory", tests, NULL, NULL);
}
