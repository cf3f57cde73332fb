#include "cli/log_text.h"

#include <string.h>

#include "base/text.h"
#include "cli/format.h"
#include "cli/labelled.h"
#include "cli/wrap.h"

#define LINE_MAX   (256 * 1024)
#define NAME_WIDTH 12
#define DAY_MS     86400000

static const char *text_of(const json_t *o, const char *name, const char *absent)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL ? text : absent;
}

static void add_fields(struct buf *out, const json_t *fields)
{
    json_t *value, *o = (json_t *)(uintptr_t)fields;
    const char *name;

    json_object_foreach(o, name, value)
    {
        buf_add_char(out, ' ');
        labelled_add_text(out, name);
        buf_add_char(out, '=');
        labelled_add_value(out, value);
    }
    if (fields != NULL && !json_is_object(fields) && !json_is_null(fields)) {
        buf_add_char(out, ' ');
        labelled_add_value(out, fields);
    }
}

/* Message and fields. */
static void add_said(struct buf *out, const json_t *line)
{
    const char *message = text_of(line, "message", "");

    text_add_inert(out, message, strlen(message), LINE_MAX / 8);
    if (json_object_size(json_object_get(line, "fields")) > 0)
        buf_add_char(out, ' ');
    add_fields(out, json_object_get(line, "fields"));
    if (strcmp(text_of(line, "from", "script"), "script") != 0)
        buf_add_str(out, "  (orrery)");
}

/* One of the four: whatever else a line says is none. */
static const char *level_of(const json_t *line)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const char *level = text_of(line, "level", "info");

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i], level) == 0)
            return levels[i];
    return "info";
}

void log_text_add(struct buf *out, const json_t *line)
{
    buf_addf(out, "%-5s ", level_of(line));
    add_said(out, line);
}

static enum tone level_tone(const char *level)
{
    if (strcmp(level, "error") == 0)
        return TONE_BAD;
    if (strcmp(level, "warn") == 0)
        return TONE_WARN;
    return strcmp(level, "debug") == 0 ? TONE_DIM : TONE_PLAIN;
}

static void announce_day(struct log_printer *p, int64_t at_ms)
{
    char day[FORMAT_SIZE];

    if (at_ms / DAY_MS == p->day)
        return;
    p->day = at_ms / DAY_MS;
    fprintf(p->o->out, "%s── %s ──%s\n", output_tone(p->o->colour, TONE_DIM),
            format_day(at_ms, day), output_plain(p->o->colour));
}

/* The column behind it. */
static size_t print_head(const struct log_printer *p, const json_t *line, int64_t at_ms)
{
    const char *level = level_of(line);
    const struct output *o = p->o;
    char clock[FORMAT_SIZE];
    struct buf name;
    size_t column = 17, width;

    fprintf(o->out, "%s  %s%-5s%s  ", format_clock(at_ms, clock),
            output_tone(o->colour, level_tone(level)), level, output_plain(o->colour));
    if (!p->desk)
        return column;
    buf_init(&name, LINE_MAX);
    labelled_add_text(&name, text_of(line, "plugin", "-"));
    width = format_width(buf_text(&name));
    fprintf(o->out, "%s%*s  ", buf_text(&name), (int)(width < NAME_WIDTH ? NAME_WIDTH - width : 0),
            "");
    buf_release(&name);
    return column + (width > NAME_WIDTH ? width : NAME_WIDTH) + 2;
}

void log_printer_line(struct log_printer *p, const json_t *line)
{
    int64_t at_ms = json_integer_value(json_object_get(line, "at_ms"));
    struct buf said;
    size_t column;

    announce_day(p, at_ms);
    column = print_head(p, line, at_ms);
    buf_init(&said, LINE_MAX);
    add_said(&said, line);
    if (p->desk) {
        buf_add_str(&said, "  ");
        labelled_add_text(&said, text_of(line, "run", "-"));
    }
    wrap_print(p->o->out, buf_text(&said), column, p->o->width);
    buf_release(&said);
}
