/* The rules, in the order of state/state.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "contract/state_suite.h"
#include "model/limits.h"

#define SAME(a, b) (strcmp((a), (b)) == 0)

static const char *values_come_back_exactly(struct state_fixture *f)
{
    static const char *const values[] = {
        "false",
        "0",
        "\"\"",
        "{}",
        "[]",
        "null",
        "9223372036854775807",
        "-9223372036854775808",
        "1e+308",
        "0.30000000000000004",
        "-0.0",
        "\"quote \\\" back \\\\ nul \\u0000\"",
        "\"\xc3\xa9 e\xcc\x81 \xe6\xbc\xa2 \xf0\x9f\x8c\x8d\"",
        "\"'; DROP TABLE plugin_state;--\"",
        "{\"a\":[1,2,{\"b\":null}],\"c\":\"%s %n\"}",
        " 1 ",
        "\"\x7f\"",
    };
    char key[16];
    char expected[256];

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        KEEPS(suite_put(f->store, "p", key, values[i], 0));
        snprintf(expected, sizeof expected, "%s=%s@0\n", key, values[i]);
        KEEPS(SAME(suite_dump(f->store, "p", 5), expected));
        KEEPS(suite_remove(f->store, "p", key));
    }
    return NULL;
}

static const char *large_values_fit(struct state_fixture *f)
{
    size_t size = LIMIT_VALUE_BYTES;
    char *value = mem_alloc(size + 1);
    char *expected = mem_alloc(2 * size + 64);
    bool same;

    for (size_t i = 0; i < size; i++)
        value[i] = (char)('a' + i % 26);
    value[0] = value[size - 1] = '"';
    value[size] = '\0';
    snprintf(expected, 2 * size + 64, "big=%s@0\nsmall=1@0\n", value);
    same = suite_put(f->store, "p", "big", value, 0) && suite_put(f->store, "p", "small", "1", 0);
    same = same && SAME(suite_dump(f->store, "p", 0), expected);
    free(value);
    free(expected);
    KEEPS(same);
    return NULL;
}

static const char *put_overwrites_value_and_expiry(struct state_fixture *f)
{
    KEEPS(suite_put(f->store, "p", "k", "1", 100));
    KEEPS(SAME(suite_dump(f->store, "p", 50), "k=1@100\n"));
    KEEPS(suite_put(f->store, "p", "k", "2", 0));
    KEEPS(SAME(suite_dump(f->store, "p", 5000), "k=2@0\n"));
    KEEPS(suite_put(f->store, "p", "k", "2", 6000));
    KEEPS(SAME(suite_dump(f->store, "p", 5999), "k=2@6000\n"));
    KEEPS(SAME(suite_dump(f->store, "p", 6000), ""));
    return NULL;
}

static const char *a_row_is_gone_at_its_deadline(struct state_fixture *f)
{
    static const int64_t deadlines[] = {1, 2, 1700000000000, INT64_MAX - 1};
    char expected[64];

    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        int64_t at = deadlines[i];
        KEEPS(suite_put(f->store, "p", "k", "true", at));
        snprintf(expected, sizeof expected, "k=true@%lld\n", (long long)at);
        KEEPS(SAME(suite_dump(f->store, "p", at - 1), expected));
        KEEPS(SAME(suite_dump(f->store, "p", at), ""));
        KEEPS(SAME(suite_dump(f->store, "p", at + 1), ""));
        /* Nothing was thrown away by looking: the clock is the caller's. */
        KEEPS(SAME(suite_dump(f->store, "p", at - 1), expected));
    }
    return NULL;
}

static const char *remove_is_idempotent(struct state_fixture *f)
{
    KEEPS(suite_remove(f->store, "p", "k"));
    KEEPS(suite_put(f->store, "p", "k", "1", 0));
    KEEPS(suite_put(f->store, "p", "l", "2", 0));
    KEEPS(suite_remove(f->store, "p", "k"));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "l=2@0\n"));
    KEEPS(suite_remove(f->store, "p", "k"));
    KEEPS(suite_put(f->store, "p", "k", "3", 0));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "k=3@0\nl=2@0\n"));
    return NULL;
}

