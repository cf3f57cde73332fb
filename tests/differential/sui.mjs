// Makes up random programmable transactions, has each built by the official SDK and by PROGRAM (sui_describe), and
// compares bytes, digest, signature and the signer's address. See sui_steps.h for how a transaction is described.
//
//   node sui.mjs PROGRAM [COUNT [SEED [FIRST]]]
//
// Every transaction comes from its own seed: one that differs is run alone with COUNT 1 and FIRST.
import { spawn } from "node:child_process";
import readline from "node:readline";
import { bcs } from "@mysten/sui/bcs";
import { Ed25519Keypair } from "@mysten/sui/keypairs/ed25519";
import { Inputs, Transaction, TransactionDataBuilder } from "@mysten/sui/transactions";
import { fromHex, toBase58, toBase64, toHex } from "@mysten/sui/utils";

const [program, count = "2000", seed = "1", first = "0"] = process.argv.slice(2);

// ---- random numbers: the same for the same seed ----

class Random {
  constructor(a, b) {
    this.state = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77)) >>> 0;
  }
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }
  below(n) {
    return this.next() % n;
  }
  chance(n) {
    return this.below(n) === 0;
  }
  of(list) {
    return list[this.below(list.length)];
  }
  bytes(n) {
    return Uint8Array.from({ length: n }, () => this.below(256));
  }
  list(n, make) {
    return Array.from({ length: n }, (_, i) => make(i));
  }
  /** An integer of `bits` bits as text; small ones and the greatest come often. */
  integer(bits) {
    const all = (1n << BigInt(bits)) - 1n;
    if (this.chance(3)) return String(this.below(3));
    if (this.chance(6)) return String(all);
    return String(BigInt("0x" + toHex(this.bytes(32))) & all >> BigInt(this.below(bits)));
  }
}

// ---- a description ----

const KINDS = ["u8", "u16", "u32", "u64", "u128", "u256", "bool", "address"];
const FORMS = { id: "0x2::object::ID", string: "0x1::string::String" };

function address(r) {
  if (r.chance(3)) return r.of(["0x2", "0x6", "0x0", "0x1", "0x00AbC", "0xdee9"]);
  const text = toHex(r.bytes(32));
  return "0x" + (r.chance(4) ? text.toUpperCase() : text);
}

const name = (r) => r.of(["a", "Z9", "coin", "market_key", "predict", "DUSDC", "x".repeat(1 + r.below(128))]);
const digest = (r) => toBase58(r.chance(6) ? new Uint8Array(32) : r.bytes(32));
const version = (r) => r.integer(64);
const ref = (r) => ({ id: "0x" + toHex(r.bytes(32)), version: version(r), digest: digest(r) });

function type(r, depth = 0) {
  if (depth > 8 || r.chance(2)) return r.of([...KINDS, "signer"]);
  if (r.chance(3)) return `vector<${type(r, depth + 1)}>`;
  const parameters = r.list(r.of([0, 0, 1, 1, 2, 3]), () => type(r, depth + 1));
  const inside = parameters.length ? `<${parameters.join(r.of([",", ", "]))}>` : "";
  return `${address(r)}::${name(r)}::${name(r)}${inside}`;
}

function value(r, kind) {
  if (kind === "bool") return r.of(["true", "false"]);
  if (kind === "address" || kind === "id") return address(r);
  if (kind === "string") return r.of(["", "text", "grüße", "日本", "x".repeat(r.below(300))]);
  return r.integer(Number(kind.slice(1)));
}

function pureStep(r) {
  const kind = r.of([...KINDS, ...Object.keys(FORMS)]);
  const typed = { type: FORMS[kind] ?? kind, kind };
  switch (r.below(8)) {
    case 0: return { vector: { ...typed, values: r.list(r.of([0, 1, 3, 130]), () => value(r, kind)) } };
    case 1: return { option: { ...typed, value: r.chance(2) ? value(r, kind) : null } };
    case 2: return { bytes: toHex(r.bytes(r.chance(20) ? r.of([127, 128, 16384]) : r.below(40))) };
    default: return { pure: { ...typed, value: value(r, kind) } };
  }
}

