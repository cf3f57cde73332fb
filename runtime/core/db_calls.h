/*
 * db_calls: the ctx.db calls of the runs in the workers, from DB_CALL to DB_RESULT.
 *
 *   DB_CALL ─► the plugin's lane (db_pool.h) ─► tables_call() on a thread ─► DB_RESULT
 *
 * A call that cannot be done is answered with its error, which the script gets raised. The waiting
 * of one run is bounded by limits.wall_ms, over all its calls: then it ends with DEADLINE, whatever
 * the script would catch; the database's answer finds nobody. When a worker is lost its calls go
 * on, too, and nobody hears of them: its runs are dispatched again, and their writes are told apart
 * by the keys that the script gives them.
 */
#ifndef ORRERY_CORE_DB_CALLS_H
#define ORRERY_CORE_DB_CALLS_H

#include <jansson.h>
#include <stdbool.h>

#include "ipc/message.h"

struct engine;
struct error;
struct plugin;
struct question;

/* -1: the worker broke the rules. */
int db_called(struct question *question, const struct message_db_call *call, struct error *e);

/* The question's worker is gone, or the daemon stops. */
void db_lost(struct question *question);

void db_watch(struct engine *engine); /* from the watchdog */

/* In a replay a run that may wait is under way alone, so that the order in which a worker's runs
 * end does not depend on a database: whether this plugin's next tick has to wait for that. */
bool db_holds(const struct plugin *plugin);

/* What status says; null when it has no tables. */
json_t *db_calls_status(const struct plugin *plugin);

#endif
