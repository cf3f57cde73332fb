#include "rpc/reject.h"

#include <stddef.h>
#include <string.h>

#define TEXT_MAX 4096

/* Before execution. */
static const char *const refusals[] = {
    "is rejected as invalid by more than 1/3 of validators",
    "Transaction failed validation",
    "Error checking transaction input objects",
    "Invalid user signature",
    NULL,
};

/* It may be on its way nevertheless, wherever in the text this stands … */
static const char *const doubts[] = {
    "Transaction processing aborted",
    "Observed effects digests",
    "submitted to consensus",
    "Transaction timed out",
    NULL,
};

/* … or among the reasons of the rejection. */
static const char *const doubtful_reasons[] = {"timed out", "was not final", NULL};

struct reason {
    const char *words;
    enum rpc_rejection why;
};

/* The first that fits holds: what can be told for sure before what may pass. */
static const struct reason reasons[] = {
    {"needs to be rebuilt because object", RPC_STALE_OBJECT},
    {"available for consumption, current version", RPC_STALE_OBJECT},
    {"Invalid Object digest for object", RPC_STALE_OBJECT},
    {"at version Some(", RPC_STALE_OBJECT}, /* "Could not find the referenced object … " */
    {"already locked by a different transaction", RPC_LOCKED},
    {"equivocated until the next epoch", RPC_LOCKED},
    {"reserved for another transaction", RPC_LOCKED},
    {"lost its locks to a conflicting transaction", RPC_LOCKED},
    {"Balance of gas object", RPC_GAS_TOO_LOW},
    {"does not have enough balance to cover minimal gas", RPC_GAS_TOO_LOW},
    {"Transaction Expired", RPC_EXPIRED},
    {"cannot handle the request at the moment", RPC_OVERLOADED},
    {"transactions pending", RPC_OVERLOADED},
    {"seconds old pending", RPC_OVERLOADED},
    {"due to execution congestion", RPC_OVERLOADED},
    {"Too many requests", RPC_OVERLOADED},
    {"Too Many Requests", RPC_OVERLOADED},
};

static bool has_any(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strstr(text, *words) != NULL)
            return true;
    return false;
}

/* Without what a minority would have liked to be sent again for: " Retriable errors: […]" comes
 * after the reasons of the rejection. */
static void take_reasons(const char *text, char out[TEXT_MAX])
{
    const char *end = strstr(text, " Retriable errors: [");
    size_t len = end != NULL ? (size_t)(end - text) : strlen(text);

    if (len >= TEXT_MAX)
        len = TEXT_MAX - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

bool reject_known(const char *text)
{
    char said[TEXT_MAX];

    take_reasons(text, said);
    return strlen(text) < TEXT_MAX && has_any(said, refusals) && !has_any(text, doubts) &&
           !has_any(said, doubtful_reasons);
}

enum rpc_rejection reject_reason(const char *text)
{
    char said[TEXT_MAX];

    take_reasons(text, said);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strstr(said, reasons[i].words) != NULL)
            return reasons[i].why;
    return RPC_OTHER;
}
