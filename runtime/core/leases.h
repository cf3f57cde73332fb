/*
 * leases: one owner per plugin in stores that several daemons share.
 *
 *     (worker ready) ─► take ─► held ─► loaded, ticks run, commits carry the token
 *                         │       │ taken over (a renewal or a commit says so)
 *                         ▼       ▼
 *                       standby: unloaded, triggers are skipped with the holder's name;
 *                       looked at every second, until the lease is free or has expired
 *
 * A lease is taken before the plugin's state is read, renewed at a third of its time, and released
 * when the daemon stops or the plugin is removed (a plugin that is quarantined or cannot be loaded
 * keeps it: its state can be mended from outside). What decides is the token in the store: a daemon
 * that slept through its lease finds out at its next commit at the latest, and nothing of that
 * commit is written.
 *
 * A daemon that was killed and comes back takes its own leases at once (the desk's lock proves that
 * the other process is dead); any other has to wait until they expire. Once a lease was lost it is
 * not retaken: should a cloned machine have the same owner, the two do not snatch it from each
 * other for ever.
 */
#ifndef ORRERY_CORE_LEASES_H
#define ORRERY_CORE_LEASES_H

#include <stdbool.h>

struct engine;
struct error;
struct plugin;

/* Who this daemon is, found out once; needs the desk's lock. */
int leases_open(struct engine *engine, struct error *e);
void leases_start(struct engine *engine); /* the renewals */
void leases_stop(struct engine *engine);
void leases_release_all(struct engine *engine); /* at a clean stop; the stores still run */

/* standby.c: looks for leases that have become free; for leases_start and leases_stop. */
void standby_start(struct engine *engine);
void standby_stop(struct engine *engine);

/* Whether the plugin needs a lease that it does not have. */
bool leases_missing(const struct plugin *plugin);
/* Asks for it; crew_load() follows when it is granted. */
void leases_take(struct plugin *plugin);
void leases_release(struct plugin *plugin);

/* Another daemon has it: no more ticks; standby as soon as nothing of the plugin runs. */
void leases_lost(struct plugin *plugin);
void leases_quiet(struct plugin *plugin); /* nothing of it runs: the time to stand by */

#endif
