/*
 * policy_parts: what the files of the policy share: one judgement under way, and how a rule says
 * no. A rule is a function that returns POLICY_ALLOWED, or the refusal that it has filled in.
 */
#ifndef ORRERY_SIGNER_POLICY_PARTS_H
#define ORRERY_SIGNER_POLICY_PARTS_H

#include "signer/memory.h"
#include "signer/policy.h"

struct operator_state {
    struct coins coins;
    struct day day;
    struct moments signatures;
};

struct policy {
    const struct rules *rules;
    struct operator_state *operators;
    struct epochs epochs;
    struct moments refusals;
    bool halted;
    enum policy_refusal last_refusal;
};

struct judgement {
    const struct policy *policy;
    const struct rules_operator *op;
    const struct operator_state *state;
    const struct policy_request *request;
    const struct sui_transaction *tx; /* the request's */
    struct policy_verdict *out;
};

typedef enum policy_refusal policy_rule(struct judgement *j);

/* Fills the verdict; returns `refusal`. `index` SIZE_MAX: none. */
enum policy_refusal policy_refuse(struct policy_verdict *out, enum policy_refusal refusal,
                                  size_t index, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* policy_gas.c: ceilings, coins, and what is remembered of them. */
policy_rule policy_rule_gas, policy_rule_once, policy_rule_day, policy_rule_rate;

/* policy_shape.c: inputs, commands and recipients. */
policy_rule policy_rule_inputs, policy_rule_shape, policy_rule_recipients;

/* The last epoch in which it may execute. The expiration is one that the rules let pass. */
uint64_t policy_last_epoch(const struct sui_transaction *tx);

#endif
