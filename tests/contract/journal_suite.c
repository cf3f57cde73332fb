#include "contract/journal_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "model/value.h"

const char *journal_suite_broken(const char *file, int line, const char *condition)
{
    static char text[512];

    snprintf(text, sizeof text, "%s:%d: %s", file, line, condition);
    return text;
}

const char *journal_suite_run(const struct journal_backend *backend,
                              const struct journal_rule *rule)
{
    struct journal_fixture fixture = {.backend = backend, .where = backend->set_up()};
    const char *broken;

    fixture.journal = backend->open(fixture.where);
    broken = rule->check(&fixture);
    backend->close(fixture.journal, fixture.where);
    backend->tear_down(fixture.where);
    return broken;
}

size_t journal_suite_run_all(const struct journal_backend *backend, journal_told_fn *told,
                             void *arg)
{
    size_t broken = 0;

    for (size_t c = 0; journal_chapters[c] != NULL; c++)
        for (size_t r = 0; r < journal_chapters[c]->count; r++) {
            const struct journal_rule *rule = &journal_chapters[c]->rules[r];
            const char *how = journal_suite_run(backend, rule);
            broken += how != NULL;
            if (!told(arg, rule, how))
                return broken;
        }
    return broken;
}

void journal_suite_reopen(struct journal_fixture *fixture)
{
    fixture->backend->close(fixture->journal, fixture->where);
    fixture->journal = fixture->backend->open(fixture->where);
}

bool suite_ok(int rc, struct error *e)
{
    char text[1200];

    if (rc == 0)
        return true;
    fprintf(stderr, "    %s: %s\n", error_name(e->code), error_format(e, text, sizeof text));
    error_clear(e);
    return false;
}

bool suite_refused(int rc, struct error *e, enum error_code code)
{
    bool right = rc == -1 && e->code == code && e->message[0] != '\0';

    if (!right)
        fprintf(stderr, "    expected %s, got %d %s: %s\n", error_name(code), rc,
                error_name(e->code), e->message);
    error_clear(e);
    return right;
}

bool suite_begin(struct journal *j)
{
    struct error e = ERROR_INIT;

    return suite_ok(journal_begin(j, &e), &e);
}

bool suite_commit(struct journal *j)
{
    struct error e = ERROR_INIT;

    return suite_ok(journal_commit(j, &e), &e);
}

bool suite_run(struct journal *j, uint64_t id, const char *plugin, enum run_status status)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = id, .status = status, .attempts = 1, .finished_ms = (int64_t)id};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    return suite_ok(journal_put_run(j, &run, &e), &e);
}

bool suite_pending(struct journal *j, uint64_t id, const char *plugin)
{
    struct error e = ERROR_INIT;
    struct pending pending = {.id = id, .kind = TRIGGER_MANUAL, .scheduled_ms = (int64_t)id};

    snprintf(pending.plugin, sizeof pending.plugin, "%s", plugin);
    return suite_ok(journal_put_pending(j, &pending, &e), &e);
}

bool suite_change(struct journal *j, uint64_t run, int64_t at_ms,
                  const struct ledger_change *change)
{
    struct error e = ERROR_INIT;

    return suite_ok(journal_put_change(j, run, at_ms, change, &e), &e);
}

static struct buf *fresh_dump(void)
{
    static struct buf dumps[8];
    static unsigned next;
    struct buf *dump = &dumps[next++ % 8];

    buf_release(dump);
    buf_init(dump, 64 * 1024 * 1024);
    return dump;
}

static int add_run(void *arg, const struct run *run)
{
    buf_addf(arg, "%llu:%s:%s ", (unsigned long long)run->id, run->plugin,
             run_status_name(run->status));
    return 0;
}

const char *suite_runs(struct journal *j, const char *plugin, int status, uint64_t before,
                       size_t limit)
{
    struct run_filter filter = {
        .plugin = plugin, .status = status, .before = before, .limit = limit};
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_runs(j, &filter, add_run, dump, &e), &e))
        return "list_runs failed";
    return buf_text(dump);
}

static int add_count(void *arg, const char *plugin, enum run_status status, uint64_t count)
{
    buf_addf(arg, "%s:%s:%llu ", plugin, run_status_name(status), (unsigned long long)count);
    return 0;
}

const char *suite_counts(struct journal *j)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_count_runs(j, add_count, dump, &e), &e))
        return "count_runs failed";
    return buf_text(dump);
}

