/*
 * view: what people see while `orrery run` runs: one line per ended run that did something or
 * changed its plugin's story.
 *
 *     01:33:06  first       completed  mint_binary 5,000,000 @100,000 up   NAV 999,997,412,000
 *     01:33:07  first       noop       cooling down after a trade
 *               first       noop       … 4 more times
 *
 * A run that ended as its plugin's run before (same status, same words) is only counted; the count
 * is shown when the story changes and at the end. On a terminal long lines are broken (cli/wrap.h).
 * Completed runs are always shown. Times are the desk's clock, UTC; a new day is announced on a
 * line of its own.
 */
#ifndef ORRERY_CLI_VIEW_H
#define ORRERY_CLI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"

struct run;
struct view;

/* `now_ms`: the first day that needs no announcement. `progress`: whether a progress line may be
 * drawn on output->err. */
struct view *view_new(const struct output *output, int64_t now_ms, bool progress);
void view_free(struct view *view); /* NULL is legal */

/* The two callbacks of core/runtime.h; `arg` is the view. */
void view_run_ended(void *arg, const struct run *run, const char *nav);
void view_progress(void *arg, uint64_t done, uint64_t total);

/* Prints the counts that are still owed, and removes the progress line. */
void view_finish(struct view *view);

#endif
