/* Where keys come from: files, credentials, variables; and which of them are refused, and how. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "keys/key_env.h"
#include "keys/key_file.h"
#include "keys/key_source.h"
#include "keys/key_text.h"
#include "keys/keyring.h"
#include "support/scratch.h"

#define SECRET key_vectors[4].suiprivkey

static struct scratch scratch;

static int make_scratch(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static const char *put(const char *name, const char *text, mode_t mode)
{
    const char *path = scratch_path(&scratch, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

/* Loads `text` as a source named relative to the scratch folder. */
static struct keyring *load(const char *text, struct error *e)
{
    struct keyring *ring = keyring_new(e);
    struct key_source source;

    assert_non_null(ring);
    if (key_source_parse(text, &source, e) < 0) {
        keyring_free(ring);
        return NULL;
    }
    if (keyring_load(ring, &source, scratch.dir, NULL, e) < 0) {
        assert_int_equal(keyring_count(ring), 0);
        keyring_free(ring);
        ring = NULL;
    }
    key_source_release(&source);
    return ring;
}

static void loads(const char *text, size_t vector)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = load(text, &e);

    if (ring == NULL)
        fail_msg("%s: %s", text, e.message);
    assert_string_equal(keyring_at(ring, 0)->address_text, key_vectors[vector].address);
    assert_string_equal(keyring_at(ring, 0)->origin, text);
    keyring_free(ring);
}

static void refuses(const char *text, enum error_code code, const char *message, const char *hint)
{
    struct error e = ERROR_INIT;
    struct keyring *ring = load(text, &e);

    if (ring != NULL)
        fail_msg("%s was accepted", text);
    if (e.code != code || strstr(e.message, message) == NULL ||
        (hint != NULL && strstr(e.hint, hint) == NULL))
        fail_msg("%s: %s: %s: %s (%s)", text, error_name(e.code), e.where, e.message, e.hint);
    assert_silent(&e, SECRET);
    assert_silent(&e, key_vectors[4].base64);
}

static void files(void **state)
{
    char text[512];

    (void)state;
    put("op.key", SECRET, 0600);
    loads("file:op.key", 4);
    put("op.key", SECRET, 0400);
    loads("file:op.key", 4);
    snprintf(text, sizeof text, "file:%s", scratch_path(&scratch, "op.key"));
    loads(text, 4);
    snprintf(text, sizeof text, "[\"%s\"]\n", key_vectors[4].base64);
    put("sui.keystore", text, 0600);
    loads("file:./sui.keystore", 4);
}

static void files_that_others_have_access_to(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0777};
    char hint[512], mode[16];

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(hint, sizeof hint, "chmod 600 %s", put("open.key", SECRET, modes[i]));
        snprintf(mode, sizeof mode, "(mode %04o)", (unsigned)modes[i]);
        refuses("file:open.key", ERROR_CONFIG, mode, hint);
    }
    snprintf(hint, sizeof hint, "chmod 600 '%s'", put("two words.key", SECRET, 0644));
    refuses("file:two words.key", ERROR_CONFIG, "others have access", hint);
    put("it's.key", SECRET, 0644);
    refuses("file:it's.key", ERROR_CONFIG, "others have access", "chmod 600, on that file");
}

static void files_of_somebody_else(void **state)
{
    char hint[512];

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can give a file away\n");
        skip();
    }
    snprintf(hint, sizeof hint, "chown 0 %s", put("theirs.key", SECRET, 0600));
    assert_int_equal(chown(scratch_path(&scratch, "theirs.key"), 12345, 12345), 0);
    refuses("file:theirs.key", ERROR_CONFIG, "another user (12345, this process runs as 0)", hint);
}

static void what_is_no_file(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    put("real.key", SECRET, 0600);
    assert_int_equal(symlink("real.key", scratch_path(&scratch, "link.key")), 0);
    refuses("file:link.key", ERROR_CONFIG, "symbolic link", "readlink -f");
    assert_int_equal(mkfifo(scratch_path(&scratch, "pipe.key"), 0600), 0);
    refuses("file:pipe.key", ERROR_CONFIG, "this is a pipe", NULL);
    assert_int_equal(mkdir(scratch_path(&scratch, "folder.key"), 0700), 0);
    refuses("file:folder.key", ERROR_CONFIG, "this is a folder", NULL);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s.key", scratch.dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    refuses("file:s.key", ERROR_CONFIG, "this is none", NULL);
    close(fd);
    refuses("file:/dev/zero", ERROR_CONFIG, "this is a device", NULL);
    refuses("file:absent.key", ERROR_NOT_FOUND, "no such file", NULL);
    refuses("file:real.key/x", ERROR_NOT_FOUND, "no such file", NULL);
    refuses("file:~/x.key", ERROR_NOT_FOUND, "no such file", "~ means nothing");
}

