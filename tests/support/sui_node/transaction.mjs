// A transaction as it came: decoded, identified and its signatures verified by the official SDK, never by code of ours.
import { bcs } from "@mysten/sui/bcs";
import { parseSerializedSignature } from "@mysten/sui/cryptography";
import { TransactionDataBuilder } from "@mysten/sui/transactions";
import { fromBase64, toBase64 } from "@mysten/sui/utils";
import { verifyTransactionSignature } from "@mysten/sui/verify";
import { must, need } from "./reject.mjs";

export const LIMITS = {
  bytes: 131072,
  inputs: 2048,
  payment: 256,
  commands: 1024,
  arguments: 512,
  pure: 16384,
  typeArguments: 16,
};
const SCHEMES = ["ED25519", "Secp256k1", "Secp256r1"];

export function fromBase64Strict(text, what) {
  need(typeof text === "string" && text.length <= 2 * LIMITS.bytes, `Invalid ${what}: expected Base64 text`);
  let bytes;
  try {
    bytes = fromBase64(text);
  } catch {
    bytes = null;
  }
  need(bytes !== null && toBase64(bytes) === text, `Invalid ${what}: not canonical Base64`);
  return bytes;
}

function parse(bytes) {
  let data, again;
  try {
    data = bcs.TransactionData.parse(bytes);
    again = bcs.TransactionData.serialize(data, { maxSize: 2 * LIMITS.bytes }).toBytes();
  } catch (e) {
    need(false, `Failed to deserialize TransactionData from BCS: ${e.message}`);
  }
  need(
    Buffer.compare(again, bytes) === 0,
    "Failed to deserialize TransactionData from BCS: remaining or not canonical input",
  );
  return data.V1;
}

function within(limit, value, maximum) {
  must(value <= maximum, `Size limit exceeded: ${limit} is ${value}, at most ${maximum}`);
}

function checkSizes(program) {
  within("maximum input arguments", program.inputs.length, LIMITS.inputs);
  within("maximum commands in a programmable transaction", program.commands.length, LIMITS.commands);
  must(program.commands.length > 0, "Empty command input in a programmable transaction");
  for (const input of program.inputs) {
    if (input.Pure) within("maximum pure argument size", fromBase64(input.Pure.bytes).length, LIMITS.pure);
  }
  for (const { MoveCall } of program.commands) {
    if (MoveCall) within("maximum arguments in move call", MoveCall.arguments.length, LIMITS.arguments);
    if (MoveCall) within("maximum type arguments in move call", MoveCall.typeArguments.length, LIMITS.typeArguments);
  }
}

/** {bytes, digest, sender, gas, expiration, inputs, commands}; throws a Rejection. */
export function decode(text) {
  const bytes = fromBase64Strict(text, "transaction data");
  within("serialized transaction size", bytes.length, LIMITS.bytes);
  const data = parse(bytes);
  const program = data.kind.ProgrammableTransaction;
  must(program !== undefined, `Unsupported: a ${data.kind.$kind} is a system transaction`);
  checkSizes(program);
  return {
    bytes,
    digest: TransactionDataBuilder.getDigestFromBytes(bytes),
    sender: data.sender,
    gas: data.gasData,
    expiration: data.expiration,
    inputs: program.inputs,
    commands: program.commands,
  };
}

/** The digest, or null for what is no transaction. */
export function digestOf(text) {
  try {
    return decode(text).digest;
  } catch {
    return null;
  }
}

/** One valid signature of the sender and, where another pays, one of the payer. */
export async function verify(transaction, signatures) {
  const signers = [...new Set([transaction.sender, transaction.gas.owner])];
  need(
    signatures.length === signers.length,
    `Invalid argument: Invalid user signature: Expect ${signers.length} signer signatures but got ${signatures.length}`,
  );
  for (const [index, address] of signers.entries()) {
    fromBase64Strict(signatures[index], `signature ${index}`);
    try {
      const { signatureScheme } = parseSerializedSignature(signatures[index]);
      if (!SCHEMES.includes(signatureScheme)) throw new Error(`scheme ${signatureScheme} is not for tests`);
      await verifyTransactionSignature(transaction.bytes, signatures[index], { address });
    } catch (e) {
      need(false, `Invalid argument: Invalid user signature: Signature is not valid: ${e.message}`);
    }
  }
}
