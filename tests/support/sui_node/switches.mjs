// What goes wrong on purpose, until it is switched off or used up; nothing of it survives a restart.
//
// A fault is {kind, when, match, endpoint, times, …}: `when` the request is answered ("before" or "after" its work),
// `match`: only "execute", "simulate", "lookup" (of a transaction), "read" or "any"; `endpoint`: its number, or all;
// `times`: how often (1; 0: until cleared).
//   silent     no answer until the client gives up     reset      the connection is cut
//   status     {status, body}: an HTTP status          limit      429 with {retry_after}: seconds
//   malformed  half of the JSON                        oversized  {bytes}: an answer that long
//   empty      200 without a body                      html       200 with a page of a proxy
//   slow       {ms}: answers late                      trickle    {ms}: one byte each
//   errors     {message, code}: GraphQL errors         die        the node is killed
//   tear       it is killed while it writes its log ("before" only)
export const FAULTS = {
  silent: {},
  reset: {},
  malformed: {},
  empty: {},
  html: {},
  die: {},
  tear: {},
  status: { status: 500, body: "Internal Server Error" },
  limit: { retry_after: 1 },
  oversized: { bytes: 16 << 20 },
  slow: { ms: 1000 },
  trickle: { ms: 100 },
  errors: { message: "Internal error occurred while processing request.", code: "INTERNAL_SERVER_ERROR" },
};
export const MATCHES = ["any", "execute", "simulate", "lookup", "read"];

/** Takes one use of the first item that fits. */
function use(list, fits) {
  const at = list.findIndex(fits);
  if (at < 0) return null;
  const found = list[at];
  if (found.times > 0 && --found.times === 0) list.splice(at, 1);
  return found;
}

export class Switches {
  constructor(endpoints) {
    this.endpoints = endpoints;
    this.clear();
  }

  clear() {
    this.faults = [];
    this.aborts = []; // {target, code, at, when, times}
    this.finality = null; // {ms, durable, times}
    this.views = Array.from({ length: this.endpoints }, () => ({ transactions: 0, ms: 0, chain: null }));
  }

  takeFault(endpoint, match) {
    return use(
      this.faults,
      (f) => (f.endpoint === null || f.endpoint === endpoint) && (f.match === "any" || f.match === match),
    );
  }

  /** Aborts that a call may meet when it is simulated or executed. */
  abortsOf(when) {
    const fits = (abort, target) =>
      (abort.when === "any" || abort.when === when) && (abort.target ?? target) === target;
    return { take: (target) => use(this.aborts, (abort) => fits(abort, target)) };
  }

  takeFinality() {
    const { finality } = this;
    if (finality === null) return null;
    if (finality.times > 0 && --finality.times === 0) this.finality = null;
    return finality;
  }

  /** The transaction up to which an endpoint knows; null: the truth. */
  horizon(endpoint, chain) {
    if (endpoint === null) return chain.seq;
    const { transactions, ms } = this.views[endpoint];
    let at = Math.max(0, chain.seq - transactions);
    const newest = Date.now() - ms;
    while (ms > 0 && at > 0 && chain.order[at - 1].time > newest) at--;
    return at;
  }

  chainOf(endpoint, chain) {
    return (endpoint === null ? null : this.views[endpoint].chain) ?? chain.chain;
  }
}
