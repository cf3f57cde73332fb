/* run_show, and one run wherever it is. */
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "core/records_parts.h"

#define CHILDREN 20

/* ---- finding it ---- */

static void set_time(json_t *o, const char *name, int64_t ms)
{
    json_object_set_new(o, name, ms ? json_integer(ms) : json_null());
}

static void take(struct record_run *found, const struct run *run)
{
    found->json = run_to_json(run);
    found->parent = run->parent;
    found->status = run->status;
    found->seen = mem_strdup(run->seen);
    json_object_set_new(found->json, "metadata", record_parsed(run->metadata));
    set_time(found->json, "deadline_ms", run->deadline_ms);
    json_object_set_new(found->json, "timed_out", json_boolean(run->timed_out));
}

static int take_run(void *arg, const struct run *run)
{
    struct record_run *found = arg;

    found->on_record = true;
    take(found, run);
    return 0;
}

/* A trigger that waits: the run that it will be. */
static int take_pending(void *arg, const struct pending *p)
{
    struct record_run *found = arg;
    struct run run = {.id = p->id,
                      .status = RUN_QUEUED,
                      .trigger = p->kind,
                      .topic = p->topic,
                      .payload = p->payload,
                      .scheduled_ms = p->scheduled_ms,
                      .parent = p->parent,
                      .depth = p->depth};

    if (p->id != found->id)
        return 0;
    memcpy(run.plugin, p->plugin, sizeof run.plugin);
    take(found, &run);
    return 1;
}

static void take_live(struct record_run *found, const json_t *live)
{
    const char *parent = json_string_value(json_object_get(live, "parent"));

    found->json = json_deep_copy(live);
    (void)run_status_parse(json_string_value(json_object_get(live, "status")), &found->status);
    if (parent != NULL)
        (void)id_parse(parent, &found->parent);
}

int record_get_run(const struct record_ask *ask, uint64_t id, struct record_run *out,
                   struct error *e)
{
    struct record_run found = {.id = id};
    char text[ID_TEXT_SIZE];

    if (record_stopped(journal_get_run(ask->journal, id, take_run, &found, e)) < 0)
        return -1;
    if (found.json == NULL && ask->live != NULL)
        take_live(&found, ask->live);
    if (found.json == NULL &&
        record_stopped(journal_list_pending(ask->journal, take_pending, &found, e)) < 0)
        return -1;
    if (found.json == NULL)
        return record_no_run(id_format(id, text), e);
    *out = found;
    return 0;
}

void record_run_release(struct record_run *run)
{
    json_decref(run->json);
    free(run->seen);
    *run = (struct record_run){0};
}

/* ---- its family ---- */

/* A run in one line. */
static json_t *brief(const json_t *run)
{
    static const char *const names[] = {"id",     "plugin",  "status", "topic",
                                        "reason", "actions", "error"};
    json_t *o = json_object();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set(o, names[i], json_object_get(run, names[i]));
    return o;
}

struct children {
    json_t *list;
    size_t limit;
    bool more;
};

static int take_child(void *arg, const struct run *run)
{
    struct children *c = arg;
    json_t *json;

    if (json_array_size(c->list) == c->limit) {
        c->more = true;
        return 1;
    }
    json = run_to_json(run);
    json_array_insert_new(c->list, 0, brief(json)); /* oldest first */
    json_decref(json);
    return 0;
}

int record_children(struct journal *j, uint64_t run, size_t limit, json_t *children, bool *more,
                    struct error *e)
{
    struct run_filter filter = {.status = -1, .parent = run, .limit = limit + 1};
    struct children c = {children, limit, false};

    if (record_stopped(journal_list_runs(j, &filter, take_child, &c, e)) < 0)
        return -1;
    *more = c.more;
    return 0;
}

static int take_parent(void *arg, const struct run *run)
{
    json_t **parent = arg, *json = run_to_json(run);

    *parent = brief(json);
    json_decref(json);
    return 1;
}

static int add_family(const struct record_ask *ask, const struct record_run *run, json_t *o,
                      struct error *e)
{
    json_t *children = json_array(), *parent = NULL;
    bool more = false;

    json_object_set_new(o, "children", children);
    if (record_children(ask->journal, run->id, CHILDREN, children, &more, e) < 0)
        return -1;
    json_object_set_new(o, "more_children", json_boolean(more));
    if (run->parent != 0 &&
        record_stopped(journal_get_run(ask->journal, run->parent, take_parent, &parent, e)) < 0)
        return -1;
    json_object_set_new(o, "caused_by", parent ? parent : json_null());
    return 0;
}

/* ---- the rest of it ---- */

static int take_version(void *arg, const struct strategy_version *version)
{
    json_t **out = arg;

    *out = record_version(version);
    return 1;
}

