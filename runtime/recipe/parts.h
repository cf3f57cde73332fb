/*
 * parts: a recipe in memory; private to recipe/.
 *
 * Glossary
 *   sequence  what one kind of action (or one target of a generic call) becomes
 *   step      one command of a sequence
 *   slot      what stands in one argument of a step
 *   column    what the slots ask of markets: a name with one cell per market, an object or a value
 *
 * A recipe is made once and never changed: everything lives in `memory`, and texts in `json`, the
 * three tables that it was made from.
 */
#ifndef ORRERY_RECIPE_PARTS_H
#define ORRERY_RECIPE_PARTS_H

#include "base/error.h"
#include "model/settings.h"
#include "recipe/recipe.h"
#include "recipe/scalar.h"
#include "sui/memory.h"

#define RECIPE_ENTRIES     32 /* of one market */
#define RECIPE_COLUMNS     64
#define RECIPE_FIELDS      8 /* of one kind of action */
#define RECIPE_PARTS       256
#define RECIPE_PLACE_BYTES 24

enum slot_kind {
    SLOT_OBJECT,        /* index: of the object */
    SLOT_MARKET_OBJECT, /* index: of the column */
    SLOT_MARKET_VALUE,  /* index: of the column */
    SLOT_EXPIRY,        /* of the market */
    SLOT_PARAM,         /* index: of the field */
    SLOT_ARGUMENT,      /* index: from 0 */
    SLOT_LITERAL,       /* bytes; also an object's id */
    SLOT_CLOCK,
    SLOT_GAS,
    SLOT_SENDER,
    SLOT_RESULT, /* index: of the step, from 0 */
    SLOT_PART    /* part: from 0 */
};

struct slot {
    enum slot_kind kind;
    enum scalar_type type; /* of values */
    size_t index;
    uint16_t part;
    bool has_max;
    uint64_t max;
    struct sui_pure bytes;
    const char *name; /* as configured; NULL: has none */
};

struct step {
    enum sui_command_kind kind;
    struct sui_call call;        /* SUI_CALL; its arguments are the slots */
    const struct sui_type *type; /* of a vector, or NULL */
    struct slot alone;           /* recipient, coin: not of a call or vector */
    struct slot *slots;
    size_t count;
};

struct sequence {
    enum action_kind kind;
    const char *target; /* ACTION_CALL: the key, else NULL */
    struct step *steps;
    size_t count;
    size_t argument_count; /* that a generic call must give */
    enum scalar_type argument_types[RECIPE_ARGUMENTS];
    bool argument_used[RECIPE_ARGUMENTS];
};

struct named_object {
    struct recipe_object object;
    const char *label; /* the first name that it was given */
};

struct object_name {
    const char *name;
    size_t object;
};

/* Of a market: an object, or a value that is read when a slot asks for it. */
struct market_entry {
    const char *name;
    bool is_object;
    size_t object;
    const json_t *value;
};

struct recipe_market {
    const char *key;
    bool has_expiry;
    uint64_t expiry;
    bool is_feed; /* the key may be a feed's: the expiry is in the action's market id */
    struct market_entry *entries;
    size_t entry_count;
};

struct cell {
    size_t object;
    struct sui_pure bytes;
};

struct column {
    const char *name;
    bool is_object;
    enum scalar_type type; /* of values */
    struct cell *cells;    /* one per market */
};

struct recipe {
    struct sui_memory memory;
    json_t *json;
    struct named_object objects[RECIPE_OBJECTS];
    size_t object_count;
    struct object_name names[RECIPE_OBJECTS];
    size_t name_count;
    struct recipe_market *markets;
    size_t market_count;
    struct column columns[RECIPE_COLUMNS];
    size_t column_count;
    struct sequence *sequences;
    size_t sequence_count;
};

#define RECIPE_NONE SIZE_MAX

/* ---- parsing: each reports its problems to the scope ---- */

/* Whether there is no key but those, ended by NULL; a problem for each other one. */
bool recipe_check_keys(const struct scope *scope, const json_t *json, const char *const *known);
void recipe_parse_objects(struct recipe *r, const struct scope *scope);
void recipe_parse_markets(struct recipe *r, const struct scope *scope);
void recipe_parse_calls(struct recipe *r, const struct scope *scope);

/* An object's description; NONE after a problem. */
size_t recipe_parse_object(struct recipe *r, const struct scope *scope, const json_t *json,
                           const char *label);
size_t recipe_object_named(const struct recipe *r, const char *name);

/* The column of what a slot asks for; NONE after a problem (with the slot's scope). */
size_t recipe_column(struct recipe *r, const struct scope *scope, const char *name, bool is_object,
                     enum scalar_type type);

/* What may stand in a slot. */
enum slot_use { USE_ARGUMENT, USE_COIN, USE_COINS, USE_ITEM, USE_AMOUNT, USE_RECIPIENT };

/* `sequence`: with the steps before this one. False after a problem. `key` is the slot's in
 * `scope`. */
bool recipe_parse_slot(struct recipe *r, const struct scope *scope, const char *key,
                       const json_t *json, struct sequence *sequence, enum slot_use use,
                       struct slot *out);
bool recipe_parse_step(struct recipe *r, const struct scope *scope, const json_t *json,
                       struct sequence *sequence, struct step *out);

/* The items of an array, of which Lua writes the empty one as an empty table; 0 also after a
 * problem: there are more than `max`, or it is no array. */
size_t recipe_items(const struct scope *scope, const char *key, const json_t *array, size_t max,
                    const char *what);
const char *recipe_place(size_t index, char out[RECIPE_PLACE_BYTES]); /* "3" for 2 */

/* ---- for both directions ---- */

const struct sequence *recipe_sequence(const struct recipe *r, enum action_kind kind,
                                       const char *target);

/* The market that an action's market id means, and its expiry if there is one. NONE: none. */
size_t recipe_market_of(const struct recipe *r, const char *id);

/* A target's name, cut and inert. */
#define RECIPE_SHOWN_BYTES 96
const char *recipe_shown(const char *text, char out[RECIPE_SHOWN_BYTES]);

/* "param 'quantity'" */
const char *recipe_slot_text(const struct recipe *r, const struct slot *slot, char *out,
                             size_t size);

#endif
