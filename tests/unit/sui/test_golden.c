/* The transactions of ../shared/vectors, built again here: the same bytes, digests and signatures
 * as the official SDK made. */
#include "support.h"

#include <sodium.h>

#include "sui/decode.h"
#include "sui/encode.h"
#include "sui/signing.h"

struct signer {
    uint8_t seed[crypto_sign_SEEDBYTES];
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    struct sui_address address;
};

static struct signer signer;

static int make_signer(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < sizeof signer.seed; i++)
        signer.seed[i] = i;
    crypto_sign_seed_keypair(signer.public_key, signer.secret, signer.seed);
    signer.address = sui_key_address(signer.public_key);
    return 0;
}

/* A file of the vectors, or NULL when there are none here. free() it. */
static char *vectors(const char *name)
{
    const char *folder = getenv("ORRERY_SHARED");
    char path[512];
    struct buf text;
    FILE *file;
    int c;

    snprintf(path, sizeof path, "%s/vectors/%s",
             folder != NULL ? folder : ORRERY_SOURCE_DIR "/../shared", name);
    file = fopen(path, "r");
    if (file == NULL) {
        printf("skipped: there is no %s\n", path);
        return NULL;
    }
    buf_init(&text, 1 << 20);
    while ((c = fgetc(file)) != EOF)
        buf_add_char(&text, (char)c);
    fclose(file);
    return buf_steal(&text);
}

/* "key": "value" stands in the text behind `section`. */
static void assert_says(const char *text, const char *section, const char *key, const char *value)
{
    struct buf wanted;
    const char *at = strstr(text, section), *place;

    assert_non_null(at);
    place = strstr(at, key);
    assert_non_null(place);
    buf_init(&wanted, 1 << 20);
    buf_addf(&wanted, "%s\": \"%s\"", key, value);
    if (strncmp(place, buf_text(&wanted), wanted.len) != 0)
        fail_msg("%s %s: got %s, expected %.*s", section, key, value, (int)wanted.len, place);
    buf_release(&wanted);
}

static void assert_says_hex(const char *text, const char *section, const char *key,
                            const void *data, size_t len)
{
    char *hex = to_hex(data, len);

    assert_says(text, section, key, hex);
    free(hex);
}

static void assert_digest(const struct buf *bytes, const char *expected)
{
    struct sui_digest digest = sui_transaction_digest(bytes->data, bytes->len);
    char name[SUI_DIGEST_TEXT_SIZE];

    assert_string_equal(sui_digest_text(&digest, name), expected);
}

static void assert_signed(const char *text, const char *section, const struct buf *bytes)
{
    struct sui_digest digest = sui_transaction_digest(bytes->data, bytes->len);
    char name[SUI_DIGEST_TEXT_SIZE], wire[SUI_SIGNATURE_TEXT_SIZE];
    uint8_t hash[SUI_SIGNING_BYTES];
    struct sui_signature s, again;

    sui_signing_digest(bytes->data, bytes->len, hash);
    crypto_sign_detached(s.bytes, NULL, hash, sizeof hash, signer.secret);
    memcpy(s.public_key, signer.public_key, sizeof s.public_key);
    assert_says_hex(text, section, "hex", bytes->data, bytes->len);
    assert_says(text, section, "digest", sui_digest_text(&digest, name));
    assert_says(text, section, "signature", sui_signature_text(&s, wire));
    WORKS(sui_signature_parse(wire, strlen(wire), &again, e));
    assert_memory_equal(&again, &s, sizeof s);
    if (strstr(text, "signingDigest") != NULL)
        assert_says_hex(text, section, "signingDigest", hash, sizeof hash);
}

/* What is decoded and encoded again is the same. */
static void assert_round_trip(const struct buf *bytes)
{
    struct sui_transaction tx;
    struct buf again;

    WORKS(sui_decode(bytes->data, bytes->len, &tx, e));
    WORKS(sui_encode(&tx, &again, e));
    assert_int_equal(again.len, bytes->len);
    assert_memory_equal(again.data, bytes->data, bytes->len);
    buf_release(&again);
    sui_transaction_release(&tx);
}

