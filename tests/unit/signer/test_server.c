/*
 * The real process, and a core that was taken over: it asks for what it must not have, and says
 * what nobody says.
 */
#include "unit/signer/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- asking for what it must not have ---- */

static const char *said(const struct signer_message *m)
{
    return m->tag == SIGNER_TAG_REFUSED ? policy_refusal_name(m->as.refused.refusal) : "SIGNED";
}

static void expect(const struct attempt *a, const struct signer_message *m, uint64_t id)
{
    if (a->expected == POLICY_ALLOWED) {
        if (m->tag != SIGNER_TAG_SIGNED)
            fail_msg("%s: %s: %.*s", a->name, said(m), (int)m->as.refused.message.len,
                     m->as.refused.message.data);
        assert_true(m->as.signed_.id == id);
        return;
    }
    if (m->tag != SIGNER_TAG_REFUSED || m->as.refused.refusal != a->expected)
        fail_msg("%s: expected %s, got %s", a->name, policy_refusal_name(a->expected), said(m));
    assert_true(m->as.refused.id == id);
    assert_true(m->as.refused.message.len > 0);
}

/* All of them, of one process, which then still signs what is honest. */
static void every_attempt_is_refused(void **state)
{
    struct signer_message m;
    struct process p;
    struct trial t;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    for (size_t i = 0; i < ATTEMPTS; i++) {
        trial_begin(&t);
        attempts[i].make(&t);
        process_ask(&p, 0, &t, &m);
        expect(&attempts[i], &m, p.last_id);
        trial_end(&t);
    }
    for (size_t i = 0; i < HONEST; i++) {
        trial_begin(&t);
        honest[i].make(&t);
        for (size_t k = 0; k < t.gas.coin_count; k++)
            t.coins[k].id = filled((uint8_t)(2 * i + k + 1));
        process_ask(&p, 0, &t, &m);
        expect(&honest[i], &m, p.last_id);
        trial_end(&t);
    }
    process_close(&p);
}

static void assert_holds(const struct signer_message *m, struct trial *t, size_t operator_index)
{
    struct sui_address own = trial_own(operator_index), address;
    uint8_t digest[SUI_SIGNING_BYTES];
    struct buf bytes;

    assert_int_equal(m->tag, SIGNER_TAG_SIGNED);
    trial_bytes(t, &bytes);
    sui_signing_digest(bytes.data, bytes.len, digest);
    buf_release(&bytes);
    address = sui_key_address(m->as.signed_.signature.public_key);
    assert_true(sui_address_equal(&address, &own));
    assert_int_equal(crypto_sign_verify_detached(m->as.signed_.signature.bytes, digest,
                                                 sizeof digest, m->as.signed_.signature.public_key),
                     0);
}

static void what_is_signed_holds(void **state)
{
    struct signer_message first, again;
    struct process p;
    struct trial t;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    trial_begin(&t);
    add_mint(&t);
    process_ask(&p, 0, &t, &first);
    assert_holds(&first, &t, 0);
    process_ask(&p, 0, &t, &again);
    assert_memory_equal(&first.as.signed_.signature, &again.as.signed_.signature,
                        sizeof first.as.signed_.signature);
    t.gas.budget--;
    process_ask(&p, 0, &t, &again);
    assert_string_equal(said(&again), "EQUIVOCATION");
    trial_end(&t);
    trial_begin_as(&t, 1);
    add_upkeep(&t, 4, 1000, t.own);
    process_ask(&p, 1, &t, &again);
    assert_holds(&again, &t, 1);
    trial_end(&t);
    process_close(&p);
}

static void an_operator_that_is_not(void **state)
{
    static const uint32_t numbers[] = {2, 3, 0x7fffffff, UINT32_MAX};
    struct signer_message m;
    struct process p;
    struct trial t;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    trial_begin(&t);
    add_mint(&t);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        process_ask(&p, numbers[i], &t, &m);
        assert_string_equal(said(&m), "NO_KEY");
    }
    process_ask(&p, 1, &t, &m); /* the other's transaction */
    assert_string_equal(said(&m), "SENDER");
    process_ask(&p, 0, &t, &m);
    assert_holds(&m, &t, 0);
    trial_end(&t);
    process_close(&p);
}

