/*
 * Notices: every summary_every a line per plugin: what its triggers came to, and why it did not
 * act, so that the log alone tells. Counts since the last line; of reasons the most frequent, of
 * errors the last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "core/engine.h"

#define KEPT       12 /* different reasons of one kind between two lines */
#define SHOWN      4
#define TEXT_BYTES 120
#define LINE_BYTES 1000

/* Reasons that differ in their numbers only are one: the last of them is shown. */
struct why {
    char key[TEXT_BYTES + 1], text[TEXT_BYTES + 1];
    uint64_t count;
    bool varied;
};

struct notice {
    uint64_t ended[RUN_STATUS_COUNT];
    struct why noops[KEPT], skips[KEPT];
    uint64_t other_noops, other_skips;
    char error[2 * TEXT_BYTES + 1];
    struct counters before; /* as of the last line */
    int64_t since_ns;       /* when that was */
};

static struct notice *notice_of(struct plugin *p)
{
    if (p->notice == NULL) {
        p->notice = mem_zero(1, sizeof *p->notice);
        p->notice->since_ns = p->engine->started_mono_ns;
    }
    return p->notice;
}

void notices_free(struct plugin *p)
{
    free(p->notice);
    p->notice = NULL;
}

/* ---- counting ---- */

/* The text with every run of digits as one '#'. */
static void make_key(const char *text, char key[TEXT_BYTES + 1])
{
    size_t n = 0;

    for (const char *c = text; *c != '\0'; c++) {
        bool digit = *c >= '0' && *c <= '9';
        if (!digit || n == 0 || key[n - 1] != '#')
            key[n++] = digit ? '#' : *c;
    }
    key[n] = '\0';
}

static void count_why(struct why *list, uint64_t *other, const char *reason)
{
    char text[TEXT_BYTES + 1], key[TEXT_BYTES + 1];

    snprintf(text, sizeof text, "%s", reason ? reason : "(no reason)");
    make_key(text, key);
    for (size_t i = 0; i < KEPT; i++) {
        struct why *w = &list[i];
        if (w->count > 0 && strcmp(w->key, key) != 0)
            continue;
        w->varied |= w->count > 0 && strcmp(w->text, text) != 0;
        memcpy(w->key, key, sizeof key);
        memcpy(w->text, text, sizeof text);
        w->count++;
        return;
    }
    (*other)++;
}

static void note_error(struct notice *n, const struct run *run)
{
    json_t *o = run->error ? json_loads(run->error, 0, NULL) : NULL;
    const char *message = json_string_value(json_object_get(o, "message"));

    snprintf(n->error, sizeof n->error, "%s", message ? message : "(no message)");
    json_decref(o);
}

void notices_count(struct plugin *p, const struct run *run)
{
    struct notice *n;

    if (p->engine->blueprint->config.summary_ms == 0)
        return;
    n = notice_of(p);
    n->ended[run->status]++;
    if (run->status == RUN_NOOP)
        count_why(n->noops, &n->other_noops, run->reason);
    else if (run->status == RUN_SKIPPED || run->status == RUN_CANCELLED)
        count_why(n->skips, &n->other_skips, run->reason);
    else if (run->status == RUN_FAILED || run->status == RUN_REJECTED)
        note_error(n, run);
}

/* ---- telling ---- */

