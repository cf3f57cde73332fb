/* Questions about submissions: pages, one by its id, its digest or the beginning of one, a run's
 * transaction; and whatever is asked wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "core/records.h"
#include "journal/journal.h"

#define T0    1641024000000
#define COUNT 30

static struct journal *journal;

static uint64_t id_at(unsigned n)
{
    return ((uint64_t)T0 << 21) + n;
}

static char *id_of(unsigned n)
{
    static char texts[4][ID_TEXT_SIZE];
    static int next;

    next = (next + 1) % 4;
    return id_format(id_at(n), texts[next]);
}

static void put(unsigned n, const char *vault)
{
    struct submission s = {.id = id_at(n),
                           .plugin = "first",
                           .executor = "sui",
                           .account = "0x11",
                           .bytes = (uint8_t *)"bytes",
                           .len = 5,
                           .holds = (char *)"{\"a\":1}",
                           .created_ms = T0};
    struct error e = ERROR_INIT;

    snprintf(s.vault, sizeof s.vault, "%s", vault);
    snprintf(s.digest, sizeof s.digest, "D%02uxyz", n);
    if (journal_put_submission(journal, &s, &e) < 0)
        fail_msg("%s", e.message);
}

/* Even ones are of the vault "v", the first five have ended, the run of number 1 is on record. */
static int fill(void **state)
{
    struct run run = {.id = id_at(1), .status = RUN_COMPLETED, .plugin = "first", .attempts = 1};
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(journal_memory_open(&journal, &e), 0);
    assert_int_equal(journal_begin(journal, &e), 0);
    assert_int_equal(journal_put_run(journal, &run, &e), 0);
    for (unsigned n = 1; n <= COUNT; n++)
        put(n, n % 2 == 0 ? "v" : "w");
    for (unsigned n = 1; n <= 5; n++)
        assert_int_equal(journal_settle_submission(journal, id_at(n),
                                                   n == 5 ? SUBMISSION_DEAD : SUBMISSION_DONE,
                                                   n != 5, "{\"gas_used\":7}", T0 + 9, &e),
                         0);
    assert_int_equal(journal_commit(journal, &e), 0);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    journal_close(journal);
    return 0;
}

/* Takes over `request`. */
static int try(json_t *request, json_t **data, struct error *e)
{
    struct record_ask ask = {.journal = journal, .now_ms = T0, .request = request};
    int result = records_answer(&ask, data, e);

    json_decref(request);
    return result;
}

static json_t *answer(json_t *request)
{
    struct error e = ERROR_INIT;
    json_t *data = NULL;

    if (try(request, &data, &e) < 0)
        fail_msg("%s: %s", error_name(e.code), e.message);
    return data;
}

static void refused(json_t *request, enum error_code code, const char *part)
{
    struct error e = ERROR_INIT;
    json_t *data = NULL;

    assert_int_equal(try(request, &data, &e), -1);
    assert_null(data);
    if (e.code != code || strstr(e.message, part) == NULL)
        fail_msg("%s: %s", error_name(e.code), e.message);
}

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

/* How many a question lists; the first and the last are as expected. */
static void lists(json_t *request, size_t count, unsigned first, unsigned last)
{
    json_t *data = answer(request), *list = json_object_get(data, "transactions");

    assert_int_equal(json_array_size(list), count);
    if (count > 0) {
        assert_string_equal(text_of(json_array_get(list, 0), "id"), id_of(first));
        assert_string_equal(text_of(json_array_get(list, count - 1), "id"), id_of(last));
        assert_null(json_object_get(json_array_get(list, 0), "base64"));
    }
    json_decref(data);
}

