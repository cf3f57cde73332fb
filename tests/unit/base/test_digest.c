/* What content is called by: equal to the published algorithm, and different for different parts.
 */
#include "support.h"

#include "base/digest.h"

/* BLAKE2b with 16 bytes of output: the digest of nothing and of "abc", from the reference program.
 */
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

/* BLAKE2b-256 of "abc" from the reference program, and the same in pieces. */
static void raw_digests(void **state)
{
    static const unsigned char known[DIGEST_256_BYTES] = {
        0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
        0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
        0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
    struct digest_part whole[] = {{"abc", 3}}, pieces[] = {{"a", 1}, {"", 0}, {"bc", 2}};
    unsigned char out[DIGEST_256_BYTES];

    (void)state;
    digest_256(whole, 1, out);
    assert_memory_equal(out, known, sizeof out);
    memset(out, 0, sizeof out);
    digest_256(pieces, 3, out);
    assert_memory_equal(out, known, sizeof out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(parts_have_lengths),
        cmocka_unit_test(raw_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
