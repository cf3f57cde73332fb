/*
 * text: strict parsing and inert printing of text that a user or a script controls.
 */
#ifndef ORRERY_BASE_TEXT_H
#define ORRERY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Decimal digits only, no sign, no spaces, no leading '+': 0, or -1. */
int text_to_u64(const char *text, uint64_t *out);
int text_to_i64(const char *text, int64_t *out);    /* an optional leading '-' */
int text_to_double(const char *text, double *out);  /* finite only */

/* "250ms", "20s", "5m", "2h", "1d" or plain seconds ("20", "0.5"): milliseconds >= 0, or -1. */
int text_to_duration(const char *text, int64_t *out_ms);

bool text_is_utf8(const char *data, size_t len); /* strict: no surrogates, no overlong forms */
/* UTF-8 that a terminal shows as it is: no controls (C0, DEL, C1), no marks that reorder text. */
bool text_is_printable(const char *data, size_t len);
bool text_is_name(const char *text);             /* [a-z0-9][a-z0-9_-]{0,63} */

/* Appends at most `max` bytes of UTF-8, control characters and invalid bytes as \xNN, with "…" when cut. */
void text_add_inert(struct buf *out, const char *data, size_t len, size_t max);

/* The same, but what is valid UTF-8 stays as it was said: only NUL and invalid bytes become \xNN. For
 * records; whoever shows them makes them inert. */
void text_add_said(struct buf *out, const char *data, size_t len, size_t max);

/* The candidate nearest to `word`, if near enough to be a likely typo; else NULL. `candidates` ends with NULL. */
const char *text_nearest(const char *word, const char *const *candidates);

/* 1234567 -> "1,234,567"; returns `out`. */
char *text_group_u64(uint64_t value, char out[32]);

#endif
