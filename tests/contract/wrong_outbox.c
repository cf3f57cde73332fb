/* Mistakes with what is sent outside. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "contract/wrong_journal.h"

/* ---- putting: each forgets or changes something ---- */

#define PUT_CHANGES(name, change)                                                                  \
    static int name(struct journal *j, const struct submission *given, struct error *e)            \
    {                                                                                              \
        struct submission s = *given;                                                              \
        change;                                                                                    \
        return wrong_journal_right.put_submission(j, &s, e);                                       \
    }
PUT_CHANGES(put_ends_at_a_zero_byte, s.len = strnlen((const char *)s.bytes, s.len))
PUT_CHANGES(put_keeps_less_than_it_may, s.len = s.len > 65535 ? 65535 : s.len)
PUT_CHANGES(put_forgets_the_signature, s.signature = NULL)
PUT_CHANGES(put_forgets_what_is_held, s.holds = NULL)
PUT_CHANGES(put_forgets_the_time, s.created_ms = 0)
PUT_CHANGES(put_cuts_the_account, s.account[42] = '\0')
PUT_CHANGES(put_cuts_the_digest, s.digest[44] = '\0')
PUT_CHANGES(put_gives_upkeep_a_vault,
            snprintf(s.vault, sizeof s.vault, "%s", s.vault[0] ? s.vault : "main"))

static int accepted(int rc, enum error_code code, struct error *e)
{
    if (rc != -1 || e->code != code)
        return rc;
    error_clear(e);
    return 0;
}

static int put_twice(struct journal *j, const struct submission *s, struct error *e)
{
    return accepted(wrong_journal_right.put_submission(j, s, e), ERROR_INTERNAL, e);
}

static int is_there(void *arg, const struct submission *s)
{
    (void)s;
    *(bool *)arg = true;
    return 0;
}

static int put_with_the_digest_of_another(struct journal *j, const struct submission *s,
                                          struct error *e)
{
    struct submission copy = *s;
    struct error ignored = ERROR_INIT;
    bool same_id = false;

    if (wrong_journal_right.put_submission(j, s, e) == 0)
        return 0;
    wrong_journal_right.get_submission(j, s->id, NULL, is_there, &same_id, &ignored);
    if (same_id)
        return -1;
    error_clear(e);
    snprintf(copy.digest, sizeof copy.digest, "copy %llu", (unsigned long long)s->id);
    return wrong_journal_right.put_submission(j, &copy, e);
}

static int is_open(void *arg, const struct submission *s)
{
    *(bool *)arg = s->state == SUBMISSION_OPEN;
    return 0;
}

/* The digest counts among open ones only. */
static int put_again_what_has_ended(struct journal *j, const struct submission *s, struct error *e)
{
    struct error ignored = ERROR_INIT;
    bool open = true;

    wrong_journal_right.get_submission(j, 0, s->digest, is_open, &open, &ignored);
    return open ? wrong_journal_right.put_submission(j, s, e)
                : put_with_the_digest_of_another(j, s, e);
}

/* ---- ending ---- */

#define SETTLE(name, call)                                                                         \
    static int name(struct journal *j, uint64_t id, enum submission_state state, bool success,     \
                    const char *outcome, int64_t now_ms, struct error *e)                          \
    {                                                                                              \
        return call;                                                                               \
    }
#define RIGHT wrong_journal_right.settle_submission
SETTLE(settle_loses_success, RIGHT(j, id, state, success && false, outcome, now_ms, e))
SETTLE(settle_means_success,
       RIGHT(j, id, state, success || state == SUBMISSION_DONE, outcome, now_ms, e))
SETTLE(settle_loses_the_outcome, RIGHT(j, id, state, success, outcome ? NULL : outcome, now_ms, e))
SETTLE(settle_loses_the_time, RIGHT(j, id, state, success, outcome, now_ms - now_ms, e))
SETTLE(settle_makes_dead_ones_done, RIGHT(j, id, state == SUBMISSION_DEAD ? SUBMISSION_DONE : state,
                                          success, outcome, now_ms, e))
SETTLE(settle_twice, accepted(RIGHT(j, id, state, success, outcome, now_ms, e), ERROR_CONFLICT, e))
SETTLE(settle_of_none,
       accepted(RIGHT(j, id, state, success, outcome, now_ms, e), ERROR_NOT_FOUND, e))

