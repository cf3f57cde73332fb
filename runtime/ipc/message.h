/*
 * message: what core and a worker say to each other on fd 3. One frame is one message; a message is
 * a MessagePack array whose first element is the type. Every message is bounded, checked on arrival
 * and permitted only in given states of the conversation; anything else is ERROR_PROTOCOL and costs
 * the worker its life, never the core's.
 *
 *   worker's state    core may send                       worker may send
 *   STARTING          -                                   HELLO
 *   READY             MODULES CONFIG STATE_FOR LOAD       CONFIG_RESULT STATE_URL LOADED
 *                     UNLOAD STATE_ENTRY MARKET VAULT     DECIDED HOOKED PROBED
 *                     LAST BIND TICK HOOK PROBE           DB_CALL
 *                     DB_RESULT
 *
 * Order: the worker answers in the order of what it receives, one answer per CONFIG, STATE_FOR,
 * LOAD, TICK, HOOK and PROBE. So each side knows which answer is due: an answer to nothing asked is
 * a violation too (the core checks ids against what it has outstanding).
 *
 * The exception are runs that wait. Where a DECIDED or HOOKED is due, a DB_CALL for that run may
 * come instead: from then on its place in the order is void, the answers behind it are due, and it
 * may go on at any time once the core has sent its DB_RESULT. Each run has one DB_CALL under way at
 * most, numbered from 1; the DB_RESULT has the same number; DECIDED and HOOKED come when none is
 * under way. So of one run
 *
 *     TICK ─► DB_CALL 1 ─► DB_RESULT 1 ─► … ─► DB_CALL n ─► DB_RESULT n ─► DECIDED
 *
 * and of different ones any interleaving. A DB_RESULT with `ends` is the last: the run is not
 * resumed, its answer is a failure.
 *
 * Slots: core gives each loaded plugin generation a slot number; a reloaded plugin gets a new slot,
 * the old one is unloaded when its ticks are done.
 *
 * Decoding never copies what it need not: text fields point into the frame or into the decoder's
 * zone, valid until the next message_decode() with the same decoder. NUL-terminated unless a length
 * is given.
 */
#ifndef ORRERY_IPC_MESSAGE_H
#define ORRERY_IPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/kv.h"
#include "model/limits.h"
#include "model/run.h"

struct error;

#define PROTOCOL_VERSION 2

/* X(symbol, name, from core) */
#define MESSAGE_TYPES(X)                                                                           \
    X(HELLO, "hello", false)                                                                       \
    X(MODULES, "modules", true)                                                                    \
    X(CONFIG, "config", true)                                                                      \
    X(CONFIG_RESULT, "config_result", false)                                                       \
    X(STATE_FOR, "state_for", true)                                                                \
    X(STATE_URL, "state_url", false)                                                               \
    X(LOAD, "load", true)                                                                          \
    X(LOADED, "loaded", false)                                                                     \
    X(BIND, "bind", true)                                                                          \
    X(UNLOAD, "unload", true)                                                                      \
    X(STATE_ENTRY, "state_entry", true)                                                            \
    X(MARKET, "market", true)                                                                      \
    X(VAULT, "vault", true)                                                                        \
    X(LAST, "last", true)                                                                          \
    X(TICK, "tick", true)                                                                          \
    X(DECIDED, "decided", false)                                                                   \
    X(HOOK, "hook", true)                                                                          \
    X(HOOKED, "hooked", false)                                                                     \
    X(DB_CALL, "db_call", false)                                                                   \
    X(DB_RESULT, "db_result", true)                                                                \
    X(PROBE, "probe", true)                                                                        \
    X(PROBED, "probed", false)

enum message_type {
    MESSAGE_NONE,
#define X(symbol, name, from_core) MESSAGE_##symbol,
    MESSAGE_TYPES(X)
#undef X
        MESSAGE_TYPE_COUNT
};

struct text { /* bytes with a length; data == NULL: absent (nil on the wire) */
    const char *data;
    size_t len;
};

/* worker -> core, once: the worker is confined and ready. */
struct message_hello {
    uint32_t version;      /* PROTOCOL_VERSION */
    const char *lua;       /* "Lua 5.4.4" */
    uint32_t landlock_abi; /* 0: not in force */
    const char *measures;  /* what confines it, in words: "seccomp, no_new_privs, …" */
};

/* core -> worker: all Lua modules that `require` may find. Replaces the set for later loads. */
struct message_module {
    const char *name; /* "risk", "orrery.indicators" */
    const char *file; /* "lib/risk.lua" */
    struct text source;
};
struct message_modules {
    struct message_module items[LIMIT_MODULES];
    size_t count;
};

/* core -> worker: evaluate orrery.lua; answered by CONFIG_RESULT. The state stays alive for
 * STATE_FOR. */
struct message_config {
    const char *file;
    struct text source;
};

/* A failure as it travels. code == NULL: no failure. */
struct message_failure {
    const char *code; /* error_name() */
    const char *message;
    const char *where;
    int32_t line;
};

struct message_config_result {
    struct message_failure failure;
    struct text json; /* the table; functions appear as {"$function": true} */
};

/* core -> worker: what does the function `setting` ("state", "tables") of orrery.lua say for this
 * plugin? */
struct message_state_for {
    const char *setting;
    const char *plugin;
};
struct message_state_url {
    struct message_failure failure;
    const char *url;
};

