import { describe, expect, it } from "vitest";
import { exchange, type Fields } from "../../kit/wire/forms.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import { granted, type Lab, openSession } from "./lab.ts";
import { customers, tickets, vault } from "./registry.ts";

/** Attempts of a server to get more at the next hop than it was shown. */
export function nextHopAttacks(lab: () => Lab): void {
  const badScope = { status: 400, error: "invalid_scope", code: "scope_exceeds" } as const;

  describe("the next hop", () => {
    it("gives what the presented token entails, one deeper, and nothing more", async () => {
      const { opener, token } = await openSession(lab());
      const access = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      const api = await lab().actor("vault-api");
      const next: Fields = [
        ["resource", customers],
        ["scope", "customers:read"],
      ];
      const claims = claimsOf(granted(await lab().token(api, [...exchange("access", access), ...next])));
      expect(claims).toMatchObject({ aud: customers, scope: "customers:read", depth: 1, root: claimsOf(token).root });
      expect(claims.act).toEqual({ sub: lab().idOf("vault-api"), act: { sub: lab().idOf("opener") } });
      const more = await lab().token(api, [
        ...exchange("access", access),
        ["resource", tickets],
        ["scope", "tickets:read"],
      ]);
      lab().ledger.refused(more, badScope);
    });

    it("threat 2: is refused to an agent that neither owns the token nor serves it", async () => {
      const { opener, token } = await openSession(lab());
      const access = granted(await lab().token(opener, [...exchange("session", token), ["resource", vault]]));
      for (const name of ["stranger", "worker", "ticket-api"]) {
        const answer = await lab().token(await lab().actor(name), [
          ...exchange("access", access),
          ["resource", customers],
          ["scope", "customers:read"],
        ]);
        lab().ledger.refused(answer, { status: 400, error: "invalid_request", code: "subject_token_not_yours" });
      }
    });

    it("is not taken with a session token, even by a server", async () => {
      const { token } = await openSession(lab());
      const answer = await lab().token(await lab().actor("vault-api"), [
        ...exchange("session", token),
        ["resource", customers],
        ["scope", "customers:read"],
      ]);
      lab().ledger.refused(answer, { status: 400, error: "invalid_request", code: "subject_token_not_yours" });
    });
  });
}
