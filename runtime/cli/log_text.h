/*
 * log_text: log lines of runs (core/records.h) as people read them.
 */
#ifndef ORRERY_CLI_LOG_TEXT_H
#define ORRERY_CLI_LOG_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cli/output.h"

/* "info  the price rises  before=99997 now=100017", inert. */
void log_text_add(struct buf *out, const json_t *line);

/* Lines as they come: time of day (UTC, a new day is announced), level, strategy, text, and the run
 * at the end; of one run only time, level and text. */
struct log_printer {
    const struct output *o;
    bool desk;   /* lines of several runs */
    int64_t day; /* of the last line, since the epoch; begin with 0 */
};

void log_printer_line(struct log_printer *p, const json_t *line);

#endif