/** Objects are the same wherever they are named in one transaction, but for a shared one's mutability. */
function objectStep(r, pool) {
  const [kind, object] = r.of(pool);
  if (r.chance(8)) return { clock: true };
  return { [kind]: kind === "shared" ? { id: object.id, version: object.version, mutable: r.chance(2) } : object };
}

function withdrawStep(r) {
  const from = r.of(["sender", "sponsor", "allowance"]);
  const more = from === "allowance" ? { funder: address(r), allowance: address(r) } : {};
  return { withdraw: { amount: r.integer(64), type: type(r), from, ...more } };
}

/** An argument that exists: the gas coin, an input, a result or a part of one. */
function argument(r, steps) {
  if (steps.length === 0 || r.chance(12)) return "gas";
  const at = r.chance(2) ? Math.max(0, steps.length - 1 - r.below(4)) : r.below(steps.length);
  return "call split merge transfer make".split(" ").some((kind) => kind in steps[at]) && r.chance(2)
    ? [at, r.chance(10) ? 65535 : r.below(4)]
    : at;
}

function commandStep(r, steps) {
  const list = (least) => r.list(r.chance(200) ? 512 : least + r.below(5), () => argument(r, steps));
  const alone = argument(r, steps);
  switch (r.below(8)) {
    case 0: return { split: { coin: alone, amounts: list(1) } };
    case 1: return { merge: { into: alone, coins: list(1) } };
    case 2: return { transfer: { objects: list(1), to: alone } };
    case 3: return { make: { type: r.chance(2) ? type(r) : null, items: list(1) } };
    case 4: return { make: { type: type(r), items: [] } };
    default: return { call: { package: address(r), module: name(r), function: name(r), arguments: list(0),
                              types: r.list(r.chance(40) ? 16 : r.of([0, 0, 1, 2]), () => type(r)) } };
  }
}

function expiration(r) {
  if (r.chance(3)) return null;
  if (r.chance(2)) return { epoch: String(r.below(100000)) };
  const optional = () => (r.chance(2) ? r.integer(64) : null);
  return { min_epoch: optional(), max_epoch: optional(), min_timestamp: optional(), max_timestamp: optional(),
           chain: digest(r), nonce: r.next() };
}

function describe(r) {
  const pool = r.list(1 + r.below(6), () => [r.of(["owned", "receiving", "shared", "shared"]), ref(r)]);
  const steps = [];
  for (let n = r.chance(50) ? 200 + r.below(400) : r.below(24); n > 0; n--) {
    const kind = r.below(10);
    steps.push(kind < 4 ? pureStep(r) : kind < 6 ? objectStep(r, pool) : kind < 7 && r.chance(4) ? withdrawStep(r)
                        : commandStep(r, steps));
  }
  const secret = toHex(r.bytes(32));
  return { seed: secret, sender: r.chance(2) ? Ed25519Keypair.fromSecretKey(fromHex(secret)).toSuiAddress() : address(r), steps,
           gas: { coins: r.list(r.chance(40) ? 256 : r.below(4), () => ref(r)), owner: r.chance(3) ? address(r) : null,
                  price: r.integer(64), budget: r.integer(64) },
           expiration: expiration(r) };
}

// ---- the SDK's side ----

const plain = (kind, text) => (kind === "bool" ? text === "true" : text);
const reference = ({ id, version, digest }) => ({ objectId: id, version, digest });
const schema = (kind) => (kind === "id" || kind === "address" ? bcs.Address : kind === "bool" ? bcs.bool() : bcs[kind]());

