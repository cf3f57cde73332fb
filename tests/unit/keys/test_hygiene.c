/*
 * No copy of a key outside of locked memory, whichever way it came and whatever was done with it:
 * this program is started once more as the one that has the key ("act"), stops after each step, and
 * is searched from outside for pieces of 8 bytes of the seed, of the expanded key, of the texts,
 * and of the secret number of a signature, which gives the key away, too: both numbers also in the
 * form in which libsodium multiplies with them.
 */
#include "support.h"

#include <dirent.h>
#include <unistd.h>

#include "keys/key_file.h"
#include "keys/key_source.h"
#include "keys/keyring.h"
#include "keys/locked.h"
#include "support/actor.h"
#include "support/memory_scan.h"
#include "support/scratch.h"

#define VARIABLE      "ORRERY_TEST_KEY"
#define FROM_VARIABLE "env:ORRERY_TEST_KEY"

/* What it signs. */
static const unsigned char digest[KEY_DIGEST_BYTES] = {1, 7};

/* ---- the actor ---- */

static struct keyring *actor_ring(const char *source_text, const char *dir)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);
    struct key_source source;

    if (ring == NULL || key_source_parse(source_text, &source, &e) < 0 ||
        keyring_load(ring, &source, dir, NULL, &e) < 0) {
        fprintf(stderr, "%s: %s\n", e.where, e.message);
        _exit(91);
    }
    key_source_release(&source);
    return ring;
}

/* load, sign, export and write, refuse, free: a stop after each. */
static int act(const char *source_text, const char *dir)
{
    unsigned char signature[KEY_SIGNATURE_BYTES];
    struct error e = ERROR_INIT;
    struct keyring *ring = actor_ring(source_text, dir);
    char path[512], *text;

    actor_pause('l');
    for (int i = 0; i < 8; i++)
        keyring_sign(ring, 0, digest, signature);
    actor_pause('s');
    text = locked_new(KEY_BECH32_CHARS, &e);
    keyring_export(ring, 0, text);
    snprintf(path, sizeof path, "%s/exported", dir);
    unlink(path);
    if (key_file_write(path, text, KEY_BECH32_CHARS, &e) < 0)
        _exit(92);
    locked_free(text);
    actor_pause('e');
    if (keyring_seal(ring, &e) < 0)
        _exit(93);
    keyring_sign(ring, 0, digest, signature);
    actor_pause('r');
    keyring_free(ring);
    actor_pause('f');
    return 0;
}

/* A text that is refused at its end. */
static int act_refused(const char *source_text, const char *dir)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = keyring_new(&e);
    struct key_source source;

    if (ring == NULL || key_source_parse(source_text, &source, &e) < 0 ||
        keyring_load(ring, &source, dir, NULL, &e) == 0 || e.code != ERROR_INVALID)
        _exit(94);
    actor_pause('f');
    return 0;
}

/* What the search is good for: 8 bytes on the heap, 8 bytes below the stack pointer. And what
 * locked_scrub_stack() is. */
__attribute__((noinline)) static int act_careless(const char *dir, const char *how)
{
    struct keyring *ring = actor_ring("file:op.key", dir);
    struct error e = ERROR_INIT;
    char *text = locked_new(KEY_BECH32_CHARS, &e);
    volatile char *copy = strcmp(how, "heap") != 0
                              ? (volatile char *)__builtin_frame_address(0) - 8000
                              : (volatile char *)malloc(SCAN_PIECE);

    keyring_export(ring, 0, text);
    for (size_t i = 0; i < SCAN_PIECE; i++)
        copy[i] = text[21 + i]; /* a piece that is looked for */
    if (strcmp(how, "scrubbed") == 0)
        locked_scrub_stack();
    actor_pause('c');
    return 0;
}

static int actor_main(char **argv)
{
    if (strcmp(argv[2], "careless") == 0)
        return act_careless(argv[4], argv[3]);
    if (strcmp(argv[2], "refused") == 0)
        return act_refused(argv[3], argv[4]);
    return act(argv[3], argv[4]);
}

/* ---- the one who searches ---- */

