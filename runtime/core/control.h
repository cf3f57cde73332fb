/*
 * control: how commands talk to a running daemon. A Unix socket DESK/<data>/orrery.sock (mode
 * 0600); one JSON object per line in each direction, requests of at most 256 KiB (more when
 * limits.value_bytes is larger than that: twice as much), answers of at most 64 MiB; any number of
 * requests per connection, answered in order.
 *
 * Request   {"op": NAME, …}
 * Answer    {"ok": true, "data": …}   or   {"ok": false, "code": "NOT_FOUND", "message": "…",
 * "hint": "…"?}
 *
 * Operations, with their arguments and the data of the answer
 *
 * - status () -> {version, lua, desk, pid, started_at (ms), now, uptime_ms, dry_run, clock
 *   ("real"|"data"), state ("running"|"draining"|"stalled"), stall (text|null), counters {received,
 *   noop, completed, rejected, failed, cancelled, skipped, running, queued, requeued, missed},
 * noop_reasons
 *   [{plugin, reason, count}…] (most frequent first, at most 20), plugins [{name, file, version,
 *   vault, health ("healthy"|"unhealthy"|"quarantined"|"broken"|"standby"), reason (in standby: who
 *   runs it), waits_for_store (bool), lease (token|null), skip_left, worker, running, queued,
 * next_due (ms|null), counters {…}, state_url, state_keys, memory, last_error, triggers [text…]}…],
 * vaults [{id, executor, nav, quote_balance, pm_balance, open_positions, exposure, is_frozen,
 * permissions, batches}…] (amounts: integers or decimal strings), feeds [{name, kind, spot, at,
 * stale, updates, failures, last_error}…], stores [{url, role ("journal"|"state"), connection,
 * state ("working"|"away"|"connecting"), degraded (it works, and a commit took more than 1 s in the
 * last minute), slow_at (ms|null), slow_us, stalled, stall (why|null),
 * failures, depth, commits, ticks, latency_us, last_error, last_error_code, last_error_at,
 * warnings}…], workers [{index, pid, plugins, restarts, cpu_ms}…]} and journal (null before the
 * first look) {at (ms), kept, open, oldest (ms|null), pending, versions, snapshots, snapshot_bytes,
 * bytes, dead_open, submissions_open, ended {status: all that ever ended}}, retention {every_ms,
 * age_ms, keep_runs, dead_ms, running, began_at, ended_at, last_removed, removed, backlog (beyond
 * keep_runs), slices, slice_us, error}, dead_made (in this session), long_running [{run, plugin,
 * status, since, ms}…] (at most 20), live (was --live given), transactions {open, oldest_ms,
 * settled, dead (in this session), list [{id, digest, vault, account, age_ms, tries, why?}…] (the
 * oldest 20 that are open)}, outside [{vault, executor, account, live, obstacle?, status: the
 * executor's own}…]
 * - fire (plugin, payload?: any JSON, wait?: bool, deadline_ms?: to start within) -> {run, status,
 * reason?, error?, actions?, result?}; without wait {run}, once it is durable
 * - emit (topic, payload?, deadline_ms?) -> {subscribers, runs: [id…]}: durable when answered
 * - reload (plugin?) -> {reloaded: [{plugin, version, changed}…]}; a broken desk is refused whole
 * - deploy (plugin?, note?, author?) -> {deployed: [{plugin, version, number, new, changed}…]}: a
 *   reload whose versions have this note, durable when answered; what was deactivated is active
 *   again
 * - deactivate (plugin) -> {strategy, active: false}: durable; its triggers are skipped from now on
 * - runs (plugin?, status?, limit, before?) -> [run…] newest first (fields of model/run.h; ids as
 *   text; payload, actions, result, error, logs as JSON)
 * - run (id) -> run
 * - state_get (plugin, key) -> {key, value, expires_at|null}; NOT_FOUND
 * - state_keys (plugin) -> [{key, expires_at|null}…]
 * - state_set (plugin, key, value, ttl_ms?) -> {}: durable, and seen by the plugin's next tick
 * - state_delete (plugin, key) -> {existed}
 * - state_export (plugin) -> {plugin, exported_at, entries: [{key, value, expires_at|null}…]}: the
 *   live ones
 * - state_import (plugin, entries: [{key, value: JSON as text, expires_at?}…], part?, more?,
 *   replace?) -> {written, same, removed, expired}: durable, and seen whole by the plugin's next
 *   tick. With more: true -> {}: it is one of several parts, numbered from 0, which are kept with
 *   the connection until the last one, without it, makes all of them one change. A part that is
 *   wrong ends the import. `replace`: the plugin's other keys are removed
 * - cancel (run, reason?) -> {run, status: "cancelled"}: durable. CONFLICT for a run that is
 * running or has ended, NOT_FOUND
 * - dead_list (plugin?, state? ("open"|"retried"|"discarded"), limit?, before?) -> [{run, plugin,
 *   state, trigger, topic, payload, error, attempts, depth, parent, at, settled_at, retry}…] newest
 *   first
 * - dead_retry (run | all: true, plugin?) -> {settled: [{run, plugin, retry}…], more}: each
 * letter's trigger is fired again as the run `retry`, once; letters whose strategy cannot run now
 * are left (one named by `run`: CONFLICT). At most 1000 at once: `more` says that there are further
 * ones
 * - dead_discard (run | all: true, plugin?) -> the same, retry null
 * - trim (age_ms?, runs?) -> {runs, snapshots, events, dead, submissions, more}: a round of
 *   retention now, with these limits instead of orrery.lua's; answered when it is over
 * - the questions of core/records.h: runs_list, run_show, run_logs, run_trace, versions_list,
 *   strategies_list, version_show, dead_page, dead_show, logs_page; and log_tail of core/tail.h
 * - tx_list, tx_show: likewise
 * - tx_resume (id?: of an open submission) -> {pursued: how many are asked about now instead of
 *   waiting for their next attempt}. NOT_RUNNING while the daemon stops
 * - stop () -> {}: drains and exits
 */
#ifndef ORRERY_CORE_CONTROL_H
#define ORRERY_CORE_CONTROL_H

#define CONTROL_MAX_LINE  (256 * 1024)
#define CONTROL_LINE_REST (16 * 1024) /* what stands beside a value in the longest request */
#define CONTROL_SOCKET    "orrery.sock"
#define CONTROL_LOCK      "orrery.lock"

#endif
