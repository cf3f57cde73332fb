/* The wrappers of the outbox: a submission's limits, and that it ends in a state that is one. */
#include <string.h>

#include "base/error.h"
#include "journal/journal.h"
#include "journal/journal_check.h"

static int check_named(const char *what, const char *text, size_t max, struct error *e)
{
    if (journal_check_text(what, text, max, e) != 0)
        return -1;
    return text[0] != '\0' ? 0
                           : error_set(e, ERROR_INVALID, "expected %s, got an empty text", what);
}

/* A JSON object, or NULL. */
static int check_object(const char *what, const char *text, struct error *e)
{
    if (text == NULL)
        return 0;
    if (journal_check_text(what, text, SUBMISSION_TEXT_BYTES, e) != 0)
        return -1;
    return journal_check_json(what, text, JSON_OBJECT_WANTED, e);
}

static int check_bytes(const struct submission *s, struct error *e)
{
    if (s->bytes == NULL || s->len == 0)
        return error_set(e, ERROR_INVALID, "expected what is sent as bytes, got nothing");
    if (s->len > SUBMISSION_BYTES)
        return error_set(e, ERROR_LIMIT, "what is sent has %zu bytes: at most %d are kept", s->len,
                         SUBMISSION_BYTES);
    return 0;
}

/* Of a run: of a plugin, for a vault. Upkeep: of none, for none. */
static int check_cause(const struct submission *s, struct error *e)
{
    if (s->id == 0 || s->id > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "an impossible id of a submission, %llu",
                         (unsigned long long)s->id);
    if (s->state != SUBMISSION_OPEN)
        return error_set(e, ERROR_INTERNAL, "a submission begins as '%s'",
                         submission_state_name(s->state));
    if ((s->plugin[0] == '\0') != (s->vault[0] == '\0'))
        return error_set(e, ERROR_INTERNAL,
                         "a submission has a plugin and a vault, or neither: got '%s' and '%s'",
                         s->plugin, s->vault);
    if (journal_check_text("a submission's plugin", s->plugin, LIMIT_NAME_BYTES, e) != 0)
        return -1;
    return journal_check_text("a submission's vault", s->vault, LIMIT_NAME_BYTES, e);
}

int journal_put_submission(struct journal *j, const struct submission *s, struct error *e)
{
    struct submission fresh = *s;

    if (journal_check_open(j, e) != 0 || check_cause(s, e) != 0 ||
        check_named("a submission's executor", s->executor, sizeof s->executor - 1, e) != 0 ||
        check_named("a submission's account", s->account, SUBMISSION_ACCOUNT_BYTES, e) != 0 ||
        check_named("a submission's digest", s->digest, SUBMISSION_DIGEST_BYTES, e) != 0 ||
        check_bytes(s, e) != 0)
        return -1;
    if (s->signature != NULL &&
        journal_check_text("a submission's signature", s->signature, SUBMISSION_TEXT_BYTES, e) != 0)
        return -1;
    if (check_object("what a submission holds", s->holds, e) != 0)
        return -1;
    fresh.success = false;
    fresh.settled_ms = 0;
    fresh.outcome = NULL;
    return j->ops->put_submission(j, &fresh, e);
}

int journal_settle_submission(struct journal *j, uint64_t id, enum submission_state state,
                              bool success, const char *outcome, int64_t now_ms, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    if (state != SUBMISSION_DONE && state != SUBMISSION_DEAD)
        return error_set(e, ERROR_INVALID,
                         "expected a submission to end as 'done' or 'dead', not '%s'",
                         submission_state_name(state));
    if (state == SUBMISSION_DEAD && success)
        return error_set(e, ERROR_INTERNAL, "a submission that is dead had no success");
    if (check_object("a submission's outcome", outcome, e) != 0)
        return -1;
    if (id == 0 || id > INT64_MAX)
        return error_set(e, ERROR_NOT_FOUND, "there is no such submission");
    return j->ops->settle_submission(j, id, state, success, outcome, now_ms, e);
}

int journal_get_submission(struct journal *j, uint64_t id, const char *digest, submission_fn *each,
                           void *arg, struct error *e)
{
    if (id > INT64_MAX || (id == 0 && (digest == NULL || digest[0] == '\0')))
        return 0;
    return j->ops->get_submission(j, id, id == 0 ? digest : NULL, each, arg, e);
}

int journal_list_submissions(struct journal *j, const struct submission_filter *filter,
                             submission_fn *each, void *arg, struct error *e)
{
    if (filter->limit == 0)
        return 0;
    if (filter->state >= (int)SUBMISSION_STATE_COUNT)
        return error_set(e, ERROR_INVALID, "expected a submission's state, got number %d",
                         filter->state);
    return j->ops->list_submissions(j, filter, each, arg, e);
}
