import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { withinAsserted } from "../../../core/jwt-bearer/id-jag.ts";
import { onceFor } from "../../../core/jwt-bearer/once.ts";
import { registry, tickets } from "../../kit/registry.ts";

const scopes = fc.uniqueArray(fc.constantFrom("tickets:read", "tickets:write", "customers:read", "a", "b"));
const words = fc.string({ minLength: 1, maxLength: 6 });

describe("what an assertion allows", () => {
  test.prop([scopes, fc.option(scopes, { nil: undefined })])(
    "is never more than it holds, and never more than was asked",
    (asked, held) => {
      const request = { resources: [tickets], scopes: asked, details: [] };
      const within = withinAsserted(request, held === undefined ? {} : { scopes: held }, registry());
      if (!within.ok) {
        // nothing is left of what was asked
        expect(asked.some((scope) => held?.includes(scope) ?? true)).toBe(false);
        return;
      }
      const given = within.value.scopes;
      if (held !== undefined) expect(held).toEqual(expect.arrayContaining([...given]));
      if (asked.length > 0) expect(asked).toEqual(expect.arrayContaining([...given]));
      // and whatever both name is there
      if (held !== undefined && asked.length > 0) expect(given).toEqual(asked.filter((scope) => held.includes(scope)));
    },
  );

  test.prop([words, words, words, words])("opens one session by issuer and name together", (iss, id, iss2, id2) => {
    const [one, other] = [onceFor(iss, id, 1), onceFor(iss2, id2, 1)];
    const same = iss === iss2 && id === id2;
    expect([one.sid === other.sid, one.entry.key === other.entry.key]).toEqual([same, same]);
    expect(one.sid).toMatch(/^[A-Za-z0-9_-]{22}$/);
    // where one part ends and the other begins decides nothing
    expect(onceFor(`${iss}${id}`, id2, 1).sid).not.toBe(onceFor(iss, `${id}${id2}`, 1).sid);
  });
});
