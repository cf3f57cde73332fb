/*
 * output: where a command prints, and how: one JSON document or text for people; colour or not.
 *
 * Colour only where the stream is a terminal, TERM is not "dumb" and NO_COLOR is not set. Text that
 * a script or a file controls is always passed through output_inert() or a table, so that it cannot
 * act on a terminal; JSON is written with every control and text-direction character as \uXXXX.
 */
#ifndef ORRERY_CLI_OUTPUT_H
#define ORRERY_CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct buf;
struct error;

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_DIM, TONE_BOLD };

struct output {
    FILE *out, *err;
    bool json;
    bool colour;     /* on out */
    bool colour_err; /* on err */
    size_t width;    /* columns of the terminal behind out; 0: not a terminal */
};

void output_init(struct output *o, FILE *out, FILE *err, bool json);

/* {"ok": true, "data": …} and a newline. Borrows `data`. */
void output_data(struct output *o, const json_t *data);
/* The bare text of a value and a newline (state get). */
void output_value(struct output *o, const json_t *value);

/* Tells people on `err` ("orrery: …", and the hint on a line of its own) and, with --json, programs
 * on `out`. `more` (borrowed, may be NULL) is an object whose members join the JSON answer. Returns
 * the exit code. */
int output_error(struct output *o, const struct error *e, const json_t *more);

/* "\033[32m" or "" when there is no colour; output_plain() ends it. */
const char *output_tone(bool colour, enum tone tone);
const char *output_plain(bool colour);

/* Prints text made inert. */
void output_inert(FILE *stream, const char *text);

/* The text of JSON for people: compact, inert, still JSON. */
void output_add_json(struct buf *out, const json_t *value);

/* How a run's status is coloured. */
enum tone output_status_tone(const char *status);

#endif
