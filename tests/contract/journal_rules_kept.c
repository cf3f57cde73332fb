/* Snapshots, cursors, events, dead letters. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "contract/journal_rules.h"

#define DIGEST_A "000102030405060708090a0b0c0d0e0f"
#define DIGEST_B "ffffffffffffffffffffffffffffffff"

static const char *snapshots_are_stored_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    KEEPS(SAME(suite_snapshot(j, DIGEST_A), "-"));
    COMMITS(journal_put_snapshot(j, DIGEST_A, "{\"a\":1}", 1000, &e));
    COMMITS(journal_put_snapshot(j, DIGEST_A, "{\"a\":1}", 2000, &e));
    COMMITS(journal_put_snapshot(j, DIGEST_A, "{\"a\":1}", 100000000, &e));
    COMMITS(journal_put_snapshot(j, DIGEST_B, "", 1000, &e));
    KEEPS(SAME(suite_snapshot(j, DIGEST_A), "{\"a\":1}") && SAME(suite_snapshot(j, DIGEST_B), ""));
    KEEPS(strstr(suite_stats(j), "snapshots 2 of 7 ") != NULL);
    KEEPS(suite_begin(j));
    DONE(journal_put_snapshot(j, "11111111111111111111111111111111", "x", 1, &e));
    journal_rollback(j);
    KEEPS(SAME(suite_snapshot(j, "11111111111111111111111111111111"), "-"));
    COMMITS(journal_put_snapshot(j, "11111111111111111111111111111111", "x", 1, &e));
    KEEPS(SAME(suite_snapshot(j, "11111111111111111111111111111111"), "x"));
    REFUSES(journal_put_snapshot(j, "zz", "x", 1, &e), ERROR_INVALID);
    REFUSES(journal_put_snapshot(j, "", "x", 1, &e), ERROR_INVALID);
    REFUSES(journal_put_snapshot(j, "00010203040506070809'; DROP TABLE", "x", 1, &e),
            ERROR_INVALID);
    journal_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(SAME(suite_snapshot(f->journal, DIGEST_A), "{\"a\":1}"));
    return NULL;
}

static const char *cursors_are_replaced(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct cursor c = {"p/pg:trades", "41", 9007199254740993, 5};
    static char huge[CURSOR_VALUE_BYTES + 2];
    bool right;

    KEEPS(SAME(suite_cursors(j, NULL), ""));
    COMMITS(journal_put_cursor(j, &c, &e));
    c.value = "";
    c.at_ms = 6;
    c.source = "a' OR '1'='1";
    COMMITS(journal_put_cursor(j, &c, &e));
    c = (struct cursor){"p/pg:trades", "0", INT64_MAX, 7};
    COMMITS(journal_put_cursor(j, &c, &e));
    KEEPS(SAME(suite_cursors(j, NULL),
               "a' OR '1'='1=:9007199254740993:6 p/pg:trades=0:9223372036854775807:7 "));
    KEEPS(SAME(suite_cursors(j, "p/pg:trades"), "p/pg:trades=0:9223372036854775807:7 "));
    KEEPS(SAME(suite_cursors(j, "nobody"), "") && SAME(suite_cursors(j, "%"), ""));
    c.source = "";
    REFUSES(journal_put_cursor(j, &c, &e), ERROR_INVALID);
    c.source = "s";
    memset(huge, 'x', CURSOR_VALUE_BYTES + 1);
    huge[CURSOR_VALUE_BYTES + 1] = '\0';
    c.value = huge;
    right = suite_begin(j) && suite_refused(journal_put_cursor(j, &c, &e), &e, ERROR_LIMIT);
    journal_rollback(j);
    huge[CURSOR_SOURCE_BYTES + 1] = '\0';
    c.value = "1";
    c.source = huge;
    right =
        right && suite_begin(j) && suite_refused(journal_put_cursor(j, &c, &e), &e, ERROR_LIMIT);
    journal_rollback(j);
    KEEPS(right && SAME(suite_cursors(j, "s"), ""));
    return NULL;
}

static const char *events_are_new_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    bool is_new = false;
    const char *one[] = {"d"};

    KEEPS(SAME(suite_note(j, "s", "a b a c b", 10), "11010"));
    KEEPS(SAME(suite_note(j, "s", "c d e", 11), "011"));
    KEEPS(SAME(suite_note(j, "t", "a", 12), "1"));
    KEEPS(SAME(suite_note(j, "s:a", "x", 12), "1") && SAME(suite_note(j, "s", "a:x", 12), "1"));
    KEEPS(SAME(suite_note(j, "s", "A 'a' a\"", 12), "111"));
    KEEPS(suite_begin(j));
    DONE(journal_note_events(j, "u", one, 1, 13, &is_new, &e));
    KEEPS(is_new);
    DONE(journal_note_events(j, "u", one, 1, 13, &is_new, &e));
    KEEPS(!is_new);
    journal_rollback(j);
    KEEPS(SAME(suite_note(j, "u", "d", 14), "1"));
    COMMITS(journal_note_events(j, "u", NULL, 0, 15, NULL, &e));
    REFUSES(journal_note_events(j, "", one, 1, 15, &is_new, &e), ERROR_INVALID);
    journal_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(SAME(suite_note(f->journal, "s", "a z", 16), "01"));
    return NULL;
}

static struct dead_letter letter(uint64_t run, const char *plugin)
{
    struct dead_letter dead = {.run = run,
                               .state = DEAD_OPEN,
                               .trigger = TRIGGER_EVENT,
                               .topic = "t",
                               .payload = "null",
                               .error = "{\"code\":\"SCRIPT\"}",
                               .attempts = 4000000000u,
                               .depth = 3,
                               .parent = 9,
                               .at_ms = 77};

    snprintf(dead.plugin, sizeof dead.plugin, "%s", plugin);
    return dead;
}

static int compare(void *arg, const struct dead_letter *d)
{
    *(int *)arg = d->run == 5 && SAME(d->plugin, "p") && d->state == DEAD_OPEN &&
                  d->trigger == TRIGGER_EVENT && SAME(d->topic, "t") && SAME(d->payload, "null") &&
                  strstr(d->error, "SCRIPT") != NULL && d->attempts == 4000000000u &&
                  d->depth == 3 && d->parent == 9 && d->at_ms == 77 && d->settled_ms == 0 &&
                  d->retry == 0;
    return 0;
}

static const char *dead_letters_come_once_each(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;
    struct dead_letter dead = letter(5, "p");
    int same = 0;

    COMMITS(journal_put_dead(j, &dead, &e));
    DONE(journal_get_dead(j, 5, compare, &same, &e));
    KEEPS(same);
    same = 7;
    DONE(journal_get_dead(j, 6, compare, &same, &e));
    DONE(journal_get_dead(j, UINT64_MAX, compare, &same, &e));
    KEEPS(same == 7);
    REFUSES(journal_put_dead(j, &dead, &e), ERROR_INTERNAL);
    dead.run = 0;
    REFUSES(journal_put_dead(j, &dead, &e), ERROR_INTERNAL);
    dead = letter(6, "p");
    dead.state = DEAD_RETRIED;
    REFUSES(journal_put_dead(j, &dead, &e), ERROR_INTERNAL);
    KEEPS(SAME(suite_dead(j, NULL, -1, 0, 9), "5:p:open:0 "));
    return NULL;
}

static const char *dead_letters_are_settled_once(struct journal_fixture *f)
{
    struct journal *j = f->journal;
    struct error e = ERROR_INIT;

    for (uint64_t run = 5; run < 8; run++) {
        struct dead_letter dead = letter(run, run == 6 ? "q" : "p");
        COMMITS(journal_put_dead(j, &dead, &e));
    }
    KEEPS(suite_begin(j));
    DONE(journal_settle_dead(j, 5, DEAD_DISCARDED, 0, 100, &e));
    journal_rollback(j);
    COMMITS(journal_settle_dead(j, 5, DEAD_RETRIED, 50, 100, &e));
    REFUSES(journal_settle_dead(j, 5, DEAD_RETRIED, 51, 101, &e), ERROR_CONFLICT);
    REFUSES(journal_settle_dead(j, 5, DEAD_DISCARDED, 0, 101, &e), ERROR_CONFLICT);
    COMMITS(journal_settle_dead(j, 6, DEAD_DISCARDED, 0, 100, &e));
    REFUSES(journal_settle_dead(j, 6, DEAD_RETRIED, 51, 101, &e), ERROR_CONFLICT);
    REFUSES(journal_settle_dead(j, 99, DEAD_DISCARDED, 0, 1, &e), ERROR_NOT_FOUND);
    REFUSES(journal_settle_dead(j, 0, DEAD_DISCARDED, 0, 1, &e), ERROR_NOT_FOUND);
    REFUSES(journal_settle_dead(j, UINT64_MAX, DEAD_DISCARDED, 0, 1, &e), ERROR_NOT_FOUND);
    REFUSES(journal_settle_dead(j, 7, DEAD_OPEN, 0, 1, &e), ERROR_INVALID);
    KEEPS(SAME(suite_dead(j, NULL, -1, 0, 9), "7:p:open:0 6:q:discarded:0 5:p:retried:50 "));
    KEEPS(SAME(suite_dead(j, "p", -1, 0, 9), "7:p:open:0 5:p:retried:50 "));
    KEEPS(SAME(suite_dead(j, NULL, DEAD_OPEN, 0, 9), "7:p:open:0 "));
    KEEPS(SAME(suite_dead(j, "p", DEAD_OPEN, 7, 9), ""));
    KEEPS(SAME(suite_dead(j, "p", DEAD_RETRIED, 0, 9), "5:p:retried:50 "));
    KEEPS(SAME(suite_dead(j, NULL, DEAD_DISCARDED, 7, 1), "6:q:discarded:0 "));
    KEEPS(SAME(suite_dead(j, NULL, -1, 7, 1), "6:q:discarded:0 "));
    KEEPS(SAME(suite_dead(j, NULL, -1, 5, 9), "") && SAME(suite_dead(j, NULL, -1, 0, 0), ""));
    KEEPS(SAME(suite_dead(j, "p'--", -1, UINT64_MAX, SIZE_MAX), ""));
    KEEPS(suite_refused(journal_list_dead(j, NULL, 17, 0, 1, NULL, NULL, &e), &e, ERROR_INVALID));
    KEEPS(strstr(suite_stats(j), "dead 1") != NULL);
    return NULL;
}

static const struct journal_rule rules[] = {
    RULE(snapshots_are_stored_once),     RULE(cursors_are_replaced),
    RULE(events_are_new_once),           RULE(dead_letters_come_once_each),
    RULE(dead_letters_are_settled_once),
};
CHAPTER(kept);
