import { afterEach, describe, expect, it } from "vitest";
import { asOfferTo, asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import type { Answer } from "../../kit/wire/http.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import { order } from "./authority.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { expectHygiene } from "./ledger.ts";
import { vault } from "./registry.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Revocations that fall into a request under way, and infrastructure that breaks at the worst moment. */
export function brokenGround(lab: () => Lab): void {
  afterEach(() => lab().world.cloud.faults.clear());
  const faults = () => lab().world.cloud.faults;
  /** Holds the next such call from when it arrives until it is released, however slow the machine is. */
  const hold = (service: string, operation: string) => {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const fault = { kind: "latency", service, operation, times: 1 } as const;
    faults().inject({ ...fault, until: released.promise, onHit: () => reached.resolve() });
    return { reached: reached.promise, release: () => released.resolve() };
  };

  const unavailable = (answer: Answer) => {
    expect([answer.status, answer.json.error], answer.text).toEqual([503, "temporarily_unavailable"]);
    expectHygiene(answer);
    expect(answer.headers["retry-after"]).toBeTruthy();
  };

  describe("a request under way", () => {
    it("threat 6: is refused when its root is revoked between its first look and its write", async () => {
      const { opener, token } = await openSession(lab());
      const worker = await lab().actor("worker");
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(worker.id), ...read]),
      );
      // the redemption's transaction is held; the revocation's comes second and is not
      const held = hold("dynamodb", "TransactWriteItems");
      const underWay = lab().token(worker, [...exchange("offer", offer), ...asSession]);
      await held.reached;
      await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a race" });
      held.release();
      lab().ledger.refused(await underWay, { status: 400, error: "invalid_request", code: "died_in_flight" });
      const again = await lab().token(worker, [...exchange("offer", offer), ...asSession]);
      lab().ledger.refused(again, { status: 400, error: "invalid_request", code: "parent_dead" });
    });

    it("threat 1: opens nothing when the person's token is denylisted between its first look and its write", async () => {
      const { opener, person, token } = await openSession(lab());
      const held = hold("dynamodb", "TransactWriteItems");
      const underWay = lab().token(opener, [...exchange("id", person), ...read, ...asSession]);
      await held.reached;
      await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a race" });
      held.release();
      lab().ledger.refused(await underWay, { status: 400, error: "invalid_request", code: "died_in_flight" });
    });

    it("threat 6: leaves a token that introspects dead when the root is revoked while it is signed", async () => {
      const { opener, token } = await openSession(lab());
      const held = hold("kms", "Sign");
      const underWay = lab().token(opener, [...exchange("session", token), ...read]);
      await held.reached;
      await order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a race" });
      held.release();
      const answer = await underWay;
      const access = answer.json.access_token;
      if (access === undefined) return;
      const seen = await lab().introspect(await lab().actor("vault-api"), String(access));
      expect(seen.json).toEqual({ active: false });
    });
  });

  describe("broken ground", () => {
    it("threat 17: an offer survives a failing signature; the same agent and key get their session", async () => {
      const { opener, token } = await openSession(lab());
      const worker = await lab().actor("worker");
      const offer = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(worker.id), ...read]),
      );
      faults().inject({ kind: "serverError", service: "kms", operation: "Sign" });
      unavailable(await lab().token(worker, [...exchange("offer", offer), ...asSession]));
      faults().clear();
      granted(await lab().token(worker, [...exchange("offer", offer), ...asSession]));
    });

    it("opens no session that anybody could use when the signature fails", async () => {
      const opener = await lab().actor("opener");
      const person = await lab().twinA.idToken({ sub: `person-${crypto.randomUUID()}` });
      faults().inject({ kind: "serverError", service: "kms", operation: "Sign" });
      const answer = await lab().token(opener, [...exchange("id", person), ...read, ...asSession]);
      unavailable(answer);
      expect(answer.json).not.toHaveProperty("access_token");
    });

    it("issues nothing when liveness cannot be read", async () => {
      const { opener, token } = await openSession(lab());
      faults().inject({ kind: "serverError", service: "dynamodb", operation: "BatchGetItem" });
      unavailable(await lab().token(opener, [...exchange("session", token), ...read]));
    });

    it("issues nothing when some keys of liveness stay unread", async () => {
      const { opener, token } = await openSession(lab());
      faults().dynamodb.unprocessed(1_000);
      const answer = await lab().token(opener, [...exchange("session", token), ...read]);
      faults().dynamodb.unprocessed(0);
      lab().ledger.refused(answer, { status: 503, error: "temporarily_unavailable", code: "liveness_unavailable" });
    });

    it("threat 13: issues nothing when the record cannot be written", async () => {
      const { opener, token } = await openSession(lab());
      faults().inject({ kind: "serverError", service: "dynamodb", operation: "TransactWriteItems" });
      unavailable(await lab().token(opener, [...exchange("session", token), ...read]));
    });

    it("says inactive or nothing, never active, when introspection cannot look", async () => {
      const { opener, token } = await openSession(lab());
      const access = granted(await lab().token(opener, [...exchange("session", token), ...read]));
      const api = await lab().actor("vault-api");
      faults().inject({ kind: "down", service: "dynamodb", operation: "BatchGetItem" });
      unavailable(await lab().introspect(api, access));
    });

    it("gets through a conflict of transactions, once", async () => {
      const { opener, token } = await openSession(lab());
      faults().inject({ kind: "conflict", service: "dynamodb", times: 1 });
      granted(await lab().token(opener, [...exchange("session", token), ...read]));
    });

    it("survives a killed sandbox: the next call is answered by a fresh one", async () => {
      const alive = () =>
        lab()
          .world.cloud.sandboxes("token")
          .map(({ processId }) => processId);
      const before = alive();
      expect(faults().crash("token")).toBe(true);
      await expect.poll(() => before.filter((each) => !alive().includes(each))).toHaveLength(1);
      const { token } = await openSession(lab());
      expect(claimsOf(token).sid).toBeTruthy();
    });
  });
}
