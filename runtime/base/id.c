#include "base/id.h"

#include <string.h>

#define COUNTER_BITS 21

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

uint64_t id_next(struct id_source *source, int64_t now_ms)
{
    uint64_t id = now_ms > 0 ? ((uint64_t)now_ms << COUNTER_BITS) & INT64_MAX : 1;

    if (id <= source->last)
        id = source->last + 1;
    source->last = id;
    return id;
}

char *id_format(uint64_t id, char out[ID_TEXT_SIZE])
{
    for (int i = ID_TEXT_SIZE - 2; i >= 0; i--) {
        out[i] = digits[id & 31];
        id >>= 5;
    }
    out[ID_TEXT_SIZE - 1] = '\0';
    return out;
}

int id_parse(const char *text, uint64_t *id)
{
    uint64_t value = 0;

    if (strlen(text) != ID_TEXT_SIZE - 1 || text[0] > '7')
        return -1;
    for (int i = 0; i < ID_TEXT_SIZE - 1; i++) {
        const char *digit = memchr(digits, text[i], 32);
        if (digit == NULL)
            return -1;
        value = (value << 5) | (uint64_t)(digit - digits);
    }
    *id = value;
    return 0;
}

int64_t id_time_ms(uint64_t id)
{
    return (int64_t)(id >> COUNTER_BITS);
}
