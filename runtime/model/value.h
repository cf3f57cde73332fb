/*
 * value: the one dynamic value of orrery, a jansson `json_t`: state values, payloads, params, results.
 *
 * Text form: compact JSON. Integers are 64-bit and exact; a float always carries '.' or 'e' and is written in the
 * shortest form that reads back to the same bits (0.1, 1.0, 1e+308); NaN and infinities do not exist.
 * Objects are written with their keys sorted by bytes, so equal values have equal text. Strings may contain NUL.
 *
 * Ownership follows jansson: functions that return json_t * give a new reference.
 */
#ifndef ORRERY_MODEL_VALUE_H
#define ORRERY_MODEL_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Appends the text of `value`. 0, or -1 when the buffer's maximum was passed. */
int value_write(struct buf *out, const json_t *value);

/* Same, as a new NUL-terminated string (mem_alloc); never NULL. */
char *value_text(const json_t *value);

/* Reads one JSON value (any type), nested at most LIMIT_VALUE_DEPTH; duplicate keys, trailing text, invalid UTF-8 and
 * numbers out of range are ERROR_INVALID; more than `max` bytes is ERROR_LIMIT. NULL on error. */
json_t *value_parse(const char *text, size_t len, size_t max, struct error *e);

/* "integer 5", "string \"abc\"", "number 1.5", "object", "array of 3", "true", "null": for error messages. */
char *value_describe(const json_t *value, char *out, size_t size);

/* An unsigned 64-bit amount: a non-negative integer, an integral float below 2^63, or a decimal string. 0, or -1. */
int value_to_u64(const json_t *value, uint64_t *out);

/* The inverse: an integer up to 2^63-1, above that a decimal string. */
json_t *value_from_u64(uint64_t value);

/* JSON pointer (RFC 6901) look-up; borrowed, NULL when absent. */
json_t *value_at(const json_t *value, const char *pointer);

#endif
