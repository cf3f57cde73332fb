/* Vaults, and transactions over all of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/journal_rules.h"

static const struct position binary = {POSITION_BINARY, "BTC-1", 50, 0, true, 10, 4, 100, 200};
static const struct position range = {POSITION_RANGE, "BTC-1", 50, 60, false, 7, 3, 110, 200};

/* An account whose fields are all different, from `base` on. */
static struct vault_account account(const char *id, uint64_t base)
{
    struct vault_account a = {.quote = base,
                              .pm = base + 1,
                              .plp_shares = base + 2,
                              .deposited = base + 3,
                              .realised_gain = base + 4,
                              .realised_loss = base + 5,
                              .high_water = base + 6,
                              .fees_crystallized = base + 7,
                              .plp_cost = base + 8,
                              .version = base + 9};

    snprintf(a.id, sizeof a.id, "%s", id);
    return a;
}

static const char *vaults_are_put_in_place(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct position both[] = {binary, range};
    struct position gone = binary;
    struct ledger_change change = {
        .account = account("v", 10), .positions = both, .position_count = 2, .spend = 6};

    KEEPS(SAME(suite_vault(j, "v"), ""));
    KEEPS(suite_begin(j) && suite_change(j, 1, 1000, &change) && suite_commit(j));
    KEEPS(SAME(suite_vault(j, "v"), "v 10 11 12 13 14 15 16 17 18 19"
                                    "[0 BTC-1 50 0 1 10 4 100 200][1 BTC-1 50 60 0 7 3 110 200]"
                                    "{1000 6}"));
    gone.quantity = 0;
    both[0] = gone;
    both[1].quantity = 8;
    change.account = account("v", 20);
    change.spend = 0;
    KEEPS(suite_begin(j) && suite_change(j, 2, 2000, &change) && suite_commit(j));
    KEEPS(SAME(suite_vault(j, "v"),
               "v 20 21 22 23 24 25 26 27 28 29[1 BTC-1 50 60 0 8 3 110 200]{1000 6}"));
    KEEPS(SAME(suite_vault(j, "w"), ""));
    return NULL;
}

static const char *positions_differ_in_every_part(struct journal_fixture *f)
{
    struct position p[6];
    struct ledger_change change = {.account = account("v", 1), .positions = p, .position_count = 6};
    struct ledger_change other = {.account = account("w", 1), .positions = p, .position_count = 1};
    size_t brackets = 0;

    for (size_t i = 0; i < 6; i++)
        p[i] = binary;
    p[1].is_up = false;
    p[2].strike = 51;
    p[3].kind = POSITION_RANGE;
    p[4].higher = 60;
    snprintf(p[5].market_id, sizeof p[5].market_id, "BTC-2");
    KEEPS(suite_begin(f->journal) && suite_change(f->journal, 1, 1, &change));
    KEEPS(suite_change(f->journal, 2, 1, &other) && suite_commit(f->journal));
    for (const char *c = suite_vault(f->journal, "v"); *c != '\0'; c++)
        brackets += *c == '[';
    KEEPS(brackets == 6);
    p[0].quantity = 0;
    change.position_count = 1;
    KEEPS(suite_begin(f->journal) && suite_change(f->journal, 3, 1, &change));
    KEEPS(suite_commit(f->journal));
    brackets = 0;
    for (const char *c = suite_vault(f->journal, "v"); *c != '\0'; c++)
        brackets += *c == '[';
    KEEPS(brackets == 5);
    KEEPS(strchr(suite_vault(f->journal, "w"), '[') != NULL);
    return NULL;
}

