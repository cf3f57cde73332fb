// What a transaction costs: computation in buckets times the price, storage by the bytes written, 99 % of what the
// overwritten and deleted versions had paid for storage given back.
import { storageCost } from "./objects.mjs";

const BUCKETS = [1000n, 5000n, 10000n, 20000n, 50000n, 200000n, 1000000n, 5000000n];
const REFUNDED_PERCENT = 99n;

export const computation = (units, price) => (BUCKETS.find((bucket) => units <= bucket) ?? BUCKETS.at(-1)) * price;

/** `before`: the versions that are overwritten or deleted; `after`: those that are written. */
export function summary(cost, before, after) {
  const paid = before.reduce((sum, object) => sum + BigInt(object.rebate), 0n);
  const rebate = (paid * REFUNDED_PERCENT) / 100n;
  return {
    computation: cost,
    storage: after.reduce((sum, object) => sum + storageCost(object), 0n),
    rebate,
    nonRefundable: paid - rebate,
  };
}

export const net = (gas) => gas.computation + gas.storage - gas.rebate;

/** What the budget must cover. */
export const needed = (gas) => (net(gas) > gas.computation ? net(gas) : gas.computation);
