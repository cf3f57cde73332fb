/* The places and texts of problems in a table of settings: see settings.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/place.h"
#include "model/problem.h"
#include "model/settings.h"
#include "model/value.h"

#define MESSAGE_BYTES 512

void scope_init(struct scope *scope, const char *file, const char *source,
                struct problems *problems)
{
    *scope = (struct scope){.file = file, .source = source, .problems = problems};
    scope->source_len = source ? strlen(source) : 0;
}

static void join(char out[SCOPE_PATH_BYTES], const char *path, const char *key)
{
    snprintf(out, SCOPE_PATH_BYTES, "%s%s%s", path, path[0] && key ? "." : "", key ? key : "");
}

struct scope scope_enter(const struct scope *outer, const char *key)
{
    struct scope inner = *outer;

    join(inner.path, outer->path, key);
    return inner;
}

static int line_of(const struct scope *scope, const char *path)
{
    return scope->source ? place_line(scope->source, scope->source_len, path) : 0;
}

void scope_problem(const struct scope *scope, const char *key, const char *hint, const char *format,
                   ...)
{
    char path[SCOPE_PATH_BYTES], message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    join(path, scope->path, key);
    problem_add(scope->problems, scope->file, line_of(scope, path), hint, "%s%s%s", path,
                path[0] ? ": " : "", message);
}

void scope_warn(const struct scope *scope, const char *key, const char *hint, const char *format,
                ...)
{
    char path[SCOPE_PATH_BYTES], message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    join(path, scope->path, key);
    problem_warn(scope->problems, scope->file, line_of(scope, path), hint, "%s%s%s", path,
                 path[0] ? ": " : "", message);
}

void scope_expected(const struct scope *scope, const char *key, const char *expected,
                    const json_t *value)
{
    char described[192];

    if (value == NULL)
        scope_problem(scope, key, NULL, "is missing: expected %s", expected);
    else
        scope_problem(scope, key, NULL, "expected %s, got %s", expected,
                      value_describe(value, described, sizeof described));
}

/* The nearest known name, or else one that the word begins ("vault" for "vault_id"). */
static const char *likely(const char *word, const char *const *known)
{
    const char *near = text_nearest(word, known);

    for (; near == NULL && strlen(word) >= 3 && *known != NULL; known++)
        if (strncmp(*known, word, strlen(word)) == 0)
            return *known;
    return near;
}

void scope_unknown(const struct scope *scope, const char *what, const char *key,
                   const char *const *known)
{
    char path[SCOPE_PATH_BYTES], hint[512];
    const char *near = likely(key, known);
    size_t used = 0;

    join(path, scope->path, key);
    if (near != NULL) {
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    } else {
        used = (size_t)snprintf(hint, sizeof hint, "known here: ");
        for (; *known != NULL && used < sizeof hint; known++)
            used += (size_t)snprintf(hint + used, sizeof hint - used, "%s%s", *known,
                                     known[1] ? ", " : "");
    }
    problem_add(scope->problems, scope->file, line_of(scope, path), hint, "unknown %s '%s'", what,
                path);
}

bool settings_is_table(const json_t *value)
{
    return json_is_object(value) && json_object_get(value, "$function") == NULL;
}

const json_t *scope_table(const struct scope *scope, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (value == NULL || settings_is_table(value))
        return value;
    scope_expected(scope, key, "a table with names as keys", value);
    return NULL;
}
