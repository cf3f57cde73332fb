/* The same seed is the same sequence everywhere, and the distributions are what they say. */
#include "unit/base/support.h"

#include <math.h>

#include "base/random.h"

/* Reference: xoshiro256** seeded by splitmix64(0), by the authors' code. */
static void sequence_is_the_published_one(void **state)
{
    static const uint64_t seeds[] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu,
                                     0xf88bb8a8724c81ecu};
    struct random r;

    (void)state;
    random_init(&r, 0);
    assert_memory_equal(r.s, seeds, sizeof seeds);
    assert_true(random_next(&r) == 0x99ec5f36cb75f2b4u);
    assert_true(random_next(&r) == 0xbf6e1f784956452au);
    assert_true(random_next(&r) == 0x1a5f849d4933e6e0u);
}

static void repeats(void **state)
{
    struct random a, b;

    (void)state;
    random_init(&a, 7);
    random_init(&b, 7);
    for (int i = 0; i < 1000; i++)
        assert_true(random_next(&a) == random_next(&b));
    random_init(&b, 8);
    assert_true(random_next(&a) != random_next(&b));
}

static void unit_and_normal(void **state)
{
    struct random r;
    double sum = 0, normal = 0, square = 0;
    int n = 200000;

    (void)state;
    random_init(&r, 1);
    for (int i = 0; i < n; i++) {
        double u = random_unit(&r), z = random_normal(&r);
        assert_true(u >= 0 && u < 1 && isfinite(z));
        sum += u;
        normal += z;
        square += z * z;
    }
    assert_true(fabs(sum / n - 0.5) < 0.005);
    assert_true(fabs(normal / n) < 0.01);
    assert_true(fabs(square / n - 1) < 0.02);
}

static void below_is_unbiased(void **state)
{
    struct random r;
    int counts[6] = {0};

    (void)state;
    random_init(&r, 2);
    for (int i = 0; i < 60000; i++)
        counts[random_below(&r, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(counts[i], 9600, 10400);
    assert_true(random_below(&r, 1) == 0);
    for (int i = 0; i < 1000; i++)
        assert_true(random_below(&r, UINT64_MAX) < UINT64_MAX);
}

static void mix_spreads(void **state)
{
    int bits = 0;

    (void)state;
    assert_true(random_mix(1, 2) == random_mix(1, 2));
    assert_true(random_mix(1, 2) != random_mix(2, 1));
    for (uint64_t i = 0; i < 1000; i++)
        bits += __builtin_popcountll(random_mix(i, 9) ^ random_mix(i + 1, 9));
    assert_in_range(bits, 31000, 33000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_is_the_published_one),
        cmocka_unit_test(repeats),
        cmocka_unit_test(unit_and_normal),
        cmocka_unit_test(below_is_unbiased),
        cmocka_unit_test(mix_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