static void add_mint(struct sui_builder *b)
{
    struct sui_object_ref ref = {.id = filled(0xbb), .version = 9, .digest = filled_digest(4)};
    struct sui_argument vault = shared(b, filled(0xaa), 5, true), clock, cap, key[3], mint[6];
    char type[128] =
        "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee::dusdc::DUSDC";

    WORKS(sui_builder_clock(b, &clock, e));
    WORKS(sui_builder_owned(b, &ref, &cap, e));
    key[0] = pure_address(b, filled(0xdd));
    key[1] = pure_u64(b, 1790000000000);
    key[2] = pure_u64(b, 100000000000000);
    mint[0] = vault;
    mint[1] = cap;
    mint[2] = call_with(b, filled(0xcc), "market_key", "up", NULL, key, 3);
    mint[3] = pure_u64(b, 1000000);
    mint[4] = pure_bytes(b, "01");
    mint[5] = clock;
    call_with(b, filled(0xcc), "strategy", "mint_binary", type, mint, 6);
    set_gas(b, 1000, 50000000);
}

#define VAULTS 3

static void build_vault(size_t which, struct buf *out)
{
    const struct sui_expiration expirations[VAULTS] = {
        {.kind = SUI_EXPIRES_NEVER},
        {.kind = SUI_EXPIRES_EPOCH, .epoch = 500},
        {.kind = SUI_EXPIRES_DURING,
         .min_epoch = {true, 500},
         .max_epoch = {true, 501},
         .chain = filled_digest(9),
         .nonce = 0xdeadbeef},
    };
    struct sui_builder b;

    sui_builder_init(&b, &signer.address);
    add_mint(&b);
    sui_builder_expire(&b, &expirations[which]);
    WORKS(sui_builder_finish(&b, out, e));
    sui_builder_release(&b);
}

static struct sui_address address_of(const char *text)
{
    struct sui_address a = {{0}};

    WORKS(sui_address_parse(text, strlen(text), &a, e));
    return a;
}

static const char predict_package[] =
    "0xf5ea2b3749c65d6e56507cc35388719aadb28f9cab873696a2f8687f5c785138";
static const char quote[] =
    "0xe95040085976bfd54a1a07225cd46c8a2b4e8e2b6732f140a0fc49850ba73e1a::dusdc::DUSDC";
static const char oracle_id[] =
    "0x3e9f34bb73cbcd2780296407221a0119063008aad5fb11a03769104426c3e819";

/* A key's arguments: the oracle, the expiry, and two more. */
static struct sui_argument add_key(struct sui_builder *b, const char *module, const char *third,
                                   const char *fourth)
{
    struct sui_argument key[4];

    key[0] = pure_address(b, address_of(oracle_id));
    key[1] = pure_u64(b, 1790000000000);
    key[2] = pure_bytes(b, third);
    key[3] = pure_bytes(b, fourth);
    return call_with(b, address_of(predict_package), module, "new", NULL, key, 4);
}

static void build_predict(struct buf *out)
{
    struct sui_expiration expiration = {.kind = SUI_EXPIRES_EPOCH, .epoch = 1000};
    struct sui_argument mint[6];
    struct sui_builder b;

    sui_builder_init(&b, &signer.address);
    mint[0] =
        shared(&b, address_of("0xc8736204d12f0a7277c86388a68bf8a194b0a14c5538ad13f22cbd8e2a38028a"),
               11, true);
    mint[1] = shared(&b, filled(0xab), 12, true);
    mint[2] = shared(&b, address_of(oracle_id), 13, false);
    WORKS(sui_builder_clock(&b, &mint[5], e));
    mint[3] = add_key(&b, "market_key", "00407a10f35a0000", "01");
    mint[4] = pure_u64(&b, 1000000);
    call_with(&b, address_of(predict_package), "predict", "mint", quote, mint, 6);
    mint[3] = add_key(&b, "range_key", "0030d53b0a5a0000", "00501fe5db5b0000");
    mint[4] = pure_u64(&b, 2000000);
    call_with(&b, address_of(predict_package), "predict", "mint_range", quote, mint, 6);
    set_gas(&b, 1000, 50000000);
    sui_builder_expire(&b, &expiration);
    WORKS(sui_builder_finish(&b, out, e));
    sui_builder_release(&b);
}

