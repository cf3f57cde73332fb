/*
 * seen: what a tick is going to see, held from its dispatch to its commit, and its record
 * (model/seen.h).
 *
 * Glossary
 *   text   one snapshot (a vault, a feed, params, ctx.last) with its digest, shared by all that saw
 *          it. A digest is reckoned when a text has changed and somebody looks, never per tick
 *   scene  what all ticks of a vault see between two changes: its vault and the feeds
 *
 * The journal is told each text once: with the first commit that needs it, and again when that is
 * more than an hour ago (journal.h on put_snapshot's time of use). Which ones it knows is
 * remembered in a table of fixed size; one that has been forgotten is told again.
 */
#ifndef ORRERY_CORE_SEEN_H
#define ORRERY_CORE_SEEN_H

#include <stddef.h>

#include "base/buf.h"

struct ending;
struct engine;
struct error;
struct kv_write;
struct message_decided;
struct plugin;
struct seen_scene;
struct seen_text;
struct tick;

/* Behind crew_sync(), before the TICK: notes what the worker has been told, as far as the tick's
 * recording level asks for it. */
void seen_look(struct tick *tick);
void seen_forget(struct tick *tick); /* it is over, or begins anew */

/* The record but for its end: `ending->seen`. -1: the reads cannot have come from our own worker.
 */
int seen_record(struct ending *ending, const struct message_decided *decided, struct error *e);
/* The run's `seen`, and the snapshots that its commit has to carry. */
void seen_finish(struct ending *ending);

/* "writes" and "expires" of a record, as members of an object (without braces); nothing without
 * writes. */
void seen_add_writes(struct buf *out, const struct kv_write *writes, size_t count);

/* The plugin's parameters, or its ctx.last, are other ones now. */
void seen_params_changed(struct plugin *plugin);
void seen_last_changed(struct plugin *plugin);
void seen_scene_drop(struct seen_scene *scene); /* one reference; NULL is legal */
void seen_text_drop(struct seen_text *text);
void seen_free(struct engine *engine);

#endif
