/* The rules, in the order of journal/journal.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "contract/journal_suite.h"

#define SAME(a, b) (strcmp((a), (b)) == 0)

static const char *runs_come_back_whole(struct journal_fixture *f)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = INT64_MAX,
                      .plugin = "momentum",
                      .vault = "btc-vault",
                      .status = RUN_FAILED,
                      .trigger = TRIGGER_EVENT,
                      .topic = "price.btc",
                      .payload = "{\"x\":\"\\u0000 \xc3\xa9\"}",
                      .scheduled_ms = 1700000000000,
                      .started_ms = 1700000000001,
                      .finished_ms = 1700000000002,
                      .seed = UINT64_MAX,
                      .parent = 77,
                      .depth = 10,
                      .attempts = 4000000000u,
                      .dry_run = true,
                      .reason = "it's \"quoted\"; DROP TABLE runs",
                      .error = "{\"code\":\"SCRIPT\"}",
                      .actions = "[]",
                      .result = "{}",
                      .logs = "[1]",
                      .version = "00112233445566ff",
                      .cpu_us = 4294967295u};
    struct run bare = {.id = 1, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(f->journal));
    KEEPS(journal_put_run(f->journal, &run, &e) == 0);
    KEEPS(journal_put_run(f->journal, &bare, &e) == 0);
    KEEPS(suite_commit(f->journal));
    KEEPS(SAME(suite_whole_run(f->journal, INT64_MAX), suite_text_of(&run)));
    KEEPS(SAME(suite_whole_run(f->journal, 1), suite_text_of(&bare)));
    KEEPS(SAME(suite_whole_run(f->journal, 2), ""));
    KEEPS(SAME(suite_runs(f->journal, NULL, -1, 0, 1), "9223372036854775807:momentum:failed "));
    KEEPS(SAME(suite_runs(f->journal, NULL, RUN_FAILED, UINT64_MAX, 1),
               "9223372036854775807:momentum:failed "));
    KEEPS(SAME(suite_whole_run(f->journal, 0), ""));
    KEEPS(SAME(suite_whole_run(f->journal, UINT64_MAX), ""));
    return NULL;
}

static const char *empty_texts_are_absent(struct journal_fixture *f)
{
    struct error e = ERROR_INIT;
    struct run run = {.id = 5, .plugin = "p", .status = RUN_NOOP, .reason = "", .payload = ""};
    struct run expected = {.id = 5, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(f->journal));
    KEEPS(journal_put_run(f->journal, &run, &e) == 0);
    KEEPS(suite_commit(f->journal));
    KEEPS(SAME(suite_whole_run(f->journal, 5), suite_text_of(&expected)));
    return NULL;
}

static const char *large_texts_fit(struct journal_fixture *f)
{
    size_t size = 64 * 16 * 1024;
    struct error e = ERROR_INIT;
    struct run run = {.id = 9, .plugin = "p", .status = RUN_COMPLETED};
    bool same;

    run.actions = mem_alloc(size + 1);
    for (size_t i = 0; i < size; i++)
        run.actions[i] = (char)('a' + i % 26);
    run.actions[size] = '\0';
    same = suite_begin(f->journal) && journal_put_run(f->journal, &run, &e) == 0 &&
           suite_commit(f->journal) && SAME(suite_whole_run(f->journal, 9), suite_text_of(&run));
    free(run.actions);
    KEEPS(same);
    return NULL;
}

static bool refused(int rc, struct error *e, enum error_code code)
{
    bool right = rc == -1 && e->code == code && e->message[0] != '\0';

    error_clear(e);
    return right;
}

static const char *a_run_is_recorded_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct run run = {.id = 7, .plugin = "p", .status = RUN_NOOP};

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 7, "p", RUN_COMPLETED));
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10), ""));
    KEEPS(suite_begin(j) && suite_run(j, 7, "p", RUN_COMPLETED) && suite_commit(j));
    KEEPS(suite_begin(j) && suite_run(j, 8, "p", RUN_COMPLETED));
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10), "7:p:completed "));
    KEEPS(SAME(suite_counts(j), "p:completed:1 "));
    return NULL;
}

static const char *lists_are_newest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 30, "b", RUN_NOOP) && suite_run(j, 10, "a", RUN_NOOP));
    KEEPS(suite_run(j, 20, "a", RUN_FAILED) && suite_run(j, 50, "a", RUN_NOOP));
    KEEPS(suite_commit(j));
    KEEPS(suite_begin(j) && suite_run(j, 40, "c", RUN_SKIPPED) && suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 10),
               "50:a:noop 40:c:skipped 30:b:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 2), "50:a:noop 40:c:skipped "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 40, 2), "30:b:noop 20:a:failed "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 41, 1), "40:c:skipped "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 10, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, -1, 1, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, -1, UINT64_MAX, SIZE_MAX),
               "50:a:noop 40:c:skipped 30:b:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 0), ""));
    return NULL;
}

static const char *filters_combine(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(suite_begin(j));
    KEEPS(suite_run(j, 30, "b", RUN_NOOP) && suite_run(j, 10, "a", RUN_NOOP));
    KEEPS(suite_run(j, 20, "a", RUN_FAILED) && suite_run(j, 50, "a", RUN_NOOP));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_runs(j, "a", -1, 0, 9), "50:a:noop 20:a:failed 10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", -1, 50, 1), "20:a:failed "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_NOOP, 0, 9), "50:a:noop 30:b:noop 10:a:noop "));
    KEEPS(SAME(suite_runs(j, NULL, RUN_NOOP, 30, 9), "10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 9), "50:a:noop 10:a:noop "));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 1), "50:a:noop "));
    KEEPS(SAME(suite_runs(j, "b", RUN_FAILED, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "nobody", -1, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "a%", -1, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, NULL, RUN_RUNNING, 0, 9), ""));
    KEEPS(SAME(suite_runs(j, "a", RUN_NOOP, 0, 0), ""));
    return NULL;
}

/* Runs over hours, some late by hours, against a table that is filtered by hand. */
#define MANY 600
struct sample {
    uint64_t id;
    int plugin;
    enum run_status status;
};

