/* Core's end: signatures over the loop, a signer that dies, hangs or lies, and keys that are gone
 * from here. The signer is this program again; "--role=signer" is the real one, unless the file
 * `scenario` in the current folder names what it does wrong. */
#include "unit/signer/process.h"

#include <fcntl.h>
#include <signal.h>
#include <uv.h>

#include "signer/client.h"
#include "signer/client_parts.h"
#include "support/memory_scan.h"

#define MANY 3000

/* ---- a signer that breaks the rules ---- */

static void scenario_path(pid_t test, char out[64])
{
    snprintf(out, 64, "signer_scenario.%d", (int)test);
}

static void set_scenario(const char *name)
{
    char path[64];
    FILE *file;

    scenario_path(getpid(), path);
    unlink(path);
    if (name == NULL)
        return;
    file = fopen(path, "we");
    assert_non_null(file);
    fputs(name, file);
    fclose(file);
}

static bool read_scenario(char out[64])
{
    char path[64];
    FILE *file;
    bool got;

    scenario_path(getppid(), path);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    got = fgets(out, 64, file) != NULL;
    fclose(file);
    return got;
}

struct liar {
    struct process p; /* its end: fd 3 */
    unsigned char public_key[32], secret[64];
    const char *what;
};

/* What core sends, up to the next whole frame. */
static bool liar_hear(struct liar *l, struct signer_message *m)
{
    struct error e = ERROR_INIT;
    const char *frame;
    size_t len;

    while (frame_next(&l->p.in, &frame, &len, &e) == 0) {
        ssize_t n = read(SPAWN_SOCKET_FD, frame_reader_room(&l->p.in, 65536), 65536);
        if (n <= 0)
            return false;
        frame_received(&l->p.in, (size_t)n);
    }
    return signer_decode(SIGNER_SIDE_CORE, frame, len, m, &e) == 0;
}

static void liar_say(struct liar *l, const struct signer_message *m)
{
    if (!process_say(&l->p, m))
        _exit(0);
}

static void liar_ready(struct liar *l, size_t operators)
{
    struct signer_message m = {.tag = SIGNER_TAG_READY};

    m.as.ready.measures = (struct signer_text){"none", 4};
    m.as.ready.count = operators;
    for (size_t i = 0; i < operators; i++)
        memcpy(m.as.ready.keys[i], l->public_key, 32);
    liar_say(l, &m);
}

static void liar_answer(struct liar *l, const struct signer_sign *asked)
{
    struct signer_message m = {.tag = SIGNER_TAG_SIGNED};
    uint8_t digest[SUI_SIGNING_BYTES];

    sui_signing_digest(asked->bytes, asked->len, digest);
    if (strcmp(l->what, "signs another digest") == 0)
        digest[0] ^= 1;
    m.as.signed_.id = asked->id + (strcmp(l->what, "answers another question") == 0);
    if (strcmp(l->what, "signs with another key") == 0)
        crypto_sign_keypair(l->public_key, l->secret);
    crypto_sign_detached(m.as.signed_.signature.bytes, NULL, digest, sizeof digest, l->secret);
    memcpy(m.as.signed_.signature.public_key, l->public_key, 32);
    liar_say(l, &m);
    if (strcmp(l->what, "answers twice") == 0)
        liar_say(l, &m);
}

static int liar_main(const char *what)
{
    struct liar l = {.what = what};
    unsigned char seed[32] = {0};
    struct signer_message m;

    alarm(60);
    if (sodium_init() < 0)
        return 60;
    for (unsigned char i = 0; i < 32; i++)
        seed[i] = i; /* the first of the key vectors */
    crypto_sign_seed_keypair(l.public_key, l.secret, seed);
    l.p.child.fd = SPAWN_SOCKET_FD;
    frame_reader_init(&l.p.in, SIGNER_START_BYTES);
    if (strcmp(what, "exits") == 0)
        return 61;
    if (!liar_hear(&l, &m) || m.tag != SIGNER_TAG_START)
        return 62;
    if (strcmp(what, "is ready with garbage") == 0)
        process_put(&l.p, "\4\0\0\0abcd", 8);
    else if (strcmp(what, "is ready with too many") == 0)
        liar_ready(&l, 2);
    else if (strcmp(what, "is ready with none") == 0)
        liar_ready(&l, 0);
    else
        liar_ready(&l, 1);
    while (liar_hear(&l, &m) && m.tag == SIGNER_TAG_SIGN) {
        if (strcmp(what, "sends a giant length") == 0)
            process_put(&l.p, "\xff\xff\xff\xff", 4);
        else if (strcmp(what, "is ready twice") == 0) /* when it is certain that it was heard once */
            liar_ready(&l, 1);
        else if (strcmp(what, "fails late") == 0)
            liar_say(&l, &(struct signer_message){.tag = SIGNER_TAG_FAILED});
        else if (strcmp(what, "answers half") == 0)
            process_put(&l.p, "\x70\0\0\0\5", 5), shutdown(SPAWN_SOCKET_FD, SHUT_RDWR);
        else if (strcmp(what, "is silent") != 0)
            liar_answer(&l, &m.as.sign);
    }
    return 0;
}

