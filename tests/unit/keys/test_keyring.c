/* Keys from text, and what they make: addresses and signatures equal to the official SDK's. */
#include "support.h"

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/key_text.h"
#include "keys/keyring.h"
#include "keys/locked.h"

static struct keyring *ring_of(const char *text)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);

    assert_non_null(ring);
    if (keyring_load_text(ring, text, strlen(text), "test", NULL, &e) < 0)
        fail_msg("%s", e.message);
    return ring;
}

static void check_vector(const char *text, const struct key_vector *v)
{
    unsigned char digest[KEY_DIGEST_BYTES], public_key[KEY_PUBLIC_BYTES];
    unsigned char signature[KEY_SIGNATURE_BYTES];
    char base64[sodium_base64_ENCODED_LEN(KEY_SIGNATURE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    char exported[KEY_BECH32_CHARS + 1] = {0};
    struct keyring *ring = ring_of(text);
    const struct keyring_key *key = keyring_at(ring, 0);
    struct error e = ERROR_INIT;

    assert_int_equal(keyring_count(ring), 1);
    assert_string_equal(key->address_text, v->address);
    assert_string_equal(key->origin, "test");
    from_hex(v->public_key, public_key, sizeof public_key);
    assert_memory_equal(key->public_key, public_key, sizeof public_key);
    keyring_export(ring, 0, exported);
    assert_string_equal(exported, v->suiprivkey);
    assert_int_equal(keyring_seal(ring, &e), 0);
    from_hex(v->digest, digest, sizeof digest);
    keyring_sign(ring, 0, digest, signature);
    sodium_bin2base64(base64, sizeof base64, signature, sizeof signature,
                      sodium_base64_VARIANT_ORIGINAL);
    assert_string_equal(base64, v->signature);
    assert_true(key_verify(signature, digest, key->address));
    assert_int_equal(keyring_find(ring, key->address), 0);
    keyring_free(ring);
}

static void vectors_in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEY_VECTORS; i++) {
        char text[256];
        check_vector(key_vectors[i].suiprivkey, &key_vectors[i]);
        check_vector(key_vectors[i].base64, &key_vectors[i]);
        snprintf(text, sizeof text, " \t%s\r\n", key_vectors[i].suiprivkey);
        check_vector(text, &key_vectors[i]);
        snprintf(text, sizeof text, "[\"%s\"]", key_vectors[i].base64);
        check_vector(text, &key_vectors[i]);
        snprintf(text, sizeof text, "\n[\n  \"%s\"\n]\n", key_vectors[i].base64);
        check_vector(text, &key_vectors[i]);
    }
}

/* The golden file that the whole project shares: its transactions' signatures. */
static void shared_vectors(void **state)
{
    static const char *const names[] = {"\"none\"", "\"epoch\"", "\"validDuring\""};
    static char text[16384];
    const char *folder = getenv("ORRERY_SHARED");
    char path[512];
    FILE *file;
    struct keyring *ring;
    size_t len;

    (void)state;
    snprintf(path, sizeof path, "%s/vectors/vectors.json",
             folder != NULL ? folder : ORRERY_SOURCE_DIR "/../shared");
    file = fopen(path, "re");
    if (file == NULL) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(len > 0 && len < sizeof text - 1);
    ring = ring_of(key_vectors[0].suiprivkey);
    assert_non_null(strstr(text, key_vectors[0].suiprivkey));
    assert_non_null(strstr(text, keyring_at(ring, 0)->address_text));
    for (size_t i = 0; i < 3; i++) {
        unsigned char digest[KEY_DIGEST_BYTES], signature[KEY_SIGNATURE_BYTES];
        char base64[160], hex[65] = {0};
        const char *part = strstr(text, names[i]), *at;
        assert_non_null(part);
        at = strstr(part, "\"signingDigest\": \"");
        assert_non_null(at);
        memcpy(hex, at + 18, 64);
        from_hex(hex, digest, sizeof digest);
        keyring_sign(ring, 0, digest, signature);
        sodium_bin2base64(base64, sizeof base64, signature, sizeof signature,
                          sodium_base64_VARIANT_ORIGINAL);
        at = strstr(part, "\"signature\": \"");
        assert_non_null(at);
        assert_memory_equal(at + 14, base64, strlen(base64));
        assert_int_equal(at[14 + strlen(base64)], '"');
    }
    keyring_free(ring);
}

