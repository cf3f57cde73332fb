#include "cli/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/output.h"
#include "model/value.h"

#define READ_BYTES 65536

/* ---- writing ---- */

static void print_json(FILE *out, const json_t *value)
{
    struct buf text;

    buf_init(&text, SIZE_MAX / 4);
    output_add_json(&text, value);
    fwrite(buf_text(&text), 1, text.len, out);
    buf_release(&text);
}

void document_print(FILE *out, const json_t *document)
{
    const json_t *entries = json_object_get(document, "entries"), *one;
    size_t i;

    fputs("{\"plugin\":", out);
    print_json(out, json_object_get(document, "plugin"));
    fputs(",\"exported_at\":", out);
    print_json(out, json_object_get(document, "exported_at"));
    fputs(",\"entries\":[", out);
    json_array_foreach(entries, i, one)
    {
        fputs(i > 0 ? ",\n" : "\n", out);
        print_json(out, one);
    }
    fputs(json_array_size(entries) > 0 ? "\n]}\n" : "]}\n", out);
}

/* Closes the file; what could not be written shows here at the latest. */
static int write_out(int fd, const json_t *document)
{
    FILE *file = fdopen(fd, "w");
    int result;

    if (file == NULL) {
        close(fd);
        return -1;
    }
    document_print(file, document);
    result = fflush(file) == 0 && !ferror(file) && fsync(fd) == 0 ? 0 : -1;
    if (fclose(file) != 0)
        result = -1;
    return result;
}

int document_save(const char *path, const json_t *document, struct error *e)
{
    size_t size = strlen(path) + sizeof ".XXXXXX";
    char *draft = mem_alloc(size);
    int fd, result;

    snprintf(draft, size, "%s.XXXXXX", path);
    fd = mkstemp(draft);
    if (fd < 0) {
        result = error_set(e, ERROR_IO, "cannot write beside %s: %s", path, strerror(errno));
    } else if (write_out(fd, document) < 0 || rename(draft, path) < 0) {
        result = error_set(e, ERROR_IO, "cannot write %s: %s", path, strerror(errno));
        unlink(draft);
    } else {
        result = 0;
    }
    free(draft);
    return result;
}

/* ---- reading ---- */

static int read_all(int fd, const char *name, struct buf *text, struct error *e)
{
    ssize_t n;

    do {
        char *room = buf_reserve(text, READ_BYTES);
        if (room == NULL)
            return error_set(e, ERROR_LIMIT, "%s: expected at most %u bytes, got more", name,
                             DOCUMENT_BYTES);
        n = read(fd, room, READ_BYTES);
        if (n > 0)
            text->len += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        return error_set(e, ERROR_IO, "cannot read %s: %s", name, strerror(errno));
    return 0;
}

static int read_text(const char *path, const char *name, struct buf *text, struct error *e)
{
    int fd = STDIN_FILENO, result;

    if (path != NULL)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot open %s: %s",
                         path, strerror(errno));
    result = read_all(fd, name, text, e);
    if (path != NULL)
        close(fd);
    return result;
}

static bool is_known(const char *member)
{
    return strcmp(member, "plugin") == 0 || strcmp(member, "exported_at") == 0 ||
           strcmp(member, "entries") == 0;
}

static int check(json_t *document, const char *name, struct error *e)
{
    const char *member;
    json_t *value;
    char shown[96];

    if (!json_is_array(json_object_get(document, "entries"))) {
        error_set(e, ERROR_INVALID, "%s: expected {\"entries\": [...]}, got %s", name,
                  value_describe(document, shown, sizeof shown));
        error_hint(e, "`orrery state export PLUGIN` prints such a document");
        return -1;
    }
    json_object_foreach(document, member, value)
    {
        if (!is_known(member))
            return error_set(e, ERROR_INVALID,
                             "%s: '%.40s' is no member of an export: expected plugin, "
                             "exported_at, entries",
                             name, member);
    }
    return 0;
}

int document_read(const char *path, json_t **out, struct error *e)
{
    const char *file = path != NULL && strcmp(path, "-") == 0 ? NULL : path;
    const char *name = file != NULL ? file : "the standard input";
    json_error_t why;
    struct buf text;
    json_t *document;
    int result;

    buf_init(&text, DOCUMENT_BYTES);
    result = read_text(file, name, &text, e);
    if (result < 0) {
        buf_release(&text);
        return -1;
    }
    document = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    buf_release(&text);
    if (document == NULL)
        return error_set(e, ERROR_INVALID, "%s is not JSON: line %d, column %d: %s", name, why.line,
                         why.column, why.text);
    if (check(document, name, e) < 0) {
        json_decref(document);
        return -1;
    }
    *out = document;
    return 0;
}