static const char *plugins_share_nothing(struct state_fixture *f)
{
    char plugin[32];
    char expected[64];

    KEEPS(suite_begin(f->store));
    for (int i = 0; i < 200; i++) {
        snprintf(plugin, sizeof plugin, "plugin-%d", i);
        snprintf(expected, sizeof expected, "%d", i);
        KEEPS(suite_write(f->store, plugin, "last", 4, expected, 0));
        KEEPS(suite_write(f->store, plugin, "count", 5, "0", 0));
    }
    KEEPS(suite_commit(f->store));
    KEEPS(suite_remove(f->store, "plugin-7", "count"));
    KEEPS(SAME(suite_dump(f->store, "plugin-7", 0), "last=7@0\n"));
    for (int i = 0; i < 200; i++) {
        if (i == 7)
            continue;
        snprintf(plugin, sizeof plugin, "plugin-%d", i);
        snprintf(expected, sizeof expected, "count=0@0\nlast=%d@0\n", i);
        KEEPS(SAME(suite_dump(f->store, plugin, 0), expected));
    }
    KEEPS(SAME(suite_dump(f->store, "plugin-", 0), ""));
    KEEPS(SAME(suite_dump(f->store, "plugin-%", 0), ""));
    return NULL;
}

static const char *a_thousand_keys(struct state_fixture *f)
{
    struct buf expected;
    char key[16];
    char value[16];
    bool same;

    KEEPS(suite_begin(f->store));
    for (int i = 0; i < 1000; i++) {
        int n = i * 617 % 1000; /* not in order */
        snprintf(key, sizeof key, "key-%04d", n);
        snprintf(value, sizeof value, "%d", n);
        KEEPS(suite_write(f->store, "p", key, strlen(key), value, 0));
    }
    KEEPS(suite_commit(f->store));
    buf_init(&expected, 1024 * 1024);
    for (int i = 0; i < 1000; i++)
        buf_addf(&expected, "key-%04d=%d@0\n", i, i);
    same = SAME(suite_dump(f->store, "p", 0), buf_text(&expected));
    buf_release(&expected);
    KEEPS(same);
    return NULL;
}

struct bytes {
    const char *data;
    size_t len;
};
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

/* In byte order, no two the same, many alike to someone who treats keys as patterns or text. */
static const struct bytes alike[] = {
    BYTES("\n"),
    BYTES(" "),
    BYTES(" a"),
    BYTES("%"),
    BYTES("%61"),
    BYTES("*"),
    BYTES("A"),
    BYTES("[a]"),
    BYTES("\\"),
    BYTES("_"),
    BYTES("a"),
    BYTES("a\n"),
    BYTES("a\nb"),
    BYTES("a\r\nb"),
    BYTES("a "),
    BYTES("a\""),
    BYTES("a%"),
    BYTES("a'"),
    BYTES("a''"),
    BYTES("a*"),
    BYTES("a/b"),
    BYTES("a:b"),
    BYTES("a:b:c"),
    BYTES("a?"),
    BYTES("a\\"),
    BYTES("a\\0"),
    BYTES("a_"),
    BYTES("aa"),
    BYTES("ab"),
    BYTES("e\xcc\x81"),
    BYTES("{a}"),
    BYTES("\x7f"),
    BYTES("\xc3\xa9"),
    BYTES("\xd7\x90"),
    BYTES("\xe6\xbc\xa2"),
    BYTES("\xef\xbf\xbd"),
    BYTES("\xf0\x9f\x8c\x8d"),
};
#define ALIKE (sizeof alike / sizeof alike[0])

struct order {
    size_t at;
    bool right;
};

static int next_alike(void *arg, const struct state_row *row)
{
    struct order *order = arg;
    char value[16];

    snprintf(value, sizeof value, "%zu", order->at);
    if (order->at >= ALIKE || row->key_len != alike[order->at].len ||
        memcmp(row->key, alike[order->at].data, row->key_len) != 0 ||
        row->value_len != strlen(value) || memcmp(row->value, value, row->value_len) != 0)
        order->right = false;
    order->at++;
    return 0;
}

static const char *keys_are_bytes_in_byte_order(struct state_fixture *f)
{
    struct order order = {0, true};
    struct error e = ERROR_INIT;
    char value[16];

    KEEPS(suite_begin(f->store));
    for (size_t i = 0; i < ALIKE; i++) {
        size_t n = i * 17 % ALIKE;
        snprintf(value, sizeof value, "%zu", n);
        KEEPS(suite_write(f->store, "p", alike[n].data, alike[n].len, value, 0));
    }
    KEEPS(suite_commit(f->store));
    KEEPS(state_load(f->store, "p", 0, next_alike, &order, &e) == 0);
    KEEPS(order.right && order.at == ALIKE);
    return NULL;
}