static void call_af(struct sui_builder *b, const char *function,
                    const struct sui_argument *arguments, size_t count)
{
    call_with(b, sui_address_small(2), "a", function, NULL, arguments, count);
}

static void dedupe(struct sui_builder *b)
{
    struct sui_argument a[2];

    a[0] = shared(b, sui_address_small(6), 1, false);
    a[1] = pure_u64(b, 1);
    call_af(b, "f", a, 2);
    a[0] = shared(b, sui_address_small(6), 1, true);
    a[1] = pure_u64(b, 1);
    call_af(b, "g", a, 2);
}

static void creation_order(struct sui_builder *b)
{
    struct sui_argument a[3];

    a[2] = pure_u64(b, 7);
    a[0] = shared(b, sui_address_small(7), 1, true);
    a[1] = pure_u64(b, 7);
    call_af(b, "f", a, 3);
}

static void the_clock(struct sui_builder *b)
{
    struct sui_argument a;

    WORKS(sui_builder_clock(b, &a, e));
    call_af(b, "f", &a, 1);
}

static void split_nested(struct sui_builder *b)
{
    struct sui_argument a[2], coins;

    a[0] = pure_u64(b, 1);
    a[1] = pure_u64(b, 2);
    WORKS(sui_builder_split(b, sui_gas_coin(), a, 2, &coins, e));
    a[0] = sui_part(coins, 0);
    a[1] = sui_part(coins, 1);
    call_af(b, "f", a, 2);
}

static void pure_values(struct sui_builder *b)
{
    static const char *const values[] = {
        "0201000000000000000200000000000000", "00", "010500000000000000", "026162",
        "0000000000000000000000000000000000000000000000000001000000000000"};
    struct sui_argument a[7];

    for (size_t i = 0; i < 5; i++)
        a[i] = pure_bytes(b, values[i]);
    a[5] = pure_address(b, sui_address_small(5));
    a[6] = pure_bytes(b, "00");
    call_af(b, "f", a, 7);
}

static void typed_vector(struct sui_builder *b)
{
    static const char *const texts[] = {"0x2::coin::Coin<0x2::sui::SUI>", "vector<u8>", "u256"};
    struct sui_type u64 = {.kind = SUI_TYPE_U64}, types[3];
    struct sui_argument a = pure_u64(b, 3), v;
    struct sui_memory m;
    struct sui_call call = {.package = sui_address_small(2),
                            .module = "a",
                            .function = "f",
                            .types = types,
                            .type_count = 3,
                            .arguments = {&v, 1}};

    sui_memory_init(&m);
    for (size_t i = 0; i < 3; i++)
        WORKS(sui_type_parse(&m, texts[i], &types[i], e));
    WORKS(sui_builder_vector(b, &u64, &a, 1, &v, e));
    WORKS(sui_builder_call(b, &call, NULL, e));
    sui_memory_release(&m);
}

static void withdrawal(struct sui_builder *b)
{
    struct sui_withdrawal w = {.amount = 9, .from = SUI_FROM_SENDER};
    struct sui_argument a;
    struct sui_memory m;

    sui_memory_init(&m);
    WORKS(sui_type_parse(&m, "0x2::sui::SUI", &w.type, e));
    WORKS(sui_builder_withdrawal(b, &w, &a, e));
    sui_memory_release(&m);
    call_af(b, "f", &a, 1);
}

static void (*const kinds[])(struct sui_builder *) = {
    dedupe, creation_order, the_clock, split_nested, pure_values, typed_vector, withdrawal};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* The inputs and commands alone; the whole transaction has them in it. */
