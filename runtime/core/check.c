/* What commands ask of a desk without running it: the check, its configuration, and the proof of
 * the jail. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/blueprint.h"
#include "core/desk.h"
#include "core/registry.h"
#include "core/session.h"
#include "io/confine.h"

/* "event trades from table trades of indexer" */
static void describe_event(const struct trigger *t, struct buf *out)
{
    buf_addf(out, "event %s", t->topic);
    if (t->source == NULL)
        return;
    buf_add_str(out, " from ");
    event_source_describe(t->source, out);
}

void trigger_describe(const struct trigger *t, struct buf *out)
{
    if (t->kind == TRIGGER_EVENT)
        describe_event(t, out);
    else if (t->kind == TRIGGER_MANUAL)
        buf_add_str(out, "manual");
    else if (t->cron.every_ms > 0)
        buf_addf(out, "every %gs", (double)t->cron.every_ms / 1000);
    else
        buf_addf(out, "cron%s%s", t->cron.tz[0] ? " " : "", t->cron.tz);
}

static char *describe_triggers(const struct manifest *m)
{
    struct buf out;

    buf_init(&out, 4096);
    for (size_t i = 0; i < m->trigger_count; i++) {
        if (i > 0)
            buf_add_str(&out, ", ");
        trigger_describe(&m->triggers[i], &out);
    }
    return buf_steal(&out);
}

static void fill_report(struct check_report *report, struct blueprint *b)
{
    report->journal = mem_strdup(b->config.journal);
    report->vault_count = b->config.vault_count;
    report->feed_count = b->config.feed_count;
    report->vaults = mem_zero(b->config.vault_count + 1, sizeof *report->vaults);
    for (size_t i = 0; i < b->config.vault_count; i++) {
        memcpy(report->vaults[i].id, b->config.vaults[i].id, sizeof report->vaults[i].id);
        memcpy(report->vaults[i].executor, b->config.vaults[i].executor,
               sizeof report->vaults[i].executor);
    }
    snprintf(report->lua, sizeof report->lua, "%.31s", b->lua);
    report->plugins = mem_zero(b->plugin_count, sizeof *report->plugins);
    for (size_t i = 0; i < b->plugin_count; i++) {
        struct blueprint_plugin *p = &b->plugins[i];
        struct check_plugin *c;
        if (!p->ok)
            continue;
        c = &report->plugins[report->plugin_count++];
        c->file = mem_strdup(p->file->path);
        c->name = mem_strdup(p->manifest.name);
        c->vault = mem_strdup(p->manifest.vault_id);
        c->triggers = describe_triggers(&p->manifest);
        c->state = mem_strdup(p->state_url);
        c->manifest = p->manifest;
        memset(&p->manifest, 0, sizeof p->manifest); /* the report owns it now */
    }
}

int desk_check(const char *dir, const struct registry *registry, struct check_report *report,
               struct problems *problems, struct error *e)
{
    struct blueprint *b;
    int result;

    memset(report, 0, sizeof *report);
    if (blueprint_make(dir, registry, &b, e) < 0)
        return -1;
    fill_report(report, b);
    *problems = b->problems;
    memset(&b->problems, 0, sizeof b->problems);
    result = problems->errors > 0 ? -1 : 0;
    blueprint_free(b);
    return result;
}

void check_report_release(struct check_report *report)
{
    for (size_t i = 0; i < report->plugin_count; i++) {
        struct check_plugin *c = &report->plugins[i];
        free(c->file);
        free(c->name);
        free(c->vault);
        free(c->triggers);
        free(c->state);
        manifest_release(&c->manifest);
    }
    free(report->plugins);
    free(report->vaults);
    free(report->journal);
    memset(report, 0, sizeof *report);
}

struct desk_session {
    struct blueprint *blueprint;
    struct session *session;
};

int desk_session_open(const char *dir, struct desk_session **out, struct problems *problems,
                      struct error *e)
{
    struct desk_session s;

    if (blueprint_make_config(dir, &s.blueprint, &s.session, e) < 0)
        return -1;
    if (!s.blueprint->config_ok) {
        problems_to_error(&s.blueprint->problems, e);
        if (problems != NULL) {
            *problems = s.blueprint->problems;
            memset(&s.blueprint->problems, 0, sizeof s.blueprint->problems);
        }
        session_close(s.session);
        blueprint_free(s.blueprint);
        return -1;
    }
    *out = mem_alloc(sizeof **out);
    **out = s;
    return 0;
}

const struct config *desk_session_config(const struct desk_session *session)
{
    return &session->blueprint->config;
}

int desk_session_state_url(struct desk_session *session, const char *plugin, char **url,
                           struct error *e)
{
    return blueprint_state_url(session->blueprint, session->session, plugin, url, e);
}

void desk_session_close(struct desk_session *session)
{
    if (session == NULL)
        return;
    session_close(session->session);
    blueprint_free(session->blueprint);
    free(session);
}

/* One attempt in one throw-away worker; how it ended, in words. */
static int probe_once(const char *what, char *outcome, size_t size, int *contained, struct error *e)
{
    struct error death = ERROR_INIT;
    struct session *session;
    struct message q = {.type = MESSAGE_PROBE};
    struct message *a;

    if (session_open(&session, LIMIT_HARD_DEADLINE_MS, e) < 0)
        return -1;
    q.as.probe.what = what;
    if (session_ask(session, &q, MESSAGE_PROBED, &a, &death) < 0) {
        int sig = session_death_signal(session);
        snprintf(outcome, size, sig == SIGSYS ? "killed" : "ended by signal %d", sig);
        *contained = sig == SIGSYS;
    } else if (a->as.probed.result == 0) {
        snprintf(outcome, size, "ALLOWED");
        *contained = 0;
    } else {
        const char *name = strerrorname_np(a->as.probed.result);
        snprintf(outcome, size, "refused: %s", name ? name : "unknown error");
        *contained = 1;
    }
    session_close(session);
    return 0;
}

static int measures_in_force(char *out, size_t size, struct error *e)
{
    struct session *session;

    if (session_open(&session, LIMIT_HARD_DEADLINE_MS, e) < 0)
        return -1;
    snprintf(out, size, "%s", session_hello(session)->measures);
    session_close(session);
    return 0;
}

int desk_probe_confinement(probe_fn *each, void *arg, char *in_force, size_t size, struct error *e)
{
    size_t count;
    const struct confine_probe *probes = confine_probes(&count);

    if (measures_in_force(in_force, size, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        char outcome[64];
        int contained;
        if (probe_once(probes[i].what, outcome, sizeof outcome, &contained, e) < 0)
            return -1;
        each(arg, probes[i].what, probes[i].description, outcome, contained);
    }
    return 0;
}
