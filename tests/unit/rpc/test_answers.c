/* Answers read strictly: good ones, and each with one thing changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/answer.h"
#include "rpc/document.h"
#include "support/sui_answers.h"

static struct answer_effects effects;

/* `base` with the first `from` replaced; to be freed. */
static char *changed(const char *base, const char *from, const char *to)
{
    const char *at = strstr(base, from);
    size_t size = strlen(base) + strlen(to) + 1;
    char *text = malloc(size);

    assert_non_null(text);
    if (at == NULL)
        fail_msg("\"%s\" is not in the answer", from);
    snprintf(text, size, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
    return text;
}

/* ---- good ones ---- */

static void good_answers_are_read_whole(void **unused)
{
    struct answer_page page;
    struct rpc_coin coins[ANSWER_PAGE];
    struct rpc_epoch epoch = {.epoch = 0};
    char digests[ANSWER_PAGE][SUI_DIGEST_TEXT_SIZE];
    char chain[CHAIN_ID_TEXT_SIZE];
    size_t count;

    (void)unused;
    assert_int_equal(answer_chain(ANSWER_CHAIN, strlen(ANSWER_CHAIN), chain, NULL), 0);
    assert_true(chain_id_equal(chain, "4c78adac"));
    assert_int_equal(answer_epoch(ANSWER_EPOCH, strlen(ANSWER_EPOCH), &epoch, NULL), 0);
    assert_true(epoch.epoch == 501 && epoch.gas_price == 1000);
    assert_int_equal(answer_coins(ANSWER_COINS, strlen(ANSWER_COINS), coins, &count, &page, NULL),
                     0);
    assert_int_equal(count, 2);
    assert_true(coins[0].balance == UINT64_MAX && coins[1].balance == 7);
    assert_true(page.more);
    assert_string_equal(page.cursor, "abc=");
    assert_int_equal(answer_sent(ANSWER_SENT, strlen(ANSWER_SENT), digests, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_string_equal(digests[1], ANSWER_DIGEST); /* newest first */
}

static void good_effects_are_read_whole(void **unused)
{
    const char *text = ANSWER_EXECUTED;

    (void)unused;
    assert_int_equal(answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, NULL), 0);
    assert_true(effects.fx.success && effects.fx.has_gas && !effects.fx.more_changes);
    assert_string_equal(effects.fx.digest, ANSWER_DIGEST);
    assert_string_equal(effects.fx.abort, "");
    assert_int_equal(effects.fx.computation, 1000000);
    assert_int_equal(effects.fx.non_refundable, 9880);
    assert_int_equal(effects.fx.gas.version, 12);
    assert_int_equal(effects.fx.epoch, 501);
    assert_int_equal(effects.fx.checkpoint, 77);
    assert_int_equal(effects.fx.change_count, 2);
    assert_true(effects.fx.changes[0].has_ref && !effects.fx.changes[0].created);
    assert_true(!effects.fx.changes[1].has_ref && effects.fx.changes[1].created);
    text = ANSWER_EXECUTED_ABORTED;
    assert_int_equal(answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, NULL), 0);
    assert_false(effects.fx.success);
    assert_string_equal(effects.fx.abort,
                        ANSWER_PACKAGE "::predict::mint code 18446744073709551615");
}

static const struct sui_address *object_ids(void)
{
    static struct sui_address ids[3];

    assert_int_equal(sui_address_parse(ANSWER_ID, strlen(ANSWER_ID), &ids[0], NULL), 0);
    ids[1] = sui_address_small(6);
    ids[2] = sui_address_small(7);
    return ids;
}

static void good_objects_are_read_whole(void **unused)
{
    struct rpc_object objects[3];
    json_t *root = NULL;

    (void)unused;
    assert_int_equal(answer_objects(ANSWER_OBJECTS, strlen(ANSWER_OBJECTS), object_ids(), 3,
                                    objects, &root, NULL),
                     0);
    assert_true(objects[0].found && objects[0].owner == RPC_OWNED);
    assert_string_equal(objects[0].previous, ANSWER_DIGEST);
    assert_string_equal(json_string_value(json_object_get(objects[0].contents, "balance")), "5");
    assert_true(objects[1].found && objects[1].owner == RPC_SHARED);
    assert_int_equal(objects[1].initial_version, 1);
    assert_null(objects[1].contents);
    assert_string_equal(objects[1].previous, "");
    assert_false(objects[2].found);
    json_decref(root);
}

/* ---- one thing changed ---- */

struct change {
    const char *from, *to;
    const char *words; /* of the fault; NULL: it is as good */
};

static const struct change of_effects[] = {
    {"\"status\":\"SUCCESS\"", "\"status\":\"success\"", "SUCCESS or FAILURE"},
    {"\"status\":\"SUCCESS\"", "\"status\":null", "status"},
    {"\"status\":\"SUCCESS\"", "\"status\":\"FAILURE\"", "executionError"},
    {"\"digest\":\"9ec", "\"digest\":\"8ec", "another transaction"},
    {"\"digest\":\"" ANSWER_DIGEST "\",", "", "digest"},
    {":1000000", ":-1", "computationCost"},
    {":1000000", ":1e6", "computationCost"},
    {":1000000", ":1000000.0", "computationCost"},
    {":1000000", ":99999999999999999999", "not JSON"},
    {":1000000", ":\"18446744073709551616\"", "computationCost"},
    {":1000000", ":\"18446744073709551615\"", NULL},
    {":1000000", ":\"01\"", "computationCost"},
    {":1000000", ":\"+1\"", "computationCost"},
    {":1000000", ":\"1 \"", "computationCost"},
    {":1000000", ":\"1\\u0000\"", "computationCost"},
    {":1000000", ":\"\"", "computationCost"},
    {":1000000", ":true", "computationCost"},
    {"\"computationCost\":1000000,", "", "computationCost"},
    {"\"computationCost\":1000000,", "\"computationCost\":1,\"computationCost\":2,", "not JSON"},
    {"\"version\":12", "\"version\":null", "version"},
    {"\"epoch\":{\"epochId\":501}", "\"epoch\":null", NULL},
    {"\"epoch\":{\"epochId\":501}", "\"epoch\":501", "epoch"},
    {"\"checkpoint\":{\"sequenceNumber\":77},", "", NULL},
    {"\"hasNextPage\":false", "\"hasNextPage\":true", NULL},
    {"\"hasNextPage\":false", "\"hasNextPage\":0", "hasNextPage"},
    {"\"nodes\":[", "\"nodes\":[null,", "address"},
    {"\"nodes\":[", "\"nodes\":[7,", "address"},
    {"\"address\":\"0x6\"", "\"address\":\"6\"", "address"},
    {"\"address\":\"0x6\"", "\"address\":\"0x\"", "address"},
    {"\"outputState\":null", "\"outputState\":{\"version\":1,\"digest\":\"x\"}", "digest"},
    {"\"idDeleted\":null", "\"idDeleted\":\"false\"", "idDeleted"},
    {"\"gasEffects\":", "\"gas\":", "gasEffects"},
    {"{\"data\"", "{\"errors\":[],\"data\"", NULL},
    {"{\"data\"", "{\"errors\":null,\"data\"", NULL},
    {"{\"data\":", "[", "not JSON"},
};

static void check_change(const char *base, const struct change *c)
{
    char *text = changed(base, c->from, c->to);
    struct fault f = {.kind = FAULT_NONE};
    int rc = answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, &f);

    if (rc != (c->words == NULL ? 0 : -1))
        fail_msg("%s -> %s: %d %s", c->from, c->to, rc, f.text);
    if (rc != 0 && (f.kind != FAULT_GARBAGE || strstr(f.text, c->words) == NULL))
        fail_msg("%s -> %s: \"%s\" does not contain \"%s\"", c->from, c->to, f.text, c->words);
    free(text);
}