static void filters(void **state)
{
    (void)state;
    lists(json_pack("{s:s, s:i}", "op", "tx_list", "limit", 200), COUNT, COUNT, 1);
    lists(json_pack("{s:s, s:s, s:i}", "op", "tx_list", "state", "open", "limit", 200), 25, COUNT,
          6);
    lists(json_pack("{s:s, s:s}", "op", "tx_list", "state", "done"), 4, 4, 1);
    lists(json_pack("{s:s, s:s}", "op", "tx_list", "state", "dead"), 1, 5, 5);
    lists(json_pack("{s:s, s:s, s:s}", "op", "tx_list", "vault", "v", "state", "done"), 2, 4, 2);
    lists(json_pack("{s:s, s:s}", "op", "tx_list", "account", "0x12"), 0, 0, 0);
    lists(json_pack("{s:s, s:s}", "op", "tx_list", "before", id_of(3)), 2, 2, 1);
    lists(json_pack("{s:s, s:s}", "op", "tx_list", "before", id_of(1)), 0, 0, 0);
    refused(json_pack("{s:s, s:s}", "op", "tx_list", "state", "shut"), ERROR_INVALID,
            "open, done or dead");
    refused(json_pack("{s:s, s:s}", "op", "tx_list", "before", "soon"), ERROR_INVALID,
            "13 characters");
    refused(json_pack("{s:s, s:i}", "op", "tx_list", "limit", 201), ERROR_INVALID, "1 to 200");
    refused(json_pack("{s:s, s:s}", "op", "tx_list", "after", id_of(3)), ERROR_INVALID, "cursor");
}

/* Page by page, also below an id: everything once. */
static void pages(void **state)
{
    json_t *after = json_null();
    unsigned next = 27;

    (void)state;
    while (after != NULL) {
        json_t *data = answer(json_pack("{s:s, s:s, s:i, s:O}", "op", "tx_list", "before",
                                        id_of(28), "limit", 4, "after", after));
        const json_t *one;
        size_t i;
        json_array_foreach(json_object_get(data, "transactions"), i, one)
            assert_string_equal(text_of(one, "id"), id_of(next--));
        json_decref(after);
        after = json_is_string(json_object_get(data, "next"))
                    ? json_incref(json_object_get(data, "next"))
                    : NULL;
        json_decref(data);
    }
    assert_int_equal(next, 0);
}

static json_t *show(const char *tx)
{
    return json_pack("{s:s, s:s}", "op", "tx_show", "tx", tx);
}

static void shows(const char *tx, unsigned n)
{
    json_t *data = answer(show(tx));

    assert_string_equal(text_of(data, "id"), id_of(n));
    assert_string_equal(text_of(data, "base64"), "Ynl0ZXM=");
    json_decref(data);
}

static void one_by_its_names(void **state)
{
    json_t *data;

    (void)state;
    shows(id_of(7), 7);
    shows("D07xyz", 7);
    shows("D07x", 7);
    data = answer(show(id_of(1)));
    assert_string_equal(text_of(json_object_get(data, "run"), "plugin"), "first");
    assert_string_equal(text_of(json_object_get(data, "run"), "status"), "completed");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(data, "outcome"), "gas_used")), 7);
    json_decref(data);
    data = answer(show(id_of(2)));
    assert_true(json_is_null(json_object_get(data, "run")));
    json_decref(data);
    refused(show("D07"), ERROR_INVALID, "at least 4 characters");
    refused(show(""), ERROR_INVALID, "expected a digest or the id");
    refused(json_pack("{s:s}", "op", "tx_show"), ERROR_INVALID, "expected a digest or the id");
    refused(show("none"), ERROR_NOT_FOUND, "there is no transaction 'none'");
    refused(show("a digest that is longer than any digest that there could be on record"),
            ERROR_NOT_FOUND, "there is no transaction");
    refused(show(id_of(COUNT + 1)), ERROR_NOT_FOUND, "there is no transaction");
}

static void beginnings_of_several(void **state)
{
    char beginning[8];

    (void)state;
    snprintf(beginning, sizeof beginning, "%.6s", id_of(1));
    refused(show(beginning), ERROR_CONFLICT, "D30xyz and D29xyz");
}

static void a_run_has_its_transaction(void **state)
{
    json_t *data = answer(json_pack("{s:s, s:s}", "op", "run_show", "run", id_of(1)));
    const json_t *tx = json_object_get(data, "transaction");

    (void)state;
    assert_string_equal(text_of(data, "digest"), "D01xyz");
    assert_string_equal(text_of(tx, "state"), "done");
    assert_true(json_is_true(json_object_get(tx, "success")));
    json_decref(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(filters, fill, empty),
        cmocka_unit_test_setup_teardown(pages, fill, empty),
        cmocka_unit_test_setup_teardown(one_by_its_names, fill, empty),
        cmocka_unit_test_setup_teardown(beginnings_of_several, fill, empty),
        cmocka_unit_test_setup_teardown(a_run_has_its_transaction, fill, empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
