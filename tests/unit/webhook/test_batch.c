#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "webhook/batch.h"

#define TEXT                                                                                       \
    "{\"actions\":[{\"amount\":5,\"kind\":\"pm_deposit\"}],\"created\":1641027600000,"             \
    "\"mode\":\"execute\",\"plugin\":\"momentum\",\"run\":\"000000000000n\",\"vault\":\"hook\","   \
    "\"version\":1}"
/* hashlib.blake2b(TEXT, digest_size=32), and hmac over "1641027600000." + TEXT with "secret". */
#define KEY "0e391d0b8742f1a433c1a61ecadc15b1aa999dee0e581f091f0a43380cc007b3"
#define MAC "41ed39e84bed901c8e5c5722ada91821170ee3dcf820d3d94850afd464028183"

static struct webhook_batch batch_of(json_t *actions)
{
    return (struct webhook_batch){.actions = actions,
                                  .vault = "hook",
                                  .plugin = "momentum",
                                  .run = 21,
                                  .created_ms = 1641027600000};
}

static void test_the_text_is_always_the_same(void **state)
{
    json_t *actions = json_pack("[{s:s,s:i}]", "kind", "pm_deposit", "amount", 5);
    struct webhook_batch batch = batch_of(actions);
    char key[WEBHOOK_KEY_SIZE];
    size_t len;
    char *text = webhook_batch_text(&batch, 1000, &len);

    (void)state;
    assert_string_equal(text, TEXT);
    assert_int_equal(len, strlen(TEXT));
    assert_string_equal(webhook_batch_key(text, len, key), KEY);
    free(text);
    assert_null(webhook_batch_text(&batch, strlen(TEXT) - 1, &len));
    text = webhook_batch_text(&batch, strlen(TEXT), &len);
    assert_non_null(text);
    free(text);
    json_decref(actions);
}

static void test_a_simulation_is_another_text(void **state)
{
    json_t *actions = json_array();
    struct webhook_batch batch = batch_of(actions);
    size_t len;
    char *text;

    (void)state;
    batch.simulate = true;
    text = webhook_batch_text(&batch, 1000, &len);
    assert_non_null(strstr(text, "\"mode\":\"simulate\""));
    free(text);
    json_decref(actions);
}

static void test_signature(void **state)
{
    char signature[WEBHOOK_SIGNATURE_SIZE];

    (void)state;
    webhook_sign("secret", 6, 1641027600000, TEXT, strlen(TEXT), signature);
    assert_string_equal(signature, "t=1641027600000,v1=" MAC);
    assert_true(webhook_signature_ok(signature));
}

static void test_damaged_signatures(void **state)
{
    static const char *const damaged[] = {
        "",
        "t=",
        "t=,v1=" MAC,
        "t=12345678901234567890,v1=" MAC,
        "t=1,v2=" MAC,
        "t=1,v1=" MAC "0",
        "t=1,v1=0",
        "1,v1=" MAC,
        "t=1\r\nX: y,v1=" MAC,
        "t=1,v1=\r\nX-Y: 0123456789012345678901234567890123456789012345678901234567",
    };

    (void)state;
    assert_false(webhook_signature_ok(NULL));
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++)
        if (webhook_signature_ok(damaged[i]))
            fail_msg("accepted: %s", damaged[i]);
}

static void test_headers(void **state)
{
    struct webhook_headers h;

    (void)state;
    webhook_headers(&h, "t=1641027600000,v1=" MAC, KEY, true);
    assert_string_equal(h.list[0], "X-Orrery-Timestamp: 1641027600000");
    assert_string_equal(h.list[1], "X-Orrery-Signature: v1=" MAC);
    assert_string_equal(h.list[2], "Idempotency-Key: " KEY);
    assert_string_equal(h.list[3], "Content-Type: application/json");
    assert_null(h.list[4]);
    webhook_headers(&h, "t=1641027600000,v1=" MAC, NULL, false);
    assert_null(h.list[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_text_is_always_the_same),
        cmocka_unit_test(test_a_simulation_is_another_text),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_damaged_signatures),
        cmocka_unit_test(test_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