static const char *absent(const char *text)
{
    return text ? text : "-";
}

/* Objects are compared as such: how a backend writes them is its own. */
static void add_json(struct buf *dump, const char *text)
{
    json_t *value = text == NULL ? NULL : value_parse(text, strlen(text), SIZE_MAX, NULL);

    if (value == NULL)
        buf_add_str(dump, absent(text));
    else
        value_write(dump, value);
    json_decref(value);
}

static int add_pending(void *arg, const struct pending *p)
{
    buf_addf(arg, "%llu:%s:%s:%s:%s:%lld:%llu:%u", (unsigned long long)p->id, p->plugin,
             trigger_kind_name(p->kind), absent(p->topic), absent(p->payload),
             (long long)p->scheduled_ms, (unsigned long long)p->parent, p->depth);
    if (p->deadline_ms != 0)
        buf_addf(arg, ":within %lld", (long long)p->deadline_ms);
    buf_add_char(arg, ' ');
    return 0;
}

const char *suite_pendings(struct journal *j)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_pending(j, add_pending, dump, &e), &e))
        return "list_pending failed";
    return buf_text(dump);
}

static int add_position(void *arg, const struct position *p)
{
    buf_addf(arg, "[%d %s %llu %llu %d %llu %llu %lld %lld]", p->kind, p->market_id,
             (unsigned long long)p->strike, (unsigned long long)p->higher, p->is_up,
             (unsigned long long)p->quantity, (unsigned long long)p->cost, (long long)p->opened_ms,
             (long long)p->expiry_ms);
    return 0;
}

static int add_spend(void *arg, const struct spend *s)
{
    buf_addf(arg, "{%lld %llu}", (long long)s->at_ms, (unsigned long long)s->amount);
    return 0;
}

static void add_account(struct buf *dump, const struct vault_account *a)
{
    const uint64_t amounts[] = {
        a->quote,         a->pm,         a->plp_shares,        a->deposited, a->realised_gain,
        a->realised_loss, a->high_water, a->fees_crystallized, a->plp_cost,  a->version};

    buf_addf(dump, "%s", a->id);
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        buf_addf(dump, " %llu", (unsigned long long)amounts[i]);
}

const char *suite_vault(struct journal *j, const char *vault)
{
    struct buf *dump = fresh_dump();
    struct vault_account account;
    struct error e = ERROR_INIT;
    bool found = false;

    if (!suite_ok(journal_load_account(j, vault, &found, &account, &e), &e))
        return "load_account failed";
    if (found)
        add_account(dump, &account);
    if (!suite_ok(journal_load_positions(j, vault, add_position, dump, &e), &e) ||
        !suite_ok(journal_load_spend(j, vault, 0, add_spend, dump, &e), &e))
        return "load failed";
    return buf_text(dump);
}

/* ---- the execution store ---- */

static int add_id(void *arg, const struct run *run)
{
    buf_addf(arg, "%llu ", (unsigned long long)run->id);
    return 0;
}

const char *suite_filtered(struct journal *j, const struct run_filter *filter)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_runs(j, filter, add_id, dump, &e), &e))
        return "list_runs failed";
    return buf_text(dump);
}

static int add_open(void *arg, const struct run *run)
{
    buf_addf(arg, "%llu:%s ", (unsigned long long)run->id, run_status_name(run->status));
    return 0;
}

const char *suite_open_ones(struct journal *j, int64_t before_ms, size_t limit)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_open(j, before_ms, limit, add_open, dump, &e), &e))
        return "list_open failed";
    return buf_text(dump);
}

static int add_result(void *arg, uint32_t index, const char *json)
{
    buf_addf(arg, "%u=", index);
    add_json(arg, json);
    buf_add_str(arg, " ");
    return 0;
}

const char *suite_results(struct journal *j, uint64_t run, const uint32_t *indices, size_t count)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_get_results(j, run, indices, count, add_result, dump, &e), &e))
        return "get_results failed";
    return buf_text(dump);
}

static int add_log(void *arg, const struct run_log *log)
{
    buf_addf(arg, "%lld:%s:%s:%s:", (long long)log->at_ms, log_level_name(log->level), log->from,
             log->message);
    add_json(arg, log->fields);
    buf_add_str(arg, " ");
    return 0;
}

