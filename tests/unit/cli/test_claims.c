/* The leases that a command holds while it changes a shared store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/claims.h"
#include "shared_store.h"

static const struct claimant command = {.owner = {"us", "here:/desk (orrery db copy, pid 7)"},
                                        .locked = true};

static void other_takes(struct shared_store *s, const char *plugin)
{
    struct state_claim claim = {"them", "there:/desk (pid 9)", 60000, false};
    struct state_lease lease;
    struct error e = ERROR_INIT;
    bool granted;

    assert_int_equal(state_lease_take(&s->base, plugin, &claim, &granted, &lease, &e), 0);
    assert_true(granted);
}

static int put(struct claims *c, const char *plugin, struct error *e)
{
    struct state_row row = {.key = "k", .key_len = 1, .value = "1", .value_len = 1};

    if (state_begin(c->store, 1, e) < 0)
        return -1;
    if (state_put(c->store, plugin, &row, e) == 0 && claims_fence(c, plugin, e) == 0 &&
        state_commit(c->store, e) == 0)
        return 0;
    state_rollback(c->store);
    return -1;
}

static void test_taken_fenced_and_given_back(void **state)
{
    struct shared_store *s = shared_new();
    struct error e = ERROR_INIT;
    struct claims c;

    (void)state;
    claims_init(&c, &s->base, &command);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    assert_int_equal(claims_take(&c, "b", &e), 0);
    assert_string_equal(s->leases[0].lease.label, command.owner.label);
    assert_int_equal(put(&c, "a", &e), 0);
    assert_int_equal(put(&c, "c", &e), -1); /* a write without a lease is a bug */
    assert_int_equal(e.code, ERROR_INTERNAL);
    claims_release(&c);
    other_takes(s, "a"); /* at once */
    state_close(&s->base);
}

static void test_another_holder_is_named(void **state)
{
    struct shared_store *s = shared_new();
    struct error e = ERROR_INIT;
    struct claims c;

    (void)state;
    other_takes(s, "a");
    claims_init(&c, &s->base, &command);
    assert_int_equal(claims_take(&c, "a", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_non_null(strstr(e.message, "there:/desk (pid 9)"));
    assert_non_null(strstr(e.message, "60.0 s"));
    assert_string_equal(e.where, "a");
    claims_release(&c);
    e = (struct error)ERROR_INIT;
    assert_int_equal(claims_rivals(&s->base, &command, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    s->server_ms += 60000; /* its lease has run out */
    e = (struct error)ERROR_INIT;
    assert_int_equal(claims_rivals(&s->base, &command, &e), 0);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    claims_release(&c);
    state_close(&s->base);
}

/* A lease of this desk: its daemon is dead when we hold the desk's lock, and only then. */
static void test_own_leases(void **state)
{
    struct shared_store *s = shared_new();
    struct claimant unlocked = command;
    struct error e = ERROR_INIT;
    struct claims daemon, c;

    (void)state;
    unlocked.locked = false;
    claims_init(&daemon, &s->base, &command);
    assert_int_equal(claims_take(&daemon, "a", &e), 0);
    claims_init(&c, &s->base, &unlocked);
    assert_int_equal(claims_rivals(&s->base, &unlocked, &e), -1);
    e = (struct error)ERROR_INIT;
    assert_int_equal(claims_take(&c, "a", &e), -1);
    e = (struct error)ERROR_INIT;
    c.who = &command;
    assert_int_equal(claims_rivals(&s->base, &command, &e), 0);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    assert_int_equal(put(&daemon, "a", &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    claims_release(&daemon); /* does not take ours away */
    assert_true(s->leases[0].expires_ms > s->server_ms);
    claims_release(&c);
    state_close(&s->base);
}

/* Taken in the holder's own name: that daemon can have it back as soon as we are done. */
static void test_force(void **state)
{
    struct shared_store *s = shared_new();
    struct claimant forced = command;
    struct error e = ERROR_INIT;
    struct claims c;

    (void)state;
    forced.force = true;
    other_takes(s, "a");
    claims_init(&c, &s->base, &forced);
    assert_int_equal(claims_rivals(&s->base, &forced, &e), 0);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    assert_string_equal(s->leases[0].lease.owner, "them");
    assert_string_equal(s->leases[0].lease.label, command.owner.label);
    assert_int_equal(s->leases[0].lease.token, 2); /* what they commit from now on is refused */
    assert_int_equal(put(&c, "a", &e), 0);
    claims_release(&c);
    other_takes(s, "a");
    state_close(&s->base);
}

static void test_one_that_was_lost(void **state)
{
    struct shared_store *s = shared_new();
    struct error e = ERROR_INIT;
    struct claims c;
    const char *lost;

    (void)state;
    claims_init(&c, &s->base, &command);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    assert_int_equal(claims_take(&c, "b", &e), 0);
    assert_int_equal(claims_look(&c, &lost, &e), 0);
    assert_null(lost);
    s->server_ms += CLAIMS_TTL_MS;
    other_takes(s, "b");
    assert_int_equal(claims_keep(&c, &e), 0); /* it is not time to ask yet */
    assert_int_equal(put(&c, "b", &e), -1);   /* what decides is the token */
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    e = (struct error)ERROR_INIT;
    c.renewed_ns -= (int64_t)CLAIMS_TTL_MS * 1000000;
    assert_int_equal(claims_keep(&c, &e), -1);
    assert_int_equal(e.code, ERROR_STORE_FENCED);
    assert_string_equal(e.where, "b");
    claims_release(&c);
    state_close(&s->base);
}

static void test_a_store_of_our_own_has_none(void **state)
{
    struct error e = ERROR_INIT;
    struct state_store *store;
    struct claims c;

    (void)state;
    assert_int_equal(state_memory_open(&store, &e), 0);
    claims_init(&c, store, &command);
    assert_int_equal(claims_take(&c, "a", &e), 0);
    assert_int_equal(claims_rivals(store, &command, &e), 0);
    assert_int_equal(put(&c, "a", &e), 0);
    claims_release(&c);
    state_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_fenced_and_given_back),
        cmocka_unit_test(test_another_holder_is_named),
        cmocka_unit_test(test_own_leases),
        cmocka_unit_test(test_force),
        cmocka_unit_test(test_one_that_was_lost),
        cmocka_unit_test(test_a_store_of_our_own_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
