/* Expected prices were computed with Python's math module from the formulas in pricing.h. */
#include "support.h"

#include <math.h>

#include "executor/pricing.h"

static void assert_near(double got, double expected, double within)
{
    if (!(fabs(got - expected) <= within))
        fail_msg("%.17g is not within %g of %.17g", got, within, expected);
}

static struct pricing btc(void)
{
    struct market m = desk_market("btc", 100000, 100500);
    struct pricing p;

    assert_int_equal(pricing_init(&p, &m, EXPIRY), 0);
    return p;
}

static uint64_t binary(const struct pricing *p, uint64_t strike, bool is_up)
{
    struct position position = {
        .kind = POSITION_BINARY, .strike = strike * PRICE_ONE, .is_up = is_up};

    return pricing_price(p, &position);
}

static uint64_t range(const struct pricing *p, uint64_t lower, uint64_t higher)
{
    struct position position = {
        .kind = POSITION_RANGE, .strike = lower * PRICE_ONE, .higher = higher * PRICE_ONE};

    return pricing_price(p, &position);
}

static void test_normal(void **state)
{
    (void)state;
    /* statistics.NormalDist().cdf(x) */
    assert_near(pricing_normal(-3), 0.0013498980316301035, 1e-15);
    assert_near(pricing_normal(-1), 0.15865525393145707, 1e-15);
    assert_near(pricing_normal(0), 0.5, 1e-16);
    assert_near(pricing_normal(0.5), 0.6914624612740131, 1e-15);
    assert_near(pricing_normal(1.96), 0.9750021048517795, 1e-15);
    assert_true(pricing_normal(-40) == 0);
    assert_true(pricing_normal(40) == 1);
    assert_true(pricing_normal(-INFINITY) == 0);
    assert_true(pricing_normal(INFINITY) == 1);
    assert_true(pricing_normal(NAN) == 0);
}

static void test_variance(void **state)
{
    struct svi svi = {.a = 0.0001, .b = 0.002, .rho = -0.3, .m = 0.001, .sigma = 0.05};

    (void)state;
    assert_near(pricing_variance(&svi, 0), 0.00020061999800039993, 1e-18);
    assert_near(pricing_variance(&svi, 0.05), 0.00021061428498549714, 1e-18);
    assert_near(pricing_variance(&svi, -0.05), 0.0002734425706853528, 1e-18);
}

static void test_binaries(void **state)
{
    static const struct {
        uint64_t strike, up;
    } golden[] = {{90000, 999999972},  {99000, 845923803}, {100000, 633744970}, {100500, 497174707},
                  {101000, 359505209}, {102500, 78368465}, {105000, 1108977},   {120000, 0}};
    struct pricing p = btc();

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        /* one part in 1e9 for another libm's last bit */
        assert_in_range(binary(&p, golden[i].strike, true) + 1, golden[i].up, golden[i].up + 2);
        assert_int_equal(binary(&p, golden[i].strike, true) + binary(&p, golden[i].strike, false),
                         PRICE_ONE);
    }
    assert_int_equal(binary(&p, 0, true), PRICE_ONE);
    assert_int_equal(binary(&p, UINT64_MAX / PRICE_ONE, true), 0);
}

static void test_ranges(void **state)
{
    struct pricing p = btc();

    (void)state;
    assert_int_equal(range(&p, 99000, 102500), binary(&p, 99000, true) - binary(&p, 102500, true));
    assert_in_range(range(&p, 99000, 102500), 767555337, 767555339);
    assert_int_equal(range(&p, 0, 99000), binary(&p, 99000, false));
    assert_int_equal(range(&p, 150000, 160000), 0);
}

static void test_other_expiry_scales_variance(void **state)
{
    struct market m = desk_market("btc", 100000, 100500);
    struct pricing p;

    (void)state;
    assert_int_equal(pricing_init(&p, &m, NOW + HOUR / 2), 0); /* half the variance */
    assert_in_range(binary(&p, 99000, true), 925969449, 925969451);
    assert_in_range(binary(&p, 101000, true), 307189025, 307189027);
    assert_in_range(binary(&p, 105000, true), 7746, 7748);
}

