/* The decoder: what it makes of a known transaction, and everything malformed, each refused for its
 * own reason. */
#include "support.h"

#include "sui/decode.h"
#include "sui/encode.h"
#include "sui/signing.h"

#define A32(byte)                                                                                  \
    byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
        byte byte byte byte byte byte byte byte byte byte byte byte byte

#define SENDER A32("11")
#define DIGEST "20" A32("03")
#define COIN   A32("22") "0700000000000000" DIGEST
#define GAS                                                                                        \
    "01" COIN SENDER "e803000000000000"                                                            \
    "80f0fa0200000000"
#define NEVER "00"
#define TAIL  SENDER GAS NEVER
#define CALL_HEAD                                                                                  \
    "00" A32("cc") "016d"                                                                          \
                   "0166"
#define NO_INPUTS "00"
#define ONE_INPUT                                                                                  \
    "01"                                                                                           \
    "00"                                                                                           \
    "0107" /* pure: 07 */

/* A transaction of these inputs and commands, the rest being good. */
#define TX(inputs, commands) "0000" inputs commands TAIL

static int decode_hex(const char *hex, struct sui_transaction *out, struct error *e)
{
    struct buf bytes = from_hex(hex);
    int result = sui_decode(bytes.data, bytes.len, out, e);

    buf_release(&bytes);
    return result;
}

/* Accepted, and the same bytes again. */
static void accepts(const char *hex)
{
    struct sui_transaction tx;
    struct buf again;

    WORKS(decode_hex(hex, &tx, e));
    WORKS(sui_encode(&tx, &again, e));
    assert_hex(again.data, again.len, hex);
    buf_release(&again);
    sui_transaction_release(&tx);
}

struct refusal {
    const char *hex;
    enum error_code code;
    const char *part;
};

static void refuses(const struct refusal *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sui_transaction tx = {.input_count = 77};
        struct error e = ERROR_INIT;
        if (decode_hex(list[i].hex, &tx, &e) == 0)
            fail_msg("%zu: taken, but \"%s\" was expected", i, list[i].part);
        if (e.code != list[i].code || strstr(e.message, list[i].part) == NULL)
            fail_msg("%zu: %s: %s, but \"%s\" was expected", i, error_name(e.code), e.message,
                     list[i].part);
        assert_int_equal(tx.input_count, 77);
    }
}

#define REFUSED(list) refuses(list, sizeof(list) / sizeof((list)[0]))

/* ---- what is read ---- */

static const char everything[] =
    "0000"
    "05"
    "00"
    "03010203"
    "0100" A32("a1") "0500000000000000" DIGEST "0101" A32(
        "a2") "0600000000000000"
              "01"
              "0102" A32(
                  "a3") "0700000000000000" DIGEST "0200"
                        "0900000000000000"
                        "00"
                        "0601"
                        "02" A32("f1")
                            A32("f2") "05"
                                      "00" A32("cc") "016d"
                                                     "0166"
                                                     "02"
                                                     "0603"
                                                     "07" A32(
                                                         "02") "03737569"
                                                               "03535549"
                                                               "00"
                                                               "02"
                                                               "00"
                                                               "010400"
                                                               "01"
                                                               "02"
                                                               "010100"
                                                               "03000007ff"
                                                               "010000"
                                                               "02"
                                                               "00"
                                                               "01"
                                                               "010000"
                                                               "03"
                                                               "00"
                                                               "01"
                                                               "020200"
                                                               "05"
                                                               "01"
                                                               "04"
                                                               "00" SENDER "01" COIN A32(
                                                                   "44") "0100000000000000"
                                                                         "0200000000000000"
                                                                         "02"
                                                                         "00"
                                                                         "01ff00000000000000"
                                                                         "00"
                                                                         "010800000000000000" DIGEST
                                                                         "efbeadde";

