import type { AgentSession } from "../../../client/index.ts";
import { tickets } from "./desk.ts";
import type { Opened } from "./opening.ts";
import { mustAnswer } from "./refusal.ts";
import type { Scene } from "./scene.ts";
import { Misbehaved } from "./step.ts";
import { untilStatus } from "./until-status.ts";

/**
 * Third act: an API goes one hop on with what its token entails, an agent works on its own, and an API lets one in
 * without asking anybody.
 */
export async function onward(scene: Scene, { root }: Opened, child: AgentSession): Promise<void> {
  await hop(scene, child);
  await workAlone(scene);
  await letIn(scene, root);
}

const hop = ({ teller, cast }: Scene, child: AgentSession) =>
  teller.step("the ticket API goes one hop on", async () => {
    const url = `${cast.ticketApi.url}/tickets/T-1/customer`;
    const seen = (await mustAnswer(await child.fetch(url, { resource: tickets }), 200)) as {
      name: string;
      history: readonly string[];
    };
    const [before, first] = seen.history;
    if (before !== cast.researcher.agent || first !== cast.planner.agent)
      throw new Misbehaved("the hop lost its history");
    return {
      says: `the token it was shown entails customers:read, by the registry; the customer API saw ticket-api act for Ada, after researcher, after planner, and answered "${seen.name}"`,
      facts: { customer: seen.name, history: seen.history },
      value: undefined,
    };
  });

const workAlone = ({ teller, cast, traces }: Scene) =>
  teller.step("the researcher works on its own", async () => {
    const own = await cast.researcher.open({
      grants: [{ resource: tickets, scopes: ["tickets:read"] }],
      purpose: "nightly digest",
    });
    traces.names[own.principal] = "the researcher, on its own";
    traces.roots.push(own.root);
    await mustAnswer(await own.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 200);
    return {
      says: "for nobody but itself, with what its registration lends it: tickets:read, for the nightly digest",
      facts: { sid: own.sid, principal: own.principal },
      value: undefined,
    };
  });

const letIn = ({ teller, cast }: Scene, root: AgentSession) =>
  teller.step("the customer API, verifying offline, lets the planner in", async () => {
    const waitedMillis = await untilStatus(cast, root, 200);
    return {
      says: "by key set and status list alone, without a call to Lanyard",
      facts: { waitedMillis },
      value: undefined,
    };
  });
