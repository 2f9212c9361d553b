import { setTimeout as sleep } from "node:timers/promises";
import type { AgentSession } from "../../client/index.ts";
import { limits } from "../../core/limits.ts";
import type { Cast } from "./cast.ts";
import { customers, tickets } from "./desk.ts";
import { mustAnswer, mustRefuse, type Refused } from "./refusal.ts";
import { Misbehaved, type Teller } from "./step.ts";
import type { World } from "./world.ts";

/** What the steps leave behind for the audit to be held against. */
export interface Traces {
  /** Every refusal that must stand in the bucket, with the step it belongs to. */
  readonly refusals: { readonly step: string; readonly refused: Refused }[];
  /** Principal id → a name for people. */
  readonly names: Record<string, string>;
  /** Root sessions of this run. */
  readonly roots: string[];
}

/** Milliseconds granted on top of the list's `ttl`: the time the publisher may take. */
const publishMillis = 2_000;

/** The acts of the story up to the revocation. */
export async function work(teller: Teller, world: World, cast: Cast, traces: Traces) {
  const { planner, researcher, triage } = cast;
  const { step } = teller;
  const refuse = async (name: string, says: (refused: Refused) => string, run: () => Promise<Refused>) =>
    step(name, async () => {
      const refused = await run();
      traces.refusals.push({ step: name, refused });
      return { says: says(refused), facts: { refused }, value: refused };
    });

  const person = await step("a person signs in", async () => {
    const answer = await fetch(`${world.endpoints.signIn}?agent=planner`);
    const tokens = (await mustAnswer(answer, 200)) as { id_token: string };
    const provider = world.endpoints.identityProvider;
    return {
      says: `Ada signed in at the OpenID provider ${provider}, in the planner's application; her ID token names that application and nothing else`,
      facts: { provider, client: "planner-app" },
      value: tokens.id_token,
    };
  });

  await step("the planner attests", async () => {
    const identity = await planner.identity();
    return {
      says: `STS vouched for the planner's Lambda role, bound to a one-use challenge and the planner's key; its identity token lives ${limits.identityTokenLifeSeconds / 60} minutes and permits nothing by itself`,
      facts: { agent: identity.agent, assurance: identity.assurance },
      value: identity,
    };
  });

  const root = await step("the planner opens a session for Ada", async () => {
    const session = await planner.open({
      onBehalfOf: { idToken: person },
      grants: [
        { resource: tickets, scopes: ["tickets:read", "tickets:write"] },
        { resource: customers, scopes: ["customers:read"] },
      ],
      purpose: "answer Ada's question about ticket T-1",
    });
    traces.names[session.principal] = "Ada";
    traces.roots.push(session.root);
    return {
      says: "over the ticket API and the customer API, for 15 minutes; never more than Ada's group may lend and the planner is registered for",
      facts: { sid: session.sid, principal: session.principal },
      value: session,
    };
  });

  const offer = await step("the planner offers one scope to the researcher", async () => {
    const held = await root.offer({ to: researcher.agent, grants: [{ resource: tickets, scopes: ["tickets:read"] }] });
    return {
      says: "tickets:read at the ticket API, held out to the researcher alone: an opaque handle, stored by its hash",
      facts: { to: researcher.agent, scopes: ["tickets:read"] },
      value: held,
    };
  });

  await refuse(
    "a third agent that got hold of the offer is refused",
    ({ error, reason }) =>
      `triage presented the researcher's handle and was refused: ${error}; the audit says ${reason}`,
    () =>
      mustRefuse(() => triage.redeem(offer.handle), {
        status: 400,
        error: "invalid_request",
        reason: "offer_for_another_agent",
      }),
  );

  const child = await step("the researcher redeems the offer", async () => {
    const session = await researcher.redeem(offer.handle, {
      expect: { offeredBy: planner.agent, principal: root.principal },
    });
    if (session.root !== root.sid || session.depth !== 1) throw new Misbehaved("the child is not below Ada's session");
    return {
      says: "and checked that it comes from the planner, for Ada; its session hangs below the planner's, no wider, no longer",
      facts: { sid: session.sid, depth: session.depth },
      value: session,
    };
  });

  await step("the researcher calls the ticket API", async () => {
    const rows = await mustAnswer(await child.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 200);
    const count = Array.isArray(rows) ? rows.length : 0;
    if (count === 0) throw new Misbehaved("the ticket API returned no tickets");
    return {
      says: `with a proof by its own key; the API introspected the token and answered ${count} tickets`,
      facts: { tickets: count },
      value: rows,
    };
  });

  await refuse(
    "the researcher asks for more and is refused",
    ({ error, description }) => `tickets:write was not offered: ${error}, "${description}"`,
    () =>
      mustRefuse(() => child.accessToken(tickets, { scopes: ["tickets:read", "tickets:write"] }), {
        status: 400,
        error: "invalid_scope",
        reason: "scope_exceeds",
      }),
  );

  await step("the ticket API goes one hop on", async () => {
    const url = `${cast.ticketApi.url}/tickets/T-1/customer`;
    const seen = (await mustAnswer(await child.fetch(url, { resource: tickets }), 200)) as Record<string, unknown>;
    const history = seen.history as readonly string[];
    if (history[0] !== researcher.agent || history[1] !== planner.agent)
      throw new Misbehaved("the hop lost its history");
    return {
      says: `the token it was shown entails customers:read, by the registry; the customer API saw ticket-api act for Ada, after researcher, after planner, and answered "${seen.name}"`,
      facts: { customer: seen.name, history },
      value: seen,
    };
  });

  await step("the researcher works on its own", async () => {
    const own = await researcher.open({
      grants: [{ resource: tickets, scopes: ["tickets:read"] }],
      purpose: "nightly digest",
    });
    traces.names[own.principal] = "researcher, on its own";
    traces.roots.push(own.root);
    const rows = await mustAnswer(await own.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 200);
    return {
      says: "for nobody but itself, with what its registration lends it: tickets:read, for the nightly digest",
      facts: { sid: own.sid, principal: own.principal },
      value: rows,
    };
  });

  return { person, root, child, refuse };
}

