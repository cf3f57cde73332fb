/* The wrappers for what outlives runs: versions, snapshots, cursors, events, dead letters, and what
 * is thrown away. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "journal/journal.h"
#include "journal/journal_check.h"
#include "journal/version_cache.h"

/* ---- versions ---- */

static int check_version(const struct strategy_version *v, struct error *e)
{
    if (journal_check_text("a strategy's name", v->strategy, LIMIT_NAME_BYTES, e) != 0 ||
        journal_check_digest("a version's hash", v->hash, e) != 0 ||
        journal_check_text("a version's content", v->content, VERSION_SOURCE_BYTES, e) != 0)
        return -1;
    if (v->strategy[0] == '\0')
        return error_set(e, ERROR_INVALID, "expected a strategy's name, got an empty text");
    if (v->note != NULL && journal_check_text("a change note", v->note, VERSION_NOTE_BYTES, e) != 0)
        return -1;
    return v->author == NULL ? 0
                             : journal_check_text("an author", v->author, VERSION_AUTHOR_BYTES, e);
}

void journal_cache_versions(struct journal *j, const struct clock *clock)
{
    version_cache_free(j->versions);
    j->versions = version_cache_new(clock);
}

int journal_put_version(struct journal *j, const struct strategy_version *version, uint32_t *number,
                        bool *is_new, struct error *e)
{
    struct strategy_version whole = *version;

    if (journal_check_open(j, e) != 0 || check_version(version, e) != 0)
        return -1;
    if (whole.note == NULL)
        whole.note = "";
    if (whole.author == NULL)
        whole.author = "";
    if (j->versions != NULL) /* another one is current from here on */
        version_cache_clear(j->versions);
    return j->ops->put_version(j, &whole, number, is_new, e);
}

/* Remembers what it passes on. In a transaction nothing is: it may be undone. */
struct reading {
    struct journal *journal;
    version_fn *each;
    void *arg;
};

static int remember(void *arg, const struct strategy_version *version)
{
    const struct reading *reading = arg;

    if (reading->journal->versions != NULL && !reading->journal->open)
        version_cache_put(reading->journal->versions, version);
    return reading->each(reading->arg, version);
}

int journal_get_version(struct journal *j, const char *strategy, uint32_t number, version_fn *each,
                        void *arg, struct error *e)
{
    struct reading reading = {j, each, arg};
    const struct strategy_version *known = NULL;

    if (j->versions != NULL && number != 0)
        known = version_cache_by_number(j->versions, strategy, number);
    if (known != NULL)
        return each(arg, known);
    return j->ops->get_version(j, strategy, number, remember, &reading, e);
}

int journal_find_version(struct journal *j, const char *strategy, const char *hash,
                         version_fn *each, void *arg, struct error *e)
{
    struct reading reading = {j, each, arg};
    const struct strategy_version *known = NULL;

    if (j->versions != NULL)
        known = version_cache_by_hash(j->versions, strategy, hash);
    if (known != NULL)
        return each(arg, known);
    return j->ops->find_version(j, strategy, hash, remember, &reading, e);
}

int journal_list_versions(struct journal *j, const char *strategy, uint32_t before, size_t limit,
                          version_fn *each, void *arg, struct error *e)
{
    return limit == 0 ? 0 : j->ops->list_versions(j, strategy, before, limit, each, arg, e);
}

int journal_list_strategies(struct journal *j, bool active_only, size_t limit, uint64_t offset,
                            strategy_fn *each, void *arg, struct error *e)
{
    return limit == 0 ? 0 : j->ops->list_strategies(j, active_only, limit, offset, each, arg, e);
}

int journal_count_strategies(struct journal *j, bool active_only, uint64_t *count, struct error *e)
{
    return j->ops->count_strategies(j, active_only, count, e);
}

int journal_set_active(struct journal *j, const char *strategy, bool active, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    return j->ops->set_active(j, strategy, active, e);
}

/* ---- snapshots, cursors, events ---- */

int journal_put_snapshot(struct journal *j, const char *digest, const char *text, int64_t now_ms,
                         struct error *e)
{
    if (journal_check_open(j, e) != 0 || journal_check_digest("a snapshot's name", digest, e) != 0)
        return -1;
    if (text == NULL)
        return error_set(e, ERROR_INTERNAL, "a snapshot without a text");
    return j->ops->put_snapshot(j, digest, text, now_ms, e);
}