static int more_often(const void *a, const void *b)
{
    const struct why *x = a, *y = b;

    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

/* "412 x no edge; 8 x too soon; 3 x other reasons": NULL when there was none. */
static const char *list_whys(struct buf *out, struct why *list, uint64_t other)
{
    const char *between = "";

    qsort(list, KEPT, sizeof *list, more_often);
    for (size_t i = 0; i < KEPT; i++) {
        if (i >= SHOWN) {
            other += list[i].count;
            continue;
        }
        if (list[i].count == 0)
            continue;
        buf_addf(out, "%s%llu x ", between, (unsigned long long)list[i].count);
        text_add_inert(out, list[i].text, strlen(list[i].text), TEXT_BYTES);
        if (list[i].varied)
            buf_add_str(out, " or with other numbers");
        between = "; ";
    }
    if (other > 0)
        buf_addf(out, "%s%llu x other reasons", between, (unsigned long long)other);
    return out->len > 0 ? buf_text(out) : NULL;
}

static void add_count(struct buf *out, uint64_t count, const char *what)
{
    if (count > 0)
        buf_addf(out, "%s%llu %s", out->len > 0 ? ", " : "", (unsigned long long)count, what);
}

/* "600 ticks: 590 noop, 8 batches, 2 failed"; what has not ended yet is in none of these. */
static const char *list_counts(struct buf *out, const struct notice *n)
{
    add_count(out, n->ended[RUN_NOOP], "noop");
    add_count(out, n->ended[RUN_COMPLETED], n->ended[RUN_COMPLETED] == 1 ? "batch" : "batches");
    add_count(out, n->ended[RUN_REJECTED], "rejected");
    add_count(out, n->ended[RUN_FAILED], "failed");
    add_count(out, n->ended[RUN_SKIPPED], "skipped");
    add_count(out, n->ended[RUN_CANCELLED], "cancelled");
    return out->len > 0 ? buf_text(out) : NULL;
}

static bool is_empty(const struct notice *n)
{
    uint64_t sum = 0;

    for (int i = 0; i < RUN_STATUS_COUNT; i++)
        sum += n->ended[i];
    return sum == 0;
}

static void add_time(struct buf *out, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[40];

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
    buf_add_str(out, text);
}

/* "next cron at …; waits for event topic price.btc": what could still make it act. */
static const char *list_hopes(struct buf *out, const struct plugin *p)
{
    for (size_t i = 0; i < p->timer_count && i < SHOWN; i++) {
        const struct cron_timer *t = &p->timers[i];
        if (t->timer.index == 0)
            continue;
        buf_add_str(out, out->len > 0 ? "; next cron at " : "next cron at ");
        add_time(out, t->timer.due_ms);
    }
    for (size_t i = 0; i < p->manifest.trigger_count; i++) {
        const struct trigger *t = &p->manifest.triggers[i];
        if (t->kind == TRIGGER_EVENT)
            buf_addf(out, "%swaits for event topic %s", out->len > 0 ? "; " : "", t->topic);
        else if (t->kind == TRIGGER_MANUAL)
            buf_addf(out, "%swaits to be fired by hand", out->len > 0 ? "; " : "");
    }
    return out->len > 0 ? buf_text(out) : "it has no trigger";
}

/* Why nothing of it runs, or NULL. */
static const char *trouble(const struct plugin *p)
{
    const struct store *by = plugin_stalled_by(p);

    if (p->stage == STAGE_BROKEN)
        return p->last_error ? p->last_error : "not loaded";
    if (p->stage == STAGE_STANDBY)
        return p->holder;
    if (by != NULL)
        return by->stall;
    return p->health != HEALTHY && p->health_reason != NULL ? p->health_reason : NULL;
}

static const char *number(uint64_t n, char out[24])
{
    if (n == 0)
        return NULL;
    snprintf(out, 24, "%llu", (unsigned long long)n);
    return out;
}

static void tell_counts(struct plugin *p, struct notice *n, const char *seconds)
{
    struct buf counts, noops, skips;
    char waiting[24], missed[24];
    const char *ended;

    buf_init(&counts, LINE_BYTES);
    buf_init(&noops, LINE_BYTES);
    buf_init(&skips, LINE_BYTES);
    ended = list_counts(&counts, n);
    log_write(p->engine->log, LOG_INFO, "summary", "plugin", p->name, "seconds", seconds, "ticks",
              ended ? ended : "none has ended", "noop", list_whys(&noops, n->noops, n->other_noops),
              "skipped", list_whys(&skips, n->skips, n->other_skips), "last error",
              n->error[0] ? n->error : NULL, "waiting", number(p->counters.open, waiting), "missed",
              number(p->counters.missed - n->before.missed, missed), "trouble", trouble(p), NULL);
    buf_release(&counts);
    buf_release(&noops);
    buf_release(&skips);
}

static void tell_silence(const struct plugin *p, const char *seconds)
{
    struct buf hopes;

    buf_init(&hopes, LINE_BYTES);
    log_write(p->engine->log, LOG_INFO, "summary: no trigger fired", "plugin", p->name, "seconds",
              seconds, "triggers", list_hopes(&hopes, p), "trouble", trouble(p), NULL);
    buf_release(&hopes);
}

static void tell(struct plugin *p)
{
    struct notice *n = notice_of(p);
    int64_t now = clock_mono_ns(&p->engine->clock);
    char seconds[32];

    snprintf(seconds, sizeof seconds, "%.0f", (double)(now - n->since_ns) / 1e9);
    if (p->counters.received == n->before.received && p->counters.open == 0 && is_empty(n))
        tell_silence(p, seconds);
    else
        tell_counts(p, n, seconds);
    memset(n, 0, sizeof *n);
    n->before = p->counters;
    n->since_ns = now;
}

static void tell_all(struct engine *engine)
{
    engine->summary_ns = clock_mono_ns(&engine->clock);
    for (size_t i = 0; i < engine->plugin_count; i++)
        tell(engine->plugins[i]);
}

void notices_watch(struct engine *engine)
{
    int64_t every_ns = engine->blueprint->config.summary_ms * 1000000;
    int64_t last = engine->summary_ns != 0 ? engine->summary_ns : engine->started_mono_ns;

    if (every_ns != 0 && clock_mono_ns(&engine->clock) - last >= every_ns)
        tell_all(engine);
}

void notices_finish(struct engine *engine)
{
    if (engine->handles_open && engine->blueprint->config.summary_ms != 0)
        tell_all(engine);
}