static const char *removing_a_key_removes_no_other(struct state_fixture *f)
{
    struct order order = {0, true};
    struct error e = ERROR_INIT;
    char value[16];

    KEEPS(suite_begin(f->store));
    for (size_t i = 0; i < ALIKE; i++) {
        snprintf(value, sizeof value, "%zu", i);
        KEEPS(suite_write(f->store, "p", alike[i].data, alike[i].len, value, 0));
    }
    KEEPS(suite_commit(f->store));
    for (size_t left = ALIKE; left-- > 0;) {
        KEEPS(suite_begin(f->store));
        KEEPS(suite_erase(f->store, "p", alike[left].data, alike[left].len));
        KEEPS(suite_commit(f->store));
        order.at = 0;
        KEEPS(state_load(f->store, "p", 0, next_alike, &order, &e) == 0);
        KEEPS(order.right && order.at == left);
    }
    return NULL;
}

static const char *plugin_names_are_no_patterns(struct state_fixture *f)
{
    static const char *const names[] = {"a", "a%", "a:b", "a_", "ab", "{a}", "A", "a'"};
    char expected[64];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        KEEPS(suite_put(f->store, names[i], "k", names[i][1] ? "2" : "1", 0));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(expected, sizeof expected, "k=%s@0\n", names[i][1] ? "2" : "1");
        KEEPS(SAME(suite_dump(f->store, names[i], 0), expected));
    }
    KEEPS(suite_remove(f->store, "a%", "k"));
    KEEPS(SAME(suite_names(f->store), "A\na\na'\na:b\na_\nab\n{a}\n"));
    return NULL;
}

static const char *reads_see_the_transaction(struct state_fixture *f)
{
    KEEPS(suite_put(f->store, "p", "a", "1", 0));
    KEEPS(suite_begin(f->store));
    KEEPS(suite_write(f->store, "p", "a", 1, "2", 0));
    KEEPS(suite_write(f->store, "p", "b", 1, "3", 0));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "a=2@0\nb=3@0\n"));
    KEEPS(suite_erase(f->store, "p", "a", 1));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "b=3@0\n"));
    KEEPS(suite_write(f->store, "q", "c", 1, "4", 0));
    KEEPS(SAME(suite_names(f->store), "p\nq\n"));
    KEEPS(suite_commit(f->store));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "b=3@0\n"));
    return NULL;
}

static const char *rollback_restores(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    size_t removed = 99;

    KEEPS(suite_put(f->store, "p", "keep", "1", 0));
    KEEPS(suite_put(f->store, "p", "ttl", "2", 100));
    KEEPS(suite_put(f->store, "p", "old", "3", 10));
    KEEPS(suite_begin(f->store));
    KEEPS(suite_write(f->store, "p", "keep", 4, "9", 50));
    KEEPS(suite_write(f->store, "p", "keep", 4, "8", 0));
    KEEPS(suite_erase(f->store, "p", "keep", 4));
    KEEPS(suite_write(f->store, "p", "keep", 4, "7", 0));
    KEEPS(suite_erase(f->store, "p", "ttl", 3));
    KEEPS(suite_erase(f->store, "p", "never", 5));
    KEEPS(suite_write(f->store, "p", "new", 3, "6", 0));
    KEEPS(suite_write(f->store, "q", "new", 3, "6", 0));
    KEEPS(state_sweep(f->store, 20, 100, &removed, &e) == 0 && removed == 1);
    state_rollback(f->store);
    KEEPS(SAME(suite_dump(f->store, "p", 0), "keep=1@0\nold=3@10\nttl=2@100\n"));
    KEEPS(SAME(suite_names(f->store), "p\n"));
    KEEPS(suite_put(f->store, "p", "keep", "5", 0));
    KEEPS(SAME(suite_dump(f->store, "p", 20), "keep=5@0\nttl=2@100\n"));
    return NULL;
}

static const char *sweep_takes_only_the_dead(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    size_t removed = 99;
    char key[16];

    KEEPS(suite_begin(f->store));
    for (int i = 0; i < 25; i++) {
        snprintf(key, sizeof key, "k%02d", i);
        KEEPS(suite_write(f->store, i % 2 ? "p" : "q", key, 3, "0", 100));
    }
    KEEPS(suite_write(f->store, "p", "later", 5, "1", 101));
    KEEPS(suite_write(f->store, "p", "never", 5, "2", 0));
    KEEPS(suite_commit(f->store));
    KEEPS(state_sweep(f->store, 99, 1000, &removed, &e) == 0 && removed == 0);
    KEEPS(state_sweep(f->store, 100, 0, &removed, &e) == 0 && removed == 0);
    KEEPS(state_sweep(f->store, 100, 10, &removed, &e) == 0 && removed == 10);
    KEEPS(state_sweep(f->store, 100, 10, &removed, &e) == 0 && removed == 10);
    KEEPS(suite_begin(f->store));
    KEEPS(state_sweep(f->store, 100, SIZE_MAX, &removed, &e) == 0 && removed == 5);
    KEEPS(suite_commit(f->store));
    KEEPS(state_sweep(f->store, 100, 10, &removed, &e) == 0 && removed == 0);
    KEEPS(SAME(suite_dump(f->store, "p", 0), "later=1@101\nnever=2@0\n"));
    KEEPS(SAME(suite_names(f->store), "p\n"));
    return NULL;
}

