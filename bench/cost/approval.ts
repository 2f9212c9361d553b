import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { createApproveEndpoint } from "../../core/endpoints/approve.ts";
import type { Registration } from "../../core/model/registry.ts";
import { cibaGrant, idTokenType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createApprovalReads } from "../../lambdas/aws/dynamodb/approvals/approval-reads.ts";
import { createDecisions } from "../../lambdas/aws/dynamodb/approvals/decisions.ts";
import { createShownToolChanges } from "../../lambdas/aws/dynamodb/approvals/tool-changes.ts";
import { createQuarantineWriter } from "../../lambdas/aws/dynamodb/revocations/quarantine-writer.ts";
import { tableNames as tables } from "../../test/kit/embedded/dynamodb.ts";
import { idp, inBase, tickets } from "../../test/kit/registry.ts";
import type { Bench, Row } from "../row.ts";
import { type Counted, openCounted } from "./deployment.ts";
import { billOf } from "./lines.ts";
import { linesOf } from "./session.ts";

const url = "https://apr123.lambda-url.eu-west-1.on.aws";
const uniqueId = "AROAEXAMPLEEXAMPLE11";

/** Writing is opened with approval, by Bob, whom IAM proves. */
const rows: readonly Registration[] = [
  { ...inBase("trusted-issuer", "people"), groups: { claim: "groups", names: ["release"], absent: "none" } },
  {
    ...{ kind: "approver", name: "bob", person: { issuer: idp, sub: "bob" } },
    ...{ iam: { uniqueId, session: "bob" }, groups: ["people/release"] },
  },
  {
    ...{ kind: "policy", name: "all" },
    cedar:
      'permit(principal, action, resource) unless { action == Action::"open" && context.scopes.contains("tickets:write") };',
  },
  {
    ...{ kind: "policy", name: "release-approves" },
    cedar: '@approval("people/release") permit(principal, action == Action::"open", resource);',
  },
];

/** AWS calls, round trips and dollars of one approval: asked for, looked at, approved by one person, redeemed. */
export const approvalCost: Bench = {
  name: "cost/approval",
  async measure(): Promise<readonly Row[]> {
    const counted = await openCounted(rows);
    counted.world.policy.engine = createCedarEngine(cedar);
    try {
      const steps = stepsOf(counted);
      // the first leases status indices and loads keys; the usual one does not
      await steps.all();
      const { tally } = counted;
      const found: Row[] = [];
      const row = (name: string, value: number): Row => ({
        ...{ section: "cost", name: `an approval: ${name}`, value, unit: "" },
      });
      const measured = async <T>(what: string, step: () => Promise<T>): Promise<T> => {
        tally.clear();
        const value = await step();
        found.push(
          row(`${what}: round trips`, tally.roundTrips),
          row(`${what}: AWS calls`, tally.calls.length),
          row(`${what}: write units`, tally.writeUnits),
          row(`${what}: read units`, tally.readUnits),
        );
        return value;
      };
      const id = await measured("asking people", steps.ask);
      await measured("a question how it stands", () => steps.poll(id));
      const digest = await measured("looking at it", () => steps.look(id));
      await measured("saying yes", () => steps.approve(id, digest));
      await measured("redeeming it", () => steps.redeem(id));
      tally.clear();
      await steps.all();
      // asked for, looked at, approved and redeemed: four requests, three of which are recorded
      return [...found, ...billOf("a million approvals", linesOf(tally, 4))];
    } finally {
      await counted.close();
    }
  },
};

function stepsOf({ world, deps, documents, send, exchange }: Counted) {
  const { planner } = world;
  const approve = createApproveEndpoint({
    ...deps,
    approvals: createApprovalReads(documents, tables),
    changes: createShownToolChanges(documents, tables),
    decisions: createDecisions(documents, tables),
    quarantines: createQuarantineWriter(documents, tables),
    failed(failure) {
      throw failure;
    },
  });
  const bob = { arn: "arn:aws:sts::111122223333:assumed-role/Approvers/bob", userId: `${uniqueId}:bob` };
  const decide = async (id: string, body?: object): Promise<Record<string, unknown>> => {
    const path = `/approvals/${id}`;
    const { requestId } = world.call("", []);
    const call = { method: body ? "POST" : "GET", url: `${url}${path}`, path, contentType: "application/json" };
    const sent = { ...call, body: body ? JSON.stringify(body) : "", dpop: [], requestId };
    const reply = await approve(sent, { ...bob, account: "111122223333" });
    if (reply.status !== 200) throw new Error(`the measured decision was refused: ${reply.body}`);
    return JSON.parse(reply.body);
  };
  const waiting = (reply: Awaited<ReturnType<typeof send>>): string => {
    if (reply.body.error !== "authorization_pending") throw new Error(`nothing waits: ${JSON.stringify(reply.body)}`);
    return String(reply.body.auth_req_id);
  };
  const poll = (id: string) => send(planner, { grant_type: cibaGrant, auth_req_id: id });
  const steps = {
    ask: async () =>
      waiting(
        await send(planner, {
          ...{ ...exchange, subject_token: world.idToken("planner-app"), subject_token_type: idTokenType },
          ...{ resource: tickets, scope: "tickets:write" },
        }),
      ),
    poll: async (id: string) => waiting(await poll(id)),
    look: async (id: string) => String((await decide(id)).digest),
    approve: (id: string, shown: string) => decide(id, { verdict: "approve", shown }),
    async redeem(id: string): Promise<void> {
      world.time.seconds += 5;
      const { status, body } = await poll(id);
      if (status !== 200) throw new Error(`the measured approval was not redeemed: ${JSON.stringify(body)}`);
    },
    async all(): Promise<void> {
      const id = await steps.ask();
      await steps.approve(id, await steps.look(id));
      await steps.redeem(id);
    },
  };
  return steps;
}
