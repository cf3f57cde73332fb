/*
 * Where the key is: in the signer's locked memory, and nowhere in core. This program is started
 * once more as a core ("act"), which opens a signer with a key that is made here at random, stops
 * after each step, and is searched from outside for pieces of 8 bytes of the seed, of the expanded
 * key, and of the texts; so is its signer.
 */
#include "unit/signer/process.h"

#include <uv.h>

#include "keys/bech32.h"
#include "keys/key.h"
#include "signer/client.h"
#include "support/actor.h"
#include "support/memory_scan.h"

#define VARIABLE "ORRERY_TEST_SIGNER_KEY"

/* ---- the actor: a core ---- */

static void on_done(void *arg, const struct signer_answer *answer)
{
    if (answer->outcome != SIGNER_SIGNED)
        _exit(95);
    *(bool *)arg = true;
}

static void act_sign(uv_loop_t *loop, struct signer *signer, uint64_t version)
{
    struct error e = ERROR_INIT;
    bool done = false;
    struct buf bytes;
    struct trial t;

    trial_begin(&t);
    t.own = t.b.tx.sender = t.gas.owner = *signer_address(signer, "main");
    add_upkeep(&t, 2, 5, t.own);
    t.coins[0].version = version;
    trial_bytes(&t, &bytes);
    if (signer_sign(signer, "main", EPOCH, bytes.data, bytes.len, on_done, &done, &e) < 0)
        _exit(94);
    while (!done)
        uv_run(loop, UV_RUN_ONCE);
    buf_release(&bytes);
    trial_end(&t);
}

static int act(const char *source, const char *dir)
{
    uv_loop_t loop;
    struct signer_env env = {.loop = &loop, .desk = dir};
    struct error e = ERROR_INIT;
    struct signer *signer;
    char rules[2048];
    json_t *json;

    uv_loop_init(&loop);
    snprintf(
        rules, sizeof rules,
        "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR("main", "%s", "") "]}",
        source);
    json = trial_json(rules);
    if (signer_open(&signer, &env, json, &e) < 0) {
        fprintf(stderr, "%s: %s\n", e.where, e.message);
        return 93;
    }
    json_decref(json);
    actor_pause('o');
    for (uint64_t i = 1; i <= 8; i++)
        act_sign(&loop, signer, i);
    actor_pause('s');
    signer_close(signer);
    uv_run(&loop, UV_RUN_DEFAULT);
    actor_pause('c');
    return 0;
}

/* ---- the one who searches ---- */

static struct scan_needles needles;
static char suiprivkey[KEY_BECH32_CHARS + 1];
static struct actor actor;

static int make_secret(void **state)
{
    unsigned char seed[KEY_SEED_BYTES], raw[KEY_RAW_BYTES] = {0}, expanded[64];
    char base64[64];

    (void)state;
    assert_true(sodium_init() >= 0);
    scratch_make(&scratch);
    randombytes_buf(seed, sizeof seed);
    memcpy(raw + 1, seed, sizeof seed);
    crypto_hash_sha512(expanded, seed, sizeof seed);
    key_bech32_encode(0, seed, suiprivkey);
    sodium_bin2base64(base64, sizeof base64, raw, sizeof raw, sodium_base64_VARIANT_ORIGINAL);
    scan_add(&needles, "seed", seed, sizeof seed);
    scan_add(&needles, "raw key", raw + 8, 24);
    scan_add(&needles, "expanded key", expanded, sizeof expanded);
    scan_add(&needles, "suiprivkey", suiprivkey + 13, KEY_BECH32_CHARS - 13);
    scan_add(&needles, "base64", base64 + 2, 40);
    write_key("main.key", suiprivkey);
    return 0;
}

/* The actor's child. */
static pid_t signer_of(pid_t core)
{
    char path[64];
    FILE *file;
    int pid = -1;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)core, (int)core);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    if (fscanf(file, "%d", &pid) != 1)
        pid = -1;
    fclose(file);
    return pid;
}

static void core_is_clean(char step)
{
    struct scan_result found = scan_memory(actor.pid, &needles);

    assert_true(found.bytes > 1024 * 1024);
    if (found.outside + found.locked > 0)
        fail_msg("step '%c': %zu pieces in core: %s", step, found.outside + found.locked,
                 found.where);
}

static void signer_is_locked(char step)
{
    pid_t signer = signer_of(actor.pid);
    struct scan_result found;

    if (signer < 0 || !scan_permitted(signer)) {
        print_message("the signer's own memory may not be looked at here\n");
        return;
    }
    found = scan_memory(signer, &needles);
    if (found.outside > 0)
        fail_msg("step '%c': %zu pieces outside of locked memory: %s", step, found.outside,
                 found.where);
    assert_true(found.locked >= 4);
}

static void check(const char *source, const char *variable)
{
    static const char steps[] = "osc";
    char *argv[] = {(char *)"test_hygiene", (char *)"act", (char *)source, scratch.dir, NULL};
    char entry[256], folder[300], *envp[] = {entry, folder, NULL};

    snprintf(entry, sizeof entry, VARIABLE "=%s", variable);
    snprintf(folder, sizeof folder, "CREDENTIALS_DIRECTORY=%s", scratch.dir);
    actor_start(&actor, argv, envp, -1);
    for (const char *step = steps; *step != '\0'; step++) {
        assert_int_equal(actor_await(&actor), *step);
        core_is_clean(*step);
        if (*step != 'c')
            signer_is_locked(*step);
        actor_go(&actor);
    }
    assert_int_equal(actor_finish(&actor), 0);
}

static void from_a_file(void **state)
{
    (void)state;
    check("file:main.key", "");
}

static void from_a_credential(void **state)
{
    (void)state;
    check("credential:main.key", "");
}

static void from_a_variable(void **state)
{
    (void)state;
    check("env:" VARIABLE, suiprivkey);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_a_file),
        cmocka_unit_test(from_a_credential),
        cmocka_unit_test(from_a_variable),
    };
    int role = role_main(argc, argv);

    if (role >= 0)
        return role;
    if (argc == 4 && strcmp(argv[1], "act") == 0)
        return act(argv[2], argv[3]);
#ifdef ORRERY_SANITIZED
    printf("skipped: sanitizers ignore mlock and keep copies of their own\n");
    return 0;
#endif
    return cmocka_run_group_tests(tests, make_secret, remove_desk);
}
