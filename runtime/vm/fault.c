/*
 * What a failed protected call left behind, as a struct error. Runs outside every protected call,
 * so nothing here may allocate in the Lua heap, and no metamethod runs: an error object is shown
 * only when it is a string or a number.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "vm/internal.h"

/* How Lua shows a source "@file" in its messages: at most LUA_IDSIZE - 1 bytes, the end of a longer
 * name. */
static size_t shown_name(const char *file, char out[LUA_IDSIZE])
{
    size_t len = strlen(file);

    if (len < LUA_IDSIZE)
        return (size_t)snprintf(out, LUA_IDSIZE, "%s", file);
    return (size_t)snprintf(out, LUA_IDSIZE, "...%s", file + len - (LUA_IDSIZE - 4));
}

/* The file whose position "file:line: " starts `text`; only files that this state has loaded count,
 * so that a script cannot name another. Moves *text behind the position. */
static const char *split_position(const struct vm *vm, const char **text, int *line)
{
    char shown[LUA_IDSIZE];

    for (size_t i = 0; i < vm->files.count; i++) {
        size_t len = shown_name(vm->files.items[i], shown);
        const char *digits = *text + len + 1;
        char *end;
        long number;

        if (strncmp(*text, shown, len) != 0 || (*text)[len] != ':' || *digits < '0' ||
            *digits > '9')
            continue;
        number = strtol(digits, &end, 10);
        if (strncmp(end, ": ", 2) != 0 || number > INT32_MAX)
            continue;
        *text = end + 2;
        *line = (int)number;
        return vm->files.items[i];
    }
    return NULL;
}

static void report_text(struct vm *vm, const char *text, size_t len, struct error *e)
{
    const char *body = text;
    int line = 0;
    const char *file = split_position(vm, &body, &line);
    struct buf inert;

    buf_init(&inert, 4 * VM_ERROR_BYTES + 16);
    text_add_inert(&inert, body, len - (size_t)(body - text), VM_ERROR_BYTES);
    error_set(e, ERROR_SCRIPT, "%s", buf_text(&inert));
    buf_release(&inert);
    if (file != NULL)
        error_locate(e, file, line);
}

static void report_memory(struct vm *vm, struct error *e)
{
    if (vm->heap.refusal == HEAP_REFUSED_BLOCK)
        error_set(e, ERROR_MEMORY,
                  "out of memory: one table, string or the call stack outgrew %d KiB "
                  "(too much data in one table, or recursion too deep)",
                  HEAP_BLOCK_MAX / 1024 - 1);
    else
        error_set(e, ERROR_MEMORY, "out of memory: the script's limit is %zu KiB",
                  vm->limits.memory / 1024);
}

static void report_deadline(struct vm *vm, struct error *e)
{
    struct deadline *d = &vm->deadline;

    error_set(e, ERROR_DEADLINE, "used up its CPU time: %" PRId64 " ms", d->shown_ms);
    if (d->where[0] != '\0')
        error_locate(e, d->where, d->line);
}

/* Error objects that are no text. */
static void report_object(lua_State *L, struct error *e)
{
    if (lua_isinteger(L, -1))
        error_set(e, ERROR_SCRIPT, "error object is the number %" PRId64,
                  (int64_t)lua_tointeger(L, -1));
    else if (lua_type(L, -1) == LUA_TNUMBER)
        error_set(e, ERROR_SCRIPT, "error object is the number %.14g", lua_tonumber(L, -1));
    else if (lua_touserdata(L, -1) == (void *)&vm_key_refused)
        error_set(e, ERROR_SCRIPT_RESULT, "result refused");
    else
        error_set(e, ERROR_SCRIPT, "error object is a %s value", luaL_typename(L, -1));
}

int fault_report(struct vm *vm, lua_State *L, int status, struct error *e)
{
    bool is_text = lua_type(L, -1) == LUA_TSTRING;

    if (vm->deadline.fatal)
        report_deadline(vm, e);
    else if (status == LUA_ERRMEM &&
             vm->heap.refusal != HEAP_REFUSED_NOTHING) /* not one that a script made up */
        report_memory(vm, e);
    else if (is_text)
        report_text(vm, lua_tostring(L, -1), lua_rawlen(L, -1), e);
    else
        report_object(L, e);
    return -1;
}
