import type { AgentSession } from "../../../client/index.ts";
import { limits } from "../../../core/model/limits.ts";
import { customers, tickets } from "./desk.ts";
import { mustAnswer } from "./refusal.ts";
import type { Scene } from "./scene.ts";

/** A person, and the session that an agent opened on that person's behalf. */
export interface Opened {
  readonly idToken: string;
  readonly root: AgentSession;
}

/** First act: a person signs in, the planner proves what it is and opens a session for her. */
export async function opening(scene: Scene): Promise<Opened> {
  const idToken = await signIn(scene);
  await attest(scene);
  return { idToken, root: await open(scene, idToken) };
}

const signIn = ({ teller, world }: Scene) =>
  teller.step("a person signs in", async () => {
    const tokens = await mustAnswer(await fetch(`${world.endpoints.signIn}?agent=planner`), 200);
    const provider = world.endpoints.identityProvider;
    return {
      says: `Ada signed in at the OpenID provider ${provider}, in the planner's application; her ID token names that application and nothing else`,
      facts: { provider, client: "planner-app" },
      value: (tokens as { id_token: string }).id_token,
    };
  });

const attest = ({ teller, cast }: Scene) =>
  teller.step("the planner attests", async () => {
    const identity = await cast.planner.identity();
    const minutes = limits.identityTokenLifeSeconds / 60;
    const { evidence, says } = cast.plannerHolds;
    return {
      says: `${says}, bound to a one-use challenge and the planner's key (evidence ${evidence.type}, assurance ${identity.assurance}); its identity token lives ${minutes} minutes and permits nothing by itself`,
      facts: {
        agent: identity.agent,
        runsOn: cast.kind,
        evidence: evidence.type,
        assurance: identity.assurance,
      },
      value: identity,
    };
  });

const open = ({ teller, cast, traces }: Scene, idToken: string) =>
  teller.step("the planner opens a session for Ada", async () => {
    const session = await cast.planner.open({
      onBehalfOf: { idToken },
      grants: [
        { resource: tickets, scopes: ["tickets:read", "tickets:write"] },
        { resource: customers, scopes: ["customers:read"] },
      ],
      purpose: "answer Ada's question about ticket T-1",
    });
    traces.names[session.principal] = "Ada";
    traces.roots.push(session.root);
    return {
      says: `over the ticket API and the customer API, for ${limits.sessionLifeSeconds / 60} minutes; never more than Ada's group may lend and the planner is registered for`,
      facts: { sid: session.sid, principal: session.principal },
      value: session,
    };
  });