static int add_code(const struct record_ask *ask, json_t *o, struct error *e)
{
    const char *plugin = json_string_value(json_object_get(o, "plugin"));
    const char *hash = json_string_value(json_object_get(o, "version"));
    json_t *code = NULL;

    if (hash != NULL && strlen(hash) == DIGEST_TEXT_SIZE - 1 &&
        record_stopped(journal_find_version(ask->journal, plugin, hash, take_version, &code, e)) <
            0)
        return -1;
    json_object_set_new(o, "code", code ? code : json_null());
    return 0;
}

static int take_dead(void *arg, const struct dead_letter *d)
{
    char retry[ID_TEXT_SIZE];

    *(json_t **)arg = json_pack("{s:s, s:s?}", "state", dead_state_name(d->state), "retry",
                                d->retry != 0 ? id_format(d->retry, retry) : NULL);
    return 1;
}

static int add_dead(const struct record_ask *ask, uint64_t run, json_t *o, struct error *e)
{
    json_t *dead = NULL;

    if (record_stopped(journal_get_dead(ask->journal, run, take_dead, &dead, e)) < 0)
        return -1;
    json_object_set_new(o, "dead", dead ? dead : json_null());
    return 0;
}

static int take_submission(void *arg, const struct submission *s)
{
    json_t **out = arg, *whole = submission_to_json(s);
    static const char *const names[] = {"digest",  "state",   "success",
                                        "settled", "account", "executor"};

    *out = json_object();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set(*out, names[i], json_object_get(whole, names[i]));
    json_decref(whole);
    return 1;
}

/* `transaction`: what it has on its way outside, or had. `digest`: of that, or of a paper vault. */
static int add_transaction(const struct record_ask *ask, uint64_t run, json_t *o, struct error *e)
{
    json_t *transaction = NULL, *digest;

    if (record_stopped(
            journal_get_submission(ask->journal, run, NULL, take_submission, &transaction, e)) < 0)
        return -1;
    digest = json_object_get(transaction ? transaction : json_object_get(o, "result"), "digest");
    json_object_set(o, "digest", digest ? digest : json_null());
    json_object_set_new(o, "transaction", transaction ? transaction : json_null());
    return 0;
}

#define RESULTS_MAX 1024 /* actions of one run whose results are looked for */

static int take_result(void *arg, uint32_t index, const char *json)
{
    json_array_append_new(
        arg, json_pack("{s:I, s:o}", "index", (json_int_t)index, "result", record_parsed(json)));
    return 0;
}

static int add_results(const struct record_ask *ask, uint64_t run, json_t *o, struct error *e)
{
    uint32_t indices[RESULTS_MAX];
    size_t count = json_array_size(json_object_get(o, "actions"));
    json_t *results = json_array();

    json_object_set_new(o, "results", results);
    count = count < RESULTS_MAX ? count : RESULTS_MAX;
    for (size_t i = 0; i < count; i++)
        indices[i] = (uint32_t)i;
    return record_stopped(
        journal_get_results(ask->journal, run, indices, count, take_result, results, e));
}

static int add_parts(const struct record_ask *ask, const struct record_run *run, json_t *o,
                     struct error *e)
{
    json_t *lines = json_array(), *spans = json_array();
    uint64_t dropped = 0, last;

    json_object_set_new(o, "logs", lines);
    json_object_set_new(o, "spans", spans);
    if (run->on_record &&
        (record_lines(ask->journal, run->id, LOG_DEBUG, 0, lines, &dropped, &last, e) < 0 ||
         record_spans(ask->journal, run->id, spans, e) < 0 || add_results(ask, run->id, o, e) < 0))
        return -1;
    json_object_set_new(o, "logs_dropped", json_integer((json_int_t)dropped));
    return 0;
}

static int show(const struct record_ask *ask, const struct record_run *run, struct error *e)
{
    json_t *seen;

    if (add_parts(ask, run, run->json, e) < 0 || add_family(ask, run, run->json, e) < 0 ||
        add_code(ask, run->json, e) < 0 || add_dead(ask, run->id, run->json, e) < 0 ||
        add_transaction(ask, run->id, run->json, e) < 0 ||
        record_seen(ask->journal, run->seen, &seen, e) < 0)
        return -1;
    json_object_set_new(run->json, "seen", seen);
    return 0;
}

int record_run_show(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct record_run run;
    uint64_t id;
    int result;

    if (record_run_id(ask, "run", &id, e) < 0 || record_get_run(ask, id, &run, e) < 0)
        return -1;
    result = show(ask, &run, e);
    if (result == 0)
        *data = json_incref(run.json);
    record_run_release(&run);
    return result;
}