static const char *list_names_plugins_with_rows(struct state_fixture *f)
{
    KEEPS(SAME(suite_names(f->store), ""));
    KEEPS(suite_put(f->store, "zeta", "k", "1", 0));
    KEEPS(suite_put(f->store, "alpha", "k", "1", 5));
    KEEPS(suite_put(f->store, "alpha", "l", "1", 0));
    KEEPS(suite_put(f->store, "mid", "k", "1", 5));
    KEEPS(SAME(suite_names(f->store), "alpha\nmid\nzeta\n"));
    KEEPS(suite_remove(f->store, "mid", "k"));
    KEEPS(suite_remove(f->store, "alpha", "k"));
    KEEPS(SAME(suite_names(f->store), "alpha\nzeta\n"));
    return NULL;
}

static int stop_at_second(void *arg, const struct state_row *row)
{
    (void)row;
    return ++*(int *)arg == 2 ? 7 : 0;
}

static int stop_at_once(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
    return -3;
}

static const char *a_walk_stops_when_told(struct state_fixture *f)
{
    struct error e = ERROR_INIT;
    int seen = 0;

    KEEPS(suite_put(f->store, "p", "a", "1", 0));
    KEEPS(suite_put(f->store, "p", "b", "2", 0));
    KEEPS(suite_put(f->store, "q", "c", "3", 0));
    KEEPS(state_load(f->store, "p", 0, stop_at_second, &seen, &e) == 7 && seen == 2);
    seen = 0;
    KEEPS(state_list(f->store, stop_at_once, &seen, &e) == -3 && seen == 1);
    KEEPS(e.code == ERROR_NONE);
    KEEPS(suite_put(f->store, "p", "a", "4", 0));
    KEEPS(SAME(suite_dump(f->store, "p", 0), "a=4@0\nb=2@0\n"));
    return NULL;
}

static const char *commits_survive_reopening(struct state_fixture *f)
{
    KEEPS(suite_put(f->store, "p", "a\nb", "1", 0));
    KEEPS(suite_put(f->store, "p", "ttl", "[0.1]", 1000));
    KEEPS(suite_begin(f->store));
    KEEPS(suite_write(f->store, "p", "lost", 4, "2", 0));
    KEEPS(suite_erase(f->store, "p", "ttl", 3));
    state_suite_reopen(f);
    if (f->backend->durable)
        KEEPS(SAME(suite_dump(f->store, "p", 999), "a\nb=1@0\nttl=[0.1]@1000\n"));
    else
        KEEPS(SAME(suite_dump(f->store, "p", 999), ""));
    KEEPS(suite_put(f->store, "p", "more", "3", 0));
    return NULL;
}

static bool refused(int rc, struct error *e, enum error_code code)
{
    bool right = rc == -1 && e->code == code && e->message[0] != '\0';

    error_clear(e);
    return right;
}

