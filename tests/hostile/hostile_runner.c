/*
 * Runs every hostile script in a forked child beside a healthy bystander and compares what happened
 * with what the script's first lines expect. The child reports one line, "OUTCOME\tmessage\n",
 * through a pipe; a child that uses more CPU time than the hard deadline is killed, as the daemon
 * would.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "hostile/host.h"
#include "hostile/script.h"
#include "model/limits.h"
#include "vm/vm.h"

enum { TICKS = 5, POLL_MS = 20 };

#ifdef ORRERY_SANITIZED
enum { HARD_MS = 8000 };
#else
enum { HARD_MS = 2000 };
#endif

struct outcome {
    char text[64];
    char message[1024];
    int cpu_ms;
};

static void say(int fd, const char *outcome, const char *message)
{
    char line[1200];
    int len = snprintf(line, sizeof line, "%s\t%s\n", outcome, message);

    if (write(fd, line, (size_t)len) != len)
        _exit(3);
}

static void say_error(int fd, const struct error *e, const char *when)
{
    char outcome[64];
    bool refused = e->code == ERROR_SCRIPT_RESULT;

    snprintf(outcome, sizeof outcome, "%s%s", refused ? "RESULT" : error_name(e->code), when);
    say(fd, outcome, e->message);
}

static struct vm *load_bystander(struct error *e)
{
    struct script *all;
    size_t count;
    struct vm *vm = host_vm(LIMIT_SOFT_DEADLINE_MS, e);

    if (vm == NULL || scripts_read(ORRERY_SOURCE_DIR "/tests/hostile", &all, &count) < 0 ||
        count != 1)
        return NULL;
    if (vm_load(vm, "bystander.lua", all[0].source, all[0].len, e) < 0)
        return NULL;
    scripts_free(all, count);
    return vm;
}

/* Five ticks of the script; the first failure is what it did. */
static void run_script(const struct script *script, int fd)
{
    struct error e = ERROR_INIT;
    struct vm *vm = host_vm(LIMIT_SOFT_DEADLINE_MS, &e);
    char answer[600], file[160];

    if (vm == NULL) {
        say_error(fd, &e, " no vm");
        return;
    }
    snprintf(file, sizeof file, "strategies/%s.lua", script->name);
    if (vm_load(vm, file, script->source, script->len, &e) < 0) {
        say_error(fd, &e, " at load");
    } else if (strstr(script->expect, "OK at load") != NULL) {
        say(fd, "OK at load", "");
    } else {
        for (int i = 0; i < TICKS && e.code == ERROR_NONE; i++)
            host_tick(vm, 1, answer, sizeof answer, &e);
        if (e.code != ERROR_NONE)
            say_error(fd, &e, "");
        else
            say(fd, "OK", answer);
    }
    vm_free(vm);
}

static int child(const struct script *script, int fd)
{
    struct error e = ERROR_INIT;
    char before[600] = "", after[600] = "";
    struct vm *bystander;

    if (vm_timer_start(&e) < 0 || (bystander = load_bystander(&e)) == NULL ||
        host_tick(bystander, 42, before, sizeof before, &e) < 0) {
        say(fd, "BROKEN", e.message);
        return 1;
    }
    run_script(script, fd);
    if (host_tick(bystander, 42, after, sizeof after, &e) < 0 || strcmp(before, after) != 0)
        say(fd, "BYSTANDER", e.code != ERROR_NONE ? e.message : "its answer changed");
    vm_free(bystander);
    return 0;
}

static int cpu_ms(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (int)(used.tv_sec * 1000 + used.tv_nsec / 1000000);
}

/* Reads what the child says until it ends, or kills it past the hard deadline. True if killed. */
static bool listen(pid_t pid, int fd, char *text, size_t size, int *used)
{
    size_t len = 0;
    ssize_t got = 1;

    while (got > 0 && len + 1 < size) {
        struct pollfd ready = {fd, POLLIN, 0};
        if (poll(&ready, 1, POLL_MS) == 0) {
            *used = cpu_ms(pid);
            if (*used > HARD_MS) {
                kill(pid, SIGKILL);
                text[len] = '\0';
                return true;
            }
            continue;
        }
        got = read(fd, text + len, size - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    return false;
}

/* "SCRIPT at load\tmessage\n" and perhaps a second line about the bystander. */
static void judge_text(char *text, struct outcome *out)
{
    char *line_end = strchr(text, '\n'), *tab = strchr(text, '\t');

    if (line_end == NULL || tab == NULL || tab > line_end) {
        snprintf(out->text, sizeof out->text, "SILENT");
        return;
    }
    *tab = *line_end = '\0';
    snprintf(out->text, sizeof out->text, "%s", text);
    snprintf(out->message, sizeof out->message, "%s", tab + 1);
    if (line_end[1] != '\0') {
        snprintf(out->text, sizeof out->text, "BYSTANDER");
        snprintf(out->message, sizeof out->message, "%.1000s", line_end + 1);
    }
}

static void run_one(const struct script *script, struct outcome *out)
{
    char text[4096];
    int fds[2], status;
    pid_t pid;
    bool killed;

    memset(out, 0, sizeof *out);
    if (pipe(fds) < 0 || (pid = fork()) < 0) {
        perror("fork");
        exit(2);
    }
    if (pid == 0) {
        close(fds[0]);
        exit(child(script, fds[1]));
    }
    close(fds[1]);
    killed = listen(pid, fds[0], text, sizeof text, &out->cpu_ms);
    close(fds[0]);
    waitpid(pid, &status, 0);
    if (killed)
        snprintf(out->text, sizeof out->text, "KILL%s",
                 strstr(script->expect, "at load") ? " at load" : "");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(out->text, sizeof out->text, "CRASH (status %d)", status);
    else
        judge_text(text, out);
}

int main(int argc, char **argv)
{
    struct script *scripts;
    size_t count, failed = 0, ran = 0;
    struct outcome out;

    if (scripts_read(ORRERY_SOURCE_DIR "/tests/hostile/scripts", &scripts, &count) < 0)
        return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < count; i++) {
        if (argc > 1 && strstr(scripts[i].name, argv[1]) == NULL)
            continue;
        run_one(&scripts[i], &out);
        bool good =
            script_expects(&scripts[i], out.text) && strstr(out.message, scripts[i].says) != NULL;
        printf("%s %-32s %-18s %.100s\n", good ? "ok  " : "FAIL", scripts[i].name, out.text,
               out.message);
        if (!good)
            printf("     expected: %s%s%s\n", scripts[i].expect,
                   scripts[i].says[0] ? ", saying " : "", scripts[i].says);
        failed += !good;
        ran++;
    }
    printf("%zu scripts, %zu not contained as expected\n", ran, failed);
    scripts_free(scripts, count);
    return failed > 0 || ran == 0;
}
