// What Move calls do here. There is no Move code: a target is described in JSON, "package::module::function" to
//   params         what each argument must be; without it anything goes:
//                  "&mut", "&": an object by reference   "object": one by value   "coin", "coin:TYPE": a coin by value
//                  "value", "value:NAME": what an earlier call returned
//                  else a pure type: "u64", "bool", "id", "vector<u8>" …
//   typeArguments  how many (0)
//   returns        of each result "value:NAME" or "object:TYPE"
//   creates        [{type, owner: "sender" | "shared" | "immutable"}]
//   abort          {code, at}: it always aborts; at: another target where it does so
//   units          of gas (100)
//   model          {kind, …}: see MODELS; numbers in it are argument indexes
// TYPE may be T0, T1 …: the call's own type argument.
import { bcs, pureBcsSchemaFromTypeName } from "@mysten/sui/bcs";
import { normalizeStructTag } from "@mysten/sui/utils";
import { badArgument, mutableObject, peek, pure, take } from "./commands.mjs";
import { MAX_U64, coinType, isCoin } from "./objects.mjs";
import { Failure } from "./reject.mjs";

const DEFAULT_UNITS = 100;

export const targetName = (call) => `${call.package}::${call.module}::${call.function}`;

function abort(target, { code, at = target }) {
  const [address, module, name] = at.split("::");
  return new Failure(
    "MoveAbort",
    { MoveAbort: [{ module: { address, name: module }, function: 0, instruction: 1, functionName: name }, code] },
    { package: address, module, function: name, code: String(code) },
  );
}

const typed = (text, call) =>
  /^T\d+$/.test(text) ? call.typeArguments[Number(text.slice(1))] : normalizeStructTag(text);

function checkCoin(run, slot, type, argIdx) {
  const object = slot.kind === "object" ? run.work.get(slot.id).object : null;
  if (object === null || !isCoin(object)) throw badArgument(argIdx, "TypeMismatch");
  if (type !== undefined && object.type !== coinType(type)) throw badArgument(argIdx, "TypeMismatch");
}

/** Checks an argument against its parameter and gives its slot; what goes by value has moved. */
function bind(run, call, parameter, argument, argIdx) {
  const [kind, detail] = parameter.split(/:(.*)/s);
  const slot = ["coin", "object"].includes(kind) ? take(run, argument, argIdx) : peek(run, argument, argIdx);
  if (kind === "&mut") mutableObject(run, slot, argIdx);
  else if (kind === "coin") checkCoin(run, slot, detail && typed(detail, call), argIdx);
  else if (kind === "&" || kind === "object") {
    if (slot.kind !== "object") throw badArgument(argIdx, "TypeMismatch");
  } else if (kind === "value") {
    if (slot.kind !== "value" || (detail && slot.type !== detail)) throw badArgument(argIdx, "TypeMismatch");
  } else pure(slot, pureBcsSchemaFromTypeName(kind), argIdx);
  return slot;
}

/** Without params: coins and vectors that this transaction made go by value, everything else by reference. */
function bindAny(run, argument, argIdx) {
  const slot = peek(run, argument, argIdx);
  const made = slot.kind === "vector" || (slot.kind === "object" && run.work.get(slot.id).object.owner === null);
  return made ? take(run, argument, argIdx) : slot;
}

function bindAll(run, call, target) {
  const { params } = target;
  if (call.typeArguments.length !== (target.typeArguments ?? call.typeArguments.length)) {
    throw new Failure("TypeArityMismatch", { TypeArityMismatch: true });
  }
  if (params === undefined) return call.arguments.map((argument, i) => bindAny(run, argument, i));
  if (params.length !== call.arguments.length) throw new Failure("ArityMismatch", { ArityMismatch: true });
  return call.arguments.map((argument, i) => bind(run, call, params[i], argument, i));
}

/** Objects that were passed by value and that the model did not keep are gone. */
function consume(run, call, slots) {
  for (const [i, argument] of call.arguments.entries()) {
    if (argument.$kind === "GasCoin" || peekKind(run, argument) !== "moved") continue;
    for (const id of slots[i].ids ?? [slots[i].id]) run.work.get(id).deleted = true;
  }
}

function peekKind(run, argument) {
  const list = argument.$kind === "Input" ? run.inputs : run.results[argument.Result ?? argument.NestedResult[0]];
  return list[argument.Input ?? argument.NestedResult?.[1] ?? 0].kind;
}

// ---- models: a vault holds balances by type and positions by key ----

