// Execution of an admitted transaction: its commands on working copies, then gas, then the new versions of everything
// that it wrote. Nothing here changes the chain: the result is the record for the log.
import { fromBase58, toBase64 } from "@mysten/sui/utils";
import { effectsOf } from "./effects.mjs";
import * as gas from "./gas.mjs";
import { runCommand } from "./commands.mjs";
import { MAX_U64, childId, isShared, seal } from "./objects.mjs";
import { Failure } from "./reject.mjs";

const BASE_UNITS = 300n;
const COMMAND_UNITS = 100n;

/** The objects that a transaction works on, and the values of its inputs and results. */
export class Run {
  constructor(chain, transaction, admitted, aborts) {
    Object.assign(this, { chain, transaction, aborts });
    this.digest = fromBase58(transaction.digest);
    this.created = 0;
    this.units = BASE_UNITS + COMMAND_UNITS * BigInt(transaction.commands.length);
    this.results = [];
    this.reset(admitted);
  }

  /** As before the first command: gas coins merged into the first, all inputs unchanged. */
  reset({ coins, objects }) {
    this.work = new Map(); // id: {object, before, mutable, deleted}
    for (const coin of coins) this.enter(coin, true);
    this.gasCoin = this.work.get(coins[0].id);
    for (const coin of coins.slice(1)) this.mergeInto(this.gasCoin, this.work.get(coin.id));
    for (const input of objects.filter(Boolean)) this.enter(input.object, input.mutable);
    this.inputs = this.transaction.inputs.map((input, i) =>
      input.Pure
        ? { kind: "pure", bytes: Buffer.from(input.Pure.bytes, "base64") }
        : { kind: "object", id: objects[i].object.id },
    );
  }

  enter(object, mutable) {
    this.work.set(object.id, { object: structuredClone(object), before: object, mutable, deleted: false });
  }

  /** A new object without an owner: the transaction must give it one, or pass it on. */
  create(type, kind, fields) {
    const id = childId(this.digest, this.created++);
    const entry = { object: { id, type, kind, fields, owner: null }, before: null, mutable: true, deleted: false };
    this.work.set(id, entry);
    return entry;
  }

  mergeInto(target, source) {
    const sum = BigInt(target.object.fields.balance) + BigInt(source.object.fields.balance);
    if (sum > MAX_U64) throw new Failure("CoinBalanceOverflow", { CoinBalanceOverflow: true });
    target.object.fields.balance = String(sum);
    source.deleted = true;
  }

  spend(entry, amount) {
    const held = BigInt(entry.object.fields.balance);
    const reserved = entry === this.gasCoin ? BigInt(this.transaction.gas.budget) : 0n;
    if (held - reserved < amount) throw new Failure("InsufficientCoinBalance", { InsufficientCoinBalance: true });
    entry.object.fields.balance = String(held - amount);
  }

  written() {
    return [...this.work.values()].filter((entry) => entry.mutable && !entry.deleted);
  }

  overwritten() {
    return [...this.work.values()]
      .filter((entry) => entry.mutable && entry.before !== null)
      .map((entry) => entry.before);
  }
}

function runAll(run) {
  for (const [index, command] of run.transaction.commands.entries()) {
    try {
      run.results.push(runCommand(run, command));
    } catch (e) {
      if (e instanceof Failure) e.command = index;
      throw e;
    }
  }
  const results = run.results.entries();
  for (const [resultIdx, slots] of results) {
    for (const [secondaryIdx, slot] of slots.entries()) {
      const ids = slot.ids ?? (slot.kind === "object" ? [slot.id] : []);
      if (ids.some((id) => run.work.get(id).object.owner === null && !run.work.get(id).deleted)) {
        throw new Failure("UnusedValueWithoutDrop", { UnusedValueWithoutDrop: { resultIdx, secondaryIdx } });
      }
    }
  }
}

