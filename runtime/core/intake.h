/*
 * intake: events from outside, from their sources to ticks.
 *
 *   reader (a thread per source) ─► batch ─► ONE journal transaction ─► ticks
 *                                            pending rows of what is new,
 *                                            failed runs of what cannot be an event,
 *                                            ids against duplicates, the cursor
 *
 * The cursor commits with the events that it covers, and each of these is from then on a pending
 * trigger that only the commit of its run removes: whatever is killed between any two steps,
 * nothing is lost and nothing is repeated.
 *
 * A source is read while its plugin is loaded here: not in standby, quarantined, deactivated,
 * broken or removed; then what comes waits at the source. intake_watch() compares what should be
 * read with what is, so that reloads, leases and crashes need not tell.
 *
 * Too many: of a source that waits (`overflow = "wait"`) at most `queue` events are received whose
 * runs have not ended. Of one that drops, the oldest that wait go as skipped runs, one each; those
 * that had not even been taken on are one skipped run that says how many. A strategy that keeps
 * failing gets one event a second from durable sources until one of its runs does well.
 *
 * A dry run neither moves cursors nor leaves pending rows: what it saw comes again to the real one.
 */
#ifndef ORRERY_CORE_INTAKE_H
#define ORRERY_CORE_INTAKE_H

#include <jansson.h>
#include <stdbool.h>

struct engine;
struct error;
struct intake;
struct tick;

int intake_open(struct engine *engine, struct error *e); /* with the loop's handles */
void intake_watch(struct engine *engine);
void intake_tick_ended(struct tick *tick); /* one that came from a source */

/* The daemon stops: no more is read. Waits a moment; false: a thread hangs. */
void intake_stop(struct engine *engine);
bool intake_await_end(struct engine *engine);
void intake_free(struct engine *engine); /* after the stores are closed */

json_t *intake_json(const struct engine *engine); /* for status: new reference */

#endif
