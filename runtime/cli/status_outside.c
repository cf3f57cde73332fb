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

bool status_vault_is_known(const json_t *vault)
{
    const char *executor = status_string(vault, "executor");

    return executor == NULL || strcmp(executor, "paper") == 0 ||
           json_is_number(json_object_get(vault, "nav")) ||
           json_is_string(json_object_get(vault, "nav"));
}

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
    else if (json_is_false(json_object_get(operator, "signer")))
        table_add(t, "the signer is down");
    else if (foreign > 0)
        table_addf(t, "%lld transaction%s of somebody else, the last %s", (long long)foreign,
                   foreign == 1 ? "" : "s",
                   status_string(operator, "foreign_last") ? status_string(operator, "foreign_last")
                                                           : "-");
    else
        table_add(t, waits ? "the chain has not answered yet" : NULL);
    table_tone(t, halted != NULL ? TONE_BAD : foreign > 0 || waits ? TONE_WARN : TONE_PLAIN);
}

/* Vaults of one operator share its status: whether an earlier one has said it. */
static bool is_said(const json_t *outside, size_t index, const char *name)
{
    const json_t *mine =
        json_object_get(json_object_get(json_array_get(outside, index), "status"), name);

    for (size_t i = 0; i < index; i++)
        if (json_equal(json_object_get(json_object_get(json_array_get(outside, i), "status"), name),
                       mine))
            return true;
    return false;
}

static void print_operators(const struct output *o, const json_t *outside)
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
    json_array_foreach(outside, i, one)
    {
        const json_t *operator= json_object_get(one, "status");
        if (!json_is_object(json_object_get(operator, "coins")) || is_said(outside, i, "address"))
            continue;
        table_add(&t, status_string(operator, "name"));
        table_add(&t, status_string(operator, "address"));
        status_add_amount(&t, operator, "balance");
        add_coins(&t, json_object_get(operator, "coins"));
        add_trouble(&t, operator);
    }
    status_finish(&t, o);
}

static void add_endpoint(struct table *t, const json_t *endpoint)
{
    const char *trouble = status_string(endpoint, "trouble");

    table_add(t, status_string(endpoint, "host"));
    table_add(t, status_string(endpoint, "state"));
    status_add_amount(t, endpoint, "answers");
    status_add_amount(t, endpoint, "failures");
    if (json_object_get(endpoint, "answer_ms") != NULL)
        table_addf(t, "%lld ms", (long long)status_number(endpoint, "answer_ms"));
    else
        table_add(t, NULL);
    table_add(t, trouble);
    table_tone(t, trouble != NULL ? TONE_WARN : TONE_PLAIN);
}

static void print_endpoints(const struct output *o, const json_t *outside)
{
    static const struct column columns[] = {
        {"ENDPOINT", false, 32},
        {"IS", false, 0},
        {"ANSWERS", true, 0},
        {"FAILURES", true, 0},
        {"TOOK", true, 0},
        {"TROUBLE", false, 0},
        {0},
    };
    const json_t *one, *endpoint;
    struct table t;
    size_t i, k;

    table_init(&t, columns);
    json_array_foreach(outside, i, one)
    {
        if (is_said(outside, i, "endpoints"))
            continue;
        json_array_foreach(json_object_get(json_object_get(one, "status"), "endpoints"), k,
                           endpoint) add_endpoint(&t, endpoint);
    }
    status_finish(&t, o);
}

/* ---- servers of users ---- */

static void print_webhooks(const struct output *o, const json_t *outside)
{
    static const struct column columns[] = {
        {"WEBHOOK OF", false, 24}, {"POSTS", true, 0}, {"LOOK-UPS", true, 0}, {"EXECUTED", true, 0},
        {"REFUSED", true, 0},      {"DEAD", true, 0},  {"TROUBLE", false, 0}, {0},
    };
    static const char *const counts[] = {"posts", "lookups", "executed", "refused", "dead"};
    const json_t *one;
    struct table t;
    size_t i;

    table_init(&t, columns);
    json_array_foreach(outside, i, one)
    {
        const json_t *hook = json_object_get(one, "status");
        const char *unknown = status_string(hook, "unknown");
        if (json_object_get(hook, "posts") == NULL)
            continue;
        table_add(&t, status_string(one, "vault"));
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
            status_add_amount(&t, hook, counts[k]);
        table_add(&t, unknown);
        table_tone(&t, unknown != NULL ? TONE_WARN : TONE_PLAIN);
    }
    status_finish(&t, o);
}

void status_print_outside(const struct output *o, const json_t *status)
{
    const json_t *outside = json_object_get(status, "outside");

    print_vaults(o, outside);
    print_operators(o, outside);
    print_endpoints(o, outside);
    print_webhooks(o, outside);
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
