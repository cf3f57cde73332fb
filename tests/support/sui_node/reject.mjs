// What a full node answers instead of executing. The texts are those of public nodes, for clients recognise them.

/** The request is refused before anything is executed: top-level errors[] with code BAD_USER_INPUT. */
export class Rejection extends Error {}

/** A transaction that the validators refuse. */
export class Refused extends Rejection {
  constructor(reason) {
    super(
      "Invalid argument: Transaction is rejected as invalid by more than 1/3 of validators by stake " +
        `(non-retriable). Non-retriable errors: [${reason} with 10000 stake].`,
    );
    this.reason = reason;
  }
}

/** A command of a transaction failed: executed with status FAILURE. `error` is an ExecutionFailureStatus for BCS. */
export class Failure extends Error {
  constructor(message, error, abort = null) {
    super(message);
    this.error = error;
    this.abort = abort; // {package, module, function, code}
    this.command = null; // set by the interpreter
  }
}

/** Rejects what is not so. */
export function need(condition, message) {
  if (!condition) throw new Rejection(message);
}

/** Refuses a transaction of which it is not so. */
export function must(condition, reason) {
  if (!condition) throw new Refused(reason);
}

/** As public nodes print a version. */
export const hex = (version) => "0x" + BigInt(version).toString(16);
