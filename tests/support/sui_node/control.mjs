// POST /control: {do: ACTION, …}, or a list of them; the answer is {results: [one each]}. The first wrong one ends it.
// ACTIONS at the end says which there are.
import { bcs } from "@mysten/sui/bcs";
import { normalizeStructTag, normalizeSuiAddress, toBase64 } from "@mysten/sui/utils";
import { blake2b } from "@noble/hashes/blake2.js";
import { checkTargets, fullName } from "./targets.mjs";
import { CLOCK, MAX_U64, SUI_COIN, childId, coinType, hash, isCoin, seal } from "./objects.mjs";
import { FAULTS, MATCHES } from "./switches.mjs";
import { addressOf } from "./views.mjs";
import { need } from "./reject.mjs";

const MAX_BUMPS = 10000;
const FOREIGN_BUDGET = 12_345_678; // not what clients choose: the bytes are others
const NOBODY = normalizeSuiAddress("0xbad");
const ZERO_GAS = { computation: "0", storage: "0", rebate: "0", nonRefundable: "0" };

const whole = (value, name, least = 0) => {
  need(
    Number.isSafeInteger(value) && value >= least,
    `${name}: expected a whole number from ${least}, got ${JSON.stringify(value)}`,
  );
  return value;
};
const amount = (value, name) => {
  const fits = /^\d{1,20}$/.test(String(value)) && BigInt(value) <= MAX_U64;
  need(fits, `${name}: expected an amount, got ${JSON.stringify(value)}`);
  return String(value);
};
const oneOf = (value, names, name) => {
  need(names.includes(value), `${name}: expected one of ${names.join(", ")}, got ${JSON.stringify(value)}`);
  return value;
};

const text = (value, name) => {
  need(typeof value === "string", `${name}: expected a text, got ${JSON.stringify(value)}`);
  return value;
};

function structTag(value, name) {
  try {
    return normalizeStructTag(value);
  } catch {
    return need(false, `${name}: expected a type, got ${JSON.stringify(value)}`);
  }
}

/** A change of the chain that no client asked for, as a transaction without bytes. */
export function systemTransaction(chain, sender, changed) {
  const digest = hash("System", Buffer.from(`${chain.chain}:${chain.seq}`));
  const before = changed.map(({ id }) => chain.object(id));
  const lamport = 1 + Math.max(0, ...before.map((object) => object?.version ?? 0));
  const writes = changed.map((object) => seal(placed(object, lamport), object.version ?? lamport, digest));
  const changes = writes.map(({ id, version, digest, owner }, i) => ({
    id,
    before: before[i],
    after: { version, digest, owner },
  }));
  const record = {
    k: "tx",
    digest,
    bytes: null,
    signatures: [],
    sender,
    epoch: chain.epoch.epoch,
    time: Date.now(),
    origin: "system",
    failure: null,
    gas: ZERO_GAS,
    gasObject: null,
    lamport,
    writes,
    changes,
    dependencies: [],
    reads: [],
    effectsBcs: null,
    effectsDigest: null,
  };
  return chain.commit(record, false);
}

const placed = (object, lamport) =>
  object.owner.Shared?.initialSharedVersion === 0
    ? { ...object, owner: { Shared: { initialSharedVersion: lamport } } }
    : object;

const reference = ({ id, version, digest }) => ({ objectId: id, version, digest });

function newId(chain, id, n = 0) {
  const made = id ?? childId(blake2b(Buffer.from(`${chain.chain}:${chain.seq}`), { dkLen: 32 }), n);
  const address = addressOf(made);
  need(!chain.objects.has(address), `the object ${address} is there already`);
  return address;
}

const shown = (object) => ({ ...reference(object), type: object.type, owner: object.owner });

function ownerOf(owner) {
  if (owner === "shared") return { Shared: { initialSharedVersion: 0 } };
  if (owner === "immutable") return { Immutable: true };
  return { AddressOwner: addressOf(owner) };
}

function coins({ chain }, { owner, balance, count = 1, type = "0x2::sui::SUI", id }) {
  const [holder, held] = [{ AddressOwner: addressOf(owner) }, amount(balance, "balance")];
  whole(count, "count", 1);
  need(count <= 1000 && (id === undefined || count === 1), "count: at most 1000, and one with an id");
  const made = Array.from({ length: count }, (_, n) => ({
    id: newId(chain, id, n),
    type: coinType(structTag(type, "type")),
    kind: "coin",
    fields: { balance: held },
    owner: holder,
  }));
  return systemTransaction(chain, NOBODY, made).writes.map(shown);
}

