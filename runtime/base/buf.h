/*
 * buf: a growing byte buffer with a maximum chosen at init.
 *
 * Invariants: len <= cap, len <= max; once an append would pass `max`, nothing is appended and
 * `overflow` is set and stays set until buf_clear(): a caller may append many times and test once.
 * The data is always followed by a NUL that is not counted (when data != NULL).
 * Ownership: the buffer owns its data; buf_steal() hands it to the caller (free() it).
 */
#ifndef ORRERY_BASE_BUF_H
#define ORRERY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool overflow;
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* frees the data; the struct may be used again after buf_init */
void buf_clear(struct buf *b);   /* length 0, keeps the memory */

/* Append. 0, or -1 when the maximum would be passed (then nothing was appended). */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_add_str(struct buf *b, const char *text);
int buf_add_char(struct buf *b, char c);
int buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for `len` more bytes at the end and returns their place, or NULL when that would pass the
 * maximum. The caller writes there and then adds what it wrote to b->len. */
char *buf_reserve(struct buf *b, size_t len);

/* Removes the first `len` bytes (len <= b->len). */
void buf_drop(struct buf *b, size_t len);

/* The text with its NUL (never NULL); valid until the next change. */
const char *buf_text(const struct buf *b);

/* Hands the data (never NULL) to the caller; the buffer is empty again. */
char *buf_steal(struct buf *b);

#endif
