/*
 * records_parts: what the questions of records.h share. Used by records*.c only.
 */
#ifndef ORRERY_CORE_RECORDS_PARTS_H
#define ORRERY_CORE_RECORDS_PARTS_H

#include <stddef.h>

#include "base/error.h"
#include "core/records.h"
#include "journal/journal.h"

typedef int record_fn(const struct record_ask *ask, json_t **data, struct error *e);

record_fn record_runs_list, record_run_show, record_run_logs, record_run_trace,
    record_versions_list, record_strategies_list, record_version_show, record_dead_page,
    record_dead_show, record_logs_page, record_run_evidence, record_tx_list, record_tx_show;

/* ---- arguments: absent and null are the same ---- */

const char *record_text(const struct record_ask *ask, const char *name); /* or NULL */
int record_limit(const struct record_ask *ask, size_t *out, struct error *e);
int record_level(const struct record_ask *ask, enum log_level *out, struct error *e);
/* `plugin`: NULL when there is none. */
int record_plugin(const struct record_ask *ask, const char **out, struct error *e);
/* `after`: 0 and 0 when there is none. */
int record_after(const struct record_ask *ask, uint64_t *at, uint32_t *within, struct error *e);
/* The cursor of this question's next page: a new reference. */
json_t *record_next(const struct record_ask *ask, uint64_t at, uint32_t within);
/* `name` of a run; one that cannot be an id is no run. */
int record_run_id(const struct record_ask *ask, const char *name, uint64_t *out, struct error *e);

/* ---- answers ---- */

int record_no_run(const char *id, struct error *e); /* NOT_FOUND, always -1 */
json_t *record_parsed(const char *text);            /* of JSON text; null for none */
json_t *record_line(const struct run_log *log);     /* a line */
size_t record_weight(const struct run *run);        /* bytes of its texts */
int record_stopped(int walked);                     /* a walk's result: 1 is no failure */

/* A strategy that the journal knows by a version or by a run; NOT_FOUND with the nearest name. */
int record_check_plugin(const struct record_ask *ask, const char *plugin, struct error *e);
/* `version` (number, digest or the beginning of one) as a digest. `plugin` may be NULL for a whole
 * digest only. */
int record_find_version(const struct record_ask *ask, const char *plugin, const char *version,
                        char out[DIGEST_TEXT_SIZE], struct error *e);
json_t *record_version(const struct strategy_version *version);

/* One run, wherever it is: on record, in a daemon's memory, or a trigger that waits on record for
 * the next start. */
struct record_run {
    uint64_t id;
    json_t *json; /* run_to_json(); owned */
    char *seen;   /* owned, or NULL */
    uint64_t parent;
    enum run_status status;
    bool on_record; /* its parts can be asked for */
};
/* NOT_FOUND when there is none. */
int record_get_run(const struct record_ask *ask, uint64_t id, struct record_run *out,
                   struct error *e);
void record_run_release(struct record_run *run);

/* What `seen` says, with the snapshots in the place of their digests: a new reference; null for
 * none. */
int record_seen(struct journal *j, const char *seen, json_t **out, struct error *e);
/* {lines, dropped, last}: of the run's lines at or above `level` behind `after_seq`. */
int record_lines(struct journal *j, uint64_t run, enum log_level level, uint64_t after_seq,
                 json_t *lines, uint64_t *dropped, uint64_t *last, struct error *e);
int record_spans(struct journal *j, uint64_t run, json_t *spans, struct error *e);

/* {id, plugin, status, topic, reason?, actions} of the run's first `limit` children. */
int record_children(struct journal *j, uint64_t run, size_t limit, json_t *children, bool *more,
                    struct error *e);

#endif
