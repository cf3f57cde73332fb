#include "webhook/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hmac.h"
#include "base/id.h"
#include "base/text.h"
#include "model/value.h"

#define TIMESTAMP_DIGITS 19

char *webhook_batch_text(const struct webhook_batch *batch, size_t max, size_t *len)
{
    char run[ID_TEXT_SIZE];
    json_t *json = json_object();
    struct buf text;
    int failed;

    json_object_set(json, "actions", (json_t *)batch->actions);
    json_object_set_new(json, "created", json_integer(batch->created_ms));
    json_object_set_new(json, "mode", json_string(batch->simulate ? "simulate" : "execute"));
    json_object_set_new(json, "plugin", json_string(batch->plugin));
    json_object_set_new(json, "run", json_string(id_format(batch->run, run)));
    json_object_set_new(json, "vault", json_string(batch->vault));
    json_object_set_new(json, "version", json_integer(WEBHOOK_VERSION));
    buf_init(&text, max);
    failed = value_write(&text, json);
    json_decref(json);
    if (failed != 0) {
        buf_release(&text);
        return NULL;
    }
    *len = text.len;
    return buf_steal(&text);
}

char *webhook_batch_key(const void *text, size_t len, char out[WEBHOOK_KEY_SIZE])
{
    struct digest_part part = {text, len};
    unsigned char digest[DIGEST_256_BYTES];

    digest_256(&part, 1, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return out;
}

char *webhook_sign(const void *secret, size_t secret_len, int64_t timestamp_ms, const void *content,
                   size_t len, char out[WEBHOOK_SIGNATURE_SIZE])
{
    char timestamp[32], mac[HMAC_TEXT_SIZE];
    struct digest_part parts[2];

    snprintf(timestamp, sizeof timestamp, "%" PRId64 ".", timestamp_ms);
    parts[0] = (struct digest_part){timestamp, strlen(timestamp)};
    parts[1] = (struct digest_part){content, len};
    hmac_sha256(secret, secret_len, parts, 2, mac);
    snprintf(out, WEBHOOK_SIGNATURE_SIZE, "t=%" PRId64 ",v1=%s", timestamp_ms, mac);
    return out;
}

/* How many digits of time there are behind "t=", or 0. */
static size_t timestamp_length(const char *signature)
{
    size_t digits;

    if (signature == NULL || strncmp(signature, "t=", 2) != 0)
        return 0;
    digits = strspn(signature + 2, "0123456789");
    return digits <= TIMESTAMP_DIGITS ? digits : 0;
}

bool webhook_signature_ok(const char *signature)
{
    size_t digits = timestamp_length(signature);
    const char *mac = digits > 0 ? signature + 2 + digits : "";

    return strncmp(mac, ",v1=", 4) == 0 && strlen(mac) == 4 + HMAC_TEXT_SIZE - 1 &&
           strspn(mac + 4, "0123456789abcdef") == HMAC_TEXT_SIZE - 1;
}

void webhook_headers(struct webhook_headers *h, const char *signature, const char *key,
                     bool has_body)
{
    int digits = (int)timestamp_length(signature);
    size_t count = 0;

    snprintf(h->timestamp, sizeof h->timestamp, "X-Orrery-Timestamp: %.*s", digits, signature + 2);
    snprintf(h->signature, sizeof h->signature, "X-Orrery-Signature: %.80s",
             signature + 2 + digits + 1);
    h->list[count++] = h->timestamp;
    h->list[count++] = h->signature;
    if (key != NULL) {
        snprintf(h->key, sizeof h->key, "Idempotency-Key: %.64s", key);
        h->list[count++] = h->key;
    }
    if (has_body)
        h->list[count++] = "Content-Type: application/json";
    h->list[count] = NULL;
}
