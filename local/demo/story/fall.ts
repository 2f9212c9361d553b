import { setTimeout as sleep } from "node:timers/promises";
import type { AgentSession } from "../../../client/index.ts";
import { limits } from "../../../core/model/limits.ts";
import { limitLoop } from "../../emulator/limits/loop.ts";
import { customerFreshSeconds } from "./apis.ts";
import type { Cast } from "./cast.ts";
import { customers, tickets } from "./desk.ts";
import type { Opened } from "./opening.ts";
import { mustAnswer, mustRefuse } from "./refusal.ts";
import { refusedStep, type Scene } from "./scene.ts";
import { Misbehaved } from "./step.ts";

/** Longest wait for a status list, of this process's own time: how late it came, the step says. */
const listMillis = 300_000;

/** Last act: the root is revoked, and nothing that stood on it stands any longer. */
export async function fall(scene: Scene, { idToken, root }: Opened, child: AgentSession): Promise<void> {
  await letIn(scene, root);
  const revokedAtMillis = await revoke(scene, root);
  await introspected(scene, child);
  await offline(scene, root, revokedAtMillis);
  await tryAgain(scene, idToken);
}

const letIn = ({ teller, cast }: Scene, root: AgentSession) =>
  teller.step("the customer API, verifying offline, lets the planner in", async () => {
    const waitedMillis = await untilStatus(cast, root, 200);
    return {
      says: "by key set and status list alone, without a call to Lanyard",
      facts: { waitedMillis },
      value: undefined,
    };
  });

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

/** Calls the customer API as the planner until it answers `status`; how many milliseconds that took. */
async function untilStatus(cast: Cast, session: AgentSession, status: number): Promise<number> {
  const startMillis = performance.now();
  const millis = () => Math.round(performance.now() - startMillis);
  let over = false;
  const end = limitLoop(listMillis, () => {
    over = true;
  });
  try {
    for (;;) {
      const answer = await session.fetch(`${cast.customerApi.url}/customers`, { resource: customers });
      const body = await answer.text();
      if (answer.status === status) return millis();
      if (over)
        throw new Misbehaved(
          `the customer API still answers ${answer.status} after ${millis()} ms, not ${status}: ${body}`,
        );
      await sleep(50);
    }
  } finally {
    end();
  }
}
