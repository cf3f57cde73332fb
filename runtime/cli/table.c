#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/format.h"

#define CELL_MAX 4096
#define GAP      2
#define MIN_LAST 12 /* the last column is never cut below this */

void table_init(struct table *t, const struct column *columns)
{
    *t = (struct table){.columns = columns};
    while (columns[t->column_count].title != NULL)
        t->column_count++;
    if (t->column_count > TABLE_COLUMNS)
        abort();
}

void table_release(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i].text);
    free(t->cells);
    *t = (struct table){0};
}

void table_add(struct table *t, const char *text)
{
    struct buf inert;

    if (t->count == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->cells = mem_resize(t->cells, t->cap * sizeof *t->cells);
    }
    buf_init(&inert, 4 * CELL_MAX + 16);
    if (text == NULL || *text == '\0')
        buf_add_str(&inert, "-");
    else
        text_add_inert(&inert, text, strlen(text), CELL_MAX);
    t->cells[t->count++] = (struct cell){.text = buf_steal(&inert)};
}

void table_addf(struct table *t, const char *format, ...)
{
    char text[CELL_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    table_add(t, text);
}

void table_tone(struct table *t, enum tone tone)
{
    t->cells[t->count - 1].tone = tone;
}

static size_t column_width(const struct table *t, size_t column)
{
    size_t width = format_width(t->columns[column].title);
    size_t max = t->columns[column].max;

    for (size_t i = column; i < t->count; i += t->column_count) {
        size_t w = format_width(t->cells[i].text);
        width = w > width ? w : width;
    }
    return max > 0 && width > max ? max : width;
}

/* Columns [from, to) in one block, behind the first column, which is in every block. */
struct block {
    size_t from, to;
};

/* The columns from `from` on that fit the line. The table's last one may be cut down to MIN_LAST
 * when it is text. At least one column is taken, whatever its width. */
static struct block next_block(const struct table *t, const struct output *o, size_t indent,
                               size_t from, size_t *widths)
{
    size_t line = indent + (from > 0 ? widths[0] + GAP : 0), last = t->column_count - 1;
    struct block block = {from, from};

    for (; block.to < t->column_count; block.to++) {
        size_t width = widths[block.to], left = o->width > line ? o->width - line : 0;
        bool cuttable = block.to == last && !t->columns[last].right;
        if (o->width > 0 && cuttable && width > left && (left >= MIN_LAST || block.to == from))
            width = widths[last] = left < MIN_LAST ? MIN_LAST : left;
        if (o->width > 0 && width > left && block.to > from)
            break;
        line += width + GAP;
    }
    return block;
}

static void print_cell(const struct output *o, const char *text, enum tone tone, size_t width,
                       bool right, bool last)
{
    struct buf fitted;
    size_t pad;

    buf_init(&fitted, 4 * CELL_MAX + 16);
    format_fit(&fitted, text, width);
    pad = width - format_width(buf_text(&fitted));
    if (right)
        fprintf(o->out, "%*s", (int)pad, "");
    fprintf(o->out, "%s%s%s", output_tone(o->colour, tone), buf_text(&fitted),
            tone == TONE_PLAIN ? "" : output_plain(o->colour));
    if (!last)
        fprintf(o->out, "%*s", (int)((right ? 0 : pad) + GAP), "");
    buf_release(&fitted);
}

/* One line: the titles (`row` NULL) or a row's cells. */
static void print_line(const struct table *t, const struct output *o, size_t indent,
                       struct block block, const size_t *widths, const struct cell *row)
{
    size_t c = 0;

    fprintf(o->out, "%*s", (int)indent, "");
    while (c < block.to) {
        print_cell(o, row ? row[c].text : t->columns[c].title, row ? row[c].tone : TONE_DIM,
                   widths[c], t->columns[c].right, c + 1 == block.to);
        c = c == 0 && block.from > 0 ? block.from : c + 1;
    }
    fputc('\n', o->out);
}

void table_print(const struct table *t, const struct output *o, size_t indent)
{
    size_t widths[TABLE_COLUMNS];
    struct block block = {0, 0};

    for (size_t c = 0; c < t->column_count; c++)
        widths[c] = column_width(t, c);
    while (block.to < t->column_count) {
        if (block.to > 0)
            fputc('\n', o->out);
        block = next_block(t, o, indent, block.to, widths);
        print_line(t, o, indent, block, widths, NULL);
        for (size_t i = 0; i + t->column_count <= t->count; i += t->column_count)
            print_line(t, o, indent, block, widths, t->cells + i);
    }
}