/* ---- core's side ---- */

struct core {
    uv_loop_t loop;
    struct signer *signer;
    struct signer_answer last;
    size_t signed_count, refused, lost_count;
    size_t falls, returns;
    char why[512];
    uint64_t next_version;
    bool closing; /* by a callback */
};

static void on_done(void *arg, const struct signer_answer *answer)
{
    struct core *c = arg;

    c->last = *answer;
    c->signed_count += answer->outcome == SIGNER_SIGNED;
    c->refused += answer->outcome == SIGNER_REFUSED;
    c->lost_count += answer->outcome == SIGNER_LOST;
    if (c->closing)
        signer_close(c->signer);
}

static void on_lost(void *arg, const char *why)
{
    struct core *c = arg;

    c->falls++;
    snprintf(c->why, sizeof c->why, "%s", why);
}

static void on_back(void *arg)
{
    ((struct core *)arg)->returns++;
}

#define ONE_RULES                                                                                  \
    "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR("main", "file:main.key",   \
                                                                        TRIAL_RECIPE) "]}"

static int core_try(struct core *c, const char *rules, struct error *e)
{
    struct signer_env env = {&c->loop, scratch.dir, on_lost, on_back, c};
    json_t *json = trial_json(rules);
    int result;

    memset(c, 0, sizeof *c);
    c->next_version = 1;
    assert_int_equal(uv_loop_init(&c->loop), 0);
    result = signer_open(&c->signer, &env, json, e);
    json_decref(json);
    return result;
}

static void core_open(struct core *c, const char *rules)
{
    WORKS(core_try(c, rules, e));
}

static void core_close(struct core *c)
{
    if (!c->closing)
        signer_close(c->signer);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c->loop), 0);
}

/* One turn of the loop, and not for ever when nothing comes. */
static void turn(struct core *c)
{
    int wait = uv_backend_timeout(&c->loop);
    struct pollfd events = {uv_backend_fd(&c->loop), POLLIN, 0};

    poll(&events, 1, wait < 0 || wait > 100 ? 100 : wait);
    uv_run(&c->loop, UV_RUN_NOWAIT);
}

