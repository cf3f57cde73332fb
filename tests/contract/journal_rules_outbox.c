/* Submissions: put once, ended once, found and listed whole. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/journal_rules.h"

static uint8_t many[SUBMISSION_BYTES + 1];
static char text[SUBMISSION_TEXT_BYTES + 2];

/* A text of `length` bytes, in `text`. */
static char *text_of(size_t length)
{
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

/* An object of `length` bytes, in `text`. */
static char *object_of(size_t length)
{
    text_of(length);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + length - 2, "\"}", 2);
    return text;
}

/* Every byte there is, in many orders. */
static void fill_many(void)
{
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = (uint8_t)(i * 7 + i / 256);
}

static const char *submissions_come_back_whole(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission s = suite_make_submission(7, "p");
    struct submission upkeep = suite_make_submission((uint64_t)INT64_MAX, "");

    s.created_ms = 1700000000123;
    fill_many();
    upkeep.bytes = many;
    upkeep.len = 1000;
    upkeep.signature = upkeep.holds = NULL;
    COMMITS(journal_put_submission(j, &s, &e));
    KEEPS(suite_begin(j));
    DONE(journal_put_submission(j, &upkeep, &e));
    KEEPS(SAME(suite_submission(j, 7, NULL), suite_text_of_submission(&s)));
    KEEPS(SAME(suite_submission(j, INT64_MAX, NULL), suite_text_of_submission(&upkeep)));
    KEEPS(suite_commit(j));
    for (int i = 0; i < (f->backend->durable ? 2 : 1); i++) {
        KEEPS(SAME(suite_submission(j, 0, s.digest), suite_text_of_submission(&s)));
        KEEPS(SAME(suite_submission(j, 7, upkeep.digest), suite_text_of_submission(&s)));
        KEEPS(SAME(suite_submission(j, 0, upkeep.digest), suite_text_of_submission(&upkeep)));
        KEEPS(strncmp(suite_whole_outbox(j), suite_text_of_submission(&upkeep),
                      strlen(suite_text_of_submission(&upkeep))) == 0);
        KEEPS(strstr(suite_whole_outbox(j), suite_text_of_submission(&s)) != NULL);
        journal_suite_reopen(f);
        j = f->journal;
    }
    return NULL;
}

static const char *what_is_not_there_is_not_given(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(SAME(suite_outbox(j, NULL), "") && SAME(suite_submission(j, 1, NULL), ""));
    KEEPS(suite_begin(j) && suite_submit(j, 7, "p") && suite_commit(j));
    KEEPS(SAME(suite_submission(j, 0, NULL), "") && SAME(suite_submission(j, 0, ""), ""));
    KEEPS(SAME(suite_submission(j, 8, "digest-7"), ""));
    KEEPS(SAME(suite_submission(j, UINT64_MAX, "digest-7"), ""));
    KEEPS(SAME(suite_submission(j, 0, "DIGEST-7"), ""));
    KEEPS(SAME(suite_submission(j, 0, "digest-_"), ""));
    KEEPS(SAME(suite_submission(j, 0, "digest-7 "), ""));
    KEEPS(SAME(suite_submission(j, 0, "' OR '1'='1"), ""));
    return NULL;
}

static const char *submissions_come_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission again = suite_make_submission(7, "q"), other = suite_make_submission(8, "");

    KEEPS(suite_begin(j) && suite_submit(j, 7, "p"));
    journal_rollback(j);
    KEEPS(SAME(suite_outbox(j, NULL), "") && SAME(suite_submission(j, 0, "digest-7"), ""));
    KEEPS(suite_begin(j) && suite_submit(j, 7, "p") && suite_commit(j));
    REFUSES(journal_put_submission(j, &again, &e), ERROR_INTERNAL);
    snprintf(again.digest, sizeof again.digest, "another");
    REFUSES(journal_put_submission(j, &again, &e), ERROR_INTERNAL);
    snprintf(other.digest, sizeof other.digest, "digest-7");
    snprintf(other.account, sizeof other.account, "somebody else");
    REFUSES(journal_put_submission(j, &other, &e), ERROR_INTERNAL);
    COMMITS(journal_settle_submission(j, 7, SUBMISSION_DEAD, false, NULL, 9, &e));
    REFUSES(journal_put_submission(j, &other, &e), ERROR_INTERNAL);
    REFUSES(journal_put_submission(j, &again, &e), ERROR_INTERNAL);
    snprintf(other.digest, sizeof other.digest, "DIGEST-7");
    COMMITS(journal_put_submission(j, &other, &e));
    again = suite_make_submission(9, "p");
    KEEPS(suite_begin(j));
    DONE(journal_put_submission(j, &again, &e));
    KEEPS(suite_refused(journal_put_submission(j, &again, &e), &e, ERROR_INTERNAL));
    journal_rollback(j);
    KEEPS(SAME(suite_outbox(j, NULL), "8:open 7:dead "));
    return NULL;
}

