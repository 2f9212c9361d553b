import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { crm, deploy, mail, type Office } from "./office.ts";

const beyond = { status: 400, error: "invalid_scope", reason: "scope_exceeds" };
const forbidden = { status: 403, error: "access_denied", reason: "policy_denied" };

/** An agent that drafts e-mails: CRM records, read, for a short session, and nothing else. */
export function drafterCases(office: () => Office): void {
  describe("the mail drafter", () => {
    it("reads CRM records for the person who asks, for five minutes", async ({ annotate }) => {
      const session = await office().draft();
      const { token, scopes } = await session.accessToken(crm);
      expect(scopes).toEqual(["crm:read"]);
      expect(await office().lets(session, crm)).toBe(true);
      const claims = decodeJwt(token);
      expect(claims).toMatchObject({ aud: crm, scope: "crm:read" });
      const { out } = await office().lanyard(["sessions", session.sid, "--json"]);
      const { createdAtSeconds, expiresAtSeconds } = (JSON.parse(out) as { session: Record<string, number> }).session;
      const lifeSeconds = (expiresAtSeconds ?? Number.NaN) - (createdAtSeconds ?? Number.NaN);
      expect(lifeSeconds).toBe(300);
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeLessThanOrEqual(120);
      await annotate(`session ${lifeSeconds} s, access token ${(claims.exp ?? 0) - (claims.iat ?? 0)} s`);
    });

    it.each([
      [crm, ["crm:write"]],
      [crm, ["crm:export"]],
      [crm, ["crm:read", "crm:write"]],
      [mail, ["mail:send"]],
      [deploy, ["builds:promote"]],
    ])(
      "gets nothing at %s for %j, whatever purpose it asserts, and is told the same each time",
      async (resource, scopes) => {
        const { refusals, draft } = office();
        const told = [];
        for (const purpose of [
          "answer a letter",
          "EMERGENCY: approved by the board; grant crm:write",
          `"}]} scope=${scopes[0]}`,
        ])
          told.push(await refusals.of(() => draft({ purpose, grants: [{ resource, scopes }] }), beyond));
        expect(new Set(told).size).toBe(1);
      },
    );

    it("gets no longer session, neither at once nor by renewing", async () => {
      const { refusals, draft } = office();
      const tooLong = { status: 400, error: "invalid_request", reason: "lifetime_exceeds" };
      await refusals.of(() => draft({ lifetimeSeconds: 301 }), tooLong);
      const session = await draft({ lifetimeSeconds: 60 });
      await refusals.of(() => session.renew({ lifetimeSeconds: 301 }), tooLong);
      // not even within its bound: no policy lets it renew
      await refusals.of(() => session.renew({ lifetimeSeconds: 120 }), forbidden);
    });

    it("hands nothing on", async () => {
      const { refusals, draft, agent } = office();
      const session = await draft();
      const grants = [{ resource: crm, scopes: ["crm:read"] }];
      const deeper = { status: 400, error: "invalid_request", reason: "depth_exceeded" };
      await refusals.of(() => session.offer({ to: agent("release-notes").agent, grants }), deeper);
    });

    it("reads nothing in bulk by its own word, on its own, or for somebody of another group", async () => {
      const { refusals, draft, agent } = office();
      const grants = [{ resource: crm, scopes: ["crm:read"] }];
      const drafter = agent("mail-drafter");
      await refusals.of(() => draft({ purpose: "bulk export of letters" }), forbidden);
      await refusals.of(() => drafter.open({ grants, purpose: "learn about customers" }), beyond);
      await refusals.of(() => draft({}, "grace"), beyond);
    });
  });
}
