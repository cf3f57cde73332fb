#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int text_to_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;

    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -1;
    }
    *out = value;
    return 0;
}

int text_to_i64(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    uint64_t value;

    if (text_to_u64(text + negative, &value) < 0 || value > (uint64_t)INT64_MAX + negative)
        return -1;
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return 0;
}

int text_to_double(const char *text, double *out)
{
    char *end;
    double value;

    if (!isdigit((unsigned char)*text) && *text != '-' && *text != '.')
        return -1;
    errno = 0;
    value = strtod(text, &end);
    if (*end != '\0' || end == text || !isfinite(value))
        return -1;
    *out = value;
    return 0;
}

int text_to_duration(const char *text, int64_t *out_ms)
{
    static const struct {
        const char *suffix;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 36e5}, {"d", 864e5}, {"", 1e3}};
    size_t digits = strspn(text, "0123456789.");
    char number[32];
    double value;

    if (digits == 0 || digits >= sizeof number)
        return -1;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (text_to_double(number, &value) < 0)
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + digits, units[i].suffix) != 0)
            continue;
        if (value * units[i].ms > 1e15)
            return -1;
        *out_ms = (int64_t)(value * units[i].ms + 0.5);
        return 0;
    }
    return -1;
}

/* Length of the valid UTF-8 sequence at `s`, or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    size_t n = s[0] < 0x80   ? 1
               : s[0] < 0xc2 ? 0
               : s[0] < 0xe0 ? 2
               : s[0] < 0xf0 ? 3
               : s[0] < 0xf5 ? 4
                             : 0;

    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

bool text_is_utf8(const char *data, size_t len)
{
    while (len > 0) {
        size_t n = utf8_sequence((const unsigned char *)data, len);
        if (n == 0)
            return false;
        data += n;
        len -= n;
    }
    return true;
}

bool text_is_name(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > 64 || text[0] == '_' || text[0] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* C0, DEL and C1 controls, and the marks that reorder what is displayed (bidirectional text). */
static bool acts_on_terminal(const unsigned char *s, size_t n)
{
    if (n == 1)
        return s[0] < 0x20 || s[0] == 0x7f;
    if (n == 2)
        return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c); /* U+061C */
    if (n != 3 || s[0] != 0xe2)
        return false;
    return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
           (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

bool text_is_printable(const char *data, size_t len)
{
    while (len > 0) {
        size_t n = utf8_sequence((const unsigned char *)data, len);
        if (n == 0 || acts_on_terminal((const unsigned char *)data, n))
            return false;
        data += n;
        len -= n;
    }
    return true;
}

static void add_escaped(struct buf *out, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_addf(out, "\\x%02x", (unsigned char)data[i]);
}

static void add_text(struct buf *out, const char *data, size_t len, size_t max,
                     bool (*is_escaped)(const unsigned char *s, size_t n))
{
    size_t shown = 0;

    while (len > 0) {
        size_t n = utf8_sequence((const unsigned char *)data, len), taken = n ? n : 1;
        if (shown + taken > max) {
            buf_add_str(out, "…");
            return;
        }
        if (n == 0 || is_escaped((const unsigned char *)data, n))
            add_escaped(out, data, taken);
        else
            buf_add(out, data, n);
        shown += taken;
        data += taken;
        len -= taken;
    }
}

void text_add_inert(struct buf *out, const char *data, size_t len, size_t max)
{
    add_text(out, data, len, max, acts_on_terminal);
}

static bool is_nul(const unsigned char *s, size_t n)
{
    return n == 1 && *s == '\0';
}

void text_add_said(struct buf *out, const char *data, size_t len, size_t max)
{
    if (len <= max && memchr(data, '\0', len) == NULL && text_is_utf8(data, len))
        buf_add(out, data, len);
    else
        add_text(out, data, len, max, is_nul);
}

/* Edit distance with swaps of neighbours, bounded by short inputs. */
static size_t distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t rows[3][MAX + 1];
    size_t n = strlen(a), m = strlen(b);

    if (n > MAX || m > MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < best)
                best = up2[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    size_t limit = strlen(word) / 3 + 1;
    const char *best = NULL;

    for (; *candidates != NULL; candidates++) {
        size_t d = distance(word, *candidates);
        if (d <= limit && (d == 0 || d < strlen(word))) {
            limit = d == 0 ? 0 : d - 1;
            best = *candidates;
            if (d == 0)
                break;
        }
    }
    return best;
}

char *text_group_u64(uint64_t value, char out[32])
{
    char plain[24];
    size_t len = (size_t)snprintf(plain, sizeof plain, "%" PRIu64, value);
    size_t j = 0;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[j++] = ',';
        out[j++] = plain[i];
    }
    out[j] = '\0';
    return out;
}
