/*
 * keys: the one order in which scripts see a table's keys. Lua's own order depends on a random seed
 * and on addresses; a decision must be repeatable, so ours depends on the keys alone:
 *   1. integers from 1 up      2. other numbers, ascending      3. strings by bytes      4. false,
 * true Tables, functions and other objects as keys have no order that a second run would repeat:
 * walking over one is an error. Light userdata keys are the host's hidden marks and are not seen.
 */
#ifndef ORRERY_VM_KEYS_H
#define ORRERY_VM_KEYS_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

enum key_class { KEY_SEQUENCE, KEY_INTEGER, KEY_FLOAT, KEY_STRING, KEY_BOOLEAN };

struct key {
    union {
        lua_Integer integer;
        lua_Number number;
        const char *text; /* borrowed: the key must stay in its table */
    } as;
    uint32_t len;
    uint32_t class : 3;
    uint32_t index : 29; /* free for the caller */
};

/* Reads the key at `index` of the stack. False when it is hidden; raises when it has no order. */
bool key_read(lua_State *L, int index, struct key *out);

bool key_before(const struct key *a, const struct key *b);

/* In place, without allocation: qsort() may ask the kernel for the size of memory, which the
 * worker's filter forbids. */
void key_sort(struct key *keys, size_t count);

#endif
