/*
 * Messages of core to the signer, and back: whole ones, changed ones and noise. What is accepted is
 * within its limits and encodes to the same bytes again; what is not is a PROTOCOL error.
 */
#include "fuzz.h"

#include "ipc/frame.h"
#include "signer/protocol.h"

#define PIECE 300

static const char *const words[] = {"\x01", "\x02", "\x03", "\x04", "\x05", "\x06", "\xff\xff",
                                    "{}",   "\x10", "\x20", "IO",   "\x7f", "\x80", NULL};

static struct signer_text piece(struct random *r, char *place)
{
    size_t len = fuzz_below(r, PIECE);

    for (size_t i = 0; i < len; i++)
        place[i] = (char)(' ' + fuzz_below(r, 95));
    return (struct signer_text){place, len};
}

static void fill(struct random *r, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)random_next(r);
}

static void make(struct random *r, struct signer_message *m, char places[2][PIECE])
{
    memset(m, 0, sizeof *m);
    m->tag = (enum signer_tag)(1 + fuzz_below(r, 6));
    switch (m->tag) {
    case SIGNER_TAG_START:
        m->as.start.desk = piece(r, places[0]);
        m->as.start.rules = piece(r, places[1]);
        break;
    case SIGNER_TAG_SIGN:
        m->as.sign.id = random_next(r);
        m->as.sign.operator_index = (uint32_t)random_next(r);
        m->as.sign.epoch = random_next(r);
        fill(r, places[0], PIECE);
        m->as.sign.bytes = (uint8_t *)places[0];
        m->as.sign.len = 1 + fuzz_below(r, PIECE - 1);
        break;
    case SIGNER_TAG_READY:
        m->as.ready.measures = (struct signer_text){"seccomp", 7};
        m->as.ready.count = fuzz_below(r, RULES_OPERATORS + 1);
        fill(r, m->as.ready.keys, sizeof m->as.ready.keys);
        break;
    case SIGNER_TAG_FAILED:
        error_set(&m->as.failed, ERROR_CONFIG, "%.*s", (int)fuzz_below(r, 5), "höh\n");
        error_locate(&m->as.failed, "file:x", 3);
        break;
    case SIGNER_TAG_SIGNED:
        fill(r, &m->as.signed_.signature, sizeof m->as.signed_.signature);
        break;
    case SIGNER_TAG_REFUSED:
        m->as.refused.refusal = (enum policy_refusal)(1 + fuzz_below(r, POLICY_REFUSAL_COUNT - 1));
        m->as.refused.index = (uint32_t)random_next(r);
        m->as.refused.message = piece(r, places[0]);
        break;
    }
}

static enum signer_side sender(enum signer_tag tag)
{
    return tag <= SIGNER_TAG_SIGN ? SIGNER_SIDE_CORE : SIGNER_SIDE_SIGNER;
}

static void check_accepted(const struct signer_message *m, const char *frame, size_t len)
{
    struct error e = ERROR_INIT;
    struct buf again;

    if (m->tag == SIGNER_TAG_SIGN)
        FUZZ_CHECK(m->as.sign.len >= 1 && m->as.sign.len <= SUI_TRANSACTION_BYTES);
    if (m->tag == SIGNER_TAG_READY)
        FUZZ_CHECK(m->as.ready.count <= RULES_OPERATORS);
    if (m->tag == SIGNER_TAG_REFUSED)
        FUZZ_CHECK(policy_refusal_name(m->as.refused.refusal) != NULL &&
                   m->as.refused.refusal != POLICY_ALLOWED);
    if (m->tag == SIGNER_TAG_FAILED)
        return; /* an unknown code is read as INTERNAL */
    buf_init(&again, 2 * SIGNER_START_BYTES);
    FUZZ_CHECK(signer_encode(&again, m, &e) == 0);
    FUZZ_CHECK(again.len == len + 4 && memcmp(again.data + 4, frame, len) == 0);
    buf_release(&again);
}

/* In memory of its own size, so that a byte behind its end is noticed. */
static bool try_frame(enum signer_side from, const char *frame, size_t len)
{
    char *exact = malloc(len + (len == 0));
    struct error e = ERROR_INIT;
    struct signer_message m;
    int result;

    FUZZ_CHECK(exact != NULL);
    memcpy(exact, frame, len);
    result = signer_decode(from, exact, len, &m, &e);
    if (result == 0) {
        check_accepted(&m, exact, len);
    } else {
        fuzz_check_error(&e);
        FUZZ_CHECK(e.code == ERROR_PROTOCOL);
    }
    free(exact);
    return result == 0;
}

static void one(struct random *r)
{
    struct error e = ERROR_INIT;
    struct signer_message m;
    char places[2][PIECE];
    struct buf frame;

    buf_init(&frame, FUZZ_INPUT_BYTES);
    make(r, &m, places);
    FUZZ_CHECK(signer_encode(&frame, &m, &e) == 0);
    FUZZ_CHECK(try_frame(sender(m.tag), frame.data + 4, frame.len - 4));
    FUZZ_CHECK(!try_frame(sender(m.tag) == SIGNER_SIDE_CORE ? SIGNER_SIDE_SIGNER : SIGNER_SIDE_CORE,
                          frame.data + 4, frame.len - 4));
    buf_drop(&frame, 4);
    for (size_t n = 1 + fuzz_below(r, 4); n > 0; n--) {
        fuzz_change(r, &frame, words);
        try_frame(SIGNER_SIDE_CORE, buf_text(&frame), frame.len);
        try_frame(SIGNER_SIDE_SIGNER, buf_text(&frame), frame.len);
    }
    buf_release(&frame);
}

int main(void)
{
    return fuzz_run(20000, one);
}