static void sizes(void **state)
{
    char *text = malloc(KEY_TEXT_BYTES + 2);

    (void)state;
    memset(text, ' ', KEY_TEXT_BYTES + 1);
    text[KEY_TEXT_BYTES + 1] = '\0';
    memcpy(text + 4000, SECRET, KEY_BECH32_CHARS);
    put("large.key", text, 0600);
    refuses("file:large.key", ERROR_LIMIT, "expected at most 16384 bytes", NULL);
    text[KEY_TEXT_BYTES] = '\0';
    put("large.key", text, 0600);
    loads("file:large.key", 4);
    put("empty.key", "", 0600);
    refuses("file:empty.key", ERROR_INVALID, "it is empty", NULL);
    free(text);
}

static void credentials(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    refuses("credential:op", ERROR_NOT_FOUND, "$CREDENTIALS_DIRECTORY is not set",
            "LoadCredential=op:");
    setenv("CREDENTIALS_DIRECTORY", "relative", 1);
    refuses("credential:op", ERROR_NOT_FOUND, "is not set", NULL);
    setenv("CREDENTIALS_DIRECTORY", scratch.dir, 1);
    refuses("credential:op", ERROR_NOT_FOUND, "no such file", "LoadCredential=op:");
    put("op", SECRET, 0400);
    loads("credential:op", 4);
    put("op", SECRET, 0440);
    refuses("credential:op", ERROR_CONFIG, "others have access", "chmod 600");
    put("op", SECRET, 0444);
    refuses("credential:op", ERROR_CONFIG, "others have access", "chmod 600");
    unsetenv("CREDENTIALS_DIRECTORY");
}

