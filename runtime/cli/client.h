/*
 * client: one conversation with a running daemon over its control socket (core/control.h says what
 * is said there).
 *
 * Nothing here blocks longer than `timeout_ms` per call. A request has at most CLIENT_REQUEST_MAX
 * bytes (what a daemon takes depends on its limits.value_bytes: it says so), an answer
 * CLIENT_ANSWER_MAX (a desk may have thousands of plugins). A daemon that is not
 * there, and the socket file of one that is gone, are ERROR_NOT_RUNNING; silence is ERROR_TIMEOUT;
 * anything that is not an answer is ERROR_PROTOCOL; what the daemon refused comes with the daemon's
 * own code, message and hint.
 */
#ifndef ORRERY_CLI_CLIENT_H
#define ORRERY_CLI_CLIENT_H

#include <jansson.h>
#include <stdint.h>

struct client;
struct error;

#define CLIENT_TIMEOUT_MS  10000
#define CLIENT_REQUEST_MAX (9 * 1024 * 1024)
#define CLIENT_ANSWER_MAX  (64 * 1024 * 1024)

/* `folder` is the one that holds the socket. Its path may be of any length. */
int client_open(const char *folder, int64_t timeout_ms, struct client **out, struct error *e);
void client_close(struct client *client); /* NULL is legal */

/* Sends `request` (an object; borrowed) and waits for its answer's "data" (a new reference). After
 * an ERROR_TIMEOUT or ERROR_PROTOCOL the conversation is over: close it. */
int client_call(struct client *client, const json_t *request, json_t **data, struct error *e);

#endif
