#include "sui/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CHUNK_BYTES 4096
#define ALIGNMENT   alignof(max_align_t)

struct sui_chunk {
    struct sui_chunk *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

void sui_memory_init(struct sui_memory *m)
{
    m->chunks = NULL;
}

void sui_memory_release(struct sui_memory *m)
{
    while (m->chunks != NULL) {
        struct sui_chunk *next = m->chunks->next;
        free(m->chunks);
        m->chunks = next;
    }
}

static struct sui_chunk *chunk_for(struct sui_memory *m, size_t bytes)
{
    size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct sui_chunk *chunk = m->chunks;

    if (chunk != NULL && bytes <= chunk->size - chunk->used)
        return chunk;
    chunk = mem_zero(1, sizeof *chunk + size);
    chunk->size = size;
    chunk->next = m->chunks;
    m->chunks = chunk;
    return chunk;
}

void *sui_memory_take(struct sui_memory *m, size_t count, size_t size)
{
    struct sui_chunk *chunk;
    size_t bytes;
    void *piece;

    /* Callers' counts are bounded by the input; a product that wraps would be a bug of ours. */
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        abort();
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    chunk = chunk_for(m, bytes);
    piece = chunk->data + chunk->used;
    chunk->used += bytes;
    return piece;
}

void *sui_memory_copy(struct sui_memory *m, const void *data, size_t count, size_t size)
{
    void *piece = sui_memory_take(m, count, size);

    if (count > 0)
        memcpy(piece, data, count * size);
    return piece;
}

char *sui_memory_text(struct sui_memory *m, const void *text, size_t len)
{
    char *piece = sui_memory_take(m, len + 1, 1);

    memcpy(piece, text, len);
    return piece;
}

void *sui_memory_grow(struct sui_memory *m, void *array, size_t count, size_t *capacity,
                      size_t size)
{
    void *larger;

    if (count < *capacity)
        return array;
    *capacity = count < 8 ? 8 : 2 * count;
    larger = sui_memory_take(m, *capacity, size);
    if (count > 0)
        memcpy(larger, array, count * size);
    return larger;
}
