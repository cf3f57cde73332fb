#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mask.h"
#include "base/text.h"

static const struct {
    const char *name;
    int exit_code;
} codes[] = {[ERROR_NONE] = {"NONE", 0},
#define X(symbol, name, exit_code) [ERROR_##symbol] = {name, exit_code},
             ERROR_CODES(X)
#undef X
};

/* What was too long ends with a whole character: the text goes into JSON. */
static void drop_cut_character(char *text)
{
    size_t len = strlen(text), start = len;

    while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0 &&
        !text_is_utf8(text + start - 1, len - start + 1))
        text[start - 1] = '\0';
}

static void make_inert(char *text)
{
    drop_cut_character(text);
    mask_text(text);
    for (char *c = text; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
            *c = '?';
}

int error_set(struct error *e, enum error_code code, const char *format, ...)
{
    va_list arguments;

    if (e == NULL || e->code != ERROR_NONE)
        return -1;
    e->code = code;
    va_start(arguments, format);
    vsnprintf(e->message, sizeof e->message, format, arguments);
    va_end(arguments);
    make_inert(e->message);
    return -1;
}

void error_locate(struct error *e, const char *where, int line)
{
    if (e == NULL || e->where[0] != '\0' || where == NULL)
        return;
    snprintf(e->where, sizeof e->where, "%s", where);
    make_inert(e->where);
    e->line = line;
}

void error_hint(struct error *e, const char *format, ...)
{
    va_list arguments;

    if (e == NULL || e->hint[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(e->hint, sizeof e->hint, format, arguments);
    va_end(arguments);
    make_inert(e->hint);
}

void error_prefix(struct error *e, const char *format, ...)
{
    va_list arguments;
    char prefix[sizeof e->message];
    char old[sizeof e->message];
    size_t length;

    if (e == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    memcpy(old, e->message, sizeof old);
    length = strlen(prefix);
    memcpy(e->message, prefix, length + 1);
    snprintf(e->message + length, sizeof e->message - length, "%s", old);
    make_inert(e->message);
}

void error_clear(struct error *e)
{
    memset(e, 0, sizeof *e);
}

const char *error_name(enum error_code code)
{
    if ((size_t)code >= sizeof codes / sizeof codes[0])
        return "INTERNAL";
    return codes[code].name;
}

enum error_code error_from_name(const char *name)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strcmp(codes[i].name, name) == 0)
            return (enum error_code)i;
    return ERROR_INTERNAL;
}

int error_exit_code(enum error_code code)
{
    if ((size_t)code >= sizeof codes / sizeof codes[0])
        return 1;
    return codes[code].exit_code;
}

char *error_format(const struct error *e, char *out, size_t size)
{
    char position[16] = "";

    if (e->line > 0)
        snprintf(position, sizeof position, ":%d", e->line);
    snprintf(out, size, "%s%s%s%s%s%s%s", e->where, position, e->where[0] ? ": " : "", e->message,
             e->hint[0] ? " (" : "", e->hint, e->hint[0] ? ")" : "");
    return out;
}
