#include "rpc/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

void fault_say(char *out, size_t size, const char *text, size_t len)
{
    struct buf inert;

    buf_init(&inert, size - 1);
    text_add_inert(&inert, text, len, size > 8 ? size - 8 : 0);
    snprintf(out, size, "%s", buf_text(&inert));
    buf_release(&inert);
}

int fault_garbage(struct fault *f, const char *format, ...)
{
    char text[FAULT_TEXT_SIZE];
    va_list args;

    if (f == NULL || f->kind != FAULT_NONE)
        return -1;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    f->kind = FAULT_GARBAGE;
    fault_say(f->text, sizeof f->text, text, strlen(text));
    return -1;
}
