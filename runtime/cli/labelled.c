#include "cli/labelled.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/format.h"
#include "cli/wrap.h"

#define TEXT_MAX (256 * 1024)

void labelled_toned(struct labelled *l, const char *label, const char *text, enum tone tone)
{
    const struct output *o = l->o;
    bool same = l->last != NULL && strcmp(l->last, label) == 0;

    l->last = label;
    fprintf(o->out, "%s%-*s%s", output_tone(o->colour, TONE_DIM), LABELLED_COLUMN,
            same ? "" : label, output_plain(o->colour));
    fputs(output_tone(o->colour, tone), o->out);
    wrap_print(o->out, text, LABELLED_COLUMN, o->width);
    if (tone != TONE_PLAIN)
        fputs(output_plain(o->colour), o->out);
}

void labelled_line(struct labelled *l, const char *label, const char *text)
{
    labelled_toned(l, label, text, TONE_PLAIN);
}

void labelled_linef(struct labelled *l, const char *label, const char *format, ...)
{
    char text[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    labelled_line(l, label, text);
}

void labelled_add_text(struct buf *out, const char *text)
{
    text_add_inert(out, text, strlen(text), LABELLED_VALUE);
}

/* Cut between two characters. */
void labelled_add_value(struct buf *out, const json_t *value)
{
    struct buf text;

    if (value == NULL) {
        buf_add_str(out, "null");
        return;
    }
    buf_init(&text, 64 * 1024 * 1024);
    output_add_json(&text, value);
    if (text.len <= LABELLED_VALUE)
        buf_add_str(out, buf_text(&text));
    else
        format_fit(out, buf_text(&text), LABELLED_VALUE);
    buf_release(&text);
}

void labelled_text(struct labelled *l, const char *label, const char *text)
{
    struct buf inert;

    if (text == NULL || *text == '\0')
        return;
    buf_init(&inert, TEXT_MAX);
    text_add_inert(&inert, text, strlen(text), TEXT_MAX / 8);
    labelled_line(l, label, buf_text(&inert));
    buf_release(&inert);
}

void labelled_json(struct labelled *l, const char *label, const json_t *value)
{
    struct buf text;

    if (value == NULL || json_is_null(value))
        return;
    buf_init(&text, TEXT_MAX);
    labelled_add_value(&text, value);
    labelled_line(l, label, buf_text(&text));
    buf_release(&text);
}
