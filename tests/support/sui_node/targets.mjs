// Checks the description of Move targets (see move.mjs), so that a mistake in a test is told where it was made.
import { pureBcsSchemaFromTypeName } from "@mysten/sui/bcs";
import { normalizeStructTag, normalizeSuiAddress } from "@mysten/sui/utils";
import { MODEL_NAMES, OWNER_NAMES } from "./move.mjs";
import { need } from "./reject.mjs";

const NAME = /^0x[0-9a-fA-F]{1,64}::[A-Za-z_]\w*::[A-Za-z_]\w*$/;
const KEYS = ["params", "typeArguments", "returns", "creates", "abort", "units", "model"];
const PLAIN = /^(&mut|&|object|coin|value)$|^coin:|^value:/;
const COUNT = (value) => Number.isSafeInteger(value) && value >= 0;

export function fullName(name, what) {
  need(
    typeof name === "string" && NAME.test(name),
    `${what}: expected package::module::function, got ${JSON.stringify(name)}`,
  );
  const [address, ...rest] = name.split("::");
  return [normalizeSuiAddress(address), ...rest].join("::");
}

function works(action) {
  try {
    return Boolean(action());
  } catch {
    return false;
  }
}

const isParameter = (text) =>
  typeof text === "string" && (PLAIN.test(text) || works(() => pureBcsSchemaFromTypeName(text)));
const isReturn = (text) => typeof text === "string" && /^(value|object):./.test(text);
const isCreate = (item) => works(() => normalizeStructTag(item.type)) && OWNER_NAMES.includes(item.owner);
const listOf = (fits) => (value) => Array.isArray(value) && value.every(fits);

const CHECKS = {
  params: listOf(isParameter),
  returns: listOf(isReturn),
  creates: listOf(isCreate),
  typeArguments: COUNT,
  units: COUNT,
  abort: (value) => COUNT(value?.code) && (value.at === undefined || NAME.test(value.at)),
  model: (value) => MODEL_NAMES.includes(value?.kind),
};

/** {name: target} with whole names; throws a Rejection. */
export function checkTargets(targets) {
  need(typeof targets === "object" && targets !== null && !Array.isArray(targets), "targets: expected an object");
  return Object.fromEntries(
    Object.entries(targets).map(([name, target]) => {
      need(typeof target === "object" && target !== null, `${name}: expected an object`);
      for (const [key, value] of Object.entries(target)) {
        need(KEYS.includes(key), `${name}: expected ${KEYS.join(", ")}, got '${key}'`);
        need(CHECKS[key](value), `${name}: ${key} is wrong: ${JSON.stringify(value)}`);
      }
      const at = target.abort?.at && { abort: { ...target.abort, at: fullName(target.abort.at, name) } };
      return [fullName(name, "target"), { ...target, ...at }];
    }),
  );
}
