/*
 * freeze: tables that scripts can read but not write.
 *
 * A frozen table is an empty *proxy* with a protected metatable: reads go through __index to the
 * *real* table, which no script can reach; every write meets __newindex (the proxy stays empty) and
 * raises. What would see the emptiness looks through instead: `#` by __len; pairs, next, rawget,
 * rawlen and the table library by freeze_look_through(). What would write past
 * __newindex (rawset, setmetatable, table.insert …) asks freeze_is() first.
 *
 * The mark is a field of the metatable under a light userdata, a key that no script can make.
 */
#ifndef ORRERY_VM_FREEZE_H
#define ORRERY_VM_FREEZE_H

#include <lua.h>
#include <stdbool.h>

/* Replaces the table on the top of the stack by a proxy for it. Writes call `newindex`, or raise an
 * error naming `what` when that is NULL. */
void freeze_top(lua_State *L, const char *what, lua_CFunction newindex);

/* The same for the table and the plain tables inside it, `depth` levels down. Fields are named
 * "what.field". */
void freeze_deep(lua_State *L, const char *what, int depth);

bool freeze_is(lua_State *L, int index);

/* When the value at `index` is a frozen table, puts the real one in its place. True if so. */
bool freeze_look_through(lua_State *L, int index);

/* Raises "what is read-only". `index` is a frozen table. Never returns. */
int freeze_raise(lua_State *L, int index) __attribute__((noreturn));

#endif
