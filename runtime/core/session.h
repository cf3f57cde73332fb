/*
 * session: a conversation with a throw-away worker, one question and one answer at a time.
 *
 * Everything a desk says (configuration, declarations, state factory) is evaluated in one, so a
 * file that hangs or breaks out costs nothing but that worker. Blocking: used by commands, before
 * the loop runs, and on a pool thread for reloads; never on the loop. The worker is killed when it
 * uses more than `hard_ms` of CPU time for one answer.
 */
#ifndef ORRERY_CORE_SESSION_H
#define ORRERY_CORE_SESSION_H

#include <stdint.h>

#include "ipc/message.h"

struct error;
struct session;

int session_open(struct session **out, int64_t hard_ms, struct error *e);
void session_close(struct session *session); /* kills the worker; NULL is legal */

const struct message_hello *session_hello(const struct session *session);

/* Sends without expecting an answer. */
int session_send(struct session *session, const struct message *message, struct error *e);

/* Sends and waits for an answer of type `expected`. `*answer` is valid until the next call. After
 * any failure (DEADLINE: the worker was killed for its CPU time; PROTOCOL; SCRIPT: it died) the
 * session is only good for closing. */
int session_ask(struct session *session, const struct message *question, enum message_type expected,
                struct message **answer, struct error *e);

/* The same, for whatever comes next. */
int session_talk(struct session *session, const struct message *question, struct message **answer,
                 struct error *e);

/* How the worker ended, after a failed ask: the signal, or 0. Waits for its end. */
int session_death_signal(struct session *session);

#endif
