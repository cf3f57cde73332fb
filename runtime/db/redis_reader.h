/*
 * redis_reader: the server's answers, read within limits.
 *
 * hiredis parses the protocol; what it parses is kept here, in memory that is counted: an answer
 * can take neither more bytes from the network than `max_bytes` nor much more memory than twice
 * that, however the server nests and announces.
 *
 * A reply is valid until the next call of redis_reader_next() on the same reader.
 */
#ifndef ORRERY_DB_REDIS_READER_H
#define ORRERY_DB_REDIS_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/hiredis_api.h"

struct error;

enum reply_kind { REPLY_NIL, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER, REPLY_TEXT, REPLY_ARRAY };

struct redis_reply {
    enum reply_kind kind;
    size_t count; /* bytes of the text (status and error too), or elements of the array */
    union {
        long long number;
        const char *text; /* followed by a NUL that is not counted */
        struct redis_reply *items;
    };
};

struct redis_reader {
    const struct hiredis_api *api;
    redisReader *parser;
    struct reply_chunk *chunks; /* memory of the current reply */
    struct redis_reply root;
    size_t max_bytes;
    size_t fed, taken; /* bytes since the last reply: given to the parser; taken from the chunks */
    bool over;         /* the current reply is too large */
    bool odd;          /* or like nothing that we ask for */
};

void redis_reader_init(struct redis_reader *reader, const struct hiredis_api *api);
void redis_reader_release(struct redis_reader *reader);

/* Forgets what was fed; afterwards as after init. */
void redis_reader_reset(struct redis_reader *reader);

/* 1: `*reply` is the next one. 0: more bytes are needed. -1: STORE_CORRUPT (not Redis's protocol),
 * or STORE when it is larger than `max_bytes`; nothing more can be read then. */
int redis_reader_next(struct redis_reader *reader, size_t max_bytes,
                      const struct redis_reply **reply, struct error *e);
void redis_reader_feed(struct redis_reader *reader, const char *data, size_t len);

/* ---- what a reply says ---- */

bool reply_is_status(const struct redis_reply *reply, const char *status);
bool reply_is_text(const struct redis_reply *reply, const char *text);

/* Decimal text or an integer: 0, or -1. */
int reply_to_i64(const struct redis_reply *reply, int64_t *out);

#endif
