#include "contract/journal_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

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

void journal_suite_reopen(struct journal_fixture *fixture)
{
    fixture->backend->close(fixture->journal, fixture->where);
    fixture->journal = fixture->backend->open(fixture->where);
}

static bool ok(int rc, const struct error *e)
{
    char text[1200];

    if (rc == 0)
        return true;
    fprintf(stderr, "    %s: %s\n", error_name(e->code), error_format(e, text, sizeof text));
    return false;
}

bool suite_begin(struct journal *j)
{
    struct error e = ERROR_INIT;

    return ok(journal_begin(j, &e), &e);
}

bool suite_commit(struct journal *j)
{
    struct error e = ERROR_INIT;

    return ok(journal_commit(j, &e), &e);
}

bool suite_run(struct journal *j, uint64_t id, const char *plugin, enum run_status status)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = id, .status = status, .attempts = 1, .finished_ms = (int64_t)id};

    snprintf(run.plugin, sizeof run.plugin, "%s", plugin);
    return ok(journal_put_run(j, &run, &e), &e);
}

bool suite_pending(struct journal *j, uint64_t id, const char *plugin)
{
    struct error e = ERROR_INIT;
    struct pending pending = {.id = id, .kind = TRIGGER_MANUAL, .scheduled_ms = (int64_t)id};

    snprintf(pending.plugin, sizeof pending.plugin, "%s", plugin);
    return ok(journal_put_pending(j, &pending, &e), &e);
}

bool suite_change(struct journal *j, uint64_t run, int64_t at_ms,
                  const struct ledger_change *change)
{
    struct error e = ERROR_INIT;

    return ok(journal_put_change(j, run, at_ms, change, &e), &e);
}

static struct buf *fresh_dump(void)
{
    static struct buf dumps[4];
    static unsigned next;
    struct buf *dump = &dumps[next++ % 4];

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

    if (!ok(journal_list_runs(j, &filter, add_run, dump, &e), &e))
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

    if (!ok(journal_count_runs(j, add_count, dump, &e), &e))
        return "count_runs failed";
    return buf_text(dump);
}

static const char *absent(const char *text)
{
    return text ? text : "-";
}

static int add_pending(void *arg, const struct pending *p)
{
    buf_addf(arg, "%llu:%s:%s:%s:%s:%lld:%llu:%u ", (unsigned long long)p->id, p->plugin,
             trigger_kind_name(p->kind), absent(p->topic), absent(p->payload),
             (long long)p->scheduled_ms, (unsigned long long)p->parent, p->depth);
    return 0;
}

const char *suite_pendings(struct journal *j)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!ok(journal_list_pending(j, add_pending, dump, &e), &e))
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

    if (!ok(journal_load_account(j, vault, &found, &account, &e), &e))
        return "load_account failed";
    if (found)
        add_account(dump, &account);
    if (!ok(journal_load_positions(j, vault, add_position, dump, &e), &e) ||
        !ok(journal_load_spend(j, vault, 0, add_spend, dump, &e), &e))
        return "load failed";
    return buf_text(dump);
}

const char *suite_everything(struct journal *j)
{
    static char text[2][8192];
    static unsigned next;
    char *out = text[next++ % 2];
    struct error e = ERROR_INIT;
    uint64_t last = 0;

    if (!ok(journal_last_id(j, &last, &e), &e))
        return "last_id failed";
    snprintf(out, sizeof text[0], "runs %s\ncounts %s\npending %s\n",
             suite_runs(j, NULL, -1, 0, 100), suite_counts(j), suite_pendings(j));
    snprintf(out + strlen(out), sizeof text[0] - strlen(out), "vaults %s | %s\nlast %llu\n",
             suite_vault(j, "v"), suite_vault(j, "w"), (unsigned long long)last);
    return out;
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
    buf_addf(dump, "%s %s %s %s %s %s %u", absent(r->reason), absent(r->error), absent(r->actions),
             absent(r->result), absent(r->logs), r->version, r->cpu_us);
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

    if (!ok(journal_get_run(j, id, copy_text, &text, &e), &e))
        return "get_run failed";
    return text;
}
