#include "io/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define SOCKET_BUFFER (1024 * 1024)
#define FIRST_FREE_FD                                                                              \
    10 /* where descriptors are parked, above all the numbers that the child uses */
#define PAGE_SIZE 4096
#define SELF      "/proc/self/exe"

/* What is executed, and what of our environment it has. */
struct program {
    const char *path, *role;
    const char *const *variables;
    size_t variable_count;
};

/* What one spawn holds; -1 and NULL when not (or no longer) there. */
struct spawning {
    int ours, theirs, page_fd;
    void *page;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void spawning_release(struct spawning *s)
{
    close_fd(&s->ours);
    close_fd(&s->theirs);
    close_fd(&s->page_fd);
    if (s->page != NULL)
        munmap(s->page, PAGE_SIZE);
}

/* Moves a descriptor above the child's numbers, so that placing one cannot overwrite another. */
static int park(int *fd)
{
    int parked = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

    if (parked < 0)
        return -1;
    close(*fd);
    *fd = parked;
    return 0;
}

static void grow_buffers(int fd)
{
    int size = SOCKET_BUFFER;

    /* Beyond the system's usual maximum only for the privileged; less is slower, not wrong. */
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static int open_sockets(struct spawning *s, struct error *e)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return error_set(e, ERROR_IO, "a socket pair for the child could not be made: %s",
                         strerror(errno));
    s->ours = pair[0];
    s->theirs = pair[1];
    if (park(&s->theirs) != 0 || fcntl(s->ours, F_SETFL, O_NONBLOCK) != 0)
        return error_set(e, ERROR_IO, "the child's socket could not be prepared: %s",
                         strerror(errno));
    grow_buffers(s->ours);
    grow_buffers(s->theirs);
    return 0;
}

/* The size is sealed: a child that shrank the page would make our reads of it fatal. */
static int open_page(struct spawning *s, struct error *e)
{
    s->page_fd = memfd_create("orrery-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (s->page_fd < 0 || ftruncate(s->page_fd, PAGE_SIZE) != 0 ||
        fcntl(s->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0 ||
        park(&s->page_fd) != 0)
        return error_set(e, ERROR_IO, "the status page could not be made: %s", strerror(errno));
    s->page = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, s->page_fd, 0);
    if (s->page == MAP_FAILED) {
        s->page = NULL;
        return error_set(e, ERROR_IO, "the status page could not be mapped: %s", strerror(errno));
    }
    return 0;
}

static int place_descriptors(posix_spawn_file_actions_t *actions, const struct spawning *s)
{
    int failure = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
#ifndef ORRERY_SANITIZED
    if (failure == 0)
        failure = posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0);
#endif
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, s->theirs, SPAWN_SOCKET_FD);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(actions, s->page_fd, SPAWN_PAGE_FD);
    if (failure == 0)
        failure = posix_spawn_file_actions_addclosefrom_np(actions, SPAWN_PAGE_FD + 1);
    return failure;
}

/* A process group of its own, too: Ctrl-C is for the parent, which ends its children in good order.
 */
static int default_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

/* The whole entry, "NAME=value". */
static bool find_variable(const char *name, char **out)
{
    size_t len = strlen(name);

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, len) != 0 || (*entry)[len] != '=')
            continue;
        *out = *entry;
        return true;
    }
    return false;
}

/* Sanitizer options, and the variables named: the child must not depend on, nor know, what else is
 * in our environment. The entries are our environment's own. */
static void child_environment(const struct program *program, char *out[SPAWN_VARIABLES + 8])
{
    static const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS",
                                       "LSAN_OPTIONS"};
    size_t count = 0;

#ifdef ORRERY_SANITIZED
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        count += find_variable(kept[i], &out[count]);
#else
    (void)kept;
#endif
    for (size_t i = 0; i < program->variable_count && i < SPAWN_VARIABLES; i++)
        count += find_variable(program->variables[i], &out[count]);
    out[count] = NULL;
}

