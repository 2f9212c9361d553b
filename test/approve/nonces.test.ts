import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { createDpopNonces } from "../../core/jose/dpop.ts";
import { startSeconds } from "../kit/world/ground.ts";
import { openApprove } from "./ground.ts";

const server = "https://issuer.example";
const made = (secret: string, time: { seconds: number }) =>
  createDpopNonces({
    ...{ clock: { nowMillis: () => time.seconds * 1000 }, server },
    macs: { minuteKey: async (minute) => createHmac("sha256", secret).update(`${minute}`).digest() },
  });

let on: Awaited<ReturnType<typeof openApprove>>;
const time = { seconds: startSeconds };
const nonces = made("secret", time);
beforeEach(async () => {
  on = await openApprove([], nonces);
  time.seconds = on.world.time.seconds;
});
const pass = (seconds: number) => {
  on.world.time.seconds += seconds;
  time.seconds = on.world.time.seconds;
};

/** Approves by a bound token, with this nonce in the proof. */
const approve = (pending: ReturnType<typeof on.waits>, nonce?: string) => {
  const path = on.pathOf(pending);
  const { shown, dpop } = on.bound("ada", path, on.key, nonce);
  return on.token(shown, path, { verdict: "approve", shown: pending.requestHash }, { dpop });
};

describe("where the stage demands nonces of people's proofs", () => {
  test("a proof without one is answered as a resource answers (RFC 9449 9), with the nonce by which it decides then", async () => {
    const pending = on.waits();
    const first = await approve(pending);
    expect(first).toMatchObject({ status: 401, body: { error: "use_dpop_nonce" } });
    expect(first.headers["WWW-Authenticate"]).toMatch(/^DPoP error="use_dpop_nonce", /);
    expect(on.approvals.decisions.length).toBe(0);
    const second = await approve(pending, first.headers["DPoP-Nonce"]);
    expect(second.status).toBe(200);
    expect(second.headers["DPoP-Nonce"]).toBe(await nonces.current());
  });

  test("threat 9: a proof that was made in advance decides nothing: its nonce is old, foreign or invented", async () => {
    const pending = on.waits();
    const old = await nonces.current();
    const foreign = await made("another secret", time).current();
    pass(120);
    const invented = old.replace(/^[0-9]+/, String(Math.floor(time.seconds / 60)));
    for (const nonce of [old, foreign, invented, ""]) expect((await approve(pending, nonce)).status).toBe(401);
    expect(on.approvals.decisions.length).toBe(0);
  });

  test("a sign-in of this moment needs none: there is no proof to put it in", async () => {
    const pending = on.waits();
    expect((await on.sayBy(on.idToken("ada", { auth_time: time.seconds }), "approve", pending)).status).toBe(200);
  });

  test("a proof of another request is refused as such, before anybody asks for its nonce", async () => {
    const pending = on.waits();
    const path = on.pathOf(pending);
    const { shown, dpop } = on.bound("ada", on.pathOf(on.waits()));
    const reply = await on.token(shown, path, { verdict: "approve", shown: pending.requestHash }, { dpop });
    expect(reply.body.error).toBe("invalid_dpop_proof");
  });
});
