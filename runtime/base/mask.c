#include "base/mask.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char stars[] = "***", key_prefix[] = "suiprivkey1";

/* Takes out [from, to) for the stars. Returns where the text goes on behind them. */
static char *replace(char *from, char *to)
{
    size_t gone = (size_t)(to - from), kept = strlen(stars), rest = strlen(to);

    if (gone < kept) {
        memset(from, '*', gone);
        return to;
    }
    memcpy(from, stars, kept);
    memmove(from + kept, to, rest);
    memset(from + kept + rest, '\0', gone - kept);
    return from + kept;
}

/* ":6379" and something that no password goes on with. */
static int is_port(const char *colon, const char *end)
{
    size_t digits = strspn(colon + 1, "0123456789");

    return digits > 0 && digits < 6 &&
           (colon + 1 + digits >= end || strchr("/?#:;,.()[]", colon[1 + digits]) != NULL);
}

/* The login of [authority, end). Returns from where the rest of the text is to be looked at. */
static char *mask_login(char *authority, char *end)
{
    char *at = memrchr(authority, '@', (size_t)(end - authority));
    char *colon = memchr(authority, ':', (size_t)(end - authority));

    if (*authority == '[' && at == NULL) /* an IPv6 address, which has colons of its own */
        return end;
    if (colon == NULL || (at != NULL && at < colon) || (at == NULL && is_port(colon, end)))
        return end;
    return replace(colon + 1, at != NULL ? at : end);
}

/* Keys end with what is no letter and no digit. */
static void mask_keys(char *text)
{
    while ((text = strcasestr(text, key_prefix)) != NULL) {
        char *from = text + strlen(key_prefix), *to = from;
        while (isalnum((unsigned char)*to))
            to++;
        text = to > from ? replace(from, to) : from;
    }
}

void mask_word(char *word)
{
    char *found;

    mask_keys(word);
    found = strstr(word, "://");

    if (found != NULL && strchr(found + 3, '@') != NULL)
        mask_login(found + 3, found + strlen(found));
}

void mask_text(char *text)
{
    char *found;

    mask_keys(text);
    while ((found = strstr(text, "://")) != NULL)
        text = mask_login(found + 3, found + 3 + strcspn(found + 3, " \t\n'\"`"));
}
