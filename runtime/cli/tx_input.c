#include "cli/tx_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "sui/limits.h"

#define TEXT_BYTES (512 * 1024) /* hex of the largest transaction, with room for line breaks */

/* ---- where it is ---- */

static int read_all(int fd, struct buf *out, struct error *e)
{
    for (;;) {
        char *room = buf_reserve(out, 16384);
        ssize_t n;
        if (room == NULL)
            return error_set(e, ERROR_LIMIT, "expected at most %d bytes of text, got more",
                             TEXT_BYTES - 16384);
        n = read(fd, room, 16384);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(e, ERROR_IO, "cannot be read: %s", strerror(errno));
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        out->data[out->len] = '\0';
    }
}

static int read_file(const char *path, struct buf *out, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), result;

    if (fd < 0)
        result = error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "cannot be read: %s",
                           strerror(errno));
    else
        result = read_all(fd, out, e);
    if (fd >= 0)
        close(fd);
    if (result < 0)
        error_locate(e, path, 0);
    return result;
}

static int read_input(struct buf *out, struct error *e)
{
    if (read_all(STDIN_FILENO, out, e) == 0)
        return 0;
    error_locate(e, "the standard input", 0);
    return -1;
}

/* ---- what it is ---- */

static void drop_blanks(struct buf *text)
{
    size_t len = 0;

    if (text->len == 0)
        return;
    for (size_t i = 0; i < text->len; i++)
        if (strchr(" \t\r\n", text->data[i]) == NULL || text->data[i] == '\0')
            text->data[len++] = text->data[i];
    text->len = len;
    text->data[len] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int from_hex(const char *text, size_t len, struct buf *out, struct error *e)
{
    if (len % 2 != 0)
        return error_set(e, ERROR_INVALID, "hex has two digits for each byte, got %zu digits", len);
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return error_set(e, ERROR_INVALID, "digit %zu is not of hex", high < 0 ? i + 1 : i + 2);
        if (buf_add_char(out, (char)(high << 4 | low)) < 0)
            return error_set(e, ERROR_LIMIT, "a transaction has at most %d bytes, got %zu",
                             SUI_TRANSACTION_BYTES, len / 2);
    }
    return 0;
}

static int from_base64(const char *text, size_t len, struct buf *out, struct error *e)
{
    size_t got = 0;
    char *room = buf_reserve(out, SUI_TRANSACTION_BYTES);

    if (base64_decode(text, len, room, SUI_TRANSACTION_BYTES, &got, e) < 0)
        return -1;
    out->len = got;
    return 0;
}

/* Hex of a transaction begins with 00, Base64 of one with AAA; both alphabets share these. */
static int from_text(struct buf *text, struct buf *out, struct error *e)
{
    bool prefixed;

    drop_blanks(text);
    prefixed = text->len >= 2 && memcmp(text->data, "0x", 2) == 0;
    if (text->len == 0)
        return error_set(e, ERROR_INVALID, "expected the bytes of a transaction, got nothing");
    if (prefixed)
        return from_hex(text->data + 2, text->len - 2, out, e);
    if (text->len % 2 == 0 && strspn(text->data, "0123456789abcdefABCDEF") == text->len &&
        text->data[0] == '0')
        return from_hex(text->data, text->len, out, e);
    return from_base64(text->data, text->len, out, e);
}

/* Every transaction's first byte is 0, which no text has. */
static int from_bytes(const struct buf *bytes, struct buf *out, struct error *e)
{
    if (buf_add(out, bytes->data, bytes->len) == 0)
        return 0;
    return error_set(e, ERROR_LIMIT, "a transaction has at most %d bytes, got %zu",
                     SUI_TRANSACTION_BYTES, bytes->len);
}

int tx_input_read(const char *word, struct buf *out, struct error *e)
{
    struct buf given, bytes;
    int result = 0;

    buf_init(&given, TEXT_BYTES);
    buf_init(&bytes, SUI_TRANSACTION_BYTES);
    if (word == NULL || strcmp(word, "-") == 0)
        result = read_input(&given, e);
    else if (word[0] == '@')
        result = read_file(word + 1, &given, e);
    else if (buf_add_str(&given, word) < 0)
        result = error_set(e, ERROR_LIMIT, "expected at most %d characters", TEXT_BYTES);
    if (result == 0)
        result = given.len > 0 && given.data[0] == '\0' ? from_bytes(&given, &bytes, e)
                                                        : from_text(&given, &bytes, e);
    buf_release(&given);
    if (result == 0)
        *out = bytes;
    else
        buf_release(&bytes);
    return result;
}