int journal_get_snapshot(struct journal *j, const char *digest, char **text, struct error *e)
{
    if (journal_check_digest("a snapshot's name", digest, e) != 0)
        return -1;
    return j->ops->get_snapshot(j, digest, text, e);
}

static int check_source(const char *source, struct error *e)
{
    if (journal_check_text("a source of events", source, CURSOR_SOURCE_BYTES, e) != 0)
        return -1;
    return source[0] != '\0'
               ? 0
               : error_set(e, ERROR_INVALID, "expected a source of events, got an empty text");
}

int journal_put_cursor(struct journal *j, const struct cursor *cursor, struct error *e)
{
    if (journal_check_open(j, e) != 0 || check_source(cursor->source, e) != 0 ||
        journal_check_text("a cursor", cursor->value, CURSOR_VALUE_BYTES, e) != 0)
        return -1;
    if (cursor->events > INT64_MAX)
        return error_set(e, ERROR_INTERNAL, "a cursor after %llu events",
                         (unsigned long long)cursor->events);
    return j->ops->put_cursor(j, cursor, e);
}

int journal_list_cursors(struct journal *j, const char *source, cursor_fn *each, void *arg,
                         struct error *e)
{
    return j->ops->list_cursors(j, source, each, arg, e);
}

int journal_note_events(struct journal *j, const char *source, const char *const *events,
                        size_t count, int64_t at_ms, bool *is_new, struct error *e)
{
    if (journal_check_open(j, e) != 0 || check_source(source, e) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (journal_check_text("an event's id", events[i], CURSOR_VALUE_BYTES, e) != 0)
            return -1;
    return count == 0 ? 0 : j->ops->note_events(j, source, events, count, at_ms, is_new, e);
}

/* ---- dead letters ---- */

int journal_put_dead(struct journal *j, const struct dead_letter *dead, struct error *e)
{
    if (journal_check_open(j, e) != 0 || journal_check_id(dead->run, dead->plugin, e) != 0)
        return -1;
    if (dead->state != DEAD_OPEN)
        return error_set(e, ERROR_INTERNAL, "a dead letter begins as '%s'",
                         dead_state_name(dead->state));
    return j->ops->put_dead(j, dead, e);
}

int journal_get_dead(struct journal *j, uint64_t run, dead_fn *each, void *arg, struct error *e)
{
    return run == 0 || run > INT64_MAX ? 0 : j->ops->get_dead(j, run, each, arg, e);
}

int journal_list_dead(struct journal *j, const char *plugin, int state, uint64_t before,
                      size_t limit, dead_fn *each, void *arg, struct error *e)
{
    if (limit == 0)
        return 0;
    if (state >= (int)DEAD_STATE_COUNT)
        return error_set(e, ERROR_INVALID, "expected a dead letter's state, got number %d", state);
    return j->ops->list_dead(j, plugin, state, before, limit, each, arg, e);
}

int journal_settle_dead(struct journal *j, uint64_t run, enum dead_state state, uint64_t retry,
                        int64_t now_ms, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    if (state != DEAD_RETRIED && state != DEAD_DISCARDED)
        return error_set(e, ERROR_INVALID, "expected 'retried' or 'discarded', got '%s'",
                         dead_state_name(state));
    if (retry > INT64_MAX || (state == DEAD_DISCARDED && retry != 0))
        return error_set(e, ERROR_INTERNAL, "an impossible retry, %llu, of a dead letter",
                         (unsigned long long)retry);
    if (run == 0 || run > INT64_MAX)
        return error_set(e, ERROR_NOT_FOUND, "there is no dead letter of such a run");
    return j->ops->settle_dead(j, run, state, retry, now_ms, e);
}

/* ---- the rest ---- */

int journal_trim(struct journal *j, const struct trim *trim, struct trimmed *out, struct error *e)
{
    struct trimmed done = {0};

    if (journal_check_open(j, e) != 0)
        return -1;
    if (trim->max > 0 && j->ops->trim(j, trim, &done, e) != 0)
        return -1;
    *out = done;
    return 0;
}

int journal_stats(struct journal *j, struct journal_stats *out, struct error *e)
{
    struct journal_stats stats = {0};

    if (j->ops->stats(j, &stats, e) != 0)
        return -1;
    *out = stats;
    return 0;
}
