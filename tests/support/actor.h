/*
 * actor: this test program, executed once more, as a process that has a secret which its memory can
 * be searched for (support/memory_scan.h). It stops after each step until it was looked at.
 */
#ifndef ORRERY_TESTS_ACTOR_H
#define ORRERY_TESTS_ACTOR_H

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTOR_CHANNEL 3

struct actor {
    pid_t pid;
    int channel;
};

/* In the actor: says that a step is done and waits. Small on purpose: the stack stays as the step
 * has left it. */
static inline void actor_pause(char step)
{
    if (write(ACTOR_CHANNEL, &step, 1) != 1 || read(ACTOR_CHANNEL, &step, 1) != 1)
        _exit(90);
}

/* `input`: its standard input, or -1. */
static inline void actor_start(struct actor *a, char **argv, char **envp, int input)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    a->pid = fork();
    if (a->pid == 0) {
        alarm(60);
        if (dup2(ends[1], ACTOR_CHANNEL) < 0 || (input >= 0 && dup2(input, STDIN_FILENO) < 0))
            _exit(91);
        fcntl(ACTOR_CHANNEL, F_SETFD, 0); /* also when it was that number already */
        execve("/proc/self/exe", argv, envp);
        _exit(92);
    }
    close(ends[1]);
    a->channel = ends[0];
}

/* Waits for the next step; what it was, or 0 when the actor is gone. It goes on with actor_go(). */
static inline char actor_await(const struct actor *a)
{
    char step;

    return read(a->channel, &step, 1) == 1 ? step : 0;
}

static inline void actor_go(const struct actor *a)
{
    if (write(a->channel, "", 1) != 1)
        abort();
}

/* Its end: the status as waitpid() gives it. */
static inline int actor_finish(struct actor *a)
{
    int status = -1;

    waitpid(a->pid, &status, 0);
    close(a->channel);
    return status;
}

#endif
