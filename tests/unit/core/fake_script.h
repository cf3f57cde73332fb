/*
 * fake_script: the worker of fake_session.h's daemon. It is the test's program again, in its role:
 * main() begins with session_worker().
 *
 * Strategy p works on vault v, q and r on w; p and q take event "t", manual and cron triggers, r
 * event "done". A trigger's payload is what the strategy decides: a list of actions (each such tick
 * also writes ctx.state.n); without a payload it decides to do nothing. Hooks and ctx.last come
 * back as log lines: "hook {…}", "hook error {…}", "last {…}".
 */
#ifndef ORRERY_TEST_FAKE_SCRIPT_H
#define ORRERY_TEST_FAKE_SCRIPT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "ipc/message.h"
#include "unit/core/fake_worker.h"

#define CONFIG                                                                                     \
    "{\"journal\":\"memory:\",\"state\":\"memory:\",\"workers\":1,\"vaults\":{"                    \
    "\"v\":{\"executor\":\"paper\",\"quote_balance\":1000000},"                                    \
    "\"w\":{\"executor\":\"paper\",\"quote_balance\":1000000}}}"
#define MANIFEST                                                                                   \
    "{\"name\":\"%c\",\"vault_id\":\"%c\",\"triggers\":[{\"kind\":\"event\",\"topic\":\"%s\"},"    \
    "{\"kind\":\"manual\"},{\"kind\":\"cron\",\"every_seconds\":3600}],\"decide\":"                \
    "{\"$function\":true},\"on_executed\":{\"$function\":true},\"on_error\":{\"$function\":true}," \
    "\"max_concurrency\":4}"

struct worker_fixture {
    struct buf out;
    char *last; /* of strategy p */
    uint32_t p; /* its slot */
};

static inline void worker_say(struct worker_fixture *f, const struct message *m)
{
    struct error e = ERROR_INIT;

    if (message_encode(&f->out, m, &e) < 0)
        _exit(9);
    fake_put(f->out.data, f->out.len);
    buf_clear(&f->out);
}

static inline void worker_load(struct worker_fixture *f, const struct message_load *load)
{
    struct message *m = mem_zero(1, sizeof *m);
    char name = strrchr(load->file, '.')[-1];
    char manifest[512];

    if (name == 'p')
        f->p = load->slot;
    snprintf(manifest, sizeof manifest, MANIFEST, name, name == 'p' ? 'v' : 'w',
             name == 'r' ? "done" : "t");
    m->type = MESSAGE_LOADED;
    m->as.loaded.slot = load->slot;
    m->as.loaded.manifest = (struct text){manifest, strlen(manifest)};
    worker_say(f, m);
    free(m);
}

static inline void worker_decide(struct worker_fixture *f, const struct message_tick *tick)
{
    static struct kv_write write = {"n", 1, "1", 1, 0};
    struct message *m = mem_zero(1, sizeof *m);
    struct message_decided *d = &m->as.decided;
    struct message_log line = {.level = LOG_INFO};
    char text[2048];

    m->type = MESSAGE_DECIDED;
    *d = (struct message_decided){.run = tick->run, .outcome = DECIDED_NOOP, .reason = "nothing"};
    if (tick->payload.data != NULL) {
        d->outcome = DECIDED_ACTIONS;
        d->reason = NULL;
        d->actions = tick->payload;
        d->writes = &write;
        d->write_count = 1;
    }
    if (tick->slot == f->p && f->last != NULL) {
        snprintf(text, sizeof text, "last %s", f->last);
        line.message = text;
        d->logs = &line;
        d->log_count = 1;
    }
    worker_say(f, m);
    free(m);
}

static inline void worker_hook(struct worker_fixture *f, const struct message_hook *hook)
{
    struct message *m = mem_zero(1, sizeof *m);
    struct message_log lines[2] = {{.level = LOG_INFO}, {.level = LOG_INFO}};
    char result[2048], error[1024];

    snprintf(result, sizeof result, "hook %.*s", (int)hook->result.len, hook->result.data);
    snprintf(error, sizeof error, "hook error %.*s", (int)hook->error.len,
             hook->error.data ? hook->error.data : "");
    lines[0].message = result;
    lines[1].message = error;
    m->type = MESSAGE_HOOKED;
    m->as.hooked.run = hook->run;
    m->as.hooked.logs = lines;
    m->as.hooked.log_count = hook->error.data != NULL ? 2 : 1;
    worker_say(f, m);
    free(m);
}

static inline void worker_hear(struct worker_fixture *f, const struct message *in)
{
    struct message config = {.type = MESSAGE_CONFIG_RESULT};

    if (in->type == MESSAGE_CONFIG) {
        config.as.config_result.json = (struct text){CONFIG, sizeof CONFIG - 1};
        worker_say(f, &config);
    } else if (in->type == MESSAGE_LOAD) {
        worker_load(f, &in->as.load);
    } else if (in->type == MESSAGE_TICK) {
        worker_decide(f, &in->as.tick);
    } else if (in->type == MESSAGE_HOOK) {
        worker_hook(f, &in->as.hook);
    } else if (in->type == MESSAGE_LAST && in->as.last.slot == f->p) {
        free(f->last);
        f->last = mem_strndup(in->as.last.json.data, in->as.last.json.len);
    }
}

static inline void worker_serve(struct worker_fixture *f)
{
    struct message_decoder *decoder = message_decoder_new(SIDE_CORE);
    struct message *m = mem_zero(1, sizeof *m);
    struct error e = ERROR_INIT;
    struct frame_reader in;
    const char *frame;
    size_t len;

    frame_reader_init(&in, LIMIT_FRAME_BYTES);
    for (;;) {
        char *room = frame_reader_room(&in, 65536);
        ssize_t n = read(SPAWN_SOCKET_FD, room, 65536);
        if (n <= 0)
            _exit(0);
        frame_received(&in, (size_t)n);
        while (frame_next(&in, &frame, &len, &e) > 0) {
            if (message_decode(decoder, frame, len, m, &e) < 0)
                _exit(7);
            worker_hear(f, m);
        }
    }
}

/* Does not return in the worker's role. */
static inline void session_worker(int argc, char **argv)
{
    struct worker_fixture *f;
    struct error e = ERROR_INIT;

    if (!fake_is_worker(argc, argv))
        return;
    alarm(120);
    if (spawn_map_page(&e) == NULL)
        _exit(8);
    f = mem_zero(1, sizeof *f);
    buf_init(&f->out, LIMIT_FRAME_BYTES + 64);
    worker_say(
        f, &(struct message){
               .type = MESSAGE_HELLO,
               .as.hello = {.version = PROTOCOL_VERSION, .lua = "Lua 5.4", .measures = "none"}});
    worker_serve(f);
}

#endif
