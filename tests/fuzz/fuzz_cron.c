/* A schedule that is accepted is due at the times it names, after the time asked; any zone file is
 * survived. */
#include "fuzz/fuzz.h"

#include "model/cron.h"
#include "model/zone.h"

static const char *const seeds[] = {
    "* * * * *",   "*/5 0-12/3 1,15 JAN-JUN MON-FRI",
    "0 0 29 2 *",  "59 23 31 12 7",
    "0 9 * * 1-5", "5-10 1 2 3 SUN,6",
};

static const char *const words[] = {
    "*",  "/",  "-",   ",",   " ",  "0",           "1",   "7", "23", "59",
    "31", "60", "MON", "dec", "\t", "99999999999", "*/2", "@", NULL,
};

static void check_due(const struct cron *cron, int64_t after)
{
    int64_t due = cron_next(cron, after), days, year;
    int month, day;

    FUZZ_CHECK(due > after);
    if (due == INT64_MAX)
        return;
    FUZZ_CHECK(due % 60000 == 0);
    days = due / 86400000;
    zone_date_from_days(days, &year, &month, &day);
    FUZZ_CHECK(cron->months & (1u << month));
    FUZZ_CHECK(cron->hours & (1u << due / 3600000 % 24));
    FUZZ_CHECK(cron->minutes & (UINT64_C(1) << due / 60000 % 60));
    FUZZ_CHECK((cron->days & (1u << day)) || (cron->weekdays & (1u << (days + 4) % 7)));
    FUZZ_CHECK(cron_next(cron, due - 1) == due);
}

static void fuzz_schedule(struct random *r)
{
    struct buf text;
    struct cron cron;
    struct error e = ERROR_INIT;

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &text);
    if (cron_parse(&cron, buf_text(&text), NULL, &e) == 0) {
        check_due(&cron, (int64_t)random_below(r, 4000000000000));
        cron_release(&cron);
    } else {
        fuzz_check_error(&e);
    }
    buf_release(&text);
}

static const char footer[] = "\nCET-1CEST,M3.5.0,M10.5.0/3\n";

static void add_u32(struct buf *out, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                              (unsigned char)(value >> 8), (unsigned char)value};

    buf_add(out, bytes, 4);
}

static void add_header(struct buf *out, uint32_t times, uint32_t types)
{
    buf_add(out, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    add_u32(out, 0);
    add_u32(out, 0);
    add_u32(out, 0);
    add_u32(out, times);
    add_u32(out, types);
    add_u32(out, 4);
}

/* A small sound zone: an empty old block, two changes, two offsets. */
static void make_zone(struct buf *out)
{
    buf_init(out, FUZZ_INPUT_BYTES);
    add_header(out, 0, 1);
    buf_add(out, "\0\0\0\0\0\0UTC", 10);
    add_header(out, 2, 2);
    add_u32(out, 0);
    add_u32(out, 1000000);
    add_u32(out, 0);
    add_u32(out, 9000000);
    buf_add(out, "\1\0", 2);
    add_u32(out, 3600);
    buf_add(out, "\0\0", 2);
    add_u32(out, 7200);
    buf_add(out, "\1\0CET", 6);
    buf_add_str(out, footer);
}

static void fuzz_zone(struct random *r)
{
    static const char *const pieces[] = {"\n", "M3.2.0",           "/-167", "<+03>-3", "J60",
                                         ",",  "\xff\xff\xff\xff", "TZif",  NULL};
    struct buf data;
    struct error e = ERROR_INIT;
    struct zone *zone;

    make_zone(&data);
    for (size_t n = fuzz_below(r, 6); n > 0; n--)
        fuzz_change(r, &data, pieces);
    zone = zone_parse(buf_text(&data), data.len, "fuzz", &e);
    if (zone == NULL)
        fuzz_check_error(&e);
    for (int i = 0; i < 20 && zone != NULL; i++) {
        int64_t t = (int64_t)random_below(r, 8000000000) - 4000000000;
        int64_t offset = zone_offset(zone, t), utc = zone_from_local(zone, t);
        FUZZ_CHECK(offset > -200 * 3600 && offset < 200 * 3600);
        FUZZ_CHECK(utc > t - 400 * 3600 && utc < t + 400 * 3600);
    }
    zone_free(zone);
    buf_release(&data);
}

static void one(struct random *r)
{
    fuzz_schedule(r);
    fuzz_zone(r);
}

int main(void)
{
    return fuzz_run(20000, one);
}