static void effects_with_one_thing_changed(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof of_effects / sizeof of_effects[0]; i++)
        check_change(ANSWER_EXECUTED, &of_effects[i]);
}

static void too_many_changes_are_refused(void **unused)
{
    char *text = malloc(64 * 1024), *other;
    size_t len = 0;

    (void)unused;
    assert_non_null(text);
    text[0] = '\0';
    for (int i = 0; i < ANSWER_CHANGES - 1; i++)
        len += (size_t)snprintf(text + len, 64 * 1024 - len, "{\"address\":\"0x%x\"},", i + 16);
    other = malloc(len + 16);
    assert_non_null(other);
    snprintf(other, len + 16, "\"nodes\":[%s", text);
    check_change(ANSWER_EXECUTED,
                 &(struct change){"\"nodes\":[", other, "expected at most 50 items, got 51"});
    free(other);
    free(text);
}

/* ---- why it failed ---- */

static void assert_abort(const char *from, const char *to, const char *abort)
{
    char *text = changed(ANSWER_EXECUTED_ABORTED, from, to);

    assert_int_equal(answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, NULL), 0);
    assert_string_equal(effects.fx.abort, abort);
    free(text);
}

static void an_abort_says_what_is_known(void **unused)
{
    (void)unused;
    assert_abort(",\"function\":{\"name\":\"mint\"}", "",
                 ANSWER_PACKAGE "::predict code 18446744073709551615");
    assert_abort("\"function\":{\"name\":\"mint\"}", "\"function\":null",
                 ANSWER_PACKAGE "::predict code 18446744073709551615");
    assert_abort(",\"package\":{\"address\":\"" ANSWER_PACKAGE "\"}", "",
                 "predict::mint code 18446744073709551615");
    assert_abort(
        "\"0xcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\"", "\"0x2\"",
        "0x0000000000000000000000000000000000000000000000000000000000000002::predict::mint "
        "code 18446744073709551615");
    assert_abort("\"abortCode\":\"18446744073709551615\",", "", "MoveAbort in command 0");
    assert_abort("MoveAbort in command 0\",\"abortCode\":\"18446744073709551615\"",
                 "InsufficientGas\\n\\u001b[2J\",\"abortCode\":null",
                 "InsufficientGas\\x0a\\x1b[2J");
}

