#include "vm/keys.h"

#include <lauxlib.h>
#include <string.h>

bool key_read(lua_State *L, int index, struct key *out)
{
    size_t len;

    out->len = 0;
    switch (lua_type(L, index)) {
    case LUA_TLIGHTUSERDATA:
        return false;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            out->as.integer = lua_tointeger(L, index);
            out->class = out->as.integer >= 1 ? KEY_SEQUENCE : KEY_INTEGER;
        } else {
            out->as.number = lua_tonumber(L, index);
            out->class = KEY_FLOAT;
        }
        return true;
    case LUA_TSTRING:
        out->as.text = lua_tolstring(L, index, &len);
        out->len = (uint32_t)len;
        out->class = KEY_STRING;
        return true;
    case LUA_TBOOLEAN:
        out->as.integer = lua_toboolean(L, index);
        out->class = KEY_BOOLEAN;
        return true;
    default:
        /* not saying which: that would depend on the order */
        luaL_error(L, "a table or function as a table key has no repeatable order: use strings or "
                      "numbers as keys");
        return false;
    }
}

/* Integers below 1 and floats form one ascending line. A float key is never integral (Lua
 * normalises it) unless it is beyond the integers, so the comparison as doubles decides, but for
 * integers that round to the same double. */
static bool number_before(const struct key *a, const struct key *b)
{
    lua_Number x = a->class == KEY_FLOAT ? a->as.number : (lua_Number)a->as.integer;
    lua_Number y = b->class == KEY_FLOAT ? b->as.number : (lua_Number)b->as.integer;

    if (a->class == KEY_INTEGER && b->class == KEY_INTEGER)
        return a->as.integer < b->as.integer;
    if (x == y) /* only beyond 2^53, where a float key is below the least integer */
        return a->class == KEY_FLOAT && b->class == KEY_INTEGER;
    return x < y;
}

static bool text_before(const struct key *a, const struct key *b)
{
    uint32_t len = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->as.text, b->as.text, len);

    return order != 0 ? order < 0 : a->len < b->len;
}

/* Numbers that are no sequence index share a rank. */
static int rank(const struct key *k)
{
    return k->class == KEY_FLOAT ? KEY_INTEGER : k->class;
}

bool key_before(const struct key *a, const struct key *b)
{
    if (rank(a) != rank(b))
        return rank(a) < rank(b);
    switch (a->class) {
    case KEY_INTEGER:
    case KEY_FLOAT:
        return number_before(a, b);
    case KEY_STRING:
        return text_before(a, b);
    default:
        return a->as.integer < b->as.integer;
    }
}

static void sift_down(struct key *keys, size_t root, size_t count)
{
    struct key moving = keys[root];

    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count)
            break;
        if (child + 1 < count && key_before(&keys[child], &keys[child + 1]))
            child++;
        if (!key_before(&moving, &keys[child]))
            break;
        keys[root] = keys[child];
        root = child;
    }
    keys[root] = moving;
}

/* Heap sort; keys are distinct, so it need not be stable. */
void key_sort(struct key *keys, size_t count)
{
    for (size_t i = count / 2; i > 0; i--)
        sift_down(keys, i - 1, count);
    for (size_t end = count; end > 1; end--) {
        struct key greatest = keys[0];
        keys[0] = keys[end - 1];
        keys[end - 1] = greatest;
        sift_down(keys, 0, end - 1);
    }
}
