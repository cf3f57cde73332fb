/* What "status" says (see control.h). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/db_calls.h"
#include "core/engine.h"
#include "core/intake.h"
#include "core/outbox.h"
#include "model/value.h"

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text(const char *s)
{
    return s != NULL && s[0] != '\0' ? json_string(s) : json_null();
}

static json_t *counters_json(const struct counters *c, uint64_t queued)
{
    json_t *o = json_object();

    json_object_set_new(o, "received", count(c->received));
    for (int i = RUN_NOOP; i < RUN_STATUS_COUNT; i++)
        json_object_set_new(o, run_status_name((enum run_status)i), count(c->ended[i]));
    json_object_set_new(o, "running", count(c->open - queued));
    json_object_set_new(o, "queued", count(queued));
    json_object_set_new(o, "requeued", count(c->requeued));
    json_object_set_new(o, "missed", count(c->missed));
    return o;
}

static json_t *triggers_json(const struct manifest *m)
{
    json_t *list = json_array();

    for (size_t i = 0; i < m->trigger_count; i++) {
        struct buf line;
        buf_init(&line, 1024);
        trigger_describe(&m->triggers[i], &line);
        json_array_append_new(list, json_string(buf_text(&line)));
        buf_release(&line);
    }
    return list;
}

static json_t *next_due(const struct plugin *p)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < p->timer_count; i++)
        if (p->timers[i].timer.index != 0 && p->timers[i].timer.due_ms < next)
            next = p->timers[i].timer.due_ms;
    return next == INT64_MAX ? json_null() : json_integer(next);
}

static const char *health_name(const struct plugin *p)
{
    static const char *const names[] = {"healthy", "unhealthy", "quarantined"};

    if (p->stage == STAGE_BROKEN || p->stage == STAGE_STANDBY)
        return p->stage == STAGE_BROKEN ? "broken" : "standby";
    return names[p->health];
}

static json_t *plugin_json(const struct plugin *p)
{
    json_t *o = json_object();
    struct error ignored = ERROR_INIT;
    const struct store *by = plugin_stalled_by(p);
    json_t *last = p->last_error
                       ? value_parse(p->last_error, strlen(p->last_error), SIZE_MAX, &ignored)
                       : NULL;

    json_object_set_new(o, "name", text(p->name));
    json_object_set_new(o, "file", text(p->file.path));
    json_object_set_new(o, "version", text(p->version));
    json_object_set_new(o, "vault", text(p->vault->config->id));
    json_object_set_new(o, "health", text(health_name(p)));
    json_object_set_new(o, "reason",
                        text(p->stage == STAGE_BROKEN    ? p->last_error
                             : p->stage == STAGE_STANDBY ? p->holder
                             : by != NULL                ? by->stall
                                                         : p->health_reason));
    json_object_set_new(o, "waits_for_store", json_boolean(by != NULL));
    json_object_set_new(o, "lease", p->token ? json_integer((json_int_t)p->token) : json_null());
    json_object_set_new(o, "skip_left", json_integer(p->skip_left));
    json_object_set_new(o, "worker", json_integer(p->worker->index));
    json_object_set_new(o, "running", json_integer(p->running));
    json_object_set_new(o, "queued", json_integer(p->queued));
    json_object_set_new(o, "next_due", next_due(p));
    json_object_set_new(o, "counters", counters_json(&p->counters, p->queued));
    json_object_set_new(o, "state_url", text(p->state->label));
    json_object_set_new(o, "state_keys", count(p->state_keys));
    json_object_set_new(o, "db", db_calls_status(p));
    json_object_set_new(o, "memory", count(p->memory));
    json_object_set_new(o, "last_error", last ? last : text(p->last_error));
    json_object_set_new(o, "triggers", triggers_json(&p->manifest));
    return o;
}

/* What the open positions cost. */
static json_t *exposure(const json_t *snapshot)
{
    uint64_t total = 0, cost;
    const json_t *position;
    size_t i;

    json_array_foreach(json_object_get(snapshot, "positions"), i,
                       position) if (value_to_u64(json_object_get(position, "cost"), &cost) == 0)
        total += cost; /* a vault's amounts fit 63 bits together */
    return value_from_u64(total);
}

