/*
 * update: a newer version of a running strategy, loaded into a slot of its own beside the old one,
 * until it is swapped in.
 */
#ifndef ORRERY_CORE_UPDATE_H
#define ORRERY_CORE_UPDATE_H

#include "core/engine.h"

struct plugin_update {
    struct blueprint *blueprint;  /* borrowed: the one that becomes the engine's */
    struct blueprint_plugin part; /* own copies of what plugin_adopt() takes */
    struct desk_file file;
    struct db_tables *tables; /* as it declares them; NULL: none, or not opened */
    uint32_t slot;
};

void update_free(struct plugin_update *update); /* NULL is legal */

#endif
