import { createApproveEndpoint } from "../../core/endpoints/approve.ts";
import { createApproveTokenEndpoint } from "../../core/endpoints/approve-token.ts";
import { type DpopNonces, withDpopNonce } from "../../core/jose/dpop.ts";
import type { PendingApproval } from "../../core/model/approval.ts";
import { personId } from "../../core/model/person-id.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { Call, PlatformCaller, Reply } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { memoryQuarantines } from "../kit/memory/epochs.ts";
import { agent, agentId, idp, inBase, tickets } from "../kit/registry.ts";
import { dpopProof, sha256, type TestKey, testKey } from "../kit/wire/key.ts";
import { type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

export const url = "https://apr123.lambda-url.eu-west-1.on.aws";
export const client = "approvals-app";
export const group = "people/release";
const roleId = "AROAEXAMPLEEXAMPLE11";

const staff = inBase("trusted-issuer", "people");
/** Who approves: Ada and Bob by IAM and by token, Olga who owns the planner, and a provider that has nothing to do with it. */
export const rows: readonly Registration[] = [
  {
    ...staff,
    groups: { claim: "groups", names: ["support", "release"], absent: "none" },
    approvals: { clients: [client] },
  },
  ...["ada", "bob", "olga"].map(
    (sub): Registration => ({
      kind: "approver",
      name: sub,
      person: { issuer: idp, sub },
      iam: { uniqueId: roleId, session: sub },
      groups: [group],
    }),
  ),
  agent("planner", {
    ...(inBase("agent", "planner") as object),
    owner: { issuer: idp, sub: "olga" },
    selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: "arn:aws:iam::111122223333:role/agents/planner" } }],
  }),
  { kind: "policy", name: "all", cedar: "permit(principal, action, resource);" },
];

export type ApproveWorld = World<Tokens>;

/** A world with something that waits, and the two addresses by which people decide it. */
export async function openApprove(more: readonly Registration[] = [], nonces?: DpopNonces) {
  const world = await createWorld([...rows, ...more], tokens);
  const { approvals } = world.store;
  const { changes } = world.store;
  const deps = {
    ...world.ports,
    ...{ approvals, changes },
    decisions: approvals,
    quarantines: memoryQuarantines(world.store),
    failed: () => {},
  };
  const byIam = createApproveEndpoint(deps);
  const byToken = withDpopNonce(createApproveTokenEndpoint({ ...deps, nonces }), nonces);
  const key = await testKey();

  /** Has a request wait, asked by the planner for Carol. */
  const waits = (changed: Partial<PendingApproval> = {}): PendingApproval => {
    const pending: PendingApproval = {
      ...{ id: `ap_${randomIds.id()}`, requestHash: sha256(randomIds.id()), agent: agentId("planner"), jkt: "jkt" },
      ...{ group, needed: 1, principal: { id: personId(idp, "carol"), kind: "person" as const } },
      ...{ actors: [agentId("planner")], depth: 0, action: "open" as const, lifeSeconds: 300 },
      grants: [{ resource: tickets, scopes: ["tickets:write"], details: [] }],
      ...{ policies: { all: "digest" }, meanings: {}, purpose: "close them all" },
      ...{ createdAtSeconds: world.time.seconds, expiresAtSeconds: world.time.seconds + 900, resume: "{}" },
      ...changed,
    };
    approvals.waits.set(pending.id, pending);
    return pending;
  };
  const call = (path: string, body?: object, more: Partial<Call> = {}): Call => ({
    ...{ method: body ? "POST" : "GET", url: `${url}${path}`, path, contentType: "application/json" },
    ...{ body: body ? JSON.stringify(body) : "", dpop: [], requestId: randomIds.id() },
    ...more,
  });
  const answer = async (reply: Promise<Reply>) => {
    const { status, body, headers = {} } = await reply;
    return { status, body: JSON.parse(body), headers };
  };
  const iam = (caller: PlatformCaller | undefined, path: string, body?: object) =>
    answer(byIam(call(path, body), caller));
  const token = (authorization: string | undefined, path: string, body?: object, more: Partial<Call> = {}) =>
    answer(byToken(call(path, body, more), authorization));
  const saying = (verdict: "approve" | "refuse", pending: PendingApproval) => ({ verdict, shown: pending.requestHash });
  const pathOf = ({ id }: Pick<PendingApproval, "id">) => `/approvals/${id}`;
  return {
    ...{ world, approvals, waits, iam, token, key, pathOf },
    /** Decides as a caller of AWS. */
    say: (sub: string, verdict: "approve" | "refuse", pending: PendingApproval) =>
      iam(caller(sub), pathOf(pending), saying(verdict, pending)),
    /** Decides by a token of the provider. */
    sayBy: (shown: string, verdict: "approve" | "refuse", pending: PendingApproval) =>
      token(shown, pathOf(pending), saying(verdict, pending)),
    /** An ID token of the client for approvals, as it is shown. */
    idToken: (sub: string, more: object = {}, aud = client) =>
      `Bearer ${world.idToken(aud, { sub, groups: ["release"], ...more })}`,
    /** An access token bound to a key, and the call's proof by that key, with a nonce or without. */
    bound: (sub: string, path: string, by: TestKey = key, nonce?: string) => {
      const access = boundToken(world, sub, key.jkt);
      const claims = nonce === undefined ? {} : { nonce };
      const at = { url: `${url}${path}`, atSeconds: world.time.seconds, accessToken: access };
      const proof = dpopProof(by, at, { claims });
      return { shown: `DPoP ${access}`, dpop: [proof] };
    },
  };
}

const boundToken = (world: ApproveWorld, sub: string, jkt: string) =>
  world.idpKey.jws(
    { alg: "ES256", kid: "k1", typ: "at+jwt" },
    {
      ...{ iss: idp, sub, aud: world.ports.issuer, client_id: client, groups: ["release"] },
      ...{ iat: world.time.seconds, exp: world.time.seconds + 3600, jti: randomIds.id(), cnf: { jkt } },
    },
  );

/** A session of the operators' role as IAM names it. */
export const caller = (session: string, more: Partial<PlatformCaller> = {}): PlatformCaller => ({
  arn: `arn:aws:sts::111122223333:assumed-role/Approvers/${session}`,
  userId: `${roleId}:${session}`,
  account: "111122223333",
  ...more,
});