static void an_attacker_has_few_tries(void **state)
{
    static const char rules[] = "{'version': 1, 'chain': '4c78adac', 'operators': [" TRIAL_OPERATOR(
        "main", "file:main.key", TRIAL_RECIPE) "]}";
    struct signer_message m;
    struct process p;
    struct trial t;

    (void)state;
    process_ready(&p, rules);
    trial_begin(&t);
    quantity_above(&t);
    for (int i = 0; i < 20; i++) {
        process_ask(&p, 0, &t, &m);
        assert_string_equal(said(&m), "AMOUNT");
    }
    process_ask(&p, 0, &t, &m);
    assert_string_equal(said(&m), "HALTED");
    trial_end(&t);
    trial_begin(&t);
    add_mint(&t);
    process_ask(&p, 0, &t, &m);
    assert_string_equal(said(&m), "HALTED");
    trial_end(&t);
    process_close(&p);
}

/* ---- saying what nobody says ---- */

/* It has hung up and ended with 1, and nothing but refusals was heard. */
static void assert_ended(struct process *p)
{
    struct signer_message m;
    int status;

    while (process_hear(p, &m))
        assert_true(m.tag == SIGNER_TAG_REFUSED || m.tag == SIGNER_TAG_SIGNED);
    status = process_end(p);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

static void put_frame(struct buf *out, const void *data, size_t len)
{
    size_t begin = frame_begin(out);

    buf_add(out, data, len);
    frame_end(out, begin);
}

static const struct {
    const char *name, *bytes;
    size_t len;
} broken[] = {
    {"a giant length", "\xff\xff\xff\xff", 4},
    {"a length above the maximum", "\x41\0\2\0", 4},
    {"a length of nothing", "\0\0\0\0", 4},
    {"garbage", "GET / HTTP/1.1\r\n\r\n", 18},
    {"no such message", "\1\0\0\0\x09", 5},
    {"message 0", "\1\0\0\0\0", 5},
    {"the signer's own READY", "\5\0\0\0\3\1\0\0\0", 9},
    {"the signer's own SIGNED", "\5\0\0\0\5\1\0\0\0", 9},
    {"a SIGN cut short", "\5\0\0\0\2\1\0\0\0", 9},
    {"a SIGN without a transaction", "\x19\0\0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0",
     29},
    {"a SIGN whose transaction is longer than itself",
     "\x1a\0\0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\xff\xff\0\0\0", 30},
    {"a SIGN with something behind it",
     "\x1b\0\0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\0\0\0\0\0", 31},
};

/* Each is said to a signer that is ready, and to one that is not. */
static void broken_messages_end_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof broken / sizeof *broken); i++) {
        struct process p;
        if (i % 2 == 0)
            process_ready(&p, TRIAL_RULES);
        else
            process_spawn(&p, "signer");
        process_put(&p, broken[i / 2].bytes, broken[i / 2].len);
        shutdown(p.child.fd, SHUT_WR); /* also for those that only promise more */
        print_message("%s\n", broken[i / 2].name);
        assert_ended(&p);
    }
}

static void a_second_start_ends_it(void **state)
{
    struct signer_message start;
    struct process p;
    char *text;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    text = rules_text(TRIAL_RULES);
    start = start_message(text);
    process_say(&p, &start);
    free(text);
    assert_ended(&p);
}

static void a_sign_before_the_start_ends_it(void **state)
{
    struct signer_message m;
    struct process p;
    struct trial t;
    struct buf bytes;

    (void)state;
    trial_begin(&t);
    add_mint(&t);
    trial_bytes(&t, &bytes);
    process_spawn(&p, "signer");
    m = sign_message(&p, 0, EPOCH, &bytes);
    process_say(&p, &m);
    assert_ended(&p);
    buf_release(&bytes);
    trial_end(&t);
}

