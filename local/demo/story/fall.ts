import type { AgentSession } from "../../../client/index.ts";
import { limits } from "../../../core/model/limits.ts";
import { customerFreshSeconds } from "./apis.ts";
import { tickets } from "./desk.ts";
import type { Opened } from "./opening.ts";
import { mustAnswer, mustRefuse } from "./refusal.ts";
import { refusedStep, type Scene } from "./scene.ts";
import { untilStatus } from "./until-status.ts";

/** Last act: the root is revoked, and nothing that stood on it stands any longer. */
export async function fall(scene: Scene, { idToken, root }: Opened, child: AgentSession): Promise<void> {
  const revokedAtMillis = await revoke(scene, root);
  await introspected(scene, child);
  await offline(scene, root, revokedAtMillis);
  await tryAgain(scene, idToken);
}

const revoke = ({ teller, cast }: Scene, root: AgentSession) =>
  teller.step("the operator revokes Ada's session", async () => {
    await cast.operator({ revoke: { session: root.sid }, reason: "the story says so" });
    return {
      says: "one signed order, one write; nothing below it is touched",
      facts: { sid: root.sid },
      value: performance.now(),
    };
  });

const introspected = ({ teller, cast }: Scene, child: AgentSession) =>
  teller.step("the researcher's very next introspected call fails", async () => {
    await mustAnswer(await child.fetch(`${cast.ticketApi.url}/tickets`, { resource: tickets }), 401);
    return { says: "the ticket API asked, and the session above the researcher's is over: 401", value: undefined };
  });

const offline = ({ teller, cast }: Scene, root: AgentSession, revokedAtMillis: number) =>
  teller.step("the offline verifier refuses within the list's ttl", async () => {
    const ttlSeconds = limits.statusListTtlSeconds;
    await untilStatus(cast, root, 401);
    const afterMillis = Math.round(performance.now() - revokedAtMillis);
    return {
      says: `${(afterMillis / 1000).toFixed(1)} s after the revocation; the ttl is ${ttlSeconds} s, and this API wants the list no older than ${customerFreshSeconds} s`,
      facts: { afterMillis, ttlSeconds },
      value: undefined,
    };
  });

const tryAgain = (scene: Scene, idToken: string) =>
  refusedStep(scene, {
    name: "the planner tries again with the same ID token and is refused",
    says: ({ error, reason }) =>
      `Ada's token was burnt for the planner with the session it opened: ${error}; the audit says ${reason}`,
    run: () =>
      mustRefuse(
        () =>
          scene.cast.planner.open({
            onBehalfOf: { idToken },
            grants: [{ resource: tickets, scopes: ["tickets:read"] }],
          }),
        { status: 400, error: "invalid_request", reason: "person_token_burnt" },
      ),
  });
