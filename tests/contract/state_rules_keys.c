/* Keys and names of plugins are bytes: no patterns, no locale, no parts of a layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/state_rules.h"

struct bytes {
    const char *data;
    size_t len;
};
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof literal - 1                                                                \
    }

/* No two the same, many alike to someone who treats keys as patterns, text or parts of a path. */
static const struct bytes alike[] = {
    BYTES("\x01"),
    BYTES("\n"),
    BYTES(" "),
    BYTES(" a"),
    BYTES("\""),
    BYTES("$1"),
    BYTES("%"),
    BYTES("%00"),
    BYTES("%61"),
    BYTES("'"),
    BYTES("*"),
    BYTES("-1"),
    BYTES("--"),
    BYTES("."),
    BYTES("0"),
    BYTES("00"),
    BYTES("1"),
    BYTES("1.0"),
    BYTES(":"),
    BYTES("::"),
    BYTES("?1"),
    BYTES("A"),
    BYTES("NULL"),
    BYTES("[a]"),
    BYTES("\\"),
    BYTES("\\\\"),
    BYTES("\\x61"),
    BYTES("_"),
    BYTES("a"),
    BYTES("a\n"),
    BYTES("a\nb"),
    BYTES("a\r\nb"),
    BYTES("a "),
    BYTES("a\""),
    BYTES("a%"),
    BYTES("a%25"),
    BYTES("a'"),
    BYTES("a''"),
    BYTES("a*"),
    BYTES("a,b"),
    BYTES("a/b"),
    BYTES("a:"),
    BYTES("a:b"),
    BYTES("a:b:c"),
    BYTES("a?"),
    BYTES("a\\"),
    BYTES("a\\0"),
    BYTES("a\\n"),
    BYTES("a_"),
    BYTES("aa"),
    BYTES("ab"),
    BYTES("e\xcc\x81"), /* decomposed */
    BYTES("null"),
    BYTES("true"),
    BYTES("{\"a\":1}"),
    BYTES("{a,b}"),
    BYTES("{a}"),
    BYTES("{}"),
    BYTES("\x7f"),
    BYTES("\xc2\xa0"), /* a space that does not break */
    BYTES("\xc3\x89"), /* upper case */
    BYTES("\xc3\xa9"), /* composed */
    BYTES("\xc3\x9f"), /* sharp s */
    BYTES("\xd7\x90"), /* from right to left */
    BYTES("\xd7\x90\xd7\x91"),
    BYTES("\xe2\x80\x8b"), /* a space without width */
    BYTES("\xe2\x80\xae"
          "ab"), /* an override of direction */
    BYTES("\xe6\xbc\xa2"),
    BYTES("\xef\xbb\xbf"
          "a"),            /* a byte order mark */
    BYTES("\xef\xbd\x81"), /* a full-width a */
    BYTES("\xef\xbf\xbd"),
    BYTES("\xf0\x9f\x8c\x8d"),
    BYTES("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80"),
    BYTES("\xf4\x8f\xbf\xbf"), /* the last character there is */
};
#define ALIKE (sizeof alike / sizeof alike[0])