static int by_id_descending(const void *a, const void *b)
{
    uint64_t x = ((const struct sample *)a)->id, y = ((const struct sample *)b)->id;

    return x > y ? -1 : x < y;
}

static const char *expected_list(const struct sample *samples, int plugin, int status,
                                 uint64_t before, size_t limit)
{
    static char text[MANY * 40];
    size_t at = 0;
    size_t given = 0;

    text[0] = '\0';
    for (size_t i = 0; i < MANY && given < limit; i++) {
        const struct sample *s = &samples[i];
        if ((plugin >= 0 && s->plugin != plugin) || (status >= 0 && (int)s->status != status) ||
            (before != 0 && s->id >= before))
            continue;
        at += (size_t)snprintf(text + at, sizeof text - at, "%llu:p%d:%s ",
                               (unsigned long long)s->id, s->plugin, run_status_name(s->status));
        given++;
    }
    return text;
}

static bool put_samples(struct journal *j, struct sample *samples)
{
    struct random random;
    uint64_t ms = 1700000000000;
    char plugin[8];

    random_init(&random, 7);
    for (int i = 0; i < MANY; i++) {
        struct sample *s = &samples[i];
        ms += random_below(&random, 4) ? random_below(&random, 50) : random_below(&random, 60000);
        s->id = ((ms - (i % 50 == 49 ? 3600000 : 0)) << 21) + (uint64_t)i;
        s->plugin = (int)random_below(&random, 100) == 0 ? 9 : (int)random_below(&random, 4);
        s->status = (enum run_status)(RUN_NOOP + (int)random_below(&random, 6));
        snprintf(plugin, sizeof plugin, "p%d", s->plugin);
        if ((i % 20 == 0 && !suite_begin(j)) || !suite_run(j, s->id, plugin, s->status) ||
            (i % 20 == 19 && !suite_commit(j)))
            return false;
    }
    qsort(samples, MANY, sizeof *samples, by_id_descending);
    return true;
}

