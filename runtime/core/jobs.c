#include "core/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "core/dead.h"
#include "core/ending.h"
#include "core/engine.h"

/* State in one transaction of several ticks: what a server takes in one piece is limited. */
#define GROUP_BYTES ((size_t)8 * 1024 * 1024)

static int apply_writes(struct state_store *state, struct commit *c, struct error *e)
{
    for (size_t i = 0; i < c->writes.count; i++) {
        const struct kv_write *w = &c->writes.items[i];
        struct state_row row = {w->key, w->key_len, w->value, w->value_len, w->expires_ms};
        int result = w->value != NULL ? state_put(state, c->plugin, &row, e)
                                      : state_remove(state, c->plugin, w->key, w->key_len, e);
        if (result < 0)
            return -1;
    }
    return c->fence == 0 ? 0 : state_fence(state, c->plugin, c->fence, e);
}

static int apply_run(struct journal *j, const struct run *run, struct error *e)
{
    if (run->id == 0)
        return 0;
    return run_status_terminal(run->status) ? journal_put_run(j, run, e)
                                            : journal_create_run(j, run, e);
}

static int apply_journal(struct journal *j, struct commit *c, struct error *e)
{
    if (apply_run(j, &c->run, e) < 0)
        return -1;
    if (c->submission != NULL && journal_put_submission(j, c->submission, e) < 0)
        return -1;
    if (c->has_change && journal_put_change(j, c->change_id, c->change_ms, &c->change, e) < 0)
        return -1;
    for (size_t i = 0; i < c->add_count; i++)
        if (journal_put_pending(j, &c->add[i], e) < 0)
            return -1;
    if (c->remove_pending != 0 && journal_remove_pending(j, c->remove_pending, e) < 0)
        return -1;
    for (size_t i = 0; i < c->snapshot_count; i++)
        if (journal_put_snapshot(j, c->snapshots[i].digest, c->snapshots[i].text, c->now_ms, e) < 0)
            return -1;
    if (c->dead.run != 0 && journal_put_dead(j, &c->dead, e) < 0)
        return -1;
    return c->also == NULL ? 0 : c->also(c, j, e);
}

/* A state store in the journal's database joins its transaction: its own begin and commit nest
 * inside. */
static int begin(struct store *s, int64_t now_ms, struct error *e)
{
    if (s->is_journal && journal_begin(s->journal, e) < 0)
        return -1;
    if (s->state == NULL || state_begin(s->state, now_ms, e) == 0)
        return 0;
    if (s->is_journal)
        journal_rollback(s->journal);
    return -1;
}

static int end(struct store *s, struct error *e)
{
    if (s->state != NULL && state_commit(s->state, e) < 0)
        return -1;
    return s->is_journal ? journal_commit(s->journal, e) : 0;
}

static void undo(struct store *s)
{
    if (s->state != NULL)
        state_rollback(s->state);
    if (s->is_journal)
        journal_rollback(s->journal);
}

/* The commits of one transaction: from `first` up to `stop`. */
struct group {
    struct store_job *first;
    const struct store_job *stop;
};

/* The journal's stamp covers the state beside it: it is one transaction. */
static int stamp(struct store *s, struct error *e)
{
    if (s->is_journal)
        return s->is_server ? journal_stamp(s->journal, s->writer, s->number + 1, e) : 0;
    if (s->state == NULL || !state_is_shared(s->state))
        return 0;
    return state_stamp(s->state, s->writer, s->number + 1, e);
}

/* What the last transaction could not know about itself. */
static int put_last_time(struct store *s, struct error *e)
{
    if (!s->is_journal || s->group_us == 0)
        return 0;
    return journal_put_commit_time(s->journal, s->group_us, s->group_took_us, e);
}

static int apply_group(struct store *s, struct group g, struct error *e)
{
    if (stamp(s, e) < 0 || put_last_time(s, e) < 0)
        return -1;
    for (struct store_job *job = g.first; job != g.stop; job = job->next) {
        struct commit *c = (struct commit *)job;
        if ((s->state != NULL && !c->fenced && apply_writes(s->state, c, e) < 0) ||
            (s->is_journal && apply_journal(s->journal, c, e) < 0))
            return -1;
    }
    return end(s, e);
}

static int try_group(struct store *s, struct group g, struct error *e)
{
    int result = -1;

    store_try_begins(s);
    if (store_open(s, e) == 0 && begin(s, ((struct commit *)g.first)->now_ms, e) == 0) {
        result = apply_group(s, g, e);
        if (result < 0)
            undo(s);
    }
    store_try_ends(s, result == 0);
    if (result == 0)
        s->number++;
    return result;
}

/* A batch that has not been sent: it never will be. */
static void refuse_submission(struct commit *c)
{
    if (c->submission == NULL)
        return;
    submission_release(c->submission);
    free(c->submission);
    c->submission = NULL;
    c->has_change = false; /* what it would have spent */
    free(c->run.result);   /* what would have come of it */
    c->run.result = NULL;
}

/* Its state is not written, so it is not what it says: unless it has failed anyway, or has executed
 * something, which cannot be taken back. A trigger that was to be remembered gets its letter. */
