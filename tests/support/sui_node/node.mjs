// A full node in front of the chain: simulate, execute, and the time that finality takes.
import { admit, check } from "./admit.mjs";
import { lockKey } from "./chain.mjs";
import { Refused, Rejection } from "./reject.mjs";
import { execute } from "./run.mjs";
import { decode, digestOf, verify } from "./transaction.mjs";

const NO_ABORTS = { take: () => null };

export class Node {
  /** `defect(error)`: told of errors that are this program's own and that no client hears of. */
  constructor(chain, switches, defect) {
    Object.assign(this, { chain, switches, defect });
    this.waiting = new Map(); // digest: promise of the record
    for (const pending of chain.pending.values()) this.resume(pending);
  }

  /** Notes that somebody sent a transaction, whatever becomes of it. */
  noteSubmit(text) {
    const digest = digestOf(text);
    if (digest !== null) this.chain.commit({ k: "submit", digest }, false);
  }

  /** The record that execution would give; the chain stays as it is. */
  simulate(text) {
    const transaction = decode(text);
    const admitted = check(this.chain, transaction, true);
    const aborts = this.switches.abortsOf("simulate");
    return execute(this.chain, transaction, admitted, { signatures: [], aborts, time: Date.now() });
  }

  /** The record, when it is final. The same transaction again gives the same record. */
  async execute(text, signatures) {
    const transaction = decode(text);
    try {
      await verify(transaction, signatures);
      return await this.finalize(transaction, signatures);
    } catch (e) {
      if (e instanceof Rejection) this.noteRejected(transaction, e);
      throw e;
    }
  }

  /** A transaction of somebody who has the key, too: final at once, without a signature. */
  executeUnsigned(text) {
    const transaction = decode(text);
    const admitted = this.admitLocked(transaction);
    const options = { signatures: [], aborts: NO_ABORTS, time: Date.now(), origin: "foreign" };
    return this.chain.commit(execute(this.chain, transaction, admitted, options));
  }

  noteRejected(transaction, error) {
    const { digest, sender } = transaction;
    this.chain.commit({ k: "reject", digest, sender, message: error.message, time: Date.now() }, false);
  }

  /** From here to the record in the log nothing else happens, unless finality is slow. */
  finalize(transaction, signatures) {
    const { digest } = transaction;
    const known = this.chain.executed(digest) ?? this.waiting.get(digest);
    if (known) return known;
    const admitted = this.admitLocked(transaction);
    const finality = this.switches.takeFinality();
    if (finality === null) return this.commit(transaction, admitted, signatures);
    const keys = admitted.references.map(lockKey);
    const due = Date.now() + finality.ms;
    const pending = {
      k: "pending",
      digest,
      bytes: Buffer.from(transaction.bytes).toString("base64"),
      signatures,
      keys,
      due,
    };
    if (finality.durable) this.chain.commit(pending);
    else this.chain.apply(pending);
    return this.resume(pending);
  }

  commit(transaction, admitted, signatures) {
    const aborts = this.switches.abortsOf("execute");
    const record = execute(this.chain, transaction, admitted, { signatures, aborts, time: Date.now() });
    return this.chain.commit(record);
  }

  /** Two transactions that use the same version of an owned object: noted, and locked when neither is final. */
  admitLocked(transaction) {
    this.noteUsedAgain(transaction);
    const { references } = check(this.chain, transaction);
    for (const ref of references) this.lockConflict(transaction, ref);
    return admit(this.chain, transaction);
  }

  noteEquivocation({ objectId, version }, digests, final) {
    this.chain.commit({
      k: "equivocation",
      object: objectId,
      version: Number(version),
      digests,
      final,
      time: Date.now(),
    });
  }

  /** It uses versions that other transactions of clients have used up; it will be refused for that. */
  noteUsedAgain(transaction) {
    for (const ref of ownedReferences(transaction)) {
      const user = this.userOf(ref);
      if (user?.origin === "client" && user.digest !== transaction.digest)
        this.noteEquivocation(ref, [user.digest, transaction.digest], true);
    }
  }

  /** Another transaction has locked the reference: neither will ever be final, and it is locked to the epoch's end. */
  lockConflict(transaction, ref) {
    const key = lockKey(ref);
    const lock = this.chain.locks.get(key);
    if (lock === undefined || lock.digests.includes(transaction.digest)) return;
    const digests = [...lock.digests, transaction.digest];
    this.noteEquivocation(ref, digests, false);
    for (const digest of digests)
      this.drop(digest, `Transaction ${digest} lost its locks to a conflicting transaction`);
    this.chain.commit({ k: "lock", key, digests });
  }

  /** The record of the transaction that used this version up, or null. */
  userOf({ objectId, version }) {
    const versions = this.chain.objects.get(objectId) ?? [];
    const at = versions.findIndex((object) => String(object.version) === String(version));
    const next = at < 0 ? undefined : versions[at + 1];
    return next === undefined ? null : this.chain.order[next.seq - 1];
  }

  drop(digest, why) {
    const waiting = this.waiting.get(digest);
    if (!this.chain.pending.has(digest)) return;
    this.chain.commit({ k: "dropped", digest });
    this.waiting.delete(digest);
    waiting?.fail(new Refused(why));
  }

  /** Waits until a pending transaction is due, then executes it. */
  resume(pending) {
    let fail, settle;
    const promise = new Promise((resolve, reject) => ([settle, fail] = [resolve, reject]));
    promise.catch(() => {}); // after a restart nobody waits for it
    promise.fail = fail;
    this.waiting.set(pending.digest, promise);
    setTimeout(() => this.settle(pending, settle, fail), Math.max(0, pending.due - Date.now()));
    return promise;
  }

  settle(pending, settle, fail) {
    if (!this.chain.pending.has(pending.digest)) return;
    try {
      const transaction = decode(pending.bytes);
      settle(this.commit(transaction, admit(this.chain, transaction), pending.signatures));
    } catch (e) {
      if (!(e instanceof Rejection)) this.defect(e);
      this.chain.commit({ k: "dropped", digest: pending.digest });
      fail(e);
    }
    this.waiting.delete(pending.digest);
  }

  /** What is not final at the end of an epoch never will be by itself. */
  changeEpoch(gasPrice) {
    for (const digest of [...this.chain.pending.keys()])
      this.drop(digest, `Transaction ${digest} was not final at the end of its epoch`);
    const epoch = this.chain.epoch.epoch + 1;
    return this.chain.commit({ k: "epoch", epoch, gasPrice: gasPrice ?? this.chain.epoch.gasPrice, time: Date.now() });
  }
}

function ownedReferences(transaction) {
  const inputs = transaction.inputs.map((input) => input.Object?.ImmOrOwnedObject).filter(Boolean);
  return [...transaction.gas.payment, ...inputs];
}
