/*
 * alloc: the heap of one Lua state, capped.
 *
 * Two limits: all bytes of the state (vm_limits.memory) and one single block. The second bounds
 * every step that nothing can interrupt (a rehash, a copy, the collector's atomic phase). What it
 * means to a script:
 *   - a string holds at most 256 KiB;
 *   - a table holds at most 16,384 elements in a row and 8,192 other keys;
 *   - recursion goes about 2,000 calls deep (the call stack is one block).
 * The one exception is Lua's own table of short strings, which may take a quarter of the heap:
 * refused, it would stay as it is, and each new string beyond 32,768 would cost a full collection.
 * It is known by its birth: the first untyped block of 128 pointers that a fresh state asks for.
 * (Should another Lua begin differently, the exception falls away or serves one array; no more.)
 *
 * ctx.state values (64 KiB) and event payloads (64 KiB) fit with room to spare.
 *
 * Invariant: used <= limit, unless the state itself was corrupted. Refusals are remembered, for the
 * error message.
 */
#ifndef ORRERY_VM_ALLOC_H
#define ORRERY_VM_ALLOC_H

#include <stddef.h>

/* A little over 256 KiB, so that a string of exactly that length fits with its header. */
#define HEAP_BLOCK_MAX (256 * 1024 + 1024)

enum heap_refusal { HEAP_REFUSED_NOTHING, HEAP_REFUSED_TOTAL, HEAP_REFUSED_BLOCK };

struct heap {
    size_t used;
    size_t limit;
    void *strings;             /* the table of short strings */
    enum heap_refusal refusal; /* the last one */
};

void heap_init(struct heap *heap, size_t limit);

/* A lua_Alloc; `heap` is a struct heap *. Shrinking never fails. */
void *heap_alloc(void *heap, void *block, size_t old_size, size_t new_size);

#endif
