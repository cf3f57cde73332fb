/*
 * format: times, spans, amounts and columns as people read them. Everything that returns `out` has
 * written at most FORMAT_SIZE bytes there, NUL included.
 *
 * Times are UTC. Amounts are integers in base units, grouped by thousands; strikes are scaled by
 * 1e9 and shown without the scale. Width is counted in terminal columns: 0 for combining marks, 2
 * for East Asian wide characters and emoji.
 */
#ifndef ORRERY_CLI_FORMAT_H
#define ORRERY_CLI_FORMAT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

#define FORMAT_SIZE 48

char *format_time(int64_t ms, char out[FORMAT_SIZE]);  /* "2026-11-21 01:33:07"; "-" for 0 */
char *format_clock(int64_t ms, char out[FORMAT_SIZE]); /* "01:33:07" */
char *format_day(int64_t ms, char out[FORMAT_SIZE]);   /* "2026-11-21" */
char *
format_span(int64_t ms,
            char out[FORMAT_SIZE]); /* "250 ms", "12.5 s", "3 min 05 s", "2 h 10 min", "5 d 3 h" */
char *format_age(int64_t ms,
                 char out[FORMAT_SIZE]); /* "just now", "12 s ago", "in 5 s" for what is to come */
char *format_bytes(uint64_t bytes, char out[FORMAT_SIZE]);   /* "31.2 KiB" */
char *format_strike(uint64_t scaled, char out[FORMAT_SIZE]); /* "100,000", "0.25" */

/* A JSON amount (integer, or a string of digits): grouped; a float with up to 6 significant digits
 * after the point; "-" for anything else. */
char *format_amount(const json_t *amount, char out[FORMAT_SIZE]);
/* Decimal text: grouped when it is an integer that fits, else "-". */
char *format_amount_text(const char *text, char out[FORMAT_SIZE]);

/* Appends `text` as one word of a shell: as it is, or in single quotes where that is needed. */
void format_add_word(struct buf *out, const char *text);

/* Columns that `text` (UTF-8) takes. */
size_t format_width(const char *text);
/* How many bytes of `text` take at most `columns` columns; never ends inside a character. */
size_t format_within(const char *text, size_t columns);
/* Appends `text`, cut to at most `columns` columns with "…" as the last when it was cut; never
 * inside a character. */
void format_fit(struct buf *out, const char *text, size_t columns);

#endif
