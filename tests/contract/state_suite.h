/*
 * state_suite: the contract of state/state.h as rules that any backend must keep.
 *
 * A rule is a function that gets a fixture with an empty store and returns NULL when the store kept
 * the rule, or a sentence that names what broke: so the suite can be run over a backend that is
 * expected to break rules, too.
 *
 * Times. Rules speak of small times, like 1 or 100; the suite counts them from the fixture's
 * origin. A rule marked `eras` is run three times: with the origin in 1970, at the real present and
 * in the year 2200, because a desk's clock is not the server's.
 */
#ifndef ORRERY_TESTS_STATE_SUITE_H
#define ORRERY_TESTS_STATE_SUITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "state/state.h"

/* ---- backends ---- */

/* Another way to a place on a server. */
struct state_route {
    uint16_t port;      /* of 127.0.0.1: a proxy's; 0: the server's own */
    int64_t timeout_ms; /* of connecting and of a request; 0: as `open` has it */
    enum store_mode mode;
    const char *secret; /* NULL: the URL's own */
};

/* One backend under test. `open` on the same `where` after close finds what was committed when
 * `durable`. When its stores are shared, several may be open at once. */
struct state_backend {
    const char *name;
    bool durable;
    void *(*set_up)(void); /* where the data lives; each rule gets a fresh one */
    struct state_store *(*open)(void *where);
    void (*close)(struct state_store *store, void *where);
    void (*tear_down)(void *where);
    /* On a server only (else NULL). Closed by state_close(). */
    int (*open_at)(void *where, const struct state_route *route, struct state_store **out,
                   struct error *e);
    uint16_t (*port)(void *where);
};

extern const struct state_backend state_backends[]; /* those that need no server */
extern const size_t state_backend_count;
extern const struct state_backend server_backends[];
extern const size_t server_backend_count;

/* ---- rules ---- */

struct state_fixture {
    const struct state_backend *backend;
    void *where;
    struct state_store *store;
    int64_t origin_ms;
    char writer[48]; /* a name for stamps that nobody used before */
};

typedef const char *state_rule_fn(struct state_fixture *fixture);

enum state_needs {
    NEEDS_NOTHING,
    NEEDS_OWN,    /* a store without leases */
    NEEDS_SHARED, /* one with leases */
    NEEDS_SERVER  /* one behind a port */
};

struct state_rule {
    const char *name;
    state_rule_fn *check;
    enum state_needs needs;
    bool eras;
};

/* The rules of one file. */
struct state_chapter {
    const char *name;
    const struct state_rule *rules;
    size_t count;
};
extern const struct state_chapter *const state_chapters[]; /* ends with NULL */

/* For tables of rules; a chapter's table is called `rules`. */
#define RULE(rule)                                                                                 \
    {                                                                                              \
        .name = #rule, .check = rule                                                               \
    }
#define ERAS(rule)                                                                                 \
    {                                                                                              \
        .name = #rule, .check = rule, .eras = true                                                 \
    }
#define FOR(need, rule)                                                                            \
    {                                                                                              \
        .name = #rule, .check = rule, .needs = NEEDS_##need                                        \
    }
#define CHAPTER(chapter)                                                                           \
    const struct state_chapter state_##chapter = {#chapter, rules, sizeof rules / sizeof rules[0]}

/* Runs one rule in fresh fixtures; what broke, or NULL (also when the rule is not for it). */
const char *state_suite_run(const struct state_backend *backend, const struct state_rule *rule);

/* Runs all; `broken` is told of each rule that broke and returns whether to go on. The number of
 * rules that broke. */
typedef bool state_broken_fn(void *arg, const struct state_rule *rule, const char *how);
size_t state_suite_run_all(const struct state_backend *backend, state_broken_fn *broken, void *arg);

/* For rules: returns a sentence with the place unless `condition` holds. */
#define KEEPS(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return state_suite_broken(__FILE__, __LINE__, #condition);                             \
    } while (0)

/* For parts of rules, which are rules themselves or return alike. */
#define PASSES(part)                                                                               \
    do {                                                                                           \
        const char *part_broken = (part);                                                          \
        if (part_broken != NULL)                                                                   \
            return part_broken;                                                                    \
    } while (0)

#define SAME(a, b) (strcmp((a), (b)) == 0)

const char *state_suite_broken(const char *file, int line, const char *condition);

/* Closes the store and opens it again on the same data. */
void state_suite_reopen(struct state_fixture *fixture);

/* A second store at the same place, as another daemon has it. */
struct state_fixture state_suite_second(const struct state_fixture *fixture);
void state_suite_leave(struct state_fixture *second);

/* ---- short forms for rules; true on success ---- */

/* Whether a call succeeded; its error is kept for the sentence that names what broke. */
bool suite_ok(int rc, struct error *e);

int64_t suite_now(const struct state_fixture *f, int64_t time); /* a rule's time as a clock's */

/* One write in a transaction of its own; NUL-terminated texts; `expires` 0: never. */
bool suite_put(struct state_fixture *f, const char *plugin, const char *key, const char *value,
               int64_t expires);
bool suite_remove(struct state_fixture *f, const char *plugin, const char *key);

/* The same inside a transaction that the rule has begun; keys with a length. */
bool suite_write(struct state_fixture *f, const char *plugin, const char *key, size_t key_len,
                 const char *value, int64_t expires);
bool suite_erase(struct state_fixture *f, const char *plugin, const char *key, size_t key_len);

bool suite_begin(struct state_fixture *f); /* at time 1 */
bool suite_begin_at(struct state_fixture *f, int64_t now);
bool suite_commit(struct state_fixture *f);

/* Whether a sweep removed this many. */
bool suite_sweeps(struct state_fixture *f, int64_t now, size_t limit, size_t expected);

/* What load gives at `now`, one "key=value@expiry\n" per row; valid until four calls later. */
const char *suite_dump(struct state_fixture *f, const char *plugin, int64_t now);

/* What list gives, one name per line. */
const char *suite_names(struct state_fixture *f);

/* Whether a call failed with this code and a message; clears `e`. */
bool suite_refused(int rc, struct error *e, enum error_code code);

/* ---- leases ---- */

/* True when the take was carried out; `*granted` and `*lease` as state_lease_take gives them. */
bool suite_take(struct state_fixture *f, const char *plugin, const char *owner, int64_t ttl_ms,
                bool *granted, struct state_lease *lease);
/* The same, insisting on the grant: its token, or 0. */
uint64_t suite_grant(struct state_fixture *f, const char *plugin, const char *owner,
                     int64_t ttl_ms);
/* The lease as listed; false when there is none. */
bool suite_lease(struct state_fixture *f, const char *plugin, struct state_lease *lease);
/* Polls until the lease has expired. */
bool suite_await_expiry(struct state_fixture *f, const char *plugin);

#endif
