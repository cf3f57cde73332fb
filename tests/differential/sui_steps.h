/*
 * sui_steps: a transaction described in JSON, step by step, fed to the builder. Each step is an
 * object with one key and gives one argument, by which later steps name it:
 *
 *   {"pure": {"type": "u64", "value": "5"}}   {"vector": {"type", "values"}}   {"option": {"type",
 * "value"}}
 *   {"bytes": "0aff"}   {"owned": REF}   {"receiving": REF}   {"shared": {"id", "version",
 * "mutable"}}
 *   {"clock": true}   {"withdraw": {"amount", "type", "from", "funder", "allowance"}}
 *   {"call": {"package", "module", "function", "types", "arguments"}}   {"split": {"coin",
 * "amounts"}}
 *   {"merge": {"into", "coins"}}   {"transfer": {"objects", "to"}}   {"make": {"type", "items"}}
 *
 * REF is {"id", "version", "digest"}; an argument is "gas", the number of a step, or [step, part].
 * Numbers of 64 bits are texts.
 */
#ifndef ORRERY_TESTS_SUI_STEPS_H
#define ORRERY_TESTS_SUI_STEPS_H

#include <jansson.h>

#include "sui/builder.h"

int sui_steps_run(struct sui_builder *b, const json_t *steps, struct error *e);

/* Parts of a description that others read too. */
int sui_steps_u64(const json_t *object, const char *key, uint64_t *out, struct error *e);
int sui_steps_address(const json_t *object, const char *key, struct sui_address *out,
                      struct error *e);
int sui_steps_digest(const json_t *object, const char *key, struct sui_digest *out,
                     struct error *e);
int sui_steps_ref(const json_t *object, struct sui_object_ref *out, struct error *e);
int sui_steps_hex(const char *text, struct buf *out, struct error *e);

#endif