const amounts = (map, name, key) =>
  Object.fromEntries(Object.entries(map ?? {}).map(([k, value]) => [key(k), amount(value, name)]));

function object(
  { chain },
  { id, owner, type = "0x2::object::Plain", kind = "plain", version, balances, positions, value = 0 },
) {
  oneOf(kind, ["plain", "vault"], "kind");
  const vault = () => ({
    balances: amounts(balances, "balances", (key) => structTag(key, "balances")),
    positions: amounts(positions, "positions", String),
  });
  const fields = kind === "vault" ? vault() : { value: amount(value, "value") };
  const made = { id: newId(chain, id), type: structTag(type, "type"), kind, fields, owner: ownerOf(owner) };
  if (version !== undefined) {
    made.version = whole(version, "version", 1);
    if (owner === "shared") made.owner = { Shared: { initialSharedVersion: version } };
  }
  return shown(systemTransaction(chain, NOBODY, [made]).writes[0]);
}

function existing(chain, id) {
  const found = chain.object(addressOf(id));
  need(found !== null, `there is no object ${id}`);
  return found;
}

/** Somebody else's transaction changes an object. */
function bump({ chain }, { object: id, times = 1 }) {
  const address = existing(chain, id).id;
  for (let n = 0; n < Math.min(whole(times, "times", 1), MAX_BUMPS); n++) {
    systemTransaction(chain, NOBODY, [{ ...chain.object(address), version: undefined }]);
  }
  return shown(chain.object(address));
}

/** An input that a transaction may change. */
function inputOf(object) {
  const { initialSharedVersion } = object.owner.Shared ?? {};
  if (initialSharedVersion === undefined) return { Object: { ImmOrOwnedObject: reference(object) } };
  return { Object: { SharedObject: { objectId: object.id, initialSharedVersion, mutable: true } } };
}

/** A transaction of `sender` that some other holder of its key made; it pays with `coin` or with one of its own. */
function foreign({ chain, node }, { sender, coin, objects = [] }) {
  const from = addressOf(sender);
  const paid = existing(chain, coin ?? coins({ chain }, { owner: from, balance: "1000000000" })[0].objectId);
  const inputs = objects.map((id) => inputOf(existing(chain, id)));
  const data = {
    V1: {
      kind: { ProgrammableTransaction: { inputs, commands: [{ MakeMoveVec: { type: "u64", elements: [] } }] } },
      sender: from,
      gasData: { payment: [reference(paid)], owner: from, price: chain.epoch.gasPrice, budget: String(FOREIGN_BUDGET) },
      expiration: { None: true },
    },
  };
  const { digest } = node.executeUnsigned(toBase64(bcs.TransactionData.serialize(data).toBytes()));
  return { digest, coin: shown(chain.object(paid.id)) };
}

function fault({ switches }, { kind, when = "before", match = "any", endpoint = null, times = 1, ...more }) {
  oneOf(kind, Object.keys(FAULTS), "kind");
  oneOf(when, kind === "tear" ? ["before"] : ["before", "after"], "when");
  oneOf(match, MATCHES, "match");
  if (endpoint !== null) endpointNumber(switches, endpoint);
  delete more.do;
  const parameters = FAULTS[kind];
  for (const [name, value] of Object.entries(more)) {
    need(name in parameters, `${kind}: no parameter is called '${name}'`);
    need(typeof value === typeof parameters[name], `${kind}: ${name} must be a ${typeof parameters[name]}`);
  }
  switches.faults.push({ kind, when, match, endpoint, times: whole(times, "times"), ...parameters, ...more });
  return {};
}

function endpointNumber(switches, endpoint) {
  need(
    Number.isInteger(endpoint) && endpoint >= 0 && endpoint < switches.endpoints,
    `there is no endpoint ${endpoint}`,
  );
  return endpoint;
}

/** The views that a switch is about. */
const viewsOf = (switches, endpoint = null) =>
  endpoint === null ? switches.views : [switches.views[endpointNumber(switches, endpoint)]];

function lag({ switches }, { endpoint, transactions = 0, ms = 0 }) {
  for (const view of viewsOf(switches, endpoint))
    Object.assign(view, { transactions: whole(transactions, "transactions"), ms: whole(ms, "ms") });
  return {};
}

function wrongChain({ switches }, { endpoint, identifier = null }) {
  for (const view of viewsOf(switches, endpoint)) view.chain = identifier && text(identifier, "identifier");
  return {};
}

