/* Strategies and their versions. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/journal_rules.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct saved {
    uint32_t number;
    bool is_new, ok;
};

static struct saved save(struct journal *j, const char *strategy, const char *hash,
                         const char *note, int64_t at)
{
    struct strategy_version version = {.strategy = strategy,
                                       .content = "{\"file\":\"x\"}",
                                       .note = note,
                                       .author = "me",
                                       .created_ms = at};
    struct saved saved = {.number = 999};
    struct error e = ERROR_INIT;

    snprintf(version.hash, sizeof version.hash, "%s", hash);
    saved.ok = suite_begin(j) &&
               suite_ok(journal_put_version(j, &version, &saved.number, &saved.is_new, &e), &e) &&
               suite_commit(j);
    return saved;
}

static bool saves(struct journal *j, const char *strategy, const char *hash, const char *note,
                  int64_t at, uint32_t number, bool is_new)
{
    struct saved saved = save(j, strategy, hash, note, at);

    return saved.ok && saved.number == number && saved.is_new == is_new;
}

static const char *same_content_is_the_same_version(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(saves(j, "s", HASH_A, "first", 10, 1, true));
    KEEPS(saves(j, "s", HASH_A, "again", 20, 1, false));
    KEEPS(SAME(suite_versions(j, "s", 0, 9), "s#1:aaaa:-:first:me:10:current "));
    KEEPS(saves(j, "s", HASH_B, "changed", 30, 2, true));
    KEEPS(SAME(suite_versions(j, "s", 0, 9),
               "s#2:bbbb:-:changed:me:30:current s#1:aaaa:-:first:me:10 "));
    KEEPS(saves(j, "s", HASH_A, "back", 40, 1, false));
    KEEPS(SAME(suite_versions(j, "s", 0, 9),
               "s#2:bbbb:-:changed:me:30 s#1:aaaa:-:first:me:10:current "));
    KEEPS(saves(j, "t", HASH_A, NULL, 50, 1, true)); /* numbers are a strategy's own */
    KEEPS(SAME(suite_versions(j, "t", 0, 9), "t#1:aaaa:-::me:50:current "));
    KEEPS(SAME(suite_strategies(j, false, 9, 0), "s:1:1/2:10:40 t:1:1/1:50:50 "));
    journal_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(saves(f->journal, "s", HASH_B, "x", 60, 2, false));
    return NULL;
}

static int count_found(void *arg, const struct strategy_version *v)
{
    *(uint32_t *)arg = v->number;
    return 0;
}

static const char *versions_are_found_by_number_and_hash(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    uint32_t found = 0;

    KEEPS(saves(j, "s", HASH_A, "", 10, 1, true) && saves(j, "s", HASH_B, "", 20, 2, true));
    KEEPS(SAME(suite_version(j, "s", 0), "s#2:bbbb:{\"file\":\"x\"}::me:20:current "));
    KEEPS(SAME(suite_version(j, "s", 1), "s#1:aaaa:{\"file\":\"x\"}::me:10 "));
    KEEPS(SAME(suite_version(j, "s", 3), "") && SAME(suite_version(j, "s", UINT32_MAX), ""));
    KEEPS(SAME(suite_version(j, "nobody", 0), "") && SAME(suite_version(j, "", 1), ""));
    DONE(journal_find_version(j, "s", HASH_A, count_found, &found, &e));
    KEEPS(found == 1);
    found = 0;
    DONE(journal_find_version(j, "t", HASH_A, count_found, &found, &e));
    DONE(journal_find_version(j, "s", "' OR 1=1 --", count_found, &found, &e));
    DONE(journal_find_version(j, "s", "", count_found, &found, &e));
    KEEPS(found == 0);
    KEEPS(SAME(suite_versions(j, "s", 2, 9), "s#1:aaaa:-::me:10 "));
    KEEPS(SAME(suite_versions(j, "s", 1, 9), "") && SAME(suite_versions(j, "s", 0, 0), ""));
    KEEPS(
        SAME(suite_versions(j, "s", 77, SIZE_MAX), "s#2:bbbb:-::me:20:current s#1:aaaa:-::me:10 "));
    KEEPS(SAME(suite_versions(j, "nobody", 0, 9), ""));
    return NULL;
}