static json_t *vault_json(struct vault *v)
{
    struct error ignored = ERROR_INIT;
    json_t *snapshot, *o = json_object();
    static const char *const fields[] = {"nav",         "quote_balance",  "pm_balance",
                                         "positions",   "open_positions", "is_frozen",
                                         "permissions", "plp_shares"};

    vault_refresh(v);
    snapshot = value_parse(v->snapshot, strlen(v->snapshot), SIZE_MAX, &ignored);
    json_object_set_new(o, "id", text(v->config->id));
    json_object_set_new(o, "executor", text(v->config->executor));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        json_object_set(o, fields[i], json_object_get(snapshot, fields[i]));
    json_object_set_new(o, "exposure", exposure(snapshot));
    json_object_set_new(o, "batches", count(v->batches));
    json_decref(snapshot);
    return o;
}

static json_t *feed_json(const struct feed_slot *s)
{
    static const char *const kinds[] = {"sim", "csv", "http"};
    json_t *o = json_object();

    json_object_set_new(o, "name", text(s->config->name));
    json_object_set_new(o, "kind", text(kinds[s->config->kind]));
    json_object_set_new(o, "spot",
                        s->feed->market.at_ms ? json_real(s->feed->market.spot) : json_null());
    json_object_set_new(o, "at",
                        s->feed->market.at_ms ? json_integer(s->feed->market.at_ms) : json_null());
    json_object_set_new(o, "stale", json_boolean(s->feed->market.stale));
    json_object_set_new(o, "updates", count(s->feed->updates));
    json_object_set_new(o, "failures", count(s->feed->failures));
    json_object_set_new(o, "last_error", text(s->feed->last_error));
    return o;
}

static const char *store_state(const struct store *s, const struct store_health *h)
{
    if (h->stalled || s->slow)
        return s->is_server && !h->opened ? "connecting" : "away";
    return "working";
}

/* What the plugins that wait for it say; it may have gone so recently that they do not know. */
static const char *stall_of(const struct store *s, const struct store_health *h)
{
    if (h->stalled && !s->stalled)
        return h->error.message;
    return h->stalled || s->slow ? s->stall : NULL;
}

static json_t *store_json(struct store *s)
{
    json_t *o = json_object();
    struct store_health h;

    store_health_get(s, &h);
    json_object_set_new(o, "url", text(s->label));
    json_object_set_new(o, "role", text(s->is_journal ? "journal" : "state"));
    json_object_set_new(o, "state", text(store_state(s, &h)));
    json_object_set_new(o, "connection", json_integer((json_int_t)s->shard));
    json_object_set_new(o, "depth", count(store_depth(s)));
    json_object_set_new(o, "commits", count(atomic_load(&s->commits)));
    json_object_set_new(o, "ticks", count(atomic_load(&s->ticks)));
    json_object_set_new(o, "latency_us", json_integer((json_int_t)h.latency_us));
    json_object_set_new(o, "degraded", json_boolean(store_is_degraded(s, &h)));
    json_object_set_new(o, "slow_at", h.slow_ms ? json_integer(h.slow_ms) : json_null());
    json_object_set_new(o, "slow_us", json_integer(h.slow_us));
    json_object_set_new(o, "stalled", json_boolean(h.stalled || s->slow));
    json_object_set_new(o, "stall", text(stall_of(s, &h)));
    json_object_set_new(o, "failures", count(h.failures));
    json_object_set_new(o, "last_error", text(h.error_ms != 0 ? h.error.message : NULL));
    json_object_set_new(o, "last_error_code",
                        text(h.error_ms != 0 ? error_name(h.error.code) : NULL));
    json_object_set_new(o, "last_error_at", h.error_ms ? json_integer(h.error_ms) : json_null());
    json_object_set_new(o, "warnings", text(h.warnings[0] ? h.warnings : NULL));
    return o;
}

static json_t *worker_json(const struct engine *engine, const struct crew_member *m)
{
    json_int_t plugins = 0;

    for (size_t i = 0; i < engine->plugin_count; i++)
        plugins += engine->plugins[i]->worker == m;
    return json_pack("{s:i, s:i, s:I, s:I, s:I}", "index", m->index, "pid",
                     m->link.alive ? (int)m->link.child.pid : 0, "plugins", plugins, "restarts",
                     (json_int_t)m->deaths, "cpu_ms",
                     (json_int_t)(m->link.alive ? child_cpu_ns(&m->link.child) / 1000000 : 0));
}

