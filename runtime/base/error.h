/*
 * error: what went wrong, for the person who reads it at 3 a.m.
 *
 * Conventions of the whole code base
 *   - A function that can fail returns int: 0, or a negative number after filling the caller's
 *     `struct error *`, always its last argument.
 *   - First error wins: a second error_set() on a filled struct changes nothing, so a
 *     clean-up path cannot bury the cause.
 *   - On failure the outputs are untouched.
 *   - Expected outcomes (not found, conflict) are result values, not errors.
 *   - Library code never logs; it fills the struct. Role code (core, worker, cli) logs once.
 *
 * The struct is fixed in size, owned by the caller (usually on its stack) and needs no clean-up.
 */
#ifndef ORRERY_BASE_ERROR_H
#define ORRERY_BASE_ERROR_H

#include <stddef.h>

/* X(symbol, name as printed, process exit code) */
#define ERROR_CODES(X)                                                                             \
    X(INTERNAL, "INTERNAL", 1)           /* a broken promise of our own: a bug */                  \
    X(INVALID, "INVALID", 1)             /* a value that is not acceptable */                      \
    X(LIMIT, "LIMIT", 1)                 /* a named limit was exceeded */                          \
    X(NOT_FOUND, "NOT_FOUND", 2)         /* the thing asked for does not exist */                  \
    X(DENIED, "DENIED", 1)               /* a script asked for what is not its own */              \
    X(CONFLICT, "CONFLICT", 1)           /* not in its present state, or it is there already */    \
    X(NOT_RUNNING, "NOT_RUNNING", 3)     /* no daemon answers for this desk */                     \
    X(CONFIG, "CONFIG", 4)               /* orrery.lua or a strategy's declaration is wrong */     \
    X(TIMEOUT, "TIMEOUT", 5)             /* no answer in the time allowed */                       \
    X(IO, "IO", 1)                       /* the operating system said no */                        \
    X(PROTOCOL, "PROTOCOL", 1)           /* a peer broke the message rules */                      \
    X(UNSUPPORTED, "UNSUPPORTED", 1)     /* not available in this build or on this kernel */       \
    X(SCRIPT, "SCRIPT", 1)               /* a script raised an error */                            \
    X(SCRIPT_RESULT, "SCRIPT_RESULT", 1) /* decide() returned something that is not actions */     \
    X(DEADLINE, "DEADLINE", 1)           /* a script used up its CPU time */                       \
    X(MEMORY, "MEMORY", 1)               /* a script used up its memory */                         \
    X(STORE_LOCKED, "STORE_LOCKED", 1)   /* another daemon owns this data */                       \
    X(STORE_FULL, "STORE_FULL", 1)       /* the disk (or the database's quota) is full */          \
    X(STORE_CORRUPT, "STORE_CORRUPT", 1) /* not a database, or a damaged one: never touched */     \
    X(STORE_NEWER, "STORE_NEWER", 1)     /* written by a newer orrery */                           \
    X(STORE_DOWN, "STORE_DOWN", 1)       /* the store's server cannot be reached; worth a retry */ \
    X(STORE_DENIED, "STORE_DENIED", 1)   /* the server refuses the login or lacks a permission */  \
    X(STORE_READONLY, "STORE_READONLY", 1) /* a replica, or a server that takes no writes now */   \
    X(STORE_MISSING, "STORE_MISSING", 2)   /* the server has no such database */                   \
    X(STORE_SCHEMA, "STORE_SCHEMA", 1)     /* tables are missing, or have other columns */         \
    X(STORE_FENCED, "STORE_FENCED", 1) /* another daemon owns the plugin: nothing was written */   \
    X(STORE, "STORE", 1)               /* any other failure of a store; worth a retry */           \
    X(NETWORK, "NETWORK", 1)           /* a remote server could not be reached or misbehaved */

enum error_code {
    ERROR_NONE = 0,
#define X(symbol, name, exit_code) ERROR_##symbol,
    ERROR_CODES(X)
#undef X
};

struct error {
    enum error_code code;
    int line;          /* in `where`, 0 when unknown */
    char where[192];   /* file, plugin or message the error is about; may be empty */
    char message[640]; /* one sentence: what was expected, what came */
    char hint[192];    /* what to do about it; may be empty */
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        .code = ERROR_NONE                                                                         \
    }

/* Fills `e` unless it is filled already. Always returns -1. `e` may be NULL. Control characters in
 * the result are replaced by '?', so that hostile text is inert in a terminal; passwords of URLs by
 * "***" (see base/mask.h). The same holds for where, hint and prefix. */
int error_set(struct error *e, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says where (file or plugin, and line or 0), unless that is already known. */
void error_locate(struct error *e, const char *where, int line);

/* Adds the hint, unless there is one. */
void error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts text before the message: "while doing x: ". */
void error_prefix(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *e);

/* "STORE_FULL"; never NULL. */
const char *error_name(enum error_code code);
enum error_code error_from_name(const char *name); /* ERROR_INTERNAL when unknown */
int error_exit_code(enum error_code code);

/* Writes "where:line: message (hint)" to `out`, truncated to `size`; returns `out`. */
char *error_format(const struct error *e, char *out, size_t size);

#endif
