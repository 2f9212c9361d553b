import { beforeEach, describe, expect, test } from "vitest";
import type { VerifierInput } from "../../core/verify/access-token.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { createIssuer, type TestIssuer } from "./issuer.ts";

let world: TestIssuer;
beforeEach(async () => {
  world = await createIssuer();
});

const evaluate = async (
  scheme: string,
  token: string,
  more: Partial<VerifierInput> = {},
  dpop: readonly string[] = [],
) => {
  const request = { ...world.request(token), authorization: [`${scheme} ${token}`], dpop };
  const verified = await world.verifier({ acceptBearer: true, ...more }).verify(request);
  return verified.ok ? verified.value : verified.error;
};
const unbound = (more: object = {}) => world.token({ cnf: undefined, ...more });
const proofFor = (token: string) => [
  dpopProof(world.caller, { url: world.requestUrl, atSeconds: world.time.seconds, accessToken: token }),
];

describe("a resource that takes bearer tokens", () => {
  test("lets an unbound token in, and says that nobody proved a key", async () => {
    expect(await evaluate("Bearer", unbound())).toMatchObject({
      senderConstrained: false,
      scopes: ["tickets:read", "tickets:write"],
    });
    expect(await evaluate("bearer", unbound())).toMatchObject({ senderConstrained: false });
  });

  test("still lets a bound token in with its proof", async () => {
    const token = world.token();
    expect(await evaluate("DPoP", token, {}, proofFor(token))).toMatchObject({ senderConstrained: true });
  });

  test("threat 9: refuses a bound token as Bearer, whoever sends it (RFC 9449 7.2)", async () => {
    const token = world.token();
    expect(await evaluate("Bearer", token)).toEqual({ code: "bearer_not_accepted" });
    expect(await evaluate("Bearer", token, {}, proofFor(token))).toMatchObject({ code: "credentials_malformed" });
  });

  test("refuses an unbound token as DPoP: a proof by any key would fit it", async () => {
    const token = unbound();
    expect(await evaluate("DPoP", token, {}, proofFor(token))).toEqual({ code: "claims_invalid", claim: "cnf" });
    expect(await evaluate("DPoP", token)).toEqual({ code: "claims_invalid", claim: "cnf" });
  });

  test.each([{}, { jkt: "" }, { jkt: 1 }, { "x5t#S256": "abc" }, "x", null, []])(
    "refuses a token whose cnf is %j: it is bound to something that is not checked here",
    async (cnf) => {
      expect(await evaluate("Bearer", world.token({ cnf }))).toEqual({ code: "claims_invalid", claim: "cnf" });
    },
  );

  test("checks everything else as ever: signature, audience, time, the session's life", async () => {
    const { time } = world;
    expect(await evaluate("Bearer", world.token({ cnf: undefined }, world.foreign))).toMatchObject({
      code: "token_invalid",
    });
    expect(await evaluate("Bearer", unbound({ aud: "https://other.example" }))).toMatchObject({
      code: "token_invalid",
    });
    expect(await evaluate("Bearer", unbound({ exp: time.seconds }))).toMatchObject({ code: "token_expired" });
    world.revoked.add(7);
    await world.publishList();
    expect(await evaluate("Bearer", unbound())).toMatchObject({ code: "session_over" });
  });
});

test("a resource that takes none refuses every Bearer, bound or not", async () => {
  for (const token of [unbound(), world.token()])
    expect(await evaluate("Bearer", token, { acceptBearer: false })).toEqual({ code: "bearer_not_accepted" });
  const token = unbound();
  expect(await evaluate("DPoP", token, { acceptBearer: false }, proofFor(token))).toEqual({
    code: "claims_invalid",
    claim: "cnf",
  });
});
