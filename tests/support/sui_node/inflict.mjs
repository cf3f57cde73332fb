// Faults as a client sees them.
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./http.mjs";

const PAGE = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>";

function oversized(response, bytes) {
  const [head, tail] = ['{"data":{"padding":"', '"}}'];
  response.writeHead(200, { "Content-Type": "application/json" });
  response.write(head);
  const block = Buffer.alloc(65536, "x");
  let left = bytes - head.length - tail.length;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      const part = block.subarray(0, Math.min(left, block.length));
      left -= part.length;
      if (!response.write(part)) return void response.once("drain", more);
    }
    response.end(tail);
  };
  more();
}

async function trickle(response, text, ms) {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
  for (const byte of Buffer.from(text)) {
    if (response.destroyed) return;
    response.write(Buffer.from([byte]));
    await sleep(ms);
  }
  response.end();
}

/** The answer in place of `result` (null before the work). True: go on as if nothing was. */
export async function inflict(fault, response, result, log) {
  const text = JSON.stringify(result ?? { data: null });
  switch (fault.kind) {
    case "silent":
      return false; // the server holds the connection until the client closes it
    case "reset":
      response.socket?.resetAndDestroy();
      return false;
    case "status":
      send(response, fault.status, fault.body, { "Content-Type": "text/plain" });
      return false;
    case "limit":
      send(response, 429, "Too Many Requests", {
        "Content-Type": "text/plain",
        "Retry-After": String(fault.retry_after),
      });
      return false;
    case "malformed":
      send(response, 200, text.slice(0, Math.max(1, text.length >> 1)));
      return false;
    case "oversized":
      oversized(response, fault.bytes);
      return false;
    case "empty":
      send(response, 200, "");
      return false;
    case "html":
      send(response, 200, PAGE, { "Content-Type": "text/html" });
      return false;
    case "trickle":
      await trickle(response, text, fault.ms);
      return false;
    case "errors":
      send(response, 200, { data: null, errors: [{ message: fault.message, extensions: { code: fault.code } }] });
      return false;
    case "slow":
      await sleep(fault.ms);
      return true;
    case "tear":
      log.tear = true;
      return true;
    case "die":
      process.kill(process.pid, "SIGKILL");
      return false;
    default:
      throw new Error(`no fault is called '${fault.kind}'`);
  }
}
