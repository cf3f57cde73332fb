/*
 * The functions of string that need a bound; the others are Lua's own (sandbox.c). Left out: dump,
 * pack, packsize, unpack.
 *
 * Pattern matching can take exponential time inside C, where no hook runs: subject and pattern are
 * bounded here, the rest is for the parent's SIGKILL.
 */
#include <string.h>

#include "vm/internal.h"

static void check_subject(lua_State *L)
{
    size_t len;

    luaL_checklstring(L, 1, &len);
    if (len > VM_SUBJECT_BYTES)
        luaL_error(L, "pattern matching on %d bytes of text; at most %d are allowed", (int)len,
                   VM_SUBJECT_BYTES);
}

static void check_pattern(lua_State *L)
{
    size_t len;

    check_subject(L);
    luaL_checklstring(L, 2, &len);
    if (len > VM_PATTERN_BYTES)
        luaL_error(L, "pattern of %d bytes; at most %d are allowed", (int)len, VM_PATTERN_BYTES);
}

static int string_find(lua_State *L)
{
    size_t len;

    luaL_checkstring(L, 1);
    luaL_checklstring(L, 2, &len);
    if (!lua_toboolean(L, 4))
        check_pattern(L);
    else if (len > VM_PLAIN_BYTES)
        return luaL_error(L, "searching for %d bytes; at most %d are allowed", (int)len,
                          VM_PLAIN_BYTES);
    return vm_of(L)->originals.find(L);
}

static int string_match(lua_State *L)
{
    check_pattern(L);
    return vm_of(L)->originals.match(L);
}

static int string_gsub(lua_State *L)
{
    check_pattern(L);
    return vm_of(L)->originals.gsub(L);
}

/* An iterator that has failed keeps a wrong recursion depth inside: used again it would overrun the
 * C stack. */
static int gmatch_step(lua_State *L)
{
    if (!lua_toboolean(L, lua_upvalueindex(2)))
        return luaL_error(L, "this gmatch iterator has failed before");
    lua_pushboolean(L, 0);
    lua_replace(L, lua_upvalueindex(2));
    lua_settop(L, 0);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 0, LUA_MULTRET);
    lua_pushboolean(L, 1);
    lua_replace(L, lua_upvalueindex(2));
    return lua_gettop(L);
}

static int string_gmatch(lua_State *L)
{
    check_pattern(L);
    lua_settop(L, 3);
    vm_of(L)->originals.gmatch(L); /* leaves its iterator on the top */
    lua_pushboolean(L, 1);
    lua_pushcclosure(L, gmatch_step, 2);
    return 1;
}

/* (text separator)* text, `total` bytes of it: the first unit, then doubled as often as it fits. */
static void repeat(char *out, size_t total, const char *text, size_t len, const char *separator,
                   size_t separator_len)
{
    size_t done = len + separator_len;

    if (done > total) /* a single repetition has no separator */
        done = total;
    memcpy(out, text, len);
    memcpy(out + len, separator, done - len);
    while (done < total) {
        size_t more = done < total - done ? done : total - done;
        memcpy(out + done, out, more);
        done += more;
    }
}

static int string_rep(lua_State *L)
{
    size_t len, separator_len, total;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_len);
    char *out;

    if (count > VM_STRING_BYTES)
        return luaL_error(L, "string.rep: %I repetitions; at most %d are allowed",
                          (LUAI_UACINT)count, VM_STRING_BYTES);
    total = count < 1 ? 0 : (len + separator_len) * (size_t)count - separator_len;
    if (total > VM_STRING_BYTES)
        return luaL_error(L, "string.rep: result of more than %d bytes", VM_STRING_BYTES);
    if (total == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    out = lua_newuserdatauv(L, total, 0);
    repeat(out, total, text, len, separator, separator_len);
    lua_pushlstring(L, out, total);
    return 1;
}

/* Lua's own byte, for at most VM_UNPACK bytes at once. */
static int string_byte(lua_State *L)
{
    size_t len;
    lua_Integer from, to;

    luaL_checklstring(L, 1, &len);
    from = luaL_optinteger(L, 2, 1);
    to = luaL_optinteger(L, 3, from);
    if (from < 0)
        from = from < -(lua_Integer)len ? 1 : (lua_Integer)len + from + 1;
    if (to < 0)
        to = to < -(lua_Integer)len ? 0 : (lua_Integer)len + to + 1;
    if (to > (lua_Integer)len)
        to = (lua_Integer)len;
    if (from < 1)
        from = 1;
    if (from <= to && to - from >= VM_UNPACK)
        return luaL_error(L, "string.byte: %I bytes at once; at most %d are allowed",
                          (LUAI_UACINT)(to - from + 1), VM_UNPACK);
    return vm_of(L)->originals.byte(L);
}

/* %s shows tables and functions without their addresses, and %p is refused: an address is no
 * business of a script and differs from run to run. */
static int string_format(lua_State *L)
{
    size_t len;
    const char *at = luaL_checklstring(L, 1, &len), *end = at + len;
    int count = lua_gettop(L), argument = 1;

    while ((at = memchr(at, '%', (size_t)(end - at))) != NULL) { /* a format may contain NUL */
        if (*++at == '%') {
            at++;
            continue;
        }
        at += strspn(at, "-+ #0123456789.");
        argument++;
        if (*at == 'p')
            return luaL_error(L, "string.format: '%%p' (an address) is not available");
        if (*at == 's' && argument <= count) {
            push_text(L, argument);
            lua_replace(L, argument);
        }
    }
    return vm_of(L)->originals.format(L);
}

static const luaL_Reg functions[] = {
    {"find", string_find},     {"match", string_match},
    {"gsub", string_gsub},     {"gmatch", string_gmatch},
    {"rep", string_rep},       {"byte", string_byte},
    {"format", string_format}, {NULL, NULL},
};

void lib_string_open(lua_State *L)
{
    luaL_setfuncs(L, functions, 0);
}
