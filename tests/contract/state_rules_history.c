/* Long random histories against a table of 3 × 8 cells that is obviously right. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "contract/state_rules.h"

#define PLUGINS 3
#define KEYS    8

static const char *const plugins[PLUGINS] = {"p", "q", "r"};

struct cell {
    int value; /* -1: none */
    int64_t expires;
};
struct model {
    struct cell cells[PLUGINS][KEYS];
};

static bool is_live(const struct cell *c, int64_t now)
{
    return c->value >= 0 && (c->expires == 0 || c->expires > now);
}

static const char *model_dump(const struct model *model, int plugin, int64_t now)
{
    static char text[1024];
    size_t at = 0;

    text[0] = '\0';
    for (int k = 0; k < KEYS; k++) {
        const struct cell *c = &model->cells[plugin][k];
        if (is_live(c, now))
            at += (size_t)snprintf(text + at, sizeof text - at, "k%d=%d@%lld\n", k, c->value,
                                   (long long)c->expires);
    }
    return text;
}

static const char *model_names(const struct model *model)
{
    static char text[16];
    size_t at = 0;

    text[0] = '\0';
    for (int p = 0; p < PLUGINS; p++)
        for (int k = 0; k < KEYS; k++)
            if (model->cells[p][k].value >= 0) {
                at += (size_t)snprintf(text + at, sizeof text - at, "%s\n", plugins[p]);
                break;
            }
    return text;
}

static size_t model_sweep(struct model *model, int64_t now)
{
    size_t removed = 0;

    for (int p = 0; p < PLUGINS; p++)
        for (int k = 0; k < KEYS; k++) {
            struct cell *c = &model->cells[p][k];
            if (c->value < 0 || is_live(c, now))
                continue;
            c->value = -1;
            removed++;
        }
    return removed;
}

static bool random_write(struct state_fixture *f, struct random *random, struct model *model, int n)
{
    int plugin = (int)random_below(random, PLUGINS);
    int k = (int)random_below(random, KEYS);
    struct cell *cell = &model->cells[plugin][k];
    char key[8];
    char value[16];

    snprintf(key, sizeof key, "k%d", k);
    if (random_below(random, 4) == 0) {
        cell->value = -1;
        return suite_erase(f, plugins[plugin], key, 2);
    }
    cell->value = n;
    cell->expires = random_below(random, 2) ? 0 : (int64_t)(1 + random_below(random, 100));
    snprintf(value, sizeof value, "%d", n);
    return suite_write(f, plugins[plugin], key, 2, value, cell->expires);
}

static const char *agrees(struct state_fixture *f, const struct model *model, int64_t now)
{
    for (int p = 0; p < PLUGINS; p++)
        KEEPS(SAME(suite_dump(f, plugins[p], now), model_dump(model, p, now)));
    KEEPS(SAME(suite_names(f), model_names(model)));
    return NULL;
}

static const char *one_transaction(struct state_fixture *f, struct random *random,
                                   struct model *committed, int number)
{
    int writes = (int)random_below(random, 12);
    int64_t now = (int64_t)random_below(random, 110);
    struct model model = *committed;

    KEEPS(suite_begin_at(f, now));
    for (int i = 0; i < writes; i++)
        KEEPS(random_write(f, random, &model, number * 100 + i));
    if (random_below(random, 5) == 0)
        KEEPS(suite_sweeps(f, now, SIZE_MAX, model_sweep(&model, now)));
    PASSES(agrees(f, &model, now));
    if (random_below(random, 3) == 0) {
        state_rollback(f->store);
    } else {
        KEEPS(suite_commit(f));
        *committed = model;
    }
    return agrees(f, committed, now);
}

static const char *a_long_history_agrees_with_a_model(struct state_fixture *f)
{
    struct random random;
    struct model committed;

    random_init(&random, 42);
    memset(&committed, 0xff, sizeof committed);
    for (int i = 0; i < 120; i++)
        PASSES(one_transaction(f, &random, &committed, i));
    return NULL;
}

static const struct state_rule rules[] = {
    ERAS(a_long_history_agrees_with_a_model),
};
CHAPTER(history);
