import { describe, expect, it } from "vitest";
import { deploy, type Office } from "./office.ts";

const beyond = { status: 400, error: "invalid_scope", reason: "scope_exceeds" };
const forbidden = { status: 403, error: "access_denied", reason: "policy_denied" };
const unknown = { ...beyond, reason: "scope_unknown" };
const others = ["network:security-groups", "database:schema"];

/** A deployment agent: promotes builds, and touches neither security groups nor database schemas. */
export function deployerCases(office: () => Office): void {
  describe("the deployer", () => {
    it("promotes builds", async () => {
      const session = await office().promote();
      const { scopes } = await session.accessToken(deploy, { scopes: ["builds:promote"] });
      expect(scopes).toEqual(["builds:promote"]);
      expect(await office().lets(session, deploy)).toBe(true);
    });

    it.each(others)("is not given %s, alone or beside what it may", async (scope) => {
      const { refusals, promote } = office();
      const asking =
        (...scopes: string[]) =>
        () =>
          promote({ grants: [{ resource: deploy, scopes }] });
      for (const scopes of [[scope], ["builds:promote", scope]]) await refusals.of(asking(...scopes), beyond);
      for (const spelt of [scope.toUpperCase(), `${scope}/`]) await refusals.of(asking(spelt), unknown);
    });

    it("is not given them by policy either, once somebody writes them into its registration", async () => {
      const { refusals, promote, edited, apply } = office();
      const named =
        "scopes: [builds:read, builds:promote] }\nlends:\n  - { resource: https://deploy.back-office.example, scopes: [builds:read, builds:promote]";
      const wider = named.replaceAll("builds:promote", `builds:promote, ${others.join(", ")}`);
      await edited("agents/deployment.yaml", named, wider, async () => {
        await apply();
        for (const scope of others)
          await refusals.of(
            () => promote({ grants: [{ resource: deploy, scopes: ["builds:promote", scope] }] }),
            forbidden,
          );
        expect(await office().lets(await promote(), deploy)).toBe(true);
      });
      await apply();
    });

    it("lets the release notes read what it promoted, and promote nothing", async () => {
      const { refusals, promote, notes, agent, lets } = office();
      const root = await promote();
      expect(await lets(await notes(root), deploy)).toBe(true);
      const grants = [{ resource: deploy, scopes: ["builds:promote"] }];
      const offered = root.offer({ to: agent("release-notes").agent, grants });
      await refusals.of(
        async () => agent("release-notes").redeem((await offered).handle, { expect: "anything" }),
        beyond,
      );
    });
  });
}
