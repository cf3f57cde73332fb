#include "bench/journal_fill.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"

#define TEXT 1024

/* The texts of one run. */
struct texts {
    char reason[128], error[192], actions[512], result[256], logs[512], spans[128], seen[TEXT];
    char payload[128];
};

void fill_plugin(uint64_t index, char out[LIMIT_NAME_BYTES + 1])
{
    if (index == UINT64_MAX)
        snprintf(out, LIMIT_NAME_BYTES + 1, "rare");
    else
        snprintf(out, LIMIT_NAME_BYTES + 1, "strategy-%03llu", (unsigned long long)index);
}

void fill_version(uint64_t plugin, uint64_t number, char out[DIGEST_TEXT_SIZE])
{
    uint64_t a = random_mix(plugin + 1, number + 1), b = random_mix(a, 7);

    snprintf(out, DIGEST_TEXT_SIZE, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

uint64_t fill_id(const struct filling *f, uint64_t index)
{
    uint64_t span = (uint64_t)(f->to_ms - f->from_ms);
    uint64_t ms = (uint64_t)f->from_ms + (uint64_t)((double)index / (double)f->runs * (double)span);

    return ms << 21 | (index & ((1 << 21) - 1));
}

/* Nine of ten runs are a tenth of the strategies'. */
uint64_t fill_draw_plugin(struct random *r, uint64_t plugins)
{
    uint64_t few = plugins / 10 > 0 ? plugins / 10 : 1;

    return random_below(r, 10) < 9 ? random_below(r, few) : random_below(r, plugins);
}

static enum run_status draw_status(struct random *r)
{
    uint64_t n = random_below(r, 10000);

    if (n < 8000)
        return RUN_NOOP;
    if (n < 9200)
        return RUN_COMPLETED;
    if (n < 9500)
        return RUN_REJECTED;
    if (n < 9700)
        return RUN_FAILED;
    return n < 9999 ? RUN_SKIPPED : RUN_CANCELLED;
}

static void write_seen(struct texts *t, struct random *r, struct run *run)
{
    snprintf(t->seen, sizeof t->seen,
             "{\"vault\":\"%016llx\",\"market\":{\"btc\":\"%016llx\"},\"params\":\"%016llx\","
             "\"reads\":{\"n\":%llu,\"last_price\":%llu.25,\"armed\":true},\"limits\":{\"memory\":"
             "16777216,\"soft_ms\":100,\"value_bytes\":65536,\"state_bytes\":8388608}}",
             (unsigned long long)random_next(r), (unsigned long long)random_next(r),
             (unsigned long long)(random_next(r) % 64), (unsigned long long)random_below(r, 100000),
             (unsigned long long)(90000 + random_below(r, 20000)));
    snprintf(
        t->spans, sizeof t->spans,
        "{\"at\":%lld,\"spans\":[[\"queue\",0,%llu],[\"decide\",120,%llu],[\"plan\",341,360]]}",
        (long long)run->started_ms * 1000, (unsigned long long)random_below(r, 900),
        (unsigned long long)(200 + random_below(r, 900)));
    run->seen = t->seen;
    run->spans = t->spans;
}

static void write_logs(struct texts *t, struct random *r, struct run *run)
{
    snprintf(t->logs, sizeof t->logs,
             "[{\"level\":\"info\",\"message\":\"edge below the threshold\",\"fields\":{\"edge\":"
             "0.%03llu,\"spot\":%llu,\"sigma\":0.62}},{\"level\":\"debug\",\"message\":\"book is "
             "thin\"}]",
             (unsigned long long)random_below(r, 1000),
             (unsigned long long)(90000 + random_below(r, 20000)));
    run->logs = t->logs;
}

static void write_actions(struct texts *t, struct random *r, struct run *run)
{
    snprintf(t->actions, sizeof t->actions,
             "[{\"kind\":\"mint_binary\",\"market_id\":\"btc-%llu\",\"strike\":%llu000000000,"
             "\"is_up\":true,\"quantity\":5000000}]",
             (unsigned long long)random_below(r, 5000),
             (unsigned long long)(90000 + random_below(r, 20000)));
    run->actions = t->actions;
    snprintf(t->result, sizeof t->result, "{\"digest\":\"%016llx%016llx\",\"events\":[]}",
             (unsigned long long)random_next(r), (unsigned long long)random_next(r));
    if (run->status == RUN_COMPLETED)
        run->result = t->result;
}

static void write_texts(struct texts *t, struct random *r, struct run *run)
{
    snprintf(t->reason, sizeof t->reason, "edge 0.%03llu is below %s",
             (unsigned long long)random_below(r, 1000), "the threshold of this strategy");
    if (run->status == RUN_SKIPPED || run->status == RUN_CANCELLED) {
        run->reason = t->reason;
        run->started_ms = 0;
        return;
    }
    write_seen(t, r, run);
    if (random_below(r, 10) < 3)
        write_logs(t, r, run);
    if (run->status == RUN_NOOP || run->status == RUN_REJECTED)
        run->reason = t->reason;
    if (run->status == RUN_COMPLETED || run->status == RUN_REJECTED)
        write_actions(t, r, run);
    if (run->status == RUN_FAILED) {
        snprintf(t->error, sizeof t->error,
                 "{\"code\":\"SCRIPT\",\"message\":\"attempt to index a nil value (field "
                 "'%llu')\",\"where\":\"strategies/first.lua\",\"line\":%llu}",
                 (unsigned long long)random_below(r, 30), (unsigned long long)random_below(r, 90));
        run->error = t->error;
    }
}

static void make_run(const struct filling *f, struct random *r, uint64_t index, struct texts *t,
                     struct run *run)
{
    uint64_t plugin = index % f->rare == f->rare / 2 ? UINT64_MAX : fill_draw_plugin(r, f->plugins);
    uint64_t version = (uint64_t)((double)index / (double)f->runs * FILL_VERSIONS);

    *run = (struct run){.id = fill_id(f, index), .status = draw_status(r), .attempts = 1};
    run->scheduled_ms = id_time_ms(run->id);
    run->started_ms = run->finished_ms = run->scheduled_ms;
    run->seed = random_next(r);
    run->cpu_us = (uint32_t)random_below(r, 900);
    fill_plugin(plugin, run->plugin);
    snprintf(run->vault, sizeof run->vault, "btc-vault");
    fill_version(plugin, version, run->version);
    if (index > 1000 && random_below(r, 100) < 3) {
        static char topic[] = "price.btc";
        run->trigger = TRIGGER_EVENT;
        run->topic = topic;
        run->parent = fill_id(f, index - 1 - random_below(r, 1000));
        run->depth = 1;
        snprintf(t->payload, sizeof t->payload, "{\"spot\":%llu}",
                 (unsigned long long)random_below(r, 100000));
        run->payload = t->payload;
    }
    write_texts(t, r, run);
}

static int fill_group(struct journal *j, const struct filling *f, struct random *r, uint64_t from,
                      uint64_t to, struct error *e)
{
    struct texts texts;
    struct run run;

    if (journal_begin(j, e) < 0)
        return -1;
    for (uint64_t i = from; i < to; i++) {
        make_run(f, r, i, &texts, &run);
        if (journal_put_run(j, &run, e) < 0) {
            journal_rollback(j);
            return -1;
        }
    }
    if (journal_commit(j, e) == 0)
        return 0;
    journal_rollback(j);
    return -1;
}

int fill_journal(struct journal *j, const struct filling *f, struct error *e)
{
    struct random r;

    random_init(&r, 42);
    for (uint64_t i = 0; i < f->runs; i += f->group) {
        uint64_t end = f->runs - i > f->group ? i + f->group : f->runs;
        if (fill_group(j, f, &r, i, end, e) < 0)
            return -1;
        if (f->progress != NULL)
            f->progress(end, f->runs);
    }
    return 0;
}
