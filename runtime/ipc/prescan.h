/*
 * prescan: refuses a frame before the MessagePack library allocates for it. The library trusts the
 * counts in array headers; a few hostile bytes could ask for gigabytes. Our messages are one array
 * of scalars and of lists of scalars, no maps, no extensions, so a linear walk settles it.
 */
#ifndef ORRERY_IPC_PRESCAN_H
#define ORRERY_IPC_PRESCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `frame` is exactly one array whose elements are scalars or arrays of scalars, all inside
 * `len` bytes. */
bool prescan_frame(const char *frame, size_t len);

#endif
