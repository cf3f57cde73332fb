/*
 * records: questions about what the journal holds, answered as JSON. A running daemon asks them on
 * its journal's thread, a command on a stopped desk in its own process: one code, so that both
 * answers are the same.
 *
 * Each question is bounded: a page of at most RECORDS_PAGE items and about RECORDS_BYTES of text,
 * with a cursor (core/pages.h) for the next one. Times of requests are ms since the epoch; "…_ago"
 * counts back from `now_ms`, the desk's clock.
 *
 * Glossary: cursor = text or null (the list has ended). Unknown runs, strategies and versions are
 * NOT_FOUND.
 *
 * - runs_list (plugin?, status?, version? (number, digest or its beginning), since?, since_ago?,
 *   until?, until_ago?, parent?, limit?, after?) -> {runs: [run…] newest first, next: cursor}; a
 *   run has the fields of run_to_json() (model/run.h)
 * - run_show (run) -> the run, with `logs` [line…], logs_dropped, metadata, deadline_ms, timed_out,
 *   code {number, hash, note, author, created_ms}|null, seen (model/seen.h, digests replaced by
 *   what they name)|null, results [{index, result}…], spans [span…], caused_by {id, plugin, status,
 *   topic}|null, children [the same…] (the first 20), more_children, dead {state, retry}|null, transaction
 *   {digest, state, success?, settled?, account, executor}|null, digest (of that, or of what a
 *   paper vault did)|null
 * - run_logs (run, after_seq?, level?) -> {run, plugin, status, ended, lines: [line…], dropped,
 *   last_seq}
 * - run_trace (run) -> {run, plugin, status, topic, spans: [span…], children: [the same…],
 *   more_children}: at most 100 runs in all
 * - versions_list (plugin, limit?, after?) -> {versions: [version…] newest first, next}
 * - strategies_list (limit?, after?, active?) -> {strategies: [{name, active, current, versions,
 *   created_ms, changed_ms}…], next}
 * - version_show (plugin, version?, content?: bool) -> version, with `active` and, when asked for,
 *   `content` (model/version.h, as text)
 * - dead_page (plugin?, state?, limit?, after?) -> {letters: [letter…] newest first, next}
 * - dead_show (run) -> letter (dead_to_json() of core/dead.h)
 * - run_evidence (run) -> {run, seen (model/seen.h)|null, version {…, content: JSON}|null, snapshots
 *   {digest: text}}: what core/verify.h needs
 * - logs_page (plugin?, level?, limit?, after?) -> {lines: [line with run and plugin…] oldest
 *   first, next, runs: how many runs were looked at}: the newest lines; may hold fewer than asked
 *   for, or none, while `next` is not null
 * - tx_list (state?, vault?, account?, before?: a submission's id, limit?, after?) ->
 *   {transactions: [submission_to_json() of model/submission.h…] newest first, next}
 * - tx_show (tx: its digest or id, or the beginning of one, of at least RECORDS_TX_LEAST
 *   characters) -> the submission, with `base64` (the bytes that are sent) and `run` {id, plugin,
 *   status, topic, reason, actions, error}|null. Beginnings are looked for among the newest
 *   RECORDS_TX_SCAN; CONFLICT when there are several
 *
 * line: {seq, level, at_ms, from, message, fields?}. span: {id, name, start_us, end_us|null,
 * status, metadata?}. version: {strategy, number, hash, note, author, created_ms, is_current}.
 */
#ifndef ORRERY_CORE_RECORDS_H
#define ORRERY_CORE_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct error;
struct journal;

#define RECORDS_PAGE  200               /* items in one answer */
#define RECORDS_BYTES (4 * 1024 * 1024) /* of text, beyond which a page ends early */
#define RECORDS_SCAN  200               /* runs that one logs_page looks at */

#define RECORDS_TX_SCAN  5000
#define RECORDS_TX_LEAST 4

struct record_ask {
    struct journal *journal;
    int64_t now_ms;
    const json_t *request; /* borrowed */
    bool knows_plugin;     /* its `plugin` is part of the running desk */
    const json_t *live; /* the run that it asks for, as long as it is in a daemon's memory; or NULL
                         */
};

bool records_has(const char *op);
/* The answer to request.op: a new reference. */
int records_answer(const struct record_ask *ask, json_t **data, struct error *e);

#endif
