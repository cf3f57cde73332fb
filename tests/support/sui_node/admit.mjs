// May this transaction be executed now? The checks that validators do before execution, in their order and words.
import { CLOCK, MAX_U64, SUI_COIN, isCoin, isShared, seal } from "./objects.mjs";
import { lockKey } from "./chain.mjs";
import { LIMITS } from "./transaction.mjs";
import { hex, must } from "./reject.mjs";

const MOCK_COIN = "0x" + "c0".repeat(32);
const NO_DIGEST = "1".repeat(32);
const MAX_BUDGET = 50_000_000_000n;
const MAX_PRICE = 100_000n;
export const MIN_UNITS = 1000n;

function checkExpiration(chain, { expiration }) {
  const now = BigInt(chain.epoch.epoch);
  if (expiration.Epoch !== undefined) must(BigInt(expiration.Epoch) >= now, "Transaction Expired");
  must(!expiration.Validity, "Unsupported: expiration with allowed proposers");
  const during = expiration.ValidDuring;
  if (!during) return;
  must(
    during.chain === chain.chain,
    `Invalid chain ID in transaction: provided ${during.chain}, expected ${chain.chain}`,
  );
  must(during.minTimestamp === null && during.maxTimestamp === null, "Unsupported: timestamp-based expiration");
  must(
    during.minEpoch !== null && during.maxEpoch !== null,
    "Unsupported: both min_epoch and max_epoch must be specified",
  );
  const [first, last] = [BigInt(during.minEpoch), BigInt(during.maxEpoch)];
  must(last >= first && last - first <= 1n, "Unsupported: max_epoch must be at most min_epoch + 1");
  must(now >= first && now <= last, "Transaction Expired");
}

function checkPrice(chain, { gas }) {
  const [price, budget, reference] = [BigInt(gas.price), BigInt(gas.budget), BigInt(chain.epoch.gasPrice)];
  must(price >= reference, `Gas price ${price} under reference gas price (RGP) ${reference}`);
  must(price < MAX_PRICE, `Gas price cannot exceed ${MAX_PRICE} mist`);
  const least = MIN_UNITS * price;
  must(budget >= least, `Gas budget: ${budget} is lower than min: ${least}`);
  must(budget <= MAX_BUDGET, `Gas budget: ${budget} is higher than max: ${MAX_BUDGET}`);
}

/** An owned or immutable object by its full reference. */
function byReference(chain, ref, signers) {
  const object = chain.object(ref.objectId);
  must(
    object !== null,
    `Could not find the referenced object ${ref.objectId} at version Some(SequenceNumber(${ref.version}))`,
  );
  must(!isShared(object), `Shared object ${ref.objectId} is used as an owned one`);
  must(
    String(object.version) === String(ref.version),
    `Transaction needs to be rebuilt because object ${ref.objectId} version ${hex(ref.version)} ` +
      `(${ref.digest}) is unavailable for consumption, current version: ${hex(object.version)}`,
  );
  must(
    object.digest === ref.digest,
    `Invalid Object digest for object ${ref.objectId}. Expected digest : ${object.digest}`,
  );
  const owner = object.owner.AddressOwner ?? object.owner.ObjectOwner;
  must(
    object.owner.Immutable || signers.includes(owner),
    `Transaction was not signed by the correct sender: Object ${ref.objectId} is owned by account address ${owner}, ` +
      `but given owner/signer address is ${signers[0]}`,
  );
  return object;
}

function byId(chain, { objectId, initialSharedVersion, mutable }) {
  const object = chain.object(objectId);
  must(object !== null, `Could not find the referenced object ${objectId} at version None`);
  must(isShared(object), `Object used as shared is not shared: ${objectId}`);
  must(
    String(object.owner.Shared.initialSharedVersion) === String(initialSharedVersion),
    `The shared object ${objectId} has another initial version than ${initialSharedVersion}`,
  );
  must(objectId !== CLOCK || !mutable, `Immutable parameter expected: the clock ${objectId} is passed as mutable`);
  return object;
}

