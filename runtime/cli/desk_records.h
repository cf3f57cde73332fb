/*
 * desk_records: what a desk has on record (core/records.h says what can be asked): from its daemon
 * when one runs, else from its journal, which is opened for reading only. Both answer alike.
 *
 * A journal in memory is gone with its daemon: NOT_RUNNING.
 */
#ifndef ORRERY_CLI_DESK_RECORDS_H
#define ORRERY_CLI_DESK_RECORDS_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/stopped.h"

struct client;

struct desk_records {
    struct client *client; /* NULL: no daemon runs */
    struct stopped stopped;
    struct journal *journal;
    int64_t now_ms;
};

int desk_records_open(struct context *c, struct desk_records *out, struct error *e);
/* Takes over `request`; `*data` is a new reference. */
int desk_records_ask(struct desk_records *records, json_t *request, json_t **data, struct error *e);
void desk_records_close(struct desk_records *records);

/* One question, opened and closed around it. Takes over `request`. */
int desk_records_once(struct context *c, json_t *request, json_t **data, struct error *e);

/* What one command gathers, as JSON: it is in memory several times before it is printed. */
#define DESK_RECORDS_BYTES (20 * 1024 * 1024)

/* Adds the page's length to `*bytes`; whether that is more than DESK_RECORDS_BYTES. */
bool desk_records_are_many(const json_t *page, size_t *bytes);
/* On stderr: the command ends for that reason, with a cursor. */
void desk_records_tell_shortened(struct context *c);

/* Asks for page after page until `limit` items of the list `name` are there, it ends or they are
 * more than DESK_RECORDS_BYTES: {name: items, "next": cursor|null}. Takes over `request`; `*data`
 * is a new reference. */
int desk_records_pages(struct context *c, json_t *request, const char *name, size_t limit,
                       json_t **data, struct error *e);

/* Beside a list for people: how to go on, when there is more: "WHAT with --after …". */
void desk_records_print_next(const struct output *o, const char *what, const json_t *data);

#endif
