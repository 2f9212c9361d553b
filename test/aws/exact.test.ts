import { fc, test as property } from "@fast-check/vitest";
import { afterAll, describe, expect } from "vitest";
import { compileDocuments } from "../../core/aws/compile.ts";
import { limits } from "../../core/model/limits.ts";
import { askedOf, mayHave } from "./meaning.ts";
import { end, role, typeOf } from "./samples.ts";
import { near, requestOf, requests, sessions } from "./sessions.ts";
import { allows, allowsElsewhere, faultsOf } from "./simulate.ts";

/**
 * The compiler against an IAM simulator that is not ours: what is allowed is what the details admit, no more and no less.
 * `test/local/iam/compiled.test.ts` holds it against the embedded cloud.
 */

const counted: Record<string, number> = { compiled: 0, allowed: 0, denied: 0 };
const refusals = new Set([
  "aws_scope_unmapped",
  "aws_detail_unsayable",
  "aws_details_disjoint",
  "aws_listing_unbounded",
  "aws_policy_too_large",
]);

describe("threat 19: what a compiled policy allows", () => {
  property.prop(
    [sessions, fc.array(requests, { minLength: 8, maxLength: 16 }), fc.array(near, { minLength: 8, maxLength: 16 })],
    { numRuns: 150 },
  )(
    "is what scopes and details admit, no more and no less, also where everything is granted elsewhere, and nothing after the session's end",
    async (session, some, nearby) => {
      const { grants, held, details } = session;
      const compiled = compileDocuments({
        role: role(...grants),
        scopes: held,
        details,
        type: typeOf,
        notAfterSeconds: end,
      });
      if (!compiled.ok) {
        counted[compiled.error.code] = (counted[compiled.error.code] ?? 0) + 1;
        expect(refusals).toContain(compiled.error.code);
        return;
      }
      counted.compiled = (counted.compiled ?? 0) + 1;
      const documents = [compiled.value.first, ...compiled.value.scoped];
      for (const document of documents) {
        expect(document.length).toBeLessThanOrEqual(limits.awsPolicyCharacters);
        expect(await faultsOf(document)).toBeUndefined();
      }
      const own = nearby.map((parts) => requestOf(session, parts));
      for (const request of [...some, ...own]) {
        const expected = mayHave(session, request);
        const word = expected ? "allowed" : "denied";
        counted[word] = (counted[word] ?? 0) + 1;
        const now = askedOf(request, end - 1);
        expect([request, await allows(documents, now), await allowsElsewhere(documents, now)]).toEqual([
          request,
          expected,
          expected,
        ]);
        const after = askedOf(request, end + 1);
        expect([await allows(documents, after), await allowsElsewhere(documents, after)]).toEqual([false, false]);
      }
    },
  );

  afterAll(() => {
    // a property that compiles nothing, or allows nothing, would hold of any compiler
    expect(counted.compiled).toBeGreaterThan(20);
    expect(counted.allowed).toBeGreaterThan(50);
  });
});
