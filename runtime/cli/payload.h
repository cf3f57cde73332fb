/* payload: a JSON value given as an argument. */
#ifndef ORRERY_CLI_PAYLOAD_H
#define ORRERY_CLI_PAYLOAD_H

#include <jansson.h>

struct error;

/* Parses `text` (NULL: nothing to do) and puts it into `request` as `name`. ERROR_INVALID tells
 * where it stops being JSON. */
int payload_add(json_t *request, const char *name, const char *text, struct error *e);

#endif
