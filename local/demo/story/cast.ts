import { createAgent, type LanyardAgent, type ServedAt } from "../../../client/index.ts";
import { patientFetch } from "../../emulator/limits/patient.ts";
import type { AgentKind } from "../agents/kinds.ts";
import { startCustomerApi, startReleaseApi, startTicketApi } from "./apis.ts";
import { customers, production, tickets } from "./desk.ts";
import { type Holding, hold } from "./hold.ts";
import type { Api } from "./serving.ts";
import { mayPass, signedCall } from "./signed-call.ts";
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
  /** Who puts things into production with a person's yes, and where; absent where the registry has none of it. */
  readonly release?: { readonly deployer: LanyardAgent; readonly api: Api };
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
  const release = world.hasArchive ? await startRelease() : undefined;
  return {
    kind,
    planner: planner.client,
    plannerHolds: planner.holds,
    researcher: researcher.client,
    triage: triage.client,
    ticketApi,
    customerApi,
    ...(release && { release }),
    operator: (order) => signedOrder(world, order),
    close: async () => {
      for (const api of [ticketApi, customerApi, release?.api]) await api?.close();
    },
  };

  async function startRelease() {
    const api = await startReleaseApi(issuer, server.client);
    const deployer = await start("deployer", { [production]: api.url });
    return { deployer: deployer.client, api };
  }
}

/** An operator's order, signed as the operator. */
export async function signedOrder(world: World, order: object): Promise<Readonly<Record<string, unknown>>> {
  const { admin, operator, aws } = world.endpoints;
  const { credentials } = operator;
  const answer = await signedCall(admin, { credentials, region: aws.region, content: order });
  const { status, body } = answer;
  // orders may be given twice
  if (status !== 200)
    throw new Misbehaved(`the operator's order was answered ${status}: ${JSON.stringify(body)}`, {
      passing: mayPass(answer),
    });
  return body;
}
