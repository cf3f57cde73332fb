#include "cli/secret_input.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "keys/key_file.h"

/* A terminal that does not show what is typed, and signals that wait until it does again. */
struct silence {
    struct termios before;
    sigset_t mask_before;
    int signals; /* readable when one of those that end a program waits */
};

static int silence_begin(struct silence *s, struct error *e)
{
    struct termios quiet;
    sigset_t ending, held;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    held = ending;
    sigaddset(&held, SIGTSTP);
    s->signals = signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals < 0 || tcgetattr(STDIN_FILENO, &s->before) < 0) {
        error_set(e, ERROR_IO, "cannot ask at the terminal: %s", strerror(errno));
        if (s->signals >= 0)
            close(s->signals);
        return -1;
    }
    sigprocmask(SIG_BLOCK, &held, &s->mask_before);
    quiet = s->before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0)
        return 0;
    error_set(e, ERROR_IO, "the terminal cannot be kept from showing the key: %s", strerror(errno));
    sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
    close(s->signals);
    return -1;
}

/* What was pasted beyond the line is thrown away: it must not reach the shell. A signal that has
 * waited ends the program here, unless somebody handles it. */
static void silence_end(struct silence *s)
{
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &s->before);
    close(s->signals);
    sigprocmask(SIG_SETMASK, &s->mask_before, NULL);
}

/* 1: there is input, or its end. 0: a signal waits. */
static int await_input(const struct silence *s, struct error *e)
{
    struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {s->signals, POLLIN, 0}};

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return error_set(e, ERROR_IO, "cannot wait for the terminal: %s", strerror(errno));
    return fds[1].revents != 0 ? 0 : 1;
}

static int read_line(const struct silence *s, char *out, size_t size, size_t *len, struct error *e)
{
    size_t got = 0;

    while (got < size) {
        int ready = await_input(s, e);
        ssize_t n;
        if (ready <= 0)
            return ready < 0 ? -1 : error_set(e, ERROR_INVALID, "interrupted: nothing was read");
        n = read(STDIN_FILENO, out + got, size - got);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return error_set(e, ERROR_IO, "cannot read from the terminal: %s", strerror(errno));
        got += (size_t)n;
        if (n == 0 || out[got - 1] == '\n') {
            *len = got;
            return 0;
        }
    }
    return error_set(e, ERROR_LIMIT, "expected at most %zu characters, got more", size);
}

static int ask(FILE *prompt, const char *question, char *out, size_t size, size_t *len,
               struct error *e)
{
    struct silence silence;
    int result;

    if (silence_begin(&silence, e) < 0)
        return -1;
    fputs(question, prompt);
    fflush(prompt);
    result = read_line(&silence, out, size, len, e);
    if (result < 0)
        explicit_bzero(out, size);
    fputc('\n', prompt);
    fflush(prompt);
    silence_end(&silence);
    return result;
}

int secret_input(FILE *prompt, const char *question, char *out, size_t size, size_t *len,
                 struct error *e)
{
    if (isatty(STDIN_FILENO))
        return ask(prompt, question, out, size, len, e);
    if (key_file_read_fd(STDIN_FILENO, out, size, len, e) == 0)
        return 0;
    error_locate(e, "the standard input", 0);
    return -1;
}