/* Turns the loop until the condition holds. */
#define UNTIL(c, condition)                                                                        \
    do {                                                                                           \
        int64_t until_ = clock_mono_ns(&(c)->signer->clock) + INT64_C(1000000) * DEADLINE_MS;      \
        while (!(condition)) {                                                                     \
            if (clock_mono_ns(&(c)->signer->clock) > until_)                                       \
                fail_msg("%s did not come: %s, %s", #condition, (c)->why, (c)->last.message);      \
            turn(c);                                                                               \
        }                                                                                          \
    } while (0)

/* A mint with a version of the coin that was not used before; `budget` of it. */
static void fresh_bytes(struct core *c, struct buf *out)
{
    struct trial t;

    trial_begin(&t);
    add_mint(&t);
    t.coins[0].version = c->next_version++;
    t.gas.budget = 1000;
    trial_bytes(&t, out);
    trial_end(&t);
}

static void core_sign(struct core *c)
{
    struct buf bytes;

    fresh_bytes(c, &bytes);
    WORKS(signer_sign(c->signer, "main", EPOCH, bytes.data, bytes.len, on_done, c, e));
    buf_release(&bytes);
}

static void it_signs(void **state)
{
    uint8_t digest[SUI_SIGNING_BYTES];
    struct sui_address own = trial_own(0), second = trial_own(1);
    struct sui_signature signature;
    struct buf bytes;
    struct core c;

    (void)state;
    core_open(&c, TRIAL_RULES);
    assert_true(signer_is_up(c.signer));
    assert_true(signer_pid(c.signer) > 0);
    assert_true(sui_address_equal(signer_address(c.signer, "main"), &own));
    assert_true(sui_address_equal(signer_address(c.signer, "second"), &second));
    assert_null(signer_address(c.signer, "third"));
    assert_non_null(strstr(signer_measures(c.signer), "seccomp"));
    fresh_bytes(&c, &bytes);
    WORKS(signer_sign(c.signer, "main", EPOCH, bytes.data, bytes.len, on_done, &c, e));
    assert_int_equal(c.signed_count, 0); /* later, never inside of the call */
    UNTIL(&c, c.signed_count == 1);
    WORKS(sui_signature_parse(c.last.signature, strlen(c.last.signature), &signature, e));
    sui_signing_digest(bytes.data, bytes.len, digest);
    assert_int_equal(
        crypto_sign_verify_detached(signature.bytes, digest, sizeof digest, signature.public_key),
        0);
    buf_release(&bytes);
    core_close(&c);
}

static void a_refusal_is_an_answer(void **state)
{
    struct buf bytes;
    struct core c;
    struct trial t;

    (void)state;
    core_open(&c, TRIAL_RULES);
    trial_begin(&t);
    withdraws_to_another(&t);
    trial_bytes(&t, &bytes);
    WORKS(signer_sign(c.signer, "main", EPOCH, bytes.data, bytes.len, on_done, &c, e));
    UNTIL(&c, c.refused == 1);
    assert_string_equal(c.last.code, "RECIPIENT");
    assert_true(c.last.message[0] != '\0');
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    assert_int_equal(c.falls, 0);
    buf_release(&bytes);
    trial_end(&t);
    core_close(&c);
}

static void what_cannot_be_asked(void **state)
{
    static uint8_t large[SUI_TRANSACTION_BYTES + 1];
    struct core c;

    (void)state;
    core_open(&c, TRIAL_RULES);
    FAILS(signer_sign(c.signer, "third", EPOCH, "x", 1, on_done, &c, e), ERROR_NOT_FOUND, "third");
    FAILS(signer_sign(c.signer, "main", EPOCH, "", 0, on_done, &c, e), ERROR_LIMIT, "got 0");
    FAILS(signer_sign(c.signer, "main", EPOCH, large, sizeof large, on_done, &c, e), ERROR_LIMIT,
          "131073");
    /* Not one byte may wait in the way of the largest ones. */
    for (int i = 0; i < SIGNER_REQUESTS; i++)
        WORKS(signer_sign(c.signer, "main", EPOCH, large, sizeof large - 1, on_done, &c, e));
    FAILS(signer_sign(c.signer, "main", EPOCH, large, 1, on_done, &c, e), ERROR_LIMIT, "wait");
    UNTIL(&c, c.refused == SIGNER_REQUESTS);
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    core_close(&c);
}

/* ---- it dies ---- */

static void killed_it_comes_back(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    for (size_t i = 1; i <= 5; i++) {
        int old = signer_pid(c.signer);
        core_sign(&c);
        UNTIL(&c, c.signed_count == i);
        kill(old, SIGKILL);
        UNTIL(&c, c.falls == i);
        assert_false(signer_is_up(c.signer));
        assert_int_equal(signer_pid(c.signer), -1);
        assert_non_null(strstr(c.why, "killed by signal 9"));
        UNTIL(&c, c.returns == i);
        assert_true(signer_is_up(c.signer));
        assert_int_not_equal(signer_pid(c.signer), old);
    }
    core_sign(&c);
    UNTIL(&c, c.signed_count == 6);
    core_close(&c);
}

static void what_was_under_way_is_lost(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    kill(signer_pid(c.signer), SIGSTOP);
    for (int i = 0; i < 5; i++)
        core_sign(&c);
    kill(signer_pid(c.signer), SIGKILL);
    UNTIL(&c, c.lost_count == 5);
    assert_string_equal(c.last.code, "SIGNER_LOST");
    assert_non_null(strstr(c.last.message, "killed by signal 9"));
    core_sign(&c); /* while it is down */
    assert_int_equal(c.lost_count, 5);
    UNTIL(&c, c.lost_count == 6);
    UNTIL(&c, c.returns == 1);
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    core_close(&c);
}

static void a_signer_that_hangs_is_killed(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    assert_int_equal(c.signer->timeout_ms, SIGNER_TIMEOUT_MS);
    c.signer->timeout_ms = 200;
    kill(signer_pid(c.signer), SIGSTOP);
    core_sign(&c);
    core_sign(&c);
    UNTIL(&c, c.lost_count == 2);
    assert_non_null(strstr(c.last.message, "gave no answer for 200 ms"));
    UNTIL(&c, c.returns == 1);
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    core_close(&c);
}

/* It was core that slept: the answer lies there already. */
static void a_core_that_slept_kills_nobody(void **state)
{
    struct pollfd answer;
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    c.signer->timeout_ms = 1;
    for (int i = 0; i < 50; i++) {
        struct timespec nap = {0, 2000000};
        core_sign(&c);
        answer = (struct pollfd){c.signer->child.fd, POLLIN, 0};
        assert_int_equal(poll(&answer, 1, DEADLINE_MS), 1);
        nanosleep(&nap, NULL); /* later than it may be */
        UNTIL(&c, c.signed_count == (size_t)i + 1);
    }
    assert_int_equal(c.falls, 0);
    core_close(&c);
}

static void closed_in_the_middle(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    for (int i = 0; i < 10; i++)
        core_sign(&c);
    core_close(&c); /* nobody is called any more */
    assert_int_equal(c.signed_count + c.lost_count + c.refused, 0);
    core_open(&c, ONE_RULES);
    for (int i = 0; i < 10; i++)
        core_sign(&c);
    c.closing = true;
    core_close(&c); /* by the first answer */
    assert_int_equal(c.signed_count, 1);
    core_open(&c, ONE_RULES);
    kill(signer_pid(c.signer), SIGKILL);
    core_sign(&c);
    core_sign(&c);
    c.closing = true; /* by the first loss */
    core_close(&c);
    assert_int_equal(c.lost_count, 1);
    signer_close(NULL);
}

static void closed_while_it_is_down(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    kill(signer_pid(c.signer), SIGKILL);
    UNTIL(&c, c.falls == 1);
    core_sign(&c);
    core_close(&c);
    assert_int_equal(c.lost_count, 0);
}

/* ---- it lies ---- */

static void lies_are_found_out(void **state)
{
    static const char *const lies[] = {
        "signs another digest",
        "signs with another key",
        "answers another question",
        "sends a giant length",
        "fails late",
        "answers half",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct core c;
        set_scenario(lies[i]);
        core_open(&c, ONE_RULES);
        core_sign(&c);
        set_scenario(NULL); /* the next one is honest */
        UNTIL(&c, c.lost_count == 1);
        assert_int_equal(c.signed_count, 0);
        UNTIL(&c, c.returns == 1);
        assert_int_equal(c.falls, 1);
        core_sign(&c);
        UNTIL(&c, c.signed_count == 1);
        core_close(&c);
    }
}

static void more_than_was_asked_for_ends_it(void **state)
{
    static const char *const lies[] = {"answers twice", "is ready twice"};

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct core c;
        set_scenario(lies[i]);
        core_open(&c, ONE_RULES);
        core_sign(&c);
        UNTIL(&c, c.falls == 1);
        assert_non_null(strstr(c.why, "broke the protocol"));
        set_scenario(NULL);
        core_close(&c);
    }
}

