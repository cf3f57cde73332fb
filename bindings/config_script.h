/*
 * config_script: orrery.lua, evaluated in a vm like a strategy. Core sees only the JSON of the
 * returned table; functions in it appear as {"$function": true} and stay here, where `state` and
 * `tables` can be asked by name.
 */
#ifndef ORRERY_BINDINGS_CONFIG_SCRIPT_H
#define ORRERY_BINDINGS_CONFIG_SCRIPT_H

#include <stddef.h>

struct buf;
struct config_script;
struct error;
struct vm_modules;

struct config_script *config_script_new(const struct vm_modules *modules, struct error *e);
void config_script_free(struct config_script *script); /* NULL is legal */

/* Runs the file and appends the JSON of the table it returns. Once per script. */
int config_script_load(struct config_script *script, const char *file, const char *source,
                       size_t len, struct buf *json, struct error *e);

/* Appends what the function `setting` ("state", "tables") says for a plugin: a store's URL. */
int config_script_url_for(struct config_script *script, const char *setting, const char *plugin,
                          struct buf *url, struct error *e);

#endif
