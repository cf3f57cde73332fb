#include "state/hrana_error.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define QUOTE_BYTES 240

/* A new string. */
static char *quote(const struct hrana *h, const char *text, size_t len)
{
    size_t secret = h->secret != NULL ? strlen(h->secret) : 0;
    struct buf plain, out;

    buf_init(&plain, len * 3 + 1);
    for (size_t i = 0; i < len && plain.len <= QUOTE_BYTES;) {
        bool hit = secret > 0 && len - i >= secret && memcmp(text + i, h->secret, secret) == 0;
        buf_add(&plain, hit ? "***" : text + i, hit ? 3 : 1);
        i += hit ? secret : 1;
    }
    buf_init(&out, 8 * QUOTE_BYTES);
    text_add_inert(&out, buf_text(&plain), plain.len, QUOTE_BYTES);
    buf_release(&plain);
    return buf_steal(&out);
}

int hrana_call_error(const struct hrana *h, const struct error *why, bool sent, struct error *e)
{
    enum error_code code = ERROR_STORE_DOWN;

    if (why->code == ERROR_CONFIG)
        code = ERROR_STORE_DENIED;
    else if (why->code == ERROR_UNSUPPORTED || why->code == ERROR_INTERNAL)
        code = why->code;
    error_set(e, code, "libSQL at %s: %s%s", h->base, why->message,
              sent ? "; whether it did what it was asked is not known" : "");
    if (why->hint[0] != '\0')
        error_hint(e, "%s", why->hint);
    return -1;
}

int hrana_status_error(const struct hrana *h, int status, struct error *e)
{
    static const struct {
        int status;
        enum error_code code;
        const char *what, *hint;
    } known[] = {
        {400, ERROR_STORE, "does not understand the request", ""},
        {401, ERROR_STORE_DENIED, "refuses the token, or wants one",
         "auth_token_env=NAME or auth_token_file=PATH says where it is"},
        {403, ERROR_STORE_DENIED, "denies access", "the token lacks a permission"},
        {404, ERROR_STORE_MISSING, "has no such database", "check host and port"},
        {408, ERROR_STORE_DOWN, "gave up on the request", ""},
        {413, ERROR_STORE, "takes no request of that size", ""},
        {429, ERROR_STORE, "asks for fewer requests", ""},
    };
    char *said = quote(h, buf_text(&h->answer), h->answer.len);
    size_t i = 0;

    while (i < sizeof known / sizeof known[0] && known[i].status != status)
        i++;
    if (i < sizeof known / sizeof known[0]) {
        error_set(e, known[i].code, "libSQL at %s %s (HTTP %d): %s", h->base, known[i].what, status,
                  said);
        if (known[i].hint[0] != '\0')
            error_hint(e, "%s", known[i].hint);
    } else if (status >= 300 && status < 400) {
        error_set(e, ERROR_STORE, "libSQL at %s redirects (HTTP %d), which is not followed",
                  h->base, status);
        error_hint(e, "the URL should name the server itself");
    } else {
        error_set(e, status >= 500 ? ERROR_STORE_DOWN : ERROR_STORE,
                  "libSQL at %s answers with HTTP %d: %s", h->base, status, said);
    }
    free(said);
    return -1;
}

int hrana_stray_error(const struct hrana *h, const char *base_url, struct error *e)
{
    char *said = quote(h, base_url, strlen(base_url));

    error_set(e, ERROR_STORE,
              "libSQL at %s sends a transaction on to '%s': refused, it is neither that host nor "
              "below it, or less protected",
              h->base, said);
    error_hint(e, "the token would travel there; use that address in the URL if it is right");
    free(said);
    return -1;
}

/* The first that fits, by the code's begin or by words of the message: a replica passes the
 * primary's words on under its own code. */
static const struct known {
    const char *code, *words; /* either may be NULL */
    enum error_code error;
    const char *hint;
} faults[] = {
    {"SQLITE_FULL", "disk is full", ERROR_STORE_FULL, "no room, or above the database's maximum"},
    {"BLOCKED", "Operation was blocked", ERROR_STORE_FULL, "a quota of the database is used up"},
    {"SQLITE_READONLY", "readonly database", ERROR_STORE_READONLY, "use the primary"},
    {NULL, "write to replica", ERROR_STORE_READONLY, "use the primary"},
    {"SQLITE_BUSY", "database is locked", ERROR_STORE_LOCKED, ""},
    {"SQLITE_LOCKED", "database table is locked", ERROR_STORE_LOCKED, ""},
    {"SQLITE_CORRUPT", "disk image is malformed", ERROR_STORE_CORRUPT, ""},
    {"SQLITE_NOTADB", "is not a database", ERROR_STORE_CORRUPT, ""},
    {"SQLITE_AUTH", "not authorized", ERROR_STORE_DENIED, "the token lacks a permission"},
    {"SQLITE_PERM", NULL, ERROR_STORE_DENIED, ""},
    {NULL, "no such table", ERROR_STORE_SCHEMA, "run: orrery db init"},
    {NULL, "no such column", ERROR_STORE_SCHEMA, "orrery db status says what differs"},
    {NULL, "has no column named", ERROR_STORE_SCHEMA, "orrery db status says what differs"},
    {NULL, "already exists", ERROR_STORE_SCHEMA, "it was left untouched: use another database"},
    {"RESPONSE_TOO_LARGE", NULL, ERROR_STORE, "sqld: --max-response-size"},
};

static const struct known *find(const struct hrana_fault *fault)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        const struct known *k = &faults[i];
        if ((k->code != NULL && strncmp(fault->code, k->code, strlen(k->code)) == 0) ||
            (k->words != NULL && strstr(fault->message, k->words) != NULL))
            return k;
    }
    return NULL;
}

int hrana_error(const struct hrana *h, const struct hrana_fault *fault, struct error *e)
{
    const struct known *k = find(fault);
    char *said = quote(h, fault->message, strlen(fault->message));
    char *code = quote(h, fault->code, strlen(fault->code));

    error_set(e, k != NULL ? k->error : ERROR_STORE, "libSQL at %s: %s%s%.60s%s", h->base, said,
              code[0] ? " (" : "", code, code[0] ? ")" : "");
    if (k != NULL && k->hint[0] != '\0')
        error_hint(e, "%s", k->hint);
    free(said);
    free(code);
    return -1;
}
