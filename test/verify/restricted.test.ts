import { beforeEach, describe, expect, test } from "vitest";
import { ok } from "../../core/model/result.ts";
import type { VerifierInput } from "../../core/verify/access-token.ts";
import type { Introspector } from "../../core/verify/introspection.ts";
import { declared } from "../kit/registry.ts";
import { createIssuer, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

const texts = { type: "array", items: { type: "string" } };
const known = { name: "ticket-customer", ...declared({ customers: texts }, { customers: "one_of" }) };
const detail = { type: "ticket-customer", customers: ["42"] };
const forbidden = (type: string, field: string) => ({ ok: false, error: { code: "details_forbid", type, field } });

/** What a verifier that was told of `details` says to a token with `held`, with what it asked the issuer. */
async function evaluate(held: readonly object[], details: VerifierInput["details"], asked?: Introspector) {
  const token = world.token({ authorization_details: held });
  const more = { ...(details ? { details } : {}), ...(asked ? { introspector: asked } : {}) };
  return world.verifier(more).verify(world.request(token));
}

describe("threat 40: a guard lets no restriction pass that it cannot read", () => {
  test.each<[string, readonly object[], VerifierInput["details"], string, string]>([
    ["it was told of no types", [detail], undefined, "ticket-customer", "type"],
    ["it was told of none, in so many words", [detail], [], "ticket-customer", "type"],
    ["it knows another type only", [{ type: "ticket-queue", queue: ["a"] }], [known], "ticket-queue", "type"],
    ["it knows one of two", [detail, { type: "ticket-queue", queue: ["a"] }], [known], "ticket-queue", "type"],
    ["its type has no such field", [{ ...detail, hours: 3 }], [known], "ticket-customer", "hours"],
    [
      "its type compares the field otherwise",
      [{ type: "ticket-customer", customers: "42" }],
      [known],
      "ticket-customer",
      "customers",
    ],
    ["the type's name differs in case", [{ ...detail, type: "Ticket-Customer" }], [known], "Ticket-Customer", "type"],
    ["the name is one that every object inherits", [{ type: "constructor" }], [known], "constructor", "type"],
  ])("since %s", async (_, held, details, type, field) => {
    expect(await evaluate(held, details)).toMatchObject(forbidden(type, field));
  });

  test("and lets in what it can, and what nothing restricts", async () => {
    expect((await evaluate([detail], [known])).ok).toBe(true);
    expect((await evaluate([], undefined)).ok).toBe(true);
    expect((await evaluate([], [known])).ok).toBe(true);
  });

  test("before it asks the issuer about a signed token, so that no use is counted", async () => {
    let questions = 0;
    const introspector: Introspector = {
      introspect: async () => {
        questions += 1;
        return ok({ active: true, jti: "any" });
      },
    };
    expect(await evaluate([detail], [], introspector)).toMatchObject(forbidden("ticket-customer", "type"));
    expect(questions).toBe(0);
  });

  test("nor one that only the issuer's answer about a handle tells", async () => {
    const handle = `lya_${"r".repeat(22)}.${"h".repeat(43)}`;
    const answer = (details: readonly object[]): Introspector => ({
      introspect: async () => ok({ ...world.claims({ authorization_details: details }), active: true }),
    });
    const ask = (held: readonly object[], details: VerifierInput["details"]) =>
      world.verifier({ introspector: answer(held), ...(details ? { details } : {}) }).verify(world.request(handle));
    expect(await ask([detail], undefined)).toMatchObject(forbidden("ticket-customer", "type"));
    expect(await ask([{ ...detail, hours: 3 }], [known])).toMatchObject(forbidden("ticket-customer", "hours"));
    expect((await ask([detail], [known])).ok).toBe(true);
  });
});