static int run_child(const struct spawning *s, const struct program *program, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char name[] = "orrery", option[64], *environment[SPAWN_VARIABLES + 8];
    char *arguments[] = {name, option, NULL};
    int failure;

    snprintf(option, sizeof option, "--role=%s", program->role);
    child_environment(program, environment);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    failure = place_descriptors(&actions, s);
    if (failure == 0)
        failure = default_signals(&attributes);
    if (failure == 0)
        failure = posix_spawn(pid, program->path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static int spawn_program(struct child *out, const struct program *program, struct error *e)
{
    struct spawning s = {.ours = -1, .theirs = -1, .page_fd = -1};
    struct child child;
    int failure;

    if (open_sockets(&s, e) != 0 || open_page(&s, e) != 0) {
        spawning_release(&s);
        return -1;
    }
    failure = run_child(&s, program, &child.pid);
    if (failure != 0) {
        spawning_release(&s);
        error_set(e, ERROR_IO, "a %s process could not be started from %s: %s", program->role,
                  program->path, strerror(failure));
        if (failure == ENOENT)
            error_hint(e, "is /proc mounted?");
        return -1;
    }
    if (clock_getcpuclockid(child.pid, &child.cpu_clock) != 0)
        child.cpu_clock = -1;
    child.fd = s.ours;
    child.page = s.page;
    close_fd(&s.theirs);
    close_fd(&s.page_fd);
    *out = child;
    return 0;
}

int spawn_role_path(struct child *out, const char *path, const char *role, struct error *e)
{
    return spawn_program(out, &(struct program){.path = path, .role = role}, e);
}

int spawn_role(struct child *out, const char *role, struct error *e)
{
    return spawn_role_path(out, SELF, role, e);
}

int spawn_role_with(struct child *out, const char *role, const char *const *variables, size_t count,
                    struct error *e)
{
    struct program program = {SELF, role, variables, count};

    return spawn_program(out, &program, e);
}

int64_t child_cpu_ns(const struct child *child)
{
    struct timespec t;

    if (child->pid <= 0 || clock_gettime(child->cpu_clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void child_kill(const struct child *child)
{
    if (child->pid > 0)
        kill(child->pid, SIGKILL);
}

int child_reap(struct child *child, int *status)
{
    int how = 0;
    pid_t pid;

    if (child->pid <= 0)
        return -1;
    do
        pid = waitpid(child->pid, &how, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return 0;
    child->pid = -1;
    if (pid < 0)
        return -1;
    if (status != NULL)
        *status = how;
    return 1;
}

void child_describe_end(int status, char *out, size_t size)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(out, size, "tried a forbidden system call and was killed by the jail");
    else if (WIFSIGNALED(status))
        snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(out, size, "exited with code %d", WEXITSTATUS(status));
}

void child_release(struct child *child)
{
    close_fd(&child->fd);
    if (child->page != NULL)
        munmap((void *)(uintptr_t)child->page, PAGE_SIZE);
    child->page = NULL;
}

/* The socket remembers who made the pair: if that is not our parent, the parent died before
 * PDEATHSIG was set. */
static int die_with_parent(struct error *e)
{
    struct ucred maker;
    socklen_t size = sizeof maker;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return error_set(e, ERROR_IO, "PR_SET_PDEATHSIG failed: %s", strerror(errno));
    if (getsockopt(SPAWN_SOCKET_FD, SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0)
        return error_set(e, ERROR_IO, "fd %d is not the parent's socket: %s", SPAWN_SOCKET_FD,
                         strerror(errno));
    if (maker.pid != getppid())
        return error_set(e, ERROR_IO, "the parent is gone");
    return 0;
}

struct status_page *spawn_map_page(struct error *e)
{
    void *page;

    if (die_with_parent(e) != 0)
        return NULL;
    page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, SPAWN_PAGE_FD, 0);
    if (page == MAP_FAILED) {
        error_set(e, ERROR_IO, "the status page on fd %d could not be mapped: %s", SPAWN_PAGE_FD,
                  strerror(errno));
        return NULL;
    }
    close(SPAWN_PAGE_FD);
    return page;
}
