/*
 * host: the smallest host of a strategy, for tests of the vm alone: ctx with `now`, a module
 * orrery.action with noop and emit, and a strict raw reader of results. The same shape as the
 * daemon's, without its services.
 */
#ifndef ORRERY_TESTS_HOSTILE_HOST_H
#define ORRERY_TESTS_HOSTILE_HOST_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct vm;

/* A vm with the host's module; NULL with the error filled. */
struct vm *host_vm(int64_t soft_ms, struct error *e);

/* One tick. The reader accepts a noop or a list of up to 64 actions; anything else is
 * SCRIPT_RESULT. `answer` receives the first action's reason. */
int host_tick(struct vm *vm, uint64_t seed, char *answer, size_t size, struct error *e);

#endif
