/* orrery db trim: old runs leave the journal now, also beside a running daemon. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/id.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/db_stores.h"
#include "cli/live.h"

#define SLICE 500 /* runs in one transaction: a daemon beside us waits no longer than that */

struct trimming {
    struct trim limits;
    struct trimmed gone;
};

/* The first id of an instant: runs of before have lower ones. */
static uint64_t first_id_at(int64_t ms)
{
    struct id_source ids = {0};

    return ms > 0 ? id_next(&ids, ms) : 0;
}

static void set_limits(const struct context *c, const struct retention_config *config,
                       int64_t now_ms, struct trim *out)
{
    int64_t age = options_duration(&c->options, "age", config->age_ms);

    *out =
        (struct trim){.keep_runs = options_count(&c->options, "runs", config->runs), .max = SLICE};
    if (age > 0)
        out->before = first_id_at(now_ms - age);
    if (config->dead_ms > 0)
        out->dead_before_ms = now_ms - config->dead_ms;
    if (config->events_ms > 0)
        out->events_before_ms = now_ms - config->events_ms;
}

static int slice(struct journal *j, struct trimming *t, bool *more, struct error *e)
{
    struct trimmed gone = {0};

    if (journal_begin(j, e) < 0)
        return -1;
    if (journal_trim(j, &t->limits, &gone, e) < 0 || journal_commit(j, e) < 0) {
        journal_rollback(j);
        return -1;
    }
    t->gone.runs += gone.runs;
    t->gone.snapshots += gone.snapshots;
    t->gone.events += gone.events;
    t->gone.dead += gone.dead;
    t->gone.submissions += gone.submissions;
    *more = gone.more;
    return 0;
}

static int trim_journal(struct journal *j, struct trimming *t, struct error *e)
{
    bool more = true;

    while (more)
        if (slice(j, t, &more, e) < 0)
            return -1;
    return 0;
}

static void told(struct context *c, json_t *list, const char *url, const struct trimmed *gone,
                 const struct journal_stats *left)
{
    char removed[32], kept[32], said[96];

    snprintf(said, sizeof said, "%s run%s removed, %s kept", text_group_u64(gone->runs, removed),
             gone->runs == 1 ? "" : "s", text_group_u64(left->runs, kept));
    db_told(c, list, "journal", url, "trimmed", said,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "runs", (json_int_t)gone->runs, "snapshots",
                      (json_int_t)gone->snapshots, "events", (json_int_t)gone->events, "dead",
                      (json_int_t)gone->dead, "submissions", (json_int_t)gone->submissions, "kept",
                      (json_int_t)left->runs));
}

static int trim_stopped(struct context *c, struct stopped *s, const char *url, json_t *list,
                        struct error *e)
{
    struct trimming t = {0};
    struct journal_stats left;
    struct journal *journal;

    if (db_is_memory(url)) {
        db_told(c, list, "journal", url, "memory", "in memory: nothing to do", NULL);
        return 0;
    }
    if (stopped_journal_url(s, url, &journal, e) < 0)
        return -1;
    set_limits(c, &s->config->retention, stopped_now_ms(s), &t.limits);
    if (trim_journal(journal, &t, e) < 0 || journal_stats(journal, &left, e) < 0)
        return -1;
    told(c, list, url, &t.gone, &left);
    return 0;
}

static int stopped_trim(struct context *c, struct error *e)
{
    struct db_urls urls = {0};
    struct stopped s;
    json_t *list;
    int result;

    if (stopped_open(c, STORE_OPEN, true, &s, e) < 0)
        return -1;
    list = json_array();
    result = db_urls_find(c, s.config, options_argument(&c->options, 1), &urls, e);
    if (result == 0)
        result = trim_stopped(c, &s, urls.journal, list, e);
    db_urls_release(&urls);
    stopped_close(&s);
    if (result == 0 && c->output.json)
        output_data(&c->output, list);
    json_decref(list);
    return result;
}

/* ---- beside a daemon: it does it, in its own time ---- */

static json_t *live_request(const struct context *c)
{
    json_t *request = json_pack("{s:s}", "op", "trim");

    if (options_given(&c->options, "age"))
        json_object_set_new(request, "age_ms",
                            json_integer(options_duration(&c->options, "age", 0)));
    if (options_given(&c->options, "runs"))
        json_object_set_new(request, "runs",
                            json_integer((json_int_t)options_count(&c->options, "runs", 0)));
    return request;
}

static int live_trim(struct context *c, struct client *client, struct error *e)
{
    char removed[32];
    json_t *request = live_request(c), *data = NULL;
    int result = client_call(client, request, &data, e);

    json_decref(request);
    client_close(client);
    if (result < 0) {
        if (e->code == ERROR_TIMEOUT)
            error_hint(e, "the daemon goes on removing: `orrery status` shows how far it is");
        return -1;
    }
    if (c->output.json)
        output_data(&c->output, data);
    else
        fprintf(
            c->output.out, "%s runs removed by the running daemon\n",
            text_group_u64((uint64_t)json_integer_value(json_object_get(data, "runs")), removed));
    json_decref(data);
    return 0;
}

int db_trim(struct context *c, struct error *e)
{
    struct client *client;
    int connected = live_try_open(c, &client, e);

    if (connected < 0)
        return -1;
    if (connected == 0)
        return stopped_trim(c, e);
    if (options_argument(&c->options, 1) == NULL)
        return live_trim(c, client, e);
    client_close(client);
    return command_misused(c, e, "a daemon runs this desk: it trims its own journal, without URL");
}
