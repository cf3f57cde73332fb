/*
 * key_text: the keys in the text of a key file, whichever of these it is; blanks and line ends
 * around it do not count:
 *
 *   suiprivkey1…                    one key, Bech32
 *   ["AAEC…", "AP9d…"]              what sui.keystore holds: a JSON list of Base64 of flag || seed
 *   AAEC…                           one key as such a list has it
 *
 * The list is read by a scanner of its own, in place: a JSON library would leave copies behind.
 * Strings in it are Base64 without escapes; nothing but blanks stands around them.
 *
 * Errors say what is wrong and with which key of the list, never a character of the text.
 */
#ifndef ORRERY_KEYS_KEY_TEXT_H
#define ORRERY_KEYS_KEY_TEXT_H

#include <stddef.h>

#include "keys/key.h"

struct error;

#define KEY_TEXT_BYTES (16 * 1024) /* at most: some 300 keys */

/* One key; `raw` is that of key_text_read(). Non-zero stops, and is returned. */
typedef int key_text_fn(void *arg, const unsigned char raw[KEY_RAW_BYTES], struct error *e);

/* Calls `each` per key, in order. `raw` is room in locked memory; it is zeros afterwards. INVALID
 * when the text is anything else or holds no key; `each` may then have been called. */
int key_text_read(const char *text, size_t len, unsigned char raw[KEY_RAW_BYTES], key_text_fn *each,
                  void *arg, struct error *e);

#endif