static void build_kind(size_t which, struct buf *out)
{
    struct sui_builder b;
    struct buf whole;

    sui_builder_init(&b, &signer.address);
    kinds[which](&b);
    WORKS(sui_encode_kind(&b.tx, out, e));
    WORKS(sui_builder_finish(&b, &whole, e));
    assert_memory_equal(whole.data + 1, out->data, out->len);
    assert_round_trip(&whole);
    buf_release(&whole);
    sui_builder_release(&b);
}

static void digests(void **state)
{
    static const char *const of_vaults[VAULTS] = {"3qHBNjYtTKvpt4whMvof6mPTDMbhWrh5vdJc2whdwbaK",
                                                  "DX3rSFDvRPUYa4YoW9ugKCD9SeCoCaaqunpPLRFiwmiK",
                                                  "EPD5dXmpqCUot2LVQi8TXSFtBmHpX6puPg8w6pXoGzPh"};
    static const char *const of_kinds[KINDS] = {"AgtNciHzf5RStGJedvhT3Ln8jfzdZAxc9CUJ44fi7QPA",
                                                "CemUYdD8igW9xBifo9bxzoKwiMQvuRYwguCAWcNkBBn6",
                                                "6SrfqFvWyUSX6gVNxjRSrRN31sAes561Wj5NmPH2uaVh",
                                                "HV91m3udxV6RHE3oAGhdB6Jpqxwwqu6eggXjKWFDej3U",
                                                "27bUQ7esugJAfcm38oLBdD4dwZ7LgukHB3d2J56sPSoW",
                                                "J4ncBh3zoVjny5XsbtKK6jxPnb2kagBRk8SgzpcbBNHk",
                                                "65RAmCqi2rQdK2b8x6WUcQbNDCRLGhV9vnsVGVmWB8vH"};
    struct buf bytes;

    (void)state;
    for (size_t i = 0; i < VAULTS; i++) {
        build_vault(i, &bytes);
        assert_digest(&bytes, of_vaults[i]);
        assert_round_trip(&bytes);
        buf_release(&bytes);
    }
    build_predict(&bytes);
    assert_digest(&bytes, "8oXw4LPUM1yTP9r2c712orFvvo2VibgXSzdxzDnrwCjN");
    assert_round_trip(&bytes);
    buf_release(&bytes);
    for (size_t i = 0; i < KINDS; i++) {
        build_kind(i, &bytes);
        assert_digest(&bytes, of_kinds[i]);
        buf_release(&bytes);
    }
}

static void shared_vaults(void **state)
{
    static const char *const sections[VAULTS] = {"\"none\"", "\"epoch\"", "\"validDuring\""};
    char *text = vectors("vectors.json"), address[SUI_ADDRESS_TEXT_SIZE];
    struct buf bytes;

    (void)state;
    if (text == NULL)
        skip();
    assert_says(text, "{", "address", sui_address_text(&signer.address, address));
    for (size_t i = 0; i < VAULTS; i++) {
        build_vault(i, &bytes);
        assert_signed(text, sections[i], &bytes);
        buf_release(&bytes);
    }
    free(text);
}

static void shared_predict(void **state)
{
    char *text = vectors("vector_predict_4_16.json");
    struct buf bytes;

    (void)state;
    if (text == NULL)
        skip();
    build_predict(&bytes);
    assert_signed(text, "{", &bytes);
    buf_release(&bytes);
    free(text);
}

/* Each is found in the file by its whole text. */
static void shared_kinds(void **state)
{
    char *text = vectors("ptb_kind_vectors.txt");
    struct buf bytes;

    (void)state;
    if (text == NULL)
        skip();
    for (size_t i = 0; i < KINDS; i++) {
        char *hex;
        build_kind(i, &bytes);
        hex = to_hex(bytes.data, bytes.len);
        if (strstr(text, hex) == NULL)
            fail_msg("%zu: %s is not in the vectors", i, hex);
        free(hex);
        buf_release(&bytes);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(shared_vaults),
        cmocka_unit_test(shared_predict),
        cmocka_unit_test(shared_kinds),
    };

    return cmocka_run_group_tests(tests, make_signer, NULL);
}
