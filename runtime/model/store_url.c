#include "model/store_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"

#define KNOWN_STORES                                                                               \
    "known are memory:, sqlite:PATH, postgres://, redis://, rediss://, redis+unix://, "            \
    "libsql+http:// and libsql+https://"
#define DEFAULT_CONNECT_MS 5000
#define DEFAULT_TIMEOUT_MS 30000
#define TIMEOUT_MIN_MS     100
#define TIMEOUT_MAX_MS     (5 * 60 * 1000)
#define POOL_MAX           16

struct scheme {
    const char *name, *canonical;
    enum store_kind kind;
    bool tls, socket;
};

static const struct scheme schemes[] = {
    {"postgres", "postgres", STORE_POSTGRES, false, false},
    {"postgresql", "postgres", STORE_POSTGRES, false, false},
    {"redis", "redis", STORE_REDIS, false, false},
    {"rediss", "rediss", STORE_REDIS, true, false},
    {"redis+unix", "redis+unix", STORE_REDIS, false, true},
    {"libsql+http", "libsql+http", STORE_LIBSQL, false, false},
    {"libsql+https", "libsql+https", STORE_LIBSQL, true, false},
};
#define SCHEMES (sizeof schemes / sizeof schemes[0])

/* By kind; NULL ends a list. */
static const char *const known_options[][16] = {
    [STORE_MEMORY] = {NULL},
    [STORE_SQLITE] = {NULL},
    [STORE_POSTGRES] = {"pool", "connect_timeout", "timeout", "password_env", "password_file",
                        "host", "sslmode", "sslrootcert", "schema", NULL},
    [STORE_REDIS] = {"pool", "connect_timeout", "timeout", "password_env", "password_file",
                     "prefix", "db", "tls_ca", "tls_verify", NULL},
    [STORE_LIBSQL] = {"pool", "connect_timeout", "timeout", "auth_token_env", "auth_token_file",
                      "tls_ca", "tls_verify", NULL},
};

/* A piece of the text: [at, end). */
struct span {
    const char *at, *end;
};

static size_t span_len(struct span s)
{
    return (size_t)(s.end - s.at);
}

/* The part of `s` before the first `c`, and the rest behind it; all of it when there is none. */
static struct span cut(struct span *s, char c, bool *found)
{
    const char *at = memchr(s->at, c, span_len(*s));
    struct span head = {s->at, at ? at : s->end};

