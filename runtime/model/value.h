/*
 * value: the one dynamic value of orrery, a jansson `json_t`: state values, payloads, params,
 * results.
 *
 * Text form: compact JSON. Integers are 64-bit and exact; a float always carries '.' or 'e' and is
 * written in the shortest form that reads back to the same bits (0.1, 1.0, 1e+308); NaN and
 * infinities do not exist. Objects are written with their keys sorted by bytes, so equal values
 * have equal text. Strings may contain NUL.
 *
 * Object keys with a NUL cannot be read back (jansson refuses them), so whoever builds an object
 * from foreign data must refuse such keys.
 *
 * Ownership follows jansson: functions that return json_t * give a new reference.
 *
 * Processes that are going to be confined call json_object_seed(0) first: jansson otherwise opens
 * /dev/urandom when the first object is made.
 */
#ifndef ORRERY_MODEL_VALUE_H
#define ORRERY_MODEL_VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Appends the text of `value` (not NULL, nested at most as deep as the C stack allows: check
 * foreign values with value_deeper_than() first). 0, or -1 when the buffer's maximum was passed;
 * what was appended is then of no use. */
int value_write(struct buf *out, const json_t *value);

/* Appends one string of UTF-8, as JSON. */
int value_write_string(struct buf *out, const char *text, size_t len);
int value_write_integer(struct buf *out, int64_t value);

/* Same, as a new NUL-terminated string (mem_alloc); never NULL. */
char *value_text(const json_t *value);

/* Reads one JSON value (any type), nested at most LIMIT_VALUE_DEPTH; duplicate keys, trailing text,
 * bytes of NUL, invalid UTF-8 and numbers out of range are ERROR_INVALID; more than `max` bytes or
 * levels is ERROR_LIMIT. NULL on error. */
json_t *value_parse(const char *text, size_t len, size_t max, struct error *e);

/* Same, with room for what orrery puts around a value: a value at the limit has
 * to be read back from the record, the list or the snapshot that it is part of. */
#define VALUE_AROUND_LEVELS 8
json_t *value_parse_around(const char *text, size_t len, size_t max, struct error *e);

/* The end of the compact JSON value (no white space) that begins at `at`, nested at most `levels`,
 * without building it; NULL when there is none. Duplicate keys and numbers out of range are not
 * noticed; everything else is refused that value_parse() refuses. */
const char *value_skip(const char *at, const char *end, int levels);

/* Whether arrays and objects are nested in each other more than `levels` times; a scalar is level
 * 0, [] level 1. */
bool value_deeper_than(const json_t *value, int levels);

/* "integer 5", "string \"abc\"", "number 1.5", "object", "array of 3", "true", "null",
 * "function" ({"$function": …}), "nothing" (NULL): for error messages. Inert in a terminal, long
 * strings are cut. Returns `out`. */
char *value_describe(const json_t *value, char *out, size_t size);

/* An unsigned 64-bit amount: a non-negative integer, an integral float below 2^63, or a decimal
 * string. 0, or -1. */
int value_to_u64(const json_t *value, uint64_t *out);

/* The inverse: an integer up to 2^63-1, above that a decimal string. */
json_t *value_from_u64(uint64_t value);

/* JSON pointer (RFC 6901) look-up; borrowed, NULL when absent. */
json_t *value_at(const json_t *value, const char *pointer);

#endif
