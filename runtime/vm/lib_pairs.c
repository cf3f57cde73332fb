/*
 * pairs and next in the order of keys.h.
 *
 * pairs walks 1, 2, 3 … as long as there are values, then takes a sorted snapshot of the keys that
 * remain. Assigning and deleting during the walk is fine: values are read when their turn comes,
 * deleted keys are skipped, new ones may or may not be met.
 *
 * next(t, k) finds the least key after k by looking at all of them: right for `next(t) == nil`,
 * slow for a walk; use pairs.
 */
#include "vm/internal.h"
#include "vm/keys.h"

/* Upvalues of the iterator. */
enum { UP_TABLE = 1, UP_KEYS, UP_POSITION, UP_COUNT = 3 };

/* How many keys of the table at `table` come after `after` (at least 1, …). */
static size_t count_keys(lua_State *L, int table, const struct key *after)
{
    size_t count = 0;
    struct key key;

    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (key_read(L, -1, &key) && key_before(after, &key))
            count++;
    }
    return count;
}

/* Fills `keys` and puts the keys themselves, in the table's own order, into a list on the top of
 * the stack. */
static void collect_keys(lua_State *L, int table, const struct key *after, struct key *keys)
{
    int list = lua_gettop(L);
    uint32_t count = 0;
    struct key key;

    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (!key_read(L, -1, &key) || !key_before(after, &key))
            continue;
        key.index = ++count;
        keys[count - 1] = key;
        lua_pushvalue(L, -1);
        lua_rawseti(L, list, count);
    }
}

/* Pushes a list of the keys after `after`, in order. */
static void push_sorted_keys(lua_State *L, int table, const struct key *after)
{
    size_t count = count_keys(L, table, after);
    struct key *keys = lua_newuserdatauv(L, (count ? count : 1) * sizeof *keys, 0);

    lua_createtable(L, (int)count, 0);
    collect_keys(L, table, after, keys);
    key_sort(keys, count);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, keys[i].index);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

static void set_position(lua_State *L, lua_Integer position)
{
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(UP_POSITION));
}

/* The rest of the walk, from the snapshot. */
static int step_keys(lua_State *L)
{
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(UP_POSITION));

    for (;; lua_pop(L, 2)) {
        if (lua_rawgeti(L, lua_upvalueindex(UP_KEYS), ++position) == LUA_TNIL)
            return 1;
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(UP_TABLE)) != LUA_TNIL) {
            set_position(L, position);
            return 2;
        }
    }
}

static int pairs_step(lua_State *L)
{
    struct key after = {.class = KEY_SEQUENCE};
    lua_Integer position;

    if (lua_type(L, lua_upvalueindex(UP_KEYS)) == LUA_TTABLE)
        return step_keys(L);
    position = lua_tointeger(L, lua_upvalueindex(UP_POSITION)) + 1;
    lua_pushinteger(L, position);
    if (lua_rawgeti(L, lua_upvalueindex(UP_TABLE), position) != LUA_TNIL) {
        set_position(L, position);
        return 2;
    }
    lua_settop(L, 0);
    after.as.integer = position - 1;
    lua_pushvalue(L, lua_upvalueindex(UP_TABLE));
    push_sorted_keys(L, 1, &after);
    lua_replace(L, lua_upvalueindex(UP_KEYS));
    set_position(L, 0);
    return step_keys(L);
}

static int pairs_given(lua_State *L, int status, lua_KContext context)
{
    (void)L, (void)status, (void)context;
    return 3;
}

/* The second result is the argument itself: never the real table behind a frozen one. */
static int pairs_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    if (!freeze_look_through(L, 2) && luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_given);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, pairs_step, UP_COUNT);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Leaves the least key after `after` (NULL: of all) on the top of the stack, or nil. */
static void push_least_key(lua_State *L, int table, const struct key *after)
{
    struct key best = {.class = KEY_BOOLEAN}, key;
    int slot;

    lua_pushnil(L);
    slot = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        lua_pop(L, 1);
        if (!key_read(L, -1, &key) || (after != NULL && !key_before(after, &key)))
            continue;
        if (lua_isnil(L, slot) || key_before(&key, &best)) {
            best = key;
            lua_copy(L, -1, slot);
        }
    }
}

static int pairs_next(lua_State *L)
{
    struct key after;
    lua_Integer following;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    freeze_look_through(L, 1);
    following = 1;
    if (!lua_isnil(L, 2)) {
        luaL_argcheck(L, lua_type(L, 2) != LUA_TLIGHTUSERDATA && key_read(L, 2, &after), 2,
                      "not a key");
        following = after.class == KEY_SEQUENCE && after.as.integer < LUA_MAXINTEGER
                        ? after.as.integer + 1
                        : 0;
    }
    if (following > 0 && lua_rawgeti(L, 1, following) != LUA_TNIL) {
        lua_pushinteger(L, following);
        lua_insert(L, -2);
        return 2;
    }
    push_least_key(L, 1, lua_isnil(L, 2) ? NULL : &after);
    if (lua_isnil(L, -1))
        return 1;
    lua_pushvalue(L, -1);
    lua_rawget(L, 1);
    return 2;
}

static const luaL_Reg functions[] = {
    {"pairs", pairs_pairs},
    {"next", pairs_next},
    {NULL, NULL},
};

void lib_pairs_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
