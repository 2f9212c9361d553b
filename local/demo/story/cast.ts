import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { createAgent, type LanyardAgent, type ServedAt } from "../../../client/index.ts";
import { patientFetch } from "../../emulator/limits/patient.ts";
import type { AgentKind } from "../agents/kinds.ts";
import { type Api, startCustomerApi, startTicketApi } from "./apis.ts";
import { customers, tickets } from "./desk.ts";
import { type Holding, hold } from "./hold.ts";
import { Misbehaved } from "./step.ts";
import type { World } from "./world.ts";

/** Everybody who plays. */
export interface Cast {
  /** What planner and researcher run on; everybody else is a Lambda function. */
  readonly kind: AgentKind;
  readonly planner: LanyardAgent;
  /** What the planner shows when it attests. */
  readonly plannerHolds: Holding;
  readonly researcher: LanyardAgent;
  readonly triage: LanyardAgent;
  readonly ticketApi: Api;
  readonly customerApi: Api;
  /** Sends an order to admin-revoke, signed as the operator. */
  operator(order: object): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

/** Gives every agent its client, with what it holds where it runs, and starts the two APIs. */
export async function gatherCast(world: World, kind: AgentKind): Promise<Cast> {
  const { issuer, attest, token, introspect, revoke, credentials } = world.endpoints;
  const endpoints = { attest, token, introspect, revoke, credentials };
  const start = async (name: string, servedAt: ServedAt, on: AgentKind = "lambda") => {
    const registered = world.endpoints.agents[name];
    const registration = world.agents.find((agent) => agent.name === name);
    if (!registered || !registration) throw new Misbehaved(`the registry has no agent ${name}`);
    const { id } = registered;
    const holds = await hold(on, { cloud: world.cloud, registration, credentials: registered.credentials });
    const { evidence } = holds;
    return { holds, client: createAgent({ issuer, agent: id, evidence, endpoints, servedAt, fetch: patientFetch }) };
  };
  const customerApi = await startCustomerApi(issuer);
  const server = await start("ticket-api", { [customers]: customerApi.url });
  const ticketApi = await startTicketApi(issuer, server.client, customerApi.url);
  const servedAt = { [tickets]: ticketApi.url, [customers]: customerApi.url };
  const planner = await start("planner", servedAt, kind);
  const researcher = await start("researcher", servedAt, kind);
  const triage = await start("triage", servedAt);
  return {
    kind,
    planner: planner.client,
    plannerHolds: planner.holds,
    researcher: researcher.client,
    triage: triage.client,
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
export async function signedOrder(world: World, order: object): Promise<Readonly<Record<string, unknown>>> {
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
  if (answer.status !== 200) {
    // a function that was cut off answers 502 in the platform's own words, and orders may be given twice
    const passing = answer.status === 503 || answer.status === 502 || answer.status === 429;
    throw new Misbehaved(`the operator's order was answered ${answer.status}: ${JSON.stringify(reply)}`, { passing });
  }
  return reply;
}