const identity = (slot) => slot.data ?? slot.id ?? slot.bytes.toString("hex");
const amountOf = (slots, at) => BigInt(pure(slots[at], bcs.u64(), at));

function vaultOf(run, slots, at) {
  const entry = mutableObject(run, slots[at], at);
  if (entry.object.kind !== "vault") throw badArgument(at, "TypeMismatch");
  return entry.object.fields;
}

/** Changes an amount; false when too little is there. */
function add(map, key, amount) {
  const sum = BigInt(map[key] ?? 0) + amount;
  if (sum > MAX_U64) throw new Failure("MovePrimitiveRuntimeError", { MovePrimitiveRuntimeError: null });
  if (sum >= 0n) map[key] = String(sum);
  if (sum === 0n) delete map[key];
  return sum >= 0n;
}

const worth = (quantity, [numerator, denominator] = [1, 2]) => (quantity * BigInt(numerator)) / BigInt(denominator);

const MODELS = {
  /** {vault, coin}: the coin into the vault. */
  deposit(run, call, model, slots) {
    const coin = run.work.get(slots[model.coin].id).object;
    add(vaultOf(run, slots, model.vault).balances, call.typeArguments[0], BigInt(coin.fields.balance));
  },
  /** {vault, amount}: returns a coin; aborts with code `funds`. */
  withdraw(run, call, model, slots) {
    const amount = amountOf(slots, model.amount);
    if (!add(vaultOf(run, slots, model.vault).balances, call.typeArguments[0], -amount)) return model.funds ?? 1;
    return [run.create(coinType(call.typeArguments[0]), "coin", { balance: String(amount) })];
  },
  /** {vault, key, quantity, price: [n, d]}: a position for quantity × price; aborts with code `funds`. */
  mint(run, call, model, slots) {
    const vault = vaultOf(run, slots, model.vault);
    const quantity = amountOf(slots, model.quantity);
    if (!add(vault.balances, call.typeArguments[0], -worth(quantity, model.price))) return model.funds ?? 1;
    add(vault.positions, identity(slots[model.key]), quantity);
  },
  /** The opposite of mint; aborts with code `position`. */
  redeem(run, call, model, slots) {
    const vault = vaultOf(run, slots, model.vault);
    const quantity = amountOf(slots, model.quantity);
    if (!add(vault.positions, identity(slots[model.key]), -quantity)) return model.position ?? 2;
    add(vault.balances, call.typeArguments[0], worth(quantity, model.price));
  },
  /** {object}: its `value` goes up by one. */
  count(run, call, model, slots) {
    const { object } = mutableObject(run, slots[model.object], model.object);
    if (object.kind !== "plain") throw badArgument(model.object, "TypeMismatch");
    object.fields.value = String(BigInt(object.fields.value) + 1n);
  },
};
export const MODEL_NAMES = Object.keys(MODELS);

/** The slots that the model returns. */
function runModel(run, call, target, slots, name) {
  if (target.model === undefined) return [];
  const done = MODELS[target.model.kind](run, call, target.model, slots);
  if (typeof done === "number") throw abort(name, { code: done });
  return (done ?? []).map((entry) => ({ kind: "object", id: entry.object.id }));
}

const OWNERS = {
  sender: (run) => ({ AddressOwner: run.transaction.sender }),
  shared: () => ({ Shared: { initialSharedVersion: 0 } }), // its version is known at the end
  immutable: () => ({ Immutable: true }),
};
export const OWNER_NAMES = Object.keys(OWNERS);

function createAll(run, target) {
  for (const { type, owner } of target.creates ?? []) {
    run.create(normalizeStructTag(type), "plain", { value: "0" }).object.owner = OWNERS[owner](run);
  }
}

function results(run, call, target, slots) {
  return (target.returns ?? []).map((spec) => {
    const [kind, detail] = spec.split(/:(.*)/s);
    if (kind === "object") return { kind, id: run.create(typed(detail, call), "plain", { value: "0" }).object.id };
    return { kind, type: detail, data: `${detail}(${slots.map(identity).join()})` };
  });
}

export function callMove(run, call) {
  const name = targetName(call);
  const target = run.chain.targets[name];
  if (target === undefined) throw new Failure("FunctionNotFound", { FunctionNotFound: true });
  run.units += BigInt(target.units ?? DEFAULT_UNITS);
  const slots = bindAll(run, call, target);
  const forced = run.aborts.take(name);
  if (forced ?? target.abort) throw abort(name, forced ?? target.abort);
  const made = runModel(run, call, target, slots, name);
  consume(run, call, slots);
  createAll(run, target);
  return [...made, ...results(run, call, target, slots)];
}
