#include "contract/wrong_state.h"

#include <stdlib.h>
#include <string.h>

/* The operations as they should be, which mistakes call, and as they are. */
struct wrong_ops wrong_state_right;
static struct wrong_ops wrong;

static const struct state_backend *find_backend(const char *name)
{
    for (size_t i = 0; i < state_backend_count; i++)
        if (strcmp(state_backends[i].name, name) == 0)
            return &state_backends[i];
    abort();
}

static const struct state_backend *base;

/* The store that the right one opened, with other ops. */
static struct state_store *open_wrong(void *where)
{
    struct state_store *store = base->open(where);

    wrong.state.leases = store->ops->leases == NULL ? NULL : &wrong.leases;
    store->ops = &wrong.state;
    if (wrong.state.leases != NULL)
        ((struct remote_store *)store)->remote = &wrong.remote;
    return store;
}

static void learn(void)
{
    void *where = base->set_up();
    struct state_store *store = base->open(where);

    wrong_state_right.state = *store->ops;
    if (store->ops->leases != NULL) {
        wrong_state_right.leases = *store->ops->leases;
        wrong_state_right.remote = *((struct remote_store *)store)->remote;
    }
    base->close(store, where);
    base->tear_down(where);
}

const struct state_backend *wrong_state_backend(const struct wrong_state *mistake, bool is_shared)
{
    static struct state_backend backend;

    base = find_backend(is_shared ? "shared" : "memory");
    learn();
    wrong = wrong_state_right;
    if (mistake != NULL)
        mistake->spoil(&wrong);
    backend = *base;
    backend.name = mistake != NULL ? mistake->mistake : "right";
    backend.open = open_wrong;
    return &backend;
}
