#include "rpc/query.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"

#define EXECUTION_ERROR                                                                            \
    "executionError{message abortCode module{name package{address}} function{name}}"
#define GAS_SUMMARY "gasSummary{computationCost storageCost storageRebate nonRefundableStorageFee}"

/* The same of an execution and of a look-up, so that both tell the same. */
#define EFFECTS                                                                                    \
    "effects{digest status epoch{epochId} checkpoint{sequenceNumber} " EXECUTION_ERROR             \
    " gasEffects{gasObject{address version digest} " GAS_SUMMARY "}"                               \
    " objectChanges(first:50){pageInfo{hasNextPage}"                                               \
    " nodes{address idCreated idDeleted outputState{version digest}}}}"

#define OBJECT                                                                                     \
    "address version digest previousTransaction{digest} owner{__typename"                          \
    " ...on Shared{initialSharedVersion} ...on AddressOwner{address{address}}}"

/* Takes over `variables`. */
static char *body(const char *query, json_t *variables)
{
    json_t *o = json_pack("{s:s, s:o}", "query", query, "variables", variables);
    char *text = json_dumps(o, JSON_COMPACT);

    json_decref(o);
    if (text == NULL)
        text = mem_strdup("");
    return text;
}

static json_t *address_json(const struct sui_address *a)
{
    char text[SUI_ADDRESS_TEXT_SIZE];

    return json_string(sui_address_text(a, text));
}

static json_t *base64_json(const void *bytes, size_t len)
{
    char *text = mem_alloc(BASE64_TEXT_SIZE(len));
    json_t *value;

    base64_encode(bytes, len, text);
    value = json_string(text);
    free(text);
    return value;
}

char *query_chain(void)
{
    return body("query{chainIdentifier}", json_object());
}

char *query_epoch(void)
{
    return body("query{epoch{epochId referenceGasPrice}}", json_object());
}

char *query_objects(const struct sui_address *ids, size_t count, bool contents)
{
    json_t *keys = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(keys, json_pack("{s:o}", "address", address_json(&ids[i])));
    return body(contents ? "query($k:[ObjectKey!]!){multiGetObjects(keys:$k){" OBJECT
                           " asMoveObject{contents{json}}}}"
                         : "query($k:[ObjectKey!]!){multiGetObjects(keys:$k){" OBJECT "}}",
                json_pack("{s:o}", "k", keys));
}

char *query_coins(const struct sui_address *owner, size_t count, const char *cursor)
{
    return body("query($o:SuiAddress!,$c:String,$n:Int!){address(address:$o){objects(first:$n,"
                "after:$c,filter:{type:\"0x2::coin::Coin<0x2::sui::SUI>\"}){"
                "pageInfo{hasNextPage endCursor} nodes{address version digest contents{json}}}}}",
                json_pack("{s:o, s:s?, s:I}", "o", address_json(owner), "c", cursor, "n",
                          (json_int_t)count));
}

char *query_sent(const struct sui_address *sender, size_t count)
{
    return body("query($o:SuiAddress!,$n:Int!){transactions(last:$n,filter:{sentAddress:$o}){"
                "nodes{digest}}}",
                json_pack("{s:o, s:I}", "o", address_json(sender), "n", (json_int_t)count));
}

char *query_simulate(const void *bytes, size_t len)
{
    return body("query($t:JSON!){simulateTransaction(transaction:$t,checksEnabled:true,"
                "doGasSelection:false){effects{status " EXECUTION_ERROR " gasEffects{" GAS_SUMMARY
                "}}}}",
                json_pack("{s:{s:{s:o}}}", "t", "bcs", "value", base64_json(bytes, len)));
}

char *query_execute(const void *bytes, size_t len, const char *signature)
{
    return body("mutation($tx:Base64!,$sigs:[Base64!]!){executeTransaction("
                "transactionDataBcs:$tx,signatures:$sigs){" EFFECTS "}}",
                json_pack("{s:o, s:[s]}", "tx", base64_json(bytes, len), "sigs", signature));
}

char *query_look_up(const char *digest)
{
    return body("query($d:String!){epoch{epochId} transaction(digest:$d){digest " EFFECTS "}}",
                json_pack("{s:s}", "d", digest));
}

char *query_prove(const char *digest, const struct sui_address *coin)
{
    return body(
        "query($d:String!,$c:SuiAddress!){epoch{epochId} transaction(digest:$d){digest " EFFECTS
        "} object(address:$c){" OBJECT "}}",
        json_pack("{s:s, s:o}", "d", digest, "c", address_json(coin)));
}
