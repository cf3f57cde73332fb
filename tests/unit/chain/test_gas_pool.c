/* The gas pool: rules, and random sequences against what must always hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "chain/gas_pool.h"
#include "chain/owned_book.h"

static struct sui_object_ref ref(uint8_t id, uint64_t version)
{
    struct sui_object_ref r = {sui_address_small(id), version, {{0}}};

    r.digest.bytes[0] = (uint8_t)version;
    r.digest.bytes[1] = id;
    return r;
}

static void learn(struct gas_pool *pool, uint8_t id, uint64_t version, uint64_t balance)
{
    struct sui_object_ref r = ref(id, version);

    gas_pool_learn(pool, &r, balance);
}

static uint64_t version_of(const struct gas_pool *pool, uint8_t id)
{
    struct sui_address a = sui_address_small(id);
    const struct gas_coin *coin = gas_pool_find(pool, &a);

    return coin == NULL ? 0 : coin->ref.version;
}

static enum gas_coin_state state_of(const struct gas_pool *pool, uint8_t id)
{
    struct sui_address a = sui_address_small(id);

    return gas_pool_find(pool, &a)->state;
}

static void the_newest_version_wins(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref r = ref(1, 9);
    (void)state;

    learn(&pool, 1, 5, 100);
    learn(&pool, 1, 4, 900); /* a node that lags */
    assert_int_equal(version_of(&pool, 1), 5);
    gas_pool_update(&pool, &r, 70);
    learn(&pool, 1, 5, 100);
    assert_int_equal(version_of(&pool, 1), 9);
    assert_int_equal(pool.coins[0].balance, 70);
    gas_pool_release(&pool);
}

static void a_reserved_coin_is_not_learnt_about(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref r = ref(1, 5);
    (void)state;

    learn(&pool, 1, 5, 100);
    assert_true(gas_pool_reserve(&pool, &r.id));
    assert_false(gas_pool_reserve(&pool, &r.id));
    learn(&pool, 1, 6, 100); /* perhaps our own transaction: its effects will say */
    assert_int_equal(state_of(&pool, 1), GAS_RESERVED);
    assert_null(gas_pool_choose(&pool, 1, 0));
    gas_pool_free(&pool, &r.id);
    assert_non_null(gas_pool_choose(&pool, 1, 0));
    gas_pool_release(&pool);
}

static void a_coin_in_doubt_comes_back_with_a_later_version(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref r = ref(1, 5);
    (void)state;

    learn(&pool, 1, 5, 100);
    gas_pool_reserve(&pool, &r.id);
    gas_pool_doubt(&pool, &r.id, 6);
    learn(&pool, 1, 5, 100);
    assert_int_equal(state_of(&pool, 1), GAS_UNCERTAIN);
    assert_null(gas_pool_choose(&pool, 1, 0));
    assert_true(gas_pool_may_serve(&pool, 50));
    learn(&pool, 1, 7, 60);
    assert_int_equal(state_of(&pool, 1), GAS_FREE);
    gas_pool_release(&pool);
}

static void a_shelved_coin_comes_back_when_it_has_moved(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref r = ref(1, 5);
    (void)state;

    learn(&pool, 1, 5, 100);
    gas_pool_reserve(&pool, &r.id);
    gas_pool_shelve(&pool, &r.id, 501);
    learn(&pool, 1, 5, 100);
    assert_int_equal(state_of(&pool, 1), GAS_SHELVED);
    assert_false(gas_pool_may_serve(&pool, 1));
    learn(&pool, 1, 6, 100);
    assert_int_equal(state_of(&pool, 1), GAS_FREE);
    gas_pool_reserve(&pool, &r.id);
    gas_pool_shelve(&pool, &r.id, 501);
    gas_pool_unshelve(&pool, 501);
    assert_int_equal(state_of(&pool, 1), GAS_SHELVED);
    gas_pool_unshelve(&pool, 502); /* what was signed is dead now */
    assert_int_equal(state_of(&pool, 1), GAS_FREE);
    gas_pool_release(&pool);
}

#define APART 3000

