/*
 * protocol: what core and the signer say to each other, on a socket of their own, in frames
 * (ipc/frame.h). Each frame is one message: a tag and its fields, unframed, integers little-endian,
 * texts and bytes with their length before them (sui/bcs.h). Every message has one form only, and
 * maxima for all that it has; whoever receives anything else ends the conversation.
 *
 *   core → signer
 *     START    once, first: version, desk folder, rules as JSON text (signer/rules.h)
 *     SIGN     id, number of the operator (in the order of the rules), present epoch, the bytes
 *   signer → core
 *     READY    the answer to START: version, what confines it, each operator's public key
 *     FAILED   the other answer to START, and the last message: an error
 *     SIGNED   id, signature, public key
 *     REFUSED  id, code (enum policy_refusal), index (UINT32_MAX: none), one sentence
 *
 * SIGN is sent after READY only, and answered in the order of asking. There is no other request.
 *
 * A decoded message points into the frame it came from.
 */
#ifndef ORRERY_SIGNER_PROTOCOL_H
#define ORRERY_SIGNER_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "signer/policy.h"
#include "signer/rules.h"
#include "sui/limits.h"
#include "sui/signing.h"

struct buf;

#define SIGNER_PROTOCOL      1
#define SIGNER_START_BYTES   (8 * 1024 * 1024) /* the frame */
#define SIGNER_SIGN_BYTES    (SUI_TRANSACTION_BYTES + 64)
#define SIGNER_ANSWER_BYTES  4096
#define SIGNER_DESK_BYTES    4096
#define SIGNER_MEASURE_BYTES 160

enum signer_tag {
    SIGNER_TAG_START = 1,
    SIGNER_TAG_SIGN,
    SIGNER_TAG_READY,
    SIGNER_TAG_FAILED,
    SIGNER_TAG_SIGNED,
    SIGNER_TAG_REFUSED
};

/* Text without its NUL, inside of a frame: printable UTF-8, unless said otherwise. */
struct signer_text {
    const char *data;
    size_t len;
};

struct signer_start {
    struct signer_text desk, rules; /* rules: any bytes */
};

struct signer_sign {
    uint64_t id;
    uint32_t operator_index;
    uint64_t epoch;
    const uint8_t *bytes;
    size_t len; /* 1 to SUI_TRANSACTION_BYTES */
};

struct signer_ready {
    struct signer_text measures;
    uint8_t keys[RULES_OPERATORS][SUI_PUBLIC_KEY_BYTES];
    size_t count;
};

struct signer_signed {
    uint64_t id;
    struct sui_signature signature;
};

struct signer_refused {
    uint64_t id;
    enum policy_refusal refusal;
    uint32_t index;
    struct signer_text message;
};

struct signer_message {
    enum signer_tag tag;
    union {
        struct signer_start start;
        struct signer_sign sign;
        struct signer_ready ready;
        struct error failed;
        struct signer_signed signed_;
        struct signer_refused refused;
    } as;
};

enum signer_side { SIGNER_SIDE_CORE, SIGNER_SIDE_SIGNER };

/* Appends the message as a frame. -1: LIMIT, something in it is larger than allowed. */
int signer_encode(struct buf *out, const struct signer_message *m, struct error *e);

/* One frame that `from` has sent. -1: PROTOCOL. */
int signer_decode(enum signer_side from, const char *frame, size_t len, struct signer_message *out,
                  struct error *e);

#endif
