// HTTP with limits: what a request may be, and how answers go out, also the wrong ones.
import http from "node:http";
import https from "node:https";

const MAX_BODY = 512 * 1024;
const MAX_CONNECTIONS = 1000;

export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function send(response, status, body, headers = {}) {
  if (response.writableEnded || response.destroyed) return;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY) throw new HttpError(413, `the request has more than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The request's body: a JSON object or, for `lists`, an array. */
export async function readJson(request, lists = false) {
  if (request.method !== "POST") throw new HttpError(405, "expected POST");
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
    throw new HttpError(415, "expected application/json");
  const body = await readBody(request);
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new HttpError(400, "the body is not JSON");
  }
  if (typeof value !== "object" || value === null || (Array.isArray(value) && !lists))
    throw new HttpError(400, "the body is not a JSON object");
  return value;
}

function handler(routes, defect) {
  return async (request, response) => {
    response.on("error", () => {});
    try {
      const path = request.url.split("?")[0];
      if (!Object.hasOwn(routes, path)) throw new HttpError(404, "there is no such path");
      await routes[path](request, response);
    } catch (e) {
      if (!(e instanceof HttpError) && e.code !== "ECONNRESET") defect(e);
      send(response, e.status ?? 500, { errors: [{ message: e.message }] }, { Connection: "close" });
    }
  };
}

/** A server of `routes`: {path: async (request, response)}. `defect(error)`: told of errors that are this program's.
    `tls`: {cert, key}, or null. */
export function serve(routes, defect, tls) {
  const options = { requestTimeout: 30000, headersTimeout: 10000, maxHeaderSize: 16384, ...tls };
  const server = (tls ? https : http).createServer(options, handler(routes, defect));
  server.on("clientError", (e, socket) => socket.destroy());
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

export function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}