static const char *what_is_put_is_open(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission s = suite_make_submission(7, "p"), plain = s;

    s.success = true;
    s.settled_ms = 99;
    s.outcome = "{}";
    s.signature = "";
    plain.signature = NULL;
    COMMITS(journal_put_submission(j, &s, &e));
    KEEPS(SAME(suite_submission(j, 7, NULL), suite_text_of_submission(&plain)));
    s = suite_make_submission(8, "p");
    s.state = SUBMISSION_DONE;
    REFUSES(journal_put_submission(j, &s, &e), ERROR_INTERNAL);
    s.state = SUBMISSION_STATE_COUNT;
    REFUSES(journal_put_submission(j, &s, &e), ERROR_INTERNAL);
    return NULL;
}

/* In turn: as made, with one member changed. */
#define REFUSES_WITH(code, ...)                                                                    \
    do {                                                                                           \
        s = suite_make_submission(8, "p");                                                         \
        __VA_ARGS__;                                                                               \
        REFUSES(journal_put_submission(j, &s, &e), code);                                          \
    } while (0)

static const char *limits_of_submissions_hold(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission s;

    REFUSES_WITH(ERROR_INTERNAL, s.id = 0);
    REFUSES_WITH(ERROR_INTERNAL, s.id = (uint64_t)INT64_MAX + 1);
    REFUSES_WITH(ERROR_INTERNAL, s.plugin[0] = '\0');
    REFUSES_WITH(ERROR_INTERNAL, s.vault[0] = '\0');
    REFUSES_WITH(ERROR_INVALID, s.executor[0] = '\0');
    REFUSES_WITH(ERROR_INVALID, s.account[0] = '\0');
    REFUSES_WITH(ERROR_INVALID, s.digest[0] = '\0');
    REFUSES_WITH(ERROR_INVALID, s.account[0] = '\xff');
    REFUSES_WITH(ERROR_INVALID, s.digest[0] = '\xff');
    REFUSES_WITH(ERROR_INVALID, s.bytes = NULL);
    REFUSES_WITH(ERROR_INVALID, s.len = 0);
    REFUSES_WITH(ERROR_LIMIT, s.bytes = many; s.len = SUBMISSION_BYTES + 1);
    REFUSES_WITH(ERROR_LIMIT, s.signature = text_of(SUBMISSION_TEXT_BYTES + 1));
    REFUSES_WITH(ERROR_INVALID, s.signature = "\xc0\x80");
    REFUSES_WITH(ERROR_LIMIT, s.holds = object_of(SUBMISSION_TEXT_BYTES + 1));
    REFUSES_WITH(ERROR_INVALID, s.holds = "[1]");
    REFUSES_WITH(ERROR_INVALID, s.holds = "");
    REFUSES_WITH(ERROR_INVALID, s.holds = "{\"a\":}");
    KEEPS(SAME(suite_outbox(j, NULL), ""));
    return NULL;
}

static const char *submissions_at_their_limits_are_whole(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission s = suite_make_submission(8, "p");
    static char signature[SUBMISSION_TEXT_BYTES + 1];

    memset(s.plugin, 'p', LIMIT_NAME_BYTES);
    memset(s.vault, 'v', LIMIT_NAME_BYTES);
    s.plugin[LIMIT_NAME_BYTES] = s.vault[LIMIT_NAME_BYTES] = '\0';
    memset(s.executor, 'e', sizeof s.executor - 1);
    memset(s.account, 'a', SUBMISSION_ACCOUNT_BYTES);
    memset(s.digest, 'd', SUBMISSION_DIGEST_BYTES);
    memset(signature, 's', SUBMISSION_TEXT_BYTES);
    s.signature = signature;
    s.holds = object_of(SUBMISSION_TEXT_BYTES);
    fill_many();
    s.bytes = many;
    s.len = SUBMISSION_BYTES;
    KEEPS(suite_begin(j) && suite_ok(journal_put_submission(j, &s, &e), &e) && suite_commit(j));
    KEEPS(SAME(suite_submission(j, 0, s.digest), suite_text_of_submission(&s)));
    COMMITS(journal_settle_submission(j, 8, SUBMISSION_DONE, true, s.holds, INT64_MAX, &e));
    s.outcome = s.holds;
    s.state = SUBMISSION_DONE;
    s.success = true;
    s.settled_ms = INT64_MAX;
    KEEPS(SAME(suite_submission(j, 8, NULL), suite_text_of_submission(&s)));
    return NULL;
}