static int more_often(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    json_int_t n = json_integer_value(json_object_get(x, "count")),
               m = json_integer_value(json_object_get(y, "count"));

    return n < m ? 1 : n > m ? -1 : 0;
}

static json_t *reasons_json(const struct engine *engine)
{
    json_t **all = mem_zero(engine->plugin_count * REASONS, sizeof *all);
    json_t *list = json_array();
    size_t n = 0;

    for (size_t i = 0; i < engine->plugin_count; i++) {
        const struct plugin *p = engine->plugins[i];
        for (size_t j = 0; j < REASONS; j++)
            if (p->reasons[j].count > 0)
                all[n++] =
                    json_pack("{s:s, s:s, s:I}", "plugin", p->name, "reason", p->reasons[j].reason,
                              "count", (json_int_t)p->reasons[j].count);
    }
    qsort(all, n, sizeof(json_t *), more_often);
    for (size_t i = 0; i < n; i++) {
        if (i < 20)
            json_array_append_new(list, all[i]);
        else
            json_decref(all[i]);
    }
    free(all);
    return list;
}

static void add_lists(struct engine *engine, json_t *o)
{
    json_t *plugins = json_array(), *vaults = json_array(), *feeds = json_array(),
           *stores = json_array(), *workers = json_array();

    for (size_t i = 0; i < engine->plugin_count; i++)
        json_array_append_new(plugins, plugin_json(engine->plugins[i]));
    for (size_t i = 0; i < engine->vault_count; i++)
        json_array_append_new(vaults, vault_json(&engine->vaults[i]));
    for (size_t i = 0; i < engine->feed_count; i++)
        json_array_append_new(feeds, feed_json(&engine->feeds[i]));
    for (size_t i = 0; i < engine->commits.count; i++)
        json_array_append_new(stores, store_json(engine->commits.items[i]));
    for (size_t i = 0; i < engine->crew_count; i++)
        json_array_append_new(workers, worker_json(engine, &engine->crew[i]));
    json_object_set_new(o, "plugins", plugins);
    json_object_set_new(o, "vaults", vaults);
    json_object_set_new(o, "feeds", feeds);
    json_object_set_new(o, "sources", intake_json(engine));
    json_object_set_new(o, "stores", stores);
    json_object_set_new(o, "workers", workers);
}

json_t *status_json(struct engine *engine)
{
    json_t *o = json_object();

    json_object_set_new(o, "version", text(engine->registry->version));
    json_object_set_new(o, "lua", text(engine->blueprint->lua));
    json_object_set_new(o, "desk", text(engine->options.desk));
    json_object_set_new(o, "pid", json_integer(getpid()));
    json_object_set_new(o, "started_at", json_integer(engine->started_ms));
    json_object_set_new(o, "now", json_integer(clock_now_ms(&engine->clock)));
    json_object_set_new(
        o, "uptime_ms",
        json_integer((clock_mono_ns(&engine->clock) - engine->started_mono_ns) / 1000000));
    json_object_set_new(o, "dry_run", json_boolean(engine->options.dry_run));
    json_object_set_new(o, "clock", text(engine->data_clock ? "data" : "real"));
    json_object_set_new(o, "state",
                        text(engine->stalled    ? "stalled"
                             : engine->draining ? "draining"
                                                : "running"));
    json_object_set_new(o, "stall", text(engine->stalled ? engine->commits.journal->stall : NULL));
    json_object_set_new(o, "counters", counters_json(&engine->counters, engine->waiting));
    json_object_set_new(o, "noop_reasons", reasons_json(engine));
    json_object_set_new(o, "journal", survey_json(engine));
    json_object_set_new(o, "retention", retention_json(engine));
    json_object_set_new(o, "dead_made", count(engine->buried));
    json_object_set_new(o, "long_running", lateness_json(engine));
    json_object_set_new(o, "live", json_boolean(engine->options.live));
    json_object_set_new(o, "transactions", outbox_json(engine));
    json_object_set_new(o, "outside", outbox_vaults_json(engine));
    add_lists(engine, o);
    return o;
}
