#include "db/postgres_array.h"

#include <inttypes.h>
#include <string.h>

void pg_array_begin(struct buf *array)
{
    buf_init(array, PG_ARRAY_BYTES);
    buf_add_char(array, '{');
}

static void separate(struct buf *array)
{
    if (array->len > 1)
        buf_add_char(array, ',');
}

void pg_array_text(struct buf *array, const char *text, size_t len)
{
    const char *end = text + len;

    separate(array);
    buf_add_char(array, '"');
    while (text < end) {
        size_t plain = 0;
        while (text + plain < end && text[plain] != '"' && text[plain] != '\\')
            plain++;
        buf_add(array, text, plain);
        text += plain;
        if (text < end) {
            buf_add_char(array, '\\');
            buf_add_char(array, *text++);
        }
    }
    buf_add_char(array, '"');
}

void pg_array_integer(struct buf *array, int64_t value)
{
    separate(array);
    buf_addf(array, "%" PRId64, value);
}

void pg_array_null(struct buf *array)
{
    separate(array);
    buf_add_str(array, "NULL");
}

void pg_array_end(struct buf *array)
{
    buf_add_char(array, '}');
}
