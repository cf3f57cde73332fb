#include "tables/sqlite_functions.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/table.h"

/* Not among them: glob and json_patch, which take time in proportion to the product of their
 * arguments' lengths. */
/* clang-format off */
static const char *const allowed[] = {
    "->", "->>", "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "avg",
    "ceil", "ceiling", "coalesce", "cos", "cosh", "count", "cume_dist", "date", "datetime",
    "degrees", "dense_rank", "exp", "first_value", "floor", "group_concat", "ifnull",
    "iif", "instr", "json", "json_array", "json_array_length", "json_extract",
    "json_group_array", "json_group_object", "json_insert", "json_object",
    "json_quote", "json_remove", "json_replace", "json_set", "json_type", "json_valid",
    "julianday", "lag", "last_value", "lead", "length", "like", "ln", "log", "log10", "log2",
    "lower", "ltrim", "max", "min", "mod", "nth_value", "ntile", "nullif", "percent_rank", "pi",
    "pow", "power", "radians", "rank", "replace", "round", "row_number", "rtrim", "sign", "sin",
    "sinh", "sqrt", "strftime", "substr", "substring", "sum", "tan", "tanh", "time", "total",
    "trim", "trunc", "typeof", "unixepoch", "upper", NULL,
};
/* clang-format on */

bool sqlite_function_is_allowed(const char *name)
{
    for (const char *const *one = allowed; *one != NULL && name != NULL; one++)
        if (strcasecmp(*one, name) == 0)
            return true;
    return false;
}

struct text {
    const char *at; /* NULL: SQL's null */
    size_t len;
};

static struct text text_of(sqlite3_value *value)
{
    struct text t = {(const char *)sqlite3_value_text(value), 0};

    t.len = (size_t)sqlite3_value_bytes(value);
    return t;
}

static size_t characters(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* The place of the second in the first, in characters from 1. */
static void instr(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct text in = text_of(values[0]), what = text_of(values[1]);
    const char *found;

    (void)count;
    if (in.at == NULL || what.at == NULL)
        return;
    found = memmem(in.at, in.len, what.at, what.len);
    sqlite3_result_int64(context,
                         found ? (sqlite3_int64)characters(in.at, (size_t)(found - in.at)) + 1 : 0);
}

static void replace(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct text in = text_of(values[0]), what = text_of(values[1]), with = text_of(values[2]);
    const char *found;
    struct buf out;

    (void)count;
    if (in.at == NULL || what.at == NULL || with.at == NULL)
        return;
    buf_init(&out, TABLE_CALL_BYTES);
    while (what.len > 0 && (found = memmem(in.at, in.len, what.at, what.len)) != NULL) {
        buf_add(&out, in.at, (size_t)(found - in.at));
        buf_add(&out, with.at, with.len);
        if (out.overflow)
            break;
        in.len -= (size_t)(found - in.at) + what.len;
        in.at = found + what.len;
    }
    buf_add(&out, in.at, in.len);
    if (out.overflow)
        sqlite3_result_error_toobig(context);
    else
        sqlite3_result_text64(context, buf_text(&out), out.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    buf_release(&out);
}

/* ---- trim: a set of characters of ASCII ---- */

enum side { LEFT = 1, RIGHT = 2 };

static void trim(sqlite3_context *context, int count, sqlite3_value **values)
{
    unsigned sides = *(const unsigned *)sqlite3_user_data(context);
    struct text in = text_of(values[0]), set = {" ", 1};
    bool in_set[256] = {false};

    if (count == 2)
        set = text_of(values[1]);
    if (in.at == NULL || set.at == NULL)
        return;
    for (size_t i = 0; i < set.len; i++) {
        if ((unsigned char)set.at[i] >= 0x80) {
            sqlite3_result_error(context, "trim: only characters of ASCII can be trimmed", -1);
            return;
        }
        in_set[(unsigned char)set.at[i]] = true;
    }
    while ((sides & LEFT) && in.len > 0 && in_set[(unsigned char)in.at[0]])
        in.at++, in.len--;
    while ((sides & RIGHT) && in.len > 0 && in_set[(unsigned char)in.at[in.len - 1]])
        in.len--;
    sqlite3_result_text64(context, in.at, in.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int sqlite_functions_replace(sqlite3 *handle, struct error *e)
{
    static const unsigned left = LEFT, right = RIGHT, both = LEFT | RIGHT;
    static const struct {
        const char *name;
        int arguments;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
        const unsigned *sides;
    } ours[] = {
        {"instr", 2, instr, NULL},  {"replace", 3, replace, NULL}, {"trim", 1, trim, &both},
        {"trim", 2, trim, &both},   {"ltrim", 1, trim, &left},     {"ltrim", 2, trim, &left},
        {"rtrim", 1, trim, &right}, {"rtrim", 2, trim, &right},
    };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (sqlite3_create_function_v2(handle, ours[i].name, ours[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                       (void *)(uintptr_t)ours[i].sides, ours[i].function, NULL,
                                       NULL, NULL) != SQLITE_OK)
            return error_set(e, ERROR_INTERNAL, "SQLite does not take the function %s",
                             ours[i].name);
    return 0;
}