/* One that cannot wait for READY. */
static void what_comes_with_the_start_ends_it(void **state)
{
    struct signer_message start;
    struct process p;
    struct buf both;
    char *text;

    (void)state;
    text = rules_text(TRIAL_RULES);
    start = start_message(text);
    buf_init(&both, SIGNER_START_BYTES);
    WORKS(signer_encode(&both, &start, e));
    put_frame(&both, "\2", 1);
    free(text);
    process_spawn(&p, "signer");
    process_put(&p, both.data, both.len);
    assert_ended(&p);
    buf_release(&both);
}

static void half_a_message_and_silence(void **state)
{
    struct process p;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    assert_true(process_put(&p, "\x40\0\0\0\2\1\0\0", 8));
    process_close(&p); /* it was waiting for the rest, in good order */
}

/* Byte by byte is as good as at once. */
static void a_message_in_pieces(void **state)
{
    struct signer_message m;
    struct process p;
    struct buf bytes, frame;
    struct trial t;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    trial_begin(&t);
    add_mint(&t);
    trial_bytes(&t, &bytes);
    m = sign_message(&p, 0, EPOCH, &bytes);
    buf_init(&frame, SIGNER_SIGN_BYTES);
    WORKS(signer_encode(&frame, &m, e));
    for (size_t i = 0; i < frame.len; i++)
        assert_true(process_put(&p, frame.data + i, 1));
    assert_true(process_hear(&p, &m));
    assert_holds(&m, &t, 0);
    buf_release(&frame);
    buf_release(&bytes);
    trial_end(&t);
    process_close(&p);
}

/* More than fits into all buffers, before one answer is read: they wait for each other, nothing is
 * lost, and every answer is the one to its question. */
