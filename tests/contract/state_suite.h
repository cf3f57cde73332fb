/*
 * state_suite: the contract of state/state.h as rules that any backend must keep.
 *
 * A rule is a function that gets a fixture with an empty store and returns NULL when the store kept
 * the rule, or a sentence that names what broke: so the suite can be run over a backend that is
 * expected to break rules, too.
 */
#ifndef ORRERY_TESTS_STATE_SUITE_H
#define ORRERY_TESTS_STATE_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "state/state.h"

/* One backend under test. `open` on the same `where` after close finds what was committed when
 * `durable`. */
struct state_backend {
    const char *name;
    bool durable;
    void *(*set_up)(void); /* where the data lives; each rule gets a fresh one */
    struct state_store *(*open)(void *where);
    void (*close)(struct state_store *store, void *where);
    void (*tear_down)(void *where);
    /* On a server only: the same place through another port of 127.0.0.1 (a proxy); its own. */
    struct state_store *(*open_at)(void *where, uint16_t port);
    uint16_t (*port)(void *where);
};

extern const struct state_backend state_backends[];
extern const size_t state_backend_count;
extern const struct state_backend server_backends[];
extern const size_t server_backend_count;

struct state_fixture {
    const struct state_backend *backend;
    void *where;
    struct state_store *store;
};

typedef const char *state_rule_fn(struct state_fixture *fixture);

struct state_rule {
    const char *name;
    state_rule_fn *check;
};

extern const struct state_rule state_rules[];
extern const size_t state_rule_count;

/* Runs one rule in a fresh fixture; what broke, or NULL. */
const char *state_suite_run(const struct state_backend *backend, const struct state_rule *rule);

/* For rules: returns a sentence with the place unless `condition` holds. */
#define KEEPS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return state_suite_broken(__FILE__, __LINE__, #condition);                             \
    } while (0)

const char *state_suite_broken(const char *file, int line, const char *condition);

/* Closes the store and opens it again on the same data. */
void state_suite_reopen(struct state_fixture *fixture);

/* Short forms: one write in a transaction of its own; NUL-terminated texts. True on success. */
bool suite_put(struct state_store *store, const char *plugin, const char *key, const char *value,
               int64_t expires_ms);
bool suite_remove(struct state_store *store, const char *plugin, const char *key);

/* The same inside a transaction that the rule has begun; keys with a length. */
bool suite_write(struct state_store *store, const char *plugin, const char *key, size_t key_len,
                 const char *value, int64_t expires_ms);
bool suite_erase(struct state_store *store, const char *plugin, const char *key, size_t key_len);

bool suite_begin(struct state_store *store);
bool suite_commit(struct state_store *store);

/* What load gives at `now_ms`, one "key=value@expiry\n" per row; valid until the next call. */
const char *suite_dump(struct state_store *store, const char *plugin, int64_t now_ms);

/* What list gives, one name per line. */
const char *suite_names(struct state_store *store);

#endif
