/* orrery.lua's `sources`: the servers that strategies may have events from. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/event_source.h"
#include "model/settings.h"
#include "model/store_url.h"

static void read_server(const struct scope *scope, const char *name, const json_t *value,
                        struct event_servers *out)
{
    const char *text = json_string_value(value);
    struct event_server *server = &out->items[out->count];
    struct error e = ERROR_INIT;
    struct store_url url;

    if (!text_is_name(name)) {
        scope_problem(
            scope, name, NULL,
            "expected a name of 1 to %d of a-z, 0-9, '_', '-', beginning with a letter or digit",
            LIMIT_NAME_BYTES);
        return;
    }
    if (text == NULL || strlen(text) != json_string_length(value)) {
        scope_expected(scope, name, "a URL, \"postgres://…\" or \"redis://…\"", value);
        return;
    }
    if (store_url_parse(text, &url, &e) < 0) {
        scope_problem(scope, name, e.hint[0] ? e.hint : NULL, "%s", e.message);
        return;
    }
    if (url.kind == STORE_POSTGRES || url.kind == STORE_REDIS) {
        memcpy(server->name, name, strlen(name) + 1);
        server->url = mem_strdup(text);
        server->label = mem_strdup(url.label);
        out->count++;
    } else {
        scope_problem(scope, name, "sources are \"postgres://…\", \"redis://…\" or \"rediss://…\"",
                      "'%.200s': events cannot come from there", url.label);
    }
    store_url_release(&url);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct event_server *)a)->name, ((const struct event_server *)b)->name);
}

void event_servers_read(const struct scope *scope, const json_t *json, struct event_servers *out)
{
    const json_t *table = scope_table(scope, json, "sources"), *value;
    struct scope inner = scope_enter(scope, "sources");
    const char *name;

    *out = (struct event_servers){0};
    if (json_object_size(table) > EVENT_SERVERS_MAX) {
        scope_problem(scope, "sources", NULL, "expected at most %d entries, got %zu",
                      EVENT_SERVERS_MAX, json_object_size(table));
        return;
    }
    if (json_object_size(table) == 0)
        return;
    out->items = mem_zero(json_object_size(table), sizeof *out->items);
    json_object_foreach((json_t *)table, name, value) read_server(&inner, name, value, out);
    qsort(out->items, out->count, sizeof *out->items, by_name);
}

void event_servers_release(struct event_servers *servers)
{
    for (size_t i = 0; i < servers->count; i++) {
        explicit_bzero(servers->items[i].url, strlen(servers->items[i].url));
        free(servers->items[i].url);
        free(servers->items[i].label);
    }
    free(servers->items);
    *servers = (struct event_servers){0};
}

const struct event_server *event_server_of(const struct event_servers *servers,
                                           const struct event_source *source)
{
    for (size_t i = 0; i < servers->count; i++)
        if (strcmp(servers->items[i].name, source->url) == 0 ||
            strcmp(servers->items[i].url, source->url) == 0)
            return &servers->items[i];
    return NULL;
}