const char *suite_logs(struct journal *j, uint64_t run)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;
    uint64_t dropped = 77;

    if (!suite_ok(journal_list_logs(j, run, add_log, dump, &dropped, &e), &e))
        return "list_logs failed";
    buf_addf(dump, "dropped %llu", (unsigned long long)dropped);
    return buf_text(dump);
}

static int add_span(void *arg, const struct span *span)
{
    buf_addf(arg, "%s:%s:%lld:%lld:%s:", span->id, span->name, (long long)span->start_us,
             (long long)span->end_us, span->status);
    add_json(arg, span->metadata);
    buf_add_str(arg, " ");
    return 0;
}

const char *suite_trace(struct journal *j, uint64_t run)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_get_trace(j, run, add_span, dump, &e), &e))
        return "get_trace failed";
    return buf_text(dump);
}

static int add_version(void *arg, const struct strategy_version *v)
{
    buf_addf(arg, "%s#%u:%.4s:%s:%s:%s:%lld%s ", v->strategy, v->number, v->hash,
             absent(v->content), v->note, v->author, (long long)v->created_ms,
             v->is_current ? ":current" : "");
    return 0;
}

const char *suite_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_versions(j, strategy, before, limit, add_version, dump, &e), &e))
        return "list_versions failed";
    return buf_text(dump);
}

const char *suite_version(struct journal *j, const char *strategy, uint32_t number)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_get_version(j, strategy, number, add_version, dump, &e), &e))
        return "get_version failed";
    return buf_text(dump);
}

static int add_strategy(void *arg, const struct strategy *s)
{
    buf_addf(arg, "%s:%d:%u/%u:%lld:%lld ", s->name, s->is_active, s->current, s->versions,
             (long long)s->created_ms, (long long)s->changed_ms);
    return 0;
}

const char *suite_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_strategies(j, active_only, limit, offset, add_strategy, dump, &e),
                  &e))
        return "list_strategies failed";
    return buf_text(dump);
}

const char *suite_snapshot(struct journal *j, const char *digest)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;
    char *text = NULL;

    if (!suite_ok(journal_get_snapshot(j, digest, &text, &e), &e))
        return "get_snapshot failed";
    buf_add_str(dump, absent(text));
    free(text);
    return buf_text(dump);
}

static int add_cursor(void *arg, const struct cursor *c)
{
    buf_addf(arg, "%s=%s:%llu:%lld ", c->source, c->value, (unsigned long long)c->events,
             (long long)c->at_ms);
    return 0;
}

const char *suite_cursors(struct journal *j, const char *source)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_cursors(j, source, add_cursor, dump, &e), &e))
        return "list_cursors failed";
    return buf_text(dump);
}

static int add_dead(void *arg, const struct dead_letter *d)
{
    buf_addf(arg, "%llu:%s:%s:%llu ", (unsigned long long)d->run, d->plugin,
             dead_state_name(d->state), (unsigned long long)d->retry);
    return 0;
}

const char *suite_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                       size_t limit)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_list_dead(j, plugin, state, before, limit, add_dead, dump, &e), &e))
        return "list_dead failed";
    return buf_text(dump);
}

const char *suite_stats(struct journal *j)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;
    struct journal_stats s;

    if (!suite_ok(journal_stats(j, &s, &e), &e))
        return "stats failed";
    buf_addf(dump, "runs %llu open %llu oldest %llu versions %llu", (unsigned long long)s.runs,
             (unsigned long long)s.open_runs, (unsigned long long)s.oldest,
             (unsigned long long)s.versions);
    buf_addf(dump, " snapshots %llu of %llu pending %llu dead %llu",
             (unsigned long long)s.snapshots, (unsigned long long)s.snapshot_bytes,
             (unsigned long long)s.pending, (unsigned long long)s.dead_open);
    buf_addf(dump, " sending %llu", (unsigned long long)s.submissions_open);
    return buf_text(dump);
}

const char *suite_note(struct journal *j, const char *source, const char *events, int64_t at_ms)
{
    const char *list[16];
    bool is_new[16] = {false};
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;
    char *copy = mem_strdup(events), *rest = copy, *word;
    size_t count = 0;

    while (count < 16 && (word = strtok_r(rest, " ", &rest)) != NULL)
        list[count++] = word;
    if (!suite_begin(j) ||
        !suite_ok(journal_note_events(j, source, list, count, at_ms, is_new, &e), &e) ||
        !suite_commit(j)) {
        free(copy);
        return "note_events failed";
    }
    for (size_t i = 0; i < count; i++)
        buf_add_str(dump, is_new[i] ? "1" : "0");
    free(copy);
    return buf_text(dump);
}

