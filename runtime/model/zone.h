/*
 * zone: offsets of a time zone from UTC, past and future, from the system's database (RFC 8536
 * files).
 *
 * The process's own TZ is neither read nor changed. zone_load() reads one file of the system's
 * database below /usr/share/zoneinfo; it is the only function of model/ that touches the file
 * system. zone_parse() works on given bytes, any bytes.
 *
 * Glossary
 *   local    seconds since 1970-01-01 00:00 on the zone's clocks, as if these showed UTC
 *   gap      local times that the clocks skip; overlap: local times that they show twice
 */
#ifndef ORRERY_MODEL_ZONE_H
#define ORRERY_MODEL_ZONE_H

#include <stddef.h>
#include <stdint.h>

struct error;
struct zone;

/* "Europe/Berlin": [A-Za-z0-9_+/-], at most 63 bytes, no ".." and no leading '/'. NULL on error
 * (NOT_FOUND, INVALID, IO). */
struct zone *zone_load(const char *name, struct error *e);
struct zone *zone_parse(const void *data, size_t len, const char *name, struct error *e);
void zone_free(struct zone *zone);

/* All take NULL as UTC. */
int64_t zone_offset(const struct zone *zone, int64_t utc); /* local - utc, in seconds */
int64_t zone_to_local(const struct zone *zone, int64_t utc);

/* The first instant at which the clocks show `local`; in a gap the first instant behind it. Never
 * decreases with `local`. */
int64_t zone_from_local(const struct zone *zone, int64_t local);

/* Days since 1970-01-01 of a date, and back; proleptic Gregorian. Months from 1. */
int64_t zone_days_from_date(int64_t year, int month, int day);
void zone_date_from_days(int64_t days, int64_t *year, int *month, int *day);
int zone_days_in_month(int64_t year, int month);

#endif
