/* Random recipes and actions: what is built matches; what matches after a change is what other
 * actions become. ORRERY_RECIPE_ROUNDS for more than the 300 rounds. */
#include "unit/recipe/property.h"

#include <time.h>

#include "base/text.h"

static struct sui_transaction decoded(const struct sui_transaction *from)
{
    struct sui_transaction out;
    struct buf bytes;

    WORKS(sui_encode(from, &bytes, e));
    WORKS(sui_decode(bytes.data, bytes.len, &out, e));
    buf_release(&bytes);
    return out;
}

/* Both without gas and expiration. */
static void assert_same(const struct sui_transaction *a, const struct sui_transaction *b)
{
    struct buf left, right;
    char *got, *expected;

    WORKS(sui_encode_kind(a, &left, e));
    WORKS(sui_encode_kind(b, &right, e));
    got = to_hex(left.data, left.len);
    expected = to_hex(right.data, right.len);
    assert_string_equal(got, expected);
    free(got);
    free(expected);
    buf_release(&left);
    buf_release(&right);
}

/* Versions of objects are the chain's word, not the recipe's. */
static void forget_versions(struct sui_transaction *tx)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        struct sui_input *in = &tx->inputs[i];
        if (in->kind == SUI_INPUT_OWNED)
            in->as.object.version = 44;
        if (in->kind == SUI_INPUT_SHARED && in->as.shared.id.bytes[31] == 0xa4)
            in->as.shared.initial_version = 3;
    }
}

static bool is_match(const struct recipe *r, const struct sui_transaction *tx)
{
    const struct recipe *const recipes[] = {r};
    struct sui_address own = filled(OWN);
    struct recipe_mismatch out;
    uint64_t split;
    size_t which;
    bool yes = recipe_match(recipes, 1, tx, &own, &which, &split, &out) == RECIPE_MATCHES;

    assert_true(yes == (out.code == RECIPE_MATCHES));
    assert_true(yes == (out.message[0] == '\0'));
    assert_true(text_is_utf8(out.message, strlen(out.message)));
    return yes;
}

static void batch(struct random *random, const struct recipe *r, struct sui_builder *b)
{
    size_t count = 1 + pick(random, 4);

    begin(b);
    for (size_t i = 0; i < count; i++) {
        struct buf action;
        random_action(random, &action);
        build(r, buf_text(&action), b);
        buf_release(&action);
    }
}

/* What matches is what its own actions become. */
static void check_read_back(const struct recipe *r, struct sui_transaction *tx)
{
    const struct sequence *ways[SUI_COMMANDS];
    struct recipe_mismatch out;
    struct mismatch_search search = {.out = &out};
    struct sui_address own = filled(OWN);
    struct sui_builder again, ordered;

    forget_versions(tx);
    assert_true(recipe_match_ways(r, tx, &own, ways, &search));
    build_again(r, tx, ways, &again);
    rebuild(tx, &ordered);
    assert_same(&again.tx, &ordered.tx);
    sui_builder_release(&again);
    sui_builder_release(&ordered);
}

static void what_matches_is_what_actions_become(void **state)
{
    const char *setting = getenv("ORRERY_RECIPE_ROUNDS");
    uint64_t rounds = 300;
    size_t matched = 0, refused = 0;

    (void)state;
    if (setting != NULL)
        assert_int_equal(text_to_u64(setting, &rounds), 0);
    for (uint64_t round = 0; round < rounds; round++) {
        struct random random;
        struct recipe *r;
        struct sui_builder b;
        random_init(&random, random_mix(1, round));
        r = random_recipe(&random);
        batch(&random, r, &b);
        assert_true(is_match(r, &b.tx));
        for (size_t i = 0; i < 40; i++) {
            struct sui_transaction tx = decoded(&b.tx);
            struct error e = ERROR_INIT;
            if (i > 0)
                random_change(&random, &tx);
            if (sui_transaction_check(&tx, &e) == 0 && is_match(r, &tx)) {
                check_read_back(r, &tx);
                matched++;
            } else {
                assert_true(i > 0);
                refused++;
            }
            sui_transaction_release(&tx);
        }
        sui_builder_release(&b);
        recipe_free(r);
    }
    print_message("%zu matched and were read back, %zu were refused\n", matched, refused);
    assert_true(matched > rounds * 2 && refused > rounds * 10);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Four actions, the best of several runs: far below what signing them takes. */
static void matching_is_fast(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_transaction tx;
    struct sui_builder b;
    double best = 1e9;

    (void)state;
    begin(&b);
    build(r, DEPOSIT, &b);
    build(r, MINT, &b);
    build(r, REDEEM, &b);
    build(r, WITHDRAW, &b);
    tx = decoded(&b.tx);
    for (int run = 0; run < 50; run++) {
        double start = now_us(), took;
        for (int i = 0; i < 20; i++)
            assert_true(is_match(r, &tx));
        took = (now_us() - start) / 20;
        best = took < best ? took : best;
    }
    print_message("four actions matched in %.1f us\n", best);
    assert_true(best < 1000); /* with sanitizers, too */
    sui_transaction_release(&tx);
    sui_builder_release(&b);
    recipe_free(r);
}

/* As many commands as a transaction may have; the last one is wrong, so every one is looked at. */
static void the_largest_transaction_is_no_burden(void **state)
{
    struct recipe *r = recipe_of(SAMPLE);
    struct sui_builder b;
    double start;

    (void)state;
    begin(&b);
    for (int i = 0; i < 340; i++)
        build(r, SUPPLY, &b);
    for (int i = 0; i < 4; i++)
        build(r, NOTHING, &b);
    assert_int_equal(b.tx.command_count, SUI_COMMANDS);
    assert_int_equal(b.tx.input_count, 340 * 5 + 1);
    start = now_us();
    assert_true(is_match(r, &b.tx));
    b.tx.commands[SUI_COMMANDS - 1].as.call.function = "something";
    assert_false(is_match(r, &b.tx));
    print_message("%d commands matched, and not, in %.0f us\n", SUI_COMMANDS, now_us() - start);
    assert_true(now_us() - start < 1e6);
    sui_builder_release(&b);
    recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_matches_is_what_actions_become),
        cmocka_unit_test(matching_is_fast),
        cmocka_unit_test(the_largest_transaction_is_no_burden),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