static const char *only_the_end_of_a_submission_changes(struct journal_fixture *f)
{
    static const struct {
        enum submission_state state;
        bool success;
        char *outcome;
    } ends[] = {{SUBMISSION_DONE, true, "{\"digest\":\"d\"}"},
                {SUBMISSION_DONE, false, "{\"abort\":1}"},
                {SUBMISSION_DONE, true, NULL},
                {SUBMISSION_DEAD, false, "{\"proof\":{}}"},
                {SUBMISSION_DEAD, false, NULL}};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct submission s = suite_make_submission(i + 1, i % 2 ? "" : "p");
        struct submission neighbour = suite_make_submission(i + 100, "p");
        COMMITS(journal_put_submission(j, &s, &e));
        COMMITS(journal_put_submission(j, &neighbour, &e));
        COMMITS(journal_settle_submission(j, s.id, ends[i].state, ends[i].success, ends[i].outcome,
                                          1000 + (int64_t)i, &e));
        s.state = ends[i].state;
        s.success = ends[i].success;
        s.outcome = ends[i].outcome;
        s.settled_ms = 1000 + (int64_t)i;
        KEEPS(SAME(suite_submission(j, s.id, NULL), suite_text_of_submission(&s)));
        KEEPS(SAME(suite_submission(j, i + 100, NULL), suite_text_of_submission(&neighbour)));
    }
    return NULL;
}

static const char *submissions_end_once(struct journal_fixture *f)
{
    static const bool either[] = {true, false};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(j) && suite_submit(j, 7, "p") && suite_submit(j, 8, "") && suite_commit(j));
    KEEPS(suite_begin(j));
    DONE(journal_settle_submission(j, 7, SUBMISSION_DONE, true, "{}", 5, &e));
    KEEPS(SAME(suite_outbox(j, NULL), "8:open 7:done "));
    KEEPS(suite_refused(journal_settle_submission(j, 7, SUBMISSION_DONE, true, "{}", 5, &e), &e,
                        ERROR_CONFLICT));
    journal_rollback(j);
    KEEPS(SAME(suite_outbox(j, NULL), "8:open 7:open "));
    COMMITS(journal_settle_submission(j, 7, SUBMISSION_DONE, true, "{}", 5, &e));
    COMMITS(journal_settle_submission(j, 8, SUBMISSION_DEAD, false, "{}", 5, &e));
    for (uint64_t id = 7; id <= 8; id++) {
        char before[1024];
        snprintf(before, sizeof before, "%s", suite_submission(j, id, NULL));
        for (int i = 0; i < 2; i++)
            REFUSES(journal_settle_submission(j, id, SUBMISSION_DONE, either[i], NULL, 6, &e),
                    ERROR_CONFLICT);
        REFUSES(journal_settle_submission(j, id, SUBMISSION_DEAD, false, NULL, 6, &e),
                ERROR_CONFLICT);
        KEEPS(SAME(suite_submission(j, id, NULL), before));
    }
    return NULL;
}

static const char *an_end_has_to_be_one(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(suite_begin(j) && suite_submit(j, 7, "p") && suite_commit(j));
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_OPEN, false, NULL, 5, &e), ERROR_INVALID);
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_STATE_COUNT, false, NULL, 5, &e),
            ERROR_INVALID);
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_DEAD, true, NULL, 5, &e), ERROR_INTERNAL);
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_DONE, true, "[]", 5, &e), ERROR_INVALID);
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_DONE, true, "", 5, &e), ERROR_INVALID);
    REFUSES(journal_settle_submission(j, 7, SUBMISSION_DONE, true,
                                      object_of(SUBMISSION_TEXT_BYTES + 1), 5, &e),
            ERROR_LIMIT);
    REFUSES(journal_settle_submission(j, 8, SUBMISSION_DONE, true, NULL, 5, &e), ERROR_NOT_FOUND);
    REFUSES(journal_settle_submission(j, 0, SUBMISSION_DONE, true, NULL, 5, &e), ERROR_NOT_FOUND);
    REFUSES(journal_settle_submission(j, UINT64_MAX, SUBMISSION_DONE, true, NULL, 5, &e),
            ERROR_NOT_FOUND);
    KEEPS(suite_refused(journal_settle_submission(j, 7, SUBMISSION_DONE, true, NULL, 5, &e), &e,
                        ERROR_INTERNAL)); /* no transaction */
    KEEPS(SAME(suite_outbox(j, NULL), "7:open "));
    return NULL;
}

