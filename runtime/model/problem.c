#include "model/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#define PROBLEMS_KEPT 200
#define MESSAGE_BYTES 1024

void problems_release(struct problems *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].file);
        free(list->items[i].message);
        free(list->items[i].hint);
    }
    free(list->items);
    memset(list, 0, sizeof *list);
}

/* A copy that can do no harm in a terminal; NULL for NULL and "". */
static char *inert(const char *text)
{
    struct buf out;

    if (text == NULL || *text == '\0')
        return NULL;
    buf_init(&out, 8 * MESSAGE_BYTES);
    text_add_inert(&out, text, strlen(text), MESSAGE_BYTES);
    return buf_steal(&out);
}

static void add(struct problems *list, bool warning, const char *file, int line, const char *hint,
                const char *message)
{
    if (!warning)
        list->errors++;
    if (list->count == PROBLEMS_KEPT) {
        list->dropped++;
        return;
    }
    if (list->items == NULL)
        list->items = mem_alloc(PROBLEMS_KEPT * sizeof *list->items);
    list->items[list->count++] = (struct problem){.file = inert(file),
                                                  .line = line,
                                                  .message = inert(message),
                                                  .hint = inert(hint),
                                                  .warning = warning};
}

void problem_add(struct problems *list, const char *file, int line, const char *hint,
                 const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    add(list, false, file, line, hint, message);
}

void problem_warn(struct problems *list, const char *file, int line, const char *hint,
                  const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    add(list, true, file, line, hint, message);
}

void problem_add_error(struct problems *list, const char *file, const struct error *e)
{
    bool located = e->where[0] != '\0';

    add(list, false, located ? e->where : file, located ? e->line : 0, e->hint, e->message);
}

static int order(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    int files = strcmp(a->file ? a->file : "", b->file ? b->file : "");

    if (files != 0)
        return files;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return strcmp(a->message ? a->message : "", b->message ? b->message : "");
}

void problems_sort(struct problems *list)
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, order);
}

int problems_to_error(const struct problems *list, struct error *e)
{
    const struct problem *first = NULL;

    if (list->errors == 0)
        return 0;
    for (size_t i = 0; i < list->count && first == NULL; i++)
        if (!list->items[i].warning)
            first = &list->items[i];
    if (first == NULL) /* 200 warnings came first */
        return error_set(e, ERROR_CONFIG, "%zu problems; run `orrery check`", list->errors);
    if (list->errors == 1)
        error_set(e, ERROR_CONFIG, "%s", first->message);
    else
        error_set(e, ERROR_CONFIG, "%s … and %zu more problem%s; run `orrery check`",
                  first->message, list->errors - 1, list->errors == 2 ? "" : "s");
    error_locate(e, first->file, first->line);
    if (first->hint != NULL)
        error_hint(e, "%s", first->hint);
    return -1;
}
