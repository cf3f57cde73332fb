/*
 * loading: bringing one strategy into a worker: LOAD, its state from the store, BIND. And swapping
 * a newer version in.
 */
#ifndef ORRERY_CORE_LOADING_H
#define ORRERY_CORE_LOADING_H

#include "core/engine.h"

/* LOAD for the plugin as it is (start, or after a worker's death). A waiting update becomes the
 * plugin first. */
void crew_load(struct plugin *plugin);

/* LOAD for a newer version beside the running one; `update` is the plugin's from now on. */
void loading_update(struct plugin *plugin, struct plugin_update *update);

/* Out of the worker, whatever the stage; the version stays, for a crew_load() to come. */
void loading_leave(struct plugin *plugin);

void loading_forget(struct question *question); /* at the end: frees it */
void loading_answered(struct question *question, const struct message_loaded *loaded);
void loading_lost(struct question *question, bool culprit, bool suspect, const char *why);

#endif
