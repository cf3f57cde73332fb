#include "cli/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/text.h"
#include "model/value.h"

/* 0, or -1 when there is no such time. */
static int to_utc(int64_t ms, struct tm *tm)
{
    time_t seconds = (time_t)(ms / 1000);

    return ms > 0 && gmtime_r(&seconds, tm) != NULL ? 0 : -1;
}

char *format_time(int64_t ms, char out[FORMAT_SIZE])
{
    struct tm tm;

    if (to_utc(ms, &tm) < 0 || strftime(out, FORMAT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(out, FORMAT_SIZE, "-");
    return out;
}

char *format_clock(int64_t ms, char out[FORMAT_SIZE])
{
    struct tm tm;

    if (to_utc(ms, &tm) < 0 || strftime(out, FORMAT_SIZE, "%H:%M:%S", &tm) == 0)
        snprintf(out, FORMAT_SIZE, "-");
    return out;
}

char *format_day(int64_t ms, char out[FORMAT_SIZE])
{
    struct tm tm;

    if (to_utc(ms, &tm) < 0 || strftime(out, FORMAT_SIZE, "%Y-%m-%d", &tm) == 0)
        snprintf(out, FORMAT_SIZE, "-");
    return out;
}

char *format_span(int64_t ms, char out[FORMAT_SIZE])
{
    int64_t s;

    if (ms < 0)
        ms = 0;
    s = ms / 1000;
    if (ms < 1000)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " ms", ms);
    else if (s < 60)
        snprintf(out, FORMAT_SIZE, "%" PRId64 ".%" PRId64 " s", s, ms % 1000 / 100);
    else if (s < 3600)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " h %02" PRId64 " min", s / 3600, s % 3600 / 60);
    else
        snprintf(out, FORMAT_SIZE, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
    return out;
}

static void coarse_span(int64_t ms, char out[FORMAT_SIZE])
{
    int64_t s = ms / 1000;

    if (s < 120)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " s", s);
    else if (s < 7200)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " min", s / 60);
    else if (s < 172800)
        snprintf(out, FORMAT_SIZE, "%" PRId64 " h", s / 3600);
    else
        snprintf(out, FORMAT_SIZE, "%" PRId64 " d", s / 86400);
}

char *format_age(int64_t ms, char out[FORMAT_SIZE])
{
    char span[FORMAT_SIZE];

    if (ms > -1000 && ms < 1000) {
        snprintf(out, FORMAT_SIZE, ms < 0 ? "now" : "just now");
        return out;
    }
    coarse_span(ms < 0 ? -(ms + 1) + 1 : ms, span);
    snprintf(out, FORMAT_SIZE, ms < 0 ? "in %.30s" : "%.30s ago", span);
    return out;
}

char *format_bytes(uint64_t bytes, char out[FORMAT_SIZE])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(out, FORMAT_SIZE, "%" PRIu64 " B", bytes);
        return out;
    }
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        unit++;
    }
    snprintf(out, FORMAT_SIZE, "%.1f %s", value, units[unit]);
    return out;
}

char *format_strike(uint64_t scaled, char out[FORMAT_SIZE])
{
    char whole[32], fraction[16];
    size_t len;

    text_group_u64(scaled / 1000000000, whole);
    len = (size_t)snprintf(fraction, sizeof fraction, ".%09" PRIu64, scaled % 1000000000);
    while (len > 0 && (fraction[len - 1] == '0' || fraction[len - 1] == '.'))
        fraction[--len] = '\0';
    snprintf(out, FORMAT_SIZE, "%s%s", whole, fraction);
    return out;
}

char *format_amount_text(const char *text, char out[FORMAT_SIZE])
{
    char grouped[32];
    bool negative = text != NULL && text[0] == '-';
    uint64_t value;

    if (text == NULL || text_to_u64(text + negative, &value) < 0)
        snprintf(out, FORMAT_SIZE, "-");
    else
        snprintf(out, FORMAT_SIZE, "%s%s", negative ? "-" : "", text_group_u64(value, grouped));
    return out;
}

static void format_real(double value, char out[FORMAT_SIZE])
{
    char digits[FORMAT_SIZE], grouped[32], *point;
    uint64_t whole;

    if (!isfinite(value) || fabs(value) >= 1e15) {
        snprintf(out, FORMAT_SIZE, "%g", value);
        return;
    }
    snprintf(digits, sizeof digits, fabs(value) >= 1000 ? "%.2f" : "%.6g", fabs(value));
    point = digits + strspn(digits, "0123456789");
    if (*point != '.' && *point != '\0') { /* an exponent: leave it alone */
        snprintf(out, FORMAT_SIZE, "%g", value);
        return;
    }
    whole = (uint64_t)fabs(value);
    if (fabs(value) >= 1000) { /* rounding may have carried into the whole part */
        char copy[FORMAT_SIZE];
        snprintf(copy, sizeof copy, "%.*s", (int)(point - digits), digits);
        (void)text_to_u64(copy, &whole);
    }
    snprintf(out, FORMAT_SIZE, "%s%.20s%.8s", value < 0 ? "-" : "", text_group_u64(whole, grouped),
             point);
}

char *format_amount(const json_t *amount, char out[FORMAT_SIZE])
{
    char text[32];

    if (json_is_string(amount))
        return format_amount_text(json_string_value(amount), out);
    if (json_is_integer(amount)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(amount));
        return format_amount_text(text, out);
    }
    if (json_is_real(amount))
        format_real(json_real_value(amount), out);
    else
        snprintf(out, FORMAT_SIZE, "-");
    return out;
}

/* Decodes one character of valid UTF-8; stray bytes count as themselves. Returns its length. */
static size_t decode(const unsigned char *s, uint32_t *code)
{
    size_t n = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    static const unsigned char masks[] = {0, 0xff, 0x1f, 0x0f, 0x07};

    *code = s[0] & masks[n];
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return i;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    return n;
}

static size_t code_width(uint32_t code)
{
    static const struct {
        uint32_t first, last;
        size_t width;
    } ranges[] = {
        {0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},
        {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},
        {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
        {0x1f680, 0x1f6ff, 2}, {0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return ranges[i].width;
    return 1;
}

/* Bytes of `text` that take at most `columns` columns; `*used` is how many they take. */
static size_t bytes_within(const char *text, size_t columns, size_t *used)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    *used = 0;
    while (s[at] != '\0') {
        uint32_t code;
        size_t n = decode(s + at, &code), width = code_width(code);
        if (*used + width > columns)
            break;
        *used += width;
        at += n;
    }
    return at;
}

void format_add_word(struct buf *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:@%+=,";

    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        buf_add_str(out, text);
        return;
    }
    buf_add_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_str(out, "'\\''");
        else
            buf_add_char(out, *text);
    }
    buf_add_char(out, '\'');
}

size_t format_within(const char *text, size_t columns)
{
    size_t used;

    return bytes_within(text, columns, &used);
}

size_t format_width(const char *text)
{
    size_t used;

    bytes_within(text, SIZE_MAX, &used);
    return used;
}

void format_fit(struct buf *out, const char *text, size_t columns)
{
    size_t used, bytes = bytes_within(text, columns, &used);

    if (text[bytes] == '\0') {
        buf_add(out, text, bytes);
        return;
    }
    if (columns == 0)
        return;
    bytes = bytes_within(text, columns - 1, &used);
    buf_add(out, text, bytes);
    buf_add_str(out, "…");
}
