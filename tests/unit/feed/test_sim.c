#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include "base/error.h"
#include "feed_help.h"

#define START INT64_C(1640995200000) /* 2022-01-01T00:00:00Z, a full hour */

static struct feed *open_sim(const struct feed_config *config)
{
    struct feed_env env = {.desk = "."};
    struct error e = ERROR_INIT;
    struct feed *feed;

    if (feed_sim_open(&feed, config, &env, START, &e) != 0)
        fail_msg("%s", e.message);
    return feed;
}

static void test_first_price(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct feed *feed = open_sim(&config);

    (void)state;
    assert_true(feed->market.at_ms == START);
    assert_true(feed->market.spot == 50000 && feed->market.forward == 50000);
    assert_true(feed->market.open == 50000 && feed->market.volume == 0);
    assert_true(feed->market.expiry_ms == START + 3600000);
    assert_string_equal(feed->market.feed, "btc");
    assert_int_equal(feed->market.version, 1);
    assert_int_equal(feed->updates, 1);
    assert_false(feed->market.stale);
    assert_false(feed_ended(feed));
    assert_true(feed_next_due(feed) == START + 1000);
    feed_close(feed);
    feed_close(NULL);
}

/* However it is polled, the price at one moment is the same. */
static void test_path_is_fixed(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct feed *often = open_sim(&config), *seldom = open_sim(&config), *other;
    struct error e = ERROR_INIT;

    (void)state;
    for (int64_t t = 0; t <= 100000; t += 333)
        assert_true(feed_poll(often, START + t, &e) >= 0);
    assert_int_equal(feed_poll(often, START + 100500, &e), 1);
    assert_int_equal(feed_poll(seldom, START + 100999, &e), 1);
    assert_true(often->market.at_ms == START + 100000);
    assert_true(seldom->market.at_ms == START + 100000);
    assert_memory_equal(&often->market.spot, &seldom->market.spot, sizeof(double));
    assert_memory_equal(&often->market.svi, &seldom->market.svi, sizeof(struct svi));
    assert_true(often->market.spot != 50000);
    config.seed = 8;
    other = open_sim(&config);
    assert_int_equal(feed_poll(other, START + 100999, &e), 1);
    assert_true(other->market.spot != seldom->market.spot);
    feed_close(often);
    feed_close(seldom);
    feed_close(other);
}

static void test_poll_between_steps(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct feed *feed = open_sim(&config);
    struct error e = ERROR_INIT;

    (void)state;
    assert_int_equal(feed_poll(feed, START + 999, &e), 0);
    assert_int_equal(feed->market.version, 1);
    assert_int_equal(feed_poll(feed, START + 1000, &e), 1);
    assert_int_equal(feed->market.version, 2);
    assert_int_equal(feed_poll(feed, START + 1000, &e), 0);
    assert_int_equal(feed->updates, 2);
    feed_close(feed);
}

/* The steps have the configured deviation and drift: 40,000 of them. */
static void test_statistics(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct error e = ERROR_INIT;
    struct feed *feed;
    double sum = 0, squares = 0, last, years, mean, deviation;
    enum { STEPS = 40000 };

    (void)state;
    config.every_ms = 60000;
    config.drift = 5;
    feed = open_sim(&config);
    last = feed->market.spot;
    for (int i = 1; i <= STEPS; i++) {
        double r;

        assert_int_equal(feed_poll(feed, START + i * INT64_C(60000), &e), 1);
        r = log(feed->market.spot / last);
        last = feed->market.spot;
        sum += r;
        squares += r * r;
    }
    years = 60000 / YEAR_MS;
    mean = sum / STEPS;
    deviation = sqrt(squares / STEPS - mean * mean);
    assert_true(fabs(deviation / (0.6 * sqrt(years)) - 1) < 0.02);
    assert_true(fabs(mean - (5 - 0.18) * years) < 4 * deviation / sqrt(STEPS));
    feed_close(feed);
}

static double variance(const struct svi *s, double k)
{
    double d = k - s->m;

    return s->a + s->b * (s->rho * d + sqrt(d * d + s->sigma * s->sigma));
}

/* At the money the total variance is volatility² · T at every moment, whatever the shape. */
static void test_smile(void **state)
{
    static const double shapes[][4] = {
        {-0.1, 0, 0.1, 0.1}, {0.5, 0.2, 0.3, 1}, {-0.9, -0.1, 0.05, 0.5}, {0, 0, 0.2, 0}};
    struct error e = ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct feed_config config = feed_defaults(FEED_SIM);
        struct feed *feed;

        config.rho = shapes[i][0];
        config.m = shapes[i][1];
        config.sigma = shapes[i][2];
        config.wings = shapes[i][3];
        feed = open_sim(&config);
        for (int64_t t = 0; t < 3600000; t += 359000) {
            const struct svi *s = &feed->market.svi;
            double expected;

            feed_poll(feed, START + t, &e);
            expected = 0.36 * (double)(feed->market.expiry_ms - feed->market.at_ms) / YEAR_MS;
            assert_true(fabs(variance(s, 0) / expected - 1) < 1e-9);
            assert_true(s->a >= 0 && s->b >= 0 && fabs(s->rho) < 1 && s->sigma > 0);
            for (double k = -0.2; k <= 0.2; k += 0.01)
                assert_true(variance(s, k) > 0);
        }
        feed_close(feed);
    }
}

