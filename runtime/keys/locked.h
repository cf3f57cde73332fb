/*
 * locked: memory for secrets. It is never swapped out (mlock), never part of a core dump, lies
 * between pages that cannot be touched, is wiped when it is freed, and reads as zeros in the child
 * of a fork, whose copy would not be locked: such a child may only exec or _exit.
 *
 * The rule for whoever handles a secret: it is read straight into locked memory, changes its form
 * only from locked memory to locked memory, and after every function that computed with it
 * locked_scrub_stack() is called, because libraries leave parts of their work below the stack
 * pointer. Nothing of a secret goes through stdio, jansson or an error's text.
 *
 * How much may be locked is limited (RLIMIT_MEMLOCK). All that orrery needs is LOCKED_NEED_KIB; the
 * usual limit is 8 MiB, on older systems 64 KiB. Where it is refused nothing is loaded: keys in
 * memory that can be swapped out are not an option that anybody is offered.
 *
 * A process that is confined like a worker cannot change the protection of pages any more: it does
 * not call locked_free(), it ends.
 */
#ifndef ORRERY_KEYS_LOCKED_H
#define ORRERY_KEYS_LOCKED_H

#include <stddef.h>

struct error;

#define LOCKED_NEED_KIB 64

/* `size` bytes of zeros, or NULL: UNSUPPORTED, with what to do, when the system refuses to lock. */
void *locked_new(size_t size, struct error *e);
void locked_free(void *memory); /* wipes; NULL is legal */

/* From now on until locked_free() the memory can only be read: a stray write ends the process
 * instead of changing a key, which would let a signature give the key away. */
int locked_seal(void *memory, struct error *e);

/* Wipes what functions that have returned left on the stack. */
void locked_scrub_stack(void);

/* For a process that holds secrets: no core dumps, and no other process of the same user may look
 * into it or attach a debugger. */
int locked_process(struct error *e);

#endif
