#include "ipc/frame.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

#define LENGTH_BYTES 4

void frame_reader_init(struct frame_reader *reader, size_t max)
{
    reader->start = 0;
    reader->max = max;
    /* Room for one whole frame behind what one read may bring with it. */
    buf_init(&reader->in, 2 * max + LENGTH_BYTES + (1 << 20));
}

void frame_reader_release(struct frame_reader *reader)
{
    buf_release(&reader->in);
    reader->start = 0;
}

static uint32_t read_length(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static void write_length(char *p, uint32_t length)
{
    for (int i = 0; i < LENGTH_BYTES; i++)
        p[i] = (char)(length >> (8 * i));
}

int frame_next(struct frame_reader *reader, const char **data, size_t *len, struct error *e)
{
    size_t available = reader->in.len - reader->start;
    const char *at;
    uint32_t length;

    if (available < LENGTH_BYTES)
        return 0;
    at = reader->in.data + reader->start;
    length = read_length(at);
    if (length == 0 || length > reader->max)
        return error_set(e, ERROR_PROTOCOL, "a frame of %u bytes: expected 1 to %zu", length,
                         reader->max);
    if (available - LENGTH_BYTES < length)
        return 0;
    *data = at + LENGTH_BYTES;
    *len = length;
    reader->start += LENGTH_BYTES + length;
    return 1;
}

char *frame_reader_room(struct frame_reader *reader, size_t want)
{
    buf_drop(&reader->in, reader->start);
    reader->start = 0;
    return buf_reserve(&reader->in, want);
}

void frame_received(struct frame_reader *reader, size_t len)
{
    reader->in.len += len;
}

size_t frame_begin(struct buf *out)
{
    size_t begin = out->len;

    buf_add(out, "\0\0\0", LENGTH_BYTES);
    return begin;
}

void frame_end(struct buf *out, size_t begin)
{
    if (!out->overflow)
        write_length(out->data + begin, (uint32_t)(out->len - begin - LENGTH_BYTES));
}
