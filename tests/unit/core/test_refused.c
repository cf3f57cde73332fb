/* What becomes of a decision that the store refuses because another daemon owns the plugin by then,
 * with state in the journal's database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/dead.h"
#include "unit/core/fake_desk.h"

static struct end {
    bool done, failed, fenced;
} ends[4];

static void noted(struct commit *c, struct engine *engine)
{
    struct end *end = c->arg;

    (void)engine;
    *end = (struct end){true, c->failed, c->fenced};
    commit_free(c);
}

static bool is_done(void *arg)
{
    return ((struct end *)arg)->done;
}

/* State in the journal's database: one transaction of both. */
static struct store *journal_with_state(struct desk_fixture *f)
{
    struct store *store = f->engine.commits.journal;
    struct error e = ERROR_INIT;

    assert_int_equal(fake_open(&servers[0], &store->state, &e), 0);
    return store;
}

static struct commit *decided(struct store *store, uint64_t run, enum run_status status, int id)
{
    struct commit *c = commit_new(store, noted, &ends[id]);
    struct kv_write write = {"k", 1, "1", 1, 0};

    snprintf(c->plugin, sizeof c->plugin, "gone");
    c->fence = 1;
    write_set_copy(&c->writes, &write, 1);
    c->run = (struct run){.id = run, .status = status, .trigger = TRIGGER_EVENT, .attempts = 1};
    snprintf(c->run.plugin, sizeof c->run.plugin, "gone");
    c->run.topic = mem_strdup("t");
    c->run.payload = mem_strdup("{\"n\":1}");
    return c;
}

static int letter(void *arg, const struct dead_letter *d)
{
    snprintf(arg, 300, "%s %d %s %s %s", d->plugin, (int)d->attempts, d->topic, d->payload,
             d->error);
    return 0;
}

static const char *letter_of(struct store *store, uint64_t run)
{
    static char text[300];
    struct error e = ERROR_INIT;

    text[0] = '\0';
    assert_int_equal(journal_get_dead(store->journal, run, letter, text, &e), 0);
    return text;
}

/* A trigger that must not be forgotten is not, when what was decided about it is refused. */
static void test_a_refused_run_leaves_its_trigger_behind(void **state)
{
    struct desk_fixture *f = desk_open();
    struct store *store = journal_with_state(f);
    struct error e = ERROR_INIT;
    struct commit *c;

    (void)state;
    fake_grant(&servers[0], "gone", "us", 1000);
    fake_grant(&servers[0], "gone", "them", 1000);
    c = decided(store, 1, RUN_COMPLETED, 0); /* fired, or emitted */
    c->remove_pending = 1;
    commits_push(c);
    c = decided(store, 2, RUN_COMPLETED, 1); /* of a timer: it comes again */
    commits_push(c);
    c = decided(store, 3, RUN_FAILED, 2); /* it has a letter, and both say why */
    c->remove_pending = 3;
    c->run.error = mem_strdup("{\"code\":\"SCRIPT\"}");
    dead_make(c, true);
    commits_push(c);
    c = decided(store, 4, RUN_COMPLETED, 3); /* executed: it stays what it is */
    c->remove_pending = 4;
    c->has_change = true;
    snprintf(c->change.account.id, sizeof c->change.account.id, "v");
    commits_push(c);
    assert_int_equal(commits_run(&f->engine, &e), 0);
    turn_until(f, is_done, &ends[3]);
    for (size_t i = 0; i < 4; i++)
        assert_true(ends[i].done && ends[i].fenced && !ends[i].failed);
    assert_string_equal(servers[0].history, "");
    assert_non_null(strstr(letter_of(store, 1), "gone 1 t {\"n\":1} {"));
    assert_non_null(strstr(letter_of(store, 1), "STORE_FENCED"));
    assert_string_equal(letter_of(store, 2), "");
    assert_non_null(strstr(letter_of(store, 3), "SCRIPT"));
    assert_string_equal(letter_of(store, 4), "");
    assert_true(commits_close(&f->engine, true));
    desk_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_run_leaves_its_trigger_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
