// The official SDK for tests in other languages: one JSON request per line of the input, one answer per line of the
// output ({result} or {error}). A request is {do: ACTION, …}; see ACTIONS.
//
// A transaction is described as {seed, gas: [ref], price, budget, expiration, sponsor, commands}, commands as a list of
//   {call: TARGET, types, args}  {split: ARG, amounts: [ARG]}  {merge: ARG, from: [ARG]}  {transfer: [ARG], to: ARG}
//   {vector: TYPE, of: [ARG]}
// and ARG as "gas", {result: [i, j]} ([i]: the whole), {shared: {objectId, initialSharedVersion, mutable}},
// {owned: ref}, {receiving: ref}, {raw: hex} or a pure one: {u64: "5"}, {bool: true}, {id: "0x…"} …
import readline from "node:readline";
import { SuiGraphQLClient } from "@mysten/sui/graphql";
import { Ed25519Keypair } from "@mysten/sui/keypairs/ed25519";
import { Inputs, Transaction, TransactionDataBuilder } from "@mysten/sui/transactions";
import { fromBase64, fromHex, toBase64 } from "@mysten/sui/utils";

const keypair = (seed) => Ed25519Keypair.fromSecretKey(fromHex(seed));

function argument(tx, results, value) {
  if (value === "gas") return tx.gas;
  const [[kind, detail]] = Object.entries(value);
  if (kind === "result") return detail.length === 1 ? results[detail[0]] : results[detail[0]][detail[1]];
  if (kind === "shared") return tx.object(Inputs.SharedObjectRef(detail));
  if (kind === "owned") return tx.object(Inputs.ObjectRef(detail));
  if (kind === "receiving") return tx.object(Inputs.ReceivingRef(detail));
  if (kind === "raw") return tx.pure(fromHex(detail));
  return tx.pure[kind](detail);
}

function addCommand(tx, results, command) {
  const arg = (value) => argument(tx, results, value);
  if (command.call)
    return tx.moveCall({ target: command.call, typeArguments: command.types, arguments: command.args.map(arg) });
  if (command.split) return tx.splitCoins(arg(command.split), command.amounts.map(arg));
  if (command.merge) return tx.mergeCoins(arg(command.merge), command.from.map(arg));
  if (command.transfer) return tx.transferObjects(command.transfer.map(arg), arg(command.to));
  if (command.vector) return tx.makeMoveVec({ type: command.vector, elements: command.of.map(arg) });
  throw new Error(`no command is ${JSON.stringify(command)}`);
}

async function build({ seed, gas, price = 1000, budget = 50_000_000, expiration, sponsor, commands }) {
  const tx = new Transaction();
  const signer = keypair(seed);
  tx.setSender(signer.toSuiAddress());
  tx.setGasPrice(price);
  tx.setGasBudget(budget);
  tx.setGasOwner((sponsor ? keypair(sponsor) : signer).toSuiAddress());
  tx.setGasPayment(gas);
  tx.setExpiration(expiration ?? { None: true });
  const results = [];
  for (const command of commands) results.push(addCommand(tx, results, command));
  const bytes = await tx.build();
  const signers = sponsor ? [signer, keypair(sponsor)] : [signer];
  const signatures = await Promise.all(signers.map(async (one) => (await one.signTransaction(bytes)).signature));
  return { bytes: toBase64(bytes), signatures, digest: TransactionDataBuilder.getDigestFromBytes(bytes) };
}

const clients = new Map();

function clientOf(url) {
  if (!clients.has(url)) clients.set(url, new SuiGraphQLClient({ url, network: "testnet" }));
  return clients.get(url);
}

const ACTIONS = {
  address: ({ seed }) => keypair(seed).toSuiAddress(), // of a secret key in hex
  build, // {bytes, signatures, digest} of a described transaction
  sign: async ({ seed, bytes }) => (await keypair(seed).signTransaction(fromBase64(bytes))).signature,
  /** {url, method, options}: a method of the SDK's GraphQL client; `transaction` in the options is Base64. */
  client: ({ url, method, options }) => {
    const given =
      typeof options?.transaction === "string" ? { ...options, transaction: fromBase64(options.transaction) } : options;
    return clientOf(url)[method](given);
  },
};

const plain = (key, value) =>
  typeof value === "bigint" ? String(value) : value instanceof Error ? { error: value.message } : value;

for await (const line of readline.createInterface({ input: process.stdin })) {
  let answer;
  try {
    const request = JSON.parse(line);
    answer = { result: (await ACTIONS[request.do](request)) ?? null };
  } catch (e) {
    answer = { error: e.message };
  }
  process.stdout.write(JSON.stringify(answer, plain) + "\n");
}