static void check_commands(const struct sui_transaction *tx)
{
    const struct sui_command *c = tx->commands;

    assert_int_equal(tx->command_count, 5);
    assert_string_equal(c[0].as.call.module, "m");
    assert_string_equal(c[0].as.call.function, "f");
    assert_int_equal(c[0].as.call.type_count, 2);
    assert_string_equal(c[0].as.call.types[1].of->name, "SUI");
    assert_int_equal(c[0].as.call.arguments.items[1].index, 4);
    assert_int_equal(c[1].kind, SUI_TRANSFER);
    assert_int_equal(c[1].as.transfer.objects.items[1].part, 0xff07);
    assert_int_equal(c[2].as.split.amounts.count, 1);
    assert_int_equal(c[3].as.merge.coins.items[0].kind, SUI_RESULT);
    assert_int_equal(c[4].as.vector.type->kind, SUI_TYPE_ADDRESS);
    assert_string_equal(sui_command_name(c[4].kind), "MakeMoveVec");
}

static void reads_everything(void **state)
{
    const struct sui_address funder = filled(0xf1);
    struct sui_transaction tx;

    (void)state;
    accepts(everything);
    WORKS(decode_hex(everything, &tx, e));
    assert_int_equal(tx.input_count, 5);
    assert_int_equal(tx.inputs[0].as.pure.len, 3);
    assert_int_equal(tx.inputs[1].kind, SUI_INPUT_OWNED);
    assert_int_equal(tx.inputs[1].as.object.version, 5);
    assert_int_equal(tx.inputs[2].kind, SUI_INPUT_SHARED);
    assert_int_equal(tx.inputs[2].as.shared.initial_version, 6);
    assert_true(tx.inputs[2].as.shared.is_mutable);
    assert_int_equal(tx.inputs[3].kind, SUI_INPUT_RECEIVING);
    assert_int_equal(sui_input_object(&tx.inputs[3])->bytes[0], 0xa3);
    assert_int_equal(tx.inputs[4].as.withdrawal.amount, 9);
    assert_int_equal(tx.inputs[4].as.withdrawal.from, SUI_FROM_ALLOWANCE);
    assert_true(sui_address_equal(&tx.inputs[4].as.withdrawal.funder, &funder));
    assert_null(sui_input_object(&tx.inputs[4]));
    check_commands(&tx);
    assert_int_equal(tx.sender.bytes[0], 0x11);
    assert_int_equal(tx.gas.owner.bytes[0], 0x44);
    assert_int_equal(tx.gas.coins[0].version, 7);
    assert_int_equal(tx.gas.price, 1);
    assert_int_equal(tx.gas.budget, 2);
    assert_int_equal(tx.expiration.kind, SUI_EXPIRES_DURING);
    assert_false(tx.expiration.min_epoch.present);
    assert_int_equal(tx.expiration.max_epoch.value, 255);
    assert_int_equal(tx.expiration.max_timestamp.value, 8);
    assert_int_equal(tx.expiration.nonce, 0xdeadbeef);
    sui_transaction_release(&tx);
}

static void small_ones(void **state)
{
    (void)state;
    accepts(TX(NO_INPUTS, "00")); /* without a command: well formed */
    accepts(TX(ONE_INPUT, "01" CALL_HEAD "00"
                          "00"));
    accepts("0000" NO_INPUTS "00" SENDER "00" SENDER "0000000000000000"
            "0000000000000000"
            "01ffffffffffffffff");
    accepts(TX("02"
               "0000"
               "0000",
               "00"));
}

