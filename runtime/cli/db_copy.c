/* orrery db copy: what copy.h does, between two URLs, with a person or a program looking on. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/copy.h"
#include "cli/db_stores.h"
#include "cli/same_store.h"

#define PROGRESS_NS 100000000 /* between two drawings of the progress line */
#define KEY_SHOWN   80

/* The command's own side of a copy. */
struct job {
    struct context *c;
    struct stopped *s;
    const char *from, *to; /* URLs */
    bool dry, terminal, drawn;
    struct clock clock;
    int64_t drawn_ns;
    struct copy copy;
    struct claims from_claims, to_claims;
    struct claimant who;
};

/* ---- progress ---- */

static void draw(void *arg, const struct copy_counts *n)
{
    struct job *job = arg;
    int64_t now_ns = clock_mono_ns(&job->clock);
    char done[32], rows[32];

    if (!job->terminal || (job->drawn && now_ns - job->drawn_ns < PROGRESS_NS))
        return;
    job->drawn = true;
    job->drawn_ns = now_ns;
    fprintf(job->c->output.err, "\r%3u %%  %s of %s rows\033[K\r",
            n->rows > 0 ? (unsigned)((double)n->done * 100 / (double)n->rows) : 100,
            text_group_u64(n->done, done), text_group_u64(n->rows, rows));
    fflush(job->c->output.err);
}

static void end_progress(struct job *job)
{
    if (job->drawn)
        fputs("\r\033[K", job->c->output.err);
    job->drawn = false;
}

static int64_t time_now(void *arg)
{
    struct job *job = arg;

    return stopped_now_ms(job->s);
}

/* ---- what came of it ---- */

static json_t *conflicts_json(const struct copy *copy)
{
    json_t *list = json_array();

    for (size_t i = 0; i < copy->conflict_count; i++) {
        const struct copy_conflict *one = &copy->conflicts[i];
        json_array_append_new(list, json_pack("{s:s, s:s%, s:s}", "plugin", one->plugin, "key",
                                              one->key, one->key_len, "conflict",
                                              one->state == ROW_EXTRA ? "only at TO" : "differs"));
    }
    return list;
}

static json_t *result_json(const struct job *job)
{
    const struct copy_counts *n = &job->copy.counts;
    char *from = db_label(job->from), *to = db_label(job->to);
    json_t *data = json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
                             "from", from, "to", to, "dry_run", job->dry, "plugins",
                             (json_int_t)n->plugins, "rows", (json_int_t)n->rows, "expired",
                             (json_int_t)n->expired, "equal", (json_int_t)n->equal, "missing",
                             (json_int_t)n->missing, "differing", (json_int_t)n->differing, "extra",
                             (json_int_t)n->extra, "written", (json_int_t)n->written, "removed",
                             (json_int_t)n->removed, "conflicts", conflicts_json(&job->copy));

    free(from);
    free(to);
    return data;
}

static void add_count(struct buf *out, uint64_t count, const char *what)
{
    char text[32];

    if (count > 0)
        buf_addf(out, "%s%s %s", out->len > 0 ? ", " : "", text_group_u64(count, text), what);
}

/* "14 rows of 2 plugins: 11 copied, 3 there already, 2 left behind (expired)" */
static void print_result(const struct job *job)
{
    const struct copy_counts *n = &job->copy.counts;
    uint64_t overwritten = job->copy.overwrite ? n->differing : 0;
    char plugins[32], rows[32];
    struct buf line;

    buf_init(&line, 1024);
    add_count(&line, n->missing, job->dry ? "to copy" : "copied");
    add_count(&line, overwritten, job->dry ? "to overwrite" : "overwritten");
    add_count(&line, job->copy.overwrite ? n->extra : 0, job->dry ? "to remove" : "removed");
    add_count(&line, n->equal, "there already");
    add_count(&line, n->expired, "left behind (expired)");
    fprintf(job->c->output.out, "%s row%s of %s plugin%s: %s\n", text_group_u64(n->rows, rows),
            n->rows == 1 ? "" : "s", text_group_u64(n->plugins, plugins),
            n->plugins == 1 ? "" : "s", line.len > 0 ? buf_text(&line) : "nothing to copy");
    fputs(job->dry ? "a dry run: nothing was written\n"
                   : "every row was read back and is the same\n",
          job->c->output.out);
    buf_release(&line);
}

static void print_conflicts(const struct job *job)
{
    const struct copy *copy = &job->copy;
    uint64_t all = copy->counts.differing + copy->counts.extra;
    struct buf line;

    for (size_t i = 0; i < copy->conflict_count; i++) {
        const struct copy_conflict *one = &copy->conflicts[i];
        buf_init(&line, 4096);
        text_add_inert(&line, one->key, one->key_len, KEY_SHOWN);
        fprintf(job->c->output.err, "  %s  %s: %s\n", one->plugin, buf_text(&line),
                one->state == ROW_EXTRA ? "only TO has it" : "another value or deadline at TO");
        buf_release(&line);
    }
    if (all > copy->conflict_count)
        fprintf(job->c->output.err, "  … and %llu more\n",
                (unsigned long long)(all - copy->conflict_count));
}