static const char *misuse_is_refused(struct state_fixture *f)
{
    struct state_store *s = f->store;
    struct error e = ERROR_INIT;
    struct state_row row = {"k", 1, "1", 1, 0};
    char longest[LIMIT_KEY_BYTES + 2];
    char name[LIMIT_NAME_BYTES + 2];

    memset(longest, 'k', sizeof longest);
    memset(name, 'n', sizeof name);
    name[LIMIT_NAME_BYTES + 1] = '\0';
    KEEPS(refused(state_put(s, "p", &row, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(state_remove(s, "p", "k", 1, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(state_commit(s, &e), &e, ERROR_INTERNAL));
    state_rollback(s);
    KEEPS(suite_begin(s));
    KEEPS(refused(state_begin(s, 1, &e), &e, ERROR_INTERNAL));
    KEEPS(refused(state_put(s, "", &row, &e), &e, ERROR_INVALID));
    KEEPS(refused(state_put(s, name, &row, &e), &e, ERROR_LIMIT));
    row.key_len = 0;
    KEEPS(refused(state_put(s, "p", &row, &e), &e, ERROR_INVALID));
    row = (struct state_row){longest, LIMIT_KEY_BYTES + 1, "1", 1, 0};
    KEEPS(refused(state_put(s, "p", &row, &e), &e, ERROR_LIMIT));
    row.key_len = LIMIT_KEY_BYTES;
    row.expires_ms = -1;
    KEEPS(refused(state_put(s, "p", &row, &e), &e, ERROR_INVALID));
    row.expires_ms = 0;
    KEEPS(state_put(s, "p", &row, &e) == 0);
    KEEPS(suite_commit(s));
    KEEPS(strlen(suite_dump(s, "p", 0)) == LIMIT_KEY_BYTES + strlen("=1@0\n"));
    KEEPS(SAME(suite_names(s), "p\n"));
    return NULL;
}

/* A long random history against a table of 3 × 8 cells that is obviously right. */
struct cell {
    int value; /* -1: none */
    int64_t expires_ms;
};
struct model {
    struct cell cells[3][8];
};

static const char *model_dump(const struct model *model, int plugin, int64_t now_ms)
{
    static char text[1024];
    size_t at = 0;

    text[0] = '\0';
    for (int k = 0; k < 8; k++) {
        const struct cell *c = &model->cells[plugin][k];
        if (c->value >= 0 && (c->expires_ms == 0 || c->expires_ms > now_ms))
            at += (size_t)snprintf(text + at, sizeof text - at, "k%d=%d@%lld\n", k, c->value,
                                   (long long)c->expires_ms);
    }
    return text;
}

static bool random_write(struct state_store *store, struct random *random, struct model *model,
                         int n)
{
    static const char *const plugins[] = {"p", "q", "r"};
    int plugin = (int)random_below(random, 3);
    int k = (int)random_below(random, 8);
    struct cell *cell = &model->cells[plugin][k];
    char key[8];
    char value[16];

    snprintf(key, sizeof key, "k%d", k);
    if (random_below(random, 4) == 0) {
        cell->value = -1;
        return suite_erase(store, plugins[plugin], key, 2);
    }
    cell->value = n;
    cell->expires_ms = random_below(random, 2) ? 0 : (int64_t)(1 + random_below(random, 100));
    snprintf(value, sizeof value, "%d", n);
    return suite_write(store, plugins[plugin], key, 2, value, cell->expires_ms);
}

static const char *a_long_history_agrees_with_a_model(struct state_fixture *f)
{
    struct random random;
    struct model committed;
    struct model model;

    random_init(&random, 42);
    memset(&committed, 0xff, sizeof committed);
    for (int transaction = 0; transaction < 400; transaction++) {
        int writes = (int)random_below(&random, 12);
        int64_t now = (int64_t)random_below(&random, 110);
        model = committed;
        KEEPS(suite_begin(f->store));
        for (int i = 0; i < writes; i++)
            KEEPS(random_write(f->store, &random, &model, transaction * 100 + i));
        KEEPS(SAME(suite_dump(f->store, "p", now), model_dump(&model, 0, now)));
        if (random_below(&random, 3) == 0) {
            state_rollback(f->store);
        } else {
            KEEPS(suite_commit(f->store));
            committed = model;
        }
        KEEPS(SAME(suite_dump(f->store, "p", now), model_dump(&committed, 0, now)));
        KEEPS(SAME(suite_dump(f->store, "q", now), model_dump(&committed, 1, now)));
        KEEPS(SAME(suite_dump(f->store, "r", now), model_dump(&committed, 2, now)));
    }
    return NULL;
}

#define RULE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const struct state_rule state_rules[] = {
    RULE(values_come_back_exactly),
    RULE(large_values_fit),
    RULE(put_overwrites_value_and_expiry),
    RULE(a_row_is_gone_at_its_deadline),
    RULE(remove_is_idempotent),
    RULE(plugins_share_nothing),
    RULE(a_thousand_keys),
    RULE(keys_are_bytes_in_byte_order),
    RULE(removing_a_key_removes_no_other),
    RULE(plugin_names_are_no_patterns),
    RULE(reads_see_the_transaction),
    RULE(rollback_restores),
    RULE(sweep_takes_only_the_dead),
    RULE(list_names_plugins_with_rows),
    RULE(a_walk_stops_when_told),
    RULE(commits_survive_reopening),
    RULE(misuse_is_refused),
    RULE(a_long_history_agrees_with_a_model),
};
const size_t state_rule_count = sizeof state_rules / sizeof state_rules[0];