/* Its successor, too. */
static int settle_goes_on(struct journal *j, uint64_t id, enum submission_state state, bool success,
                          const char *outcome, int64_t now_ms, struct error *e)
{
    struct error ignored = ERROR_INIT;

    RIGHT(j, id + 99, state, success, outcome, now_ms, &ignored);
    RIGHT(j, id + 1, state, success, outcome, now_ms, &ignored);
    return RIGHT(j, id, state, success, outcome, now_ms, e);
}

/* ---- finding and listing ---- */

static int get_needs_the_id(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                            void *arg, struct error *e)
{
    (void)digest;
    return id == 0 ? 0 : wrong_journal_right.get_submission(j, id, NULL, each, arg, e);
}

static int get_ignores_case(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                            void *arg, struct error *e)
{
    char lower[SUBMISSION_DIGEST_BYTES + 1];
    size_t i = 0;

    if (id != 0)
        return wrong_journal_right.get_submission(j, id, NULL, each, arg, e);
    for (; digest[i] != '\0' && i < sizeof lower - 1; i++)
        lower[i] = (char)(digest[i] >= 'A' && digest[i] <= 'Z' ? digest[i] + 32 : digest[i]);
    lower[i] = '\0';
    return wrong_journal_right.get_submission(j, 0, lower, each, arg, e);
}

struct passing {
    submission_fn *each;
    void *arg;
};

static int open_only(void *arg, const struct submission *s)
{
    const struct passing *passing = arg;

    return s->state == SUBMISSION_OPEN ? passing->each(passing->arg, s) : 0;
}

static int get_forgets_what_has_ended(struct journal *j, uint64_t id, const char *digest,
                                      submission_fn *each, void *arg, struct error *e)
{
    struct passing passing = {each, arg};

    return wrong_journal_right.get_submission(j, id, digest, open_only, &passing, e);
}

static int without_bytes(void *arg, const struct submission *s)
{
    const struct passing *passing = arg;
    struct submission copy = *s;

    copy.bytes = NULL;
    copy.len = 0;
    return passing->each(passing->arg, &copy);
}

static int list_without_bytes(struct journal *j, const struct submission_filter *filter,
                              submission_fn *each, void *arg, struct error *e)
{
    struct passing passing = {each, arg};

    return wrong_journal_right.list_submissions(j, filter, without_bytes, &passing, e);
}

static int to_the_end(void *arg, const struct submission *s)
{
    const struct passing *passing = arg;

    passing->each(passing->arg, s);
    return 0;
}

static int list_does_not_stop(struct journal *j, const struct submission_filter *filter,
                              submission_fn *each, void *arg, struct error *e)
{
    struct passing passing = {each, arg};

    return wrong_journal_right.list_submissions(j, filter, to_the_end, &passing, e);
}

#define LIST_IGNORES(name, change)                                                                 \
    static int name(struct journal *j, const struct submission_filter *filter,                     \
                    submission_fn *each, void *arg, struct error *e)                               \
    {                                                                                              \
        struct submission_filter f = *filter;                                                      \
        change;                                                                                    \
        return wrong_journal_right.list_submissions(j, &f, each, arg, e);                          \
    }
LIST_IGNORES(outbox_ignores_the_state, f.state = -1)
LIST_IGNORES(outbox_takes_dead_for_done,
             f.state = f.state == SUBMISSION_DEAD ? SUBMISSION_DONE : f.state)
LIST_IGNORES(outbox_ignores_the_account, f.account = NULL)
LIST_IGNORES(outbox_ignores_the_account_of_open_ones,
             f.account = f.state == SUBMISSION_OPEN ? NULL : f.account)
LIST_IGNORES(outbox_ignores_the_vault, f.vault = NULL)
LIST_IGNORES(outbox_shows_upkeep_among_all, f.vault = f.vault && f.vault[0] ? f.vault : NULL)
LIST_IGNORES(outbox_ignores_the_cursor, f.before = 0)
LIST_IGNORES(outbox_includes_the_cursor, f.before += f.before != 0)
LIST_IGNORES(outbox_ignores_the_limit, f.limit = SIZE_MAX)

/* ---- all of it, to give it out in another order or to put it back ---- */

struct all {
    struct submission items[2000];
    size_t count;
};

static int collect(void *arg, const struct submission *s)
{
    struct all *all = arg;

    if (all->count < sizeof all->items / sizeof all->items[0])
        submission_copy(&all->items[all->count++], s);
    return 0;
}

static struct all *all_of(struct journal *j, const struct submission_filter *filter)
{
    struct submission_filter every = {.state = -1, .limit = SIZE_MAX};
    struct error ignored = ERROR_INIT;
    struct all *all = mem_zero(1, sizeof *all);

    wrong_journal_right.list_submissions(j, filter ? filter : &every, collect, all, &ignored);
    return all;
}