/* core -> worker: run a strategy file in a fresh Lua state and report its declaration. */
struct message_load {
    uint32_t slot;
    const char *file;
    struct text source;
    uint64_t memory; /* limits */
    uint32_t soft_ms;
    uint64_t value_bytes, state_bytes;
};
struct message_loaded {
    uint32_t slot;
    struct message_failure failure;
    struct text manifest;               /* JSON for manifest_parse() */
    const char *modules[LIMIT_MODULES]; /* required from the module set */
    size_t module_count;
    uint64_t memory; /* bytes of the Lua heap now */
};

/* core -> worker: the slot may receive ticks: identity and parameters. */
struct message_bind {
    uint32_t slot;
    const char *plugin;
    const char *vault;
    struct text params; /* JSON object */
};

struct message_unload {
    uint32_t slot;
};

/* core -> worker: one live entry of the plugin's state (on load, or changed from outside);
 * value.data NULL: gone. */
struct message_state_entry {
    uint32_t slot;
    struct text key;
    struct text value; /* JSON */
    int64_t expires_ms;
};

/* core -> worker: the newest snapshot of a feed (JSON of market_to_json) or of a vault (JSON, what
 * ctx.vault shows). Sent only when changed. */
struct message_market {
    const char *feed;
    struct text json;
};
struct message_vault {
    const char *vault;
    struct text json;
};

/* core -> worker: the result of the plugin's last executed run: ctx.last from now on. */
struct message_last {
    uint32_t slot;
    struct text json;
};

struct message_tick {
    uint32_t slot;
    uint64_t run;
    int64_t now_ms;
    uint64_t seed;
    enum trigger_kind trigger;
    const char *topic;   /* NULL unless an event */
    struct text payload; /* JSON or absent */
    int64_t scheduled_ms;
    struct text closures; /* JSON array or absent: positions closed since the last tick */
    bool dry_run;
    bool wants_reads; /* of ctx.state, for the record */
};

struct message_log {
    uint32_t level; /* enum log_level */
    const char *message;
    struct text fields; /* JSON object or absent */
};

enum decided_outcome { DECIDED_NOOP, DECIDED_ACTIONS, DECIDED_FAILED };

/* worker -> core: all effects of one decide(). */
struct message_decided {
    uint64_t run;
    enum decided_outcome outcome;
    const char *reason;  /* noop */
    struct text actions; /* JSON array */
    struct message_failure failure;
    uint32_t cpu_us;
    struct kv_write *writes;
    size_t write_count;
    struct message_log *logs; /* the newest */
    size_t log_count;
    uint32_t logs_dropped; /* older ones */
    uint32_t state_keys;   /* entries of ctx.state after this tick */
    struct text reads;     /* JSON object {reads, keys, …} of model/seen.h, or absent */
};

/* core -> worker: call on_executed (and on_error when `error` is present) after an outcome. */
struct message_hook {
    uint32_t slot;
    uint64_t run;
    int64_t now_ms;
    uint64_t seed;
    struct text result; /* JSON: {outcome, actions, dry_run, digest, effects_status, events,
                           gas_used, error} */
    struct text error;  /* JSON {phase, code, message} or absent */
};

/* Same shape as decided, without actions: a hook may write state and log. failure: the hook threw.
 */
struct message_hooked {
    uint64_t run;
    struct message_failure failure;
    uint32_t cpu_us;
    struct kv_write *writes;
    size_t write_count;
    struct message_log *logs;
    size_t log_count;
    uint32_t logs_dropped;
};

#define DB_BYTES_MAX (8 * 1024 * 1024) /* of an answer; limits.db_bytes is at most that */

/* worker -> core: the script of this run waits for its tables. */
struct message_db_call {
    uint64_t run;
    uint32_t call;    /* counts the run's calls, from 1 */
    struct text json; /* see model/table.h */
};

/* core -> worker: the answer, or why there is none. */
struct message_db_result {
    uint32_t slot;
    uint64_t run;
    uint32_t call;
    struct message_failure failure; /* raised in the script */
    bool ends;                      /* with a failure: the run ends with it instead */
    struct text json;
};

/* core -> throw-away worker: try something forbidden (`orrery check --confinement`). The answer, if
 * there is one, says what errno came. */
struct message_probe {
    const char *what; /* "open", "socket", "exec", "fork", "ptrace", "memory", … (io/confine.h) */
};
struct message_probed {
    int32_t result; /* 0: it worked (bad), else the errno */
};

struct message {
    enum message_type type;
    union {
        struct message_hello hello;
        struct message_modules modules;
        struct message_config config;
        struct message_config_result config_result;
        struct message_state_for state_for;
        struct message_state_url state_url;
        struct message_load load;
        struct message_loaded loaded;
        struct message_bind bind;
        struct message_unload unload;
        struct message_state_entry state_entry;
        struct message_market market;
        struct message_vault vault;
        struct message_last last;
        struct message_tick tick;
        struct message_decided decided;
        struct message_hook hook;
        struct message_hooked hooked;
        struct message_db_call db_call;
        struct message_db_result db_result;
        struct message_probe probe;
        struct message_probed probed;
    } as;
};

enum message_side { SIDE_CORE, SIDE_WORKER };

const char *message_name(enum message_type type);

/* Appends one whole frame to `out`. -1 when the frame or the buffer would pass its maximum (LIMIT).
 */
int message_encode(struct buf *out, const struct message *message, struct error *e);

struct message_decoder;
struct message_decoder *message_decoder_new(enum message_side from); /* decodes what `from` sends */
void message_decoder_free(struct message_decoder *decoder);

/* Decodes one frame into `out`. -1: PROTOCOL (unknown type, wrong side, wrong shape, over a limit,
 * invalid UTF-8 in text fields). */
int message_decode(struct message_decoder *decoder, const char *frame, size_t len,
                   struct message *out, struct error *e);

#endif