struct secret {
    unsigned char seed[KEY_SEED_BYTES], expanded[crypto_hash_sha512_BYTES];
    char suiprivkey[KEY_BECH32_CHARS + 1], base64[64];
    struct scan_needles needles;
};

static struct secret secret;
static struct scratch scratch;
static struct actor actor;

/* The scalar as 64 signed digits of 4 bits: what the multiplication with the base point keeps. */
static void recode(const unsigned char *scalar, signed char digits[64])
{
    signed char carry = 0;

    for (int i = 0; i < 32; i++) {
        digits[2 * i] = scalar[i] & 15;
        digits[2 * i + 1] = (signed char)(scalar[i] >> 4);
    }
    for (int i = 0; i < 63; i++) {
        digits[i] = (signed char)(digits[i] + carry);
        carry = (signed char)((digits[i] + 8) >> 4);
        digits[i] = (signed char)(digits[i] - carry * 16);
    }
    digits[63] = (signed char)(digits[63] + carry);
}

static void add_number(const char *name, const unsigned char scalar[32])
{
    signed char digits[64];

    recode(scalar, digits);
    scan_add(&secret.needles, name, scalar, 32);
    scan_add(&secret.needles, name, digits, sizeof digits);
}

/* Of RFC 8032: the hash of the second half of the expanded key and what is signed. */
static void add_nonce(void)
{
    unsigned char text[64] = {0}, nonce[64], reduced[32];

    memcpy(text, secret.expanded + 32, 32);
    memcpy(text + 32, digest, 32);
    crypto_hash_sha512(nonce, text, sizeof text);
    scan_add(&secret.needles, "nonce", nonce, sizeof nonce);
    crypto_core_ed25519_scalar_reduce(reduced, nonce);
    add_number("reduced nonce", reduced);
}

static void put(const char *name, const char *text)
{
    struct error e = ERROR_INIT;

    unlink(scratch_path(&scratch, name));
    assert_int_equal(key_file_write(scratch_path(&scratch, name), text, strlen(text), &e), 0);
}

static int make_secret(void **state)
{
    unsigned char raw[KEY_RAW_BYTES] = {0}, clamped[crypto_hash_sha512_BYTES];
    char text[256];

    (void)state;
    assert_true(sodium_init() >= 0);
    scratch_make(&scratch);
    randombytes_buf(secret.seed, sizeof secret.seed);
    memcpy(raw + 1, secret.seed, sizeof secret.seed);
    crypto_hash_sha512(secret.expanded, secret.seed, sizeof secret.seed);
    memcpy(clamped, secret.expanded, sizeof clamped);
    clamped[0] &= 248;
    clamped[31] = (unsigned char)((clamped[31] & 127) | 64);
    key_bech32_encode(0, secret.seed, secret.suiprivkey);
    sodium_bin2base64(secret.base64, sizeof secret.base64, raw, sizeof raw,
                      sodium_base64_VARIANT_ORIGINAL);
    scan_add(&secret.needles, "seed", secret.seed, sizeof secret.seed);
    scan_add(&secret.needles, "raw key", raw + 8, 24);
    scan_add(&secret.needles, "expanded key", secret.expanded, sizeof secret.expanded);
    add_number("scalar", clamped);
    add_nonce();
    scan_add(&secret.needles, "suiprivkey", secret.suiprivkey + 13, KEY_BECH32_CHARS - 13);
    scan_add(&secret.needles, "base64", secret.base64 + 2, 40);
    put("op.key", secret.suiprivkey);
    snprintf(text, sizeof text, "[\n  \"%s\",\n  \"%s\"\n]\n", secret.base64,
             key_vectors[0].base64);
    put("sui.keystore", text);
    snprintf(text, sizeof text, "[\"%s\", \"%s\" x", secret.base64, secret.base64);
    put("wrong.keystore", text);
    snprintf(text, sizeof text, "%.69s%c", secret.suiprivkey,
             secret.suiprivkey[69] == 'q' ? 'p' : 'q');
    put("wrong.key", text);
    return 0;
}

