/*
 * postgres_server: a PostgreSQL server of the test's own on a free loopback port, which may be
 * stopped, killed and started with other settings. Where there is none to start, the tests are
 * skipped, or fail when CI=true. Its superuser is orrery, without a password.
 */
#ifndef ORRERY_TEST_POSTGRES_SERVER_H
#define ORRERY_TEST_POSTGRES_SERVER_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "postgres_help.h"
#include "support/scratch.h"

struct server {
    struct scratch scratch;
    char bin[256];           /* where initdb and postgres are; "": nowhere */
    char url[300];           /* of the superuser */
    const struct passwd *as; /* NULL: we are not root, and may run it ourselves */
    int port;
    pid_t pid; /* 0: not running */
};

/* A socket on a free port of the loopback that listens, and never accepts. */
static inline int listen_anywhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

static inline int free_port(void)
{
    int port, fd = listen_anywhere(&port);

    close(fd);
    return port;
}

/* ---- programs ---- */

static inline void write_file(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        fail_msg("%s cannot be written", path);
}

static inline pid_t spawn(const struct server *s, const char *const *argv)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(s->scratch.dir) != 0 || freopen("output", "a", stdout) == NULL ||
        freopen("output", "a", stderr) == NULL)
        _exit(126);
    if (s->as != NULL &&
        (setgroups(0, NULL) != 0 || setgid(s->as->pw_gid) != 0 || setuid(s->as->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* forgotten by setuid */
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static inline int run(const struct server *s, const char *const *argv)
{
    pid_t pid = spawn(s, argv);
    int status;

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}
#define RUN(s, ...) run(s, (const char *const[]){__VA_ARGS__, NULL})

static inline bool is_ci(void)
{
    const char *ci = getenv("CI");

    return ci != NULL && strcmp(ci, "true") == 0;
}

/* The newest that is installed. */
static inline void find_programs(struct server *s)
{
    glob_t found;

    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0)
        return;
    snprintf(s->bin, sizeof s->bin, "%.*s",
             (int)(strlen(found.gl_pathv[found.gl_pathc - 1]) - strlen("/initdb")),
             found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

/* In main(): true when there is no server to be tested; `*exit_code` is the result then. */
static inline bool no_server(struct server *s, int *exit_code)
{
    find_programs(s);
    if (geteuid() == 0 && (s->as = getpwnam("postgres")) == NULL)
        s->bin[0] = '\0'; /* it refuses to run as root */
    if (s->bin[0] != '\0')
        return false;
    *exit_code = is_ci();
    print_message("%s: PostgreSQL's server is not installed (apt-get install postgresql)\n",
                  is_ci() ? "FAILED" : "SKIPPED");
    return true;
}

/* ---- life ---- */

static inline void server_make(struct server *s)
{
    char initdb[300], hba[400];

    scratch_make(&s->scratch);
    if (s->as != NULL && chown(s->scratch.dir, s->as->pw_uid, s->as->pw_gid) != 0)
        fail_msg("chown");
    snprintf(initdb, sizeof initdb, "%s/initdb", s->bin);
    if (RUN(s, initdb, "-D", "data", "-U", "orrery", "-A", "trust", "-E", "UTF8", "--locale=C",
            "--no-sync") != 0)
        fail_msg("initdb, see %s/output", s->scratch.dir);
    snprintf(hba, sizeof hba, "%s/data/pg_hba.conf", s->scratch.dir);
    write_file(hba, "w",
               "local all all trust\n"
               "host all orrery 127.0.0.1/32 trust\n"
               "host all secret 127.0.0.1/32 scram-sha-256\n");
    s->port = free_port();
    snprintf(s->url, sizeof s->url, "postgres://orrery@127.0.0.1:%d/postgres", s->port);
}

static inline bool server_answers(const struct server *s)
{
    char ready[300], port[8];

    snprintf(ready, sizeof ready, "%s/pg_isready", s->bin);
    snprintf(port, sizeof port, "%d", s->port);
    return RUN(s, ready, "-q", "-h", "127.0.0.1", "-p", port) == 0;
}

/* `settings`: "name=value" each, NULL at the end. */
static inline void server_start(struct server *s, const char *const *settings)
{
    char program[300], port[8];
    const char *argv[40] = {program,
                            "-D",
                            "data",
                            "-p",
                            port,
                            "-k",
                            s->scratch.dir,
                            "-c",
                            "listen_addresses=127.0.0.1",
                            "-c",
                            "shared_buffers=16MB"};
    int n = 11;

    snprintf(program, sizeof program, "%s/postgres", s->bin);
    snprintf(port, sizeof port, "%d", s->port);
    while (*settings != NULL) {
        argv[n++] = "-c";
        argv[n++] = *settings++;
    }
    s->pid = spawn(s, argv);
    while (!server_answers(s)) {
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
            fail_msg("postgres has ended, see %s/output", s->scratch.dir);
        help_pause();
    }
}
#define START(s, ...) server_start(s, (const char *const[]){__VA_ARGS__, NULL})

/* The state letter and the parent, from /proc; 'X' when there is no such process. */
static inline char look_at(pid_t pid, pid_t *parent)
{
    char path[64], text[512] = "", state = 'X';
    const char *end;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    *parent = 0;
    if (file == NULL)
        return state;
    if (fgets(text, sizeof text, file) != NULL && (end = strrchr(text, ')')) != NULL) {
        state = end[2];
        *parent = (pid_t)strtol(end + 4, NULL, 10);
    }
    fclose(file);
    return state;
}

#define PROCESSES_MAX 64

/* The server and its processes. */
static inline size_t server_processes(const struct server *s, pid_t pids[PROCESSES_MAX])
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL && count < PROCESSES_MAX) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), parent;
        if (pid > 0 && look_at(pid, &parent) != 'X' && (pid == s->pid || parent == s->pid))
            pids[count++] = pid;
    }
    closedir(dir);
    return count;
}

static inline void server_signal(const struct server *s, int number)
{
    pid_t pids[PROCESSES_MAX];
    size_t count = server_processes(s, pids);

    for (size_t i = 0; i < count; i++)
        kill(pids[i], number);
}

/* As if its machine had lost power; the data stays. */
static inline void server_kill(struct server *s)
{
    pid_t pids[PROCESSES_MAX], parent;
    size_t count;
    char state;

    if (s->pid == 0)
        return;
    kill(s->pid, SIGSTOP); /* it has no further children */
    while (look_at(s->pid, &parent) != 'T')
        help_pause();
    count = server_processes(s, pids);
    for (size_t i = 0; i < count; i++)
        kill(pids[i], SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
    for (size_t i = 0; i < count; i++)
        while ((state = look_at(pids[i], &parent)) != 'X' && state != 'Z')
            help_pause();
}

static inline void server_stop(struct server *s)
{
    if (s->pid == 0)
        return;
    kill(s->pid, SIGINT); /* "fast" */
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

#endif