static const char *amounts_are_exact_to_64_bits(struct journal_fixture *f)
{
    static const uint64_t bases[] = {INT64_MAX - 20, (uint64_t)INT64_MAX - 4, UINT64_MAX - 9};
    struct position p = binary;
    struct ledger_change change = {.positions = &p, .position_count = 1, .spend = UINT64_MAX};
    char expected[512];

    p.strike = p.quantity = UINT64_MAX;
    p.cost = (uint64_t)INT64_MAX + 1;
    for (size_t i = 0; i < 3; i++) {
        unsigned long long b = bases[i];
        change.account = account("v", bases[i]);
        KEEPS(suite_begin(f->journal) && suite_change(f->journal, 1, 1, &change));
        KEEPS(suite_commit(f->journal));
        change.spend = 0;
        snprintf(expected, sizeof expected,
                 "v %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu"
                 "[0 BTC-1 18446744073709551615 0 1 18446744073709551615 9223372036854775808 100"
                 " 200]{1 18446744073709551615}",
                 b, b + 1, b + 2, b + 3, b + 4, b + 5, b + 6, b + 7, b + 8, b + 9);
        KEEPS(SAME(suite_vault(f->journal, "v"), expected));
    }
    return NULL;
}

static int count_spend(void *arg, const struct spend *spend)
{
    uint64_t *sum = arg;

    *sum = *sum * 100 + spend->amount;
    return 0;
}

static const char *spend_is_given_from_the_window_on(struct journal_fixture *f)
{
    struct ledger_change change = {.account = account("v", 1)};
    struct error e = ERROR_INIT;
    int64_t times[] = {100, 300, 200, 200};
    uint64_t seen = 0;

    KEEPS(suite_begin(f->journal));
    for (uint64_t i = 0; i < 4; i++) {
        change.spend = i + 1;
        KEEPS(suite_change(f->journal, i, times[i], &change));
    }
    change.account = account("w", 1);
    KEEPS(suite_change(f->journal, 9, 200, &change) && suite_commit(f->journal));
    KEEPS(journal_load_spend(f->journal, "v", 0, count_spend, &seen, &e) == 0 && seen == 1030402);
    seen = 0;
    KEEPS(journal_load_spend(f->journal, "v", 200, count_spend, &seen, &e) == 0 && seen == 30402);
    seen = 0;
    KEEPS(journal_load_spend(f->journal, "v", 201, count_spend, &seen, &e) == 0 && seen == 2);
    return NULL;
}

static const char *rollback_restores_everything(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct position both[] = {binary, range};
    struct ledger_entry entry = {"mint_binary", "BTC-1", 0, -4, 4, 0};
    struct ledger_change change = {account("v", 10), both, 2, &entry, 1, 6};
    struct error e = ERROR_INIT;
    char before[65536];

    KEEPS(suite_begin(j) && suite_run(j, 5, "p", RUN_NOOP) && suite_pending(j, 6, "p"));
    KEEPS(suite_change(j, 5, 10, &change) && suite_commit(j));
    snprintf(before, sizeof before, "%s", suite_everything(j));
    for (int round = 0; round < 2; round++) {
        KEEPS(suite_begin(j) && suite_run(j, 7, "p", RUN_FAILED));
        KEEPS(suite_run(j, 8, "new-plugin", RUN_NOOP) && suite_pending(j, 9, "p"));
        KEEPS(journal_remove_pending(j, 6, &e) == 0 && suite_pending(j, 6, "again"));
        KEEPS(journal_remove_pending(j, 6, &e) == 0 && journal_remove_pending(j, 9, &e) == 0);
        both[0].quantity = 0;
        change.account = account("v", 99);
        KEEPS(suite_change(j, 7, 20, &change));
        change.account = account("w", 77);
        both[0].quantity = 3;
        KEEPS(suite_change(j, 8, 20, &change) && suite_change(j, 8, 21, &change));
        journal_rollback(j);
        KEEPS(SAME(suite_everything(j), before));
    }
    KEEPS(suite_begin(j) && suite_run(j, 8, "new-plugin", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_runs(j, "new-plugin", -1, 0, 9), "8:new-plugin:noop "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "8:new-plugin:noop 5:p:noop "));
    return NULL;
}

