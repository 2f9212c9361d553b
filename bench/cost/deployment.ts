import type { Sts } from "../../core/credentials/sts.ts";
import { createCredentialsEndpoint } from "../../core/endpoints/credentials.ts";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import { limits } from "../../core/model/limits.ts";
import type { Registration } from "../../core/model/registry.ts";
import { revocationKeys } from "../../core/model/row-keys.ts";
import { spiffeAssertionType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { openWindows } from "../../core/status/windows.ts";
import { createApprovalRequests } from "../../lambdas/aws/dynamodb/approvals/approval-requests.ts";
import { createBudgetStore } from "../../lambdas/aws/dynamodb/budgets/budget-store.ts";
import { createRateLimiter } from "../../lambdas/aws/dynamodb/counters.ts";
import { documentClient } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { createListRows } from "../../lambdas/aws/dynamodb/lists/list-rows.ts";
import { createSessionStore } from "../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { openTables, productTables, tableNames as tables } from "../../test/kit/embedded/dynamodb.ts";
import { ownKeys, testRsaSigner, testSigner } from "../../test/kit/keys.ts";
import { dpopProof } from "../../test/kit/wire/key.ts";
import type { TestAgent } from "../../test/kit/world/agents.ts";
import { type Params, tokens, tokenUrl } from "../../test/kit/world/tokens.ts";
import { createWorld } from "../../test/kit/world/world.ts";
import { counting, Tally, Waves } from "./tally.ts";

/** What every request brings on AWS and a record tells, beside what is asked for. */
const usual = { sourceIp: "203.0.113.27", userAgent: "lanyard-client/0.1.0 node/24.11.1" } as const;

/** As Lambda names a request's trace; it stands in the record's row. */
const usualTrace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0";

/**
 * The token service and that of AWS credentials over embedded tables, with everything that AWS would be asked for counted.
 * @param rows registrations beside the usual ones
 */
export async function openCounted(rows: readonly Registration[] = []) {
  process.env._X_AMZN_TRACE_ID = usualTrace;
  const { db, dynamo, close } = await openTables(productTables());
  await putDeployment(db);
  const tally = new Tally();
  const waves = new Waves(tally);
  counting(dynamo, tally, waves);
  const made = await createWorld(rows, tokens);
  // by RSA, as a deployment signs
  const signer = await testRsaSigner("session");
  const [planner, researcher] = [await made.newAgent("planner"), await made.newAgent("researcher")];
  const world = { ...made, planner, researcher };
  const documents = documentClient(dynamo);
  const counted: typeof signer = {
    ...signer,
    async current(alg, goneKid) {
      const key = await signer.current(alg, goneKid);
      return {
        ...key,
        sign: (...input) => {
          tally.calls.push("kms:Sign");
          tally.signatures[key.alg] += 1;
          return waves.through(() => key.sign(...input));
        },
      };
    },
  };
  const deps = {
    ...world.deps,
    signer: counted,
    ownKeys: ownKeys(testSigner("identity", made.identityKey), signer),
    store: createSessionStore(documents, tables, world.deps.clock),
    budgets: createBudgetStore(documents, tables),
    limiter: createRateLimiter(documents, tables, world.deps.clock),
    approvals: async () => createApprovalRequests(documents, tables, world.deps.clock),
  };
  const asking = (name: string, call: () => ReturnType<Sts["assumeRole"]>) => {
    tally.calls.push(`sts:${name}`);
    return waves.through(call);
  };
  const sts: Sts = {
    assumeRole: (order) => asking("AssumeRole", () => made.roleSts.assumeRole(order)),
    getScopedCredentials: (held, order) =>
      asking("GetScopedCredentials", () => made.roleSts.getScopedCredentials(held, order)),
  };
  const endpoints = {
    token: createTokenEndpoint(deps),
    credentials: createCredentialsEndpoint({
      ...deps,
      ...{ sts, stage: "test", accounts: ["111122223333"], lifeSeconds: 60 },
    }),
  };
  const now = world.time.seconds;
  // the lists it may name, as the publisher leaves them
  for (const window of openWindows(now)) {
    const signed = { token: "signed", revokedCount: 0, untilSeconds: now + limits.statusListLifeSeconds };
    await createListRows(documents, tables.lists).putSigned(`${window}-0`, signed);
  }
  /** One request of an agent, to the token endpoint unless told otherwise. */
  async function send(agent: TestAgent, params: Params, where: keyof typeof endpoints = "token") {
    const all = { client_assertion_type: spiffeAssertionType, client_assertion: agent.identity(), ...params };
    const form = new URLSearchParams(all as Record<string, string>);
    const proof = dpopProof(agent.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const { status, body } = await endpoints[where](world.call(form.toString(), [proof], usual));
    return { status, body: JSON.parse(body) as Record<string, unknown> };
  }
  return {
    world,
    tally,
    /** What an endpoint beside those two is made of, and the client of its tables. */
    deps,
    documents,
    send,
    /** The same, where what it is refused is thrown. */
    async ask(...request: Parameters<typeof send>): Promise<Record<string, unknown>> {
      const { status, body } = await send(...request);
      if (status !== 200) throw new Error(`the measured request was refused: ${JSON.stringify(body)}`);
      return body;
    },
    exchange: { grant_type: tokenExchangeGrant },
    async close(): Promise<void> {
      delete process.env._X_AMZN_TRACE_ID;
      await close();
    },
  };
}

/** What {@link openCounted} opens. */
export type Counted = Awaited<ReturnType<typeof openCounted>>;

/** The row by which every request learns of the registry, in all its copies. */
async function putDeployment(db: Awaited<ReturnType<typeof openTables>>["db"]): Promise<void> {
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
}
