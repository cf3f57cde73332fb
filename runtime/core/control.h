/*
 * control: how commands talk to a running daemon. A Unix socket DESK/<data>/orrery.sock (mode
 * 0600); one JSON object per line in each direction, requests of at most 256 KiB, answers of at
 * most 64 MiB; any number of requests per connection, answered in order.
 *
 * Request   {"op": NAME, …}
 * Answer    {"ok": true, "data": …}   or   {"ok": false, "code": "NOT_FOUND", "message": "…",
 * "hint": "…"?}
 *
 * op             arguments                                   data
 * status         -                                           {version, lua, desk, pid, started_at
 * (ms), now, uptime_ms, dry_run, clock ("real"|"data"), state ("running"|"draining"|"stalled"),
 * stall (text|null), counters {received, noop, completed, rejected, failed, skipped, running,
 * queued, requeued, missed}, noop_reasons [{plugin, reason, count}…] (most frequent first, at most
 * 20), plugins [{name, file, version, vault, health ("healthy"|"unhealthy"|"quarantined"),
 * skip_left, reason, worker, running, queued, next_due (ms|null), counters {…}, state_url,
 * state_keys, memory, last_error, triggers [text…]}…], vaults [{id, executor, nav, quote_balance,
 * pm_balance, open_positions, exposure, is_frozen, permissions, batches}…] (amounts: integers or
 * decimal strings), feeds [{name, kind, spot, at, stale, updates, failures, last_error}…], stores
 * [{url, role ("journal"|"state"), depth, commits, ticks, last_error, stalled}…], workers [{index,
 * pid, plugins, restarts, cpu_ms}…]} fire           plugin, payload? (any JSON), wait? (bool) {run,
 * status, reason?, error?, actions?, result?}; without wait {run} once it is durable emit topic,
 * payload?                             {subscribers, runs: [id…]}: durable when answered reload
 * plugin? {reloaded: [{plugin, version, changed}…]}; a broken desk is refused whole runs plugin?,
 * status?, limit, before?            [run…] newest first (fields of model/run.h; ids as text;
 * payload, actions, result, error, logs as JSON) run            id run state_get      plugin, key
 * {key, value, expires_at|null}; NOT_FOUND state_keys     plugin [{key, expires_at|null}…]
 * state_set      plugin, key, value, ttl_ms?                 {}: durable, and seen by the plugin's
 * next tick state_delete   plugin, key                                 {existed} stop           -
 * {}: drains and exits
 */
#ifndef ORRERY_CORE_CONTROL_H
#define ORRERY_CORE_CONTROL_H

#define CONTROL_MAX_LINE (256 * 1024)
#define CONTROL_SOCKET   "orrery.sock"
#define CONTROL_LOCK     "orrery.lock"

#endif
