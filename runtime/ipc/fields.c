#include "ipc/fields.h"

#include "model/table.h"

#define AT(m, f) offsetof(struct message_##m, f)
#define U32(m, f, top)                                                                             \
    {                                                                                              \
        FIELD_U32, AT(m, f), 0, top, false                                                         \
    }
#define I32(m, f)                                                                                  \
    {                                                                                              \
        FIELD_I32, AT(m, f), 0, 0, false                                                           \
    }
#define U64(m, f)                                                                                  \
    {                                                                                              \
        FIELD_U64, AT(m, f), 0, 0, false                                                           \
    }
#define I64(m, f)                                                                                  \
    {                                                                                              \
        FIELD_I64, AT(m, f), 0, 0, false                                                           \
    }
#define BOOL(m, f)                                                                                 \
    {                                                                                              \
        FIELD_BOOL, AT(m, f), 0, 0, false                                                          \
    }
#define STRING(m, f, top)                                                                          \
    {                                                                                              \
        FIELD_STRING, AT(m, f), 0, top, false                                                      \
    }
#define OPT_STRING(m, f, top)                                                                      \
    {                                                                                              \
        FIELD_STRING, AT(m, f), 0, top, true                                                       \
    }
#define BYTES(m, f, top)                                                                           \
    {                                                                                              \
        FIELD_BYTES, AT(m, f), 0, top, false                                                       \
    }
#define OPT_BYTES(m, f, top)                                                                       \
    {                                                                                              \
        FIELD_BYTES, AT(m, f), 0, top, true                                                        \
    }
#define FAILURE(m)                                                                                 \
    {                                                                                              \
        FIELD_FAILURE, AT(m, failure), 0, 0, true                                                  \
    }
#define WRITES(m)                                                                                  \
    {                                                                                              \
        FIELD_WRITES, AT(m, writes), AT(m, write_count), LIMIT_WRITES, false                       \
    }
#define LOGS(m)                                                                                    \
    {                                                                                              \
        FIELD_LOGS, AT(m, logs), AT(m, log_count), LIMIT_LOG_LINES, false                          \
    }

#define FILE_BYTES     512
#define SNAPSHOT_BYTES (1024 * 1024)
#define ACTIONS_BYTES  (LIMIT_ACTIONS * (LIMIT_ACTION_BYTES + 1) + 2)
#define READS_BYTES    (LIMIT_READ_BYTES + 1024)
#define ANY_U32        UINT32_MAX

static const struct field hello[] = {U32(hello, version, ANY_U32), STRING(hello, lua, 64),
                                     U32(hello, landlock_abi, ANY_U32),
                                     OPT_STRING(hello, measures, 256)};
static const struct field modules[] = {
    {FIELD_MODULES, AT(modules, items), AT(modules, count), LIMIT_MODULES, false}};
static const struct field config[] = {STRING(config, file, FILE_BYTES),
                                      BYTES(config, source, LIMIT_SOURCE_BYTES)};
static const struct field config_result[] = {FAILURE(config_result),
                                             OPT_BYTES(config_result, json, SNAPSHOT_BYTES)};
static const struct field state_for[] = {STRING(state_for, setting, LIMIT_NAME_BYTES),
                                         STRING(state_for, plugin, LIMIT_NAME_BYTES)};
static const struct field state_url[] = {FAILURE(state_url), OPT_STRING(state_url, url, 4096)};
static const struct field load[] = {U32(load, slot, ANY_U32),
                                    STRING(load, file, FILE_BYTES),
                                    BYTES(load, source, LIMIT_SOURCE_BYTES),
                                    U64(load, memory),
                                    U32(load, soft_ms, ANY_U32),
                                    U64(load, value_bytes),
                                    U64(load, state_bytes)};
static const struct field loaded[] = {
    U32(loaded, slot, ANY_U32),
    FAILURE(loaded),
    OPT_BYTES(loaded, manifest, SNAPSHOT_BYTES),
    {FIELD_NAMES, AT(loaded, modules), AT(loaded, module_count), LIMIT_MODULES, false},
    U64(loaded, memory)};
static const struct field bind[] = {
    U32(bind, slot, ANY_U32), STRING(bind, plugin, LIMIT_NAME_BYTES),
    STRING(bind, vault, LIMIT_NAME_BYTES), BYTES(bind, params, SNAPSHOT_BYTES)};
static const struct field unload[] = {U32(unload, slot, ANY_U32)};
static const struct field state_entry[] = {
    U32(state_entry, slot, ANY_U32), BYTES(state_entry, key, LIMIT_KEY_BYTES),
    OPT_BYTES(state_entry, value, LIMIT_STATE_BYTES), I64(state_entry, expires_ms)};
static const struct field market[] = {STRING(market, feed, LIMIT_NAME_BYTES),
                                      BYTES(market, json, SNAPSHOT_BYTES)};
