// A Sui full node's GraphQL service for tests, on loopback.
//
//   main.mjs --data FILE --control PORT --endpoint PORT… [--chain DIGEST] [--epoch 500] [--gas-price 1000]
//            [--cert FILE --key FILE]
//
// On each endpoint POST /graphql, with what goes wrong there on purpose; over TLS when there is a certificate. On the
// control port POST /graphql, which always tells the truth, POST /control and GET /ledger (see control.mjs), and GET
// /health when everything listens.
//
// What a public network has and this has not: validators and their quorums, congestion, Move code (calls do what they are
// told to, see move.mjs), publishing, receiving, balances of addresses, events, subscriptions, zkLogin and multisig. Each
// transaction is a checkpoint. Prices, buckets and the texts of refusals are those of public nodes as far as documented.
import crypto from "node:crypto";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fromBase58, toBase58 } from "@mysten/sui/utils";
import { Chain } from "./chain.mjs";
import { control, genesisObjects, ledger } from "./control.mjs";
import { Endpoint, graphqlRoute } from "./endpoint.mjs";
import { Service } from "./graphql.mjs";
import { readJson, send } from "./http.mjs";
import { Node } from "./node.mjs";
import { Rejection } from "./reject.mjs";
import { Switches } from "./switches.mjs";

const SCHEMA = fileURLToPath(new URL("node_modules/@mysten/sui/src/graphql/generated/schema.graphql", import.meta.url));
const MAX_DEFECTS = 100;

function options() {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      control: { type: "string" },
      endpoint: { type: "string", multiple: true, default: [] },
      chain: { type: "string", default: toBase58(crypto.randomBytes(32)) },
      epoch: { type: "string", default: "500" },
      "gas-price": { type: "string", default: "1000" },
      cert: { type: "string" },
      key: { type: "string" },
    },
  });
  if (!values.data || !values.control || fromBase58(values.chain).length !== 32)
    throw new Error("usage: see the head of main.mjs");
  const tls = values.cert ? { cert: fs.readFileSync(values.cert), key: fs.readFileSync(values.key) } : null;
  return { ...values, tls, epoch: Number(values.epoch), gasPrice: Number(values["gas-price"]) };
}

const after = (url) => Number(new URL(url, "http://localhost").searchParams.get("after")) || 0;

function controlRoutes(world, service) {
  return {
    "/graphql": graphqlRoute(service, null),
    "/health": async (request, response) =>
      send(response, 200, { endpoints: world.endpoints.map((one) => one.server !== null) }),
    "/ledger": async (request, response) => send(response, 200, ledger(world, after(request.url))),
    "/control": async (request, response) => {
      try {
        send(response, 200, await control(world, await readJson(request, true)));
      } catch (e) {
        if (!(e instanceof Rejection)) throw e;
        send(response, 400, { error: e.message });
      }
    },
  };
}

async function main() {
  const { data, control: port, endpoint: ports, tls, ...genesis } = options();
  const defects = [];
  const defect = (error) => {
    console.error(error.stack);
    if (defects.length < MAX_DEFECTS) defects.push(String(error.stack));
  };
  const chain = Chain.open(data, {
    chain: genesis.chain,
    epoch: genesis.epoch,
    gasPrice: genesis.gasPrice,
    time: Date.now(),
  });
  genesisObjects(chain);
  const switches = new Switches(ports.length);
  const node = new Node(chain, switches, defect);
  const service = new Service(SCHEMA, node, switches, defect);
  const endpoints = ports.map(
    (one, i) => new Endpoint(Number(one), { "/graphql": graphqlRoute(service, i) }, defect, tls),
  );
  const world = { chain, node, switches, endpoints, defects };
  for (const one of endpoints) await one.start();
  await new Endpoint(Number(port), controlRoutes(world, service), defect).start();
}

await main();
