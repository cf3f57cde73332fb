/* Whatever the GraphQL service answers is either refused with a reason or safe to read. */
#include "fuzz/fuzz.h"

#include "rpc/answer.h"
#include "rpc/document.h"
#include "rpc/reject.h"
#include "support/sui_answers.h"

static const char *const seeds[] = {
    ANSWER_EXECUTED,  ANSWER_EXECUTED_ABORTED, ANSWER_FOUND,    ANSWER_NOT_FOUND,
    ANSWER_SIMULATED, ANSWER_REJECTED,         ANSWER_INTERNAL, ANSWER_CHAIN,
    ANSWER_EPOCH,     ANSWER_OBJECTS,          ANSWER_COINS,    ANSWER_SENT,
};
#define SEEDS (sizeof seeds / sizeof seeds[0])

static const char *const words[] = {
    "{",           "}",        "[",          "]",           ",",       ":",
    "\"",          "null",     "true",       "-1",          "1e999",   "99999999999999999999",
    "\"\\u0000\"", "[[[[[[[[", "]]]]]]]]",   "\"digest\"",  "\"0x1\"", "\"18446744073709551616\"",
    "\"errors\"",  "\"data\"", "\"status\"", "\"FAILURE\"", "\\u001b", "\xff",
    NULL,
};

/* Names and values for the structured changes. */
static const char *const names[] = {
    "data",
    "errors",
    "message",
    "extensions",
    "code",
    "digest",
    "status",
    "SUCCESS",
    "FAILURE",
    "executionError",
    "abortCode",
    "module",
    "package",
    "function",
    "name",
    "address",
    "version",
    "nodes",
    "pageInfo",
    "hasNextPage",
    "endCursor",
    "contents",
    "json",
    "balance",
    "value",
    "owner",
    "Shared",
    "AddressOwner",
    "Immutable",
    "effects",
    "gasEffects",
    "0x6",
    "18446744073709551616",
    "-1",
    "07",
    "\n",
    "epoch",
    "BAD_USER_INPUT",
    ANSWER_DIGEST,
    ANSWER_ID,
    NULL,
};

static void check_text(const char *text, size_t size)
{
    FUZZ_CHECK(memchr(text, '\0', size) != NULL);
    FUZZ_CHECK(text_is_printable(text, strlen(text)));
}

static void check_fault(const struct fault *f)
{
    FUZZ_CHECK(f->kind == FAULT_GARBAGE || f->kind == FAULT_ERRORS);
    FUZZ_CHECK(f->kind == FAULT_ERRORS || (!f->ours && !f->rejected));
    FUZZ_CHECK(f->kind == FAULT_ERRORS || f->text[0] != '\0');
    check_text(f->text, sizeof f->text);
}

static void check_effects(const struct answer_effects *a, const char *digest)
{
    const struct rpc_effects *fx = &a->fx;

    FUZZ_CHECK(strcmp(fx->digest, digest) == 0);
    FUZZ_CHECK(fx->change_count <= ANSWER_CHANGES);
    FUZZ_CHECK(fx->change_count == 0 || fx->changes == a->changes);
    FUZZ_CHECK(!fx->success || fx->abort[0] == '\0');
    check_text(fx->abort, sizeof fx->abort);
    for (size_t i = 0; i < fx->change_count; i++)
        FUZZ_CHECK(fx->changes[i].has_ref || fx->changes[i].version == 0);
    rpc_budget(fx, 1000, 20);
}

static void read_transactions(const char *text, size_t len)
{
    static struct answer_effects effects;
    struct fault f[3] = {{.kind = FAULT_NONE}};
    bool found = false;

    if (answer_executed(text, len, ANSWER_DIGEST, &effects, &f[0]) == 0)
        check_effects(&effects, ANSWER_DIGEST);
    else
        check_fault(&f[0]);
    if (answer_simulated(text, len, &effects, &f[1]) == 0)
        check_effects(&effects, "");
    else
        check_fault(&f[1]);
    if (answer_found(text, len, ANSWER_DIGEST, &found, &effects, &f[2]) != 0)
        check_fault(&f[2]);
    else if (found)
        check_effects(&effects, ANSWER_DIGEST);
}

static void read_objects(const char *text, size_t len)
{
    struct sui_address ids[3] = {{{0}}, sui_address_small(6), sui_address_small(7)};
    struct fault f = {.kind = FAULT_NONE};
    struct rpc_object objects[3];
    json_t *root = NULL;

    FUZZ_CHECK(sui_address_parse(ANSWER_ID, strlen(ANSWER_ID), &ids[0], NULL) == 0);
    if (answer_objects(text, len, ids, 3, objects, &root, &f) != 0) {
        check_fault(&f);
        return;
    }
    for (int i = 0; i < 3; i++) {
        FUZZ_CHECK(!objects[i].found || sui_address_equal(&objects[i].ref.id, &ids[i]));
        FUZZ_CHECK(objects[i].found || objects[i].contents == NULL);
        check_text(objects[i].previous, sizeof objects[i].previous);
        if (objects[i].contents != NULL)
            free(json_dumps(objects[i].contents, JSON_ENCODE_ANY));
    }
    json_decref(root);
}

static void read_lists(const char *text, size_t len)
{
    struct fault f[2] = {{.kind = FAULT_NONE}};
    char digests[ANSWER_PAGE][SUI_DIGEST_TEXT_SIZE];
    struct rpc_coin coins[ANSWER_PAGE];
    struct answer_page page;
    struct sui_digest digest;
    size_t count;

    if (answer_coins(text, len, coins, &count, &page, &f[0]) == 0)
        FUZZ_CHECK(count <= ANSWER_PAGE && page.more == (page.cursor[0] != '\0'));
    else
        check_fault(&f[0]);
    if (answer_sent(text, len, digests, &count, &f[1]) != 0) {
        check_fault(&f[1]);
        return;
    }
    FUZZ_CHECK(count <= ANSWER_PAGE);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(sui_digest_parse(digests[i], strlen(digests[i]), &digest, NULL) == 0);
}

static void read_chain(const char *text, size_t len)
{
    struct fault f[2] = {{.kind = FAULT_NONE}};
    char chain[CHAIN_ID_TEXT_SIZE];
    struct rpc_epoch epoch;

    if (answer_chain(text, len, chain, &f[0]) == 0)
        FUZZ_CHECK(chain_id_valid(chain));
    else
        check_fault(&f[0]);
    if (answer_epoch(text, len, &epoch, &f[1]) != 0)
        check_fault(&f[1]);
}

static void read_answer(const char *text, size_t len)
{
    read_transactions(text, len);
    read_objects(text, len);
    read_lists(text, len);
    read_chain(text, len);
    reject_known(text);
    reject_reason(text);
}

static void one(struct random *r)
{
    struct buf text;
    json_t *seed, *changed;
    char *written;

    if (fuzz_below(r, 2) == 0) {
        fuzz_text(r, seeds, SEEDS, words, &text);
        read_answer(buf_text(&text), text.len);
        buf_release(&text);
        return;
    }
    seed = json_loads(seeds[fuzz_below(r, SEEDS)], JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(seed != NULL);
    changed = fuzz_json(r, seed, names, 20 + fuzz_below(r, 100));
    written = json_dumps(changed, JSON_ENCODE_ANY);
    if (written != NULL)
        read_answer(written, strlen(written));
    free(written);
    json_decref(changed);
    json_decref(seed);
}

int main(void)
{
    return fuzz_run(30000, one);
}
