/* Reads descriptions of transactions, one JSON object per line (see sui_steps.h; with "sender",
 * "gas", "expiration" and "seed"), and answers each with a line: {"bytes", "digest", "signature"},
 * or {"error"}. Every transaction is decoded and encoded again before it is answered. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "differential/sui_steps.h"
#include "sui/decode.h"
#include "sui/encode.h"
#include "sui/signing.h"

static int read_gas(struct sui_builder *b, const json_t *gas, struct error *e)
{
    const json_t *coins = json_object_get(gas, "coins"), *coin;
    struct sui_object_ref refs[SUI_GAS_OBJECTS];
    struct sui_gas out = {.coins = refs, .owner = b->tx.sender};

    json_array_foreach(coins, out.coin_count, coin)
    {
        if (out.coin_count == SUI_GAS_OBJECTS)
            return error_set(e, ERROR_LIMIT, "too many gas coins");
        if (sui_steps_ref(coin, &refs[out.coin_count], e) != 0)
            return -1;
    }
    if (json_is_string(json_object_get(gas, "owner")) &&
        sui_steps_address(gas, "owner", &out.owner, e) != 0)
        return -1;
    if (sui_steps_u64(gas, "price", &out.price, e) != 0 ||
        sui_steps_u64(gas, "budget", &out.budget, e) != 0)
        return -1;
    return sui_builder_gas(b, &out, e);
}

static int read_optional(const json_t *object, const char *key, struct sui_optional *out,
                         struct error *e)
{
    out->present = json_is_string(json_object_get(object, key));
    return out->present ? sui_steps_u64(object, key, &out->value, e) : 0;
}

static int read_expiration(struct sui_builder *b, const json_t *description, struct error *e)
{
    const json_t *x = json_object_get(description, "expiration");
    struct sui_expiration out = {.kind = SUI_EXPIRES_NEVER};

    if (json_is_string(json_object_get(x, "epoch"))) {
        out.kind = SUI_EXPIRES_EPOCH;
        if (sui_steps_u64(x, "epoch", &out.epoch, e) != 0)
            return -1;
    } else if (json_is_object(x)) {
        out.kind = SUI_EXPIRES_DURING;
        out.nonce = (uint32_t)json_integer_value(json_object_get(x, "nonce"));
        if (read_optional(x, "min_epoch", &out.min_epoch, e) != 0 ||
            read_optional(x, "max_epoch", &out.max_epoch, e) != 0 ||
            read_optional(x, "min_timestamp", &out.min_timestamp, e) != 0 ||
            read_optional(x, "max_timestamp", &out.max_timestamp, e) != 0 ||
            sui_steps_digest(x, "chain", &out.chain, e) != 0)
            return -1;
    }
    sui_builder_expire(b, &out);
    return 0;
}

static int build(const json_t *description, struct buf *out, struct error *e)
{
    struct sui_address sender;
    struct sui_builder b;
    int result = -1;

    if (sui_steps_address(description, "sender", &sender, e) != 0)
        return -1;
    sui_builder_init(&b, &sender);
    if (sui_steps_run(&b, json_object_get(description, "steps"), e) == 0 &&
        read_gas(&b, json_object_get(description, "gas"), e) == 0 &&
        read_expiration(&b, description, e) == 0)
        result = sui_builder_finish(&b, out, e);
    sui_builder_release(&b);
    return result;
}

static int check_round_trip(const struct buf *bytes, struct error *e)
{
    struct sui_transaction tx;
    struct buf again;
    int result;

    if (sui_decode(bytes->data, bytes->len, &tx, e) != 0)
        return -1;
    result = sui_encode(&tx, &again, e);
    sui_transaction_release(&tx);
    if (result != 0)
        return -1;
    if (again.len != bytes->len || memcmp(again.data, bytes->data, again.len) != 0)
        result = error_set(e, ERROR_INTERNAL, "decoded and encoded again it is other bytes");
    buf_release(&again);
    return result;
}

static int sign(const json_t *description, const struct buf *bytes, struct sui_signature *out,
                struct error *e)
{
    const char *text = json_string_value(json_object_get(description, "seed"));
    uint8_t secret[crypto_sign_SECRETKEYBYTES], hash[SUI_SIGNING_BYTES];
    struct buf seed;
    int result = -1;

    buf_init(&seed, crypto_sign_SEEDBYTES);
    if (text != NULL && sui_steps_hex(text, &seed, e) == 0 && seed.len == crypto_sign_SEEDBYTES) {
        crypto_sign_seed_keypair(out->public_key, secret, (unsigned char *)seed.data);
        sui_signing_digest(bytes->data, bytes->len, hash);
        crypto_sign_detached(out->bytes, NULL, hash, sizeof hash, secret);
        result = 0;
    }
    buf_release(&seed);
    return result == 0 ? 0 : error_set(e, ERROR_INVALID, "a seed of 32 bytes in hex expected");
}

static int answer(const json_t *description, struct error *e)
{
    char digest[SUI_DIGEST_TEXT_SIZE], wire[SUI_SIGNATURE_TEXT_SIZE],
        address[SUI_ADDRESS_TEXT_SIZE];
    struct sui_signature signature;
    struct sui_digest name;
    struct sui_address signer;
    struct buf bytes;
    char *base64;
    int result = -1;

    if (build(description, &bytes, e) != 0)
        return -1;
    if (check_round_trip(&bytes, e) == 0 && sign(description, &bytes, &signature, e) == 0) {
        name = sui_transaction_digest(bytes.data, bytes.len);
        signer = sui_key_address(signature.public_key);
        base64 = malloc(BASE64_TEXT_SIZE(bytes.len));
        if (base64 == NULL)
            abort();
        base64_encode(bytes.data, bytes.len, base64);
        printf("{\"bytes\":\"%s\",\"digest\":\"%s\",\"signature\":\"%s\",\"signer\":\"%s\"}\n",
               base64, sui_digest_text(&name, digest), sui_signature_text(&signature, wire),
               sui_address_text(&signer, address));
        free(base64);
        result = 0;
    }
    buf_release(&bytes);
    return result;
}

static void say_error(const struct error *e)
{
    json_t *text = json_pack("{s:s, s:s}", "error", e->message, "code", error_name(e->code));

    json_dumpf(text, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(text);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;

    if (sodium_init() < 0)
        return 1;
    while (getline(&line, &size, stdin) > 0) {
        struct error e = ERROR_INIT;
        json_t *description = json_loads(line, 0, NULL);
        if (description == NULL)
            error_set(&e, ERROR_INVALID, "a line must be JSON");
        if (description == NULL || answer(description, &e) != 0)
            say_error(&e);
        json_decref(description);
        fflush(stdout);
    }
    free(line);
    return 0;
}
