/* What a version consists of, and how it comes on record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "core/versions.h"
#include "journal/journal.h"
#include "model/value.h"

static char a_text[] = "return 1", b_text[] = "return 2", bytes_text[] = "return '\xff\xc3(\x80'";

static struct desk_file file_of(char *path, char *name, char *source)
{
    return (struct desk_file){path, name, source, strlen(source)};
}

static char *make(char *source, const char *const *required, size_t count, const char *orrery,
                  char hash[DIGEST_TEXT_SIZE])
{
    struct desk_file file = file_of("strategies/s.lua", "s", source);
    struct desk_file items[] = {file_of("lib/a.lua", "a", a_text),
                                file_of("lib/b.lua", "b", b_text),
                                file_of("orrery/amount.lua", "orrery.amount", a_text)};
    struct desk_files modules = {items, 3};
    struct error e = ERROR_INIT;
    char *content = NULL;

    assert_int_equal(version_content(&file, &modules, required, count, orrery, &content, hash, &e),
                     0);
    return content;
}

static void test_content(void **state)
{
    static const char *const ab[] = {"b", "orrery.amount", "a"}, *const ba[] = {"a", "b",
                                                                                "orrery.amount"};
    char one[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE];
    char *content = make("return {}", ab, 3, "0.1.0", one);

    (void)state;
    assert_string_equal(
        content, "{\"file\":\"strategies/s.lua\",\"modules\":["
                 "{\"file\":\"lib/a.lua\",\"name\":\"a\",\"source\":\"return 1\"},"
                 "{\"file\":\"lib/b.lua\",\"name\":\"b\",\"source\":\"return 2\"},"
                 "{\"name\":\"orrery.amount\",\"orrery\":\"0.1.0\"}],\"source\":\"return {}\"}");
    free(content);
    free(make("return {}", ba, 3, "0.1.0", other)); /* in another order */
    assert_string_equal(one, other);
    free(make("return {}", ab, 3, "0.1.1", other));
    assert_string_not_equal(one, other);
    free(make("return {} ", ab, 3, "0.1.0", other));
    assert_string_not_equal(one, other);
    free(make("return {}", ab, 2, "0.1.0", other));
    assert_string_not_equal(one, other);
}

static void test_a_file_of_any_bytes_comes_back(void **state)
{
    char hash[DIGEST_TEXT_SIZE];
    char *texts[] = {a_text, bytes_text, "-- \xc3\xa4\n", "\x80\xbf\xff"};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *content = make(texts[i], NULL, 0, "0.1.0", hash), *back;
        json_t *json = value_parse(content, strlen(content), strlen(content), &e);
        size_t len;
        back = version_source(json, &len);
        assert_int_equal(len, strlen(texts[i]));
        assert_string_equal(back, texts[i]);
        free(back);
        free(content);
        json_decref(json);
    }
}

