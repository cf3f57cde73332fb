#include "main/sources.h"

#include "base/error.h"
#include "main/anchor.h"
#include "main/secret.h"
#include "model/store_url.h"
#include "source/source.h"

typedef int source_open_fn(struct source **out, const struct event_source *config,
                           const struct store_url *url, const char *secret, struct error *e);

static const struct {
    enum store_kind store;
    source_open_fn *open;
    const char *scheme;
} kinds[] = {
    [EVENT_SOURCE_POSTGRES_TABLE] = {STORE_POSTGRES, source_postgres_open, "postgres"},
    [EVENT_SOURCE_POSTGRES_NOTIFY] = {STORE_POSTGRES, source_postgres_open, "postgres"},
    [EVENT_SOURCE_REDIS_STREAM] = {STORE_REDIS, source_redis_open, "redis"},
    [EVENT_SOURCE_REDIS_PUBSUB] = {STORE_REDIS, source_redis_open, "redis"},
};

static int check_kind(const struct event_source *config, const struct store_url *url,
                      struct error *e)
{
    if (url->kind == kinds[config->kind].store)
        return 0;
    return error_set(e, ERROR_CONFIG,
                     "expected a %s:// URL for a source of kind \"%s\", got '%.200s'",
                     kinds[config->kind].scheme, kinds[config->kind].scheme, url->label);
}

int sources_open(const char *desk, const struct event_source *config, const char *text,
                 struct source **out, struct error *e)
{
    struct store_url url;
    char *secret = NULL;
    int result = -1;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    if (check_kind(config, &url, e) == 0 && secret_find(&url, desk, &secret, e) == 0) {
        anchor_files(desk, &url);
        result = kinds[config->kind].open(out, config, &url, secret, e);
        secret_free(secret);
    }
    store_url_release(&url);
    return result;
}

int sources_check(const struct event_source *config, const char *text, struct error *e)
{
    struct source *source = NULL;
    struct store_url url;
    int result;

    if (store_url_parse(text, &url, e) != 0)
        return -1;
    result = check_kind(config, &url, e);
    if (result == 0)
        result = kinds[config->kind].open(&source, config, &url, NULL, e);
    if (result == 0)
        source_close(source);
    store_url_release(&url);
    return result;
}
