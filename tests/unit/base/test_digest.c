/* What content is called by: equal to the published algorithm, and different for different parts. */
#include "support.h"

#include "base/digest.h"

/* BLAKE2b with 16 bytes of output: the digest of nothing and of "abc", from the reference program. */
static void known_digests(void **state)
{
    char out[DIGEST_TEXT_SIZE];

    (void)state;
    assert_string_equal(digest_text("", 0, out), "cae66941d9efbd404e4d88758ea67670");
    assert_string_equal(digest_text("abc", 3, out), "cf4ab791c62b8d2b2109c90275287816");
}

static void parts_have_lengths(void **state)
{
    struct digest_part one[] = {{"ab", 2}, {"c", 1}}, other[] = {{"a", 1}, {"bc", 2}};
    struct digest_part whole[] = {{"abc", 3}}, behind[] = {{"abc", 3}, {"", 0}};
    char a[DIGEST_TEXT_SIZE], b[DIGEST_TEXT_SIZE], c[DIGEST_TEXT_SIZE], d[DIGEST_TEXT_SIZE];

    (void)state;
    digest_parts(one, 2, a);
    digest_parts(other, 2, b);
    digest_parts(whole, 1, c);
    digest_parts(behind, 2, d);
    assert_string_not_equal(a, b);
    assert_string_not_equal(a, c);
    assert_string_not_equal(c, d);
    assert_int_equal(strlen(a), DIGEST_TEXT_SIZE - 1);
    assert_string_equal(digest_parts(one, 2, b), a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(parts_have_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