/* Cut anywhere, it is refused; so it is with a byte more. */
static void no_part_is_enough(void **state)
{
    struct buf bytes = from_hex(TX("02"
                                   "0003010203"
                                   "0101" A32("a2") "0600000000000000"
                                                    "00",
                                   "02" CALL_HEAD "01"
                                   "0601"
                                   "02"
                                   "00"
                                   "010100"
                                   "01"
                                   "01"
                                   "030000ff00"
                                   "010000"));
    struct sui_transaction tx;

    (void)state;
    for (size_t len = 0; len < bytes.len; len++) {
        char *exact = mem_alloc(len);
        struct error e = ERROR_INIT;
        memcpy(exact, bytes.data, len);
        assert_int_equal(sui_decode(exact, len, &tx, &e), -1);
        assert_int_equal(e.code, ERROR_INVALID);
        free(exact);
    }
    WORKS(sui_decode(bytes.data, bytes.len, &tx, e));
    sui_transaction_release(&tx);
    buf_add_char(&bytes, '\0');
    FAILS(sui_decode(bytes.data, bytes.len, &tx, e), ERROR_INVALID,
          "1 bytes behind the end of the transaction");
    buf_release(&bytes);
    FAILS(sui_decode(NULL, 0, &tx, e), ERROR_INVALID, "byte 0: version of the transaction");
}

/* ---- what is refused ---- */

static const struct refusal heads_refused[] = {
    {"0100", ERROR_INVALID, "byte 0: version of the transaction: a tag below 1 expected, got 1"},
    {"0001", ERROR_UNSUPPORTED, "byte 1: kind of transaction 1 is not supported"},
    {"000a", ERROR_UNSUPPORTED, "kind of transaction 10 is not supported"},
    {"8000", ERROR_INVALID, "shortest form"},
    {"00ff7f", ERROR_INVALID, "a tag below 255"},
};

static void heads(void **state)
{
    (void)state;
    REFUSED(heads_refused);
}

static const struct refusal inputs_refused[] = {
    {TX("01"
        "03",
        ""),
     ERROR_INVALID, "input 0: byte 3: kind of input: a tag below 3 expected, got 3"},
    {TX("01"
        "0103",
        ""),
     ERROR_INVALID, "kind of object: a tag below 3 expected, got 3"},
    {TX("8100"
        "0000",
        "00"),
     ERROR_INVALID, "byte 4: inputs is not in its shortest form"},
    {TX("01"
        "00"
        "8000",
        "00"),
     ERROR_INVALID, "bytes of a pure value is not in its shortest form"},
    {TX("01"
        "00"
        "818001",
        "00"),
     ERROR_LIMIT, "bytes of a pure value: at most 16384, got 16385"},
    {TX("01"
        "0101" A32("aa") "0100000000000000"
                         "02",
        "00"),
     ERROR_UNSUPPORTED, "mutability is 0 or 1, got 2"},
    {TX("01"
        "0101" A32("aa") "0100000000000000"
                         "03",
        "00"),
     ERROR_INVALID, "mutability: a tag below 3"},
    {TX("01"
        "0100" A32("aa") "0100000000000000"
                         "1f" A32("03"),
        "00"),
     ERROR_INVALID, "object's digest has 32 bytes, got a length of 31"},
    {TX("01"
        "0102" A32("aa") "0100000000000000"
                         "21" A32("03"),
        "00"),
     ERROR_INVALID, "got a length of 33"},
    {TX("01"
        "0100" A32("aa") "0100000000000000"
                         "a000" A32("03"),
        "00"),
     ERROR_INVALID, "object's digest is not in its shortest form"},
    {TX("01"
        "0201",
        "00"),
     ERROR_INVALID, "kind of reservation"},
    {TX("01"
        "0200"
        "0900000000000000"
        "01",
        "00"),
     ERROR_INVALID, "kind of withdrawal"},
    {TX("01"
        "0200"
        "0900000000000000"
        "00"
        "0b",
        "00"),
     ERROR_INVALID, "type: a tag below 11 expected, got 11"},
    {TX("01"
        "0200"
        "0900000000000000"
        "00"
        "01"
        "03",
        "00"),
     ERROR_INVALID, "source of the withdrawal"},
    {TX("02"
        "0000"
        "05",
        "00"),
     ERROR_INVALID, "input 1: "},
    {TX("8110", ""), ERROR_LIMIT, "inputs: at most 2048, got 2049"},
    {"00008010"
     "0000",
     ERROR_INVALID, "inputs: 2048 of them cannot be in the 2 bytes"},
    {TX("ffffffff0f", ""), ERROR_LIMIT, "inputs: at most 2048, got 4294967295"},
};

