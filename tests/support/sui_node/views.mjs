// Objects, transactions, epochs as the public schema shows them: a field is a value or a function of its arguments.
// What is absent here is not answered at all (see graphql.mjs). `at`: the transaction up to which the reader knows.
import { normalizeStructTag, normalizeSuiAddress, toBase64 } from "@mysten/sui/utils";
import { contents, json, objectBcs, hash } from "./objects.mjs";
import { page } from "./pages.mjs";
import { Rejection, need } from "./reject.mjs";

export function addressOf(text) {
  need(typeof text === "string" && /^0x[0-9a-fA-F]{1,64}$/.test(text), `Invalid address: ${JSON.stringify(text)}`);
  return normalizeSuiAddress(text);
}

const iso = (time) => new Date(time).toISOString();

/** A type filter: a whole type, or one without its arguments. */
function typeMatches(filter, type) {
  let wanted;
  try {
    wanted = normalizeStructTag(filter);
  } catch {
    throw new Rejection(`Invalid type filter: ${JSON.stringify(filter)}`);
  }
  return type === wanted || type.startsWith(`${wanted}<`);
}

export class Views {
  constructor(chain, at, chainId) {
    Object.assign(this, { chain, at, chainId });
  }

  epoch(epoch) {
    if (epoch === undefined) return null;
    return {
      __typename: "Epoch",
      id: `epoch:${epoch.epoch}`,
      epochId: epoch.epoch,
      referenceGasPrice: String(epoch.gasPrice),
      startTimestamp: iso(epoch.time),
    };
  }

  epochNumber(number) {
    return this.epoch(this.chain.epochs.find((epoch) => epoch.epoch === number && epoch.seq <= this.at));
  }

  checkpoint(number) {
    if (number > this.at || number < 0) return null;
    const record = number === 0 ? null : this.chain.order[number - 1];
    return {
      __typename: "Checkpoint",
      id: `checkpoint:${number}`,
      sequenceNumber: number,
      digest: number === 0 ? this.chainId : hash("Checkpoint", Buffer.from(record.digest)),
      timestamp: iso(record?.time ?? this.chain.epochs[0].time),
      networkTotalTransactions: number,
      epoch: () => (record ? this.epochNumber(record.epoch) : this.epoch(this.chain.epochs[0])),
    };
  }

  owner(owner) {
    if (owner.AddressOwner) return { __typename: "AddressOwner", address: { address: owner.AddressOwner } };
    if (owner.ObjectOwner) return { __typename: "ObjectOwner", address: { address: owner.ObjectOwner } };
    if (owner.Shared) return { __typename: "Shared", initialSharedVersion: Number(owner.Shared.initialSharedVersion) };
    return { __typename: "Immutable", _: null };
  }

  object(object, __typename = "Object") {
    if (object === null || object === undefined || object.deleted) return null;
    const value = {
      type: { repr: object.type },
      json: () => json(object),
      bcs: () => toBase64(contents(object)),
      display: null,
    };
    const view = {
      __typename,
      id: `object:${object.id}`,
      address: object.id,
      version: object.version,
      digest: object.digest,
      owner: () => this.owner(object.owner),
      objectBcs: () => toBase64(objectBcs(object)),
      storageRebate: object.rebate,
      previousTransaction: () => this.transaction(this.chain.transaction(object.previous)),
      asMovePackage: null,
      hasPublicTransfer: object.kind === "coin",
      contents: value,
    };
    view.asMoveObject = () => ({ ...view, __typename: "MoveObject" });
    return view;
  }

  objectByKey({ address, version, rootVersion, atCheckpoint }) {
    need(rootVersion === undefined || rootVersion === null, "Unsupported on the test node: rootVersion");
    const id = addressOf(address);
    if (version === undefined || version === null)
      return this.object(this.chain.object(id, Math.min(this.at, atCheckpoint ?? this.at)));
    return this.object(this.versionOf(id, version));
  }

  versionOf(id, version) {
    return this.chain.objects.get(id)?.find((object) => object.version === Number(version) && object.seq <= this.at);
  }

  address(address) {
    return {
      __typename: "Address",
      id: `address:${address}`,
      address,
      objects: (args) => this.ownedObjects(address, args),
      balance: ({ coinType }) => this.balance(address, coinType),
      transactions: ({ relation, filter, ...args }) => {
        need(relation !== "AFFECTED", "Unsupported on the test node: transactions that affected an address");
        return this.transactions({ ...args, filter: { ...filter, sentAddress: address } });
      },
    };
  }

