/*
 * process: a signer in a process of its own, spoken to directly, as a core would that was taken
 * over: any bytes, in any order. The test program is its own signer (role_main()).
 */
#ifndef ORRERY_TESTS_SIGNER_PROCESS_H
#define ORRERY_TESTS_SIGNER_PROCESS_H

#include "unit/signer/attempts.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/confine.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "keys/key_file.h"
#include "signer/protocol.h"
#include "signer/server.h"
#include "support/scratch.h"

#define DEADLINE_MS 20000

/* ---- the signer's side ---- */

/* "--role=signer", or "--role=signer-WHAT": one that, when it is READY, tries WHAT (io/confine.h)
 * and tells how it went. -1: this process is the test. */
static inline int role_main(int argc, char **argv)
{
    static const char role[] = "--role=signer";
    struct error e = ERROR_INIT;
    struct signer_server *server;
    int result;

    if (argc != 2 || strncmp(argv[1], role, sizeof role - 1) != 0)
        return -1;
    if (argv[1][sizeof role - 1] == '\0')
        return signer_main();
    if (spawn_map_page(&e) == NULL || signer_begin(&server, &e) < 0)
        return 70;
    result = confine_try(argv[1] + sizeof role);
    if (write(SPAWN_SOCKET_FD, &result, sizeof result) < 0)
        _exit(71);
    _exit(result == 0 ? 72 : 0);
}

/* ---- the test's side ---- */

struct process {
    struct child child;
    struct frame_reader in;
    uint64_t last_id;
};

static struct scratch scratch;

static inline void write_key(const char *name, const char *text)
{
    struct error e = ERROR_INIT;
    const char *path = scratch_path(&scratch, name);

    unlink(path);
    if (key_file_write(path, text, strlen(text), &e) < 0)
        fail_msg("%s", e.message);
}

static inline int make_desk(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    scratch_make(&scratch);
    write_key("main.key", key_vectors[0].suiprivkey);
    write_key("second.key", key_vectors[3].suiprivkey);
    return 0;
}

static inline int remove_desk(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static inline void process_spawn(struct process *p, const char *role)
{
    memset(p, 0, sizeof *p);
    WORKS(spawn_role(&p->child, role, e));
    frame_reader_init(&p->in, SIGNER_ANSWER_BYTES);
}

/* The status with which it ended. */
static inline int process_end(struct process *p)
{
    struct timespec moment = {.tv_nsec = 1000000};
    int status = -1, ended = 0;

    for (int i = 0; i < DEADLINE_MS && ended == 0; i++) {
        ended = child_reap(&p->child, &status);
        if (ended == 0)
            nanosleep(&moment, NULL);
    }
    if (ended == 0) {
        child_kill(&p->child);
        waitpid(p->child.pid, NULL, 0);
        fail_msg("it did not end");
    }
    child_release(&p->child);
    frame_reader_release(&p->in);
    return status;
}

/* Hangs up and waits: it ends by itself, in good order. */
static inline void process_close(struct process *p)
{
    shutdown(p->child.fd, SHUT_RDWR);
    assert_int_equal(process_end(p), 0);
}

/* False: it has closed its end. */
static inline bool process_put(struct process *p, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = send(p->child.fd, at, len, MSG_NOSIGNAL);
        struct pollfd writable = {p->child.fd, POLLOUT, 0};
        if (n < 0 && errno == EAGAIN) {
            if (poll(&writable, 1, DEADLINE_MS) <= 0)
                return false;
            continue;
        }
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static inline bool process_say(struct process *p, const struct signer_message *m)
{
    struct buf out;
    bool sent;

    buf_init(&out, 2 * SIGNER_START_BYTES);
    WORKS(signer_encode(&out, m, e));
    sent = process_put(p, out.data, out.len);
    buf_release(&out);
    return sent;
}

/* The next message; false: it has hung up. */
static inline bool process_hear(struct process *p, struct signer_message *m)
{
    struct error e = ERROR_INIT;
    const char *frame;
    size_t len;

    while (frame_next(&p->in, &frame, &len, &e) == 0) {
        struct pollfd readable = {p->child.fd, POLLIN, 0};
        char *room = frame_reader_room(&p->in, 65536);
        ssize_t n;
        if (poll(&readable, 1, DEADLINE_MS) <= 0)
            fail_msg("it is silent");
        n = recv(p->child.fd, room, 65536, 0);
        if (n <= 0)
            return false;
        frame_received(&p->in, (size_t)n);
    }
    if (signer_decode(SIGNER_SIDE_SIGNER, frame, len, m, &e) < 0)
        fail_msg("%s", e.message);
    return true;
}

static inline struct signer_message start_message(const char *rules)
{
    struct signer_message m = {.tag = SIGNER_TAG_START};

    m.as.start.desk = (struct signer_text){scratch.dir, strlen(scratch.dir)};
    m.as.start.rules = (struct signer_text){rules, strlen(rules)};
    return m;
}

/* Its rules as JSON. free() it. */
static inline char *rules_text(const char *quoted)
{
    json_t *json = trial_json(quoted);
    char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    return text;
}

/* The answer to START. The texts in it are valid until the next one. */
static inline void process_start(struct process *p, const char *quoted, struct signer_message *m)
{
    char *text = rules_text(quoted);
    struct signer_message start = start_message(text);

    process_spawn(p, "signer");
    assert_true(process_say(p, &start));
    free(text);
    assert_true(process_hear(p, m));
}

static inline void process_ready(struct process *p, const char *quoted)
{
    struct signer_message m;

    process_start(p, quoted, &m);
    if (m.tag == SIGNER_TAG_FAILED)
        fail_msg("%s: %s", m.as.failed.where, m.as.failed.message);
    assert_int_equal(m.tag, SIGNER_TAG_READY);
}

static inline struct signer_message sign_message(struct process *p, uint32_t operator_index,
                                                 uint64_t epoch, const struct buf *bytes)
{
    struct signer_message m = {.tag = SIGNER_TAG_SIGN};

    m.as.sign = (struct signer_sign){.id = ++p->last_id,
                                     .operator_index = operator_index,
                                     .epoch = epoch,
                                     .bytes = (const uint8_t *)bytes->data,
                                     .len = bytes->len};
    return m;
}

static inline void process_ask(struct process *p, uint32_t operator_index, struct trial *t,
                               struct signer_message *answer)
{
    struct signer_message m;
    struct buf bytes;

    trial_bytes(t, &bytes);
    m = sign_message(p, operator_index, EPOCH, &bytes);
    assert_true(process_say(p, &m));
    assert_true(process_hear(p, answer));
    buf_release(&bytes);
}

#endif
