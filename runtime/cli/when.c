#include "cli/when.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "feed/timestamp.h"

/* A day or a time; bare numbers are neither. */
static bool read_moment(const char *text, int64_t *ms)
{
    return strlen(text) >= 10 && text[4] == '-' && timestamp_parse(text, ms) == 0;
}

/* "2h", also as "2h ago". */
static bool read_span(const char *text, int64_t *ms)
{
    static const char ago[] = " ago";
    char span[32];
    size_t len = strlen(text);

    if (len > sizeof ago && strcmp(text + len - strlen(ago), ago) == 0)
        len -= strlen(ago);
    if (len == 0 || len >= sizeof span || strspn(text + len - 1, "smhd") == 0)
        return false;
    snprintf(span, sizeof span, "%.*s", (int)len, text);
    return text_to_duration(span, ms) == 0;
}

int when_add(const struct options *options, const char *name, json_t *request, struct error *e)
{
    const char *text = options_text(options, name);
    char ago[32];
    int64_t ms;

    if (text == NULL)
        return 0;
    if (read_moment(text, &ms)) {
        json_object_set_new(request, name, json_integer(ms));
        return 0;
    }
    if (read_span(text, &ms)) {
        snprintf(ago, sizeof ago, "%s_ago", name);
        json_object_set_new(request, ago, json_integer(ms));
        return 0;
    }
    error_set(e, ERROR_INVALID, "--%s: '%.60s' is no time", name, text);
    error_hint(e, "expected 2026-01-02, 2026-01-02T15:04:05Z, or how long ago: 90s, 20m, 2h, 1d");
    return -1;
}
