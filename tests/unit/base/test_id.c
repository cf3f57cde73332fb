/* Ids only grow, whatever the clock does, and sort as text. */
#include "unit/base/support.h"

#include "base/id.h"
#include "base/random.h"

static void grow_whatever_the_clock_does(void **state)
{
    struct id_source source = {0};
    struct random r;
    uint64_t last = 0;
    char text[ID_TEXT_SIZE], before[ID_TEXT_SIZE] = "";

    (void)state;
    random_init(&r, 5);
    for (int i = 0; i < 100000; i++) {
        int64_t now = 1700000000000 + (int64_t)random_below(&r, 50) - 25;
        uint64_t id = id_next(&source, now);
        uint64_t back = 0;
        assert_true(id > last);
        assert_true(strcmp(id_format(id, text), before) > 0);
        assert_int_equal(id_parse(text, &back), 0);
        assert_true(back == id);
        memcpy(before, text, sizeof before);
        last = id;
    }
}

static void carry_the_time(void **state)
{
    struct id_source source = {0};

    (void)state;
    assert_true(id_time_ms(id_next(&source, 1700000000000)) == 1700000000000);
    assert_true(id_time_ms(id_next(&source, 1700000000000)) == 1700000000000);
    assert_true(id_time_ms(id_next(&source, 5)) == 1700000000000); /* stepped back */
    source.last = 0;
    assert_true(id_next(&source, -5) > 0);
    assert_true(id_next(&source, 0) > 1);
}

static void go_on_after_a_restart(void **state)
{
    struct id_source source = {.last = UINT64_C(1) << 50};

    (void)state;
    assert_true(id_next(&source, 1) == (UINT64_C(1) << 50) + 1);
}

static void text_form(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "00000000000001",
                                      "000000000000l",
                                      "000000000000O",
                                      "000000000000u",
                                      "8000000000000",
                                      "00000000000 0",
                                      "-000000000001"};
    char text[ID_TEXT_SIZE];
    uint64_t id = 42;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(id_parse(bad[i], &id), -1);
    assert_true(id == 42);
    assert_string_equal(id_format(INT64_MAX, text), "7zzzzzzzzzzzz");
    assert_string_equal(id_format(0, text), "0000000000000");
    assert_string_equal(id_format(33, text), "0000000000011");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grow_whatever_the_clock_does),
        cmocka_unit_test(carry_the_time),
        cmocka_unit_test(go_on_after_a_restart),
        cmocka_unit_test(text_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
