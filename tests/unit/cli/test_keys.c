/* orrery keys, without a terminal: what is made, shown and refused; and that nothing of a key stays
 * behind in the program, nor gets into what it prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/error.h"
#include "capture.h"
#include "keys/bech32.h"
#include "support/actor.h"
#include "support/memory_scan.h"
#include "support/scratch.h"

/* Of the seed 00 01 … 1f. */
#define KEY     "suiprivkey1qqqqzqsrqszsvpcgpy9qkrqdpc83qygjzv2p29shrqv35xcur50p74yefn7"
#define BASE64  "AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define ADDRESS "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac"
/* Of the seed ff … ff; and one of secp256k1. */
#define OTHER  "AP//////////////////////////////////////////"
#define SECP   "AS9Mx4NOwGUOf09YAVhBa9YtnN9tZgSwiTPktBPYWMEe"
#define ABSENT "0x0000000000000000000000000000000000000000000000000000000000000001"

static struct scratch scratch;

static int make_desk(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int remove_desk(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

/* ---- shorthands ---- */

static const char *file_with(const char *name, const char *text, mode_t mode)
{
    const char *path = scratch_path(&scratch, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

/* From now on the standard input is this text. */
static void type(const char *text)
{
    int fd = open(file_with("typed", text, 0600), O_RDONLY | O_CLOEXEC);

    assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
    close(fd);
}

#define ORRERY(...) capture("-C", scratch.dir, "keys", __VA_ARGS__, NULL)

/* Neither stream has 8 characters of a key, behind those that they all begin with. */
static void assert_hidden(const struct capture *c, const char *secret)
{
    char run[9];

    for (size_t i = 12; i + 8 <= strlen(secret); i++) {
        snprintf(run, sizeof run, "%s", secret + i);
        assert_null(strcasestr(c->out, run));
        assert_null(strcasestr(c->err, run));
    }
}

/* Code, and a part of each stream ("": it is empty). */
static void check(struct capture c, int code, const char *out, const char *err)
{
    if (c.code != code || (*out == '\0' ? c.out_len > 0 : strstr(c.out, out) == NULL) ||
        (*err == '\0' ? c.err_len > 0 : strstr(c.err, err) == NULL))
        fail_msg("exit code %d\n--- out\n%s--- err\n%s", c.code, c.out, c.err);
    assert_hidden(&c, KEY);
    assert_hidden(&c, BASE64);
    capture_release(&c);
}

static void assert_file(const char *name, mode_t mode, const char *text)
{
    char found[256] = {0};
    struct stat st;
    FILE *file = fopen(scratch_path(&scratch, name), "re");

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    assert_true(fread(found, 1, sizeof found - 1, file) > 0);
    fclose(file);
    if (text != NULL)
        assert_string_equal(found, text);
}

/* ---- new ---- */

static void new_keys(void **state)
{
    struct capture c = ORRERY("new", "operator"), again, address;
    struct stat st;

    (void)state;
    assert_int_equal(c.code, 0);
    assert_memory_equal(c.out, "address     0x", 14);
    assert_null(strstr(c.out, "suiprivkey"));
    assert_file("keys/operator.key", 0600, NULL);
    assert_int_equal(stat(scratch_path(&scratch, "keys"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_file("keys/.gitignore", 0600, "*\n");
    address = ORRERY("address", "operator");
    assert_memory_equal(address.out, c.out + 12, 66);
    again = ORRERY("new", "other");
    assert_string_not_equal(again.out, c.out);
    capture_release(&c);
    capture_release(&address);
    capture_release(&again);
    check(ORRERY("new", "operator"), 1, "", "there is such a key already: it was not touched");
    check(ORRERY("new", "x", "--show-key"), 1, "", "on a terminal only; nothing was made");
    check(ORRERY("new", "x", "--show-key", "--json"), 1, "INVALID", "on a terminal only");
    assert_int_equal(access(scratch_path(&scratch, "keys/x.key"), F_OK), -1);
}

static void names(void **state)
{
    static const char *const wrong[] = {"", "A", "a/b", "../a", "-a", "a.key", "a b", "\n"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check(capture("-C", scratch.dir, "keys", "new", "--", wrong[i], NULL), 1, "",
              "cannot be a key's name");
    check(ORRERY("new"), 1, "", "expected `orrery keys new NAME [--show-key]`");
    check(ORRERY("new", "a", "b"), 1, "", "expected `orrery keys new NAME [--show-key]`");
    check(ORRERY("address", "a/b"), 1, "", "a file is named as file:PATH");
}

/* ---- import ---- */

static void imports(void **state)
{
    char list[256];

    (void)state;
    type(KEY "\n");
    check(ORRERY("import", "a"), 0, ADDRESS, "");
    assert_file("keys/a.key", 0600, KEY "\n");
    type(BASE64);
    check(ORRERY("import", "b", "--json"), 0, "{\"data\":{\"address\":\"" ADDRESS, "");
    assert_file("keys/b.key", 0600, KEY "\n");
    snprintf(list, sizeof list, "[\"%s\", \"%s\", \"%s\"]", OTHER, BASE64, SECP);
    type(list);
    check(ORRERY("import", "c"), 1, "", "the list has 2 keys: which one is meant?");
    type(list);
    check(ORRERY("import", "c", "--address", ABSENT), 2, "", "none of the 2 keys");
    type(list);
    check(ORRERY("import", "c", "--address", "0x1"), 1, "", "expected 0x and 64 hex digits");
    assert_int_equal(access(scratch_path(&scratch, "keys/c.key"), F_OK), -1);
    type(list);
    check(ORRERY("import", "c", "--address", ADDRESS), 0, ADDRESS, "");
    assert_file("keys/c.key", 0600, KEY "\n");
}

static void wrong_imports(void **state)
{
    char text[32768];

    (void)state;
    type("");
    check(ORRERY("import", "x"), 1, "", "the standard input: it is empty");
    type("[\"" SECP "\"]");
    check(ORRERY("import", "x"), 1, "", "no Ed25519 key");
    snprintf(text, sizeof text, "%.69sz", KEY);
    type(text);
    check(ORRERY("import", "x"), 1, "", "checksum");
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    type(text);
    check(ORRERY("import", "x"), 1, "", "expected at most 16384 bytes of keys, got more");
    type(KEY);
    check(ORRERY("import", "a"), 1, "", "there is such a key already");
    assert_int_equal(access(scratch_path(&scratch, "keys/x.key"), F_OK), -1);
}

/* Nor is it repeated. */
static void keys_on_the_command_line(void **state)
{
    (void)state;
    check(ORRERY("import", "x", KEY), 1, "", "a key was given on the command line");
    check(ORRERY(KEY), 1, "", "a key was given on the command line");
    check(ORRERY("address", "file:" KEY), 1, "", "a key was given on the command line");
    check(ORRERY("import", "x", "--address", KEY), 1, "", "a key was given on the command line");
    check(capture(KEY, NULL), 1, "", "unknown command 'suiprivkey1***'");
    check(capture("fire", "x", "--" KEY, NULL), 1, "", "unknown option '--suiprivkey1***'");
}

/* ---- list and address ---- */

static void lists(void **state)
{
    char source[600];
    struct capture c;
    json_t *answer, *keys;

    (void)state;
    snprintf(source, sizeof source, "file:%s",
             file_with("sui.keystore", "[\"" OTHER "\",\"" SECP "\"]", 0600));
    c = ORRERY("list", source, "--json");
    assert_int_equal(c.code, 0);
    answer = json_loads(c.out, 0, NULL);
    keys = json_object_get(json_object_get(answer, "data"), "keys");
    assert_int_equal(json_array_size(keys), 6);
    assert_string_equal(json_string_value(json_object_get(json_array_get(keys, 0), "address")),
                        ADDRESS);
    assert_string_equal(json_string_value(json_object_get(json_array_get(keys, 0), "name")), "a");
    assert_string_equal(json_string_value(json_object_get(json_array_get(keys, 0), "source")),
                        "file:keys/a.key");
    assert_string_equal(json_string_value(json_object_get(json_array_get(keys, 5), "source")),
                        source);
    json_decref(answer);
    capture_release(&c);
    check(ORRERY("list", source), 0, ADDRESS "  b         file:keys/b.key\n",
          "passed over: 1 key of other schemes");
    check(ORRERY("address", "a"), 0, ADDRESS "\n", "");
    check(ORRERY("address", "a", "--json"), 0, "\"addresses\":[\"" ADDRESS "\"]", "");
    check(ORRERY("address", "file:keys/a.key"), 0, ADDRESS "\n", "");
    check(ORRERY("address", "nobody"), 2, "", "`orrery keys list` shows");
    check(ORRERY("list", "keys/a.key"), 4, ADDRESS, "expected a source of keys");
    check(ORRERY("list", "env:ORRERY_NO_SUCH"), 2, ADDRESS, "has no such variable");
    setenv("ORRERY_TEST_KEY", KEY, 1);
    check(ORRERY("address", "env:ORRERY_TEST_KEY"), 0, ADDRESS "\n", "");
    assert_null(getenv("ORRERY_TEST_KEY"));
}

static void open_files_and_folders(void **state)
{
    const char *folder = scratch_path(&scratch, "keys"),
               *file = scratch_path(&scratch, "keys/a.key");
    char hint[600];

    (void)state;
    assert_int_equal(chmod(file, 0640), 0);
    snprintf(hint, sizeof hint,
             "(mode 0640): what holds keys is used only when nobody else has\n"
             "  hint: chmod 600 %s\n",
             file);
    check(ORRERY("address", "a"), 4, "", hint);
    check(ORRERY("list"), 4, "file:keys/b.key", hint);
    check(ORRERY("list", "--json"), 4, "\"ok\":false", hint);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    snprintf(hint, sizeof hint, "hint: chmod 700 %s\n", folder);
    check(ORRERY("list"), 4, "", hint);
    check(ORRERY("new", "z"), 4, "", hint);
    assert_int_equal(chmod(folder, 0700), 0);
    check(ORRERY("list"), 0, "file:keys/a.key", "");
}

static void an_empty_desk(void **state)
{
    const char *dir = scratch_path(&scratch, "empty");

    (void)state;
    assert_int_equal(mkdir(dir, 0700), 0);
    check(capture("-C", dir, "keys", "list", NULL), 0,
          "no keys: `orrery keys new NAME` makes one\n", "");
    check(capture("-C", dir, "keys", "list", "--json", NULL), 0, "\"keys\":[]", "");
    assert_int_equal(access(scratch_path(&scratch, "empty/keys"), F_OK), -1);
    check(capture("-C", scratch_path(&scratch, "absent"), "keys", "new", "a", NULL), 1, "",
          "cannot make the folder");
}

/* ---- what stays behind in the program ---- */

static int act(char **argv)
{
    struct capture c = capture("-C", argv[2], "keys", argv[3], argv[4], NULL);

    if (c.code != 0) {
        fputs(c.err, stderr);
        _exit(93);
    }
    actor_pause('d');
    return 0;
}

/* A key that is nowhere in this program's file. */
static struct {
    char suiprivkey[KEY_BECH32_CHARS + 1], base64[64];
    struct scan_needles needles;
} made;

static void know_key(const unsigned char raw[KEY_RAW_BYTES])
{
    unsigned char expanded[crypto_hash_sha512_BYTES];

    memset(&made, 0, sizeof made);
    crypto_hash_sha512(expanded, raw + 1, KEY_SEED_BYTES);
    key_bech32_encode(0, raw + 1, made.suiprivkey);
    sodium_bin2base64(made.base64, sizeof made.base64, raw, KEY_RAW_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    scan_add(&made.needles, "seed", raw + 1, KEY_SEED_BYTES);
    scan_add(&made.needles, "expanded key", expanded, sizeof expanded);
    scan_add(&made.needles, "suiprivkey", made.suiprivkey + 13, KEY_BECH32_CHARS - 13);
    scan_add(&made.needles, "base64", made.base64 + 2, 40);
}

static void make_key(void)
{
    unsigned char raw[KEY_RAW_BYTES] = {0};

    assert_true(sodium_init() >= 0);
    randombytes_buf(raw + 1, KEY_SEED_BYTES);
    know_key(raw);
}

/* The key that was just made. */
static void read_key(const char *name)
{
    char path[128], text[KEY_BECH32_CHARS];
    unsigned char raw[KEY_RAW_BYTES];
    struct error e = ERROR_INIT;
    int fd;

    snprintf(path, sizeof path, "keys/%s.key", name);
    fd = open(scratch_path(&scratch, path), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, text, sizeof text), sizeof text);
    close(fd);
    assert_int_equal(key_bech32_decode(text, sizeof text, raw, &e), 0);
    know_key(raw);
}

/* Runs `orrery keys VERB WORD` in a process of its own and searches it. */
static void nothing_stays(const char *verb, const char *word, const char *input,
                          const char *variable)
{
    char *argv[] = {(char *)"test_keys", (char *)"act", scratch.dir,
                    (char *)verb,        (char *)word,  NULL};
    char entry[256], *envp[] = {entry, NULL};
    struct scan_result found = {0};
    struct actor actor;
    bool permitted;

    snprintf(entry, sizeof entry, "K=%s", variable);
    type(input);
    actor_start(&actor, argv, envp, STDIN_FILENO);
    assert_int_equal(actor_await(&actor), 'd');
    if (strcmp(verb, "new") == 0)
        read_key(word);
    permitted = scan_permitted(actor.pid);
    if (permitted)
        found = scan_memory(actor.pid, &made.needles);
    actor_go(&actor);
    assert_int_equal(actor_finish(&actor), 0);
    if (!permitted) {
        print_message("skipped: a process that has keys may not be looked into here\n");
        skip();
    }
    if (found.outside + found.locked > 0)
        fail_msg("%s %s: %zu pieces: %s", verb, word, found.outside, found.where);
    assert_true(found.bytes > 1024 * 1024);
}

static void nothing_stays_behind(void **state)
{
    char list[256];

    (void)state;
#ifdef ORRERY_SANITIZED
    print_message("skipped: sanitizers ignore mlock and keep copies of their own\n");
    skip();
#endif
    make_key();
    snprintf(list, sizeof list, "[\"%s\"]", made.base64);
    nothing_stays("import", "hygienic", made.suiprivkey, "");
    nothing_stays("import", "hygienic2", list, "");
    nothing_stays("address", "hygienic", "", "");
    nothing_stays("address", "env:K", "", made.suiprivkey);
    nothing_stays("list", "env:K", "", list);
    nothing_stays("new", "fresh", "", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_keys),
        cmocka_unit_test(names),
        cmocka_unit_test(imports),
        cmocka_unit_test(wrong_imports),
        cmocka_unit_test(keys_on_the_command_line),
        cmocka_unit_test(lists),
        cmocka_unit_test(open_files_and_folders),
        cmocka_unit_test(an_empty_desk),
        cmocka_unit_test(nothing_stays_behind),
    };

    if (argc == 5 && strcmp(argv[1], "act") == 0)
        return act(argv);
    return cmocka_run_group_tests(tests, make_desk, remove_desk);
}
