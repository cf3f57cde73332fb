/*
 * hiredis_api: the formatter and the reader of the Redis protocol from hiredis, loaded when the
 * first Redis store is opened (see base/library.h for why).
 *
 * Only these two are used. The connection is ours (io/stream.h): hiredis waits without a limit in
 * places, and Debian 12's has no TLS.
 */
#ifndef ORRERY_DB_HIREDIS_API_H
#define ORRERY_DB_HIREDIS_API_H

#include <hiredis/hiredis.h>

struct error;

/* X(name) */
#define HIREDIS_FUNCTIONS(X)                                                                       \
    X(redisFormatCommandArgv)                                                                      \
    X(redisFreeCommand)                                                                            \
    X(redisReaderCreateWithFunctions)                                                              \
    X(redisReaderFree)                                                                             \
    X(redisReaderFeed)                                                                             \
    X(redisReaderGetReply)

struct hiredis_api {
#define X(name) __typeof__(name) *name;
    HIREDIS_FUNCTIONS(X)
#undef X
};

/* UNSUPPORTED when the library is not installed. */
int hiredis_api_open(struct hiredis_api *out, struct error *e);

#endif
