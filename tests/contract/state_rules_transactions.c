/* begin, commit, rollback, and what reads in between see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/state_rules.h"

static const char *reads_see_the_transaction(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "a", "1", 0));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "p", "a", 1, "2", 0));
    KEEPS(suite_write(f, "p", "b", 1, "3", 0));
    KEEPS(SAME(suite_dump(f, "p", 0), "a=2@0\nb=3@0\n"));
    KEEPS(suite_erase(f, "p", "a", 1));
    KEEPS(SAME(suite_dump(f, "p", 0), "b=3@0\n"));
    KEEPS(suite_write(f, "q", "c", 1, "4", 0));
    KEEPS(SAME(suite_names(f), "p\nq\n"));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "b=3@0\n"));
    return NULL;
}

/* load, list and sweep after every kind of write; two plugins come and go. */
static const char *all_reads_see_all_writes(struct state_fixture *f)
{
    KEEPS(suite_put(f, "old", "k", "1", 0));
    KEEPS(suite_put(f, "dying", "k", "1", 50));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "new", "k", 1, "2", 0));
    KEEPS(SAME(suite_names(f), "dying\nnew\nold\n"));
    KEEPS(suite_erase(f, "old", "k", 1));
    KEEPS(SAME(suite_names(f), "dying\nnew\n"));
    KEEPS(suite_sweeps(f, 50, 10, 1));
    KEEPS(SAME(suite_names(f), "new\n"));
    KEEPS(suite_write(f, "old", "l", 1, "3", 50));
    KEEPS(SAME(suite_names(f), "new\nold\n"));
    KEEPS(SAME(suite_dump(f, "old", 49), "l=3@50\n"));
    KEEPS(suite_sweeps(f, 50, 10, 1));
    KEEPS(SAME(suite_names(f), "new\n"));
    KEEPS(suite_erase(f, "new", "k", 1));
    KEEPS(SAME(suite_names(f), ""));
    KEEPS(suite_write(f, "dying", "k", 1, "4", 0));
    KEEPS(SAME(suite_dump(f, "dying", 1000), "k=4@0\n"));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_names(f), "dying\n"));
    KEEPS(SAME(suite_dump(f, "dying", 1000), "k=4@0\n"));
    return NULL;
}

static const char *the_last_write_per_key_wins(struct state_fixture *f)
{
    char value[16];

    KEEPS(suite_put(f, "p", "c", "0", 0));
    KEEPS(suite_begin(f));
    for (int i = 0; i < 100; i++) {
        snprintf(value, sizeof value, "%d", i);
        KEEPS(suite_write(f, "p", "a", 1, value, i));
        KEEPS(suite_erase(f, "p", "b", 1));
        KEEPS(suite_write(f, "p", "b", 1, value, 0));
        KEEPS(suite_write(f, "p", "c", 1, value, 0));
        KEEPS(suite_erase(f, "p", "c", 1));
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "a=99@99\nb=99@0\n"));
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "a=99@99\nb=99@0\n"));
    return NULL;
}

static const char *rollback_restores(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "keep", "1", 0));
    KEEPS(suite_put(f, "p", "ttl", "2", 100));
    KEEPS(suite_put(f, "p", "old", "3", 10));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "p", "keep", 4, "9", 50));
    KEEPS(suite_write(f, "p", "keep", 4, "8", 0));
    KEEPS(suite_erase(f, "p", "keep", 4));
    KEEPS(suite_write(f, "p", "keep", 4, "7", 0));
    KEEPS(suite_erase(f, "p", "ttl", 3));
    KEEPS(suite_erase(f, "p", "never", 5));
    KEEPS(suite_write(f, "p", "new", 3, "6", 0));
    KEEPS(suite_write(f, "q", "new", 3, "6", 0));
    KEEPS(suite_sweeps(f, 20, 100, 1));
    state_rollback(f->store);
    KEEPS(SAME(suite_dump(f, "p", 0), "keep=1@0\nold=3@10\nttl=2@100\n"));
    KEEPS(SAME(suite_names(f), "p\n"));
    KEEPS(suite_put(f, "p", "keep", "5", 0));
    KEEPS(SAME(suite_dump(f, "p", 20), "keep=5@0\nttl=2@100\n"));
    return NULL;
}

