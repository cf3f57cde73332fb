/* Mistakes with rows, made in the memory store. */
#include "contract/wrong_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* ---- writes ---- */

static int put_keeps_old_expiry(struct state_store *s, const char *plugin,
                                const struct state_row *row, struct error *e)
{
    struct state_row kept = *row;

    kept.expires_ms = row->expires_ms == 0 ? 12345 : row->expires_ms;
    return wrong_state_right.state.put(s, plugin, &kept, e);
}

/* What a server with a careless protocol does to a line feed. */
static int put_cuts_keys_at_lines(struct state_store *s, const char *plugin,
                                  const struct state_row *row, struct error *e)
{
    const char *end = memchr(row->key, '\n', row->key_len);
    struct state_row cut = *row;

    if (end != NULL && end > row->key)
        cut.key_len = (size_t)(end - row->key);
    return wrong_state_right.state.put(s, plugin, &cut, e);
}

static int put_shares_plugins(struct state_store *s, const char *plugin,
                              const struct state_row *row, struct error *e)
{
    (void)plugin;
    return wrong_state_right.state.put(s, "p", row, e);
}

static int put_loses_long_values(struct state_store *s, const char *plugin,
                                 const struct state_row *row, struct error *e)
{
    struct state_row cut = *row;

    if (cut.value_len > 1024 * 1024)
        cut.value_len = 1024 * 1024;
    return wrong_state_right.state.put(s, plugin, &cut, e);
}

/* As a JSON library without integers does. */
static int put_numbers_are_doubles(struct state_store *s, const char *plugin,
                                   const struct state_row *row, struct error *e)
{
    char text[64], *end;
    struct state_row rounded = *row;
    double number;

    if (row->value_len >= sizeof text)
        return wrong_state_right.state.put(s, plugin, row, e);
    memcpy(text, row->value, row->value_len);
    text[row->value_len] = '\0';
    number = strtod(text, &end);
    if (end == text || *end != '\0')
        return wrong_state_right.state.put(s, plugin, row, e);
    rounded.value_len = (size_t)snprintf(text, sizeof text, "%.17g", number);
    rounded.value = text;
    return wrong_state_right.state.put(s, plugin, &rounded, e);
}

/* As a JSON column does with what is between the values. */
static int put_drops_white_space(struct state_store *s, const char *plugin,
                                 const struct state_row *row, struct error *e)
{
    struct state_row bare = *row;

    while (bare.value_len > 0 && bare.value[0] == ' ') {
        bare.value++;
        bare.value_len--;
    }
    return wrong_state_right.state.put(s, plugin, &bare, e);
}

static int put_folds_case(struct state_store *s, const char *plugin, const struct state_row *row,
                          struct error *e)
{
    struct state_row folded = *row;
    char key[LIMIT_KEY_BYTES];

    for (size_t i = 0; i < row->key_len; i++)
        key[i] = row->key[i] >= 'A' && row->key[i] <= 'Z' ? (char)(row->key[i] + 32) : row->key[i];
    folded.key = key;
    return wrong_state_right.state.put(s, plugin, &folded, e);
}

/* The second write of a transaction is lost. */
static size_t writes_of_transaction;

static int begin_counts(struct state_store *s, int64_t now_ms, struct error *e)
{
    writes_of_transaction = 0;
    return wrong_state_right.state.begin(s, now_ms, e);
}

static int put_loses_the_second(struct state_store *s, const char *plugin,
                                const struct state_row *row, struct error *e)
{
    return ++writes_of_transaction == 2 ? 0 : wrong_state_right.state.put(s, plugin, row, e);
}

static int remove_does_nothing(struct state_store *s, const char *plugin, const char *key,
                               size_t key_len, struct error *e)
{
    (void)s;
    (void)plugin;
    (void)key;
    (void)key_len;
    (void)e;
    return 0;
}

/* "a%" as LIKE has it: everything that begins with "a". */
struct like {
    const char *pattern;
    size_t len;
    char keys[256][LIMIT_KEY_BYTES];
    size_t lens[256], count;
};

static int match_like(void *arg, const struct state_row *row)
{
    struct like *like = arg;

    if (row->key_len >= like->len && memcmp(row->key, like->pattern, like->len) == 0 &&
        like->count < 256) {
        memcpy(like->keys[like->count], row->key, row->key_len);
        like->lens[like->count++] = row->key_len;
    }
    return 0;
}

static int remove_takes_patterns(struct state_store *s, const char *plugin, const char *key,
                                 size_t key_len, struct error *e)
{
    static struct like like;

    if (key[key_len - 1] != '%')
        return wrong_state_right.state.remove(s, plugin, key, key_len, e);
    like.pattern = key;
    like.len = key_len - 1;
    like.count = 0;
    if (wrong_state_right.state.load(s, plugin, INT64_MIN, match_like, &like, e) != 0)
        return -1;
    for (size_t i = 0; i < like.count; i++)
        if (wrong_state_right.state.remove(s, plugin, like.keys[i], like.lens[i], e) != 0)
            return -1;
    return 0;
}

/* ---- transactions ---- */

static void rollback_commits(struct state_store *s)
{
    struct error e = ERROR_INIT;

    wrong_state_right.state.commit(s, &e);
}

