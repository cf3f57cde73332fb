/*
 * bcs: Binary Canonical Serialization, the form in which Sui hashes and signs.
 *
 *   integers   little-endian, 1 to 32 bytes
 *   lengths    ULEB128 of at most 32 bits, and enum tags too
 *   bool       00 or 01;  option: 00, or 01 and the value
 *   structs    their fields one behind the other, unframed
 *
 * Every value has exactly one form. The reader accepts no other: an ULEB128 with a needless zero
 * group, a bool of 02 or a byte behind the end is an error.
 *
 * Writing goes to a `struct buf` (base/buf.h) with its maximum: write everything, test
 * buf->overflow once at the end.
 *
 * Reading is the same the other way: the reader keeps the first failure (in the caller's error,
 * with the byte at which it happened), and everything read after that is zero, empty or NULL. So
 * read a whole struct, then test reader.failed; test before a loop whose bound was read, which
 * is 0 after a failure. `what` names the thing being read, for the error.
 * Memory that bcs_take_bytes() returns is the input's.
 */
#ifndef ORRERY_SUI_BCS_H
#define ORRERY_SUI_BCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

#define BCS_DECIMAL_BYTES 32 /* u256 */

void bcs_put_u8(struct buf *out, uint8_t value);
void bcs_put_u16(struct buf *out, uint16_t value);
void bcs_put_u32(struct buf *out, uint32_t value);
void bcs_put_u64(struct buf *out, uint64_t value);
void bcs_put_bool(struct buf *out, bool value);
void bcs_put_uleb(struct buf *out, uint32_t value);
void bcs_put_text(struct buf *out, const char *text);               /* length and bytes */
void bcs_put_vector(struct buf *out, const void *data, size_t len); /* vector<u8> */
void bcs_put_option_u64(struct buf *out, bool present, uint64_t value);

/* A number in decimal digits (no sign, no leading zeros) as an integer of 1, 2, 4, 8, 16 or 32
 * bytes. ERROR_LIMIT when it does not fit. */
int bcs_put_decimal(struct buf *out, const char *text, size_t bytes, struct error *e);

struct bcs_reader {
    const uint8_t *data;
    size_t len;
    size_t at;
    bool failed;
    struct error *error;
};

void bcs_reader_init(struct bcs_reader *r, const void *data, size_t len, struct error *e);

uint8_t bcs_take_u8(struct bcs_reader *r, const char *what);
uint16_t bcs_take_u16(struct bcs_reader *r, const char *what);
uint32_t bcs_take_u32(struct bcs_reader *r, const char *what);
uint64_t bcs_take_u64(struct bcs_reader *r, const char *what);
bool bcs_take_bool(struct bcs_reader *r, const char *what);
uint32_t bcs_take_uleb(struct bcs_reader *r, const char *what);
/* An option of u64: whether it is there; then `*out` is its value. */
bool bcs_take_option_u64(struct bcs_reader *r, uint64_t *out, const char *what);

/* How many elements follow: at most `max` (else ERROR_LIMIT), and no more than can be there when
 * each has at least `least` bytes. So memory for them is bounded by the input. */
size_t bcs_take_count(struct bcs_reader *r, size_t max, size_t least, const char *what);

/* `len` bytes; NULL after a failure only. */
const uint8_t *bcs_take_bytes(struct bcs_reader *r, size_t len, const char *what);
void bcs_take_copy(struct bcs_reader *r, void *out, size_t len, const char *what); /* or zeros */

/* An enum's tag below `count`, else ERROR_INVALID. */
unsigned bcs_take_tag(struct bcs_reader *r, unsigned count, const char *what);

/* Fails the reader, unless it has failed: "byte 12: ...". */
void bcs_fail(struct bcs_reader *r, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 0 when nothing failed and nothing is left. */
int bcs_end(struct bcs_reader *r, const char *what);

#endif
