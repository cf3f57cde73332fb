/*
 * timestamp: the ways in which data says when. All mean UTC unless an offset is given.
 *
 *   2022-01-31   2022-01-31 23:01   2022-01-31 23:01:00.250000   2022-01-31T23:01:00Z
 * 2022-01-31T23:01:00+02:00 1643670060   1643670060.25   (seconds since the epoch) 1643670060250
 * (milliseconds: from 10^11 on)
 *
 * From 1970 (exclusive) to 2286. Strict: days that do not exist are refused, fractions beyond
 * milliseconds are cut.
 */
#ifndef ORRERY_FEED_TIMESTAMP_H
#define ORRERY_FEED_TIMESTAMP_H

#include <stdint.h>

/* For messages: what timestamp_parse() takes. */
#define TIMESTAMP_FORMS                                                                            \
    "\"YYYY-MM-DD HH:MM:SS\", ISO 8601, or seconds or milliseconds since the epoch"

int timestamp_parse(const char *text, int64_t *out_ms);   /* 0, or -1 */
int timestamp_from_number(double value, int64_t *out_ms); /* seconds or milliseconds; 0, or -1 */

#endif
