/*
 * base64: strict decoding of secrets: the standard alphabet, padded, no blanks, no bits left over.
 * Its time depends on the length alone. Only for keys: what is public has a decoder of its own.
 */
#ifndef ORRERY_KEYS_BASE64_H
#define ORRERY_KEYS_BASE64_H

#include <stddef.h>

/* Exactly `size` bytes into `out` (locked memory). -1, with `out` wiped, when `text` is anything
 * else. */
int key_base64_decode(const char *text, size_t len, unsigned char *out, size_t size);

#endif