static int remove_secret(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static void start(const char *how, const char *source, const char *variable)
{
    char *argv[] = {(char *)"test_hygiene", (char *)"act", (char *)how,
                    (char *)source,         scratch.dir,   NULL};
    char entry[256], folder[300], *envp[] = {entry, folder, NULL};

    snprintf(entry, sizeof entry, VARIABLE "=%s", variable);
    snprintf(folder, sizeof folder, "CREDENTIALS_DIRECTORY=%s", scratch.dir);
    actor_start(&actor, argv, envp, -1);
}

/* The actor has no file of the folder open. */
static void assert_closed(void)
{
    char dir[64], path[128], target[512];
    size_t len = strlen(scratch.dir), seen = 0;
    struct dirent *entry;
    DIR *folder;

    snprintf(dir, sizeof dir, "/proc/%d/fd", (int)actor.pid);
    folder = opendir(dir);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        ssize_t n;
        snprintf(path, sizeof path, "%s/%.20s", dir, entry->d_name);
        n = readlink(path, target, sizeof target);
        seen += n > 0;
        assert_false(n >= (ssize_t)len && memcmp(target, scratch.dir, len) == 0);
    }
    closedir(folder);
    assert_true(seen >= 1);
}

static struct scan_result look(char step)
{
    struct scan_result found;

    assert_int_equal(actor_await(&actor), step);
    found = scan_memory(actor.pid, &secret.needles);
    assert_true(found.bytes > 1024 * 1024);
    assert_closed();
    actor_go(&actor);
    return found;
}

static void finish(void)
{
    assert_int_equal(actor_finish(&actor), 0);
}

static void clean(char step, bool held)
{
    struct scan_result found = look(step);

    if (found.outside > 0)
        fail_msg("step '%c': %zu pieces outside of locked memory: %s", step, found.outside,
                 found.where);
    if (held)
        assert_true(found.locked >= 4); /* the seed, in the ring */
    else
        assert_int_equal(found.locked, 0);
}

static void check(const char *source, const char *variable)
{
    start("use", source, variable);
    clean('l', true);
    clean('s', true);
    clean('e', true);
    clean('r', true);
    clean('f', false);
    finish();
}

static void from_a_file(void **state)
{
    (void)state;
    check("file:op.key", "");
}

static void from_a_keystore(void **state)
{
    (void)state;
    check("file:sui.keystore", "");
}

static void from_a_credential(void **state)
{
    (void)state;
    check("credential:op.key", "");
}

static void from_a_variable(void **state)
{
    (void)state;
    check(FROM_VARIABLE, secret.suiprivkey);
    check(FROM_VARIABLE, secret.base64);
}

static void from_what_is_refused(void **state)
{
    static const char *const names[] = {"file:wrong.key", "file:wrong.keystore", FROM_VARIABLE};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char wrong[128];
        snprintf(wrong, sizeof wrong, "%s,%s", secret.suiprivkey, secret.base64);
        start("refused", names[i], i == 2 ? wrong : "");
        clean('f', false);
        finish();
    }
}

static void the_search_finds(void **state)
{
    static const char *const places[] = {"heap", "stack"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scan_result found;
        start("careless", places[i], "");
        found = look('c');
        finish();
        assert_true(found.outside >= 1);
        if (strstr(found.where, i == 0 ? "[heap]" : "[stack]") == NULL)
            fail_msg("found elsewhere: %s", found.where);
    }
}

static void what_is_below_the_stack_pointer_is_wiped(void **state)
{
    (void)state;
    start("careless", "scrubbed", "");
    clean('c', true);
    finish();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds),
        cmocka_unit_test(what_is_below_the_stack_pointer_is_wiped),
        cmocka_unit_test(from_a_file),
        cmocka_unit_test(from_a_keystore),
        cmocka_unit_test(from_a_credential),
        cmocka_unit_test(from_a_variable),
        cmocka_unit_test(from_what_is_refused),
    };

    if (argc == 5 && strcmp(argv[1], "act") == 0)
        return actor_main(argv);
#ifdef ORRERY_SANITIZED
    printf("skipped: sanitizers ignore mlock and keep copies of their own\n");
    return 0;
#endif
    return cmocka_run_group_tests(tests, make_secret, remove_secret);
}
