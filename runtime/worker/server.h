/*
 * server: what a worker knows (modules, config, plugins by slot, the newest snapshots) and what it
 * does with each message. No I/O: a frame in, at most one answer appended to a buffer.
 *
 * A slot whose file failed to load stays known until UNLOAD, so that core may send LOAD and what
 * follows it without waiting: entries, LAST and BIND for it are ignored, a tick for it fails.
 */
#ifndef ORRERY_WORKER_SERVER_H
#define ORRERY_WORKER_SERVER_H

#include <stddef.h>

struct buf;
struct error;
struct server;
struct status_page;

struct server *server_new(struct status_page *page); /* borrows the page */
void server_free(struct server *server);

/* Handles one frame. -1: PROTOCOL; the conversation is over. */
int server_handle(struct server *server, const char *frame, size_t len, struct buf *out,
                  struct error *e);

#endif