static void inputs(void **state)
{
    (void)state;
    REFUSED(inputs_refused);
}

static const struct refusal commands_refused[] = {
    {TX(NO_INPUTS, "01"
                   "04"
                   "00"
                   "00"),
     ERROR_UNSUPPORTED, "command 0: byte 4: a package is published"},
    {TX(NO_INPUTS, "01"
                   "06"
                   "00"
                   "00"),
     ERROR_UNSUPPORTED, "a package is upgraded"},
    {TX(NO_INPUTS, "01"
                   "07"),
     ERROR_INVALID, "kind of command: a tag below 7 expected, got 7"},
    {TX(NO_INPUTS, "8108"), ERROR_LIMIT, "commands: at most 1024, got 1025"},
    {TX(NO_INPUTS, "8000"), ERROR_INVALID, "commands is not in its shortest form"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "8104"),
     ERROR_LIMIT, "arguments: at most 512, got 513"},
    {TX(NO_INPUTS, "01" CALL_HEAD "11"), ERROR_LIMIT, "type arguments: at most 16, got 17"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "01"
                   "04"),
     ERROR_INVALID, "kind of argument: a tag below 4 expected, got 4"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "01"
                   "8100"
                   "0000"),
     ERROR_INVALID, "kind of argument is not in its shortest"},
    {TX(NO_INPUTS, "01"
                   "05"
                   "02"
                   "00"),
     ERROR_INVALID, "option of a type must be 00 or 01, got 02"},
    {TX(NO_INPUTS, "01"
                   "05"
                   "00"
                   "00"),
     ERROR_INVALID, "command 0 (MakeMoveVec): an empty vector needs its type"},
    {TX(NO_INPUTS, "01"
                   "02"
                   "00"
                   "00"),
     ERROR_INVALID, "command 0 (SplitCoins): it has nothing to work on"},
    {TX(NO_INPUTS, "01"
                   "03"
                   "00"
                   "00"),
     ERROR_INVALID, "command 0 (MergeCoins): it has nothing to work on"},
    {TX(NO_INPUTS, "01"
                   "01"
                   "00"
                   "00"),
     ERROR_INVALID, "command 0 (TransferObjects): it has nothing to work on"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "01"
                   "010000"),
     ERROR_INVALID, "input 0, but there are 0 inputs"},
    {TX(ONE_INPUT, "01" CALL_HEAD "00"
                   "02"
                   "010000"
                   "010100"),
     ERROR_INVALID, "argument 1: input 1, but there are 1"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "01"
                   "020000"),
     ERROR_INVALID, "only results of earlier commands"},
    {TX(NO_INPUTS, "01" CALL_HEAD "00"
                   "01"
                   "0300000000"),
     ERROR_INVALID, "only results of earlier commands"},
    {TX(NO_INPUTS, "02" CALL_HEAD "00"
                   "00"
                   "01"
                   "01"
                   "020000"
                   "020100"),
     ERROR_INVALID, "command 1 (TransferObjects): the result of command 1"},
};

static void commands(void **state)
{
    (void)state;
    REFUSED(commands_refused);
}

#define CALL_OF(module, function)                                                                  \
    TX(NO_INPUTS, "01"                                                                             \
                  "00" A32("cc") module function "00"                                              \
                                                 "00")
