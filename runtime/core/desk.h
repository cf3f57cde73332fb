/*
 * desk: a folder with orrery.lua, strategies/ and lib/, read from disk into memory. Files are read
 * by core only; what they say is evaluated in a jailed worker.
 */
#ifndef ORRERY_CORE_DESK_H
#define ORRERY_CORE_DESK_H

#include <stddef.h>
#include <stdint.h>

#include "model/config.h"
#include "model/manifest.h"

struct error;
struct problems;
struct registry;

struct desk_file {
    char *path;   /* relative to the desk: "strategies/momentum.lua" */
    char *name;   /* modules: what require() takes: "risk" for lib/risk.lua, "orrery.indicators" for
                     the standard library */
    char *source; /* NUL-terminated; NULL: a strategy that could not be read */
    size_t len;
};

struct desk_files {
    struct desk_file *items;
    size_t count;
};

struct desk {
    char *dir;
    struct desk_file config_file;
    struct desk_files strategies; /* sorted by path */
    struct desk_files modules;    /* lib/ and the standard library (which is compiled in) */
};

/* Reads orrery.lua and the modules; NOT_FOUND when there is no orrery.lua. The strategies' folder
 * is known once the configuration is: desk_read_strategies() adds them, and a problem for each that
 * cannot be read. */
int desk_read(const char *dir, struct desk *out, struct error *e);
int desk_read_strategies(struct desk *desk, const char *folder, struct problems *problems,
                         struct error *e);
void desk_release(struct desk *desk);

/* What `orrery check` knows about one strategy. */
struct check_plugin {
    char *file;
    char *name;
    char *vault;
    char *triggers; /* "every 5s, event price.btc, manual" */
    char *state;    /* URL */
    struct manifest manifest;
};
struct check_vault {
    char id[LIMIT_NAME_BYTES + 1];
    char executor[32];
};
struct check_report {
    char *journal;
    struct check_plugin *plugins;
    size_t plugin_count;
    struct check_vault *vaults;
    size_t vault_count, feed_count;
    char lua[32];
};

/* Validates the whole desk without running any decide(): all problems at once. 0 when there was no
 * error among the problems; -1 with `e` only when checking itself was impossible. */
int desk_check(const char *dir, const struct registry *registry, struct check_report *report,
               struct problems *problems, struct error *e);
void check_report_release(struct check_report *report);

/* The configuration alone (evaluated in a throw-away worker), for commands on a stopped desk.
 * `state_url` for a plugin asks the factory. */
struct desk_session;
int desk_session_open(const char *dir, struct desk_session **out, struct problems *problems,
                      struct error *e);
const struct config *desk_session_config(const struct desk_session *session);
int desk_session_state_url(struct desk_session *session, const char *plugin, char **url,
                           struct error *e);
void desk_session_close(struct desk_session *session);

/* Tries every probe of io/confine.h, each in a throw-away worker. `each` gets what/description and
 * how it ended: killed by SIGSYS ("killed"), refused with an errno ("refused: EACCES"), or allowed.
 */
typedef void probe_fn(void *arg, const char *what, const char *description, const char *outcome,
                      int contained);
/* `in_force` receives what a worker reports of its own confinement: "seccomp, no_new_privs, …". */
int desk_probe_confinement(probe_fn *each, void *arg, char *in_force, size_t size, struct error *e);

#endif
