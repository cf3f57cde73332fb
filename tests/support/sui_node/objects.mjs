// Objects: what they contain, their BCS and digest. An object's version is an immutable record:
//   {id, version, owner, type, kind, fields, previous, rebate, digest, seq, deleted?}
// kind says what `fields` hold: coin {balance}, vault {balances, positions}, plain {value}. Amounts are decimal
// strings; owner is as in the SDK's BCS: {AddressOwner}, {ObjectOwner}, {Shared: {initialSharedVersion}} or
// {Immutable: true}.
import { bcs } from "@mysten/sui/bcs";
import { normalizeStructTag, normalizeSuiAddress, toBase58, toBase64 } from "@mysten/sui/utils";
import { blake2b } from "@noble/hashes/blake2.js";

export const SUI_COIN = normalizeStructTag("0x2::coin::Coin<0x2::sui::SUI>");
export const CLOCK = normalizeSuiAddress("0x6");
export const coinType = (type) => normalizeStructTag(`0x2::coin::Coin<${type}>`);

export const MAX_U64 = 2n ** 64n - 1n;
const MIST_PER_BYTE = 7600n;
const OVERHEAD = 90; // so that a coin counts 130 bytes, as on chain

const Amounts = bcs.struct("VecMap", {
  contents: bcs.vector(bcs.struct("Entry", { key: bcs.string(), value: bcs.u64() })),
});
const LAYOUTS = {
  coin: bcs.struct("Coin", { id: bcs.Address, balance: bcs.u64() }),
  vault: bcs.struct("Vault", { id: bcs.Address, balances: Amounts, positions: Amounts }),
  plain: bcs.struct("Plain", { id: bcs.Address, value: bcs.u64() }),
};

const vecMap = (map) => ({ contents: Object.entries(map).map(([key, value]) => ({ key, value })) });

/** `fields` in the shape that JSON clients and BCS see; the maps of a vault as 0x2::vec_map::VecMap. */
export function json({ id, kind, fields }) {
  if (kind !== "vault") return { id, ...fields };
  return { id, balances: vecMap(fields.balances), positions: vecMap(fields.positions) };
}

export const contents = (object) => LAYOUTS[object.kind].serialize(json(object)).toBytes();

export const storageCost = (object) => BigInt(contents(object).length + OVERHEAD) * MIST_PER_BYTE;

function moveType(type) {
  if (type === SUI_COIN) return { GasCoin: true };
  const tag = bcs.TypeTag.serialize(type).toBytes();
  return { Other: bcs.StructTag.parse(tag.subarray(1)) };
}

export function objectBcs(object) {
  return bcs.Object.serialize({
    data: {
      Move: {
        type: moveType(object.type),
        hasPublicTransfer: object.kind === "coin",
        version: object.version,
        contents: contents(object),
      },
    },
    owner: object.owner,
    previousTransaction: object.previous,
    storageRebate: object.rebate,
  }).toBytes();
}

export const hash = (tag, bytes) => toBase58(blake2b(Buffer.concat([Buffer.from(`${tag}::`), bytes]), { dkLen: 32 }));

/** The object as written by transaction `previous` at `version`. */
export function seal(object, version, previous) {
  const sealed = { ...object, version, previous, rebate: String(storageCost(object)) };
  return { ...sealed, digest: hash("Object", objectBcs(sealed)) };
}

/** The id of the n-th object that a transaction creates, as on chain. */
export function childId(digestBytes, n) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64LE(BigInt(n));
  return (
    "0x" +
    Buffer.from(blake2b(Buffer.concat([Buffer.from([0xf1]), digestBytes, counter]), { dkLen: 32 })).toString("hex")
  );
}

export const base64 = toBase64;
export const isCoin = (object) => object.kind === "coin";
export const ownerAddress = (object) => object.owner.AddressOwner ?? null;
export const isShared = (object) => object.owner.Shared !== undefined;
