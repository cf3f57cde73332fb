#include "cli/version_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/diff.h"
#include "model/value.h"
#include "model/version.h"

#define CONTENT_MAX (2 * VERSION_SOURCE_BYTES)
#define DIFF_MAX    (4 * VERSION_SOURCE_BYTES)
#define LINE_MAX    (64 * 1024)

static size_t count_lines(const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    return count + (len > 0 && text[len - 1] != '\n');
}

/* One of content's own file and its modules. */
static json_t *file_json(const json_t *entry, const json_t *name, bool sources)
{
    json_t *source = json_object_get(entry, "source"), *o = json_object();
    json_t *file = json_object_get(entry, "file"), *library = json_object_get(entry, "orrery");
    size_t len = json_string_length(source);

    json_object_set_new(o, "name", name ? json_copy((json_t *)(uintptr_t)name) : json_null());
    json_object_set(o, "file", json_is_string(file) ? file : json_null());
    json_object_set(o, "orrery", json_is_string(library) ? library : json_null());
    json_object_set_new(o, "bytes", json_integer((json_int_t)len));
    json_object_set_new(o, "lines",
                        json_integer((json_int_t)count_lines(json_string_value(source), len)));
    if (sources)
        json_object_set(o, "source", json_is_string(source) ? source : json_null());
    return o;
}

json_t *version_text_files(const char *content, bool sources, struct error *e)
{
    struct error why = ERROR_INIT;
    json_t *whole = content ? value_parse(content, strlen(content), CONTENT_MAX, &why) : NULL;
    json_t *files = json_array(), *module;
    size_t i;

    if (!json_is_string(json_object_get(whole, "source"))) {
        error_set(e, ERROR_STORE_CORRUPT, "the text of this version is damaged: %s",
                  why.code != ERROR_NONE ? why.message : "it has no source");
        json_decref(whole);
        json_decref(files);
        return NULL;
    }
    json_array_append_new(files, file_json(whole, NULL, sources));
    json_array_foreach(json_object_get(whole, "modules"), i, module)
        json_array_append_new(files, file_json(module, json_object_get(module, "name"), sources));
    json_decref(whole);
    return files;
}

/* ---- comparing ---- */

static const char *text_of(const json_t *file, const char *name)
{
    const char *text = json_string_value(json_object_get(file, name));

    return text != NULL ? text : "";
}

static const json_t *find(const json_t *files, const json_t *like)
{
    const json_t *file;
    size_t i;

    json_array_foreach(files, i, file)
    {
        if (json_equal(json_object_get(file, "name"), json_object_get(like, "name")))
            return file;
    }
    return NULL;
}

/* A module of orrery itself has no text: its version stands for it. */
static struct diff_side side_of(const json_t *file, struct buf *library)
{
    const json_t *source = json_object_get(file, "source");
    const char *name = text_of(file, "file");

    if (*name == '\0')
        name = text_of(file, "name");
    if (file == NULL)
        return (struct diff_side){.name = ""};
    if (json_is_string(source))
        return (struct diff_side){name, json_string_value(source), json_string_length(source)};
    buf_addf(library, "part of orrery %s\n", text_of(file, "orrery"));
    return (struct diff_side){name, buf_text(library), library->len};
}

static int compare_file(const json_t *before, const json_t *after, json_t *list, struct error *e)
{
    const json_t *shown = after != NULL ? after : before;
    struct buf diff, old_library, new_library;
    struct diff_counts counts = {0};
    struct diff_side old, new;
    const char *change;
    int result;

    buf_init(&diff, DIFF_MAX);
    buf_init(&old_library, LINE_MAX);
    buf_init(&new_library, LINE_MAX);
    old = side_of(before, &old_library);
    new = side_of(after, &new_library);
    result = diff_unified(&diff, &old, &new, &counts, e);
    change = before == NULL  ? "added"
             : after == NULL ? "removed"
             : diff.len > 0  ? "changed"
                             : "same";
    if (result == 0)
        json_array_append_new(list, json_pack("{s:O, s:O, s:s, s:I, s:I, s:o}", "name",
                                              json_object_get(shown, "name"), "file",
                                              json_object_get(shown, "file"), "change", change,
                                              "added", (json_int_t)counts.added, "removed",
                                              (json_int_t)counts.removed, "diff",
                                              json_stringn(buf_text(&diff), diff.len)));
    buf_release(&diff);
    buf_release(&old_library);
    buf_release(&new_library);
    return result;
}

json_t *version_text_compare(const json_t *before, const json_t *after, struct error *e)
{
    json_t *list = json_array();
    const json_t *file;
    int result = 0;
    size_t i;

    json_array_foreach(after, i, file)
    {
        if (result == 0)
            result = compare_file(find(before, file), file, list, e);
    }
    json_array_foreach(before, i, file)
    {
        if (result == 0 && find(after, file) == NULL)
            result = compare_file(file, NULL, list, e);
    }
    if (result == 0)
        return list;
    json_decref(list);
    return NULL;
}

/* ---- printing ---- */

/* Tabs are harmless, and sources have them. */
static void print_inert(FILE *out, const char *text, size_t len)
{
    struct buf inert;

    buf_init(&inert, SIZE_MAX / 4);
    for (;;) {
        const char *tab = memchr(text, '\t', len);
        size_t part = tab != NULL ? (size_t)(tab - text) : len;
        text_add_inert(&inert, text, part, part);
        if (tab == NULL)
            break;
        buf_add_char(&inert, '\t');
        text += part + 1;
        len -= part + 1;
    }
    fwrite(buf_text(&inert), 1, inert.len, out);
    buf_release(&inert);
}

/* Length of the first line, without its newline. */
static size_t line_length(const char *text)
{
    return strcspn(text, "\n");
}

void version_text_print_source(const struct output *o, const char *source, bool numbers)
{
    for (size_t number = 1; *source != '\0'; number++) {
        size_t len = line_length(source);
        if (numbers)
            fprintf(o->out, "%s%4zu%s  ", output_tone(o->colour, TONE_DIM), number,
                    output_plain(o->colour));
        print_inert(o->out, source, len);
        fputc('\n', o->out);
        source += len + (source[len] == '\n');
    }
}

static enum tone diff_tone(const char *line)
{
    if (strncmp(line, "--- ", 4) == 0 || strncmp(line, "+++ ", 4) == 0)
        return TONE_BOLD;
    switch (*line) {
    case '+':
        return TONE_GOOD;
    case '-':
        return TONE_BAD;
    case '@':
    case '\\':
        return TONE_DIM;
    default:
        return TONE_PLAIN;
    }
}

void version_text_print_diff(const struct output *o, const char *diff)
{
    while (*diff != '\0') {
        size_t len = line_length(diff);
        enum tone tone = diff_tone(diff);
        fputs(output_tone(o->colour, tone), o->out);
        print_inert(o->out, diff, len);
        fprintf(o->out, "%s\n", tone == TONE_PLAIN ? "" : output_plain(o->colour));
        diff += len + (diff[len] == '\n');
    }
}
