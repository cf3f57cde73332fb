#include "model/cron_field.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static const char *const month_names[] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                          "AUG", "SEP", "OCT", "NOV", "DEC", NULL};
static const char *const weekday_names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL};

static const struct {
    const char *name;
    int least, most;
    const char *const *names; /* of the values from `least` on */
} fields[] = {
    [CRON_MINUTE] = {"minute", 0, 59, NULL},
    [CRON_HOUR] = {"hour", 0, 23, NULL},
    [CRON_DAY] = {"day", 1, 31, NULL},
    [CRON_MONTH] = {"month", 1, 12, month_names},
    [CRON_WEEKDAY] = {"weekday", 0, 7, weekday_names},
};

/* A reader of one field's text. */
struct reader {
    enum cron_field field;
    const char *at;
    struct error *error;
};

static int refuse(const struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct reader *r, const char *format, ...)
{
    char message[320];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return error_set(r->error, ERROR_INVALID, "schedule, field %d (%s): %s", (int)r->field + 1,
                     fields[r->field].name, message);
}

static int read_name(struct reader *r, int *out)
{
    const char *const *names = fields[r->field].names;
    size_t len = 0;

    while (isalpha((unsigned char)r->at[len]))
        len++;
    for (int i = 0; names != NULL && names[i] != NULL; i++) {
        if (len == 3 && strncasecmp(r->at, names[i], 3) == 0) {
            *out = fields[r->field].least + i;
            r->at += 3;
            return 0;
        }
    }
    if (names == NULL)
        return refuse(r, "expected numbers, got '%.*s'", (int)(len < 20 ? len : 20), r->at);
    return refuse(r, "expected a number or a name from %s to %s, got '%.*s'", names[0],
                  r->field == CRON_MONTH ? "DEC" : "SAT", (int)(len < 20 ? len : 20), r->at);
}

static int read_number(struct reader *r, int least, int most, const char *what, int *out)
{
    int value = 0, digits = 0;

    for (; isdigit((unsigned char)r->at[digits]) && digits < 5; digits++)
        value = value * 10 + (r->at[digits] - '0');
    if (digits == 0)
        return refuse(r, "expected a %s from %d to %d, got '%.20s'", what, least, most, r->at);
    if (value < least || value > most)
        return refuse(r, "expected a %s from %d to %d, got %d", what, least, most, value);
    r->at += digits;
    *out = value;
    return 0;
}

static int read_value(struct reader *r, int *out)
{
    if (isalpha((unsigned char)*r->at))
        return read_name(r, out);
    return read_number(r, fields[r->field].least, fields[r->field].most, fields[r->field].name,
                       out);
}

static int refuse_backwards(const struct reader *r, int first, int last)
{
    int least = fields[r->field].least, most = fields[r->field].most;

    if (r->field == CRON_WEEKDAY && last == 0)
        return refuse(r, "the range %d-0 runs backwards: Sunday is also 7, write %d-7", first,
                      first);
    if (r->field == CRON_WEEKDAY)
        most = 6;
    return refuse(r, "the range %d-%d runs backwards: write %d-%d,%d-%d", first, last, first, most,
                  least, last);
}

/* The values of one part of a list: `first`..`last` in steps. */
static int read_part(struct reader *r, uint64_t *set)
{
    int first = fields[r->field].least, last = fields[r->field].most, step = 1;
    bool many = true;

    if (*r->at == '*') {
        r->at++;
    } else {
        if (read_value(r, &first) < 0)
            return -1;
        last = first;
        many = *r->at == '-';
        if (many) {
            r->at++;
            if (read_value(r, &last) < 0)
                return -1;
        }
        if (last < first)
            return refuse_backwards(r, first, last);
    }
    if (*r->at == '/') {
        r->at++;
        if (!many)
            return refuse(r, "a step needs a range: write %d-%d/%.5s or */%.5s", first,
                          fields[r->field].most, r->at, r->at);
        if (read_number(r, 1, fields[r->field].most, "step", &step) < 0)
            return -1;
    }
    for (int value = first; value <= last; value += step)
        *set |= UINT64_C(1) << value;
    return 0;
}

int cron_field_parse(enum cron_field field, const char *text, uint64_t *out, struct error *e)
{
    struct reader r = {.field = field, .at = text, .error = e};
    uint64_t set = 0;

    do {
        if (read_part(&r, &set) < 0)
            return -1;
        if (*r.at != ',' && *r.at != '\0')
            return refuse(&r, "expected ',', '-', '/' or the end, got '%.20s'", r.at);
    } while (*r.at++ == ',');
    if (field == CRON_WEEKDAY && (set & 1u << 7))
        set = (set | 1) & 0x7f;
    *out = set;
    return 0;
}
