#include <stdio.h>
#include <string.h>

#include "rpc/answer.h"
#include "rpc/document.h"
#include "rpc/field.h"

static int read_chain(const json_t *data, char out[CHAIN_ID_TEXT_SIZE], struct fault *f)
{
    const char *said;

    if (field_text(data, "chainIdentifier", &said, f) != 0)
        return -1;
    if (!chain_id_valid(said))
        return fault_garbage(f,
                             "the answer's chain identifier is neither 8 hex digits nor a digest "
                             "in Base58: \"%.80s\"",
                             said);
    snprintf(out, CHAIN_ID_TEXT_SIZE, "%s", said);
    return 0;
}

int answer_chain(const char *text, size_t len, char out[CHAIN_ID_TEXT_SIZE], struct fault *f)
{
    struct document d;
    int rc;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    rc = read_chain(d.data, out, f);
    document_close(&d);
    return rc;
}

static int read_epoch(const json_t *data, struct rpc_epoch *out, struct fault *f)
{
    json_t *epoch;

    if (field_object(data, "epoch", &epoch, f) != 0 ||
        field_u64(epoch, "epochId", &out->epoch, f) != 0 ||
        field_u64(epoch, "referenceGasPrice", &out->gas_price, f) != 0)
        return -1;
    return 0;
}

int answer_epoch(const char *text, size_t len, struct rpc_epoch *out, struct fault *f)
{
    struct document d;
    int rc;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    rc = read_epoch(d.data, out, f);
    document_close(&d);
    return rc;
}