static void a_list_keeps_its_order(void **state)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);
    struct keyring_load load;
    char text[4096];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < KEY_VECTORS; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"%s\"", i == 0 ? "[" : ", ",
                                key_vectors[i].base64);
    /* One twice, and one of another scheme. */
    len += (size_t)snprintf(text + len, sizeof text - len, ",\"%s\",\"%s\"]", key_vectors[3].base64,
                            KEY_VECTOR_SECP256K1_BASE64);
    assert_int_equal(keyring_load_text(ring, text, len, "list", &load, &e), 0);
    assert_int_equal(load.keys, KEY_VECTORS + 1);
    assert_int_equal(load.other, 1);
    assert_int_equal(keyring_count(ring), KEY_VECTORS);
    for (size_t i = 0; i < KEY_VECTORS; i++) {
        assert_string_equal(keyring_at(ring, i)->address_text, key_vectors[i].address);
        assert_int_equal(keyring_find(ring, keyring_at(ring, i)->address), (int)i);
    }
    /* Once more from elsewhere: the same keys, and where they came from first. */
    assert_int_equal(
        keyring_load_text(ring, key_vectors[2].suiprivkey, KEY_BECH32_CHARS, "other", &load, &e),
        0);
    assert_int_equal(load.keys, 1);
    assert_int_equal(keyring_count(ring), KEY_VECTORS);
    assert_string_equal(keyring_at(ring, 2)->origin, "list");
    keyring_free(ring);
}

/* `text` is refused, says `expected` and nothing of key 0, and the ring is as before. */
static void refused(const char *text, enum error_code code, const char *expected)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = ring_of(key_vectors[5].suiprivkey);

    assert_int_equal(keyring_load_text(ring, text, strlen(text), "file:x", NULL, &e), -1);
    assert_int_equal(e.code, code);
    if (strstr(e.message, expected) == NULL)
        fail_msg("expected '%s' in: %s", expected, e.message);
    assert_string_equal(e.where, "file:x");
    assert_silent(&e, key_vectors[0].base64);
    assert_silent(&e, key_vectors[0].suiprivkey);
    assert_silent(&e, key_vectors[0].seed);
    assert_int_equal(keyring_count(ring), 1);
    assert_string_equal(keyring_at(ring, 0)->address_text, key_vectors[5].address);
    keyring_free(ring);
}