static void a_flood(void **state)
{
    enum { MANY = 60000 };
    struct signer_message m;
    struct process p;
    struct buf flood;
    size_t heard = 0, sent = 0;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    buf_init(&flood, (size_t)64 * MANY);
    for (uint64_t id = 0; id < MANY; id++) {
        struct signer_message ask = {.tag = SIGNER_TAG_SIGN};
        ask.as.sign = (struct signer_sign){id, 0, EPOCH, (const uint8_t *)"garbage", 7};
        WORKS(signer_encode(&flood, &ask, e));
    }
    while (heard < MANY) {
        ssize_t n = send(p.child.fd, flood.data + sent, flood.len - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        if (n > 0 && sent < flood.len)
            continue;
        assert_true(process_hear(&p, &m));
        assert_int_equal(m.tag, SIGNER_TAG_REFUSED);
        assert_true(m.as.refused.id == heard);
        assert_string_equal(said(&m), heard < 1000 ? "UNREADABLE" : "HALTED");
        heard++;
    }
    buf_release(&flood);
    process_close(&p);
}

/* ---- a start that cannot be ---- */

static void expect_failure(const char *rules, enum error_code code, const char *part)
{
    struct signer_message m;
    struct process p;
    int status;

    process_start(&p, rules, &m);
    assert_int_equal(m.tag, SIGNER_TAG_FAILED);
    if (m.as.failed.code != code || strstr(m.as.failed.message, part) == NULL)
        fail_msg("%s: %s", error_name(m.as.failed.code), m.as.failed.message);
    assert_false(process_hear(&p, &m));
    status = process_end(&p);
    assert_int_equal(WEXITSTATUS(status), 1);
}

#define ONE(name, key, more)                                                                       \
    "{'name': '" name "', 'key': '" key "', " more "'commands_max': 8, 'epochs_ahead': 1, "        \
    "'gas': " TRIAL_GAS ", 'signatures_per_minute': 60, 'recipients': [], 'recipes': []}"
#define RULES(operators) "{'version': 1, 'chain': '4c78adac', 'operators': [" operators "]}"

static void keys_that_cannot_be_used(void **state)
{
    char both[512];

    (void)state;
    snprintf(both, sizeof both, "[\"%s\", \"%s\"]", key_vectors[0].base64, key_vectors[3].base64);
    write_key("both.keystore", both);
    write_key("open.key", key_vectors[0].suiprivkey);
    assert_int_equal(chmod(scratch_path(&scratch, "open.key"), 0644), 0);
    write_key("wrong.key", "suiprivkey1wrong");
    expect_failure(RULES(ONE("a", "file:none.key", "")), ERROR_NOT_FOUND, "");
    expect_failure(RULES(ONE("a", "file:open.key", "")), ERROR_CONFIG, "others have access");
    expect_failure(RULES(ONE("a", "file:wrong.key", "")), ERROR_INVALID, "");
    expect_failure(RULES(ONE("a", "file:both.keystore", "")), ERROR_CONFIG, "holds 2 keys");
    expect_failure(RULES(ONE("a", "file:main.key", "'address': '0x5', ")), ERROR_CONFIG,
                   "has no key for 0x0");
    expect_failure(RULES(ONE("a", "env:ORRERY_NO_SUCH", "")), ERROR_NOT_FOUND, "");
    expect_failure(RULES(ONE("a", "file:main.key", "") ", " ONE("b", "file:main.key", "")),
                   ERROR_CONFIG, "'a' and 'b' are both 0x");
    expect_failure("{'version': 2, 'chain': '4c78adac', 'operators': []}", ERROR_CONFIG, "version");
}

/* A source with several is read once, for all operators that name it. */
static void two_operators_of_one_keystore(void **state)
{
    struct signer_message m;
    struct process p;
    char both[512], rules[4096];

    (void)state;
    snprintf(both, sizeof both, "[\"%s\", \"%s\"]", key_vectors[0].base64, key_vectors[3].base64);
    write_key("both.keystore", both);
    snprintf(rules, sizeof rules,
             RULES(ONE("a", "file:both.keystore", "'address': '%s', ") ", " ONE(
                 "b", "file:both.keystore", "'address': '%s', ")),
             key_vectors[3].address, key_vectors[0].address);
    process_start(&p, rules, &m);
    assert_int_equal(m.tag, SIGNER_TAG_READY);
    assert_int_equal(m.as.ready.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct sui_address own = trial_own(1 - i), got = sui_key_address(m.as.ready.keys[i]);
        assert_true(sui_address_equal(&own, &got));
    }
    process_close(&p);
}

static void rules_that_are_no_json(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "\xff\xfe", "{\"version\":1,\"version\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct signer_message start = start_message(texts[i]), m;
        struct process p;
        process_spawn(&p, "signer");
        assert_true(process_say(&p, &start));
        assert_true(process_hear(&p, &m));
        assert_int_equal(m.tag, SIGNER_TAG_FAILED);
        assert_int_equal(m.as.failed.code, ERROR_CONFIG);
        assert_int_equal(WEXITSTATUS(process_end(&p)), 1);
    }
}

/* ---- what it is ---- */