/* The lists of the chain: with coin `id`, or without any. */
static size_t miss(struct gas_pool *pool, uint8_t id, int64_t now)
{
    struct sui_address listed = sui_address_small(id);

    return gas_pool_miss(pool, &listed, id != 0, now, APART);
}

static void a_coin_in_doubt_that_nobody_has_is_gone(void **state)
{
    struct gas_pool pool = {0};
    struct sui_address one = sui_address_small(1), two = sui_address_small(2);
    (void)state;

    learn(&pool, 1, 5, 100);
    learn(&pool, 2, 5, 100);
    gas_pool_reserve(&pool, &two);
    gas_pool_doubt(&pool, &one, 6);
    assert_int_equal(miss(&pool, 0, 1000), 0);
    assert_int_equal(miss(&pool, 0, 1000 + APART - 1), 0); /* too early */
    assert_int_equal(miss(&pool, 1, 1000 + APART), 0);     /* a node has it: begun anew */
    assert_int_equal(miss(&pool, 0, 5000), 0);
    gas_pool_doubt(&pool, &one, 7); /* once more: begun anew */
    assert_int_equal(miss(&pool, 0, 9000), 0);
    assert_int_equal(state_of(&pool, 1), GAS_UNCERTAIN);
    assert_true(gas_pool_may_serve(&pool, 500));
    assert_int_equal(miss(&pool, 0, 9000 + APART), 1);
    assert_int_equal(state_of(&pool, 1), GAS_GONE);
    assert_false(gas_pool_may_serve(&pool, 500));
    assert_int_equal(gas_pool_count(&pool, GAS_UNCERTAIN), 0);
    assert_int_equal(state_of(&pool, 2), GAS_RESERVED); /* no doubt, no miss */
    assert_int_equal(miss(&pool, 0, 90000), 0);
    gas_pool_release(&pool);
}

/* A node that lags does not bring it back at the version at which it was signed for. */
static void a_coin_that_is_gone_comes_back_as_one_in_doubt_does(void **state)
{
    struct gas_pool pool = {0};
    struct sui_address one = sui_address_small(1);
    (void)state;

    learn(&pool, 1, 5, 100);
    gas_pool_doubt(&pool, &one, 6);
    miss(&pool, 0, 1);
    assert_int_equal(miss(&pool, 0, 1 + APART), 1);
    learn(&pool, 1, 5, 100);
    assert_int_equal(state_of(&pool, 1), GAS_GONE);
    assert_null(gas_pool_choose(&pool, 1, 0));
    learn(&pool, 1, 6, 80);
    assert_int_equal(state_of(&pool, 1), GAS_FREE);
    assert_int_equal(gas_pool_choose(&pool, 1, 0)->balance, 80);
    gas_pool_release(&pool);
}

static void a_full_pool_forgets_what_is_gone(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref r = ref(1, 5);
    (void)state;

    for (int i = 0; i < GAS_COINS; i++) {
        r.id.bytes[0] = (uint8_t)(1 + i / 250);
        r.id.bytes[1] = (uint8_t)(i % 250);
        assert_true(gas_pool_learn(&pool, &r, 100));
    }
    r.id.bytes[2] = 1;
    assert_false(gas_pool_learn(&pool, &r, 100));
    gas_pool_doubt(&pool, &pool.coins[7].ref.id, 6);
    miss(&pool, 0, 1);
    assert_int_equal(miss(&pool, 0, 1 + APART), 1);
    assert_true(gas_pool_learn(&pool, &r, 100));
    assert_int_equal(pool.count, GAS_COINS);
    assert_int_equal(gas_pool_count(&pool, GAS_FREE), GAS_COINS);
    gas_pool_release(&pool);
}

static void adopted_coins_are_reserved(void **state)
{
    struct gas_pool pool = {0};
    struct sui_object_ref old = ref(1, 3), unknown = ref(2, 8);
    (void)state;

    learn(&pool, 1, 5, 100);
    gas_pool_adopt(&pool, &old, 50); /* on record, but known at a later version by now */
    gas_pool_adopt(&pool, &unknown, 70);
    assert_int_equal(version_of(&pool, 1), 5);
    assert_int_equal(state_of(&pool, 1), GAS_RESERVED);
    assert_int_equal(version_of(&pool, 2), 8);
    assert_int_equal(state_of(&pool, 2), GAS_RESERVED);
    gas_pool_release(&pool);
}

