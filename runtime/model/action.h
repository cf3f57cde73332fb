/*
 * action: what a strategy may ask for. The table below is the only description of an action; the
 * Lua constructors, the check of what decide() returned, core's second check and the journal's text
 * all read it.
 *
 * An action's JSON form is an object: {"kind": "mint_binary", "market_id": "…", "strike": …, …}.
 * Amounts, quantities and strikes are u64 in base units (see value_to_u64); strikes are scaled by
 * 1e9.
 *
 * Errors name the action's index (from 1), the field, what was expected and what came; scripts see
 * only the message, so suggestions are part of it:
 *
 *     action 2 (mint_range): field 'lower_strike': expected an amount above 0 (…), got string "abc"
 *     action 1 (mint_binary): unknown field 'quantitty' (did you mean 'quantity'?)
 *     mint_binary: field 'quantity' is missing: expected an amount above 0 (…)
 *
 * The last form is a constructor's, which knows no index.
 *
 * Rules: every amount, quantity and strike is above 0; lower_strike < higher_strike; market_id
 * is 1..96 printable bytes of UTF-8; a topic is 1..128 of [A-Za-z0-9_.:-]; a reason is 1..512 bytes
 * of UTF-8, not blank, without NUL; free JSON (payload, arguments) is nested at most
 * LIMIT_VALUE_DEPTH; one action is at most LIMIT_ACTION_BYTES as JSON, which bounds an emitted
 * payload too.
 */
#ifndef ORRERY_MODEL_ACTION_H
#define ORRERY_MODEL_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/limits.h"

struct error;

/* X(symbol, kind name, namespace in Lua: "" or "vault", permission bit or 0) */
#define ACTION_KINDS(X)                                                                            \
    X(NOOP, "noop", "", 0)                                                                         \
    X(EMIT, "emit", "", 0)                                                                         \
    X(CALL, "call", "", 0)                                                                         \
    X(MINT_BINARY, "mint_binary", "vault", 1)                                                      \
    X(REDEEM_BINARY, "redeem_binary", "vault", 2)                                                  \
    X(MINT_RANGE, "mint_range", "vault", 4)                                                        \
    X(REDEEM_RANGE, "redeem_range", "vault", 8)                                                    \
    X(SUPPLY_PLP, "supply_plp", "vault", 16)                                                       \
    X(WITHDRAW_PLP, "withdraw_plp", "vault", 32)                                                   \
    X(PM_DEPOSIT, "pm_deposit", "vault", 64)                                                       \
    X(PM_WITHDRAW, "pm_withdraw", "vault", 128)                                                    \
    X(REFRESH_NAV_SNAPSHOT, "refresh_nav_snapshot", "vault", 0)                                    \
    X(CRYSTALLIZE_FEES, "crystallize_fees", "vault", 0)

enum action_kind {
#define X(symbol, name, space, bit) ACTION_##symbol,
    ACTION_KINDS(X)
#undef X
        ACTION_KIND_COUNT
};

#define PERMISSION_ALL 255u

/* One action in its checked form. Unused fields are 0. Strings and JSON are borrowed from `json`.
 */
struct action {
    enum action_kind kind;
    const char *market_id;
    uint64_t strike;       /* mint_binary, redeem_binary; × 1e9 */
    uint64_t lower_strike; /* ranges; × 1e9 */
    uint64_t higher_strike;
    uint64_t quantity;      /* contracts, base units: each pays 1 base unit of quote when it wins */
    uint64_t amount;        /* pm_deposit, pm_withdraw, supply_plp */
    uint64_t shares_amount; /* withdraw_plp */
    bool is_up;
    bool skip_auto_fund;
    const char *reason;    /* noop */
    const char *topic;     /* emit */
    const json_t *payload; /* emit; NULL when absent */
    const char *target;    /* call */
    const json_t *type_arguments;
    const json_t *arguments;
    json_t *json; /* the normalised object: owned */
};

/* The checked actions of one decide(): 1 … LIMIT_ACTIONS of them. */
struct action_list {
    struct action items[LIMIT_ACTIONS];
    size_t count;
};

enum action_field_type { FIELD_U64, FIELD_BOOL, FIELD_TEXT, FIELD_JSON, FIELD_JSON_ARRAY };

struct action_field {
    const char *name;
    enum action_field_type type;
    bool required;
    size_t offset;                                 /* in struct action */
    size_t max;                                    /* bytes of text or of JSON */
    bool (*text_ok)(const char *text, size_t len); /* FIELD_TEXT: beyond 1 <= len <= max */
    const char *expected; /* "an amount above 0 (…)": completes "expected …" */
};

struct action_spec {
    const char *name;
    const char *space;   /* "" or "vault" */
    uint32_t permission; /* bit or 0 */
    const struct action_field *fields;
    size_t field_count;
};

const struct action_spec *action_spec(enum action_kind kind);
int action_kind_parse(const char *name, enum action_kind *out); /* 0, or -1 */

/* 1..LIMIT_TOPIC_BYTES of [A-Za-z0-9_.:-]: the same for emit and for event triggers. */
bool action_topic_ok(const char *topic);

/* Checks one object and fills `out`; action->json is a new object (kind, then the fields with
 * amounts in value_from_u64() form) whose strings and free JSON are shared with the given one: do
 * not change these afterwards. Unknown fields and kinds are refused with the nearest known name in
 * the message. Errors are ERROR_INVALID or ERROR_LIMIT. `index` counts from 1; 0: not in a list
 * (constructors). */
int action_parse(const json_t *json, size_t index, struct action *out, struct error *e);
void action_release(struct action *action);

/* Checks an array of action objects: 1 … LIMIT_ACTIONS. Rules across actions (a noop stands alone:
 * with others it is dropped by the plan, so it is legal here). */
int action_list_parse(const json_t *array, struct action_list *out, struct error *e);
void action_list_release(struct action_list *list);

#endif