static void a_silent_one_is_killed(void **state)
{
    struct core c;

    (void)state;
    set_scenario("is silent");
    core_open(&c, ONE_RULES);
    c.signer->timeout_ms = 100;
    core_sign(&c);
    UNTIL(&c, c.lost_count == 1);
    assert_non_null(strstr(c.why, "gave no answer"));
    set_scenario(NULL);
    core_close(&c);
}

static void a_start_that_fails_is_an_error(void **state)
{
    static const char *const lies[] = {"exits", "is ready with garbage", "is ready with too many",
                                       "is ready with none"};
    struct core c;

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        set_scenario(lies[i]);
        FAILS(core_try(&c, ONE_RULES, e), ERROR_IO, i == 0 ? "exited with code 61" : "protocol");
        assert_int_equal(uv_loop_close(&c.loop), 0);
    }
    set_scenario(NULL);
    FAILS(core_try(&c,
                   "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR(
                       "main", "file:none.key", "") "]}",
                   e),
          ERROR_NOT_FOUND, "");
    assert_int_equal(uv_loop_close(&c.loop), 0);
    FAILS(core_try(&c, "{'version': 1}", e), ERROR_CONFIG, "chain: is missing");
    assert_int_equal(uv_loop_close(&c.loop), 0);
}

/* The key file is another one now: what comes back is not who it was. */
static void another_key_is_another_signer(void **state)
{
    struct core c;

    (void)state;
    core_open(&c, ONE_RULES);
    write_key("main.key", key_vectors[3].suiprivkey);
    kill(signer_pid(c.signer), SIGKILL);
    UNTIL(&c, c.falls == 1);
    UNTIL(&c, c.signer->backoff_ms > 100); /* it has tried more than once */
    assert_int_equal(c.returns, 0);
    core_sign(&c);
    UNTIL(&c, c.lost_count == 1);
    write_key("main.key", key_vectors[0].suiprivkey);
    UNTIL(&c, c.returns == 1);
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    core_close(&c);
}

/* ---- keys from variables ---- */

