/*
 * tail: the log lines of the runs that have ended last, for those who follow along
 * (`orrery logs -f`).
 *
 * Kept only while somebody follows: what nobody has asked for in TAIL_IDLE_MS is given up, and runs
 * cost nothing more. At most TAIL_LINES lines and about TAIL_BYTES: the oldest go first, so a slow
 * reader loses lines, is told how many, and slows nobody down.
 *
 * - log_tail (plugin?, level?, after?: number, wait_ms?) -> {lines: [line with n, run and
 *   plugin…], last: number, lost}: lines with numbers above `after`, as soon as there are any, or
 *   none when `wait_ms` (at most TAIL_WAIT_MS) have passed; without `after` at once none, and in
 *   `last` where the tail is now. `lost`: lines that were given up before they could be read, of
 *   any strategy and level; -1: an unknown number.
 */
#ifndef ORRERY_CORE_TAIL_H
#define ORRERY_CORE_TAIL_H

#include "core/engine.h"

struct request;

#define TAIL_LINES   2048
#define TAIL_BYTES   (1024 * 1024)
#define TAIL_IDLE_MS 60000
#define TAIL_WAIT_MS 20000

void tail_run(struct engine *engine, const struct run *run); /* it has ended, durably */
void tail_watch(struct engine *engine);                      /* from the watchdog */
void tail_free(struct engine *engine);                       /* when nobody waits for it */

void control_log_tail(struct request *request);

#endif
