import type { JWK } from "jose";
import { describe, expect, it } from "vitest";
import { evaluateJws, jwsOutcomes } from "../../scripts/vectors/jose/wycheproof-jws.ts";
import { vectors } from "../kit/vectors.ts";

interface Group {
  readonly comment: string;
  readonly public?: JWK;
  readonly private: JWK;
  readonly tests: readonly { tcId: number; comment: string; jws: string; result: string }[];
}

const { testGroups } = vectors<{ testGroups: readonly Group[] }>("wycheproof/json_web_signature_test.json");
describe("Wycheproof JWS", () => {
  for (const group of testGroups) {
    const key = group.public ?? group.private;
    it.each(group.tests)(`${group.comment} $tcId is evaluated as published or stricter: $comment`, async (test) => {
      expect(jwsOutcomes(test, key)).toContain((await evaluateJws(test.jws, key)).outcome);
    });
  }
});