function inputObjects(chain, transaction) {
  return transaction.inputs.map((input) => {
    if (input.Pure) return null;
    must(
      input.Object && !input.Object.Receiving,
      "Unsupported on the test node: receiving objects and withdrawals of funds",
    );
    const { ImmOrOwnedObject: owned, SharedObject: shared } = input.Object;
    if (shared) return { object: byId(chain, shared), mutable: shared.mutable };
    const object = byReference(chain, owned, [transaction.sender]);
    return { object, ref: owned, mutable: !object.owner.Immutable };
  });
}

function gasObjects(chain, { gas }) {
  must(gas.payment.length > 0, "At least one gas object is needed");
  must(
    gas.payment.length <= LIMITS.payment,
    `Size limit exceeded: maximum gas payment objects is ${gas.payment.length}`,
  );
  const coins = gas.payment.map((ref) => byReference(chain, ref, [gas.owner]));
  for (const coin of coins) {
    must(coin.owner.AddressOwner === gas.owner, `Gas object is not an owned object with owner: ${gas.owner}`);
    must(isCoin(coin) && coin.type === SUI_COIN, `Invalid gas object ${coin.id}: not a coin of SUI`);
  }
  const balance = coins.reduce((sum, coin) => sum + BigInt(coin.fields.balance), 0n);
  must(balance <= MAX_U64, `The gas coins hold more than a coin can: ${balance}`);
  must(
    balance >= BigInt(gas.budget),
    `Balance of gas object ${balance} is lower than the needed amount: ${gas.budget}`,
  );
  return coins;
}

function checkUnique(objects, coins) {
  const seen = new Set();
  for (const id of [...coins, ...objects.filter(Boolean).map((input) => input.object)].map((object) => object.id)) {
    must(!seen.has(id), `Mutable object ${id} cannot appear more than one in one transaction`);
    seen.add(id);
  }
}

function checkPackages(chain, { commands }) {
  const known = new Set(Object.keys(chain.targets).map((target) => target.split("::")[0]));
  for (const { $kind, MoveCall } of commands) {
    must($kind !== "Publish" && $kind !== "Upgrade", `Unsupported on the test node: ${$kind}`);
    must(!MoveCall || known.has(MoveCall.package), `Dependent package not found on-chain: ${MoveCall?.package}`);
  }
}

/** The references that lock: owned inputs and gas coins. */
function lockable(transaction, objects) {
  return [
    ...transaction.gas.payment,
    ...objects.filter((input) => input?.ref && input.mutable).map((input) => input.ref),
  ];
}

function checkLocks(chain, transaction, references) {
  for (const ref of references) {
    const lock = chain.locks.get(lockKey(ref));
    if (lock === undefined) continue;
    const others = lock.digests.filter((digest) => digest !== transaction.digest);
    const locked = `Object (${ref.objectId}, SequenceNumber(${ref.version}), o#${ref.digest})`;
    must(
      !lock.dead,
      `${locked} is equivocated until the next epoch, locked by transactions: ${lock.digests.join(", ")}`,
    );
    must(others.length === 0, `${locked} already locked by a different transaction: TransactionDigest(${others[0]})`);
  }
}

/** A coin for the simulation of a transaction that names none. */
function mockCoin({ sender, gas }) {
  const coin = {
    id: MOCK_COIN,
    type: SUI_COIN,
    kind: "coin",
    fields: { balance: gas.budget },
    owner: { AddressOwner: sender },
  };
  return seal(coin, 1, NO_DIGEST);
}

/** All but the locks: {coins, objects: one per input, null for a pure one, references: that lock}. Throws a Rejection.
    `mock`: a transaction without gas coins is given one. */
export function check(chain, transaction, mock = false) {
  checkExpiration(chain, transaction);
  checkPrice(chain, transaction);
  checkPackages(chain, transaction);
  const objects = inputObjects(chain, transaction);
  const mocked = mock && transaction.gas.payment.length === 0;
  const coins = mocked ? [mockCoin(transaction)] : gasObjects(chain, transaction);
  checkUnique(objects, coins);
  return { coins, objects, references: lockable(transaction, objects) };
}

export function admit(chain, transaction) {
  const admitted = check(chain, transaction);
  checkLocks(chain, transaction, admitted.references);
  return admitted;
}
