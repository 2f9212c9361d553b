import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { AgentSession } from "../../../client/index.ts";
import type { Cast } from "./cast.ts";
import { production } from "./desk.ts";
import { deployment } from "./details.ts";
import { type Approver, graceSignsIn } from "./grace.ts";
import { mustAnswer, mustRefuse } from "./refusal.ts";
import { refusedStep, type Scene } from "./scene.ts";
import { Misbehaved } from "./step.ts";

/** What plays in this act. */
interface Release extends Scene {
  readonly release: NonNullable<Cast["release"]>;
}

/** A request that waits, and its answer to come. */
interface Waits {
  readonly id: string;
  readonly commit: string;
  /** Tells the deployer that somebody decided. */
  readonly decided: () => void;
  readonly opening: Promise<AgentSession>;
}

/** Fourth act: an agent asks for production, a person approves exactly that, and it is used once and gone. */
export async function release(scene: Release): Promise<void> {
  const over = new AbortController();
  // what this act and the next wait for is loaded while the deployer attests; at the start it would keep others waiting
  void scene.world.cloud.warm(["approve", "admin-revoke"]);
  try {
    const waits = await ask(scene, over.signal);
    const grace = await approve(scene, waits);
    await deploy(scene, waits);
    await askForAnother(scene, grace);
  } finally {
    // a step that misbehaved leaves nobody waiting
    over.abort();
  }
}

/** The request for one commit, once. The commit is another one in each run: what was refused is refused for an hour. */
const wanted = (commit: string) => ({
  grants: [{ resource: production, scopes: ["production:deploy"], details: [{ type: deployment.name, commit }] }],
  maxUses: 1,
  purpose: `deploy ${commit}`,
});

const newCommit = (): string => randomBytes(4).toString("hex");

const ask = ({ teller, release: { deployer } }: Release, signal: AbortSignal) =>
  teller.step("the deployer asks for production, and waits for a person", async () => {
    const commit = newCommit();
    const decided = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<string>();
    const onPending = ({ id }: { readonly id: string }) => {
      asked.resolve(id);
      return decided.promise;
    };
    const opening = deployer.open({ ...wanted(commit), approval: { onPending, signal } });
    opening.then(() => asked.reject(new Misbehaved("production was opened without anybody's yes")), asked.reject);
    const id = await asked.promise;
    return {
      says: `policy permits it with approval alone: nothing is released, and what waits as ${id} is commit ${commit}, for one use`,
      facts: { id, commit },
      value: { id, commit, decided: decided.resolve, opening },
    };
  });

const approve = ({ teller, world, traces, release: { deployer } }: Release, { id, commit }: Waits) =>
  teller.step("Grace approves exactly that", async () => {
    const grace = await graceSignsIn(world);
    traces.names[grace.session] = "Grace";
    const shown = await grace.look(id);
    const [grant] = shown.grants;
    const asked = wanted(commit).grants[0];
    const seen = { resource: grant?.resource, scopes: grant?.scopes, details: grant?.details };
    if (shown.agent !== deployer.agent || shown.maxUses !== 1 || !isDeepStrictEqual(seen, asked))
      throw new Misbehaved(`Grace was shown something else than was asked for: ${JSON.stringify(shown)}`);
    await grace.say(id, "approve", shown);
    return {
      says: `proved by IAM as a session of role release that is called as she is; she saw agent, commit and "${shown.agentSays}", marked as the agent's own word, and said yes to the digest of what she saw`,
      facts: { id, digest: shown.digest, session: grace.session },
      value: grace,
    };
  });

const deploy = ({ teller, traces, release: { api } }: Release, { commit, decided, opening }: Waits) =>
  teller.step("the deployer deploys, once", async () => {
    decided();
    const session = await opening;
    traces.names[session.principal] = "the deployer, on its own";
    traces.roots.push(session.root);
    const call = () => session.fetch(`${api.url}/deployments/${commit}`, { method: "POST", resource: production });
    await mustAnswer(await call(), 201);
    await mustAnswer(await call(), 401);
    return {
      says: "it asked at once, by the approval's id and with its own key, and got what was approved; the API introspected and took the one use, and the second call was refused: 401",
      facts: { sid: session.sid, commit },
      value: undefined,
    };
  });

const askForAnother = (scene: Release, grace: Approver) =>
  refusedStep(scene, {
    name: "the deployer asks for another commit, and Grace refuses",
    says: ({ error, reason }) =>
      `what she approved covers no other: she was asked anew and said no: ${error}; the audit says ${reason}, and nobody is asked for the same within an hour`,
    run: () => {
      const onPending = async ({ id }: { readonly id: string }) => {
        await grace.say(id, "refuse", await grace.look(id));
      };
      return mustRefuse(() => scene.release.deployer.open({ ...wanted(newCommit()), approval: { onPending } }), {
        status: 400,
        error: "access_denied",
        reason: "approval_refused",
      });
    },
  });
