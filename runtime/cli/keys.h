/*
 * keys: what the parts of `orrery keys` share. A desk's own keys are the files keys/NAME.key in its
 * folder, each with one key as suiprivkey1… text; the folder is 0700, the files are 0600.
 */
#ifndef ORRERY_CLI_KEYS_H
#define ORRERY_CLI_KEYS_H

#include "cli/command.h"

struct error;

#define KEYS_FOLDER "keys"
#define KEYS_SUFFIX ".key"

/* keys_make.c */
int keys_new(struct context *c, struct error *e);
int keys_import(struct context *c, struct error *e);

/* keys_list.c */
int keys_list(struct context *c, struct error *e);
int keys_address(struct context *c, struct error *e);

/* INVALID unless it can be the name of a key: [a-z0-9][a-z0-9_-]{0,63}. */
int keys_check_name(const char *name, struct error *e);
/* Folder, or file of the key `name`, as one opens it: a new string. */
char *keys_path(const struct context *c, const char *name_or_null);

#endif
