import type { AgentSession } from "../../../client/index.ts";
import { ticketRows, tickets } from "./desk.ts";
import { ticketCustomers } from "./details.ts";
import type { Opened } from "./opening.ts";
import { mustAnswer, mustRefuse } from "./refusal.ts";
import { refusedStep, type Scene } from "./scene.ts";
import { Misbehaved } from "./step.ts";

/** Second act: the planner hands one scope on; the right agent gets it, the wrong one and too much are refused. */
export async function handingOn(scene: Scene, { root }: Opened): Promise<AgentSession> {
  const handle = await offer(scene, root);
  await steal(scene, handle);
  const child = await redeem(scene, root, handle);
  await call(scene, child);
  await askForMore(scene, child);
  return child;
}

const offer = ({ teller, cast }: Scene, root: AgentSession) =>
  teller.step("the planner offers one scope to the researcher", async () => {
    const to = cast.researcher.agent;
    const details = [{ type: ticketCustomers.name, customers: ["C-7"] }];
    const held = await root.offer({ to, grants: [{ resource: tickets, scopes: ["tickets:read"], details }] });
    return {
      says: "tickets:read at the ticket API, of customer C-7 alone, held out to the researcher alone: an opaque handle, stored by its hash",
      facts: { to, scopes: ["tickets:read"], details },
      value: held.handle,
    };
  });

const steal = (scene: Scene, handle: string) =>
  refusedStep(scene, {
    name: "a third agent that got hold of the offer is refused",
    says: ({ error, reason }) =>
      `triage presented the researcher's handle and was refused: ${error}; the audit says ${reason}`,
    run: () =>
      mustRefuse(() => scene.cast.triage.redeem(handle, { expect: "anything" }), {
        status: 400,
        error: "invalid_request",
        reason: "offer_for_another_agent",
      }),
  });

const redeem = ({ teller, cast }: Scene, root: AgentSession, handle: string) =>
  teller.step("the researcher redeems the offer", async () => {
    const expect = { offeredBy: cast.planner.agent, principal: root.principal };
    const session = await cast.researcher.redeem(handle, { expect });
    if (session.root !== root.sid || session.depth !== 1) throw new Misbehaved("the child is not below Ada's session");
    return {
      says: "and checked that it comes from the planner, for Ada; its session hangs below the planner's, no wider, no longer",
      facts: { sid: session.sid, depth: session.depth },
      value: session,
    };
  });

const call = ({ teller, cast }: Scene, child: AgentSession) =>
  teller.step("the researcher calls the ticket API", async () => {
    const rows = await mustAnswer(await child.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 200);
    const count = Array.isArray(rows) ? rows.length : 0;
    if (count === 0) throw new Misbehaved("the ticket API returned no tickets");
    if (count === ticketRows.length) throw new Misbehaved("the ticket API overlooked what restricts the token");
    await mustAnswer(await child.fetch(`${cast.ticketApi.url}/tickets/T-2/customer`, { resource: tickets }), 403);
    return {
      says: `with a proof by its own key; the API introspected the token and answered ${count} of ${ticketRows.length} tickets, those of customer C-7; the customer of another one is refused`,
      facts: { tickets: count },
      value: rows,
    };
  });

const askForMore = (scene: Scene, child: AgentSession) =>
  refusedStep(scene, {
    name: "the researcher asks for more and is refused",
    says: ({ error, description }) => `tickets:write was not offered: ${error}, "${description}"`,
    run: () =>
      mustRefuse(() => child.accessToken(tickets, { scopes: ["tickets:read", "tickets:write"] }), {
        status: 400,
        error: "invalid_scope",
        reason: "scope_exceeds",
      }),
  });