static int by_bytes(const void *a, const void *b)
{
    const struct bytes *x = &alike[*(const size_t *)a], *y = &alike[*(const size_t *)b];
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

    return order != 0 ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* The keys that should be there, in order. */
struct order {
    size_t expected[ALIKE];
    size_t count, at;
    bool right;
};

static int next_alike(void *arg, const struct state_row *row)
{
    struct order *order = arg;
    const struct bytes *key;
    char value[16];

    if (order->at >= order->count) {
        order->right = false;
        return 0;
    }
    key = &alike[order->expected[order->at]];
    snprintf(value, sizeof value, "%zu", order->expected[order->at]);
    if (row->key_len != key->len || memcmp(row->key, key->data, key->len) != 0 ||
        row->value_len != strlen(value) || memcmp(row->value, value, row->value_len) != 0)
        order->right = false;
    order->at++;
    return 0;
}

/* Whether exactly the keys from `first` on are there, each with its number, in order. */
static bool holds_from(struct state_fixture *f, size_t first)
{
    struct order order = {.right = true};
    struct error e = ERROR_INIT;

    for (size_t i = first; i < ALIKE; i++)
        order.expected[order.count++] = i;
    qsort(order.expected, order.count, sizeof order.expected[0], by_bytes);
    return state_load(f->store, "p", suite_now(f, 0), next_alike, &order, &e) == 0 && order.right &&
           order.at == order.count;
}

static bool write_all(struct state_fixture *f)
{
    char value[16];

    for (size_t i = 0; i < ALIKE; i++) {
        size_t n = i * 17 % ALIKE;
        snprintf(value, sizeof value, "%zu", n);
        if (!suite_write(f, "p", alike[n].data, alike[n].len, value, 0))
            return false;
    }
    return true;
}

static const char *keys_are_bytes_in_byte_order(struct state_fixture *f)
{
    KEEPS(suite_begin(f) && write_all(f));
    KEEPS(holds_from(f, 0));
    KEEPS(suite_commit(f));
    KEEPS(holds_from(f, 0));
    state_suite_reopen(f);
    KEEPS(!f->backend->durable || holds_from(f, 0));
    return NULL;
}

static const char *removing_a_key_removes_no_other(struct state_fixture *f)
{
    KEEPS(suite_begin(f) && write_all(f) && suite_commit(f));
    for (size_t i = 0; i < ALIKE; i++) {
        KEEPS(suite_begin(f));
        KEEPS(suite_erase(f, "p", alike[i].data, alike[i].len));
        KEEPS(holds_from(f, i + 1));
        KEEPS(suite_commit(f));
        KEEPS(holds_from(f, i + 1));
    }
    return NULL;
}

static const char *writing_a_key_writes_no_other(struct state_fixture *f)
{
    char value[16];

    for (size_t i = ALIKE; i-- > 0;) {
        snprintf(value, sizeof value, "%zu", i);
        KEEPS(suite_begin(f));
        KEEPS(suite_write(f, "p", alike[i].data, alike[i].len, value, 0));
        KEEPS(suite_commit(f));
        KEEPS(holds_from(f, i));
    }
    return NULL;
}

/* Each expires at its own time: expiry is by key, too. */
static const char *sweeping_a_key_sweeps_no_other(struct state_fixture *f)
{
    char value[16];

    KEEPS(suite_begin(f));
    for (size_t i = 0; i < ALIKE; i++) {
        snprintf(value, sizeof value, "%zu", i);
        KEEPS(suite_write(f, "p", alike[i].data, alike[i].len, value, (int64_t)(100 + i)));
    }
    KEEPS(suite_commit(f));
    for (size_t i = 0; i < ALIKE; i += 5) {
        KEEPS(suite_sweeps(f, (int64_t)(100 + i), 1000, i == 0 ? 1 : 5));
        KEEPS(holds_from(f, i + 1));
    }
    return NULL;
}

/* 256 bytes: of one, two and four bytes per character, and two that differ in the last one. */
static const char *the_longest_keys_fit(struct state_fixture *f)
{
    static const char *const units[] = {"k", "'", "\xc3\xa9", "\xf0\x9f\x8c\x8d"};
    char key[LIMIT_KEY_BYTES + 1];
    char plugin[8], expected[2 * LIMIT_KEY_BYTES + 32];

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i]);
        for (size_t at = 0; at < LIMIT_KEY_BYTES; at++)
            key[at] = units[i][at % len];
        key[LIMIT_KEY_BYTES] = '\0';
        snprintf(plugin, sizeof plugin, "p%zu", i);
        KEEPS(suite_put(f, plugin, key, "1", 0));
        snprintf(expected, sizeof expected, "%s=1@0\n", key);
        KEEPS(SAME(suite_dump(f, plugin, 0), expected));
        key[LIMIT_KEY_BYTES - len] = '\0';
        KEEPS(suite_put(f, plugin, key, "2", 0));
        KEEPS(suite_remove(f, plugin, key));
        KEEPS(SAME(suite_dump(f, plugin, 0), expected));
    }
    return NULL;
}

/* ---- plugins ---- */

static const char *plugins_share_nothing(struct state_fixture *f)
{
    char plugin[32];
    char expected[64];

    KEEPS(suite_begin(f));
    for (int i = 0; i < 200; i++) {
        snprintf(plugin, sizeof plugin, "plugin-%d", i);
        snprintf(expected, sizeof expected, "%d", i);
        KEEPS(suite_write(f, plugin, "last", 4, expected, 0));
        KEEPS(suite_write(f, plugin, "count", 5, "0", 0));
    }
    KEEPS(suite_commit(f));
    KEEPS(suite_remove(f, "plugin-7", "count"));
    KEEPS(SAME(suite_dump(f, "plugin-7", 0), "last=7@0\n"));
    for (int i = 0; i < 200; i++) {
        if (i == 7)
            continue;
        snprintf(plugin, sizeof plugin, "plugin-%d", i);
        snprintf(expected, sizeof expected, "count=0@0\nlast=%d@0\n", i);
        KEEPS(SAME(suite_dump(f, plugin, 0), expected));
    }
    KEEPS(SAME(suite_dump(f, "plugin-", 0), ""));
    KEEPS(SAME(suite_dump(f, "plugin-%", 0), ""));
    return NULL;
}

