/* What "status" says about vaults with an outside: whether they send, who sends, what is open. */
#include <string.h>

#include "base/buf.h"
#include "cli/format.h"
#include "cli/status_parts.h"

#define NARROW   140 /* columns: below that, accounts are cut */
#define ACCOUNT  14
#define ACCOUNTS 64 /* with open transactions, that are shown */

static size_t account_width(const struct output *o)
{
    return o->width > 0 && o->width < NARROW ? ACCOUNT : 0;
}

/* ---- vaults ---- */

static void print_vaults(const struct output *o, const json_t *outside)
{
    const struct column columns[] = {
        {"OUTSIDE", false, 24},   {"BY", false, 0},
        {"IS", false, 0},         {"ACCOUNT", false, account_width(o)},
        {"IN THE WAY", false, 0}, {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(outside, i, one)
    {
        bool live = json_is_true(json_object_get(one, "live"));
        const char *obstacle = status_string(one, "obstacle");
        table_add(&t, status_string(one, "vault"));
        table_add(&t, status_string(one, "executor"));
        table_add(&t, live ? "live" : "dry run");
        table_tone(&t, live ? TONE_GOOD : TONE_DIM);
        table_add(&t, status_string(one, "account"));
        table_add(&t, obstacle);
        table_tone(&t, obstacle != NULL ? TONE_WARN : TONE_PLAIN);
    }
    status_finish(&t, o);
}

/* ---- operators of chains ---- */

/* "14 free, 2 in use" */
static void add_coins(struct table *t, const json_t *coins)
{
    static const struct {
        const char *name, *word;
    } parts[] = {{"free", "free"},
                 {"reserved", "in use"},
                 {"uncertain", "uncertain"},
                 {"shelved", "set aside"}};
    struct buf text;

    buf_init(&text, 256);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        long long count = (long long)status_number(coins, parts[i].name);
        if (count > 0 || i == 0)
            buf_addf(&text, "%s%lld %s", i > 0 ? ", " : "", count, parts[i].word);
    }
    table_add(t, buf_text(&text));
    buf_release(&text);
}

static void add_trouble(struct table *t, const json_t *operator)
{
    const char *halted = status_string(operator, "halted");
    json_int_t foreign = status_number(operator, "foreign");
    bool waits = json_is_false(json_object_get(operator, "ready"));

    if (halted != NULL)
        table_addf(t, "halted: %s", halted);
    else if (foreign > 0)
        table_addf(t, "%lld transaction%s of somebody else, the last %s", (long long)foreign,
                   foreign == 1 ? "" : "s",
                   status_string(operator, "foreign_last") ? status_string(operator, "foreign_last")
                                                           : "-");
    else
        table_add(t, waits ? "the chain has not answered yet" : NULL);
    table_tone(t, halted != NULL ? TONE_BAD : foreign > 0 || waits ? TONE_WARN : TONE_PLAIN);
}

static void add_operator(struct table *t, const json_t *operator)
{
    table_add(t, status_string(operator, "name"));
    table_add(t, status_string(operator, "address"));
    status_add_amount(t, operator, "balance");
    add_coins(t, json_object_get(operator, "coins"));
    add_trouble(t, operator);
}

/* Vaults of one chain share its status: the first one that has operators is printed. */
static const json_t *find_chain(const json_t *outside)
{
    const json_t *one;
    size_t i;

    json_array_foreach(outside, i, one)
    {
        const json_t *status = json_object_get(one, "status");
        if (json_is_array(json_object_get(status, "operators")))
            return status;
    }
    return NULL;
}

static void print_operators(const struct output *o, const json_t *chain)
{
    const struct column columns[] = {
        {"OPERATOR", false, 24}, {"ADDRESS", false, account_width(o)},
        {"BALANCE", true, 0},    {"GAS COINS", false, 0},
        {"TROUBLE", false, 0},   {0},
    };
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(json_object_get(chain, "operators"), i, one) add_operator(&t, one);
    status_finish(&t, o);
}

static void print_chain(const struct output *o, const json_t *chain)
{
    bool down = json_is_false(json_object_get(chain, "signer"));
    char price[FORMAT_SIZE];

    fputs("chain ", o->out);
    output_inert(o->out, status_string(chain, "chain") ? status_string(chain, "chain") : "-");
    if (json_object_get(chain, "epoch") != NULL)
        fprintf(o->out, ", epoch %lld, gas price %s", (long long)status_number(chain, "epoch"),
                format_amount(json_object_get(chain, "gas_price"), price));
    if (json_object_get(chain, "signer") != NULL)
        fprintf(o->out, ", signer %s%s%s", output_tone(o->colour, down ? TONE_BAD : TONE_PLAIN),
                down ? "is down" : "up", down ? output_plain(o->colour) : "");
    fputc('\n', o->out);
}

void status_print_outside(const struct output *o, const json_t *status)
{
    const json_t *outside = json_object_get(status, "outside");
    const json_t *chain = find_chain(outside);

    print_vaults(o, outside);
    if (chain == NULL)
        return;
    print_operators(o, chain);
    print_chain(o, chain);
}

/* ---- what is open ---- */

struct account {
    const char *name, *why;
    json_int_t open, oldest_ms, tries;
};

static struct account *find_account(struct account *accounts, size_t *count, const char *name)
{
    size_t i = 0;

    while (i < *count && strcmp(accounts[i].name, name) != 0)
        i++;
    if (i == ACCOUNTS)
        return NULL;
    if (i == *count)
        accounts[(*count)++] = (struct account){.name = name};
    return &accounts[i];
}

/* By account; the oldest one's reason, which is the one to look at. */
static size_t count_open(const json_t *list, struct account *accounts)
{
    size_t count = 0, i;
    const json_t *one;

    json_array_foreach(list, i, one)
    {
        const char *name = status_string(one, "account");
        struct account *a = find_account(accounts, &count, name ? name : "-");
        if (a == NULL)
            continue;
        a->open++;
        if (status_number(one, "age_ms") < a->oldest_ms && a->open > 1)
            continue;
        a->oldest_ms = status_number(one, "age_ms");
        a->tries = status_number(one, "tries");
        a->why = status_string(one, "why");
    }
    return count;
}

void status_print_open(const struct output *o, const json_t *status)
{
    const struct column columns[] = {
        {"OPEN TRANSACTIONS OF", false, account_width(o) > 0 ? 20 : 0},
        {"COUNT", true, 0},
        {"OLDEST", true, 0},
        {"TRIES", true, 0},
        {"WHY", false, 0},
        {0},
    };
    const json_t *open = json_object_get(status, "transactions");
    json_int_t all = status_number(open, "open");
    struct account accounts[ACCOUNTS];
    size_t count = count_open(json_object_get(open, "list"), accounts), listed = 0;
    struct table t;

    if (all == 0)
        return;
    table_init(&t, columns);
    for (size_t i = 0; i < count; i++) {
        char span[FORMAT_SIZE];
        listed += (size_t)accounts[i].open;
        table_add(&t, accounts[i].name);
        table_addf(&t, "%lld", (long long)accounts[i].open);
        table_add(&t, format_span(accounts[i].oldest_ms, span));
        table_addf(&t, "%lld", (long long)accounts[i].tries);
        table_add(&t, accounts[i].why != NULL ? accounts[i].why : "on its way");
        table_tone(&t, accounts[i].why != NULL ? TONE_WARN : TONE_PLAIN);
    }
    status_finish(&t, o);
    if ((json_int_t)listed < all)
        fprintf(o->out, "and %lld more that are open\n", (long long)(all - (json_int_t)listed));
    fprintf(o->out, "%s`orrery tx list --open` names them, `orrery tx resume` asks again now%s\n",
            output_tone(o->colour, TONE_DIM), output_plain(o->colour));
}
