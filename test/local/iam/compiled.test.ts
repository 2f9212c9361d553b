import { fc, test } from "@fast-check/vitest";
import { afterAll, describe, expect } from "vitest";
import { compileDocuments } from "../../../core/aws/compile.ts";
import { readPolicy, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";
import { askedOf, mayHave } from "../../aws/meaning.ts";
import { end, role, typeOf } from "../../aws/samples.ts";
import { near, requestOf, requests, sessions } from "../../aws/sessions.ts";
import { type Asked, account } from "../../aws/simulate.ts";

const roleArn = `arn:aws:iam::${account}:role/files`;
const session = `arn:aws:sts::${account}:assumed-role/files/AAAAAAAAAAAAAAAAAAAAAA`;
const everything: Statement = { Effect: "Allow", Action: "*", Resource: "*" };

/**
 * What the embedded cloud answers a session under these documents: without a policy of the resource's, and with one that
 * allows everything to the session's ARN, or to everybody. Unlike the simulator it knows that such a policy is limited by no
 * session policy.
 */
function embeddedAllows(documents: readonly string[], asked: Asked): readonly boolean[] {
  const { action, resource, atSeconds, context = {} } = asked;
  const told = Object.entries({ ...context, "aws:CurrentTime": new Date(atSeconds * 1_000).toISOString() });
  const request = {
    principalArn: roleArn,
    sessionArn: session,
    account,
    action,
    resource,
    context: Object.fromEntries(told.map(([key, value]) => [key.toLowerCase(), [value].flat()])),
  };
  const policies = {
    identity: [everything],
    session: documents.map((document) => readPolicy(document, "a session")),
  };
  const granted = [undefined, { AWS: session }, "*"].map((Principal) =>
    Principal === undefined ? [] : [{ ...everything, Principal }],
  );
  return granted.map((statements) => refusal(request, { ...policies, resource: statements }) === undefined);
}

let allowed = 0;

describe("threat 19: what the embedded cloud allows under compiled policies", () => {
  test.prop(
    [sessions, fc.array(requests, { minLength: 8, maxLength: 16 }), fc.array(near, { minLength: 8, maxLength: 16 })],
    { numRuns: 800 },
  )("is what scopes and details admit, whatever a policy of the resource's grants", (session, some, nearby) => {
    const { grants, held, details } = session;
    const compiled = compileDocuments({
      role: role(...grants),
      scopes: held,
      details,
      type: typeOf,
      notAfterSeconds: end,
    });
    if (!compiled.ok) return;
    const documents = [compiled.value.first, ...compiled.value.scoped];
    for (const request of [...some, ...nearby.map((parts) => requestOf(session, parts))]) {
      const expected = mayHave(session, request);
      allowed += Number(expected);
      const now = embeddedAllows(documents, askedOf(request, end - 1));
      expect([request, ...now]).toEqual([request, expected, expected, expected]);
      expect(embeddedAllows(documents, askedOf(request, end + 1))).toEqual([false, false, false]);
    }
  });

  afterAll(() => expect(allowed).toBeGreaterThan(50));
});
