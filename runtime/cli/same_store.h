/* same_store: whether two URLs obviously mean one store. */
#ifndef ORRERY_CLI_SAME_STORE_H
#define ORRERY_CLI_SAME_STORE_H

#include <stdbool.h>

/* Both are well-formed. Files are compared by what they are, not by their names; servers by host,
 * port, database and prefix or schema, as written. False may still be one store: two names of a
 * host. */
bool same_store(const char *desk, const char *a, const char *b);

#endif
