/*
 * trace_text: the spans of a run, and of the runs that it caused, as bars under each other.
 *
 *     38fw4z60g0001  first  completed                              10.4 ms
 *       queue    ██                                                  120 µs
 *       decide     ██████████████▍                                   341 µs
 *         failed: the status, where it is not ok
 *       38fw4z60g0002  second  noop
 *         queue  …
 *
 * All bars have one scale: from the first begin to the last end. A bar is at least one mark, so
 * that nothing that happened is invisible. What has not ended goes on to the end of the scale.
 */
#ifndef ORRERY_CLI_TRACE_TEXT_H
#define ORRERY_CLI_TRACE_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/output.h"

#define TRACE_WIDTH 80 /* of the whole, where there is no terminal */

/* `trace`: the answer to run_trace (core/records.h). `blocks`: eighths of blocks, else '#'. */
void trace_text_print(const struct output *o, bool blocks, const json_t *trace);

/* Whether the locale's characters are UTF-8, by LC_ALL, LC_CTYPE or LANG, the first that is set.
 * `get`: getenv. */
bool trace_text_is_utf8(char *(*get)(const char *name));

/* Appends a bar: `width` columns stand for [0, total); marks from `begin` to `end`. */
void trace_text_bar(struct buf *out, bool blocks, size_t width, int64_t total, int64_t begin,
                    int64_t end);

/* "850 µs", "12.3 ms", "4.20 s", then as format_span(). */
char *trace_text_span(int64_t us, char out[48]);

#endif