#define VARIABLE "ORRERY_TEST_SIGNER_KEY"
#define ENV_RULES                                                                                  \
    "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR("main", "env:" VARIABLE,   \
                                                                        TRIAL_RECIPE) "]}"

static void a_key_from_a_variable_comes_once(void **state)
{
    struct core c;

    (void)state;
    assert_int_equal(setenv(VARIABLE, key_vectors[0].suiprivkey, 1), 0);
    core_open(&c, ENV_RULES);
    assert_null(getenv(VARIABLE));
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    kill(signer_pid(c.signer), SIGKILL);
    core_sign(&c);
    UNTIL(&c, c.lost_count == 1);
    assert_non_null(strstr(c.why, "environment variable, which is gone"));
    assert_non_null(strstr(c.last.message, "environment variable, which is gone"));
    core_sign(&c);
    UNTIL(&c, c.lost_count == 2);
    assert_int_equal(c.returns, 0);
    assert_int_equal(c.signer->state, CLIENT_ENDED);
    assert_false(signer_is_up(c.signer));
    core_close(&c);
    FAILS(core_try(&c, ENV_RULES, e), ERROR_NOT_FOUND, "");
    assert_int_equal(uv_loop_close(&c.loop), 0);
}

static void a_credential_is_found(void **state)
{
    struct core c;

    (void)state;
    setenv("CREDENTIALS_DIRECTORY", scratch.dir, 1);
    core_open(&c, "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR(
                      "main", "credential:main.key", TRIAL_RECIPE) "]}");
    core_sign(&c);
    UNTIL(&c, c.signed_count == 1);
    kill(signer_pid(c.signer), SIGKILL);
    UNTIL(&c, c.returns == 1);
    core_sign(&c);
    UNTIL(&c, c.signed_count == 2);
    unsetenv("CREDENTIALS_DIRECTORY");
    core_close(&c);
}

/* ---- speed ---- */

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

static void how_fast(void **state)
{
    static const char rules[] =
        "{'version': 1, 'chain': '4c78adac', 'operators': [{'name': 'main', 'key': "
        "'file:main.key', 'commands_max': 8, 'epochs_ahead': 1, 'gas': " TRIAL_GAS
        ", 'signatures_per_minute': 100000, 'recipients': [], 'recipes': [" TRIAL_RECIPE "]}]}";
    static int64_t alone[MANY];
    int64_t begun, took;
    struct core c;

    (void)state;
    core_open(&c, rules);
    for (size_t i = 0; i < MANY; i++) {
        begun = clock_mono_ns(&c.signer->clock);
        core_sign(&c);
        UNTIL(&c, c.signed_count == i + 1);
        alone[i] = clock_mono_ns(&c.signer->clock) - begun;
    }
    begun = clock_mono_ns(&c.signer->clock);
    for (size_t asked = 0; c.signed_count < 2 * MANY;) {
        for (; asked < MANY && asked - (c.signed_count - MANY) < 64; asked++)
            core_sign(&c);
        turn(&c);
    }
    took = clock_mono_ns(&c.signer->clock) - begun;
    qsort(alone, MANY, sizeof *alone, compare);
    print_message("one by one: median %lld us, 99 %% within %lld us; 64 at a time: %lld/s\n",
                  (long long)alone[MANY / 2] / 1000, (long long)alone[MANY * 99 / 100] / 1000,
                  (long long)MANY * 1000000000 / (took > 0 ? took : 1));
    core_close(&c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_signs),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(killed_it_comes_back),
        cmocka_unit_test(what_was_under_way_is_lost),
        cmocka_unit_test(a_signer_that_hangs_is_killed),
        cmocka_unit_test(a_core_that_slept_kills_nobody),
        cmocka_unit_test(closed_in_the_middle),
        cmocka_unit_test(closed_while_it_is_down),
        cmocka_unit_test(lies_are_found_out),
        cmocka_unit_test(more_than_was_asked_for_ends_it),
        cmocka_unit_test(a_silent_one_is_killed),
        cmocka_unit_test(a_start_that_fails_is_an_error),
        cmocka_unit_test(another_key_is_another_signer),
        cmocka_unit_test(a_key_from_a_variable_comes_once),
        cmocka_unit_test(a_credential_is_found),
        cmocka_unit_test(how_fast),
    };
    char scenario[64];
    int role;

    if (argc == 2 && strcmp(argv[1], "--role=signer") == 0 && read_scenario(scenario))
        return liar_main(scenario);
    role = role_main(argc, argv);
    return role >= 0 ? role : cmocka_run_group_tests(tests, make_desk, remove_desk);
}