/* ---- errors ---- */

static struct fault executed_fault(const char *text)
{
    struct fault f = {.kind = FAULT_NONE};

    assert_int_equal(answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, &f), -1);
    return f;
}

static void errors_are_told_from_garbage(void **unused)
{
    struct fault f = executed_fault(ANSWER_REJECTED);
    char *text;

    (void)unused;
    assert_true(f.kind == FAULT_ERRORS && f.rejected && f.ours);
    assert_int_equal(f.rejection, RPC_EXPIRED);
    f = executed_fault(ANSWER_INTERNAL);
    assert_true(f.kind == FAULT_ERRORS && !f.rejected && !f.ours);
    /* one that is known and one that is not */
    text = changed(ANSWER_REJECTED, "\"errors\":[", "\"errors\":[{\"message\":\"Internal\"},");
    f = executed_fault(text);
    assert_true(f.kind == FAULT_ERRORS && !f.rejected && !f.ours);
    free(text);
    /* with data it was no rejection */
    text = changed(ANSWER_REJECTED, "\"data\":null", "\"data\":{\"executeTransaction\":null}");
    f = executed_fault(text);
    assert_true(f.kind == FAULT_ERRORS && !f.rejected);
    free(text);
    assert_int_equal(executed_fault("{\"data\":null,\"errors\":[7]}").kind, FAULT_GARBAGE);
    assert_int_equal(executed_fault("{\"data\":null,\"errors\":[{}]}").kind, FAULT_GARBAGE);
    assert_int_equal(executed_fault("{\"data\":null,\"errors\":{}}").kind, FAULT_GARBAGE);
    assert_int_equal(executed_fault("{\"data\":null}").kind, FAULT_GARBAGE);
    assert_int_equal(executed_fault("{}").kind, FAULT_GARBAGE);
}

static void whole_effects_count_whatever_stands_beside_them(void **unused)
{
    char *text = changed(ANSWER_EXECUTED, "{\"data\"",
                         "{\"errors\":[{\"message\":\"package not found\"}],\"data\"");

    (void)unused;
    assert_int_equal(answer_executed(text, strlen(text), ANSWER_DIGEST, &effects, NULL), 0);
    assert_true(effects.fx.success);
    free(text);
}

static void absence_is_told_only_without_errors(void **unused)
{
    struct fault f = {.kind = FAULT_NONE};
    bool found = true;
    const char *text = ANSWER_NOT_FOUND;

    (void)unused;
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, &f), 0);
    assert_false(found);
    assert_int_equal(effects.now, 0);
    text = "{\"data\":{\"epoch\":{\"epochId\":7},\"transaction\":null}}";
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, &f), 0);
    assert_false(found);
    assert_int_equal(effects.now, 7);
    text = "{\"data\":{\"epoch\":\"7\",\"transaction\":null}}";
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, &f), -1);
    assert_int_equal(f.kind, FAULT_GARBAGE);
    f.kind = FAULT_NONE;
    text = "{\"data\":{\"transaction\":null},\"errors\":[{\"message\":\"Request timed out\"}]}";
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, &f), -1);
    assert_int_equal(f.kind, FAULT_ERRORS);
    f.kind = FAULT_NONE;
    text = "{\"data\":{}}";
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, &f), -1);
    assert_int_equal(f.kind, FAULT_GARBAGE);
    text = ANSWER_FOUND;
    assert_int_equal(answer_found(text, strlen(text), ANSWER_DIGEST, &found, &effects, NULL), 0);
    assert_true(found);
    assert_int_equal(answer_found(text, strlen(text),
                                  "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S", &found, &effects,
                                  NULL),
                     -1);
}

