/* What a confined process must not be able to do, tried with raw system calls. Each attempt is
 * harmless when it works. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "io/confine.h"
#include "io/spawn.h"

#define PAGE 4096

static int outcome(long result)
{
    return result < 0 ? errno : 0;
}

static int try_open(void)
{
    return outcome(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0));
}

static int try_list(void)
{
    return outcome(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0));
}

static int try_create(void)
{
    return outcome(syscall(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_WRONLY, 0600));
}

static int try_memory_file(void)
{
    return outcome(syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR, 0));
}

static int try_unlink(void)
{
    int failure = outcome(syscall(SYS_unlinkat, AT_FDCWD, "/orrery-no-such-file", 0));

    return failure == ENOENT ? 0 : failure; /* ENOENT: the call itself got through */
}

static int try_stat(void)
{
    return outcome(syscall(SYS_faccessat, AT_FDCWD, "/etc/passwd", R_OK));
}

static int try_socket_inet(void)
{
    return outcome(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
}

static int try_socket_unix(void)
{
    return outcome(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
}

static int try_connect(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return outcome(syscall(SYS_connect, SPAWN_SOCKET_FD, &to, sizeof to));
}

/* Descriptors can be received over a unix socket. */
static int try_receive_fd(void)
{
    char byte, control[64];
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    long result = syscall(SYS_recvmsg, SPAWN_SOCKET_FD, &message, MSG_DONTWAIT);

    return result < 0 && errno != EAGAIN ? errno : 0;
}

static int try_exec(void)
{
    char path[] = "/bin/true", *arguments[] = {path, NULL}, *environment[] = {NULL};

    return outcome(syscall(SYS_execve, path, arguments, environment));
}

static int try_fork(void)
{
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

    if (pid == 0)
        syscall(SYS_exit_group, 0);
    return outcome(pid);
}

/* Flags that no kernel accepts: EINVAL says that the call itself got through. */
static int try_thread(void)
{
    long result = syscall(SYS_clone, CLONE_THREAD, NULL, NULL, NULL, 0);

    return result < 0 && errno != EINVAL ? errno : 0;
}

static int try_ptrace(void)
{
    return outcome(syscall(SYS_ptrace, PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_kill(void)
{
    return outcome(syscall(SYS_kill, 0,
                           0)); /* our process group, which the parent is in; signal 0 only asks */
}

static int try_read_process(void)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {&byte, 1};

    return outcome(syscall(SYS_process_vm_readv, 1, &here, 1, &there, 1, 0));
}

static int try_mprotect_exec(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return errno;
    return outcome(syscall(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC));
}

static int try_mmap_exec(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? errno
               : 0;
}

static int try_mmap_shared(void)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? errno
               : 0;
}

static int try_memfd(void)
{
    return outcome(syscall(SYS_memfd_create, "orrery-probe", 0));
}

static int try_read_stdin(void)
{
    char byte;

    return outcome(syscall(SYS_read, 0, &byte, 1));
}

static int try_write_stdout(void)
{
    return outcome(syscall(SYS_write, 1, "", 1));
}

static int try_dup(void)
{
    return outcome(syscall(SYS_dup, SPAWN_SOCKET_FD));
}

static int try_dumpable(void)
{
    return outcome(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int try_setrlimit(void)
{
    struct rlimit more = {64, 64};

    return outcome(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &more, NULL));
}

static int try_ioctl(void)
{
    int waiting;

    return outcome(syscall(SYS_ioctl, SPAWN_SOCKET_FD, FIONREAD, &waiting));
}

static int try_getrandom(void)
{
    char bytes[8];

    return outcome(syscall(SYS_getrandom, bytes, sizeof bytes, 0));
}

static int try_io_uring(void)
{
    char parameters[120] = {0};

    return outcome(syscall(SYS_io_uring_setup, 1, parameters));
}

static int try_namespace(void)
{
    return outcome(syscall(SYS_unshare, CLONE_NEWUSER));
}

static int try_seccomp(void)
{
    long result = syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 0, NULL);

    return result < 0 && errno != EFAULT ? errno : 0;
}

static int try_signal_handler(void)
{
    return outcome(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 8));
}

static int try_timer(void)
{
    return outcome(syscall(SYS_setitimer, 2 /* ITIMER_PROF */, NULL, NULL));
}

static int try_sleep(void)
{
    struct timespec none = {0, 1};

    return outcome(syscall(SYS_clock_nanosleep, 0, 0, &none, NULL));
}

#ifndef ORRERY_SANITIZED
/* More than any worker's address space, in pieces, so that the first refusal is the limit's. */
static int try_memory(void)
{
    enum { PIECE = 64 * 1024 * 1024, PIECES = 1024 };

    for (int i = 0; i < PIECES; i++)
        if (mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
            MAP_FAILED)
            return errno;
    return 0;
}
#endif

/* X(name, description, attempt) */
#define PROBES(X)                                                                                  \
    X("open", "open a file for reading (/etc/passwd)", try_open)                                   \
    X("list", "list a folder (/)", try_list)                                                       \
    X("create", "create a file in /tmp", try_create)                                               \
    X("unlink", "delete a file", try_unlink)                                                       \
    X("access", "ask whether a file exists", try_stat)                                             \
    X("proc-mem", "open its own memory as a file (/proc/self/mem)", try_memory_file)               \
    X("socket-inet", "make a network socket", try_socket_inet)                                     \
    X("socket-unix", "make a local socket", try_socket_unix)                                       \
    X("connect", "connect to a port of this machine", try_connect)                                 \
    X("receive-fd", "receive a file descriptor over its socket", try_receive_fd)                   \
    X("exec", "run a program (/bin/true)", try_exec)                                               \
    X("fork", "start a process", try_fork)                                                         \
    X("thread", "start a thread", try_thread)                                                      \
    X("ptrace", "trace a process", try_ptrace)                                                     \
    X("kill", "send a signal to its parent's group", try_kill)                                     \
    X("read-process", "read another process's memory", try_read_process)                           \
    X("mprotect-exec", "make memory executable", try_mprotect_exec)                                \
    X("mmap-exec", "map executable memory", try_mmap_exec)                                         \
    X("mmap-shared", "map memory that others could share", try_mmap_shared)                        \
    X("memfd", "make a file in memory", try_memfd)                                                 \
    X("read-stdin", "read from descriptor 0", try_read_stdin)                                      \
    X("write-stdout", "write to descriptor 1", try_write_stdout)                                   \
    X("dup", "duplicate a descriptor", try_dup)                                                    \
    X("dumpable", "become dumpable again", try_dumpable)                                           \
    X("setrlimit", "raise its own limits", try_setrlimit)                                          \
    X("ioctl", "control a device (ioctl)", try_ioctl)                                              \
    X("getrandom", "ask the kernel for random bytes", try_getrandom)                               \
    X("io-uring", "set up io_uring", try_io_uring)                                                 \
    X("namespace", "enter a new user namespace", try_namespace)                                    \
    X("seccomp", "change the system-call filter", try_seccomp)                                     \
    X("signal-handler", "look at or change signal handlers", try_signal_handler)                   \
    X("timer", "change its CPU timer", try_timer)                                                  \
    X("sleep", "sleep", try_sleep)

/* The sanitizers need too much address space to have a limit on it. */
#ifdef ORRERY_SANITIZED
#define MEMORY_PROBE(X)
#else
#define MEMORY_PROBE(X) X("memory", "use more memory than its limit", try_memory)
#endif

static const struct confine_probe probes[] = {
#define X(name, text, attempt) {name, text},
    PROBES(X) MEMORY_PROBE(X)
#undef X
};

static int (*const attempts[])(void) = {
#define X(name, text, attempt) attempt,
    PROBES(X) MEMORY_PROBE(X)
#undef X
};

const struct confine_probe *confine_probes(size_t *count)
{
    *count = sizeof probes / sizeof probes[0];
    return probes;
}

int confine_try(const char *what)
{
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        if (strcmp(probes[i].what, what) == 0)
            return attempts[i]();
    return EINVAL;
}
