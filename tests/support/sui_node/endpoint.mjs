// One address of the GraphQL service. It can be dead (nobody listens) while the node lives on.
import { submission } from "./graphql.mjs";
import { inflict } from "./inflict.mjs";
import { HttpError, listen, readJson, send, serve } from "./http.mjs";

const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** {query, variables, operationName}, the latter two of their types. */
async function readRequest(request) {
  const { query, variables, operationName } = await readJson(request);
  if (!isMap(variables ?? {})) throw new HttpError(400, "the variables are not a JSON object");
  if (typeof (operationName ?? "") !== "string") throw new HttpError(400, "the operation's name is not a text");
  return { query, variables, operationName };
}

/** The handler of POST /graphql. `number`: of the endpoint, or null for that of the truth, without faults. */
export function graphqlRoute(service, number) {
  const { switches, node } = service;
  return async (request, response) => {
    const body = await readRequest(request);
    const prepared = service.prepare(body);
    if (prepared.match === "execute") node.noteSubmit(submission(prepared.operation, body.variables));
    const fault = number === null ? null : switches.takeFault(number, prepared.match ?? "read");
    if (fault?.when === "before" && !(await inflict(fault, response, null, node.chain.log))) return;
    const result = prepared.errors
      ? { data: null, errors: prepared.errors }
      : await service.answer(prepared, body, number);
    if (fault?.when === "after" && !(await inflict(fault, response, result, node.chain.log))) return;
    send(response, 200, result);
  };
}

export class Endpoint {
  constructor(port, routes, defect, tls = null) {
    Object.assign(this, { port, routes, defect, tls, server: null });
  }

  async start() {
    if (this.server !== null) return;
    const server = serve(this.routes, this.defect, this.tls);
    await listen(server, this.port);
    this.server = server;
  }

  /** Connections are cut, new ones refused. */
  async stop() {
    const { server } = this;
    if (server === null) return;
    this.server = null;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}
