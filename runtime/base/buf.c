#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max;
}

void buf_release(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflow = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

char *buf_reserve(struct buf *b, size_t len)
{
    size_t need;

    if (len > b->max - b->len) {
        b->overflow = true;
        return NULL;
    }
    need = b->len + len + 1;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < need)
            cap *= 2;
        b->data = mem_resize(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    char *place = buf_reserve(b, len);

    if (place == NULL)
        return -1;
    if (len > 0)
        memcpy(place, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add_str(struct buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *format, ...)
{
    va_list arguments;
    char small[256];
    char *place;
    int len;

    va_start(arguments, format);
    len = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (len < 0)
        return -1;
    if ((size_t)len < sizeof small)
        return buf_add(b, small, (size_t)len);
    place = buf_reserve(b, (size_t)len);
    if (place == NULL)
        return -1;
    va_start(arguments, format);
    vsnprintf(place, (size_t)len + 1, format, arguments);
    va_end(arguments);
    b->len += (size_t)len;
    return 0;
}

void buf_drop(struct buf *b, size_t len)
{
    if (len == 0)
        return;
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
    b->data[b->len] = '\0';
}

const char *buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
    char *data = b->data ? b->data : mem_strdup("");

    buf_init(b, b->max);
    return data;
}
