/*
 * intake_reader: one source and the thread that reads it.
 *
 *   thread: source_poll() ─► inbox ─► loop: reader_take()
 *                ▲                          │
 *                └── room ◄── reader_release() when the events' runs have ended
 *
 * Bounds. At most `limit` events are "used": received and not yet released, and no more than
 * READER_BYTES of them. A source that waits is not read beyond that; of one that drops, the oldest
 * in the inbox go, and are counted (`dropped` of the next take).
 *
 * A server that is away is tried again with back-off and jitter, from the same cursor; so is
 * anything else that goes wrong: somebody may mend it. Of a lossy source each broken connection is
 * counted as a gap.
 *
 * Threads: everything here is called on the loop's. The reader itself touches nothing of the
 * engine: one that hangs in a call to its server is left behind, and ends when that does.
 */
#ifndef ORRERY_CORE_INTAKE_READER_H
#define ORRERY_CORE_INTAKE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "model/event_source.h"
#include "source/source.h"

struct intake_reader;
struct registry;

#define READER_BYTES ((size_t)16 * 1024 * 1024)

/* ---- how readers wake the loop ---- */

struct reader_bell;

/* `rung` is called on the loop's thread after a reader has news. */
int reader_bell_new(struct reader_bell **out, uv_loop_t *loop, void (*rung)(void *arg), void *arg,
                    struct error *e);
void reader_bell_close(struct reader_bell *bell); /* readers may still have it; NULL is legal */

/* ---- readers ---- */

struct reader_event {
    struct reader_event *next;
    bool is_position;
    char *id, *cursor, *payload; /* or NULL */
    const char *problem;         /* a literal, or NULL */
    char *message;
    size_t bytes;
};
void reader_events_free(struct reader_event *list);

struct reader_batch {
    struct reader_event *events; /* in order */
    size_t count, bytes;         /* of events, without positions */
    uint64_t dropped;            /* before them, too many to be kept */
};

enum reader_state {
    READER_CONNECTING,
    READER_READING,
    READER_FULL, /* waits until runs have ended */
    READER_AWAY  /* the source does not work: see error */
};
const char *reader_state_name(enum reader_state state);

struct reader_health {
    enum reader_state state;
    uint64_t received, lost, gaps, dropped; /* events; since the start */
    uint64_t failures;                      /* polls that failed */
    int64_t lag;                            /* -1: not known */
    char note[SOURCE_NOTE_BYTES];
    struct error error; /* the last one; kept after it works again */
    int64_t error_ms;   /* real clock; 0: never */
    size_t used;
};

struct reader_setup {
    const struct registry *registry;
    const char *desk, *url;
    const struct event_source *config;
    const char *cursor; /* "": none yet */
    size_t used;        /* events of earlier that are under way */
    uint64_t seed;      /* of the jitter */
};

int reader_start(struct intake_reader **out, const struct reader_setup *setup,
                 struct reader_bell *bell, struct error *e);
/* Tells it to end. It is freed when it has; whether that is so already may be asked until then. */
void reader_stop(struct intake_reader *reader);
bool reader_has_ended(struct intake_reader *reader);
void reader_leave(struct intake_reader *reader); /* after stop: the last use; NULL is legal */

void reader_take(struct intake_reader *reader, struct reader_batch *out);
void reader_release(struct intake_reader *reader, size_t events, size_t bytes);
void reader_set_limit(struct intake_reader *reader, size_t limit);
void reader_health_get(struct intake_reader *reader, struct reader_health *out);

#endif
