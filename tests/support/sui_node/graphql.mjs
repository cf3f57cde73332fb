// The GraphQL service: the public schema comes with the SDK, so that a query which the public service would not take is
// refused here too. A field of the schema that this node does not know is an error, never a silent null.
import fs from "node:fs";
import { GraphQLError, buildSchema, execute, getOperationAST, parse, validate } from "graphql";
import { MAX_SIZE } from "./pages.mjs";
import { Rejection, need } from "./reject.mjs";
import { Views, addressOf } from "./views.mjs";

const MAX_QUERY = 5000;
const MAX_KEYS = 200;
const MAX_FIELDS = 100000;
const MAX_DOCUMENTS = 500;

const graphqlError = (message, code) => new GraphQLError(message, { extensions: { code } });

const TOO_COMPLEX = graphqlError(`Query is too complex: over ${MAX_FIELDS} fields`, "BAD_USER_INPUT");

function keys(list) {
  need(list.length <= MAX_KEYS, `Request too large: ${list.length} keys, at most ${MAX_KEYS}`);
  return list;
}

/** The root fields, for a reader that knows the chain up to views.at. */
function root(node, views) {
  const { chain } = views;
  return {
    chainIdentifier: views.chainId,
    epoch: ({ epochId }) => (epochId == null ? views.epoch(chain.epochAt(views.at)) : views.epochNumber(epochId)),
    checkpoint: ({ sequenceNumber }) => views.checkpoint(sequenceNumber ?? views.at),
    object: (args) => views.objectByKey(args),
    multiGetObjects: (args) => keys(args.keys).map((key) => views.objectByKey(key)),
    address: ({ address, name }) => {
      need(name == null, "Unsupported on the test node: names");
      return views.address(addressOf(address));
    },
    transaction: ({ digest }) => views.transaction(chain.transaction(digest, views.at)),
    transactionEffects: ({ digest }) => views.transaction(chain.transaction(digest, views.at))?.effects() ?? null,
    multiGetTransactions: (args) =>
      keys(args.keys).map((digest) => views.transaction(chain.transaction(digest, views.at))),
    transactions: (args) => views.transactions(args),
    serviceConfig: { maxMultiGetSize: MAX_KEYS, maxQueryPayloadSize: MAX_QUERY, maxPageSize: MAX_SIZE },
    simulateTransaction: ({ transaction, checksEnabled, doGasSelection }) => {
      const bytes = transaction?.bcs?.value;
      need(
        typeof bytes === "string",
        'Unsupported on the test node: simulation of anything but {"bcs": {"value": "<base64>"}}',
      );
      need(!doGasSelection, "Unsupported on the test node: gas selection");
      need(checksEnabled ?? true, "Unsupported on the test node: simulation without checks");
      const record = node.simulate(bytes);
      return { effects: () => views.transaction(record, true).effects(), outputs: null };
    },
    executeTransaction: async ({ transactionDataBcs, signatures }) => {
      const record = await node.execute(transactionDataBcs, signatures);
      return { effects: () => views.transaction(record, true).effects() };
    },
  };
}

function resolveField(source, args, context, info) {
  if (++context.fields > MAX_FIELDS) throw TOO_COMPLEX;
  const value = source[info.fieldName];
  if (value === undefined) {
    throw graphqlError(`the test node does not answer ${info.parentType.name}.${info.fieldName}`, "NOT_ON_TEST_NODE");
  }
  try {
    return typeof value === "function" ? translate(value(args), context) : value;
  } catch (e) {
    throw wrap(e, context);
  }
}

const translate = (value, context) =>
  value instanceof Promise ? value.catch((e) => Promise.reject(wrap(e, context))) : value;

function wrap(error, context) {
  if (error instanceof GraphQLError) return error;
  if (error instanceof Rejection) return graphqlError(error.message, "BAD_USER_INPUT");
  context.defect(error);
  return graphqlError("Internal error occurred while processing request.", "INTERNAL_SERVER_ERROR");
}

export class Service {
  /** `defect(error)`: told of errors that are this program's own. */
  constructor(schemaFile, node, switches, defect) {
    this.schema = buildSchema(fs.readFileSync(schemaFile, "utf8"));
    Object.assign(this, { node, switches, defect });
    this.documents = new Map();
  }

  /** {document, operation, match} or {errors}. */
  prepare({ query, operationName }) {
    if (typeof query !== "string") return { errors: [graphqlError("Expected a query", "BAD_USER_INPUT")] };
    if (query.length > MAX_QUERY) {
      return {
        errors: [
          graphqlError(`Query payload too large: ${query.length} bytes, at most ${MAX_QUERY}`, "BAD_USER_INPUT"),
        ],
      };
    }
    const prepared = this.documents.get(query) ?? this.remember(query);
    if (prepared.errors) return prepared;
    const operation = getOperationAST(prepared.document, operationName);
    if (!operation || operation.operation === "subscription")
      return { errors: [graphqlError("Unknown or missing operation", "GRAPHQL_PARSE_FAILED")] };
    return { ...prepared, operation, match: matchOf(operation) };
  }

  remember(query) {
    if (this.documents.size >= MAX_DOCUMENTS) this.documents.clear();
    const prepared = this.check(query);
    this.documents.set(query, prepared);
    return prepared;
  }

  check(query) {
    try {
      const document = parse(query, { maxTokens: 2000 });
      const errors = validate(this.schema, document);
      if (errors.length === 0) return { document };
      return { errors: errors.map((e) => graphqlError(e.message, "GRAPHQL_VALIDATION_FAILED")) };
    } catch (e) {
      return { errors: [graphqlError(e.message, "GRAPHQL_PARSE_FAILED")] };
    }
  }

  /** {data, errors} for a client of `endpoint`; null: one that knows the truth. */
  async answer(prepared, { variables, operationName }, endpoint) {
    const { chain } = this.node;
    const views = new Views(chain, this.switches.horizon(endpoint, chain), this.switches.chainOf(endpoint, chain));
    const context = { defect: this.defect, fields: 0 };
    const result = await execute({
      schema: this.schema,
      document: prepared.document,
      rootValue: root(this.node, views),
      contextValue: context,
      variableValues: variables,
      operationName,
      fieldResolver: resolveField,
    });
    return context.fields > MAX_FIELDS ? { data: null, errors: [TOO_COMPLEX] } : result;
  }
}

/** The text that an operation would execute, or null. */
export function submission(operation, variables) {
  const field = operation.selectionSet.selections.find((selection) => selection.name?.value === "executeTransaction");
  const value = field?.arguments.find((argument) => argument.name.value === "transactionDataBcs")?.value;
  return (value?.kind === "Variable" ? variables?.[value.name.value] : value?.value) ?? null;
}

/** What a request is for, for faults. */
function matchOf(operation) {
  const fields = operation.selectionSet.selections.map((selection) => selection.name?.value);
  if (fields.includes("executeTransaction")) return "execute";
  if (fields.includes("simulateTransaction")) return "simulate";
  return fields.includes("transaction") || fields.includes("transactionEffects") ? "lookup" : "read";
}