/* As one who is not root: 0 when such a credential of root's is taken, 1 when it is refused. */
static int credential_for_service(mode_t mode)
{
    const char *path = put("op", SECRET, mode);
    int status;
    pid_t child;

    assert_int_equal(chown(path, 0, 65534), 0);
    assert_int_equal(chmod(scratch.dir, 0711), 0);
    child = fork();
    if (child == 0) {
        struct error e = ERROR_INIT;
        setenv("CREDENTIALS_DIRECTORY", scratch.dir, 1);
        if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        _exit(load("credential:op", &e) != NULL ? 0 : e.code == ERROR_CONFIG ? 1 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void credentials_of_a_service(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can hand credentials down\n");
        skip();
    }
    assert_int_equal(credential_for_service(0440), 0); /* how an access control list looks */
    assert_int_equal(credential_for_service(0460), 1);
    assert_int_equal(credential_for_service(0450), 1);
    assert_int_equal(credential_for_service(0444), 1);
}

static void sources_that_are_none(void **state)
{
    static const char *const wrong[] = {
        "",
        "file",
        "file:",
        "op.key",
        "env:",
        "env:1A",
        "env:A-B",
        "env:A=B",
        "env: A",
        "credential:",
        "credential:a/b",
        "credential:..",
        "credential:.",
        "url:x",
        "FILE:op.key",
        "file:a\033b",
        "file:a\nb",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct key_source source = {.name = (char *)"untouched"};
        struct error e = ERROR_INIT;
        if (key_source_parse(wrong[i], &source, &e) == 0)
            fail_msg("'%s' was accepted", wrong[i]);
        assert_int_equal(e.code, ERROR_CONFIG);
        assert_string_equal(source.name, "untouched");
    }
}

static void a_key_in_the_place_of_a_source(void **state)
{
    char text[256];

    (void)state;
    refuses(SECRET, ERROR_CONFIG, "a key itself was given", "whoever can read that place");
    snprintf(text, sizeof text, "file:%s", SECRET);
    refuses(text, ERROR_CONFIG, "a key itself was given", NULL);
    snprintf(text, sizeof text, "env:%s", SECRET);
    refuses(text, ERROR_CONFIG, "a key itself was given", NULL);
    refuses(key_vectors[4].base64, ERROR_CONFIG, "expected a source of keys", NULL);
}

/* ---- variables ---- */

static void variables(void **state)
{
    (void)state;
    unsetenv("ORRERY_TEST_KEY");
    refuses("env:ORRERY_TEST_KEY", ERROR_NOT_FOUND, "no such variable", "wiped");
    setenv("ORRERY_TEST_KEY", SECRET, 1);
    loads("env:ORRERY_TEST_KEY", 4);
    assert_null(getenv("ORRERY_TEST_KEY"));
    refuses("env:ORRERY_TEST_KEY", ERROR_NOT_FOUND, "no such variable", "wiped");
}

/* Also what cannot be used is gone, and every copy: an environment may have a name twice. */
static void variables_are_wiped_in_place(void **state)
{
    char first[] = "ORRERY_TEST_KEY=not a key", other[] = "ORRERY_TEST_KEY2=stays";
    char second[] = "ORRERY_TEST_KEY=second value", *fake[] = {first, other, second, NULL};
    char **real = environ, out[64];
    struct error e = ERROR_INIT;
    size_t len = 0;

    (void)state;
    environ = fake;
    assert_int_equal(key_env_take("ORRERY_TEST_KEY", out, 4, &len, &e), -1);
    assert_string_equal(getenv("ORRERY_TEST_KEY2"), "stays");
    assert_null(getenv("ORRERY_TEST_KEY"));
    environ = real;
    assert_int_equal(e.code, ERROR_LIMIT);
    assert_null(strstr(e.message, "not a"));
    assert_memory_equal(first, "ORRERY_TEST_KEY=\0\0\0\0\0\0\0\0\0\0", sizeof first);
    for (size_t i = strlen("ORRERY_TEST_KEY="); i < sizeof second; i++)
        assert_int_equal(second[i], 0);
    assert_string_equal(other, "ORRERY_TEST_KEY2=stays");
}

/* ---- writing ---- */

static void written_files(void **state)
{
    const char *path = scratch_path(&scratch, "new.key");
    struct error e = ERROR_INIT;
    struct stat st;
    mode_t mask = umask(0);

    (void)state;
    assert_int_equal(key_file_write(path, SECRET, KEY_BECH32_CHARS, &e), 0);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    loads("file:new.key", 4);
    assert_int_equal(key_file_write(path, "x", 1, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    loads("file:new.key", 4);
    error_clear(&e);
    mask = umask(0777);
    path = scratch_path(&scratch, "masked.key");
    assert_int_equal(key_file_write(path, SECRET, KEY_BECH32_CHARS, &e), 0);
    umask(mask);
    loads("file:masked.key", 4);
    assert_int_equal(symlink("elsewhere", scratch_path(&scratch, "to.key")), 0);
    assert_int_equal(key_file_write(scratch_path(&scratch, "to.key"), "x", 1, &e), -1);
    assert_int_equal(e.code, ERROR_CONFLICT);
    assert_int_equal(access(scratch_path(&scratch, "elsewhere"), F_OK), -1);
}

/* A disk that is full, here a limit on the size of files: nothing half is left. */
static void files_that_cannot_be_written(void **state)
{
    const char *path = scratch_path(&scratch, "half.key");
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct rlimit limit = {10, 10};
        struct error e = ERROR_INIT;
        signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                      key_file_write(path, SECRET, KEY_BECH32_CHARS, &e) == -1 &&
                      e.code == ERROR_IO && access(path, F_OK) != 0
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void folders(void **state)
{
    char dir[300], hint[400];
    struct error e = ERROR_INIT;
    struct stat st;

    (void)state;
    snprintf(dir, sizeof dir, "%s/keys", scratch.dir);
    assert_int_equal(key_file_folder(dir, &e), 0);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(access(scratch_path(&scratch, "keys/.gitignore"), F_OK), 0);
    assert_int_equal(key_file_folder(dir, &e), 0);
    assert_int_equal(chmod(dir, 0750), 0);
    assert_int_equal(key_file_folder(dir, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    snprintf(hint, sizeof hint, "chmod 700 %s", dir);
    assert_string_equal(e.hint, hint);
    error_clear(&e);
    assert_int_equal(key_file_folder(put("file", "", 0600), &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    error_clear(&e);
    assert_int_equal(symlink("keys", scratch_path(&scratch, "alias")), 0);
    assert_int_equal(key_file_folder(scratch_path(&scratch, "alias"), &e), -1);
    assert_non_null(strstr(e.message, "a symbolic link"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),
        cmocka_unit_test(files_that_others_have_access_to),
        cmocka_unit_test(files_of_somebody_else),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(sizes),
        cmocka_unit_test(credentials),
        cmocka_unit_test(credentials_of_a_service),
        cmocka_unit_test(sources_that_are_none),
        cmocka_unit_test(a_key_in_the_place_of_a_source),
        cmocka_unit_test(variables),
        cmocka_unit_test(variables_are_wiped_in_place),
        cmocka_unit_test(written_files),
        cmocka_unit_test(files_that_cannot_be_written),
        cmocka_unit_test(folders),
    };

    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