const STEPS = {
  pure: (tx, _, { kind, value }) => tx.pure[kind](plain(kind, value)),
  vector: (tx, _, { kind, values }) => tx.pure(bcs.vector(schema(kind)).serialize(values.map((text) => plain(kind, text)))),
  option: (tx, _, { kind, value }) => tx.pure(bcs.option(schema(kind)).serialize(value === null ? null : plain(kind, value))),
  bytes: (tx, _, hex) => tx.pure(fromHex(hex)),
  owned: (tx, _, object) => tx.object(Inputs.ObjectRef(reference(object))),
  receiving: (tx, _, object) => tx.object(Inputs.ReceivingRef(reference(object))),
  shared: (tx, _, { id, version, mutable }) =>
    tx.object(Inputs.SharedObjectRef({ objectId: id, initialSharedVersion: version, mutable })),
  clock: (tx) => tx.object.clock(),
  withdraw: (tx, _, options) => tx.withdrawal(options),
  call: (tx, arg, { package: id, module, function: name, types, arguments: list }) =>
    tx.moveCall({ target: `${id}::${module}::${name}`, typeArguments: types, arguments: list.map(arg) }),
  split: (tx, arg, { coin, amounts }) => tx.splitCoins(arg(coin), amounts.map(arg)),
  merge: (tx, arg, { into, coins }) => tx.mergeCoins(arg(into), coins.map(arg)),
  transfer: (tx, arg, { objects, to }) => tx.transferObjects(objects.map(arg), arg(to)),
  make: (tx, arg, { type, items }) => tx.makeMoveVec({ type: type ?? undefined, elements: items.map(arg) }),
};

function expirationOf(x) {
  if (x === null) return { None: true };
  if (x.epoch !== undefined) return { Epoch: x.epoch };
  return { ValidDuring: { minEpoch: x.min_epoch, maxEpoch: x.max_epoch, minTimestamp: x.min_timestamp,
                          maxTimestamp: x.max_timestamp, chain: x.chain, nonce: x.nonce } };
}

async function official({ seed: secret, sender, steps, gas, expiration: expires }) {
  const signer = Ed25519Keypair.fromSecretKey(fromHex(secret));
  const tx = new Transaction();
  const results = [];
  const arg = (value) =>
    value === "gas" ? tx.gas : Array.isArray(value) ? results[value[0]][value[1]] : results[value];
  for (const step of steps) {
    const [[kind, body]] = Object.entries(step);
    results.push(STEPS[kind](tx, arg, body));
  }
  tx.setSender(sender);
  if (gas.owner !== null) tx.setGasOwner(gas.owner);
  tx.setGasPrice(gas.price);
  tx.setGasBudget(gas.budget);
  tx.setGasPayment(gas.coins.map(reference));
  tx.setExpiration(expirationOf(expires));
  const bytes = await tx.build();
  return { bytes: toBase64(bytes), digest: TransactionDataBuilder.getDigestFromBytes(bytes),
           signature: (await signer.signTransaction(bytes)).signature, signer: signer.toSuiAddress() };
}

// ---- the comparison ----

const ours = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
const answers = readline.createInterface({ input: ours.stdout })[Symbol.asyncIterator]();
const ended = new Promise((resolve) => ours.on("close", resolve));
let bytes = 0, commands = 0, inputs = 0;

for (let i = Number(first); i < Number(first) + Number(count); i++) {
  const described = describe(new Random(Number(seed), i));
  const theirs = await official(described);
  ours.stdin.write(JSON.stringify(described) + "\n");
  const { value: line } = await answers.next();
  const mine = JSON.parse(line ?? '{"error":"the program ended"}');
  const different = ["bytes", "digest", "signature", "signer"].filter((key) => mine[key] !== theirs[key]);
  if (different.length > 0) {
    console.log(`transaction ${i} of seed ${seed} differs in ${different.join(", ")}`);
    console.log(JSON.stringify({ described, theirs, mine }, null, 1));
    process.exit(1);
  }
  const size = Buffer.from(mine.bytes, "base64").length;
  bytes += size;
  commands += described.steps.filter((s) => ["call", "split", "merge", "transfer", "make"].some((k) => k in s)).length;
  inputs += described.steps.length;
}
ours.stdin.end();
if ((await ended) !== 0) {
  console.log("the program did not end well");
  process.exit(1);
}
console.log(`${count} transactions alike: ${bytes} bytes, ${commands} commands, ${inputs - commands} inputs added`);
