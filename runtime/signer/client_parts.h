/*
 * client_parts: what the files of the client share.
 *
 *            start              READY
 *   DOWN ───────────► STARTING ───────► UP
 *    ▲  ◄─────────────────┴──────────────┘
 *    │     it ended, broke a rule, or was too slow: client_gone()
 *    └► ENDED: its key came from a variable that is gone. For good
 *
 * client.c: requests and answers, the interface. client_life.c: the process.
 */
#ifndef ORRERY_SIGNER_CLIENT_PARTS_H
#define ORRERY_SIGNER_CLIENT_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/spawn.h"
#include "ipc/frame.h"
#include "signer/client.h"
#include "signer/protocol.h"

struct error;

#define CLIENT_START_MS     10000
#define CLIENT_BACKOFF_MS   20
#define CLIENT_BACKOFF_MOST 5000

enum client_state { CLIENT_DOWN, CLIENT_STARTING, CLIENT_UP, CLIENT_ENDED };

struct client_request {
    struct client_request *next;
    uint64_t id;
    size_t operator_index;
    uint8_t digest[SUI_SIGNING_BYTES]; /* what is to be signed */
    int64_t since_ns;
    signer_done_fn *done;
    void *arg;
};

struct client_queue {
    struct client_request *first, *last;
    size_t count;
};

struct client_operator {
    char name[LIMIT_NAME_BYTES + 1];
    bool known; /* the address: given by the rules, or shown by the first READY */
    struct sui_address address;
};

struct signer {
    struct signer_env env;
    char *desk, *rules; /* as text */
    struct clock clock;
    struct client_operator operators[RULES_OPERATORS];
    size_t operator_count;
    char *variables[RULES_OPERATORS + 1]; /* what the process is to find in its environment */
    size_t variable_count;
    bool secret[RULES_OPERATORS + 1]; /* of these, which hold keys */
    bool once;                        /* one does: it cannot be started again */

    enum client_state state;
    bool closed;
    struct child child;
    struct frame_reader in;
    struct buf out;
    uv_poll_t *poll; /* NULL: not on the loop */
    bool writing;
    uv_timer_t timer;    /* for what is due next: an answer, READY, a start, telling LOST */
    bool on_loop;        /* the timer is there */
    int64_t since_ns;    /* STARTING, UP: since when */
    int64_t start_at_ns; /* DOWN: when to start */
    int64_t backoff_ms;  /* the next one */
    int64_t timeout_ms;  /* SIGNER_TIMEOUT_MS */
    bool served;         /* this process has answered a request */
    struct error failed; /* what FAILED said */
    char why[448];       /* why it was killed, or what it said; "" */
    char measures[SIGNER_MEASURE_BYTES + 1];

    struct client_queue asked; /* sent, in order */
    struct client_queue lost;  /* to be answered with LOST in the next turn */
    uint64_t last_id;
};

/* ---- client.c ---- */

/* One message of the process. -1: it broke a rule. */
int client_handle(struct signer *s, const struct signer_message *m, struct error *e);
/* All that was asked is lost: told on the next turn of the loop. */
void client_lose_all(struct signer *s);
void client_tell_lost(struct signer *s);
/* Whether the oldest request has waited too long. */
bool client_is_late(const struct signer *s);

/* ---- client_life.c ---- */

/* Starts the process; START is on its way. */
int client_start(struct signer *s, struct error *e);
/* Blocks until it is UP, CLIENT_START_MS at most. On failure the process is gone. */
int client_await(struct signer *s, struct error *e);
int client_join_loop(struct signer *s, struct error *e);
void client_flush(struct signer *s);
/* Sets the timer to what is due next. */
void client_arm(struct signer *s);
/* Kills it, if need be, and reaps it. It is DOWN; nobody is told. */
void client_end_process(struct signer *s);

#endif
