// TransactionEffects in BCS, by the SDK.
import { bcs } from "@mysten/sui/bcs";
import { toBase64 } from "@mysten/sui/utils";
import { hash } from "./objects.mjs";

const stateIn = (before) => (before ? { Exist: [[before.version, before.digest], before.owner] } : { NotExist: true });
const stateOut = (after) => (after ? { ObjectWrite: [after.digest, after.owner] } : { NotExist: true });

function operation({ before, after }) {
  if (before === null) return { Created: true };
  return after === null ? { Deleted: true } : { None: true };
}

function status(failure) {
  return failure ? { Failure: { error: failure.error, command: failure.command } } : { Success: true };
}

/** {effectsBcs, effectsDigest} of a "tx" record. */
export function effectsOf(record) {
  const { changes } = record;
  const bytes = bcs.TransactionEffects.serialize(
    {
      V2: {
        status: status(record.failure),
        executedEpoch: record.epoch,
        gasUsed: {
          computationCost: record.gas.computation,
          storageCost: record.gas.storage,
          storageRebate: record.gas.rebate,
          nonRefundableStorageFee: record.gas.nonRefundable,
        },
        transactionDigest: record.digest,
        gasObjectIndex: changes.findIndex((change) => change.id === record.gasObject),
        eventsDigest: null,
        dependencies: record.dependencies,
        lamportVersion: record.lamport,
        changedObjects: changes.map((change) => [
          change.id,
          { inputState: stateIn(change.before), outputState: stateOut(change.after), idOperation: operation(change) },
        ]),
        unchangedConsensusObjects: record.reads.map(({ id, version, digest }) => [
          id,
          { ReadOnlyRoot: [version, digest] },
        ]),
        auxDataDigest: null,
      },
    },
    { maxSize: 1 << 20 },
  ).toBytes();
  return { effectsBcs: toBase64(bytes), effectsDigest: hash("TransactionEffects", bytes) };
}