static int commit_rolls_back(struct state_store *s, struct error *e)
{
    (void)e;
    wrong_state_right.state.rollback(s);
    return 0;
}

/* ---- reads ---- */

static int load_is_late(struct state_store *s, const char *plugin, int64_t now_ms,
                        state_row_fn *each, void *arg, struct error *e)
{
    return wrong_state_right.state.load(s, plugin, now_ms - 1, each, arg, e);
}

static int load_goes_by_the_real_clock(struct state_store *s, const char *plugin, int64_t now_ms,
                                       state_row_fn *each, void *arg, struct error *e)
{
    struct clock clock;

    clock_init_real(&clock);
    now_ms = clock_now_ms(&clock);
    return wrong_state_right.state.load(s, plugin, now_ms, each, arg, e);
}

struct deaf {
    state_row_fn *each;
    void *arg;
};

static int deaf_row(void *arg, const struct state_row *row)
{
    struct deaf *deaf = arg;

    deaf->each(deaf->arg, row);
    return 0;
}

static int load_does_not_stop(struct state_store *s, const char *plugin, int64_t now_ms,
                              state_row_fn *each, void *arg, struct error *e)
{
    struct deaf deaf = {each, arg};

    return wrong_state_right.state.load(s, plugin, now_ms, deaf_row, &deaf, e);
}

static int load_is_empty(struct state_store *s, const char *plugin, int64_t now_ms,
                         state_row_fn *each, void *arg, struct error *e)
{
    (void)s;
    (void)plugin;
    (void)now_ms;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static int list_knows_nothing(struct state_store *s, state_name_fn *each, void *arg,
                              struct error *e)
{
    (void)s;
    (void)each;
    (void)arg;
    (void)e;
    return 0;
}

static int list_repeats(struct state_store *s, state_name_fn *each, void *arg, struct error *e)
{
    int rc = wrong_state_right.state.list(s, each, arg, e);

    return rc != 0 ? rc : wrong_state_right.state.list(s, each, arg, e);
}

static int describe_counts_all_as_live(struct state_store *s, int64_t now_ms,
                                       struct state_facts *facts, struct error *e)
{
    if (wrong_state_right.state.describe(s, now_ms, facts, e) != 0)
        return -1;
    facts->live += facts->expired;
    facts->expired = 0;
    return 0;
}

/* ---- sweeps ---- */

static int sweep_ignores_its_limit(struct state_store *s, int64_t now_ms, size_t limit,
                                   size_t *removed, struct error *e)
{
    (void)limit;
    return wrong_state_right.state.sweep(s, now_ms, SIZE_MAX, removed, e);
}

static int sweep_is_early(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                          struct error *e)
{
    return wrong_state_right.state.sweep(s, now_ms + 1, limit, removed, e);
}

static int sweep_is_late(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                         struct error *e)
{
    return wrong_state_right.state.sweep(s, now_ms - 1, limit, removed, e);
}

static int sweep_miscounts(struct state_store *s, int64_t now_ms, size_t limit, size_t *removed,
                           struct error *e)
{
    if (wrong_state_right.state.sweep(s, now_ms, limit, removed, e) != 0)
        return -1;
    *removed = limit; /* as one who trusts that there were as many */
    return 0;
}

/* ---- the table ---- */

/* X(part, what it replaces, by what) */
#define MISTAKES(X)                                                                                \
    X(state, put, put_keeps_old_expiry)                                                            \
    X(state, put, put_cuts_keys_at_lines)                                                          \
    X(state, put, put_shares_plugins)                                                              \
    X(state, put, put_loses_long_values)                                                           \
    X(state, put, put_numbers_are_doubles)                                                         \
    X(state, put, put_drops_white_space)                                                           \
    X(state, put, put_folds_case)                                                                  \
    X(state, put, put_loses_the_second)                                                            \
    X(state, remove, remove_does_nothing)                                                          \
    X(state, remove, remove_takes_patterns)                                                        \
    X(state, rollback, rollback_commits)                                                           \
    X(state, commit, commit_rolls_back)                                                            \
    X(state, load, load_is_late)                                                                   \
    X(state, load, load_goes_by_the_real_clock)                                                    \
    X(state, load, load_does_not_stop)                                                             \
    X(state, load, load_is_empty)                                                                  \
    X(state, list, list_knows_nothing)                                                             \
    X(state, list, list_repeats)                                                                   \
    X(state, describe, describe_counts_all_as_live)                                                \
    X(state, sweep, sweep_ignores_its_limit)                                                       \
    X(state, sweep, sweep_is_early)                                                                \
    X(state, sweep, sweep_is_late)                                                                 \
    X(state, sweep, sweep_miscounts)

/* Every one of them counts a transaction's writes, for the one that loses the second. */
#define X(part, operation, how)                                                                    \
    static void spoil_##how(struct wrong_ops *ops)                                                 \
    {                                                                                              \
        ops->state.begin = begin_counts;                                                           \
        ops->part.operation = how;                                                                 \
    }
MISTAKES(X)
#undef X

static const struct wrong_state mistakes[] = {
#define X(part, operation, how) {#how, spoil_##how},
    MISTAKES(X)
#undef X
};
const struct wrong_table wrong_rows = {mistakes, sizeof mistakes / sizeof mistakes[0]};
