// Pages of a connection: `first` items after a cursor, or `last` before one. A cursor is opaque to clients and stays
// good when items are added.
import { need } from "./reject.mjs";

const DEFAULT_SIZE = 20;
export const MAX_SIZE = 50;

const cursorOf = (key) => Buffer.from(JSON.stringify(key)).toString("base64");

function keyOf(cursor, name) {
  try {
    const key = JSON.parse(Buffer.from(cursor, "base64").toString());
    if (["string", "number"].includes(typeof key) && cursorOf(key) === cursor) return key;
  } catch {
    // as below
  }
  return need(false, `Invalid cursor '${name}': ${JSON.stringify(cursor)}`);
}

function sizeOf({ first, last }) {
  need(!(first != null && last != null), "Cannot use 'first' and 'last' together");
  const size = first ?? last ?? DEFAULT_SIZE;
  need(Number.isInteger(size) && size >= 0 && size <= MAX_SIZE, `Page size is too large: ${size} > ${MAX_SIZE}`);
  return size;
}

/** `items` in the order of key(item). */
export function page(items, key, args, view) {
  const size = sizeOf(args);
  const [after, before] = ["after", "before"].map((name) => (args[name] == null ? null : keyOf(args[name], name)));
  const rest = items.filter((item) => (after === null || key(item) > after) && (before === null || key(item) < before));
  const taken = args.last == null ? rest.slice(0, size) : rest.slice(Math.max(0, rest.length - size));
  const [head, tail] = [taken[0], taken.at(-1)];
  return {
    pageInfo: {
      hasNextPage: tail !== undefined && items.some((item) => key(item) > key(tail)),
      hasPreviousPage: head !== undefined && items.some((item) => key(item) < key(head)),
      startCursor: head === undefined ? null : cursorOf(key(head)),
      endCursor: tail === undefined ? null : cursorOf(key(tail)),
    },
    nodes: () => taken.map(view),
    edges: () => taken.map((item) => ({ cursor: cursorOf(key(item)), node: view(item) })),
  };
}
