/*
 * Runs mutated copies of the hostile scripts: bytes flipped, copied, dropped, and pieces of other
 * scripts put in. Whatever a copy does is fine, except to crash. A batch runs in a forked child
 * that reports its progress; a copy that hangs in C is killed, as the daemon would, and the next
 * batch starts behind it.
 *
 *     hostile_fuzz [ITERATIONS [SEED]]
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "hostile/host.h"
#include "hostile/script.h"
#include "vm/vm.h"

enum {
    ITERATIONS = 3000,
    BATCH = 100,
    SOFT_MS = 10,
    HANG_MS = 5000,
    MUTANT_MAX = 70 * 1024,
    EDITS = 6
};

struct corpus {
    struct script *scripts;
    size_t count;
};

/* Pieces that make a mutant more likely to mean something. */
static const char *const pieces[] = {"nil",
                                     "{}",
                                     "()",
                                     "-1",
                                     "1e15",
                                     "0/0",
                                     "math.mininteger",
                                     "\"\"",
                                     "string",
                                     "_G",
                                     "_ENV",
                                     "pcall(",
                                     ")",
                                     " end ",
                                     "function() ",
                                     "...",
                                     "setmetatable({}, ",
                                     "__index",
                                     "__newindex",
                                     "__call",
                                     "__eq",
                                     "__len",
                                     "next",
                                     "pairs",
                                     "table.sort",
                                     "table.move",
                                     "table.concat",
                                     "string.rep",
                                     "string.gsub",
                                     "string.format",
                                     "getmetatable(",
                                     "#",
                                     "..",
                                     "goto x ",
                                     "::x::",
                                     "local x <close> = ",
                                     "local x <const> = ",
                                     "while true do ",
                                     "error(",
                                     "tostring("};

static size_t put(char *text, size_t len, size_t at, const char *piece, size_t piece_len)
{
    if (len + piece_len > MUTANT_MAX)
        return len;
    memmove(text + at + piece_len, text + at, len - at);
    memcpy(text + at, piece, piece_len);
    return len + piece_len;
}

static size_t edit(struct random *random, const struct corpus *corpus, char *text, size_t len)
{
    size_t at = random_below(random, len), span = 1 + random_below(random, 40);
    const struct script *other = &corpus->scripts[random_below(random, corpus->count)];
    const char *piece = pieces[random_below(random, sizeof pieces / sizeof pieces[0])];

    if (span > len - at)
        span = len - at;
    switch (random_below(random, 5)) {
    case 0:
        text[at] = (char)random_next(random);
        return len;
    case 1:
        memmove(text + at, text + at + span, len - at - span);
        return len - span;
    case 2:
        return put(text, len, at, piece, strlen(piece));
    case 3:
        if (other->len > span) {
            size_t from = random_below(random, other->len - span);
            return put(text, len, at, other->source + from, span);
        }
        return len;
    default: /* a digit or a letter becomes its neighbour */
        text[at] = (char)(text[at] + 1);
        return len;
    }
}

static void run_mutant(struct random *random, const struct corpus *corpus)
{
    static char text[MUTANT_MAX + 1];
    const struct script *base = &corpus->scripts[random_below(random, corpus->count)];
    struct error e = ERROR_INIT;
    char answer[600];
    size_t len = base->len < MUTANT_MAX ? base->len : MUTANT_MAX;
    struct vm *vm;

    memcpy(text, base->source, len);
    for (uint64_t edits = 1 + random_below(random, EDITS); edits > 0 && len > 1; edits--)
        len = edit(random, corpus, text, len);
    vm = host_vm(SOFT_MS, &e);
    if (vm == NULL)
        exit(3);
    if (vm_load(vm, "strategies/mutant.lua", text, len, &e) == 0)
        for (int i = 0; i < 2; i++) {
            error_clear(&e);
            host_tick(vm, 1, answer, sizeof answer, &e);
        }
    vm_free(vm);
}

static void run_batch(const struct corpus *corpus, uint64_t seed, size_t from, size_t to, int fd)
{
    struct error e = ERROR_INIT;

    if (vm_timer_start(&e) < 0)
        exit(3);
    for (size_t i = from; i < to; i++) {
        struct random random;
        random_init(&random, random_mix(seed, i));
        if (write(fd, &i, sizeof i) != sizeof i)
            exit(3);
        run_mutant(&random, corpus);
    }
}

/* Runs from..to; returns the index to go on with. `*crashed` receives whether the child died on its
 * own. */
static size_t watch_batch(const struct corpus *corpus, uint64_t seed, size_t from, size_t to,
                          bool *crashed, size_t *hung)
{
    struct pollfd ready;
    size_t at = from, seen;
    int fds[2], status;
    pid_t pid;

    if (pipe(fds) < 0 || (pid = fork()) < 0) {
        perror("fork");
        exit(2);
    }
    if (pid == 0) {
        close(fds[0]);
        run_batch(corpus, seed, from, to, fds[1]);
        exit(0);
    }
    close(fds[1]);
    ready = (struct pollfd){fds[0], POLLIN, 0};
    while (poll(&ready, 1, HANG_MS) > 0 && read(fds[0], &seen, sizeof seen) == sizeof seen)
        at = seen;
    if (poll(&ready, 1, 0) == 0) {
        kill(pid, SIGKILL);
        ++*hung;
    }
    close(fds[0]);
    waitpid(pid, &status, 0);
    *crashed = (WIFEXITED(status) && WEXITSTATUS(status) != 0) ||
               (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? to : at + 1;
}

int main(int argc, char **argv)
{
    size_t iterations = argc > 1 ? strtoul(argv[1], NULL, 10) : ITERATIONS, crashes = 0, hung = 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct corpus corpus;

    if (scripts_read(ORRERY_SOURCE_DIR "/tests/hostile/scripts", &corpus.scripts, &corpus.count) <
        0)
        return 2;
    for (size_t at = 0; at < iterations;) {
        size_t to = at + BATCH < iterations ? at + BATCH : iterations;
        bool crashed;
        at = watch_batch(&corpus, seed, at, to, &crashed, &hung);
        if (crashed) {
            printf("CRASH at iteration %zu of seed %llu\n", at - 1, (unsigned long long)seed);
            crashes++;
        }
    }
    printf("%zu mutants of %zu scripts: %zu crashes, %zu killed in C code\n", iterations,
           corpus.count, crashes, hung);
    scripts_free(corpus.scripts, corpus.count);
    return crashes > 0;
}
