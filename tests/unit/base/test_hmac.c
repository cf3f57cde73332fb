#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hmac.h"

/* RFC 4231. */
static void test_vectors(void **state)
{
    static const struct {
        unsigned char key_byte;
        size_t key_len;
        const char *text, *mac;
    } cases[] = {
        {0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    unsigned char key[131];
    char mac[HMAC_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct digest_part part = {cases[i].text, strlen(cases[i].text)};

        memset(key, cases[i].key_byte, sizeof key);
        assert_string_equal(hmac_sha256(key, cases[i].key_len, &part, 1, mac), cases[i].mac);
    }
}

static void test_parts_count_as_they_stand(void **state)
{
    struct digest_part whole = {"what do ya want for nothing?", 28};
    struct digest_part parts[] = {{"what do ya", 10}, {"", 0}, {" want for nothing?", 18}};
    char mac[HMAC_TEXT_SIZE];

    (void)state;
    assert_string_equal(hmac_sha256("Jefe", 4, &whole, 1, mac),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_string_equal(hmac_sha256("Jefe", 4, parts, 3, mac),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_parts_count_as_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
