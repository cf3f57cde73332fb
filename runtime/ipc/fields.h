/*
 * fields: the shape of every message as data. Encoder and decoder both walk these tables, so a
 * message is described once.
 *
 * On the wire a message is an array: its type, then its fields in the order of the table. A failure
 * takes 4 elements (code, message, where, line); lists are arrays.
 */
#ifndef ORRERY_IPC_FIELDS_H
#define ORRERY_IPC_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/message.h"

enum field_type {
    FIELD_U32,
    FIELD_I32,
    FIELD_I64,
    FIELD_U64,
    FIELD_BOOL,
    FIELD_STRING,  /* const char *: UTF-8 without NUL, at most max bytes */
    FIELD_BYTES,   /* struct text */
    FIELD_FAILURE, /* struct message_failure */
    FIELD_WRITES,  /* struct kv_write *, followed by its count */
    FIELD_LOGS,    /* struct message_log *, followed by its count */
    FIELD_MODULES, /* struct message_module[], count */
    FIELD_NAMES    /* const char *[], count */
};

struct field {
    enum field_type type;
    size_t offset;
    size_t count_offset; /* lists */
    size_t max;          /* bytes of strings and bytes, greatest value of U32, items of lists */
    bool optional;       /* may be absent (nil) */
};

struct shape {
    const char *name;
    enum message_side from;
    const struct field *fields;
    size_t count;
};

/* NULL when there is no such type. */
const struct shape *message_shape(enum message_type type);

#endif