static const char *pages_of_a_long_history_are_right(struct journal_fixture *f)
{
    static const int plugins[] = {-1, 0, 3, 9};
    static struct sample samples[MANY];
    char name[8];

    KEEPS(put_samples(f->journal, samples));
    for (size_t p = 0; p < sizeof plugins / sizeof plugins[0]; p++)
        for (int status = RUN_NOOP - 1; status < (int)RUN_STATUS_COUNT; status++)
            for (size_t from = 0; from <= MANY; from += 60) {
                int wanted = status < (int)RUN_NOOP ? -1 : status;
                uint64_t before = from == 0 ? 0 : samples[from - 1].id;
                snprintf(name, sizeof name, "p%d", plugins[p]);
                KEEPS(SAME(suite_runs(f->journal, plugins[p] < 0 ? NULL : name, wanted, before, 13),
                           expected_list(samples, plugins[p], wanted, before, 13)));
            }
    return NULL;
}

static const char *counts_add_up(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    uint64_t id = 1;

    KEEPS(SAME(suite_counts(j), ""));
    KEEPS(suite_begin(j));
    for (int i = 0; i < 5; i++)
        KEEPS(suite_run(j, id++, "b", RUN_NOOP));
    KEEPS(suite_run(j, id++, "a", RUN_SKIPPED) && suite_run(j, id++, "a", RUN_NOOP));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:skipped:1 b:noop:5 "));
    KEEPS(suite_run(j, id++, "b", RUN_NOOP) && suite_run(j, id++, "a", RUN_FAILED));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 "));
    KEEPS(suite_begin(j) && suite_run(j, id++, "c", RUN_NOOP) && suite_run(j, id++, "b", RUN_NOOP));
    journal_rollback(j);
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 "));
    KEEPS(suite_begin(j) && suite_run(j, id++, "c", RUN_NOOP) && suite_commit(j));
    KEEPS(SAME(suite_counts(j), "a:noop:1 a:failed:1 a:skipped:1 b:noop:6 c:noop:1 "));
    return NULL;
}

static const char *old_runs_may_go_but_are_counted(struct journal_fixture *f)
{
    size_t total = JOURNAL_MEMORY_RUNS + 500;
    char expected[64];

    for (size_t i = 1; i <= total; i += 100) {
        KEEPS(suite_begin(f->journal));
        for (size_t n = i; n < i + 100; n++)
            KEEPS(suite_run(f->journal, n, "p", RUN_NOOP));
        KEEPS(suite_commit(f->journal));
    }
    snprintf(expected, sizeof expected, "p:noop:%zu ", total);
    KEEPS(SAME(suite_counts(f->journal), expected));
    snprintf(expected, sizeof expected, "%zu:p:noop ", total);
    KEEPS(SAME(suite_runs(f->journal, NULL, -1, 0, 1), expected));
    KEEPS(SAME(suite_whole_run(f->journal, total - JOURNAL_MEMORY_RUNS + 1), "") == false);
    if (f->backend->keeps >= total)
        KEEPS(SAME(suite_runs(f->journal, NULL, -1, 2, 9), "1:p:noop "));
    else
        KEEPS(SAME(suite_whole_run(f->journal, total - f->backend->keeps), ""));
    return NULL;
}

