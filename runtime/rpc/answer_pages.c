/* What comes in pages: coins, and transactions of an address. */
#include <stdio.h>
#include <string.h>

#include "rpc/answer.h"
#include "rpc/document.h"
#include "rpc/field.h"

static int read_page(const json_t *connection, struct answer_page *out, struct fault *f)
{
    const char *cursor;
    json_t *info;

    if (field_object(connection, "pageInfo", &info, f) != 0 ||
        field_bool(info, "hasNextPage", &out->more, f) != 0)
        return -1;
    out->cursor[0] = '\0';
    if (!out->more)
        return 0;
    if (field_text(info, "endCursor", &cursor, f) != 0)
        return -1;
    if (cursor[0] == '\0' || strlen(cursor) > ANSWER_CURSOR_BYTES)
        return fault_garbage(f, "the answer's cursor has %zu bytes, expected 1 to %d",
                             strlen(cursor), ANSWER_CURSOR_BYTES);
    snprintf(out->cursor, sizeof out->cursor, "%s", cursor);
    return 0;
}

/* ---- coins ---- */

/* {"balance": "5"}, or with the struct's field by name: {"balance": {"value": "5"}}. */
static int read_balance(const json_t *coin, uint64_t *out, struct fault *f)
{
    json_t *contents, *fields, *balance;

    if (field_object(coin, "contents", &contents, f) != 0 ||
        field_object(contents, "json", &fields, f) != 0)
        return -1;
    if (!json_is_object(json_object_get(fields, "balance")))
        return field_u64(fields, "balance", out, f);
    if (field_object(fields, "balance", &balance, f) != 0)
        return -1;
    return field_u64(balance, "value", out, f);
}

static int read_coins(const json_t *data, struct rpc_coin *out, size_t *count,
                      struct answer_page *page, struct fault *f)
{
    json_t *address, *objects, *nodes;

    if (field_object(data, "address", &address, f) != 0 ||
        field_object(address, "objects", &objects, f) != 0 || read_page(objects, page, f) != 0 ||
        field_list(objects, "nodes", ANSWER_PAGE, &nodes, f) != 0)
        return -1;
    for (size_t i = 0; i < json_array_size(nodes); i++) {
        const json_t *node = json_array_get(nodes, i);

        if (field_reference(node, &out[i].ref, f) != 0 ||
            read_balance(node, &out[i].balance, f) != 0)
            return -1;
    }
    *count = json_array_size(nodes);
    return 0;
}

int answer_coins(const char *text, size_t len, struct rpc_coin *out, size_t *count,
                 struct answer_page *page, struct fault *f)
{
    struct document d;
    int rc;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    rc = read_coins(d.data, out, count, page, f);
    document_close(&d);
    return rc;
}

/* ---- transactions ---- */

/* They come oldest first. */
static int read_sent(const json_t *data, char (*out)[SUI_DIGEST_TEXT_SIZE], size_t *count,
                     struct fault *f)
{
    json_t *transactions, *nodes;
    size_t n;

    if (field_object(data, "transactions", &transactions, f) != 0 ||
        field_list(transactions, "nodes", ANSWER_PAGE, &nodes, f) != 0)
        return -1;
    n = json_array_size(nodes);
    for (size_t i = 0; i < n; i++) {
        struct sui_digest digest;

        if (field_digest(json_array_get(nodes, n - 1 - i), "digest", &digest, f) != 0)
            return -1;
        sui_digest_text(&digest, out[i]);
    }
    *count = n;
    return 0;
}

int answer_sent(const char *text, size_t len, char (*out)[SUI_DIGEST_TEXT_SIZE], size_t *count,
                struct fault *f)
{
    struct document d;
    int rc;

    if (document_open_whole(&d, text, len, f) != 0)
        return -1;
    rc = read_sent(d.data, out, count, f);
    document_close(&d);
    return rc;
}