function abort({ switches }, { target = null, code = 1, at, when = "execute", times = 1 }) {
  oneOf(when, ["execute", "simulate", "any"], "when");
  const name = (full) => fullName(full, "abort");
  const item = { target: target && name(target), code: whole(code, "code"), when, times: whole(times, "times") };
  switches.aborts.push(at === undefined ? item : { ...item, at: name(at) });
  return {};
}

function finality({ switches }, { ms, durable = true, times = 0 }) {
  switches.finality = whole(ms, "ms") === 0 ? null : { ms, durable, times: whole(times, "times") };
  return {};
}

async function endpointAlive({ switches, endpoints }, { endpoint, alive }) {
  const one = endpoints[endpointNumber(switches, endpoint)];
  await (alive ? one.start() : one.stop());
  return {};
}

function epoch({ node }, { gas_price: price }) {
  return node.changeEpoch(price === undefined ? undefined : whole(price, "gas_price", 1));
}

function targets({ chain }, { targets: given, replace = false }) {
  const checked = checkTargets(given);
  return chain.commit({ k: "targets", targets: replace ? checked : { ...chain.targets, ...checked } }, false).targets;
}

function prune({ chain }, { digest, forget = false }) {
  need(chain.executed(digest) !== null, `there is no transaction ${digest}`);
  return chain.commit({ k: "prune", digest, forget: Boolean(forget) });
}

const ACTIONS = {
  coins, // {owner, balance, count, type, id}: coins out of nothing; their references
  object, // {id, owner: ADDRESS | "shared" | "immutable", type, version, value} or {…, kind: "vault", balances, positions}
  targets, // {targets, replace}: what Move calls do, see move.mjs
  epoch, // {gas_price}: the next epoch
  bump, // {object, times}: somebody else changes an object
  foreign, // {sender, coin, objects}: somebody else's transaction from this address, that changes objects
  abort, // {target, code, at, when, times}: the next calls (of the target) abort; when: "execute", "simulate", "any"
  finality, // {ms, durable, times}: time from acceptance to execution; durable: a killed node goes on with it
  lag, // {endpoint, transactions, ms}: reads are behind by so many transactions, or so long
  chain: wrongChain, // {endpoint, identifier}: it says that it is of this chain
  endpoint: endpointAlive, // {endpoint, alive}: false: nobody listens there
  prune, // {digest, forget}: queries do not find it any more; forget: sent again it is refused for its stale versions
  fault, // see switches.mjs
  clear: ({ switches }) => (switches.clear(), {}), // all faults, aborts, lags and slow finality off; the chain stays
};

export async function control(world, body) {
  const results = [];
  for (const one of Array.isArray(body) ? body : [body]) {
    need(
      typeof one === "object" && one !== null && Object.hasOwn(ACTIONS, one.do),
      `do: expected one of ${Object.keys(ACTIONS).join(", ")}`,
    );
    results.push(await ACTIONS[one.do](world, one));
  }
  return { results };
}

/** GET /ledger?after=CHECKPOINT: what was executed (since then), refused and sent; no changes that control made. */
export function ledger({ chain, defects }, after) {
  return {
    chain: chain.chain,
    epoch: chain.epoch.epoch,
    gas_price: chain.epoch.gasPrice,
    checkpoint: chain.seq,
    transactions: chain.order
      .slice(after)
      .filter(({ origin }) => origin !== "system")
      .map((record) => ({
        checkpoint: record.seq,
        digest: record.digest,
        sender: record.sender,
        time: record.time,
        epoch: record.epoch,
        origin: record.origin,
        submits: chain.submits.get(record.digest) ?? 0,
        status: record.failure ? "FAILURE" : "SUCCESS",
        failure: record.failure,
        gas: record.gas,
        gas_object: record.gasObject,
        bytes: record.bytes,
      })),
    submits: Object.fromEntries(chain.submits),
    pending: [...chain.pending.keys()],
    rejected: chain.rejected.map(({ k, ...rest }) => rest),
    equivocations: chain.equivocations.map(({ k, ...rest }) => rest),
    defects,
  };
}

/** What every chain has. */
export function genesisObjects(chain) {
  if (chain.objects.has(CLOCK)) return;
  const owner = { Shared: { initialSharedVersion: 1 } };
  systemTransaction(chain, normalizeSuiAddress("0x0"), [
    {
      id: CLOCK,
      type: normalizeStructTag("0x2::clock::Clock"),
      kind: "plain",
      fields: { value: "0" },
      owner,
      version: 1,
    },
  ]);
}
