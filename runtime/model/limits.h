/*
 * limits: every limit that a script, a desk or a client can meet, with its default. Exceeding one
 * is ERROR_LIMIT (or the script error that names the limit).
 */
#ifndef ORRERY_MODEL_LIMITS_H
#define ORRERY_MODEL_LIMITS_H

#define LIMIT_NAME_BYTES       64          /* plugin, vault and feed names */
#define LIMIT_TOPIC_BYTES      128         /* event topics */
#define LIMIT_PAYLOAD_BYTES    (64 * 1024) /* event payload from outside, as JSON */
#define LIMIT_SOURCE_BYTES     (64 * 1024) /* one Lua file */
#define LIMIT_MODULES          256         /* modules in stdlib/ and lib/ together */
#define LIMIT_MODULES_BYTES    (2 * 1024 * 1024)
#define LIMIT_PLUGINS          4096
#define LIMIT_VAULTS           256
#define LIMIT_FEEDS            64
#define LIMIT_TRIGGERS         16          /* per plugin */
#define LIMIT_PARAMS           64          /* per plugin */
#define LIMIT_ACTIONS          64          /* per decide() */
#define LIMIT_ACTION_BYTES     (16 * 1024) /* one action, as JSON, an emitted payload included */
#define LIMIT_REASON_BYTES     512         /* a noop's reason */
#define LIMIT_KEY_BYTES        256         /* ctx.state key */
#define LIMIT_VALUE_BYTES      (64 * 1024) /* ctx.state value, as JSON; configurable */
#define LIMIT_VALUE_DEPTH      32
#define LIMIT_STATE_BYTES      (8 * 1024 * 1024)  /* all of one plugin's state; configurable */
#define LIMIT_WRITES           4096               /* state writes of one decide() */
#define LIMIT_DB_CALLS         1000               /* calls of ctx.db in one run */
#define LIMIT_LOG_LINES        1000               /* kept per run: the newest; the rest is counted */
#define LIMIT_LOGS_BYTES       (1024 * 1024)      /* of all lines kept */
#define LIMIT_READ_BYTES       (256 * 1024)       /* of ctx.state read in one run, on record */
#define LIMIT_LOG_BYTES        2048               /* one log message with its fields */
#define LIMIT_SCRIPT_MEMORY    (16 * 1024 * 1024) /* one Lua state; configurable */
#define LIMIT_SOFT_DEADLINE_MS 100                /* CPU time of one decide(); configurable */
#define LIMIT_HARD_DEADLINE_MS 1000  /* CPU time of the worker in one decide(); configurable */
#define LIMIT_WALL_DEADLINE_MS 30000 /* wall-clock backstop; configurable */
#define LIMIT_CONCURRENCY      8     /* running ticks of one plugin */
#define LIMIT_QUEUE            256   /* waiting ticks of one plugin */
#define LIMIT_DEPTH            10    /* runs caused by runs through action.emit */
#define LIMIT_FRAME_BYTES      (12 * 1024 * 1024) /* one message between processes */

#endif