static const char *commits_survive_reopening(struct journal_fixture *f)
{
    struct position both[] = {binary, range};
    struct ledger_change change = {.account = account("v", UINT64_MAX - 9),
                                   .positions = both,
                                   .position_count = 2,
                                   .spend = 6};
    char before[65536];

    KEEPS(suite_begin(f->journal) && suite_run(f->journal, 5, "p", RUN_NOOP));
    KEEPS(suite_run(f->journal, 6, "q", RUN_FAILED) && suite_pending(f->journal, 7, "p"));
    KEEPS(suite_change(f->journal, 5, 10, &change) && suite_commit(f->journal));
    snprintf(before, sizeof before, "%s", suite_everything(f->journal));
    KEEPS(suite_begin(f->journal) && suite_run(f->journal, 8, "lost", RUN_NOOP));
    journal_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(SAME(suite_everything(f->journal), before));
    KEEPS(suite_begin(f->journal) && suite_run(f->journal, 9, "q", RUN_FAILED));
    KEEPS(suite_commit(f->journal));
    KEEPS(SAME(suite_counts(f->journal),
               f->backend->durable ? "p:noop:1 q:failed:2 " : "q:failed:1 "));
    return NULL;
}

static int stop(void *arg, const struct run *run)
{
    (void)run;
    return ++*(int *)arg == 2 ? 5 : 0;
}

static int stop_pending(void *arg, const struct pending *pending)
{
    (void)pending;
    ++*(int *)arg;
    return -9;
}

static const char *a_walk_stops_when_told(struct journal_fixture *f)
{
    struct run_filter all = {.plugin = NULL, .status = -1, .before = 0, .limit = 10};
    struct run_filter filtered = {.plugin = "p", .status = RUN_NOOP, .before = 0, .limit = 10};
    struct error e = ERROR_INIT;
    struct journal *j = f->journal;
    int seen = 0;

    KEEPS(suite_begin(j) && suite_pending(j, 9, "p"));
    for (uint64_t id = 1; id < 6; id++)
        KEEPS(suite_run(j, id, "p", RUN_NOOP));
    KEEPS(suite_commit(j));
    KEEPS(journal_list_runs(j, &all, stop, &seen, &e) == 5 && seen == 2);
    seen = 0;
    KEEPS(journal_list_runs(j, &filtered, stop, &seen, &e) == 5 && seen == 2);
    seen = 0;
    KEEPS(journal_list_pending(j, stop_pending, &seen, &e) == -9 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    KEEPS(suite_begin(j) && suite_run(j, 6, "p", RUN_NOOP) && suite_commit(j));
    return NULL;
}

static const char *misuse_is_refused(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 1, .plugin = "p", .status = RUN_NOOP};
    struct pending pending = {.id = 1, .plugin = "p"};
    struct ledger_change change = {.account = account("v", 1)};
    struct run_filter filter = {.plugin = NULL, .status = 99, .before = 0, .limit = 1};
    int seen = 0;

    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(journal_put_pending(j, &pending, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(journal_remove_pending(j, 1, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(journal_put_change(j, 1, 1, &change, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(journal_commit(j, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_refused(journal_list_runs(j, &filter, stop, &seen, &e), &e, ERROR_INVALID));
    journal_rollback(j);
    KEEPS(suite_begin(j));
    KEEPS(suite_refused(journal_begin(j, &e), &e, ERROR_INTERNAL));
    run.status = RUN_RUNNING;
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.status = RUN_NOOP;
    run.id = 0;
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.id = (uint64_t)INT64_MAX + 1;
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.id = 1;
    run.plugin[0] = '\0';
    KEEPS(suite_refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    change.account.id[0] = '\0';
    KEEPS(suite_refused(journal_put_change(j, 1, 1, &change, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), ""));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(vaults_are_put_in_place),      RULE(positions_differ_in_every_part),
    RULE(amounts_are_exact_to_64_bits), RULE(spend_is_given_from_the_window_on),
    RULE(rollback_restores_everything), RULE(commits_survive_reopening),
    RULE(a_walk_stops_when_told),       RULE(misuse_is_refused),
};
CHAPTER(vaults);
