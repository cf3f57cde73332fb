/*
 * Answers of the Sui GraphQL service, as it gives them: for tests that change them.
 */
#ifndef ORRERY_TESTS_SUI_ANSWERS_H
#define ORRERY_TESTS_SUI_ANSWERS_H

#define ANSWER_DIGEST  "9ecRgDKMVm2oVF7h8XxQ1cc2yD6FvGhTVoBcQSGAkwXv"
#define ANSWER_ID      "0x160179a1565ea7cff27ead23f54cc7f50893bf58155cd7285156e57afa31c3ac"
#define ANSWER_PACKAGE "0xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define ANSWER_EFFECTS_WITH(status)                                                                \
    "\"effects\":{\"digest\":\"" ANSWER_DIGEST "\"," status                                        \
    ",\"epoch\":{\"epochId\":501},\"checkpoint\":{\"sequenceNumber\":77},"                         \
    "\"gasEffects\":{\"gasObject\":{\"address\":\"" ANSWER_ID                                      \
    "\",\"version\":12,\"digest\":\"4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S\"},"              \
    "\"gasSummary\":{\"computationCost\":1000000,\"storageCost\":1976000,"                         \
    "\"storageRebate\":978120,\"nonRefundableStorageFee\":9880}},"                                 \
    "\"objectChanges\":{\"pageInfo\":{\"hasNextPage\":false},\"nodes\":["                          \
    "{\"address\":\"" ANSWER_ID "\",\"idCreated\":false,\"idDeleted\":false,\"outputState\":"      \
    "{\"version\":12,\"digest\":\"4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S\"}},"               \
    "{\"address\":\"0x6\",\"idCreated\":true,\"idDeleted\":null,\"outputState\":null}]}}"

#define ANSWER_EFFECTS ANSWER_EFFECTS_WITH("\"status\":\"SUCCESS\",\"executionError\":null")
#define ANSWER_ABORTED                                                                             \
    ANSWER_EFFECTS_WITH("\"status\":\"FAILURE\",\"executionError\":{\"message\":\"MoveAbort in "   \
                        "command 0\",\"abortCode\":\"18446744073709551615\",\"module\":{"          \
                        "\"name\":\"predict\",\"package\":{\"address\":\"" ANSWER_PACKAGE "\"}},"  \
                        "\"function\":{\"name\":\"mint\"}}")

#define ANSWER_EXECUTED         "{\"data\":{\"executeTransaction\":{" ANSWER_EFFECTS "}}}"
#define ANSWER_EXECUTED_ABORTED "{\"data\":{\"executeTransaction\":{" ANSWER_ABORTED "}}}"
#define ANSWER_FOUND                                                                               \
    "{\"data\":{\"transaction\":{\"digest\":\"" ANSWER_DIGEST "\"," ANSWER_EFFECTS "}}}"
#define ANSWER_NOT_FOUND "{\"data\":{\"transaction\":null}}"
#define ANSWER_SIMULATED                                                                           \
    "{\"data\":{\"simulateTransaction\":{\"effects\":{\"status\":\"SUCCESS\",\"executionError\":"  \
    "null,\"gasEffects\":{\"gasSummary\":{\"computationCost\":1000000,\"storageCost\":1976000,"    \
    "\"storageRebate\":978120,\"nonRefundableStorageFee\":9880}}}}}}"
#define ANSWER_REJECTED                                                                            \
    "{\"data\":null,\"errors\":[{\"message\":\"Invalid argument: Transaction is rejected as "      \
    "invalid by more than 1/3 of validators by stake (non-retriable). Non-retriable errors: "      \
    "[Transaction Expired with 10000 stake].\",\"locations\":[{\"line\":1,\"column\":9}],"         \
    "\"path\":[\"executeTransaction\"],\"extensions\":{\"code\":\"BAD_USER_INPUT\"}}]}"
#define ANSWER_INTERNAL                                                                            \
    "{\"data\":null,\"errors\":[{\"message\":\"Internal error\",\"extensions\":{\"code\":"         \
    "\"INTERNAL_SERVER_ERROR\"}}]}"
#define ANSWER_CHAIN                                                                               \
    "{\"data\":{\"chainIdentifier\":\"69WiPg3DAQiwdxfncX6wYQ2siKwAe6L9BZthQea3JNMD\"}}"
#define ANSWER_EPOCH "{\"data\":{\"epoch\":{\"epochId\":501,\"referenceGasPrice\":\"1000\"}}}"
#define ANSWER_OBJECTS                                                                             \
    "{\"data\":{\"multiGetObjects\":[{\"address\":\"" ANSWER_ID                                    \
    "\",\"version\":9,\"digest\":\"" ANSWER_DIGEST "\",\"previousTransaction\":{\"digest\":"       \
    "\"" ANSWER_DIGEST "\"},\"owner\":{\"__typename\":\"AddressOwner\",\"address\":{\"address\":"  \
    "\"" ANSWER_PACKAGE "\"}},\"asMoveObject\":{\"contents\":{\"json\":{\"balance\":\"5\","        \
    "\"name\":\"a\\u0000b\"}}}},{\"address\":\"0x06\",\"version\":3,\"digest\":"                   \
    "\"" ANSWER_DIGEST "\",\"owner\":{\"__typename\":\"Shared\",\"initialSharedVersion\":1}},"     \
    "null]}}"
#define ANSWER_COINS                                                                               \
    "{\"data\":{\"address\":{\"objects\":{\"pageInfo\":{\"hasNextPage\":true,\"endCursor\":"       \
    "\"abc=\"},\"nodes\":[{\"address\":\"" ANSWER_ID "\",\"version\":9,\"digest\":"                \
    "\"" ANSWER_DIGEST "\",\"contents\":{\"json\":{\"id\":\"0x1\",\"balance\":"                    \
    "\"18446744073709551615\"}}},{\"address\":\"0x5\",\"version\":\"10\",\"digest\":"              \
    "\"" ANSWER_DIGEST "\",\"contents\":{\"json\":{\"balance\":{\"value\":\"7\"}}}}]}}}}"
#define ANSWER_SENT                                                                                \
    "{\"data\":{\"transactions\":{\"nodes\":[{\"digest\":\"" ANSWER_DIGEST "\"},{\"digest\":"      \
    "\"4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S\"}]}}}"

#endif
