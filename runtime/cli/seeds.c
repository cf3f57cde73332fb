#include "cli/seeds.h"

#include <string.h>

#define HOUR 3600
#define DAY  (24 * HOUR)

static const struct seed_row numbers[] = {
    {"zero", "0", 0},
    {"minus-one", "-1", 0},
    {"integer-max", "9223372036854775807", 0},
    {"integer-min", "-9223372036854775808", 0},
    {"beyond-double", "9007199254740993", 0},
    {"one-as-float", "1.0", 0},
    {"tenth", "0.1", 0},
    {"sum", "0.30000000000000004", 0},
    {"huge", "1e+308", 0},
    {"tiny", "2.2250738585072014e-308", 0},
};

static const struct seed_row texts[] = {
    {"empty", "\"\"", 0},
    {"greeting", "\"Gr\303\274\303\237 Gott, \344\270\226\347\225\214 \360\237\214\222\"", 0},
    {"escapes", "\"\\\"quoted\\\" \\\\ \\u000a \\u0009 \\u0000\"", 0},
    {"a:b", "\"colon\"", 0},
    {"a%", "\"percent\"", 0},
    {"a*", "\"star\"", 0},
    {"{a}", "\"braces\"", 0},
    {"it's \"quoted\"", "\"quotes\"", 0},
    {"two\nlines", "\"newline\"", 0},
    {"\320\272\320\273\321\216\321\207", "\"Cyrillic\"", 0},
    {"\351\215\265", "\"Japanese\"", 0},
    {"\360\237\224\221", "\"outside the basic plane\"", 0},
};

static const struct seed_row tables[] = {
    {"yes", "true", 0},
    {"no", "false", 0},
    {"nothing", "{}", 0},
    {"list", "[1,2.5,\"three\",[4],{\"five\":5}]", 0},
    {"position",
     "{\"entry\":{\"price\":100012.5,\"size\":9223372036854775807},\"is_open\":true,"
     "\"tags\":[\"momentum\",\"\303\251t\303\251\"]}",
     0},
    {"deep", "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":[[[[1]]]]}}}}}}}", 0},
};

static const struct seed_row timers[] = {
    {"always", "\"no deadline\"", 0},       {"cooldown:order", "true", HOUR},
    {"tomorrow", "{\"day\":1}", DAY},       {"next-year", "365", 365 * DAY},
    {"in-a-century", "100", 36525LL * DAY}, {"an-hour-ago", "\"over\"", -HOUR},
    {"last-month", "\"over\"", -30 * DAY},
};

#define ROWS(rows) rows, sizeof rows / sizeof rows[0]

const struct seed seeds[SEEDS] = {
    {"example-numbers", ROWS(numbers)},
    {"example-texts", ROWS(texts)},
    {"example-tables", ROWS(tables)},
    {"example-timers", ROWS(timers)},
};

struct state_row seeds_row(size_t plugin, size_t index, int64_t now_ms)
{
    const struct seed_row *row = &seeds[plugin].rows[index];
    int64_t expires_ms = row->after_s != 0 ? now_ms + row->after_s * 1000 : 0;

    if (row->after_s != 0 && expires_ms <= 0) /* a clock that shows 1970 */
        expires_ms = 1;
    return (struct state_row){.key = row->key,
                              .key_len = strlen(row->key),
                              .value = row->value,
                              .value_len = strlen(row->value),
                              .expires_ms = expires_ms};
}