static void nothing_is_open(const struct process *p)
{
    char dir[64], path[400], target[512];
    struct dirent *entry;
    DIR *folder;

    snprintf(dir, sizeof dir, "/proc/%d/fd", (int)p->child.pid);
    folder = opendir(dir);
    if (folder == NULL) {
        print_message("skipped: %s: %s\n", dir, strerror(errno));
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        ssize_t n;
        if (entry->d_name[0] == '.')
            continue;
        assert_true(strlen(entry->d_name) == 1 && entry->d_name[0] <= '3');
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        n = readlink(path, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        if (entry->d_name[0] == '3')
            assert_non_null(strstr(target, "socket:"));
#ifndef ORRERY_SANITIZED
        else
            assert_string_equal(target, "/dev/null");
#endif
        assert_null(strstr(target, scratch.dir));
    }
    closedir(folder);
}

/* Lines of /proc/PID/status. */
static void status_says(const struct process *p, const char *line)
{
    char path[64], text[8192];
    FILE *file;
    size_t len;

    snprintf(path, sizeof path, "/proc/%d/status", (int)p->child.pid);
    file = fopen(path, "re");
    assert_non_null(file);
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    if (strstr(text, line) == NULL)
        fail_msg("%s is not in: %s", line, text);
}

static void it_is_closed_and_confined(void **state)
{
    struct rlimit limit;
    struct process p;
    char path[64];
    struct stat st;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    nothing_is_open(&p);
    status_says(&p, "NoNewPrivs:\t1");
    status_says(&p, "Seccomp:\t2");
    assert_int_equal(prlimit(p.child.pid, RLIMIT_CORE, NULL, &limit), 0);
    assert_int_equal(limit.rlim_max, 0);
    assert_int_equal(prlimit(p.child.pid, RLIMIT_NOFILE, NULL, &limit), 0);
    assert_int_equal(limit.rlim_max, 0);
    /* The files of a process that is not dumpable are root's. */
    snprintf(path, sizeof path, "/proc/%d/mem", (int)p.child.pid);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, 0);
    process_close(&p);
}

static void it_has_no_environment(void **state)
{
    char path[64], text[4096];
    struct process p;
    ssize_t len;
    int fd;

    (void)state;
    process_ready(&p, TRIAL_RULES);
    snprintf(path, sizeof path, "/proc/%d/environ", (int)p.child.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, text, sizeof text);
        close(fd);
#ifndef ORRERY_SANITIZED
        assert_int_equal(len, 0);
#else
        assert_true(len >= 0);
#endif
    }
    process_close(&p);
}

/* Whatever a confined worker must not be able to do, a signer that is ready cannot, either. */
static void it_can_do_nothing_but_sign(void **state)
{
    size_t count;
    const struct confine_probe *probes = confine_probes(&count);

    (void)state;
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        char role[64], *text = rules_text(TRIAL_RULES);
        struct signer_message start = start_message(text), m;
        struct process p;
        int status;
        snprintf(role, sizeof role, "signer-%s", probes[i].what);
        process_spawn(&p, role);
        assert_true(process_say(&p, &start));
        assert_true(process_hear(&p, &m));
        assert_int_equal(m.tag, SIGNER_TAG_READY);
        status = process_end(&p);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
            fail_msg("it could %s (%d)", probes[i].description, WEXITSTATUS(status));
#ifndef ORRERY_SANITIZED
        if (strcmp(probes[i].what, "memory") != 0 && strncmp(probes[i].what, "mmap", 4) != 0)
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
#endif
        free(text);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attempt_is_refused),
        cmocka_unit_test(what_is_signed_holds),
        cmocka_unit_test(an_operator_that_is_not),
        cmocka_unit_test(an_attacker_has_few_tries),
        cmocka_unit_test(broken_messages_end_it),
        cmocka_unit_test(a_second_start_ends_it),
        cmocka_unit_test(a_sign_before_the_start_ends_it),
        cmocka_unit_test(what_comes_with_the_start_ends_it),
        cmocka_unit_test(half_a_message_and_silence),
        cmocka_unit_test(a_message_in_pieces),
        cmocka_unit_test(a_flood),
        cmocka_unit_test(keys_that_cannot_be_used),
        cmocka_unit_test(two_operators_of_one_keystore),
        cmocka_unit_test(rules_that_are_no_json),
        cmocka_unit_test(it_is_closed_and_confined),
        cmocka_unit_test(it_has_no_environment),
        cmocka_unit_test(it_can_do_nothing_but_sign),
    };
    int role = role_main(argc, argv);

    return role >= 0 ? role : cmocka_run_group_tests(tests, make_desk, remove_desk);
}