/* Nothing has been written. Exit code 1. */
static int refuse(struct job *job)
{
    const struct copy_counts *n = &job->copy.counts;
    json_t *data = result_json(job), *more = json_pack("{s:o}", "data", data);
    struct error e = ERROR_INIT;
    int code;

    error_set(&e, ERROR_INVALID,
              "TO has %llu row%s that FROM does not have or has otherwise: nothing was written",
              (unsigned long long)(n->differing + n->extra),
              n->differing + n->extra == 1 ? "" : "s");
    error_hint(&e, "--overwrite makes the plugins of FROM at TO what they are at FROM");
    print_conflicts(job);
    code = output_error(&job->c->output, &e, more);
    json_decref(more);
    return code;
}

/* ---- doing it ---- */

static int open_sides(struct job *job, struct error *e)
{
    /* A shared FROM is written to: its leases. */
    bool is_file = strncmp(job->from, "sqlite:", 7) == 0;

    if (stopped_state_own(job->s, job->from, job->dry || is_file ? STORE_INSPECT : STORE_OPEN,
                          &job->copy.from, e) < 0) {
        error_prefix(e, "FROM: ");
        return -1;
    }
    if (stopped_state_own(job->s, job->to, job->dry ? STORE_INSPECT : STORE_OPEN, &job->copy.to,
                          e) < 0) {
        error_prefix(e, "TO: ");
        if (e->code == ERROR_NOT_FOUND)
            e->hint[0] = '\0';
        error_hint(e, "`orrery db init URL` makes it");
        return -1;
    }
    return 0;
}

/* Returns the exit code, or -1. */
static int copy_all(struct job *job, struct error *e)
{
    struct copy *copy = &job->copy;
    bool conflicts;

    if (copy_open(copy, e) < 0)
        return -1;
    if (!job->dry) {
        copy->from_claims = &job->from_claims;
        copy->to_claims = &job->to_claims;
        if (copy_claim(copy, e) < 0)
            return -1;
    }
    if (copy_plan(copy, e) < 0)
        return -1;
    conflicts = copy->counts.differing + copy->counts.extra > 0 && !copy->overwrite;
    if (conflicts)
        return refuse(job);
    if (!job->dry && copy_perform(copy, e) < 0) {
        end_progress(job);
        return -1;
    }
    end_progress(job);
    return 0;
}

static int copy_between(struct job *job, struct error *e)
{
    int result = open_sides(job, e);

    if (result == 0) {
        claims_init(&job->from_claims, job->copy.from, &job->who);
        claims_init(&job->to_claims, job->copy.to, &job->who);
        result = copy_all(job, e);
        claims_release(&job->to_claims);
        claims_release(&job->from_claims);
    }
    if (result == 0 && job->c->output.json) {
        json_t *data = result_json(job);
        output_data(&job->c->output, data);
        json_decref(data);
    } else if (result == 0) {
        print_result(job);
    }
    copy_release(&job->copy);
    state_close(job->copy.to);
    state_close(job->copy.from);
    return result;
}

static int check_urls(const struct job *job, struct error *e)
{
    const struct registry *registry = job->c->registry;

    if (registry->check_state_url(job->from, e) < 0 || registry->check_state_url(job->to, e) < 0)
        return -1;
    if (db_is_memory(job->from) || db_is_memory(job->to))
        return error_set(e, ERROR_INVALID,
                         "what is in memory: belongs to one process and ends with it: it cannot "
                         "be copied %s by another one",
                         db_is_memory(job->from) ? "from" : "to");
    if (same_store(job->c->desk, job->from, job->to))
        return error_set(e, ERROR_INVALID,
                         "FROM and TO are the same store: there is nothing to copy");
    return 0;
}

int db_copy(struct context *c, struct error *e)
{
    bool force = options_given(&c->options, "force");
    int err = fileno(c->output.err), result;
    struct job job = {.c = c,
                      .from = options_argument(&c->options, 1),
                      .to = options_argument(&c->options, 2),
                      .dry = options_given(&c->options, "dry-run"),
                      .terminal = err >= 0 && isatty(err) && !c->output.json};
    struct stopped s;

    if (check_urls(&job, e) < 0)
        return -1;
    if (job.dry)
        result = stopped_open(c, STORE_INSPECT, false, &s, e);
    else
        result = stopped_open_forced(c, STORE_OPEN, force, &s, e);
    if (result < 0)
        return -1;
    clock_init_real(&job.clock);
    job.s = &s;
    job.copy = (struct copy){.now_ms = stopped_now_ms(&s),
                             .clock = time_now,
                             .progress = draw,
                             .arg = &job,
                             .overwrite = options_given(&c->options, "overwrite")};
    result = job.dry ? 0 : stopped_claimant(&s, "orrery db copy", force, &job.who, e);
    if (result == 0)
        result = copy_between(&job, e);
    stopped_close(&s);
    return result;
}
