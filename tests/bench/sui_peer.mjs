// The same work as sui_build.c's with the official SDK: `node sui_peer.mjs WORK.json SECONDS`, where WORK.json has the
// batch as commands (see sdk.mjs). Prints {per_s, digest, signature, bytes}.
import fs from "node:fs";
import { Ed25519Keypair } from "@mysten/sui/keypairs/ed25519";
import { Inputs, Transaction, TransactionDataBuilder } from "@mysten/sui/transactions";
import { fromHex, toBase64 } from "@mysten/sui/utils";

const work = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const seconds = Number(process.argv[3]);
const signer = Ed25519Keypair.fromSecretKey(fromHex(work.seed));
const sender = signer.toSuiAddress();

function argument(tx, results, value) {
  const [[kind, detail]] = Object.entries(value);
  if (kind === "result") return results[detail];
  if (kind === "shared") return tx.object(Inputs.SharedObjectRef(detail));
  return tx.pure[kind](detail);
}

async function make() {
  const tx = new Transaction();
  tx.setSender(sender);
  tx.setGasOwner(sender);
  tx.setGasPrice(work.price);
  tx.setGasBudget(work.budget);
  tx.setGasPayment([work.gas]);
  tx.setExpiration({ Epoch: work.epoch });
  const results = [];
  for (const { target, types, args } of work.commands) {
    results.push(
      tx.moveCall({ target, typeArguments: types, arguments: args.map((value) => argument(tx, results, value)) }),
    );
  }
  const bytes = await tx.build();
  const digest = TransactionDataBuilder.getDigestFromBytes(bytes);
  const { signature } = await signer.signTransaction(bytes);
  return { digest, signature, bytes: toBase64(bytes) };
}

for (let i = 0; i < 50; i++) await make(); // compiled by then
let [count, last] = [0, null];
const began = performance.now();
while (performance.now() - began < seconds * 1000) {
  last = await make();
  count++;
}
console.log(JSON.stringify({ per_s: (count * 1000) / (performance.now() - began), ...last }));
