/*
 * math.random and math.randomseed: a generator of the state, seeded by the host for each call, so
 * that a run can be repeated. randomseed(n) is honoured within the call; without arguments it goes
 * back to the run's own seed.
 */
#include <string.h>

#include "vm/internal.h"

static int math_random(lua_State *L)
{
    struct random *random = &vm_of(L)->random;
    lua_Integer low = 1, high;

    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, random_unit(random));
        return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)random_next(random));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    if ((lua_Unsigned)high - (lua_Unsigned)low == UINT64_MAX)
        lua_pushinteger(L, (lua_Integer)random_next(random));
    else
        lua_pushinteger(
            L, (lua_Integer)((lua_Unsigned)low +
                             random_below(random, (lua_Unsigned)high - (lua_Unsigned)low + 1)));
    return 1;
}

/* The 64 bits of a number: an integer's value, a float's representation. */
static uint64_t seed_bits(lua_State *L, int index)
{
    lua_Number number;
    uint64_t bits;

    if (lua_isinteger(L, index))
        return (uint64_t)lua_tointeger(L, index);
    number = luaL_checknumber(L, index);
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static int math_randomseed(lua_State *L)
{
    struct vm *vm = vm_of(L);
    uint64_t seed = vm->seed;

    if (!lua_isnoneornil(L, 1))
        seed = random_mix(seed_bits(L, 1), lua_isnoneornil(L, 2) ? 0 : seed_bits(L, 2));
    random_init(&vm->random, seed);
    return 0;
}

static const luaL_Reg functions[] = {
    {"random", math_random},
    {"randomseed", math_randomseed},
    {NULL, NULL},
};

void lib_math_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
