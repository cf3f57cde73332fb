/* Any text is a store's URL or an error; and whatever it is, what stands where a password stands is
 * shown by neither the label nor the error. */
#include "fuzz/fuzz.h"

#include "model/store_url.h"

static const char *const seeds[] = {
    "memory:",
    "sqlite:data/x.db",
    "postgres://user:hunter2secret@db.example.com:5432/trading?pool=4&sslmode=require",
    "postgresql:///desk?host=/run/postgresql&schema=a",
    "redis://:hunter2secret@[::1]:6379/3?prefix=desk",
    "rediss://u:hunter2secret@cache?tls_verify=off&timeout=3s",
    "redis+unix:///run/redis.sock?db=2",
    "libsql+https://db.example.com?auth_token_env=TOKEN",
};

static const char *const words[] = {
    "://",
    "@",
    ":",
    "/",
    "?",
    "&",
    "=",
    "%",
    "%00",
    "%2F",
    "[",
    "]",
    "pool=1",
    "timeout",
    "\n",
    "..",
    "\xff",
    "127.0.0.1",
    "sqlite:",
    "99999999999",
    "://a:hunter2secret@",
    "password_file=",
    NULL,
};

/* What stands between the user's colon and the last '@'. */
static size_t find_password(const char *text, const char **at)
{
    const char *start = strstr(text, "://"), *end, *colon;

    if (start == NULL || (end = strrchr(start, '@')) == NULL)
        return 0;
    colon = memchr(start + 3, ':', (size_t)(end - start - 3));
    if (colon == NULL)
        return 0;
    *at = colon + 1;
    return (size_t)(end - colon - 1);
}

#define SECRET "hunter2secret"

static void check_hidden(const char *shown, const char *text)
{
    const char *at, *tail;
    size_t len = find_password(text, &at);

    if (len == 0 || memmem(at, len, SECRET, strlen(SECRET)) == NULL)
        return;
    tail = strrchr(text, '@');
    if (strstr(tail, SECRET) != NULL ||
        memmem(text, (size_t)(at - text), SECRET, strlen(SECRET)) != NULL)
        return; /* it also stands where it may be shown */
    if (strstr(shown, SECRET) != NULL)
        fprintf(stderr, "[%s] shows as [%s]\n", text, shown);
    FUZZ_CHECK(strstr(shown, SECRET) == NULL);
}

static void check_url(const struct store_url *url)
{
    FUZZ_CHECK(url->label != NULL && url->pool >= 1 && url->pool <= 16);
    FUZZ_CHECK(url->connect_timeout_ms >= 100 && url->timeout_ms >= 100);
    FUZZ_CHECK(url->option_count <= STORE_URL_OPTIONS);
    FUZZ_CHECK(store_url_is_server(url) || url->kind == STORE_MEMORY || url->path != NULL);
    for (size_t i = 0; i < url->option_count; i++)
        FUZZ_CHECK(text_is_utf8(url->options[i].value, strlen(url->options[i].value)));
}

static void one(struct random *r)
{
    struct store_url url = {0};
    struct error e = ERROR_INIT;
    struct buf input;
    char *text, *label;

    fuzz_text(r, seeds, sizeof seeds / sizeof seeds[0], words, &input);
    text = strdup(buf_text(&input)); /* up to its first NUL, as a string has it */
    label = store_url_label(text);
    check_hidden(label, text);
    if (store_url_parse(text, &url, &e) == 0) {
        check_url(&url);
        store_url_release(&url);
    } else {
        fuzz_check_error(&e);
        check_hidden(e.message, text);
        check_hidden(e.hint, text);
    }
    free(label);
    free(text);
    buf_release(&input);
}

int main(void)
{
    return fuzz_run(20000, one);
}
