/*
 * id: run identities that sort by time.
 *
 * An id is a positive 63-bit integer: milliseconds since the epoch in the upper 42 bits, a counter in the lower
 * 21. Ids from one source are strictly increasing, also when the clock stands still or steps
 * back, and after a restart (seed the source with the greatest id on record). As text: 13 characters of
 * Crockford's base 32 in lower case, whose order is the ids' order.
 */
#ifndef ORRERY_BASE_ID_H
#define ORRERY_BASE_ID_H

#include <stdint.h>

#define ID_TEXT_SIZE 14 /* with NUL */

struct id_source {
    uint64_t last;
};

uint64_t id_next(struct id_source *source, int64_t now_ms);
char *id_format(uint64_t id, char out[ID_TEXT_SIZE]);
int id_parse(const char *text, uint64_t *id); /* 0, or -1 when `text` is not an id */
int64_t id_time_ms(uint64_t id);

#endif