/* 1 … 12: odd ones of account a, even ones of b; every third is upkeep, the others are of vault v
 * or w; 1 … 4 are done, 5 … 6 dead. */
static bool fill(struct journal *j)
{
    struct error e = ERROR_INIT;
    bool done = suite_begin(j);

    for (uint64_t id = 1; id <= 12; id++) {
        struct submission s = suite_make_submission(id, id % 3 == 0 ? "" : "p");
        snprintf(s.account, sizeof s.account, "%s", id % 2 ? "a" : "b");
        if (id % 3 == 2)
            snprintf(s.vault, sizeof s.vault, "w");
        done = done && suite_ok(journal_put_submission(j, &s, &e), &e);
    }
    for (uint64_t id = 1; id <= 6; id++)
        done =
            done &&
            suite_ok(journal_settle_submission(j, id, id <= 4 ? SUBMISSION_DONE : SUBMISSION_DEAD,
                                               id % 2 == 1 && id <= 4, NULL, 50 + (int64_t)id, &e),
                     &e);
    return done && suite_commit(j);
}

#define LISTS(expected, ...)                                                                       \
    KEEPS(SAME(suite_outbox(j, &(struct submission_filter){__VA_ARGS__}), expected))

static const char *submissions_are_listed_newest_first(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission_filter wrong = {.state = SUBMISSION_STATE_COUNT, .limit = 1};

    KEEPS(fill(j));
    LISTS("12:open 11:open 10:open 9:open 8:open 7:open 6:dead 5:dead 4:done 3:done 2:done 1:done ",
          .state = -1, .limit = SIZE_MAX);
    LISTS("12:open 11:open 10:open ", .state = -1, .limit = 3);
    LISTS("9:open 8:open ", .state = -1, .before = 10, .limit = 2);
    LISTS("", .state = -1, .before = 1, .limit = 9);
    LISTS("12:open ", .state = -1, .before = UINT64_MAX, .limit = 1);
    LISTS("", .state = -1, .limit = 0);
    LISTS("12:open 11:open 10:open 9:open 8:open 7:open ", .state = SUBMISSION_OPEN, .limit = 99);
    LISTS("8:open 7:open ", .state = SUBMISSION_OPEN, .before = 9, .limit = 99);
    LISTS("4:done 3:done ", .state = SUBMISSION_DONE, .limit = 2);
    LISTS("6:dead 5:dead ", .state = SUBMISSION_DEAD, .limit = 99);
    KEEPS(suite_refused(journal_list_submissions(j, &wrong, NULL, NULL, &e), &e, ERROR_INVALID));
    return NULL;
}

static const char *all_conditions_of_a_list_of_submissions_hold(struct journal_fixture *f)
{
    struct journal *j = f->journal;

    KEEPS(fill(j));
    LISTS("11:open 9:open 7:open 5:dead 3:done 1:done ", .state = -1, .account = "a", .limit = 99);
    LISTS("11:open 9:open 7:open ", .state = SUBMISSION_OPEN, .account = "a", .limit = 99);
    LISTS("9:open 7:open ", .state = SUBMISSION_OPEN, .account = "a", .before = 11, .limit = 99);
    LISTS("3:done 1:done ", .state = SUBMISSION_DONE, .account = "a", .limit = 99);
    LISTS("9:open 3:done ", .state = -1, .account = "a", .vault = "", .limit = 99);
    LISTS("12:open 9:open 6:dead 3:done ", .state = -1, .vault = "", .limit = 99);
    LISTS("11:open 8:open ", .state = SUBMISSION_OPEN, .vault = "w", .limit = 99);
    LISTS("10:open 7:open 4:done 1:done ", .state = -1, .vault = "v", .limit = 99);
    LISTS("8:open ", .state = SUBMISSION_OPEN, .account = "b", .vault = "w", .before = 12,
          .limit = 1);
    LISTS("", .state = -1, .account = "A", .limit = 99);
    LISTS("", .state = -1, .account = "%", .limit = 99);
    LISTS("", .state = -1, .account = "", .limit = 99);
    LISTS("", .state = -1, .account = "a' OR '1'='1", .limit = 99);
    LISTS("", .state = -1, .vault = "V", .limit = 99);
    return NULL;
}

static int stop(void *arg, const struct submission *s)
{
    (void)s;
    return ++*(int *)arg == 1 ? 6 : 0;
}

