import { createTokenEndpoint } from "../core/endpoints/token.ts";
import { limits } from "../core/model/limits.ts";
import { revocationKeys } from "../core/model/row-keys.ts";
import { idTokenType, spiffeAssertionType, tokenExchangeGrant } from "../core/model/wire.ts";
import { openWindows } from "../core/status/windows.ts";
import { createRateLimiter } from "../lambdas/aws/dynamodb/counters/rate-limiter.ts";
import { documentClient } from "../lambdas/aws/dynamodb/dynamo.ts";
import { createListRows } from "../lambdas/aws/dynamodb/lists/list-rows.ts";
import { createSessionStore } from "../lambdas/aws/dynamodb/sessions/session-store.ts";
import { openTables, productTables, tableNames as tables } from "../test/kit/embedded/dynamodb.ts";
import { tickets } from "../test/kit/registry.ts";
import { dpopProof } from "../test/kit/wire/key.ts";
import { createWorld, tokenUrl } from "../test/kit/world.ts";
import type { Row } from "./measure.ts";

/** List prices, us-east-1: dollars per million. */
const dollarsPerMillion = { writeUnit: 0.625, readUnit: 0.125, sign: 15 };

interface Tally {
  readonly calls: string[];
  writeUnits: number;
  readUnits: number;
}

const bytesOf = (item: unknown): number => Buffer.byteLength(JSON.stringify(item));
const units = (bytes: number, perUnit: number) => Math.max(1, Math.ceil(bytes / perUnit));

/** Counts what one command costs by DynamoDB's rules: 1 kB a write, twice in a transaction. */
function count(tally: Tally, name: string, input: Record<string, unknown>): void {
  const operation = name.replace(/Command$/, "");
  tally.calls.push(`dynamodb:${operation}`);
  if (operation === "TransactWriteItems")
    for (const action of input.TransactItems as Record<string, { Item?: Record<string, unknown> }>[]) {
      const item = Object.values(action)[0]?.Item;
      tally.writeUnits += 2 * units(bytesOf(item ?? {}), 1024);
    }
  else if (operation === "BatchGetItem")
    for (const { Keys } of Object.values(input.RequestItems as Record<string, { Keys: unknown[] }>))
      tally.readUnits += Keys.length;
  else if (operation === "GetItem") tally.readUnits += 1;
  else tally.writeUnits += 1;
}

/** AWS calls, their order and what they cost, of one session opened for a person and answered with its access token. */
export async function benchCost(): Promise<Row[]> {
  const { db, dynamo, close } = await openTables(productTables());
  for (let copy = 0; copy < limits.deploymentCopies; copy++)
    await db.call("PutItem", {
      TableName: tables.revocations,
      Item: {
        subject: { S: revocationKeys.deployment(copy) },
        generation: { N: "0" },
        blocked: { BOOL: false },
        registryVersion: { N: "1" },
      },
    });
  const tally: Tally = { calls: [], writeUnits: 0, readUnits: 0 };
  dynamo.middlewareStack.add(
    (next, context) => (args) => {
      count(tally, String(context.commandName), args.input as Record<string, unknown>);
      return next(args);
    },
    { step: "initialize" },
  );
  const world = await createWorld();
  const documents = documentClient(dynamo);
  const sign = world.signer.sign;
  world.signer.sign = (...input) => {
    tally.calls.push("kms:Sign");
    return sign(...input);
  };
  const store = createSessionStore(documents, tables, world.deps.clock);
  const endpoint = createTokenEndpoint({
    ...world.deps,
    store,
    limiter: createRateLimiter(documents, tables, world.deps.clock),
  });
  const planner = await world.newAgent("planner");
  const once = async () => {
    const form = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      client_assertion_type: spiffeAssertionType,
      client_assertion: planner.identity(),
      subject_token: world.idToken("planner-app"),
      subject_token_type: idTokenType,
      resource: tickets,
      scope: "tickets:read",
    });
    const reply = await endpoint(
      world.call(form.toString(), [dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds })]),
    );
    if (reply.status !== 200) throw new Error(`the measured request was refused: ${reply.body}`);
  };
  // the lists it may name, as the publisher leaves them
  const now = world.time.seconds;
  for (const window of openWindows(now)) {
    const signed = { token: "signed", revokedCount: 0, untilSeconds: now + limits.statusListLifeSeconds };
    await createListRows(documents, tables.lists).putSigned(`${window}-0`, signed);
  }
  // the first request leases status indices, looks whether their list is signed and loads keys; the usual one does not
  await once();
  Object.assign(tally, { writeUnits: 0, readUnits: 0 });
  tally.calls.length = 0;
  await once();
  await close();
  const signs = tally.calls.filter((name) => name === "kms:Sign").length;
  const dollars =
    tally.writeUnits * dollarsPerMillion.writeUnit +
    tally.readUnits * dollarsPerMillion.readUnit +
    signs * dollarsPerMillion.sign;
  const row = (name: string, value: number, unit: string): Row => ({ section: "cost", name, value, unit });
  return [
    row(`AWS calls a session: ${tally.calls.join(" ▸ ")}`, tally.calls.length, "calls"),
    row("DynamoDB write units a session", tally.writeUnits, "units"),
    row("DynamoDB read units a session", tally.readUnits, "units"),
    row("DynamoDB and KMS, a million sessions (list price us-east-1)", dollars, "dollars"),
  ];
}