static void test_too_large(void **state)
{
    size_t len = 1500000;
    char *source = malloc(len + 1), *content = NULL, hash[DIGEST_TEXT_SIZE];
    struct desk_file file = {"strategies/s.lua", "s", source, len};
    struct desk_files modules = {NULL, 0};
    struct error e = ERROR_INIT;

    (void)state;
    memset(source, 1, len); /* six characters each as JSON */
    source[len] = '\0';
    assert_int_equal(version_content(&file, &modules, NULL, 0, "0", &content, hash, &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_null(content);
    free(source);
}

/* ---- on record ---- */

static struct journal *journal;

static int open_journal(void **state)
{
    struct error e = ERROR_INIT;

    (void)state;
    return journal_memory_open(&journal, &e);
}

static int close_journal(void **state)
{
    (void)state;
    journal_close(journal);
    return 0;
}

/* One version of "s" through a batch; the item as it came out. */
static struct version_item put(char *source, const char *note, bool activates)
{
    struct version_batch *b = version_batch_new(note, "kim", activates);
    char hash[DIGEST_TEXT_SIZE], *content = make(source, NULL, 0, "0.1.0", hash);
    struct version_item item;
    struct error e = ERROR_INIT;

    version_batch_add(b, "s", hash, content, NULL);
    b->now_ms = 1000;
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(version_batch_write(b, journal, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
    item = b->items[0];
    item.content = NULL;
    version_batch_free(b);
    free(content);
    return item;
}

static void set_active(bool active)
{
    struct error e = ERROR_INIT;

    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_set_active(journal, "s", active, &e), 0);
    assert_int_equal(journal_commit(journal, &e), 0);
}

static int count_one(void *arg, const struct strategy_version *v)
{
    (void)v;
    ++*(size_t *)arg;
    return 0;
}

static size_t version_count(void)
{
    struct error e = ERROR_INIT;
    size_t count = 0;

    assert_int_equal(journal_list_versions(journal, "s", 0, 100, count_one, &count, &e), 0);
    return count;
}

static void test_a_restart_is_no_new_version(void **state)
{
    struct version_item item = put(a_text, "start", false);

    (void)state;
    assert_true(item.is_new && item.number == 1 && !item.is_inactive);
    item = put(a_text, "start", false);
    assert_true(!item.is_new && item.number == 1 && !item.is_inactive);
    item = put(b_text, "reload", false);
    assert_true(item.is_new && item.number == 2);
    item = put(a_text, "reload", false); /* back again */
    assert_true(!item.is_new && item.number == 1);
    assert_int_equal(version_count(), 2);
}

static void test_what_was_deactivated_stays_so_as_long_as_its_text(void **state)
{
    (void)state;
    put(a_text, "start", false);
    set_active(false);
    assert_true(put(a_text, "start", false).is_inactive);
    assert_true(put(a_text, "reload", false).is_inactive);
    assert_false(put(a_text, "on again", true).is_inactive);
    assert_false(put(a_text, "start", false).is_inactive);
    set_active(false);
    assert_false(put(b_text, "reload", false).is_inactive);
    assert_false(put(b_text, "start", false).is_inactive);
    assert_int_equal(version_count(), 2);
}

/* The store may have to try again: the second try says the same. */
static void test_a_batch_can_be_repeated(void **state)
{
    struct version_batch *b = version_batch_new("start", "kim", false);
    char hash[DIGEST_TEXT_SIZE], *content = make(a_text, NULL, 0, "0.1.0", hash);
    struct error e = ERROR_INIT;

    (void)state;
    version_batch_add(b, "s", hash, content, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(journal_begin(journal, &e), 0);
        assert_int_equal(version_batch_write(b, journal, &e), 0);
        assert_true(b->items[0].is_new);
        if (i == 0)
            journal_rollback(journal);
    }
    assert_int_equal(journal_commit(journal, &e), 0);
    assert_int_equal(version_count(), 1);
    version_batch_free(b);
    free(content);
}

static void test_what_a_deployment_says(void **state)
{
    static const char *const wrong[] = {"{\"note\":5}", "{\"author\":[]}",
                                        "{\"note\":\"a\\u0000\"}"};
    struct deployment d;
    struct error e = ERROR_INIT;
    json_t *request = json_pack("{s:s, s:s}", "note", "calmer", "author", "kim");

    (void)state;
    assert_int_equal(deployment_read(request, &d, &e), 0);
    assert_string_equal(d.note, "calmer");
    assert_string_equal(d.author, "kim");
    json_decref(request);
    request = json_object();
    assert_int_equal(deployment_read(request, &d, &e), 0);
    assert_string_equal(d.note, "");
    assert_true(strlen(d.author) > 0); /* whoever runs this */
    json_decref(request);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        error_clear(&e);
        request = json_loads(wrong[i], JSON_ALLOW_NUL, NULL);
        assert_int_equal(deployment_read(request, &d, &e), -1);
        assert_int_equal(e.code, ERROR_INVALID);
        json_decref(request);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_a_file_of_any_bytes_comes_back),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test_setup_teardown(test_a_restart_is_no_new_version, open_journal,
                                        close_journal),
        cmocka_unit_test_setup_teardown(test_what_was_deactivated_stays_so_as_long_as_its_text,
                                        open_journal, close_journal),
        cmocka_unit_test_setup_teardown(test_a_batch_can_be_repeated, open_journal, close_journal),
        cmocka_unit_test(test_what_a_deployment_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
