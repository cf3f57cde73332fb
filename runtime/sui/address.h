/*
 * address: what things on the chain are called. Accounts, objects and packages have 32-byte
 * addresses, written 0x and 64 hex digits; transactions, object versions and chains have 32-byte
 * digests, written in Base58.
 *
 * Reading is strict: 0x and 1 to 64 hex digits of either case (a short one stands for its number,
 * so 0x6 is the clock), nothing before, nothing behind. What is written is always the full form in
 * lower case, so that equal addresses are equal texts.
 */
#ifndef ORRERY_SUI_ADDRESS_H
#define ORRERY_SUI_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SUI_ADDRESS_BYTES     32
#define SUI_ADDRESS_TEXT_SIZE 67 /* with NUL */
#define SUI_DIGEST_BYTES      32
#define SUI_DIGEST_TEXT_SIZE  45 /* with NUL */

struct sui_address {
    uint8_t bytes[SUI_ADDRESS_BYTES];
};

struct sui_digest {
    uint8_t bytes[SUI_DIGEST_BYTES];
};

int sui_address_parse(const char *text, size_t len, struct sui_address *out, struct error *e);
char *sui_address_text(const struct sui_address *a, char out[SUI_ADDRESS_TEXT_SIZE]);
bool sui_address_equal(const struct sui_address *a, const struct sui_address *b);
struct sui_address sui_address_small(uint8_t number); /* 0x2: the framework, 0x6: the clock */

/* Base58 of exactly 32 bytes. */
int sui_digest_parse(const char *text, size_t len, struct sui_digest *out, struct error *e);
char *sui_digest_text(const struct sui_digest *d, char out[SUI_DIGEST_TEXT_SIZE]);

#endif