#define NOT_KNOWN "\"transaction\":null"
#define COIN                                                                                       \
    "\"object\":{\"address\":\"" ANSWER_ID "\",\"version\":9,\"digest\":\"" ANSWER_DIGEST          \
    "\",\"previousTransaction\":{\"digest\":\"" ANSWER_DIGEST "\"},\"owner\":{\"__typename\":"     \
    "\"AddressOwner\",\"address\":{\"address\":\"" ANSWER_PACKAGE "\"}},\"asMoveObject\":"         \
    "{\"contents\":{\"json\":{\"balance\":\"5\"}}}}"

/* NULL: it was read; else what is the matter with it. */
static const char *proof_fault(const char *text, struct rpc_object *coin, bool *found)
{
    static struct fault f;

    memset(&f, 0, sizeof f);
    return answer_proof(text, strlen(text), ANSWER_DIGEST, object_ids(), found, &effects, coin,
                        &f) == 0
               ? NULL
               : f.text;
}

static void a_proof_says_all_of_it(void **unused)
{
    static const char *const lacking[][2] = {
        {"{\"data\":{" NOT_KNOWN "," COIN "}}", "epoch"},
        {"{\"data\":{\"epoch\":null," NOT_KNOWN "," COIN "}}", "epoch"},
        {"{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN "}}", "object"},
        {"{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN ",\"object\":7}}", "objects"},
        {"{\"data\":{\"epoch\":{\"epochId\":7}," COIN "}}", "transaction"},
        {"{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN ",\"object\":null},"
         "\"errors\":[{\"message\":\"Request timed out\"}]}",
         "timed out"}};
    struct rpc_object coin;
    bool found = true;
    char *text;

    (void)unused;
    assert_null(proof_fault("{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN "," COIN "}}", &coin,
                            &found));
    assert_false(found);
    assert_int_equal(effects.now, 7);
    assert_true(coin.found && coin.ref.version == 9 && coin.contents == NULL);
    assert_string_equal(coin.previous, ANSWER_DIGEST);
    assert_null(proof_fault("{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN ",\"object\":null}}",
                            &coin, &found));
    assert_false(found || coin.found);
    for (size_t i = 0; i < sizeof lacking / sizeof *lacking; i++) {
        const char *words = proof_fault(lacking[i][0], &coin, &found);
        if (words == NULL || strstr(words, lacking[i][1]) == NULL)
            fail_msg("\"%s\" does not contain \"%s\"", words != NULL ? words : "", lacking[i][1]);
    }
    text =
        changed("{\"data\":{\"epoch\":{\"epochId\":7}," NOT_KNOWN "," COIN "}}", ANSWER_ID, "0x6");
    assert_non_null(strstr(proof_fault(text, &coin, &found), "another object"));
    free(text);
    assert_null(proof_fault(ANSWER_FOUND, &coin, &found)); /* then nothing else matters */
    assert_true(found);
}

/* ---- the document ---- */

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 64);
    size_t len = 13;

    assert_non_null(text);
    memcpy(text, "{\"data\":{\"x\":", len + 1);
    memset(text + len, '[', depth);
    memset(text + len + depth, ']', depth);
    memcpy(text + len + 2 * depth, "}}", 3);
    return text;
}

static void the_document_is_bounded(void **unused)
{
    struct fault f = {.kind = FAULT_NONE};
    struct document d;
    char *text = nested(DOCUMENT_DEPTH - 2);

    (void)unused;
    assert_int_equal(document_open(&d, text, strlen(text), &f), 0);
    document_close(&d);
    free(text);
    for (size_t depth = DOCUMENT_DEPTH - 1; depth < 2000000; depth = depth * 30 + 1) {
        text = nested(depth);
        f.kind = FAULT_NONE;
        assert_int_equal(document_open(&d, text, strlen(text), &f), -1);
        assert_int_equal(f.kind, FAULT_GARBAGE);
        free(text);
    }
    text = calloc(1, RPC_ANSWER_BYTES + 2);
    assert_non_null(text);
    memset(text, ' ', RPC_ANSWER_BYTES + 1);
    memcpy(text, "{\"data\":{}}", 11);
    assert_int_equal(document_open(&d, text, RPC_ANSWER_BYTES, NULL), 0);
    document_close(&d);
    assert_int_equal(document_open(&d, text, RPC_ANSWER_BYTES + 1, NULL), -1);
    free(text);
    assert_int_equal(document_open(&d, "{\"data\":{\"a\":\"[[[\\\"[\"}}", 23, NULL), 0);
    document_close(&d);
}

