/*
 * What the journal holds, for status, retention and the deadlines of open runs: asked on the
 * store's thread now and then, so that status never waits for a store. A look that is dear is taken
 * less often.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/engine.h"

#define EVERY_NS   10000000000 /* when nobody asks */
#define SOON_NS    250000000   /* when somebody does */
#define COST       50          /* times its own time until the next look */
#define OPEN_MS    60000       /* open runs that began longer ago are shown */
#define OPEN_SHOWN 20

struct survey {
    struct query query; /* first */
    struct engine *engine;
    bool busy, wanted;
    int64_t next_ns, soon_ns; /* not before, of the monotonic clock */
    int64_t took_ns, now_ms;
    /* the store's thread's while busy */
    struct journal_stats stats;
    uint64_t ended[RUN_STATUS_COUNT];
    json_t *open;
    /* as of the last look */
    bool known;
    int64_t at_ms;
    struct journal_stats seen;
    uint64_t seen_ended[RUN_STATUS_COUNT];
    json_t *seen_open;
};

static int add_count(void *arg, const char *plugin, enum run_status status, uint64_t count)
{
    struct survey *s = arg;

    (void)plugin;
    s->ended[status] += count;
    return 0;
}

static int add_open(void *arg, const struct run *run)
{
    struct survey *s = arg;
    int64_t since = run->started_ms != 0 ? run->started_ms : run->scheduled_ms;
    char id[ID_TEXT_SIZE];

    json_array_append_new(
        s->open, json_pack("{s:s, s:s, s:s, s:I, s:I}", "run", id_format(run->id, id), "plugin",
                           run->plugin, "status", run_status_name(run->status), "since",
                           (json_int_t)since, "ms", (json_int_t)(s->now_ms - since)));
    return 0;
}

static int look(struct query *query, struct store *store, struct error *e)
{
    struct survey *s = (struct survey *)query;
    struct journal *j = store->journal;
    int64_t start = clock_mono_ns(&s->engine->clock);
    int result;

    memset(s->ended, 0, sizeof s->ended);
    json_array_clear(s->open);
    result = journal_stats(j, &s->stats, e) < 0 || journal_count_runs(j, add_count, s, e) < 0 ||
                     journal_list_open(j, s->now_ms - OPEN_MS, OPEN_SHOWN, add_open, s, e) < 0
                 ? -1
                 : 0;
    s->took_ns = clock_mono_ns(&s->engine->clock) - start;
    return result;
}

static void looked(struct query *query, struct engine *engine)
{
    struct survey *s = (struct survey *)query;
    int64_t now = clock_mono_ns(&engine->clock), rest = s->took_ns * COST;

    s->busy = false;
    s->next_ns = now + (rest > EVERY_NS ? rest : EVERY_NS);
    s->soon_ns = now + (rest > SOON_NS ? rest : SOON_NS);
    if (query->result < 0)
        return; /* the store says so itself */
    s->known = true;
    s->at_ms = s->now_ms;
    s->seen = s->stats;
    memcpy(s->seen_ended, s->ended, sizeof s->ended);
    json_decref(s->seen_open);
    s->seen_open = s->open;
    s->open = json_array();
}

void survey_start(struct engine *engine)
{
    struct survey *s = engine->survey = mem_zero(1, sizeof *s);

    s->engine = engine;
    s->open = json_array();
    s->seen_open = json_array();
    s->query.store = engine->commits.journal;
    s->query.work = look;
    s->query.done = looked;
}

void survey_free(struct engine *engine)
{
    struct survey *s = engine->survey;

    if (s == NULL || s->busy) /* a thread that hangs and was left behind has it */
        return;
    json_decref(s->open);
    json_decref(s->seen_open);
    free(s);
    engine->survey = NULL;
}

void survey_watch(struct engine *engine)
{
    struct survey *s = engine->survey;

    if (s == NULL || s->busy || engine->stalled || engine->draining ||
        clock_mono_ns(&engine->clock) < (s->wanted ? s->soon_ns : s->next_ns))
        return;
    s->busy = true;
    s->wanted = false;
    s->now_ms = clock_now_ms(&engine->clock);
    error_clear(&s->query.error);
    commits_query(&s->query);
}

void survey_soon(struct engine *engine)
{
    if (engine->survey != NULL)
        engine->survey->wanted = true;
}

const struct journal_stats *survey_stats(const struct engine *engine)
{
    return engine->survey != NULL && engine->survey->known ? &engine->survey->seen : NULL;
}

json_t *survey_json(const struct engine *engine)
{
    const struct survey *s = engine->survey;
    json_t *ended;

    if (s == NULL || !s->known)
        return json_null();
    ended = json_object();
    for (int i = 0; i < RUN_STATUS_COUNT; i++)
        if (run_status_terminal((enum run_status)i))
            json_object_set_new(ended, run_status_name((enum run_status)i),
                                json_integer((json_int_t)s->seen_ended[i]));
    return json_pack(
        "{s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "at", (json_int_t)s->at_ms,
        "kept", (json_int_t)s->seen.runs, "open", (json_int_t)s->seen.open_runs, "oldest",
        s->seen.oldest ? json_integer(id_time_ms(s->seen.oldest)) : json_null(), "pending",
        (json_int_t)s->seen.pending, "versions", (json_int_t)s->seen.versions, "snapshots",
        (json_int_t)s->seen.snapshots, "snapshot_bytes", (json_int_t)s->seen.snapshot_bytes,
        "bytes", (json_int_t)s->seen.bytes, "dead_open", (json_int_t)s->seen.dead_open,
        "submissions_open", (json_int_t)s->seen.submissions_open, "ended", ended);
}

json_t *survey_open_json(const struct engine *engine)
{
    return engine->survey != NULL ? json_copy(engine->survey->seen_open) : json_array();
}
