/* Bytes that claim to be a transaction are either refused with a reason, or say all that they say:
 * encoded again they are the same bytes, and every index in them can be used.
 *
 * Half of the inputs are transactions that the builder made, with a few bytes changed; the others
 * are put together from well-formed pieces in a wrong order, so that the reader gets far. */
#include "fuzz/fuzz.h"

#include "sui/builder.h"
#include "sui/decode.h"
#include "sui/encode.h"
#include "sui/signing.h"

static const char *const types[] = {
    "u64",
    "vector<vector<u8>>",
    "0x2::coin::Coin<0x2::sui::SUI>",
    "0xabc::a::B<u8, vector<address>, 0x2::b::C<bool, u256>>",
};

static const char *const names[] = {"a", "_a", "mint", "market_key", "x9", "Z"};

#define ONE_OF(r, list) ((list)[fuzz_below(r, sizeof(list) / sizeof((list)[0]))])

static struct sui_address some_address(struct random *r)
{
    struct sui_address a = sui_address_small((uint8_t)fuzz_below(r, 6));

    a.bytes[fuzz_below(r, SUI_ADDRESS_BYTES)] ^= (uint8_t)(fuzz_below(r, 3) == 0);
    return a;
}

static struct sui_object_ref some_ref(struct random *r)
{
    struct sui_object_ref ref = {.id = some_address(r), .version = random_next(r)};

    ref.digest.bytes[0] = (uint8_t)fuzz_below(r, 3);
    return ref;
}

/* ---- a transaction that the builder made ---- */

static void add_input(struct random *r, struct sui_builder *b, struct sui_memory *m)
{
    static const uint8_t bytes[64];
    struct sui_withdrawal w = {.amount = random_next(r),
                               .from = (enum sui_withdraw_from)fuzz_below(r, 3)};
    struct sui_address id = some_address(r);
    struct sui_object_ref ref = some_ref(r);
    struct sui_argument out;
    struct error e = ERROR_INIT;
    int result = 0;

    switch (fuzz_below(r, 5)) {
    case 0:
        result = sui_builder_owned(b, &ref, &out, &e);
        break;
    case 1:
        result = sui_builder_receiving(b, &ref, &out, &e);
        break;
    case 2:
        result = sui_builder_shared(b, &id, fuzz_below(r, 2), fuzz_below(r, 2), &out, &e);
        break;
    case 3:
        FUZZ_CHECK(sui_type_parse(m, ONE_OF(r, types), &w.type, &e) == 0);
        result = sui_builder_withdrawal(b, &w, &out, &e);
        break;
    default:
        result = sui_builder_pure(b, bytes, fuzz_below(r, sizeof bytes), &out, &e);
    }
    FUZZ_CHECK(result == 0 || e.code == ERROR_CONFLICT);
}

static struct sui_argument some_argument(struct random *r, const struct sui_builder *b)
{
    struct sui_argument a = {.kind = SUI_RESULT};

    if (b->tx.command_count > 0 && fuzz_below(r, 3) == 0) {
        a.index = (uint16_t)fuzz_below(r, b->tx.command_count);
        return fuzz_below(r, 2) ? a : sui_part(a, (uint16_t)fuzz_below(r, 4));
    }
    a.kind = SUI_INPUT;
    a.index = (uint16_t)fuzz_below(r, b->tx.input_count + 1);
    return fuzz_below(r, 4) ? a : sui_gas_coin();
}

static void add_command(struct random *r, struct sui_builder *b, struct sui_memory *m)
{
    struct sui_type type;
    struct sui_argument list[4], alone = some_argument(r, b);
    size_t count = fuzz_below(r, 5);
    struct error e = ERROR_INIT;
    struct sui_call call = {.package = some_address(r),
                            .module = ONE_OF(r, names),
                            .function = ONE_OF(r, names),
                            .types = &type,
                            .type_count = fuzz_below(r, 2),
                            .arguments = {list, count}};
    int result;

    for (size_t i = 0; i < count; i++)
        list[i] = some_argument(r, b);
    FUZZ_CHECK(sui_type_parse(m, ONE_OF(r, types), &type, &e) == 0);
    switch (fuzz_below(r, 5)) {
    case 0:
        result = sui_builder_transfer(b, list, count, alone, NULL, &e);
        break;
    case 1:
        result = sui_builder_split(b, alone, list, count, NULL, &e);
        break;
    case 2:
        result = sui_builder_merge(b, alone, list, count, NULL, &e);
        break;
    case 3:
        result = sui_builder_vector(b, fuzz_below(r, 2) ? &type : NULL, list, count, NULL, &e);
        break;
    default:
        result = sui_builder_call(b, &call, NULL, &e);
    }
    if (result != 0)
        fuzz_check_error(&e);
}

