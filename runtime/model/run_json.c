/* A run as commands see it: the fields of model/run.h, ids as text, JSON texts as values. */
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "model/run.h"
#include "model/value.h"

static void set_text(json_t *o, const char *name, const char *text)
{
    json_object_set_new(o, name, text ? json_string(text) : json_null());
}

static void set_json(json_t *o, const char *name, const char *text)
{
    struct error ignored = ERROR_INIT;
    json_t *value = text ? value_parse_around(text, strlen(text), SIZE_MAX, &ignored) : NULL;

    json_object_set_new(o, name, value ? value : json_null());
}

static void set_time(json_t *o, const char *name, int64_t ms)
{
    json_object_set_new(o, name, ms ? json_integer(ms) : json_null());
}

json_t *run_to_json(const struct run *run)
{
    char id[ID_TEXT_SIZE], parent[ID_TEXT_SIZE];
    json_t *o = json_object();

    set_text(o, "id", id_format(run->id, id));
    set_text(o, "plugin", run->plugin);
    set_text(o, "vault", run->vault[0] ? run->vault : NULL);
    set_text(o, "status", run_status_name(run->status));
    set_text(o, "trigger", trigger_kind_name(run->trigger));
    set_text(o, "topic", run->topic);
    set_json(o, "payload", run->payload);
    set_time(o, "scheduled_ms", run->scheduled_ms);
    set_time(o, "started_ms", run->started_ms);
    set_time(o, "finished_ms", run->finished_ms);
    json_object_set_new(o, "seed", value_from_u64(run->seed));
    set_text(o, "parent", run->parent ? id_format(run->parent, parent) : NULL);
    json_object_set_new(o, "depth", json_integer(run->depth));
    json_object_set_new(o, "attempts", json_integer(run->attempts));
    json_object_set_new(o, "dry_run", json_boolean(run->dry_run));
    set_text(o, "reason", run->reason);
    set_json(o, "error", run->error);
    set_json(o, "actions", run->actions);
    set_json(o, "result", run->result);
    set_json(o, "logs", run->logs);
    set_text(o, "version", run->version[0] ? run->version : NULL);
    json_object_set_new(o, "cpu_us", json_integer(run->cpu_us));
    return o;
}
