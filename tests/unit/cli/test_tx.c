/* Transactions as a person sees them: decoded bytes, what a daemon says of open ones, and how
 * resume waits. The daemon is a fake one. */
#include "unit/sui/support.h"

#include <jansson.h>
#include <unistd.h>

#include "capture.h"
#include "cli/status_text.h"
#include "cli/tx_input.h"
#include "cli/tx_json.h"
#include "cli/tx_outcome.h"
#include "cli/tx_text.h"
#include "fake_daemon.h"

/* Single quotes stand for double ones; free() it. */
static char *quoted(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

static json_t *json(const char *text)
{
    char *copy = quoted(text);
    json_error_t why;
    json_t *value = json_loads(copy, 0, &why);

    if (value == NULL)
        fail_msg("%s: %s", why.text, copy);
    free(copy);
    return value;
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

/* ---- transactions ---- */

static void add_commands(struct sui_builder *b)
{
    struct sui_object_ref ref = {.id = filled(0xbb), .version = 9};
    struct sui_withdrawal w = {.amount = 77, .type = {.kind = SUI_TYPE_BOOL}};
    struct sui_type u64 = {.kind = SUI_TYPE_U64};
    struct sui_argument amount = pure_u64(b, 5000), to = pure_address(b, filled(0xdd)), parts, all;
    struct sui_argument list[3], clock, receiving, none;

    WORKS(sui_builder_split(b, sui_gas_coin(), &amount, 1, &parts, e));
    list[0] = sui_part(parts, 0);
    WORKS(sui_builder_clock(b, &clock, e));
    WORKS(sui_builder_receiving(b, &ref, &receiving, e));
    WORKS(sui_builder_withdrawal(b, &w, &none, e));
    list[1] = clock;
    list[2] = receiving;
    call_with(b, filled(0xcc), "vault", "take", "vector<0x2::sui::SUI>", list, 3);
    WORKS(sui_builder_transfer(b, list, 1, to, NULL, e));
    WORKS(sui_builder_merge(b, sui_gas_coin(), &receiving, 1, NULL, e));
    WORKS(sui_builder_vector(b, &u64, &amount, 1, &all, e));
    none = pure_bytes(b, "");
    WORKS(sui_builder_vector(b, NULL, &none, 1, NULL, e));
}

/* Everything that a transaction can hold. */
static void build(struct buf *out, const struct sui_expiration *expires)
{
    struct sui_object_ref coin = {
        .id = filled(0x22), .version = UINT64_MAX, .digest = filled_digest(3)};
    struct sui_address sender = filled(0x11);
    struct sui_gas gas = {
        .coins = &coin, .coin_count = 1, .owner = filled(0x33), .price = 1000, .budget = 50000000};
    struct sui_builder b;

    sui_builder_init(&b, &sender);
    add_commands(&b);
    WORKS(sui_builder_gas(&b, &gas, e));
    sui_builder_expire(&b, expires);
    WORKS(sui_builder_finish(&b, out, e));
    sui_builder_release(&b);
}

static char *text_of_transaction(const struct sui_expiration *expires, size_t width)
{
    struct output o = {.width = width};
    struct labelled l = {.o = &o};
    struct buf bytes;
    json_t *tx = NULL;
    char *text;
    size_t len;

    build(&bytes, expires);
    WORKS(tx_json_decode(bytes.data, bytes.len, &tx, e));
    o.out = open_memstream(&text, &len);
    tx_text_print(&l, tx);
    fclose(o.out);
    json_decref(tx);
    buf_release(&bytes);
    return text;
}

#define X8(two) two two two two two two two two
#define ID(two) "0x" X8(two) X8(two) X8(two) X8(two)

static void everything_as_text(void **state)
{
    static const struct sui_expiration during = {.kind = SUI_EXPIRES_DURING,
                                                 .min_epoch = {true, 500},
                                                 .max_epoch = {true, 501},
                                                 .max_timestamp = {true, 1790000000000},
                                                 .nonce = 9};
    char *text = text_of_transaction(&during, 0);

    (void)state;
    assert_string_equal(
        text,
        "sender      " ID(
            "11") "\n"
                  "gas         at most 50,000,000 MIST, at 1,000 per unit, paid by " ID(
                      "33") "\n"
                            "gas coin    " ID(
                                "22") " version 18446744073709551615, "
                                      "CktRuQ2mttgRGkXJtyksdKHjUdc2C4TgDzyB98oEzy8\n"
                                      "expires     not before epoch 500, after epoch 501, after "
                                      "timestamp 1790000000000, only on "
                                      "the chain 11111111111111111111111111111111, nonce 9\n"
                                      "input 0     5000 u64\n"
                                      "input 1     " ID(
                                          "dd") " address\n"
                                                "input 2     0x6 shared, read only, since version "
                                                "1\n"
                                                "input 3     " ID(
                                                    "bb") " to be received, version 9, "
                                                          "11111111111111111111111111111111\n"
                                                          "input 4     withdrawal of at most 77 "
                                                          "bool from the sender\n"
                                                          "input 5     (empty) pure, 0 bytes\n"
                                                          "command 0   SplitCoins gas coin into "
                                                          "(input 0)\n"
                                                          "command 1   MoveCall " ID(
                                                              "cc") "::vault::take of "
                                                                    "vector<0x2::sui::SUI> (result "
                                                                    "0.0, "
                                                                    "input 2, input 3)\n"
                                                                    "command 2   TransferObjects "
                                                                    "(result 0.0) to input 1\n"
                                                                    "command 3   MergeCoins (input "
                                                                    "3) into gas coin\n"
                                                                    "command 4   MakeMoveVec of "
                                                                    "u64 (input 0)\n"
                                                                    "command 5   MakeMoveVec "
                                                                    "(input 5)\n");
    free(text);
}

static void expirations(void **state)
{
    static const struct sui_expiration never = {.kind = SUI_EXPIRES_NEVER};
    static const struct sui_expiration epoch = {.kind = SUI_EXPIRES_EPOCH, .epoch = 12345};
    char *text = text_of_transaction(&never, 0);

    (void)state;
    assert_holds(text, "\nexpires     never\n");
    free(text);
    text = text_of_transaction(&epoch, 0);
    assert_holds(text, "\nexpires     after epoch 12345\n");
    free(text);
}

static void narrow_terminals(void **state)
{
    static const struct sui_expiration never = {.kind = SUI_EXPIRES_NEVER};
    char *text = text_of_transaction(&never, 80);

    (void)state;
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        assert_true(len <= 80);
        line += len + 1;
    }
    assert_holds(text, "command 1   MoveCall\n            " ID("cc") "::\n            vault::take");
    free(text);
}

static void check_input(const char *word, const char *hex)
{
    struct buf bytes;

    WORKS(tx_input_read(word, &bytes, e));
    assert_hex(bytes.data, bytes.len, hex);
    buf_release(&bytes);
}

static void inputs(void **state)
{
    struct buf untouched = {.len = 77};

    (void)state;
    check_input("0001ff", "0001ff");
    check_input("0x0001fF", "0001ff");
    check_input("0xff", "ff");
    check_input(" 00 01\nff ", "0001ff");
    check_input("AAH/", "0001ff");
    check_input("AAH\n/\n", "0001ff");
    check_input("abcd", "69b71d"); /* hex of a transaction begins with 00 */
    FAILS(tx_input_read("", &untouched, e), ERROR_INVALID, "got nothing");
    FAILS(tx_input_read(" \n", &untouched, e), ERROR_INVALID, "got nothing");
    FAILS(tx_input_read("0x0", &untouched, e), ERROR_INVALID, "got 1 digits");
    FAILS(tx_input_read("0x00zz", &untouched, e), ERROR_INVALID, "digit 3 is not of hex");
    FAILS(tx_input_read("AAH", &untouched, e), ERROR_INVALID, "groups of four");
    FAILS(tx_input_read("AA=H", &untouched, e), ERROR_INVALID, "character 3");
    FAILS(tx_input_read("@/nowhere/at/all", &untouched, e), ERROR_NOT_FOUND, "cannot be read");
    assert_int_equal(untouched.len, 77);
}

static void limits(void **state)
{
    size_t most = SUI_TRANSACTION_BYTES;
    char *text = malloc(2 * most + 8);
    struct buf bytes;

    (void)state;
    memset(text, '0', 2 * most + 4);
    text[2 * most] = '\0';
    WORKS(tx_input_read(text, &bytes, e));
    assert_int_equal(bytes.len, most);
    buf_release(&bytes);
    text[2 * most] = '0';
    text[2 * most + 2] = '\0';
    FAILS(tx_input_read(text, &bytes, e), ERROR_LIMIT, "at most 131072 bytes, got 131073");
    free(text);
    text = malloc(600001);
    memset(text, 'A', 600000);
    text[600000] = '\0';
    FAILS(tx_input_read(text, &bytes, e), ERROR_LIMIT, "at most");
    free(text);
}

/* Bytes that end anywhere say at which byte. */
static void cut_anywhere(void **state)
{
    static const struct sui_expiration never = {.kind = SUI_EXPIRES_NEVER};
    struct buf bytes;

    (void)state;
    build(&bytes, &never);
    for (size_t len = 0; len < bytes.len; len++) {
        struct error e = ERROR_INIT;
        json_t *tx = NULL;
        assert_int_equal(tx_json_decode(bytes.data, len, &tx, &e), -1);
        assert_non_null(strstr(e.message, "byte "));
        assert_null(tx);
    }
    buf_release(&bytes);
}

/* ---- what a daemon says ---- */

static const char status[] =
    "{'state': 'running', 'version': '1', 'pid': 5, 'uptime_ms': 1000, 'desk': 'd', 'live': true,"
    " 'now': 1790000000000, 'counters': {},"
    " 'vaults': [{'id': 'main', 'executor': 'sui', 'nav': null},"
    "            {'id': 'hook', 'executor': 'webhook', 'nav': 5}],"
    " 'outside': [{'vault': 'main', 'executor': 'sui', 'account': '0x16', 'live': true, 'status':"
    "   {'chain': '4c78adac', 'signer': true, 'name': 'main', 'address': '0x16', 'ready': true,"
    "    'balance': 3000000000, 'foreign': 0, 'endpoints': [{'host': 'a:1', 'state': 'ok',"
    "      'answers': 7, 'failures': 0, 'answer_ms': 25}, {'host': 'b:2', 'state': 'resting',"
    "      'answers': 0, 'failures': 3, 'trouble': 'no answer'}],"
    "    'coins': {'free': 14, 'reserved': 2, 'uncertain': 0, 'shelved': 0}}},"
    "  {'vault': 'second', 'executor': 'sui', 'account': '0x17', 'live': true, 'status':"
    "   {'chain': '4c78adac', 'signer': true, 'name': 'other', 'address': '0x17', 'ready': true,"
    "    'balance': 0, 'foreign': 1, 'foreign_last': 'DX3r', 'halted': 'somebody has the key',"
    "    'endpoints': [{'host': 'a:1', 'state': 'ok', 'answers': 7, 'failures': 0,"
    "      'answer_ms': 25}, {'host': 'b:2', 'state': 'resting', 'answers': 0, 'failures': 3,"
    "      'trouble': 'no answer'}], 'coins': {}}},"
    "  {'vault': 'hook', 'executor': 'webhook', 'account': 'https://x', 'live': false,"
    "   'obstacle': 'no answer \\u001b[2J', 'status': {'posts': 3, 'lookups': 1, 'executed': 2,"
    "    'refused': 0, 'dead': 0, 'unknown': 'it says nothing'}}],"
    " 'transactions': {'open': 4, 'oldest_ms': 90000, 'list': ["
    "  {'id': '1', 'account': '0x16', 'age_ms': 90000, 'tries': 7, 'why': 'the node is away'},"
    "  {'id': '2', 'account': '0x16', 'age_ms': 1000, 'tries': 1},"
    "  {'id': '3', 'account': 'https://x', 'age_ms': 5, 'tries': 0}]}}";

static void status_tells(void **state)
{
    json_t *value = json(status);
    struct output o = {0};
    char *text;
    size_t len;

    (void)state;
    o.out = open_memstream(&text, &len);
    status_print(&o, value);
    fclose(o.out);
    json_decref(value);
    assert_holds(text, "up 1.0 s, d, live\n");
    assert_holds(text, "\nVAULT  NAV  QUOTE  POSITION MANAGER  EXPOSURE  OPEN  NOTE\n"
                       "hook     5      -                 -         -     -  -\n\n");
    assert_holds(text, "\nOUTSIDE  BY       IS       ACCOUNT    IN THE WAY\n"
                       "main     sui      live     0x16       -\n"
                       "second   sui      live     0x17       -\n"
                       "hook     webhook  dry run  https://x  no answer \\x1b[2J\n");
    assert_holds(text, "\nOPERATOR  ADDRESS        BALANCE  GAS COINS          TROUBLE\n"
                       "main      0x16     3,000,000,000  14 free, 2 in use  -\n"
                       "other     0x17                 0  0 free             halted: somebody has "
                       "the key\n");
    assert_holds(text, "\nENDPOINT  IS       ANSWERS  FAILURES   TOOK  TROUBLE\n"
                       "a:1       ok             7         0  25 ms  -\n"
                       "b:2       resting        0         3      -  no answer\n\n");
    assert_holds(text, "\nWEBHOOK OF  POSTS  LOOK-UPS  EXECUTED  REFUSED  DEAD  TROUBLE\n"
                       "hook            3         1         2        0     0  it says nothing\n");
    assert_holds(text, "\nOPEN TRANSACTIONS OF  COUNT      OLDEST  TRIES  WHY\n"
                       "0x16                      2  1 min 30 s      7  the node is away\n"
                       "https://x                 1        5 ms      0  on its way\n"
                       "and 1 more that are open\n");
    free(text);
}

static void status_of_a_desk_on_paper(void **state)
{
    json_t *value = json("{'state': 'running', 'desk': 'd', 'live': false, 'outside': [],"
                         " 'transactions': {'open': 0, 'oldest_ms': 0, 'list': []}}");
    struct output o = {0};
    char *text;
    size_t len;

    (void)state;
    o.out = open_memstream(&text, &len);
    status_print(&o, value);
    fclose(o.out);
    json_decref(value);
    assert_null(strstr(text, "OUTSIDE"));
    assert_null(strstr(text, "OPEN TRANSACTIONS"));
    assert_null(strstr(text, "live"));
    free(text);
}

/* ---- what came of one ---- */

static char *text_of_end(const char *submission)
{
    struct output o = {0};
    struct labelled l = {.o = &o};
    json_t *s = json(submission);
    char *text;
    size_t len;

    o.out = open_memstream(&text, &len);
    tx_outcome_print(&l, s);
    tx_holds_print(&l, s);
    fclose(o.out);
    json_decref(s);
    return text;
}

static void ends(void **state)
{
    static const char *const cases[][2] = {
        {"{'state': 'done', 'success': true, 'outcome': {'status': 'success', 'epoch': 500,"
         " 'checkpoint': 12, 'gas_used': 1955548, 'gas': {'computation': 1000000,"
         " 'storage': 4514400, 'rebate': 3558852, 'non_refundable': 35948}, 'gas_object': {},"
         " 'objects': [], 'created': [{}, {}, {}]}, 'holds': {'epoch': 500, 'expires': 501,"
         " 'gas': [{'id': '0x22', 'version': 2, 'digest': 'x', 'balance': 1000}],"
         " 'owned': [{'id': '0x\\u001b', 'version': 9}]}}",
         "gas used    1,955,548 MIST: computation 1,000,000, storage 4,514,400, rebate 3,558,852\n"
         "executed    in epoch 500, checkpoint 12\n"
         "created     3 coins\n"
         "held        0x22 gas coin, version 2, 1,000 MIST\n"
         "            0x\\x1b object, version 9\n"},
        {"{'state': 'open', 'holds': {'gas': [{'id': '0x22', 'version': 2}]}}",
         "holds       0x22 gas coin, version 2\n"},
        {"{'state': 'dead', 'outcome': {'error': {'code': 'EXPIRED', 'message': 'epoch 501 is"
         " over'}, 'gas_version': 3}, 'holds': {'mine': true}}",
         "error       EXPIRED: epoch 501 is over\n"
         "outcome     {\"gas_version\":3}\n"
         "held        {\"mine\":true}\n"},
        {"{'state': 'done', 'success': true, 'outcome': {'gas_used': 0, 'details': {'fill': 1}}}",
         "gas used    0\n"
         "outcome     {\"details\":{\"fill\":1}}\n"},
        {"{'state': 'open'}", ""},
        {"{'state': 'done', 'outcome': {'gas': 'much', 'gas_used': [], 'error': 'x\\u0007'}}",
         "error       x\\x07\n"
         "outcome     {\"gas\":\"much\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = text_of_end(cases[i][0]);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

/* ---- resume ---- */

#define ONE                                                                                        \
    "{'id':'38fynpr600000','state':'open','digest':'DX3r','created':1790000000000,'vault':'main'}"
#define ENDED                                                                                      \
    "{'id':'38fynpr600000','state':'done','success':true,'digest':'DX3r','created':1790000000000," \
    "'vault':'main','base64':'AAAA'}"

/* Answers of a daemon, one after the other. */
static void start(struct fake_daemon *d, const char **script, const char *const *answers)
{
    size_t i = 0;

    for (; answers[i] != NULL; i++) {
        char *data = quoted(answers[i]), *line = malloc(strlen(data) + 64);
        snprintf(line, strlen(data) + 64, "{\"ok\":true,\"data\":%s}\n", data);
        script[i] = line;
        free(data);
    }
    script[i] = NULL;
    fake_start(d, script);
}

static void finish(struct fake_daemon *d, const char **script)
{
    fake_stop(d);
    for (size_t i = 0; script[i] != NULL; i++)
        free((char *)(uintptr_t)script[i]);
}

static void check(struct capture c, int code, const char *out)
{
    assert_string_equal(c.err, "");
    assert_string_equal(c.out, out);
    assert_int_equal(c.code, code);
    capture_release(&c);
}

static void resume_waits_for_the_outcome(void **state)
{
    static const char *const answers[] = {"{'transactions':[" ONE "],'next':null}",
                                          "{'pursued':1}",
                                          "{'transactions':[" ONE "],'next':null}",
                                          "{'transactions':[],'next':null}",
                                          ENDED,
                                          NULL};
    const char *script[8];
    struct fake_daemon d;

    (void)state;
    start(&d, script, answers);
    check(capture("tx", "resume", "-C", d.desk, NULL), 0,
          "RUN            TIME (UTC)           VAULT  STATE     DIGEST\n"
          "38fynpr600000  2026-09-21 14:13:20  main   executed  DX3r\n");
    assert_holds(d.heard, "{\"op\":\"tx_resume\"}\n");
    assert_holds(d.heard, "{\"op\":\"tx_show\",\"tx\":\"38fynpr600000\"}\n");
    finish(&d, script);
}

static void resume_gives_up(void **state)
{
    static const char *const answers[] = {ONE, "{'pursued':1}",
                                          "{'transactions':[" ONE "],'next':null}",
                                          "{'transactions':[" ONE "],'next':null}", NULL};
    const char *script[8];
    struct fake_daemon d;

    (void)state;
    start(&d, script, answers);
    check(capture("tx", "resume", "DX3r", "--wait", "1ms", "-C", d.desk, NULL), 1,
          "RUN            TIME (UTC)           VAULT  STATE  DIGEST\n"
          "38fynpr600000  2026-09-21 14:13:20  main   open   DX3r\n"
          "\n"
          "1 is still open: the daemon goes on asking; `orrery status` says why\n");
    assert_holds(d.heard, "{\"id\":\"38fynpr600000\",\"op\":\"tx_resume\"}\n");
    finish(&d, script);
}

static void resume_of_nothing(void **state)
{
    static const char *const answers[] = {"{'transactions':[],'next':null}", ENDED, NULL};
    const char *script[4];
    struct fake_daemon d;

    (void)state;
    start(&d, script, answers);
    check(capture("tx", "resume", "-C", d.desk, NULL), 0, "no open transactions\n");
    check(capture("tx", "resume", "DX3r", "--json", "-C", d.desk, NULL), 0,
          "{\"data\":{\"open\":[],\"running\":true,\"settled\":[{\"created\":1790000000000,"
          "\"digest\":\"DX3r\",\"id\":\"38fynpr600000\",\"state\":\"done\",\"success\":true,"
          "\"vault\":\"main\"}]},\"ok\":true}\n");
    assert_null(strstr(d.heard, "tx_resume"));
    finish(&d, script);
}

static void wrong_words(void **state)
{
    struct capture c = capture("run", "--live", "--dry-run", NULL);

    (void)state;
    assert_int_equal(c.code, 1);
    assert_holds(c.err, "--live sends, --dry-run does not: one of them");
    capture_release(&c);
    c = capture("tx", "list", "--signature", "x", NULL);
    assert_int_equal(c.code, 1);
    assert_holds(c.err, "--signature does not belong to `orrery tx list`");
    capture_release(&c);
    c = capture("tx", "show", NULL);
    assert_holds(c.err, "expected `orrery tx show DIGEST|RUN`");
    capture_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_as_text),
        cmocka_unit_test(expirations),
        cmocka_unit_test(narrow_terminals),
        cmocka_unit_test(inputs),
        cmocka_unit_test(limits),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(status_tells),
        cmocka_unit_test(status_of_a_desk_on_paper),
        cmocka_unit_test(ends),
        cmocka_unit_test(resume_waits_for_the_outcome),
        cmocka_unit_test(resume_gives_up),
        cmocka_unit_test(resume_of_nothing),
        cmocka_unit_test(wrong_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
