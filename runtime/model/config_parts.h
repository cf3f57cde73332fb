/*
 * config_parts: the readers of the larger parts of orrery.lua; private to model/config*.c. Each
 * fills its part with defaults and then with what the table says; problems go to the scope.
 */
#ifndef ORRERY_MODEL_CONFIG_PARTS_H
#define ORRERY_MODEL_CONFIG_PARTS_H

#include "model/config.h"
#include "model/settings.h"

/* `scope` is the vault's or feed's own table. */
void config_read_vault(const struct scope *scope, const json_t *json, struct vault_config *out);
void config_read_feed(const struct scope *scope, const json_t *json, struct feed_config *out);
/* `scope` is the desk's: the part stands under its own key. */
void config_read_retention(const struct scope *scope, const json_t *json,
                           struct retention_config *out);
void config_release_feed(struct feed_config *feed);

#endif
