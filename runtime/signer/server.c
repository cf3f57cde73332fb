#include "signer/server.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/confine.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "keys/locked.h"
#include "signer/policy.h"
#include "signer/protocol.h"
#include "signer/ring.h"
#include "sui/decode.h"

#define READ_BYTES    (256 * 1024)
#define FLUSH_BYTES   (64 * 1024)
#define ADDRESS_SPACE ((size_t)1 << 30)
#define DESK_BYTES    (SIGNER_DESK_BYTES + 1)

struct signer_server {
    struct frame_reader in;
    struct buf out;
    struct rules rules;
    struct signer_ring ring;
    struct policy *policy;
    struct confinement confinement;
};

/* ---- the socket ---- */

static int flush(struct signer_server *s, struct error *e)
{
    size_t sent = 0;

    while (sent < s->out.len) {
        ssize_t n = write(SPAWN_SOCKET_FD, s->out.data + sent, s->out.len - sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(e, ERROR_IO, "writing to core failed: %s", strerror(errno));
        sent += (size_t)n;
    }
    buf_clear(&s->out);
    return 0;
}

/* 1: some bytes came; 0: core has closed; -1. */
static int receive(struct signer_server *s, struct error *e)
{
    char *room = frame_reader_room(&s->in, READ_BYTES);
    ssize_t n;

    if (room == NULL)
        return error_set(e, ERROR_PROTOCOL, "core sends faster than frames end");
    do
        n = read(SPAWN_SOCKET_FD, room, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set(e, ERROR_IO, "reading from core failed: %s", strerror(errno));
    frame_received(&s->in, (size_t)n);
    return n > 0;
}

/* ---- the start ---- */

/* Nothing may follow START before READY was said. */
static int receive_start(struct signer_server *s, struct signer_message *m, struct error *e)
{
    const char *frame;
    size_t len;
    int got;

    while ((got = frame_next(&s->in, &frame, &len, e)) == 0) {
        int received = receive(s, e);
        if (received <= 0)
            return received < 0 ? -1 : error_set(e, ERROR_IO, "core has closed before the start");
    }
    if (got < 0 || signer_decode(SIGNER_SIDE_CORE, frame, len, m, e) < 0)
        return -1;
    if (m->tag != SIGNER_TAG_START)
        return error_set(e, ERROR_PROTOCOL, "expected the start, got message %d", (int)m->tag);
    if (s->in.start != s->in.in.len)
        return error_set(e, ERROR_PROTOCOL, "something came behind the start");
    return 0;
}

static int read_rules(struct signer_server *s, const struct signer_text *text, struct error *e)
{
    json_error_t problem;
    json_t *json = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES, &problem);
    int result;

    if (json == NULL)
        return error_set(e, ERROR_CONFIG, "the signer's rules are not JSON: line %d, column %d",
                         problem.line, problem.column);
    result = rules_read(json, &s->rules, e);
    json_decref(json);
    return result;
}

static int prepare(struct signer_server *s, const struct signer_start *start, struct error *e)
{
    const struct confine_limits limits = {.address_space = ADDRESS_SPACE};
    char desk[DESK_BYTES];

    memcpy(desk, start->desk.data, start->desk.len);
    desk[start->desk.len] = '\0';
    if (read_rules(s, &start->rules, e) < 0 || signer_ring_load(&s->ring, &s->rules, desk, e) < 0)
        return -1;
    s->policy = policy_new(&s->rules);
    return confine_worker(&limits, &s->confinement, e);
}

/* ---- what core is told ---- */

static int say_failed(struct signer_server *s, const struct error *failed)
{
    struct signer_message m = {.tag = SIGNER_TAG_FAILED, .as.failed = *failed};
    struct error e = ERROR_INIT;

    return signer_encode(&s->out, &m, &e) < 0 ? -1 : flush(s, &e);
}

static int say_ready(struct signer_server *s, struct error *e)
{
    const struct confinement *c = &s->confinement;
    struct signer_message m = {.tag = SIGNER_TAG_READY};
    char text[SIGNER_MEASURE_BYTES], landlock[32] = "";

    if (c->landlock_abi > 0)
        snprintf(landlock, sizeof landlock, ", Landlock (ABI %u)", c->landlock_abi);
    snprintf(text, sizeof text, "seccomp, no_new_privs, not dumpable, rlimits%s%s",
             c->mdwe ? ", no writable code (MDWE)" : "", landlock);
    m.as.ready.measures = (struct signer_text){text, strlen(text)};
    m.as.ready.count = s->rules.operator_count;
    for (size_t i = 0; i < s->rules.operator_count; i++)
        signer_ring_public(&s->ring, i, m.as.ready.keys[i]);
    return signer_encode(&s->out, &m, e) < 0 ? -1 : flush(s, e);
}

int signer_begin(struct signer_server **out, struct error *e)
{
    struct signer_server *s = mem_zero(1, sizeof *s);
    struct signer_message start;

    frame_reader_init(&s->in, SIGNER_START_BYTES);
    buf_init(&s->out, FLUSH_BYTES + 2 * SIGNER_ANSWER_BYTES);
    if (locked_process(e) < 0 || receive_start(s, &start, e) < 0)
        return -1;
    if (prepare(s, &start.as.start, e) < 0) {
        say_failed(s, e);
        return -1;
    }
    frame_reader_release(&s->in);
    frame_reader_init(&s->in, SIGNER_SIGN_BYTES);
    if (say_ready(s, e) < 0)
        return -1;
    *out = s;
    return 0;
}

/* ---- requests ---- */

/* Goes on while the machine sleeps, and is nobody's to set. */
static int64_t now_ns(void)
{
    struct timespec t = {0, 0};

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void unreadable(const struct error *e, struct policy_verdict *out)
{
    out->refusal = POLICY_UNREADABLE;
    snprintf(out->message, sizeof out->message, "%.300s", e->message);
}

/* Decodes and judges; what is allowed is noted as signed. */
static void decide(struct signer_server *s, const struct signer_sign *m, struct policy_verdict *out)
{
    struct policy_request request = {.epoch = m->epoch, .now_ns = now_ns()};
    struct error e = ERROR_INIT;
    struct sui_transaction tx;

    if (policy_admit(s->policy, m->operator_index, out) == POLICY_ALLOWED) {
        if (sui_decode(m->bytes, m->len, &tx, &e) == 0) {
            request.tx = &tx;
            request.digest = sui_transaction_digest(m->bytes, m->len);
            if (policy_judge(s->policy, m->operator_index, &request, out) == POLICY_ALLOWED)
                policy_signed(s->policy, m->operator_index, &request);
            sui_transaction_release(&tx);
        } else {
            unreadable(&e, out);
        }
    }
    policy_refused(s->policy, out->refusal, request.now_ns);
}

static int answer(struct signer_server *s, const struct signer_sign *m, struct error *e)
{
    struct signer_message out = {.tag = SIGNER_TAG_SIGNED};
    struct policy_verdict verdict;

    decide(s, m, &verdict);
    if (verdict.refusal == POLICY_ALLOWED) {
        out.as.signed_.id = m->id;
        signer_ring_sign(&s->ring, m->operator_index, m->bytes, m->len, &out.as.signed_.signature);
    } else {
        out.tag = SIGNER_TAG_REFUSED;
        out.as.refused = (struct signer_refused){
            .id = m->id,
            .refusal = verdict.refusal,
            .index = verdict.index > UINT32_MAX ? UINT32_MAX : (uint32_t)verdict.index,
            .message = {verdict.message, strlen(verdict.message)},
        };
    }
    if (signer_encode(&s->out, &out, e) < 0)
        return -1;
    return s->out.len >= FLUSH_BYTES ? flush(s, e) : 0;
}

static int handle_frames(struct signer_server *s, struct error *e)
{
    struct signer_message m;
    const char *frame;
    size_t len;
    int got;

    while ((got = frame_next(&s->in, &frame, &len, e)) > 0) {
        if (signer_decode(SIGNER_SIDE_CORE, frame, len, &m, e) < 0)
            return -1;
        if (m.tag != SIGNER_TAG_SIGN)
            return error_set(e, ERROR_PROTOCOL, "a second start");
        if (answer(s, &m.as.sign, e) < 0)
            return -1;
    }
    return got < 0 ? -1 : flush(s, e);
}

int signer_serve(struct signer_server *s, struct error *e)
{
    int received;

    while ((received = receive(s, e)) > 0)
        if (handle_frames(s, e) < 0)
            return -1;
    return received;
}

int signer_main(void)
{
    struct error e = ERROR_INIT;
    struct signer_server *server;
    char text[1200];

    if (spawn_map_page(&e) == NULL || signer_begin(&server, &e) < 0) {
        fprintf(stderr, "orrery signer: %s\n", error_format(&e, text, sizeof text));
        _exit(1);
    }
    /* No clean-up: the process is the container, and its key memory cannot be freed any more. */
    _exit(signer_serve(server, &e) < 0);
}