static const struct field vault[] = {STRING(vault, vault, LIMIT_NAME_BYTES),
                                     BYTES(vault, json, 4 * SNAPSHOT_BYTES)};
static const struct field last[] = {U32(last, slot, ANY_U32),
                                    BYTES(last, json, 4 * SNAPSHOT_BYTES)};
static const struct field tick[] = {U32(tick, slot, ANY_U32),
                                    U64(tick, run),
                                    I64(tick, now_ms),
                                    U64(tick, seed),
                                    U32(tick, trigger, TRIGGER_MANUAL),
                                    OPT_STRING(tick, topic, LIMIT_TOPIC_BYTES),
                                    OPT_BYTES(tick, payload, LIMIT_PAYLOAD_BYTES),
                                    I64(tick, scheduled_ms),
                                    OPT_BYTES(tick, closures, SNAPSHOT_BYTES),
                                    BOOL(tick, dry_run),
                                    BOOL(tick, wants_reads)};
static const struct field decided[] = {U64(decided, run),
                                       U32(decided, outcome, DECIDED_FAILED),
                                       OPT_STRING(decided, reason, LIMIT_REASON_BYTES),
                                       OPT_BYTES(decided, actions, ACTIONS_BYTES),
                                       FAILURE(decided),
                                       U32(decided, cpu_us, ANY_U32),
                                       WRITES(decided),
                                       LOGS(decided),
                                       U32(decided, logs_dropped, ANY_U32),
                                       U32(decided, state_keys, ANY_U32),
                                       OPT_BYTES(decided, reads, READS_BYTES)};
static const struct field hook[] = {U32(hook, slot, ANY_U32),
                                    U64(hook, run),
                                    I64(hook, now_ms),
                                    U64(hook, seed),
                                    BYTES(hook, result, 4 * SNAPSHOT_BYTES),
                                    OPT_BYTES(hook, error, 64 * 1024)};
static const struct field hooked[] = {
    U64(hooked, run), FAILURE(hooked), U32(hooked, cpu_us, ANY_U32),
    WRITES(hooked),   LOGS(hooked),    U32(hooked, logs_dropped, ANY_U32)};
static const struct field db_call[] = {U64(db_call, run), U32(db_call, call, ANY_U32),
                                       BYTES(db_call, json, TABLE_CALL_BYTES)};
static const struct field db_result[] = {
    U32(db_result, slot, ANY_U32), U64(db_result, run),
    U32(db_result, call, ANY_U32), FAILURE(db_result),
    BOOL(db_result, ends),         OPT_BYTES(db_result, json, DB_BYTES_MAX)};
static const struct field probe[] = {STRING(probe, what, 64)};
static const struct field probed[] = {I32(probed, result)};

#define SHAPE(symbol, table, side)                                                                 \
    [MESSAGE_##symbol] = {#table, side, table, sizeof table / sizeof table[0]}

static const struct shape shapes[MESSAGE_TYPE_COUNT] = {
    SHAPE(HELLO, hello, SIDE_WORKER),
    SHAPE(MODULES, modules, SIDE_CORE),
    SHAPE(CONFIG, config, SIDE_CORE),
    SHAPE(CONFIG_RESULT, config_result, SIDE_WORKER),
    SHAPE(STATE_FOR, state_for, SIDE_CORE),
    SHAPE(STATE_URL, state_url, SIDE_WORKER),
    SHAPE(LOAD, load, SIDE_CORE),
    SHAPE(LOADED, loaded, SIDE_WORKER),
    SHAPE(BIND, bind, SIDE_CORE),
    SHAPE(UNLOAD, unload, SIDE_CORE),
    SHAPE(STATE_ENTRY, state_entry, SIDE_CORE),
    SHAPE(MARKET, market, SIDE_CORE),
    SHAPE(VAULT, vault, SIDE_CORE),
    SHAPE(LAST, last, SIDE_CORE),
    SHAPE(TICK, tick, SIDE_CORE),
    SHAPE(DECIDED, decided, SIDE_WORKER),
    SHAPE(HOOK, hook, SIDE_CORE),
    SHAPE(HOOKED, hooked, SIDE_WORKER),
    SHAPE(DB_CALL, db_call, SIDE_WORKER),
    SHAPE(DB_RESULT, db_result, SIDE_CORE),
    SHAPE(PROBE, probe, SIDE_CORE),
    SHAPE(PROBED, probed, SIDE_WORKER),
};

const struct shape *message_shape(enum message_type type)
{
    if (type <= MESSAGE_NONE || type >= MESSAGE_TYPE_COUNT)
        return NULL;
    return &shapes[type];
}

const char *message_name(enum message_type type)
{
    const struct shape *shape = message_shape(type);

    return shape ? shape->name : "unknown";
}
