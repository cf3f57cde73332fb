// The commands of a programmable transaction. A slot is what an argument stands for:
//   {kind: "pure", bytes}   {kind: "object", id}   {kind: "value", type, data}: what a call returned, copied freely
//   {kind: "vector", ids}   {kind: "moved"}: used by value before
import { bcs } from "@mysten/sui/bcs";
import { callMove } from "./move.mjs";
import { isCoin, isShared } from "./objects.mjs";
import { Failure } from "./reject.mjs";

/** The argument `argIdx` of a command is wrong; `kind` as in CommandArgumentError. */
export function badArgument(argIdx, kind, detail = true) {
  return new Failure(`CommandArgumentError: ${kind} of argument ${argIdx}`, {
    CommandArgumentError: { argIdx, kind: { [kind]: detail } },
  });
}

/** Where a slot lives: {list, at}. */
function place(run, argument, argIdx) {
  if (argument.$kind === "Input") {
    if (argument.Input >= run.inputs.length) throw badArgument(argIdx, "IndexOutOfBounds", { idx: argument.Input });
    return { list: run.inputs, at: argument.Input };
  }
  const [result, nested] = argument.$kind === "Result" ? [argument.Result, null] : argument.NestedResult;
  const list = run.results[result];
  if (list === undefined) throw badArgument(argIdx, "IndexOutOfBounds", { idx: result });
  if (nested === null && list.length !== 1) throw badArgument(argIdx, "InvalidResultArity", { resultIdx: result });
  if (nested !== null && nested >= list.length) {
    throw badArgument(argIdx, "SecondaryIndexOutOfBounds", { resultIdx: result, secondaryIdx: nested });
  }
  return { list, at: nested ?? 0 };
}

/** The slot, left where it is. */
export function peek(run, argument, argIdx) {
  if (argument.$kind === "GasCoin") return { kind: "object", id: run.gasCoin.object.id };
  const { list, at } = place(run, argument, argIdx);
  if (list[at].kind === "moved") throw badArgument(argIdx, "ArgumentWithoutValue");
  return list[at];
}

/** The slot by value: objects and vectors of them are gone afterwards. */
export function take(run, argument, argIdx) {
  if (argument.$kind === "GasCoin") throw badArgument(argIdx, "InvalidGasCoinUsage");
  const slot = peek(run, argument, argIdx);
  if (slot.kind === "object") {
    const entry = run.work.get(slot.id);
    if (entry.before !== null && (!entry.mutable || isShared(entry.object)))
      throw badArgument(argIdx, "InvalidObjectByValue");
  }
  if (slot.kind === "object" || slot.kind === "vector") {
    const { list, at } = place(run, argument, argIdx);
    list[at] = { kind: "moved" };
  }
  return slot;
}

/** The entry of an object that the command may change. */
export function mutableObject(run, slot, argIdx) {
  if (slot.kind !== "object") throw badArgument(argIdx, "TypeMismatch");
  const entry = run.work.get(slot.id);
  if (!entry.mutable) throw badArgument(argIdx, "InvalidObjectByMutRef");
  return entry;
}

function coinEntry(run, slot, argIdx) {
  const entry = mutableObject(run, slot, argIdx);
  if (!isCoin(entry.object)) throw badArgument(argIdx, "TypeMismatch");
  return entry;
}

/** A pure argument's value by the SDK's BCS type; the bytes must be exactly its. */
export function pure(slot, type, argIdx) {
  if (slot.kind !== "pure") throw badArgument(argIdx, "TypeMismatch");
  try {
    const value = type.parse(slot.bytes);
    if (Buffer.compare(type.serialize(value).toBytes(), slot.bytes) === 0) return value;
  } catch {
    // not of the type, as below
  }
  throw badArgument(argIdx, "InvalidBCSBytes");
}

function splitCoins(run, { coin, amounts }) {
  const source = coinEntry(run, peek(run, coin, 0), 0);
  return amounts.map((argument, i) => {
    const amount = BigInt(pure(peek(run, argument, i + 1), bcs.u64(), i + 1));
    run.spend(source, amount);
    return { kind: "object", id: run.create(source.object.type, "coin", { balance: String(amount) }).object.id };
  });
}

function mergeCoins(run, { destination, sources }) {
  const target = coinEntry(run, peek(run, destination, 0), 0);
  for (const [i, argument] of sources.entries()) {
    const source = coinEntry(run, take(run, argument, i + 1), i + 1);
    if (source.object.type !== target.object.type || source === target) throw badArgument(i + 1, "TypeMismatch");
    run.mergeInto(target, source);
  }
  return [];
}

function transferObjects(run, { objects, address }) {
  const at = objects.length;
  const to = pure(peek(run, address, at), bcs.Address, at);
  for (const [i, argument] of objects.entries()) {
    const slot = argument.$kind === "GasCoin" ? peek(run, argument, i) : take(run, argument, i);
    mutableObject(run, slot, i).object.owner = { AddressOwner: to };
  }
  return [];
}

function makeMoveVec(run, { type, elements }) {
  const slots = elements.map((argument, i) => take(run, argument, i));
  if (slots.length > 0 && slots.every((slot) => slot.kind === "object")) {
    return [{ kind: "vector", ids: slots.map((slot) => slot.id) }];
  }
  const wrong = slots.findIndex((slot) => slot.kind !== "pure" && slot.kind !== "value");
  if (wrong >= 0) throw badArgument(wrong, "TypeMismatch");
  return [
    {
      kind: "value",
      type: `vector<${type}>`,
      data: slots.map((slot) => slot.data ?? slot.bytes.toString("hex")).join(),
    },
  ];
}

/** The slots of the command's results. */
export function runCommand(run, command) {
  switch (command.$kind) {
    case "MoveCall":
      return callMove(run, command.MoveCall);
    case "SplitCoins":
      return splitCoins(run, command.SplitCoins);
    case "MergeCoins":
      return mergeCoins(run, command.MergeCoins);
    case "TransferObjects":
      return transferObjects(run, command.TransferObjects);
    case "MakeMoveVec":
      return makeMoveVec(run, command.MakeMoveVec);
    default:
      throw new Failure("FeatureNotYetSupported", { FeatureNotYetSupported: true });
  }
}
