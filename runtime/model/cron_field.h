/*
 * cron_field: one field of a cron schedule; private to model/cron.c.
 */
#ifndef ORRERY_MODEL_CRON_FIELD_H
#define ORRERY_MODEL_CRON_FIELD_H

#include <stdint.h>

struct error;

enum cron_field { CRON_MINUTE, CRON_HOUR, CRON_DAY, CRON_MONTH, CRON_WEEKDAY };

/* The set of the values that `text` stands for, as bits (weekday 7 as bit 0). Errors name the
 * field. */
int cron_field_parse(enum cron_field field, const char *text, uint64_t *out, struct error *e);

#endif