/* A transaction leaves nothing behind for the next one, however it ended. */
static const char *transactions_do_not_leak(struct state_fixture *f)
{
    for (int i = 0; i < 20; i++) {
        KEEPS(suite_begin(f));
        KEEPS(suite_write(f, "p", "ghost", 5, "1", 0));
        state_rollback(f->store);
        state_rollback(f->store); /* nothing to do */
        KEEPS(suite_begin(f));
        KEEPS(suite_commit(f)); /* an empty one */
        KEEPS(SAME(suite_dump(f, "p", 0), i == 0 ? "" : "real=2@0\n"));
        KEEPS(suite_put(f, "p", "real", "2", 0));
        KEEPS(SAME(suite_dump(f, "p", 0), "real=2@0\n"));
    }
    return NULL;
}

static const char *a_thousand_keys_in_one_transaction(struct state_fixture *f)
{
    struct buf expected;
    char key[16], value[16];
    bool same;

    KEEPS(suite_begin(f));
    for (int i = 0; i < 1000; i++) {
        int n = i * 617 % 1000; /* not in order */
        snprintf(key, sizeof key, "key-%04d", n);
        snprintf(value, sizeof value, "%d", n);
        KEEPS(suite_write(f, "p", key, strlen(key), value, 0));
    }
    KEEPS(suite_commit(f));
    buf_init(&expected, 1024 * 1024);
    for (int i = 0; i < 1000; i++)
        buf_addf(&expected, "key-%04d=%d@0\n", i, i);
    same = SAME(suite_dump(f, "p", 0), buf_text(&expected));
    buf_release(&expected);
    KEEPS(same);
    KEEPS(suite_begin(f));
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "key-%04d", i);
        KEEPS(i == 500 || suite_erase(f, "p", key, strlen(key)));
    }
    KEEPS(suite_commit(f));
    KEEPS(SAME(suite_dump(f, "p", 0), "key-0500=500@0\n"));
    return NULL;
}

static const char *a_thousand_transactions(struct state_fixture *f)
{
    char key[16], value[16];

    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "k%d", i % 10);
        snprintf(value, sizeof value, "%d", i);
        KEEPS(suite_put(f, i % 2 ? "p" : "q", key, value, 0));
    }
    KEEPS(SAME(suite_dump(f, "p", 0), "k1=991@0\nk3=993@0\nk5=995@0\nk7=997@0\nk9=999@0\n"));
    KEEPS(SAME(suite_dump(f, "q", 0), "k0=990@0\nk2=992@0\nk4=994@0\nk6=996@0\nk8=998@0\n"));
    return NULL;
}

static const char *commits_survive_reopening(struct state_fixture *f)
{
    KEEPS(suite_put(f, "p", "a\nb", "1", 0));
    KEEPS(suite_put(f, "p", "ttl", "[0.1]", 1000));
    KEEPS(suite_begin(f));
    KEEPS(suite_write(f, "p", "lost", 4, "2", 0));
    KEEPS(suite_erase(f, "p", "ttl", 3));
    state_suite_reopen(f); /* closing rolls back what is open */
    if (f->backend->durable)
        KEEPS(SAME(suite_dump(f, "p", 999), "a\nb=1@0\nttl=[0.1]@1000\n"));
    else
        KEEPS(SAME(suite_dump(f, "p", 999), ""));
    KEEPS(suite_put(f, "p", "more", "3", 0));
    return NULL;
}

/* What one daemon committed the next one reads, and nothing before. */
static const char *daemons_see_each_others_commits(struct state_fixture *f)
{
    struct state_fixture other = state_suite_second(f);
    const char *broken = NULL;

    if (!suite_put(&other, "p", "a", "1", 0) || !SAME(suite_dump(f, "p", 0), "a=1@0\n"))
        broken = "a commit of another daemon is not seen";
    else if (!suite_begin(f) || !suite_write(f, "p", "a", 1, "2", 0) ||
             !SAME(suite_dump(&other, "p", 0), "a=1@0\n"))
        broken = "another daemon sees what was not committed";
    else if (!suite_commit(f) || !SAME(suite_dump(&other, "p", 0), "a=2@0\n"))
        broken = "another daemon does not see a commit";
    state_suite_leave(&other);
    return broken;
}

static const struct state_rule rules[] = {
    ERAS(reads_see_the_transaction),
    ERAS(all_reads_see_all_writes),
    ERAS(the_last_write_per_key_wins),
    ERAS(rollback_restores),
    RULE(transactions_do_not_leak),
    RULE(a_thousand_keys_in_one_transaction),
    RULE(a_thousand_transactions),
    ERAS(commits_survive_reopening),
    FOR(SHARED, daemons_see_each_others_commits),
};
CHAPTER(transactions);