/** What is left after the operator has revoked the root: nothing. */
export async function fall(teller: Teller, cast: Cast, told: Awaited<ReturnType<typeof work>>): Promise<void> {
  const { step } = teller;
  const { root, child, person, refuse } = told;
  const { planner } = cast;
  await step("the customer API, verifying offline, lets the planner in", async () => {
    const millis = await untilStatus(cast, root, 200, 65_000);
    return {
      says: "by key set and status list alone, without a call to Lanyard",
      facts: { waitedMillis: millis },
      value: millis,
    };
  });

  const revokedAtMillis = await step("the operator revokes Ada's session", async () => {
    await cast.operator({ revoke: { session: root.sid }, reason: "the story says so" });
    return {
      says: "one signed order, one write; nothing below it is touched",
      facts: { sid: root.sid },
      value: performance.now(),
    };
  });

  await step("the researcher's very next introspected call fails", async () => {
    await mustAnswer(await child.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 401);
    return { says: "the ticket API asked, and the session above the researcher's is over: 401", value: undefined };
  });

  await step("the offline verifier refuses within the list's ttl", async () => {
    const bound = limits.statusListTtlSeconds * 1000 + publishMillis;
    await untilStatus(cast, root, 401, bound);
    const millis = Math.round(performance.now() - revokedAtMillis);
    return {
      says: `${(millis / 1000).toFixed(1)} s after the revocation, with a ttl of ${limits.statusListTtlSeconds} s`,
      facts: { afterMillis: millis, ttlSeconds: limits.statusListTtlSeconds },
      value: millis,
    };
  });

  await refuse(
    "the planner tries again with the same ID token and is refused",
    ({ error, reason }) =>
      `Ada's token was burnt for the planner with the session it opened: ${error}; the audit says ${reason}`,
    () =>
      mustRefuse(
        () =>
          planner.open({ onBehalfOf: { idToken: person }, grants: [{ resource: tickets, scopes: ["tickets:read"] }] }),
        { status: 400, error: "invalid_request", reason: "person_token_burnt" },
      ),
  );
}

/** Calls the customer API as the planner until it answers `status`; how long that took. */
async function untilStatus(cast: Cast, session: AgentSession, status: number, withinMillis: number): Promise<number> {
  const startMillis = performance.now();
  for (;;) {
    const answer = await session.fetch(`${cast.customerApi.url}/customers`, { resource: customers });
    await answer.arrayBuffer();
    const millis = performance.now() - startMillis;
    if (answer.status === status) return Math.round(millis);
    if (millis > withinMillis) {
      throw new Misbehaved(
        `the customer API still answers ${answer.status} after ${Math.round(millis)} ms, not ${status}`,
      );
    }
    await sleep(100);
  }
}
