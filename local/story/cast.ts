import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { stsWebIdentity } from "../../client/evidence/sts-web-identity.ts";
import { createAgent, type LanyardAgent } from "../../client/index.ts";
import { type Api, startCustomerApi, startTicketApi } from "./apis.ts";
import { Misbehaved } from "./step.ts";
import type { World } from "./world.ts";

/** Everybody who plays. */
export interface Cast {
  readonly planner: LanyardAgent;
  readonly researcher: LanyardAgent;
  readonly triage: LanyardAgent;
  readonly ticketApi: Api;
  readonly customerApi: Api;
  /** Sends an order to admin-revoke, signed as the operator. */
  operator(order: object): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** Gives every agent its client, with the credentials of its own role, and starts the two APIs. */
export async function gatherCast(world: World): Promise<Cast> {
  const { issuer, attest, token, introspect, revoke } = world.endpoints;
  const agent = (name: string): LanyardAgent => {
    const registered = world.endpoints.agents[name];
    if (!registered) throw new Misbehaved(`the registry has no agent ${name}`);
    const { id, credentials } = registered;
    return createAgent({
      issuer,
      agent: id,
      // a copy: the SDK writes marks of its own into the credentials it is given
      evidence: stsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } }),
      endpoints: { attest, token, introspect, revoke },
    });
  };
  const customerApi = await startCustomerApi(issuer);
  const ticketApi = await startTicketApi(issuer, agent("ticket-api"), customerApi.url);
  return {
    planner: agent("planner"),
    researcher: agent("researcher"),
    triage: agent("triage"),
    ticketApi,
    customerApi,
    operator: (order) => signedOrder(world, order),
    close: async () => {
      await ticketApi.close();
      await customerApi.close();
    },
  };
}

/** The one call that IAM authenticates: Signature Version 4 for service `lambda`. */
async function signedOrder(world: World, order: object): Promise<Readonly<Record<string, unknown>>> {
  const { admin, operator, aws } = world.endpoints;
  const { protocol, hostname, port, host, href } = new URL(admin);
  const body = JSON.stringify(order);
  const signer = new SignatureV4({
    credentials: operator.credentials,
    region: aws.region,
    service: "lambda",
    sha256: Sha256,
  });
  const headers = { host, "content-type": "application/json" };
  const request = { method: "POST", protocol, hostname, port: Number(port), path: "/", headers, body };
  const signed = await signer.sign(request);
  const { host: _, ...sent } = signed.headers;
  const answer = await fetch(href, { method: "POST", headers: sent, body });
  const reply = (await answer.json()) as Readonly<Record<string, unknown>>;
  if (answer.status !== 200)
    throw new Misbehaved(`the operator's order was answered ${answer.status}: ${JSON.stringify(reply)}`);
  return reply;
}
