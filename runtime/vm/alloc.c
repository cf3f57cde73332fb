#include "vm/alloc.h"

#include <stdlib.h>

void heap_init(struct heap *heap, size_t limit)
{
    heap->used = 0;
    heap->limit = limit;
    heap->refusal = HEAP_REFUSED_NOTHING;
}

static void *heap_refuse(struct heap *heap, enum heap_refusal why)
{
    heap->refusal = why;
    return NULL;
}

void *heap_alloc(void *arg, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = arg;
    void *fresh;

    if (block == NULL)
        old_size = 0; /* Lua passes the kind of object here */
    if (new_size == 0) {
        free(block);
        heap->used -= old_size;
        return NULL;
    }
    if (new_size > old_size) {
        if (new_size > HEAP_BLOCK_MAX)
            return heap_refuse(heap, HEAP_REFUSED_BLOCK);
        if (heap->used > heap->limit || new_size - old_size > heap->limit - heap->used)
            return heap_refuse(heap, HEAP_REFUSED_TOTAL);
    }
    fresh = realloc(block, new_size);
    if (fresh == NULL)
        return new_size <= old_size ? block : heap_refuse(heap, HEAP_REFUSED_TOTAL);
    heap->used = heap->used - old_size + new_size;
    return fresh;
}
