/* run_trace: the spans of a run and of the runs that it caused. */
#include "base/id.h"
#include "core/records_parts.h"
#include "model/limits.h"

#define TRACED 100 /* runs in one trace */

static json_t *time_or_null(int64_t us)
{
    return us < 0 ? json_null() : json_integer(us);
}

static int take_span(void *arg, const struct span *s)
{
    json_t *o =
        json_pack("{s:s, s:s, s:I, s:o, s:s}", "id", s->id, "name", s->name, "start_us",
                  (json_int_t)s->start_us, "end_us", time_or_null(s->end_us), "status", s->status);

    if (s->metadata != NULL)
        json_object_set_new(o, "metadata", record_parsed(s->metadata));
    json_array_append_new(arg, o);
    return 0;
}

int record_spans(struct journal *j, uint64_t run, json_t *spans, struct error *e)
{
    return record_stopped(journal_get_trace(j, run, take_span, spans, e));
}

struct tracing {
    struct journal *journal;
    size_t left;
    bool more; /* children were left out */
};

/* Fills `node`, which names the run, and its children's nodes. */
static int trace(struct tracing *t, json_t *node, uint64_t run, int depth, struct error *e)
{
    json_t *spans = json_array(), *children = json_array(), *child;
    size_t i;
    bool more = false;

    json_object_set_new(node, "spans", spans);
    json_object_set_new(node, "children", children);
    if (record_spans(t->journal, run, spans, e) < 0 ||
        record_children(t->journal, run, t->left, children, &more, e) < 0)
        return -1;
    t->more |= more;
    t->left -= json_array_size(children);
    json_array_foreach(children, i, child)
    {
        uint64_t id;
        if (depth > 0 && id_parse(json_string_value(json_object_get(child, "id")), &id) == 0 &&
            trace(t, child, id, depth - 1, e) < 0)
            return -1;
    }
    return 0;
}

/* The names that all nodes have: `run` is that of the others' `id`. */
static json_t *root(const struct record_run *run)
{
    return json_pack("{s:O, s:O, s:O, s:O, s:O}", "id", json_object_get(run->json, "id"), "plugin",
                     json_object_get(run->json, "plugin"), "status",
                     json_object_get(run->json, "status"), "trigger",
                     json_object_get(run->json, "trigger"), "topic",
                     json_object_get(run->json, "topic"));
}

int record_run_trace(const struct record_ask *ask, json_t **data, struct error *e)
{
    struct tracing t = {.journal = ask->journal, .left = TRACED - 1};
    struct record_run run;
    json_t *node;
    uint64_t id;
    int result = 0;

    if (record_run_id(ask, "run", &id, e) < 0 || record_get_run(ask, id, &run, e) < 0)
        return -1;
    node = root(&run);
    if (run.on_record)
        result = trace(&t, node, id, LIMIT_DEPTH, e);
    else
        json_object_set_new(node, "spans", json_array());
    json_object_set_new(node, "more_children", json_boolean(t.more));
    if (result == 0)
        *data = json_incref(node);
    json_decref(node);
    record_run_release(&run);
    return result;
}