  ownedObjects(address, { filter, ...args }) {
    const owned = this.chain.owned(address, this.at).filter((o) => !filter?.type || typeMatches(filter.type, o.type));
    return page(
      owned,
      (object) => object.id,
      args,
      (object) => this.object(object, "MoveObject"),
    );
  }

  balance(address, type) {
    const coin = normalizeStructTag(`0x2::coin::Coin<${type}>`);
    const coins = this.chain.owned(address, this.at).filter((object) => object.type === coin);
    const total = String(coins.reduce((sum, object) => sum + BigInt(object.fields.balance), 0n));
    return {
      coinType: { repr: normalizeStructTag(type) },
      totalBalance: total,
      coinBalance: total,
      addressBalance: "0",
    };
  }

  transactions({ filter, ...args }) {
    const { sentAddress, afterCheckpoint, beforeCheckpoint, atCheckpoint, ...others } = filter ?? {};
    const unknown = Object.entries(others).find(([, value]) => value !== null && value !== undefined);
    need(unknown === undefined, `Unsupported on the test node: transactions by ${unknown?.[0]}`);
    const sender = sentAddress ? addressOf(sentAddress) : null;
    const found = this.chain.order
      .slice(0, this.at)
      .filter(
        (record) =>
          (sender === null || record.sender === sender) &&
          !this.chain.pruned.has(record.digest) &&
          record.seq > (afterCheckpoint ?? 0) &&
          record.seq < (beforeCheckpoint ?? Infinity) &&
          record.seq === (atCheckpoint ?? record.seq),
      );
    return page(
      found,
      (record) => record.seq,
      args,
      (record) => this.transaction(record),
    );
  }

  /** `fresh`: right after its execution or simulation, of no checkpoint yet. */
  transaction(record, fresh = false) {
    if (record === null) return null;
    const view = {
      __typename: "Transaction",
      id: `transaction:${record.digest}`,
      digest: record.digest,
      sender: () => this.address(record.sender),
      transactionBcs: record.bytes,
      signatures: record.signatures.map((signature) => ({ signatureBytes: signature })),
    };
    view.effects = () => this.effects(record, view, fresh);
    return view;
  }

  effects(record, transaction, fresh) {
    return {
      digest: record.digest,
      transaction,
      status: record.failure ? "FAILURE" : "SUCCESS",
      executionError: () => executionError(record.failure),
      epoch: () => this.epochNumber(record.epoch) ?? { epochId: record.epoch },
      checkpoint: () => (fresh ? null : this.checkpoint(record.seq)),
      timestamp: fresh ? null : iso(record.time),
      lamportVersion: record.lamport,
      version: 2,
      effectsBcs: record.effectsBcs,
      effectsDigest: record.effectsDigest,
      gasEffects: () => this.gasEffects(record),
      objectChanges: (args) =>
        page(
          record.changes,
          (change) => change.id,
          args,
          (change) => this.change(record, change),
        ),
      balanceChangesJson: [],
      events: (args) =>
        page(
          [],
          () => 0,
          args,
          () => null,
        ),
    };
  }

  gasEffects(record) {
    const { computation, storage, rebate, nonRefundable } = record.gas;
    return {
      gasObject: () => this.object(written(record, record.gasObject)),
      gasSummary: {
        computationCost: Number(computation),
        storageCost: Number(storage),
        storageRebate: Number(rebate),
        nonRefundableStorageFee: Number(nonRefundable),
      },
    };
  }

  change(record, { id, before, after }) {
    return {
      address: id,
      idCreated: before === null,
      idDeleted: after === null,
      inputState: () =>
        before && this.object(this.chain.objects.get(id)?.find((object) => object.version === before.version)),
      outputState: () => after && this.object(written(record, id)),
    };
  }
}

const written = (record, id) => record.writes.find((object) => object.id === id);

function executionError(failure) {
  if (failure === null) return null;
  const { message, abort } = failure;
  const module = abort && {
    name: abort.module,
    fullyQualifiedName: `${abort.package}::${abort.module}`,
    package: { address: abort.package },
  };
  return {
    message,
    abortCode: abort?.code ?? null,
    identifier: null,
    constant: null,
    sourceLineNumber: null,
    instructionOffset: abort ? 1 : null,
    module,
    function: abort && {
      name: abort.function,
      module,
      fullyQualifiedName: `${module.fullyQualifiedName}::${abort.function}`,
    },
  };
}
