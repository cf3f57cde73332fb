#include "model/dead.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[DEAD_STATE_COUNT] = {
#define X(symbol, name) [DEAD_##symbol] = name,
    DEAD_STATES(X)
#undef X
};

const char *dead_state_name(enum dead_state state)
{
    return (size_t)state < DEAD_STATE_COUNT ? names[state] : "unknown";
}

int dead_state_parse(const char *name, enum dead_state *out)
{
    for (size_t i = 0; i < DEAD_STATE_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum dead_state)i;
            return 0;
        }
    }
    return -1;
}

void dead_letter_release(struct dead_letter *dead)
{
    free(dead->topic);
    free(dead->payload);
    free(dead->error);
    memset(dead, 0, sizeof *dead);
}