static void all_free(struct all *all)
{
    for (size_t i = 0; i < all->count; i++)
        submission_release(&all->items[i]);
    free(all);
}

static int outbox_is_oldest_first(struct journal *j, const struct submission_filter *filter,
                                  submission_fn *each, void *arg, struct error *e)
{
    struct all *all = all_of(j, filter);
    int rc = 0;

    (void)e;
    for (size_t i = all->count; i-- > 0 && rc == 0;)
        rc = each(arg, &all->items[i]);
    all_free(all);
    return rc;
}

/* ---- throwing away ---- */

/* Puts back what is gone: of runs, or upkeep. */
static int trim_but(struct journal *j, const struct trim *trim, struct trimmed *out, bool of_runs,
                    struct error *e)
{
    struct all *all = all_of(j, NULL);
    struct error ignored = ERROR_INIT;
    int rc = wrong_journal_right.trim(j, trim, out, e);

    for (size_t i = 0; i < all->count; i++) {
        struct submission *s = &all->items[i];
        enum submission_state state = s->state;
        if ((s->plugin[0] != '\0') != of_runs)
            continue;
        s->state = SUBMISSION_OPEN;
        if (wrong_journal_right.put_submission(j, s, &ignored) == 0 && state != SUBMISSION_OPEN)
            RIGHT(j, s->id, state, s->success, s->outcome, s->settled_ms, &ignored);
        error_clear(&ignored);
    }
    all_free(all);
    return rc;
}

static int trim_keeps_what_was_sent(struct journal *j, const struct trim *trim, struct trimmed *out,
                                    struct error *e)
{
    return trim_but(j, trim, out, true, e);
}

static int trim_keeps_upkeep(struct journal *j, const struct trim *trim, struct trimmed *out,
                             struct error *e)
{
    return trim_but(j, trim, out, false, e);
}

static int trim_ends_open_ones(struct journal *j, const struct trim *trim, struct trimmed *out,
                               struct error *e)
{
    struct submission_filter open = {.state = SUBMISSION_OPEN, .limit = SIZE_MAX};
    struct all *all = all_of(j, &open);
    struct error ignored = ERROR_INIT;

    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].id < trim->before)
            RIGHT(j, all->items[i].id, SUBMISSION_DEAD, false, NULL, 1, &ignored);
    all_free(all);
    return wrong_journal_right.trim(j, trim, out, e);
}

static int trim_counts_no_submissions(struct journal *j, const struct trim *trim,
                                      struct trimmed *out, struct error *e)
{
    int rc = wrong_journal_right.trim(j, trim, out, e);

    out->submissions = 0;
    return rc;
}

/* By age alone. */
static int trim_keeps_upkeep_in_excess(struct journal *j, const struct trim *trim,
                                       struct trimmed *out, struct error *e)
{
    return trim->keep_runs > 0 && trim->before == 0 ? trim_but(j, trim, out, false, e)
                                                    : wrong_journal_right.trim(j, trim, out, e);
}

/* ---- the rest ---- */

static int note_id(void *arg, const struct run *run)
{
    uint64_t *last = arg;

    *last = run->id > *last ? run->id : *last;
    return 0;
}

static int note_pending(void *arg, const struct pending *pending)
{
    uint64_t *last = arg;

    *last = pending->id > *last ? pending->id : *last;
    return 0;
}

static int last_id_of_runs_only(struct journal *j, uint64_t *id, struct error *e)
{
    struct run_filter newest = {.status = -1, .limit = 1};

    *id = 0;
    if (wrong_journal_right.list_runs(j, &newest, note_id, id, e) != 0)
        return -1;
    return wrong_journal_right.list_pending(j, note_pending, id, e);
}

static int stats_forget_the_outbox(struct journal *j, struct journal_stats *out, struct error *e)
{
    int rc = wrong_journal_right.stats(j, out, e);

    out->submissions_open = 0;
    return rc;
}

/* What the deadlines of open runs would have ended: told and failed. */
struct overdue {
    struct journal *journal;
    int64_t now_ms;
    enum run_status least;
    uint64_t ids[100];
    size_t count;
};

static int note_overdue(void *arg, const struct run *run)
{
    struct overdue *o = arg;

    if (run->deadline_ms != 0 && run->deadline_ms <= o->now_ms && o->count < 100 &&
        (o->least == RUN_QUEUED ? !run_status_is_outside(run->status)
                                : run_status_is_outside(run->status)))
        o->ids[o->count++] = run->id;
    return 0;
}

