/*
 * control_server: the Unix socket of a running daemon: connections, lines, answers. What the
 * operations do is in control_ops.c.
 *
 * A connection has at most one request under way; further lines wait in its buffer. A client that
 * goes away while its request is under way loses only the answer.
 */
#ifndef ORRERY_CORE_CONTROL_SERVER_H
#define ORRERY_CORE_CONTROL_SERVER_H

#include <jansson.h>

#include "core/engine.h"

struct request; /* one request under way */

struct engine *request_engine(const struct request *request);
const json_t *request_json(const struct request *request);

/* Exactly one of these ends a request. `data` is stolen. */
void request_answer(struct request *request, json_t *data);
void request_fail(struct request *request, const struct error *e);

/* control_ops.c: starts the operation; it ends the request now or later. */
void control_dispatch(struct request *request, const char *op);

/* control_import.c: the parts of an import that have come over this connection; NULL: none. Freed
 * with it. */
struct upload;
struct upload **request_upload(struct request *request);
void upload_free(struct upload *upload); /* NULL is legal */

/* control_import.c: likewise. */
void control_state_export(struct request *request);
void control_state_import(struct request *request);

/* dead_control.c, cancel.c, retention.c: likewise. */
void control_dead_list(struct request *request);
void control_dead_retry(struct request *request);
void control_dead_discard(struct request *request);
void control_cancel(struct request *request);
void control_trim(struct request *request);

/* versions_control.c: likewise. */
void control_deploy(struct request *request);
void control_deactivate(struct request *request);

/* control_records.c: the questions of core/records.h. */
void control_records(struct request *request);

/* control_tx.c: likewise. */
void control_tx_resume(struct request *request);

/* control_stores.c: likewise. */
void control_runs(struct request *request);
void control_run(struct request *request);
void control_state_get(struct request *request);
void control_state_keys(struct request *request);
void control_state_set(struct request *request);
void control_state_delete(struct request *request);

#endif