/* Prefixes of each other, parts of layouts, patterns, and the longest: in byte order. */
static const char *const names[] = {
    "A",
    "a",
    "a%",
    "a'",
    "a-b",
    "a.b",
    "a:b",
    "a:b:c",
    "a_",
    "aa",
    "ab",
    "entry",
    "expiry",
    "keys",
    "lease",
    "leases",
    "n",
    "nn",
    "orrery",
    "orrery:keys",
    "orrery:plugins",
    "plugin_state",
    "plugins",
    "schema",
    "stamp",
    "state",
    "\\",
    "{a}",
};
#define NAMES (sizeof names / sizeof names[0])

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *names_after(size_t first)
{
    static char text[1024];
    const char *sorted[NAMES];
    size_t at = 0, count = NAMES - first;

    memcpy(sorted, names + first, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], by_name);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s\n", sorted[i]);
    return text;
}

static const char *plugin_names_are_no_patterns(struct state_fixture *f)
{
    char expected[96], value[16];

    for (size_t i = 0; i < NAMES; i++) {
        snprintf(value, sizeof value, "%zu", i);
        KEEPS(suite_begin(f));
        KEEPS(suite_write(f, names[i], "k", 1, value, 0));
        KEEPS(suite_write(f, names[i], "b:c", 3, value, 100));
        KEEPS(suite_commit(f));
    }
    KEEPS(SAME(suite_names(f), names_after(0)));
    for (size_t i = 0; i < NAMES; i++) {
        snprintf(expected, sizeof expected, "b:c=%zu@100\nk=%zu@0\n", i, i);
        KEEPS(SAME(suite_dump(f, names[i], 0), expected));
    }
    for (size_t i = 0; i < NAMES; i++) {
        KEEPS(suite_begin(f));
        KEEPS(suite_erase(f, names[i], "k", 1) && suite_erase(f, names[i], "b:c", 3));
        KEEPS(SAME(suite_names(f), names_after(i + 1)));
        KEEPS(suite_commit(f));
        KEEPS(SAME(suite_names(f), names_after(i + 1)));
    }
    return NULL;
}

/* Where a name ends and a key begins is never in doubt. */
static const char *names_and_keys_do_not_run_together(struct state_fixture *f)
{
    KEEPS(suite_put(f, "a", "b:c", "1", 0));
    KEEPS(suite_put(f, "a:b", "c", "2", 0));
    KEEPS(suite_put(f, "a:b:c", "d", "3", 0));
    KEEPS(suite_put(f, "ab", "c", "4", 0));
    KEEPS(suite_put(f, "a", "bc", "5", 0));
    KEEPS(SAME(suite_dump(f, "a", 0), "b:c=1@0\nbc=5@0\n"));
    KEEPS(suite_remove(f, "a", "b:c"));
    KEEPS(SAME(suite_dump(f, "a", 0), "bc=5@0\n"));
    KEEPS(SAME(suite_dump(f, "a:b", 0), "c=2@0\n"));
    KEEPS(SAME(suite_dump(f, "a:b:c", 0), "d=3@0\n"));
    KEEPS(SAME(suite_dump(f, "ab", 0), "c=4@0\n"));
    return NULL;
}

static const char *the_longest_names_fit(struct state_fixture *f)
{
    char one[LIMIT_NAME_BYTES + 1], two[LIMIT_NAME_BYTES + 1];
    char expected[2 * LIMIT_NAME_BYTES + 8];

    memset(one, 'n', sizeof one);
    one[LIMIT_NAME_BYTES] = '\0';
    memcpy(two, one, sizeof two);
    two[LIMIT_NAME_BYTES - 1] = 'o';
    KEEPS(suite_put(f, one, "k", "1", 0));
    KEEPS(suite_put(f, two, "k", "2", 0));
    KEEPS(SAME(suite_dump(f, one, 0), "k=1@0\n"));
    KEEPS(SAME(suite_dump(f, two, 0), "k=2@0\n"));
    snprintf(expected, sizeof expected, "%s\n%s\n", one, two);
    KEEPS(SAME(suite_names(f), expected));
    return NULL;
}

static const struct state_rule rules[] = {
    RULE(keys_are_bytes_in_byte_order),  RULE(removing_a_key_removes_no_other),
    RULE(writing_a_key_writes_no_other), ERAS(sweeping_a_key_sweeps_no_other),
    RULE(the_longest_keys_fit),          RULE(plugins_share_nothing),
    RULE(plugin_names_are_no_patterns),  RULE(names_and_keys_do_not_run_together),
    RULE(the_longest_names_fit),
};
CHAPTER(keys);
