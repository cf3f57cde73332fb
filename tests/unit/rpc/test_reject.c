/* The words of full nodes and validators: what is known to be a rejection, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/reject.h"

#define THIRD                                                                                      \
    "Transaction is rejected as invalid by more than 1/3 of validators by stake (non-retriable). " \
    "Non-retriable errors: ["

struct said {
    const char *text;
    bool known;
    enum rpc_rejection why;
};

static const struct said all[] = {
    /* rejections */
    {THIRD "Transaction needs to be rebuilt because object 0x07 version 0x33bc2098 is unavailable "
           "for consumption, current version: 0x33bc2099 { k#1 } with 5060 stake].",
     true, RPC_STALE_OBJECT},
    {"Invalid argument: " THIRD
     "Object ID 0x58 Version 0x2e Digest 4xZ is not available for consumption, current version: "
     "0x2f with 3400 stake]. Retriable errors: [Input 0xb8 has a transaction 12 seconds old "
     "pending, above threshold of 10 seconds with 900 stake].",
     true, RPC_STALE_OBJECT},
    {THIRD "Object (0xdb, SequenceNumber(996334867), o#2S1) already locked by a different "
           "transaction: TransactionDigest(9xA) with 7000 stake].",
     true, RPC_LOCKED},
    {THIRD "Object (0xdb, SequenceNumber(9), o#2S1) already locked by a different transaction: "
           "TransactionDigest(9xA) with 3000 stake; Transaction needs to be rebuilt because object "
           "0xdb version 0x9 is unavailable for consumption, current version: 0xa with 3000 "
           "stake].",
     true, RPC_STALE_OBJECT},
    {THIRD "Object (0x1, SequenceNumber(4), o#2) is equivocated until the next epoch, locked by "
           "transactions: A, B with 10000 stake].",
     true, RPC_LOCKED},
    {THIRD "Balance of gas object 10 is lower than the needed amount: 100 with 10000 stake].", true,
     RPC_GAS_TOO_LOW},
    {THIRD "Transaction Expired with 10000 stake].", true, RPC_EXPIRED},
    {THIRD "Could not find the referenced object 0x1 at version Some(SequenceNumber(3)) with 10000 "
           "stake].",
     true, RPC_STALE_OBJECT},
    {THIRD "Could not find the referenced object 0x1 at version None with 10000 stake].", true,
     RPC_OTHER},
    {THIRD "Dependent package not found on-chain: 0x5 with 10000 stake].", true, RPC_OTHER},
    {THIRD "Gas price 5 under reference gas price (RGP) 1000 with 10000 stake].", true, RPC_OTHER},
    {THIRD "Transaction Expired with 6000 stake]. Retriable errors: [Request timed out submitting "
           "transaction with 10 stake].",
     true, RPC_EXPIRED},
    {"Transaction failed validation: Balance of gas object 1 is lower than the needed amount: 2",
     true, RPC_GAS_TOO_LOW},
    {"Error checking transaction input objects: Invalid Object digest for object 0xc8. Expected "
     "digest : 9or",
     true, RPC_STALE_OBJECT},
    {"Invalid argument: Invalid user signature: Signature is not valid: x", true, RPC_OTHER},

    /* no proof of anything */
    {"Internal error occurred while processing request.", false, RPC_OTHER},
    {"Request timed out after 10.00s", false, RPC_OTHER},
    {"Failed to execute transaction", false, RPC_OTHER},
    {"Transaction timed out after 4 attempts. Timeout: 10s. Last error: " THIRD
     "Transaction Expired with 10000 stake].",
     false, RPC_EXPIRED},
    {"Transaction processing aborted (retriable with another submission). Non-retriable errors: "
     "[Transaction needs to be rebuilt because object 0x1 version 0x2 is unavailable for "
     "consumption, current version: 0x3 with 2000 stake]. Observed effects digests: [a with 900 "
     "stake].",
     false, RPC_STALE_OBJECT},
    {"Transaction processing aborted (retriable with another submission). Retriable errors: [Error "
     "checking transaction input objects: x with 10 stake].",
     false, RPC_OTHER},
    {"Transaction execution observed forked outputs (non-retriable). Observed effects digests: "
     "[a].",
     false, RPC_OTHER},
    {"Transaction submitted to consensus but failed to fetch effects from submitter k#1: " THIRD
     "x].",
     false, RPC_OTHER},
    {THIRD "Request timed out getting full effects with 5000 stake].", false, RPC_OTHER},
    {THIRD "Transaction 9xA was not final at the end of its epoch with 10000 stake].", false,
     RPC_OTHER},
    {"Validator cannot handle the request at the moment. Please retry after at least 10 seconds.",
     false, RPC_OVERLOADED},
    {"There are already 2001 transactions pending, above threshold of 2000", false, RPC_OVERLOADED},
    {"Transaction shed due to execution congestion (non-retriable). Resubmit a new transaction.",
     false, RPC_OVERLOADED},
    {"", false, RPC_OTHER},
};

static void every_text_is_known_for_what_it_is(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (reject_known(all[i].text) != all[i].known)
            fail_msg("known is not %d: %s", all[i].known, all[i].text);
        if (reject_reason(all[i].text) != all[i].why)
            fail_msg("reason is not %d: %s", all[i].why, all[i].text);
    }
}

static void a_text_without_end_is_not_known(void **unused)
{
    size_t size = 1 << 20;
    char *text = malloc(size);

    (void)unused;
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text, all[0].text, strlen(all[0].text));
    text[size - 1] = '\0';
    assert_false(reject_known(text));
    assert_int_equal(reject_reason(text), RPC_STALE_OBJECT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_is_known_for_what_it_is),
        cmocka_unit_test(a_text_without_end_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