#define CALL_WITH(type) TX(NO_INPUTS, "01" CALL_HEAD "01" type "00")
static const struct refusal names_and_types_refused[] = {
    {CALL_OF("00", "0166"), ERROR_INVALID, "command 0: byte 38: a module's name is letters"},
    {CALL_OF("016d", "0131"), ERROR_INVALID, "a function's name is letters"},
    {CALL_OF("016d", "015f"), ERROR_INVALID, "a function's name is letters"},
    {CALL_OF("016d", "03660067"), ERROR_INVALID, "a function's name is letters"}, /* f NUL g */
    {CALL_OF("016d", "02c3a9"), ERROR_INVALID, "a function's name is letters"},
    {CALL_OF("8101", "0166"), ERROR_LIMIT, "module: at most 128, got 129"},
    {CALL_OF("8100"
             "6d",
             "0166"),
     ERROR_INVALID, "module is not in its shortest form"},
    {CALL_WITH("0b"), ERROR_INVALID, "type: a tag below 11 expected, got 11"},
    {CALL_WITH("8000"), ERROR_INVALID, "type is not in its shortest form"},
    {CALL_WITH("06060606060606060606060606060606"
               "01"),
     ERROR_LIMIT, "nested at most 16 deep"},
    {CALL_WITH("07" A32("02") "0161"
                              "0142"
                              "11"),
     ERROR_LIMIT, "type arguments: at most 16, got 17"},
    {CALL_WITH("07" A32("02") "0161"
                              "0130"
                              "00"),
     ERROR_INVALID, "a struct's name is letters"},
    {CALL_WITH("07" A32("02") "0120"
                              "0142"
                              "00"),
     ERROR_INVALID, "a module's name is letters"},
};

static void names_and_types(void **state)
{
    (void)state;
    REFUSED(names_and_types_refused);
    accepts(CALL_WITH("060606060606060606060606060606"
                      "01"));
}

#define END(gas, expiration) "0000" NO_INPUTS "00" SENDER gas expiration
static const struct refusal gas_and_expiration_refused[] = {
    {END("8102", ""), ERROR_LIMIT, "gas coins: at most 256, got 257"},
    {END("8002", COIN COIN), ERROR_INVALID, "gas coins: 256 of them cannot be"},
    {END("01" A32("22") "0700000000000000"
                        "00" SENDER,
         SENDER SENDER),
     ERROR_INVALID, "object's digest has 32 bytes"},
    {END(GAS, "03"), ERROR_UNSUPPORTED, "expiration 3 is not supported"},
    {END(GAS, "04"), ERROR_INVALID, "kind of expiration: a tag below 4 expected, got 4"},
    {END(GAS, "01"
              "01"),
     ERROR_INVALID, "expiration epoch has 8 bytes, but only 1 are left"},
    {END(GAS, "02"
              "02"),
     ERROR_INVALID, "first epoch must be 00 or 01"},
    {END(GAS, "02"
              "00"
              "00"
              "00"
              "00"
              "00"),
     ERROR_INVALID, "chain has 32 bytes, got a length of 0"},
    {END(GAS, "02"
              "00"
              "00"
              "00"
              "00" DIGEST "000000"),
     ERROR_INVALID, "nonce has 4 bytes, but only 3 are left"},
    {END(GAS, "00"
              "00"),
     ERROR_INVALID, "1 bytes behind the end"},
};

static void gas_and_expiration(void **state)
{
    (void)state;
    REFUSED(gas_and_expiration_refused);
}

/* ---- round trips of the largest ---- */

