/*
 * status_parts: what the texts of "status" are made of, and those of its tables that are about what
 * is outside of the daemon: sources of events, stores, the plugins' own tables.
 */
#ifndef ORRERY_CLI_STATUS_PARTS_H
#define ORRERY_CLI_STATUS_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/output.h"
#include "cli/table.h"

const char *status_string(const json_t *object, const char *name); /* NULL: absent */
json_int_t status_number(const json_t *object, const char *name);  /* 0: absent */
/* Whether anything is known of a vault's money: of one that is outside it need not be. */
bool status_vault_is_known(const json_t *vault);
void status_add_amount(struct table *t, const json_t *object, const char *name);
void status_add_age(struct table *t, json_int_t at, json_int_t now);
/* Prints a table that has rows, with an empty line before it, and releases it. */
void status_finish(struct table *t, const struct output *o);

void status_print_sources(const struct output *o, const json_t *status);
void status_print_stores(const struct output *o, const json_t *status);
void status_print_tables(const struct output *o, const json_t *status);
/* status_outside.c: vaults that send, their operators, and transactions whose outcome is not known.
 */
void status_print_outside(const struct output *o, const json_t *status);
void status_print_open(const struct output *o, const json_t *status);
void status_print_warnings(const struct output *o, const json_t *status);

#endif