    *found = at != NULL;
    s->at = at ? at + 1 : s->end;
    return head;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* A new string; NULL with the error for a bad escape, a NUL or bytes that are not UTF-8. */
static char *decode(struct span s, const char *what, struct error *e)
{
    char *out = mem_alloc(span_len(s) + 1);
    size_t n = 0;

    for (const char *p = s.at; p < s.end; p++) {
        int c = (unsigned char)*p;
        if (c == '%' && s.end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
            c = hex(p[1]) * 16 + hex(p[2]);
            p += 2;
        } else if (c == '%') {
            c = 0;
        }
        if (c == 0) {
            free(out);
            error_set(e, ERROR_CONFIG, "the store's URL: its %s has a '%%' without two hex digits",
                      what);
            error_hint(e, "write a '%%' itself as %%25");
            return NULL;
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    if (text_is_utf8(out, n))
        return out;
    free(out);
    error_set(e, ERROR_CONFIG, "the store's URL: its %s is not UTF-8", what);
    return NULL;
}

static int read_login(struct span login, struct store_url *out, struct error *e)
{
    bool has_password;
    struct span user = cut(&login, ':', &has_password);

    if (span_len(user) > 0 && (out->user = decode(user, "user", e)) == NULL)
        return -1;
    if (has_password && (out->password = decode(login, "password", e)) == NULL)
        return -1;
    return 0;
}

static int read_port(struct span text, uint16_t *port, struct error *e)
{
    char digits[8];
    uint64_t value = 0;

    if (span_len(text) > 0 && span_len(text) < sizeof digits) {
        memcpy(digits, text.at, span_len(text));
        digits[span_len(text)] = '\0';
        if (text_to_u64(digits, &value) != 0)
            value = 0;
    }
    if (value == 0 || value > UINT16_MAX)
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: expected a port from 1 to 65535 after the host");
    *port = (uint16_t)value;
    return 0;
}

static bool is_host(const char *host)
{
    for (; *host != '\0'; host++)
        if (!isalnum((unsigned char)*host) && strchr(".-_:", *host) == NULL)
            return false;
    return true;
}

static int read_host(struct span place, struct store_url *out, struct error *e)
{
    bool has_port;
    struct span host;

    if (span_len(place) > 0 && *place.at == '[') {
        bool closed;
        place.at++;
        host = cut(&place, ']', &closed);
        has_port = span_len(place) > 0 && *place.at == ':';
        if (!closed || (span_len(place) > 0 && !has_port))
            return error_set(e, ERROR_CONFIG,
                             "the store's URL: expected [ADDRESS] or "
                             "[ADDRESS]:PORT as the host");
        place.at += has_port;
    } else {
        host = cut(&place, ':', &has_port);
    }
    if (span_len(host) > 0 && (out->host = decode(host, "host", e)) == NULL)
        return -1;
    if (out->host != NULL && !is_host(out->host))
        return error_set(e, ERROR_CONFIG, "the store's URL: '%.80s' cannot be a host's name",
                         out->host);
    return has_port ? read_port(place, &out->port, e) : 0;
}

static const char *canonical_option(const struct store_url *url, const char *name)
{
    for (const char *const *known = known_options[url->kind]; *known != NULL; known++)
        if (strcmp(*known, name) == 0)
            return *known;
    return NULL;
}

static int add_option(struct span text, struct store_url *out, struct error *e)
{
    struct store_option *o = &out->options[out->option_count];
    bool has_value;
    struct span name_span = cut(&text, '=', &has_value);
    char *name = decode(name_span, "option", e);
    const char *near;

    if (name == NULL)
        return -1;
    o->name = canonical_option(out, name);
    near = text_nearest(name, known_options[out->kind]);
    if (o->name == NULL) {
        error_set(e, ERROR_CONFIG, "the store's URL: unknown option '%.40s' for %s", name,
                  out->scheme);
        if (near != NULL)
            error_hint(e, "did you mean '%s'?", near);
    } else if (!has_value || span_len(text) == 0) {
        error_set(e, ERROR_CONFIG, "the store's URL: option '%s' has no value", o->name);
    } else if (store_url_option(out, o->name) != NULL) {
        error_set(e, ERROR_CONFIG, "the store's URL: option '%s' is given twice", o->name);
    } else {
        o->value = decode(text, "option", e);
    }
    free(name);
    if (o->name == NULL || o->value == NULL)
        return -1;
    out->option_count++;
    return 0;
}

static int read_options(struct span query, struct store_url *out, struct error *e)
{
    while (span_len(query) > 0) {
        bool more;
        struct span one = cut(&query, '&', &more);
        if (span_len(one) == 0)
            continue;
        if (out->option_count == STORE_URL_OPTIONS)
            return error_set(e, ERROR_CONFIG, "the store's URL: more than %d options",
                             STORE_URL_OPTIONS);
        if (add_option(one, out, e) != 0)
            return -1;
    }
    return 0;
}

static int read_time(const struct store_url *url, const char *name, int64_t fallback, int64_t *out,
                     struct error *e)
{
    const char *value = store_url_option(url, name);

    *out = fallback;
    if (value == NULL)
        return 0;
    if (text_to_duration(value, out) == 0 && *out >= TIMEOUT_MIN_MS && *out <= TIMEOUT_MAX_MS)
        return 0;
    return error_set(e, ERROR_CONFIG,
                     "the store's URL: %s: expected a time from 100ms to 5m, got '%.40s'", name,
                     value);
}

static int read_numbers(struct store_url *out, struct error *e)
{
    const char *pool = store_url_option(out, "pool");
    uint64_t value = 1;

    if (pool != NULL && (text_to_u64(pool, &value) != 0 || value < 1 || value > POOL_MAX))
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: pool: expected 1 to %d connections, got '%.40s'",
                         POOL_MAX, pool);
    out->pool = (unsigned)value;
    if (read_time(out, "connect_timeout", DEFAULT_CONNECT_MS, &out->connect_timeout_ms, e) != 0)
        return -1;
    return read_time(out, "timeout", DEFAULT_TIMEOUT_MS, &out->timeout_ms, e);
}

static bool is_local(const struct store_url *url, bool socket)
{
    const char *host = url->host;

    if (socket || host == NULL)
        return true;
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "::1") == 0;
}

/* One of the `words`, when the option is given at all. */
static int check_word(const struct store_url *url, const char *option, const char *const *words,
                      const char *expected, struct error *e)
{
    const char *value = store_url_option(url, option);

    for (; value != NULL && *words != NULL; words++)
        if (strcmp(value, *words) == 0)
            return 0;
    if (value == NULL)
        return 0;
    return error_set(e, ERROR_CONFIG, "the store's URL: %s: expected %s, got '%.40s'", option,
                     expected, value);
}

static int check_words(const struct store_url *url, struct error *e)
{
    static const char *const verify[] = {"on", "off", NULL};
    static const char *const modes[] = {"disable", "require", "verify-ca", "verify-full", NULL};

    if (check_word(url, "tls_verify", verify, "on or off", e) != 0)
        return -1;
    return check_word(url, "sslmode", modes, "disable, require, verify-ca or verify-full", e);
}

static int check_server(const struct store_url *url, const struct scheme *scheme, struct error *e)
{

    if (scheme->socket && (url->path == NULL || url->host != NULL))
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: expected redis+unix:///PATH/TO/SOCKET (three slashes)");
    if (!scheme->socket && url->host == NULL && store_url_option(url, "host") == NULL)
        return error_set(e, ERROR_CONFIG, "the store's URL: %s:// needs a host", scheme->name);
    if (scheme->kind == STORE_POSTGRES && url->path == NULL)
        return error_set(e, ERROR_CONFIG,
                         "the store's URL: expected the database's name, as in "
                         "postgres://user@host/database");
    if (scheme->kind == STORE_LIBSQL && url->path != NULL)
        return error_set(e, ERROR_CONFIG, "the store's URL: %s:// takes no path", scheme->name);
    if (scheme->kind == STORE_LIBSQL && (url->user != NULL || url->password != NULL)) {
        error_set(e, ERROR_CONFIG, "the store's URL: %s:// takes no user or password",
                  scheme->name);
        error_hint(e, "the token comes from auth_token_env or auth_token_file");
        return -1;
    }
    return check_words(url, e);
}

/* A '/' or '?' before the last '@' may be part of a password that was not escaped: then no part of
 * the URL is what it seems, and none may be repeated in an error. */
static int check_escapes(struct span rest, struct error *e)
{
    const char *at = memrchr(rest.at, '@', span_len(rest));

    if (at == NULL)
        return 0;
    for (const char *p = rest.at; p < at; p++) {
        if (*p != '/' && *p != '?' && *p != '#')
            continue;
        error_set(e, ERROR_CONFIG,
                  "the store's URL: a '%c' stands before its last '@': one of the two belongs to "
                  "something that must be escaped",
                  *p);
        error_hint(e, "in a password write / as %%2F, ? as %%3F, # as %%23, @ as %%40; everywhere "
                      "else @ as %%40");
        return -1;
    }
    return 0;
}

/* `rest` is what follows "scheme://". */
static int read_server(const struct scheme *scheme, struct span rest, struct store_url *out,
                       struct error *e)
{
    struct span query = rest, place, login;
    bool found;
    const char *at;

