/*
 * action_fields: the table of the actions' fields and the check of a single one; private to
 * model/action*.c.
 */
#ifndef ORRERY_MODEL_ACTION_FIELDS_H
#define ORRERY_MODEL_ACTION_FIELDS_H

#include <jansson.h>

#include "model/action.h"

#define ACTION_FIELDS_MAX 8 /* of one kind */

/* Checks `value`, stores it in `action` and its normalised form in action->json. 0, or -1 when it
 * is not what field->expected says. */
int action_field_read(const struct action_field *field, const json_t *value, struct action *action);

#endif
