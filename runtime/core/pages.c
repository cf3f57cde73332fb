#include "core/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/id.h"

#define AT_CHARS     13
#define WITHIN_CHARS 4
#define CHECK_CHARS  8

static void add_check(const char *scope, char out[PAGE_CURSOR_SIZE])
{
    const struct digest_part parts[] = {{scope, strlen(scope)}, {out, AT_CHARS + WITHIN_CHARS}};
    char digest[DIGEST_TEXT_SIZE];

    digest_parts(parts, 2, digest);
    memcpy(out + AT_CHARS + WITHIN_CHARS, digest, CHECK_CHARS);
    out[PAGE_CURSOR_SIZE - 1] = '\0';
}

char *page_cursor(const char *scope, uint64_t at, uint32_t within, char out[PAGE_CURSOR_SIZE])
{
    char place[WITHIN_CHARS + 1];

    id_format(at, out);
    snprintf(place, sizeof place, "%04x", (unsigned)(within & PAGE_WITHIN_MAX));
    memcpy(out + AT_CHARS, place, WITHIN_CHARS);
    add_check(scope, out);
    return out;
}

static int no_cursor(const char *text, struct error *e)
{
    error_set(e, ERROR_INVALID, "'%.40s' is no cursor", text);
    error_hint(e, "a cursor is what the page before has printed, whole and unchanged");
    return -1;
}

int page_cursor_read(const char *text, const char *scope, uint64_t *at, uint32_t *within,
                     struct error *e)
{
    char position[ID_TEXT_SIZE], place[WITHIN_CHARS + 1], whole[PAGE_CURSOR_SIZE];
    uint64_t found;

    if (strlen(text) != PAGE_CURSOR_SIZE - 1)
        return no_cursor(text, e);
    memcpy(whole, text, PAGE_CURSOR_SIZE);
    snprintf(position, sizeof position, "%.*s", AT_CHARS, text);
    snprintf(place, sizeof place, "%.*s", WITHIN_CHARS, text + AT_CHARS);
    if (id_parse(position, &found) < 0 || strspn(place, "0123456789abcdef") != WITHIN_CHARS ||
        strspn(text + AT_CHARS + WITHIN_CHARS, "0123456789abcdef") != CHECK_CHARS)
        return no_cursor(text, e);
    add_check(scope, whole);
    if (strcmp(whole, text) != 0) {
        error_set(e, ERROR_INVALID, "'%.40s' is no cursor of this list", text);
        error_hint(e, "it goes with the same filters as the page that has printed it");
        return -1;
    }
    *at = found;
    *within = (uint32_t)strtoul(place, NULL, 16);
    return 0;
}