static void the_smallest_coin_that_suffices_is_chosen(void **state)
{
    struct gas_pool pool = {0};
    (void)state;

    learn(&pool, 1, 1, 1000);
    learn(&pool, 2, 1, 50);
    learn(&pool, 3, 1, 80);
    assert_int_equal(gas_pool_choose(&pool, 60, 10)->balance, 80);
    assert_int_equal(gas_pool_choose(&pool, 5000, 10)->balance, 1000); /* the best there is */
    assert_null(gas_pool_choose(&pool, 5000, 1001));
    gas_pool_release(&pool);
}

static void splits(void **state)
{
    struct gas_pool pool = {0};
    const struct gas_coin *coin = NULL;
    (void)state;

    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 0);
    learn(&pool, 1, 1, 10000);
    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 15);
    assert_int_equal(coin->balance, 10000);
    for (uint8_t id = 2; id <= 16; id++)
        learn(&pool, id, 1, 200);
    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 0);
    learn(&pool, 16, 2, 99); /* spent below the half */
    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 1);
    gas_pool_release(&pool);
    learn(&pool, 1, 1, 700); /* 700 - 100 is three amounts: one stays */
    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 2);
    gas_pool_release(&pool);
    learn(&pool, 1, 1, 499);
    assert_int_equal(gas_pool_split(&pool, 16, 200, 100, &coin), 0);
    gas_pool_release(&pool);
}

/* ---- random sequences ---- */

#define IDS   12
#define STEPS 200000

/* What a simple bookkeeper knows beside the pool. */
struct model {
    bool reserved[IDS + 1];
    uint64_t newest[IDS + 1]; /* that was ever said of the coin */
    uint64_t signed_at[IDS + 1];
};

static void check(const struct gas_pool *pool, const struct model *m)
{
    for (size_t i = 0; i < pool->count; i++) {
        const struct gas_coin *coin = &pool->coins[i];
        uint8_t id = coin->ref.id.bytes[31];
        assert_int_equal(coin->state == GAS_RESERVED, m->reserved[id]);
        for (size_t j = 0; j < i; j++)
            assert_false(sui_address_equal(&pool->coins[j].ref.id, &coin->ref.id));
        if (coin->state == GAS_FREE) {
            assert_true(coin->ref.version > m->signed_at[id]); /* never two of one version */
            assert_int_equal(coin->ref.digest.bytes[0], (uint8_t)coin->ref.version);
        }
    }
}

static void reserve_one(struct gas_pool *pool, struct model *m, struct random *r)
{
    const struct gas_coin *coin = gas_pool_choose(pool, random_below(r, 1000), 0);
    uint8_t id;

    if (coin == NULL)
        return;
    id = coin->ref.id.bytes[31];
    assert_false(m->reserved[id]);
    assert_true(coin->ref.version > m->signed_at[id]);
    assert_true(gas_pool_reserve(pool, &coin->ref.id));
    m->reserved[id] = true;
}

static void end_one(struct gas_pool *pool, struct model *m, struct random *r, uint8_t id)
{
    struct sui_address a = sui_address_small(id);
    uint64_t version = version_of(pool, id);
    struct sui_object_ref next = ref(id, version + 1 + random_below(r, 3));

    if (!m->reserved[id])
        return;
    m->reserved[id] = false;
    switch (random_below(r, 4)) {
    case 0: /* executed */
        m->signed_at[id] = version;
        gas_pool_update(pool, &next, random_below(r, 1000));
        break;
    case 1: /* executed, and nobody says how */
        m->signed_at[id] = version;
        gas_pool_doubt(pool, &a, version + 1);
        break;
    case 2: /* certainly not */
        m->signed_at[id] = version;
        gas_pool_shelve(pool, &a, 501);
        break;
    default: /* nothing was signed */
        gas_pool_free(pool, &a);
    }
}