static int scribble(void *arg, const struct submission *s)
{
    struct submission *mine = (struct submission *)(uintptr_t)s;

    (void)arg;
    mine->state = SUBMISSION_DEAD;
    mine->created_ms = 12345;
    mine->digest[0] = 'X';
    return 0;
}

static const char *walks_of_submissions_stop_when_told(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission_filter all = {.state = -1, .limit = 9};
    int seen = 0;

    KEEPS(fill(j));
    KEEPS(journal_list_submissions(j, &all, stop, &seen, &e) == 6 && seen == 1);
    seen = 0;
    KEEPS(journal_get_submission(j, 3, NULL, stop, &seen, &e) == 6 && seen == 1);
    seen = 0;
    KEEPS(journal_get_submission(j, 0, "digest-3", stop, &seen, &e) == 6 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    return NULL;
}

static const char *no_submission_on_record_is_the_callers(struct journal_fixture *f)
{
    char signature[] = "sig", holds[] = "{\"a\":1}", outcome[] = "{\"b\":2}";
    uint8_t bytes[] = {1, 0, 2};
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct submission s = suite_make_submission(7, "p");
    char before[1024];

    s.signature = signature;
    s.holds = holds;
    s.bytes = bytes;
    s.len = sizeof bytes;
    snprintf(before, sizeof before, "%s", suite_text_of_submission(&s));
    KEEPS(suite_begin(j));
    DONE(journal_put_submission(j, &s, &e));
    memset(signature, 'x', sizeof signature - 1);
    memset(holds, 'x', sizeof holds - 1);
    memset(bytes, 9, sizeof bytes);
    KEEPS(suite_commit(j));
    KEEPS(SAME(suite_submission(j, 7, NULL), before));
    DONE(journal_get_submission(j, 7, NULL, scribble, NULL, &e));
    KEEPS(SAME(suite_submission(j, 7, NULL), before));
    KEEPS(suite_begin(j));
    DONE(journal_settle_submission(j, 7, SUBMISSION_DONE, true, outcome, 9, &e));
    memset(outcome, 'x', sizeof outcome - 1);
    KEEPS(suite_commit(j));
    KEEPS(strstr(suite_submission(j, 7, NULL), " {\"b\":2} 3:010002") != NULL);
    return NULL;
}

static const char *hostile_submissions_are_only_texts(struct journal_fixture *f)
{
    static char *const hostile[] = {
        "'; DROP TABLE submissions; --",
        "\" OR \"\"=\"",
        "\x1b[2J\x07 \x7f",
        "\xf0\x9f\x92\xa3 \xe2\x80\xae",
        "%s%n{}\\u0000 $1 ?1",
        "{a,\"c\\\"d\\\\\",NULL}",
        "NULL",
        "\\x00",
        " leading and trailing ",
    };
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct submission s = suite_make_submission(i + 1, hostile[i]);
        char expected[32];
        snprintf(s.vault, sizeof s.vault, "%s", hostile[i]);
        snprintf(s.account, sizeof s.account, "%s", hostile[i]);
        snprintf(s.digest, sizeof s.digest, "%s", hostile[i]);
        snprintf(s.executor, sizeof s.executor, "%.4s", hostile[i]);
        s.signature = hostile[i];
        s.holds = "{\"a\":\"'; DROP TABLE \\u0000 \\\\ {1,NULL}\"}";
        COMMITS(journal_put_submission(j, &s, &e));
        KEEPS(SAME(suite_submission(j, 0, hostile[i]), suite_text_of_submission(&s)));
        snprintf(expected, sizeof expected, "%zu:open ", i + 1);
        LISTS(expected, .state = SUBMISSION_OPEN, .account = hostile[i], .limit = 9);
        LISTS(expected, .state = -1, .account = hostile[i], .vault = hostile[i], .limit = 9);
    }
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(submissions_come_back_whole),
    RULE(what_is_not_there_is_not_given),
    RULE(submissions_come_once),
    RULE(what_is_put_is_open),
    RULE(limits_of_submissions_hold),
    RULE(submissions_at_their_limits_are_whole),
    RULE(only_the_end_of_a_submission_changes),
    RULE(submissions_end_once),
    RULE(an_end_has_to_be_one),
    RULE(submissions_are_listed_newest_first),
    RULE(all_conditions_of_a_list_of_submissions_hold),
    RULE(walks_of_submissions_stop_when_told),
    RULE(no_submission_on_record_is_the_callers),
    RULE(hostile_submissions_are_only_texts),
};
CHAPTER(outbox);
