/*
 * versions: the texts that strategies run as, on record (model/version.h).
 *
 * A version is put into the journal when it is loaded: at the start (note "start"), by a reload
 * ("reload") or a deployment (its own note). Until that is durable nothing of it runs, so that each
 * run's version is on record before the run. Text that is the strategy's current version already is
 * not written again.
 *
 * A strategy that an operator has deactivated stays so, also over restarts, as long as its text
 * does: new text activates it, and so does a deployment of whatever text.
 *
 * The author is who runs the daemon, unless a deployment says otherwise.
 */
#ifndef ORRERY_CORE_VERSIONS_H
#define ORRERY_CORE_VERSIONS_H

#include <jansson.h>

#include "core/desk.h"
#include "core/engine.h"
#include "model/version.h"

struct registry;

/* The content of a strategy's version, as JSON text, and its hash. `modules`: what it requires;
 * `orrery`: the version of the program, which stands for its standard library. LIMIT when it is
 * larger than VERSION_SOURCE_BYTES. A file that is not UTF-8 is kept with one character per byte,
 * and says so ("bytes": true). */
int version_content(const struct desk_file *file, const struct desk_files *modules,
                    const char *const *required, size_t count, const char *orrery, char **content,
                    char hash[DIGEST_TEXT_SIZE], struct error *e);

/* What a version's file or module (an object of its content) says: a new string with its length;
 * NULL for one of the standard library, and for what is none. */
char *version_source(const json_t *part, size_t *len);

/* The login name of whoever runs this process. Returns `out`. */
char *version_author(char out[VERSION_AUTHOR_BYTES + 1]);

struct deployment {
    char note[VERSION_NOTE_BYTES + 1];
    char author[VERSION_AUTHOR_BYTES + 1];
};
/* From a request's `note` and `author`; INVALID, LIMIT. */
int deployment_read(const json_t *request, struct deployment *out, struct error *e);

/* For a stopped desk, whose lock the caller has: loads it and puts the versions on record. `plugin`
 * NULL: all. `*data` as the control operation "deploy" answers. */
int versions_deploy_stopped(const char *desk, const struct registry *registry,
                            struct journal *journal, const char *plugin,
                            const struct deployment *deployment, int64_t now_ms, json_t **data,
                            struct error *e);

/* ---- between the files versions*.c ---- */

struct version_item {
    struct plugin *held; /* waits for it; NULL: nobody */
    char name[LIMIT_NAME_BYTES + 1];
    char hash[DIGEST_TEXT_SIZE];
    char *content;
    uint32_t number; /* when it is on record */
    bool is_new, is_inactive;
};

struct version_batch {
    struct version_item *items;
    size_t count;
    char note[VERSION_NOTE_BYTES + 1];
    char author[VERSION_AUTHOR_BYTES + 1];
    bool activates; /* also text that is the current one */
    int64_t now_ms;
    void (*done)(struct version_batch *batch, struct engine *engine, bool failed); /* or NULL */
    void *arg;
};

struct version_batch *version_batch_new(const char *note, const char *author, bool activates);
void version_batch_add(struct version_batch *batch, const char *name, const char *hash,
                       const char *content, struct plugin *held);
void version_batch_free(struct version_batch *batch);
/* In the store's thread, or on a stopped desk; within a transaction. May be repeated. */
int version_batch_write(struct version_batch *batch, struct journal *journal, struct error *e);
/* Takes the batch over. */
void version_batch_push(struct version_batch *batch, struct engine *engine);
json_t *version_batch_json(const struct version_batch *batch);

#endif
