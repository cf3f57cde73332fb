#include "webhook/url.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#define EXPECTED "expected an address like https://executor.example/batches"

static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= 0x20 || *text >= 0x7f || strchr("\"<>\\^`|#", *text) != NULL)
            return false;
    return true;
}

static bool is_port(const char *text, size_t len)
{
    char digits[6];
    uint64_t port;

    if (len == 0 || len >= sizeof digits)
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)len, text);
    return text_to_u64(digits, &port) == 0 && port >= 1 && port <= 65535;
}

/* The host's part of "host:port", "[v6]:port"; 0 when it is not one. */
static size_t host_length(const char *authority, size_t len)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t host;

    if (authority[0] == '[') {
        host = 1 + strspn(authority + 1, "0123456789abcdefABCDEF:.");
        if (host == 1 || host >= len || authority[host] != ']')
            return 0;
        host++;
    } else {
        host = strspn(authority, allowed);
    }
    if (host == len || (host > 0 && host < len && authority[host] == ':' &&
                        is_port(authority + host + 1, len - host - 1)))
        return host;
    return 0;
}

static bool is_digits_and_dots(const char *text, size_t len)
{
    return strspn(text, "0123456789.") >= len;
}

static bool is_here(const char *host, size_t len)
{
    if (len > 4 && memcmp(host, "127.", 4) == 0)
        return is_digits_and_dots(host, len);
    return (len == 5 && memcmp(host, "[::1]", 5) == 0) ||
           (len == 9 && memcmp(host, "localhost", 9) == 0);
}

int webhook_url_check(const char *url, struct error *e)
{
    bool https = strncmp(url, "https://", 8) == 0;
    const char *authority = url + (https ? 8 : 7);
    size_t len, host;

    if (strlen(url) > WEBHOOK_URL_BYTES)
        return error_set(e, ERROR_INVALID, "expected at most %d bytes, got %zu", WEBHOOK_URL_BYTES,
                         strlen(url));
    if ((!https && strncmp(url, "http://", 7) != 0) || !is_visible(url))
        return error_set(e, ERROR_INVALID, EXPECTED);
    len = strcspn(authority, "/?");
    if (memchr(authority, '@', len) != NULL)
        return error_set(e, ERROR_INVALID,
                         "an address with a user name or password is not used: "
                         "requests are signed with the secret");
    host = host_length(authority, len);
    if (host == 0)
        return error_set(e, ERROR_INVALID, EXPECTED);
    if (!https && !is_here(authority, host))
        return error_set(e, ERROR_INVALID,
                         "http:// is for this machine only (127.0.0.1, [::1], localhost): over a "
                         "network use https://");
    return 0;
}

size_t webhook_url_public(const char *url)
{
    return strcspn(url, "?");
}

size_t webhook_url_marks(const char *pattern)
{
    size_t marks = 0;

    for (const char *at = pattern; (at = strstr(at, WEBHOOK_KEY_MARK)) != NULL; marks++)
        at += strlen(WEBHOOK_KEY_MARK);
    return marks;
}

char *webhook_url_fill(const char *pattern, const char *key)
{
    const char *mark = strstr(pattern, WEBHOOK_KEY_MARK);
    struct buf out;

    buf_init(&out, WEBHOOK_URL_BYTES + 256);
    buf_add(&out, pattern, (size_t)(mark - pattern));
    buf_add_str(&out, key);
    buf_add_str(&out, mark + strlen(WEBHOOK_KEY_MARK));
    return buf_steal(&out);
}
