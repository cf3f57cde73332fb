#include "contract/state_suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define YEAR_2200_MS 7258118400000

/* What a short form had to say last, for the sentence that names what broke. */
static char note[1400];

static void take_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void take_note(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
}

const char *state_suite_broken(const char *file, int line, const char *condition)
{
    static char text[2048];
    const char *slash = strrchr(file, '/');

    snprintf(text, sizeof text, "%s:%d: %.400s%s%s", slash ? slash + 1 : file, line, condition,
             note[0] ? "\n    " : "", note);
    return text;
}

/* ---- running ---- */

static const char *run_once(const struct state_backend *backend, const struct state_rule *rule,
                            int64_t origin_ms)
{
    static unsigned next;
    struct state_fixture fixture = {.backend = backend, .origin_ms = origin_ms};
    const char *broken = NULL;
    bool shared;

    note[0] = '\0';
    fixture.where = backend->set_up();
    fixture.store = backend->open(fixture.where);
    snprintf(fixture.writer, sizeof fixture.writer, "writer-%d-%u", (int)getpid(), next++);
    shared = state_is_shared(fixture.store);
    if ((rule->needs != NEEDS_OWN || !shared) && (rule->needs != NEEDS_SHARED || shared))
        broken = rule->check(&fixture);
    backend->close(fixture.store, fixture.where);
    backend->tear_down(fixture.where);
    return broken;
}

const char *state_suite_run(const struct state_backend *backend, const struct state_rule *rule)
{
    struct clock clock;
    const char *broken;

    if (rule->needs == NEEDS_SERVER && backend->port == NULL)
        return NULL;
    broken = run_once(backend, rule, 0);
    clock_init_real(&clock);
    if (rule->eras && broken == NULL)
        broken = run_once(backend, rule, clock_now_ms(&clock));
    if (rule->eras && broken == NULL)
        broken = run_once(backend, rule, YEAR_2200_MS);
    return broken;
}

size_t state_suite_run_all(const struct state_backend *backend, state_broken_fn *broken, void *arg)
{
    size_t count = 0;

    for (const struct state_chapter *const *chapter = state_chapters; *chapter != NULL; chapter++)
        for (size_t r = 0; r < (*chapter)->count; r++) {
            const struct state_rule *rule = &(*chapter)->rules[r];
            const char *how = state_suite_run(backend, rule);
            if (how == NULL)
                continue;
            count++;
            if (!broken(arg, rule, how))
                return count;
        }
    return count;
}

void state_suite_reopen(struct state_fixture *fixture)
{
    fixture->backend->close(fixture->store, fixture->where);
    fixture->store = fixture->backend->open(fixture->where);
}

struct state_fixture state_suite_second(const struct state_fixture *fixture)
{
    struct state_fixture second = *fixture;

    second.store = fixture->backend->open(fixture->where);
    return second;
}

void state_suite_leave(struct state_fixture *second)
{
    second->backend->close(second->store, second->where);
    second->store = NULL;
}

/* ---- short forms ---- */

bool suite_ok(int rc, struct error *e)
{
    char text[1200];

    if (rc == 0)
        return true;
    take_note("%s: %s", error_name(e->code), error_format(e, text, sizeof text));
    error_clear(e);
    return false;
}

int64_t suite_now(const struct state_fixture *f, int64_t time)
{
    return f->origin_ms + time;
}

static int64_t expiry(const struct state_fixture *f, int64_t time)
{
    return time == 0 ? 0 : suite_now(f, time);
}

bool suite_begin_at(struct state_fixture *f, int64_t now)
{
    struct error e = ERROR_INIT;

    return suite_ok(state_begin(f->store, suite_now(f, now), &e), &e);
}

bool suite_begin(struct state_fixture *f)
{
    return suite_begin_at(f, 1);
}

bool suite_commit(struct state_fixture *f)
{
    struct error e = ERROR_INIT;

    return suite_ok(state_commit(f->store, &e), &e);
}

bool suite_write(struct state_fixture *f, const char *plugin, const char *key, size_t key_len,
                 const char *value, int64_t expires)
{
    struct error e = ERROR_INIT;
    struct state_row row = {key, key_len, value, strlen(value), expiry(f, expires)};

    return suite_ok(state_put(f->store, plugin, &row, &e), &e);
}

bool suite_erase(struct state_fixture *f, const char *plugin, const char *key, size_t key_len)
{
    struct error e = ERROR_INIT;

    return suite_ok(state_remove(f->store, plugin, key, key_len, &e), &e);
}

