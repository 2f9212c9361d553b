import type { ApprovalDecision, PendingApproval } from "../../../core/model/approval.ts";
import type { ApprovalRule, PolicyQuestion, Verdict } from "../../../core/model/decision.ts";
import { personId } from "../../../core/model/person-id.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { cibaGrant, idTokenType } from "../../../core/model/wire.ts";
import { idp, inBase, replacing, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

export const deployers = "people/deployers";
export const writing: Params = { resource: tickets, scope: "tickets:write" };

/** Who approves: callers of AWS whom the registry knows as these people. */
export const [bob, eve] = ["bob", "eve"].map((sub) => personId(idp, sub)) as [string, string];
const subOf = new Map([
  [bob, "bob"],
  [eve, "eve"],
]);
export const approver = (sub: string): Registration => ({
  ...{ kind: "approver", name: sub, person: { issuer: idp, sub }, iam: { uniqueId: "AROA1", session: sub } },
  groups: [deployers],
});
const people: Registration = {
  ...inBase("trusted-issuer", "people"),
  groups: { claim: "groups", names: ["support", "deployers"], absent: "none" },
};
export const approverRows = [people, approver("bob"), approver("eve")];

const askingPolicy: Registration = {
  ...{ kind: "policy", name: "with-approval", cedar: "permit (principal, action, resource);" },
};

/** A world in which `tickets:write` is opened with approval, and everything else outright. */
export async function approvalWorld(rows: readonly Registration[] = [], rule: Partial<ApprovalRule> = {}) {
  const world = await createWorld([...approverRows, ...rows, askingPolicy], tokens);
  let published: readonly Registration[] = [...approverRows, askingPolicy, ...rows];
  /** Publishes a version in which this row stands in the place of its former one. */
  const apply = (row: Registration) => {
    published = replacing(published, [row]);
    world.publish((world.store.deployment?.registryVersion ?? 0) + 1, ...published);
  };
  const needs = [[{ group: deployers, needed: 1, ...rule }]];
  world.policy.engine = { decide: (_, question) => (isWriting(question) ? withApproval(needs) : outright) };
  const planner = await world.newAgent("planner");
  return { world, planner, needs, apply, ...ways(world, planner) };
}

/** What tests do in such a world. */
export type ApprovalWorld = Awaited<ReturnType<typeof approvalWorld>>;

export const outright: Verdict = { allowed: true, policies: ["all"] };
export const withApproval = (needs: readonly (readonly ApprovalRule[])[]): Verdict => ({
  ...{ allowed: false, policies: ["with-approval"], missing: { who: "agent" }, why: "with approval" },
  needs,
});
const isWriting = ({ grant, action }: PolicyQuestion): boolean =>
  grant.scopes.includes("tickets:write") && action !== "access";

function ways(world: World<Tokens>, planner: TestAgent) {
  const { approvals } = world.store;
  /** Asks for ada, with a token that lives an hour unless told otherwise. */
  const ask = (params: Params = writing, claims: object = {}, agent = planner) =>
    world.exchange(agent, world.idToken("planner-app", claims), idTokenType, params);
  const redeem = (id: string, agent = planner, params: Params = {}) =>
    world.send("token", agent, { grant_type: cibaGrant, auth_req_id: id, ...params });
  const pendingOf = (id: string): PendingApproval => {
    const pending = approvals.waits.get(id);
    if (!pending) throw new Error(`nothing waits as ${id}`);
    return pending;
  };
  const say = (id: string, by: string, more: Partial<ApprovalDecision> = {}) => {
    const { requestHash, expiresAtSeconds } = pendingOf(id);
    const said: ApprovalDecision = {
      ...{
        approval: id,
        approver: by,
        requestHash,
        expiresAtSeconds,
        verdict: "approved",
        proof: "iam",
        uniqueId: "AROA1",
        sourceIdentity: subOf.get(by) ?? "nobody",
      },
      ...{ atSeconds: world.time.seconds, ...more },
    };
    approvals.decisions.push(said);
  };
  /** Asks, and gives the id of what waits. */
  const waiting = async (params: Params = writing, claims: object = {}): Promise<string> => {
    const { status, body } = await ask(params, claims);
    if (status !== 400 || body.error !== "authorization_pending") throw new Error(JSON.stringify(body));
    return body.auth_req_id;
  };
  const records = () => world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard);
  return { approvals, ask, redeem, say, waiting, pendingOf, records };
}