static const char *pendings_wait_oldest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct pending whole = {.id = 9,
                            .plugin = "p",
                            .kind = TRIGGER_EVENT,
                            .topic = "t",
                            .payload = "{\"a\":1}",
                            .scheduled_ms = 3,
                            .parent = 4,
                            .depth = 5};

    KEEPS(suite_begin(j));
    KEEPS(journal_put_pending(j, &whole, &e) == 0 && suite_pending(j, 2, "q"));
    KEEPS(SAME(suite_pendings(j), "2:q:manual:-:-:2:0:0 9:p:event:t:{\"a\":1}:3:4:5 "));
    KEEPS(suite_commit(j));
    KEEPS(suite_begin(j));
    KEEPS(refused(journal_put_pending(j, &whole, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(suite_begin(j) && suite_run(j, 2, "q", RUN_NOOP));
    KEEPS(journal_remove_pending(j, 2, &e) == 0 && journal_remove_pending(j, 2, &e) == 0);
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_pendings(j), "9:p:event:t:{\"a\":1}:3:4:5 "));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), "2:q:noop "));
    return NULL;
}

static bool last_is(struct journal *j, uint64_t expected)
{
    struct error e = ERROR_INIT;
    uint64_t id = 12345;

    return journal_last_id(j, &id, &e) == 0 && id == expected;
}

static const char *last_id_is_the_greatest(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(last_is(j, 0));
    KEEPS(suite_begin(j) && suite_run(j, 5, "p", RUN_NOOP) && suite_run(j, 3, "p", RUN_NOOP));
    KEEPS(suite_commit(j) && last_is(j, 5));
    KEEPS(suite_begin(j) && suite_pending(j, 8, "p") && suite_commit(j) && last_is(j, 8));
    KEEPS(suite_begin(j) && suite_run(j, 11, "p", RUN_NOOP) && last_is(j, 11));
    journal_rollback(j);
    KEEPS(last_is(j, 8));
    KEEPS(suite_begin(j) && journal_remove_pending(j, 8, &e) == 0);
    KEEPS(suite_run(j, 8, "p", RUN_NOOP) && suite_commit(j) && last_is(j, 8));
    return NULL;
}

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
    char before[8192];

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
    char before[8192];

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

    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(journal_put_pending(j, &pending, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(journal_remove_pending(j, 1, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(journal_put_change(j, 1, 1, &change, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(journal_commit(j, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(journal_list_runs(j, &filter, stop, &seen, &e), &e, ERROR_INVALID));
    journal_rollback(j);
    KEEPS(suite_begin(j));
    KEEPS(refused(journal_begin(j, &e), &e, ERROR_INTERNAL));
    run.status = RUN_RUNNING;
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.status = RUN_NOOP;
    run.id = 0;
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.id = (uint64_t)INT64_MAX + 1;
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    run.id = 1;
    run.plugin[0] = '\0';
    KEEPS(refused(journal_put_run(j, &run, &e), &e, ERROR_INTERNAL));
    change.account.id[0] = '\0';
    KEEPS(refused(journal_put_change(j, 1, 1, &change, &e), &e, ERROR_INTERNAL));
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_runs(j, NULL, -1, 0, 9), ""));
    return NULL;
}

#define RULE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const struct journal_rule journal_rules[] = {
    RULE(runs_come_back_whole),
    RULE(empty_texts_are_absent),
    RULE(large_texts_fit),
    RULE(a_run_is_recorded_once),
    RULE(lists_are_newest_first),
    RULE(filters_combine),
    RULE(pages_of_a_long_history_are_right),
    RULE(counts_add_up),
    RULE(old_runs_may_go_but_are_counted),
    RULE(pendings_wait_oldest_first),
    RULE(last_id_is_the_greatest),
    RULE(vaults_are_put_in_place),
    RULE(positions_differ_in_every_part),
    RULE(amounts_are_exact_to_64_bits),
    RULE(spend_is_given_from_the_window_on),
    RULE(rollback_restores_everything),
    RULE(commits_survive_reopening),
    RULE(a_walk_stops_when_told),
    RULE(misuse_is_refused),
};
const size_t journal_rule_count = sizeof journal_rules / sizeof journal_rules[0];
