/*
 * conversation: core's side of a conversation with a worker, message by message, forked from the
 * test or started in its jail.
 */
#ifndef TESTS_UNIT_WORKER_CONVERSATION_H
#define TESTS_UNIT_WORKER_CONVERSATION_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "vm/vm.h"
#include "worker/worker.h"

#ifdef ORRERY_SANITIZED /* slower, not wrong */
#define SOFT_MS (20 * LIMIT_SOFT_DEADLINE_MS)
#else
#define SOFT_MS LIMIT_SOFT_DEADLINE_MS
#endif
#define NOW      INT64_C(1700000000000)
#define PATIENCE 20000 /* ms for an answer, on a busy machine */
#define TEXT(s)  ((struct text){s, strlen(s)})

static int fd = -1;
static pid_t pid = -1;
static struct child child;
static bool is_confined;
static struct frame_reader reader;
static struct message_decoder *decoder;
static struct message out, in;
static struct error e;

static inline void open_conversation(int socket)
{
    fd = socket;
    frame_reader_init(&reader, LIMIT_FRAME_BYTES);
    decoder = message_decoder_new(SIDE_WORKER);
    memset(&out, 0, sizeof out);
    error_clear(&e);
}

static inline void run_child(int socket)
{
    static struct status_page page;
    struct message_hello hello = {
        .version = PROTOCOL_VERSION, .lua = "Lua 5.4", .measures = "none"};
    struct error why = ERROR_INIT;

    if (vm_timer_start(&why) < 0)
        _exit(99);
    _exit(worker_serve(socket, &hello, &page, &why) < 0 ? 1 : 0);
}

static inline int start_forked(void **state)
{
    int pair[2];

    (void)state;
    is_confined = false;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(pair[0]);
        run_child(pair[1]);
    }
    close(pair[1]);
    open_conversation(pair[0]);
    return pid > 0 ? 0 : -1;
}

static inline int start_confined(void **state)
{
    (void)state;
    is_confined = true;
    error_clear(&e);
    if (spawn_role(&child, "worker", &e) < 0)
        return -1;
    pid = child.pid;
    open_conversation(child.fd);
    return 0;
}

/* Waits for the worker's end; its exit status, or 128 + signal. */
static inline int end_of_worker(void)
{
    int status = 0;

    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    pid = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int stop(void **state)
{
    (void)state;
    if (pid > 0) {
        kill(pid, SIGKILL);
        end_of_worker();
    }
    if (is_confined)
        child_release(&child);
    else
        close(fd);
    frame_reader_release(&reader);
    message_decoder_free(decoder);
    return 0;
}

static inline void wait_for(short what)
{
    struct pollfd p = {.fd = fd, .events = what};

    if (poll(&p, 1, PATIENCE) != 1)
        fail_msg("the worker does not answer");
}

static inline void send_bytes(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            wait_for(POLLOUT);
            continue;
        }
        assert_true(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

/* Sends `out` as a message of this type. */
static inline void tell(enum message_type type)
{
    struct buf bytes;

    buf_init(&bytes, LIMIT_FRAME_BYTES + 16);
    out.type = type;
    assert_int_equal(message_encode(&bytes, &out, &e), 0);
    send_bytes(bytes.data, bytes.len);
    buf_release(&bytes);
    memset(&out, 0, sizeof out);
}

/* Receives the next message into `in`; false when the worker has closed. */
static inline bool hear_any(void)
{
    const char *frame;
    size_t len;

    for (;;) {
        ssize_t n;
        if (frame_next(&reader, &frame, &len, &e) == 1) {
            if (message_decode(decoder, frame, len, &in, &e) < 0)
                fail_msg("%s", e.message);
            return true;
        }
        wait_for(POLLIN);
        n = read(fd, frame_reader_room(&reader, 65536), 65536);
        if (n <= 0)
            return false;
        frame_received(&reader, (size_t)n);
    }
}

static inline void hear(enum message_type type)
{
    if (!hear_any())
        fail_msg("the worker has ended, expected '%s'", message_name(type));
    assert_string_equal(message_name(in.type), message_name(type));
}

static inline void load(uint32_t slot, const char *source)
{
    out.as.load = (struct message_load){.slot = slot,
                                        .file = "strategies/s.lua",
                                        .source = TEXT(source),
                                        .memory = LIMIT_SCRIPT_MEMORY,
                                        .soft_ms = SOFT_MS,
                                        .value_bytes = LIMIT_VALUE_BYTES,
                                        .state_bytes = LIMIT_STATE_BYTES};
    tell(MESSAGE_LOAD);
}

static inline void bind_slot(uint32_t slot)
{
    out.as.bind = (struct message_bind){slot, "s", "v", TEXT("{\"n\":5}")};
    tell(MESSAGE_BIND);
}

static inline void load_body(uint32_t slot, const char *body)
{
    char source[4096];

    snprintf(source, sizeof source,
             "local action = require 'orrery.action' return {name = 's', decide = function(ctx) "
             "%s\nend, "
             "on_executed = function(ctx, r) ctx.state:set('result', r.outcome) end}",
             body);
    load(slot, source);
    bind_slot(slot);
    hear(MESSAGE_LOADED);
    if (in.as.loaded.failure.code != NULL)
        fail_msg("%s", in.as.loaded.failure.message);
}

static inline void send_tick(uint32_t slot, uint64_t run)
{
    out.as.tick = (struct message_tick){.slot = slot,
                                        .run = run,
                                        .now_ms = NOW,
                                        .seed = 7,
                                        .trigger = TRIGGER_MANUAL,
                                        .scheduled_ms = NOW};
    tell(MESSAGE_TICK);
}

static inline void tick(uint32_t slot, uint64_t run)
{
    send_tick(slot, run);
    hear(MESSAGE_DECIDED);
    assert_int_equal(in.as.decided.run, run);
}

static inline void assert_text(struct text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static inline void assert_noop(const char *reason)
{
    if (in.as.decided.outcome == DECIDED_FAILED)
        fail_msg("%s", in.as.decided.failure.message);
    assert_int_equal(in.as.decided.outcome, DECIDED_NOOP);
    assert_string_equal(in.as.decided.reason, reason);
}

#define BOTH(name)                                                                                 \
    {#name ", forked", name, start_forked, stop, NULL},                                            \
    {                                                                                              \
#name ", confined", name, start_confined, stop, NULL                                       \
    }
#define CONFINED(name)                                                                             \
    {                                                                                              \
#name, name, start_confined, stop, NULL                                                    \
    }

#endif