static void at_every_limit(void **state)
{
    struct sui_argument list[SUI_ARGUMENTS];
    struct sui_address sender = filled(1);
    struct sui_object_ref *coins = mem_zero(SUI_GAS_OBJECTS, sizeof *coins);
    struct sui_gas gas = {.coins = coins, .coin_count = SUI_GAS_OBJECTS};
    struct sui_builder b;
    struct sui_transaction tx;
    struct buf bytes, again;

    (void)state;
    sui_builder_init(&b, &sender);
    for (size_t i = 0; i < SUI_INPUTS; i++)
        list[i % SUI_ARGUMENTS] = pure_bytes(&b, "");
    call_with(&b, sender, "m", "f", "u8", list, SUI_ARGUMENTS);
    for (size_t i = 1; i < SUI_COMMANDS; i++)
        call_with(&b, sender, "m", "f", NULL, NULL, 0);
    WORKS(sui_builder_gas(&b, &gas, e));
    WORKS(sui_builder_finish(&b, &bytes, e));
    WORKS(sui_decode(bytes.data, bytes.len, &tx, e));
    assert_int_equal(tx.input_count, SUI_INPUTS);
    assert_int_equal(tx.command_count, SUI_COMMANDS);
    assert_int_equal(tx.gas.coin_count, SUI_GAS_OBJECTS);
    assert_int_equal(tx.commands[0].as.call.arguments.count, SUI_ARGUMENTS);
    WORKS(sui_encode(&tx, &again, e));
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    buf_release(&again);
    buf_release(&bytes);
    sui_transaction_release(&tx);
    sui_builder_release(&b);
    free(coins);
}

/* ---- digests and signatures; by the official SDK from the same bytes ---- */

static void known_digests(void **state)
{
    struct buf bytes = from_hex(TX(ONE_INPUT, "01" CALL_HEAD "00"
                                              "00"));
    struct sui_digest digest = sui_transaction_digest(bytes.data, bytes.len);
    uint8_t key[SUI_PUBLIC_KEY_BYTES] = {0}, hash[SUI_SIGNING_BYTES];
    char name[SUI_DIGEST_TEXT_SIZE], text[SUI_ADDRESS_TEXT_SIZE];
    struct sui_address address;

    (void)state;
    sui_signing_digest(bytes.data, bytes.len, hash);
    memset(key, 7, sizeof key);
    address = sui_key_address(key);
    assert_string_equal(sui_digest_text(&digest, name),
                        "9PzV2FZAiWi8CxDSMEtCGdw5fBVr7CwJzi6292uAW7sR");
    assert_hex(hash, sizeof hash,
               "d728d2e541394cea51422b28f392b9ce7dcc23e029c7e2124d37a3d7ede79669");
    assert_string_equal(sui_address_text(&address, text),
                        "0x87a1c7b9e993010959b1ccbea21d088bf4064c31c7f0cd8c8156d6c17c4cf519");
    buf_release(&bytes);
}

static void signatures(void **state)
{
    char text[SUI_SIGNATURE_TEXT_SIZE];
    struct sui_signature s, again = {{42}, {0}};

    (void)state;
    memset(&s, 0xff, sizeof s);
    sui_signature_text(&s, text);
    assert_int_equal(strlen(text), SUI_SIGNATURE_TEXT_SIZE - 1);
    assert_memory_equal(text, "AP////", 6);
    FAILS(sui_signature_parse(text, 128, &again, e), ERROR_INVALID,
          "a signature has 97 bytes, got 96");
    FAILS(sui_signature_parse(text, 131, &again, e), ERROR_INVALID,
          "signature: Base64 comes in groups");
    FAILS(sui_signature_parse("", 0, &again, e), ERROR_INVALID, "got 0");
    text[1] = 'f'; /* flag 1: secp256k1 */
    FAILS(sui_signature_parse(text, 132, &again, e), ERROR_UNSUPPORTED, "got flag 1");
    assert_int_equal(again.bytes[0], 42);
    text[1] = 'P';
    WORKS(sui_signature_parse(text, 132, &again, e));
    assert_memory_equal(&s, &again, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(small_ones),
        cmocka_unit_test(no_part_is_enough),
        cmocka_unit_test(heads),
        cmocka_unit_test(inputs),
        cmocka_unit_test(commands),
        cmocka_unit_test(names_and_types),
        cmocka_unit_test(gas_and_expiration),
        cmocka_unit_test(at_every_limit),
        cmocka_unit_test(known_digests),
        cmocka_unit_test(signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
