#include "model/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/zone_rule.h"

#define FOLDER     "/usr/share/zoneinfo/"
#define FILE_BYTES (64 * 1024)
#define HEADER     44
#define DAY        86400

/* The offset that holds from `at` on. */
struct transition {
    int64_t at;
    int64_t offset;
};

struct zone {
    int64_t before; /* offset before the first transition */
    struct transition *transitions;
    size_t count;
    struct zone_rule rule; /* after the last transition */
    bool has_rule;
};

void zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    free(zone->transitions);
    free(zone);
}

/* The six counts of a header, in the file's order. */
struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t read_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_i64(const unsigned char *at)
{
    return (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

/* Length of the block that the header at `data` describes, header included; 0 when it is not one.
 */
static size_t read_header(const unsigned char *data, size_t len, size_t time_size,
                          struct counts *out)
{
    uint64_t size;

    if (len < HEADER || memcmp(data, "TZif", 4) != 0)
        return 0;
    *out = (struct counts){read_u32(data + 20), read_u32(data + 24), read_u32(data + 28),
                           read_u32(data + 32), read_u32(data + 36), read_u32(data + 40)};
    size = HEADER + (uint64_t)out->time * (time_size + 1) + (uint64_t)out->type * 6 + out->chars +
           (uint64_t)out->leap * (time_size + 4) + out->isstd + out->isut;
    return size <= len && out->type > 0 ? (size_t)size : 0;
}

/* The 64-bit block's transitions. */
static int read_transitions(struct zone *zone, const unsigned char *block,
                            const struct counts *counts)
{
    const unsigned char *times = block + HEADER;
    const unsigned char *indexes = times + (size_t)counts->time * 8;
    const unsigned char *types = indexes + counts->time;

    zone->before = (int32_t)read_u32(types);
    zone->transitions = mem_zero(counts->time, sizeof *zone->transitions);
    for (size_t i = 0; i < counts->time; i++) {
        struct transition *t = &zone->transitions[i];
        if (indexes[i] >= counts->type)
            return -1;
        t->at = read_i64(times + i * 8);
        t->offset = (int32_t)read_u32(types + (size_t)indexes[i] * 6);
        if (t->offset < -DAY || t->offset > DAY || (i > 0 && t->at <= t[-1].at))
            return -1;
    }
    zone->count = counts->time;
    return zone->before < -DAY || zone->before > DAY ? -1 : 0;
}

/* "\nCET-1CEST,M3.5.0,M10.5.0/3\n"; an empty line means that the last offset holds for ever. */
static int read_footer(struct zone *zone, const unsigned char *at, size_t len)
{
    const unsigned char *end;
    char text[128];

    if (len < 2 || at[0] != '\n' || (end = memchr(at + 1, '\n', len - 1)) == NULL ||
        (size_t)(end - at) > sizeof text)
        return -1;
    memcpy(text, at + 1, (size_t)(end - at) - 1);
    text[end - at - 1] = '\0';
    if (text[0] == '\0')
        return 0;
    zone->has_rule = true;
    return zone_rule_parse(text, &zone->rule);
}

static int read_zone(struct zone *zone, const unsigned char *data, size_t len)
{
    struct counts counts;
    size_t first = read_header(data, len, 4, &counts), second;

    if (first == 0 || data[4] < '2')
        return -1;
    second = read_header(data + first, len - first, 8, &counts);
    if (second == 0 || read_transitions(zone, data + first, &counts) < 0)
        return -1;
    return read_footer(zone, data + first + second, len - first - second);
}

struct zone *zone_parse(const void *data, size_t len, const char *name, struct error *e)
{
    struct zone *zone = mem_zero(1, sizeof *zone);

    if (read_zone(zone, data, len) == 0)
        return zone;
    zone_free(zone);
    error_set(e, ERROR_INVALID, "expected a time zone file (TZif version 2 or later) for '%s'",
              name);
    return NULL;
}

static bool name_ok(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < 64 && name[0] != '/' && strstr(name, "..") == NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/-") ==
               len;
}

static ssize_t read_file(const char *path, char *data, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    size_t used = 0;
    ssize_t n;

    if (fd < 0)
        return -1;
    while ((n = read(fd, data + used, size - used)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        used += (size_t)n;
    }
    if (n < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    close(fd);
    return (ssize_t)used;
}

static int refuse_file(const char *name, struct error *e)
{
    int why = errno;
    bool no_such = why == ENOENT || why == ENOTDIR || why == EISDIR;

    if (no_such && access(FOLDER "UTC", F_OK) == 0)
        return error_set(e, ERROR_NOT_FOUND, "no time zone '%s' in " FOLDER, name);
    error_set(e, ERROR_IO, "time zone '%s' cannot be read from " FOLDER ": %s", name,
              strerror(why));
    if (no_such)
        error_hint(e, "the system has no time zone database: install the package tzdata");
    return -1;
}

struct zone *zone_load(const char *name, struct error *e)
{
    char path[sizeof FOLDER + 64];
    struct zone *zone;
    char *data;
    ssize_t len;

    if (!name_ok(name)) {
        error_set(e, ERROR_INVALID,
                  "expected the name of a time zone (like 'Europe/Berlin'), got '%.80s'", name);
        return NULL;
    }
    snprintf(path, sizeof path, FOLDER "%s", name);
    data = mem_alloc(FILE_BYTES);
    len = read_file(path, data, FILE_BYTES);
    if (len < 0) {
        refuse_file(name, e);
        free(data);
        return NULL;
    }
    zone = zone_parse(data, (size_t)len, name, e);
    free(data);
    return zone;
}

int64_t zone_offset(const struct zone *zone, int64_t utc)
{
    size_t low = 0, high;

    if (zone == NULL)
        return 0;
    high = zone->count; /* transitions[low - 1] <= utc < transitions[high] */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->transitions[middle].at <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return zone_rule_offset(&zone->rule, utc);
    return low == 0 ? zone->before : zone->transitions[low - 1].offset;
}

int64_t zone_to_local(const struct zone *zone, int64_t utc)
{
    return utc + zone_offset(zone, utc);
}

/* The first instant after `from` and not after `to` whose offset differs from the one at `from`. */
static int64_t find_change(const struct zone *zone, int64_t from, int64_t to)
{
    int64_t offset = zone_offset(zone, from);

    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (zone_offset(zone, middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

int64_t zone_from_local(const struct zone *zone, int64_t local)
{
    /* No offset reaches a day: these are the offsets before and after a change near `local`. */
    int64_t before = zone_offset(zone, local - DAY), after = zone_offset(zone, local + DAY);

    if (zone_offset(zone, local - before) == before)
        return local - before;
    if (zone_offset(zone, local - after) == after)
        return local - after;
    return find_change(zone, local - after, local - before);
}

int64_t zone_days_from_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year; /* years that begin in March */
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void zone_date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = y + era * 400 + (*month <= 2);
}

int zone_days_in_month(int64_t year, int month)
{
    static const int days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month] + (month == 2 && leap);
}
