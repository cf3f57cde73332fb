/*
 * settings: reads the tables of orrery.lua and of strategies by description: for model/, and for the
 * layers above it that read keys of their own (recipe/, chain/, webhook/).
 *
 * A table is described by an array of `struct setting`, ended by END_OF_SETTINGS. Reading it
 * reports every unknown key (with the nearest known one), wrong type and value out of range, each
 * with its file and line, and stores what is right; what is absent or wrong keeps the default that
 * the caller put there.
 *
 * Messages
 *     unknown key 'vaults.btc-vault.excutor'                                      hint: did you
 * mean 'executor'? vaults.btc-vault.spread_pct: expected a number from 0 to 50, got string "1"
 */
#ifndef ORRERY_MODEL_SETTINGS_H
#define ORRERY_MODEL_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct problems;

enum setting_type {
    SETTING_OTHER,    /* a known key that the caller reads itself */
    SETTING_TEXT,     /* char *, mem_alloc; 1..max bytes without control characters */
    SETTING_NAME,     /* char[LIMIT_NAME_BYTES + 1], text_is_name() */
    SETTING_BOOL,     /* bool */
    SETTING_NUMBER,   /* double */
    SETTING_INT,      /* int */
    SETTING_U32,      /* uint32_t */
    SETTING_I64,      /* int64_t */
    SETTING_SIZE,     /* size_t */
    SETTING_AMOUNT,   /* uint64_t, any form of an amount */
    SETTING_DURATION, /* int64_t ms; seconds, or text with a unit ("90s", "1h"); min and max in ms
                       */
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    double min, max;      /* of numbers, both allowed; TEXT: max bytes */
    const char *expected; /* instead of the generated text; may be NULL */
    bool hidden;          /* known, but never suggested */
    unsigned group;       /* which variants of the table have this key: bits; 0: all */
};

#define SETTING(type_, struct_, member, min_, max_)                                                \
    {                                                                                              \
        .name = #member, .type = SETTING_##type_, .offset = offsetof(struct_, member),             \
        .min = min_, .max = max_                                                                   \
    }
#define END_OF_SETTINGS                                                                            \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define SETTING_SEED_TEXT "an integer of 0 or more"

#define SCOPE_PATH_BYTES 320

/* The table that is being read: where it stands, and where problems go. */
struct scope {
    const char *file;
    const char *source;
    size_t source_len;
    struct problems *problems;
    char path[SCOPE_PATH_BYTES]; /* "" at the top, else "vaults.btc-vault" */
};

void scope_init(struct scope *scope, const char *file, const char *source,
                struct problems *problems);
struct scope scope_enter(const struct scope *outer, const char *key);

/* A problem with `key` of this table (NULL: the table itself): "path.key: message". */
void scope_problem(const struct scope *scope, const char *key, const char *hint, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
void scope_warn(const struct scope *scope, const char *key, const char *hint, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* "path.key: expected <expected>, got <value>"; `value` NULL: "is missing: expected …". */
void scope_expected(const struct scope *scope, const char *key, const char *expected,
                    const json_t *value);

/* "unknown <what> '<path.key>'", with the nearest of `known` (ended by NULL) as the hint. */
void scope_unknown(const struct scope *scope, const char *what, const char *key,
                   const char *const *known);

/* A table with names as keys, also an empty one; not a function's stand-in {"$function": true}. */
bool settings_is_table(const json_t *value);

/* The table under `key`: NULL when it is absent or (a problem) no table. An empty table is an
 * object. */
const json_t *scope_table(const struct scope *scope, const json_t *object, const char *key);

/* Reports the keys that no setting names. */
void settings_check_keys(const struct scope *scope, const json_t *object,
                         const struct setting *settings);

/* Reads one, if it is there: 1 stored, 0 absent, -1 a problem. */
int setting_read(const struct scope *scope, const json_t *object, const struct setting *setting,
                 void *out);

/* Both of the above for the whole table. */
void settings_read(const struct scope *scope, const json_t *object, const struct setting *settings,
                   void *out);

#endif
