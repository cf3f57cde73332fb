#include "core/intake_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/blueprint.h"
#include "core/registry.h"
#include "model/place.h"

/* One trigger's source under check. */
struct site {
    struct blueprint *b;
    const struct blueprint_plugin *plugin;
    size_t trigger;
};

static void complain(const struct site *site, const char *key, const char *hint,
                     const char *message)
{
    const struct desk_file *file = site->plugin->file;
    char path[80];

    snprintf(path, sizeof path, "triggers.%zu.source%s%s", site->trigger + 1, key ? "." : "",
             key ? key : "");
    problem_add(&site->b->problems, file->path, place_line(file->source, file->len, path), hint,
                "%s: %s", path, message);
}

static void complain_of(const struct site *site, const struct error *e)
{
    complain(site, "url", e->hint[0] ? e->hint : NULL, e->message);
}

/* What the desk offers, as a hint. */
static void name_servers(const struct event_servers *servers, char *out, size_t size)
{
    snprintf(out, size, "add it to `sources` in orrery.lua");
    for (size_t i = 0; i < servers->count; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%s",
                 i > 0 ? ", " : "; there is: ", servers->items[i].name);
}

static const struct event_server *find_server(const struct site *site,
                                              const struct event_source *source)
{
    const struct event_servers *servers = &site->b->config.sources;
    const struct event_server *server = event_server_of(servers, source);
    char hint[400], message[160];

    if (server != NULL)
        return server;
    name_servers(servers, hint, sizeof hint);
    if (strstr(source->url, "://") != NULL) /* which may have a password */
        snprintf(message, sizeof message, "this URL is not one of the desk's sources");
    else
        snprintf(message, sizeof message, "'%.64s' is not one of the desk's sources", source->url);
    complain(site, "url", hint, message);
    return NULL;
}

static const char *replayed_feed(const struct config *config)
{
    for (size_t i = 0; i < config->feed_count; i++)
        if (config->feeds[i].kind == FEED_CSV)
            return config->feeds[i].name;
    return NULL;
}

/* Whether a trigger before this one has the same cursor. */
static bool is_twice(const struct site *site, const struct event_source *source,
                     const struct event_server *server)
{
    const struct manifest *m = &site->plugin->manifest;
    char *key = event_source_key(source, m->name, server->name);
    bool twice = false;

    for (size_t i = 0; i < site->trigger && !twice; i++) {
        const struct event_source *other = m->triggers[i].source;
        const struct event_server *at =
            other ? event_server_of(&site->b->config.sources, other) : NULL;
        char *its_key = at ? event_source_key(other, m->name, at->name) : NULL;
        twice = its_key != NULL && strcmp(its_key, key) == 0;
        free(its_key);
    }
    free(key);
    return twice;
}

static int check_source(const struct site *site, const struct event_source *source,
                        const struct registry *registry)
{
    const struct event_server *server = find_server(site, source);
    const char *feed = replayed_feed(&site->b->config);
    struct error e = ERROR_INIT;
    char message[200];

    if (server == NULL)
        return -1;
    if (feed != NULL) {
        snprintf(message, sizeof message,
                 "events from outside live in real time, but csv feed '%s' makes the desk's clock "
                 "the data's",
                 feed);
        complain(site, NULL, NULL, message);
        return -1;
    }
    if (registry->check_source(source, server->url, &e) < 0) {
        complain_of(site, &e);
        return -1;
    }
    if (!is_twice(site, source, server))
        return 0;
    complain(site, NULL, "give one of them another `cursor` name, if that is what you want",
             "this source stands in another trigger of the strategy already");
    return -1;
}

int intake_check(struct blueprint *b, const struct blueprint_plugin *p,
                 const struct registry *registry)
{
    struct site site = {.b = b, .plugin = p};
    int result = 0;

    for (; site.trigger < p->manifest.trigger_count; site.trigger++) {
        const struct event_source *source = p->manifest.triggers[site.trigger].source;
        if (source != NULL && check_source(&site, source, registry) < 0)
            result = -1;
    }
    return result;
}

void intake_check_count(struct blueprint *b)
{
    size_t count = 0;

    for (size_t i = 0; i < b->plugin_count; i++)
        for (size_t t = 0; b->plugins[i].ok && t < b->plugins[i].manifest.trigger_count; t++)
            count += b->plugins[i].manifest.triggers[t].source != NULL;
    if (count > EVENT_SOURCES_MAX)
        problem_add(&b->problems, b->desk.config_file.path, 0, NULL,
                    "expected at most %d event sources in one desk, got %zu", EVENT_SOURCES_MAX,
                    count);
}