bool suite_open(struct journal *j, uint64_t id, enum run_status status)
{
    struct run run = {.id = id, .plugin = "p", .status = status, .started_ms = (int64_t)id};
    struct error e = ERROR_INIT;

    return suite_begin(j) && suite_ok(journal_create_run(j, &run, &e), &e) && suite_commit(j);
}

static int add_parts(void *arg, const struct run *run)
{
    uint64_t **next = arg;

    *(*next)++ = run->id;
    return 0;
}

/* The parts of every run there is. */
static void dump_parts(struct journal *j, struct buf *out)
{
    static const uint32_t indices[] = {0, 1, 2, 3};
    struct run_filter filter = {.status = -1, .limit = 100};
    struct error e = ERROR_INIT;
    uint64_t ids[100], *next = ids;

    if (!suite_ok(journal_list_runs(j, &filter, add_parts, &next, &e), &e))
        return;
    for (const uint64_t *id = ids; id < next; id++) {
        buf_addf(out, "run %s\n", suite_whole_run(j, *id));
        buf_addf(out, "  results %s\n  logs %s\n  trace %s\n", suite_results(j, *id, indices, 4),
                 suite_logs(j, *id), suite_trace(j, *id));
    }
}

const char *suite_everything(struct journal *j)
{
    static struct buf dumps[2];
    static unsigned next;
    struct buf *out = &dumps[next++ % 2];
    struct error e = ERROR_INIT;
    uint64_t last = 0;

    buf_release(out);
    buf_init(out, 64 * 1024 * 1024);
    if (!suite_ok(journal_last_id(j, &last, &e), &e))
        return "last_id failed";
    buf_addf(out, "runs %s\ncounts %s\n", suite_runs(j, NULL, -1, 0, 100), suite_counts(j));
    buf_addf(out, "pending %s\nvaults %s | %s\n", suite_pendings(j), suite_vault(j, "v"),
             suite_vault(j, "w"));
    buf_addf(out, "last %llu\n%s\n", (unsigned long long)last, suite_stats(j));
    dump_parts(j, out);
    buf_addf(out, "strategies %s\n", suite_strategies(j, false, 100, 0));
    buf_addf(out, "versions %s | %s\n", suite_versions(j, "s", 0, 100),
             suite_versions(j, "t", 0, 100));
    buf_addf(out, "cursors %s\ndead %s\n", suite_cursors(j, NULL), suite_dead(j, NULL, -1, 0, 100));
    buf_addf(out, "outbox %s\n", suite_whole_outbox(j));
    return buf_text(out);
}

const char *suite_text_of(const struct run *r)
{
    struct buf *dump = fresh_dump();

    buf_addf(dump, "%llu %s %s %s %s %s %s ", (unsigned long long)r->id, r->plugin, r->vault,
             run_status_name(r->status), trigger_kind_name(r->trigger), absent(r->topic),
             absent(r->payload));
    buf_addf(dump, "%lld %lld %lld %llu %llu %u %u %d ", (long long)r->scheduled_ms,
             (long long)r->started_ms, (long long)r->finished_ms, (unsigned long long)r->seed,
             (unsigned long long)r->parent, r->depth, r->attempts, r->dry_run);
    buf_addf(dump, "%s %s %s %s %s %s %u ", absent(r->reason), absent(r->error), absent(r->actions),
             absent(r->result), absent(r->logs), r->version, r->cpu_us);
    buf_addf(dump, "%s %s %lld %lld %d ", absent(r->spans), absent(r->seen),
             (long long)r->commit_us, (long long)r->deadline_ms, r->timed_out);
    add_json(dump, r->metadata);
    return buf_text(dump);
}

static int copy_text(void *arg, const struct run *run)
{
    *(const char **)arg = suite_text_of(run);
    return 0;
}

const char *suite_whole_run(struct journal *j, uint64_t id)
{
    const char *text = "";
    struct error e = ERROR_INIT;

    if (!suite_ok(journal_get_run(j, id, copy_text, &text, &e), &e))
        return "get_run failed";
    return text;
}