static bool ended(struct state_fixture *f, bool written)
{
    if (written && suite_commit(f))
        return true;
    state_rollback(f->store);
    return false;
}

bool suite_put(struct state_fixture *f, const char *plugin, const char *key, const char *value,
               int64_t expires)
{
    return suite_begin(f) && ended(f, suite_write(f, plugin, key, strlen(key), value, expires));
}

bool suite_remove(struct state_fixture *f, const char *plugin, const char *key)
{
    return suite_begin(f) && ended(f, suite_erase(f, plugin, key, strlen(key)));
}

bool suite_sweeps(struct state_fixture *f, int64_t now, size_t limit, size_t expected)
{
    struct error e = ERROR_INIT;
    size_t removed = SIZE_MAX;

    if (!suite_ok(state_sweep(f->store, suite_now(f, now), limit, &removed, &e), &e))
        return false;
    if (removed != expected)
        take_note("a sweep removed %zu, expected %zu", removed, expected);
    return removed == expected;
}

bool suite_refused(int rc, struct error *e, enum error_code code)
{
    bool right = rc == -1 && e->code == code && e->message[0] != '\0';

    if (!right)
        take_note("expected %s, got %d, %s: %s", error_name(code), rc, error_name(e->code),
                  e->message);
    error_clear(e);
    return right;
}

/* ---- dumps ---- */

/* Two dumps may be compared with each other, so there are a few. */
static struct buf *fresh_dump(void)
{
    static struct buf dumps[4];
    static unsigned next;
    struct buf *dump = &dumps[next++ % 4];

    buf_release(dump);
    buf_init(dump, 64 * 1024 * 1024);
    return dump;
}

struct dumping {
    const struct state_fixture *fixture;
    struct buf *out;
};

static int add_row(void *arg, const struct state_row *row)
{
    struct dumping *d = arg;
    int64_t expires = row->expires_ms == 0 ? 0 : row->expires_ms - d->fixture->origin_ms;

    buf_add(d->out, row->key, row->key_len);
    buf_add_char(d->out, '=');
    buf_add(d->out, row->value, row->value_len);
    buf_addf(d->out, "@%lld\n", (long long)expires);
    return 0;
}

const char *suite_dump(struct state_fixture *f, const char *plugin, int64_t now)
{
    struct dumping d = {f, fresh_dump()};
    struct error e = ERROR_INIT;

    if (!suite_ok(state_load(f->store, plugin, suite_now(f, now), add_row, &d, &e), &e))
        return "load failed";
    return buf_text(d.out);
}

static int add_name(void *arg, const char *plugin)
{
    buf_addf(arg, "%s\n", plugin);
    return 0;
}

const char *suite_names(struct state_fixture *f)
{
    struct buf *dump = fresh_dump();
    struct error e = ERROR_INIT;

    if (!suite_ok(state_list(f->store, add_name, dump, &e), &e))
        return "list failed";
    return buf_text(dump);
}

/* ---- leases ---- */

bool suite_take(struct state_fixture *f, const char *plugin, const char *owner, int64_t ttl_ms,
                bool *granted, struct state_lease *lease)
{
    struct state_claim claim = {.owner = owner, .label = "a test", .ttl_ms = ttl_ms};
    struct error e = ERROR_INIT;

    return suite_ok(state_lease_take(f->store, plugin, &claim, granted, lease, &e), &e);
}

uint64_t suite_grant(struct state_fixture *f, const char *plugin, const char *owner, int64_t ttl_ms)
{
    struct state_lease lease;
    bool granted = false;

    if (!suite_take(f, plugin, owner, ttl_ms, &granted, &lease))
        return 0;
    if (!granted)
        take_note("the lease of %s is held by %s", plugin, lease.owner);
    return granted ? lease.token : 0;
}

struct search {
    const char *plugin;
    struct state_lease *lease;
    bool found;
};

static int match_lease(void *arg, const struct state_lease *lease)
{
    struct search *search = arg;

    if (SAME(lease->plugin, search->plugin)) {
        *search->lease = *lease;
        search->found = true;
    }
    return 0;
}

bool suite_lease(struct state_fixture *f, const char *plugin, struct state_lease *lease)
{
    struct search search = {plugin, lease, false};
    struct error e = ERROR_INIT;

    return suite_ok(state_lease_list(f->store, match_lease, &search, &e), &e) && search.found;
}

bool suite_await_expiry(struct state_fixture *f, const char *plugin)
{
    struct state_lease lease;

    for (int i = 0; i < 2000; i++) {
        if (!suite_lease(f, plugin, &lease))
            return false;
        if (lease.left_ms <= 0)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return false;
}