static void test_expiry_rolls(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct error e = ERROR_INIT;
    struct feed *feed;
    uint64_t version;

    (void)state;
    config.every_ms = 7200000; /* prices far apart: the roll comes by itself */
    config.drift = 1;
    feed = open_sim(&config);
    assert_true(feed_next_due(feed) == START + 3600000);
    assert_int_equal(feed_poll(feed, START + 3599999, &e), 0);
    version = feed->market.version;
    assert_int_equal(feed_poll(feed, START + 3600000, &e), 1);
    assert_true(feed->market.expiry_ms == START + 7200000);
    assert_int_equal(feed->market.version, version + 1);
    assert_int_equal(feed->updates, 1);
    assert_true(fabs(variance(&feed->market.svi, 0) - 0.36 * 7200000 / YEAR_MS) < 1e-12);
    assert_true(fabs(feed->market.forward / (50000 * exp(7200000 / YEAR_MS)) - 1) < 1e-12);
    feed_close(feed);
}

static void test_stale(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct error e = ERROR_INIT;
    struct feed *feed;

    (void)state;
    config.every_ms = 600000;
    config.stale_after_ms = 5000;
    feed = open_sim(&config);
    assert_true(feed_next_due(feed) == START + 5001);
    assert_int_equal(feed_poll(feed, START + 5000, &e), 0);
    assert_int_equal(feed_poll(feed, START + 5001, &e), 1);
    assert_true(feed->market.stale);
    assert_true(feed_next_due(feed) == START + 600000);
    assert_int_equal(feed_poll(feed, START + 600000, &e), 1);
    assert_false(feed->market.stale);
    feed_close(feed);
}

/* A machine that slept for a month: caught up in bounded pieces, on the same path. */
static void test_long_pause(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct error e = ERROR_INIT;
    struct feed *feed, *steady;
    int64_t now = START + INT64_C(300000) * 1000;
    int polls = 0;

    (void)state;
    feed = open_sim(&config);
    steady = open_sim(&config);
    while (feed_next_due(feed) <= now && polls++ < 100)
        assert_int_equal(feed_poll(feed, now, &e), 1);
    assert_true(polls > 1 && polls < 100);
    assert_true(feed->market.at_ms == now);
    for (int64_t t = START; t <= now; t += 50000000)
        assert_true(feed_poll(steady, t, &e) >= 0);
    assert_true(steady->market.spot == feed->market.spot);
    feed_close(feed);
    feed_close(steady);
}

static void refuse(const struct feed_config *config, const char *words)
{
    struct feed_env env = {.desk = "."};
    struct error e = ERROR_INIT;
    struct feed *feed = NULL;

    assert_int_equal(feed_sim_open(&feed, config, &env, START, &e), -1);
    assert_null(feed);
    assert_int_equal(e.code, ERROR_CONFIG);
    if (strstr(e.message, words) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", e.message, words);
}

static void test_refused(void **state)
{
    struct feed_config good = feed_defaults(FEED_SIM), c;

    (void)state;
    refuse((c = good, c.spot = 0, &c), "spot must be");
    refuse((c = good, c.spot = NAN, &c), "spot must be");
    refuse((c = good, c.every_ms = 0, &c), "every must be");
    refuse((c = good, c.drift = INFINITY, &c), "drift");
    refuse((c = good, c.volatility = -1, &c), "volatility");
    refuse((c = good, c.volatility = NAN, &c), "volatility");
    refuse((c = good, c.rho = 1, &c), "rho");
    refuse((c = good, c.sigma = 0, &c), "sigma");
    refuse((c = good, c.wings = -0.1, &c), "wings");
    refuse((c = good, c.wings = 11, &c), "floor");
    refuse((c = good, c.volatility = 100, c.wings = 9, c.expiry_every_ms = INT64_C(86400000) * 365,
            &c),
           "too steep");
    refuse((c = good, c.expiry_every_ms = 0, &c), "expiry_every");
}

/* Absurd but accepted settings stay within the numbers. */
static void test_extremes(void **state)
{
    struct feed_config config = feed_defaults(FEED_SIM);
    struct error e = ERROR_INIT;
    struct feed *feed;

    (void)state;
    config.volatility = 1000;
    config.wings = 0;
    config.every_ms = 3600000;
    feed = open_sim(&config);
    for (int i = 1; i < 2000; i++) {
        assert_int_equal(feed_poll(feed, START + i * INT64_C(3600000), &e), 1);
        assert_true(isfinite(feed->market.spot) && feed->market.spot > 0);
        assert_true(isfinite(feed->market.forward) && isfinite(feed->market.svi.a));
    }
    feed_close(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_price),
        cmocka_unit_test(test_path_is_fixed),
        cmocka_unit_test(test_poll_between_steps),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_smile),
        cmocka_unit_test(test_expiry_rolls),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_long_pause),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