static void what_is_no_document_is_garbage(void **unused)
{
    static const char *const all[] = {"",
                                      "null",
                                      "7",
                                      "[]",
                                      "\"text\"",
                                      "{\"data\":[]}",
                                      "{\"data\":7}",
                                      "{\"data\":{}} x",
                                      "{\"data\":{},\"data\":{}}",
                                      "{\"data\":{\"a\":\"\xff\"}}",
                                      "<html>"};
    struct document d;

    (void)unused;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct fault f = {.kind = FAULT_NONE};

        if (document_open(&d, all[i], strlen(all[i]), &f) == 0)
            fail_msg("%s is taken", all[i]);
        assert_int_equal(f.kind, FAULT_GARBAGE);
        assert_true(f.text[0] != '\0');
    }
}

/* ---- objects and pages ---- */

static void assert_bad_objects(const char *from, const char *to)
{
    char *text = changed(ANSWER_OBJECTS, from, to);
    struct fault f = {.kind = FAULT_NONE};
    struct rpc_object objects[3];
    json_t *root = NULL;

    if (answer_objects(text, strlen(text), object_ids(), 3, objects, &root, &f) == 0)
        fail_msg("%s -> %s is taken", from, to);
    assert_int_equal(f.kind, FAULT_GARBAGE);
    assert_null(root);
    free(text);
}

static void objects_with_one_thing_changed(void **unused)
{
    (void)unused;
    assert_bad_objects(",null]", "]");
    assert_bad_objects(",null]", ",null,null]");
    assert_bad_objects(",null]", ",7]");
    assert_bad_objects("\"address\":\"0x06\"", "\"address\":\"0x07\"");
    assert_bad_objects("\"version\":9", "\"version\":-9");
    assert_bad_objects("\"__typename\":\"AddressOwner\",", "");
    assert_bad_objects("\"initialSharedVersion\":1", "\"x\":1");
    assert_bad_objects("\"asMoveObject\":{", "\"asMoveObject\":7,\"x\":{");
    assert_bad_objects("\"previousTransaction\":{\"digest\":", "\"previousTransaction\":{\"d\":");
}

static void assert_bad_coins(const char *from, const char *to)
{
    char *text = changed(ANSWER_COINS, from, to);
    struct rpc_coin coins[ANSWER_PAGE];
    struct answer_page page;
    size_t count;

    if (answer_coins(text, strlen(text), coins, &count, &page, NULL) == 0)
        fail_msg("%s -> %s is taken", from, to);
    free(text);
}

static void coins_with_one_thing_changed(void **unused)
{
    (void)unused;
    assert_bad_coins("\"endCursor\":\"abc=\"", "\"endCursor\":null");
    assert_bad_coins("\"endCursor\":\"abc=\"", "\"endCursor\":\"\"");
    assert_bad_coins("18446744073709551615", "18446744073709551616");
    assert_bad_coins("\"balance\":{\"value\":\"7\"}", "\"balance\":{}");
    assert_bad_coins("\"address\":{\"objects\"", "\"address\":{\"coins\"");
    assert_bad_coins("\"contents\"", "\"content\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_answers_are_read_whole),
        cmocka_unit_test(good_effects_are_read_whole),
        cmocka_unit_test(good_objects_are_read_whole),
        cmocka_unit_test(effects_with_one_thing_changed),
        cmocka_unit_test(too_many_changes_are_refused),
        cmocka_unit_test(an_abort_says_what_is_known),
        cmocka_unit_test(errors_are_told_from_garbage),
        cmocka_unit_test(whole_effects_count_whatever_stands_beside_them),
        cmocka_unit_test(absence_is_told_only_without_errors),
        cmocka_unit_test(a_proof_says_all_of_it),
        cmocka_unit_test(the_document_is_bounded),
        cmocka_unit_test(what_is_no_document_is_garbage),
        cmocka_unit_test(objects_with_one_thing_changed),
        cmocka_unit_test(coins_with_one_thing_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