static void test_certain(void **state)
{
    struct market m = desk_market("btc", 100000, 100500);
    struct pricing p;

    (void)state;
    memset(&m.svi, 0, sizeof m.svi); /* no variance: at the forward */
    assert_int_equal(pricing_init(&p, &m, EXPIRY), 0);
    assert_int_equal(binary(&p, 100499, true), PRICE_ONE);
    assert_int_equal(binary(&p, 100500, true), 0);
    assert_int_equal(range(&p, 100000, 100500), PRICE_ONE);
    m = desk_market("btc", 100000, 100500); /* at the expiry: at the spot */
    m.at_ms = EXPIRY;
    m.expiry_ms = EXPIRY + HOUR;
    assert_int_equal(pricing_init(&p, &m, EXPIRY), 0);
    assert_true(p.settled);
    assert_int_equal(binary(&p, 99999, true), PRICE_ONE);
    assert_int_equal(binary(&p, 100000, true), 0);
    assert_int_equal(binary(&p, 100000, false), PRICE_ONE);
}

static void test_nonsense_is_bounded(void **state)
{
    static const double odd[] = {0, -1, 1e-300, 1e300, NAN, INFINITY, -INFINITY, 1e-9, 1};
    size_t n = sizeof odd / sizeof *odd;
    struct pricing p;

    (void)state;
    for (size_t i = 0; i < n * n * n; i++) {
        struct market m = desk_market("btc", 100000, odd[i % n]);
        m.svi.a = odd[i / n % n];
        m.svi.b = odd[i / n / n];
        if (pricing_init(&p, &m, EXPIRY) < 0)
            continue;
        assert_true(binary(&p, 100000, true) <= PRICE_ONE);
        assert_true(binary(&p, 100000, false) <= PRICE_ONE);
        assert_true(range(&p, 1, 18000000000) <= PRICE_ONE);
    }
}

static void test_refuses_unusable_snapshots(void **state)
{
    struct market m = desk_market("btc", NAN, 100500);
    struct pricing p;

    (void)state;
    assert_int_equal(pricing_init(&p, &m, EXPIRY), -1);
    m = desk_market("btc", 0, 100500);
    assert_int_equal(pricing_init(&p, &m, EXPIRY), -1);
    m = desk_market("btc", 100000, 100500);
    m.at_ms = 0;
    assert_int_equal(pricing_init(&p, &m, EXPIRY), -1);
    m.at_ms = NOW;
    m.svi.rho = NAN;
    assert_int_equal(pricing_init(&p, &m, EXPIRY), -1);
    m.svi.rho = 0;
    m.forward = -1; /* the spot has to do */
    assert_int_equal(pricing_init(&p, &m, EXPIRY), 0);
    assert_true(p.forward == 100000);
}

static void test_quotes_round_against_the_trader(void **state)
{
    struct quote q = pricing_quote(359505209, 10000);

    (void)state;
    assert_int_equal(q.ask, 363100262); /* 359505209 + ceil(3595052.09) */
    assert_int_equal(q.bid, 355910156);
    q = pricing_quote(1, 10000); /* a spread is never less than one part */
    assert_int_equal(q.ask, 2);
    assert_int_equal(q.bid, 0);
    q = pricing_quote(0, 10000);
    assert_int_equal(q.ask, 0);
    assert_int_equal(q.bid, 0);
    q = pricing_quote(PRICE_ONE, 1000000);
    assert_int_equal(q.ask, 2 * (uint64_t)PRICE_ONE);
    assert_int_equal(q.bid, 0);
    q = pricing_quote(500000000, 0);
    assert_int_equal(q.ask, q.bid);
}

static void test_scaled(void **state)
{
    (void)state;
    assert_int_equal(pricing_scaled(100000), 100000 * (uint64_t)PRICE_ONE);
    assert_int_equal(pricing_scaled(0.1), 100000000);
    assert_int_equal(pricing_scaled(46210.33), 46210330000000);
    assert_int_equal(pricing_scaled(1e300), UINT64_MAX);
    assert_int_equal(pricing_scaled(-1), 0);
    assert_int_equal(pricing_scaled(NAN), 0);
}

static void test_wins(void **state)
{
    struct position up = {.kind = POSITION_BINARY, .strike = 100, .is_up = true};
    struct position down = {.kind = POSITION_BINARY, .strike = 100};
    struct position between = {.kind = POSITION_RANGE, .strike = 100, .higher = 200};

    (void)state;
    for (uint64_t at = 98; at <= 202; at++) {
        assert_int_equal(pricing_wins(&up, at), at > 100);
        assert_int_equal(pricing_wins(&down, at), at <= 100);
        assert_int_equal(pricing_wins(&between, at), at > 100 && at <= 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_variance),
        cmocka_unit_test(test_binaries),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_other_expiry_scales_variance),
        cmocka_unit_test(test_certain),
        cmocka_unit_test(test_nonsense_is_bounded),
        cmocka_unit_test(test_refuses_unusable_snapshots),
        cmocka_unit_test(test_quotes_round_against_the_trader),
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_wins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
