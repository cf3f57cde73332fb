/* From a batch to signed bytes: what it takes, what it waits for, and why it is refused. */
#include "unit/chain/doubles.h"

static void a_batch_becomes_signed_bytes(void **state)
{
    struct desk desk;
    struct trade t;
    struct sui_transaction tx;
    struct error e = ERROR_INIT;
    (void)state;

    open_desk(&desk, CONFIG(", 'gas_coins': 1", ""));
    make_ready(&desk, 1);
    make_trade(&desk, &t);
    assert_int_equal(sui_decode(t.p.submission.bytes, t.p.submission.len, &tx, &e), 0);
    assert_int_equal(tx.command_count, 2);
    assert_int_equal(tx.gas.price, 1000);
    assert_int_equal(tx.expiration.epoch, 501);
    assert_in_range(tx.gas.budget, 2500000, 100000000);
    assert_string_equal(t.p.submission.vault, "v");
    assert_non_null(strstr(t.p.submission.holds, "\"expires\":501"));
    sui_transaction_release(&tx);
    end_trade(&t);
    close_desk(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_becomes_signed_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
