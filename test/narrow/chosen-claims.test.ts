import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { groupClaimProblem, matchingRules, meets, ruleClaimProblem } from "../../core/narrow/delegation.ts";
import { trustedIssuerFindings } from "../../core/registry/checks/trusted-issuer.ts";
import { idp, tickets, trustDomain } from "../kit/registry.ts";

const settings = { issuer: "https://lanyard.example", trustDomain };
const typed = ["email", "preferred_username", "upn", "name", "nickname", "cognito:username", "phone_number", "UPN"];
const lendingBy = (when: Parameters<typeof meets>[1], claims: object) =>
  matchingRules(
    idp,
    claims as Readonly<Record<string, unknown>>,
    createSnapshot(1, trustDomain, [
      { kind: "lending", name: "l", issuer: idp, when, lends: [{ resource: tickets, scopes: ["tickets:read"] }] },
    ]),
  ).length;

describe("threat 37: what a person types in", () => {
  test.each(typed)("%s lends nothing, whatever the registry says, and the registry does not get to say so", (claim) => {
    const when = { claim, equals: "boss@example.com" };
    expect(ruleClaimProblem(when)).toBeDefined();
    expect(lendingBy(when, { [claim]: "boss@example.com", email_verified: true })).toBe(0);
  });

  test.each(typed)("%s makes no group", (claim) => {
    expect(groupClaimProblem(claim)).toBeDefined();
    const groups = { claim, names: ["boss@example.com"] };
    const row = {
      kind: "trusted-issuer",
      name: "p",
      purpose: "person",
      issuer: idp,
      algorithms: ["RS256"],
      groups,
    } as const;
    expect(trustedIssuerFindings(row, settings).map(([path]) => path)).toContain("groups.claim");
  });

  test.each([true, "true", 1, false, null, undefined, [true], {}])(
    "an address lends where the provider says in the same token that it proved it: %j",
    (email_verified) => {
      const when = { claim: "email", equals: "boss@example.com", verifiedBy: "email_verified" } as const;
      expect(ruleClaimProblem(when)).toBeUndefined();
      const claims = { email: "boss@example.com", ...(email_verified === undefined ? {} : { email_verified }) };
      expect(lendingBy(when, claims)).toBe(email_verified === true ? 1 : 0);
    },
  );

  test("no other claim is proved by the address's proof, nor the address by another's", () => {
    for (const claim of ["upn", "tid"])
      expect(ruleClaimProblem({ claim, equals: "x", verifiedBy: "email_verified" })).toBeDefined();
    expect(ruleClaimProblem({ claim: "email", equals: "x", verifiedBy: "phone_number_verified" })).toBeDefined();
  });

  property.prop([fc.object(), fc.string()])("only an own claim with that very text is met", (claims, equals) => {
    const met = meets(claims, { claim: "tid", equals });
    const value = Object.hasOwn(claims, "tid") ? claims.tid : undefined;
    expect(met).toBe(value === equals || (Array.isArray(value) && value.includes(equals)));
  });
});