static void no_coin_is_ever_used_twice_at_one_version(void **state)
{
    struct gas_pool pool = {0};
    struct model m = {{false}, {0}, {0}};
    struct random r;
    (void)state;

    random_init(&r, 7);
    for (int i = 0; i < STEPS; i++) {
        uint8_t id = (uint8_t)(1 + random_below(&r, IDS));
        uint64_t lag = random_below(&r, 6), version = version_of(&pool, id) + 2;
        switch (random_below(&r, 4)) {
        case 3: /* a list without any */
            miss(&pool, 0, 1 + (int64_t)i * APART);
            break;
        case 0: /* a node, perhaps one that is behind */
            learn(&pool, id, version > lag ? version - lag : 1, random_below(&r, 1000));
            break;
        case 1:
            reserve_one(&pool, &m, &r);
            break;
        default:
            end_one(&pool, &m, &r, id);
        }
        check(&pool, &m);
    }
    assert_int_equal(pool.count, IDS);
    gas_pool_release(&pool);
}

/* ---- owned objects ---- */

static void owned_objects(void **state)
{
    struct owned_book book = {0};
    struct sui_object_ref r4 = ref(1, 4), r5 = ref(1, 5), r7 = ref(1, 7);
    struct sui_address shared = sui_address_small(2);
    (void)state;

    owned_book_name(&book, &r4.id, false, 0);
    owned_book_name(&book, &shared, true, 0);
    assert_int_equal(owned_book_unknown(&book), 2);
    owned_book_name(&book, &shared, true, 3); /* another vault says it */
    owned_book_learn(&book, &r5);
    assert_int_equal(owned_book_unknown(&book), 0);
    owned_book_learn(&book, &r4);
    assert_int_equal(owned_book_find(&book, &r4.id)->ref.version, 5);
    assert_true(owned_book_reserve(&book, &r4.id));
    assert_false(owned_book_reserve(&book, &r4.id));
    owned_book_learn(&book, &r7); /* while a transaction has it */
    assert_int_equal(owned_book_find(&book, &r4.id)->ref.version, 5);
    owned_book_free(&book, &r4.id);
    owned_book_doubt(&book, &r4.id, 6);
    owned_book_learn(&book, &r5);
    assert_int_equal(owned_book_unknown(&book), 1);
    owned_book_learn(&book, &r7);
    assert_int_equal(owned_book_unknown(&book), 0);
    owned_book_adopt(&book, &r4);
    assert_int_equal(owned_book_find(&book, &r4.id)->ref.version, 7);
    assert_false(owned_book_reserve(&book, &r4.id));
    owned_book_release(&book);
}

/* No transaction changes it, so none makes it uncertain, and none has it for itself. */
static void an_immutable_object_stays_known(void **state)
{
    struct owned_book book = {0};
    struct sui_object_ref r4 = ref(1, 4);
    (void)state;

    owned_book_name(&book, &r4.id, false, 0);
    owned_book_freeze(&book, &r4);
    assert_int_equal(owned_book_unknown(&book), 0);
    owned_book_doubt(&book, &r4.id, 5);
    assert_int_equal(owned_book_unknown(&book), 0);
    assert_int_equal(owned_book_find(&book, &r4.id)->ref.version, 4);
    owned_book_release(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_version_wins),
        cmocka_unit_test(a_reserved_coin_is_not_learnt_about),
        cmocka_unit_test(a_coin_in_doubt_comes_back_with_a_later_version),
        cmocka_unit_test(a_shelved_coin_comes_back_when_it_has_moved),
        cmocka_unit_test(a_coin_in_doubt_that_nobody_has_is_gone),
        cmocka_unit_test(a_coin_that_is_gone_comes_back_as_one_in_doubt_does),
        cmocka_unit_test(a_full_pool_forgets_what_is_gone),
        cmocka_unit_test(adopted_coins_are_reserved),
        cmocka_unit_test(the_smallest_coin_that_suffices_is_chosen),
        cmocka_unit_test(splits),
        cmocka_unit_test(no_coin_is_ever_used_twice_at_one_version),
        cmocka_unit_test(owned_objects),
        cmocka_unit_test(an_immutable_object_stays_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