static void refuse_run(struct commit *c)
{
    struct run *run = &c->run;

    refuse_submission(c);
    if (run->id == 0 || c->has_change || run->status == RUN_FAILED)
        return;
    run->status = RUN_FAILED;
    free(run->reason);
    free(run->error);
    run->reason = NULL;
    run->error = error_text(error_name(ERROR_STORE_FENCED),
                            "another daemon owns this strategy now: nothing of this decision was "
                            "written or executed",
                            NULL, 0);
    for (size_t i = 0; i < c->add_count; i++)
        pending_release(&c->add[i]);
    c->add_count = 0;
    dead_make(c, c->remove_pending != 0);
}

/* Another daemon has this plugin now: its commits are refused, whatever else happens. False when
 * the error names no plugin of the group. */
static bool fence_off(const struct store *s, struct group g, const char *plugin)
{
    bool found = false;

    for (struct store_job *job = g.first; job != g.stop; job = job->next) {
        struct commit *c = (struct commit *)job;
        if (c->fence == 0 || c->fenced || strcmp(c->plugin, plugin) != 0)
            continue;
        c->fenced = found = true;
        if (s->is_journal)
            refuse_run(c);
    }
    return found;
}

static void give_up(struct store *s, struct group g)
{
    s->broken = true; /* nothing may be committed behind what was not */
    for (struct store_job *job = g.first; job != g.stop; job = job->next)
        ((struct commit *)job)->failed = true;
}

/* The moment of the first try: should only its acknowledgement be lost, that is what is on record.
 */
static bool date_runs(struct group g, int64_t now_us)
{
    bool any = false;

    for (struct store_job *job = g.first; job != g.stop; job = job->next) {
        struct commit *c = (struct commit *)job;
        if (c->run.id == 0)
            continue;
        c->run.commit_us = now_us;
        any = true;
    }
    return any;
}

/* Until it works: nothing that was decided is dropped while the process lives. Given up only when
 * no retry can mend it, or when the daemon stops and one more try has failed. */
static void commit_group(struct store *s, struct group g)
{
    int64_t began_us = store_wall_us();
    bool has_runs = date_runs(g, began_us);
    int wait = 0;

    while (!s->broken) {
        struct error e = ERROR_INIT;
        if (try_group(s, g, &e) == 0) {
            s->group_us = has_runs ? began_us : 0;
            s->group_took_us = store_wall_us() - began_us;
            store_note(s, NULL);
            atomic_fetch_add(&s->commits, 1);
            return;
        }
        if (e.code == ERROR_STORE_FENCED && fence_off(s, g, e.where))
            continue;
        store_note(s, &e);
        if (store_error_is_final(s, &e) || store_backs_off(s, &wait))
            break;
    }
    give_up(s, g);
}

static int try_query(struct store *s, struct query *q)
{
    int result = -1;

    store_try_begins(s);
    if (store_open(s, &q->error) == 0)
        result = q->work(q, s, &q->error);
    store_try_ends(s, result >= 0);
    return result;
}

/* Whether it is worth asking again: a patient asker could do nothing else. */
static bool ask_again(struct store *s, const struct query *q)
{
    return q->result < 0 && q->patient && !store_error_is_final(s, &q->error) &&
           q->error.code != ERROR_STORE_CORRUPT && !atomic_load(&s->draining);
}

/* The daemon stops, and the store did not work at the last try: no use in trying each. */
static bool is_lost(const struct store *s)
{
    return s->is_server && atomic_load(&s->abandon) && s->health.stalled;
}

static void ask(struct store *s, struct query *q)
{
    int wait = 0;

    if (is_lost(s)) {
        q->error = s->health.error;
        q->result = -1;
        return;
    }
    q->result = try_query(s, q);
    while (ask_again(s, q)) {
        store_note(s, &q->error);
        if (store_backs_off(s, &wait))
            return;
        error_clear(&q->error);
        q->result = try_query(s, q);
    }
    if (q->result >= 0)
        store_note(s, NULL);
    else if (q->error.code == ERROR_STORE_DOWN)
        store_note(s, &q->error);
}

/* The first jobs of the list that make one transaction, and how many they are. */
static struct group next_group(struct store_job *list, size_t max, size_t *count)
{
    struct group g = {list, list};
    size_t bytes = 0;

    for (*count = 0; g.stop != NULL && !job_is_query(g.stop) && *count < max; (*count)++) {
        bytes += ((const struct commit *)g.stop)->writes.size;
        if (bytes > GROUP_BYTES && *count > 0)
            break;
        g.stop = g.stop->next;
    }
    return g;
}

void jobs_process(void *arg, struct store_job *list)
{
    struct store *s = arg;

    while (list != NULL) {
        struct group g;
        size_t count;
        if (job_is_query(list)) {
            ask(s, (struct query *)list);
            list = list->next;
            continue;
        }
        g = next_group(list, s->engine->commits.group_max, &count);
        commit_group(s, g);
        atomic_fetch_add(&s->ticks, count);
        list = (struct store_job *)g.stop;
        if (list != NULL) /* whoever waits for this group need not wait for the next one */
            store_thread_hand_over(s->thread, list);
    }
}