static void add_rest(struct random *r, struct sui_builder *b)
{
    struct sui_object_ref coins[3] = {some_ref(r), some_ref(r), some_ref(r)};
    struct sui_gas gas = {
        .coins = coins, .coin_count = fuzz_below(r, 4), .price = 1000, .budget = random_next(r)};
    struct sui_expiration expiration = {.kind = (enum sui_expiration_kind)fuzz_below(r, 3),
                                        .epoch = random_next(r),
                                        .max_epoch = {fuzz_below(r, 2), 7}};
    struct error e = ERROR_INIT;

    FUZZ_CHECK(sui_builder_gas(b, &gas, &e) == 0);
    sui_builder_expire(b, &expiration);
}

static void build(struct random *r, struct buf *out)
{
    struct sui_address sender = some_address(r);
    struct error e = ERROR_INIT;
    struct sui_memory m;
    struct sui_builder b;

    sui_memory_init(&m);
    sui_builder_init(&b, &sender);
    for (size_t n = fuzz_below(r, 6); n > 0; n--)
        add_input(r, &b, &m);
    for (size_t n = fuzz_below(r, 5); n > 0; n--)
        add_command(r, &b, &m);
    add_rest(r, &b);
    FUZZ_CHECK(sui_builder_finish(&b, out, &e) == 0);
    sui_builder_release(&b);
    sui_memory_release(&m);
}

/* ---- pieces in any order ---- */

static void put_piece(struct random *r, struct buf *out)
{
    static const char address[SUI_ADDRESS_BYTES] = {1};
    static const uint32_t lengths[] = {
        0,   1,   2,    15,   16,   17,   127,   128,   129,    256,        257,
        512, 513, 1024, 1025, 2048, 2049, 16384, 16385, 131072, 0x7fffffff, 0xffffffff};

    switch (fuzz_below(r, 8)) {
    case 0:
        buf_add(out, address, sizeof address);
        break;
    case 1:
        bcs_put_vector(out, address, sizeof address);
        break;
    case 2:
        bcs_put_text(out, ONE_OF(r, names));
        break;
    case 3:
        bcs_put_uleb(out, ONE_OF(r, lengths));
        break;
    case 4:
        bcs_put_u64(out, random_next(r));
        break;
    case 5: /* a chain of vectors, or of structs with one argument */
        for (size_t n = fuzz_below(r, 20); n > 0; n--)
            bcs_put_u8(out, 6);
        break;
    default:
        bcs_put_u8(out, (uint8_t)fuzz_below(r, 12));
    }
}

static void put_pieces(struct random *r, struct buf *out)
{
    buf_init(out, SUI_TRANSACTION_BYTES + 16);
    if (fuzz_below(r, 16) != 0)
        buf_add(out, "\0\0", 2);
    for (size_t n = fuzz_below(r, 40); n > 0; n--)
        put_piece(r, out);
}

/* ---- what must hold ---- */

static void check_argument(const struct sui_transaction *tx, size_t command, struct sui_argument a)
{
    FUZZ_CHECK(a.kind <= SUI_NESTED_RESULT);
    FUZZ_CHECK(a.kind != SUI_INPUT || a.index < tx->input_count);
    FUZZ_CHECK(a.kind < SUI_RESULT || a.index < command);
}

