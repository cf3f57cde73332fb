/* orrery tx decode: what a transaction's bytes say, and whether a signature over them holds. */
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "cli/labelled.h"
#include "cli/tx.h"
#include "cli/tx_input.h"
#include "cli/tx_json.h"
#include "cli/tx_text.h"
#include "keys/key.h"
#include "sui/signing.h"

static bool is_address(const json_t *o, const char *name, const char *address)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text != NULL && strcmp(text, address) == 0;
}

static const char *whose(const json_t *tx, const char *address)
{
    if (is_address(tx, "sender", address))
        return "sender";
    return is_address(json_object_get(tx, "gas"), "owner", address) ? "gas owner" : "somebody else";
}

int tx_signature_json(const void *bytes, size_t len, const json_t *tx, const char *text,
                      json_t **out, struct error *e)
{
    unsigned char wire[KEY_SIGNATURE_BYTES];
    char address[SUI_ADDRESS_TEXT_SIZE];
    uint8_t digest[SUI_SIGNING_BYTES];
    struct sui_signature signature;
    struct sui_address signer;
    size_t got;

    if (sui_signature_parse(text, strlen(text), &signature, e) < 0 ||
        base64_decode(text, strlen(text), wire, sizeof wire, &got, e) < 0)
        return -1;
    signer = sui_key_address(signature.public_key);
    sui_signing_digest(bytes, len, digest);
    sui_address_text(&signer, address);
    *out = json_pack("{s:s, s:b, s:s}", "address", address, "holds",
                     key_verify(wire, digest, signer.bytes), "by", whose(tx, address));
    return 0;
}

static bool is_good(const json_t *signature)
{
    return json_is_true(json_object_get(signature, "holds")) &&
           !is_address(signature, "by", "somebody else");
}

static void print(const struct output *o, const json_t *tx)
{
    const json_t *signature = json_object_get(tx, "signature");
    struct labelled l = {.o = o};

    labelled_text(&l, "digest", json_string_value(json_object_get(tx, "digest")));
    tx_text_print(&l, tx);
    if (signature == NULL)
        return;
    labelled_text(&l, "signature", json_string_value(json_object_get(signature, "address")));
    if (!json_is_true(json_object_get(signature, "holds")))
        labelled_toned(&l, "signature", "does NOT hold: not of this key over these bytes",
                       TONE_BAD);
    else
        labelled_toned(&l, "signature",
                       is_address(signature, "by", "sender")      ? "holds: it is the sender's"
                       : is_address(signature, "by", "gas owner") ? "holds: it is the gas owner's"
                                                                  : "holds, but is neither the "
                                                                    "sender's nor the gas owner's",
                       is_good(signature) ? TONE_GOOD : TONE_BAD);
}

int tx_decode(struct context *c, struct error *e)
{
    const char *text = options_text(&c->options, "signature");
    json_t *tx = NULL, *signature = NULL;
    struct buf bytes;
    int result;

    if (tx_input_read(options_argument(&c->options, 1), &bytes, e) < 0)
        return -1;
    result = tx_json_decode(bytes.data, bytes.len, &tx, e);
    if (result == 0 && text != NULL)
        result = tx_signature_json(bytes.data, bytes.len, tx, text, &signature, e);
    buf_release(&bytes);
    if (result == 0) {
        if (signature != NULL)
            json_object_set(tx, "signature", signature);
        if (c->output.json)
            output_data(&c->output, tx);
        else
            print(&c->output, tx);
        result = signature != NULL && !is_good(signature) ? 1 : 0;
    }
    json_decref(signature);
    json_decref(tx);
    return result;
}
