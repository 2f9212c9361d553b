import { describe, expect, it } from "vitest";
import { asOfferTo, asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import { claimsOf, testKey } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession, outlived } from "./lab.ts";
import { tickets, vault } from "./registry.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** Offers in the wrong hands, too late, too often, too deep. */
export function offerAttacks(lab: () => Lab): void {
  const badSubject = { status: 400, error: "invalid_request" } as const;
  const offered = async (to = "worker", more: Fields = []) => {
    const { opener, token } = await openSession(lab(), "vault:read vault:write");
    const handle = granted(
      await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf(to)), ...read, ...more]),
    );
    return { opener, token, handle };
  };
  const redeem = async (name: string, handle: string, more: Fields = []) =>
    lab().token(await lab().actor(name), [...exchange("offer", handle), ...more]);

  describe("an offer", () => {
    it("threat 17: opens one session, the same again for the same agent and key", async () => {
      const { handle } = await offered();
      const [first, again] = [await redeem("worker", handle), await redeem("worker", handle)];
      expect(claimsOf(granted(again)).sid).toBe(claimsOf(granted(first)).sid);
    });

    it("threat 17: opens one session when it is redeemed twice at one instant", async () => {
      const { handle } = await offered();
      const answers = await Promise.all(Array.from({ length: 6 }, () => redeem("worker", handle)));
      expect(new Set(answers.map((answer) => claimsOf(granted(answer)).sid)).size).toBe(1);
    });

    it("threat 17: opens nothing for the same agent with a second key", async () => {
      const { handle } = await offered();
      granted(await redeem("worker", handle));
      const thief = await lab().actor("worker", await testKey());
      lab().ledger.refused(await lab().token(thief, exchange("offer", handle)), {
        ...badSubject,
        code: "offer_redeemed_by_another_key",
      });
    });

    it("threat 17: opens nothing for another agent, nor for the one who made it", async () => {
      const { handle } = await offered();
      for (const name of ["stranger", "opener"]) {
        lab().ledger.refused(await redeem(name, handle), { ...badSubject, code: "offer_for_another_agent" });
      }
      granted(await redeem("worker", handle));
    });

    it("tells a stranger the same as a handle that never was", async () => {
      const { handle } = await offered();
      const never = `${handle.slice(0, -4)}AAAA`;
      const [known, unknown] = [await redeem("stranger", handle), await redeem("stranger", never)];
      expect(known.json).toEqual(unknown.json);
      lab().ledger.refused(unknown, { ...badSubject, code: "offer_unknown" });
    });

    it.each(["lyo_", "x", "lyo_../../etc.AAAA", "eyJhbGciOiJub25lIn0.e30."])("opens nothing as %s", async (handle) => {
      lab().ledger.refused(await redeem("worker", handle), { ...badSubject, code: "offer_unknown" });
    });

    it("opens nothing once it has expired", async () => {
      const { opener, token } = await openSession(lab());
      const handle = await outlived((seconds) =>
        lab().token(opener, [
          ...[...exchange("session", token), ...asOfferTo(lab().idOf("worker"))],
          ...[...read, ["lifetime_seconds", String(seconds)] as const],
        ]),
      );
      lab().ledger.refused(await redeem("worker", handle), { ...badSubject, code: "offer_expired" });
    });

    it("opens nothing once it was withdrawn", async () => {
      const { opener, handle } = await offered();
      expect((await lab().revoke(opener, [["token", handle]])).status).toBe(200);
      lab().ledger.refused(await redeem("worker", handle), { ...badSubject, code: "offer_withdrawn" });
    });

    it("is not withdrawn by an agent that did not make it", async () => {
      const { handle } = await offered();
      const answer = await lab().revoke(await lab().actor("stranger"), [["token", handle]]);
      lab().ledger.refused(answer, { status: 403, error: "access_denied", code: "not_the_owner" });
      granted(await redeem("worker", handle));
    });

    it("opens nothing wider than what was offered", async () => {
      const { handle } = await offered();
      const wider = await redeem("worker", handle, [
        ["resource", vault],
        ["scope", "vault:read vault:write"],
      ]);
      lab().ledger.refused(wider, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
      const elsewhere = await redeem("worker", handle, [
        ["resource", tickets],
        ["scope", "tickets:read"],
      ]);
      lab().ledger.refused(elsewhere, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
      granted(await redeem("worker", handle));
    });

    it("opens nothing that outlives its parent", async () => {
      const { opener, token } = await openSession(lab(), "vault:read", [["lifetime_seconds", "40"]]);
      const handle = granted(
        await lab().token(opener, [...exchange("session", token), ...asOfferTo(lab().idOf("worker")), ...read]),
      );
      const longer = await redeem("worker", handle, [["lifetime_seconds", "41"]]);
      lab().ledger.refused(longer, { ...badSubject, code: "lifetime_exceeds" });
      const child = claimsOf(granted(await redeem("worker", handle)));
      expect(Number(child.exp)).toBeLessThanOrEqual(Number(claimsOf(token).exp));
    });

    it("is not made without naming the scope", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [
        ...exchange("session", token),
        ...asOfferTo(lab().idOf("worker")),
        ["resource", vault],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_scope", code: "scope_missing" });
    });

    it("is not made of more than the session holds", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [
        ...exchange("session", token),
        ...asOfferTo(lab().idOf("worker")),
        ["resource", vault],
        ["scope", "vault:write"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_scope", code: "scope_exceeds" });
    });

    it.each(["spiffe://other.example/agent/worker", "worker", "*", ""])("threat 28: is not made to %s", async (to) => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [...exchange("session", token), ...asOfferTo(to), ...read]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_target", code: "offer_target_unknown" });
    });

    it("is not made to an agent that is suspended", async () => {
      const { opener, token } = await openSession(lab());
      const answer = await lab().token(opener, [
        ...exchange("session", token),
        ...asOfferTo(lab().idOf("asleep")),
        ...read,
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_target", code: "offer_target_unknown" });
    });
  });

  describe("a chain", () => {
    it("is refused beyond the depth that its strictest agent allows", async () => {
      const shallow = await lab().actor("shallow");
      const root = granted(await lab().token(shallow, [["grant_type", "client_credentials"], ...read, ...asSession]));
      const first = granted(
        await lab().token(shallow, [...exchange("session", root), ...asOfferTo(lab().idOf("link-1")), ...read]),
      );
      const link = await lab().actor("link-1");
      const child = granted(await lab().token(link, [...exchange("offer", first), ...asSession]));
      const answer = await lab().token(link, [
        ...exchange("session", child),
        ...asOfferTo(lab().idOf("link-2")),
        ...read,
      ]);
      lab().ledger.refused(answer, { ...badSubject, code: "depth_exceeded" });
    });

    it("is refused beyond a depth of eight, even between two agents that pass it to and fro", async () => {
      const { opener, token } = await openSession(lab());
      let holder = { actor: opener, token };
      for (let depth = 1; depth <= 8; depth++) {
        const name = depth % 2 === 1 ? "link-1" : "link-2";
        const handle = granted(
          await lab().token(holder.actor, [
            ...exchange("session", holder.token),
            ...asOfferTo(lab().idOf(name)),
            ...read,
          ]),
        );
        const actor = await lab().actor(name);
        holder = { actor, token: granted(await lab().token(actor, [...exchange("offer", handle), ...asSession])) };
        expect(claimsOf(holder.token).depth).toBe(depth);
      }
      const answer = await lab().token(holder.actor, [
        ...exchange("session", holder.token),
        ...asOfferTo(lab().idOf("worker")),
        ...read,
      ]);
      lab().ledger.refused(answer, { ...badSubject, code: "depth_exceeded" });
    });
  });

  describe("an actor token", () => {
    it("threat 14: does not redeem another agent's offer with a stolen identity token", async () => {
      const { handle } = await offered();
      const [worker, stranger] = [await lab().actor("worker"), await lab().actor("stranger")];
      const answer = await lab().token(stranger, [
        ...exchange("offer", handle),
        ["actor_token", worker.identity],
        ["actor_token_type", "urn:ietf:params:oauth:token-type:jwt"],
      ]);
      lab().ledger.refused(answer, { ...badSubject, code: "actor_token_mismatch" });
    });
  });

  describe("a session token", () => {
    it("threat 9: is worthless to another process of the same agent", async () => {
      const { token } = await openSession(lab());
      const other = await lab().actor("opener", await testKey());
      const answer = await lab().token(other, [...exchange("session", token), ["resource", vault]]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_dpop_proof", code: "dpop_key_mismatch" });
    });

    it("threat 2: is worthless to another agent", async () => {
      const { token } = await openSession(lab());
      const answer = await lab().token(await lab().actor("stranger"), [
        ...exchange("session", token),
        ["resource", vault],
      ]);
      lab().ledger.refused(answer, { ...badSubject, code: "subject_token_not_yours" });
    });

    it("threat 14: does not pass as an access token, nor an identity token as either", async () => {
      const { opener, token } = await openSession(lab());
      for (const [type, subject] of [
        ["access", token],
        ["session", opener.identity],
        ["access", opener.identity],
      ] as const) {
        const answer = await lab().token(opener, [...exchange(type, subject), ["resource", vault]]);
        lab().ledger.refused(answer, { ...badSubject, code: "subject_token_invalid" });
      }
    });

    it("opens nothing after its session has expired", async () => {
      const opener = await lab().actor("opener");
      const token = await outlived(async (seconds) => {
        const person = await lab().twinA.idToken({ sub: `person-${crypto.randomUUID()}` });
        const fields = [...exchange("id", person), ...read, ...asSession] as const;
        return lab().token(opener, [...fields, ["lifetime_seconds", String(seconds)]]);
      });
      const answer = await lab().token(opener, [...exchange("session", token), ["resource", vault]]);
      lab().ledger.refused(answer, { ...badSubject, code: "subject_token_expired" });
    });
  });
}
