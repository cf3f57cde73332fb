/*
 * modules: the sources that `require` may find, as core sent them. A set is immutable and lives as
 * long as a vm uses it: a reload brings a new set, older plugins keep theirs.
 */
#ifndef ORRERY_WORKER_MODULES_H
#define ORRERY_WORKER_MODULES_H

#include <stddef.h>

struct message_modules;
struct module_set;
struct vm_modules;

struct module_set *module_set_new(const struct message_modules *message); /* NULL: an empty set */
struct module_set *module_set_ref(struct module_set *set);
void module_set_unref(struct module_set *set); /* NULL is legal */

/* What vm_new() wants; valid as long as the set. */
const struct vm_modules *module_set_lookup(const struct module_set *set);

#endif