static void check_accepted(struct sui_transaction *tx, const struct buf *bytes)
{
    struct error e = ERROR_INIT;
    struct buf again;

    for (size_t i = 0; i < tx->command_count; i++) {
        const struct sui_argument *alone;
        struct sui_arguments list = sui_command_arguments(&tx->commands[i], &alone);
        for (size_t k = 0; k < list.count; k++)
            check_argument(tx, i, list.items[k]);
        if (alone != NULL)
            check_argument(tx, i, *alone);
    }
    FUZZ_CHECK(sui_encode(tx, &again, &e) == 0);
    FUZZ_CHECK(again.len == bytes->len && memcmp(again.data, bytes->data, again.len) == 0);
    buf_release(&again);
    sui_transaction_release(tx);
}

/* The input in memory of its own size, so that a byte behind its end is noticed. */
static bool try_bytes(const struct buf *bytes)
{
    char *exact = malloc(bytes->len + (bytes->len == 0));
    struct error e = ERROR_INIT;
    struct sui_transaction tx;
    int result;

    FUZZ_CHECK(exact != NULL);
    if (bytes->len > 0)
        memcpy(exact, bytes->data, bytes->len);
    result = sui_decode(exact, bytes->len, &tx, &e);
    free(exact);
    if (result == 0) {
        check_accepted(&tx, bytes);
        return true;
    }
    fuzz_check_error(&e);
    FUZZ_CHECK(e.code == ERROR_INVALID || e.code == ERROR_LIMIT || e.code == ERROR_UNSUPPORTED);
    return false;
}

static const char *const words[] = {"\x80\x80\x01", "\xff\xff\xff\xff\x0f",
                                    "\x05",         "\x06",
                                    "\x07",         "\x20",
                                    "\x02",         "\x03",
                                    "\x01\x01",     "\xff",
                                    "\x10",         "\x11",
                                    "mint",         NULL};

/* A byte that may be a length or a tag, in another form that a careless reader takes for the same.
 */
static void stretch(struct random *r, struct buf *bytes)
{
    static const char *const tails[] = {"\x80\x80\x80\x80", "\x80\x80\x80\x80\x10",
                                        "\x80\x80\x80\x10", "\x80"};
    size_t at = fuzz_below(r, bytes->len + 1);
    struct buf out;

    if (at == bytes->len || (bytes->data[at] & 0x80) != 0)
        return;
    buf_init(&out, bytes->max + 8);
    buf_add(&out, bytes->data, at);
    buf_add_char(&out, (char)(bytes->data[at] | 0x80));
    if (fuzz_below(r, 2) == 0)
        buf_add_str(&out, ONE_OF(r, tails));
    if (out.len == at + 1 || (unsigned char)out.data[out.len - 1] == 0x80)
        buf_add_char(&out, 0);
    buf_add(&out, bytes->data + at + 1, bytes->len - at - 1);
    buf_release(bytes);
    *bytes = out;
}

/* A small byte becomes its neighbour: most are lengths, tags, flags and indices. */
static void nudge(struct random *r, struct buf *bytes)
{
    size_t at = fuzz_below(r, bytes->len + 1);

    for (; at < bytes->len; at++)
        if ((unsigned char)bytes->data[at] < 8 && fuzz_below(r, 8) == 0)
            break;
    if (at < bytes->len)
        bytes->data[at] = (char)(bytes->data[at] + (fuzz_below(r, 2) ? 1 : -1));
}

static void change(struct random *r, struct buf *bytes)
{
    switch (fuzz_below(r, 4)) {
    case 0:
        stretch(r, bytes);
        break;
    case 1:
        nudge(r, bytes);
        break;
    default:
        fuzz_change(r, bytes, words);
    }
}

static void one(struct random *r)
{
    struct buf bytes;

    if (fuzz_below(r, 2) == 0) {
        put_pieces(r, &bytes);
        try_bytes(&bytes);
    } else {
        build(r, &bytes);
        FUZZ_CHECK(try_bytes(&bytes));
        for (size_t n = 1 + fuzz_below(r, 4); n > 0; n--) {
            change(r, &bytes);
            try_bytes(&bytes);
        }
    }
    buf_release(&bytes);
}

int main(void)
{
    return fuzz_run(20000, one);
}
