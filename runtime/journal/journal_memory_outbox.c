/* The outbox in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "journal/journal_memory.h"

void memory_submission_release(void *item)
{
    submission_release(item);
    free(item);
}

static struct submission *copy_of(const struct submission *s)
{
    struct submission *copy = mem_alloc(sizeof *copy);

    submission_copy(copy, s);
    return copy;
}

static const struct submission *with_digest(const struct journal_memory *m, const char *digest)
{
    for (size_t i = m->submissions.count; i-- > 0;) {
        const struct submission *s = (const struct submission *)m->submissions.items[i];
        if (strcmp(s->digest, digest) == 0)
            return s;
    }
    return NULL;
}

int journal_memory_put_submission(struct journal *j, const struct submission *s, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    struct submission *copy;

    if (memory_list_find(&m->submissions, s->id) != NULL || with_digest(m, s->digest) != NULL)
        return journal_submission_is_there(s, e);
    copy = copy_of(s);
    if (copy->signature != NULL && copy->signature[0] == '\0') {
        free(copy->signature);
        copy->signature = NULL;
    }
    memory_set(m, &m->submissions, s->id, copy);
    return 0;
}

bool memory_submission_is_open(const struct journal_memory *m, uint64_t id)
{
    const struct submission *s = memory_list_find(&m->submissions, id);

    return s != NULL && s->state == SUBMISSION_OPEN;
}

int journal_memory_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                                     bool success, const char *outcome, int64_t now_ms,
                                     struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct submission *open = memory_list_find(&m->submissions, id);
    struct submission *settled;

    if (open == NULL)
        return journal_no_submission(id, e);
    if (open->state != SUBMISSION_OPEN)
        return journal_submission_has_ended(id, open->state, e);
    settled = copy_of(open);
    settled->state = state;
    settled->success = success;
    settled->settled_ms = now_ms;
    free(settled->outcome);
    settled->outcome = memory_text(outcome);
    memory_set(m, &m->submissions, id, settled);
    return 0;
}

/* A copy of the callback's own. */
static int give(const struct submission *s, submission_fn *each, void *arg)
{
    struct submission copy;
    int rc;

    submission_copy(&copy, s);
    rc = each(arg, &copy);
    submission_release(&copy);
    return rc;
}

int journal_memory_get_submission(struct journal *j, uint64_t id, const char *digest,
                                  submission_fn *each, void *arg, struct error *e)
{
    struct journal_memory *m = journal_memory_of(j);
    const struct submission *s =
        id != 0 ? memory_list_find(&m->submissions, id) : with_digest(m, digest);

    (void)e;
    return s != NULL ? give(s, each, arg) : 0;
}

static bool matches(const struct submission *s, const struct submission_filter *filter)
{
    return (filter->state < 0 || (int)s->state == filter->state) &&
           (filter->account == NULL || strcmp(filter->account, s->account) == 0) &&
           (filter->vault == NULL || strcmp(filter->vault, s->vault) == 0);
}

int journal_memory_list_submissions(struct journal *j, const struct submission_filter *filter,
                                    submission_fn *each, void *arg, struct error *e)
{
    const struct memory_list *list = &journal_memory_of(j)->submissions;
    size_t at = filter->before == 0 ? list->count : memory_list_place(list, filter->before);
    size_t given = 0;
    int rc = 0;

    (void)e;
    while (at-- > 0 && given < filter->limit && rc == 0) {
        const struct submission *s = (const struct submission *)list->items[at];
        if (!matches(s, filter))
            continue;
        rc = give(s, each, arg);
        given++;
    }
    return rc;
}

/* ---- throwing away ---- */

static bool may_go(const struct journal_memory *m, const struct submission *s)
{
    return s->state != SUBMISSION_OPEN && memory_list_find(&m->runs, s->id) == NULL;
}

void memory_submissions_trim(struct journal_memory *m, uint64_t horizon, uint32_t max,
                             struct trimmed *out)
{
    uint32_t removed = 0;
    size_t at = 0;

    while (at < m->submissions.count && *m->submissions.items[at] < horizon) {
        const struct submission *s = (const struct submission *)m->submissions.items[at];
        if (!may_go(m, s)) {
            at++;
            continue;
        }
        if (removed++ == max) {
            out->more = true;
            return;
        }
        out->submissions++;
        memory_set(m, &m->submissions, s->id, NULL);
    }
}

void memory_submissions_evict(struct journal_memory *m, uint64_t horizon)
{
    size_t at = 0;

    while (at < m->submissions.count && *m->submissions.items[at] < horizon) {
        struct submission *s = (struct submission *)m->submissions.items[at];
        if (may_go(m, s))
            memory_submission_release(memory_list_swap(&m->submissions, s->id, NULL));
        else
            at++;
    }
}
