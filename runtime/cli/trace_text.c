#include "cli/trace_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/labelled.h"

#define NAME_MAX_COLUMNS 28
#define SPAN_COLUMNS     9
#define LEAST_BAR        10
#define INDENT           2
#define TEXT_MAX         (64 * 1024)

/* What all lines share. */
struct scale {
    const struct output *o;
    bool blocks;
    int64_t from_us, to_us;
    size_t names, bars; /* columns */
};

bool trace_text_is_utf8(char *(*get)(const char *name))
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = get(names[i]), *charset;
        if (value == NULL || *value == '\0')
            continue;
        charset = strchr(value, '.');
        return charset != NULL &&
               (strncasecmp(charset, ".utf-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
    }
    return false;
}

char *trace_text_span(int64_t us, char out[FORMAT_SIZE])
{
    if (us < 0)
        us = 0;
    if (us < 1000)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " µs", us);
    else if (us < 100000)
        snprintf(out, FORMAT_SIZE, "%" PRId64 ".%" PRId64 " ms", us / 1000, us % 1000 / 100);
    else if (us < 1000000)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " ms", us / 1000);
    else if (us < 60000000)
        snprintf(out, FORMAT_SIZE, "%" PRId64 ".%02" PRId64 " s", us / 1000000,
                 us % 1000000 / 10000);
    else
        format_span(us / 1000, out);
    return out;
}

/* `us` of `total` in eighths of a column, rounded down; `total` above 0. */
static size_t eighths(size_t width, int64_t total, int64_t us)
{
    if (us <= 0)
        return 0;
    return us >= total ? 8 * width : (size_t)((double)us / (double)total * 8 * (double)width);
}

void trace_text_bar(struct buf *out, bool blocks, size_t width, int64_t total, int64_t begin,
                    int64_t end)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    size_t first = total > 0 ? eighths(width, total, begin) / 8 : 0, last;

    if (first >= width)
        first = width - 1;
    last = total > 0 ? eighths(width, total, end) : 8 * width;
    if (last < 8 * first + 1 || (total > 0 && end <= begin))
        last = 8 * first + 1;
    for (size_t i = 0; i < first; i++)
        buf_add_char(out, ' ');
    for (size_t i = first; i < last / 8; i++)
        buf_add_str(out, blocks ? "█" : "#");
    if (last / 8 < width && (blocks ? last % 8 > 0 : last % 8 >= 4 || last / 8 == first))
        buf_add_str(out, blocks ? parts[last % 8] : last / 8 == first ? "|" : "#");
}

static int64_t number_of(const json_t *o, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(o, name));
}

static void add_member(struct buf *out, const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    if (text == NULL)
        return;
    buf_add_str(out, out->len > 0 ? "  " : "");
    labelled_add_text(out, text);
}

/* Columns of the name, as it is shown. */
static size_t name_width(const json_t *span)
{
    struct buf name;
    size_t width;

    buf_init(&name, TEXT_MAX);
    add_member(&name, span, "name");
    width = format_width(buf_text(&name));
    buf_release(&name);
    return width;
}

/* Widens the scale by the node's spans, and measures its names. */
static void measure(struct scale *s, const json_t *node, size_t depth)
{
    const json_t *span, *child;
    size_t i;

    json_array_foreach(json_object_get(node, "spans"), i, span)
    {
        int64_t start = number_of(span, "start_us"), end = number_of(span, "end_us");
        size_t columns = INDENT * (depth + 1) + name_width(span);
        if (s->from_us < 0 || start < s->from_us)
            s->from_us = start;
        if (start > s->to_us)
            s->to_us = start;
        if (!json_is_null(json_object_get(span, "end_us")) && end > s->to_us)
            s->to_us = end;
        if (columns > s->names)
            s->names = columns;
    }
    json_array_foreach(json_object_get(node, "children"), i, child) measure(s, child, depth + 1);
}

static void print_title(const struct scale *s, const json_t *node, size_t depth)
{
    const char *status = json_string_value(json_object_get(node, "status"));
    enum tone tone = output_status_tone(status ? status : "");
    struct buf title, inert;

    buf_init(&title, TEXT_MAX);
    buf_init(&inert, TEXT_MAX);
    add_member(&title, node, "id");
    add_member(&title, node, "plugin");
    add_member(&title, node, "topic");
    labelled_add_text(&inert, status ? status : "-");
    fprintf(s->o->out, "%*s%s  %s%s%s\n", (int)(INDENT * depth), "", buf_text(&title),
            output_tone(s->o->colour, tone), buf_text(&inert),
            tone == TONE_PLAIN ? "" : output_plain(s->o->colour));
    buf_release(&title);
    buf_release(&inert);
}

