/* What all sources have in common: being waited for and interrupted. */
#include "source/source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

int source_init(struct source *s, const struct source_ops *ops, struct error *e)
{
    s->ops = ops;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake_fd < 0)
        return error_set(e, ERROR_IO, "cannot make an eventfd: %s", strerror(errno));
    return 0;
}

void source_release(struct source *s)
{
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    s->wake_fd = -1;
}

int64_t source_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

bool source_is_interrupted(const struct source *s)
{
    struct pollfd p = {.fd = s->wake_fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

int source_wait(const struct source *s, int fd, int64_t deadline_ns)
{
    struct pollfd p[] = {{.fd = s->wake_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    for (;;) {
        int64_t left_ns = deadline_ns - source_now_ns();
        struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
        if (left_ns <= 0)
            return 0;
        if (ppoll(p, 2, &left, NULL) < 0 && errno != EINTR)
            return 1; /* whoever reads finds out */
        if (p[0].revents != 0)
            return 0;
        if (p[1].revents != 0)
            return 1;
    }
}

int source_poll(struct source *s, const char *cursor, size_t max, int64_t wait_ms,
                source_event_fn *each, void *arg, struct source_news *news, struct error *e)
{
    *news = (struct source_news){.lag = -1};
    if (max == 0 || strlen(cursor) > SOURCE_CURSOR_BYTES)
        return error_set(e, ERROR_INTERNAL, "a poll for %zu events behind a cursor of %zu bytes",
                         max, strlen(cursor));
    return s->ops->poll(s, cursor, max, wait_ms, each, arg, news, e);
}

void source_interrupt(struct source *s)
{
    uint64_t one = 1;
    ssize_t ignored = write(s->wake_fd, &one, sizeof one);

    (void)ignored; /* it is readable already */
}

void source_close(struct source *s)
{
    if (s != NULL)
        s->ops->close(s);
}
