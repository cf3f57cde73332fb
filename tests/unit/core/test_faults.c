/* Named moments at which a process ends or stops. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "core/faults.h"

static struct faults *parsed(const char *text)
{
    struct faults *f;
    struct error e = ERROR_INIT;

    if (faults_parse(text, &f, &e) < 0)
        fail_msg("%s: %s", text, e.message);
    return f;
}

static void test_none(void **state)
{
    (void)state;
    assert_null(parsed(NULL));
    assert_null(parsed(""));
    faults_at(NULL, "outbox.journaled");
    faults_free(NULL);
}

static void test_errors(void **state)
{
    static const char *const wrong[] = {"outbox.journaled",
                                        "=kill",
                                        "a=",
                                        "a=explode",
                                        "a=kill@",
                                        "a=kill@0",
                                        "a=kill@x",
                                        "a=kill@2x",
                                        "a=kill@-1",
                                        "a=kill@ 1",
                                        "a=kill@99999999999999999999",
                                        "a=killer",
                                        "a=kill=stop",
                                        "a=kill,b",
                                        "a=kill,,b=kill",
                                        "a=kill,",
                                        ",a=kill",
                                        ",",
                                        "0123456789012345678901234567890123456789012345678=kill"};
    struct faults *f;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error e = ERROR_INIT;
        if (faults_parse(wrong[i], &f, &e) == 0)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(e.code, ERROR_CONFIG);
        assert_non_null(strstr(e.message, "fault"));
        assert_null(f);
    }
}

static void test_as_many_as_there_is_room_for(void **state)
{
    char text[256] = "";
    struct error e = ERROR_INIT;
    struct faults *f;

    (void)state;
    for (int i = 0; i < 17; i++) {
        if (i == 16)
            faults_free(parsed(text));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sf%d=kill", i ? "," : "", i);
    }
    assert_int_equal(faults_parse(text, &f, &e), -1);
    assert_int_equal(e.code, ERROR_CONFIG);
    assert_non_null(strstr(e.message, "16"));
}

/* A child that passes `moments`, one letter each, and tells of each by a byte after it. */
static pid_t child(const char *spec, const char *moments, int *told)
{
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct error e = ERROR_INIT;
        struct faults *f;
        if (faults_parse(spec, &f, &e) < 0)
            _exit(9);
        for (const char *m = moments; *m != '\0'; m++) {
            char name[2] = {*m, '\0'};
            faults_at(f, name);
            if (write(ends[1], m, 1) != 1)
                _exit(8);
        }
        _exit(0);
    }
    close(ends[1]);
    *told = ends[0];
    return pid;
}

static void assert_passed(int told, const char *moments)
{
    char text[32] = "", *at = text;
    ssize_t n;

    while ((n = read(told, at, (size_t)(text + sizeof text - 1 - at))) > 0)
        at += n;
    close(told);
    assert_string_equal(text, moments);
}

static void test_kill(void **state)
{
    static const struct {
        const char *spec, *moments, *passed;
    } cases[] = {{"b=kill", "aabab", "aa"},
                 {"b=kill@1", "aabab", "aa"},
                 {"b=kill@2", "aabab", "aaba"},
                 {"b=kill@3,a=kill@3", "aabab", "aab"}};
    int status, told;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pid_t pid = child(cases[i].spec, cases[i].moments, &told);
        assert_passed(told, cases[i].passed);
        assert_true(waitpid(pid, &status, 0) == pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}

/* Names are whole names; what does not come about does nothing. */
static void test_passes(void **state)
{
    int status, told;
    pid_t pid = child("ab=kill,b=kill@4", "abbb", &told);

    (void)state;
    assert_passed(told, "abbb");
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_stop(void **state)
{
    int status, told;
    pid_t pid = child("b=stop@2", "abbbab", &told);

    (void)state;
    assert_true(waitpid(pid, &status, WUNTRACED) == pid);
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_passed(told, "abbbab"); /* once: the later passings are passed */
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_as_many_as_there_is_room_for),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