    if (check_escapes(rest, e) != 0)
        return -1;
    rest = cut(&query, '?', &found);
    place = cut(&rest, '/', &found);
    if (found && span_len(rest) > 0) {
        if (scheme->socket)
            rest.at--; /* with its slash */
        if ((out->path = decode(rest, "path", e)) == NULL)
            return -1;
    }
    at = memrchr(place.at, '@', span_len(place));
    login = (struct span){place.at, at ? at : place.at};
    place.at = at ? at + 1 : place.at;
    if (read_login(login, out, e) != 0 || read_host(place, out, e) != 0 ||
        read_options(query, out, e) != 0 || read_numbers(out, e) != 0)
        return -1;
    out->local = is_local(out, scheme->socket);
    return check_server(out, scheme, e);
}

static int unknown_scheme(const char *text, struct error *e)
{
    static const char *const names[] = {"memory",       "sqlite", "postgres",   "postgresql",
                                        "redis",        "rediss", "redis+unix", "libsql+http",
                                        "libsql+https", NULL};
    char *label = store_url_label(text), *word = mem_strndup(text, strcspn(text, ":"));
    const char *near = text_nearest(word, names);

    error_set(e, ERROR_CONFIG, "'%.200s' is not a store that this build knows", label);
    if (near != NULL)
        error_hint(e, "did you mean '%s:'? " KNOWN_STORES, near);
    else
        error_hint(e, KNOWN_STORES);
    free(label);
    free(word);
    return -1;
}

static int read_local(const char *text, struct store_url *out, struct error *e)
{
    if (strcmp(text, "memory:") == 0) {
        out->kind = STORE_MEMORY;
        out->scheme = "memory";
        return 0;
    }
    out->kind = STORE_SQLITE;
    out->scheme = "sqlite";
    if (text[strlen("sqlite:")] == '\0')
        return error_set(e, ERROR_CONFIG, "'%s': expected a path after sqlite:", text);
    out->path = mem_strdup(text + strlen("sqlite:"));
    return 0;
}

static int read_any(const char *text, struct store_url *out, struct error *e)
{
    if (strcmp(text, "memory:") == 0 || strncmp(text, "sqlite:", 7) == 0)
        return read_local(text, out, e);
    for (size_t i = 0; i < SCHEMES; i++) {
        size_t len = strlen(schemes[i].name);
        if (strncmp(text, schemes[i].name, len) != 0 || strncmp(text + len, "://", 3) != 0)
            continue;
        out->kind = schemes[i].kind;
        out->scheme = schemes[i].canonical;
        out->tls = schemes[i].tls;
        return read_server(&schemes[i], (struct span){text + len + 3, text + strlen(text)}, out, e);
    }
    return unknown_scheme(text, e);
}

int store_url_parse(const char *text, struct store_url *out, struct error *e)
{
    struct store_url url = {.pool = 1,
                            .local = true,
                            .connect_timeout_ms = DEFAULT_CONNECT_MS,
                            .timeout_ms = DEFAULT_TIMEOUT_MS};

    if (strlen(text) > STORE_URL_BYTES)
        return error_set(e, ERROR_CONFIG, "the store's URL: %zu bytes, at most %d", strlen(text),
                         STORE_URL_BYTES);
    if (read_any(text, &url, e) != 0) {
        store_url_release(&url);
        return -1;
    }
    url.label = store_url_label(text);
    *out = url;
    return 0;
}

static void wipe(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

void store_url_release(struct store_url *url)
{
    free(url->user);
    wipe(url->password);
    free(url->host);
    free(url->path);
    for (size_t i = 0; i < STORE_URL_OPTIONS; i++)
        free(url->options[i].value);
    free(url->label);
    *url = (struct store_url){0};
}

const char *store_url_option(const struct store_url *url, const char *name)
{
    for (size_t i = 0; i < url->option_count; i++)
        if (strcmp(url->options[i].name, name) == 0)
            return url->options[i].value;
    return NULL;
}

bool store_url_is_server(const struct store_url *url)
{
    return url->kind != STORE_MEMORY && url->kind != STORE_SQLITE;
}

/* All up to the last '@', even when a '/' or '?' stands before it: a password that was not escaped
 * is malformed, and masked all the same. */
static struct span find_login(const char *text)
{
    const char *start = strstr(text, "://"), *at;

    if (start == NULL)
        return (struct span){text, text};
    start += 3;
    at = strrchr(start, '@');
    return (struct span){start, at ? at : start};
}

static bool is_known_option(struct span name)
{
    for (size_t kind = 0; kind < sizeof known_options / sizeof known_options[0]; kind++)
        for (const char *const *known = known_options[kind]; *known != NULL; known++)
            if (strlen(*known) == span_len(name) && memcmp(*known, name.at, span_len(name)) == 0)
                return true;
    return false;
}

/* Values of options that nobody knows are masked: they may well be somebody's "authToken". */
static void label_options(struct buf *out, struct span query)
{
    bool more = true;

    while (more) {
        struct span value = cut(&query, '&', &more), name;
        bool has_value;
        name = cut(&value, '=', &has_value);
        buf_add(out, name.at, span_len(name));
        if (has_value)
            buf_add_char(out, '=');
        if (is_known_option(name))
            buf_add(out, value.at, span_len(value));
        else if (has_value)
            buf_add_str(out, "***");
        if (more)
            buf_add_char(out, '&');
    }
}

/* Without "://": a path, which may have an '@', or a URL that was mistyped. */
static void label_plain(struct buf *out, struct span text)
{
    const char *at = memrchr(text.at, '@', span_len(text));
    const char *colon = memchr(text.at, ':', span_len(text));
    bool is_path = strncmp(text.at, "sqlite:", 7) == 0;

    if (!is_path && colon != NULL && at != NULL && colon < at) {
        buf_add(out, text.at, (size_t)(colon - text.at));
        buf_add_str(out, ":***");
        text.at = at;
    }
    buf_add(out, text.at, span_len(text));
}

char *store_url_label(const char *text)
{
    struct span whole = {text, text + strnlen(text, STORE_URL_BYTES)}, login = find_login(text);
    struct span rest = login, user;
    bool has_password, has_query;
    struct buf out;

    buf_init(&out, 2 * STORE_URL_BYTES);
    if (strstr(text, "://") == NULL) {
        label_plain(&out, whole);
        return buf_steal(&out);
    }
    user = cut(&rest, ':', &has_password);
    if (strncmp(text, "libsql", 6) == 0 && span_len(login) > 0) { /* a token in the user's place */
        user.end = user.at;
        has_password = true;
    }
    buf_add(&out, text, (size_t)(user.end - text));
    if (has_password)
        buf_add_str(&out, ":***");
    rest = (struct span){login.end, whole.end};
    user = cut(&rest, '?', &has_query);
    buf_add(&out, user.at, span_len(user));
    if (has_query) {
        buf_add_char(&out, '?');
        label_options(&out, rest);
    }
    return buf_steal(&out);
}
