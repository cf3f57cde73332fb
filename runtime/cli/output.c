#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/value.h"

#define DOCUMENT_MAX (64u * 1024 * 1024)

static bool wants_colour(FILE *stream)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
    int fd = fileno(stream);

    return fd >= 0 && isatty(fd) && (none == NULL || *none == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

void output_init(struct output *o, FILE *out, FILE *err, bool json)
{
    struct winsize size;
    int fd = fileno(out);

    *o = (struct output){.out = out, .err = err, .json = json};
    o->colour = !json && wants_colour(out);
    o->colour_err = wants_colour(err);
    if (fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0)
        o->width = size.ws_col;
}

/* Characters that are legal in JSON text but act on terminals: DEL, C1, line and paragraph
 * separators, text direction. */
static size_t hostile_length(const unsigned char *s, unsigned *code)
{
    if (s[0] == 0x7f) {
        *code = 0x7f;
        return 1;
    }
    if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) {
        *code = s[1];
        return 2;
    }
    if (s[0] == 0xd8 && s[1] == 0x9c) {
        *code = 0x061c;
        return 2;
    }
    if (s[0] != 0xe2 || (s[1] != 0x80 && s[1] != 0x81))
        return 0;
    *code = 0x2000u | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    if ((*code >= 0x200e && *code <= 0x200f) || (*code >= 0x2028 && *code <= 0x202e) ||
        (*code >= 0x2066 && *code <= 0x2069))
        return 3;
    return 0;
}

void output_add_json(struct buf *out, const json_t *value)
{
    struct buf text;
    const unsigned char *s;

    buf_init(&text, DOCUMENT_MAX);
    value_write(&text, value);
    for (s = (const unsigned char *)buf_text(&text); *s != '\0';) {
        unsigned code;
        size_t n = hostile_length(s, &code);
        if (n > 0)
            buf_addf(out, "\\u%04x", code);
        else
            buf_add_char(out, (char)*s);
        s += n > 0 ? n : 1;
    }
    buf_release(&text);
}

void output_value(struct output *o, const json_t *value)
{
    struct buf text;

    buf_init(&text, DOCUMENT_MAX);
    output_add_json(&text, value);
    buf_add_char(&text, '\n');
    fwrite(buf_text(&text), 1, text.len, o->out);
    buf_release(&text);
}

void output_data(struct output *o, const json_t *data)
{
    json_t *answer = json_object();

    json_object_set_new(answer, "ok", json_true());
    json_object_set(answer, "data", (json_t *)data);
    output_value(o, answer);
    json_decref(answer);
}

static json_t *error_json(const struct error *e, const json_t *more)
{
    json_t *answer = json_object();

    if (more != NULL)
        json_object_update(answer, (json_t *)more);
    json_object_set_new(answer, "ok", json_false());
    json_object_set_new(answer, "code", json_string(error_name(e->code)));
    json_object_set_new(answer, "message", json_string(e->message));
    if (e->hint[0] != '\0')
        json_object_set_new(answer, "hint", json_string(e->hint));
    if (e->where[0] != '\0')
        json_object_set_new(answer, "where", json_string(e->where));
    if (e->line > 0)
        json_object_set_new(answer, "line", json_integer(e->line));
    return answer;
}

/* Errors have the words of scripts, servers and command lines in them; lines of their own are ours.
 */
static void print_inert_lines(FILE *stream, const char *text)
{
    struct buf inert;

    buf_init(&inert, DOCUMENT_MAX);
    for (;;) {
        size_t len = strcspn(text, "\n\t");
        text_add_inert(&inert, text, len, len);
        if (text[len] == '\0')
            break;
        buf_add_char(&inert, text[len]);
        text += len + 1;
    }
    fwrite(buf_text(&inert), 1, inert.len, stream);
    buf_release(&inert);
}

int output_error(struct output *o, const struct error *e, const json_t *more)
{
    struct error shown = *e;
    char text[1024];

    if (o->json) {
        json_t *answer = error_json(e, more);
        output_value(o, answer);
        json_decref(answer);
    }
    shown.hint[0] = '\0';
    error_format(&shown, text, sizeof text);
    fprintf(o->err, "%sorrery:%s ", output_tone(o->colour_err, TONE_BAD),
            output_plain(o->colour_err));
    print_inert_lines(o->err, text);
    if (e->hint[0] != '\0') {
        fputs("\n  hint: ", o->err);
        print_inert_lines(o->err, e->hint);
    }
    fputc('\n', o->err);
    return error_exit_code(e->code);
}

const char *output_tone(bool colour, enum tone tone)
{
    static const char *const codes[] = {
        [TONE_PLAIN] = "",       [TONE_GOOD] = "\033[32m", [TONE_WARN] = "\033[33m",
        [TONE_BAD] = "\033[31m", [TONE_DIM] = "\033[2m",   [TONE_BOLD] = "\033[1m",
    };

    return colour ? codes[tone] : "";
}

const char *output_plain(bool colour)
{
    return colour ? "\033[0m" : "";
}

void output_inert(FILE *stream, const char *text)
{
    struct buf inert;

    buf_init(&inert, DOCUMENT_MAX);
    text_add_inert(&inert, text, strlen(text), DOCUMENT_MAX / 8);
    fwrite(buf_text(&inert), 1, inert.len, stream);
    buf_release(&inert);
}

enum tone output_status_tone(const char *status)
{
    static const struct {
        const char *status;
        enum tone tone;
    } tones[] = {
        {"completed", TONE_GOOD}, {"failed", TONE_BAD},      {"rejected", TONE_WARN},
        {"skipped", TONE_DIM},    {"noop", TONE_DIM},        {"healthy", TONE_GOOD},
        {"unhealthy", TONE_WARN}, {"quarantined", TONE_BAD}, {"broken", TONE_BAD},
        {"running", TONE_GOOD},   {"draining", TONE_WARN},   {"stalled", TONE_BAD},
    };

    for (size_t i = 0; i < sizeof tones / sizeof tones[0]; i++)
        if (strcmp(tones[i].status, status) == 0)
            return tones[i].tone;
    return TONE_PLAIN;
}
