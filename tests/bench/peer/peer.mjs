// The same durable work as orrery's ticks benchmark, as a Node strategy runtime does it: state behind a
// key-value API on drizzle-orm over better-sqlite3, a run record per tick, one transaction per tick.
//
//   node peer.mjs --db FILE --mode full|wal-normal [--statements plain|prepared] [--seconds 5] [--plugins 100]
//
// A tick: 2 state reads, 1 upsert, a second upsert on 30 % of the ticks, 1 run-record insert, commit.
//   full        rollback journal, synchronous=FULL: better-sqlite3's default
//   wal-normal  journal_mode=WAL, synchronous=NORMAL: fast, but the newest commits may be lost with the power
// Prints one JSON line: {"mode", "statements", "ticks", "seconds", "ticks_per_s", "writes_per_tick"}.

import { parseArgs } from "node:util";
import { performance } from "node:perf_hooks";
import Database from "better-sqlite3";
import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

const { values: options } = parseArgs({
  options: {
    db: { type: "string" },
    mode: { type: "string", default: "full" },
    statements: { type: "string", default: "plain" },
    seconds: { type: "string", default: "5" },
    plugins: { type: "string", default: "100" },
  },
});

const PRAGMAS = {
  full: ["journal_mode = DELETE", "synchronous = FULL"],
  "wal-normal": ["journal_mode = WAL", "synchronous = NORMAL"],
};

if (!options.db || !(options.mode in PRAGMAS) || !["plain", "prepared"].includes(options.statements)) {
  console.error("usage: peer.mjs --db FILE --mode full|wal-normal [--statements plain|prepared] [--seconds N] [--plugins N]");
  process.exit(1);
}

const pluginState = sqliteTable("plugin_state", {
  pluginName: text("plugin_name").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
  expiresAt: integer("expires_at"),
}, (t) => [primaryKey({ columns: [t.pluginName, t.key] })]);

const runs = sqliteTable("runs", {
  id: integer("id").primaryKey(),
  plugin: text("plugin").notNull(),
  status: text("status").notNull(),
  trigger: text("trigger").notNull(),
  scheduledAt: integer("scheduled_at").notNull(),
  startedAt: integer("started_at").notNull(),
  finishedAt: integer("finished_at").notNull(),
  reason: text("reason"),
}, (t) => [index("runs_by_plugin").on(t.plugin, t.id)]);

const sqlite = new Database(options.db);
for (const pragma of PRAGMAS[options.mode]) sqlite.pragma(pragma);
sqlite.exec(`
  CREATE TABLE IF NOT EXISTS plugin_state (
    plugin_name TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires_at INTEGER,
    PRIMARY KEY (plugin_name, key));
  CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, plugin TEXT NOT NULL, status TEXT NOT NULL, trigger TEXT NOT NULL,
    scheduled_at INTEGER NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, reason TEXT);
  CREATE INDEX IF NOT EXISTS runs_by_plugin ON runs (plugin, id);
`);
const db = drizzle(sqlite);

// Two ways to write the same queries. `plain` builds each query when it is needed, as the runtime's own
// documentation does and as nearly everybody writes it; `prepared` is the tuned form.
const now = sql.placeholder("now");
const live = or(isNull(pluginState.expiresAt), gt(pluginState.expiresAt, now));
const select = db.select({ value: pluginState.value }).from(pluginState)
  .where(and(eq(pluginState.pluginName, sql.placeholder("plugin")), eq(pluginState.key, sql.placeholder("key")), live))
  .prepare();
const onConflict = {
  target: [pluginState.pluginName, pluginState.key],
  set: { value: sql`excluded.value`, expiresAt: sql`excluded.expires_at` },
};
const upsert = db.insert(pluginState)
  .values({
    pluginName: sql.placeholder("plugin"), key: sql.placeholder("key"),
    value: sql.placeholder("value"), expiresAt: sql.placeholder("expiresAt"),
  })
  .onConflictDoUpdate(onConflict)
  .prepare();
const insert = db.insert(runs)
  .values({
    plugin: sql.placeholder("plugin"), status: sql.placeholder("status"), trigger: "cron",
    scheduledAt: sql.placeholder("at"), startedAt: sql.placeholder("at"), finishedAt: sql.placeholder("at"),
    reason: sql.placeholder("reason"),
  })
  .prepare();

const QUERIES = {
  plain: {
    read: (tx, plugin, key, at) => tx.select({ value: pluginState.value }).from(pluginState)
      .where(and(eq(pluginState.pluginName, plugin), eq(pluginState.key, key),
        or(isNull(pluginState.expiresAt), gt(pluginState.expiresAt, at))))
      .get(),
    write: (tx, plugin, key, value, expiresAt) => tx.insert(pluginState)
      .values({ pluginName: plugin, key, value, expiresAt })
      .onConflictDoUpdate({ target: [pluginState.pluginName, pluginState.key], set: { value, expiresAt } })
      .run(),
    record: (tx, plugin, status, at, reason) => tx.insert(runs)
      .values({ plugin, status, trigger: "cron", scheduledAt: at, startedAt: at, finishedAt: at, reason })
      .run(),
  },
  prepared: {
    read: (_tx, plugin, key, at) => select.get({ plugin, key, now: at }),
    write: (_tx, plugin, key, value, expiresAt) => upsert.run({ plugin, key, value, expiresAt }),
    record: (_tx, plugin, status, at, reason) => insert.run({ plugin, status, at, reason }),
  },
};
const queries = QUERIES[options.statements];

let writes = 0;

class State {
  constructor(tx, plugin, at) {
    Object.assign(this, { tx, plugin, at });
  }
  getOrDefault(key, fallback) {
    const row = queries.read(this.tx, this.plugin, key, this.at);
    return row ? JSON.parse(row.value) : fallback;
  }
  set(key, value, expiresAt = null) {
    writes++;
    queries.write(this.tx, this.plugin, key, JSON.stringify(value), expiresAt);
  }
}

function decide(state, at) {
  const count = state.getOrDefault("count", 0);
  const last = state.getOrDefault("last_trade_ms", 0);
  state.set("count", count + 1);
  if (count % 10 < 3) state.set("last_trade_ms", at);
  return { kind: "noop", reason: last === 0 ? "no trade yet" : "cooling down" };
}

function tick(plugin) {
  db.transaction((tx) => {
    const at = Date.now();
    const action = decide(new State(tx, plugin, at), at);
    queries.record(tx, plugin, action.kind, at, action.reason);
  });
}

const plugins = Array.from({ length: Number(options.plugins) }, (_, i) => `plugin-${i}`);
const seconds = Number(options.seconds);
for (let i = 0; i < plugins.length; i++) tick(plugins[i]); // warm caches and code before the clock starts
writes = 0;
let ticks = 0;
const begin = performance.now();
let elapsed = 0;
while (elapsed < seconds * 1000) {
  for (let i = 0; i < 10; i++) tick(plugins[ticks++ % plugins.length]);
  elapsed = performance.now() - begin;
}
sqlite.close();

console.log(JSON.stringify({
  mode: options.mode,
  statements: options.statements,
  ticks,
  seconds: Number((elapsed / 1000).toFixed(3)),
  ticks_per_s: Math.round(ticks / (elapsed / 1000)),
  writes_per_tick: Number((writes / ticks).toFixed(3)),
}));
