/*
 * listening: what came of polls of a source, as one text that a test can compare:
 * "id:cursor:payload" or "id:cursor:!PROBLEM", events apart by spaces; "@cursor" is a position.
 */
#ifndef TESTS_UNIT_SOURCE_LISTENING_H
#define TESTS_UNIT_SOURCE_LISTENING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "model/store_url.h"
#include "source/source.h"

static char heard[2 * SOURCE_PAYLOAD_BYTES];
static char cursor[SOURCE_CURSOR_BYTES + 1]; /* behind what was heard */
static struct source_news news;
static struct error error;

static void hear(void *arg, const struct source_event *event)
{
    size_t used = strlen(heard);

    (void)arg;
    if (event->is_position)
        snprintf(heard + used, sizeof heard - used, "%s@%s", used > 0 ? " " : "", event->cursor);
    else
        snprintf(heard + used, sizeof heard - used, "%s%s:%s:%s%s", used > 0 ? " " : "",
                 event->id ? event->id : "", event->cursor ? event->cursor : "",
                 event->problem ? "!" : "",
                 event->problem   ? event->problem
                 : event->payload ? event->payload
                                  : "-");
    if (event->cursor != NULL)
        snprintf(cursor, sizeof cursor, "%s", event->cursor);
}

/* One poll behind the cursor; what it gave, or the error's code. */
static inline const char *poll_max(struct source *source, size_t max, int64_t wait_ms)
{
    char before[sizeof cursor];

    memcpy(before, cursor, sizeof before);
    heard[0] = '\0';
    error_clear(&error);
    if (source_poll(source, before, max, wait_ms, hear, NULL, &news, &error) == 0)
        return heard;
    memcpy(cursor, before, sizeof cursor);
    return error_name(error.code);
}

static inline const char *poll_once(struct source *source, int64_t wait_ms)
{
    return poll_max(source, 100, wait_ms);
}

/* Polls until something comes. */
static inline const char *poll_until(struct source *source)
{
    for (int i = 0; i < 200; i++)
        if (poll_once(source, 50)[0] != '\0')
            return heard;
    fail_msg("nothing came");
    return heard;
}

static inline void parse_url(const char *variable, struct store_url *out)
{
    const char *text = getenv(variable);

    if (text == NULL || store_url_parse(text, out, &error) < 0)
        fail_msg("%s: %s", variable, text ? error.message : "not set");
}

#endif