/* Fitted to `columns` and padded. */
static void print_padded(FILE *out, const char *text, size_t columns)
{
    struct buf fitted;

    buf_init(&fitted, TEXT_MAX);
    format_fit(&fitted, text, columns);
    fprintf(out, "%s%*s", buf_text(&fitted), (int)(columns - format_width(buf_text(&fitted))), "");
    buf_release(&fitted);
}

static enum tone span_tone(const char *status)
{
    if (strcmp(status, "ok") == 0 || strcmp(status, "running") == 0)
        return TONE_GOOD;
    return strcmp(status, "failed") == 0 ? TONE_BAD : TONE_WARN;
}

/* Right-aligned in its column. */
static void print_took(const struct scale *s, int64_t us)
{
    char took[FORMAT_SIZE];
    size_t width = format_width(trace_text_span(us, took));

    fprintf(s->o->out, "  %*s%s", (int)(width < SPAN_COLUMNS ? SPAN_COLUMNS - width : 0), "", took);
}

static void print_span(const struct scale *s, const json_t *span, size_t depth)
{
    const char *status = json_string_value(json_object_get(span, "status"));
    int64_t start = number_of(span, "start_us");
    bool open = json_is_null(json_object_get(span, "end_us"));
    int64_t end = open ? s->to_us : number_of(span, "end_us");
    size_t indent = INDENT * (depth + 1);
    struct buf name, bar;

    buf_init(&name, TEXT_MAX);
    buf_init(&bar, TEXT_MAX);
    add_member(&name, span, "name");
    fprintf(s->o->out, "%*s", (int)indent, "");
    print_padded(s->o->out, buf_text(&name), s->names > indent ? s->names - indent : 1);
    trace_text_bar(&bar, s->blocks, s->bars, s->to_us - s->from_us, start - s->from_us,
                   end - s->from_us);
    fprintf(s->o->out, "  %s", output_tone(s->o->colour, span_tone(status ? status : "ok")));
    print_padded(s->o->out, buf_text(&bar), s->bars);
    fputs(output_plain(s->o->colour), s->o->out);
    print_took(s, end - start);
    if (status != NULL && strcmp(status, "ok") != 0) {
        fputs("  ", s->o->out);
        output_inert(s->o->out, status);
    }
    fputc('\n', s->o->out);
    buf_release(&name);
    buf_release(&bar);
}

static void print_node(const struct scale *s, const json_t *node, size_t depth)
{
    const json_t *one;
    size_t i;

    print_title(s, node, depth);
    json_array_foreach(json_object_get(node, "spans"), i, one) print_span(s, one, depth);
    if (json_array_size(json_object_get(node, "spans")) == 0)
        fprintf(s->o->out, "%*sno spans are on record\n", (int)(INDENT * (depth + 1)), "");
    json_array_foreach(json_object_get(node, "children"), i, one) print_node(s, one, depth + 1);
}

static void print_sum(const struct scale *s)
{
    fputs(output_tone(s->o->colour, TONE_DIM), s->o->out);
    print_padded(s->o->out, "in all", s->names + 2 + s->bars);
    print_took(s, s->to_us - s->from_us);
    fprintf(s->o->out, "%s\n", output_plain(s->o->colour));
}

void trace_text_print(const struct output *o, bool blocks, const json_t *trace)
{
    struct scale s = {.o = o, .blocks = blocks, .from_us = -1};
    size_t width = o->width > 0 ? o->width : TRACE_WIDTH, taken;

    measure(&s, trace, 0);
    if (s.names > NAME_MAX_COLUMNS)
        s.names = NAME_MAX_COLUMNS;
    taken = s.names + 4 + SPAN_COLUMNS + 10; /* and a status, where it is not ok */
    s.bars = width > taken + LEAST_BAR ? width - taken : LEAST_BAR;
    print_node(&s, trace, 0);
    if (s.from_us >= 0)
        print_sum(&s);
    if (json_is_true(json_object_get(trace, "more_children")))
        fprintf(o->out, "… and more runs that it caused: they are left out\n");
}
