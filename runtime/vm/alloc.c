#include "vm/alloc.h"

#include <stdbool.h>
#include <stdlib.h>

/* lstring.c, MINSTRTABSIZE. */
#define STRINGS_FIRST_SIZE (128 * sizeof(void *))

void heap_init(struct heap *heap, size_t limit)
{
    heap->used = 0;
    heap->limit = limit;
    heap->strings = NULL;
    heap->refusal = HEAP_REFUSED_NOTHING;
}

/* What stands against growing a block from `old_size` to `new_size`. */
static enum heap_refusal heap_check(const struct heap *heap, const void *block, size_t old_size,
                                    size_t new_size)
{
    size_t most = HEAP_BLOCK_MAX;

    if (block != NULL && block == heap->strings && heap->limit / 4 > most)
        most = heap->limit / 4;
    if (new_size > most)
        return HEAP_REFUSED_BLOCK;
    if (heap->used > heap->limit || new_size - old_size > heap->limit - heap->used)
        return HEAP_REFUSED_TOTAL;
    return HEAP_REFUSED_NOTHING;
}

static void *heap_resize(struct heap *heap, void *block, size_t old_size, size_t new_size)
{
    enum heap_refusal refusal = HEAP_REFUSED_NOTHING;
    void *fresh = NULL;

    if (new_size > old_size)
        refusal = heap_check(heap, block, old_size, new_size);
    if (refusal == HEAP_REFUSED_NOTHING) {
        fresh = realloc(block, new_size);
        if (fresh == NULL && new_size > old_size)
            refusal = HEAP_REFUSED_TOTAL;
        else if (fresh == NULL)
            return block; /* shrinking never fails */
    }
    if (refusal != HEAP_REFUSED_NOTHING)
        heap->refusal = refusal;
    else
        heap->used = heap->used - old_size + new_size;
    return fresh;
}

void *heap_alloc(void *arg, void *block, size_t old_size, size_t new_size)
{
    struct heap *heap = arg;
    bool is_strings =
        block != NULL ? block == heap->strings
                      : heap->strings == NULL && old_size == 0 && new_size == STRINGS_FIRST_SIZE;
    void *fresh;

    if (block == NULL)
        old_size = 0; /* Lua passes the kind of object here */
    if (new_size == 0) {
        free(block);
        heap->used -= old_size;
        return NULL;
    }
    fresh = heap_resize(heap, block, old_size, new_size);
    if (is_strings && fresh != NULL)
        heap->strings = fresh;
    return fresh;
}
