/*
 * seen: what a decide() saw, enough to execute it again and compare.
 *
 * Recording levels, per plugin (plugins.NAME.recording, or `recording` for the whole desk):
 *   full       all of this
 *   decisions  trigger, outcome, actions, logs and spans; not what was seen
 *   off        the accounted run only: status, times, reason or error, what was executed (no
 *              payload, logs or spans either)
 *
 * run.seen is one JSON object; a key that is absent was empty:
 *   vault     digest of the vault's snapshot
 *   market    {feed: digest}
 *   params    digest
 *   last      digest of ctx.last
 *   closures  the array itself
 *   reads     {key: value} of ctx.state as the run found it; null: there was no such key
 *   keys      [key, …] when ctx.state:keys() was called
 *   db        [{call, result | error}, …] in order
 *   decided   the actions as decide() gave them, where run.actions are those that were executed
 *   writes    {key: value} as the run left ctx.state (null: removed), or, of more than
 *             SEEN_WRITES_BYTES, a digest of all that
 *   expires   {key: ms} of those with an expiry; part of the digest in the other case
 *   limits    {memory, soft_ms, value_bytes, state_bytes}: those that are not orrery's defaults
 * and, where the run cannot be executed again because its reads are not all of what it saw,
 *   truncated it read more than LIMIT_READ_BYTES
 *   full      a write was refused: ctx.state was full, also of keys that it did not read
 *   mixed     another run wrote while this one waited for its tables
 * Time, seed, trigger, payload and version are columns of the run. Digests name snapshots in the
 * journal, where equal ones are stored once.
 */
#ifndef ORRERY_MODEL_SEEN_H
#define ORRERY_MODEL_SEEN_H

#include "base/digest.h"

#define SEEN_WRITES_BYTES 4096

/* X(symbol, name) */
#define RECORDINGS(X)                                                                              \
    X(FULL, "full")                                                                                \
    X(DECISIONS, "decisions")                                                                      \
    X(OFF, "off")

enum recording {
#define X(symbol, name) RECORDING_##symbol,
    RECORDINGS(X)
#undef X
};

const char *recording_name(enum recording level);
int recording_parse(const char *name, enum recording *out); /* 0, or -1 */

#endif