static bool counted(struct journal *j, bool active_only, uint64_t expected)
{
    struct error e = ERROR_INIT;
    uint64_t count = UINT64_MAX;

    return suite_ok(journal_count_strategies(j, active_only, &count, &e), &e) && count == expected;
}

static const char *inactive_ones_stay_readable(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(counted(j, false, 0));
    KEEPS(saves(j, "b", HASH_A, "", 10, 1, true) && saves(j, "a", HASH_A, "", 20, 1, true) &&
          saves(j, "c", HASH_A, "", 30, 1, true));
    COMMITS(journal_set_active(j, "b", false, &e));
    COMMITS(journal_set_active(j, "b", false, &e));
    KEEPS(counted(j, false, 3) && counted(j, true, 2));
    KEEPS(SAME(suite_strategies(j, true, 9, 0), "a:1:1/1:20:20 c:1:1/1:30:30 "));
    KEEPS(SAME(suite_strategies(j, false, 1, 1), "b:0:1/1:10:10 "));
    KEEPS(SAME(suite_strategies(j, false, 9, 3), "") && SAME(suite_strategies(j, false, 0, 0), ""));
    KEEPS(SAME(suite_strategies(j, true, SIZE_MAX, UINT64_MAX), ""));
    KEEPS(SAME(suite_version(j, "b", 1), "b#1:aaaa:{\"file\":\"x\"}::me:10:current "));
    KEEPS(saves(j, "b", HASH_A, "", 40, 1, false)); /* saving it again activates it */
    KEEPS(counted(j, true, 3));
    COMMITS(journal_set_active(j, "c", false, &e));
    COMMITS(journal_set_active(j, "c", true, &e));
    KEEPS(counted(j, true, 3));
    REFUSES(journal_set_active(j, "nobody", true, &e), ERROR_NOT_FOUND);
    REFUSES(journal_set_active(j, "", false, &e), ERROR_NOT_FOUND);
    return NULL;
}

static const char *versions_are_checked(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct strategy_version v = {.strategy = "s", .content = "{}", .note = "", .author = ""};
    static char huge[VERSION_SOURCE_BYTES + 2];
    uint32_t number;
    bool is_new, right;

    snprintf(v.hash, sizeof v.hash, "%s", "ABC");
    REFUSES(journal_put_version(j, &v, &number, &is_new, &e), ERROR_INVALID);
    snprintf(v.hash, sizeof v.hash, "%s", HASH_A);
    v.strategy = "";
    REFUSES(journal_put_version(j, &v, &number, &is_new, &e), ERROR_INVALID);
    v.strategy = "s";
    v.content = NULL;
    REFUSES(journal_put_version(j, &v, &number, &is_new, &e), ERROR_INVALID);
    v.content = "{}";
    v.note = "\xc3(";
    REFUSES(journal_put_version(j, &v, &number, &is_new, &e), ERROR_INVALID);
    memset(huge, 'n', VERSION_SOURCE_BYTES + 1);
    huge[VERSION_SOURCE_BYTES + 1] = '\0';
    v.note = "";
    v.content = huge;
    right = suite_begin(j) &&
            suite_refused(journal_put_version(j, &v, &number, &is_new, &e), &e, ERROR_LIMIT);
    journal_rollback(j);
    huge[VERSION_NOTE_BYTES + 1] = '\0';
    v.content = "{}";
    v.note = huge;
    right = right && suite_begin(j) &&
            suite_refused(journal_put_version(j, &v, &number, &is_new, &e), &e, ERROR_LIMIT);
    journal_rollback(j);
    KEEPS(right && counted(j, false, 0));
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(same_content_is_the_same_version),
    RULE(versions_are_found_by_number_and_hash),
    RULE(inactive_ones_stay_readable),
    RULE(versions_are_checked),
};
CHAPTER(versions);
