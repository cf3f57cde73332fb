/* The wrappers of transactions, ended runs and vaults; the execution store's are in
 * journal_record.c and journal_last.c. */
#include "journal/journal.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/id.h"
#include "journal/journal_check.h"
#include "journal/version_cache.h"

static bool complete(const struct journal_ops *o)
{
    bool basic = o->name && o->begin && o->commit && o->rollback && o->put_run && o->put_change &&
                 o->put_pending && o->remove_pending && o->last_id && o->get_run && o->list_runs &&
                 o->count_runs && o->list_pending && o->load_account && o->load_positions &&
                 o->load_spend && o->stamp && o->close;
    bool runs = o->create_run && o->set_status && o->expire_runs && o->list_open && o->put_result &&
                o->get_results && o->count_results && o->set_metadata && o->add_log &&
                o->list_logs && o->add_span && o->update_span && o->get_trace && o->put_commit_time;
    bool rest = o->put_version && o->get_version && o->find_version && o->list_versions &&
                o->list_strategies && o->count_strategies && o->set_active && o->put_snapshot &&
                o->get_snapshot && o->put_cursor && o->list_cursors && o->note_events &&
                o->put_dead && o->get_dead && o->list_dead && o->settle_dead && o->put_submission &&
                o->settle_submission && o->get_submission && o->list_submissions && o->trim &&
                o->stats;

    return basic && runs && rest;
}

void journal_init(struct journal *j, const struct journal_ops *ops)
{
    if (ops == NULL || !complete(ops))
        abort();
    j->ops = ops;
    j->open = false;
    j->versions = NULL;
}

int journal_begin(struct journal *j, struct error *e)
{
    if (j->open)
        return error_set(e, ERROR_INTERNAL, "begin of a journal transaction inside another");
    if (j->ops->begin(j, e) != 0)
        return -1;
    j->open = true;
    return 0;
}

int journal_commit(struct journal *j, struct error *e)
{
    if (!j->open)
        return error_set(e, ERROR_INTERNAL, "commit of the journal without a transaction");
    if (j->ops->commit(j, e) != 0)
        return -1;
    j->open = false;
    return 0;
}

void journal_rollback(struct journal *j)
{
    if (!j->open)
        return;
    j->ops->rollback(j);
    j->open = false;
    if (j->versions != NULL)
        version_cache_clear(j->versions);
}

int journal_put_run(struct journal *j, const struct run *run, struct error *e)
{
    char id[ID_TEXT_SIZE];

    if (journal_check_open(j, e) != 0 || journal_check_id(run->id, run->plugin, e) != 0)
        return -1;
    if (!run_status_terminal(run->status))
        return error_set(e, ERROR_INTERNAL, "run %s is recorded with the status '%s': not ended",
                         id_format(run->id, id), run_status_name(run->status));
    return j->ops->put_run(j, run, e);
}

int journal_put_change(struct journal *j, uint64_t run, int64_t at_ms,
                       const struct ledger_change *change, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    if (run > INT64_MAX || change->account.id[0] == '\0')
        return error_set(e, ERROR_INTERNAL, "a ledger change without a vault or a proper run");
    return j->ops->put_change(j, run, at_ms, change, e);
}

int journal_put_pending(struct journal *j, const struct pending *pending, struct error *e)
{
    if (journal_check_open(j, e) != 0 || journal_check_id(pending->id, pending->plugin, e) != 0)
        return -1;
    return j->ops->put_pending(j, pending, e);
}

int journal_remove_pending(struct journal *j, uint64_t id, struct error *e)
{
    if (journal_check_open(j, e) != 0)
        return -1;
    return j->ops->remove_pending(j, id, e);
}

int journal_last_id(struct journal *j, uint64_t *id, struct error *e)
{
    return j->ops->last_id(j, id, e);
}

int journal_get_run(struct journal *j, uint64_t id, run_fn *each, void *arg, struct error *e)
{
    if (id > INT64_MAX)
        return 0;
    return j->ops->get_run(j, id, each, arg, e);
}

int journal_list_runs(struct journal *j, const struct run_filter *filter, run_fn *each, void *arg,
                      struct error *e)
{
    if (filter->limit == 0 || filter->parent > INT64_MAX)
        return 0;
    if (filter->status >= (int)RUN_STATUS_COUNT)
        return error_set(e, ERROR_INVALID, "expected a run status, got number %d", filter->status);
    return j->ops->list_runs(j, filter, each, arg, e);
}

int journal_count_runs(struct journal *j, count_fn *each, void *arg, struct error *e)
{
    return j->ops->count_runs(j, each, arg, e);
}

int journal_list_pending(struct journal *j, pending_fn *each, void *arg, struct error *e)
{
    return j->ops->list_pending(j, each, arg, e);
}

int journal_load_account(struct journal *j, const char *vault, bool *found,
                         struct vault_account *out, struct error *e)
{
    return j->ops->load_account(j, vault, found, out, e);
}

int journal_load_positions(struct journal *j, const char *vault, position_fn *each, void *arg,
                           struct error *e)
{
    return j->ops->load_positions(j, vault, each, arg, e);
}

int journal_load_spend(struct journal *j, const char *vault, int64_t since_ms, spend_fn *each,
                       void *arg, struct error *e)
{
    return j->ops->load_spend(j, vault, since_ms, each, arg, e);
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    journal_rollback(j);
    version_cache_free(j->versions);
    j->ops->close(j);
}

const char *journal_name(const struct journal *j)
{
    return j->ops->name;
}