static int expire_also(struct journal *j, int64_t now_ms, size_t limit, run_fn *each, void *arg,
                       enum run_status least, struct error *e)
{
    struct overdue o = {.journal = j, .now_ms = now_ms, .least = least};
    int rc = wrong_journal_right.expire_runs(j, now_ms, limit, each, arg, e);

    if (rc != 0 || wrong_journal_right.list_open(j, INT64_MAX, 100, note_overdue, &o, e) != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < o.count; i++)
        rc = wrong_journal_right.set_status(j, o.ids[i], RUN_FAILED, now_ms, NULL, NULL, e);
    return rc;
}

static int expires_what_is_outside(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                                   void *arg, struct error *e)
{
    return expire_also(j, now_ms, limit, each, arg, RUN_PREPARED, e);
}

static int expires_what_is_being_sent(struct journal *j, int64_t now_ms, size_t limit, run_fn *each,
                                      void *arg, struct error *e)
{
    return expire_also(j, now_ms, limit, each, arg, RUN_QUEUED, e);
}

static int cancels_what_is_outside(struct journal *j, uint64_t id, enum run_status to,
                                   int64_t now_ms, const char *why, const char *error,
                                   struct error *e)
{
    int rc = wrong_journal_right.set_status(j, id, to, now_ms, why, error, e);

    if (rc != -1 || e->code != ERROR_CONFLICT || to != RUN_CANCELLED)
        return rc;
    error_clear(e);
    return wrong_journal_right.set_status(j, id, RUN_FAILED, now_ms, why, error, e);
}

#define MISTAKES(X)                                                                                \
    X(put_submission, put_ends_at_a_zero_byte)                                                     \
    X(put_submission, put_keeps_less_than_it_may)                                                  \
    X(put_submission, put_forgets_the_signature)                                                   \
    X(put_submission, put_forgets_what_is_held)                                                    \
    X(put_submission, put_forgets_the_time)                                                        \
    X(put_submission, put_cuts_the_account)                                                        \
    X(put_submission, put_cuts_the_digest)                                                         \
    X(put_submission, put_gives_upkeep_a_vault)                                                    \
    X(put_submission, put_twice)                                                                   \
    X(put_submission, put_with_the_digest_of_another)                                              \
    X(put_submission, put_again_what_has_ended)                                                    \
    X(settle_submission, settle_loses_success)                                                     \
    X(settle_submission, settle_means_success)                                                     \
    X(settle_submission, settle_loses_the_outcome)                                                 \
    X(settle_submission, settle_loses_the_time)                                                    \
    X(settle_submission, settle_makes_dead_ones_done)                                              \
    X(settle_submission, settle_twice)                                                             \
    X(settle_submission, settle_of_none)                                                           \
    X(settle_submission, settle_goes_on)                                                           \
    X(get_submission, get_needs_the_id)                                                            \
    X(get_submission, get_ignores_case)                                                            \
    X(get_submission, get_forgets_what_has_ended)                                                  \
    X(list_submissions, list_without_bytes)                                                        \
    X(list_submissions, list_does_not_stop)                                                        \
    X(list_submissions, outbox_ignores_the_state)                                                  \
    X(list_submissions, outbox_takes_dead_for_done)                                                \
    X(list_submissions, outbox_ignores_the_account)                                                \
    X(list_submissions, outbox_ignores_the_account_of_open_ones)                                   \
    X(list_submissions, outbox_ignores_the_vault)                                                  \
    X(list_submissions, outbox_shows_upkeep_among_all)                                             \
    X(list_submissions, outbox_ignores_the_cursor)                                                 \
    X(list_submissions, outbox_includes_the_cursor)                                                \
    X(list_submissions, outbox_ignores_the_limit)                                                  \
    X(list_submissions, outbox_is_oldest_first)                                                    \
    X(trim, trim_keeps_what_was_sent)                                                              \
    X(trim, trim_keeps_upkeep)                                                                     \
    X(trim, trim_keeps_upkeep_in_excess)                                                           \
    X(trim, trim_ends_open_ones)                                                                   \
    X(trim, trim_counts_no_submissions)                                                            \
    X(last_id, last_id_of_runs_only)                                                               \
    X(stats, stats_forget_the_outbox)                                                              \
    X(expire_runs, expires_what_is_outside)                                                        \
    X(expire_runs, expires_what_is_being_sent)                                                     \
    X(set_status, cancels_what_is_outside)
MISTAKES(SPOILS)

static const struct wrong_journal items[] = {MISTAKES(LINE)};
const struct wrong_journals wrong_outbox = {items, sizeof items / sizeof items[0]};
