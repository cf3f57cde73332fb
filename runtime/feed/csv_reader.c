#include "feed/csv_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define BLOCK_BYTES (64 * 1024)

static int refuse(const struct csv_reader *reader, struct error *e)
{
    error_locate(e, reader->path, reader->line);
    return -1;
}

/* Only regular files: a FIFO would block the whole daemon. */
static int check_kind(int fd, const char *path, struct error *e)
{
    struct stat s;

    if (fstat(fd, &s) != 0)
        return error_set(e, ERROR_IO, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return error_set(e, ERROR_CONFIG, "expected a CSV file, but %s is %s", path,
                         S_ISDIR(s.st_mode) ? "a folder" : "not a regular file");
    if (s.st_size > CSV_FILE_BYTES)
        return error_set(e, ERROR_LIMIT, "%s has %lld bytes; at most %lld are read", path,
                         (long long)s.st_size, (long long)CSV_FILE_BYTES);
    return 0;
}

int csv_open(struct csv_reader *reader, const char *path, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    memset(reader, 0, sizeof *reader);
    if (fd < 0)
        return error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot open %s: %s",
                         path, strerror(errno));
    if (check_kind(fd, path, e) != 0) {
        close(fd);
        return -1;
    }
    reader->file = fdopen(fd, "rb");
    if (reader->file == NULL) {
        close(fd);
        return error_set(e, ERROR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    setvbuf(reader->file, NULL, _IONBF, 0); /* we read in blocks ourselves */
    reader->path = mem_strdup(path);
    reader->block = mem_alloc(BLOCK_BYTES);
    reader->text = mem_alloc(CSV_LINE_BYTES + 1);
    return 0;
}

void csv_close(struct csv_reader *reader)
{
    if (reader->file != NULL)
        fclose(reader->file);
    free(reader->path);
    free(reader->block);
    free(reader->text);
    memset(reader, 0, sizeof *reader);
}

int csv_rewind(struct csv_reader *reader, struct error *e)
{
    if (fseeko(reader->file, 0, SEEK_SET) != 0)
        return error_set(e, ERROR_IO, "cannot go back in %s: %s", reader->path, strerror(errno));
    reader->at = reader->have = 0;
    reader->line = 0;
    return 0;
}

static int refill(struct csv_reader *reader, struct error *e)
{
    reader->at = 0;
    reader->have = fread(reader->block, 1, BLOCK_BYTES, reader->file);
    if (reader->have > 0)
        return 1;
    if (!ferror(reader->file))
        return 0;
    error_set(e, ERROR_IO, "cannot read: %s", strerror(errno));
    return refuse(reader, e);
}

/* Appends what the block has of the present line; true when the line is complete. */
static bool take_piece(struct csv_reader *reader, bool *too_long)
{
    const char *piece = reader->block + reader->at;
    size_t left = reader->have - reader->at;
    const char *end = memchr(piece, '\n', left);
    size_t size = end != NULL ? (size_t)(end - piece) : left;

    *too_long = size > CSV_LINE_BYTES - reader->len;
    if (*too_long)
        return true;
    memcpy(reader->text + reader->len, piece, size);
    reader->len += size;
    reader->at += size + (end != NULL);
    return end != NULL;
}

static void trim_line(struct csv_reader *reader)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (reader->len > 0 && reader->text[reader->len - 1] == '\r')
        reader->len--;
    reader->text[reader->len] = '\0';
    if (reader->line == 1 && strncmp(reader->text, mark, 3) == 0) {
        reader->len -= 3;
        memmove(reader->text, reader->text + 3, reader->len + 1);
    }
}

/* 1: a line is in text; 0: the end; -1. */
static int read_line(struct csv_reader *reader, struct error *e)
{
    bool complete = false, too_long = false;

    reader->len = 0;
    if (reader->line < INT_MAX)
        reader->line++;
    while (!complete) {
        int more = reader->at < reader->have ? 1 : refill(reader, e);

        if (more < 0)
            return -1;
        if (more == 0 && reader->len == 0)
            return 0;
        if (more == 0)
            break; /* the last line has no line feed */
        complete = take_piece(reader, &too_long);
    }
    if (too_long)
        error_set(e, ERROR_LIMIT, "the line is longer than %d bytes", CSV_LINE_BYTES);
    else if (memchr(reader->text, '\0', reader->len) != NULL)
        error_set(e, ERROR_INVALID, "the line contains a NUL byte: this is not a CSV text file");
    else {
        trim_line(reader);
        return 1;
    }
    return refuse(reader, e);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

int csv_count(struct csv_reader *reader, uint64_t *out, struct error *e)
{
    uint64_t count = 0;
    int got;

    while ((got = read_line(reader, e)) > 0)
        count += !is_blank(reader->text);
    if (got == 0)
        *out = count;
    return got;
}

/* At a quote: the content moves to `field`; `*text` ends behind the closing quote. */
static int take_quoted(char **text, char **field)
{
    char *from = *text + 1, *to = *text;

    *field = to;
    for (;; from++) {
        if (*from == '\0')
            return -1;
        if (*from == '"') {
            if (from[1] != '"')
                break;
            from++;
        }
        *to++ = *from;
    }
    *text = from + 1;
    *to = '\0';
    return 0;
}

/* Takes one field and the comma behind it; `*last` when there is none. */
static int take_field(char **text, char **field, bool *last)
{
    char *end;

    *text += strspn(*text, " \t");
    if (**text == '"') {
        if (take_quoted(text, field) != 0)
            return -1;
        *text += strspn(*text, " \t");
        if (**text != ',' && **text != '\0')
            return -1;
        *last = **text == '\0';
        *text += !*last;
        return 0;
    }
    *field = *text;
    end = *text + strcspn(*text, ",");
    *last = *end == '\0';
    *text = *last ? end : end + 1;
    while (end > *field && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = '\0';
    return 0;
}

static int split(struct csv_reader *reader, struct error *e)
{
    char *text = reader->text;
    bool last = false;

    reader->count = 0;
    while (!last) {
        if (reader->count == CSV_FIELDS) {
            error_set(e, ERROR_LIMIT, "the line has more than %d fields", CSV_FIELDS);
            return refuse(reader, e);
        }
        if (take_field(&text, &reader->fields[reader->count], &last) != 0) {
            error_set(e, ERROR_INVALID,
                      "field %zu: a quoted field must end with a quote, followed by a comma or the "
                      "line's end",
                      reader->count + 1);
            return refuse(reader, e);
        }
        reader->count++;
    }
    return 1;
}

int csv_next(struct csv_reader *reader, struct error *e)
{
    int got;

    do
        got = read_line(reader, e);
    while (got > 0 && is_blank(reader->text));
    return got > 0 ? split(reader, e) : got;
}
