import { PutCommand } from "@aws-sdk/lib-dynamodb";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { createApproveEndpoint } from "../../../core/endpoints/approve.ts";
import { createApproveTokenEndpoint } from "../../../core/endpoints/approve-token.ts";
import { createTokenEndpoint } from "../../../core/endpoints/token.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration } from "../../../core/model/registry.ts";
import {
  type Call,
  cibaGrant,
  idTokenType,
  type Reply,
  spiffeAssertionType,
  tokenExchangeGrant,
} from "../../../core/model/wire.ts";
import { createCedarEngine } from "../../../core/policy/cedar.ts";
import { createApprovalReads } from "../../../lambdas/aws/dynamodb/approvals/approval-reads.ts";
import { createApprovalRequests } from "../../../lambdas/aws/dynamodb/approvals/approval-requests.ts";
import { createDecisions } from "../../../lambdas/aws/dynamodb/approvals/decisions.ts";
import { createOutbox } from "../../../lambdas/aws/dynamodb/outbox.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { caller, client, rows } from "../../approve/ground.ts";
import { randomIds } from "../../kit/keys.ts";
import { tickets } from "../../kit/registry.ts";
import { dpopProof } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, tokens, tokenUrl } from "../../kit/world/tokens.ts";
import { createWorld } from "../../kit/world/world.ts";
import { openCloud } from "../../lambdas/tables.ts";

/** Who deploys must be approved by the release team; everything else is permitted. */
export const policies: readonly Registration[] = [
  {
    ...{ kind: "policy", name: "all" },
    cedar:
      'permit(principal, action, resource) unless { action == Action::"use" && context.scopes.contains("tickets:write") };',
  },
  {
    ...{ kind: "policy", name: "release-approves" },
    cedar:
      '@approval("people/release") permit(principal, action == Action::"use", resource) when { context.step == "open" };',
  },
];

/** The token endpoint, and both addresses by which people decide, over the product's tables in the embedded engine. */
export async function openRelease() {
  const world = await createWorld([...rows, ...policies], tokens);
  const cloud = await openCloud(4);
  const { clock } = world;
  for (let copy = 0; copy < limits.deploymentCopies; copy++)
    await cloud.client.send(
      new PutCommand({ TableName: "Revocations", Item: { subject: `deployment#${copy}`, registryVersion: 1 } }),
    );
  const stored = createSessionStore(cloud.client, cloud.tables, clock);
  // which lists are signed is the publisher's to say, and there is none here
  const store = { ...stored, leaseStatus: async () => ({ list: "2026080100-0", idx: 1 }) };
  const approvals = createApprovalRequests(cloud.client, cloud.tables, clock);
  const deps = {
    ...world.deps,
    ...{ store, outbox: createOutbox(cloud.client, cloud.tables), approvals: async () => approvals },
    policy: createCedarEngine(cedar),
  };
  const deciding = {
    ...deps,
    approvals: createApprovalReads(cloud.client, cloud.tables),
    decisions: createDecisions(cloud.client, cloud.tables),
  };
  const token = createTokenEndpoint(deps);
  const approve = createApproveEndpoint(deciding as never);
  const approveByToken = createApproveTokenEndpoint(deciding as never);

  async function send(agent: TestAgent, params: Params) {
    const form = new URLSearchParams({
      client_assertion_type: spiffeAssertionType,
      client_assertion: agent.identity(),
    });
    for (const [name, value] of Object.entries(params)) if (value !== undefined) form.append(name, String(value));
    const proof = dpopProof(agent.key, { url: tokenUrl, atSeconds: world.time.seconds });
    return read(await token(world.call(form.toString(), [proof])));
  }
  const decide = (id: string, shown: string, verdict: "approve" | "refuse"): Call => ({
    ...{ method: "POST", url: "https://apr123.lambda-url.eu-west-1.on.aws", path: `/approvals/${id}` },
    ...{
      contentType: "application/json",
      body: JSON.stringify({ verdict, shown }),
      dpop: [],
      requestId: randomIds.id(),
    },
  });
  return {
    ...{ world, cloud, store, approvals },
    /** Asks for carol to write. */
    ask: (agent: TestAgent, more: Params = {}) =>
      send(agent, {
        ...{
          grant_type: tokenExchangeGrant,
          subject_token_type: idTokenType,
          resource: tickets,
          scope: "tickets:write",
        },
        ...{ subject_token: world.idToken("planner-app", { sub: "carol" }), ...more },
      }),
    redeem: (agent: TestAgent, id: string) => send(agent, { grant_type: cibaGrant, auth_req_id: id }),
    /** Decides as a caller of AWS. */
    say: async (sub: string, id: string, verdict: "approve" | "refuse" = "approve") =>
      read(await approve(decide(id, await hashOf(id), verdict), caller(sub))),
    /** Decides by a token of the client for approvals, or whatever else is shown. */
    sayBy: async (shown: string, id: string) =>
      read(await approveByToken(decide(id, await hashOf(id), "approve"), shown)),
    personToken: (sub: string) => `Bearer ${world.idToken(client, { sub, groups: ["release"] })}`,
    close: cloud.close,
  };
  async function hashOf(id: string): Promise<string> {
    return (await approvals.pending(id))?.requestHash ?? "";
  }
}

const read = ({ status, body }: Reply) => ({ status, body: JSON.parse(body) });