function charge(run) {
  const { price, budget } = run.transaction.gas;
  const cost = gas.computation(run.units, BigInt(price));
  const costs = gas.summary(
    cost,
    run.overwritten(),
    run.written().map((entry) => entry.object),
  );
  if (gas.needed(costs) > BigInt(budget)) throw new Failure("InsufficientGas", { InsufficientGas: true });
  return costs;
}

/** What a failed transaction pays: at most its budget. */
function chargeFailed(run) {
  try {
    return charge(run);
  } catch {
    return { computation: BigInt(run.transaction.gas.budget), storage: 0n, rebate: 0n, nonRefundable: 0n };
  }
}

function attempt(run, admitted) {
  try {
    runAll(run);
    return { gas: charge(run), failure: null };
  } catch (e) {
    if (!(e instanceof Failure)) throw e;
    run.reset(admitted);
    return { gas: chargeFailed(run), failure: e };
  }
}

const change = (entry, sealed) => ({
  id: entry.object.id,
  before: entry.before && { version: entry.before.version, digest: entry.before.digest, owner: entry.before.owner },
  after: sealed.deleted ? null : { version: sealed.version, digest: sealed.digest, owner: sealed.owner },
});

/** Every changed object as it is after the transaction, and the changes; those created and deleted in it left out. */
function outcome(run, lamport) {
  const entries = [...run.work.values()]
    .filter((entry) => entry.mutable && !(entry.deleted && entry.before === null))
    .sort((a, b) => (a.object.id < b.object.id ? -1 : 1));
  const writes = entries.map((entry) =>
    entry.deleted
      ? { id: entry.object.id, version: lamport, deleted: true }
      : seal({ ...entry.object, owner: shareAt(entry, lamport) }, lamport, run.transaction.digest),
  );
  return { writes, changes: entries.map((entry, i) => change(entry, writes[i])) };
}

const shareAt = ({ object, before }, lamport) =>
  before === null && isShared(object) ? { Shared: { initialSharedVersion: lamport } } : object.owner;

const ordinal = (n) => `${n}${{ 1: "st", 2: "nd", 3: "rd" }[n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;

function describe(failure) {
  if (failure === null) return null;
  const { abort, command } = failure;
  const where = command === null ? "" : ` in ${ordinal(command + 1)} command`;
  const at = abort && `${abort.package}::${abort.module}::${abort.function}`;
  const message = abort
    ? `Error${where}, from '${at}' (instruction 1), abort code: ${abort.code}`
    : `${failure.message}${where}`;
  return { message, error: failure.error, command, abort };
}

/** The record of kind "tx". `aborts`: see Switches. */
export function execute(chain, transaction, admitted, { signatures, aborts, time, origin = "client" }) {
  const run = new Run(chain, transaction, admitted, aborts);
  const { gas: costs, failure } = attempt(run, admitted);
  const balance = BigInt(run.gasCoin.object.fields.balance);
  run.gasCoin.object.fields.balance = String(balance - gas.net(costs));
  const lamport = 1 + Math.max(...[...run.work.values()].filter((e) => e.before).map((e) => e.before.version));
  const { writes, changes } = outcome(run, lamport);
  const record = {
    k: "tx",
    digest: transaction.digest,
    bytes: toBase64(transaction.bytes),
    signatures,
    sender: transaction.sender,
    epoch: chain.epoch.epoch,
    time,
    origin,
    failure: describe(failure),
    gas: Object.fromEntries(Object.entries(costs).map(([name, value]) => [name, String(value)])),
    gasObject: run.gasCoin.object.id,
    lamport,
    writes,
    changes,
    dependencies: [...new Set([...run.work.values()].filter((e) => e.before).map((e) => e.before.previous))].sort(),
    reads: [...run.work.values()].filter((e) => !e.mutable && isShared(e.before)).map(({ before }) => before),
  };
  return { ...record, ...effectsOf(record) };
}