static void wrong_texts_are_refused(void **state)
{
    char text[512];

    (void)state;
#define REFUSED(code, expected, ...)                                                               \
    (snprintf(text, sizeof text, __VA_ARGS__), refused(text, ERROR_##code, expected))
    const char *k = key_vectors[0].base64, *s = key_vectors[0].suiprivkey;
    REFUSED(INVALID, "it is empty", "%s", "");
    REFUSED(INVALID, "it is empty", " \n\t");
    REFUSED(INVALID, "the list of keys is empty", "[ ]");
    REFUSED(INVALID, "key 1 of the list: expected a string", "[");
    REFUSED(INVALID, "key 1 of the list: expected a string", "[%s]", k);
    REFUSED(INVALID, "key 1 of the list: expected a string", "[,\"%s\"]", k);
    REFUSED(INVALID, "key 2 of the list: expected a string", "[\"%s\",]", k);
    REFUSED(INVALID, "key 1 of the list does not end", "[\"%s", k);
    REFUSED(INVALID, "behind key 1 of the list: expected", "[\"%s\"", k);
    REFUSED(INVALID, "behind key 1 of the list: expected", "[\"%s\" \"%s\"]", k, k);
    REFUSED(INVALID, "more text follows", "[\"%s\"]]", k);
    REFUSED(INVALID, "more text follows", "[\"%s\"] %s", k, s);
    REFUSED(INVALID, "key 1 of the list: expected 44 characters", "[\"\"]");
    REFUSED(INVALID, "key 2 of the list: expected 44 characters", "[\"%s\",\"%s=\"]", k, k);
    REFUSED(INVALID,
            "key 1 of the list: expected 44 characters of Base64 (a flag and 32 bytes), "
            "got 70",
            "[\"%s\"]", s);
    REFUSED(INVALID, "key 1 of the list is not the Base64", "[\"%.43s \"]", k);
    REFUSED(INVALID, "key 1 of the list is not the Base64", "[\"%.43s=\"]", k);
    REFUSED(INVALID, "key 1 of the list is not the Base64", "[\"%.20s-%.23s\"]", k, k + 21);
    REFUSED(INVALID, "the text is not the Base64", "%.20s\\%.23s", k, k + 21);
    REFUSED(INVALID, "expected a key", "%.43s", k);
    REFUSED(INVALID, "expected a key", "{\"key\": \"%s\"}", k);
    REFUSED(INVALID, "expected a key", "0x%s", key_vectors[0].seed);
    REFUSED(INVALID, "has 70 characters, this one has 141", "%s\n%s", s, s);
    REFUSED(INVALID, "zeros are no key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    REFUSED(INVALID, "no known scheme", "[\"%s\",\"AwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\"]",
            k);
    REFUSED(UNSUPPORTED, "no Ed25519 key: the 1", "%s", KEY_VECTOR_SECP256K1);
    REFUSED(UNSUPPORTED, "no Ed25519 key: the 2", "[\"%s\",\"%s\"]", KEY_VECTOR_SECP256K1_BASE64,
            KEY_VECTOR_SECP256K1_BASE64);
#undef REFUSED
}

static void a_ring_has_an_end(void **state)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);

    (void)state;
    for (int i = 0; i < KEYRING_MAX; i++)
        assert_int_equal(keyring_make(ring, "new", &e), i);
    assert_int_equal(keyring_make(ring, "new", &e), -1);
    assert_int_equal(e.code, ERROR_LIMIT);
    for (int i = 0; i < KEYRING_MAX; i++)
        assert_int_equal(keyring_find(ring, keyring_at(ring, (size_t)i)->address), i);
    keyring_free(ring);
}

static void a_sealed_ring_takes_no_more(void **state)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = ring_of(key_vectors[1].suiprivkey);

    (void)state;
    assert_int_equal(keyring_seal(ring, &e), 0);
    assert_int_equal(keyring_make(ring, "new", &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    error_clear(&e);
    assert_int_equal(
        keyring_load_text(ring, key_vectors[2].suiprivkey, KEY_BECH32_CHARS, "x", NULL, &e), -1);
    assert_int_equal(e.code, ERROR_INTERNAL);
    assert_int_equal(keyring_count(ring), 1);
    keyring_free(ring);
}

/* Whatever bit is changed, of the signature, of what was signed or of whose it is. */
static void verification_finds_every_bit(void **state)
{
    unsigned char signature[KEY_SIGNATURE_BYTES], digest[KEY_DIGEST_BYTES] = {1, 2, 3};
    unsigned char address[KEY_ADDRESS_BYTES];
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);

    (void)state;
    assert_int_equal(keyring_make(ring, "new", &e), 0);
    memcpy(address, keyring_at(ring, 0)->address, sizeof address);
    keyring_sign(ring, 0, digest, signature);
    assert_true(key_verify(signature, digest, address));
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(key_verify(signature, digest, address));
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof digest; bit++) {
        digest[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(key_verify(signature, digest, address));
        digest[bit / 8] ^= (unsigned char)(1 << bit % 8);
        address[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_false(key_verify(signature, digest, address));
        address[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(key_verify(signature, digest, address));
    keyring_free(ring);
}

/* What signs may be confined to nothing but reading and writing what is open, the kernel's strict
 * mode: no file, no memory, no random numbers are asked for. */
static void signing_makes_no_system_call(void **state)
{
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        unsigned char digest[KEY_DIGEST_BYTES] = {4}, signature[KEY_SIGNATURE_BYTES];
        struct error e = ERROR_INIT;
        struct keyring *ring = keyring_new(&e);
        if (ring == NULL || keyring_make(ring, "new", &e) != 0 || keyring_seal(ring, &e) < 0 ||
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
            _exit(2);
        keyring_sign(ring, 0, digest, signature);
        status = key_verify(signature, digest, keyring_at(ring, 0)->address) ? 0 : 1;
        syscall(SYS_exit, status);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void addresses_as_text(void **state)
{
    static const char *const wrong[] = {
        "",
        "0x",
        "0x6",
        "160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac",
        "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3a",
        "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac0",
        "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ag",
        "0X160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac",
        "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3 c",
    };
    unsigned char address[KEY_ADDRESS_BYTES] = {9}, before[KEY_ADDRESS_BYTES] = {9};
    char text[KEY_ADDRESS_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(key_address_parse(wrong[i], address), -1);
        assert_memory_equal(address, before, sizeof address);
    }
    assert_int_equal(key_address_parse(key_vectors[0].address, address), 0);
    assert_string_equal(key_address_text(address, text), key_vectors[0].address);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_in_every_form),
        cmocka_unit_test(shared_vectors),
        cmocka_unit_test(a_list_keeps_its_order),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(a_ring_has_an_end),
        cmocka_unit_test(a_sealed_ring_takes_no_more),
        cmocka_unit_test(verification_finds_every_bit),
        cmocka_unit_test(signing_makes_no_system_call),
        cmocka_unit_test(addresses_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
