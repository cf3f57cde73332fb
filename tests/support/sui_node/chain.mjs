// The chain's state: every version of every object, transactions in their order (each a checkpoint of its own), epochs,
// locks of owned objects. It changes only by records, which are in the log first; reading the log again gives the same.
//
//   genesis   {chain, epoch, gasPrice, time}      tx       a transaction with all that it wrote, see run.mjs
//   epoch     {epoch, gasPrice, time}             pending  {digest, bytes, signatures, keys, due}: accepted, not final
//   targets   {targets}: what Move calls do       dropped  {digest}: a pending one that will never be final
//   submit    {digest}: somebody sent it          reject   {digest, sender, message, time}
//   prune     {digest, forget}: not answered      lock     {key, digests}: locked to the end of the epoch
//   equivocation {object, version, digests, time, final}: two transactions used the same version of an owned object
import { Log } from "./log.mjs";

const MAX_REJECTED = 10000;

export const lockKey = (ref) => `${ref.objectId}:${ref.version}`;

export class Chain {
  constructor() {
    this.chain = null;
    this.seq = 0;
    this.epochs = []; // {epoch, gasPrice, seq, time}, the newest last
    this.objects = new Map(); // id: its versions, the newest last
    this.transactions = new Map(); // digest: record
    this.order = []; // the record with seq n at n - 1
    this.locks = new Map(); // lockKey: {digests, dead: until the epoch's end}
    this.equivocations = [];
    this.pending = new Map();
    this.submits = new Map();
    this.rejected = [];
    this.pruned = new Map(); // digest: whether validators have forgotten it, too
    this.targets = {};
  }

  static open(file, genesis) {
    const chain = new Chain();
    chain.log = Log.open(file, (record) => chain.apply(record));
    if (chain.chain === null) chain.commit({ k: "genesis", ...genesis });
    return chain;
  }

  commit(record, durable = true) {
    this.log.append(record, durable);
    this.apply(record);
    return record;
  }

  apply(record) {
    const one = APPLY[record.k];
    if (one === undefined) throw new Error(`no record is called '${record.k}'`);
    one(this, record);
  }

  get epoch() {
    return this.epochs.at(-1);
  }

  /** As of transaction `at`. */
  epochAt(at) {
    return this.epochs.findLast((epoch) => epoch.seq <= at) ?? this.epochs[0];
  }

  /** The object's version as of transaction `at`, or null. */
  object(id, at = this.seq) {
    const found = this.objects.get(id)?.findLast((version) => version.seq <= at);
    return found === undefined || found.deleted ? null : found;
  }

  /** All that an address owns as of `at`, by id. */
  owned(address, at = this.seq) {
    const found = [];
    for (const id of this.objects.keys()) {
      const object = this.object(id, at);
      if (object?.owner.AddressOwner === address) found.push(object);
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Also when queries do not find it any more. */
  executed(digest) {
    return this.pruned.get(digest) ? null : (this.transactions.get(digest) ?? null);
  }

  /** What a query by digest finds. */
  transaction(digest, at = this.seq) {
    const found = this.executed(digest);
    return found === null || found.seq > at || this.pruned.has(digest) ? null : found;
  }
}

function addEpoch(chain, { epoch, gasPrice, time }) {
  chain.epochs.push({ epoch, gasPrice, time, seq: chain.seq });
  chain.locks.clear();
}

/** A pending transaction and its locks, except those that are dead. */
function forget(chain, digest) {
  for (const key of chain.pending.get(digest)?.keys ?? []) {
    if (!chain.locks.get(key)?.dead) chain.locks.delete(key);
  }
  chain.pending.delete(digest);
}

const APPLY = {
  genesis(chain, record) {
    chain.chain = record.chain;
    addEpoch(chain, record);
  },
  epoch: addEpoch,
  tx(chain, record) {
    record.seq = ++chain.seq;
    chain.transactions.set(record.digest, record);
    chain.order.push(record);
    forget(chain, record.digest);
    for (const object of record.writes) {
      const versions = chain.objects.get(object.id) ?? [];
      versions.push({ ...object, seq: record.seq });
      chain.objects.set(object.id, versions);
    }
  },
  pending(chain, record) {
    chain.pending.set(record.digest, record);
    for (const key of record.keys) chain.locks.set(key, { digests: [record.digest], dead: false });
  },
  dropped(chain, record) {
    forget(chain, record.digest);
  },
  lock(chain, record) {
    chain.locks.set(record.key, { digests: record.digests, dead: true });
  },
  equivocation(chain, record) {
    chain.equivocations.push(record);
  },
  targets(chain, record) {
    chain.targets = record.targets;
  },
  submit(chain, { digest }) {
    chain.submits.set(digest, (chain.submits.get(digest) ?? 0) + 1);
  },
  reject(chain, record) {
    chain.rejected.push(record);
    if (chain.rejected.length > MAX_REJECTED) chain.rejected.shift();
  },
  prune(chain, { digest, forget }) {
    chain.pruned.set(digest, forget);
  },
};
