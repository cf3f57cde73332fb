/*
 * A batch of four actions, built, named and signed, again and again: what core and the signer do
 * with a decision, without what is between them.
 *
 *     sui_build WORK.json SECONDS
 *
 * WORK.json: {keys: text of a keystore, recipe, actions: [four], objects: {"0x…": {version, digest}
 * (owned) or {initialSharedVersion}}, gas: {objectId, version, digest}, price, budget, epoch}.
 * Prints {"per_s", "digest", "signature", "bytes": Base64}, the latter three of the last one: for
 * whoever compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "keys/keyring.h"
#include "recipe/recipe.h"
#include "sui/builder.h"
#include "sui/signing.h"

#define ACTIONS 4

struct work {
    struct recipe *recipe;
    struct action actions[ACTIONS];
    const json_t *objects;
    struct keyring *ring;
    struct recipe_world world;
    struct sui_object_ref coin;
    struct sui_gas gas;
    uint64_t epoch;
};

struct product {
    struct buf bytes;
    struct sui_digest digest;
    unsigned char signature[KEY_SIGNATURE_BYTES];
};

static void end(const struct error *e)
{
    fprintf(stderr, "sui_build: %s\n", e->message);
    exit(1);
}

static const char *text_at(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text != NULL ? text : "";
}

static uint64_t number_at(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);

    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
                                 : (uint64_t)json_integer_value(value);
}

static void read_reference(const char *id, const json_t *o, struct sui_object_ref *out)
{
    const char *digest = text_at(o, "digest");
    struct error e = ERROR_INIT;

    out->version = number_at(o, "version");
    if (sui_address_parse(id, strlen(id), &out->id, &e) < 0 ||
        (digest[0] != '\0' && sui_digest_parse(digest, strlen(digest), &out->digest, &e) < 0))
        end(&e);
}

static bool find(void *arg, const struct sui_address *id, struct sui_object_ref *ref,
                 uint64_t *initial_version)
{
    const struct work *w = arg;
    char text[SUI_ADDRESS_TEXT_SIZE];
    const json_t *o = json_object_get(w->objects, sui_address_text(id, text));

    if (o == NULL)
        return false;
    read_reference(text, o, ref);
    *initial_version = number_at(o, "initialSharedVersion");
    return true;
}

static void read_key(struct work *w, const char *text)
{
    struct error e = ERROR_INIT;

    w->ring = keyring_new(&e);
    if (w->ring == NULL || keyring_load_text(w->ring, text, strlen(text), "work", NULL, &e) < 0)
        end(&e);
    memcpy(w->world.sender.bytes, keyring_at(w->ring, 0)->address, SUI_ADDRESS_BYTES);
}

static void read_work(struct work *w, const json_t *json)
{
    const json_t *gas = json_object_get(json, "gas");
    struct error e = ERROR_INIT;

    w->objects = json_object_get(json, "objects");
    w->recipe = recipe_read(json_object_get(json, "recipe"), &e);
    if (w->recipe == NULL)
        end(&e);
    for (size_t i = 0; i < ACTIONS; i++)
        if (action_parse(json_array_get(json_object_get(json, "actions"), i), i + 1, &w->actions[i],
                         &e) < 0)
            end(&e);
    read_key(w, text_at(json, "keys"));
    w->world.find = find;
    w->world.arg = w;
    read_reference(text_at(gas, "objectId"), gas, &w->coin);
    w->gas = (struct sui_gas){.coins = &w->coin,
                              .coin_count = 1,
                              .owner = w->world.sender,
                              .price = number_at(json, "price"),
                              .budget = number_at(json, "budget")};
    w->epoch = number_at(json, "epoch");
}

/* A decision to signed bytes. */
static void make(const struct work *w, struct product *out)
{
    struct sui_expiration expiration = {.kind = SUI_EXPIRES_EPOCH, .epoch = w->epoch};
    uint8_t signing[SUI_SIGNING_BYTES];
    struct error e = ERROR_INIT;
    struct sui_builder b;

    sui_builder_init(&b, &w->world.sender);
    for (size_t i = 0; i < ACTIONS; i++)
        if (recipe_build(w->recipe, &w->actions[i], &w->world, &b, &e) < 0)
            end(&e);
    sui_builder_expire(&b, &expiration);
    if (sui_builder_gas(&b, &w->gas, &e) < 0 || sui_builder_finish(&b, &out->bytes, &e) < 0)
        end(&e);
    out->digest = sui_transaction_digest(out->bytes.data, out->bytes.len);
    sui_signing_digest(out->bytes.data, out->bytes.len, signing);
    keyring_sign(w->ring, 0, signing, out->signature);
    sui_builder_release(&b);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void print(double per_s, const struct product *p)
{
    char digest[SUI_DIGEST_TEXT_SIZE], signature[BASE64_TEXT_SIZE(KEY_SIGNATURE_BYTES)];
    char *bytes = mem_alloc(BASE64_TEXT_SIZE(p->bytes.len));

    base64_encode(p->signature, KEY_SIGNATURE_BYTES, signature);
    base64_encode(p->bytes.data, p->bytes.len, bytes);
    printf("{\"per_s\": %.1f, \"digest\": \"%s\", \"signature\": \"%s\", \"bytes\": \"%s\"}\n",
           per_s, sui_digest_text(&p->digest, digest), signature, bytes);
    free(bytes);
}

int main(int argc, char **argv)
{
    json_error_t wrong;
    json_t *json = argc == 3 ? json_load_file(argv[1], 0, &wrong) : NULL;
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0, began, last;
    struct product product = {0};
    struct work work = {0};
    uint64_t count = 0;

    if (json == NULL || seconds <= 0) {
        fprintf(stderr, "usage: sui_build WORK.json SECONDS\n");
        return 2;
    }
    read_work(&work, json);
    began = last = now_s();
    while (last - began < seconds) {
        buf_release(&product.bytes);
        make(&work, &product);
        count++;
        last = now_s();
    }
    print((double)count / (last - began), &product);
    buf_release(&product.bytes);
    for (size_t i = 0; i < ACTIONS; i++)
        action_release(&work.actions[i]);
    recipe_free(work.recipe);
    keyring_free(work.ring);
    json_decref(json);
    return 0;
}
