/*
 * log: one line per event on standard error, for the roles (core, cli). Library code never logs.
 *
 * Human form   12:00:01.250 info  momentum  placed 2 actions  run=01k… vault=btc-vault
 * JSON form    one object per line with ts, level, msg and the fields
 *
 * Fields are name/value pairs, ended by NULL. All text is made inert (no control characters).
 */
#ifndef ORRERY_BASE_LOG_H
#define ORRERY_BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

struct clock;

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log {
    FILE *out;
    const struct clock *clock;
    enum log_level level; /* lower levels are dropped */
    bool json;
    bool colour;
};

void log_init(struct log *log, FILE *out, const struct clock *clock);
void log_write(const struct log *log, enum log_level level, const char *message, ...)
    __attribute__((sentinel));
const char *log_level_name(enum log_level level);
int log_level_parse(const char *name, enum log_level *out);

#endif
