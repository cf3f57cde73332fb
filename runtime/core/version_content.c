/* What a version consists of. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "core/versions.h"
#include "model/value.h"

#define STANDARD "orrery." /* a desk's own modules are named otherwise: they are file names */

/* One character per byte. */
static json_t *bytes_json(const char *data, size_t len)
{
    char *text = mem_alloc(2 * len + 1);
    size_t at = 0;
    json_t *json;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x80)
            text[at++] = (char)(0xc0 | c >> 6);
        text[at++] = c >= 0x80 ? (char)(0x80 | (c & 0x3f)) : (char)c;
    }
    json = json_stringn(text, at);
    free(text);
    return json;
}

static void set_source(json_t *part, const char *source, size_t len)
{
    if (text_is_utf8(source, len)) {
        json_object_set_new(part, "source", json_stringn(source, len));
        return;
    }
    json_object_set_new(part, "source", bytes_json(source, len));
    json_object_set_new(part, "bytes", json_true());
}

char *version_source(const json_t *part, size_t *len)
{
    const json_t *source = json_object_get(part, "source");
    const char *text = json_string_value(source);
    char *out;

    *len = json_string_length(source);
    if (text == NULL)
        return NULL;
    out = mem_strndup(text, *len);
    if (!json_is_true(json_object_get(part, "bytes")))
        return out;
    *len = 0;
    for (const char *c = text; c < text + json_string_length(source); c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 0x80 && c + 1 < text + json_string_length(source))
            byte = (unsigned char)((byte & 3) << 6 | ((unsigned char)*++c & 0x3f));
        out[(*len)++] = (char)byte;
    }
    out[*len] = '\0';
    return out;
}

static const struct desk_file *find_module(const struct desk_files *modules, const char *name)
{
    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->items[i].name, name) == 0)
            return &modules->items[i];
    return NULL;
}

static json_t *module_json(const struct desk_files *modules, const char *name, const char *orrery)
{
    const struct desk_file *file = find_module(modules, name);
    json_t *o;

    if (file == NULL || strncmp(name, STANDARD, strlen(STANDARD)) == 0)
        return json_pack("{s:s, s:s}", "name", name, "orrery", orrery);
    o = json_pack("{s:s, s:s}", "name", name, "file", file->path);
    if (o == NULL) /* a file name that is not UTF-8 */
        o = json_pack("{s:s}", "name", name);
    set_source(o, file->source, file->len);
    return o;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int version_content(const struct desk_file *file, const struct desk_files *modules,
                    const char *const *required, size_t count, const char *orrery, char **content,
                    char hash[DIGEST_TEXT_SIZE], struct error *e)
{
    const char **names = mem_alloc((count + 1) * sizeof *names);
    json_t *o = json_object(), *list = json_array();
    char *text;

    for (size_t i = 0; i < count; i++)
        names[i] = required[i];
    qsort(names, count, sizeof *names, by_name);
    json_object_set_new(o, "file", json_string(file->path));
    set_source(o, file->source, file->len);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, module_json(modules, names[i], orrery));
    json_object_set_new(o, "modules", list);
    free(names);
    text = value_text(o);
    json_decref(o);
    if (strlen(text) > VERSION_SOURCE_BYTES) {
        error_set(e, ERROR_LIMIT,
                  "the strategy and the modules that it requires are %zu bytes as JSON: expected "
                  "at most %d",
                  strlen(text), VERSION_SOURCE_BYTES);
        error_locate(e, file->path, 0);
        free(text);
        return -1;
    }
    digest_text(text, strlen(text), hash);
    *content = text;
    return 0;
}
