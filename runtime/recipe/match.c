/* The whole of a transaction: sequences one behind the other, every input used. */
#include "recipe/match.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *recipe_mismatch_name(enum recipe_mismatch_code code)
{
    static const char *const names[RECIPE_MISMATCH_COUNT] = {[RECIPE_MATCHES] = "MATCHES",
#define X(symbol, code) [RECIPE_##symbol] = code,
                                                             RECIPE_MISMATCHES(X)
#undef X
    };

    return code < RECIPE_MISMATCH_COUNT ? names[code] : "UNKNOWN";
}

static enum recipe_mismatch_code refuse(struct recipe_mismatch *out, enum recipe_mismatch_code code,
                                        const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of the transaction as a whole. */
static enum recipe_mismatch_code refuse(struct recipe_mismatch *out, enum recipe_mismatch_code code,
                                        const char *format, ...)
{
    va_list arguments;

    out->code = code;
    out->command = SIZE_MAX;
    va_start(arguments, format);
    vsnprintf(out->message, sizeof out->message, format, arguments);
    va_end(arguments);
    return code;
}

/* ---- inputs ---- */

static enum recipe_mismatch_code check_kinds(const struct sui_transaction *tx,
                                             struct recipe_mismatch *out)
{
    size_t objects = 0;

    for (size_t i = 0; i < tx->input_count; i++) {
        enum sui_input_kind kind = tx->inputs[i].kind;
        if (kind == SUI_INPUT_RECEIVING || kind == SUI_INPUT_WITHDRAWAL)
            return refuse(out, RECIPE_INPUT_KIND, "input %zu is a %s, which no sequence has", i,
                          kind == SUI_INPUT_RECEIVING ? "receiving object" : "withdrawal");
        objects += kind != SUI_INPUT_PURE;
    }
    if (objects <= RECIPE_OBJECTS + 1) /* and the clock */
        return RECIPE_MATCHES;
    return refuse(out, RECIPE_OBJECT, "%zu objects: more than a recipe can name (%d)", objects,
                  RECIPE_OBJECTS);
}

static enum recipe_mismatch_code check_twice(const struct sui_transaction *tx,
                                             struct recipe_mismatch *out)
{
    char text[SUI_ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < tx->input_count; i++) {
        const struct sui_address *id = sui_input_object(&tx->inputs[i]);
        for (size_t k = 0; id != NULL && k < i; k++) {
            const struct sui_address *other = sui_input_object(&tx->inputs[k]);
            if (other != NULL && sui_address_equal(id, other))
                return refuse(out, RECIPE_OBJECT, "inputs %zu and %zu are the same object %s", k, i,
                              sui_address_text(id, text));
        }
    }
    return RECIPE_MATCHES;
}

static void mark(bool used[SUI_INPUTS], struct sui_argument argument)
{
    if (argument.kind == SUI_INPUT)
        used[argument.index] = true;
}

static enum recipe_mismatch_code check_used(const struct sui_transaction *tx,
                                            struct recipe_mismatch *out)
{
    bool used[SUI_INPUTS] = {false};

    for (size_t i = 0; i < tx->command_count; i++) {
        const struct sui_argument *alone;
        struct sui_arguments list = sui_command_arguments(&tx->commands[i], &alone);
        for (size_t k = 0; k < list.count; k++)
            mark(used, list.items[k]);
        if (alone != NULL)
            mark(used, *alone);
    }
    for (size_t i = 0; i < tx->input_count; i++)
        if (!used[i])
            return refuse(out, RECIPE_UNUSED, "no command uses input %zu", i);
    return RECIPE_MATCHES;
}

/* ---- commands ---- */

/* From every command at which a sequence can begin: what can begin there, and so where the next one
 * can. `ways[i]`, while looking: the sequence that ends before command i (the last place is the
 * end). */
static bool search_ways(struct attempt *a, const struct sequence *ends[SUI_COMMANDS + 1])
{
    size_t count = a->tx->command_count;

    for (size_t at = 0; at < count; at++) {
        if (at > 0 && ends[at] == NULL)
            continue;
        for (size_t i = 0; i < a->r->sequence_count; i++) {
            a->s = &a->r->sequences[i];
            a->first = at;
            if (at + a->s->count <= count && ends[at + a->s->count] != NULL)
                continue; /* one way to there is enough */
            if (recipe_match_sequence(a))
                ends[at + a->s->count] = a->s;
        }
    }
    return ends[count] != NULL;
}

bool recipe_match_ways(const struct recipe *r, const struct sui_transaction *tx,
                       const struct sui_address *own, const struct sequence **ways,
                       struct mismatch_search *search)
{
    const struct sequence *ends[SUI_COMMANDS + 1] = {NULL};
    struct attempt a = {.r = r, .tx = tx, .own = own, .search = search};

    memset(ways, 0, tx->command_count * sizeof *ways);
    if (!search_ways(&a, ends))
        return false;
    for (size_t at = tx->command_count; at > 0;) {
        const struct sequence *s = ends[at];
        at -= s->count;
        ways[at] = s;
    }
    return true;
}

/* What the amounts of splits of the gas coin are in all: they are u64 values, as the sequences say.
 */
static uint64_t total_split(const struct sui_transaction *tx)
{
    uint64_t total = 0, amount = 0;

    for (size_t i = 0; i < tx->command_count; i++) {
        const struct sui_command *c = &tx->commands[i];
        if (c->kind != SUI_SPLIT || c->as.split.coin.kind != SUI_GAS_COIN)
            continue;
        for (size_t k = 0; k < c->as.split.amounts.count; k++) {
            struct sui_argument got = c->as.split.amounts.items[k];
            if (!scalar_u64(&tx->inputs[got.index].as.pure, &amount) ||
                __builtin_add_overflow(total, amount, &total))
                return UINT64_MAX;
        }
    }
    return total;
}

enum recipe_mismatch_code recipe_match(const struct recipe *const *recipes, size_t count,
                                       const struct sui_transaction *tx,
                                       const struct sui_address *own, size_t *which,
                                       uint64_t *gas_split, struct recipe_mismatch *out)
{
    const struct sequence *ways[SUI_COMMANDS];
    struct mismatch_search search = {.out = out};

    *out = (struct recipe_mismatch){.command = SIZE_MAX};
    if (tx->command_count == 0)
        return refuse(out, RECIPE_SEQUENCE, "the transaction has no command");
    if (check_kinds(tx, out) != RECIPE_MATCHES || check_twice(tx, out) != RECIPE_MATCHES)
        return out->code;
    refuse(out, RECIPE_SEQUENCE, "there is no sequence of commands");
    for (size_t i = 0; i < count; i++) {
        if (!recipe_match_ways(recipes[i], tx, own, ways, &search))
            continue;
        if (check_used(tx, out) != RECIPE_MATCHES)
            return out->code;
        *out = (struct recipe_mismatch){.command = SIZE_MAX};
        *which = i;
        *gas_split = total_split(tx);
        return RECIPE_MATCHES;
    }
    return out->code;
}
