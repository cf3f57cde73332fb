/*
 * params: the declaration of a strategy's parameters and their values; private to model/ (see
 * manifest.h for the API).
 */
#ifndef ORRERY_MODEL_PARAMS_H
#define ORRERY_MODEL_PARAMS_H

#include <jansson.h>

struct scope;

/* Checks `params` of a strategy's table; a new object with the sound declarations, in their order.
 * Never NULL. */
json_t *params_check(const struct scope *scope, const json_t *manifest);

#endif
